/* source_age - how old the newest file of each source is, by its heartbeats: for metrics. */
#ifndef SERVICES_INTAKE_SOURCE_AGE_H
#define SERVICES_INTAKE_SOURCE_AGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/pg/pg.h"

struct source_ages; /* zero-initialised by source_ages_new */
struct source_ages *source_ages_new(void);
void source_ages_free(struct source_ages *a); /* NULL is fine */

/* Asks the database, but at most once a minute. */
enum status source_ages_look(struct source_ages *a, struct pg *pg, struct err *err) NODISCARD;
/* Sets the metric of every source that ever sent a heartbeat. */
void source_ages_show(const struct source_ages *a, struct instant now);

#endif
