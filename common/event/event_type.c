/* A type matches as a whole, with its version. So a later version is an unknown type, and becomes a
 * dead letter instead of being misread. */
#include "common/event/event_type.h"

#include <string.h>

static const struct event_type event_types[] = {
    {.name = "absence.opened"},
    {.name = "absence.amended"},
    {.name = "absence.closed"},
    {.name = "absence.cancelled", .cancelled = true},
    {.name = "person.left", .about = ABOUT_PERSON, .what = PERSON_LEFT},
    {.name = "person.died", .about = ABOUT_PERSON, .what = PERSON_DIED},
    {.name = "person.opted-out", .about = ABOUT_PERSON, .what = PERSON_OPTED_OUT},
    {.name = "person.opted-in", .about = ABOUT_PERSON, .what = PERSON_OPTED_IN},
    {.name = "feed.heartbeat", .about = ABOUT_FEED},
};

bool event_type_is_ours(const char *text, size_t len)
{
    static const char *const ours[] = {"org.dayfour.absence.", "org.dayfour.person.",
                                       "org.dayfour.feed."};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        size_t n = strlen(ours[i]);
        if (len >= n && memcmp(text, ours[i], n) == 0) {
            return true;
        }
    }
    return false;
}

const struct event_type *event_type_find(const char *text, size_t len)
{
    static const char prefix[] = "org.dayfour.";
    static const char suffix[] = ".v1";
    const size_t prefix_len = sizeof(prefix) - 1;
    const size_t suffix_len = sizeof(suffix) - 1;
    if (len <= prefix_len + suffix_len || memcmp(text, prefix, prefix_len) != 0 ||
        memcmp(text + len - suffix_len, suffix, suffix_len) != 0) {
        return NULL;
    }
    const char *name = text + prefix_len;
    size_t name_len = len - prefix_len - suffix_len;
    for (size_t i = 0; i < sizeof(event_types) / sizeof(event_types[0]); i++) {
        if (strlen(event_types[i].name) == name_len &&
            memcmp(event_types[i].name, name, name_len) == 0) {
            return &event_types[i];
        }
    }
    return NULL;
}
