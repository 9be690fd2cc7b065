/* input - histories as the reference model reads them (tests/model/reference/model.py): a JSON line
 * for each message as it was stored at some instant, each entry of a clinician, each settings
 * document or calendar loaded. Cut into histories: the lines of people who never shared a record
 * are histories of their own. */
#ifndef TESTS_PROPERTIES_INPUT_H
#define TESTS_PROPERTIES_INPUT_H

#include "common/casefile/ruleset.h"
#include "common/event/inbound.h"
#include "common/json/json.h"

enum line_kind { LINE_MESSAGE, LINE_ENTRY, LINE_RULES };

struct line {
    size_t number; /* in the input, from 1 */
    enum line_kind kind;
    struct instant at;
    struct raw_record raw; /* of a message */
    int64_t partition, offset;
    const struct inbound *read;  /* the message, as any source may send it */
    const struct inbound *given; /* taken in place of what raw says; NULL */
    const struct json *fact;     /* of an entry */
    const struct ruleset *rules; /* of LINE_RULES: in force from here on */
};

struct history {
    struct line *lines;
    size_t n;
};

/* Rules in force, and the same in which no period ever settles: when it does hangs on when facts
 * came, not on the facts alone. */
struct loaded {
    struct ruleset *rules, *unsettled;
};

struct input {
    struct arena *a;
    struct history *histories; /* those of one line that concerns nobody included */
    size_t n_histories;
    struct loaded first;   /* in force before the first line */
    struct loaded *loaded; /* by lines */
    size_t n_loaded;
    struct instant last; /* the last line's */
};

struct input_from {
    const char *settings, *calendar; /* files */
    const char *install_key;         /* hexadecimal digits */
};

/* Reads standard input to its end; whatever cannot be read ends the program. */
void input_read(struct input *in, const struct input_from *from);
void input_free(struct input *in);

#endif
