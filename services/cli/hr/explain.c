/* dayfour explain: what events would do, or how a person's case stands, and why; nothing is
 * touched. */
#include "services/cli/hr/explain.h"

#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "services/cli/commands.h"

/* ---- one event ---- */

static void rejected(const struct event_file_message *m, struct verdict_line *out)
{
    *out = (struct verdict_line){.line = m->line,
                                 .verdict = "reject",
                                 .reason = m->fault->reason,
                                 .detail = m->fault->detail,
                                 .wanted = m->fault->what,
                                 .outcome = {.due_date = DATE_NONE, .note = ""}};
}

void explain_judge(struct dry_run *w, const struct inbound *in, struct verdict_line *out)
{
    *out = (struct verdict_line){
        .detail = "", .wanted = "", .outcome = {.due_date = DATE_NONE, .note = ""}};
    switch (in->verdict) {
    case VERDICT_REJECTED:
        out->verdict = "reject";
        out->reason = reject_reason_name(in->reason);
        out->detail = in->detail;
        return;
    case VERDICT_HEARTBEAT:
        out->verdict = "accept";
        out->reason = "heartbeat";
        return;
    case VERDICT_IGNORED:
        out->verdict = "ignore";
        out->reason = in->other_category ? "other_category" : "other_type";
        return;
    case VERDICT_NOT_SICKNESS:
    case VERDICT_ABSENCE:
    case VERDICT_PERSON:
        dry_run_apply(w, in, &out->outcome);
        out->verdict = out->outcome.ignored ? "ignore" : out->outcome.stale ? "stale" : "accept";
        out->reason = out->outcome.reason;
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

void explain_put_json(const struct verdict_line *v, struct buf *out)
{
    char due[DATE_TEXT];
    buf_puts(out, "{");
    if (v->line > 0) {
        buf_printf(out, "\"line\":%zu,", v->line);
    }
    buf_printf(out, "\"verdict\":\"%s\",\"reason\":\"%s\",\"detail\":", v->verdict, v->reason);
    json_put_string(out, v->detail);
    buf_puts(out, ",\"wanted\":");
    json_put_string(out, v->wanted);
    buf_puts(out, ",\"note\":");
    json_put_string(out, v->outcome.note);
    buf_puts(out, ",\"matches\":");
    put_list(out, v->outcome.matches, v->outcome.n_matches);
    buf_puts(out, ",\"due_date\":");
    if (date_is_none(v->outcome.due_date)) {
        buf_puts(out, "null");
    } else {
        buf_printf(out, "\"%s\"", date_format(v->outcome.due_date, due));
    }
    buf_puts(out, ",\"would\":");
    put_list(out, v->outcome.would, v->outcome.n_would);
    buf_puts(out, ",\"will\":");
    put_list(out, v->outcome.will, v->outcome.n_will);
    buf_puts(out, "}");
}

static void print_joined(const char *before, const char *const *items, size_t n, size_t most)
{
    for (size_t i = 0; i < n && i < most; i++) {
        printf("%s%s", i == 0 ? before : ", ", items[i]);
    }
    if (n > most) {
        printf(" and %zu more", n - most);
    }
}

void explain_print_text(const struct verdict_line *v)
{
    const struct outcome *o = &v->outcome;
    if (v->line > 0) {
        printf("line %zu: ", v->line);
    }
    if (v->wanted[0] != '\0') {
        printf("%s: %s", v->verdict, v->wanted);
        return;
    }
    bool path = v->detail[0] != '\0';
    printf("%s (%s%s%s)", v->verdict, v->reason, path ? " at " : "", v->detail);
    print_joined(", matches ", o->matches, o->n_matches, o->n_matches);
    print_joined(": would ", o->would, o->n_would, o->n_would);
    bool accepted = strcmp(v->verdict, "accept") == 0;
    if (accepted) {
        print_joined(o->n_would == 0 ? ": nothing now; then " : "; then ", o->will, o->n_will, 3);
    }
    if (accepted && o->n_would == 0 && o->n_will == 0) {
        printf(": no task, and nothing to publish");
    }
    printf("%s%s", o->note[0] == '\0' ? "" : ": ", o->note);
}

/* ---- a file of events ---- */

static void print(const struct verdict_line *v, bool json)
{
    struct buf b = {0};
    if (json) {
        explain_put_json(v, &b);
        puts(b.data);
    } else {
        explain_print_text(v);
        putchar('\n');
    }
    buf_clear(&b);
}

static enum status explain_event_file(struct cli *cli, struct dry_run *w,
                                      const struct event_file *f, bool json, struct err *err)
{
    struct inbound_limits limits = dry_run_limits(w);
    struct inbound *events = arena_array(cli->arena, f->n, sizeof *events);
    for (size_t i = 0; i < f->n; i++) {
        struct raw_record raw = event_file_record(f, &f->messages[i]);
        inbound_decode(&raw, &limits, cli->arena, &events[i]);
    }
    enum status s = dry_run_load(w, events, f->n, err);
    for (size_t i = 0; i < f->n && s == STATUS_OK; i++) {
        struct verdict_line v;
        if (f->messages[i].fault != NULL) {
            rejected(&f->messages[i], &v);
        } else {
            explain_judge(w, &events[i], &v);
            v.line = f->messages[i].line;
        }
        print(&v, json);
    }
    return s;
}

static int explain_file(struct cli *cli, const struct args *args)
{
    const char *path = options_argument(args, 0);
    struct err err = {0};
    struct dry_run *w = NULL;
    struct event_file *f = NULL;
    struct event_file_options o = {.explains = true};
    enum status s = event_file_read_options(&o, path, args, &err);
    s = s == STATUS_OK ? dry_run_open(&w, cli, options_value(args, "settings"), &err) : s;
    if (s == STATUS_OK) {
        o.limits = dry_run_limits(w);
        o.now = dry_run_now(w);
        s = event_file_open(&f, path, &o, &err);
    }
    s = s == STATUS_OK ? explain_event_file(cli, w, f, options_flag(args, "json"), &err) : s;
    int code = s != STATUS_OK ? cli_fail("explain", s, &err) : EXIT_DONE;
    if (s == STATUS_OK) {
        event_file_note_print(&f->notes);
        code = f->rejected > 0 ? EXIT_INPUT : EXIT_DONE;
    }
    event_file_free(f);
    dry_run_free(w);
    return code;
}

int explain_run(struct cli *cli, const struct args *args)
{
    bool person = options_flag(args, "person");
    bool at = options_value(args, "at") != NULL;
    if (args->n != (person ? 2 : at ? 0 : 1) || (person && at)) {
        return cli_refuse("explain: FILE is needed, or --person ORGANISATION PERSON_ID, or --at "
                          "TOPIC/PARTITION/OFFSET");
    }
    if ((person || at) && options_value(args, "settings") != NULL) {
        return cli_refuse("explain: --settings is of a FILE");
    }
    return person ? explain_person(cli, args)
           : at   ? explain_at(cli, args)
                  : explain_file(cli, args);
}
