#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/loop.h"
#include "tests/unit/leakcheck.h"

TestSuite(loop, .fini = leakcheck, .timeout = 20);

struct seen {
    struct loop *l;
    int times;
    unsigned events;
    int fd;
    int other_fd;
};

static void count(void *arg, unsigned events)
{
    struct seen *s = arg;
    s->times++;
    s->events = events;
}

static void drain(void *arg, unsigned events)
{
    struct seen *s = arg;
    char c;
    count(arg, events);
    if ((events & LOOP_READ) != 0) {
        cr_assert_eq(read(s->fd, &c, 1), 1);
    }
}

static void unwatch_other(void *arg, unsigned events)
{
    struct seen *s = arg;
    count(arg, events);
    loop_unwatch(s->l, s->other_fd);
    loop_unwatch(s->l, s->fd);
}

static struct loop *new_loop(void)
{
    struct loop *l = NULL;
    cr_assert_eq(loop_new(&l, NULL), STATUS_OK);
    return l;
}

static void turn(struct loop *l, int wait_ms)
{
    cr_assert_eq(loop_turn(l, wait_ms, NULL), STATUS_OK);
}

Test(loop, reading_and_writing)
{
    struct loop *l = new_loop();
    int fds[2];
    cr_assert_eq(pipe(fds), 0);
    struct seen in = {.fd = fds[0]};
    struct seen out = {.fd = fds[1]};
    cr_assert_eq(loop_watch(l, fds[0], LOOP_READ, drain, &in, NULL), STATUS_OK);
    turn(l, 0);
    cr_assert_eq(in.times, 0);
    cr_assert_eq(write(fds[1], "x", 1), 1);
    turn(l, 1000);
    cr_assert_eq(in.times, 1);
    cr_assert_eq(in.events, LOOP_READ);
    cr_assert_eq(loop_watch(l, fds[1], LOOP_WRITE, count, &out, NULL), STATUS_OK);
    turn(l, 1000);
    cr_assert_eq(out.times, 1);
    cr_assert_eq(out.events, LOOP_WRITE);
    cr_assert_eq(loop_watch(l, fds[1], 0, count, &out, NULL), STATUS_OK); /* no longer asked for */
    turn(l, 0);
    cr_assert_eq(out.times, 1);
    loop_unwatch(l, fds[1]);
    loop_unwatch(l, fds[1]);
    close(fds[1]);
    struct seen end = {.fd = fds[0]};
    cr_assert_eq(loop_watch(l, fds[0], LOOP_READ, count, &end, NULL), STATUS_OK);
    turn(l, 1000);
    cr_assert_eq(end.events, LOOP_READ | LOOP_WRITE); /* hung up: as both */
    close(fds[0]);
    loop_free(l);
    loop_free(NULL);
}

Test(loop, a_callback_may_unwatch_itself_and_others)
{
    struct loop *l = new_loop();
    int a[2];
    int b[2];
    cr_assert_eq(pipe(a), 0);
    cr_assert_eq(pipe(b), 0);
    cr_assert_eq(write(a[1], "x", 1), 1);
    cr_assert_eq(write(b[1], "x", 1), 1);
    struct seen first = {.l = l, .fd = a[0], .other_fd = b[0]};
    struct seen second = {.l = l, .fd = b[0], .other_fd = a[0]};
    cr_assert_eq(loop_watch(l, a[0], LOOP_READ, unwatch_other, &first, NULL), STATUS_OK);
    cr_assert_eq(loop_watch(l, b[0], LOOP_READ, unwatch_other, &second, NULL), STATUS_OK);
    turn(l, 100);
    turn(l, 0);
    cr_assert_eq(first.times + second.times, 1);
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
    loop_free(l);
}

Test(loop, a_descriptor_closed_and_reused_is_watched_anew)
{
    struct loop *l = new_loop();
    int fds[2];
    struct seen s = {0};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(pipe(fds), 0);
        s.fd = fds[0];
        cr_assert_eq(loop_watch(l, fds[0], LOOP_READ, drain, &s, NULL), STATUS_OK);
        cr_assert_eq(write(fds[1], "x", 1), 1);
        turn(l, 1000);
        cr_assert_eq(s.times, i + 1);
        close(fds[0]);
        close(fds[1]);
    }
    loop_free(l);
}

Test(loop, a_bad_descriptor_is_told)
{
    struct loop *l = new_loop();
    struct err err;
    cr_assert_eq(loop_watch(l, 9999, LOOP_READ, count, NULL, &err), STATUS_FATAL);
    loop_free(l);
}

Test(loop, timers)
{
    struct loop *l = new_loop();
    struct seen s = {0};
    struct loop_timer *t = NULL;
    cr_assert_eq(loop_timer_new(l, &t, count, &s, NULL), STATUS_OK);
    turn(l, 0);
    cr_assert_eq(s.times, 0);
    loop_timer_set(t, 0);
    turn(l, 1000);
    cr_assert_eq(s.times, 1);
    turn(l, 5);
    cr_assert_eq(s.times, 1); /* once */
    int64_t before = clock_mono_ms();
    loop_timer_set(t, 30);
    turn(l, 2000);
    cr_assert_eq(s.times, 2);
    cr_assert_geq(clock_mono_ms() - before, 29);
    loop_timer_set(t, 1);
    loop_timer_set(t, -1);
    turn(l, 20);
    cr_assert_eq(s.times, 2);
    loop_timer_set(t, 60000);
    loop_timer_set(t, 1); /* the last setting holds */
    turn(l, 2000);
    cr_assert_eq(s.times, 3);
    loop_timer_free(t);
    loop_timer_free(NULL);
    loop_free(l);
}

static void free_timer(void *arg, unsigned events)
{
    struct loop_timer **t = arg;
    (void)events;
    loop_timer_free(*t);
    *t = NULL;
}

Test(loop, a_timer_may_free_itself)
{
    struct loop *l = new_loop();
    struct loop_timer *t = NULL;
    cr_assert_eq(loop_timer_new(l, &t, free_timer, &t, NULL), STATUS_OK);
    loop_timer_set(t, 0);
    turn(l, 1000);
    cr_assert_null(t);
    turn(l, 0);
    loop_free(l);
}

Test(loop, the_first_signal_calls)
{
    struct loop *l = new_loop();
    struct seen s = {0};
    cr_assert_eq(loop_on_stop(l, count, &s, NULL), STATUS_OK);
    kill(getpid(), SIGTERM);
    turn(l, 1000);
    cr_assert_eq(s.times, 1);
    loop_free(l);
}

Test(loop, the_second_signal_ends_the_process)
{
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct loop *l = NULL;
        struct seen s = {0};
        if (loop_new(&l, NULL) != STATUS_OK || loop_on_stop(l, count, &s, NULL) != STATUS_OK) {
            _exit(9);
        }
        kill(getpid(), SIGINT);
        if (loop_turn(l, 1000, NULL) != STATUS_OK || s.times != 1) {
            _exit(8);
        }
        kill(getpid(), SIGTERM);
        _exit(loop_turn(l, 1000, NULL) == STATUS_OK ? 7 : 6);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 1);
}

static void stand_still(void *arg, unsigned events)
{
    (void)arg;
    (void)events;
    sleep(60);
}

/* Something that a callback waits for. */
Test(loop, nine_seconds_after_the_first_signal_the_process_ends, .timeout = 60)
{
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct loop *l = NULL;
        struct loop_timer *t = NULL;
        struct seen s = {0};
        if (loop_new(&l, NULL) != STATUS_OK || loop_on_stop(l, count, &s, NULL) != STATUS_OK ||
            loop_timer_new(l, &t, stand_still, NULL, NULL) != STATUS_OK) {
            _exit(9);
        }
        loop_timer_set(t, 0);
        kill(getpid(), SIGTERM);
        while (loop_turn(l, 1000, NULL) == STATUS_OK) {
        }
        _exit(8);
    }
    int status;
    int64_t began = clock_mono_ms();
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
    cr_assert_geq(clock_mono_ms() - began, 8900);
    cr_assert_lt(clock_mono_ms() - began, 30000);
}

Test(loop, what_is_urgent_is_served_meanwhile)
{
    struct loop *l = new_loop();
    struct seen urgent = {0};
    struct seen other = {0};
    int fds[2] = {eventfd(1, EFD_NONBLOCK), eventfd(1, EFD_NONBLOCK)};
    cr_assert_eq(loop_watch(l, fds[0], LOOP_READ, count, &urgent, NULL), STATUS_OK);
    cr_assert_eq(loop_watch(l, fds[1], LOOP_READ, count, &other, NULL), STATUS_OK);
    loop_urgent(l, fds[0]);
    cr_assert_not(loop_meanwhile(l));
    cr_assert_eq(urgent.times, 1);
    cr_assert_eq(other.times, 0);
    loop_free(l);
    close(fds[0]);
    close(fds[1]);
}

Test(loop, backoff_doubles_within_its_bounds)
{
    struct backoff b = {.first_ms = 100, .max_ms = 5000};
    cr_assert_not(backoff_should_log(&b));
    int64_t middle = 100;
    for (int i = 1; i <= 100; i++) {
        int64_t ms = backoff_next_ms(&b);
        cr_assert_geq(ms, middle * 3 / 4, "try %d: %lld", i, (long long)ms);
        cr_assert_leq(ms, middle * 5 / 4, "try %d: %lld", i, (long long)ms);
        middle = middle * 2 > 5000 ? 5000 : middle * 2;
        bool power = i == 1 || i == 2 || i == 4 || i == 8 || i == 16 || i == 32 || i == 64;
        cr_assert_eq(backoff_should_log(&b), power, "try %d", i);
    }
    backoff_reset(&b);
    cr_assert_leq(backoff_next_ms(&b), 125);
}

Test(loop, backoff_spreads)
{
    int64_t least = INT64_MAX;
    int64_t most = 0;
    for (int i = 0; i < 400; i++) {
        struct backoff b = {.first_ms = 1000, .max_ms = 1000};
        int64_t ms = backoff_next_ms(&b);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    cr_assert_lt(least, 850);
    cr_assert_gt(most, 1150);
}
