/* diff - compares the events that stand by the newest facts with those emitted: which are to be
 * emitted now, and which withdrawn. Pure. The rules: doc/rules.md, "Events". */
#ifndef SERVICES_FOLLOWUP_EVENTS_DIFF_H
#define SERVICES_FOLLOWUP_EVENTS_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/casefile/caseload.h"
#include "common/casework/derive/derive.h"

/* An event that is right to be given, its time reached. */
struct standing {
    enum event_kind kind;
    const char *subject;    /* s and the spell's id, p and the period's, o and the organisation */
    const char *occurrence; /* with subject and kind: what makes it this event and no other */
    struct instant at;      /* T */
    struct date occurs_on, due_on; /* due_on NONE: null */
    enum end_reason end_reason;    /* of KIND_TASK_ENDED */
    bool superseded;               /* not worth saying any more; what was said stays */
    bool settled;                  /* of a settled period: neither emitted nor withdrawn */
    const struct spell *spell;     /* NULL unless about a spell */
    const struct period *period;   /* NULL: about the organisation */
};

/* An emitted event: a row of followup.emitted. */
struct emitted {
    enum event_kind kind;
    const char *subject, *occurrence;
    int nth;
    const char *topic;
    const char *spell_id, *period_id; /* NULL: none */
    struct instant at;
    struct date occurs_on, due_on;
    bool late;
    bool about_spell; /* the next two count */
    bool late_report, backdated;
    const char *data; /* its JSON as published; NULL where it was withdrawn */
    struct instant emitted_at, withdrawn_at; /* withdrawn_at NONE: it holds */
    bool settled;                            /* see diff_mark_settled */
};

/* An emission: exactly one of event and takes_back is set. */
struct saying {
    const struct standing *event;
    const struct emitted *takes_back;
    int nth; /* of the emission: 1, or more after withdrawals */
};

struct sayings {
    struct saying *items; /* in the order in which they are to go out */
    size_t n;
};

/* The part of a person's timeline with T <= now. */
void diff_stand(const struct casework *cw, struct instant now, struct arena *a,
                struct standing **out, size_t *n);

/* The one event about an organisation that is silent; *n is 0 or 1. */
void diff_stand_silent(const struct rules *r, const char *organisation, struct instant last_valid,
                       struct instant now, struct arena *a, struct standing **out, size_t *n);

/* Which of these rows are about a settled period, as p's facts and spells have it. */
void diff_mark_settled(struct emitted *rows, size_t n, const struct case_person *p,
                       struct instant now);

/* For a person, or for an organisation as such. Emitted rows withdrawn long ago are needed too:
 * they are counted. Everything points into the arguments or lives in the arena. */
struct sayings diff(const struct standing *standing, size_t n_standing,
                    const struct emitted *emitted, size_t n_emitted, const struct rules *r,
                    struct instant now, struct arena *a);

/* The earliest T ahead of now among the emitted events of that audience that still hold; NONE:
 * there is none. A clock went back: whether such an event stands is judged when that time comes
 * again. */
struct instant diff_ahead(const struct emitted *emitted, size_t n, enum event_audience audience,
                          struct instant now);

#endif
