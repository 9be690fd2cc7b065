/* dayfour doctor: checks everything an installation needs, and says in plain words what is wrong
 * and what to do. Changes nothing. */
#include "services/cli/operations/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/json/json.h"
#include "services/cli/commands.h"
#include "services/cli/view.h"

#define FREE_PERCENT_LEAST 5

void doctor_say(struct doctor *d, enum state state, const char *name, const char *mend,
                const char *fmt, ...)
{
    static const char *const states[] = {"fine", "note", "WRONG"};
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    d->n[state]++;
    struct buf b = {0};
    if (d->json) {
        buf_printf(&b, "{\"check\":\"%s\",\"state\":\"%s\",\"what\":", name,
                   state == FINE    ? "fine"
                   : state == WRONG ? "wrong"
                                    : "note");
        json_put_string(&b, text);
        buf_puts(&b, ",\"mend\":");
        json_put_string(&b, mend);
        buf_puts(&b, "}");
    } else {
        struct buf clean = {0};
        view_clean(&clean, text);
        buf_printf(&b, "%-5s  %-22s %s", states[state], name, clean.data);
        if (mend[0] != '\0') {
            buf_printf(&b, "\n       %-22s -> %s", "", mend);
        }
        buf_clear(&clean);
    }
    puts(b.data);
    buf_clear(&b);
}

/* ---- configuration ---- */

/* Where the unit takes the credential from: FILE.password beside FILE.conf. "": no such name. */
static void usual_password_file(const char *conf, char *out, size_t size)
{
    size_t len = strlen(conf);
    out[0] = '\0';
    if (len > 5 && strcmp(conf + len - 5, ".conf") == 0) {
        (void)snprintf(out, size, "%.*s.password", (int)(len - 5), conf);
    }
}

static void look_at_password(struct doctor *d, const struct conf *c, const char *file, size_t i)
{
    struct err err = {0};
    char usual[4096];
    const char *path = c->pg_password_file;
    if (path == NULL && file != NULL) {
        usual_password_file(file, usual, sizeof usual);
        path = usual[0] != '\0' && access(usual, F_OK) == 0 ? usual : NULL;
    }
    if (path == NULL) {
        return;
    }
    if (access(path, R_OK) != 0 && errno == EACCES) {
        d->untried[i] = true;
        doctor_say(d, WORTH_KNOWING, "password_file", "ask as root",
                   "%s is not readable for you: the service's login is not tried", path);
    } else if (conf_read_secret(path, &d->passwords[i], &err) != STATUS_OK) {
        d->untried[i] = true;
        doctor_say(d, WRONG, "password_file",
                   "one line, in a file that the service's user can read and others cannot", "%s",
                   err.text);
    }
}

static struct conf *look_at_conf(struct doctor *d, enum conf_program program, const char *given,
                                 const char *usual)
{
    struct err err = {0};
    struct conf *c = NULL;
    const char *file = given != NULL ? given : access(usual, F_OK) == 0 ? usual : NULL;
    const char *name = program == CONF_INTAKE     ? "intake_configuration"
                       : program == CONF_FOLLOWUP ? "followup_configuration"
                                                  : "web_configuration";
    if (conf_load(&c, program, file, &err) != STATUS_OK) {
        doctor_say(d, WRONG, name, "put the line right; the service's man page has every key", "%s",
                   err.text);
        return NULL;
    }
    doctor_say(d, FINE, name, "", "%s", file != NULL ? file : "environment and defaults");
    if (c->clock_file != NULL) {
        doctor_say(d, WRONG, "clock_file", "take clock.file out: it is for tests and rehearsals",
                   "time comes from a file");
    }
    look_at_password(d, c, file, program == CONF_INTAKE ? 0 : program == CONF_FOLLOWUP ? 1 : 2);
    return c;
}

static void forget(char *secret)
{
    if (secret != NULL) {
        memset(secret, 0, strlen(secret));
        free(secret);
    }
}

/* ---- this machine ---- */

static void look_at_disk(struct doctor *d, const char *path)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0 || fs.f_blocks == 0) {
        return;
    }
    unsigned long long percent = (unsigned long long)fs.f_bavail * 100 / fs.f_blocks;
    if (percent < FREE_PERCENT_LEAST) {
        doctor_say(d, WRONG, "disk", "make room; PostgreSQL stops when its disk is full",
                   "only %llu %% of the disk under %s are free", percent, path);
    } else {
        doctor_say(d, FINE, "disk", "", "%llu %% free under %s", percent, path);
    }
}

/* ---- the command ---- */

int doctor_run(struct cli *cli, const struct args *args)
{
    struct doctor d = {.cli = cli, .json = options_flag(args, "json")};
    d.intake =
        look_at_conf(&d, CONF_INTAKE, options_value(args, "intake"), "/etc/dayfour/intake.conf");
    d.followup = look_at_conf(&d, CONF_FOLLOWUP, options_value(args, "followup"),
                              "/etc/dayfour/followup.conf");
    const char *web = options_value(args, "web");
    if (web != NULL || access("/etc/dayfour/web.conf", F_OK) == 0) {
        d.web = look_at_conf(&d, CONF_WEB, web, "/etc/dayfour/web.conf");
    }
    look_at_disk(&d, "/var");
    doctor_database(&d);
    doctor_kafka(&d);
    doctor_feed(&d, options_value(args, "feed"));
    if (!d.json) {
        printf("%zu wrong, %zu worth knowing, %zu fine\n", d.n[WRONG], d.n[WORTH_KNOWING],
               d.n[FINE]);
    }
    for (size_t i = 0; i < sizeof d.passwords / sizeof d.passwords[0]; i++) {
        forget(d.passwords[i]);
    }
    conf_free(d.intake);
    conf_free(d.followup);
    conf_free(d.web);
    return d.n[WRONG] == 0 ? EXIT_DONE : EXIT_STUCK;
}
