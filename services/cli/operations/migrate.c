/* dayfour migrate: brings the database to the schema that this program needs. First
 * it applies the files of schemas/sql (migrations.c). Then it makes the install key and loads
 * settings and bank holidays where there are none. Last it bounds the rights of logins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/hash.h"
#include "services/cli/commands.h"
#include "services/cli/hr/rulebook.h"
#include "services/cli/operations/migrations.h"
#include "services/cli/settings/defaults.h"

#define KEY_HEX ((size_t)INSTALL_KEY_BYTES * 2)

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
        s = defaults_settings(cli, now, err);
        out->settings = true;
    }
    if (s == STATUS_OK && !calendar) {
        s = defaults_calendar(cli, err);
        out->calendar = true;
    }
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}

/* As far as the caller's rights reach; the rest is reported. */
static enum status bound_logins(struct cli *cli, struct err *err)
{
    static const struct pg_stmt bound = {"migrate_logins", "select ops.bound_logins()", NULL};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &bound, NULL, &r, err);
    for (size_t i = 0; s == STATUS_OK && i < pg_rows(r); i++) {
        fprintf(stderr, "migrate: note: %s\n", pg_text(r, i, 0));
    }
    return s;
}

static void tell(const struct contents *put, bool files)
{
    if (files) {
        migrations_print_range();
    }
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

static int dry_run(const struct migrations *m)
{
    if (migrations_print_due(m) > 0) {
        migrations_print_range();
    } else {
        puts("nothing to apply");
    }
    return EXIT_DONE;
}

int migrate_run(struct cli *cli, const struct args *args)
{
    cli_advise(NULL); /* whoever migrates needs the server's own words */
    struct err err = {0};
    struct migrations m;
    const char *key_file = options_value(args, "install-key-file");
    uint8_t probe[INSTALL_KEY_BYTES];
    enum status s = key_file == NULL ? STATUS_OK : read_key(key_file, probe, &err);
    s = s == STATUS_OK ? migrations_lock(cli, &err) : s;
    s = s == STATUS_OK ? migrations_read(cli, &m, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("migrate", s, &err);
    }
    if (options_flag(args, "dry-run")) {
        return dry_run(&m);
    }
    struct contents put = {0};
    s = migrations_apply(cli, &m, &err);
    s = s == STATUS_OK ? put_contents(cli, key_file, &put, &err) : s;
    s = s == STATUS_OK ? bound_logins(cli, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("migrate", s, &err);
    }
    tell(&put, m.due > 0);
    return EXIT_DONE;
}
