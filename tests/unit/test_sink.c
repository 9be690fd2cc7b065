#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>

#include "services/followup/kafka/sink.h"
#include "tests/unit/leakcheck.h"

/* The sink with producers that only count: how many were opened and are open, and which of them was
 * asked last. The result of an order is set beforehand. */

struct producer {
    int nth;
};

static struct conf conf;
static struct sink *sink;
static struct sink_result result;
static int opened, open_now, published_by;
static enum status outcome;

enum status producer_open(struct producer **out, const struct producer_options *o, struct err *err)
{
    (void)o;
    (void)err;
    *out = calloc(1, sizeof **out);
    (*out)->nth = ++opened;
    open_now++;
    return STATUS_OK;
}

void producer_close(struct producer *p)
{
    open_now -= p != NULL;
    free(p);
}

enum status producer_position(struct producer *p, int64_t *out, bool *foreign, struct err *err)
{
    *foreign = false;
    (void)p;
    (void)err;
    *out = 1;
    return STATUS_OK;
}

enum status producer_publish(struct producer *p, const struct outbound *records, size_t n,
                             int64_t position, bool *refused, bool *exact, struct err *err)
{
    (void)records;
    (void)n;
    (void)position;
    (void)refused;
    (void)exact;
    published_by = p->nth;
    return outcome == STATUS_OK ? STATUS_OK : err_set(err, outcome, "_TIMED_OUT", "not told");
}

enum status producer_find(struct producer *p, const char *topic, const char *marker, bool *found,
                          struct err *err)
{
    (void)p;
    (void)topic;
    (void)marker;
    *found = false;
    return outcome == STATUS_OK ? STATUS_OK : err_set(err, outcome, "_TIMED_OUT", "not told");
}

void producer_idle(struct producer *p)
{
    (void)p;
}

enum status producer_list(struct producer *p, struct topics *t, struct err *err)
{
    (void)p;
    (void)t;
    (void)err;
    return STATUS_OK;
}

void producer_look(struct producer *p, struct topics *t)
{
    (void)p;
    (void)t;
}

void producer_missing(const struct producer *p, const struct conf *c, const struct err *err,
                      char out[TOPIC_TEXT])
{
    (void)p;
    (void)c;
    (void)err;
    out[0] = '\0';
}

/* ---- orders ---- */

static enum status done(void)
{
    struct pollfd there = {.fd = sink_fd(sink), .events = POLLIN};
    while (!sink_result(sink, &result) && poll(&there, 1, 5000) > 0) {
    }
    cr_assert_not(sink_busy(sink), "no result within five seconds");
    return result.status;
}

static enum status opens(void)
{
    sink_open(sink, false);
    return done();
}

static enum status publishes(enum status becomes)
{
    outcome = becomes;
    sink_publish(sink, NULL, 0, 1, NULL);
    return done();
}

static void set_up(void)
{
    struct err err = {0};
    opened = open_now = published_by = 0;
    cr_assert_eq(sink_new(&sink, &conf, "test-0", "TEST", 0, &err), STATUS_OK);
    cr_assert_eq(opens(), STATUS_OK);
}

static void tear_down(void)
{
    sink_free(sink);
    cr_assert_eq(open_now, 0, "%d are left open", open_now);
    leakcheck();
}

TestSuite(sink, .init = set_up, .fini = tear_down, .timeout = 20);

Test(sink, a_producer_that_has_published_goes_on)
{
    cr_assert_eq(publishes(STATUS_OK), STATUS_OK);
    cr_assert_eq(publishes(STATUS_OK), STATUS_OK);
    cr_assert_eq(opened, 1);
    cr_assert_eq(published_by, 1);
}

/* A request of the client may still be on its way, and would end the next transaction early. */
Test(sink, a_producer_whose_transaction_ended_in_doubt_is_done_with)
{
    const enum status doubts[] = {STATUS_RESYNC, STATUS_STOP, STATUS_REJECT, STATUS_RETRY};
    for (int i = 0; i < (int)(sizeof doubts / sizeof doubts[0]); i++) {
        cr_assert_eq(publishes(doubts[i]), doubts[i]);
        cr_assert_eq(open_now, 0, "after status %d it is still there", (int)doubts[i]);
        cr_assert_eq(publishes(STATUS_OK), STATUS_RESYNC, "without one nothing is published");
        cr_assert_eq(published_by, i + 1);
        cr_assert_eq(opens(), STATUS_OK);
        cr_assert_eq(publishes(STATUS_OK), STATUS_OK);
        cr_assert_eq(published_by, i + 2);
    }
}

Test(sink, opening_makes_a_new_one_always)
{
    cr_assert_eq(opens(), STATUS_OK);
    cr_assert_eq(opened, 2);
    cr_assert_eq(open_now, 1);
    cr_assert_eq(publishes(STATUS_OK), STATUS_OK);
    cr_assert_eq(published_by, 2);
}
