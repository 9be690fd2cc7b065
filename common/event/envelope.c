/* Attributes are found here and judged in inbound.c. Their texts point into the record or its JSON.
 * envelope_keep_known() must name every member of schemas/events: a path ends before a name that it
 * lacks, and a fault then says less. */
#include "common/event/envelope.h"

#include <stdint.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/event/text.h"

static const char *const attribute_header[ATTR_COUNT] = {
    [ATTR_SPECVERSION] = "ce_specversion",
    [ATTR_ID] = "ce_id",
    [ATTR_SOURCE] = "ce_source",
    [ATTR_TYPE] = "ce_type",
    [ATTR_TIME] = "ce_time",
};
#define CE_LEN 3

const char *envelope_path(bool binary, enum attribute which)
{
    return attribute_header[which] + (binary ? 0 : CE_LEN);
}

bool envelope_is_binary(const struct raw_record *raw)
{
    static const char structured[] = "application/cloudevents";
    const size_t structured_len = sizeof(structured) - 1;
    const struct header *content_type = NULL;
    bool specversion = false;
    for (size_t i = 0; i < raw->n_headers; i++) {
        const struct header *h = &raw->headers[i];
        if (h->is_null) {
            continue;
        }
        if (text_equal(h->name, "content-type")) {
            content_type = h;
        } else if (!specversion) {
            specversion = text_equal(h->name, attribute_header[ATTR_SPECVERSION]);
        }
    }
    if (content_type && content_type->len >= structured_len &&
        text_equal_n(content_type->value, structured, structured_len)) {
        return false;
    }
    return specversion;
}

/* A header is text if it is UTF-8 without a NUL, which would cut it short. */
static void read_header(const struct header *h, struct envelope *env, enum attribute which)
{
    bool text = h->len > 0 && !memchr(h->value, '\0', h->len) && utf8_valid(h->value, h->len);
    env->attr[which].given = true;
    env->attr[which].text = text ? h->value : NULL;
    env->attr[which].len = text ? h->len : 0;
}

static void read_headers(const struct raw_record *raw, struct envelope *env)
{
    for (size_t i = 0; i < raw->n_headers; i++) {
        const char *name = raw->headers[i].name;
        if (raw->headers[i].is_null || (name[0] != 'c' && name[0] != 'C') ||
            (name[1] != 'e' && name[1] != 'E')) {
            continue;
        }
        for (enum attribute which = 0; which < ATTR_COUNT; which++) {
            if (text_equal(name, attribute_header[which])) {
                read_header(&raw->headers[i], env, which);
                break;
            }
        }
    }
}

static void read_attribute(const struct json *v, struct envelope *env, enum attribute which)
{
    env->attr[which].given = true;
    if (json_type(v) == JSON_STRING) {
        env->attr[which].text = json_string(v);
        env->attr[which].len = strlen(env->attr[which].text);
    }
}

static void read_members(const struct json *root, struct envelope *env)
{
    for (const struct json *v = json_first(root); v; v = json_next(v)) {
        if (json_type(v) == JSON_NULL) {
            continue;
        }
        const char *name = json_name(v);
        if (strcmp(name, "data") == 0) {
            env->data = v;
            continue;
        }
        if (strcmp(name, "data_base64") == 0) {
            env->data_base64 = v;
            continue;
        }
        if (strcmp(name, "datacontenttype") == 0) {
            env->bad_content_type = json_type(v) != JSON_STRING;
            continue;
        }
        for (enum attribute which = 0; which < ATTR_COUNT; which++) {
            if (strcmp(name, attribute_header[which] + CE_LEN) == 0) {
                read_attribute(v, env, which);
                break;
            }
        }
    }
}

void envelope_read(const struct raw_record *raw, bool binary, const struct json *root,
                   struct envelope *env)
{
    *env = (struct envelope){.binary = binary};
    if (binary) {
        env->data = root;
        read_headers(raw, env);
    } else {
        read_members(root, env);
    }
}

void envelope_keep_known(char *path)
{
    static const char *const names[] = {"specversion",
                                        "id",
                                        "source",
                                        "type",
                                        "time",
                                        "subject",
                                        "dataschema",
                                        "datacontenttype",
                                        "data",
                                        "data_base64",
                                        "organisation",
                                        "absence_id",
                                        "version",
                                        "person_id",
                                        "assignment_id",
                                        "category",
                                        "onset_date",
                                        "last_day",
                                        "open_ended",
                                        "expected_return",
                                        "reason",
                                        "scheme",
                                        "code",
                                        "fte",
                                        "contact",
                                        "name",
                                        "phone",
                                        "email",
                                        "language",
                                        "preferred_time",
                                        "voicemail",
                                        "fit_note",
                                        "from",
                                        "to",
                                        "phased_return_from",
                                        "site",
                                        "staff_group",
                                        "job",
                                        "recorded_at",
                                        "channel",
                                        "needs",
                                        "date_of_birth",
                                        "as_of",
                                        "records",
                                        "sent",
                                        "rejected",
                                        "on"};
    char *at = path;
    while (*at != '\0') {
        size_t len = strcspn(at, ".[");
        size_t i = 0;
        while (i < sizeof names / sizeof names[0] &&
               (strlen(names[i]) != len || memcmp(names[i], at, len) != 0)) {
            i++;
        }
        if (i == sizeof names / sizeof names[0]) {
            at[at > path ? -1 : 0] = '\0'; /* before it is a dot */
            return;
        }
        at += len;
        at += strspn(at, "[].");
    }
}
