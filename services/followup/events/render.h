/* render - emissions as Kafka records: CloudEvents in binary mode. Pure. The result is frozen: the
 * same bytes are published however often they are sent. */
#ifndef SERVICES_FOLLOWUP_EVENTS_RENDER_H
#define SERVICES_FOLLOWUP_EVENTS_RENDER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/hash.h"
#include "common/runtime/conf.h"
#include "services/followup/events/diff.h"

/* A record to be published. */
struct outbound {
    const char *topic;
    const char *key; /* NULL: none; key_len bytes */
    size_t key_len;
    const char *headers; /* frozen: common/event/frozen.h */
    size_t headers_len;
    const char *value; /* NULL: none */
    size_t value_len;
    int32_t ord; /* its place in the batch */
};

/* 16 hex digits on every record of a batch, by which it can be found on a topic. Without the
 * install key it reveals nothing, not even how much else was sent. */
#define MARKER_TEXT 17
#define MARKER_HEADER "dayfour-batch"
void render_marker(const struct hmac_key *k, int shard, int64_t batch_no, char out[MARKER_TEXT]);

/* Shared by all emissions about a person, or about an organisation as such. */
struct render_about {
    const struct conf *conf; /* topics */
    const struct rules *rules;
    const char *organisation;
    const char *person_id; /* NULL: about the organisation */
    const char *marker;
    struct instant now;
};

/* Fills out and, of an emission, the row to be kept of it. Everything lives in the arena. */
void render_saying(const struct saying *s, const struct render_about *about, struct arena *a,
                   struct outbound *out, struct emitted *row);

/* On which topic an event of this kind goes out, by the settings of now. */
const char *render_topic(enum event_kind kind, const struct conf *conf, const char *organisation,
                         struct arena *a);

/* The id of an emission: subject/kind/occurrence, and which time from the second on. */
const char *render_id(const char *subject, enum event_kind kind, const char *occurrence, int nth,
                      struct arena *a);

#endif
