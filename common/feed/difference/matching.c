/* Records without ids are compared within groups: those of one assignment, or without assignments
 * of one person. In a group the sure pairs come first, those of the same start. Then come
 * starts that only lost rows before the file's window, then starts that moved, nearest first. */
#include "common/feed/difference/matching.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/feed/state/slots.h"

#define ID_REUSED_DAYS 90
#define MOVED_DAYS 7
#define ID_DIGITS 20

/* Records of a group, or rows of the state. */
struct item {
    uint32_t group; /* a text */
    struct date onset;
    uint32_t number; /* of the record, or of the row of the state */
};

struct side {
    struct item *item;
    size_t n;
};

struct matching {
    struct records *r;
    struct date today;
    struct buf text;
    struct slots new_ids; /* records that were given an id */
    /* The group at hand: */
    const struct item *record, *known;
    size_t n_records, n_known;
};

static struct record *record_of(const struct matching *m, size_t i)
{
    return records_at(m->r, m->record[i].number);
}

static const struct state_kept *known_of(const struct matching *m, size_t i)
{
    return state_kept_at(m->r->state, m->known[i].number);
}

static void pair(const struct matching *m, struct record *record, uint32_t known)
{
    record->state = known;
    record->absence_id = state_kept_at(m->r->state, known)->absence_id;
    m->r->mark[known] |= MARK_SEEN;
}

static bool is_seen(const struct matching *m, size_t i)
{
    return (m->r->mark[m->known[i].number] & MARK_SEEN) != 0;
}

static bool is_open(const struct record *record)
{
    return record_counts(record) && record->state == RECORD_NONE;
}

/* ---- with ids ---- */

static void match_id(const struct matching *m, struct record *record)
{
    size_t i = state_find(m->r->state, record->organisation, record->absence_id);
    if (i == STATE_NONE) {
        return;
    }
    const struct state_kept *k = state_kept_at(m->r->state, i);
    if (k->person_id != record->person_id &&
        abs(date_diff(k->onset, record->onset)) > ID_REUSED_DAYS) {
        records_reject(m->r, record, MAPPING_ABSENCE_ID, ROW_ID_REUSED);
        return;
    }
    if ((m->r->mark[i] & MARK_VOID) != 0) {
        /* The same id in a row that is good and in one that says it is not: nobody knows. */
        records_reject(m->r, record, MAPPING_ABSENCE_ID, ROW_DUPLICATE_ID);
        struct record other = *record;
        other.line = m->r->void_line[i];
        records_reject(m->r, &other, MAPPING_ABSENCE_ID, ROW_DUPLICATE_ID);
        m->r->mark[i] &= (uint8_t)~MARK_VOID;
        m->r->passed_over--;
        return;
    }
    pair(m, record, (uint32_t)i);
}

/* ---- groups ---- */

static uint32_t group_of(struct matching *m, uint32_t organisation, uint32_t person_id,
                         uint32_t assignment_id)
{
    struct texts *texts = state_texts(m->r->state);
    bool by_person = assignment_id == TEXTS_NONE;
    buf_reset(&m->text);
    buf_putc(&m->text, by_person ? 'P' : 'A');
    buf_putc(&m->text, '\x1f');
    buf_puts(&m->text, texts_at(texts, organisation));
    buf_putc(&m->text, '\x1f');
    buf_puts(&m->text, texts_at(texts, by_person ? person_id : assignment_id));
    return texts_put(texts, m->text.data, m->text.len);
}

static int by_group(const void *x, const void *y)
{
    const struct item *a = x;
    const struct item *b = y;
    int by = (a->group > b->group) - (a->group < b->group);
    by = by != 0 ? by : (a->onset.days > b->onset.days) - (a->onset.days < b->onset.days);
    return by != 0 ? by : (a->number > b->number) - (a->number < b->number);
}

static struct side side_of_records(struct matching *m)
{
    struct side s = {.item = mem_resize(NULL, m->r->n + 1, sizeof *s.item)};
    for (size_t i = 0; i < m->r->n; i++) {
        const struct record *record = records_at(m->r, i);
        if (record_counts(record) && (record->flags & RECORD_DERIVED) != 0) {
            s.item[s.n++] =
                (struct item){.group = group_of(m, record->organisation, record->person_id,
                                                record->assignment_id),
                              .onset = record->onset,
                              .number = (uint32_t)i};
        }
    }
    if (s.n > 0) {
        qsort(s.item, s.n, sizeof *s.item, by_group);
    }
    return s;
}

static struct side side_of_state(struct matching *m)
{
    struct side s = {.item = mem_resize(NULL, state_rows(m->r->state) + 1, sizeof *s.item)};
    for (size_t i = 0; i < state_rows(m->r->state); i++) {
        const struct state_kept *k = state_kept_at(m->r->state, i);
        if (!k->gone && k->derived) {
            s.item[s.n++] =
                (struct item){.group = group_of(m, k->organisation, k->person_id, k->assignment_id),
                              .onset = k->onset,
                              .number = (uint32_t)i};
        }
    }
    if (s.n > 0) {
        qsort(s.item, s.n, sizeof *s.item, by_group);
    }
    return s;
}

/* ---- within a group ---- */

static bool same_row(const struct matching *m, const struct record *a, const struct record *b)
{
    return date_eq(a->onset, b->onset) && date_eq(a->last_day, b->last_day) &&
           a->person_id == b->person_id && a->flags == b->flags &&
           memcmp(a->value, b->value, m->r->n_values * sizeof a->value[0]) == 0;
}

/* A row that stands twice is one record. */
static void drop_repeats(const struct matching *m)
{
    for (size_t i = 1; i < m->n_records; i++) {
        for (size_t k = i; k-- > 0 && date_eq(m->record[k].onset, m->record[i].onset);) {
            struct record *here = record_of(m, i);
            if (record_counts(record_of(m, k)) && same_row(m, record_of(m, k), here)) {
                here->flags |= RECORD_REPEAT;
                break;
            }
        }
    }
}

/* How sure it is that a record and a known one of the same start are the same: the lower the surer.
 */
enum { SAME_END, SAME_PERSON, CAME_BACK, SAME_ASSIGNMENT, SURENESSES };

static bool is_same(const struct record *record, const struct state_kept *k, int sureness)
{
    bool person = record->person_id == k->person_id;
    switch (sureness) {
    case SAME_END:
        return person && !k->cancelled && date_eq(record->last_day, k->last_day);
    case SAME_PERSON:
        return person && !k->cancelled;
    case CAME_BACK:
        return person;
    default:
        return !person && !k->cancelled && record->assignment_id != TEXTS_NONE;
    }
}

static void match_starts(const struct matching *m)
{
    for (int sureness = 0; sureness < SURENESSES; sureness++) {
        size_t first = 0; /* of the known ones that may start with the record or later */
        for (size_t i = 0; i < m->n_records; i++) {
            struct record *record = record_of(m, i);
            while (first < m->n_known && m->known[first].onset.days < record->onset.days) {
                first++;
            }
            for (size_t k = first;
                 k < m->n_known && is_open(record) && date_eq(m->known[k].onset, record->onset);
                 k++) {
                if (!is_seen(m, k) && is_same(record, known_of(m, k), sureness)) {
                    pair(m, record, m->known[k].number);
                }
            }
        }
    }
}

/* Shifts before the file's window are not in the file any more; the record they began continues. */
static void match_window(const struct matching *m)
{
    struct date window = date_add(m->today, -m->r->m->covers_days);
    int gap = m->r->m->rules.merge_gap_days;
    for (size_t i = 0; i < m->n_records; i++) {
        struct record *record = record_of(m, i);
        for (size_t k = m->n_known; k-- > 0 && is_open(record);) {
            const struct state_kept *known = known_of(m, k);
            bool goes_on = date_is_none(known->last_day) ||
                           date_diff(known->last_day, record->onset) - 1 <= gap;
            if (!is_seen(m, k) && !known->cancelled && known->person_id == record->person_id &&
                known->onset.days < window.days && known->onset.days < record->onset.days &&
                date_diff(window, record->onset) <= gap && goes_on) {
                record->onset = known->onset;
                pair(m, record, m->known[k].number);
            }
        }
    }
}

/* ---- starts that moved ---- */

struct candidate {
    int days, first;
    uint32_t record, known; /* within the group */
};

static int by_days(const void *x, const void *y)
{
    const struct candidate *a = x;
    const struct candidate *b = y;
    int by = (a->days > b->days) - (a->days < b->days);
    by = by != 0 ? by : (a->first > b->first) - (a->first < b->first);
    by = by != 0 ? by : (a->record > b->record) - (a->record < b->record);
    return by != 0 ? by : (a->known > b->known) - (a->known < b->known);
}

static bool overlap(const struct record *record, const struct state_kept *k)
{
    return (date_is_none(record->last_day) || record->last_day.days >= k->onset.days) &&
           (date_is_none(k->last_day) || k->last_day.days >= record->onset.days);
}

/* A known record has gone if no row has its start any more and nothing else explains that. */
static bool has_gone(const struct matching *m, size_t i)
{
    const struct state_kept *k = known_of(m, i);
    return m->r->mark[m->known[i].number] == 0 && !k->cancelled &&
           (!m->r->m->full || matching_in_window(m->r->m, k->onset, m->today));
}

/* In an extract of changes a known record without a row has not gone: only what overlaps moved. A
 * bad row may be the known record, or one of the rows that are merged into it. */
static bool may_have_moved(const struct matching *m, const struct record *record,
                           const struct state_kept *k)
{
    bool near = m->r->m->full && abs(date_diff(record->onset, k->onset)) <= MOVED_DAYS;
    if (records_guards(m->r, k->person_id)) {
        return m->r->m->rules.merge && overlap(record, k);
    }
    return near || overlap(record, k);
}

static size_t list_candidates(const struct matching *m, struct candidate *out)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_records; i++) {
        const struct record *record = record_of(m, i);
        for (size_t k = 0; is_open(record) && k < m->n_known; k++) {
            const struct state_kept *known = known_of(m, k);
            if (!has_gone(m, k) || !may_have_moved(m, record, known)) {
                continue;
            }
            if (out != NULL) {
                int days = date_diff(known->onset, record->onset);
                out[n] =
                    (struct candidate){.days = abs(days),
                                       .first = days < 0 ? record->onset.days : known->onset.days,
                                       .record = (uint32_t)i,
                                       .known = (uint32_t)k};
            }
            n++;
        }
    }
    return n;
}

static void match_moved(const struct matching *m)
{
    size_t n = list_candidates(m, NULL);
    if (n == 0) {
        return;
    }
    struct candidate *candidate = mem_resize(NULL, n, sizeof *candidate);
    (void)list_candidates(m, candidate);
    qsort(candidate, n, sizeof *candidate, by_days);
    for (size_t i = 0; i < n; i++) {
        struct record *record = record_of(m, candidate[i].record);
        if (is_open(record) && !is_seen(m, candidate[i].known)) {
            pair(m, record, m->known[candidate[i].known].number);
            record->flags |= RECORD_MOVED;
        }
    }
    free(candidate);
}

/* ---- new ids ---- */

static uint64_t hash_of_id(const void *arg, uint32_t i)
{
    const struct record *record = records_at(arg, i);
    return slots_hash(record->organisation, record->absence_id, 0, 0);
}

static bool is_taken(const struct matching *m, const struct record *record, uint32_t id)
{
    uint64_t hash = slots_hash(record->organisation, id, 0, 0);
    size_t at = 0;
    for (uint32_t i = slots_next(&m->new_ids, hash, &at); i != SLOTS_NONE;
         i = slots_next(&m->new_ids, hash, &at)) {
        const struct record *other = records_at(m->r, i);
        if (other->organisation == record->organisation && other->absence_id == id) {
            return true;
        }
    }
    return state_find(m->r->state, record->organisation, id) != STATE_NONE;
}

static uint32_t id_of(struct matching *m, const struct record *record, int nth)
{
    struct texts *texts = state_texts(m->r->state);
    uint8_t digest[SHA256_BYTES];
    char hex[ID_DIGITS + 1];
    char start[DATE_TEXT];
    buf_reset(&m->text);
    buf_printf(&m->text, "%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%d", m->r->m->source,
               texts_at(texts, record->organisation), texts_at(texts, record->person_id),
               texts_at(texts, record->assignment_id), date_format(record->onset, start), nth);
    hash_sha256(m->text.data, m->text.len, digest);
    return texts_puts(texts, hash_hex(digest, ID_DIGITS / 2, hex));
}

static void give_id(struct matching *m, struct record *record, uint32_t number)
{
    int nth = 1;
    uint32_t id = id_of(m, record, nth);
    while (is_taken(m, record, id)) {
        id = id_of(m, record, ++nth);
    }
    record->absence_id = id;
    slots_add(&m->new_ids, slots_hash(record->organisation, id, 0, 0), number, hash_of_id, m->r);
}

/* ---- all of it ---- */

static size_t group_end(const struct side *s, size_t from)
{
    size_t end = from;
    while (end < s->n && s->item[end].group == s->item[from].group) {
        end++;
    }
    return end;
}

static void match_groups(struct matching *m)
{
    struct side records = side_of_records(m);
    struct side state = side_of_state(m);
    size_t k = 0;
    for (size_t i = 0; i < records.n;) {
        size_t end = group_end(&records, i);
        while (k < state.n && state.item[k].group < records.item[i].group) {
            k = group_end(&state, k);
        }
        bool known = k < state.n && state.item[k].group == records.item[i].group;
        m->record = &records.item[i];
        m->n_records = end - i;
        m->known = known ? &state.item[k] : state.item; /* then there are none of them */
        m->n_known = known ? group_end(&state, k) - k : 0;
        drop_repeats(m);
        match_starts(m);
        if (m->r->m->rules.merge) {
            match_window(m);
        }
        match_moved(m);
        for (size_t j = 0; j < m->n_records; j++) {
            if (is_open(record_of(m, j))) {
                give_id(m, record_of(m, j), m->record[j].number);
            }
        }
        i = end;
    }
    free(records.item);
    free(state.item);
}

void matching_make(struct records *r, struct date today)
{
    struct matching m = {.r = r, .today = today};
    bool derived = false;
    for (size_t i = 0; i < r->n; i++) {
        struct record *record = records_at(r, i);
        bool without = (record->flags & RECORD_DERIVED) != 0;
        derived = derived || without;
        if (record_counts(record) && !without) {
            match_id(&m, record);
        }
    }
    if (derived) {
        match_groups(&m);
    }
    buf_clear(&m.text);
    slots_clear(&m.new_ids);
}
