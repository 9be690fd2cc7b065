/* Leaving dates: whose date is another than was last sent. The state knows people by HMAC only. */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/feed/difference/difference_inside.h"

#define FORGET_DAYS 60 /* after the window, of people who are not on the list any more */

static void add(struct difference_inside *in, const struct leaver_step *step)
{
    if (in->n_leavers == in->leavers_cap) {
        in->leavers_cap = in->leavers_cap == 0 ? 64 : in->leavers_cap * 2;
        in->leaver = mem_resize(in->leaver, in->leavers_cap, sizeof *in->leaver);
    }
    in->leaver[in->n_leavers++] = *step;
}

static uint32_t organisation_of(const struct difference_inside *in, const struct person *p)
{
    const char *only = in->in.mapping->organisation.value;
    return p->organisation == TEXTS_NONE && only != NULL
               ? texts_puts(state_texts(in->in.state), only)
               : p->organisation;
}

static void mac_of(const struct difference_inside *in, uint32_t organisation, uint32_t person_id,
                   uint8_t out[STATE_MAC])
{
    const struct texts *texts = state_texts(in->in.state);
    const char *const parts[] = {"person", texts_at(texts, organisation),
                                 texts_at(texts, person_id)};
    uint8_t mac[SHA256_BYTES];
    hmac_parts(in->in.key, parts, 3, mac);
    memcpy(out, mac, STATE_MAC);
}

static void judge(struct difference *d, size_t i)
{
    struct difference_inside *in = d->inside;
    struct person p = people_at(in->people, i);
    uint32_t organisation = organisation_of(in, &p);
    if (p.left_unknown ||
        records_organisation(&in->records, organisation) == in->in.mapping->organisations.n) {
        return;
    }
    struct leaver_step step = {.person = i, .on = p.left};
    mac_of(in, organisation, p.person_id, step.mac);
    const struct state_leaver *sent = state_find_leaver(in->in.state, step.mac);
    if (in->doubt || (sent != NULL && sent->begun) ||
        !date_eq(sent == NULL ? DATE_NONE : sent->on, p.left)) {
        d->counts.left += !date_is_none(p.left);
        d->counts.left_withdrawn += date_is_none(p.left);
        add(in, &step);
    }
}

static int by_mac(const void *x, const void *y)
{
    return memcmp(x, y, STATE_MAC);
}

/* People who left long ago and are not on the list any more. */
static void forget(struct difference_inside *in)
{
    size_t n = people_count(in->people);
    uint8_t(*listed)[STATE_MAC] = mem_resize(NULL, n + 1, sizeof *listed);
    for (size_t i = 0; i < n; i++) {
        struct person p = people_at(in->people, i);
        mac_of(in, organisation_of(in, &p), p.person_id, listed[i]);
    }
    qsort(listed, n, sizeof *listed, by_mac);
    for (size_t i = 0; i < state_leavers(in->in.state); i++) {
        struct state_leaver l;
        if (state_leaver_at(in->in.state, i, &l) &&
            date_diff(l.on, in->today) > in->in.mapping->covers_days + FORGET_DAYS &&
            bsearch(l.person, listed, n, sizeof *listed, by_mac) == NULL) {
            struct leaver_step step = {.person = PEOPLE_NONE, .on = DATE_NONE};
            memcpy(step.mac, l.person, STATE_MAC);
            add(in, &step);
        }
    }
    free(listed);
}

void difference_find_leavers(struct difference *d)
{
    struct difference_inside *in = d->inside;
    if (in->people == NULL || mapping_column_of(&in->in.mapping->staff, MAPPING_LEFT_ON) == NULL) {
        return;
    }
    for (size_t i = 0; i < people_count(in->people); i++) {
        judge(d, i);
    }
    in->n_left = in->n_leavers;
    if (state_leavers(in->in.state) > 0) {
        forget(in);
    }
}
