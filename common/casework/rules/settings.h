/* settings - the settings document, compiled: what holds for one organisation and pathway. Pure:
 * bytes in, rules out. Meaning of each member: deploy/settings/pathways.schema.json and
 * doc/rules.md. */
#ifndef COMMON_CASEWORK_RULES_SETTINGS_H
#define COMMON_CASEWORK_RULES_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/base/err.h"
#include "common/base/zone.h"
#include "common/casework/rules/organisation.h"
#include "common/casework/rules/reason.h"
#include "common/event/inbound.h"

struct retention {
    int unmatched_days, matched_days, contact_details_days, dead_letter_days, audit_days;
};

struct settings;

/* text: the document. A fault is STATUS_REJECT, err naming the path. Ownership of *out is the
 * caller's. */
enum status settings_parse(struct settings **out, const char *text, size_t len,
                           struct err *err) NODISCARD;
void settings_free(struct settings *s);

const char *settings_version(const struct settings *s);
const struct zone *settings_zone(const struct settings *s);
const struct retention *settings_retention(const struct settings *s);
/* Never NULL: an organisation not listed has the defaults. */
const struct org_rules *settings_for(const struct settings *s, const char *organisation);
/* Signature of inbound_limits.source_allowed; arg is the settings. */
/* `sources` is empty: any source may speak for any organisation. */
bool settings_any_source(const struct settings *s);
bool settings_source_allowed(const void *settings, const char *source, const char *organisation);
/* How to decode by these settings. */
struct inbound_limits settings_limits(const struct settings *s, size_t max_bytes);

/* The reason in words; NULL: no title for it. code: as reason_normalise() gives it. */
const char *settings_reason_title(const struct settings *s, enum reason_scheme scheme,
                                  const char *code);

#endif
