/* A comparison of files in words, for `dayfour feed check`: column by column, the first bad rows,
 * the first events.
 *
 * Examples are masked: a letter becomes x, a digit 9. Dates that were understood stay as they are,
 * because day and month in the wrong order are the most frequent fault of a mapping. */
#include "services/cli/feed/feed_explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/shown.h"
#include "common/feed/mapping/mapping.h"
#include "common/json/json.h"

#define REJECTED_SHOWN 10
#define EVENTS_SHOWN 5

void feed_explain_clean(const char *text)
{
    struct buf clean = {0};
    shown_clean(&clean, text);
    fputs(clean.data, stdout);
    buf_clear(&clean);
}

/* ---- columns ---- */

static const char *words_for(enum mapping_member m)
{
    static const struct {
        enum mapping_member member;
        const char *words;
    } known[] = {{MAPPING_ABSENCE_ID, "number of the absence"},
                 {MAPPING_PERSON_ID, "staff number"},
                 {MAPPING_ASSIGNMENT_ID, "assignment number"},
                 {MAPPING_CATEGORY, "kind of absence"},
                 {MAPPING_ONSET_DATE, "first day off"},
                 {MAPPING_LAST_DAY, "last day off"},
                 {MAPPING_OPEN_ENDED, "whether the end is open"},
                 {MAPPING_EXPECTED_RETURN, "day on which the person is expected back"},
                 {MAPPING_REASON_CODE, "reason"},
                 {MAPPING_FTE, "share of a full post"},
                 {MAPPING_CONTACT_NAME, "name"},
                 {MAPPING_CONTACT_PHONE, "telephone number"},
                 {MAPPING_CONTACT_EMAIL, "e-mail address"},
                 {MAPPING_LEFT_ON, "last day of employment"},
                 {MAPPING_CANCELLED, "whether the row is void"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].member == m) {
            return known[i].words;
        }
    }
    return "";
}

static void mask(struct buf *b, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c & 0xc0) == 0x80) {
            continue; /* the rest of a character */
        }
        buf_putc(b, c >= '0' && c <= '9'   ? '9'
                    : c >= 'A' && c <= 'Z' ? 'X'
                    : c >= 'a'             ? 'x'
                                           : (char)c);
    }
    buf_puts(b, "");
}

/* Dates that were understood are shown as they are. */
static bool is_plain(const struct mapping_column *c, const char *to)
{
    enum mapping_kind kind = mapping_member_kind(c->member);
    return to[0] != '\0' && c->member != MAPPING_CONTACT_DATE_OF_BIRTH &&
           (kind == MAPPING_KIND_DATE || kind == MAPPING_KIND_INSTANT);
}

static void put_text(struct buf *out, const char *text, bool plain)
{
    if (plain) {
        buf_puts(out, text);
    } else {
        mask(out, text);
    }
}

static void put_example(const struct mapping_column *c, const char *from, const char *to,
                        struct buf *out)
{
    bool plain = is_plain(c, to);
    bool ours = to[0] == '\0' || mapping_member_kind(c->member) == MAPPING_KIND_BOOL ||
                strcmp(to, "sickness") == 0 || strcmp(to, "passed over") == 0;
    if (c->names.n > 0) {
        buf_puts(out, "for example ");
        put_text(out, from, plain);
        buf_puts(out, " -> ");
    } else {
        buf_puts(out, "always ");
    }
    put_text(out, to[0] == '\0' ? "nothing" : to, plain || ours);
}

/* Masked, different cells may look alike: then one of them is enough. */
static void put_examples(const struct difference_column *c)
{
    struct buf before = {0};
    buf_puts(&before, "");
    for (size_t i = 0; i < c->n_examples; i++) {
        struct buf b = {0};
        put_example(c->column, c->from[i], c->to[i], &b);
        if (strcmp(before.data, b.data) != 0) {
            fputs("\n          ", stdout);
            feed_explain_clean(b.data);
        }
        buf_clear(&before);
        before = b;
    }
    buf_clear(&before);
}

static void put_names(const struct mapping_column *c)
{
    for (size_t i = 0; i < c->names.n; i++) {
        fputs(i == 0 ? "" : ", else ", stdout);
        feed_explain_clean(c->names.item[i]);
    }
    if (c->names.n == 0) {
        fputs("(the same for every row)", stdout);
    }
}

static void put_bad_cell(const struct difference_column *c)
{
    if (c->bad_from != NULL) {
        struct buf b = {0};
        mask(&b, c->bad_from);
        fputs(", as ", stdout);
        feed_explain_clean(b.data);
        buf_clear(&b);
    }
}

static void put_column(const struct difference_column *c)
{
    const char *words = words_for(c->column->member);
    fputs("    ", stdout);
    put_names(c->column);
    printf(" -> %s%s%s%s\n", mapping_member_name(c->column->member), words[0] == '\0' ? "" : " (",
           words, words[0] == '\0' ? "" : ")");
    printf("          %" PRId64 " filled, %" PRId64 " empty", c->filled, c->empty);
    if (c->bad > 0) {
        printf(", %" PRId64 " NOT UNDERSTOOD", c->bad);
        put_bad_cell(c);
    }
    put_examples(c);
    putchar('\n');
}

void feed_explain_columns(const struct difference *d, bool of_staff)
{
    bool any = false;
    for (size_t i = 0; i < d->n_columns; i++) {
        if (d->columns[i].of_staff != of_staff) {
            continue;
        }
        if (!any) {
            puts(of_staff ? "  Columns of the staff list" : "  Columns");
            any = true;
        }
        put_column(&d->columns[i]);
    }
}

/* ---- rows and events ---- */

/* How many rows have each fault, and what it means. */
static void put_faults(const struct rejected_row *row, size_t n)
{
    size_t times[ROW_FAULT_COUNT] = {0};
    for (size_t i = 0; i < n; i++) {
        times[row[i].why]++;
    }
    for (enum row_fault f = 0; f < ROW_FAULT_COUNT; f++) {
        if (times[f] > 0) {
            printf("    %zu %s: %s\n", times[f], row_fault_name(f), row_fault_words(f));
        }
    }
}

void feed_explain_rejected(const char *what, const struct rejected_row *row, size_t n)
{
    if (n == 0) {
        return;
    }
    printf("  %s\n", what);
    for (size_t i = 0; i < n && i < REJECTED_SHOWN; i++) {
        printf("    line %zu, ", row[i].line);
        if (row[i].column[0] == '\0') {
            fputs("the whole row", stdout);
        } else {
            fputs("column ", stdout);
            feed_explain_clean(row[i].column);
        }
        printf(": %s\n", row_fault_name(row[i].why));
    }
    if (n > REJECTED_SHOWN) {
        printf("    and %zu more\n", n - REJECTED_SHOWN);
    }
    put_faults(row, n);
}

static const char *text_of(const struct json *o, const char *name)
{
    const struct json *v = json_member(o, name);
    return v != NULL && json_type(v) == JSON_STRING ? json_string(v) : NULL;
}

static void put_absence(const struct json *data)
{
    const struct json *reason = json_member(data, "reason");
    const struct json *contact = json_member(data, "contact");
    const struct json *open_ended = json_member(data, "open_ended");
    const char *last_day = text_of(data, "last_day");
    const char *code = reason == NULL ? NULL : text_of(reason, "code");
    const char *phone = contact == NULL ? NULL : text_of(contact, "phone");
    const char *onset = text_of(data, "onset_date");
    bool open = open_ended != NULL && json_type(open_ended) == JSON_BOOL && json_bool(open_ended);
    printf("off from %s", onset == NULL ? "?" : onset);
    if (last_day == NULL) {
        fputs(", no last day yet", stdout);
    } else {
        printf(open ? ", perhaps to %s" : " to %s", last_day);
    }
    printf(", %s, %s\n", code == NULL ? "no reason yet" : "with a reason",
           phone == NULL ? "NO TELEPHONE NUMBER" : "with a telephone number");
}

static void put_event(const struct difference *d, size_t i, struct arena *a)
{
    static const char *const words[] = {"opened", "amended", "closed", "cancelled", "left", ""};
    struct buf value = {0};
    struct difference_event e;
    const struct json *event = NULL;
    char path[JSON_PATH];
    difference_event(d, i, &value, &e);
    if (e.kind != DIFFERENCE_HEARTBEAT &&
        json_parse(value.data, value.len, a, &event, path) == JSON_FINE) {
        const struct json *data = json_member(event, "data");
        if (e.line > 0) {
            printf("    line %zu: ", e.line);
        } else {
            fputs("    of no row: ", stdout);
        }
        printf("%s: ", words[e.kind]);
        if (e.kind == DIFFERENCE_LEFT) {
            const char *on = text_of(data, "on");
            printf("last day of employment %s\n", on == NULL ? "none any more" : on);
        } else if (e.kind == DIFFERENCE_CANCELLED) {
            puts("it is taken as deleted");
        } else {
            put_absence(data);
        }
    }
    buf_clear(&value);
}

void feed_explain_events(const struct difference *d)
{
    const struct difference_counts *c = &d->counts;
    printf("  Events: %" PRId64 " opened, %" PRId64 " amended, %" PRId64 " closed, %" PRId64
           " cancelled, %" PRId64 " left\n",
           c->opened, c->amended, c->closed, c->cancelled, c->left + c->left_withdrawn);
    struct arena *a = arena_new(16384);
    for (size_t i = 0; i < d->n_events && i < EVENTS_SHOWN; i++) {
        put_event(d, i, a);
        arena_reset(a);
    }
    arena_free(a);
    if (c->without_phone > 0) {
        printf("  %" PRId64 " of %" PRId64
               " records have no telephone number: nobody can call these people\n",
               c->without_phone, c->records);
    }
    if (c->without_staff > 0) {
        printf("  %" PRId64 " records are of people who are not on the staff list\n",
               c->without_staff);
    }
}
