/* event_file - a file of events as messages: each line checked by the same decoder as intake's, and
 * what is wrong with it said in words. */
#ifndef SERVICES_CLI_HR_EVENT_FILE_H
#define SERVICES_CLI_HR_EVENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/date.h"
#include "common/base/err.h"
#include "common/event/inbound.h"
#include "services/cli/hr/event_file_note.h"
#include "services/cli/options.h"
#include "services/cli/rows.h"

#define EVENT_FILE_KEY_TEXT 32 /* hex digits, no NUL */

/* Why a line cannot be taken. */
struct event_file_fault {
    const char *reason; /* as in dead letters, or "csv" */
    const char *detail; /* the path at fault, or "" */
    const char *what;   /* in words, without the line: which member, and what is wanted */
};

struct event_file_message {
    size_t line;  /* in the file, from 1 */
    size_t at;    /* of event_file.text */
    uint32_t len; /* 0: a line that is no message at all */
    bool has_key; /* organisation and person could be read */
    char key[EVENT_FILE_KEY_TEXT];
    bool ignored;                         /* a type or category Dayfour does not take */
    const struct event_file_fault *fault; /* NULL: none */
};

struct event_file {
    char *text; /* values lie in it */
    struct event_file_message *messages;
    size_t n, cap, ignored, rejected;
    size_t nameless; /* of the ignored: they name no record that can be compared */
    bool unsendable; /* a line is no message at all */
    struct event_file_note_list notes; /* its texts are in the same arena */
    struct arena *arena;               /* texts */
};

struct event_file_options {
    bool csv;
    bool force;    /* unknown columns are let through; several lines are not taken for one event */
    bool explains; /* what is passed over and what repeats is said elsewhere */
    struct rows_options rows;
    struct inbound_limits limits;
    struct instant now; /* the time of CSV rows that name none */
};

/* Reads the options --csv, --set and --dates. STATUS_REJECT: one is bad, or not for such a file. */
enum status event_file_read_options(struct event_file_options *out, const char *path,
                                    const struct args *args, struct err *err) NODISCARD;

/* path "-": standard input. STATUS_REJECT: the file cannot be read. Lines that cannot be taken are
 * counted, and no fault here. */
enum status event_file_open(struct event_file **out, const char *path,
                            const struct event_file_options *o, struct err *err) NODISCARD;
void event_file_free(struct event_file *f);

/* A message as a Kafka record. */
struct raw_record event_file_record(const struct event_file *f, const struct event_file_message *m);

/* On standard error: each bad line, up to EVENT_FILE_NAMED_MAX. */
void event_file_tell_faults(const struct event_file *f);

#endif
