/* sweep - a few people at a time: locked, loaded, worked out, and what goes of them deleted, in one
 * transaction. All SQL that deletes people's data. */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "services/cli/cli.h"
#include "services/cli/retain.h"

struct sweep_counts {
    size_t unmatched, matched; /* periods */
    size_t cancelled;          /* cancelled records */
    size_t records, details, spells, entries, said, persons;
};

struct sweep_person {
    const struct case_person *p;
    struct retain_said *said;
    size_t n_said;
    struct retain what; /* by sweep_decide, or set by the caller */
};

struct sweep;

/* The settings in force and the product's now. */
enum status sweep_new(struct sweep **out, struct cli *cli, struct err *err) NODISCARD;
void sweep_free(struct sweep *s); /* NULL is fine */
/* Both anew: after CT003 (settings or calendars were loaded), nothing under way. */
enum status sweep_renew(struct sweep *s, struct err *err) NODISCARD;
const struct retention *sweep_retention(const struct sweep *s);
struct instant sweep_now(const struct sweep *s);
struct arena *sweep_arena(struct sweep *s); /* of the people loaded; until the next sweep_begin */

/* Begins a transaction and loads these people; who is not there is not among those given. locks:
 * nobody else works on them until its end, and nobody is waited for longer than a moment
 * (STATUS_RETRY). Without, it is for looking: what is deleted may have changed since. */
enum status sweep_begin(struct sweep *s, const char *const *organisations,
                        const char *const *person_ids, size_t n, bool locks,
                        struct err *err) NODISCARD;
struct sweep_person *sweep_people(struct sweep *s, size_t *n);
/* By the settings in force. */
void sweep_decide(struct sweep *s);
/* Whether anything of a person goes. */
bool sweep_touches(const struct sweep_person *x);
/* Adds up what is decided. */
void sweep_count(struct sweep *s, struct sweep_counts *counts);

/* Deletes what is decided. The caller ends the transaction. */
enum status sweep_delete(struct sweep *s, struct err *err) NODISCARD;
enum status sweep_commit(struct sweep *s, struct err *err) NODISCARD;
/* Gives up; nothing has happened. */
void sweep_abandon(struct sweep *s);

#endif
