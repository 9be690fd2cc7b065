/* rows_new() finds the column of each member once. rows_event() lines up the cells of a row and
 * writes members in the order of the table, in which a group stands together. A cell of the wrong
 * form is written so that the decoder refuses it by its name: nothing here judges values. */
#include "services/cli/rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/event/text.h"
#include "common/json/json.h"

enum cell_type { CELL_TEXT, CELL_INT, CELL_BOOL, CELL_DATE };

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
    {NULL, "onset_date", CELL_DATE},
    {NULL, "last_day", CELL_DATE},
    {NULL, "open_ended", CELL_BOOL},
    {NULL, "expected_return", CELL_DATE},
    {NULL, "fte", CELL_TEXT},
    {NULL, "phased_return_from", CELL_DATE},
    {NULL, "site", CELL_TEXT},
    {NULL, "staff_group", CELL_TEXT},
    {NULL, "job", CELL_TEXT},
    {NULL, "recorded_at", CELL_TEXT},
    {NULL, "as_of", CELL_TEXT},
    {NULL, "records", CELL_INT},
    {NULL, "sent", CELL_INT},
    {NULL, "rejected", CELL_INT},
    {NULL, "on", CELL_DATE},
    {"reason", "scheme", CELL_TEXT},
    {"reason", "code", CELL_TEXT},
    {"contact", "name", CELL_TEXT},
    {"contact", "phone", CELL_TEXT},
    {"contact", "email", CELL_TEXT},
    {"contact", "language", CELL_TEXT},
    {"contact", "preferred_time", CELL_TEXT},
    {"contact", "voicemail", CELL_BOOL},
    {"contact", "channel", CELL_TEXT},
    {"contact", "needs", CELL_TEXT},
    {"contact", "date_of_birth", CELL_DATE},
    {"fit_note", "from", CELL_DATE},
    {"fit_note", "to", CELL_DATE},
};
#define MEMBERS (sizeof members / sizeof members[0])
#define NOWHERE SIZE_MAX

struct rows {
    size_t n;       /* columns, those that were set included */
    size_t n_given; /* of the header */
    const char *const *set;
    const char *dates;
    size_t type, source, id, time; /* which column; NOWHERE: none */
    size_t of_member[MEMBERS];     /* which column */
    const char **names;            /* by column, trimmed; those that are set in their own memory */
    const char **unknown;          /* by column: its name, or NULL */
    struct arena *arena;
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

/* Without what stands around it and nobody sees. */
static const char *trimmed(const char *text, size_t len, struct arena *a)
{
    const char *at = text_trim(text, len, TEXT_INVISIBLE, &len);
    return arena_strndup(a, at, len);
}

static void name_columns(struct rows *r, const char *const *names, const struct rows_options *o)
{
    for (size_t i = 0; i < r->n_given; i++) {
        r->names[i] = trimmed(names[i], strlen(names[i]), r->arena);
    }
    for (size_t i = 0; i < o->n_set; i++) {
        r->names[r->n_given + i] = trimmed(o->set[i], strcspn(o->set[i], "="), r->arena);
    }
}

bool rows_knows(const char *group, const char *name)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        bool same = group == NULL || members[i].group == NULL
                        ? group == members[i].group
                        : strcmp(group, members[i].group) == 0;
        if (same && strcmp(name, members[i].name) == 0) {
            return true;
        }
    }
    return false;
}

void rows_put_known(struct buf *out)
{
    buf_puts(out, "type source id time");
    for (size_t i = 0; i < MEMBERS; i++) {
        const char *group = members[i].group;
        buf_printf(out, " %s%s%s", group == NULL ? "" : group, group == NULL ? "" : ".",
                   members[i].name);
    }
}

/* A file without a header begins with somebody's data, which is not for error texts. */
static void say_unknown(const struct rows *r, size_t n_unknown, struct buf *said)
{
    size_t n_named = 0;
    for (size_t i = 0; i < r->n_given; i++) {
        n_named += r->names[i][0] != '\0';
    }
    if (n_unknown >= n_named) {
        /* A row is one cell with another delimiter in it: the commonest file of a spreadsheet
         * abroad. */
        bool other_delimiter = r->n_given == 1 && strpbrk(r->names[0], ";\t|") != NULL;
        buf_printf(said, "none of the columns is known: the first line has to name them%s",
                   other_delimiter ? ", and a comma has to stand between its cells" : "");
    } else {
        bool first = true;
        buf_printf(said,
                   "%s not known: ", n_unknown == 1 ? "a column that is" : "columns that are");
        for (size_t i = 0; i < r->n; i++) {
            if (r->unknown[i] != NULL) {
                buf_printf(said, "%s%.80s", first ? "" : ", ", r->unknown[i]);
                first = false;
            }
        }
    }
    buf_puts(said, ". Known are: ");
    rows_put_known(said);
}

static enum status place_columns(struct rows *r, bool lenient, struct buf *said)
{
    size_t n_unknown = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->names[i][0] == '\0') {
            continue; /* fine as long as nothing stands in it */
        }
        size_t *place = place_of(r, r->names[i]);
        if (place == NULL) {
            r->unknown[i] = r->names[i];
            n_unknown++;
        } else if (*place != NOWHERE) {
            buf_printf(said, "column %.80s: given twice", r->names[i]);
            return STATUS_REJECT;
        } else {
            *place = i;
        }
    }
    if (n_unknown > 0 && !lenient) {
        say_unknown(r, n_unknown, said);
        return STATUS_REJECT;
    }
    if (r->type == NOWHERE || r->source == NOWHERE) {
        const char *missing = r->type == NOWHERE ? "type" : "source";
        buf_printf(said, "there is no column %s (--set %s=VALUE gives every row the same)", missing,
                   missing);
        return STATUS_REJECT;
    }
    return STATUS_OK;
}

enum status rows_new(struct rows **out, const char *const *names, size_t n,
                     const struct rows_options *o, struct buf *said)
{
    struct rows *r = mem_alloc(sizeof *r);
    r->n = n + o->n_set;
    r->n_given = n;
    r->set = o->set;
    r->dates = o->dates;
    r->arena = arena_new(4096);
    r->names = arena_array(r->arena, r->n + 1, sizeof *r->names);
    r->unknown = mem_alloc((r->n + 1) * sizeof *r->unknown);
    r->type = r->source = r->id = r->time = NOWHERE;
    for (size_t i = 0; i < MEMBERS; i++) {
        r->of_member[i] = NOWHERE;
    }
    name_columns(r, names, o);
    enum status s = place_columns(r, o->lenient, said);
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
        arena_free(r->arena);
        free(r->unknown);
        free(r);
    }
}

/* ---- dates ---- */

enum status rows_check_dates(const char *form, struct err *err)
{
    size_t days = 0;
    size_t months = 0;
    size_t years = 0;
    size_t others = 0;
    for (const char *p = form; *p != '\0'; p++) {
        if (*p == '%') {
            p++;
            days += *p == 'd';
            months += *p == 'm';
            years += *p == 'Y';
            others += *p != 'd' && *p != 'm' && *p != 'Y'; /* none is one too */
            p -= *p == '\0';
        }
    }
    if (days != 1 || months != 1 || years != 1 || others > 0 || strlen(form) > 32) {
        return err_set(err, STATUS_REJECT, "usage",
                       "--dates: %%d, %%m and %%Y once each are wanted, as %%d/%%m/%%Y");
    }
    return STATUS_OK;
}

const char *rows_date_example(const char *form, char out[ROWS_DATE_TEXT])
{
    size_t n = 0;
    for (const char *p = form == NULL ? "%Y-%m-%d" : form; *p != '\0' && n + 8 < ROWS_DATE_TEXT;
         p++) {
        if (*p != '%') {
            out[n++] = *p;
            continue;
        }
        p++;
        const char *part = *p == 'd' ? "07" : *p == 'm' ? "09" : "2026";
        memcpy(out + n, part, strlen(part));
        n += strlen(part);
    }
    out[n] = '\0';
    return out;
}

/* At most `most` digits at *at, moved behind them. False: there are fewer than `least`. */
static bool digits(const char **at, size_t least, size_t most, int *out)
{
    size_t n = 0;
    *out = 0;
    for (; n < most && **at >= '0' && **at <= '9'; n++, (*at)++) {
        *out = *out * 10 + (**at - '0');
    }
    return n >= least;
}

/* A day and a month may be written without their zero. */
static bool read_date(const char *form, const char *text, struct date *out)
{
    int day = 0;
    int month = 0;
    int year = 0;
    bool good = true;
    for (const char *p = form; *p != '\0' && good; p++) {
        if (*p != '%') {
            good = *text == *p;
            text += good;
            continue;
        }
        p++;
        good = *p == 'Y'   ? digits(&text, 4, 4, &year)
               : *p == 'm' ? digits(&text, 1, 2, &month)
                           : digits(&text, 1, 2, &day);
    }
    return good && *text == '\0' && date_from_ymd(year, month, day, out);
}

/* A text of another form is no date: the decoder refuses false by the member's name. */
static void put_date(struct buf *out, const char *form, const char *text)
{
    struct date d;
    char iso[DATE_TEXT];
    if (form == NULL) {
        json_put_string(out, text);
    } else if (read_date(form, text, &d)) {
        json_put_string(out, date_format(d, iso));
    } else {
        buf_puts(out, "false");
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

/* "true" or "false" for what spreadsheets and people write for them; NULL: neither. */
static const char *truth(const char *text)
{
    static const char *const words[][2] = {{"true", "false"}, {"yes", "no"}, {"1", "0"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_equal(text, words[i][0])) {
            return "true";
        }
        if (text_equal(text, words[i][1])) {
            return "false";
        }
    }
    return NULL;
}

/* A number or a truth value where the member wants one and the cell is one. Else text, which the
 * check then refuses by the member's name. */
static void put_value(const struct rows *r, struct buf *out, enum cell_type type, const char *text)
{
    if (type == CELL_DATE) {
        put_date(out, r->dates, text);
    } else if (type == CELL_INT && is_integer(text)) {
        buf_puts(out, text);
    } else if (type == CELL_BOOL && truth(text) != NULL) {
        buf_puts(out, truth(text));
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

/* Members that make the event what it is; a newer version of the record is another event. */
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
        /* In a person's event an empty `on` has a meaning: it withdraws a left or died. */
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
            put_value(r, out, m->type, text);
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

bool rows_is_blank(const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = 0;
        (void)text_trim(cells[i], strlen(cells[i]), TEXT_INVISIBLE, &len);
        if (len > 0) {
            return false;
        }
    }
    return true;
}

/* The cells of every column: trimmed, those that were set behind them. NULL: there are too few, or
 * too many; err says so. */
static const char **line_up(const struct rows *r, const char *const *cells, size_t n,
                            struct arena *a, struct err *err)
{
    if (n < r->n_given || !rows_is_blank(cells + r->n_given, n - r->n_given)) {
        (void)err_set(err, STATUS_REJECT, "csv", "%zu cells, but %zu columns", n, r->n_given);
        return NULL;
    }
    const char **all = arena_array(a, r->n + 1, sizeof *all);
    for (size_t i = 0; i < r->n_given; i++) {
        all[i] = trimmed(cells[i], strlen(cells[i]), a);
        if (all[i][0] != '\0' && r->names[i][0] == '\0') {
            (void)err_set(err, STATUS_REJECT, "csv", "column %zu has content and no name", i + 1);
            return NULL;
        }
    }
    for (size_t i = r->n_given; i < r->n; i++) {
        const char *value = strchr(r->set[i - r->n_given], '=') + 1;
        all[i] = trimmed(value, strlen(value), a);
    }
    return all;
}

enum status rows_event(const struct rows *r, const char *const *cells, size_t n, struct instant now,
                       struct arena *a, struct buf *out, struct err *err)
{
    cells = line_up(r, cells, n, a, err);
    if (cells == NULL) {
        return STATUS_REJECT;
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
