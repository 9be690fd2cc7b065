/* candidates - a few people at a time: locked, loaded and judged, in one transaction. removal.h
 * deletes the data of them that goes. */
#ifndef COMMON_RETENTION_CANDIDATES_H
#define COMMON_RETENTION_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/casefile/caseload.h"
#include "common/pg/pg.h"
#include "common/retention/policy.h"

struct candidate {
    const struct case_person *p;
    struct policy_emission *emissions;
    size_t n_emissions;
    struct policy_decision what; /* by candidates_decide, or set by the caller */
};

/* Read by this room alone; others use the functions. */
struct candidates {
    struct pg *pg; /* connected; the caller's */
    struct ruleset *rules;
    struct instant now;
    struct caseload people;
    struct candidate *person; /* in step with people.persons, but only those that are there */
    size_t n;
    bool open; /* a transaction */
};

/* Keys of people, at most CANDIDATES_PAGE of them. Strings live in the arena. */
#define CANDIDATES_PAGE 100
struct candidate_keys {
    struct arena *arena; /* the caller's */
    const char *organisation[CANDIDATES_PAGE], *person_id[CANDIDATES_PAGE];
    size_t n;
};

/* The settings in force and the product's now. */
enum status candidates_new(struct candidates **out, struct pg *pg, struct err *err) NODISCARD;
void candidates_free(struct candidates *c); /* NULL is fine */
/* Reads both again after CT003 (settings or calendars were loaded), with nothing under way. */
enum status candidates_renew(struct candidates *c, struct err *err) NODISCARD;
const struct retention *candidates_retention(const struct candidates *c);
struct instant candidates_now(const struct candidates *c);
struct date candidates_today(const struct candidates *c); /* in the settings' time zone */
/* The people loaded live in it, until the next candidates_load. */
struct arena *candidates_arena(struct candidates *c);

/* The next people, beyond those in keys, some of whose data may have been kept for long enough.
 * None: keys->n is 0. */
enum status candidates_next(struct candidates *c, struct candidate_keys *keys,
                            struct err *err) NODISCARD;

/* Begins a transaction and loads those of these people who exist. locks: nobody else works on them
 * until its end. It waits for nobody longer than a moment (STATUS_RETRY). Without locks it is for
 * looking: the data may have changed once it is deleted. */
enum status candidates_load(struct candidates *c, const char *const *organisations,
                            const char *const *person_ids, size_t n, bool locks,
                            struct err *err) NODISCARD;
struct candidate *candidates_people(struct candidates *c, size_t *n);
/* By the settings in force. */
void candidates_decide(struct candidates *c);
/* Whether anything of a person goes. */
bool candidates_goes(const struct candidate *x);

enum status candidates_commit(struct candidates *c, struct err *err) NODISCARD;
/* Gives up; nothing has happened. */
void candidates_abandon(struct candidates *c);
/* After a failure within the transaction: reconnects. Returns s, unless that fails too. */
enum status candidates_failed(struct candidates *c, enum status s, struct err *err) NODISCARD;

#endif
