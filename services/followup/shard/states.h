/* states - every state of a shard and of its claims, and every step from one to another, in one
 * table. services/followup/README.md draws it, and says which label of
 * tests/model/spin/followup.pml each state is. tests/lint/names.py compares the three. */
#ifndef SERVICES_FOLLOWUP_SHARD_STATES_H
#define SERVICES_FOLLOWUP_SHARD_STATES_H

/* A shard is in one state of each of these parts at a time: the lease, the producer, and each of
 * its two batches. A claim has a part of its own. The parts change one by one; the guards of
 * shard.c and claim.c say which combinations allow what. */
#define LEASE_STATES(X)                                                                            \
    X(LEASE_STANDBY, "another process works on the shard")                                         \
    X(LEASE_LOOK_AGAIN, "ours; what the database knows is to be read again")                       \
    X(LEASE_HELD, "ours, and next_batch and confirmed are as the database has them")
#define PRODUCER_STATES(X)                                                                         \
    X(PRODUCER_OPEN, "a producer is to be made, not before open_at_ms")                            \
    X(PRODUCER_READ_POSITION,                                                                      \
      "the sink makes it, which fences older ones, and reads the position")                        \
    X(PRODUCER_ALIGN_POSITION, "the position is to be compared with the database")                 \
    X(PRODUCER_SEARCH, "no position: the sink looks for the newest batch on its topic")            \
    X(PRODUCER_READY, "the number of the last published batch is known")                           \
    X(PRODUCER_PUBLISH, "the sink has the front batch")                                            \
    X(PRODUCER_COMMIT_POSITION, "the sink commits the position, without records")                  \
    X(PRODUCER_DISCARD, "the sink has an order of a lease that is gone: its result is ignored")
#define BATCH_STATES(X)                                                                            \
    X(BATCH_EMPTY, "nothing is to be published")                                                   \
    X(BATCH_FROZEN, "in the outbox and in memory, not known to be published")                      \
    X(BATCH_TOO_LARGE, "the same, and the broker refused some of its records for their size")
#define CLAIM_STATES(X)                                                                            \
    X(CLAIM_IDLE, "no transaction is under way")                                                   \
    X(CLAIM_LOOK, "finds the people who are due, and locks them")                                  \
    X(CLAIM_LOAD, "reads their facts and what was emitted about them")                             \
    X(CLAIM_STORE, "writes cases, emissions and the outbox, and commits")                          \
    X(CLAIM_CONFIRM, "nobody was due, or nobody was looked for: confirms what is published")       \
    X(CLAIM_READ, "reads a batch of the outbox")                                                   \
    X(CLAIM_CUT, "makes refused records smaller, in the outbox too")
#define STATES(X) LEASE_STATES(X) PRODUCER_STATES(X) BATCH_STATES(X) CLAIM_STATES(X)

#define STEPS(X)                                                                                   \
    X(LEASE_TAKE, "the database gave the shard to us, under a new epoch")                          \
    X(LEASE_LOSE, "the database says that another process has the shard")                          \
    X(LEASE_DOUBT, "something failed or was fenced: only later answers count")                     \
    X(LEASE_RELOAD, "such an answer came")                                                         \
    X(PRODUCER_OPENING, "the sink got the order")                                                  \
    X(PRODUCER_POSITION_READ, "the sink did it")                                                   \
    X(PRODUCER_SEARCHING, "the sink got the order")                                                \
    X(PRODUCER_SEARCHED, "the sink looked, and found the batch or not")                            \
    X(PRODUCER_ALIGNED, "position and database agree, or an operator lets us continue")            \
    X(PRODUCER_PUBLISHING, "the sink got the order")                                               \
    X(PRODUCER_COMMITTING, "the sink got the order")                                               \
    X(PRODUCER_PUBLISHED, "the transaction is known to be committed")                              \
    X(PRODUCER_FAILED, "an order failed, was refused or was ignored; or another mode is needed")   \
    X(PRODUCER_ABANDON, "the lease of its orders is gone")                                         \
    X(BATCH_FREEZE, "a claim that made it committed, or the outbox was read")                      \
    X(BATCH_REFUSE, "the broker refused records for their size")                                   \
    X(BATCH_CUT, "the refused records are smaller now, or dropped")                                \
    X(BATCH_PUBLISHED, "it is on its topics")                                                      \
    X(BATCH_FORGET, "only the outbox counts: read it again")                                       \
    X(CLAIM_LOOKING, "begins: a transaction, and who is due")                                      \
    X(CLAIM_LOADING, "people are due")                                                             \
    X(CLAIM_STORING, "there is something to store")                                                \
    X(CLAIM_CONFIRMING, "there is not; or only that was wanted")                                   \
    X(CLAIM_READING, "begins: a batch of the outbox")                                              \
    X(CLAIM_CUTTING, "begins: refused records")                                                    \
    X(CLAIM_DONE, "every answer is there")                                                         \
    X(CLAIM_DROP, "it failed, or the lease is gone: the session is closed")

/* (state, step, next state). Any other step in a state is a bug. */
#define TRANSITIONS(X)                                                                             \
    X(LEASE_STANDBY, LEASE_TAKE, LEASE_HELD)                                                       \
    X(LEASE_STANDBY, LEASE_LOSE, LEASE_STANDBY)                                                    \
    X(LEASE_STANDBY, LEASE_DOUBT, LEASE_STANDBY)                                                   \
    X(LEASE_LOOK_AGAIN, LEASE_TAKE, LEASE_HELD)                                                    \
    X(LEASE_LOOK_AGAIN, LEASE_LOSE, LEASE_STANDBY)                                                 \
    X(LEASE_LOOK_AGAIN, LEASE_DOUBT, LEASE_LOOK_AGAIN)                                             \
    X(LEASE_LOOK_AGAIN, LEASE_RELOAD, LEASE_HELD)                                                  \
    X(LEASE_HELD, LEASE_TAKE, LEASE_HELD)                                                          \
    X(LEASE_HELD, LEASE_LOSE, LEASE_STANDBY)                                                       \
    X(LEASE_HELD, LEASE_DOUBT, LEASE_LOOK_AGAIN)                                                   \
    X(PRODUCER_OPEN, PRODUCER_OPENING, PRODUCER_READ_POSITION)                                     \
    X(PRODUCER_OPEN, PRODUCER_ABANDON, PRODUCER_OPEN)                                              \
    X(PRODUCER_READ_POSITION, PRODUCER_POSITION_READ, PRODUCER_ALIGN_POSITION)                     \
    X(PRODUCER_READ_POSITION, PRODUCER_FAILED, PRODUCER_OPEN)                                      \
    X(PRODUCER_READ_POSITION, PRODUCER_ABANDON, PRODUCER_DISCARD)                                  \
    X(PRODUCER_ALIGN_POSITION, PRODUCER_SEARCHING, PRODUCER_SEARCH)                                \
    X(PRODUCER_ALIGN_POSITION, PRODUCER_ALIGNED, PRODUCER_READY)                                   \
    X(PRODUCER_ALIGN_POSITION, PRODUCER_ABANDON, PRODUCER_OPEN)                                    \
    X(PRODUCER_SEARCH, PRODUCER_SEARCHED, PRODUCER_ALIGN_POSITION)                                 \
    X(PRODUCER_SEARCH, PRODUCER_FAILED, PRODUCER_OPEN)                                             \
    X(PRODUCER_SEARCH, PRODUCER_ABANDON, PRODUCER_DISCARD)                                         \
    X(PRODUCER_READY, PRODUCER_PUBLISHING, PRODUCER_PUBLISH)                                       \
    X(PRODUCER_READY, PRODUCER_COMMITTING, PRODUCER_COMMIT_POSITION)                               \
    X(PRODUCER_READY, PRODUCER_FAILED, PRODUCER_OPEN)                                              \
    X(PRODUCER_READY, PRODUCER_ABANDON, PRODUCER_OPEN)                                             \
    X(PRODUCER_PUBLISH, PRODUCER_PUBLISHED, PRODUCER_READY)                                        \
    X(PRODUCER_PUBLISH, PRODUCER_FAILED, PRODUCER_OPEN)                                            \
    X(PRODUCER_PUBLISH, PRODUCER_ABANDON, PRODUCER_DISCARD)                                        \
    X(PRODUCER_COMMIT_POSITION, PRODUCER_PUBLISHED, PRODUCER_READY)                                \
    X(PRODUCER_COMMIT_POSITION, PRODUCER_FAILED, PRODUCER_OPEN)                                    \
    X(PRODUCER_COMMIT_POSITION, PRODUCER_ABANDON, PRODUCER_DISCARD)                                \
    X(PRODUCER_DISCARD, PRODUCER_FAILED, PRODUCER_OPEN)                                            \
    X(PRODUCER_DISCARD, PRODUCER_ABANDON, PRODUCER_DISCARD)                                        \
    X(BATCH_EMPTY, BATCH_FREEZE, BATCH_FROZEN)                                                     \
    X(BATCH_EMPTY, BATCH_REFUSE, BATCH_EMPTY) /* a position alone */                               \
    X(BATCH_EMPTY, BATCH_CUT, BATCH_EMPTY)    /* forgotten meanwhile */                            \
    X(BATCH_EMPTY, BATCH_FORGET, BATCH_EMPTY)                                                      \
    X(BATCH_FROZEN, BATCH_FREEZE, BATCH_FROZEN)                                                    \
    X(BATCH_FROZEN, BATCH_REFUSE, BATCH_TOO_LARGE)                                                 \
    X(BATCH_FROZEN, BATCH_PUBLISHED, BATCH_EMPTY)                                                  \
    X(BATCH_FROZEN, BATCH_FORGET, BATCH_EMPTY)                                                     \
    X(BATCH_TOO_LARGE, BATCH_CUT, BATCH_FROZEN)                                                    \
    X(BATCH_TOO_LARGE, BATCH_FORGET, BATCH_EMPTY)                                                  \
    X(CLAIM_IDLE, CLAIM_LOOKING, CLAIM_LOOK)                                                       \
    X(CLAIM_IDLE, CLAIM_CONFIRMING, CLAIM_CONFIRM)                                                 \
    X(CLAIM_IDLE, CLAIM_READING, CLAIM_READ)                                                       \
    X(CLAIM_IDLE, CLAIM_CUTTING, CLAIM_CUT)                                                        \
    X(CLAIM_IDLE, CLAIM_DROP, CLAIM_IDLE)                                                          \
    X(CLAIM_LOOK, CLAIM_LOADING, CLAIM_LOAD)                                                       \
    X(CLAIM_LOOK, CLAIM_STORING, CLAIM_STORE)                                                      \
    X(CLAIM_LOOK, CLAIM_CONFIRMING, CLAIM_CONFIRM)                                                 \
    X(CLAIM_LOOK, CLAIM_DROP, CLAIM_IDLE)                                                          \
    X(CLAIM_LOAD, CLAIM_STORING, CLAIM_STORE)                                                      \
    X(CLAIM_LOAD, CLAIM_DROP, CLAIM_IDLE)                                                          \
    X(CLAIM_STORE, CLAIM_DONE, CLAIM_IDLE)                                                         \
    X(CLAIM_STORE, CLAIM_DROP, CLAIM_IDLE)                                                         \
    X(CLAIM_CONFIRM, CLAIM_DONE, CLAIM_IDLE)                                                       \
    X(CLAIM_CONFIRM, CLAIM_DROP, CLAIM_IDLE)                                                       \
    X(CLAIM_READ, CLAIM_DONE, CLAIM_IDLE)                                                          \
    X(CLAIM_READ, CLAIM_DROP, CLAIM_IDLE)                                                          \
    X(CLAIM_CUT, CLAIM_DONE, CLAIM_IDLE)                                                           \
    X(CLAIM_CUT, CLAIM_DROP, CLAIM_IDLE)

#define AS_NUMBER(name, meaning) NUMBER_##name,
#define AS_STATE(name, meaning) name = NUMBER_##name,
#define AS_STEP(name, meaning) STEP_##name,
enum { STATE_NONE, STATES(AS_NUMBER) STATE_COUNT };
enum lease_state { LEASE_STATES(AS_STATE) };
enum producer_state { PRODUCER_STATES(AS_STATE) };
enum batch_state { BATCH_STATES(AS_STATE) };
enum claim_state { CLAIM_STATES(AS_STATE) };
enum step { STEPS(AS_STEP) STEP_COUNT };
#undef AS_NUMBER
#undef AS_STATE
#undef AS_STEP

/* The state after `step`, or STATE_NONE: that step is not possible in this state. */
unsigned states_after(unsigned at, enum step step);

/* Each takes one step. They end the process if the table does not have it. */
void states_lease(enum lease_state *at, enum step step);
void states_producer(enum producer_state *at, enum step step);
void states_batch(enum batch_state *at, enum step step);
void states_claim(enum claim_state *at, enum step step);

#endif
