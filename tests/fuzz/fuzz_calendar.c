/* Any bytes as a file of bank holidays; and steps over those it names come back to where they
 * began. */
#include <stddef.h>
#include <stdint.h>

#include "common/casework/rules/calendar.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_steps(const struct calendar *c, enum division d, struct date from)
{
    for (int n = 1; n <= 12; n += 5) {
        struct date later = calendar_step(c, d, from, n);
        MUST(later.days > from.days && calendar_is_working_day(c, d, later));
        MUST(calendar_working_days(c, d, from, later) == n);
        struct date back = calendar_step(c, d, later, -n);
        MUST(back.days <= later.days && calendar_is_working_day(c, d, back));
        MUST(!calendar_is_working_day(c, d, from) || back.days == from.days);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct arena *arena;
    if (arena == NULL) {
        arena = arena_new(1 << 16);
    }
    arena_reset(arena);
    struct holiday *holidays = NULL;
    size_t n = 0;
    unsigned divisions = 0;
    struct err err = {0};
    enum status s = calendar_parse((const char *)data, len, arena, &holidays, &n, &divisions, &err);
    if (s != STATUS_OK) {
        MUST(s == STATUS_REJECT && err.text[0] != '\0');
        return 0;
    }
    MUST(divisions < 1U << DIVISION_COUNT);
    struct calendar *c = calendar_new();
    for (size_t i = 0; i < n; i++) {
        MUST((divisions >> holidays[i].division & 1U) == 1);
        MUST(holidays[i].day.days >= DATE_FIRST.days && holidays[i].day.days <= DATE_LAST.days);
        MUST(holidays[i].title != NULL);
        calendar_add(c, holidays[i].division, holidays[i].day);
    }
    for (size_t i = 0; i < n && i < 8; i++) {
        MUST(!calendar_is_working_day(c, holidays[i].division, holidays[i].day));
        check_steps(c, holidays[i].division, holidays[i].day);
    }
    calendar_free(c);
    return 0;
}
