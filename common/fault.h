/* fault - named crash points of test builds: DAYFOUR_FAULT=NAME[:N] ends the process, without any
 * clean-up, the N-th time (default: the first) it passes the point of that name. Nothing at all in
 * other builds. */
#ifndef COMMON_FAULT_H
#define COMMON_FAULT_H

/* Every point, so that tests can enumerate them. */
#define FAULT_POINTS(X)                                                                            \
    X("intake.assigned", "partitions taken over in the database, not yet given to the consumer")   \
    X("intake.filled", "messages decoded, nothing sent")                                           \
    X("intake.load_sent", "the transaction of a batch has begun")                                  \
    X("intake.loaded", "positions advanced and facts read in the open transaction")                \
    X("intake.derived", "cases derived, nothing of them sent")                                     \
    X("intake.store_sent", "writes and commit sent, no answer yet")                                \
    X("intake.committed", "the answer says committed, nothing else done")                          \
    X("followup.leased", "a shard taken over in the database, no producer yet")                    \
    X("followup.opened", "the producer before fenced, the position read")                          \
    X("followup.loaded", "people locked and loaded in the open transaction")                       \
    X("followup.derived", "cases derived and events rendered, nothing of them sent")               \
    X("followup.claim_sent", "writes and commit of a claim sent, no answer yet")                   \
    X("followup.claimed", "a claim is committed, nothing of it published")                         \
    X("followup.produced", "records of a transaction given to the library")                        \
    X("followup.flushed", "all of them with the brokers, the transaction open")                    \
    X("followup.position_sent", "the position in the transaction too, not committed")              \
    X("followup.published", "the transaction is committed, the database knows nothing of it")      \
    X("followup.confirmed", "the batch is confirmed and out of the outbox")

#ifdef DAYFOUR_FAULTS
void fault_point(const char *name);
#else
#define fault_point(name) ((void)(name))
#endif

#endif
