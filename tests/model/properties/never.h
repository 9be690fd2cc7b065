/* never - what must not be, at any moment of any history: two open tasks for one trouble, a task
 * for who died or opted out, a due date that moved later by itself, something said that does not
 * stand. */
#ifndef TESTS_PROPERTIES_NEVER_H
#define TESTS_PROPERTIES_NEVER_H

#include "tests/model/properties/checks.h"

/* The tasks as they are, to be held against what becomes of them. */
struct tasks_then {
    struct task_then *items;
    size_t n;
    const struct ruleset *rules;
};

void never_remember(const struct play *p, struct arena *a, struct tasks_then *out);

/* What is so at p->now and must not be; rule NULL: nothing. Rows must be of that moment, followup
 * awake. then: a moment before; NULL: nothing is known of it. */
struct broken never_look(const struct play *p, const struct tasks_then *then, struct arena *a);

/* The same of what was said: after play_look() with followup awake. */
struct broken never_said(const struct play *p, struct arena *a);

#endif
