/* Operators make topics and grant rights by these names, so the encoding cannot change.
 * doc/architecture.md describes it. */
#include "common/kafka/kafka_topic.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/base/hash.h"

#define NOBODYS "none"
#define NAME_MAX_TEXT 120 /* of the 249 that a topic's name may have */

static bool stays(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Each byte has an encoding of its own. Dots and a bare "_" are not used: brokers refuse two names
 * that differ in these only. A dot also separates the parts around the organisation in a name. */
static void put_escaped(struct buf *out, const char *name)
{
    bool nobodys = strcmp(name, NOBODYS) == 0;
    for (const char *p = name; *p != '\0'; p++) {
        if (stays(*p) && !(nobodys && p == name)) {
            buf_putc(out, *p);
        } else {
            buf_printf(out, "_%02X", (unsigned)(unsigned char)*p);
        }
    }
}

void kafka_topic_for(struct buf *out, const char *topic, const char *organisation)
{
    static const char mark[] = "{organisation}";
    const char *at = strstr(topic, mark);
    if (at == NULL) {
        buf_puts(out, topic);
        return;
    }
    struct buf name = {0};
    bool nobodys = organisation == NULL || organisation[0] == '\0';
    if (nobodys) {
        buf_puts(&name, NOBODYS);
    } else {
        put_escaped(&name, organisation);
    }
    buf_put(out, topic, (size_t)(at - topic));
    if (nobodys || name.len <= NAME_MAX_TEXT) {
        buf_puts(out, name.data);
    } else { /* no escape begins with "x" */
        uint8_t digest[SHA256_BYTES];
        char hex[2 * SHA256_BYTES + 1];
        hash_sha256(organisation, strlen(organisation), digest);
        buf_printf(out, "_x%s", hash_hex(digest, SHA256_BYTES, hex));
    }
    buf_puts(out, at + sizeof mark - 1);
    buf_clear(&name);
}
