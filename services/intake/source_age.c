/* Every intake process asks the database, because the heartbeats of a source may be in partitions
 * of another process. A source that speaks for several organisations is as old as the one it
 * neglects most. */
#include "services/intake/source_age.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/metrics.h"

#define LOOK_MS 60000
#define SOURCES_MAX "100" /* each is a time series; nobody has so many */

struct source_age {
    char *source;
    struct instant as_of;
};

struct source_ages {
    struct source_age *item;
    size_t n;
    int64_t looked_ms; /* 0: never */
};

struct source_ages *source_ages_new(void)
{
    return mem_alloc(sizeof(struct source_ages));
}

static void clear(struct source_ages *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->item[i].source);
    }
    free(a->item);
    a->item = NULL;
    a->n = 0;
}

void source_ages_free(struct source_ages *a)
{
    if (a != NULL) {
        clear(a);
        free(a);
    }
}

static const struct pg_stmt read_ages = {
    "source_ages",
    "select source, min(as_of) from intake.heartbeat group by source order by source"
    " limit " SOURCES_MAX,
    NULL};

enum status source_ages_look(struct source_ages *a, struct pg *pg, struct err *err)
{
    int64_t now = clock_mono_ms();
    if (a->looked_ms != 0 && now - a->looked_ms < LOOK_MS) {
        return STATUS_OK;
    }
    enum status s = pg_run(pg, &read_ages, NULL, err);
    if (s != STATUS_OK) {
        return s;
    }
    const struct pg_result *r = pg_result(pg, 0);
    clear(a);
    a->looked_ms = now;
    a->n = pg_rows(r);
    a->item = mem_alloc((a->n + 1) * sizeof *a->item);
    for (size_t i = 0; i < a->n; i++) {
        a->item[i] = (struct source_age){mem_strdup(pg_text(r, i, 0)), pg_instant(r, i, 1)};
    }
    return STATUS_OK;
}

void source_ages_show(const struct source_ages *a, struct instant now)
{
    for (size_t i = 0; i < a->n; i++) {
        const char *source = a->item[i].source;
        metrics_set(METRIC_SOURCE_AGE, &source,
                    (double)(now.us - a->item[i].as_of.us) / (double)US_PER_SECOND);
    }
}
