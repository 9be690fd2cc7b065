/* case_summary - a person's case as far as two of them are compared: what stands under these facts
 * and rules, and under others. Pure. */
#ifndef SERVICES_CLI_TEAMS_CASE_SUMMARY_H
#define SERVICES_CLI_TEAMS_CASE_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/casework/derive/derive.h"

struct case_summary_spell {
    char id[ID_TEXT];
    const char *pathway, *queue;
    size_t pathway_index;
    struct record_ref anchor;
    size_t n_records;
    struct date due_date;
    enum task_state state;
    enum end_reason end_reason;
    bool settled; /* stays as it is, whatever the rules become */
};

struct case_summary_event {
    enum event_kind kind;
    char subject[ID_TEXT];
    char occurrence[EVENT_OCCURRENCE_TEXT];
    bool worth_telling; /* would be emitted now, had it not been */
    bool settled;
};

struct case_summary {
    struct case_summary_spell *spells;
    struct case_summary_event *events; /* those that stand */
    size_t n_spells, n_events;
};

/* Lives in the arena; names point into the rules. */
void case_summary_of(const struct facts *f, const struct rules *r, struct instant now,
                     struct arena *a, struct case_summary *out);

/* NULL: not there. */
const struct case_summary_spell *case_summary_spell_in(const struct case_summary *b,
                                                       const char *id);
const struct case_summary_event *case_summary_event_in(const struct case_summary *b,
                                                       const struct case_summary_event *e);

#endif
