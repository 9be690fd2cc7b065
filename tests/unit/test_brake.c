#include <criterion/criterion.h>
#include <stdio.h>

#include "common/casefile/brake.h"

static struct brake b;
static const struct err refusal = {.code = "23514", .text = "zq"};

static bool lets(const char *organisation, int person, int64_t now_ms)
{
    char id[24];
    (void)snprintf(id, sizeof id, "P-%d", person);
    return brake_lets(&b, &refusal, organisation, id, BRAKE_CASES, now_ms);
}

static void refuse(int people)
{
    for (int i = 0; i < people; i++) {
        cr_assert(lets("RW3", i, 1000), "person %d", i);
    }
}

Test(brake, holds_after_so_many_people_in_a_row)
{
    refuse(BRAKE_PEOPLE);
    cr_assert_not(brake_is_on(&b, 1000));
    cr_assert_not(lets("RW3", BRAKE_PEOPLE, 2000));
    cr_assert(brake_is_on(&b, 2000));
    cr_assert_not(lets("RW3", 0, 3000)); /* nor any of the first */
}

Test(brake, one_person_again_and_again_is_one)
{
    for (int i = 0; i < 3 * BRAKE_PEOPLE; i++) {
        cr_assert(lets("RW3", 1, 1000));
    }
    for (int i = 2; i <= BRAKE_PEOPLE; i++) {
        cr_assert(lets("RW3", i, 1000));
    }
    cr_assert_not(lets("RW4", 1, 1000)); /* another's number */
}

Test(brake, such_rows_of_others_release_it)
{
    refuse(BRAKE_PEOPLE);
    brake_stored(&b, BRAKE_RECORDS, 9); /* rows of another sort show nothing */
    brake_stored(&b, BRAKE_CASES, 0);
    cr_assert_not(lets("RW3", 99, 1000));
    brake_stored(&b, BRAKE_CASES, 1);
    cr_assert_not(brake_is_on(&b, 1000));
    refuse(BRAKE_PEOPLE);
    cr_assert_not(lets("RW3", 99, 1000));
    brake_deeper(&b, BRAKE_EVENTS);
    brake_stored(&b, BRAKE_CASES, 1);
    cr_assert(brake_is_on(&b, 1000));
    brake_stored(&b, BRAKE_EVENTS, 1);
    cr_assert_not(brake_is_on(&b, 1000));
}

Test(brake, another_reason_begins_anew)
{
    const struct err others[] = {{.code = "23514", .text = "zr"}, {.code = "23502", .text = "zq"}};
    for (size_t i = 0; i < 2; i++) {
        refuse(BRAKE_PEOPLE);
        cr_assert_not(lets("RW3", 99, 1000));
        cr_assert(brake_lets(&b, &others[i], "RW3", "P-99", BRAKE_CASES, 1000));
        cr_assert_not(brake_is_on(&b, 1000));
    }
}

Test(brake, one_more_now_and_then)
{
    refuse(BRAKE_PEOPLE);
    cr_assert_not(lets("RW3", 99, 1000));
    cr_assert_not(lets("RW3", 99, 1000 + BRAKE_PROBE_MS - 1));
    cr_assert(lets("RW3", 99, 1000 + BRAKE_PROBE_MS));
    cr_assert_not(lets("RW3", 100, 1000 + BRAKE_PROBE_MS + 1));
}

Test(brake, what_is_not_met_any_more_is_not_held)
{
    refuse(BRAKE_PEOPLE);
    cr_assert_not(lets("RW3", 99, 1000));
    cr_assert(brake_is_on(&b, 1000 + BRAKE_FORGET_MS - 1));
    cr_assert_not(brake_is_on(&b, 1000 + BRAKE_FORGET_MS));
    cr_assert_not(lets("RW3", 99, 1000 + BRAKE_FORGET_MS)); /* but nobody more is set aside */
}
