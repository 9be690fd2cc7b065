/* ruleset - the settings, calendars and install key a database holds, ready for derive(). */
#ifndef COMMON_CASEFILE_RULESET_H
#define COMMON_CASEFILE_RULESET_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/hash.h"
#include "common/casework/derive/derive.h"
#include "common/casework/derive/hr.h"
#include "common/pg/pg.h"

struct ruleset {
    int32_t serial;          /* raised by every load */
    int32_t settings_serial; /* of the settings document */
    int32_t calendar_loads;
    struct settings *settings;
    struct calendar *calendar;
    struct hmac_key *install_key;
    /* Keeping periods of earlier settings, of each organisation that any of them named and (first,
     * with "") of all others. */
    struct ruleset_past {
        char *organisation;
        struct hr_past *items;
        size_t n;
    } * past;
    size_t n_past;
};

/* Reads all of it in one transaction, waiting. STATUS_RESYNC: not migrated or restored yet, or a
 * stored document that this program cannot read. *out is the caller's. */
enum status ruleset_load(struct ruleset **out, struct pg *pg, struct err *err) NODISCARD;
/* The same for who may not read the install key: ids come out wrong, but as different from one
 * another as with it. */
enum status ruleset_load_keyless(struct ruleset **out, struct pg *pg, struct err *err) NODISCARD;
/* STATUS_FATAL, "install_key": the key is another one than before (NULL: there is no before).
 * Events emitted under the first could not be withdrawn under the second. */
enum status ruleset_check_key(const struct ruleset *before, const struct ruleset *rs,
                              struct err *err) NODISCARD;
void ruleset_free(struct ruleset *rs);

/* It distinguishes this installation from others on one broker; made of the install key. */
void ruleset_installation(const struct ruleset *rs, char out[ID_TEXT]);

struct rules ruleset_for(const struct ruleset *rs, const char *organisation);

/* True: a new record with this onset may have gone for HR and been purged. So it is looked up
 * before it is taken. */
bool ruleset_may_have_gone(const struct ruleset *rs, struct date onset, struct instant now);

#endif
