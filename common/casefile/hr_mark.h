/* hr_mark - stamps on records for HR's view, while messages are applied to the facts: when a record
 * went, and when one that shares its period changed. Only caseload.c includes it. */
#ifndef COMMON_CASEFILE_HR_MARK_H
#define COMMON_CASEFILE_HR_MARK_H

#include "common/base/arena.h"
#include "common/casefile/case_person.h"

static inline bool hr_mark_is_gone(const struct record *rec)
{
    return !instant_is_none(rec->gone_at);
}

/* A new record that was purged once it was gone: since when; NONE: it was not. */
struct instant hr_mark_known(const struct record_known *known, size_t n, const char *organisation,
                             const struct record *rec);
/* Before the first message of a batch changes anything of p, whose rules are known. */
void hr_mark_gone(struct arena *a, struct case_person *p, struct instant now);
/* The records that share HR's period with a changed record, as it was or is. */
void hr_mark_period_peers(struct arena *a, struct case_person *p, const struct record *of,
                          struct instant now);

#endif
