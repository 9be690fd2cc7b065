/* Only one statement is under way at a time. The timer means: ask now, or, while an answer is due,
 * that none came in time. A session that is readable while nothing was asked has ended. Audit
 * entries wait for as long as nobody seals, and none is lost. */
#include "services/followup/shard/seal.h"

#include <stdlib.h>

#include "common/base/err_code.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define SEAL_EVERY_MS 1000
#define SEAL_MOST 500 /* entries at once; with more waiting the next call follows at once */
#define SEAL_HANGS_MS 70000
#define TELL_EVERY_MS 60000

struct seal {
    struct loop *loop;
    struct loop_timer *timer;
    struct pg *pg;
    int fd; /* watched, or -1 */
    bool active, busy;
    int64_t sent_ms;
    struct backoff backoff;
    /* Since the last log line, and the newest seal. */
    int64_t sealed, told_ms, seal_no;
    char head[2 * SHA256_BYTES + 1];
};

static const struct pg_stmt seal_some = {"seal", "select sealed, seal_no, hash from audit.seal($1)",
                                         (const uint32_t[]){PG_INT4, 0}};

static void tell(struct seal *s, bool now)
{
    int64_t ms = clock_mono_ms();
    if (s->sealed == 0 || (!now && ms - s->told_ms < TELL_EVERY_MS)) {
        return;
    }
    log_info(AUDIT_SEALED, LOG_INT("entries", s->sealed), LOG_INT("seal", s->seal_no),
             LOG_TEXT("hash", s->head));
    s->sealed = 0;
    s->told_ms = ms;
}

static void hang_up(struct seal *s)
{
    if (s->fd >= 0) {
        loop_unwatch(s->loop, s->fd);
        s->fd = -1;
    }
    s->busy = false;
    pg_disconnect(s->pg);
}

/* A lost session (class 08), or a server that ends them (57): those who cannot work without it log
 * that. */
static bool is_away(const struct err *err)
{
    return err_is_of(err, ERR_CLASS_CONNECTION) || err_is_of(err, ERR_CLASS_OPERATOR);
}

static void failed(struct seal *s, const struct err *err)
{
    hang_up(s);
    if (!is_away(err) && backoff_should_log(&s->backoff)) {
        log_warn(AUDIT_UNSEALED, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text));
    }
    loop_timer_set(s->timer, backoff_next_ms(&s->backoff));
}

static void on_answer(void *arg, unsigned events);

static enum status watch(struct seal *s, struct err *err)
{
    s->fd = pg_socket(s->pg);
    unsigned events = LOOP_READ | (pg_wants_write(s->pg) ? LOOP_WRITE : 0);
    return loop_watch(s->loop, s->fd, events, on_answer, s, err);
}

static void send(struct seal *s)
{
    struct err err = {0};
    struct pg_args args = {0};
    enum status st = pg_connect(s->pg, &err);
    pg_arg_i32(&args, SEAL_MOST);
    if (st == STATUS_OK) {
        pg_send(s->pg, &seal_some, &args);
        st = pg_flush(s->pg, &err);
    }
    pg_args_clear(&args);
    st = st == STATUS_OK ? watch(s, &err) : st;
    if (st != STATUS_OK) {
        failed(s, &err);
        return;
    }
    s->busy = true;
    s->sent_ms = clock_mono_ms();
    loop_timer_set(s->timer, SEAL_HANGS_MS);
}

static void answered(struct seal *s)
{
    const struct pg_result *r = pg_result(s->pg, 0);
    size_t len = 0;
    const void *hash = pg_bytes(r, 0, 2, &len);
    int64_t n = pg_i64(r, 0, 0);
    s->busy = false;
    s->sealed += n;
    s->seal_no = pg_i64(r, 0, 1);
    if (len == SHA256_BYTES) {
        hash_hex(hash, len, s->head);
    }
    backoff_reset(&s->backoff);
    tell(s, false);
    loop_timer_set(s->timer, n == SEAL_MOST ? 0 : SEAL_EVERY_MS);
}

/* Also when the server ends the session while nothing is asked. */
static void on_answer(void *arg, unsigned events)
{
    (void)events;
    struct seal *s = arg;
    struct err err = {0};
    if (!s->busy) {
        hang_up(s);
        return;
    }
    bool done = false;
    enum status st = pg_poll(s->pg, &done, &err);
    if (st == STATUS_OK && done) {
        answered(s);
    }
    st = st == STATUS_OK ? watch(s, &err) : st;
    if (st != STATUS_OK) {
        failed(s, &err);
    }
}

static void on_timer(void *arg, unsigned events)
{
    (void)events;
    struct seal *s = arg;
    struct err err = {0};
    if (s->busy) {
        (void)err_set(&err, STATUS_RESYNC, "08006", "no answer from the database in time");
        failed(s, &err);
    } else if (s->active) {
        send(s);
    } else {
        hang_up(s);
    }
}

enum status seal_new(struct seal **out, struct loop *loop, const struct pg_options *o,
                     struct err *err)
{
    struct seal *s = mem_alloc(sizeof *s);
    *s = (struct seal){.loop = loop, .fd = -1, .backoff = {.first_ms = 1000, .max_ms = 30000}};
    s->told_ms = clock_mono_ms();
    enum status st = loop_timer_new(loop, &s->timer, on_timer, s, err);
    if (st != STATUS_OK) {
        free(s);
        return st;
    }
    s->pg = pg_new(o);
    *out = s;
    return STATUS_OK;
}

void seal_free(struct seal *s)
{
    if (s == NULL) {
        return;
    }
    tell(s, true);
    hang_up(s);
    pg_free(s->pg);
    loop_timer_free(s->timer);
    free(s);
}

void seal_allow(struct seal *s, bool active)
{
    if (active == s->active) {
        return;
    }
    s->active = active;
    if (active) {
        loop_timer_set(s->timer, s->busy ? SEAL_HANGS_MS : 0);
    } else if (!s->busy) {
        hang_up(s);
        loop_timer_set(s->timer, -1);
    }
}
