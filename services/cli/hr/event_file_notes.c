/* A record is kept as digests alone, so that a long file needs little memory. digest_content() must
 * cover every member of an absence, else a change would be called a repeat. Records are compared at
 * the end, sorted by identity and line. */
#include "services/cli/hr/event_file_notes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "services/cli/rows.h"

/* A version of a record, as far as two are compared. */
struct seen {
    uint8_t identity[SHA256_BYTES], person[SHA256_BYTES], content[SHA256_BYTES];
    int64_t version;
    size_t line;
    bool cancelled;
};

struct stranger { /* a member nobody knows */
    const char *path;
    size_t line, times;
};

struct event_file_notes {
    struct arena *arena;
    struct seen *seen;
    size_t n_seen, seen_cap;
    struct stranger strangers[EVENT_FILE_NAMED_MAX];
    size_t n_strangers;
};

struct event_file_notes *event_file_notes_new(void)
{
    struct event_file_notes *n = mem_alloc(sizeof *n);
    n->arena = arena_new(4096);
    return n;
}

void event_file_notes_free(struct event_file_notes *n)
{
    if (n != NULL) {
        arena_free(n->arena);
        free(n->seen);
        free(n);
    }
}

/* ---- members ---- */

static bool is_plain(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return n > 0 && n <= 64 && name[n] == '\0';
}

static void note_stranger(struct event_file_notes *n, size_t line, const char *group,
                          const char *name)
{
    const char *path =
        arena_printf(n->arena, "data.%s%s%s", group == NULL ? "" : group, group == NULL ? "" : ".",
                     is_plain(name) ? name : "(a name that is not plain)");
    for (size_t i = 0; i < n->n_strangers; i++) {
        if (strcmp(n->strangers[i].path, path) == 0) {
            n->strangers[i].times++;
            return;
        }
    }
    if (n->n_strangers == EVENT_FILE_NAMED_MAX) {
        return; /* enough to see that something is wrong with all of it */
    }
    n->strangers[n->n_strangers++] = (struct stranger){.path = path, .line = line, .times = 1};
}

static void look_at_members(struct event_file_notes *n, size_t line, const char *group,
                            const struct json *object)
{
    for (const struct json *v = json_first(object); v != NULL; v = json_next(v)) {
        const char *name = json_name(v);
        bool is_group =
            group == NULL && (strcmp(name, "reason") == 0 || strcmp(name, "contact") == 0 ||
                              strcmp(name, "fit_note") == 0);
        if (is_group && json_type(v) == JSON_OBJECT) {
            look_at_members(n, line, name, v);
        } else if (!is_group && !rows_knows(group, name)) {
            note_stranger(n, line, group, name);
        }
    }
}

static void tell_strangers(const struct event_file_notes *n, struct event_file_note_list *to)
{
    for (size_t i = 0; i < n->n_strangers; i++) {
        const struct stranger *s = &n->strangers[i];
        event_file_note_add(to, s->line, true, "%s is not known, and ignored%s", s->path,
                            s->times == 1 ? ""
                                          : arena_printf(to->arena, " (in %zu lines)", s->times));
    }
    if (n->n_strangers > 0) {
        struct buf known = {0};
        rows_put_known(&known);
        event_file_note_add(to, 0, false, "known members are: %s", known.data);
        buf_clear(&known);
    }
}

/* ---- records ---- */

static void put_text(struct buf *b, const char *s)
{
    buf_printf(b, "%s%c", s == NULL ? "" : s, s == NULL ? '\x1e' : '\x1f');
}

static void digest_content(const struct inbound *in, uint8_t out[SHA256_BYTES])
{
    const struct absence_event *e = &in->absence;
    struct buf b = {0};
    const char *const texts[] = {e->person_id,     e->assignment_id,    e->code,
                                 e->fte,           e->contact.name,     e->contact.phone,
                                 e->contact.email, e->contact.language, e->contact.preferred_time,
                                 e->contact.needs, e->contact.job,      e->site,
                                 e->staff_group};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put_text(&b, texts[i]);
    }
    buf_printf(&b, "%d %d %d %d %d %d %d %d %d %d %d %d %" PRId64, e->onset.days, e->last_day.days,
               e->expected_return.days, e->fit_note_from.days, e->fit_note_to.days,
               e->phased_return_from.days, e->open_ended, e->cancelled, (int)e->scheme,
               (int)e->contact.voicemail, (int)e->contact.way, e->contact.date_of_birth.days,
               e->recorded_at.us);
    hash_sha256(b.data, b.len, out);
    buf_clear(&b);
}

static void note_seen(struct event_file_notes *n, size_t line, const struct inbound *in)
{
    if (n->n_seen == n->seen_cap) {
        n->seen_cap = n->seen_cap == 0 ? 1024 : n->seen_cap * 2;
        n->seen = mem_resize(n->seen, n->seen_cap, sizeof *n->seen);
    }
    struct seen *s = &n->seen[n->n_seen++];
    *s = (struct seen){
        .version = in->absence.version, .line = line, .cancelled = in->absence.cancelled};
    struct buf b = {0};
    put_text(&b, in->organisation);
    put_text(&b, in->source);
    put_text(&b, in->absence.absence_id);
    hash_sha256(b.data, b.len, s->identity);
    hash_sha256(in->absence.person_id, strlen(in->absence.person_id), s->person);
    buf_clear(&b);
    digest_content(in, s->content);
}

void event_file_notes_take(struct event_file_notes *n, size_t line, const struct json *root,
                           const struct inbound *in)
{
    look_at_members(n, line, NULL, json_member(root, "data"));
    if (in->verdict == VERDICT_ABSENCE) {
        note_seen(n, line, in);
    }
}

static int by_identity_and_line(const void *x, const void *y)
{
    const struct seen *a = x;
    const struct seen *b = y;
    int by = memcmp(a->identity, b->identity, sizeof a->identity);
    return by != 0 ? by : (a->line > b->line) - (a->line < b->line);
}

/* The note on a record that came before; `before` has the greatest version until then. */
static const char *said_of(const struct seen *before, const struct seen *s)
{
    bool same = memcmp(before->content, s->content, sizeof s->content) == 0;
    /* A correction may move a record. A number that HR's system used again looks just so, and ends
     * the first person's call. */
    if (s->version > before->version && !s->cancelled &&
        memcmp(before->person, s->person, sizeof s->person) != 0) {
        return "the record of line %zu with another person_id: it moves to that person;"
               " another absence needs an absence_id of its own";
    }
    if (s->version > before->version || (s->version == before->version && s->cancelled)) {
        return NULL;
    }
    if (same && s->version == before->version) {
        return "the record of line %zu again: the repeat changes nothing";
    }
    if (same) {
        return NULL; /* an older version that says the same */
    }
    return s->version == before->version
               ? "the record of line %zu with the same version and other content: it has no effect;"
                 " a change needs a higher version"
               : "the record of line %zu with a lower version and other content: it has no effect;"
                 " another absence needs an absence_id of its own";
}

static int by_line(const void *x, const void *y)
{
    const struct event_file_note *a = x;
    const struct event_file_note *b = y;
    return (a->line > b->line) - (a->line < b->line);
}

static void tell_repeats(const struct event_file_notes *n, struct event_file_note_list *to)
{
    struct event_file_note *found = mem_alloc((n->n_seen + 1) * sizeof *found);
    size_t n_found = 0;
    size_t newest = 0;
    for (size_t i = 1; i < n->n_seen; i++) {
        const struct seen *s = &n->seen[i];
        const struct seen *before = &n->seen[newest];
        if (memcmp(before->identity, s->identity, sizeof s->identity) != 0) {
            newest = i;
            continue;
        }
        const char *said = said_of(before, s);
        if (said != NULL) {
            const char *hole = strstr(said, "%zu");
            found[n_found++] = (struct event_file_note){
                .line = s->line,
                .text = arena_printf(to->arena, "%.*s%zu%s", (int)(hole - said), said, before->line,
                                     hole + 3)};
        }
        if (s->version > before->version || (s->version == before->version && said == NULL)) {
            newest = i;
        }
    }
    qsort(found, n_found, sizeof *found, by_line);
    for (size_t i = 0; i < n_found; i++) {
        event_file_note_add(to, found[i].line, false, "%s", found[i].text);
    }
    free(found);
}

void event_file_notes_tell(const struct event_file_notes *n, bool repeats,
                           struct event_file_note_list *to)
{
    tell_strangers(n, to);
    if (repeats && n->n_seen > 1) {
        qsort(n->seen, n->n_seen, sizeof *n->seen, by_identity_and_line);
        tell_repeats(n, to);
    }
}
