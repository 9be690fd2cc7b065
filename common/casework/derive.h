/* derive - facts, settings, calendars and now in; a person's whole case out. No SQL, no clock, no
 * I/O: the same arguments give the same case, in whatever order the facts came. The rules:
 * doc/rules.md. */
#ifndef COMMON_CASEWORK_DERIVE_H
#define COMMON_CASEWORK_DERIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/casework/calendar.h"
#include "common/casework/event_kind.h"
#include "common/casework/facts.h"
#include "common/casework/settings.h"
#include "common/hash.h"

enum task_state { TASK_OPEN, TASK_CONTACTED, TASK_ENDED };
const char *task_state_name(enum task_state s);

#define END_REASONS(X)                                                                             \
    X(NONE, "")                                                                                    \
    X(RETURNED_BEFORE_CONTACT, "returned_before_contact")                                          \
    X(RETURNED_UNCONTACTED, "returned_uncontacted")                                                \
    X(RETURNED_BEFORE_NOTICE, "returned_before_notice")                                            \
    X(LEFT_EMPLOYMENT, "left_employment")                                                          \
    X(DIED, "died")                                                                                \
    X(OPTED_OUT, "opted_out")                                                                      \
    X(ENTERED_IN_ERROR, "entered_in_error")                                                        \
    X(MOVED, "moved")                                                                              \
    X(NOT_YET, "not_yet")                                                                          \
    X(SUPERSEDED, "superseded")                                                                    \
    X(MERGED, "merged")                                                                            \
    X(PATHWAY_NO_LONGER_MATCHES, "pathway_no_longer_matches")
enum end_reason {
#define END_ENUM(id, name) END_##id,
    END_REASONS(END_ENUM)
#undef END_ENUM
        END_COUNT
};
const char *end_reason_name(enum end_reason r);

/* A chain of live records, whatever their reasons. */
struct period {
    char id[ID_TEXT];
    const struct record **records; /* by (onset, source, absence_id) */
    size_t n_records;
    const struct record *anchor; /* smallest (first_notice, source, absence_id) */
    struct date onset;
    struct date ends_on;         /* the last day by what is known now, past or ahead; NONE */
    struct date last_day;        /* ends_on once it is past; NONE while off */
    struct date expected_return; /* the latest of its open records'; NONE */
    bool closed_by_leaving;      /* last_day is the last day of employment */
    bool closed_by_death; /* the person died before it was closed; last_day is as the records say */
    struct instant first_notice;
    struct instant changed_at; /* the last change of its facts, contacts included */
    struct instant settled_at; /* NONE while it cannot be told */
};

/* The spell and its one contact task, as it is now. */
struct spell {
    char id[ID_TEXT]; /* also the task's id */
    size_t pathway;   /* index into org_rules.pathways */
    const struct period *period;
    const struct record **records; /* by (onset, source, absence_id) */
    size_t n_records;
    const struct record *anchor;
    struct date onset, ends_on, last_day; /* as of a period */
    struct date expected_return;          /* the period's */
    struct instant first_notice;
    const struct spell *relapse_of; /* the spell before, where this is a relapse; else NULL */
    bool relapse, late_report, backdated, review_first;
    int priority; /* 1 or 2 */
    struct date due_date, work_by_date, respond_by;
    enum task_state state;
    enum end_reason end_reason;
    struct instant contacted_at;
    struct instant first_attempt_at;
    int attempts;                      /* contacts are none */
    enum contact_outcome last_outcome; /* of the latest attempt or contact */
    struct date review_on;             /* of the latest contact; NONE */
    bool red_flag;                     /* raised in any contact */
    bool reason_changed;               /* of a record that was in the spell at the latest contact */
    bool case_closed;
    enum contact_outcome close_reason;
    const char *assigned_to; /* NULL */
    int elapsed_days,
        elapsed_working_days; /* onset to first contact, 0 if before; -1: no contact */
    bool contact_counts;      /* contacted_at is on or before last_day, or no last_day */
};

/* What happens to the person, in the order it happens. */
struct timeline_event {
    enum event_kind kind;
    const struct spell *spell;   /* of SUBJECT_SPELL, else NULL */
    const struct period *period; /* always */
    struct instant at;           /* T */
    struct date occurs_on;       /* local date of T */
    struct date due_on;          /* NONE: null */
    enum end_reason end_reason;  /* of TASK_ENDED */
    bool superseded; /* a later one that stands takes its place: not worth emitting any more */
};

struct casework {
    struct period *periods; /* by onset */
    size_t n_periods;
    struct spell *spells; /* by (onset, pathway) */
    size_t n_spells;
    /* All that is right at its T by these facts: with at <= now it stands; later ones are what will
     * happen if nothing changes (of a repeating kind the next one only). Sorted by (at, kind,
     * subject id). */
    struct timeline_event *timeline;
    size_t n_timeline;
    /* The next instant at which anything of this could change by time alone; NONE. Of what HR is
     * told, which depends on nothing else; of occupational health's events and of spells. */
    struct instant prompt_wake_at, oh_wake_at;
    struct instant wake_at; /* the earlier of them */
};

struct rules {
    const struct org_rules *org;
    const struct calendar *calendar;
    const struct zone *zone;
    const struct hmac_key *install_key; /* for ids */
};

/* Whether a period, or a row written of one, is settled: nothing more comes of it, whatever the
 * rules become. settled_at as in struct period. */
bool derive_is_settled(struct instant settled_at, struct instant now);

/* Everything in *out lives in the arena or points into facts. */
void derive(const struct facts *f, const struct rules *r, struct instant now, struct arena *a,
            struct casework *out);

/* Why a spell that was stored is no longer among out's, by its anchor record. An anchor that is not
 * among the facts is another person's: END_MOVED, unless the caller finds it cancelled there, which
 * is END_ENTERED_IN_ERROR first. pathway: n_pathways when the settings no longer have it. */
enum end_reason derive_tombstone(const struct facts *f, const struct rules *r, struct instant now,
                                 const struct casework *cw, struct record_ref anchor,
                                 size_t pathway);

#endif
