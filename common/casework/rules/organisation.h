/* organisation - what holds for one organisation, as the settings document gives it. settings.h
 * compiles the document; its readers and matchers share these types. */
#ifndef COMMON_CASEWORK_RULES_ORGANISATION_H
#define COMMON_CASEWORK_RULES_ORGANISATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/casework/event_kind.h"

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
    int unmatched_days; /* of the document's retention: HR's facts are kept for so long */
    uint64_t off;       /* bit per enum event_kind: not emitted … */
    uint64_t off_list;  /* … because the document lists it; or for want of the next */
    bool ask_reasons;   /* HR is asked for a reason that is missing: absence-reason.due */
    struct pathway_rules pathways[PATHWAYS_MAX];
    size_t n_pathways;
    const struct code_set *watch;
    const struct code_set *never;
    const struct code_set *unknown; /* reasons that say nothing: as if none had been given */
};

#endif
