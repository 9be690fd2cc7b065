/* entries: what clinicians enter, beside intake, followup's claims and a purge.
 *
 * The model has one person with one record. Two clinicians each enter something about the case;
 * their transactions
 * end whenever they like, or never. Intake takes in versions of the record. Followup claims the person
 * for what was entered. A purge, or an erasure, takes everything away once. Each transaction is cut
 * where others can come between: at its look, its lock, its loading and its commit. Every one but a
 * clinician's may die at each of these.
 *
 * A row that is locked is waited for by intake and purge, and passed over by followup. A row that is
 * being added counts as locked: who adds the same one waits for it.
 *
 * Held whenever nothing is under way and no wake-up is left: the case is what follows from the record
 * and the entries there are; no entry is kept about a record that is gone; none was lost.
 *
 * Mutations (-DNAME; tests/model/spin/run.sh shows that each is found out):
 *   NO_BUMP      a claim does not raise the revision
 *   NO_GUARD     intake does not compare the revision
 *   LATE_DELETE  a claim deletes the wake-ups there are at its end, not those it saw
 *   LOAD_FIRST   a claim loads before it looks at the wake-ups
 *   NO_LOCK      a claim deletes the wake-ups of people whom somebody else has locked
 *   KEEP_ORPHANS a claim keeps entries about a record that is gone
 *   WITNESS      (no mutation: the model does get to its end, with both entries in the case)
 */
#define VERSIONS 2
#define CRASHES  2
#define ENTRIES  3 /* two bits, one an entry */

mtype = { NOBODY, INTAKE, FOLLOWUP, PURGE };

byte revision;              /* fact.person; 0: no row */
byte place;                 /* of that row: another for each that is added */
mtype locked = NOBODY;
byte record;                /* the version stored; 0: none */
byte entries, wakes;        /* committed: bits */
byte case_record, case_entries;
byte dropped;               /* entries that a purge or a claim after one took away */
byte entered;               /* all that were ever committed */
byte under_way;             /* transactions of intake, followup, purge; clinicians still to commit */
byte crashes;

inline settled_is_right()
{
    if
    :: under_way == 0 && wakes == 0 ->
        assert(case_record == record);
        assert(case_entries == entries);
        assert(record > 0 || entries == 0);
        assert((entries | dropped) == entered)
    :: else
    fi
}

proctype clinician(byte one)
{
end_no_task:
    atomic { case_record > 0 -> under_way++ } /* the task is there: the functions look */
    if
    :: atomic {
        entries = entries | one;
        wakes = wakes | one;
        entered = entered | one;
        under_way--;
        settled_is_right()
       }
    :: atomic { under_way--; settled_is_right() } /* rolled back */
    fi
}

proctype intake()
{
    byte my_revision, my_place, my_entries, version = 1;
load:
    atomic {
        under_way++;
        my_revision = revision;
        my_place = place;
        my_entries = entries
    };
store: /* waits for the row, then compares */
    atomic {
        locked == NOBODY ->
        if
#ifdef NO_GUARD
        :: true -> locked = INTAKE
#else
        :: revision == my_revision && (revision == 0 || place == my_place) -> locked = INTAKE
        :: else -> under_way--; goto load /* CT002, or 23505 */
#endif
        fi
    };
    if
    :: atomic {
        record = version;
        case_record = version;
        case_entries = my_entries;
        if
        :: revision == 0 -> place++
        :: else
        fi;
        revision++;
        locked = NOBODY;
        under_way--;
        settled_is_right()
       }
    :: atomic { crashes < CRASHES -> crashes++; locked = NOBODY; under_way--; goto load }
    fi;
    if
    :: version < VERSIONS -> version++; goto load
    :: else
    fi
}

/* The labels are those of the claim in services/followup/shard/states.h. */
proctype followup()
{
    byte saw, my_entries, my_dropped;
look:
end_idle:
    atomic {
        wakes != 0 ->
        under_way++;
#ifdef LOAD_FIRST
        my_entries = entries;
    };
    atomic {
#endif
        saw = wakes
    };
lock:
    atomic {
        if
        :: locked == NOBODY -> locked = FOLLOWUP /* the row, or one that is added */
        :: else ->
#ifdef NO_LOCK
            wakes = wakes & (ENTRIES - saw);
#endif
            under_way--;
            goto look /* passed over; its wake-ups stay */
        fi
    };
load:
    atomic {
#ifndef LOAD_FIRST
        my_entries = entries;
#endif
        my_dropped = 0;
#ifndef KEEP_ORPHANS
        if
        :: record == 0 -> my_dropped = my_entries & saw; my_entries = my_entries & (ENTRIES - my_dropped)
        :: else
        fi
#endif
    };
store:
    if
    :: atomic {
        entries = entries & (ENTRIES - my_dropped);
        dropped = dropped | my_dropped;
        case_record = record;
        case_entries = my_entries;
        if
        :: revision == 0 -> place++; revision = 1
        :: else ->
#ifndef NO_BUMP
            revision++
#else
            skip
#endif
        fi;
#ifdef LATE_DELETE
        wakes = 0;
#else
        wakes = wakes & (ENTRIES - saw);
#endif
        locked = NOBODY;
        under_way--;
#ifdef WITNESS
        assert(case_entries != ENTRIES || case_record != VERSIONS);
#endif
        settled_is_right()
       }
    :: atomic { crashes < CRASHES -> crashes++; locked = NOBODY; under_way--; goto look }
    fi;
    my_entries = 0;
    my_dropped = 0;
    saw = 0;
    goto look
}

proctype purge()
{
    byte my_entries;
    bool remembers;
end_nothing:
    atomic { record > 0 && locked == NOBODY -> locked = PURGE; under_way++ };
    my_entries = entries; /* those it finds are all it takes */
    if
    :: remembers = true   /* somebody who opted out: the row stays */
    :: remembers = false
    fi;
    if
    :: atomic {
        record = 0;
        case_record = 0;
        case_entries = 0;
        dropped = dropped | my_entries;
        entries = entries & (ENTRIES - my_entries);
        if
        :: remembers -> revision++
        :: else -> revision = 0
        fi;
        locked = NOBODY;
        under_way--;
        settled_is_right()
       }
    :: atomic { locked = NOBODY; under_way--; settled_is_right() } /* it gave way */
    fi
}

init {
    atomic {
        run clinician(1);
        run clinician(2);
        run intake();
        run followup();
        run purge()
    }
}
