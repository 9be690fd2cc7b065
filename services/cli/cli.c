/* Four parts: the run folder's env file, the session, what went wrong, files. The first query opens
 * the session, so a command that asks nothing needs no database. cli_fail() turns a code into words
 * and an exit code. */
#include "services/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/err_code.h"
#include "common/base/shown.h"
#include "common/runtime/clock.h"

/* ---- the run folder's env file ---- */

/* Reads a word as a shell would: bare text, '…' and "…" and \x run together. Moves *at behind it;
 * out is cut short if too small. */
static void shell_word(const char **at, char *out, size_t size)
{
    size_t n = 0;
    char quote = '\0';
    const char *p = *at;
    for (; *p != '\0' && *p != '\n'; p++) {
        if (quote == '\0' && (*p == ' ' || *p == '\t')) {
            break;
        }
        if (quote == '\0' && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else if (quote != '\0' && *p == quote) {
            quote = '\0';
        } else {
            if (*p == '\\' && quote != '\'' && p[1] != '\0') {
                p++;
            }
            if (n + 1 < size) {
                out[n++] = *p;
            }
        }
    }
    out[n] = '\0';
    *at = p;
}

static void take_assignments(const char *line)
{
    while (*line != '\0' && *line != '\n') {
        while (*line == ' ' || *line == '\t') {
            line++;
        }
        char word[4096];
        shell_word(&line, word, sizeof word);
        static const char *const wanted[] = {"PG_DSN", "KAFKA_BROKERS"};
        for (size_t i = 0; i < 2; i++) {
            size_t len = strlen(wanted[i]);
            if (strncmp(word, wanted[i], len) == 0 && word[len] == '=') {
                (void)setenv(wanted[i], word + len + 1, 0);
            }
        }
    }
}

void cli_environment(void)
{
    const char *dir = getenv("DAYFOUR_RUN_DIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/env", dir == NULL || dir[0] == '\0' ? ".run" : dir);
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return;
    }
    char line[8192];
    while (fgets(line, sizeof line, f) != NULL) {
        take_assignments(line);
    }
    (void)fclose(f);
}

/* ---- the database ---- */

#define CLI_CONNECT_MS 15000
#define CLI_PATIENCE_MS 90000 /* the server itself gives up after 60 s */
#define TELL_AFTER_MS 10000

/* Somebody sits before it. */
static bool tell_waiting(void *arg)
{
    struct cli *cli = arg;
    int64_t now = clock_mono_ms();
    bool new_wait = cli->waited_ms == 0 || now - cli->waited_ms > 1000;
    cli->waiting_since_ms = new_wait ? now : cli->waiting_since_ms;
    cli->waited_ms = now;
    if (now - cli->waiting_since_ms >= TELL_AFTER_MS) {
        cli->waiting_since_ms = now;
        fputs("dayfour: still waiting for the database; Ctrl-C ends this\n", stderr);
    }
    return false;
}

enum status cli_connect(struct cli *cli, struct err *err)
{
    if (cli->conf->pg_dsn == NULL) {
        return err_set(err, STATUS_FATAL, "config",
                       "pg.dsn: not set (PG_DSN, a --config file, or ./run up)");
    }
    char *password = NULL;
    if (cli->conf->pg_password_file != NULL) {
        enum status s = conf_read_secret(cli->conf->pg_password_file, &password, err);
        if (s != STATUS_OK) {
            return s;
        }
    }
    cli->pg = pg_new(&(struct pg_options){.dsn = cli->conf->pg_dsn,
                                          .password = password,
                                          .application_name = "dayfour",
                                          .allow_insecure = cli->conf->allow_insecure,
                                          .patience_ms = CLI_PATIENCE_MS,
                                          .connect_ms = CLI_CONNECT_MS,
                                          .meanwhile = tell_waiting,
                                          .meanwhile_arg = cli});
    if (password != NULL) {
        memset(password, 0, strlen(password));
        free(password);
    }
    return pg_connect(cli->pg, err);
}

enum status cli_query(struct cli *cli, const struct pg_stmt *stmt, const struct pg_args *args,
                      const struct pg_result **out, struct err *err)
{
    enum status s = STATUS_OK;
    if (cli->pg == NULL) {
        s = cli_connect(cli, err);
    }
    if (s == STATUS_OK) {
        s = pg_run(cli->pg, stmt, args, err);
    }
    if (s == STATUS_OK && out != NULL) {
        *out = pg_result(cli->pg, 0);
    }
    return s;
}

enum status cli_local_time(struct cli *cli, struct err *err)
{
    static const struct pg_stmt ask = {"cli_zone", "select oh.time_zone()", NULL};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &ask, NULL, &r, err);
    if (s == STATUS_OK) {
        (void)setenv("TZ", pg_text(r, 0, 0), 1);
        tzset();
    }
    return s;
}

enum status cli_now(struct cli *cli, struct instant *out, struct err *err)
{
    struct clock *clock = NULL;
    enum status s = clock_open(&clock, cli->conf->clock_file, err);
    if (s == STATUS_OK) {
        int64_t us = clock_now(clock).us;
        out->us = us - us % US_PER_SECOND;
        clock_free(clock);
    }
    return s;
}

/* ---- what went wrong ---- */

const char *cli_plural(int64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

static const char *advice = "ask an operator";

void cli_advise(const char *ask)
{
    advice = ask;
}

/* The database's codes in words, and how the command ends. The server's own words never reach a
 * person: they speak of tables, and may quote values. */
static const struct {
    const char *code;
    int exit_code;
    const char *text; /* NULL: the error's own, which is ours */
} known[] = {
    {"OH001", EXIT_INPUT, NULL},
    {"OH002", EXIT_INPUT, NULL},
    {"OH003", EXIT_INPUT, NULL},
    {"42P01", EXIT_STUCK, "a table is missing: has `dayfour migrate` been run?"},
    {"3F000", EXIT_STUCK, "a schema is missing: has `dayfour migrate` been run?"},
    {"42883", EXIT_STUCK, "a function is missing: has `dayfour migrate` been run?"},
    {"28P01", EXIT_STUCK, "the database refused the password of this login"},
    {"25006", EXIT_STUCK, "the database is read-only at the moment"},
    {"53100", EXIT_STUCK, "the database's disk is full"},
    {"53300", EXIT_STUCK, "the database has no connection free at the moment"},
    {"55P03", EXIT_STUCK, "somebody else is changing the same thing; try again"},
    {"57014", EXIT_STUCK, "the database took too long, and the command was given up"},
    {"config", EXIT_CONFIG, NULL},
};

/* Five letters or digits, with a digit first as in the server's own classes. */
static bool is_sqlstate(const char *code)
{
    return strlen(code) == 5 && strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 &&
           code[0] >= '0' && code[0] <= '9';
}

/* A message may hold a column's name or a path that others chose. */
static void say(const char *what, const char *text)
{
    struct buf clean = {0};
    shown_clean(&clean, text);
    fprintf(stderr, "dayfour: %s%s%s\n", what, what[0] == '\0' ? "" : ": ", clean.data);
    buf_clear(&clean);
}

int cli_fail(const char *what, enum status s, const struct err *err)
{
    int code = s == STATUS_REJECT ? EXIT_INPUT : EXIT_STUCK;
    char made[160];
    const char *text = err->text[0] == '\0' ? status_name(s) : err->text;
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (err_is(err, known[i].code)) {
            code = known[i].exit_code;
            text = known[i].text == NULL ? text : known[i].text;
            is_known = true;
        }
    }
    if (advice != NULL && err_is(err, ERR_NO_RIGHT)) {
        code = EXIT_STUCK;
        snprintf(made, sizeof made, "you have no right to this: %s", advice);
        text = made;
    } else if (advice != NULL && !is_known && is_sqlstate(err->code) &&
               !err_is_of(err, ERR_CLASS_CONNECTION)) {
        snprintf(made, sizeof made, "the database refused this (SQLSTATE %s); its log says more",
                 err->code);
        text = made;
    }
    say(what, text);
    return code;
}

int cli_refuse(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is begun right above */
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    say("", text);
    return EXIT_INPUT;
}

/* ---- files ---- */

static enum status unreadable(const char *path, struct err *err)
{
    return err_set(err, STATUS_REJECT, "input", "%s: %s", path, strerror(errno));
}

static enum status read_all(int fd, size_t guess, char **out, size_t *len, struct err *err,
                            const char *path)
{
    size_t cap = guess + 1;
    size_t n = 0;
    char *text = malloc(cap + 1);
    for (;;) {
        if (text == NULL) {
            return err_set(err, STATUS_REJECT, "input", "%s: too large for the memory here", path);
        }
        ssize_t got = read(fd, text + n, cap - n);
        if (got < 0 && errno != EINTR) {
            free(text);
            return unreadable(path, err);
        }
        if (got == 0) {
            break;
        }
        n += got > 0 ? (size_t)got : 0;
        if (n == cap) {
            cap *= 2;
            char *more = realloc(text, cap + 1);
            if (more == NULL) {
                free(text);
            }
            text = more;
        }
    }
    text[n] = '\0';
    *out = text;
    *len = n;
    return STATUS_OK;
}

enum status cli_read(const char *path, char **out, size_t *len, struct err *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return unreadable(path, err);
    }
    struct stat st;
    size_t guess = 65536;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        guess = (size_t)st.st_size;
    }
    enum status s = read_all(fd, guess, out, len, err, path);
    if (!standard) {
        (void)close(fd);
    }
    return s;
}
