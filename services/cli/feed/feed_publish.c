/* The steps of a file that is taken, from what is about to be published to the committed state. The
 * order is in feed_take.c. */
#include <string.h>

#include "common/runtime/fault.h"
#include "services/cli/feed/feed_run.h"

/* ---- publishing ---- */

static enum status send_event(struct feed_taking *t, size_t i, struct buf *value, struct err *err)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    struct difference_event e;
    char what[64];
    buf_reset(value);
    difference_event(&t->difference, i, value, &e);
    (void)snprintf(what, sizeof what, "event %zu", i + 1);
    return sender_send(t->run->sender,
                       &(struct sender_message){.key = e.key,
                                                .key_len = DIFFERENCE_KEY,
                                                .value = value->data,
                                                .len = value->len,
                                                .copied = true,
                                                .headers = &structured,
                                                .n_headers = 1,
                                                .what = what},
                       err);
}

static enum status publish(struct feed_taking *t, struct err *err)
{
    struct feed_run *r = t->run;
    struct buf value = {0};
    enum status s = STATUS_OK;
    if (r->sender == NULL) {
        s = sender_open(&r->sender, r->cli, r->cli->conf->kafka_topic_absences,
                        t->difference.n_events, err);
    }
    for (size_t i = 0; i < t->difference.n_events && s == STATUS_OK; i++) {
        s = send_event(t, i, &value, err);
        fault_point("feed.produced");
    }
    buf_clear(&value);
    s = s == STATUS_OK ? sender_finish(r->sender, err) : s;
    fault_point("feed.acknowledged");
    return s;
}

/* ---- rejected rows ---- */

static void put_cell(struct buf *b, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        buf_puts(b, text);
        return;
    }
    buf_putc(b, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"') {
            buf_putc(b, '"');
        }
        buf_putc(b, *p);
    }
    buf_putc(b, '"');
}

static enum status write_rejected(const struct feed_run *r, const char *name,
                                  const struct rejected_row *row, size_t n, struct err *err)
{
    if (n == 0) {
        return folders_reject(&r->folders, name, NULL, 0, err);
    }
    struct buf b = {0};
    buf_puts(&b, "line,column,reason\n");
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%zu,", row[i].line);
        put_cell(&b, row[i].column);
        buf_printf(&b, ",%s\n", row_fault_name(row[i].why));
    }
    enum status s = folders_reject(&r->folders, name, b.data, b.len, err);
    buf_clear(&b);
    return s;
}

enum status feed_reject_rows(const struct feed_taking *t, struct err *err)
{
    const struct difference *d = &t->difference;
    const struct feed_run *r = t->run;
    enum status s = write_rejected(r, t->extract->file.name, d->rejected, d->n_rejected, err);
    if (s == STATUS_OK && t->staff != NULL) {
        s = write_rejected(r, t->staff->file.name, d->staff_rejected, d->n_staff_rejected, err);
    }
    return s;
}

/* ---- the state ---- */

static int64_t events_of(const struct difference_counts *c)
{
    return c->opened + c->amended + c->closed + c->cancelled + c->left + c->left_withdrawn;
}

static enum status commit(struct feed_taking *t, struct err *err)
{
    struct feed_run *r = t->run;
    const struct mapping *m = r->mapping;
    struct feed_taken taken = {.source = m->source,
                               .name = t->extract->entry != NULL ? t->extract->entry->original
                                                                 : t->extract->file.name,
                               .pattern = m->file.pattern,
                               .staff_name = t->staff == NULL ? NULL : t->staff->file.name,
                               .as_of = t->extract->as_of,
                               .now = r->now,
                               .in = &t->in,
                               .key_check = r->key_check,
                               .bump = t->bump,
                               .organisations = &m->organisations,
                               .difference = &t->difference,
                               .events = events_of(&t->difference.counts)};
    enum status s = feed_db_commit(r->cli, &taken, err);
    fault_point("feed.committed");
    if (s != STATUS_OK) {
        return s;
    }
    if (!r->is_last) { /* of half a million records this would be a third of the memory */
        difference_apply(&t->difference, r->state);
    }
    feed_say_taken(r, t->extract, &t->difference, taken.events);
    return feed_db_known(r->cli, m->source, m->file.pattern, r->arena, &r->known, err);
}

enum status feed_publish(struct feed_taking *t, struct err *err)
{
    struct feed_run *r = t->run;
    const struct mapping *m = r->mapping;
    enum status s =
        feed_db_introduce(r->cli, m->source, m->organisations.item, m->organisations.n, err);
    if (s == STATUS_OK) {
        s = feed_db_begin(r->cli, m->source, t->extract->as_of, &t->in, t->bump, &t->difference,
                          r->now, err);
    }
    fault_point("feed.begun");
    s = s == STATUS_OK ? publish(t, err) : s;
    s = s == STATUS_OK ? feed_reject_rows(t, err) : s;
    fault_point("feed.rejected");
    s = s == STATUS_OK ? feed_note_taken(t, err) : s;
    return s == STATUS_OK ? commit(t, err) : s;
}
