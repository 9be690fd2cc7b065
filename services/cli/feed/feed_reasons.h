/* feed_reasons - how many of the reasons in a file ask for a call, for `dayfour feed check`. */
#ifndef FEED_REASONS_H
#define FEED_REASONS_H

#include "common/casework/rules/settings.h"
#include "common/feed/difference/difference.h"
#include "services/cli/cli.h"

/* The settings of this file; NULL: the shipped ones. *out is the caller's. */
enum status feed_reasons_open(struct settings **out, const char *path, struct err *err) NODISCARD;
/* Counts the reasons of the absences that would be published, and prints the counts. */
void feed_reasons_put(const struct settings *s, bool shipped, const struct difference *d);

#endif
