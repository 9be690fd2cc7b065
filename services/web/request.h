/* request - one request, from its headers to its answer: what a screen is given, and all it may do.
 *
 * A screen is a function. It reads the request, asks the database as the person who is logged in,
 * and names the next step. The service calls it once the answers are there; the request is
 * suspended until then. The last step answers, exactly once. Nothing of a request outlives it. */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "services/web/form.h"
#include "services/web/html.h"
#include "services/web/step.h"
#include "services/web/words.h"

/* ---- what was asked ---- */

bool req_is_post(const struct req *q);
const char *req_path(const struct req *q); /* without the query: "/case/ABCDEFGHJKMN" */
const char *req_id(const struct req *q);   /* of the route's ID; NULL: it has none */
long req_number(const struct req *q);      /* of the route's N; 0: it has none */
const char *req_query(const struct req *q, const char *name); /* NULL: not in the query */
/* The fields that a POST sent, or those kept as N for a GET with r=N, with their errors; else
 * empty. The screen may change it. Never NULL. */
struct form *req_form(struct req *q);
struct arena *req_arena(struct req *q); /* until the answer */
const struct words *req_words(const struct req *q);
/* For a screen's own state between its steps. */
void req_keep(struct req *q, void *state);
void *req_kept(const struct req *q);

/* ---- who asks: read with each request ---- */

const struct who *req_who(const struct req *q);

/* ---- the database, as that person ---- */

/* ASK(q, "select … where task_id = $1", id, …): text parameters, NULL is null. Sent with the others
 * by req_then, in one transaction. Answers are numbered from 0 in each step. */
#define ASK(q, ...)                                                                                \
    req_ask((q), (const char *const[]){__VA_ARGS__},                                               \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
void req_ask(struct req *q, const char *const *sql_and_args, size_t n);
/* Sends, and calls next once all answers are there. An error goes to the step given with
 * req_catch, else to the page that fits: OH001 404, OH002 and OH003 409, 22023 422, a lost
 * connection 503. */
void req_then(struct req *q, step *next);
/* For errors that the screen has words for; stays until it is set again. */
void req_catch(struct req *q, step *on_error);
const char *req_sqlstate(const struct req *q); /* of the error: "OH003" */
/* Answers an error that the screen has no words for. */
void req_answer_error(struct req *q);

size_t got_rows(const struct req *q, size_t nth);
/* By the column's name; NULL is null, or no such column. Valid until the next step. */
const char *got(const struct req *q, size_t nth, size_t row, const char *column);
const char *got_text(const struct req *q, size_t nth, size_t row, const char *column); /* "" */
bool got_true(const struct req *q, size_t nth, size_t row, const char *column);
long got_number(const struct req *q, size_t nth, size_t row, const char *column);
struct date got_date(const struct req *q, size_t nth, size_t row, const char *column);
struct instant got_instant(const struct req *q, size_t nth, size_t row, const char *column);
/* A text[]; without nulls. */
const char *const *got_list(struct req *q, size_t nth, size_t row, const char *column, size_t *n);
/* A copy in the request's arena, for after the next step. */
const char *got_kept(struct req *q, size_t nth, size_t row, const char *column);

/* ---- answers: one, and nothing after it ---- */

/* 303. fmt is a literal; %s may be a task's id, a number, or a value that was percent-encoded by
 * req_encoded. */
void answer_see_other(struct req *q, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *req_encoded(struct req *q, const char *value);
/* A POST with something wrong (form_wrong): what was typed and the messages are kept, and the same
 * path with ?r=N shows them, with 422. more: rest of the query, "" or "&view=…". */
void answer_wrong(struct req *q, const char *more);
/* After something was saved: 303 to a page that begins with this banner. undo: the number of the
 * entry within its case, 0: no link to undo it. */
void answer_saved(struct req *q, const char *path, const char *text);
void answer_saved_case(struct req *q, const char *path, const char *text, const char *task_id,
                       long undo);
/* Keeps what a person typed, to be shown at another path: then answer_see_other with ?r=N. */
long req_keep_form(struct req *q, const struct form *f);

/* The sites of the login's calls, kept for a minute: counting them reads the whole list. NULL: they
 * are to be asked for, then kept. */
const char *const *req_sites(const struct req *q, size_t *n);
void req_keep_sites(struct req *q, const char *const *sites, size_t n);
/* The filters of the list the session looked at last, for what comes next after a call; "": none.
 */
void req_set_filters(struct req *q, const char *queue, const char *site);
const char *req_filter_queue(const struct req *q);
const char *req_filter_site(const struct req *q);
/* A case that this session has saved is not offered as the next call. As a text[]: "{ABC,DEF}". */
void req_note_saved(struct req *q, const char *task_id);
const char *req_saved_tasks(struct req *q);

void answer_not_found(struct req *q);   /* 404: not yours, or does not exist: the same page */
void answer_not_yours(struct req *q);   /* 404 of a POST: the same, with what was typed to copy */
void answer_out_of_date(struct req *q); /* 403 */
void answer_forbidden(struct req *q);   /* 403: your role does not have this screen */
void answer_unavailable(struct req *q); /* 503 */

#endif
