/* envelope - the CloudEvents attributes of a Kafka record and its data, in whichever of the two
 * modes it came. */
#ifndef COMMON_EVENT_ENVELOPE_H
#define COMMON_EVENT_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/event/raw_record.h"
#include "common/json/json.h"

enum attribute { ATTR_SPECVERSION, ATTR_ID, ATTR_SOURCE, ATTR_TYPE, ATTR_TIME, ATTR_COUNT };

struct envelope {
    bool binary;
    struct {
        const char *text; /* not NUL-terminated; NULL: not given, or given as what cannot be text */
        size_t len;
        bool given;
    } attr[ATTR_COUNT];
    bool bad_content_type;          /* the member datacontenttype is no string */
    const struct json *data;        /* NULL: not given, or null */
    const struct json *data_base64; /* the same; only of a structured event */
};

/* Binary: no content-type beginning application/cloudevents, and a header ce_specversion. Header
 * names are compared in any case. A header without a value counts as missing. The last of several
 * with one name counts, as in Kafka's own clients. */
bool envelope_is_binary(const struct raw_record *raw);

/* root is the record's value as JSON; of a structured event it has to be an object. */
void envelope_read(const struct raw_record *raw, bool binary, const struct json *root,
                   struct envelope *env);

/* How a fault names the attribute: "source", in binary mode "ce_source". */
const char *envelope_path(bool binary, enum attribute which);

/* Cuts a path before the first name that no event has: an unknown name could be anything, such as a
 * staff number. More people see the path than may see the message. */
void envelope_keep_known(char *path);

#endif
