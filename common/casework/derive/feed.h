/* feed - when an organisation's silence is worth an alarm. Pure. */
#ifndef COMMON_CASEWORK_DERIVE_FEED_H
#define COMMON_CASEWORK_DERIVE_FEED_H

#include "common/casework/derive/derive.h"

/* T of feed.silent: feed_silent_hours after the organisation's last valid message, working days
 * only. It stands from then until the next such message. occurs_on is its local date. */
struct instant feed_silent_at(const struct rules *r, struct instant last_valid);

#endif
