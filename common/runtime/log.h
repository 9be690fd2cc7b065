/* log - one line per event on standard output: JSON, or logfmt for terminals. */
#ifndef COMMON_RUNTIME_LOG_H
#define COMMON_RUNTIME_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* Every event the programs can log, once: name, and what it means to who runs them
 * (doc/log-events.md is made from this). */
#define LOG_EVENTS(X)                                                                              \
    X(READY, "ready",                                                                              \
      "intake owns partitions, followup its shards or a place on stand-by, or the page is served") \
    X(STOPPING, "stopping", "asked to stop; finishing what is under way")                          \
    X(STOPPED, "stopped", "the last line of a run: exit code and, if not 0, why")                  \
    X(ASSIGNED, "assigned",                                                                        \
      "the group gave this process a partition; with the offset it starts at")                     \
    X(REVOKED, "revoked", "the group took partitions away")                                        \
    X(FENCED, "fenced",                                                                            \
      "another process took over what this one was working on; its batch was dropped")             \
    X(POSITION_LOST, "position_lost",                                                              \
      "the stored position points nowhere; the process stops rather than jump")                    \
    X(POSITION_SET_BACK, "position_set_back",                                                      \
      "the database is behind what intake stored; read again from there")                          \
    X(POSITION_AHEAD, "position_ahead", "the topic is ahead of the database; the process stops")   \
    X(POSITION_FOREIGN, "position_foreign",                                                        \
      "another installation keeps its position there; the process stops")                          \
    X(SHARD_RECOVERED, "shard_recovered",                                                          \
      "followup goes on from its topic, as an operator permitted")                                 \
    X(DB_DOWN, "db_down", "PostgreSQL cannot be used; work is kept and tried again")               \
    X(DB_UP, "db_up", "PostgreSQL is back")                                                        \
    X(KAFKA_DOWN, "kafka_down",                                                                    \
      "no broker answers; said again each minute, with how many messages of the Kafka library "    \
      "were left out")                                                                             \
    X(KAFKA_UP, "kafka_up", "a broker answers again")                                              \
    X(TOPIC_MISSING, "topic_missing", "a topic is not there; what is for it waits until it is")    \
    X(TOPIC_BACK, "topic_back", "a topic that was missing is there")                               \
    X(PUBLISH_FAILED, "publish_failed", "a batch did not get to Kafka; it is tried again")         \
    X(KAFKA_LIBRARY, "kafka_library",                                                              \
      "what the Kafka library says: the last message of its facility within a minute, and how "    \
      "many")                                                                                      \
    X(BATCHES_STORED, "batches_stored",                                                            \
      "what was committed since the last such line, at most every 10 s")                           \
    X(BATCH_RETRIED, "batch_retried",                                                              \
      "a batch was done again: somebody else worked on the same people or settings")               \
    X(SET_ASIDE, "set_aside",                                                                      \
      "the database refuses one message, or one person's case; the rest is stored, "               \
      "`dayfour set-aside list` shows it")                                                         \
    X(ASIDE_STOPPED, "aside_stopped",                                                              \
      "many in a row are refused for one reason: nobody more is set aside, and work waits")        \
    X(ASIDE_RESUMED, "aside_resumed", "that reason is gone; the service continues")                \
    X(DEAD_LETTERS, "dead_letters",                                                                \
      "messages that can never succeed were set aside; `dayfour dead-letters list` says why")      \
    X(EMITTED, "emitted", "events published since the last such line")                             \
    X(AUDIT_SEALED, "audit_sealed",                                                                \
      "audit entries sealed since the last such line; number and hash of the newest seal, worth "  \
      "keeping apart from the database")                                                           \
    X(AUDIT_UNSEALED, "audit_unsealed", "audit entries could not be sealed; tried again")          \
    X(TRANSACTION_ENDED, "transaction_ended",                                                      \
      "clinicians' transactions that had been open for over five minutes were ended")              \
    X(STANDBY, "standby", "another followup is active; this one waits")                            \
    X(ACTIVE, "active", "this followup works on a shard now")                                      \
    X(SETTINGS_LOADED, "settings_loaded", "a version of the settings is in use")                   \
    X(CALENDAR_LOADED, "calendar_loaded", "bank holidays are in use")                              \
    X(CLOCK_FILE, "clock_file", "time comes from a file: tests and rehearsals only")               \
    X(CLOCK_APART, "clock_apart",                                                                  \
      "the clocks of machine, database and product are apart, or a broker refuses timestamps; "    \
      "nothing is stored or published until they agree")                                           \
    X(CLOCK_AGREES, "clock_agrees", "the clocks agree again; the work continues")                  \
    X(FEED_SILENT, "feed_silent",                                                                  \
      "an organisation sent nothing for longer than its setting allows")                           \
    X(FEED_TAKEN, "feed_taken",                                                                    \
      "dayfour feed took a file: how many rows, events, rejected rows and missing records")        \
    X(FEED_HELD, "feed_held",                                                                      \
      "dayfour feed holds a file: which threshold it passes; nothing of it is published")          \
    X(FEED_REFUSED, "feed_refused", "dayfour feed cannot take a file; why")                        \
    X(FEED_SKIPPED, "feed_skipped", "dayfour feed passed over a file; why")                        \
    X(LEFT_OUT, "left_out",                                                                        \
      "how many lines of the event `of` were left out since its last one, now that it is quiet; "  \
      "with `of` = `log`, how many lines of any event nobody read")                                \
    X(REQUEST, "request",                                                                          \
      "the page answered: method, route as in its table, status, milliseconds")                    \
    X(SESSIONS_LOST, "sessions_lost",                                                              \
      "connections of people who were logged in were lost; they log in again")                     \
    X(IDENTITY_IGNORED, "identity_ignored",                                                        \
      "a header that names a person came where none is taken; it was ignored")                     \
    X(CONFIG, "config", "something about the configuration worth knowing")                         \
    X(FAILED, "failed", "the process cannot go on; the reason")

enum log_event {
#define LOG_ENUM(id, name, meaning) LOG_EV_##id,
    LOG_EVENTS(LOG_ENUM)
#undef LOG_ENUM
        LOG_EV_COUNT
};

const char *log_event_name(enum log_event ev);

struct log_field {
    const char *key; /* NULL ends the list */
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_REAL, LOG_FIELD_BOOL } type;
    union {
        const char *text;
        int64_t num;
        double real;
    };
};
#define LOG_TEXT(k, v)                                                                             \
    {                                                                                              \
        .key = (k), .type = LOG_FIELD_TEXT, .text = (v)                                            \
    }
#define LOG_INT(k, v)                                                                              \
    {                                                                                              \
        .key = (k), .type = LOG_FIELD_INT, .num = (int64_t)(v)                                     \
    }
#define LOG_REAL(k, v)                                                                             \
    {                                                                                              \
        .key = (k), .type = LOG_FIELD_REAL, .real = (v)                                            \
    }
#define LOG_BOOL(k, v)                                                                             \
    {                                                                                              \
        .key = (k), .type = LOG_FIELD_BOOL, .num = (v) ? 1 : 0                                     \
    }

/* svc is copied. Lines go to fd 1 as it is now, each by one write; ts is the system's clock, never
 * a clock file's. A reader that stops reading or goes away costs lines, never time: they are
 * counted. SIGPIPE has to be ignored. */
void log_init(const char *svc, enum log_level least, bool logfmt);
/* error|warn|info|debug, as in log.level. */
bool log_level_parse(const char *name, enum log_level *out);
/* The Markdown table of LOG_EVENTS, for doc/log-events.md. */
void log_print_catalogue(FILE *to);

/* May be called from any thread. */
void log_write(enum log_level level, enum log_event ev, const struct log_field *fields);

/* Says what was left out of events that have been quiet since; with `all`, before the end, of every
 * one. Cheap: for each turn of a loop. */
void log_settle(bool all);

/* How many lines nobody read, since the beginning. */
int64_t log_lost(void);

/* log_info(READY, LOG_TEXT("group", g), LOG_INT("partitions", n)). Each event may have 5 lines at
 * once and one a second after. Events with a line for each partition, shard, topic or organisation
 * may have 100. Lines left out are counted on the next line, or by log_settle(). At least one
 * field. Text is escaped, never trusted. */
#define LOG_LINE(level, id, ...)                                                                   \
    log_write((level), LOG_EV_##id, (const struct log_field[]){__VA_ARGS__, {.key = 0}})
#define log_error(...) LOG_LINE(LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) LOG_LINE(LEVEL_WARN, __VA_ARGS__)
#define log_info(...) LOG_LINE(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_LINE(LEVEL_DEBUG, __VA_ARGS__)

#endif
