/* wording - the members of the settings that hold words for people: titles of reasons, what the
 * service is called, the text for urgent cases. Only settings.c uses it, titles apart.
 *
 * services and referrals are for a later step: their form is checked, nothing reads them yet. */
#ifndef COMMON_CASEWORK_WORDING_H
#define COMMON_CASEWORK_WORDING_H

#include "common/casework/rules/document.h"
#include "common/event/hr_event.h"

struct reason_title {
    enum reason_scheme scheme;
    const char *code; /* as reason_normalise() gives it */
    const char *title;
};

struct reason_titles {
    const struct reason_title *items;
    size_t n;
};

/* The titles that hold where a document has none. */
extern const struct reason_titles wording_shipped_titles;
/* NULL: no title for it. code: as reason_normalise() gives it. */
const char *wording_title(const struct reason_titles *titles, enum reason_scheme scheme,
                          const char *code);

enum status wording_titles(struct document *doc, const struct json_path *at, const struct json *v,
                           struct reason_titles *out) NODISCARD;
enum status wording_service(struct document *doc, const struct json_path *at,
                            const struct json *v) NODISCARD;
enum status wording_urgent(struct document *doc, const struct json_path *at,
                           const struct json *v) NODISCARD;
enum status wording_services(struct document *doc, const struct json_path *at,
                             const struct json *v) NODISCARD;
enum status wording_referrals(struct document *doc, const struct json_path *at,
                              const struct json *v) NODISCARD;

#endif
