/* event_kind - every kind of event Dayfour gives, once. Names, subjects and topics are for ever. */
#ifndef COMMON_CASEWORK_EVENT_KIND_H
#define COMMON_CASEWORK_EVENT_KIND_H

#include <stdbool.h>

#include "common/base/date.h"

enum event_subject { SUBJECT_SPELL, SUBJECT_PERIOD, SUBJECT_ORGANISATION };
enum event_audience { AUDIENCE_OH, AUDIENCE_HR };

/* id, name, subject, audience. The order is that of events with the same instant. */
#define EVENT_KINDS(X)                                                                             \
    X(TASK_CREATED, "contact-task.created", SPELL, OH)                                             \
    X(RELAPSE, "relapse.detected", SPELL, OH)                                                      \
    X(DUE_SOON, "contact.due-soon", SPELL, OH)                                                     \
    X(CALL_BACK_DUE, "call-back.due", SPELL, OH)                                                   \
    X(URGENT_RAISED, "urgent.raised", SPELL, OH)                                                   \
    X(OVERDUE, "contact.overdue", SPELL, OH)                                                       \
    X(UNREACHABLE, "contact.unreachable", SPELL, OH)                                               \
    X(TASK_ENDED, "contact-task.ended", SPELL, OH)                                                 \
    X(REASON_MISSING, "reason.missing", PERIOD, OH)                                                \
    X(FOLLOW_UP_DUE, "follow-up.due", SPELL, OH)                                                   \
    X(LONG_TERM_APPROACHING, "long-term.approaching", SPELL, OH)                                   \
    X(LONG_TERM_REACHED, "long-term.reached", SPELL, OH)                                           \
    X(REVIEW_DUE, "review.due", SPELL, OH)                                                         \
    X(CHECK_IN_DUE, "check-in.due", SPELL, OH)                                                     \
    X(FEED_SILENT, "feed.silent", ORGANISATION, OH)                                                \
    X(RETURNED, "returned-to-work", PERIOD, HR)                                                    \
    X(INTERVIEW_DUE, "interview.due", PERIOD, HR)                                                  \
    X(PARTIAL_RETURN, "return-to-work.partial", PERIOD, HR)                                        \
    X(EXPECTED_APPROACHING, "expected-return.approaching", PERIOD, HR)                             \
    X(EXPECTED_PASSED, "expected-return.passed", PERIOD, HR)                                       \
    X(REASON_DUE, "absence-reason.due", PERIOD, HR)                                                \
    X(FIT_NOTE_DUE, "fit-note.due", PERIOD, HR)                                                    \
    X(FIT_NOTE_EXPIRING, "fit-note.expiring", PERIOD, HR)                                          \
    X(PHASED_REVIEW_DUE, "phased-return.review-due", PERIOD, HR)                                   \
    X(PHASED_ENDING, "phased-return.ending", PERIOD, HR)

enum event_kind {
#define KIND_ENUM(id, name, subject, audience) KIND_##id,
    EVENT_KINDS(KIND_ENUM)
#undef KIND_ENUM
        KIND_COUNT
};

const char *event_kind_name(enum event_kind k);
enum event_subject event_kind_subject(enum event_kind k);
enum event_audience event_kind_audience(enum event_kind k);
/* The name of an event among those of its kind and subject. "1" where there is one only; the
 * instant where there may be several a day; else the day. */
#define EVENT_OCCURRENCE_TEXT INSTANT_TEXT
const char *event_kind_occurrence(enum event_kind k, struct instant at, struct date occurs_on,
                                  char out[EVENT_OCCURRENCE_TEXT]);
bool event_kind_parse(const char *name, enum event_kind *out);

#endif
