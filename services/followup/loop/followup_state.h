/* followup_state - shared by the files of the loop: followup.c (turns, beginning and end),
 * followup_db.c (sessions, leases), followup_work.c (claims), ops.c (metrics, health). Only they
 * include it. */
#ifndef SERVICES_FOLLOWUP_LOOP_FOLLOWUP_STATE_H
#define SERVICES_FOLLOWUP_LOOP_FOLLOWUP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/hash.h"
#include "common/casefile/brake.h"
#include "common/casefile/product_clock.h"
#include "common/casefile/ruleset.h"
#include "common/kafka/kafka_watch.h"
#include "common/runtime/clock.h"
#include "common/runtime/conf.h"
#include "common/runtime/loop.h"
#include "common/runtime/patience.h"
#include "services/followup/shard/shard.h"

#define LOOK_EVERY_MS 200 /* who is due, about whom was something entered? */

struct followup {
    const struct conf *conf;
    struct loop *loop;
    struct http *http;
    struct kafka_watch *watch;
    struct clock *clock;
    struct product_clock *product_clock;
    struct ruleset *rules;
    struct shard *shards;
    struct lease *leases; /* in step with shards */
    size_t n_shards;
    char owner[96];
    char installation[ID_TEXT];

    struct pg *control; /* leases, the situation */
    bool control_busy;
    /* Its last question was refused, with the counts or without: until the same was answered. */
    enum { REFUSED_NO, REFUSED_ASKING, REFUSED_COUNTING } control_refused;
    bool counting; /* who is due, with it */
    int64_t control_sent_ms, stored_now_ms, counted_ms, counted_tasks_ms;
    int64_t seq; /* of the control pipeline sent last */
    int control_fd;
    struct situation situation;

    struct pg *work; /* claims, one at a time */
    struct shard *working;
    struct claim *claim; /* of it, under way */
    enum shard_want want;
    size_t next_shard; /* whose turn it is */
    int work_fd;
    int64_t rest_until_ms; /* after a conflict */

    struct seal *seal;
    struct loop_timer *tick, *reconnect, *wake;
    struct backoff db_backoff;
    struct patience patience;
    struct trouble trouble; /* of claims */
    struct brake brake;
    bool db_up, shards_started;
    bool cautioned;
    bool clock_apart; /* logged; db_up is false all the while */
    bool held;        /* somebody may have been held back */
    bool rules_stale; /* load them before the next claim */
    bool catching_up; /* with rules that are new: why a due date moves */
    bool told_ready, stopping;
    struct instant rehearsal; /* what the clock file said last */
    int64_t looked_ms, reported_ms;
    size_t n_emitted;
    enum status ended; /* FATAL: cannot go on */
    struct err why;
};

/* followup.c */
void followup_cannot_go_on(struct followup *f, const struct err *err);
void followup_pump(
    struct followup *f); /* one round of everything that can be done without waiting */

/* followup_db.c */
void followup_start_over(struct followup *f); /* connects what is down, and asks how it stands */
void followup_on_reconnect(void *arg, unsigned events);
/* The session broke (STATUS_FATAL: and will not get better): what is under way is forgotten. */
void followup_db_failed(struct followup *f, enum status s, const struct err *err);
void followup_ask_control(
    struct followup *f); /* leases, the situation; unless it was asked already */
enum status followup_load_rules(struct followup *f, struct err *err) NODISCARD;
void followup_watch(struct followup *f, const struct pg *pg, int *fd, loop_fn *fn);
void followup_unwatch(struct followup *f, int *fd);
void followup_tell_ready(struct followup *f);
void followup_want_claims(struct followup *f);
struct instant followup_now(struct followup *f);

/* ops.c */
enum status ops_open(struct followup *f, struct err *err) NODISCARD;
void ops_close(struct followup *f);
/* The service manager: alive, and what we are at. */
void ops_tell_manager(struct followup *f, int64_t ms);

/* followup_work.c */
void followup_step_work(struct followup *f);
bool followup_find_work(struct followup *f);              /* true: something was begun */
int64_t followup_work_began_ms(const struct followup *f); /* of what is under way */

#endif
