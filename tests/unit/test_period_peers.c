/* Which records share a period with another. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/casework/derive/period_peers.h"
#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(period_peers, .fini = leakcheck, .timeout = 30);

#define MOST 8

/* "1-5 3-x 6-8o 9-": from day to day of a month; x: cancelled, o: open-ended. The first is the one
 * whose peers are asked for. */
static size_t read_records(const char *text, struct record *out, struct arena *a)
{
    size_t n = 0;
    for (char *end; *text != '\0'; text = *end == ' ' ? end + 1 : end, n++) {
        cr_assert_lt(n, MOST);
        out[n] = (struct record){.source = "/hr/RW3", .last_day = DATE_NONE};
        out[n].absence_id = arena_printf(a, "A-%zu", n);
        out[n].onset.days = (int32_t)strtol(text, &end, 10);
        cr_assert_eq(*end, '-');
        text = end + 1;
        if (*text >= '0' && *text <= '9') {
            out[n].last_day.days = (int32_t)strtol(text, &end, 10);
        } else {
            end++;
        }
        out[n].cancelled = *end == 'x';
        out[n].open_ended = *end == 'o';
        end += *end == 'x' || *end == 'o' ? 1 : 0;
    }
    return n;
}

static const char *peers(const char *text, int left, int today, struct arena *a)
{
    struct record records[MOST];
    struct facts f = {.organisation = "RW3", .person_id = "P-77", .records = records};
    f.n_records = read_records(text, records, a);
    f.left.on = left == 0 ? DATE_NONE : (struct date){left};
    f.died.on = f.opt.on = DATE_NONE;
    size_t *found = NULL;
    size_t n = period_peers_find(&f, &records[0], (struct date){today}, a, &found);
    char *out = arena_zalloc(a, 3 * MOST);
    for (size_t i = 0; i < f.n_records; i++) {
        for (size_t k = 0; k < n; k++) {
            if (found[k] == i) {
                (void)sprintf(out + strlen(out), "%s%zu", *out == '\0' ? "" : " ", i);
            }
        }
    }
    return out;
}

/* R-32 R-55 */
Test(period_peers, records_of_one_period)
{
    const struct {
        const char *records;
        int left, today; /* 0: not */
        const char *peers;
    } rows[] = {
        {"1-5", 0, 31, ""},
        {"1-5 6-8", 0, 31, "1"},
        {"6-8 1-5", 0, 31, "1"},
        {"1-5 7-8", 0, 31, ""},
        {"7-8 1-5", 0, 31, ""},
        {"1-5 3-4", 0, 31, "1"},
        {"3-4 1-5", 0, 31, "1"},
        {"1-5 9-12 6-8 14-15", 0, 31, "1 2"},
        {"14-15 1-5 9-13 6-8", 0, 31, "1 2 3"},
        {"1- 20-21", 0, 31, "1"},
        {"20-21 1-", 0, 31, "1"},
        {"20- 1- 3-4", 0, 31, "1 2"},
        {"1-2o 20-21", 0, 31, "1"},
        {"1-2 20-", 0, 31, ""},
        /* cancelled, or not begun */
        {"1-5x 6-8", 0, 31, ""},
        {"1-5 6-8x", 0, 31, ""},
        {"1-5 6-8", 0, 6, "1"},
        {"1-5 6-8", 0, 5, ""},
        {"6-8 1-5", 0, 5, ""},
        /* leaving ends what is open then or would have lasted as long; later onsets are of another
         */
        {"1- 6-8", 5, 31, ""},
        {"6-8 1-", 5, 31, ""},
        {"1-9 6-8", 5, 31, ""},
        {"1-5 6-8", 5, 31, ""},
        {"1-5 5-8", 5, 31, "1"},
        {"1-4 5-8", 5, 31, "1"},
        {"1-3 4-4 5-6", 5, 31, "1 2"},
        {"1-3 4-", 9, 31, "1"},
        {"6-8 9-10", 5, 31, "1"},
        {"6- 9-10", 5, 31, "1"},
    };
    struct arena *a = arena_new(4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_str_eq(peers(rows[i].records, rows[i].left, rows[i].today, a), rows[i].peers,
                         "%s", rows[i].records);
    }
    arena_free(a);
}
