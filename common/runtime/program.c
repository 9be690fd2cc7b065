/* In this order: limits of the process, arguments, configuration, its checks, the log, the run. A
 * bad configuration is reported on standard error and, where the service was to run, in the log.
 * err.code alone decides the exit code, and so whether the service manager starts the service
 * again. */
#include "common/runtime/program.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/runtime/helper.h"
#include "common/runtime/log.h"
#include "common/runtime/notify.h"

enum { EXIT_DONE, EXIT_BAD_ARGUMENTS, EXIT_BAD_CONFIG, EXIT_CANNOT_GO_ON };

/* Errors that waiting does not help; doc/operations.md says what to do about each. After any other
 * the service manager restarts the service. */
static const char *const lasting[] = {ERR_POSITION_LOST, ERR_POSITION_AHEAD, ERR_POSITION_FOREIGN,
                                      "schema_too_old",  "schema_too_new",   "schema_development",
                                      "install_key",     "not_migrated",     ERR_BAD_PASSWORD,
                                      ERR_NO_RIGHT,      "clock_file"};

static int exit_code(const struct err *err)
{
    if (err_is(err, ERR_CONFIG)) {
        return EXIT_BAD_CONFIG;
    }
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        if (err_is(err, lasting[i])) {
            return EXIT_CANNOT_GO_ON;
        }
    }
    return MEM_EXIT;
}

struct options {
    const char *config;
    bool help, version, check;
};

static bool parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            o->help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            o->version = true;
        } else if (strcmp(argv[i], "--check-config") == 0) {
            o->check = true;
        } else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            o->config = argv[++i];
        } else if (strncmp(argv[i], "--config=", 9) == 0) {
            o->config = argv[i] + 9;
        } else {
            return false;
        }
    }
    return true;
}

static void print_help(const char *name, enum conf_program program, FILE *to)
{
    (void)fprintf(to,
                  "usage: %s [--config FILE] [--check-config] [--help] [--version]\n\n"
                  "Stays in the foreground, logs to standard output, ends on SIGTERM or SIGINT.\n"
                  "Exit codes: 0 done, 1 bad arguments, 2 bad configuration, 3 cannot go on.\n\n"
                  "Keys of the file:\n\n",
                  name);
    conf_print_sample(program, to);
}

static void open_log(const struct conf *c, const char *name)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    enum log_level level = LEVEL_INFO;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(c->log_level, levels[i]) == 0) {
            level = (enum log_level)i;
        }
    }
    const char *svc = strrchr(name, '-');
    log_init(svc == NULL ? name : svc + 1, level, strcmp(c->log_format, "logfmt") == 0);
}

/* The last line of a run. */
static void log_end(int code, const struct err *err)
{
    log_settle(true);
    if (code == EXIT_DONE) {
        log_info(STOPPED, LOG_INT("exit", code));
    } else {
        log_error(STOPPED, LOG_INT("exit", code), LOG_TEXT("code", err->code),
                  LOG_TEXT("msg", err->text));
    }
}

static int run_logged(const struct conf *c, const char *name, const char *warning,
                      enum status (*run)(const struct conf *c, struct err *err))
{
    open_log(c, name);
    if (warning[0] != '\0') {
        log_warn(CONFIG, LOG_TEXT("msg", warning));
    }
    struct err err = {0};
    notify_open();
    enum status s = run(c, &err);
    bool done = s == STATUS_STOP || s == STATUS_OK;
    notify_status("%s", done ? "stopped" : err.text);
    notify_close();
    if (!done && err_is(&err, ERR_POSITION_LOST)) {
        log_error(POSITION_LOST, LOG_TEXT("msg", err.text));
    } else if (!done && err_is(&err, ERR_POSITION_FOREIGN)) {
        log_error(POSITION_FOREIGN, LOG_TEXT("msg", err.text));
    } else if (!done && err_is(&err, ERR_POSITION_AHEAD)) {
        log_error(POSITION_AHEAD, LOG_TEXT("msg", err.text));
    } else if (!done) {
        log_error(FAILED, LOG_TEXT("code", err.code), LOG_TEXT("msg", err.text));
    }
    int code = done ? EXIT_DONE : exit_code(&err);
    log_end(code, &err);
    if (helper_left() > 0) {
        _exit(code); /* threads that hang use what exit() takes apart */
    }
    return code;
}

/* It never began; the log's form may be what is wrong. */
static int refuse(const char *name, bool to_run, const struct err *err)
{
    (void)fprintf(stderr, "%s: %s\n", name, err->text);
    if (to_run) {
        const char *svc = strrchr(name, '-');
        log_init(svc == NULL ? name : svc + 1, LEVEL_INFO, false);
        log_end(EXIT_BAD_CONFIG, err);
    }
    return EXIT_BAD_CONFIG;
}

/* By default the allocator learns to keep big buffers for good, such as answers of the broker or
 * the server. It keeps them in a heap for each thread of the client library, which costs half as
 * much memory again. */
static void keep_small(void)
{
    (void)mallopt(M_ARENA_MAX, 2);
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

/* The page talks to nobody but PostgreSQL. */
static enum status complete(const struct conf *c, enum conf_program program, struct err *err)
{
    if (c->pg_dsn == NULL) {
        return err_set(err, STATUS_FATAL, "config",
                       "pg.dsn: not set (a --config file, or DAYFOUR_PG_DSN)");
    }
    return c->kafka_brokers != NULL || program == CONF_WEB
               ? STATUS_OK
               : err_set(err, STATUS_FATAL, "config",
                         "kafka.brokers: not set (a --config file, or DAYFOUR_KAFKA_BROKERS)");
}

int program_main(int argc, char **argv, const char *name, enum conf_program program,
                 program_check *check, enum status (*run)(const struct conf *c, struct err *err))
{
    (void)prctl(PR_SET_DUMPABLE, 0); /* a core file would hold health data */
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN); /* whoever reads the log may go away */
    keep_small();
    struct options o = {0};
    if (!parse(argc, argv, &o)) {
        (void)fprintf(stderr, "%s: bad arguments; try --help\n", name);
        return EXIT_BAD_ARGUMENTS;
    }
    if (o.help) {
        print_help(name, program, stdout);
        return EXIT_DONE;
    }
    if (o.version) {
        (void)printf("%s %s\n", name, DAYFOUR_VERSION);
        return EXIT_DONE;
    }
    struct conf *c = NULL;
    struct err err = {0};
    if (conf_load(&c, program, o.config, &err) != STATUS_OK) {
        return refuse(name, !o.check, &err);
    }
    char warning[PROGRAM_WARNING] = "";
    if (complete(c, program, &err) != STATUS_OK || check(c, warning, &err) != STATUS_OK) {
        conf_free(c);
        return refuse(name, !o.check, &err);
    }
    int code = EXIT_DONE;
    if (o.check) {
        conf_print(c, program, stdout);
        if (warning[0] != '\0') {
            (void)fprintf(stderr, "%s: warning: %s\n", name, warning);
        }
    } else {
        code = run_logged(c, name, warning, run);
    }
    conf_free(c);
    return code;
}
