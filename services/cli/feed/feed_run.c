/* dayfour feed run: the files of one source that are new, oldest first.
 *
 * A run takes the lock of its source before it looks at the folder. So nothing that it finds there
 * is another run's work in progress. */
#include "services/cli/feed/feed_run.h"

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err_code.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "services/cli/commands.h"
#include "services/cli/feed/feed_command.h"
#include "services/cli/feed/feed_key.h"
#include "services/cli/operations/clocks.h"

#define LOCK_WAIT_MS 60000
#define LEDGER_DAYS 400

/* ---- opening ---- */

enum status feed_open_mapping(const char *path, struct mapping **out, struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    struct err why = {0};
    enum status s = cli_read(path, &text, &len, &why);
    s = s == STATUS_OK ? mapping_parse(out, text, len, &why) : s;
    free(text);
    return s == STATUS_OK ? s
                          : err_set(err, STATUS_FATAL, "config", "%s%s%.440s",
                                    err_is(&why, ERR_INPUT) ? "" : path,
                                    err_is(&why, ERR_INPUT) ? "" : ": ", why.text);
}

const char *feed_dir(const struct mapping *m, const char *mapping_path, const char *given,
                     struct arena *a)
{
    return given != NULL         ? given
           : m->file.dir != NULL ? m->file.dir
                                 : dirname(arena_strdup(a, mapping_path));
}

static bool has_organisation(const struct feed_known *k, const char *name)
{
    for (size_t i = 0; i < k->n_organisations; i++) {
        if (strcmp(k->organisations[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Records are known by source and organisation: under another organisation all would be new. */
static enum status check_organisations(const struct feed_run *r, struct err *err)
{
    const struct mapping_texts *o = &r->mapping->organisations;
    for (size_t i = 0; i < o->n && r->known.has_file; i++) {
        if (!has_organisation(&r->known, o->item[i])) {
            return err_set(err, STATUS_FATAL, "config",
                           "organisation: the source is known, and not for this organisation; "
                           "give the mapping another source");
        }
    }
    return STATUS_OK;
}

static enum status open_key(struct feed_run *r, struct err *err)
{
    const char *source = r->mapping->source;
    enum status s = feed_key_open(&r->key, r->cli->conf, r->dir, !r->known.has_file, err);
    if (s != STATUS_OK) {
        return s;
    }
    const char *const parts[] = {"feed.key_check", source};
    hmac_parts(r->key, parts, 2, r->key_check.sha256);
    r->key_check.is_set = true;
    if (r->known.key_check.is_set && !feed_hash_eq(&r->known.key_check, &r->key_check)) {
        return err_set(err, STATUS_FATAL, "config",
                       "feed.key_file: this is not the key the state was made with; restore that "
                       "one, or `dayfour feed forget` the source");
    }
    return STATUS_OK;
}

static const struct pg_stmt ask_clock = {"feed_clock", "select clock_timestamp()", NULL};

/* By a wrong now, files and what is known of them would be removed too early or too late. A
 * rehearsal's now is nobody's clock. */
static enum status clock_must_agree(struct feed_run *r, struct err *err)
{
    const struct pg_result *answer = NULL;
    const char *file = r->cli->conf->clock_file;
    enum status s = cli_query(r->cli, &ask_clock, NULL, &answer, err);
    if (s != STATUS_OK || (file != NULL && file[0] != '\0')) {
        return s;
    }
    char text[CLOCKS_TEXT];
    const struct clocks two = {
        .machine = clock_wall(), .database = pg_instant(answer, 0, 0), .last_now = INSTANT_NONE};
    clocks_judge(r->cli, &two, text);
    return text[0] == '\0'
               ? STATUS_OK
               : err_set(err, STATUS_FATAL, ERR_CLOCK_APART, "%s: no file is taken", text);
}

static enum status open_state(struct feed_run *r, struct err *err)
{
    const struct mapping *m = r->mapping;
    long wait_ms = fault_number("DAYFOUR_TEST_FEED_WAIT_MS", LOCK_WAIT_MS);
    enum status s = cli_now(r->cli, &r->now, err);
    s = s == STATUS_OK ? cli_connect(r->cli, err) : s;
    s = s == STATUS_OK ? clock_must_agree(r, err) : s;
    s = s == STATUS_OK ? feed_db_lock(r->cli, m->source, (int)wait_ms, err) : s;
    fault_point("feed.locked");
    if (s == STATUS_OK) {
        s = feed_db_known(r->cli, m->source, m->file.pattern, r->arena, &r->known, err);
    }
    s = s == STATUS_OK ? check_organisations(r, err) : s;
    s = s == STATUS_OK ? open_key(r, err) : s;
    s = s == STATUS_OK ? feed_queue_fill(r, err) : s;
    return s == STATUS_OK ? feed_db_state(r->cli, m->source, r->state, err) : s;
}

/* ---- the files ---- */

static enum status drop_vanished(struct feed_run *r, struct err *err)
{
    const char **names = arena_array(r->arena, r->n_extracts + 1, sizeof *names);
    for (size_t i = 0; i < r->n_extracts; i++) {
        names[i] = r->extract[i].file.name;
    }
    return feed_db_unhold_gone(r->cli, r->mapping->source, r->mapping->file.pattern, names,
                               r->n_extracts, err);
}

static enum status take_all(struct feed_run *r, struct err *err)
{
    enum status s = drop_vanished(r, err);
    bool later = false;
    for (size_t i = 0; i < r->n_extracts && s == STATUS_OK && !later; i++) {
        r->is_last = i + 1 == r->n_extracts;
        s = feed_take(r, &r->extract[i], &later, err);
    }
    s = s == STATUS_OK ? feed_finish_replaced(r, err) : s;
    if (s != STATUS_OK) {
        return s;
    }
    int64_t keep = r->mapping->file.keep_files_days * US_PER_DAY;
    return ledger_expire(&r->folders, r->mapping->source, instant_add_us(r->now, -keep),
                         instant_add_us(r->now, -LEDGER_DAYS * US_PER_DAY), err);
}

static int end_of(struct feed_run *r, enum status s, struct err *err)
{
    bool held = false;
    if (s == STATUS_OK && r->mapping != NULL) {
        s = feed_db_holds(r->cli, r->mapping->source, &held, err);
    }
    if (s != STATUS_OK) {
        bool is_input = s == STATUS_REJECT;
        return cli_fail("feed run", is_input ? STATUS_REJECT : STATUS_FATAL, err);
    }
    return held ? EXIT_HELD : r->any_refused ? EXIT_INPUT : EXIT_DONE;
}

void feed_log_open(const struct conf *conf)
{
    enum log_level least = LEVEL_INFO;
    (void)log_level_parse(conf->log_level, &least);
    (void)signal(SIGPIPE, SIG_IGN);
    log_init("feed", least, strcmp(conf->log_format, "logfmt") == 0);
}

static void close_run(struct feed_run *r)
{
    sender_free(r->sender);
    state_free(r->state);
    hmac_key_free(r->key);
    folders_close(&r->folders);
    mapping_free(r->mapping);
    arena_free(r->arena);
}

int feed_run(struct cli *cli, const struct args *args)
{
    const char *path = options_argument(args, 0);
    struct feed_run r = {.cli = cli,
                         .arena = arena_new(65536),
                         .first = options_flag(args, "first"),
                         .folders = {.in = -1, .done = -1, .rejected = -1}};
    struct err err = {0};
    int code = EXIT_DONE;
    feed_log_open(cli->conf);
    enum status s = feed_open_mapping(path, &r.mapping, &err);
    if (s == STATUS_OK && r.mapping != NULL) {
        r.state = state_new();
        r.mapping_hash.is_set = true;
        memcpy(r.mapping_hash.sha256, r.mapping->sha256, SHA256_BYTES);
        r.dir = feed_dir(r.mapping, path, options_value(args, "in"), r.arena);
        s = folders_open(&r.folders, r.dir, &err);
        s = s == STATUS_OK ? open_state(&r, &err) : s;
        s = s == STATUS_OK ? take_all(&r, &err) : s;
    }
    code = end_of(&r, s, &err);
    log_settle(true);
    close_run(&r);
    return code;
}
