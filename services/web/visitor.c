/* People without a session: where they wanted to go, and what they had typed. Bounded in
 * number and in bytes; all of it goes after 15 minutes. */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "services/web/inside.h"
#include "services/web/request.h"

#define VISITORS_MAX 1024
#define UNSENT_BYTES ((size_t)4 * 1024 * 1024)

struct visitors {
    struct visitor all[VISITORS_MAX];
    size_t unsent; /* bytes of forms */
};

struct visitors *visitors_new(void)
{
    return mem_alloc(sizeof(struct visitors));
}

void visitors_forget(struct visitors *v, struct visitor *one)
{
    if (one->form != NULL) {
        v->unsent -= form_bytes(one->form);
        form_free(one->form);
    }
    *one = (struct visitor){0};
}

void visitors_free(struct visitors *v)
{
    for (size_t i = 0; v != NULL && i < VISITORS_MAX; i++) {
        visitors_forget(v, &v->all[i]);
    }
    free(v);
}

struct visitor *visitors_find(struct visitors *v, const char *cookie)
{
    struct visitor *found = NULL;
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        struct visitor *one = &v->all[i];
        found = one->id[0] != '\0' && secret_is(cookie, one->id) ? one : found;
    }
    if (found != NULL && clock_mono_ms() - found->at_ms > HELD_MS) {
        visitors_forget(v, found);
        found = NULL;
    }
    return found;
}

/* Those without unsent text go first, so that a crowd at the door costs nobody theirs. */
struct visitor *visitors_add(struct visitors *v)
{
    int64_t now = clock_mono_ms();
    struct visitor *oldest = NULL;
    struct visitor *oldest_of_all = &v->all[0];
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        struct visitor *one = &v->all[i];
        if (one->id[0] != '\0' && now - one->at_ms > HELD_MS) {
            visitors_forget(v, one);
        }
        if (one->form == NULL && (oldest == NULL || one->at_ms < oldest->at_ms)) {
            oldest = one;
        }
        if (one->at_ms < oldest_of_all->at_ms) {
            oldest_of_all = one;
        }
    }
    oldest = oldest == NULL ? oldest_of_all : oldest;
    visitors_forget(v, oldest);
    secret_make(oldest->id);
    oldest->at_ms = now;
    return oldest;
}

bool visitors_have_room(const struct visitors *v, size_t bytes)
{
    return v->unsent + bytes <= UNSENT_BYTES;
}

void visitors_keep_form(struct visitors *v, struct visitor *one, const struct form *f)
{
    one->form = form_copy(f);
    v->unsent += form_bytes(one->form);
}

void visitors_tick(struct visitors *v, int64_t now_ms)
{
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        if (v->all[i].id[0] != '\0' && now_ms - v->all[i].at_ms > HELD_MS) {
            visitors_forget(v, &v->all[i]);
        }
    }
}
