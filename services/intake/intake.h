/* intake - the loop: messages in, batches through the writers, what to do on each status. Knows
 * neither Kafka's library nor PostgreSQL's. */
#ifndef SERVICES_INTAKE_INTAKE_H
#define SERVICES_INTAKE_INTAKE_H

#include "common/base/err.h"
#include "common/runtime/conf.h"

/* Runs until asked to stop (STATUS_STOP) or until it cannot go on (STATUS_FATAL, err says why). */
enum status intake_run(const struct conf *c, struct err *err) NODISCARD;

#endif
