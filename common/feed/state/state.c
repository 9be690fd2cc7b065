/* Rows in one array, texts as numbers, an index by identity. A row that is removed keeps its place
 * in the array, so that numbers stay what they are. */
#include "common/feed/state/state.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/feed/state/slots.h"

struct leaver {
    struct state_leaver l;
    bool gone;
};

struct state {
    struct texts *texts;
    struct state_kept *row;
    size_t n, cap;
    struct slots by_id, by_start;
    bool has_starts;
    struct leaver *leaver;
    size_t n_leavers, leavers_cap;
    struct slots by_person;
};

struct state *state_new(void)
{
    struct state *s = mem_alloc(sizeof *s);
    s->texts = texts_new();
    return s;
}

void state_free(struct state *s)
{
    if (s != NULL) {
        texts_free(s->texts);
        slots_clear(&s->by_id);
        slots_clear(&s->by_start);
        slots_clear(&s->by_person);
        free(s->row);
        free(s->leaver);
        free(s);
    }
}

struct texts *state_texts(struct state *s)
{
    return s->texts;
}

/* ---- rows ---- */

static uint64_t hash_of_id(const void *arg, uint32_t i)
{
    const struct state *s = arg;
    return slots_hash(s->row[i].organisation, s->row[i].absence_id, 0, 0);
}

/* Also a row that is gone, whose place it is. */
static size_t find_place(const struct state *s, uint32_t organisation, uint32_t absence_id)
{
    uint64_t hash = slots_hash(organisation, absence_id, 0, 0);
    size_t at = 0;
    for (uint32_t i = slots_next(&s->by_id, hash, &at); i != SLOTS_NONE;
         i = slots_next(&s->by_id, hash, &at)) {
        if (s->row[i].organisation == organisation && s->row[i].absence_id == absence_id) {
            return i;
        }
    }
    return STATE_NONE;
}

size_t state_find(const struct state *s, uint32_t organisation, uint32_t absence_id)
{
    size_t i = find_place(s, organisation, absence_id);
    return i != STATE_NONE && s->row[i].gone ? STATE_NONE : i;
}

static size_t add_place(struct state *s, uint32_t organisation, uint32_t absence_id)
{
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 256 : s->cap + s->cap / 2;
        s->row = mem_resize(s->row, s->cap, sizeof *s->row);
    }
    s->row[s->n] = (struct state_kept){.organisation = organisation, .absence_id = absence_id};
    slots_add(&s->by_id, slots_hash(organisation, absence_id, 0, 0), (uint32_t)s->n, hash_of_id, s);
    return s->n++;
}

void state_put(struct state *s, const struct state_row *row)
{
    uint32_t organisation = texts_puts(s->texts, row->organisation);
    uint32_t absence_id = texts_puts(s->texts, row->absence_id);
    size_t i = find_place(s, organisation, absence_id);
    i = i == STATE_NONE ? add_place(s, organisation, absence_id) : i;
    struct state_kept *k = &s->row[i];
    *k = (struct state_kept){.organisation = organisation,
                             .absence_id = absence_id,
                             .person_id = texts_puts(s->texts, row->person_id),
                             .assignment_id = texts_puts(s->texts, row->assignment_id),
                             .version = row->version,
                             .onset = row->onset,
                             .last_day = row->last_day,
                             .missing_since = row->missing_since,
                             .missing = (uint16_t)row->missing,
                             .open_ended = row->open_ended,
                             .ended = row->ended,
                             .cancelled = row->cancelled,
                             .settled = row->settled,
                             .derived = row->derived,
                             .begun = row->begun};
    memcpy(k->digest, row->digest, sizeof k->digest);
    slots_clear(&s->by_start);
    s->has_starts = false;
}

void state_remove(struct state *s, const char *organisation, const char *absence_id)
{
    size_t i = state_find(s, texts_puts(s->texts, organisation), texts_puts(s->texts, absence_id));
    if (i != STATE_NONE) {
        s->row[i].gone = true;
    }
}

static void set_gone(struct state *s, int64_t version, bool gone)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->row[i].begun && s->row[i].version == version) {
            s->row[i].gone = gone;
        }
    }
    slots_clear(&s->by_start);
    s->has_starts = false;
}

void state_hide_begun(struct state *s, int64_t version)
{
    set_gone(s, version, true);
}

void state_show_begun(struct state *s, int64_t version)
{
    set_gone(s, version, false);
}

size_t state_rows(const struct state *s)
{
    return s->n;
}

const struct state_kept *state_kept_at(const struct state *s, size_t i)
{
    return &s->row[i];
}

struct state_row state_row_of(const struct state *s, const struct state_kept *k)
{
    struct state_row row = {.organisation = texts_at(s->texts, k->organisation),
                            .absence_id = texts_at(s->texts, k->absence_id),
                            .person_id = texts_at(s->texts, k->person_id),
                            .assignment_id = texts_or_null(s->texts, k->assignment_id),
                            .version = k->version,
                            .onset = k->onset,
                            .last_day = k->last_day,
                            .missing_since = k->missing_since,
                            .missing = k->missing,
                            .open_ended = k->open_ended,
                            .ended = k->ended,
                            .cancelled = k->cancelled,
                            .settled = k->settled,
                            .derived = k->derived,
                            .begun = k->begun};
    memcpy(row.digest, k->digest, sizeof row.digest);
    return row;
}

bool state_row_at(const struct state *s, size_t i, struct state_row *out)
{
    if (s->row[i].gone) {
        return false;
    }
    *out = state_row_of(s, &s->row[i]);
    return true;
}

/* ---- by start ---- */

static uint64_t hash_of_start(const void *arg, uint32_t i)
{
    const struct state_kept *k = &((const struct state *)arg)->row[i];
    return slots_hash(k->organisation, k->person_id, k->assignment_id, (uint32_t)k->onset.days);
}

static void index_starts(struct state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!s->row[i].gone) {
            slots_add(&s->by_start, hash_of_start(s, (uint32_t)i), (uint32_t)i, hash_of_start, s);
        }
    }
    s->has_starts = true;
}

size_t state_find_start(struct state *s, uint32_t organisation, uint32_t person_id,
                        uint32_t assignment_id, struct date onset, size_t *at)
{
    if (!s->has_starts) {
        index_starts(s);
    }
    uint64_t hash = slots_hash(organisation, person_id, assignment_id, (uint32_t)onset.days);
    for (uint32_t i = slots_next(&s->by_start, hash, at); i != SLOTS_NONE;
         i = slots_next(&s->by_start, hash, at)) {
        const struct state_kept *k = &s->row[i];
        if (!k->gone && k->organisation == organisation && k->person_id == person_id &&
            k->assignment_id == assignment_id && date_eq(k->onset, onset)) {
            return i;
        }
    }
    return STATE_NONE;
}

/* ---- leavers ---- */

static uint64_t hash_of_mac(const uint8_t mac[STATE_MAC])
{
    uint64_t h = 0;
    memcpy(&h, mac, sizeof h); /* an HMAC is as good as a hash gets */
    return h;
}

static uint64_t hash_of_leaver(const void *arg, uint32_t i)
{
    return hash_of_mac(((const struct state *)arg)->leaver[i].l.person);
}

static size_t find_leaver(const struct state *s, const uint8_t person[STATE_MAC])
{
    uint64_t hash = hash_of_mac(person);
    size_t at = 0;
    for (uint32_t i = slots_next(&s->by_person, hash, &at); i != SLOTS_NONE;
         i = slots_next(&s->by_person, hash, &at)) {
        if (memcmp(s->leaver[i].l.person, person, STATE_MAC) == 0) {
            return i;
        }
    }
    return STATE_NONE;
}

void state_put_leaver(struct state *s, const struct state_leaver *l)
{
    size_t i = find_leaver(s, l->person);
    if (i == STATE_NONE) {
        if (s->n_leavers == s->leavers_cap) {
            s->leavers_cap = s->leavers_cap == 0 ? 256 : s->leavers_cap * 2;
            s->leaver = mem_resize(s->leaver, s->leavers_cap, sizeof *s->leaver);
        }
        i = s->n_leavers++;
        s->leaver[i] = (struct leaver){.l = *l};
        slots_add(&s->by_person, hash_of_mac(l->person), (uint32_t)i, hash_of_leaver, s);
    }
    s->leaver[i] = (struct leaver){.l = *l};
}

void state_remove_leaver(struct state *s, const uint8_t person[STATE_MAC])
{
    size_t i = find_leaver(s, person);
    if (i != STATE_NONE) {
        s->leaver[i].gone = true;
    }
}

size_t state_leavers(const struct state *s)
{
    return s->n_leavers;
}

bool state_leaver_at(const struct state *s, size_t i, struct state_leaver *out)
{
    *out = s->leaver[i].l;
    return !s->leaver[i].gone;
}

const struct state_leaver *state_find_leaver(const struct state *s, const uint8_t person[STATE_MAC])
{
    size_t i = find_leaver(s, person);
    return i == STATE_NONE || s->leaver[i].gone ? NULL : &s->leaver[i].l;
}
