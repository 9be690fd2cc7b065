/* ruleset - the settings, calendars and install key a database holds, ready for derive(). */
#ifndef COMMON_CASEFILE_RULESET_H
#define COMMON_CASEFILE_RULESET_H

#include <stdint.h>

#include "common/casework/derive.h"
#include "common/err.h"
#include "common/pg.h"

struct ruleset {
    int32_t serial;          /* raised by every load */
    int32_t settings_serial; /* of the settings document */
    int32_t calendar_loads;
    struct settings *settings;
    struct calendar *calendar;
    struct hmac_key *install_key;
};

/* Reads all of it in one transaction, waiting. STATUS_FATAL: not migrated, or a stored document
 * that this program cannot read. *out is the caller's. */
enum status ruleset_load(struct ruleset **out, struct pg *pg, struct err *err) NODISCARD;
/* The same for who may not read the install key: ids come out wrong, but as different from one
 * another as with it. */
enum status ruleset_load_keyless(struct ruleset **out, struct pg *pg, struct err *err) NODISCARD;
void ruleset_free(struct ruleset *rs);

struct rules ruleset_for(const struct ruleset *rs, const char *organisation);

#endif
