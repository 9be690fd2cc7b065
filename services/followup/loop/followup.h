/* followup - the loop: leases, claims and publishing of all shards, what to do on each status.
 * Knows neither Kafka's library nor PostgreSQL's. */
#ifndef SERVICES_FOLLOWUP_LOOP_FOLLOWUP_H
#define SERVICES_FOLLOWUP_LOOP_FOLLOWUP_H

#include "common/base/err.h"
#include "common/runtime/conf.h"

/* Runs until asked to stop (STATUS_STOP) or until it cannot go on (STATUS_FATAL, err says why). */
enum status followup_run(const struct conf *c, struct err *err) NODISCARD;

#endif
