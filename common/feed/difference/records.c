/* A row is read into the place behind the last record and counts once it is good. A bad row still
 * shows which record not to miss. */
#include "common/feed/difference/records.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/feed/rows/table.h"
#include "common/feed/state/slots.h"

/* A file while it is read. */
struct reading {
    struct records *r;
    struct table *table;
    struct table_row row;
    struct cell *cell;
    struct slots by_id;
    enum row_fault fault; /* of the row: the first, and its column */
    size_t fault_column;
};

#define NO_COLUMN SIZE_MAX

struct record *records_at(const struct records *r, size_t i)
{
    return (struct record *)(void *)(r->bytes + i * r->stride);
}

uint32_t records_value(const struct records *r, const struct record *record,
                       enum mapping_member member)
{
    uint8_t slot = r->slot_of[member];
    return slot == RECORDS_NO_SLOT ? 0 : record->value[slot];
}

size_t records_organisation(const struct records *r, uint32_t organisation)
{
    const struct mapping_texts *names = &r->m->organisations;
    const char *name = texts_at(state_texts(r->state), organisation);
    size_t i = 0;
    while (i < names->n && strcmp(names->item[i], name) != 0) {
        i++;
    }
    return i;
}

/* ---- what a bad row protects ---- */

static void guard_person(struct records *r, uint32_t person_id)
{
    if (r->n_guarded == r->guarded_cap) {
        r->guarded_cap = r->guarded_cap == 0 ? 64 : r->guarded_cap * 2;
        r->guarded = mem_resize(r->guarded, r->guarded_cap, sizeof *r->guarded);
    }
    r->guarded[r->n_guarded++] = person_id;
}

static void mark_id(struct records *r, uint32_t organisation, uint32_t absence_id, uint8_t mark)
{
    size_t i = state_find(r->state, organisation, absence_id);
    if (i != STATE_NONE) {
        r->mark[i] |= mark;
    }
}

/* The organisation of a bad row may be unknown: then any. */
static void protect(struct records *r, uint32_t organisation, uint32_t absence_id,
                    uint32_t person_id)
{
    if (absence_id == TEXTS_NONE) {
        if (person_id != TEXTS_NONE) {
            guard_person(r, person_id);
        }
        return;
    }
    for (size_t i = 0; i < r->m->organisations.n; i++) {
        uint32_t one = texts_puts(state_texts(r->state), r->m->organisations.item[i]);
        if (organisation == TEXTS_NONE || organisation == one) {
            mark_id(r, one, absence_id, MARK_PROTECTED);
        }
    }
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x;
    uint32_t b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

bool records_guards(const struct records *r, uint32_t person_id)
{
    return r->n_guarded > 0 &&
           bsearch(&person_id, r->guarded, r->n_guarded, sizeof *r->guarded, by_number) != NULL;
}

void records_reject(struct records *r, struct record *record, enum mapping_member column,
                    enum row_fault why)
{
    const struct mapping_column *c = mapping_column_of(&r->m->extract, column);
    const char *name = c != NULL && c->names.n > 0 ? c->names.item[0] : "";
    record->flags |= RECORD_BAD;
    rejects_add(&r->rejects, record->line, name, why);
    r->rejected_of[records_organisation(r, record->organisation)]++;
    if ((record->flags & RECORD_DERIVED) != 0) {
        guard_person(r, record->person_id);
        qsort(r->guarded, r->n_guarded, sizeof *r->guarded, by_number);
    } else {
        mark_id(r, record->organisation, record->absence_id, MARK_PROTECTED);
    }
}

/* ---- one cell ---- */

static void read_cell(struct reading *g, size_t i)
{
    const char *raw = "";
    const char *plain = table_cell(g->table, i, &raw);
    cells_read(g->r->m, &g->r->m->extract.column[i], plain, g->cell);
    columns_see(&g->r->columns, i, raw, plain, g->cell);
    if (g->cell->fault != ROW_NONE && g->fault == ROW_NONE) {
        g->fault = g->cell->fault;
        g->fault_column = i;
    }
}

static void blame(struct reading *g, size_t column, enum row_fault why)
{
    if (g->fault == ROW_NONE) {
        g->fault = why;
        g->fault_column = column;
    }
}

/* A time at midnight ends the day before; what is exclusive is the first day back anyway. */
static struct date last_day(const struct reading *g)
{
    const struct cell *c = g->cell;
    const struct zone *z = g->r->m->zone;
    if (!c->given) {
        return DATE_NONE;
    }
    int minute = c->moment.has_offset ? zone_minute(z, moment_instant(&c->moment, z))
                                      : c->moment.hour * 60 + c->moment.minute;
    bool midnight = c->moment.has_time && minute == 0 && c->moment.second == 0;
    return date_add(c->day, g->r->m->rules.exclusive || midnight ? -1 : 0);
}

static void require(struct reading *g, size_t column)
{
    if (!g->cell->given && g->cell->fault == ROW_NONE) {
        blame(g, column, ROW_EMPTY);
    }
}

/* Members that have a place of their own in a record; the others are values. */
static const bool has_place[MAPPING_MEMBER_COUNT] = {
    [MAPPING_ORGANISATION] = true,  [MAPPING_ABSENCE_ID] = true, [MAPPING_PERSON_ID] = true,
    [MAPPING_ASSIGNMENT_ID] = true, [MAPPING_CATEGORY] = true,   [MAPPING_ONSET_DATE] = true,
    [MAPPING_LAST_DAY] = true,      [MAPPING_OPEN_ENDED] = true, [MAPPING_CANCELLED] = true,
};

static void keep_id(struct reading *g, size_t i, struct record *to)
{
    enum mapping_member member = g->r->m->extract.column[i].member;
    uint32_t text = columns_value(MAPPING_KIND_ID, g->cell, state_texts(g->r->state));
    bool required =
        member == MAPPING_PERSON_ID || (member == MAPPING_ABSENCE_ID && !g->r->m->rules.derive_ids);
    if (required) {
        require(g, i);
    }
    *(member == MAPPING_PERSON_ID    ? &to->person_id
      : member == MAPPING_ABSENCE_ID ? &to->absence_id
                                     : &to->assignment_id) = text;
}

/* Puts what was read of a column where it belongs. */
static void keep(struct reading *g, size_t i, struct record *to)
{
    enum mapping_member member = g->r->m->extract.column[i].member;
    enum mapping_kind kind = mapping_member_kind(member);
    if (!has_place[member]) {
        to->value[g->r->slot_of[member]] = columns_value(kind, g->cell, state_texts(g->r->state));
    } else if (kind == MAPPING_KIND_ID) {
        keep_id(g, i, to);
    } else if (member == MAPPING_ONSET_DATE) {
        require(g, i);
        to->onset = g->cell->given ? g->cell->day : DATE_NONE;
    } else if (member == MAPPING_LAST_DAY) {
        to->last_day = last_day(g);
    } else if (member == MAPPING_OPEN_ENDED && g->cell->given) {
        to->flags |= RECORD_OPEN_GIVEN | (g->cell->yes ? RECORD_OPEN_YES : 0U);
    }
}

/* Read before the rest: whose row it is, and whether it is a sickness absence at all. */
static bool is_first(enum mapping_member m)
{
    return m == MAPPING_ORGANISATION || m == MAPPING_CATEGORY || m == MAPPING_CANCELLED;
}

/* ---- one row ---- */

static struct record *place_behind(struct records *r)
{
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 256 : r->cap + r->cap / 2;
        r->bytes = mem_resize(r->bytes, r->cap, r->stride);
    }
    struct record *to = records_at(r, r->n);
    memset(to, 0, r->stride);
    to->onset = DATE_NONE;
    to->last_day = DATE_NONE;
    to->state = RECORD_NONE;
    return to;
}

/* Does the row say that it is none of ours: another category or organisation, or void? */
static bool read_first(struct reading *g, struct record *to)
{
    const struct mapping *m = g->r->m;
    bool passes = false;
    if (m->organisation.value != NULL) {
        to->organisation = texts_puts(state_texts(g->r->state), m->organisation.value);
    }
    for (size_t i = 0; i < m->extract.n; i++) {
        enum mapping_member member = m->extract.column[i].member;
        if (!is_first(member)) {
            continue;
        }
        read_cell(g, i);
        if (member != MAPPING_CANCELLED && !g->cell->passes) {
            require(g, i);
        }
        if (member == MAPPING_ORGANISATION && g->cell->given) {
            to->organisation = texts_puts(state_texts(g->r->state), g->cell->text);
        }
        passes = passes || g->cell->passes ||
                 (member == MAPPING_CANCELLED && g->cell->given && g->cell->yes);
    }
    return passes;
}

static void read_rest(struct reading *g, struct record *to)
{
    const struct mapping_table *t = &g->r->m->extract;
    size_t end = NO_COLUMN;
    for (size_t i = 0; i < t->n; i++) {
        if (!is_first(t->column[i].member)) {
            read_cell(g, i);
            keep(g, i, to);
            end = t->column[i].member == MAPPING_LAST_DAY ? i : end;
        }
    }
    if (to->absence_id == TEXTS_NONE) {
        to->flags |= RECORD_DERIVED;
    }
    if (!date_is_none(to->onset) && !date_is_none(to->last_day) &&
        date_diff(to->onset, to->last_day) < 0) {
        blame(g, end, ROW_LAST_DAY_BEFORE_ONSET);
    }
}

/* Without noting anything of the cells: for rows that are put aside or passed over. */
static void read_identity(struct reading *g, struct record *to)
{
    const struct mapping_table *t = &g->r->m->extract;
    enum row_fault fault = g->fault;
    for (size_t i = 0; i < t->n; i++) {
        enum mapping_member m = t->column[i].member;
        if (m == MAPPING_ABSENCE_ID || m == MAPPING_PERSON_ID || m == MAPPING_ASSIGNMENT_ID ||
            m == MAPPING_ONSET_DATE) {
            cells_read(g->r->m, &t->column[i], table_cell(g->table, i, NULL), g->cell);
            keep(g, i, to);
        }
    }
    g->fault = fault;
}

static void set_aside(struct reading *g, struct record *to)
{
    struct records *r = g->r;
    if (to->person_id == TEXTS_NONE && to->absence_id == TEXTS_NONE) {
        enum row_fault fault = g->fault;
        size_t column = g->fault_column;
        read_identity(g, to);
        g->fault = fault;
        g->fault_column = column;
    }
    const char *column =
        g->fault_column == NO_COLUMN ? "" : table_column(g->table, g->fault_column);
    rejects_add(&r->rejects, g->row.line, column, g->fault);
    r->rejected_of[to->organisation == TEXTS_NONE ? r->m->organisations.n
                                                  : records_organisation(r, to->organisation)]++;
    protect(r, to->organisation, to->absence_id, to->person_id);
}

static void mark_void(struct reading *g, size_t i)
{
    struct records *r = g->r;
    if (r->void_line == NULL) {
        r->void_line = mem_alloc((state_rows(r->state) + 1) * sizeof *r->void_line);
    }
    r->mark[i] |= MARK_VOID;
    r->void_line[i] = (uint32_t)g->row.line;
}

/* The row is none of ours. If it is a record that is known, that one has ended so. */
static void pass_over(struct reading *g, struct record *to)
{
    struct records *r = g->r;
    r->passed_over++;
    read_identity(g, to);
    if (to->absence_id != TEXTS_NONE) {
        size_t i = state_find(r->state, to->organisation, to->absence_id);
        if (i != STATE_NONE) {
            mark_void(g, i);
        }
        return;
    }
    size_t at = 0;
    if (to->person_id == TEXTS_NONE || date_is_none(to->onset)) {
        return;
    }
    for (size_t i = state_find_start(r->state, to->organisation, to->person_id, to->assignment_id,
                                     to->onset, &at);
         i != STATE_NONE; i = state_find_start(r->state, to->organisation, to->person_id,
                                               to->assignment_id, to->onset, &at)) {
        if (!state_kept_at(r->state, i)->cancelled && (r->mark[i] & MARK_VOID) == 0) {
            mark_void(g, i);
            return;
        }
    }
}

/* ---- one id, one record ---- */

static uint64_t hash_of_id(const void *arg, uint32_t i)
{
    const struct record *record = records_at(arg, i);
    return slots_hash(record->organisation, record->absence_id, 0, 0);
}

static bool same_content(const struct records *r, const struct record *a, const struct record *b)
{
    size_t from = offsetof(struct record, onset);
    uint32_t flags = a->flags;
    bool same = ((flags ^ b->flags) & ~(uint32_t)RECORD_BAD) == 0;
    size_t flags_at = offsetof(struct record, flags);
    size_t behind = flags_at + sizeof flags;
    return same && memcmp((const char *)a + from, (const char *)b + from, flags_at - from) == 0 &&
           memcmp((const char *)a + behind, (const char *)b + behind, r->stride - behind) == 0;
}

static struct record *find_id(struct reading *g, const struct record *to)
{
    uint64_t hash = slots_hash(to->organisation, to->absence_id, 0, 0);
    size_t at = 0;
    for (uint32_t i = slots_next(&g->by_id, hash, &at); i != SLOTS_NONE;
         i = slots_next(&g->by_id, hash, &at)) {
        struct record *there = records_at(g->r, i);
        if (there->organisation == to->organisation && there->absence_id == to->absence_id) {
            return there;
        }
    }
    return NULL;
}

static void add(struct reading *g, struct record *to)
{
    struct records *r = g->r;
    to->line = (uint32_t)g->row.line;
    if ((to->flags & RECORD_DERIVED) != 0) {
        r->n++;
        return;
    }
    struct record *there = find_id(g, to);
    if (there == NULL) {
        slots_add(&g->by_id, slots_hash(to->organisation, to->absence_id, 0, 0), (uint32_t)r->n,
                  hash_of_id, r);
        r->n++;
        return;
    }
    bool bad = (there->flags & RECORD_BAD) != 0;
    if (!bad && same_content(r, there, to)) {
        return;
    }
    if (!bad) {
        records_reject(r, there, MAPPING_ABSENCE_ID, ROW_DUPLICATE_ID);
    }
    records_reject(r, to, MAPPING_ABSENCE_ID, ROW_DUPLICATE_ID);
}

static void read_row(struct reading *g)
{
    struct record *to = place_behind(g->r);
    g->r->rows++;
    g->fault = ROW_NONE;
    g->fault_column = NO_COLUMN;
    if (!g->row.whole) {
        g->fault = ROW_CELLS;
        set_aside(g, to);
        return;
    }
    bool passes = read_first(g, to);
    if (passes) {
        pass_over(g, to);
        return;
    }
    read_rest(g, to);
    if (g->fault != ROW_NONE) {
        set_aside(g, to);
    } else {
        add(g, to);
    }
}

/* ---- the file ---- */

static void lay_out(struct records *r)
{
    const struct mapping_table *t = &r->m->extract;
    memset(r->slot_of, RECORDS_NO_SLOT, sizeof r->slot_of);
    for (size_t i = 0; i < t->n; i++) {
        enum mapping_member member = t->column[i].member;
        if (!has_place[member]) {
            r->slot_of[member] = (uint8_t)r->n_values++;
        }
    }
    r->stride = sizeof(struct record) + r->n_values * sizeof(uint32_t);
}

static bool read_rows(struct reading *g, struct refusal *why)
{
    bool more = true;
    bool good = table_next(g->table, &g->row, &more, why);
    while (good && more) {
        read_row(g);
        good = table_next(g->table, &g->row, &more, why);
    }
    if (good && g->r->rows == 0 && g->r->m->full) {
        return refuse(why, REFUSED_NO_ROWS, 0,
                      "a full extract is expected, and there is no row after the header");
    }
    return good && columns_judge(&g->r->columns, why);
}

bool records_read(struct records *r, const struct mapping *m, const struct input *in,
                  struct state *state, bool explains, struct arena *a, struct refusal *why)
{
    struct reading g = {.r = r, .cell = mem_alloc(sizeof *g.cell)};
    *r = (struct records){.m = m, .state = state};
    r->mark = mem_alloc(state_rows(state) + 1);
    r->rejected_of = mem_alloc((m->organisations.n + 1) * sizeof *r->rejected_of);
    lay_out(r);
    columns_init(&r->columns, &m->extract, false, explains, a);
    bool good = table_open(&g.table, in, &m->file, &m->extract, why) && read_rows(&g, why);
    table_free(g.table);
    slots_clear(&g.by_id);
    free(g.cell);
    if (r->n_guarded > 0) {
        qsort(r->guarded, r->n_guarded, sizeof *r->guarded, by_number);
    }
    if (good && m->rules.merge) {
        records_merge(r);
    }
    return good;
}

void records_clear(struct records *r)
{
    free(r->bytes);
    free(r->mark);
    free(r->void_line);
    free(r->guarded);
    free(r->rejected_of);
    rejects_clear(&r->rejects);
    *r = (struct records){0};
}
