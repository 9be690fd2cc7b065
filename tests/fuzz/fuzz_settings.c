/* Any bytes as a settings document: refused by a path that holds no value, or rules within their
 * ranges, whose every question has an answer. */
#include <stddef.h>
#include <stdint.h>

#include "common/casework/rules/settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_rules(const struct org_rules *r)
{
    MUST(r != NULL && r->n_pathways <= PATHWAYS_MAX && r->n_review_days <= REVIEW_DAYS_MAX);
    MUST((unsigned)r->division < DIVISION_COUNT);
    MUST(division_name(r->division) != NULL && r->time_zone != NULL);
    MUST(r->long_term_approaching_day <= r->long_term_day);
    MUST(r->join_days >= 0 && r->link_days >= 0 && r->follow_up_days > 0 && r->settle_days > 0);
    for (size_t i = 0; i + 1 < r->n_closures; i++) {
        MUST(r->closures[i].days <= r->closures[i + 1].days);
    }
    for (size_t i = 0; i < r->n_pathways; i++) {
        const struct pathway_rules *p = &r->pathways[i];
        MUST(p->name != NULL && p->queue != NULL && p->contact_target_days >= 0);
        MUST(p->onset_is_day == 0 || p->onset_is_day == 1);
    }
    static const char *const codes[] = {"S10", "S11 - Back", "M54.5", "928000", "Anything", ""};
    for (int scheme = SCHEME_NONE; scheme <= SCHEME_TEXT; scheme++) {
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
            const char *code = scheme == SCHEME_NONE ? NULL : codes[i];
            struct reason_match m = settings_match(r, (enum reason_scheme)scheme, code);
            MUST(m.what != MATCH_PATHWAYS || m.pathways != 0);
            MUST((m.review_first & ~m.pathways) == 0);
            MUST(r->n_pathways == 32 || m.pathways >> r->n_pathways == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct settings *s = NULL;
    struct err err = {0};
    enum status status = settings_parse(&s, (const char *)data, len, &err);
    if (status != STATUS_OK) {
        MUST(status == STATUS_REJECT && s == NULL);
        MUST(err.text[0] != '\0' && strlen(err.text) < sizeof err.text);
        return 0;
    }
    MUST(settings_version(s) != NULL && settings_zone(s) != NULL);
    const struct retention *r = settings_retention(s);
    MUST(r->unmatched_days > 0 && r->matched_days > 0 && r->dead_letter_days > 0);
    check_rules(settings_for(s, "RW3"));
    check_rules(settings_for(s, "SC1"));
    (void)settings_source_allowed(s, "/hr/RW3", "RW3");
    settings_free(s);
    return 0;
}
