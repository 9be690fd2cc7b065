/* A mapping can be right in form, and its reasons still be words that no pathway's list has. Then
 * every row is taken, and nobody is called. So the reasons are counted before anything is sent. */
#include "services/cli/feed/feed_reasons.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/inbound.h"
#include "services/cli/settings/defaults.h"

#define MAX_BYTES ((size_t)1 << 20) /* events of a file are small: no limit of intake's is met */

struct reason_counts {
    int64_t call, missing, other;
};

enum status feed_reasons_open(struct settings **out, const char *path, struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    struct err why = {0};
    if (path == NULL) {
        return settings_parse(out, defaults_settings_text(), strlen(defaults_settings_text()), err);
    }
    enum status s = cli_read(path, &text, &len, err);
    if (s != STATUS_OK) {
        return s;
    }
    s = settings_parse(out, text, len, &why);
    free(text);
    return s == STATUS_OK ? s : err_set(err, s, why.code, "--settings: %s", why.text);
}

static void count(const struct settings *settings, const struct inbound *in,
                  struct reason_counts *c)
{
    const struct org_rules *org = settings_for(settings, in->organisation);
    const struct absence_event *e = &in->absence;
    if (settings_reason_missing(org, e->scheme, e->code)) {
        c->missing++;
    } else if (settings_match(org, e->scheme, e->code).what == MATCH_PATHWAYS) {
        c->call++;
    } else {
        c->other++;
    }
}

static const char *asks(int64_t n)
{
    return cli_plural(n, "asks", "ask");
}

void feed_reasons_put(const struct settings *s, bool shipped, const struct difference *d)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    struct reason_counts c = {0};
    const struct inbound_limits limits = settings_limits(s, MAX_BYTES);
    struct arena *a = arena_new(16384);
    struct buf value = {0};
    for (size_t i = 0; i < d->n_events; i++) {
        struct difference_event event;
        struct inbound in;
        arena_reset(a);
        buf_reset(&value);
        difference_event(d, i, &value, &event);
        const struct raw_record raw = {
            .value = value.data, .len = value.len, .headers = &structured, .n_headers = 1};
        inbound_decode(&raw, &limits, a, &in);
        if (in.verdict == VERDICT_ABSENCE && !in.absence.cancelled) {
            count(s, &in, &c);
        }
    }
    buf_clear(&value);
    arena_free(a);
    if (c.call + c.missing + c.other == 0) {
        return;
    }
    printf("  Reasons, by %s settings: %" PRId64 " %s for a call, %" PRId64
           " %s missing or unknown, "
           "%" PRId64 " %s for no call\n",
           shipped ? "the shipped" : "these", c.call, asks(c.call), c.missing,
           cli_plural(c.missing, "is", "are"), c.other, asks(c.other));
    if (c.call == 0 && c.other > 0) {
        puts("  NOTE: no reason asks for a call, so nobody would be called: are `scheme` and "
             "`values` of reason.code right?");
    }
}
