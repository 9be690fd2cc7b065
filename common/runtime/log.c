/* No memory is allocated and nothing waits: a line is built on the stack and written by one
 * write(). A reader that is too slow loses lines, and learns later how many. Each event has an
 * allowance per time, and what is over it is counted and reported. */
#include "common/runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/utf8.h"

#define LINE_BYTES 4096 /* no more than PIPE_BUF: a pipe takes a line whole or not at all */
#define LINE_TAIL 64    /* kept free for the last fields and the end of the line */
#define LINE_MILLI INT64_C(1000) /* a line, in thousandths */
#define BURST_MILLI (5 * LINE_MILLI)
#define BURST_MANY_MILLI (100 * LINE_MILLI)
#define QUIET_MS 5000 /* nothing left out for so long: over */

/* No heap here: the line that says memory ran out must come out too. */
struct line {
    size_t len;
    char text[LINE_BYTES];
};

struct allowance {
    int64_t since_ms; /* when the bucket was last looked at */
    int64_t milli;    /* lines left, in thousandths */
    int64_t suppressed;
    int64_t refused_ms;   /* when a line was last left out */
    enum log_level level; /* that line's */
};

static struct {
    pthread_mutex_t lock;
    char svc[32];
    enum log_level least;
    bool logfmt;
    bool limits_set;
    struct allowance limits[LOG_EV_COUNT];
    int own_fd; /* where lines go; -1: to standard output itself */
    bool is_socket;
    struct line rest;        /* what a reader has not taken yet of a line it has begun */
    int64_t lost, lost_ever; /* lines that no reader took: since the last report, and in all */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .svc = "dayfour", .least = LEVEL_INFO, .own_fd = -1};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

const char *log_event_name(enum log_event ev)
{
#define LOG_NAME(id, name, meaning) name,
    static const char *const names[] = {LOG_EVENTS(LOG_NAME)};
#undef LOG_NAME
    return (size_t)ev < LOG_EV_COUNT ? names[ev] : "?";
}

bool log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_print_catalogue(FILE *to)
{
#define LOG_MEANING(id, name, meaning) meaning,
    static const char *const meanings[] = {LOG_EVENTS(LOG_MEANING)};
#undef LOG_MEANING
    fputs("| event | meaning |\n|---|---|\n", to);
    for (size_t i = 0; i < LOG_EV_COUNT; i++) {
        fprintf(to, "| `%s` | %s |\n", log_event_name((enum log_event)i), meanings[i]);
    }
}

/* Standard output may be shared with other programs, so its O_NONBLOCK is not ours to set. A pipe
 * or a terminal opened once more has a flag of its own. */
static void open_own(void)
{
    struct stat st = {0};
    if (state.own_fd >= 0) {
        (void)close(state.own_fd);
    }
    state.own_fd = -1;
    state.rest.len = 0;
    bool known = fstat(STDOUT_FILENO, &st) == 0;
    state.is_socket = known && S_ISSOCK(st.st_mode);
    if (known && (S_ISFIFO(st.st_mode) || isatty(STDOUT_FILENO) == 1)) {
        state.own_fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    }
}

static void log_no_memory(void)
{
    log_error(FAILED, LOG_TEXT("reason", "no_memory"));
}

void log_init(const char *svc, enum log_level least, bool logfmt)
{
    mem_report_with(log_no_memory);
    pthread_mutex_lock(&state.lock);
    open_own();
    snprintf(state.svc, sizeof state.svc, "%s", svc);
    state.least = least;
    state.logfmt = logfmt;
    state.limits_set = false;
    pthread_mutex_unlock(&state.lock);
}

/* ---- how many lines an event may have ---- */

static int64_t now_ms(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A start with many partitions is no storm. */
static int64_t burst_milli(enum log_event ev)
{
    bool many = ev == LOG_EV_ASSIGNED || ev == LOG_EV_ACTIVE || ev == LOG_EV_STANDBY ||
                ev == LOG_EV_TOPIC_MISSING || ev == LOG_EV_FEED_SILENT;
    return many ? BURST_MANY_MILLI : BURST_MILLI;
}

/* True when the line may go out; then *suppressed were left out before it. */
static bool allow(enum log_level level, enum log_event ev, int64_t *suppressed)
{
    int64_t now = now_ms(CLOCK_MONOTONIC);
    int64_t burst = burst_milli(ev);
    if (!state.limits_set) {
        for (size_t i = 0; i < LOG_EV_COUNT; i++) {
            state.limits[i] =
                (struct allowance){.since_ms = now, .milli = burst_milli((enum log_event)i)};
        }
        state.limits_set = true;
    }
    struct allowance *a = &state.limits[ev];
    a->milli += now - a->since_ms; /* a line a second is a thousandth a millisecond */
    a->since_ms = now;
    if (a->milli > burst) {
        a->milli = burst;
    }
    if (a->milli < LINE_MILLI) {
        a->suppressed++;
        a->refused_ms = now;
        a->level = level;
        return false;
    }
    a->milli -= LINE_MILLI;
    *suppressed = a->suppressed;
    a->suppressed = 0;
    return true;
}

/* ---- a line ---- */

static bool has_room(const struct line *l, size_t bytes)
{
    return l->len + bytes + LINE_TAIL <= LINE_BYTES;
}

static void put(struct line *l, const char *s, size_t len)
{
    if (len < LINE_BYTES - l->len) {
        memcpy(l->text + l->len, s, len);
        l->len += len;
    }
}

static void putf(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void putf(struct line *l, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(l->text + l->len, LINE_BYTES - l->len, fmt, args);
    va_end(args);
    if (n > 0 && (size_t)n < LINE_BYTES - l->len) {
        l->len += (size_t)n;
    }
}

static void put_escape(struct line *l, unsigned char c)
{
    switch (c) {
    case '"':
        put(l, "\\\"", 2);
        break;
    case '\\':
        put(l, "\\\\", 2);
        break;
    case '\n':
        put(l, "\\n", 2);
        break;
    case '\t':
        put(l, "\\t", 2);
        break;
    default:
        putf(l, "\\u%04x", (unsigned)c);
        break;
    }
}

/* Between quotes. Controls, those above 0x7f too, are escaped: terminals obey them. A text longer
 * than what is left of the line is cut. */
static void put_quoted(struct line *l, const char *s)
{
    size_t left = strlen(s);
    put(l, "\"", 1);
    while (left > 0 && has_room(l, 8)) {
        unsigned char c = (unsigned char)s[0];
        size_t n = utf8_length(s, left);
        if (n == 0) {
            put(l, "\xEF\xBF\xBD", 3); /* U+FFFD */
            n = 1;
        } else if (n == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0) {
            put_escape(l, (unsigned char)s[1]);
        } else if (n == 1 && (c < 0x20 || c == '"' || c == '\\' || c == 0x7F)) {
            put_escape(l, c);
        } else {
            put(l, s, n);
        }
        s += n;
        left -= n;
    }
    put(l, left > 0 ? "\xE2\x80\xA6\"" : "\"", left > 0 ? 4 : 1);
}

/* logfmt leaves plain words bare. */
static void put_text(struct line *l, const char *s)
{
    if (s == NULL) {
        put(l, "null", state.logfmt ? 0 : 4);
        return;
    }
    if (!state.logfmt) {
        put_quoted(l, s);
        return;
    }
    size_t len = strlen(s);
    bool bare = len > 0 && has_room(l, len);
    for (size_t i = 0; bare && i < len; i++) {
        bare = s[i] > ' ' && s[i] < 0x7F && s[i] != '"' && s[i] != '=' && s[i] != '\\';
    }
    if (bare) {
        put(l, s, len);
    } else {
        put_quoted(l, s);
    }
}

static void put_key(struct line *l, const char *key)
{
    if (state.logfmt) {
        putf(l, "%s%s=", l->len > 0 ? " " : "", key);
    } else {
        putf(l, "%c\"%s\":", l->len > 0 ? ',' : '{', key);
    }
}

static void put_field(struct line *l, const struct log_field *f)
{
    if (!has_room(l, strlen(f->key) + 40)) {
        return;
    }
    put_key(l, f->key);
    switch (f->type) {
    case LOG_FIELD_TEXT:
        put_text(l, f->text);
        break;
    case LOG_FIELD_INT:
        putf(l, "%" PRId64, f->num);
        break;
    case LOG_FIELD_REAL:
        if (isfinite(f->real)) {
            putf(l, "%.6g", f->real);
        } else {
            put(l, "null", 4);
        }
        break;
    case LOG_FIELD_BOOL:
        putf(l, "%s", f->num != 0 ? "true" : "false");
        break;
    }
}

static void put_start(struct line *l, enum log_level level, enum log_event ev)
{
    int64_t ms = now_ms(CLOCK_REALTIME);
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&s, &tm);
    char ts[64];
    snprintf(ts, sizeof ts, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
    const struct log_field head[] = {LOG_TEXT("ts", ts), LOG_TEXT("level", level_names[level]),
                                     LOG_TEXT("svc", state.svc),
                                     LOG_TEXT("event", log_event_name(ev))};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        put_field(l, &head[i]);
    }
}

/* Bytes taken, or -1. Never waits: a log must not hold up the work. */
static ssize_t offer(const char *text, size_t len)
{
    int fd = state.own_fd >= 0 ? state.own_fd : STDOUT_FILENO;
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    ssize_t n;
    do {
        if (state.is_socket) {
            n = send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        } else {
            n = poll(&room, 1, 0) == 1 ? write(fd, text, len) : -1;
        }
    } while (n < 0 && errno == EINTR);
    return n;
}

/* A single write, so that lines of several processes on one pipe do not mix. False: no reader took
 * it. */
static bool send_line(const struct line *l)
{
    ssize_t n = offer(l->text, l->len);
    if (n > 0 && (size_t)n < l->len) {
        state.rest.len = l->len - (size_t)n;
        memcpy(state.rest.text, l->text + n, state.rest.len);
    }
    return n > 0;
}

static bool send_rest(void)
{
    struct line *rest = &state.rest;
    while (rest->len > 0) {
        ssize_t n = offer(rest->text, rest->len);
        if (n <= 0) {
            return false;
        }
        rest->len -= (size_t)n;
        memmove(rest->text, rest->text + n, rest->len);
    }
    return true;
}

static void end_line(struct line *l, int64_t suppressed)
{
    if (suppressed > 0) {
        put_key(l, "suppressed");
        putf(l, "%" PRId64, suppressed);
    }
    put(l, "}", state.logfmt ? 0 : 1);
    put(l, "\n", 1);
}

/* The reader of the log is back. */
static bool tell_lost(void)
{
    struct line l;
    const struct log_field of = LOG_TEXT("of", "log");
    const struct log_field why = LOG_TEXT("msg", "nobody read the log");
    l.len = 0;
    put_start(&l, LEVEL_WARN, LOG_EV_LEFT_OUT);
    put_field(&l, &of);
    put_field(&l, &why);
    end_line(&l, state.lost);
    if (!send_line(&l)) {
        return false;
    }
    state.lost = 0;
    return true;
}

static bool caught_up(void)
{
    return send_rest() && (state.lost == 0 || tell_lost());
}

static void write_line(enum log_level level, enum log_event ev, const struct log_field *fields,
                       int64_t suppressed)
{
    struct line l;
    l.len = 0;
    put_start(&l, level, ev);
    for (const struct log_field *f = fields; f->key != NULL; f++) {
        put_field(&l, f);
    }
    end_line(&l, suppressed);
    if (!caught_up() || !send_line(&l)) {
        state.lost++;
        state.lost_ever++;
    }
}

int64_t log_lost(void)
{
    pthread_mutex_lock(&state.lock);
    int64_t n = state.lost_ever;
    pthread_mutex_unlock(&state.lock);
    return n;
}

void log_write(enum log_level level, enum log_event ev, const struct log_field *fields)
{
    int errno_before = errno;
    int64_t suppressed = 0;
    pthread_mutex_lock(&state.lock);
    if (level <= state.least && (size_t)ev < LOG_EV_COUNT && allow(level, ev, &suppressed)) {
        write_line(level, ev, fields, suppressed);
    }
    pthread_mutex_unlock(&state.lock);
    errno = errno_before;
}

void log_settle(bool all)
{
    int errno_before = errno;
    pthread_mutex_lock(&state.lock);
    int64_t now = now_ms(CLOCK_MONOTONIC);
    for (size_t i = 0; i < LOG_EV_COUNT; i++) {
        struct allowance *a = &state.limits[i];
        if (a->suppressed > 0 && (all || now - a->refused_ms >= QUIET_MS)) {
            const struct log_field of[] = {LOG_TEXT("of", log_event_name((enum log_event)i)),
                                           {.key = NULL}};
            write_line(a->level, LOG_EV_LEFT_OUT, of, a->suppressed);
            a->suppressed = 0;
        }
    }
    (void)caught_up();
    pthread_mutex_unlock(&state.lock);
    errno = errno_before;
}
