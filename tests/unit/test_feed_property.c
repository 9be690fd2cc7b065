/* Any cutting of one history into files ends as if each record's newest state had been published by
 * itself. Nights are left out, files come twice, runs are killed, rows are bad for a night. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/inbound.h"
#include "tests/unit/leakcheck.h"
#include "tests/unit/nights.h"

TestSuite(feed_property, .fini = leakcheck, .timeout = 60);

#define ABSENCES 12
#define NIGHTS 25

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

/* An absence as the HR system has it. */
struct absence {
    bool there;
    int person, onset, length; /* days of September; length 0: no end */
    int reason;
};

static struct absence world[ABSENCES];

/* Each person has a few absences that neither overlap nor begin within a week of another. */
static void set_up(void)
{
    for (int i = 0; i < ABSENCES; i++) {
        world[i] = (struct absence){.person = i / 2, .onset = i % 2 == 0 ? 3 : 17};
    }
}

static void live_a_day(int today)
{
    for (int i = 0; i < ABSENCES; i++) {
        struct absence *a = &world[i];
        bool begins = !a->there && a->onset <= today && draw(4) == 0;
        if (begins) {
            a->there = true;
            a->length = 1 + (int)draw(4);
            a->reason = (int)draw(2);
        } else if (a->there && draw(6) == 0) {
            a->length = 1 + (int)draw(5);
        } else if (a->there && draw(8) == 0) {
            a->reason = 1 + (int)draw(3);
        } else if (a->there && draw(12) == 0) {
            a->onset = (i % 2 == 0 ? 3 : 17) + (int)draw(3) - 1;
        } else if (a->there && draw(15) == 0) {
            a->there = false;
        }
    }
}

enum kind { WITH_IDS, WITHOUT_IDS, BY_DAY };

/* A row for each day of an absence; bad: the number of the row that is damaged. */
static void write_days(struct buf *b, int bad)
{
    int row = 0;
    for (int i = 0; i < ABSENCES; i++) {
        const struct absence *a = &world[i];
        for (int day = a->onset; a->there && day < a->onset + a->length; day++, row++) {
            buf_printf(b, "P-%d,", a->person);
            if (row == bad) {
                buf_puts(b, "soon,,\n");
                continue;
            }
            buf_printf(b, "2026-09-%02d,2026-09-%02d,", day, day);
            if (a->reason > 0) {
                buf_printf(b, "S1%d", a->reason);
            }
            buf_puts(b, "\n");
        }
    }
}

/* bad: this one's row is damaged. */
static void write_file(struct buf *b, enum kind kind, int bad)
{
    bool ids = kind == WITH_IDS;
    buf_reset(b);
    buf_puts(b, ids ? "Id,Staff,From,To,Why\n" : "Staff,From,To,Why\n");
    buf_puts(b, ids ? "Z,P-99,2026-09-01,,S10\n" : "P-99,2026-09-01,,S10\n");
    if (kind == BY_DAY) {
        write_days(b, bad);
        return;
    }
    for (int i = 0; i < ABSENCES; i++) {
        const struct absence *a = &world[i];
        if (!a->there) {
            continue;
        }
        if (ids) {
            buf_printf(b, "A-%d,", i);
        }
        if (bad == i) {
            buf_printf(b, "P-%d,soon,,\n", a->person);
            continue;
        }
        buf_printf(b, "P-%d,2026-09-%02d,2026-09-%02d,", a->person, a->onset,
                   a->onset + a->length - 1);
        if (a->reason > 0) {
            buf_printf(b, "S1%d", a->reason);
        }
        buf_puts(b, "\n");
    }
}

/* ---- what intake would hold ---- */

struct held {
    char id[101], person[101], code[20];
    int64_t version;
    struct date onset, last_day;
    bool open_ended, cancelled;
};

static struct held held[400];
static size_t n_held;

static void hold(const struct absence_event *e)
{
    size_t i = 0;
    while (i < n_held && strcmp(held[i].id, e->absence_id) != 0) {
        i++;
    }
    if (i < n_held && held[i].version > e->version) {
        return;
    }
    cr_assert(i < sizeof held / sizeof held[0]);
    n_held += i == n_held;
    held[i] = (struct held){.version = e->version,
                            .onset = e->onset,
                            .last_day = e->last_day,
                            .open_ended = e->open_ended,
                            .cancelled = e->cancelled};
    snprintf(held[i].id, sizeof held[i].id, "%s", e->absence_id);
    snprintf(held[i].person, sizeof held[i].person, "%s", e->person_id);
    snprintf(held[i].code, sizeof held[i].code, "%s", e->code == NULL ? "" : e->code);
}

static void intake(const char *lines)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    const struct inbound_limits limits = {.max_bytes = 262144};
    struct arena *a = arena_new(65536);
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        const struct raw_record raw = {
            .value = lines, .len = len, .headers = &structured, .n_headers = 1};
        struct inbound in;
        inbound_decode(&raw, &limits, a, &in);
        cr_assert_neq(in.verdict, VERDICT_REJECTED);
        if (in.verdict == VERDICT_ABSENCE) {
            hold(&in.absence);
        }
        lines += len + 1;
    }
    arena_free(a);
}

/* Is what is held what the last files say? */
static void compare(int today, uint32_t which)
{
    size_t live = 0;
    for (size_t k = 0; k < n_held; k++) {
        live += !held[k].cancelled;
    }
    size_t there = 1;
    for (int i = 0; i < ABSENCES; i++) {
        const struct absence *a = &world[i];
        char person[20];
        char code[20] = "";
        if (!a->there) {
            continue;
        }
        there++;
        snprintf(person, sizeof person, "P-%d", a->person);
        if (a->reason > 0) {
            snprintf(code, sizeof code, "S1%d", a->reason);
        }
        struct date first = DATE_NONE;
        cr_assert(date_from_ymd(2026, 9, a->onset, &first));
        size_t found = 0;
        for (size_t k = 0; k < n_held; k++) {
            const struct held *h = &held[k];
            if (!h->cancelled && strcmp(h->person, person) == 0 && date_eq(h->onset, first)) {
                bool open = a->onset + a->length - 1 >= today;
                cr_assert_eq(date_diff(first, h->last_day), a->length - 1, "seed %u", which);
                cr_assert_eq(h->open_ended, open, "seed %u: %s %d", which, person, a->onset);
                cr_assert_str_eq(h->code, code, "seed %u", which);
                found++;
            }
        }
        cr_assert_eq(found, 1, "seed %u: %s %d is held %zu times", which, person, a->onset, found);
    }
    cr_assert_eq(live, there, "seed %u: %zu are held, %zu are there", which, live, there);
}

/* ---- a history ---- */

#define MAPPING(id, rules)                                                                         \
    "{'source':'/hr/RW3','organisation':'RW3','extract':'full','covers_days':100,"                 \
    "'file':{'pattern':'*.csv','as_of':'mtime'},'columns':{" id "'person_id':'Staff',"             \
    "'category':{'value':'sickness'},'onset_date':'From','last_day':'To',"                         \
    "'reason.code':{'column':'Why','scheme':'esr'}},"                                              \
    "'rules':{'hold_if_missing':{'percent':100},'hold_if_changed':{'percent':100},"                \
    "'hold_if_rejected_percent':100" rules "}}"

static const char *const mappings[] = {
    [WITH_IDS] = MAPPING("'absence_id':'Id',", ""),
    [WITHOUT_IDS] = MAPPING("", ""),
    [BY_DAY] = MAPPING("", ",'merge_rows':'adjoining'"),
};

static void as_of_text(int night, int hour, char out[40])
{
    snprintf(out, 40, "2026-09-%02dT%02d:00:00Z", night, hour);
}

static void history(enum kind kind, uint32_t which)
{
    struct nights n;
    struct buf file = {0};
    char as_of[40];
    int bump = 0;
    seed = which;
    n_held = 0;
    set_up();
    nights_begin(&n, mappings[kind]);
    for (int night = 2; night < 2 + NIGHTS; night++) {
        live_a_day(night);
        bool quiet = night >= NIGHTS - 1; /* the last files are good ones, and nothing happens */
        if (!quiet && draw(5) == 0) {
            continue; /* no file */
        }
        write_file(&file, kind, !quiet && draw(4) == 0 ? (int)draw(ABSENCES) : -1);
        as_of_text(night, 2, as_of);
        if (!quiet && draw(4) == 0) {
            /* Killed somewhere on the way; next time it may be the same file, or a later one. */
            n.dry = true;
            n.bump = bump;
            nights_take(&n, as_of, file.data, NULL);
            size_t all = strlen(nights_events(&n));
            char *some = strndup(nights_events(&n), draw((uint32_t)all + 1));
            char *whole = strrchr(some, '\n');
            *(whole == NULL ? some : whole + 1) = '\0';
            intake(some);
            free(some);
            if (draw(2) == 0) {
                bump++;
                continue;
            }
        }
        n.bump = bump;
        nights_take(&n, as_of, file.data, NULL);
        intake(nights_events(&n));
        if (draw(3) == 0) {
            intake(nights_events(&n)); /* delivered twice */
        }
        bump = 0;
    }
    for (int hour = 3; hour < 6; hour++) { /* missing_runs are over */
        as_of_text(1 + NIGHTS, hour, as_of);
        write_file(&file, kind, -1);
        nights_take(&n, as_of, file.data, NULL);
        intake(nights_events(&n));
    }
    compare(1 + NIGHTS, which);
    buf_clear(&file);
    nights_end(&n);
}

Test(feed_property, with_ids)
{
    for (uint32_t i = 0; i < 100; i++) {
        history(WITH_IDS, i);
    }
}

Test(feed_property, without_ids)
{
    for (uint32_t i = 0; i < 100; i++) {
        history(WITHOUT_IDS, i);
    }
}

Test(feed_property, a_row_a_day)
{
    for (uint32_t i = 0; i < 100; i++) {
        history(BY_DAY, i);
    }
}

/* ---- people who leave ---- */

#define PEOPLE 8

static int leaves[PEOPLE];  /* on which day of October; 0: does not */
static bool absent[PEOPLE]; /* from the list at hand */

static struct {
    struct instant time;
    struct date on;
} left_at[PEOPLE];

/* Nobody is absent from the last lists. */
static void draw_absent(bool is_last)
{
    for (int i = 0; i < PEOPLE; i++) {
        absent[i] = !is_last && i > 0 && draw(6) == 0;
    }
}

static void write_staff(struct buf *b)
{
    buf_reset(b);
    buf_puts(b, "Employee Number,Name,Mobile,Home,Left\n");
    for (int i = 0; i < PEOPLE; i++) {
        if (absent[i]) {
            continue;
        }
        buf_printf(b, "%04d,Test Person %d,,,", i, i);
        if (leaves[i] > 0) {
            buf_printf(b, "%02d/10/2026", leaves[i]);
        }
        buf_puts(b, "\n");
    }
}

/* The greatest time counts; the same time is the same event. */
static void intake_left(const char *lines)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    const struct inbound_limits limits = {.max_bytes = 262144};
    struct arena *a = arena_new(65536);
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        const struct raw_record raw = {
            .value = lines, .len = len, .headers = &structured, .n_headers = 1};
        struct inbound in;
        inbound_decode(&raw, &limits, a, &in);
        if (in.verdict == VERDICT_PERSON) {
            size_t i = strtoul(in.person.person_id, NULL, 10);
            cr_assert(left_at[i].time.us != in.person.time.us ||
                      date_eq(left_at[i].on, in.person.on));
            if (in.person.time.us >= left_at[i].time.us) {
                left_at[i].time = in.person.time;
                left_at[i].on = in.person.on;
            }
        }
        lines += len + 1;
    }
    arena_free(a);
}

static void leaving(uint32_t which)
{
    static const char *const file =
        "Unavailability ID,Employee Number,Assignment Number,Group,Start,End,Reason\n"
        "A-1,0077,77-1,Sickness,01/09/2026,,\n";
    struct nights n;
    struct buf staff = {0};
    char as_of[40];
    int bump = 0;
    seed = which;
    memset(leaves, 0, sizeof leaves);
    for (int i = 0; i < PEOPLE; i++) {
        left_at[i].time = INSTANT_NONE;
        left_at[i].on = DATE_NONE;
    }
    nights_begin(&n, NULL);
    for (int night = 2; night < 20; night++) {
        int who = (int)draw(PEOPLE);
        leaves[who] = (int)draw(3);
        draw_absent(night == 19);
        write_staff(&staff);
        as_of_text(night, 2, as_of);
        if (night < 19 && draw(3) == 0) {
            n.dry = true;
            n.bump = bump;
            nights_take(&n, as_of, file, staff.data);
            intake_left(nights_events(&n));
            bool another = draw(2) == 0;
            bump += another;
            if (another && draw(2) == 0) {
                continue;
            }
            if (another) { /* another list, same time */
                leaves[who] = (int)draw(3);
                draw_absent(false);
            }
            write_staff(&staff);
        }
        n.bump = bump;
        nights_take(&n, as_of, file, staff.data);
        intake_left(nights_events(&n));
        bump = 0;
    }
    for (int i = 0; i < PEOPLE; i++) {
        struct date on = DATE_NONE;
        cr_assert(leaves[i] == 0 || date_from_ymd(2026, 10, leaves[i], &on));
        cr_assert(date_eq(left_at[i].on, on), "seed %u: person %d", which, i);
    }
    buf_clear(&staff);
    nights_end(&n);
}

Test(feed_property, people_who_leave)
{
    for (uint32_t i = 0; i < 100; i++) {
        leaving(i);
    }
}
