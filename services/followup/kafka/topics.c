/* A topic is unknown until somebody looked, and is there until an order of the sink finds it
 * missing. n_news is never too low, so a turn of the loop with no news searches nothing. The lock
 * is never held over a call to the library. */
#include "services/followup/kafka/topics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define LOOK_AGAIN_MS 2000

struct topic {
    char *name;
    enum topic_state state;
    bool told_missing;    /* the loop knows */
    int64_t look_at_ms;   /* not before; while not there */
    char **organisations; /* that wait for it */
    size_t n_organisations;
};

struct topics {
    pthread_mutex_t lock;
    struct topic *items; /* by name */
    size_t n, room;
    size_t n_news; /* at most: topics whose state the loop may not know */
};

struct topics *topics_new(void)
{
    struct topics *t = mem_alloc(sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

static void forget_organisations(struct topic *x)
{
    for (size_t i = 0; i < x->n_organisations; i++) {
        free(x->organisations[i]);
    }
    free(x->organisations);
    x->organisations = NULL;
    x->n_organisations = 0;
}

void topics_free(struct topics *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        forget_organisations(&t->items[i]);
        free(t->items[i].name);
    }
    free(t->items);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* Where it is, or belongs. */
static size_t place(const struct topics *t, const char *name, bool *there)
{
    size_t from = 0;
    size_t to = t->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int c = strcmp(t->items[mid].name, name);
        if (c == 0) {
            *there = true;
            return mid;
        }
        if (c < 0) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    *there = false;
    return from;
}

static struct topic *entry(struct topics *t, const char *name)
{
    bool there = false;
    size_t at = place(t, name, &there);
    if (there) {
        return &t->items[at];
    }
    if (t->n == t->room) {
        t->room = t->room == 0 ? 64 : t->room * 2;
        t->items = mem_resize(t->items, t->room, sizeof *t->items);
    }
    memmove(&t->items[at + 1], &t->items[at], (t->n - at) * sizeof *t->items);
    t->n++;
    t->items[at] = (struct topic){.name = mem_strdup(name)};
    if (strlen(name) >= TOPIC_TEXT) { /* no broker has one of that name */
        t->items[at].state = TOPIC_MISSING;
        t->items[at].look_at_ms = INT64_MAX;
        t->n_news++;
    }
    return &t->items[at];
}

static void wait_for(struct topic *x, const char *organisation)
{
    for (size_t i = 0; i < x->n_organisations; i++) {
        if (strcmp(x->organisations[i], organisation) == 0) {
            return;
        }
    }
    x->organisations =
        mem_resize(x->organisations, x->n_organisations + 1, sizeof *x->organisations);
    x->organisations[x->n_organisations++] = mem_strdup(organisation);
}

enum topic_state topics_ask(struct topics *t, const char *name, const char *organisation)
{
    if (t == NULL) {
        return TOPIC_THERE;
    }
    pthread_mutex_lock(&t->lock);
    struct topic *x = entry(t, name);
    enum topic_state state = x->state;
    if (state != TOPIC_THERE) {
        wait_for(x, organisation);
    }
    pthread_mutex_unlock(&t->lock);
    return state;
}

size_t topics_waiting(struct topics *t, struct arena *a, const char ***out)
{
    size_t n = 0;
    *out = NULL;
    if (t == NULL) {
        return 0;
    }
    pthread_mutex_lock(&t->lock);
    size_t most = 0;
    for (size_t i = 0; i < t->n; i++) {
        most += t->items[i].state == TOPIC_THERE ? 0 : t->items[i].n_organisations;
    }
    *out = arena_array(a, most, sizeof **out);
    for (size_t i = 0; i < t->n; i++) {
        const struct topic *x = &t->items[i];
        for (size_t k = 0; k < x->n_organisations && x->state != TOPIC_THERE; k++) {
            size_t at = 0;
            while (at < n && strcmp((*out)[at], x->organisations[k]) != 0) {
                at++;
            }
            if (at == n) {
                (*out)[n++] = arena_strndup(a, x->organisations[k], strlen(x->organisations[k]));
            }
        }
    }
    pthread_mutex_unlock(&t->lock);
    return n;
}

/* A topic that is back while people wait for it, or that is missing and was not reported. */
static bool is_news(const struct topic *x)
{
    return x->state == TOPIC_THERE ? x->n_organisations > 0 || x->told_missing
                                   : x->state == TOPIC_MISSING && !x->told_missing;
}

bool topics_news(struct topics *t, struct topic_news *out)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n && t->n_news > 0 && !found; i++) {
        struct topic *x = &t->items[i];
        if (is_news(x)) {
            found = true;
            *out = (struct topic_news){.there = x->state == TOPIC_THERE};
            (void)snprintf(out->name, sizeof out->name, "%s", x->name);
            x->told_missing = !out->there;
            if (out->there) {
                forget_organisations(x);
            }
        }
    }
    t->n_news = found ? t->n_news : 0;
    pthread_mutex_unlock(&t->lock);
    return found;
}

static bool is_wanted(const struct topic *x, int64_t now_ms)
{
    return x->state != TOPIC_THERE && now_ms >= x->look_at_ms;
}

bool topics_want(struct topics *t, int64_t now_ms)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n && !found; i++) {
        found = is_wanted(&t->items[i], now_ms);
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

bool topics_wanted(struct topics *t, int64_t now_ms, char out[TOPIC_TEXT])
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n && !found; i++) {
        struct topic *x = &t->items[i];
        if (is_wanted(x, now_ms)) {
            found = true;
            x->look_at_ms = now_ms + LOOK_AGAIN_MS;
            (void)snprintf(out, TOPIC_TEXT, "%s", x->name);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

void topics_found(struct topics *t, const char *name, bool there)
{
    pthread_mutex_lock(&t->lock);
    struct topic *x = entry(t, name);
    x->state = there ? TOPIC_THERE : TOPIC_MISSING;
    t->n_news += is_news(x);
    pthread_mutex_unlock(&t->lock);
}
