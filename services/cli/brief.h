/* brief - a person's case as far as two of them are compared: what stands under these facts and
 * rules, and under others. Pure. */
#ifndef CLI_BRIEF_H
#define CLI_BRIEF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/casework/derive.h"

struct brief_spell {
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

struct brief_event {
    enum event_kind kind;
    char subject[ID_TEXT];
    struct date occurs_on;
    bool worth_telling; /* would be emitted now, had it not been */
    bool settled;
};

struct brief {
    struct brief_spell *spells;
    struct brief_event *events; /* those that stand */
    size_t n_spells, n_events;
};

/* Lives in the arena; names point into the rules. */
void brief_of(const struct facts *f, const struct rules *r, struct instant now, struct arena *a,
              struct brief *out);

/* NULL: not there. */
const struct brief_spell *brief_spell_in(const struct brief *b, const char *id);
const struct brief_event *brief_event_in(const struct brief *b, const struct brief_event *e);

#endif
