/* Any text as a reason: its kept form is bounded, stays itself when brought into that form again,
 * and matches as the text it was made of. Input: the scheme's digit, then the text. */
#include <stddef.h>
#include <stdint.h>

#include "common/casework/settings.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char document[] =
    "{\"version\":\"f\",\"defaults\":{\"division\":\"england-and-wales\",\"time_zone\":"
    "\"Europe/London\"},\"pathways\":{\"msk\":{\"queue\":\"physiotherapy\",\"contact_target_days\":4,"
    "\"codes\":[{\"scheme\":\"esr\",\"match\":[\"S11\",\"S12\"]},{\"scheme\":\"icd10\",\"match\":"
    "[\"M00-M99\"],\"review_first\":[\"M80\",\"M84\"]},{\"scheme\":\"snomed\",\"match\":[\"928000\"]},"
    "{\"scheme\":\"text\",\"match\":[\"Musculoskeletal problems\"]}]}},"
    "\"watch\":[{\"scheme\":\"esr\",\"match\":[\"S98\",\"S99\"]}],"
    "\"never\":[{\"scheme\":\"esr\",\"match\":[\"S17\"]}]}";

static const struct org_rules *rules(void)
{
    static struct settings *s;
    if (s == NULL) {
        struct err err = {0};
        if (settings_parse(&s, document, sizeof document - 1, &err) != STATUS_OK) {
            fprintf(stderr, "%s\n", err.text);
            abort();
        }
    }
    return settings_for(s, "RW3");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2 || len > REASON_TEXT || !utf8_valid((const char *)data + 1, len - 1) ||
        memchr(data, 0, len) != NULL) {
        return 0; /* what decoding lets through: 1 to 200 bytes of text */
    }
    char text[REASON_TEXT + 1];
    memcpy(text, data + 1, len - 1);
    text[len - 1] = '\0';
    enum reason_scheme scheme = (enum reason_scheme)(SCHEME_NONE + 1 + data[0] % SCHEME_TEXT);
    struct reason_match m = settings_match(rules(), scheme, text);
    char kept[REASON_TEXT];
    const char *normal = reason_normalise(scheme, text, kept);
    if (normal == NULL) {
        MUST(m.what == MATCH_NONE);
        return 0;
    }
    MUST(strlen(normal) < REASON_TEXT && utf8_valid(normal, strlen(normal)));
    char copy[REASON_TEXT];
    char again[REASON_TEXT];
    memcpy(copy, normal, strlen(normal) + 1);
    const char *same = reason_normalise(scheme, copy, again);
    MUST(same != NULL && strcmp(same, copy) == 0);
    struct reason_match k = settings_match(rules(), scheme, copy);
    MUST(k.what == m.what && k.pathways == m.pathways && k.review_first == m.review_first);
    return 0;
}
