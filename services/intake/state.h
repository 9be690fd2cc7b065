/* state - what the files of the intake loop share: intake.c (the loop itself), recover.c (starting
 * over, partitions that come and go), ops.c (what operators see). Nobody else includes it. */
#ifndef INTAKE_STATE_H
#define INTAKE_STATE_H

#include "common/casefile/product_clock.h"
#include "common/conf.h"
#include "common/http.h"
#include "common/loop.h"
#include "services/intake/lane.h"
#include "services/intake/source.h"

#define LANES_MAX 8

struct totals {
    size_t records, stored, stale, ignored, dead, batches;
    int64_t busy_ms;
};

struct intake {
    const struct conf *conf;
    struct loop *loop;
    struct clock *clock;
    struct product_clock *product_clock;
    struct pg *control; /* assignments, settings: short and waited for */
    struct lane lanes[LANES_MAX];
    int lane_fd[LANES_MAX]; /* the descriptor watched, -1: none */
    size_t n_lanes;
    struct source *source;
    struct http *http;
    struct ruleset *rules;
    struct inbound_limits limits;
    struct progress *progress; /* by partition number */
    size_t n_progress;
    char owner[80];
    struct loop_timer *housekeeping, *reconnect, *linger;
    struct backoff db_backoff;
    bool db_up;
    bool reading; /* partitions are ours and the database knows */
    bool was_ready;
    bool
        keep_raw; /* the database refused a value: the next batches keep what a dead letter needs */
    bool stop;
    enum status ended; /* FATAL: cannot go on */
    struct err why;
    struct totals sum; /* since the last report */
    int64_t reported_ms;
    int64_t settled_ms; /* when a batch was committed, or nothing was under way, last */
};

/* ---- intake.c ---- */

void intake_cannot_go_on(struct intake *in, const struct err *err);
struct lane_around intake_around(struct intake *in);
/* Goes on with what lane i has under way, without waiting. */
void intake_step_lane(struct intake *in, size_t i);

/* ---- recover.c ---- */

/* Connects what is down, reads the rules and the positions again, and goes on from there. */
void recover_start_over(struct intake *in);
void recover_db_is_down(struct intake *in, const struct err *err);
/* Fenced: most likely the group has given the partitions to somebody else and is about to say so.
 * Only if it does not are they taken back. */
void recover_wait_for_group(struct intake *in);
void recover_unwatch_lane(struct intake *in, size_t i);
bool recover_under_way(const struct intake *in);
/* Lets batches under way finish, for a little: what is committed need not be read again. */
void recover_drain(struct intake *in);
/* For struct source_events. */
enum status recover_assigned(void *arg, struct source_partition *p, size_t n, struct err *err);
void recover_revoked(void *arg, bool lost);

/* ---- ops.c ---- */

/* A batch was committed. */
void ops_count(struct intake *in, const struct lane *l, size_t records);
/* The summing up of the last ten seconds, if it is time or now. */
void ops_report(struct intake *in, bool now);
void ops_tell_group(struct intake *in);
/* The service manager: a line about how it stands, and that we live, if that can be shown. */
void ops_tell_manager(struct intake *in);
enum status ops_open(struct intake *in, struct err *err) NODISCARD;

#endif
