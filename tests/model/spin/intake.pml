/* intake: how a position moves.
 *
 * The model has one partition, MESSAGES messages, two intakes and a database. Every intake may take
 * the partition
 * over at any moment, whatever the group thinks: that covers rebalances, sessions that ended unseen,
 * restarts and zombies, which are intakes that nobody runs for a while. A session may end at every
 * step, the answer to a COMMIT may be lost whichever way it went, and a COMMIT that was on its way
 * when its session was given up may still be carried out later.
 *
 * Held at every step: the messages before the position have had their effect exactly once, the
 * others none (nothing lost, nothing twice); and nothing is stored by an owner once a newer one has
 * taken over.
 *
 * Mutations (-DNAME; tests/model/spin/run.sh shows that each is found out):
 *   NO_CAS        advance() does not compare next_offset
 *   NO_EPOCH      advance() does not compare the epoch
 *   POSITION_LAST the position moves in a transaction of its own, after the effects
 *   NO_LOCK       advance() compares without locking the row
 *   WITNESS       (no mutation: the model does get to its end, every message stored)
 */
#define MESSAGES 3
#define INTAKES  2
#define EPOCHS   5 /* take-overs in all */
#define NOBODY   INTAKES

#ifdef NO_CAS
#define SAME_POSITION true
#else
#define SAME_POSITION (next_offset == my_next)
#endif
#ifdef NO_EPOCH
#define SAME_EPOCH true
#else
#define SAME_EPOCH (epoch == my_epoch)
#endif

mtype = { FREE, OPEN, COMMITTING };       /* the transaction that holds the row */
mtype = { NOTHING, DONE, BROKEN };        /* what a session has heard */

byte next_offset, epoch;                  /* intake.position */
byte effect[MESSAGES];                    /* how often each message had its effect */

mtype txn[INTAKES] = FREE;                /* what the server does for each intake */
byte txn_next[INTAKES], txn_from[INTAKES], txn_epoch[INTAKES];
byte row_locked_by = NOBODY;
bool given_up[INTAKES];                   /* its intake does not listen any more */
mtype heard[INTAKES] = NOTHING;

inline end_txn(me, word)
{
    txn[me] = FREE;
    if
    :: row_locked_by == me -> row_locked_by = NOBODY
    :: else
    fi;
    if
    :: given_up[me] -> given_up[me] = false
    :: else -> heard[me] = word
    fi
}

inline check_effects()
{
    d_step {
        m = 0;
        do
        :: m < MESSAGES ->
            assert(effect[m] <= 1);                         /* none twice */
            assert(m >= next_offset || effect[m] == 1);     /* none lost */
#ifndef POSITION_LAST
            assert(m < next_offset || effect[m] == 0);
#endif
            m++
        :: else -> break
        od;
        m = 0
    }
}

/* The server's side of every session. */
proctype server()
{
    byte me, m;
end:
    do
    :: atomic {
        /* A COMMIT is carried out. */
        if
        :: txn[0] == COMMITTING -> me = 0
        :: txn[1] == COMMITTING -> me = 1
        fi;
        assert(txn_epoch[me] == epoch);     /* no newer owner has taken over */
        m = txn_from[me];
        do
        :: m < txn_next[me] -> effect[m]++; m++
        :: else -> break
        od;
#ifndef POSITION_LAST
        next_offset = txn_next[me];
#endif
        end_txn(me, DONE);
        m = 0;
        check_effects();
        me = 0
       }
    :: atomic {
        /* A session ends before its COMMIT: cut, killed, or the server crashed. */
        if
        :: txn[0] != FREE -> me = 0
        :: txn[1] != FREE -> me = 1
        fi;
        end_txn(me, BROKEN);
        me = 0
       }
    od
}

proctype intake(byte me)
{
    byte my_next, my_epoch, upto;

take_over: /* one transaction, which waits for the row */
end_idle:
    atomic {
        row_locked_by == NOBODY && txn[me] == FREE && epoch < EPOCHS ->
        epoch++;
        my_epoch = epoch;
        my_next = next_offset;
        heard[me] = NOTHING
    };

reading:
    if
    :: my_next < MESSAGES -> upto = my_next + 1
    :: my_next + 1 < MESSAGES -> upto = my_next + 2
    :: goto take_over                       /* crash, revoked, or the partition given again */
    fi;
#ifdef WITNESS
    assert(next_offset < MESSAGES);
#endif

advance: /* BEGIN and advance(): the row is locked, then compared */
    if
    :: atomic {
#ifdef NO_LOCK
        txn[me] == FREE ->
#else
        row_locked_by == NOBODY && txn[me] == FREE ->
#endif
        if
        :: SAME_POSITION && SAME_EPOCH ->
            txn[me] = OPEN;
            txn_from[me] = my_next;
            txn_next[me] = upto;
            txn_epoch[me] = my_epoch;
#ifndef NO_LOCK
            row_locked_by = me;
#endif
            heard[me] = NOTHING
        :: else -> goto take_over           /* CT001: fenced */
        fi
       }
    :: goto take_over                       /* crash */
    fi;

store: /* load, derive, write, COMMIT */
    atomic {
        if
        :: txn[me] == OPEN -> txn[me] = COMMITTING
        :: txn[me] == OPEN -> given_up[me] = true; goto take_over /* crash, or session lost */
        :: heard[me] == BROKEN -> goto take_over
        fi
    };

answer:
    atomic {
        if
        :: heard[me] == DONE ->
#ifdef POSITION_LAST
            goto move_position
#else
            my_next = upto;
            goto reading
#endif
        :: heard[me] == BROKEN -> goto take_over
        :: txn[me] == COMMITTING -> given_up[me] = true; goto take_over
        /* The answer was lost on its way; once with taking over anew, as the product does, once
           by sending the batch again as it is: the comparison alone must bear that. */
        :: heard[me] == DONE -> goto take_over
        :: heard[me] == DONE -> heard[me] = NOTHING; goto advance
        fi
    };

#ifdef POSITION_LAST
move_position:
    if
    :: atomic { epoch == my_epoch -> next_offset = upto; my_next = upto; goto reading }
    :: goto take_over
    fi
#endif
}

init {
    atomic {
        run server();
        run intake(0);
        run intake(1)
    }
}
