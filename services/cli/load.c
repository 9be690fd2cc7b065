/* dayfour settings and calendar: documents checked, put in force, shown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/casework/calendar.h"
#include "common/casework/settings.h"
#include "common/json.h"
#include "services/cli/commands.h"
#include "services/cli/impact.h"
#include "services/cli/rulebook.h"

/* A load that touches more of the open tasks than this has to be meant. */
#define BRAKE_PERCENT 5

/* A document that is fine, with its text; both are the caller's. */
static enum status read_settings(const char *path, char **text, struct settings **out,
                                 struct err *err)
{
    size_t len = 0;
    enum status s = cli_read(path, text, &len, err);
    if (s != STATUS_OK) {
        return s;
    }
    s = settings_parse(out, *text, len, err);
    if (s != STATUS_OK) {
        free(*text);
    }
    return s;
}

int load_check(struct cli *cli, const struct args *args)
{
    (void)cli;
    struct err err = {0};
    char *text = NULL;
    struct settings *settings = NULL;
    enum status s = read_settings(options_argument(args, 0), &text, &settings, &err);
    if (s != STATUS_OK) {
        return cli_fail("settings check", s, &err);
    }
    struct buf version = {0};
    buf_puts(&version, settings_version(settings));
    printf("settings %s: fine\n", version.data);
    buf_clear(&version);
    settings_free(settings);
    free(text);
    return EXIT_DONE;
}

/* ---- load ---- */

static enum status audit_load(struct cli *cli, struct instant now, const char *what,
                              const char *name, const char *value, int64_t people, struct err *err)
{
    struct buf detail = {0};
    buf_puts(&detail, "{");
    json_put_string(&detail, name);
    buf_puts(&detail, ":");
    json_put_string(&detail, value);
    buf_printf(&detail, ",\"people\":%" PRId64 "}", people);
    enum status s = rulebook_audit(cli, now, what, detail.data, err);
    buf_clear(&detail);
    return s;
}

static enum status put_settings(struct cli *cli, const struct settings *settings, const char *text,
                                int64_t *people, struct err *err)
{
    struct instant now = INSTANT_NONE;
    int32_t serial = 0;
    const char *version = settings_version(settings);
    enum status s = cli_query(cli, &pg_begin, NULL, NULL, err);
    s = s == STATUS_OK ? rulebook_lock(cli, &now, err) : s;
    s = s == STATUS_OK ? rulebook_put_settings(cli, version, text, now, &serial, err) : s;
    s = s == STATUS_OK ? rulebook_wake_all(cli, now, people, err) : s;
    s = s == STATUS_OK ? audit_load(cli, now, "settings_load", "version", version, *people, err)
                       : s;
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}

static void tell_impact(const struct impact *i)
{
    printf("of %zu open tasks %zu would be ended and %zu moved; %zu opened; %zu events emitted, "
           "%zu withdrawn\n",
           i->open, i->ended, i->moved, i->opened, i->emitted, i->withdrawn);
}

/* Whether to go on; without --yes not past the brake. */
static enum status brake(struct cli *cli, struct settings *settings, bool dry_run, struct err *err)
{
    struct impact impact = {0};
    enum status s = impact_of(cli, settings, &impact, err);
    if (s != STATUS_OK) {
        return s;
    }
    size_t touched = impact.ended + impact.moved;
    if (dry_run) {
        tell_impact(&impact);
    } else if (touched * 100 > impact.open * BRAKE_PERCENT) {
        return err_set(err, STATUS_REJECT, "input",
                       "%zu of %zu open tasks would be ended or moved; --yes if that is meant "
                       "(--dry-run tells more)",
                       touched, impact.open);
    }
    return STATUS_OK;
}

static int load(struct cli *cli, const struct args *args, struct settings *settings,
                const char *text)
{
    struct err err = {0};
    int64_t people = 0;
    bool dry_run = options_flag(args, "dry-run");
    enum status s = STATUS_OK;
    if (dry_run || !options_flag(args, "yes")) {
        s = brake(cli, settings, dry_run, &err);
    }
    if (s == STATUS_OK && dry_run) {
        return EXIT_DONE;
    }
    s = s == STATUS_OK ? put_settings(cli, settings, text, &people, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("settings load", s, &err);
    }
    printf("settings %s are in force; %" PRId64 " people are looked at again\n",
           settings_version(settings), people);
    return EXIT_DONE;
}

int load_settings(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    char *text = NULL;
    struct settings *settings = NULL;
    enum status s = read_settings(options_argument(args, 0), &text, &settings, &err);
    if (s != STATUS_OK) {
        return cli_fail("settings load", s, &err);
    }
    int code = load(cli, args, settings, text);
    settings_free(settings);
    free(text);
    return code;
}

/* ---- show ---- */

static const struct pg_stmt in_force = {
    "settings_show",
    "select s.document, s.version, s.loaded_at, s.loaded_by"
    " from fact.settings s join fact.ruleset r on r.settings_serial = s.serial",
    NULL};

int load_show(struct cli *cli, const struct args *args)
{
    (void)args;
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &in_force, NULL, &r, &err);
    if (s != STATUS_OK) {
        return cli_fail("settings show", s, &err);
    }
    if (pg_rows(r) == 0) {
        return cli_refuse("settings show: none are loaded");
    }
    const char *text = pg_text(r, 0, 0);
    size_t len = strlen(text);
    printf("%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n");
    return EXIT_DONE;
}

/* ---- bank holidays ---- */

struct holidays {
    struct holiday *item;
    size_t n;
    unsigned divisions;
};

static enum status put_holidays(struct cli *cli, const struct holidays *h, const char *names,
                                int64_t *people, struct err *err)
{
    struct instant now = INSTANT_NONE;
    enum status s = cli_query(cli, &pg_begin, NULL, NULL, err);
    s = s == STATUS_OK ? rulebook_lock(cli, &now, err) : s;
    s = s == STATUS_OK ? rulebook_put_holidays(cli, h->item, h->n, h->divisions, err) : s;
    s = s == STATUS_OK ? rulebook_wake_all(cli, now, people, err) : s;
    s = s == STATUS_OK ? audit_load(cli, now, "calendar_load", "divisions", names, *people, err)
                       : s;
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}

static void name_divisions(unsigned divisions, struct buf *out)
{
    for (unsigned d = 0; d < DIVISION_COUNT; d++) {
        if ((divisions >> d & 1) != 0) {
            buf_puts(out, out->len == 0 ? "" : ", ");
            buf_puts(out, division_name((enum division)d));
        }
    }
    buf_puts(out, "");
}

int load_calendar(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    char *text = NULL;
    size_t len = 0;
    struct holidays h = {0};
    struct buf names = {0};
    int64_t people = 0;
    enum status s = cli_read(options_argument(args, 0), &text, &len, &err);
    if (s == STATUS_OK) {
        s = calendar_parse(text, len, cli->arena, &h.item, &h.n, &h.divisions, &err);
    }
    if (s == STATUS_OK) {
        name_divisions(h.divisions, &names);
        s = put_holidays(cli, &h, names.data, &people, &err);
    }
    if (s == STATUS_OK) {
        printf("%zu bank holidays of %s; %" PRId64 " people are looked at again\n", h.n, names.data,
               people);
    }
    buf_clear(&names);
    free(text);
    return s == STATUS_OK ? EXIT_DONE : cli_fail("calendar load", s, &err);
}
