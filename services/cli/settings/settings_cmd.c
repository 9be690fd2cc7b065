/* dayfour settings and calendar: documents checked, put in force, shown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/casework/rules/calendar.h"
#include "common/casework/rules/settings.h"
#include "common/json/json.h"
#include "services/cli/commands.h"
#include "services/cli/hr/rulebook.h"
#include "services/cli/settings/known.h"
#include "services/cli/settings/settings_dry_run.h"

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

int settings_cmd_check(struct cli *cli, const struct args *args)
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
    printf("settings %s: no fault found\n", version.data);
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

struct document {
    const struct settings *settings;
    const char *version, *text;
    int64_t people; /* who are derived again */
};

static enum status put_settings(struct cli *cli, struct instant now, void *arg, struct err *err)
{
    struct document *d = arg;
    int32_t serial = 0;
    enum status s = rulebook_put_settings(cli, d->version, d->text, now, &serial, err);
    s = s == STATUS_OK ? rulebook_wake_all(cli, now, &d->people, err) : s;
    s = s == STATUS_OK ? known_note(cli, d->settings, now, err) : s;
    return s == STATUS_OK
               ? audit_load(cli, now, "settings_load", "version", d->version, d->people, err)
               : s;
}

static void tell_impact(const struct settings_dry_run *i)
{
    printf("of %zu open %s %zu would end and %zu would get another due date or queue; %zu would "
           "open; %zu %s would be emitted, %zu withdrawn\n",
           i->open, cli_plural((int64_t)i->open, "task", "tasks"), i->ended, i->moved, i->opened,
           i->emitted, cli_plural((int64_t)i->emitted, "event", "events"), i->withdrawn);
}

/* Whether to continue; without --yes not past the brake. */
static enum status brake(struct cli *cli, struct settings *settings, bool dry_run, struct err *err)
{
    struct settings_dry_run impact = {0};
    enum status s = settings_dry_run_of(cli, settings, &impact, err);
    if (s != STATUS_OK) {
        return s;
    }
    size_t touched = impact.ended + impact.moved;
    if (dry_run) {
        tell_impact(&impact);
    } else if (touched * 100 > impact.open * BRAKE_PERCENT) {
        return err_set(err, STATUS_REJECT, "input",
                       "%zu of %zu open tasks would end, or get another due date or queue; add "
                       "--yes if that is meant (--dry-run counts them)",
                       touched, impact.open);
    }
    return STATUS_OK;
}

static int load(struct cli *cli, const struct args *args, struct settings *settings,
                const char *text)
{
    struct err err = {0};
    struct document d = {.settings = settings, .version = settings_version(settings), .text = text};
    bool dry_run = options_flag(args, "dry-run");
    enum status s = STATUS_OK;
    if (dry_run || !options_flag(args, "yes")) {
        s = brake(cli, settings, dry_run, &err);
    }
    if (s == STATUS_OK && dry_run) {
        return EXIT_DONE;
    }
    s = s == STATUS_OK ? rulebook_change(cli, put_settings, &d, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("settings load", s, &err);
    }
    printf("settings %s are in force; %" PRId64 " %s derived again\n", d.version, d.people,
           cli_plural(d.people, "person is", "people are"));
    return EXIT_DONE;
}

int settings_cmd_load(struct cli *cli, const struct args *args)
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

int settings_cmd_show(struct cli *cli, const struct args *args)
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
    const char *names; /* of the divisions */
    int64_t people;    /* who are derived again */
};

static enum status put_holidays(struct cli *cli, struct instant now, void *arg, struct err *err)
{
    struct holidays *h = arg;
    enum status s = rulebook_put_holidays(cli, h->item, h->n, h->divisions, err);
    s = s == STATUS_OK ? rulebook_wake_all(cli, now, &h->people, err) : s;
    return s == STATUS_OK
               ? audit_load(cli, now, "calendar_load", "divisions", h->names, h->people, err)
               : s;
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

int settings_cmd_calendar(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    char *text = NULL;
    size_t len = 0;
    struct holidays h = {0};
    struct buf names = {0};
    enum status s = cli_read(options_argument(args, 0), &text, &len, &err);
    if (s == STATUS_OK) {
        struct err why = {0};
        s = calendar_parse(text, len, cli->arena, &h.item, &h.n, &h.divisions, &why);
        if (s != STATUS_OK) {
            s = err_set(&err, s, "input", "%s: not in the form of gov.uk's bank-holidays.json: %s",
                        options_argument(args, 0), why.text);
        }
    }
    if (s == STATUS_OK) {
        name_divisions(h.divisions, &names);
        h.names = names.data;
        s = rulebook_change(cli, put_holidays, &h, &err);
    }
    if (s == STATUS_OK) {
        printf("%zu bank %s of %s; %" PRId64 " %s derived again\n", h.n,
               cli_plural((int64_t)h.n, "holiday", "holidays"), names.data, h.people,
               cli_plural(h.people, "person is", "people are"));
    }
    buf_clear(&names);
    free(text);
    return s == STATUS_OK ? EXIT_DONE : cli_fail("calendar load", s, &err);
}
