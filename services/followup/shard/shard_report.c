/* The shard logs and counts here. Nothing here decides anything but what was logged already. */
#include "services/followup/shard/shard_report.h"

#include <stdio.h>
#include <string.h>

#include "common/base/err_code.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"

void shard_report_standby(struct shard *s)
{
    if (s->lease != LEASE_STANDBY || s->reported != REPORTED_STANDBY) {
        log_info(STANDBY, LOG_INT("shard", s->number));
    }
    s->reported = REPORTED_STANDBY;
}

void shard_report_active(struct shard *s)
{
    if (s->reported != REPORTED_ACTIVE) {
        log_info(ACTIVE, LOG_INT("shard", s->number), LOG_INT("epoch", s->epoch),
                 LOG_INT("published", s->published), LOG_INT("next_batch", s->next_batch));
    }
    s->reported = REPORTED_ACTIVE;
}

/* ---- topics ---- */

static void set_missing(const struct shard *s, const char *topic, bool missing)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", s->number);
    const char *labels[] = {number, topic};
    metrics_set(METRIC_TOPIC_MISSING, labels, missing);
}

bool shard_topics(struct shard *s)
{
    struct topic_news news;
    bool any = false;
    while (topics_news(sink_topics(s->sink), &news)) {
        any |= news.there;
        set_missing(s, news.name, !news.there);
        if (!news.there) {
            log_error(TOPIC_MISSING, LOG_INT("shard", s->number), LOG_TEXT("topic", news.name),
                      LOG_TEXT("msg", "what is for it waits until it is there"));
        }
    }
    s->claim_wanted |= any;
    return any;
}

void shard_report_missing(struct shard *s, const char *topic)
{
    if (s->missing[0] != '\0' && strcmp(s->missing, topic) != 0) {
        set_missing(s, s->missing, false);
    }
    if (topic[0] != '\0') {
        set_missing(s, topic, true);
    }
    (void)snprintf(s->missing, sizeof s->missing, "%s", topic);
}

/* ---- failures ---- */

void shard_report_time(struct shard *s, bool refused)
{
    if (refused && !s->time_refused) {
        log_error(CLOCK_APART, LOG_INT("shard", s->number),
                  LOG_TEXT("msg",
                           "a broker refuses the time of our records: its clock is apart from "
                           "this machine's; nothing goes out until they agree"));
    }
    if (refused != s->time_refused) {
        metrics_set(METRIC_CLOCK_APART, NULL, refused);
    }
    s->time_refused = refused;
}

/* While no broker answers, somebody else says so. */
static void report_try(const struct shard *s, const struct err *err)
{
    unsigned attempt = s->backoff.attempt + 1;
    if (s->kafka_away) {
        log_debug(PUBLISH_FAILED, LOG_INT("shard", s->number), LOG_TEXT("code", err->code),
                  LOG_TEXT("msg", err->text), LOG_INT("attempt", attempt));
    } else {
        log_warn(PUBLISH_FAILED, LOG_INT("shard", s->number), LOG_TEXT("code", err->code),
                 LOG_TEXT("msg", err->text), LOG_INT("attempt", attempt));
    }
}

void shard_report_failed(struct shard *s, const struct sink_result *r)
{
    const struct err *err = &r->err;
    if (r->missing[0] != '\0') {
        shard_report_missing(s, r->missing);
    }
    if (err_is(err, ERR_KAFKA_FENCED) || err_is(err, ERR_KAFKA_OLD_EPOCH) ||
        err_is(err, ERR_KAFKA_PRODUCER_FENCED)) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_INT("shard", s->number), LOG_TEXT("msg", err->text));
    } else if (err_is(err, ERR_KAFKA_BAD_TIME)) {
        shard_report_time(s, true);
    } else if (r->missing[0] != '\0' && backoff_should_log(&s->backoff)) {
        log_error(TOPIC_MISSING, LOG_INT("shard", s->number), LOG_TEXT("topic", r->missing),
                  LOG_TEXT("msg", "nothing of this shard goes out until it is there"),
                  LOG_INT("attempt", s->backoff.attempt + 1));
    } else if (backoff_should_log(&s->backoff)) {
        report_try(s, err);
    }
}

void shard_count_published(struct shard *s)
{
    const struct claim *c = &shard_front(s)->claim;
    s->n_published += c->n_records;
    for (size_t i = 0, n = 1; i < c->n_records; i += n, n = 1) {
        const char *labels[] = {c->records[i].topic};
        while (i + n < c->n_records && strcmp(c->records[i + n].topic, labels[0]) == 0) {
            n++;
        }
        metrics_add(METRIC_FOLLOWUP_EVENTS, labels, (double)n);
    }
}
