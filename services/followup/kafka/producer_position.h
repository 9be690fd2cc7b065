/* producer_position - reads the committed position of a shard, as a member of no group would. */
#ifndef SERVICES_FOLLOWUP_KAFKA_PRODUCER_POSITION_H
#define SERVICES_FOLLOWUP_KAFKA_PRODUCER_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "services/followup/kafka/producer_options.h"

struct position_reader;

enum status position_reader_open(struct position_reader **out, const struct producer_options *o,
                                 struct err *err) NODISCARD;
/* NULL is fine. */
void position_reader_close(struct position_reader *r);

/* Waits a moment only. As producer_position(); STATUS_RETRY: not known yet, ask again. */
enum status position_reader_ask(struct position_reader *r, int64_t *out, bool *foreign,
                                struct err *err) NODISCARD;

#endif
