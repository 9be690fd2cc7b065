/* The table of states.h as an array, so that a step is one look-up. */
#include "services/followup/shard/states.h"

#include <stdlib.h>

#define AS_ROW(from, step, to) [from][STEP_##step] = (to),
static const unsigned char next_state[STATE_COUNT][STEP_COUNT] = {TRANSITIONS(AS_ROW)};
#undef AS_ROW

unsigned states_after(unsigned at, enum step step)
{
    return next_state[at][step];
}

static unsigned next(unsigned at, enum step step)
{
    unsigned to = states_after(at, step);
    if (to == STATE_NONE) {
        abort(); /* a bug; whatever is under way is as safe to lose as in any crash */
    }
    return to;
}

void states_lease(enum lease_state *at, enum step step)
{
    *at = (enum lease_state)next(*at, step);
}

void states_producer(enum producer_state *at, enum step step)
{
    *at = (enum producer_state)next(*at, step);
}

void states_batch(enum batch_state *at, enum step step)
{
    *at = (enum batch_state)next(*at, step);
}

void states_claim(enum claim_state *at, enum step step)
{
    *at = (enum claim_state)next(*at, step);
}
