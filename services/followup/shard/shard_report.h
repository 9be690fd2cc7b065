/* shard_report - a shard logs and counts here. */
#ifndef SERVICES_FOLLOWUP_SHARD_SHARD_REPORT_H
#define SERVICES_FOLLOWUP_SHARD_SHARD_REPORT_H

#include "services/followup/shard/shard_core.h"

void shard_report_standby(struct shard *s);
void shard_report_active(struct shard *s);
/* The topic for which a frozen batch waits; "": none does. */
void shard_report_missing(struct shard *s, const char *topic);
/* The brokers' clock, or the limit of a topic: what is to go out waits, and nobody is ready. */
void shard_report_time(struct shard *s, bool refused);
void shard_report_failed(struct shard *s, const struct sink_result *r);
void shard_count_published(struct shard *s);

/* Says which topics are not there, or are again. True: what waited for some of them can go out. */
bool shard_topics(struct shard *s);

#endif
