#include "services/cli/rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/mem.h"

enum cell_type { CELL_TEXT, CELL_INT, CELL_BOOL };

struct member {
    const char *group; /* "reason"; NULL: of data itself */
    const char *name;
    enum cell_type type;
};

/* The members of data that are known, grouped as they are written. */
static const struct member members[] = {
    {NULL, "organisation", CELL_TEXT},
    {NULL, "absence_id", CELL_TEXT},
    {NULL, "version", CELL_INT},
    {NULL, "person_id", CELL_TEXT},
    {NULL, "assignment_id", CELL_TEXT},
    {NULL, "category", CELL_TEXT},
    {NULL, "onset_date", CELL_TEXT},
    {NULL, "last_day", CELL_TEXT},
    {NULL, "open_ended", CELL_BOOL},
    {NULL, "expected_return", CELL_TEXT},
    {NULL, "fte", CELL_TEXT},
    {NULL, "phased_return_from", CELL_TEXT},
    {NULL, "site", CELL_TEXT},
    {NULL, "staff_group", CELL_TEXT},
    {NULL, "on", CELL_TEXT},
    {"reason", "scheme", CELL_TEXT},
    {"reason", "code", CELL_TEXT},
    {"contact", "name", CELL_TEXT},
    {"contact", "phone", CELL_TEXT},
    {"contact", "email", CELL_TEXT},
    {"contact", "language", CELL_TEXT},
    {"contact", "preferred_time", CELL_TEXT},
    {"contact", "voicemail", CELL_BOOL},
    {"fit_note", "from", CELL_TEXT},
    {"fit_note", "to", CELL_TEXT},
};
#define MEMBERS (sizeof members / sizeof members[0])
#define NOWHERE SIZE_MAX

struct rows {
    size_t n;                      /* columns */
    size_t type, source, id, time; /* which column; NOWHERE: none */
    size_t of_member[MEMBERS];     /* which column */
    const char **unknown;          /* by column: its name, or NULL */
};

static bool is_member(const struct member *m, const char *name)
{
    size_t len = m->group == NULL ? 0 : strlen(m->group);
    if (len == 0) {
        return strcmp(name, m->name) == 0;
    }
    return strncmp(name, m->group, len) == 0 && name[len] == '.' &&
           strcmp(name + len + 1, m->name) == 0;
}

static size_t *place_of(struct rows *r, const char *name)
{
    const struct {
        const char *name;
        size_t *place;
    } attributes[] = {
        {"type", &r->type}, {"source", &r->source}, {"id", &r->id}, {"time", &r->time}};
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (strcmp(name, attributes[i].name) == 0) {
            return attributes[i].place;
        }
    }
    const char *member = strncmp(name, "data.", 5) == 0 ? name + 5 : name;
    for (size_t i = 0; i < MEMBERS; i++) {
        if (is_member(&members[i], member)) {
            return &r->of_member[i];
        }
    }
    return NULL;
}

static enum status place_columns(struct rows *r, const char *const *names, bool lenient,
                                 struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        size_t *place = place_of(r, names[i]);
        if (place == NULL && !lenient) {
            return err_set(err, STATUS_REJECT, "csv", "line 1: column %zu (%.80s): not known",
                           i + 1, names[i]);
        }
        if (place == NULL) {
            r->unknown[i] = names[i];
        } else if (*place != NOWHERE) {
            return err_set(err, STATUS_REJECT, "csv", "line 1: column %zu (%.80s): given twice",
                           i + 1, names[i]);
        } else {
            *place = i;
        }
    }
    if (r->type == NOWHERE || r->source == NOWHERE) {
        return err_set(err, STATUS_REJECT, "csv", "line 1: there is no column %s",
                       r->type == NOWHERE ? "type" : "source");
    }
    return STATUS_OK;
}

enum status rows_new(struct rows **out, const char *const *names, size_t n, bool lenient,
                     struct err *err)
{
    struct rows *r = mem_alloc(sizeof *r);
    r->n = n;
    r->unknown = mem_alloc((n + 1) * sizeof *r->unknown);
    r->type = r->source = r->id = r->time = NOWHERE;
    for (size_t i = 0; i < MEMBERS; i++) {
        r->of_member[i] = NOWHERE;
    }
    enum status s = place_columns(r, names, lenient, err);
    if (s != STATUS_OK) {
        rows_free(r);
        return s;
    }
    *out = r;
    return STATUS_OK;
}

void rows_free(struct rows *r)
{
    if (r != NULL) {
        free(r->unknown);
        free(r);
    }
}

/* ---- one row ---- */

static const char *cell(const char *const *cells, size_t place)
{
    return place == NOWHERE ? "" : cells[place];
}

static const char *cell_named(const struct rows *r, const char *const *cells, const char *name)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (members[i].group == NULL && strcmp(members[i].name, name) == 0) {
            return cell(cells, r->of_member[i]);
        }
    }
    return "";
}

static bool is_integer(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 16 && text[digits] == '\0' && (text[0] != '0' || digits == 1);
}

/* A number or a truth value where the member wants one and the cell is one; else text, which the
 * check then refuses by the member's name. */
static void put_value(struct buf *out, enum cell_type type, const char *text)
{
    bool truth = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    if ((type == CELL_INT && is_integer(text)) || (type == CELL_BOOL && truth)) {
        buf_puts(out, text);
    } else {
        json_put_string(out, text);
    }
}

static void put_name(struct buf *out, bool *first, const char *name)
{
    buf_putc(out, *first ? '{' : ',');
    *first = false;
    json_put_string(out, name);
    buf_putc(out, ':');
}

static void put_attribute(struct buf *out, bool *first, const char *name, const char *text)
{
    if (text[0] != '\0') {
        put_name(out, first, name);
        json_put_string(out, text);
    }
}

/* Of what makes the event what it is; a newer version of the record is another event. */
static void derived_id(const struct rows *r, const char *const *cells, char out[33])
{
    static const char *const parts[] = {"organisation", "person_id", "absence_id", "version", "on"};
    struct buf b = {0};
    buf_puts(&b, cell(cells, r->type));
    buf_putc(&b, '\x1f');
    buf_puts(&b, cell(cells, r->source));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buf_putc(&b, '\x1f');
        buf_puts(&b, cell_named(r, cells, parts[i]));
    }
    uint8_t digest[SHA256_BYTES];
    hash_sha256(b.data, b.len, digest);
    hash_hex(digest, 16, out);
    buf_clear(&b);
}

static void put_data(const struct rows *r, const char *const *cells, bool person, struct buf *out)
{
    bool first = true;
    bool first_inner = true;
    const char *group = NULL;
    for (size_t i = 0; i < MEMBERS; i++) {
        const struct member *m = &members[i];
        const char *text = cell(cells, r->of_member[i]);
        /* Of a person's event an empty `on` says something: it takes a left or died back. */
        bool says_null = person && m->group == NULL && strcmp(m->name, "on") == 0;
        if (text[0] == '\0' && !(says_null && r->of_member[i] != NOWHERE)) {
            continue;
        }
        if (group != NULL && (m->group == NULL || strcmp(group, m->group) != 0)) {
            buf_putc(out, '}');
            group = NULL;
        }
        if (m->group != NULL && group == NULL) {
            put_name(out, &first, m->group);
            group = m->group;
            first_inner = true;
        }
        put_name(out, group == NULL ? &first : &first_inner, m->name);
        if (text[0] == '\0') {
            buf_puts(out, "null");
        } else {
            put_value(out, m->type, text);
        }
    }
    buf_puts(out, group != NULL ? "}" : "");
    for (size_t i = 0; i < r->n; i++) {
        if (r->unknown[i] != NULL && cells[i][0] != '\0') {
            put_name(out, &first, r->unknown[i]);
            json_put_string(out, cells[i]);
        }
    }
    buf_puts(out, first ? "{}" : "}");
}

enum status rows_event(const struct rows *r, const char *const *cells, size_t n, struct instant now,
                       struct buf *out, struct err *err)
{
    if (n != r->n) {
        return err_set(err, STATUS_REJECT, "csv", "%zu cells, but %zu columns", n, r->n);
    }
    const char *type = cell(cells, r->type);
    const char *id = cell(cells, r->id);
    const char *time = cell(cells, r->time);
    char derived[33];
    char text[INSTANT_TEXT];
    if (id[0] == '\0') {
        derived_id(r, cells, derived);
    }
    bool first = true;
    put_attribute(out, &first, "specversion", "1.0");
    put_attribute(out, &first, "id", id[0] != '\0' ? id : derived);
    put_attribute(out, &first, "source", cell(cells, r->source));
    put_attribute(out, &first, "type", type);
    put_attribute(out, &first, "time", time[0] != '\0' ? time : instant_format(now, text));
    put_attribute(out, &first, "datacontenttype", "application/json");
    put_name(out, &first, "data");
    put_data(r, cells, strncmp(type, "org.dayfour.person.", 19) == 0, out);
    buf_puts(out, "}");
    return STATUS_OK;
}
