/* Each person has an entry, filled by the first value of each member that is not empty. A bad cell
 * costs its value, not the person: somebody without an e-mail address is still to be rung. */
#include "common/feed/difference/people.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/feed/rows/table.h"
#include "common/feed/state/slots.h"

#define NO_SLOT UINT8_MAX

struct entry {
    uint32_t organisation, person_id;
    int32_t left;
    bool left_blank, left_unknown;
};

struct people {
    const struct mapping *m;
    struct texts *texts;
    struct entry *entry;
    uint32_t *value; /* n_slots of each entry */
    size_t n, cap, n_slots;
    uint8_t slot_of[MAPPING_MEMBER_COUNT];
    struct slots index;
    struct columns columns;
    struct rejects rejects;
    int64_t rows;
    struct table *table; /* while it is read */
};

static uint64_t hash_of(const void *arg, uint32_t i)
{
    const struct people *p = arg;
    return slots_hash(p->entry[i].organisation, p->entry[i].person_id, 0, 0);
}

static size_t find(const struct people *p, uint32_t organisation, uint32_t person_id)
{
    uint64_t hash = slots_hash(organisation, person_id, 0, 0);
    size_t at = 0;
    for (uint32_t i = slots_next(&p->index, hash, &at); i != SLOTS_NONE;
         i = slots_next(&p->index, hash, &at)) {
        if (p->entry[i].organisation == organisation && p->entry[i].person_id == person_id) {
            return i;
        }
    }
    return PEOPLE_NONE;
}

static size_t find_or_add(struct people *p, uint32_t organisation, uint32_t person_id)
{
    size_t i = find(p, organisation, person_id);
    if (i != PEOPLE_NONE) {
        return i;
    }
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 256 : p->cap + p->cap / 2;
        p->entry = mem_resize(p->entry, p->cap, sizeof *p->entry);
        p->value = mem_resize(p->value, p->cap * (p->n_slots + 1), sizeof *p->value);
    }
    p->entry[p->n] = (struct entry){
        .organisation = organisation, .person_id = person_id, .left = DATE_NONE.days};
    memset(p->value + p->n * p->n_slots, 0, p->n_slots * sizeof *p->value);
    slots_add(&p->index, slots_hash(organisation, person_id, 0, 0), (uint32_t)p->n, hash_of, p);
    return p->n++;
}

/* ---- one row ---- */

static enum row_fault read_cell(struct people *p, size_t i, struct cell *cell)
{
    const char *raw = "";
    const char *plain = table_cell(p->table, i, &raw);
    cells_read(p->m, &p->m->staff.column[i], plain, cell);
    columns_see(&p->columns, i, raw, plain, cell);
    return cell->fault != ROW_NONE             ? cell->fault
           : cell->spreadsheet && !cell->given ? ROW_SPREADSHEET
                                               : ROW_NONE;
}

/* Whom a row is about; false: it is put aside, or about an organisation that is passed over. */
static bool read_person(struct people *p, size_t line, struct cell *cell, uint32_t *organisation,
                        uint32_t *person_id)
{
    *organisation = TEXTS_NONE;
    *person_id = TEXTS_NONE;
    for (size_t i = 0; i < p->m->staff.n; i++) {
        enum mapping_member member = p->m->staff.column[i].member;
        if (member != MAPPING_ORGANISATION && member != MAPPING_PERSON_ID) {
            continue;
        }
        enum row_fault fault = read_cell(p, i, cell);
        if (cell->passes) {
            return false;
        }
        fault = fault == ROW_NONE && !cell->given ? ROW_EMPTY : fault;
        if (fault != ROW_NONE) {
            rejects_add(&p->rejects, line, table_column(p->table, i), fault);
            return false;
        }
        *(member == MAPPING_PERSON_ID ? person_id : organisation) =
            texts_puts(p->texts, cell->text);
    }
    return true;
}

static void note_left(struct entry *e, const struct cell *cell, enum row_fault fault)
{
    if (fault != ROW_NONE) {
        e->left_unknown = true;
    } else if (!cell->given) {
        e->left_blank = true;
    } else if (e->left == DATE_NONE.days || cell->day.days > e->left) {
        e->left = cell->day.days;
    }
}

static void read_values(struct people *p, size_t line, struct cell *cell, size_t who)
{
    bool named = false;
    for (size_t i = 0; i < p->m->staff.n; i++) {
        enum mapping_member member = p->m->staff.column[i].member;
        if (member == MAPPING_ORGANISATION || member == MAPPING_PERSON_ID) {
            continue;
        }
        enum row_fault fault = read_cell(p, i, cell);
        if (fault != ROW_NONE && !named) {
            rejects_add(&p->rejects, line, table_column(p->table, i), fault);
            named = true;
        }
        if (member == MAPPING_LEFT_ON) {
            note_left(&p->entry[who], cell, fault);
            continue;
        }
        uint32_t *value = &p->value[who * p->n_slots + p->slot_of[member]];
        if (*value == 0 && fault == ROW_NONE) {
            *value = columns_value(mapping_member_kind(member), cell, p->texts);
        }
    }
}

static void read_row(struct people *p, const struct table_row *row, struct cell *cell)
{
    uint32_t organisation = TEXTS_NONE;
    uint32_t person_id = TEXTS_NONE;
    p->rows++;
    if (!row->whole) {
        rejects_add(&p->rejects, row->line, "", ROW_CELLS);
        return;
    }
    if (read_person(p, row->line, cell, &organisation, &person_id)) {
        read_values(p, row->line, cell, find_or_add(p, organisation, person_id));
    }
}

/* ---- the list ---- */

static void lay_out(struct people *p)
{
    memset(p->slot_of, NO_SLOT, sizeof p->slot_of);
    for (size_t i = 0; i < p->m->staff.n; i++) {
        enum mapping_member member = p->m->staff.column[i].member;
        if (member != MAPPING_ORGANISATION && member != MAPPING_PERSON_ID &&
            member != MAPPING_LEFT_ON) {
            p->slot_of[member] = (uint8_t)p->n_slots++;
        }
    }
}

static bool read_rows(struct people *p, struct refusal *why)
{
    struct table_row row;
    bool more = true;
    struct cell *cell = mem_alloc(sizeof *cell);
    bool good = table_next(p->table, &row, &more, why);
    while (good && more) {
        read_row(p, &row, cell);
        good = table_next(p->table, &row, &more, why);
    }
    free(cell);
    if (good && p->rows == 0) {
        return refuse(why, REFUSED_NO_ROWS, 0,
                      "a staff list is expected, and there is no row after the header");
    }
    return good && columns_judge(&p->columns, why);
}

bool people_read(struct people **out, const struct mapping *m, const struct input *in,
                 struct texts *texts, bool explains, struct arena *a, struct refusal *why)
{
    struct people *p = mem_alloc(sizeof *p);
    p->m = m;
    p->texts = texts;
    lay_out(p);
    columns_init(&p->columns, &m->staff, true, explains, a);
    bool good = table_open(&p->table, in, &m->staff_file, &m->staff, why) && read_rows(p, why);
    table_free(p->table);
    p->table = NULL;
    why->of_staff = !good;
    if (why->why == REFUSED_ENCODING || why->why == REFUSED_CSV || why->why == REFUSED_HEADER) {
        size_t n = strlen(why->text);
        (void)snprintf(why->text + n, sizeof why->text - n,
                       ". A staff list that is written otherwise than the extract has its own"
                       " `encoding` and `delimiter`, in `file` in `staff`");
    }
    *out = p;
    return good;
}

void people_free(struct people *p)
{
    if (p != NULL) {
        free(p->entry);
        free(p->value);
        slots_clear(&p->index);
        rejects_clear(&p->rejects);
        free(p);
    }
}

size_t people_count(const struct people *p)
{
    return p == NULL ? 0 : p->n;
}

size_t people_find(const struct people *p, uint32_t organisation, uint32_t person_id)
{
    if (p == NULL) {
        return PEOPLE_NONE;
    }
    size_t i = find(p, organisation, person_id);
    return i == PEOPLE_NONE ? find(p, TEXTS_NONE, person_id) : i;
}

struct person people_at(const struct people *p, size_t i)
{
    const struct entry *e = &p->entry[i];
    return (struct person){.organisation = e->organisation,
                           .person_id = e->person_id,
                           .left = e->left_blank ? DATE_NONE : (struct date){e->left},
                           .left_unknown = e->left_unknown};
}

uint32_t people_value(const struct people *p, size_t i, enum mapping_member member)
{
    return i == PEOPLE_NONE || p->slot_of[member] == NO_SLOT
               ? 0
               : p->value[i * p->n_slots + p->slot_of[member]];
}

int64_t people_rows(const struct people *p)
{
    return p == NULL ? -1 : p->rows;
}

struct rejects *people_rejects(struct people *p)
{
    return &p->rejects;
}

const struct columns *people_columns(const struct people *p)
{
    return &p->columns;
}
