/* kafka_topic - names of topics, for those who need no more of Kafka than that. */
#ifndef COMMON_KAFKA_TOPIC_H
#define COMMON_KAFKA_TOPIC_H

#include "common/buf.h"

/* The topic of an organisation where its name has {organisation} in it (NULL or "": "none"); else
 * the name as it is. A character that no topic name may have becomes "_". Appends and terminates.
 */
void kafka_topic_for(struct buf *out, const char *topic, const char *organisation);

#endif
