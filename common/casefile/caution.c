/* Each setting that it names is somebody's choice, so the service warns and continues. It asks once
 * its rules are loaded, and after the first answer never again. */
#include "common/casefile/caution.h"

#include <string.h>

#include "common/runtime/log.h"

enum status caution(struct pg *pg, const struct ruleset *rules, bool *told, struct err *err)
{
    static const struct pg_stmt ask = {"caution", "select current_setting('synchronous_commit')",
                                       NULL};
    if (*told) {
        return STATUS_OK;
    }
    enum status s = pg_run(pg, &ask, NULL, err);
    if (s != STATUS_OK) {
        return s;
    }
    bool off = strcmp(pg_text(pg_result(pg, 0), 0, 0), "off") == 0;
    bool any = settings_any_source(rules->settings);
    *told = true;
    if (off || any) {
        log_warn(CONFIG,
                 LOG_TEXT("msg", off && any
                                     ? "synchronous_commit is off: a power cut can lose what "
                                       "was committed; sources is empty: any feed may speak "
                                       "for any organisation"
                                 : off ? "synchronous_commit is off: a power cut can lose what was "
                                         "committed"
                                       : "sources is empty: any feed may speak for any "
                                         "organisation"));
    }
    return STATUS_OK;
}
