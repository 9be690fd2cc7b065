#include <criterion/criterion.h>
#include <string.h>

#include "services/followup/shard/states.h"

#define AS_NAME(name, meaning) [name] = #name,
static const char *const names[STATE_COUNT] = {STATES(AS_NAME)};
#undef AS_NAME

struct row {
    unsigned from;
    enum step step;
    unsigned to;
};
#define AS_ROW(from, step, to) {from, STEP_##step, to},
static const struct row rows[] = {TRANSITIONS(AS_ROW)};
#undef AS_ROW
#define N_ROWS (sizeof rows / sizeof rows[0])

static size_t part(unsigned s)
{
    return (size_t)(strchr(names[s], '_') - names[s]);
}

/* All that can be reached from a state by any steps. */
static void reach(unsigned from, bool reached[STATE_COUNT])
{
    reached[from] = true;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].from == from && !reached[rows[i].to]) {
            reach(rows[i].to, reached);
        }
    }
}

Test(states, a_row_stands_once)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        cr_assert_eq(states_after(rows[i].from, rows[i].step), rows[i].to, "%s, row %zu",
                     names[rows[i].from], i);
    }
}

Test(states, steps_stay_within_their_part)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        cr_assert_eq(part(rows[i].from), part(rows[i].to));
        cr_assert_eq(strncmp(names[rows[i].from], names[rows[i].to], part(rows[i].from)), 0,
                     "%s to %s", names[rows[i].from], names[rows[i].to]);
    }
}

/* Nothing is a dead end: from every state the part gets back to where it begins, and on from there
 * to every other state. */
Test(states, every_state_is_reached_and_left)
{
    static const unsigned first[] = {LEASE_STANDBY, PRODUCER_OPEN, BATCH_EMPTY, CLAIM_IDLE};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        bool from_first[STATE_COUNT] = {false};
        reach(first[i], from_first);
        for (unsigned s = STATE_NONE + 1; s < STATE_COUNT; s++) {
            if (strncmp(names[s], names[first[i]], part(first[i]) + 1) != 0) {
                continue;
            }
            bool back[STATE_COUNT] = {false};
            reach(s, back);
            cr_assert(from_first[s], "%s is never reached", names[s]);
            cr_assert(back[first[i]], "%s is never left", names[s]);
        }
    }
}

/* A failure, a lost lease or a closed session may come at any moment. */
Test(states, what_may_come_at_any_moment_has_a_step)
{
    for (unsigned s = STATE_NONE + 1; s < STATE_COUNT; s++) {
        enum step any = strncmp(names[s], "LEASE", 5) == 0      ? STEP_LEASE_LOSE
                        : strncmp(names[s], "PRODUCER", 8) == 0 ? STEP_PRODUCER_ABANDON
                        : strncmp(names[s], "BATCH", 5) == 0    ? STEP_BATCH_FORGET
                                                                : STEP_CLAIM_DROP;
        cr_assert_neq(states_after(s, any), STATE_NONE, "%s", names[s]);
    }
}

/* While the sink has borrowed records, the producer is not made again before the result is there.
 */
Test(states, an_order_of_a_lost_lease_is_waited_for)
{
    static const unsigned busy[] = {PRODUCER_READ_POSITION, PRODUCER_SEARCH, PRODUCER_PUBLISH,
                                    PRODUCER_COMMIT_POSITION, PRODUCER_DISCARD};
    for (size_t i = 0; i < sizeof busy / sizeof busy[0]; i++) {
        cr_assert_eq(states_after(busy[i], STEP_PRODUCER_ABANDON), PRODUCER_DISCARD);
        cr_assert_eq(states_after(busy[i], STEP_PRODUCER_OPENING), STATE_NONE);
        cr_assert_eq(states_after(busy[i], STEP_PRODUCER_PUBLISHING), STATE_NONE);
    }
}

/* Only READY leads to PUBLISH. Only ALIGN_POSITION and a commit that is known lead to READY. */
Test(states, nothing_is_published_before_the_position_is_known)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].to == PRODUCER_PUBLISH) {
            cr_assert_eq(rows[i].from, PRODUCER_READY);
        }
        if (rows[i].to == PRODUCER_READY) {
            cr_assert(rows[i].step == STEP_PRODUCER_ALIGNED ||
                      rows[i].step == STEP_PRODUCER_PUBLISHED);
        }
    }
}
