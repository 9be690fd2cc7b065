/* Any text is a reason. Its stored form is bounded, and storing it again does not change it. By the
 * shipped settings it matches as the text does. Input: the scheme's digit, then
 * the text. */
#include <stddef.h>
#include <stdint.h>

#include "common/base/utf8.h"
#include "common/casework/rules/settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct org_rules *rules(void)
{
    static struct settings *s;
    if (s == NULL) {
        static char document[1 << 16];
        FILE *from = fopen(SHIPPED_SETTINGS, "r");
        MUST(from != NULL);
        size_t len = fread(document, 1, sizeof document, from);
        MUST(fclose(from) == 0);
        struct err err = {0};
        MUST(settings_parse(&s, document, len, &err) == STATUS_OK);
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
