/* casework - a person's whole case as derive() gives it: periods, spells with their tasks, and what
 * happens when. Plain data, beside the rules that it is derived by. */
#ifndef COMMON_CASEWORK_CASEWORK_H
#define COMMON_CASEWORK_CASEWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/hash.h"
#include "common/casework/event_kind.h"
#include "common/casework/facts.h"
#include "common/casework/rules/calendar.h"
#include "common/casework/rules/settings.h"

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
    struct instant changed_at; /* the last change of its facts; for OH contacts included */
    struct instant settled_at; /* NONE while it is not known */
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
    struct instant known_at; /* since when one of its records was known to be of the pathway */
    const struct spell *relapse_of; /* the spell before, where this is a relapse; else NULL */
    bool relapse, late_report, backdated, review_first;
    bool reason_late; /* no late report, but known_at is after the due date */
    int priority;     /* 1 or 2 */
    struct date due_date, work_by_date, respond_by;
    enum task_state state;
    enum end_reason end_reason;
    struct instant contacted_at;
    struct instant first_attempt_at;
    int attempts;                      /* contacts are none */
    enum contact_outcome last_outcome; /* of the latest attempt or contact */
    struct date review_on;             /* of the latest contact; NONE */
    bool red_flag;                     /* raised in any contact */
    bool red_flag_open;                /* in the latest one, and not acknowledged since */
    bool unreachable;                  /* three calls on two days, and no contact */
    struct instant call_back_at;       /* the earliest promise that is open; NONE */
    bool reason_changed;               /* of a record that was in the spell at the latest contact */
    bool case_closed;
    enum contact_outcome close_reason;
    struct instant closed_at; /* of the closing in force; NONE */
    const char *oh_record;    /* NULL */
    const char *assigned_to;  /* NULL */
    int elapsed_days,
        elapsed_working_days; /* onset to first contact, 0 if before; -1: no contact */
    bool contact_counts;      /* contacted_at is on or before last_day, or no last_day */
};

/* An event of the person's timeline. */
struct timeline_event {
    enum event_kind kind;
    const struct spell *spell;   /* of SUBJECT_SPELL, else NULL */
    const struct period *period; /* always; one of HR's for an event to HR */
    struct instant at;           /* T */
    struct date occurs_on;       /* local date of T */
    struct date due_on;          /* NONE: null */
    enum end_reason end_reason;  /* of TASK_ENDED */
    bool superseded; /* a later one that stands takes its place: not worth emitting any more */
};

struct casework {
    struct period *periods; /* by onset */
    size_t n_periods;
    /* HR's periods: from HR's facts alone, without records that are gone for HR. Events to HR are
     * about these. */
    struct period *hr_periods;
    size_t n_hr_periods;
    const struct instant *gone_at; /* of each of the facts' records: since when it is gone for HR;
                                      NONE: it is not */
    struct spell *spells;          /* by (onset, pathway) */
    size_t n_spells;
    struct date no_reason_since; /* onset of the period that lasts, where a record of it is watched
                                    and none matches; NONE */
    /* Every event that is right at its T by these facts, sorted by (at, kind, subject id). Events
     * with at <= now stand. The later ones will happen if nothing changes; of a repeating kind only
     * the next one is here. */
    struct timeline_event *timeline;
    size_t n_timeline;
    /* The next instant at which anything of this could change by time alone; NONE. prompt_wake_at
     * counts for events to HR and depends on nothing else. oh_wake_at counts for OH's events and
     * for spells. */
    struct instant prompt_wake_at, oh_wake_at;
    struct instant wake_at; /* the earlier of them */
};

struct rules {
    const struct org_rules *org;
    const struct calendar *calendar;
    const struct zone *zone;
    const struct hmac_key *install_key; /* for ids */
    const struct hr_past *past;         /* keeping periods in force before those of org, by until */
    size_t n_past;
};

#endif
