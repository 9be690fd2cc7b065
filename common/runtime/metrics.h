/* metrics - counters and gauges in Prometheus' text format, from one table. No label names a
 * person, or a kind together with an organisation. Single-threaded. */
#ifndef COMMON_RUNTIME_METRICS_H
#define COMMON_RUNTIME_METRICS_H

#include <stdint.h>

#include "common/base/buf.h"

/* id, type, name, label names (comma-separated), meaning. */
#define METRICS(X)                                                                                 \
    X(BUILD_INFO, "gauge", "dayfour_build_info", "service,version", "1")                           \
    X(INTAKE_RECORDS, "counter", "dayfour_intake_records_total", "result",                         \
      "messages whose effect is committed: stored, stale, ignored or dead")                        \
    X(INTAKE_SHORTENED, "counter", "dayfour_intake_members_shortened_total", "what",               \
      "members of absences that were not kept whole: a text cut, or a channel left out")           \
    X(INTAKE_LAG, "gauge", "dayfour_intake_lag_records", "topic,partition",                        \
      "messages in the partition that are not committed yet")                                      \
    X(INTAKE_BATCH, "histogram", "dayfour_intake_batch_seconds", "",                               \
      "from the beginning of a batch's transaction to its commit")                                 \
    X(SOURCE_AGE, "gauge", "dayfour_intake_source_age_seconds", "source",                          \
      "how long ago the newest data of a source was taken out of its system, by heartbeats")       \
    X(INTAKE_RETRIES, "counter", "dayfour_intake_batch_retries_total", "",                         \
      "batches done again because others worked on the same people")                               \
    X(RETRIED_SECONDS, "gauge", "dayfour_batch_retried_seconds", "",                               \
      "how long a batch has been done again and again; 0: none is")                                \
    X(SET_ASIDE, "counter", "dayfour_set_aside_total", "what",                                     \
      "set aside because the database refuses it: a message, or the case of a person")             \
    X(SET_ASIDE_PEOPLE, "gauge", "dayfour_set_aside_people", "",                                   \
      "people whose case cannot be stored and is tried again each hour")                           \
    X(ASIDE_STOPPED, "gauge", "dayfour_aside_stopped", "",                                         \
      "1 while work waits because many in a row were refused for one reason")                      \
    X(KAFKA_UP, "gauge", "dayfour_kafka_up", "", "1 while some broker answers")                    \
    X(WATCHED_MISSING, "gauge", "dayfour_topic_missing", "topic",                                  \
      "1 while a topic that this service is configured with is not there")                         \
    X(LOG_LOST, "counter", "dayfour_log_lines_lost_total", "",                                     \
      "lines of the log that nobody read: its reader stopped reading, or went away")               \
    X(FENCED, "counter", "dayfour_fenced_total", "",                                               \
      "work dropped because another process took over")                                            \
    X(DB_DOWN, "counter", "dayfour_db_failures_total", "", "times the database could not be used") \
    X(CLOCK_APART, "gauge", "dayfour_clock_apart", "",                                             \
      "1 while the service stands still because clocks are apart")                                 \
    X(DEAD_LETTERS, "counter", "dayfour_dead_letters_total", "reason", "messages set aside")       \
    X(FOLLOWUP_EVENTS, "counter", "dayfour_followup_events_total", "topic", "records published")   \
    X(FOLLOWUP_DUE, "gauge", "dayfour_followup_people_due", "", "people to be looked at by now")   \
    X(FOLLOWUP_OLDEST, "gauge", "dayfour_followup_oldest_due_seconds", "",                         \
      "how long the longest waiting of them has been due")                                         \
    X(TASKS_OPEN, "gauge", "dayfour_tasks_open", "",                                               \
      "contact tasks that are open, counted each minute")                                          \
    X(TASKS_OVERDUE, "gauge", "dayfour_tasks_overdue", "",                                         \
      "those of them whose due date has passed")                                                   \
    X(FOLLOWUP_ACTIVE, "gauge", "dayfour_followup_active", "shard",                                \
      "1 while this process holds the shard")                                                      \
    X(TRANSACTIONS_ENDED, "counter", "dayfour_followup_transactions_ended_total", "",              \
      "transactions of clinicians, open for over five minutes, that were ended")                   \
    X(UNPUBLISHED, "gauge", "dayfour_followup_unpublished_seconds", "shard",                       \
      "how long something has waited to be published, while this process holds the shard")         \
    X(TOPIC_MISSING, "gauge", "dayfour_followup_topic_missing", "shard,topic",                     \
      "1 while something cannot go out because this topic is not there")                           \
    X(WEB_REQUESTS, "counter", "dayfour_web_requests_total", "route,status",                       \
      "requests the page answered")                                                                \
    X(WEB_SECONDS, "histogram", "dayfour_web_request_seconds", "route",                            \
      "from a request's last byte to its answer's first")                                          \
    X(WEB_SESSIONS, "gauge", "dayfour_web_sessions", "", "people logged in to the page")           \
    X(WEB_REFUSED, "counter", "dayfour_web_refused_total", "why",                                  \
      "what the page refused: log-ins, names from a proxy, forms of elsewhere, requests too many") \
    X(WEB_BEHIND, "gauge", "dayfour_web_behind_seconds", "",                                       \
      "how far followup is behind, as the page says to its readers")

enum metric {
#define METRIC_ENUM(id, type, name, labels, meaning) METRIC_##id,
    METRICS(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

/* values: the labels' values in the table's order, NULL where it has none. Names are ours or the
 * operator's (topics): they are escaped all the same. */
void metrics_add(enum metric m, const char *const *values, double by);
void metrics_set(enum metric m, const char *const *values, double to);
/* Adds an observation, in seconds, to a histogram. values: as above. */
void metrics_observe(enum metric m, const char *const *values, double seconds);

void metrics_render(struct buf *out);

#endif
