/* dayfour migrate: the database from whatever it is to what this program needs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "common/hash.h"
#include "services/cli/commands.h"
#include "services/cli/embed.h"
#include "services/cli/rulebook.h"
#include "services/cli/shipped.h"

#define TRIES 30 /* for about a minute */
#define PAUSE_NS 300000000L
#define HASH_TEXT (2 * SHA256_BYTES + 1)
#define KEY_HEX ((size_t)INSTALL_KEY_BYTES * 2)

static int number_of(const struct embed_file *f)
{
    return (int)strtol(f->name, NULL, 10);
}

static void hash_of(const struct embed_file *f, char out[HASH_TEXT])
{
    uint8_t digest[SHA256_BYTES];
    hash_sha256(f->data, f->len, digest);
    hash_hex(digest, sizeof digest, out);
}

/* ---- what is there ---- */

static enum status has_history(struct cli *cli, bool *out, struct err *err)
{
    static const struct pg_stmt ask = {"migrate_has",
                                       "select to_regclass('ops.migration') is not null", NULL};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &ask, NULL, &r, err);
    if (s == STATUS_OK) {
        *out = pg_bool(r, 0, 0);
    }
    return s;
}

/* One row of the history against the files here. */
static enum status check_applied(int number, const char *hash, bool *applied, struct err *err)
{
    for (size_t i = 0; i < embed_sql_n; i++) {
        if (number_of(&embed_sql[i]) != number) {
            continue;
        }
        char ours[HASH_TEXT];
        hash_of(&embed_sql[i], ours);
        if (strcmp(ours, hash) != 0) {
            return err_set(err, STATUS_FATAL, "migrate",
                           "%s: the database was given another text of it", embed_sql[i].name);
        }
        applied[i] = true;
        return STATUS_OK;
    }
    return err_set(err, STATUS_FATAL, "migrate",
                   "the database has migration %d, which this program does not know: it is newer",
                   number);
}

/* applied[i] says it of embed_sql[i]. */
static enum status read_history(struct cli *cli, bool *applied, struct err *err)
{
    static const struct pg_stmt read = {
        "migrate_read", "select number, sha256 from ops.migration order by number", NULL};
    bool there = false;
    enum status s = has_history(cli, &there, err);
    if (s != STATUS_OK || !there) {
        return s;
    }
    const struct pg_result *r = NULL;
    s = cli_query(cli, &read, NULL, &r, err);
    for (size_t i = 0; s == STATUS_OK && i < pg_rows(r); i++) {
        s = check_applied((int)pg_i64(r, i, 0), pg_text(r, i, 1), applied, err);
    }
    return s;
}

/* ---- files ---- */

static enum status make_history(struct cli *cli, struct err *err)
{
    bool there = false;
    enum status s = has_history(cli, &there, err);
    if (s != STATUS_OK || there) {
        return s;
    }
    return pg_script(cli->pg,
                     "begin;"
                     "create schema if not exists ops;"
                     "create table ops.migration ("
                     "    number     int primary key,"
                     "    name       text not null,"
                     "    sha256     text not null,"
                     "    applied_at timestamptz not null default now()"
                     ");"
                     "commit",
                     err);
}

static enum status apply(struct cli *cli, const struct embed_file *f, struct err *err)
{
    char hash[HASH_TEXT];
    hash_of(f, hash);
    struct buf script = {0};
    buf_puts(&script, "begin;\n");
    buf_put(&script, f->data, f->len);
    buf_printf(&script,
               "\n;insert into ops.migration (number, name, sha256) values (%d, '%s', '%s');"
               "commit",
               number_of(f), f->name, hash);
    struct err why = {0};
    enum status s = pg_script(cli->pg, script.data, &why);
    buf_clear(&script);
    if (s != STATUS_OK) {
        err_set(err, s, why.code, "%s: %s", f->name, why.text);
    }
    return s;
}

/* One migration at a time: the second waits for the first and finds nothing to do. What waits for a
 * table holds up everybody else who wants it, so that is short, and done again. */
static enum status lock_session(struct cli *cli, struct err *err)
{
    enum status s = cli->pg == NULL ? cli_connect(cli, err) : pg_connect(cli->pg, err);
    return s != STATUS_OK ? s
                          : pg_script(cli->pg,
                                      "set lock_timeout = '60s'; set statement_timeout = 0;"
                                      "set client_min_messages = warning;"
                                      "select pg_advisory_lock(7170417, 0);"
                                      "set lock_timeout = '2s'",
                                      err);
}

/* The services and whoever reads may be at work on the same tables: deadlocked or waited for in
 * vain nothing of the file has been done. */
static enum status apply_among_others(struct cli *cli, const struct embed_file *f, struct err *err)
{
    enum status s = apply(cli, f, err);
    for (int tries = 1; s == STATUS_RETRY && tries < TRIES; tries++) {
        if (tries == 1) {
            fprintf(stderr, "migrate: %s: others use the same tables; trying again\n", f->name);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        s = lock_session(cli, err);
        s = s == STATUS_OK ? apply(cli, f, err) : s;
    }
    return s;
}

static enum status apply_all(struct cli *cli, const bool *applied, struct err *err)
{
    enum status s = make_history(cli, err);
    for (size_t i = 0; i < embed_sql_n && s == STATUS_OK; i++) {
        if (applied[i]) {
            continue;
        }
        s = apply_among_others(cli, &embed_sql[i], err);
        if (s == STATUS_OK) {
            printf("applied %s\n", embed_sql[i].name);
        }
    }
    return s;
}

/* ---- the install key ---- */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* The file holds 32 bytes, or 64 hex digits. */
static enum status read_key(const char *path, uint8_t key[INSTALL_KEY_BYTES], struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum status s = cli_read(path, &text, &len, err);
    if (s != STATUS_OK) {
        return s;
    }
    bool good = len == INSTALL_KEY_BYTES;
    if (good) {
        memcpy(key, text, len);
    } else if (len >= KEY_HEX && strspn(text + KEY_HEX, "\r\n") == len - KEY_HEX) {
        good = true;
        for (size_t i = 0; i < INSTALL_KEY_BYTES; i++) {
            int high = hex_digit(text[2 * i]);
            int low = hex_digit(text[2 * i + 1]);
            good = good && high >= 0 && low >= 0;
            key[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
        }
    }
    memset(text, 0, len);
    free(text);
    return good ? STATUS_OK
                : err_set(err, STATUS_REJECT, "input",
                          "--install-key-file: 32 bytes or 64 hex digits are needed");
}

static enum status random_key(uint8_t key[INSTALL_KEY_BYTES], struct err *err)
{
    if (getrandom(key, INSTALL_KEY_BYTES, 0) != INSTALL_KEY_BYTES) {
        return err_set(err, STATUS_FATAL, "random", "no random bytes to be had");
    }
    return STATUS_OK;
}

/* The key never changes once it is there: every id is made with it. */
static enum status check_key(const struct pg_result *r, const uint8_t *wanted, struct err *err)
{
    size_t len = 0;
    const void *there = pg_bytes(r, 0, 0, &len);
    if (wanted != NULL && (len != INSTALL_KEY_BYTES || memcmp(there, wanted, len) != 0)) {
        return err_set(err, STATUS_REJECT, "input",
                       "--install-key-file: the installation has another key already");
    }
    return STATUS_OK;
}

static const struct pg_stmt insert_key = {"migrate_put_key",
                                          "insert into fact.install_key (key) values ($1)",
                                          (const uint32_t[]){PG_BYTEA, 0}};

static enum status put_key(struct cli *cli, const char *file, bool *made, struct err *err)
{
    static const struct pg_stmt read = {"migrate_key", "select key from fact.install_key", NULL};
    uint8_t key[INSTALL_KEY_BYTES];
    enum status s = STATUS_OK;
    if (file != NULL) {
        s = read_key(file, key, err);
    }
    const struct pg_result *r = NULL;
    if (s == STATUS_OK) {
        s = cli_query(cli, &read, NULL, &r, err);
    }
    if (s != STATUS_OK) {
        return s;
    }
    *made = false;
    if (pg_rows(r) > 0) {
        return check_key(r, file == NULL ? NULL : key, err);
    }
    if (file == NULL) {
        s = random_key(key, err);
    }
    if (s == STATUS_OK) {
        struct pg_args args = {0};
        pg_arg_bytes(&args, key, sizeof key);
        s = cli_query(cli, &insert_key, &args, NULL, err);
        *made = s == STATUS_OK;
        pg_args_clear(&args);
    }
    memset(key, 0, sizeof key);
    return s;
}

/* ---- what every installation starts with ---- */

struct contents {
    bool key, settings, calendar; /* put in by this call */
};

static enum status is_loaded(struct cli *cli, bool *settings, bool *calendar, struct err *err)
{
    static const struct pg_stmt ask = {
        "migrate_loaded",
        "select settings_serial is not null, calendar_loads > 0 from fact.ruleset", NULL};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &ask, NULL, &r, err);
    if (s == STATUS_OK) {
        *settings = pg_bool(r, 0, 0);
        *calendar = pg_bool(r, 0, 1);
    }
    return s;
}

static enum status put_contents(struct cli *cli, const char *key_file, struct contents *out,
                                struct err *err)
{
    struct instant now = INSTANT_NONE;
    bool settings = false;
    bool calendar = false;
    enum status s = cli_query(cli, &pg_begin, NULL, NULL, err);
    s = s == STATUS_OK ? rulebook_lock(cli, &now, err) : s;
    s = s == STATUS_OK ? put_key(cli, key_file, &out->key, err) : s;
    s = s == STATUS_OK ? is_loaded(cli, &settings, &calendar, err) : s;
    if (s == STATUS_OK && !settings) {
        s = shipped_settings(cli, now, err);
        out->settings = true;
    }
    if (s == STATUS_OK && !calendar) {
        s = shipped_calendar(cli, err);
        out->calendar = true;
    }
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}

static void tell(const struct contents *put, bool files)
{
    if (put->key) {
        puts("install key made");
    }
    if (put->settings) {
        puts("shipped settings loaded");
    }
    if (put->calendar) {
        puts("shipped bank holidays loaded");
    }
    if (!files && !put->key && !put->settings && !put->calendar) {
        puts("nothing to do");
    }
}

/* ---- the command ---- */

static int dry_run(const bool *applied)
{
    bool any = false;
    for (size_t i = 0; i < embed_sql_n; i++) {
        if (!applied[i]) {
            printf("would apply %s\n", embed_sql[i].name);
            any = true;
        }
    }
    if (!any) {
        puts("nothing to apply");
    }
    return EXIT_DONE;
}

int migrate_run(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    bool *applied = arena_array(cli->arena, embed_sql_n, sizeof *applied);
    const char *key_file = options_value(args, "install-key-file");
    uint8_t probe[INSTALL_KEY_BYTES];
    enum status s = key_file == NULL ? STATUS_OK : read_key(key_file, probe, &err);
    s = s == STATUS_OK ? lock_session(cli, &err) : s;
    s = s == STATUS_OK ? read_history(cli, applied, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("migrate", s, &err);
    }
    if (options_flag(args, "dry-run")) {
        return dry_run(applied);
    }
    bool files = false;
    for (size_t i = 0; i < embed_sql_n; i++) {
        files = files || !applied[i];
    }
    struct contents put = {0};
    s = apply_all(cli, applied, &err);
    s = s == STATUS_OK ? put_contents(cli, key_file, &put, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("migrate", s, &err);
    }
    tell(&put, files);
    return EXIT_DONE;
}
