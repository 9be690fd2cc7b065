#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/runtime/log.h"
#include "tests/unit/leakcheck.h"

TestSuite(log, .fini = leakcheck, .timeout = 20);

/* Lines go to fd 1: a file while a test looks at them. */
static int real_stdout = -1;
static int file = -1;
static char text[200000];

static void begin(bool logfmt)
{
    char name[] = "/tmp/dayfour-log-XXXXXX";
    fflush(stdout);
    real_stdout = dup(1);
    file = mkstemp(name);
    cr_assert_geq(file, 0);
    unlink(name);
    dup2(file, 1);
    log_init("intake", LEVEL_INFO, logfmt);
}

static const char *written(void)
{
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    dup2(real_stdout, 1);
    close(real_stdout);
    close(file);
    return text;
}

static size_t count_lines(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++) {
        n += *s == '\n' ? 1 : 0;
    }
    return n;
}

Test(log, a_json_line)
{
    begin(false);
    log_info(READY, LOG_TEXT("group", "g"), LOG_INT("partitions", 3), LOG_REAL("lag", 0.5),
             LOG_REAL("nan", NAN), LOG_BOOL("on", true), LOG_TEXT("none", NULL));
    const char *line = written();
    cr_assert_eq(strncmp(line, "{\"ts\":\"20", 9), 0);
    cr_assert_str_eq(
        line + strlen("{\"ts\":\"2026-11-22T10:15:04.123"),
        "Z\",\"level\":\"info\",\"svc\":\"intake\",\"event\":\"ready\",\"group\":\"g\","
        "\"partitions\":3,\"lag\":0.5,\"nan\":null,\"on\":true,\"none\":null}\n");
}

Test(log, a_logfmt_line)
{
    begin(true);
    log_warn(DB_DOWN, LOG_TEXT("sqlstate", "08006"), LOG_TEXT("msg", "gone away"),
             LOG_TEXT("e", ""), LOG_TEXT("q", "a\"b=c"), LOG_INT("n", -5), LOG_TEXT("none", NULL));
    const char *line = written();
    cr_assert_eq(strncmp(line, "ts=20", 5), 0);
    cr_assert_str_eq(
        line + strlen("ts=2026-11-22T10:15:04.123"),
        "Z level=warn svc=intake event=db_down sqlstate=08006 msg=\"gone away\" e=\"\" "
        "q=\"a\\\"b=c\" n=-5 none=\n");
}

Test(log, what_is_foreign_is_escaped)
{
    begin(false);
    log_info(CLOCK_FILE,
             LOG_TEXT("t", "a\"\\\n\t\r\x1b[31m\x7f\xc2\x9b z\xc3\xa9\xff\xed\xa0\x80"));
    const char *line = written();
    cr_assert_eq(count_lines(line), 1);
    cr_assert_not_null(strstr(
        line, "\"a\\\"\\\\\\n\\t\\u000d\\u001b[31m\\u007f\\u009b z\xc3\xa9\xef\xbf\xbd\xef\xbf"
              "\xbd\xef\xbf\xbd\xef\xbf\xbd\"}\n"));
    for (const char *c = line; *c != '\n'; c++) {
        cr_assert_geq((unsigned char)*c, 0x20);
    }
}

Test(log, lines_of_any_length_are_good_json)
{
    char wide[20000];
    struct arena *a = arena_new(65536);
    for (size_t len = 0; len < sizeof wide; len += 37) {
        memset(wide, len % 3 == 0 ? 0x01 : len % 3 == 1 ? 'x' : '"', len);
        wide[len] = '\0';
        begin(false);
        log_info(CLOCK_FILE, LOG_TEXT("a", wide), LOG_TEXT("b", wide), LOG_INT("c", 7));
        const char *line = written();
        const struct json *root;
        char path[JSON_PATH];
        cr_assert_eq(json_parse(line, strlen(line), a, &root, path), JSON_FINE, "%zu", len);
        cr_assert_eq(count_lines(line), 1);
        arena_reset(a);
    }
    arena_free(a);
}

Test(log, levels_below_the_least_are_left_out)
{
    begin(false);
    log_debug(CLOCK_FILE, LOG_INT("n", 1));
    log_init("x", LEVEL_ERROR, false);
    log_warn(CLOCK_FILE, LOG_INT("n", 2));
    log_error(CLOCK_FILE, LOG_INT("n", 3));
    const char *lines = written();
    cr_assert_eq(count_lines(lines), 1);
    cr_assert_not_null(strstr(lines, "\"n\":3"));
    enum log_level level;
    cr_assert(log_level_parse("warn", &level));
    cr_assert_eq(level, LEVEL_WARN);
    cr_assert_not(log_level_parse("WARN", &level));
}

Test(log, an_event_is_held_to_five_lines_then_one_a_second)
{
    begin(false);
    for (int i = 0; i < 50; i++) {
        log_info(EMITTED, LOG_INT("n", i));
    }
    log_info(DB_UP, LOG_INT("n", 0)); /* another event has its own */
    nanosleep(&(struct timespec){1, 100000000}, NULL);
    log_info(EMITTED, LOG_INT("n", 50));
    log_info(EMITTED, LOG_INT("n", 51));
    const char *lines = written();
    cr_assert_eq(count_lines(lines), 7);
    cr_assert_not_null(strstr(lines, "\"n\":4}"));
    cr_assert_null(strstr(lines, "\"n\":5}"));
    cr_assert_not_null(strstr(lines, "\"event\":\"db_up\""));
    cr_assert_not_null(strstr(lines, "\"n\":50,\"suppressed\":45}"));
    cr_assert_null(strstr(lines, "\"n\":51"));
}

Test(log, what_was_left_out_is_told_once_it_is_quiet)
{
    begin(false);
    for (int i = 0; i < 8; i++) {
        log_warn(DB_DOWN, LOG_INT("n", i));
    }
    log_settle(false); /* may continue */
    nanosleep(&(struct timespec){5, 100000000}, NULL);
    log_settle(false);
    log_settle(false);
    const char *lines = written();
    cr_assert_eq(count_lines(lines), 6);
    cr_assert_not_null(strstr(lines, "\"level\":\"warn\",\"svc\":\"intake\",\"event\":"
                                     "\"left_out\",\"of\":\"db_down\",\"suppressed\":3}\n"));
}

Test(log, before_the_end_all_is_told)
{
    begin(false);
    for (int i = 0; i < 7; i++) {
        log_info(EMITTED, LOG_INT("n", i));
        log_error(FENCED, LOG_INT("n", i));
    }
    log_settle(true);
    log_info(STOPPED, LOG_INT("exit", 0));
    const char *lines = written();
    cr_assert_eq(count_lines(lines), 13);
    cr_assert_not_null(strstr(lines, "\"of\":\"emitted\",\"suppressed\":2}\n"));
    cr_assert_not_null(strstr(lines, "\"of\":\"fenced\",\"suppressed\":2}\n"));
}

Test(log, a_line_for_each_of_many_is_no_storm)
{
    begin(false);
    for (int i = 0; i < 150; i++) {
        log_info(ASSIGNED, LOG_INT("partition", i));
    }
    const char *lines = written();
    cr_assert_eq(count_lines(lines), 100);
    cr_assert_not_null(strstr(lines, "\"partition\":99}"));
}

/* Standard output is that, until back_to_stdout(). */
static void begin_into(int fd)
{
    fflush(stdout);
    real_stdout = dup(1);
    dup2(fd, 1);
    close(fd);
    log_init("intake", LEVEL_INFO, false);
}

static void back_to_stdout(void)
{
    dup2(real_stdout, 1);
    close(real_stdout);
}

static const char *read_all(int fd)
{
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* Wide lines of many events, so that no limit but the reader's holds. */
static int64_t fill(void)
{
    static char wide[3000];
    memset(wide, 'x', sizeof wide - 1);
    int64_t before = log_lost();
    for (int i = 0; i < 500 && log_lost() == before; i++) {
        log_write(LEVEL_ERROR, (enum log_event)(i % LOG_EV_COUNT),
                  (const struct log_field[]){LOG_TEXT("w", wide), {.key = NULL}});
    }
    return log_lost() - before;
}

static void reader_stops(int reading, int writing)
{
    int flags = fcntl(writing, F_GETFL);
    begin_into(dup(writing));
    int64_t lost = fill();
    bool shared = fcntl(writing, F_GETFL) != flags;
    log_info(READY, LOG_INT("n", 1)); /* lost too */
    char first = read_all(reading)[0];
    log_settle(false); /* it reads again */
    const char *later = read_all(reading);
    back_to_stdout();
    cr_assert_eq(lost, 1, "nothing was lost");
    cr_assert_not(shared, "others that write there have a flag of ours");
    cr_assert_eq(first, '{');
    cr_assert_not_null(strstr(later, "\"event\":\"left_out\",\"of\":\"log\",\"msg\":\"nobody "
                                     "read the log\",\"suppressed\":2}\n"));
    close(reading);
    close(writing);
}

Test(log, a_pipe_that_is_not_read_costs_lines_and_no_time)
{
    int pipe_fds[2];
    cr_assert_eq(pipe(pipe_fds), 0);
    reader_stops(pipe_fds[0], pipe_fds[1]);
}

Test(log, so_does_a_socket)
{
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    reader_stops(pair[0], pair[1]);
}

Test(log, a_reader_that_is_gone_costs_lines)
{
    int pipe_fds[2];
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe(pipe_fds), 0);
    begin_into(pipe_fds[1]);
    log_info(READY, LOG_INT("n", 1));
    close(pipe_fds[0]);
    log_info(READY, LOG_INT("n", 2));
    log_info(READY, LOG_INT("n", 3));
    back_to_stdout();
    cr_assert_eq(log_lost(), 2);
}

Test(log, the_catalogue_names_every_event)
{
    static char table[20000];
    FILE *f = fmemopen(table, sizeof table, "w");
    log_print_catalogue(f);
    fclose(f);
    cr_assert_eq(count_lines(table), (size_t)LOG_EV_COUNT + 2);
    cr_assert_not_null(strstr(table, "| `position_lost` | "));
    cr_assert_str_eq(log_event_name(LOG_EV_READY), "ready");
    cr_assert_str_eq(log_event_name(LOG_EV_FAILED), "failed");
    cr_assert_str_eq(log_event_name(LOG_EV_COUNT), "?");
}
