/* dayfour explain --person: how a person's case stands, which events were emitted or withdrawn, and
 * which will follow. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "services/cli/commands.h"
#include "services/cli/hr/explain.h"
#include "services/cli/view.h"

/* ---- events that were withdrawn ---- */

static const struct pg_stmt read_withdrawn = {
    "explain_withdrawn",
    "select kind, occurs_on, emitted_at, withdrawn_at from followup.emitted"
    " where organisation = $1 and person_id = $2 and withdrawn_at is not null"
    " order by withdrawn_at, kind, occurs_on",
    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

static enum status withdrawn_of(struct cli *cli, const struct case_person *p,
                                const struct pg_result **out, struct err *err)
{
    struct pg_args values = {0};
    pg_arg_text(&values, p->organisation);
    pg_arg_text(&values, p->person_id);
    enum status s = cli_query(cli, &read_withdrawn, &values, out, err);
    pg_args_clear(&values);
    return s;
}

/* Local time, to the minute. */
#define LOCAL_TEXT 40
static const char *local(const struct case_person *p, struct instant t, char out[LOCAL_TEXT])
{
    char day[DATE_TEXT];
    int minute = zone_minute(p->rules.zone, t);
    (void)snprintf(out, LOCAL_TEXT, "%.10s %02d:%02d",
                   date_format(zone_date(p->rules.zone, t), day), minute / 60, minute % 60);
    return out;
}

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
        char notice[LOCAL_TEXT];
        char gone[DATE_TEXT];
        struct date gone_on = zone_date(p->rules.zone, p->cw.gone_at[i]);
        struct buf id = {0};
        view_clean(&id, r->absence_id);
        printf("  %s version %" PRId64 ": %s to %s%s, first notice %s, %s%s%s\n", id.data,
               r->version, date_format(r->onset, onset), date_or_dash(r->last_day, last),
               r->cancelled ? ", cancelled" : "", local(p, r->first_notice, notice),
               kept[r->reason], date_is_none(gone_on) ? "" : ", HR is told nothing of it since ",
               date_is_none(gone_on) ? "" : date_format(gone_on, gone));
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

static void print_timeline(const struct dry_run *w, const struct case_person *p)
{
    printf("EVENTS (those to come if nothing changes)\n");
    for (size_t i = 0; i < p->cw.n_timeline; i++) {
        const struct timeline_event *e = &p->cw.timeline[i];
        char at[LOCAL_TEXT];
        printf("  %s %s%s%s\n", local(p, e->at, at), event_kind_name(e->kind),
               e->superseded ? ", superseded" : "",
               e->at.us > dry_run_now(w).us ? ", to come" : "");
    }
}

static void print_withdrawn(const struct case_person *p, const struct pg_result *r)
{
    for (size_t i = 0; i < pg_rows(r); i++) {
        char emitted[LOCAL_TEXT];
        char at[LOCAL_TEXT];
        char day[DATE_TEXT];
        printf("%s  %s %s of %s, withdrawn %s\n", i == 0 ? "WITHDRAWN (when it was emitted)\n" : "",
               local(p, pg_instant(r, i, 2), emitted), pg_text(r, i, 0),
               date_format(pg_date(r, i, 1), day), local(p, pg_instant(r, i, 3), at));
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

static void put_person_events(struct buf *b, const struct dry_run *w, const struct case_person *p)
{
    for (size_t i = 0; i < p->cw.n_timeline; i++) {
        const struct timeline_event *e = &p->cw.timeline[i];
        char at[INSTANT_TEXT];
        buf_printf(b, "%s\n{\"kind\":\"%s\",\"at\":\"%s\"", i == 0 ? "" : ",",
                   event_kind_name(e->kind), instant_format(e->at, at));
        put_date(b, "occurs_on", e->occurs_on);
        put_date(b, "due_on", e->due_on);
        buf_printf(b, ",\"stands\":%s,\"superseded\":%s}",
                   e->at.us <= dry_run_now(w).us ? "true" : "false",
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
        put_date(b, "gone_for_hr_on", zone_date(p->rules.zone, p->cw.gone_at[i]));
        buf_printf(b, ",\"cancelled\":%s,\"reason\":\"%s\",\"first_notice_at\":\"%s\"}",
                   r->cancelled ? "true" : "false", kept[r->reason],
                   instant_format(r->first_notice, notice));
    }
}

static void put_withdrawn(struct buf *b, const struct pg_result *r)
{
    for (size_t i = 0; i < pg_rows(r); i++) {
        char emitted[INSTANT_TEXT];
        char at[INSTANT_TEXT];
        buf_printf(b, "%s\n{\"kind\":\"%s\"", i == 0 ? "" : ",", pg_text(r, i, 0));
        put_date(b, "occurs_on", pg_date(r, i, 1));
        buf_printf(b, ",\"emitted_at\":\"%s\",\"withdrawn_at\":\"%s\"}",
                   instant_format(pg_instant(r, i, 2), emitted),
                   instant_format(pg_instant(r, i, 3), at));
    }
}

static void print_person_json(const struct dry_run *w, const struct case_person *p,
                              const struct pg_result *withdrawn)
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
    buf_puts(&b, "],\"withdrawn\":[");
    put_withdrawn(&b, withdrawn);
    buf_puts(&b, "]}");
    puts(b.data);
    buf_clear(&b);
}

static const struct pg_stmt note = {
    "explain_note",
    "insert into audit.entry (at, what, organisation, person_id, detail)"
    " values ($1, 'open', $2, $3, json_build_object('command', 'explain --person')::jsonb)",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT, 0}};

static enum status note_reading(struct cli *cli, const struct args *args, struct instant now,
                                struct err *err)
{
    struct pg_args values = {0};
    pg_arg_instant(&values, now);
    pg_arg_text(&values, options_argument(args, 0));
    pg_arg_text(&values, options_argument(args, 1));
    enum status s = cli_query(cli, &note, &values, NULL, err);
    pg_args_clear(&values);
    return s;
}

int explain_person(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct dry_run *w = NULL;
    const struct case_person *p = NULL;
    enum status s = dry_run_open(&w, cli, NULL, &err);
    s = s == STATUS_OK ? note_reading(cli, args, dry_run_now(w), &err) : s;
    s = s == STATUS_OK
            ? dry_run_person(w, options_argument(args, 0), options_argument(args, 1), &p, &err)
            : s;
    const struct pg_result *withdrawn = NULL;
    if (s == STATUS_OK && p != NULL) {
        s = withdrawn_of(cli, p, &withdrawn, &err);
    }
    int code = EXIT_DONE;
    if (s != STATUS_OK) {
        code = cli_fail("explain", s, &err);
    } else if (p == NULL) {
        code = cli_refuse("explain: nobody of that number is known in that organisation; leading "
                          "zeros and capitals count");
    } else if (options_flag(args, "json")) {
        print_person_json(w, p, withdrawn);
    } else {
        print_records(p);
        print_spells(p);
        print_timeline(w, p);
        print_withdrawn(p, withdrawn);
    }
    dry_run_free(w);
    return code;
}
