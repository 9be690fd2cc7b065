/* metrics - counters and gauges in Prometheus' text format. One table; no label tells a person, or
 * a kind together with an organisation. Single-threaded. */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include <stdint.h>

#include "common/buf.h"

/* id, type, name, label names (comma-separated), meaning. */
#define METRICS(X)                                                                                 \
    X(BUILD_INFO, "gauge", "dayfour_build_info", "service,version", "1")                           \
    X(INTAKE_RECORDS, "counter", "dayfour_intake_records_total", "result",                         \
      "messages whose effect is committed: stored, stale, ignored or dead")                        \
    X(INTAKE_LAG, "gauge", "dayfour_intake_lag_records", "topic,partition",                        \
      "messages in the partition that are not committed yet")                                      \
    X(INTAKE_BATCH, "histogram", "dayfour_intake_batch_seconds", "",                               \
      "from the beginning of a batch's transaction to its commit")                                 \
    X(INTAKE_RETRIES, "counter", "dayfour_intake_batch_retries_total", "",                         \
      "batches done again because others worked on the same people")                               \
    X(FENCED, "counter", "dayfour_fenced_total", "",                                               \
      "work dropped because another process took over")                                            \
    X(DB_DOWN, "counter", "dayfour_db_failures_total", "", "times the database could not be used") \
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
    X(TOPIC_MISSING, "gauge", "dayfour_followup_topic_missing", "shard,topic",                     \
      "1 while something cannot go out because this topic is not there")

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
/* Of a histogram, seconds. */
void metrics_observe(enum metric m, double seconds);

void metrics_render(struct buf *out);

#endif
