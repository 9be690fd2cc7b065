#include "common/kafka_topic.h"

#include <stdbool.h>
#include <string.h>

static bool topic_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

void kafka_topic_for(struct buf *out, const char *topic, const char *organisation)
{
    static const char mark[] = "{organisation}";
    const char *at = strstr(topic, mark);
    if (at == NULL) {
        buf_puts(out, topic);
        return;
    }
    const char *name = organisation == NULL || organisation[0] == '\0' ? "none" : organisation;
    buf_put(out, topic, (size_t)(at - topic));
    for (const char *p = name; *p != '\0'; p++) {
        char c = *p;
        if (!topic_char(c)) {
            c = '_';
        }
        buf_putc(out, c);
    }
    buf_puts(out, at + sizeof mark - 1);
}
