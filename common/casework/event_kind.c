/* An occurrence is part of an event's identity. If this file gave an old event another one,
 * followup would withdraw the event and emit it once more. */
#include "common/casework/event_kind.h"

#include <string.h>

static const struct {
    const char *name;
    enum event_subject subject;
    enum event_audience audience;
} kinds[KIND_COUNT] = {
#define KIND_ROW(id, name, subject, audience) {name, SUBJECT_##subject, AUDIENCE_##audience},
    EVENT_KINDS(KIND_ROW)
#undef KIND_ROW
};

const char *event_kind_name(enum event_kind k)
{
    return kinds[k].name;
}

enum event_subject event_kind_subject(enum event_kind k)
{
    return kinds[k].subject;
}

enum event_audience event_kind_audience(enum event_kind k)
{
    return kinds[k].audience;
}

const char *event_kind_occurrence(enum event_kind k, struct instant at, struct date occurs_on,
                                  char out[EVENT_OCCURRENCE_TEXT])
{
    if (k == KIND_TASK_CREATED || k == KIND_RELAPSE || k == KIND_UNREACHABLE) {
        return memcpy(out, "1", 2); /* once in the life of a spell */
    }
    if (k == KIND_CALL_BACK_DUE || k == KIND_URGENT_RAISED) {
        return instant_format((struct instant){at.us - at.us % US_PER_SECOND}, out);
    }
    return date_format(occurs_on, out);
}

bool event_kind_parse(const char *name, enum event_kind *out)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        if (strcmp(kinds[k].name, name) == 0) {
            *out = (enum event_kind)k;
            return true;
        }
    }
    return false;
}
