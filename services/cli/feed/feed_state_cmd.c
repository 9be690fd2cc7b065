/* dayfour feed status, accept, forget: the state as people see it, and what they decide about it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/fault.h"
#include "services/cli/commands.h"
#include "services/cli/feed/feed_command.h"
#include "services/cli/feed/feed_db.h"
#include "services/cli/hr/sender.h"
#include "services/cli/view.h"

#define REASON_MAX 500
#define NAME_LINE 512
#define LOCK_WAIT_MS 60000

/* ---- status ---- */

static const struct pg_stmt status = {
    "feed_status",
    "select s.source, s.organisations, f.name, f.as_of, f.taken_at, f.rows, f.events, f.rejected,"
    " f.missing, f.staff_name,"
    " (select json_build_object('file', h.name, 'why', h.why, 'numbers', h.numbers,"
    "  'accepted', h.accepted_at is not null)::text"
    "  from feed.held h where h.source = s.source order by h.as_of desc limit 1),"
    " (select h.name || ': ' || h.why || case when h.accepted_at is null then '' else ', accepted'"
    "  end from feed.held h where h.source = s.source order by h.as_of desc limit 1)"
    " from feed.source s left join feed.file f on f.source = s.source and f.as_of = s.as_of"
    " where f.source is not null or exists (select from feed.held h where h.source = s.source)"
    " order by s.source",
    NULL};
static const struct view_column columns[] = {
    {"source", "SOURCE", VIEW_TEXT, 1},  {"organisations", "ORGANISATIONS", VIEW_TEXTS, 2},
    {"file", "FILE", VIEW_TEXT, 1},      {"as_of", "AS OF", VIEW_INSTANT, 0},
    {"taken_at", NULL, VIEW_INSTANT, 0}, {"rows", "ROWS", VIEW_INT, 0},
    {"events", "EVENTS", VIEW_INT, 0},   {"rejected", "REJECTED", VIEW_INT, 0},
    {"missing", "MISSING", VIEW_INT, 0}, {"staff_list", "STAFF LIST", VIEW_TEXT, 2},
    {"held", NULL, VIEW_JSON, 0},        {NULL, "HELD", VIEW_TEXT, 1},
};

int feed_status(struct cli *cli, const struct args *args)
{
    bool json = options_flag(args, "json");
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &status, NULL, &r, &err);
    if (s != STATUS_OK) {
        return cli_fail("feed status", s, &err);
    }
    struct view v = {.columns = columns,
                     .n = sizeof columns / sizeof columns[0] - (json ? 1 : 0),
                     .empty = "no file has been taken yet"};
    view_print(&v, r, json);
    return EXIT_DONE;
}

/* ---- accept ---- */

/* The newest, and no older one that somebody meant by mistake. */
static const struct pg_stmt accept = {
    "feed_accept",
    "update feed.held h set accepted_at = coalesce(h.accepted_at, $3), reason = $2"
    " where h.source = $1 and h.as_of = (select max(n.as_of) from feed.held n where n.source = $1)"
    " returning h.name, h.why",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, 0}};

int feed_accept(struct cli *cli, const struct args *args)
{
    const char *source = options_argument(args, 0);
    const char *reason = options_value(args, "reason");
    if (reason == NULL || reason[0] == '\0' || strlen(reason) > REASON_MAX) {
        return cli_refuse("feed accept: --reason: say why, in at most %d bytes", REASON_MAX);
    }
    struct err err = {0};
    struct instant now = {0};
    const struct pg_result *r = NULL;
    struct pg_args values = {0};
    enum status s = cli_now(cli, &now, &err);
    pg_arg_text(&values, source);
    pg_arg_text(&values, reason);
    pg_arg_instant(&values, now);
    s = s == STATUS_OK ? cli_query(cli, &accept, &values, &r, &err) : s;
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("feed accept", s, &err);
    }
    if (pg_rows(r) == 0) {
        return cli_refuse("feed accept: no file of this source is held");
    }
    struct buf name = {0};
    view_clean(&name, pg_text(r, 0, 0));
    printf("%s, held (%s), will be taken by the next run\n", name.data, pg_text(r, 0, 1));
    buf_clear(&name);
    return EXIT_DONE;
}

/* ---- forget ---- */

/* Later than everything that was ever published about the source: it has the version of the newest
 * file and of every attempt at it. An earlier `forget --cancel` that was killed had that version
 * already. */
static const struct pg_stmt newest = {
    "feed_newest",
    "select greatest(s.as_of, b.as_of), coalesce(b.sha256 = '', false), case when b.sha256 = ''"
    " then b.bump else coalesce(b.bump, 0) + coalesce(f.bump, 0) + 1 end"
    " from feed.source s left join feed.begun b on b.source = s.source"
    " left join feed.file f on f.source = s.source and f.as_of = s.as_of where s.source = $1"
    " and (s.as_of is not null or b.sha256 <> ''"
    "      or exists (select from feed.record r where r.source = s.source)"
    "      or exists (select from feed.held h where h.source = s.source))",
    (const uint32_t[]){PG_TEXT, 0}};

static enum status send_cancellation(struct sender *sender, const char *source,
                                     const struct state_row *row, struct instant as_of,
                                     struct err *err)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    struct buf value = {0};
    struct difference_event e;
    difference_cancellation(source, row, as_of, &value, &e);
    enum status s = sender_send(sender,
                                &(struct sender_message){.key = e.key,
                                                         .key_len = DIFFERENCE_KEY,
                                                         .value = value.data,
                                                         .len = value.len,
                                                         .copied = true,
                                                         .headers = &structured,
                                                         .n_headers = 1,
                                                         .what = "a cancellation"},
                                err);
    fault_point("feed.produced");
    buf_clear(&value);
    return s;
}

static enum status cancel_all(struct cli *cli, const char *source, struct instant as_of, size_t *n,
                              struct err *err)
{
    struct state *state = state_new();
    struct sender *sender = NULL;
    struct state_row row;
    enum status s = feed_db_state(cli, source, state, err);
    s = s == STATUS_OK
            ? sender_open(&sender, cli, cli->conf->kafka_topic_absences, state_rows(state), err)
            : s;
    for (size_t i = 0; i < state_rows(state) && s == STATUS_OK; i++) {
        if (state_row_at(state, i, &row) && !row.cancelled) {
            s = send_cancellation(sender, source, &row, as_of, err);
            ++*n;
        }
    }
    s = s == STATUS_OK ? sender_finish(sender, err) : s;
    fault_point("feed.acknowledged");
    sender_free(sender);
    state_free(state);
    return s;
}

/* A source that is to be forgotten. */
struct forgetting {
    bool has_files;    /* as_of is known: one was taken, or begun */
    bool is_cancelled; /* by an earlier forget, at least in part */
    struct feed_cancelling version;
};

/* STATUS_REJECT: nothing is known of the source. */
static enum status look_up(struct cli *cli, const char *source, struct forgetting *out,
                           struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, source);
    enum status s = cli_query(cli, &newest, &values, &r, err);
    pg_args_clear(&values);
    *out = (struct forgetting){0};
    if (s == STATUS_OK && pg_rows(r) == 0) {
        return err_set(err, STATUS_REJECT, "source", "nothing is known of this source");
    }
    if (s == STATUS_OK && !pg_is_null(r, 0, 0)) {
        out->has_files = true;
        out->is_cancelled = pg_bool(r, 0, 1);
        out->version =
            (struct feed_cancelling){.as_of = pg_instant(r, 0, 0), .bump = (int)pg_i64(r, 0, 2)};
    }
    return s;
}

static bool is_named(const char *source)
{
    char line[NAME_LINE];
    fprintf(stderr, "The name of the source, to make sure: ");
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, source) == 0;
}

static enum status cancel(struct cli *cli, const char *source, struct forgetting *f,
                          struct instant now, size_t *n, struct err *err)
{
    struct instant version = instant_add_us(f->version.as_of, (int64_t)f->version.bump * 1000);
    enum status s = feed_db_begin_cancelling(cli, source, &f->version, now, err);
    fault_point("feed.begun");
    f->is_cancelled = true;
    return s == STATUS_OK ? cancel_all(cli, source, version, n, err) : s;
}

static enum status forget(struct cli *cli, const char *source, bool cancels, size_t *n,
                          struct err *err)
{
    struct forgetting f = {0};
    struct instant now = {0};
    enum status s = cli_now(cli, &now, err);
    s = s == STATUS_OK ? cli_connect(cli, err) : s;
    s = s == STATUS_OK ? look_up(cli, source, &f, err) : s;
    if (s == STATUS_OK && !is_named(source)) {
        return err_set(err, STATUS_REJECT, "source", "source name does not match");
    }
    s = s == STATUS_OK ? feed_db_lock(cli, source, LOCK_WAIT_MS, err) : s;
    s = s == STATUS_OK ? look_up(cli, source, &f, err) : s; /* another forget may have been first */
    if (s == STATUS_OK && cancels && f.has_files) {
        s = cancel(cli, source, &f, now, n, err);
    }
    return s == STATUS_OK
               ? feed_db_forget(cli, source, f.is_cancelled ? &f.version : NULL, now, err)
               : s;
}

int feed_forget(struct cli *cli, const struct args *args)
{
    bool cancels = options_flag(args, "cancel");
    size_t n = 0;
    struct err err = {0};
    enum status s = forget(cli, options_argument(args, 0), cancels, &n, &err);
    if (s != STATUS_OK) {
        return cli_fail("feed forget", s == STATUS_REJECT ? s : STATUS_FATAL, &err);
    }
    if (cancels) {
        printf("forgotten; %zu %s cancelled\n", n,
               cli_plural((int64_t)n, "record was", "records were"));
    } else {
        puts("forgotten; nothing was published");
    }
    return EXIT_DONE;
}
