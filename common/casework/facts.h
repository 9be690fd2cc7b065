/* facts - all that is known about one person in one organisation: what derive() reads. Plain data.
 */
#ifndef COMMON_CASEWORK_FACTS_H
#define COMMON_CASEWORK_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/date.h"
#include "common/event/inbound.h"

/* What became of the reason when it was received. Codes that matched nothing are not kept. */
enum reason_kept {
    REASON_NOT_GIVEN, /* no reason or no code: watched */
    REASON_KEPT,      /* scheme and code are kept: matched anew at every derivation */
    REASON_NO_MATCH,  /* dropped: matched nothing */
    REASON_NEVER      /* dropped: on the never list */
};

/* One absence record, its newest version. Identity: (organisation, source, absence_id). */
struct record {
    const char *source, *absence_id;
    const char *assignment_id; /* NULL: none */
    int64_t version;
    int64_t first_version;   /* the lowest version received … */
    struct date first_onset; /* … and its onset: an earlier onset now means backdated */
    struct date onset;
    struct date last_day; /* inclusive; NONE */
    bool open_ended;
    struct date expected_return;
    enum reason_kept reason;
    enum reason_scheme scheme; /* of REASON_KEPT */
    const char *code;          /* of REASON_KEPT, normalised as the scheme compares it; else NULL */
    int32_t settings_serial;   /* the settings under which the reason was last matched on receipt */
    const char *fte;           /* canonical decimal; NULL is 1 */
    struct date fit_note_from, fit_note_to, phased_return_from;
    bool cancelled;
    struct instant first_notice; /* now when the first valid event of the record was stored */
    struct instant changed_at;   /* now when a fact of it last changed */
    bool has_contact; /* contact details are kept only where the reason matched or is watched */
    struct contact_details contact;
};

enum contact_kind {
    CONTACT_ATTEMPT,
    CONTACT_MADE,
    CONTACT_CLAIM,
    CONTACT_RELEASE,
    CONTACT_ASSIGN,
    CONTACT_CLOSE,
    CONTACT_REOPEN
};
#define CONTACT_OUTCOMES(X)                                                                        \
    X(NONE, "")                                                                                    \
    X(NO_ANSWER, "no_answer")                                                                      \
    X(VOICEMAIL, "voicemail")                                                                      \
    X(WRONG_NUMBER, "wrong_number")                                                                \
    X(CALL_BACK, "call_back")                                                                      \
    X(FAST_TRACK, "fast_track_treatment")                                                          \
    X(SELF_MANAGEMENT, "self_management_advice")                                                   \
    X(ONWARD_REFERRAL, "onward_referral")                                                          \
    X(NO_ACTION, "no_action_needed")                                                               \
    X(DECLINED, "declined")                                                                        \
    X(RECOVERED, "recovered")                                                                      \
    X(REFERRED, "referred")                                                                        \
    X(OTHER, "other")
enum contact_outcome {
#define OUTCOME_ENUM(id, name) OUTCOME_##id,
    CONTACT_OUTCOMES(OUTCOME_ENUM)
#undef OUTCOME_ENUM
        OUTCOME_COUNT
};
const char *contact_outcome_name(enum contact_outcome o);
bool contact_outcome_parse(const char *name, enum contact_outcome *out); /* "" is none of them */

struct record_ref {
    const char *source, *absence_id;
    const char *code; /* of a contact's records: the code kept then, to tell whether it changed
                         since; NULL */
};

/* Something a clinician did about (person, pathway): it counts for the spell that holds its
 * records. */
struct contact_fact {
    int64_t entry_id;
    enum contact_kind kind;
    const char *pathway;       /* name */
    struct instant at;         /* when it happened, which may be before it was entered */
    struct instant entered_at; /* when it was written down; of a retracted one when that was */
    const char *by;            /* login */
    const char *assignee;      /* of CLAIM and ASSIGN */
    enum contact_outcome outcome;
    struct date review_on; /* of CONTACT_MADE; NONE */
    bool red_flag;
    bool retracted;                   /* as if it had never been */
    struct record_ref anchor;         /* of the spell then */
    const struct record_ref *records; /* the spell's records then, the anchor included */
    size_t n_records;
};

struct dated_fact {
    struct date on; /* NONE: not so, or taken back */
    struct instant time;
    const char *id; /* CloudEvents id; NULL: never received. The greatest (time, id) counts. */
};

struct facts {
    const char *organisation, *person_id;
    struct record *records; /* any order; identity unique */
    size_t n_records;
    const struct contact_fact *contacts; /* any order */
    size_t n_contacts;
    struct dated_fact left;
    struct dated_fact died;
    struct dated_fact opt;     /* opted-out and opted-in together */
    bool opted_out;            /* what opt says */
    struct instant changed_at; /* when a fact about the person as such last changed; NONE */
};

#endif
