/* settings - the settings document, compiled: what holds for one organisation and pathway. Pure:
 * bytes in, rules out. Meaning of each member: deploy/settings/pathways.schema.json and
 * doc/rules.md. */
#ifndef COMMON_CASEWORK_SETTINGS_H
#define COMMON_CASEWORK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/casework/event_kind.h"
#include "common/date.h"
#include "common/err.h"
#include "common/event/inbound.h"
#include "common/zone.h"

#define PATHWAYS_MAX 16
#define REVIEW_DAYS_MAX 16

enum day_basis { BASIS_CALENDAR, BASIS_WORKING };
enum division {
    DIVISION_ENGLAND_AND_WALES,
    DIVISION_SCOTLAND,
    DIVISION_NORTHERN_IRELAND,
    DIVISION_COUNT
};
const char *division_name(enum division d);
bool division_parse(const char *name, enum division *out);

struct code_set; /* compiled matcher: by scheme */

struct pathway_rules {
    const char *name;  /* "msk" */
    const char *queue; /* "physiotherapy" */
    int contact_target_days;
    enum day_basis basis;
    int onset_is_day; /* 0 or 1 */
    const struct code_set *match;
    const struct code_set *review_first;
};

/* Everything that holds for one organisation, defaults filled in. pathways[i] is the same pathway
 * in every organisation: bit i of a match mask. */
struct org_rules {
    const char *organisation; /* NULL: the defaults */
    const char *time_zone;    /* the same for all */
    enum division division;
    unsigned service_days;       /* bit per enum weekday */
    const struct date *closures; /* sorted */
    size_t n_closures;
    struct date live_from; /* NONE */
    int long_term_day, long_term_approaching_day;
    int review_days[REVIEW_DAYS_MAX];
    size_t n_review_days;
    int link_days, join_days, follow_up_days, feed_silent_hours, prompt_days, settle_days;
    uint64_t off; /* bit per enum event_kind: not emitted */
    struct pathway_rules pathways[PATHWAYS_MAX];
    size_t n_pathways;
    const struct code_set *watch;
    const struct code_set *never;
};

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
bool settings_source_allowed(const void *settings, const char *source, const char *organisation);

/* What a reason comes to under these rules. */
struct reason_match {
    enum { MATCH_NONE, MATCH_WATCH, MATCH_NEVER, MATCH_PATHWAYS } what;
    uint32_t pathways;     /* bits, of MATCH_PATHWAYS */
    uint32_t review_first; /* bits among them */
};
/* code as sent or as kept: normalised here. SCHEME_NONE is MATCH_WATCH. */
struct reason_match settings_match(const struct org_rules *r, enum reason_scheme scheme,
                                   const char *code);
/* The form in which a code is kept and compared; NULL: no token in it. */
#define REASON_TEXT 201
const char *reason_normalise(enum reason_scheme scheme, const char *code, char out[REASON_TEXT]);

#endif
