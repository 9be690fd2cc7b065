/* org_rules - reading what holds for one organisation: the defaults, pathways and code lists,
 * overrides. Only settings.c includes it. */
#ifndef COMMON_CASEWORK_RULES_ORG_RULES_H
#define COMMON_CASEWORK_RULES_ORG_RULES_H

#include "common/casework/rules/document.h"
#include "common/casework/rules/organisation.h"

#define NAME_BYTES 100 /* of organisations, sources, queues and the version */

/* Everything but pathways and lists. */
enum status org_rules_defaults(struct document *doc, const struct json_path *at,
                               const struct json *v, struct org_rules *r) NODISCARD;
enum status org_rules_pathways(struct document *doc, const struct json_path *at,
                               const struct json *v, struct org_rules *r) NODISCARD;
enum status org_rules_codes(struct document *doc, const struct json_path *at, const struct json *v,
                            const struct code_set **match,
                            const struct code_set **review_first) NODISCARD;
/* r: a copy of the defaults, complete. */
enum status org_rules_overrides(struct document *doc, const struct json_path *at,
                                const struct json *v, struct org_rules *r) NODISCARD;

#endif
