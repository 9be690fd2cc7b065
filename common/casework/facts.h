/* facts - all that is known about one person in one organisation: what derive() reads. Plain data.
 */
#ifndef COMMON_CASEWORK_FACTS_H
#define COMMON_CASEWORK_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/event/hr_event.h"

/* The match of the reason when it was received. Codes that matched nothing are not kept. */
enum reason_kept {
    REASON_NOT_GIVEN, /* no reason or no code: watched */
    REASON_KEPT,      /* scheme and code are kept: matched again at every derivation */
    REASON_NO_MATCH,  /* dropped: matched nothing */
    REASON_NEVER      /* dropped: on the never list */
};

/* Since when a pathway is known: a version that matched it was first stored as the newest then, or
 * settings first made it match. */
struct known_since {
    const char *pathway; /* name */
    struct instant at;
};

/* An absence record, its newest version. Identity: (organisation, source, absence_id). */
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
    bool known_kept;           /* else stored by an older program: the first notice counts */
    const struct known_since *known; /* a pathway at most once, and for good */
    size_t n_known;
    const char *fte; /* canonical decimal; NULL is 1 */
    struct date fit_note_from, fit_note_to, phased_return_from;
    bool cancelled;
    struct instant first_notice;  /* now when the first valid event of the record was stored */
    struct instant changed_at;    /* now when a fact of it last changed */
    struct instant hr_changed_at; /* the same of what HR may know of it: no reason, no share of full
                                     time */
    struct instant held_since;    /* when it became this person's; NONE: at the first notice */
    struct instant gone_at;       /* gone for HR from then on, whatever comes about it; NONE */
    bool reason_missing; /* HR gave none, or one of unknown_reasons, with this version; judged when
                            it is stored */
    struct instant reason_given_at; /* now when a version that gave one was stored after none had;
                                       NONE while it is missing */
    bool has_contact;               /* these are kept only where the reason matched or is watched */
    struct contact_details contact;
    const char *site, *staff_group; /* NULL */
    struct instant recorded_at;     /* when HR's system recorded it; NONE */
};

/* No details: zero would be a date of birth. */
#define CONTACT_DETAILS_NONE                                                                       \
    (struct contact_details)                                                                       \
    {                                                                                              \
        .date_of_birth = DATE_NONE                                                                 \
    }

enum contact_kind {
    CONTACT_ATTEMPT,
    CONTACT_MADE,
    CONTACT_CLAIM,
    CONTACT_RELEASE,
    CONTACT_ASSIGN,
    CONTACT_CLOSE,
    CONTACT_REOPEN,
    CONTACT_ACKNOWLEDGE, /* somebody has seen to the red flag */
    CONTACT_OH_RECORD    /* where the notes are */
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
    X(OTHER, "other")                                                                              \
    X(BUSY, "busy")                                                                                \
    X(MESSAGE_WITH_OTHER, "message_with_other")                                                    \
    X(TEXT_SENT, "text_sent")                                                                      \
    X(EMAIL_SENT, "email_sent")                                                                    \
    X(LETTER_SENT, "letter_sent")                                                                  \
    X(ALREADY_IN_CARE, "already_in_care")                                                          \
    X(URGENT_CARE, "urgent_care_advised")                                                          \
    X(UNABLE_TO_CONTACT, "unable_to_contact")
enum contact_outcome {
#define OUTCOME_ENUM(id, name) OUTCOME_##id,
    CONTACT_OUTCOMES(OUTCOME_ENUM)
#undef OUTCOME_ENUM
        OUTCOME_COUNT
};
const char *contact_outcome_name(enum contact_outcome o);
bool contact_outcome_parse(const char *name, enum contact_outcome *out); /* "" is none of them */
/* Whether an entry of that kind may have that outcome. */
bool contact_outcome_fits(enum contact_kind kind, enum contact_outcome o);

/* As fact.contact counts them. */
#define CONTACT_CHANNELS(X)                                                                        \
    X(UNKNOWN, "")                                                                                 \
    X(PHONE, "phone")                                                                              \
    X(VIDEO, "video")                                                                              \
    X(IN_PERSON, "in_person")                                                                      \
    X(TEXT, "text")                                                                                \
    X(EMAIL, "email")                                                                              \
    X(LETTER, "letter")
enum contact_channel {
#define CHANNEL_ENUM(id, name) CHANNEL_##id,
    CONTACT_CHANNELS(CHANNEL_ENUM)
#undef CHANNEL_ENUM
        CHANNEL_COUNT
};
const char *contact_channel_name(enum contact_channel c);
bool contact_channel_parse(const char *name, enum contact_channel *out);

struct record_ref {
    const char *source, *absence_id;
    const char *code; /* of a contact's records: the code kept then, to see whether it changed
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
    struct date review_on;            /* of CONTACT_MADE; NONE */
    bool no_follow_up;                /* of CONTACT_MADE: none is wanted */
    bool red_flag;                    /* beside what the outcome says */
    enum contact_channel channel;     /* of ATTEMPT and MADE; UNKNOWN: by telephone */
    struct instant call_back_at;      /* of OUTCOME_CALL_BACK: what was promised; NONE */
    const char *oh_record;            /* of CONTACT_OH_RECORD; NULL: none */
    bool retracted;                   /* as if it had never been */
    struct record_ref anchor;         /* of the spell then */
    const struct record_ref *records; /* the spell's records then, the anchor included */
    size_t n_records;
};

struct dated_fact {
    struct date on; /* NONE: not so, or undone */
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
    struct dated_fact opt;        /* opted-out and opted-in together */
    bool opted_out;               /* what opt says */
    struct instant changed_at;    /* when a fact about the person as such last changed; NONE */
    struct instant hr_changed_at; /* the same of leaving and death; NONE */
};

#endif
