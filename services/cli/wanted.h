/* wanted - what should stand where a record was refused, in words, for those who send it. Never
 * what stands there. Pure. */
#ifndef SERVICES_CLI_WANTED_H
#define SERVICES_CLI_WANTED_H

#include "common/base/buf.h"
#include "common/event/inbound.h"

/* path: the detail of the verdict. date: how a date has to look. */
void wanted_put(struct buf *out, enum reject_reason reason, const char *path, const char *date);

/* The types there are. */
#define WANTED_TYPES                                                                               \
    "org.dayfour.absence.opened.v1, .amended.v1, .closed.v1 or .cancelled.v1, "                    \
    "org.dayfour.person.left.v1, .died.v1, .opted-out.v1 or .opted-in.v1, or "                     \
    "org.dayfour.feed.heartbeat.v1"

#endif
