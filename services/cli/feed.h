/* feed - a file of events as messages: each line checked by the same decoder as intake's. */
#ifndef CLI_FEED_H
#define CLI_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/date.h"
#include "common/err.h"
#include "common/event/inbound.h"

#define FEED_KEY_TEXT 32 /* hex digits, no NUL */

struct feed_message {
    size_t line; /* in the file, from 1 */
    size_t at;   /* of feed.text */
    uint32_t len;
    bool ignored;  /* a type or category Dayfour does not take */
    bool rejected; /* only where they are let through */
    bool has_key;  /* organisation and person could be read */
    char key[FEED_KEY_TEXT];
};

struct feed {
    char *text; /* values lie in it */
    struct feed_message *messages;
    size_t n, ignored, rejected;
    /* Of the first one rejected. */
    size_t bad_line;
    enum reject_reason bad_reason;
    char bad_detail[DETAIL_TEXT];
};

struct feed_options {
    bool csv;
    bool
        force; /* unknown columns, and rows of a wrong length, are let through as far as they can */
    struct inbound_limits limits;
    struct instant now; /* the time of CSV rows that name none */
};

/* path "-": standard input. STATUS_REJECT: the file cannot be read, or is no CSV. Messages that are
 * rejected by the decoder are counted, and no fault here. */
enum status feed_open(struct feed **out, const char *path, const struct feed_options *o,
                      struct err *err) NODISCARD;
void feed_free(struct feed *f);

/* By its name, or as said. */
bool feed_is_csv(const char *path);

#endif
