/* dayfour explain: what events would do, or how a person's case stands, and why; nothing is
 * touched. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "services/cli/commands.h"
#include "services/cli/feed.h"
#include "services/cli/rulebook.h"
#include "services/cli/view.h"
#include "services/cli/whatif.h"

struct verdict_line {
    size_t line;
    const char *verdict; /* accept, stale, ignore, reject */
    const char *reason;
    const char *detail;
    struct outcome outcome;
};

/* ---- a file of events ---- */

/* Of an event that is passed over. */
static const char *why_ignored(const char *text, size_t len, struct arena *a)
{
    const struct json *root = NULL;
    char path[JSON_PATH];
    if (json_parse(text, len, a, &root, path) == JSON_FINE) {
        const struct json *type = json_member(root, "type");
        const char *name = type != NULL && json_type(type) == JSON_STRING ? json_string(type) : "";
        if (strncmp(name, "org.dayfour.absence.", 20) == 0) {
            return "other_category";
        }
    }
    return "unknown_type";
}

static void judge(struct whatif *w, const struct feed *f, size_t i, const struct inbound *in,
                  struct arena *a, struct verdict_line *out)
{
    const struct feed_message *m = &f->messages[i];
    *out = (struct verdict_line){.line = m->line, .detail = in->detail};
    out->outcome.due_date = DATE_NONE;
    switch (in->verdict) {
    case VERDICT_REJECTED:
        out->verdict = "reject";
        out->reason = reject_reason_name(in->reason);
        return;
    case VERDICT_IGNORED:
        out->verdict = "ignore";
        out->reason = why_ignored(f->text + m->at, m->len, a);
        return;
    case VERDICT_ABSENCE:
    case VERDICT_PERSON:
        whatif_apply(w, in, &out->outcome);
        out->verdict = out->outcome.stale ? "stale" : "accept";
        out->reason = out->outcome.reason;
        out->detail = "";
        return;
    }
}

static void put_list(struct buf *b, const char *const *items, size_t n)
{
    buf_puts(b, "[");
    for (size_t i = 0; i < n; i++) {
        buf_puts(b, i == 0 ? "" : ",");
        json_put_string(b, items[i]);
    }
    buf_puts(b, "]");
}

static void print_json(const struct verdict_line *v)
{
    struct buf b = {0};
    char due[DATE_TEXT];
    buf_printf(&b, "{\"line\":%zu,\"verdict\":\"%s\",\"reason\":\"%s\",\"detail\":", v->line,
               v->verdict, v->reason);
    json_put_string(&b, v->detail);
    buf_puts(&b, ",\"matches\":");
    put_list(&b, v->outcome.matches, v->outcome.n_matches);
    buf_puts(&b, ",\"due_date\":");
    if (date_is_none(v->outcome.due_date)) {
        buf_puts(&b, "null");
    } else {
        buf_printf(&b, "\"%s\"", date_format(v->outcome.due_date, due));
    }
    buf_puts(&b, ",\"would\":");
    put_list(&b, v->outcome.would, v->outcome.n_would);
    buf_puts(&b, "}");
    puts(b.data);
    buf_clear(&b);
}

static void print_text(const struct verdict_line *v)
{
    bool path = v->detail[0] != '\0';
    printf("line %zu: %s (%s%s%s)", v->line, v->verdict, v->reason, path ? " at " : "", v->detail);
    for (size_t i = 0; i < v->outcome.n_matches; i++) {
        printf("%s%s", i == 0 ? ", matches " : " and ", v->outcome.matches[i]);
    }
    for (size_t i = 0; i < v->outcome.n_would; i++) {
        printf("%s%s", i == 0 ? ": would " : ", ", v->outcome.would[i]);
    }
    bool nothing = v->outcome.n_would == 0 && strcmp(v->verdict, "accept") == 0;
    puts(nothing ? ": no task, nothing to tell" : "");
}

static enum status explain_feed(struct cli *cli, struct whatif *w, const struct feed *f, bool json,
                                struct err *err)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    struct inbound_limits limits = whatif_limits(w);
    struct inbound *events = arena_array(cli->arena, f->n, sizeof *events);
    for (size_t i = 0; i < f->n; i++) {
        struct raw_record raw = {.value = f->text + f->messages[i].at,
                                 .len = f->messages[i].len,
                                 .headers = &structured,
                                 .n_headers = 1};
        inbound_decode(&raw, &limits, cli->arena, &events[i]);
    }
    enum status s = whatif_load(w, events, f->n, err);
    for (size_t i = 0; i < f->n && s == STATUS_OK; i++) {
        struct verdict_line v;
        judge(w, f, i, &events[i], cli->arena, &v);
        if (json) {
            print_json(&v);
        } else {
            print_text(&v);
        }
    }
    return s;
}

static int explain_file(struct cli *cli, const struct args *args)
{
    const char *path = options_argument(args, 0);
    struct err err = {0};
    struct whatif *w = NULL;
    struct feed *f = NULL;
    enum status s = whatif_open(&w, cli, options_value(args, "settings"), &err);
    if (s == STATUS_OK) {
        struct feed_options o = {.csv = options_flag(args, "csv") || feed_is_csv(path),
                                 .limits = whatif_limits(w),
                                 .now = whatif_now(w)};
        s = feed_open(&f, path, &o, &err);
    }
    s = s == STATUS_OK ? explain_feed(cli, w, f, options_flag(args, "json"), &err) : s;
    feed_free(f);
    whatif_free(w);
    return s == STATUS_OK ? EXIT_DONE : cli_fail("explain", s, &err);
}

/* ---- a person ---- */

static const char *date_or_dash(struct date d, char out[DATE_TEXT])
{
    return date_is_none(d) ? "-" : date_format(d, out);
}

static void print_records(const struct case_person *p)
{
    static const char *const kept[] = {"no reason given: watched", "reason kept",
                                       "reason matched nothing", "reason on the never list"};
    printf("RECORDS\n");
    for (size_t i = 0; i < p->facts.n_records; i++) {
        const struct record *r = &p->facts.records[i];
        char onset[DATE_TEXT];
        char last[DATE_TEXT];
        char notice[INSTANT_TEXT];
        struct buf id = {0};
        view_clean(&id, r->absence_id);
        printf("  %s version %" PRId64 ": %s to %s%s, first notice %s, %s\n", id.data, r->version,
               date_format(r->onset, onset), date_or_dash(r->last_day, last),
               r->cancelled ? ", cancelled" : "", instant_format(r->first_notice, notice),
               kept[r->reason]);
        buf_clear(&id);
    }
}

static void print_spells(const struct case_person *p)
{
    printf("TASKS\n");
    for (size_t i = 0; i < p->cw.n_spells; i++) {
        const struct spell *s = &p->cw.spells[i];
        char onset[DATE_TEXT];
        char last[DATE_TEXT];
        char due[DATE_TEXT];
        const char *why = end_reason_name(s->end_reason);
        printf("  %s %s: %s to %s, due %s, %s%s%s%s%s\n", s->id,
               p->rules.org->pathways[s->pathway].name, date_format(s->onset, onset),
               date_or_dash(s->last_day, last), date_format(s->due_date, due),
               task_state_name(s->state), why[0] == '\0' ? "" : " ", why,
               s->relapse ? ", relapse" : "", s->late_report ? ", late report" : "");
    }
}

static void print_timeline(const struct whatif *w, const struct case_person *p)
{
    printf("EVENTS (those to come if nothing changes)\n");
    for (size_t i = 0; i < p->cw.n_timeline; i++) {
        const struct timeline_event *e = &p->cw.timeline[i];
        char at[INSTANT_TEXT];
        printf("  %s %s%s%s\n", instant_format(e->at, at), event_kind_name(e->kind),
               e->superseded ? ", superseded" : "", e->at.us > whatif_now(w).us ? ", to come" : "");
    }
}

static void put_date(struct buf *b, const char *name, struct date d)
{
    char text[DATE_TEXT];
    if (date_is_none(d)) {
        buf_printf(b, ",\"%s\":null", name);
    } else {
        buf_printf(b, ",\"%s\":\"%s\"", name, date_format(d, text));
    }
}

static void put_person_spells(struct buf *b, const struct case_person *p)
{
    for (size_t i = 0; i < p->cw.n_spells; i++) {
        const struct spell *s = &p->cw.spells[i];
        buf_printf(b, "%s\n{\"task_id\":\"%s\",\"pathway\":", i == 0 ? "" : ",", s->id);
        json_put_string(b, p->rules.org->pathways[s->pathway].name);
        put_date(b, "onset_date", s->onset);
        put_date(b, "last_day", s->last_day);
        put_date(b, "due_date", s->due_date);
        const char *why = end_reason_name(s->end_reason);
        buf_printf(b, ",\"state\":\"%s\",\"end_reason\":%s%s%s}", task_state_name(s->state),
                   why[0] == '\0' ? "" : "\"", why[0] == '\0' ? "null" : why,
                   why[0] == '\0' ? "" : "\"");
    }
}

static void put_person_events(struct buf *b, const struct whatif *w, const struct case_person *p)
{
    for (size_t i = 0; i < p->cw.n_timeline; i++) {
        const struct timeline_event *e = &p->cw.timeline[i];
        char at[INSTANT_TEXT];
        buf_printf(b, "%s\n{\"kind\":\"%s\",\"at\":\"%s\"", i == 0 ? "" : ",",
                   event_kind_name(e->kind), instant_format(e->at, at));
        put_date(b, "occurs_on", e->occurs_on);
        put_date(b, "due_on", e->due_on);
        buf_printf(b, ",\"stands\":%s,\"superseded\":%s}",
                   e->at.us <= whatif_now(w).us ? "true" : "false",
                   e->superseded ? "true" : "false");
    }
}

static void put_person_records(struct buf *b, const struct case_person *p)
{
    static const char *const kept[] = {"not_given", "kept", "no_match", "never"};
    for (size_t i = 0; i < p->facts.n_records; i++) {
        const struct record *r = &p->facts.records[i];
        char notice[INSTANT_TEXT];
        buf_printf(b, "%s\n{\"absence_id\":", i == 0 ? "" : ",");
        json_put_string(b, r->absence_id);
        buf_printf(b, ",\"version\":%" PRId64, r->version);
        put_date(b, "onset_date", r->onset);
        put_date(b, "last_day", r->last_day);
        buf_printf(b, ",\"cancelled\":%s,\"reason\":\"%s\",\"first_notice_at\":\"%s\"}",
                   r->cancelled ? "true" : "false", kept[r->reason],
                   instant_format(r->first_notice, notice));
    }
}

static void print_person_json(const struct whatif *w, const struct case_person *p)
{
    struct buf b = {0};
    buf_puts(&b, "{\"organisation\":");
    json_put_string(&b, p->organisation);
    buf_puts(&b, ",\"person_id\":");
    json_put_string(&b, p->person_id);
    buf_puts(&b, ",\"records\":[");
    put_person_records(&b, p);
    buf_puts(&b, "],\"tasks\":[");
    put_person_spells(&b, p);
    buf_puts(&b, "],\"events\":[");
    put_person_events(&b, w, p);
    buf_puts(&b, "]}");
    puts(b.data);
    buf_clear(&b);
}

static int explain_person(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct whatif *w = NULL;
    const struct case_person *p = NULL;
    enum status s = whatif_open(&w, cli, NULL, &err);
    s = s == STATUS_OK
            ? rulebook_audit(cli, whatif_now(w), "read", "{\"command\":\"explain --person\"}", &err)
            : s;
    s = s == STATUS_OK
            ? whatif_person(w, options_argument(args, 0), options_argument(args, 1), &p, &err)
            : s;
    int code = EXIT_DONE;
    if (s != STATUS_OK) {
        code = cli_fail("explain", s, &err);
    } else if (p == NULL) {
        code = cli_refuse("explain: nothing is known of that person");
    } else if (options_flag(args, "json")) {
        print_person_json(w, p);
    } else {
        print_records(p);
        print_spells(p);
        print_timeline(w, p);
    }
    whatif_free(w);
    return code;
}

int explain_run(struct cli *cli, const struct args *args)
{
    bool person = options_flag(args, "person");
    if (person != (args->n == 2)) {
        return cli_refuse("explain: FILE, or --person ORGANISATION PERSON_ID, is needed");
    }
    if (person && options_value(args, "settings") != NULL) {
        return cli_refuse("explain: --settings is of a FILE");
    }
    return person ? explain_person(cli, args) : explain_file(cli, args);
}
