/* fault - named crash points of test builds. DAYFOUR_FAULT=NAME[:N] ends the process, without any
 * clean-up, the N-th time (default: the first) it passes that point. Other builds have nothing of
 * it. */
#ifndef COMMON_RUNTIME_FAULT_H
#define COMMON_RUNTIME_FAULT_H

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
    X("followup.confirmed", "the batch is confirmed and out of the outbox")                        \
    X("feed.locked", "the run of a source owns its lock, no file is read yet")                     \
    X("feed.compared", "a file is compared with the state, nothing of it is committed")            \
    X("feed.begun", "what is about to be published is committed, no message is sent")              \
    X("feed.produced", "some messages of a file are given to the library")                         \
    X("feed.acknowledged", "every message of a file is with the brokers")                          \
    X("feed.rejected", "the rejected rows of a file are written, its state is not")                \
    X("feed.noted", "the ledger names the file, the state does not know it")                       \
    X("feed.stored", "the state is written in a transaction that is still open")                   \
    X("feed.committed", "the state is committed, the file is where it was")                        \
    X("feed.finished", "the file is in done/")                                                     \
    X("web.logged_in", "a session was begun, its answer not given")                                \
    X("web.save_sent", "an entry sent to the database, no answer yet")                             \
    X("web.saved", "the database says it is saved, nothing said to the browser")

#ifdef DAYFOUR_FAULTS
void fault_point(const char *name);
/* A number of the environment, so that a test need not wait ten minutes. */
long fault_number(const char *name, long otherwise);
#else
#define fault_number(name, otherwise) ((void)(name), (otherwise))
#define fault_point(name) ((void)(name))
#endif

#endif
