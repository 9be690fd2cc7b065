#include <criterion/criterion.h>
#include <stdio.h>

#include "services/web/refusal.h"
#include "tests/unit/leakcheck.h"

static struct refusals *r;

static void begin(void)
{
    r = refusals_new();
}

static void end(void)
{
    refusals_free(r);
    leakcheck();
}

TestSuite(web_refusal, .init = begin, .fini = end);

#define MINUTE 60000

Test(web_refusal, five_for_a_login_from_an_address)
{
    for (int i = 0; i < 5; i++) {
        cr_assert(refusals_try(r, "amy", "192.0.2.1", i));
    }
    cr_assert_not(refusals_try(r, "amy", "192.0.2.1", 5));
    cr_assert(refusals_try(r, "amy", "192.0.2.2", 5), "from elsewhere");
    cr_assert(refusals_try(r, "ben", "192.0.2.1", 5), "another name");
    cr_assert_not(refusals_try(r, "amy", "192.0.2.1", 14 * MINUTE));
    cr_assert(refusals_try(r, "amy", "192.0.2.1", 15 * MINUTE + 5));
}

Test(web_refusal, twenty_from_an_address)
{
    char name[20];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "name-%d", i);
        cr_assert(refusals_try(r, name, "192.0.2.1", i));
    }
    cr_assert_not(refusals_try(r, "amy", "192.0.2.1", 20));
    cr_assert(refusals_try(r, "amy", "192.0.2.2", 20));
}

Test(web_refusal, an_unknown_address_counts_by_login_alone)
{
    char name[20];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "name-%d", i);
        cr_assert(refusals_try(r, name, "", i));
    }
    for (int i = 0; i < 5; i++) {
        cr_assert(refusals_try(r, "amy", "", i));
    }
    cr_assert_not(refusals_try(r, "amy", "", 5));
}

Test(web_refusal, a_right_one_begins_anew)
{
    for (int i = 0; i < 40; i++) {
        cr_assert(refusals_try(r, "amy", "192.0.2.1", i));
        refusals_right(r, "amy", "192.0.2.1", i);
    }
    for (int i = 0; i < 4; i++) {
        cr_assert(refusals_try(r, "amy", "192.0.2.1", 50));
    }
    cr_assert(refusals_try(r, "amy", "192.0.2.1", 50));
    refusals_right(r, "amy", "192.0.2.1", 50);
    cr_assert(refusals_try(r, "amy", "192.0.2.1", 50));
}

Test(web_refusal, a_try_that_nobody_judged_does_not_count)
{
    for (int i = 0; i < 40; i++) {
        cr_assert(refusals_try(r, "amy", "192.0.2.1", i));
        refusals_undo(r, "amy", "192.0.2.1", i);
    }
}

Test(web_refusal, tries_are_forgotten_after_fifteen_minutes)
{
    for (int i = 0; i < 4; i++) {
        cr_assert(refusals_try(r, "amy", "192.0.2.1", 0));
    }
    for (int i = 0; i < 5; i++) {
        cr_assert(refusals_try(r, "amy", "192.0.2.1", 15 * MINUTE));
    }
    cr_assert_not(refusals_try(r, "amy", "192.0.2.1", 15 * MINUTE));
}

Test(web_refusal, a_crowd_of_names_is_bounded_and_frees_nobody_who_is_tried_now)
{
    char name[20];
    for (int i = 0; i < 5; i++) {
        cr_assert(refusals_try(r, "amy", "192.0.2.1", 1000000));
    }
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(name, sizeof name, "name-%d", i);
        (void)refusals_try(r, name, "", i);
    }
    cr_assert_not(refusals_try(r, "amy", "192.0.2.1", 1000001));
}
