/* The request, as a screen is given it. The answers are in answer.c. */
#include "services/web/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "services/web/inside.h"

#define SITES_MS 60000

/* ---- what was asked ---- */

bool req_is_post(const struct req *q)
{
    return strcmp(q->method, "POST") == 0;
}

const char *req_path(const struct req *q)
{
    return q->path;
}

const char *req_id(const struct req *q)
{
    return q->match.id[0] == '\0' ? NULL : q->match.id;
}

long req_number(const struct req *q)
{
    return q->match.number;
}

const char *req_query(const struct req *q, const char *name)
{
    return form_has(q->query, name) ? form_value(q->query, name) : NULL;
}

struct form *req_form(struct req *q)
{
    return q->form;
}

struct arena *req_arena(struct req *q)
{
    return q->arena;
}

const struct words *req_words(const struct req *q)
{
    return &q->words;
}

void req_keep(struct req *q, void *state)
{
    q->kept = state;
}

void *req_kept(const struct req *q)
{
    return q->kept;
}

const struct who *req_who(const struct req *q)
{
    return &q->who;
}

const char *req_encoded(struct req *q, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(q->arena, 3 * strlen(value) + 1);
    char *at = out;
    for (const char *c = value; *c != '\0'; c++) {
        if (strchr(plain, *c) != NULL) {
            *at++ = *c;
        } else {
            *at++ = '%';
            *at++ = digits[(unsigned char)*c >> 4];
            *at++ = digits[(unsigned char)*c & 15];
        }
    }
    *at = '\0';
    return out;
}

/* ---- the database ---- */

void req_ask(struct req *q, const char *const *sql_and_args, size_t n)
{
    struct session *one = q->session;
    if (one == NULL || one->person == NULL || q->is_lost) {
        q->is_lost = true;
        return;
    }
    if (pg_person_add(one->person, sql_and_args[0], sql_and_args + 1, n - 1, &q->err) !=
        STATUS_OK) {
        q->is_lost = true;
    }
}

void req_then(struct req *q, step *next)
{
    struct session *one = q->session;
    if (!q->is_lost && (one == NULL || pg_person_added(one->person) == 0)) {
        next(q);
        return;
    }
    q->next = next;
    if (!q->is_lost) {
        session_send(one, q);
    } else if (one != NULL && !one->ending) {
        session_end(one, ENDED_LOST);
    } else {
        q->next = NULL;
        answer_unavailable(q);
    }
}

void req_catch(struct req *q, step *on_error)
{
    q->on_error = on_error;
}

const char *req_sqlstate(const struct req *q)
{
    return q->failed ? q->err.code : "";
}

/* ---- what was got ---- */

size_t got_rows(const struct req *q, size_t nth)
{
    return q->session == NULL || q->session->person == NULL
               ? 0
               : pg_person_rows(q->session->person, nth);
}

const char *got(const struct req *q, size_t nth, size_t row, const char *column)
{
    return q->session == NULL || q->session->person == NULL
               ? NULL
               : pg_person_value(q->session->person, nth, row, column);
}

const char *got_text(const struct req *q, size_t nth, size_t row, const char *column)
{
    const char *value = got(q, nth, row, column);
    return value == NULL ? "" : value;
}

bool got_true(const struct req *q, size_t nth, size_t row, const char *column)
{
    return strcmp(got_text(q, nth, row, column), "t") == 0;
}

long got_number(const struct req *q, size_t nth, size_t row, const char *column)
{
    return strtol(got_text(q, nth, row, column), NULL, 10);
}

struct date got_date(const struct req *q, size_t nth, size_t row, const char *column)
{
    return words_date_of(got(q, nth, row, column));
}

struct instant got_instant(const struct req *q, size_t nth, size_t row, const char *column)
{
    return words_instant_of(got(q, nth, row, column));
}

const char *got_kept(struct req *q, size_t nth, size_t row, const char *column)
{
    return arena_strdup(q->arena, got(q, nth, row, column));
}

/* Reads an element of {a,"b c"}; at stands at its beginning. Returns what stands behind it. */
static const char *read_element(const char *at, char *out)
{
    bool quoted = *at == '"';
    at += quoted ? 1 : 0;
    while (*at != '\0' && (quoted ? *at != '"' : *at != ',' && *at != '}')) {
        at += *at == '\\' && at[1] != '\0' ? 1 : 0;
        *out++ = *at++;
    }
    *out = '\0';
    return at + (quoted && *at == '"' ? 1 : 0);
}

const char *const *got_list(struct req *q, size_t nth, size_t row, const char *column, size_t *n)
{
    const char *text = got(q, nth, row, column);
    *n = 0;
    if (text == NULL || text[0] != '{' || text[1] == '}') {
        return NULL;
    }
    size_t most = 1;
    for (const char *c = text; *c != '\0'; c++) {
        most += *c == ',' ? 1 : 0;
    }
    const char **list = arena_array(q->arena, most, sizeof *list);
    for (const char *at = text + 1; *n < most; at++) {
        char *one = arena_alloc(q->arena, strlen(at) + 1);
        at = read_element(at, one);
        list[(*n)++] = one;
        if (*at != ',') {
            break;
        }
    }
    return list;
}

/* ---- what the session remembers ---- */

static void keep_filter(char *to, size_t size, const char *value)
{
    to[0] = '\0';
    if (value != NULL && strlen(value) < size) {
        memcpy(to, value, strlen(value) + 1);
    }
}

void req_set_filters(struct req *q, const char *queue, const char *site)
{
    keep_filter(q->session->queue_filter, sizeof q->session->queue_filter, queue);
    keep_filter(q->session->site_filter, sizeof q->session->site_filter, site);
}

const char *req_filter_queue(const struct req *q)
{
    return q->session->queue_filter;
}

const char *req_filter_site(const struct req *q)
{
    return q->session->site_filter;
}

const char *const *req_sites(const struct req *q, size_t *n)
{
    const struct session *one = q->session;
    *n = one->n_sites;
    bool fresh = one->sites_arena != NULL && clock_mono_ms() - one->sites_ms < SITES_MS;
    return fresh ? one->sites : NULL;
}

void req_keep_sites(struct req *q, const char *const *sites, size_t n)
{
    struct session *one = q->session;
    arena_free(one->sites_arena);
    one->sites_arena = arena_new(1024);
    one->sites = arena_array(one->sites_arena, n + 1, sizeof *one->sites);
    for (size_t i = 0; i < n; i++) {
        one->sites[i] = arena_strdup(one->sites_arena, sites[i]);
    }
    one->n_sites = n;
    one->sites_ms = clock_mono_ms();
}

void req_note_saved(struct req *q, const char *task_id)
{
    struct session *one = q->session;
    char *to = one->saved[one->n_saved++ % SESSION_SAVED];
    (void)snprintf(to, ROUTE_ID_BYTES + 1, "%s", task_id);
}

const char *req_saved_tasks(struct req *q)
{
    const struct session *one = q->session;
    struct buf b = {0};
    for (size_t i = 0; i < SESSION_SAVED && i < one->n_saved; i++) {
        buf_printf(&b, "%s%s", i == 0 ? "{" : ",", one->saved[i]);
    }
    buf_puts(&b, b.len == 0 ? "{}" : "}");
    const char *list = arena_strdup(q->arena, b.data);
    buf_clear(&b);
    return list;
}

/* ---- ends ---- */

void req_free(struct req *q)
{
    if (q == NULL) {
        return;
    }
    free(q->uri);
    free(q->path);
    form_free(q->query);
    form_free(q->form);
    for (size_t i = 0; i < q->body_len; i++) {
        ((volatile char *)q->body)[i] = '\0'; /* a password may be in it */
    }
    free(q->body);
    free(q->location);
    free(q->cookie);
    free(q->allow);
    html_free(q->html);
    arena_free(q->arena);
    free(q);
}
