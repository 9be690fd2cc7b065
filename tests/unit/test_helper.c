#include <criterion/criterion.h>
#include <stdatomic.h>
#include <time.h>

#include "common/runtime/clock.h"
#include "common/runtime/helper.h"
#include "tests/unit/leakcheck.h"

TestSuite(helper, .fini = leakcheck, .timeout = 20);

static atomic_int runs, drops;
static atomic_bool may_end;

static void run_at_once(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void run_until_allowed(void *arg)
{
    (void)arg;
    while (!atomic_load(&may_end)) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void drop(void *arg)
{
    (void)arg;
    atomic_fetch_add(&drops, 1);
}

Test(helper, what_ends_is_its_owner_s_again)
{
    struct helper *h = helper_start(run_at_once, &runs);
    cr_assert_not_null(h);
    cr_assert(helper_ended(h, 5000));
    cr_assert_eq(atomic_load(&runs), 1);
    cr_assert(helper_free(h, drop));
    cr_assert_eq(atomic_load(&drops), 0);
    cr_assert_eq(helper_left(), 0);
}

Test(helper, what_hangs_is_left_behind_and_dropped_once_it_ends)
{
    struct helper *h = helper_start(run_until_allowed, NULL);
    int64_t began = clock_mono_ms();
    cr_assert_not(helper_ended(h, 50));
    cr_assert_geq(clock_mono_ms() - began, 49);
    cr_assert_not(helper_free(h, drop));
    cr_assert_eq(helper_left(), 1);
    atomic_store(&may_end, true);
    for (int i = 0; i < 5000 && helper_left() > 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    cr_assert_eq(helper_left(), 0);
    cr_assert_eq(atomic_load(&drops), 1);
}
