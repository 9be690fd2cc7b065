/* bench_feed ROWS PEOPLE CHANGED: the core of `dayfour feed` without files, database and broker. It
 * takes a first extract of so many rows with a staff list, then the next night's, in which some
 * reasons are new. Prints "NAME VALUE UNIT". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/feed/difference/difference.h"
#include "common/runtime/clock.h"

static const char mapping_text[] =
    "{\"source\":\"/hr/T1\",\"organisation\":\"T1\",\"extract\":\"full\",\"file\":{\"pattern\":"
    "\"*\",\"encoding\":\"windows-1252\",\"as_of\":\"mtime\"},\"columns\":{\"absence_id\":\"Id\","
    "\"person_id\":{\"column\":\"Staff\",\"pad\":8},\"assignment_id\":\"Post\",\"category\":"
    "{\"column\":\"Group\",\"values\":{\"Sickness\":\"sickness\"}},\"onset_date\":{\"column\":"
    "\"Start\",\"format\":\"%d/%m/%Y\"},\"last_day\":{\"column\":\"End\",\"format\":\"%d/%m/%Y\"},"
    "\"reason.code\":{\"column\":\"Reason\",\"scheme\":\"esr\"},\"fte\":\"FTE\",\"site\":\"Site\","
    "\"staff_group\":\"Staff Group\",\"job\":\"Job\"},\"staff\":{\"pattern\":\"*\",\"columns\":"
    "{\"person_id\":{\"column\":\"Staff\",\"pad\":8},\"contact.name\":\"Name\",\"contact.phone\":"
    "\"Phone\",\"contact.email\":\"Mail\",\"left_on\":{\"column\":\"Left\",\"format\":"
    "\"%d/%m/%Y\"}}}}";

/* A file that is written as it is read. */
struct made {
    uint32_t at, rows, people, changed;
    bool is_staff;
    char row[256];
    size_t len, given;
};

static void make_row(struct made *m)
{
    uint32_t i = m->at - 1;
    uint32_t person = i * 2654435761U % m->people;
    uint32_t turn = i / m->people;
    if (m->at == 0) {
        m->len = (size_t)snprintf(m->row, sizeof m->row, "%s",
                                  m->is_staff ? "Staff,Name,Phone,Mail,Left\r\n"
                                              : "Id,Staff,Post,Group,Start,End,Reason,FTE,Site,"
                                                "Staff Group,Job\r\n");
    } else if (m->is_staff) {
        m->len = (size_t)snprintf(m->row, sizeof m->row,
                                  "%u,Test Person %u,07700 9%05u,p%u@example.org,\r\n", i, i,
                                  i % 100000, i);
    } else {
        uint32_t month = 1 + turn % 8;
        m->len = (size_t)snprintf(m->row, sizeof m->row,
                                  "A-%u,%u,%u-1,Sickness,%02u/%02u/2026,%02u/%02u/2026,%s,0.%u,"
                                  "Site %u,Nursing,Job %u\r\n",
                                  i, person, person, 1 + person % 20, month, 3 + person % 20, month,
                                  i < m->changed ? "S10" : "S12", 1 + i % 9, i % 12, i % 40);
    }
    m->given = 0;
    m->at++;
}

static size_t read_made(void *arg, void *into, size_t room)
{
    struct made *m = arg;
    size_t n = 0;
    while (n < room) {
        if (m->given == m->len) {
            if (m->at > m->rows) {
                break;
            }
            make_row(m);
        }
        size_t some = m->len - m->given < room - n ? m->len - m->given : room - n;
        memcpy((char *)into + n, m->row + m->given, some);
        m->given += some;
        n += some;
    }
    return n;
}

static void take(const struct mapping *mapping, struct state *state, const struct hmac_key *key,
                 int night, uint32_t rows, uint32_t people, uint32_t changed)
{
    struct made extract = {.rows = rows, .people = people, .changed = changed};
    struct made list = {.rows = people, .people = people, .is_staff = true};
    const struct input staff = {read_made, &list};
    const struct difference_inputs in = {
        .mapping = mapping,
        .state = state,
        .key = key,
        .extract = {read_made, &extract},
        .staff = &staff,
        .as_of = {INT64_C(1798768800000000) + night * US_PER_DAY},
        .no_state = night == 0,
        .first = night == 0,
        .rows_before = -1,
        .staff_rows_before = -1,
    };
    struct difference d;
    struct buf value = {0};
    int64_t began = clock_mono_ms();
    difference_make(&in, &d);
    if (d.end != DIFFERENCE_TAKEN || d.counts.records != rows) {
        (void)fprintf(stderr, "not taken: %s\n", d.refusal.text);
        exit(3);
    }
    for (size_t i = 0; i < d.n_events; i++) {
        struct difference_event event;
        buf_reset(&value);
        difference_event(&d, i, &value, &event);
    }
    (void)printf("%s %.2f s\n", night == 0 ? "first" : "night",
                 (double)(clock_mono_ms() - began) / 1000);
    difference_apply(&d, state);
    difference_free(&d);
    buf_clear(&value);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: bench_feed ROWS PEOPLE CHANGED\n");
        return 1;
    }
    uint32_t rows = (uint32_t)strtoul(argv[1], NULL, 10);
    uint32_t people = (uint32_t)strtoul(argv[2], NULL, 10);
    uint32_t changed = (uint32_t)strtoul(argv[3], NULL, 10);
    static const uint8_t secret[INSTALL_KEY_BYTES] = {7};
    struct mapping *mapping = NULL;
    struct err err = {0};
    struct rusage usage;
    if (mapping_parse(&mapping, mapping_text, sizeof mapping_text - 1, &err) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 3;
    }
    struct state *state = state_new();
    struct hmac_key *key = hmac_key_new(secret, sizeof secret);
    take(mapping, state, key, 0, rows, people, 0);
    take(mapping, state, key, 1, rows, people, changed);
    getrusage(RUSAGE_SELF, &usage);
    (void)printf("memory %.0f MiB\n", (double)usage.ru_maxrss / 1024);
    hmac_key_free(key);
    state_free(state);
    mapping_free(mapping);
    return 0;
}
