/* intake - the loop: messages in, batches through the lanes, what to do on each status. Knows
 * neither Kafka's library nor PostgreSQL's. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "common/conf.h"
#include "common/err.h"

/* Runs until asked to stop (STATUS_STOP) or until it cannot go on (STATUS_FATAL, err says why). */
enum status intake_run(const struct conf *c, struct err *err) NODISCARD;

#endif
