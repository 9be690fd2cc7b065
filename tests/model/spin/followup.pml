/* followup: claim, publish, confirm.
 *
 * The model has one shard, BATCHES batches of two records each, two owners, a database and a Kafka
 * broker. A lease
 * may be taken over at any moment (leases that ran out, zombies, restarts): more than clocks allow.
 * The answer to any commit may be lost, in the database and in Kafka. The end of a transaction may
 * be carried out after its producer has given up waiting, even in the middle of a later transaction
 * of the same producer (the protocol before KIP-890). Committed positions are seen a little later
 * than the records committed with them. While a batch is on its way to Kafka the next one may be
 * claimed, at any point of that (claim_ahead): it confirms only what was published before.
 *
 * Held at every step: no record is committed twice, no batch is seen torn or before the one before
 * it, none is confirmed (forgotten) without having been published, no owner publishes after a newer
 * one has, and nobody cries position_ahead or position_lost, since here nothing is ever lost.
 *
 * Mutations (-DNAME; tests/model/spin/run.sh shows that each is found out):
 *   CONFIRM_EARLY  a batch is confirmed once its transaction's end was asked for, not once it is known
 *   REUSE          after an unknown end the same producer begins again
 *   UNSTABLE       the position is read without asking for stable offsets
 *   NO_INIT        a new owner does not call init_transactions, so the old one is not fenced
 *   NO_EPOCH       claims do not compare the lease's epoch
 *   NO_POSITION    recovery believes the database alone: what is unconfirmed is published again
 *   AHEAD_CONFIRMS a claim made ahead confirms the batch that is still on its way, too
 *   NO_RECHECK     a position ahead of what the lease said is believed without looking again
 *   WITNESS        (no mutation: the model does get to its end, every batch published)
 */
#define BATCHES 3
#define OWNERS  2
#define LEASES  3 /* take-overs in all */
#define OPENS   5 /* producers made in all */

/* followup.shard, followup.outbox */
byte lease;
byte next_batch = 1, confirmed;
bool outbox[BATCHES + 2];

/* the broker: one transactional id */
byte producer_epoch;
bool ongoing;
byte pend_batch, pend_records, pend_position, pend_lease;
byte position = 1;     /* known before the first claim */
byte late_position;    /* committed, not to be seen yet; 0: none */
byte seen[BATCHES + 2];  /* committed first halves */
byte seen2[BATCHES + 2]; /* second halves */
byte newest_published;   /* the greatest lease that has published */

/* an end of a transaction under way to the broker; 0: none */
byte end_epoch;
/* the broker's answer to it: the producer epoch it was for; 0: none */
byte answered;

inline broker_commit()
{
    if
    :: pend_records >= 1 -> seen[pend_batch]++
    :: else
    fi;
    if
    :: pend_records == 2 -> seen2[pend_batch]++
    :: else
    fi;
    if
    :: pend_records > 0 ->
        assert(pend_lease >= newest_published);            /* none after a newer owner's */
        newest_published = pend_lease;
        assert(seen[pend_batch] <= 1 && seen2[pend_batch] <= 1); /* none twice */
        assert(seen[pend_batch] == seen2[pend_batch]);     /* none torn */
        assert(pend_batch == 1 || seen[pend_batch - 1] == 1) /* in their order */
    :: else
    fi;
    if
    :: pend_position != 0 -> late_position = pend_position
    :: else
    fi;
    broker_forget()
}

inline broker_forget()
{
    ongoing = false;
    pend_batch = 0;
    pend_records = 0;
    pend_position = 0;
    pend_lease = 0
}

/* In the transaction of a claim: all up to b are on their topics, and are dropped. */
inline confirm(b)
{
    at = confirmed;
    do
    :: at < b ->
        at++;
        assert(seen[at] == 1); /* none lost */
        outbox[at] = false
    :: else -> break
    od;
    confirmed = b;
    my_confirmed = b;
    at = 0
}

/* The next batch is frozen while this one is on its way: one transaction, or none. */
inline claim_ahead()
{
    if
    :: atomic {
#ifdef NO_EPOCH
        my_next == published + 2 && next_batch <= BATCHES && !unsure ->
#else
        lease == my_lease && next_batch == my_next && my_next == published + 2 &&
            next_batch <= BATCHES && !unsure ->
#endif
#ifdef AHEAD_CONFIRMS
        confirm(published + 1);
#else
        confirm(published);
#endif
        outbox[next_batch] = true;
        next_batch++;
        if
        :: my_next = next_batch
        :: unsure = true /* the answer was lost */
        fi
       }
    :: true /* nobody is due, or there is no hurry */
    fi
}

proctype broker()
{
end:
    do
    :: atomic { /* the end of a transaction arrives, early or late */
        end_epoch != 0 && late_position == 0 ->
        if
        :: end_epoch == producer_epoch && ongoing -> broker_commit(); answered = end_epoch
        :: else /* fenced, or nothing to end */
        fi;
        end_epoch = 0
       }
    :: atomic { late_position != 0 -> position = late_position; late_position = 0 }
    od
}

/* The labels are the states of services/followup/shard/states.h, without their part (PRODUCER_READY is
 * `ready`), and the steps of one transaction in services/followup/kafka/producer.c. tests/lint/names.py
 * compares them by the table of services/followup/README.md. */
proctype owner()
{
    byte my_lease, my_next, my_confirmed, published, my_producer, at;
    bool again, unsure;

standby:
end_standby:
    atomic {
        lease < LEASES ->
        lease++;
        my_lease = lease;
        my_next = next_batch;
        my_confirmed = confirmed;
        my_producer = 0;
        published = 0;
        at = 0;
        again = false;
        unsure = false
    };

open: /* init_transactions: ends what an older producer left, and fences it */
    if
    :: atomic {
        producer_epoch < OPENS && late_position == 0 ->
#ifdef NO_INIT
        if
        :: producer_epoch == 0 -> producer_epoch = 1
        :: else
        fi;
#else
        broker_forget();
        producer_epoch++;
#endif
        my_producer = producer_epoch
       }
#ifndef NO_INIT
    :: atomic { /* the same where an older transaction was committed: its position comes later */
        producer_epoch < OPENS && late_position != 0 && !ongoing ->
        producer_epoch++;
        my_producer = producer_epoch
       }
#endif
    :: atomic { producer_epoch == OPENS -> goto stop } /* the bound of this model */
    :: goto standby /* crash */
    fi;

read_position:
    atomic {
#ifdef UNSTABLE
        true ->
#else
        late_position == 0 && pend_position == 0 ->
#endif
        at = position
    };

align_position:
#ifdef NO_POSITION
    at = my_confirmed + 1;
#endif
    atomic {
        if
#ifdef NO_RECHECK
        :: at > my_next -> assert(false)       /* position_ahead */
#else
        :: at > my_next && !again -> again = true; goto look_again
        :: at > my_next && again -> assert(false)
#endif
        :: at <= my_confirmed -> assert(false) /* position_lost */
        :: else -> published = at - 1; again = false; at = 0
        fi
    };

ready:
    if
    :: published + 1 < my_next -> goto publish
    :: published + 1 == my_next -> goto claim
    :: goto standby /* crash, or the lease ran out */
    fi;

publish: /* the frozen batch, read while the lease was seen to hold */
    if
    :: atomic {
#ifdef NO_EPOCH
        true ->
#else
        lease == my_lease ->
#endif
        if
        :: outbox[published + 1]
        :: else -> goto look_again
        fi
       }
    :: atomic { lease != my_lease -> goto standby }
    fi;

begin:
    atomic {
        if
        :: producer_epoch == my_producer ->
            /* a transaction that was not ended, as far as this producer knows, does not hinder it:
               what it sends belongs to the one under way */
            ongoing = true;
            pend_batch = published + 1;
            pend_lease = my_lease;
            pend_records = 1;
            pend_position = 0
        :: else -> goto failed
        fi
    };
    claim_ahead();
produce:
    atomic {
        if
        :: producer_epoch == my_producer && ongoing && pend_batch == published + 1 -> pend_records = 2
        :: else -> goto failed
        fi
    };
    claim_ahead();
send_position:
    atomic {
        if
        :: producer_epoch == my_producer && ongoing && pend_batch == published + 1 ->
            pend_position = published + 2
        :: else -> goto failed
        :: goto failed /* no answer in time */
        fi
    };
    claim_ahead();
commit:
    atomic {
        if
        :: producer_epoch == my_producer && end_epoch == 0 ->
            end_epoch = my_producer;
            answered = 0
        :: producer_epoch != my_producer -> goto failed
        fi
    };
#ifdef CONFIRM_EARLY
    atomic {
        if
        :: lease == my_lease -> confirmed = published + 1; my_confirmed = confirmed;
            outbox[published + 1] = false
        :: else
        fi
    };
#endif
    claim_ahead();
wait_commit:
    if
    :: atomic {
        answered == my_producer ->
        answered = 0;
        published++;
        if
        :: unsure -> unsure = false; goto look_again
        :: else -> goto ready
        fi
       }
    :: atomic {
        true -> /* unknown: no answer in time, or the connection is gone */
#ifdef REUSE
        if
        :: answered == my_producer -> answered = 0
        :: else
        fi;
        goto publish
#else
        goto failed
#endif
       }
    :: goto standby /* crash */
    fi;

failed: /* the producer is given up; before another is made the lease must be seen to hold */
    my_producer = 0;
    unsure = false;
look_again:
    atomic {
        if
        :: lease == my_lease ->
            my_next = next_batch;
            my_confirmed = confirmed;
            if
            :: my_producer == 0 -> goto open
            :: again -> goto align_position
            :: else -> goto ready
            fi
        :: else -> goto standby
        fi
    };

claim: /* confirms what is published, freezes the next batch: one transaction */
    if
    :: atomic {
#ifdef NO_EPOCH
        true ->
#else
        lease == my_lease && next_batch == my_next ->
#endif
        confirm(published);
        if
        :: next_batch <= BATCHES -> outbox[next_batch] = true; next_batch++
        :: else
        fi;
        if
        :: my_next = next_batch
        :: goto look_again /* the answer was lost */
        fi
       }
    :: atomic { lease != my_lease -> goto standby }
    fi;
    if
    :: published + 1 < my_next -> goto ready
    :: else
    fi;
stop:
#ifdef WITNESS
    assert(seen[BATCHES] == 0)
#else
    skip
#endif
}

init {
    atomic {
        run broker();
        run owner();
        run owner()
    }
}
