#include "common/program.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/notify.h"

enum { EXIT_DONE, EXIT_BAD_ARGUMENTS, EXIT_BAD_CONFIG, EXIT_CANNOT_GO_ON };

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
                  "What the file may hold:\n\n",
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
    notify_status("%s", s == STATUS_STOP || s == STATUS_OK ? "stopped" : err.text);
    notify_close();
    log_settle(true);
    if (s == STATUS_STOP || s == STATUS_OK) {
        log_info(STOPPED, LOG_INT("exit", EXIT_DONE));
        return EXIT_DONE;
    }
    if (strcmp(err.code, "position_lost") == 0) {
        log_error(POSITION_LOST, LOG_TEXT("msg", err.text));
    } else if (strcmp(err.code, "position_ahead") == 0) {
        log_error(POSITION_AHEAD, LOG_TEXT("msg", err.text));
    } else {
        log_error(FAILED, LOG_TEXT("code", err.code), LOG_TEXT("msg", err.text));
    }
    return strcmp(err.code, "config") == 0 ? EXIT_BAD_CONFIG : EXIT_CANNOT_GO_ON;
}

/* Left to itself the allocator learns to keep big buffers (what a broker or the server answered)
 * for good, in a heap for each thread of the client library, which half again as much memory goes
 * to. */
static void keep_small(void)
{
    (void)mallopt(M_ARENA_MAX, 2);
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

int program_main(int argc, char **argv, const char *name, enum conf_program program,
                 program_check *check, enum status (*run)(const struct conf *c, struct err *err))
{
    (void)prctl(PR_SET_DUMPABLE, 0); /* a core file would hold health data */
    (void)umask(077);
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
        (void)fprintf(stderr, "%s: %s\n", name, err.text);
        return EXIT_BAD_CONFIG;
    }
    const char *missing = c->pg_dsn == NULL          ? "pg.dsn"
                          : c->kafka_brokers == NULL ? "kafka.brokers"
                                                     : NULL;
    if (missing != NULL) {
        (void)fprintf(stderr, "%s: %s: not set (a --config file, or DAYFOUR_%s)\n", name, missing,
                      strcmp(missing, "pg.dsn") == 0 ? "PG_DSN" : "KAFKA_BROKERS");
        conf_free(c);
        return EXIT_BAD_CONFIG;
    }
    char warning[PROGRAM_WARNING] = "";
    if (check(c, warning, &err) != STATUS_OK) {
        (void)fprintf(stderr, "%s: %s\n", name, err.text);
        conf_free(c);
        return EXIT_BAD_CONFIG;
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
