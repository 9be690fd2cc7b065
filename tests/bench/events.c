#include "tests/bench/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/date.h"

#define OPEN_MAX 65536
#define ORGANISATIONS 40

struct episode {
    uint32_t person, number, version;
    int32_t onset, last_day; /* 0: none */
    const char *code;
};

struct events {
    uint64_t state;
    uint32_t people, made;
    int32_t today;
    struct episode open[OPEN_MAX];
    size_t n_open;
    char text[2048];
    size_t len;
    char key[33];
};

static uint64_t next(struct events *ev)
{
    uint64_t x = ev->state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return ev->state = x;
}

static uint32_t below(struct events *ev, uint32_t n)
{
    return (uint32_t)(next(ev) >> 33) % n;
}

struct events *events_new(uint64_t seed, uint32_t people, int32_t today)
{
    struct events *ev = calloc(1, sizeof *ev);
    if (ev == NULL) {
        abort();
    }
    ev->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    ev->people = people;
    ev->today = today;
    return ev;
}

void events_free(struct events *ev)
{
    free(ev);
}

static const char *pick_code(struct events *ev)
{
    static const char *const others[] = {"S13", "S25", "S16", "S15", "S21", "S98", "S26", "S28"};
    static const char *const matched[] = {"S10", "S11", "S12", "S12"};
    return below(ev, 100) < 40 ? matched[below(ev, 4)] : others[below(ev, 8)];
}

static void write_event(struct events *ev, const struct episode *e, const char *what)
{
    char onset[DATE_TEXT], last[DATE_TEXT], expected[DATE_TEXT];
    (void)date_format((struct date){e->onset}, onset);
    (void)date_format(e->last_day == 0 ? DATE_NONE : (struct date){e->last_day}, last);
    (void)date_format((struct date){e->onset + 9}, expected);
    unsigned organisation = e->person % ORGANISATIONS;
    int n = snprintf(
        ev->text, sizeof ev->text,
        "{\"specversion\":\"1.0\",\"id\":\"b%" PRIu32 "-%" PRIu32 "\",\"source\":\"/hr/T%02u\","
        "\"type\":\"org.dayfour.absence.%s.v1\",\"time\":\"2026-09-07T08:10:00Z\","
        "\"datacontenttype\":\"application/json\",\"data\":{\"organisation\":\"T%02u\",\"absence_id\":\"A-%07" PRIu32
        "\",\"version\":%" PRIu32 ",\"person_id\":\"P-%07" PRIu32
        "\",\"assignment_id\":\"P-%07" PRIu32
        "-1\",\"category\":\"sickness\",\"onset_date\":\"%s\",\"last_day\":%s%s%s,\"open_ended\":false,"
        "\"expected_return\":\"%s\",\"reason\":{\"scheme\":\"esr\",\"code\":\"%s\"},\"fte\":\"0.60000\","
        "\"contact\":{\"name\":\"Test Person %07" PRIu32 "\",\"phone\":\"07700 900%03" PRIu32
        "\",\"email\":\"p%" PRIu32 "@example.invalid\",\"language\":\"en\",\"voicemail\":true},"
        "\"site\":\"SITE %02u\",\"staff_group\":\"Nursing and midwifery\"}}",
        e->number, e->version, organisation, what, organisation, e->number, e->version, e->person,
        e->person, onset, last[0] == '\0' ? "null" : "\"", last, last[0] == '\0' ? "" : "\"",
        expected, e->code, e->person, e->person % 1000, e->person, organisation);
    ev->len = (size_t)n;
    (void)snprintf(ev->key, sizeof ev->key, "%016" PRIx64 "%016" PRIx64,
                   (uint64_t)e->person * UINT64_C(0x9e3779b97f4a7c15), (uint64_t)e->person);
}

static void open_one(struct events *ev)
{
    struct episode *e = &ev->open[ev->n_open++];
    *e = (struct episode){.person = below(ev, ev->people),
                          .number = ev->made++,
                          .version = 1,
                          .onset = ev->today - (int32_t)below(ev, 4),
                          .code = pick_code(ev)};
    write_event(ev, e, "opened");
}

static void close_one(struct events *ev, size_t at)
{
    struct episode *e = &ev->open[at];
    e->version++;
    e->last_day = e->onset + (int32_t)below(ev, 12);
    write_event(ev, e, "closed");
    *e = ev->open[--ev->n_open];
}

const char *events_off(struct events *ev, uint32_t n, int32_t onset, bool matched, size_t *len,
                       char key[33])
{
    const struct episode e = {
        .person = n, .number = n, .version = 1, .onset = onset, .code = matched ? "S12" : "S13"};
    write_event(ev, &e, "opened");
    *len = ev->len;
    memcpy(key, ev->key, 33);
    return ev->text;
}

const char *events_next(struct events *ev, size_t *len, char key[33])
{
    uint32_t dice = below(ev, 100);
    if (ev->n_open == 0 || (dice < 30 && ev->n_open < OPEN_MAX)) {
        open_one(ev);
    } else if (dice < 65) {
        struct episode *e = &ev->open[below(ev, (uint32_t)ev->n_open)];
        e->version++;
        write_event(ev, e, "amended");
    } else if (dice < 92) {
        close_one(ev, below(ev, (uint32_t)ev->n_open));
    } /* else: the one before once more */
    *len = ev->len;
    memcpy(key, ev->key, 33);
    return ev->text;
}
