/* The rows of ops.migration:
 *
 *     numbered    number, name, sha256 and, if the file names it, the oldest program it serves
 *     repeatable  number: the newest numbered file when this one was last applied; sha256
 *
 * Programs take the smallest of the greatest numbered file and the numbers of all repeatable ones
 * as the number of the schema (common/casefile/schema.c). So a database counts as migrated only
 * when views and functions are, too. For this, rows of repeatable files are inserted without a
 * digest before the first file is applied. */
#include "services/cli/operations/migrations.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/err_code.h"
#include "common/base/hash.h"
#include "common/casefile/schema.h"
#include "services/cli/embed.h"

#define TRIES 30 /* for about a minute */
#define PAUSE_NS 300000000L
#define HASH_TEXT (2 * SHA256_BYTES + 1)

/* ---- the files ---- */

static int number_of(const struct embed_file *f)
{
    return (int)strtol(f->name, NULL, 10);
}

static int newest(void)
{
    return number_of(&embed_sql[embed_sql_n - 1]);
}

/* The first line may name the oldest program that it serves: "-- serves: 17". 0: it does not. */
static int serves_of(const struct embed_file *f)
{
    static const char mark[] = "-- serves: ";
    char line[32] = "";
    size_t n = f->len < sizeof line - 1 ? f->len : sizeof line - 1;
    memcpy(line, f->data, n);
    return strncmp(line, mark, sizeof mark - 1) == 0 ? (int)strtol(line + sizeof mark - 1, NULL, 10)
                                                     : 0;
}

static void hash_of(const struct embed_file *f, char out[HASH_TEXT])
{
    uint8_t digest[SHA256_BYTES];
    hash_sha256(f->data, f->len, digest);
    hash_hex(digest, sizeof digest, out);
}

void migrations_print_range(void)
{
    int serves = 0;
    for (size_t i = 0; i < embed_sql_n; i++) {
        int one = serves_of(&embed_sql[i]);
        serves = one > serves ? one : serves;
    }
    printf("the schema is %d; it serves programs from %d on\n", newest(), serves);
}

/* ---- the table ---- */

static enum status has_table(struct cli *cli, bool *out, struct err *err)
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

/* A row of a numbered file against the files here. */
static enum status check_numbered(const struct pg_result *r, size_t row, bool *applied,
                                  struct err *err)
{
    int number = (int)pg_i64(r, row, 0);
    for (size_t i = 0; i < embed_sql_n; i++) {
        if (number_of(&embed_sql[i]) != number) {
            continue;
        }
        char ours[HASH_TEXT];
        hash_of(&embed_sql[i], ours);
        if (strcmp(ours, pg_text(r, row, 2)) != 0) {
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

static void check_repeatable(const struct pg_result *r, size_t row, bool *current)
{
    for (size_t i = 0; i < embed_repeatable_n; i++) {
        char ours[HASH_TEXT];
        hash_of(&embed_repeatable[i], ours);
        if (strcmp(embed_repeatable[i].name, pg_text(r, row, 1)) == 0) {
            current[i] = strcmp(ours, pg_text(r, row, 2)) == 0 && pg_i64(r, row, 0) == newest();
        }
    }
}

/* The columns `serves` and `repeatable` are read from the row as JSON, because the table of a
 * development version may lack them. */
static enum status read_rows(struct cli *cli, const struct migrations *m, struct err *err)
{
    static const struct pg_stmt read = {
        "migrate_read",
        "select m.number, m.name, m.sha256, (to_jsonb(m) ->> 'serves')::int,"
        " coalesce((to_jsonb(m) ->> 'repeatable')::bool, false)"
        " from ops.migration m order by m.number, m.name",
        NULL};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &read, NULL, &r, err);
    int64_t serves = 0;
    for (size_t i = 0; s == STATUS_OK && i < pg_rows(r); i++) {
        serves = pg_i64(r, i, 3) > serves ? pg_i64(r, i, 3) : serves;
        if (pg_bool(r, i, 4)) {
            check_repeatable(r, i, m->current);
        } else {
            s = strcmp(pg_text(r, i, 1), SCHEMA_DEVELOPMENT) == 0
                    ? schema_refuse_development(err)
                    : check_numbered(r, i, m->applied, err);
        }
    }
    if (s != STATUS_OK && serves > SCHEMA_KNOWN && err_is(err, "migrate")) {
        struct err why = *err;
        (void)err_set(err, s, why.code, "%s; it serves programs from %" PRId64 " on, these are %d",
                      why.text, serves, SCHEMA_KNOWN);
    }
    return s;
}

enum status migrations_read(struct cli *cli, struct migrations *out, struct err *err)
{
    *out = (struct migrations){
        .applied = arena_array(cli->arena, embed_sql_n, sizeof *out->applied),
        .current = arena_array(cli->arena, embed_repeatable_n, sizeof *out->current),
    };
    bool there = false;
    enum status s = has_table(cli, &there, err);
    s = s == STATUS_OK && there ? read_rows(cli, out, err) : s;
    for (size_t i = 0; i < embed_sql_n; i++) {
        out->due += out->applied[i] ? 0 : 1;
    }
    for (size_t i = 0; i < embed_repeatable_n; i++) {
        out->due += out->current[i] ? 0 : 1;
    }
    return s;
}

static void add_names(struct buf *script)
{
    buf_puts(script, "(values ");
    for (size_t i = 0; i < embed_repeatable_n; i++) {
        buf_printf(script, "%s('%s')", i == 0 ? "" : ", ", embed_repeatable[i].name);
    }
    buf_puts(script, ") f (name)");
}

/* Makes the table; notes repeatable files that are new, and removes rows of those that are gone. A
 * new file gets the number the database has already: programs that do not know it run on. */
static enum status make_rows(struct cli *cli, struct err *err)
{
    struct buf script = {0};
    buf_puts(&script, "begin;"
                      "create schema if not exists ops;"
                      "create table if not exists ops.migration ("
                      "    name       text primary key,"
                      "    number     int not null,"
                      "    repeatable boolean not null default false,"
                      "    sha256     text not null,"
                      "    serves     int,"
                      "    applied_at timestamptz not null default now()"
                      ");"
                      "insert into ops.migration (name, number, repeatable, sha256)"
                      " select f.name, coalesce((select max(m.number) from ops.migration m"
                      " where not m.repeatable), 0), true, '' from ");
    add_names(&script);
    buf_puts(&script, " on conflict (name) do nothing;"
                      "delete from ops.migration m where m.repeatable and m.name not in"
                      " (select f.name from ");
    add_names(&script);
    buf_puts(&script, ");commit");
    enum status s = pg_script(cli->pg, script.data, err);
    buf_clear(&script);
    return s;
}

/* ---- applying ---- */

/* A migration that waits for a table delays everybody who wants the table after it. So the wait is
 * short, and retried. */
enum status migrations_lock(struct cli *cli, struct err *err)
{
    enum status s = cli->pg == NULL ? cli_connect(cli, err) : pg_connect(cli->pg, err);
    if (s != STATUS_OK) {
        return s;
    }
    pg_set_patience(cli->pg, CLI_LONG_MS);
    return pg_script(cli->pg,
                     "set lock_timeout = '60s'; set statement_timeout = 0;"
                     "set client_min_messages = warning;"
                     "select pg_advisory_lock(7170417, 0);"
                     "set lock_timeout = '2s'",
                     err);
}

/* Applies a file and writes its row, in one transaction. */
static enum status apply(struct cli *cli, const struct embed_file *f, bool repeatable,
                         struct err *err)
{
    char hash[HASH_TEXT];
    hash_of(f, hash);
    struct buf script = {0};
    buf_puts(&script, "begin;\n");
    buf_put(&script, f->data, f->len);
    if (repeatable) {
        buf_printf(&script,
                   "\n;update ops.migration set number = %d, sha256 = '%s', applied_at = now()"
                   " where name = '%s';",
                   newest(), hash, f->name);
    } else {
        buf_printf(&script,
                   "\n;insert into ops.migration (number, name, sha256, serves)"
                   " values (%d, '%s', '%s', nullif(%d, 0));",
                   number_of(f), f->name, hash, serves_of(f));
    }
    buf_puts(&script, "commit");
    struct err why = {0};
    enum status s = pg_script(cli->pg, script.data, &why);
    buf_clear(&script);
    if (s != STATUS_OK) {
        err_set(err, s, why.code, "%s: %s", f->name, why.text);
    }
    return s;
}

/* Services and readers may use the same tables. A deadlock or a lock timeout rolls the whole file
 * back, so it can be applied again. */
static enum status apply_among_others(struct cli *cli, const struct embed_file *f, bool repeatable,
                                      struct err *err)
{
    enum status s = apply(cli, f, repeatable, err);
    for (int tries = 1; s == STATUS_RETRY && tries < TRIES; tries++) {
        if (tries == 1) {
            fprintf(stderr, "migrate: %s: others use the same tables; trying again\n", f->name);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        s = migrations_lock(cli, err);
        s = s == STATUS_OK ? apply(cli, f, repeatable, err) : s;
    }
    if (s == STATUS_OK) {
        printf("applied %s\n", f->name);
    }
    return s;
}

enum status migrations_apply(struct cli *cli, const struct migrations *m, struct err *err)
{
    enum status s = m->due > 0 ? make_rows(cli, err) : STATUS_OK;
    for (size_t i = 0; i < embed_sql_n && s == STATUS_OK; i++) {
        s = m->applied[i] ? STATUS_OK : apply_among_others(cli, &embed_sql[i], false, err);
    }
    for (size_t i = 0; i < embed_repeatable_n && s == STATUS_OK; i++) {
        s = m->current[i] ? STATUS_OK : apply_among_others(cli, &embed_repeatable[i], true, err);
    }
    return s;
}

size_t migrations_print_due(const struct migrations *m)
{
    for (size_t i = 0; i < embed_sql_n; i++) {
        if (!m->applied[i]) {
            printf("would apply %s\n", embed_sql[i].name);
        }
    }
    for (size_t i = 0; i < embed_repeatable_n; i++) {
        if (!m->current[i]) {
            printf("would apply %s\n", embed_repeatable[i].name);
        }
    }
    return m->due;
}
