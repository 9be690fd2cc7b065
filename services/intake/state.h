/* state - what the files of the intake loop share: intake.c (the loop itself), recover.c (starting
 * over, partitions that come and go), ops.c (what operators see). Nobody else includes it. */
#ifndef SERVICES_INTAKE_STATE_H
#define SERVICES_INTAKE_STATE_H

#include "common/casefile/brake.h"
#include "common/casefile/product_clock.h"
#include "common/kafka/kafka_watch.h"
#include "common/runtime/conf.h"
#include "common/runtime/http.h"
#include "common/runtime/loop.h"
#include "common/runtime/patience.h"
#include "services/intake/batch_writer.h"
#include "services/intake/source.h"
#include "services/intake/source_age.h"

#define WRITERS_MAX 8

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
    struct batch_writer writers[WRITERS_MAX];
    int writer_fd[WRITERS_MAX]; /* the descriptor watched, -1: none */
    size_t n_writers;
    struct source *source;
    struct http *http;
    struct kafka_watch *watch;
    struct source_ages *ages;
    struct ruleset *rules;
    struct inbound_limits limits;
    struct progress *progress; /* by partition number */
    size_t n_progress;
    char owner[80];
    struct loop_timer *housekeeping, *reconnect, *linger, *again;
    struct backoff db_backoff;
    struct patience patience;
    struct brake brake; /* of all writers */
    bool db_up;
    bool cautioned;
    bool clock_apart;    /* logged; db_up is false all the while */
    int64_t up_since_ms; /* monotonic, of db_up */
    bool reading;        /* partitions are ours and the database knows */
    bool was_ready;
    bool in_group;   /* the group has given this member its partitions: none, if it stands by */
    int64_t left_ms; /* monotonic: when they were last taken away; 0: never */
    bool stop;
    enum status ended; /* FATAL: cannot go on */
    struct err why;
    struct totals sum; /* since the last report */
    int64_t reported_ms, schema_looked_ms;
    int64_t requests_ms; /* when requests for other positions were looked for */
    int64_t settled_ms;  /* when a batch was committed, or nothing was under way, last */
};

/* ---- intake.c ---- */

void intake_cannot_go_on(struct intake *in, const struct err *err);
enum status intake_open_source(struct intake *in, struct err *err) NODISCARD;
struct batch_writer_context intake_around(struct intake *in);
/* Takes the next step of writer i, without waiting. */
void intake_step_writer(struct intake *in, size_t i);

/* ---- recover.c ---- */

/* Connects what is down, reads the rules and the positions again, and continues from there. */
void recover_start_over(struct intake *in);
void recover_db_is_down(struct intake *in, const struct err *err);
/* The database answers and nothing was refused for a while: what was before is forgotten. */
void recover_settle(struct intake *in);
/* Some batch was refused, and none was committed by that session since. */
bool recover_refused(const struct intake *in);
/* Fenced: most likely the group has given the partitions to another intake and is about to say so.
 * Only if it does not are they taken over again. */
void recover_wait_for_group(struct intake *in);
/* Now and then: whether an operator asked for another position; then it is gone to. */
void recover_look_for_requests(struct intake *in);
/* Now and then: notes where partitions end that were taken in to their end. */
void recover_note_ends(struct intake *in);
void recover_unwatch_writer(struct intake *in, size_t i);
bool recover_under_way(const struct intake *in);
/* Lets batches under way finish, for a little: what is committed need not be read again. */
void recover_drain(struct intake *in);
/* For struct source_events. */
enum status recover_assigned(void *arg, struct source_partition *p, size_t n, struct err *err);
void recover_revoked(void *arg, bool lost);

/* ---- ops.c ---- */

/* A batch was committed; was_refused: the one before it in that writer was not, see struct trouble.
 */
void ops_count(struct intake *in, const struct batch_writer *l, size_t records, bool was_refused);
/* The summing up of the last ten seconds, if it is time or now. */
void ops_report(struct intake *in, bool now);
/* Batches that were done again for a minute: an error, once. */
void ops_tell_trouble(struct intake *in);
void ops_tell_group(struct intake *in);
/* The service manager: a line about how it stands, and that we live, if that can be shown. */
void ops_tell_manager(struct intake *in);
enum status ops_open(struct intake *in, struct err *err) NODISCARD;
void ops_close(struct intake *in);

#endif
