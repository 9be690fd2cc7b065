#include "tests/model/properties/groups.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

/* Everything that can be shared has a name; names that share a line are of one group. */
struct names {
    struct arena *a;
    const char **name; /* open addressing */
    uint32_t *node;    /* in step */
    size_t mask;
    uint32_t *parent; /* of each node */
    uint32_t n_nodes;
};

static uint32_t root_of(struct names *g, uint32_t node)
{
    while (g->parent[node] != node) {
        g->parent[node] = g->parent[g->parent[node]];
        node = g->parent[node];
    }
    return node;
}

static void join(struct names *g, uint32_t a, uint32_t b)
{
    a = root_of(g, a);
    b = root_of(g, b);
    g->parent[a > b ? a : b] = a > b ? b : a;
}

static uint32_t node_of(struct names *g, const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (const char *s = name; *s != '\0'; s++) {
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    }
    size_t at = (h ^ h >> 29) & g->mask;
    while (g->name[at] != NULL && strcmp(g->name[at], name) != 0) {
        at = (at + 1) & g->mask;
    }
    if (g->name[at] == NULL) {
        g->name[at] = name;
        g->node[at] = g->n_nodes;
        g->parent[g->n_nodes] = g->n_nodes;
        g->n_nodes++;
    }
    return g->node[at];
}

static uint32_t person_node(struct names *g, const char *organisation, const char *person_id)
{
    return node_of(g, arena_printf(g->a, "p\x1f%s\x1f%s", organisation, person_id));
}

static const char *member_text(const struct json *o, const char *name)
{
    const struct json *v = json_member(o, name);
    return v != NULL && json_type(v) == JSON_STRING ? json_string(v) : NULL;
}

/* What an entry is about: a person, or an earlier entry. */
static uint32_t entry_node(struct names *g, const struct json *fact)
{
    const struct json *anchor = json_member(fact, "anchor");
    const struct json *named = anchor != NULL ? anchor : fact;
    const char *organisation = member_text(named, "organisation");
    const char *label = member_text(fact, "entry");
    uint32_t entry = label == NULL ? UINT32_MAX : node_of(g, arena_printf(g->a, "e\x1f%s", label));
    if (organisation == NULL) {
        return entry;
    }
    uint32_t person = person_node(g, organisation, member_text(named, "person_id"));
    if (entry != UINT32_MAX) {
        join(g, person, entry);
    }
    return person;
}

static uint32_t message_node(struct names *g, const struct inbound *m, size_t number)
{
    if (m->verdict == VERDICT_PERSON) {
        return person_node(g, m->organisation, m->person.person_id);
    }
    if (m->verdict != VERDICT_ABSENCE && m->verdict != VERDICT_NOT_SICKNESS) {
        return node_of(g, arena_printf(g->a, "l\x1f%zu", number));
    }
    uint32_t record = node_of(g, arena_printf(g->a, "r\x1f%s\x1f%s\x1f%s", m->organisation,
                                              m->source, m->absence.absence_id));
    if (m->verdict == VERDICT_ABSENCE) {
        join(g, person_node(g, m->organisation, m->absence.person_id), record);
    }
    return record;
}

static void give_lines(struct input *in, const struct line *lines, size_t n, struct names *g,
                       const uint32_t *node)
{
    uint32_t *history = mem_alloc(g->n_nodes * sizeof *history + 1); /* of each root, from 1 */
    size_t n_rules = 0;
    for (size_t i = 0; i < n; i++) {
        if (lines[i].kind == LINE_RULES) {
            n_rules++;
            continue;
        }
        uint32_t *h = &history[root_of(g, node[i])];
        if (*h == 0) {
            *h = (uint32_t)++in->n_histories;
        }
    }
    in->histories = arena_array(in->a, in->n_histories, sizeof *in->histories);
    for (size_t i = 0; i < n; i++) {
        if (lines[i].kind != LINE_RULES) {
            in->histories[history[root_of(g, node[i])] - 1].n++;
        }
    }
    for (size_t i = 0; i < in->n_histories; i++) {
        struct history *h = &in->histories[i];
        h->lines = arena_array(in->a, h->n + n_rules, sizeof *h->lines);
        h->n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        bool all = lines[i].kind == LINE_RULES;
        size_t from = all ? 0 : history[root_of(g, node[i])] - 1;
        for (size_t k = from; k < (all ? in->n_histories : from + 1); k++) {
            in->histories[k].lines[in->histories[k].n++] = lines[i];
        }
    }
    free(history);
}

void groups_cut(struct input *in, const struct line *lines, size_t n)
{
    size_t slots = 64;
    while (slots < 6 * n) {
        slots *= 2;
    }
    struct names g = {.a = in->a,
                      .name = mem_alloc(slots * sizeof *g.name),
                      .node = mem_alloc(slots * sizeof *g.node),
                      .mask = slots - 1,
                      .parent = mem_alloc((2 * n + 1) * sizeof *g.parent)};
    uint32_t *node = mem_alloc(n * sizeof *node + 1);
    for (size_t i = 0; i < n; i++) {
        if (lines[i].kind == LINE_ENTRY) {
            node[i] = entry_node(&g, lines[i].fact);
        } else if (lines[i].kind == LINE_MESSAGE) {
            node[i] = message_node(&g, lines[i].read, lines[i].number);
        }
    }
    give_lines(in, lines, n, &g, node);
    free(node);
    free(g.name);
    free(g.node);
    free(g.parent);
}
