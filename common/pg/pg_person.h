/* pg_person - the database session of one person who is logged in to the page: opened with their
 * own name and password, without waiting for anything. Statements are text, a few at a time, in one
 * transaction. For one loop; the caller watches the socket. */
#ifndef COMMON_PG_PG_PERSON_H
#define COMMON_PG_PG_PERSON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct pg_person;

struct pg_person_options {
    const char *dsn;      /* where the server is; user and password in it are not used */
    const char *login;    /* NULL: the service's own session, by the dsn and `password` */
    const char *password; /* of a person never NULL and never empty */
    const char *application_name;
};

/* Begins to connect. STATUS_RESYNC: it cannot even begin. */
enum status pg_person_open(struct pg_person **out, const struct pg_person_options *o,
                           struct err *err) NODISCARD;
void pg_person_free(struct pg_person *p); /* ends the session; NULL is fine */

int pg_person_socket(const struct pg_person *p); /* may change until the session is up; -1: none */
bool pg_person_wants_write(const struct pg_person *p);

/* Whenever the socket is ready. *done: what was begun (connecting, or statements) has ended.
 * STATUS_REJECT, of connecting: the server refused this name and password (err->code: its SQLSTATE,
 * or "no_password" where it asked for none). STATUS_REJECT, of statements: err->code is the
 * SQLSTATE of the first that failed, and nothing was done. STATUS_RESYNC: the session is gone, or
 * was never there; whether a commit that was under way was made is not known. */
enum status pg_person_step(struct pg_person *p, bool *done, struct err *err) NODISCARD;

#define PG_PERSON_STATEMENTS 16
/* Adds a statement to those that pg_person_send sends; values: n texts, NULL is null. */
enum status pg_person_add(struct pg_person *p, const char *sql, const char *const *values, size_t n,
                          struct err *err) NODISCARD;
enum status pg_person_send(struct pg_person *p, struct err *err) NODISCARD;
size_t pg_person_added(const struct pg_person *p);

/* The results of the statements that ended last, until the next pg_person_add. A column that is not
 * there is null. */
size_t pg_person_rows(const struct pg_person *p, size_t nth);
const char *pg_person_value(const struct pg_person *p, size_t nth, size_t row, const char *column);

/* Appends what the server keeps of a new password of this session's login (SCRAM-SHA-256), so that
 * no statement holds the password. STATUS_REJECT: a password that cannot be one. */
struct buf;
enum status pg_person_encrypt(const struct pg_person *p, const char *password, struct buf *out,
                              struct err *err) NODISCARD;

/* For an idle session whose socket became readable: STATUS_RESYNC if it has ended. */
enum status pg_person_look(struct pg_person *p, struct err *err) NODISCARD;

#endif
