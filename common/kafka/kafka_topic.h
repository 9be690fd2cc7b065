/* kafka_topic - names of topics, for those who need no more of Kafka than that. */
#ifndef COMMON_KAFKA_KAFKA_TOPIC_H
#define COMMON_KAFKA_KAFKA_TOPIC_H

#include "common/base/buf.h"

/* The topic of an organisation where its name has {organisation} in it; else the name as it is. No
 * two organisations share a topic: letters, digits and "-" stay, any other byte is "_" and its two
 * hexadecimal digits. A name over 120 bytes becomes "_x" and its SHA-256. NULL or "" is "none"; the
 * organisation of that name is "_6Eone". Appends and terminates. */
void kafka_topic_for(struct buf *out, const char *topic, const char *organisation);

#endif
