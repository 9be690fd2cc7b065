#include "tests/unit/nights.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "common/event/inbound.h"

static const char *const contract =
    "{'source':'/healthroster/RW3','organisation':'RW3',"
    "'file':{'pattern':'RW3_sickness_*.csv','encoding':'UTF-8','as_of':'name:%Y%m%d_%H%M'},"
    "'extract':'full','covers_days':400,"
    "'columns':{'absence_id':'Unavailability ID','person_id':{'column':'Employee Number','pad':4},"
    "'assignment_id':'Assignment Number',"
    "'category':{'column':'Group','values':{'Sickness':'sickness','Annual Leave':null}},"
    "'onset_date':{'column':'Start','format':'%d/%m/%Y'},"
    "'last_day':{'column':'End','format':'%d/%m/%Y','never':['31/12/4712']},"
    "'reason.code':{'column':'Reason','scheme':'esr'}},"
    "'staff':{'pattern':'RW3_staff_*.csv','required':false,"
    "'columns':{'person_id':{'column':'Employee Number','pad':4},'contact.name':'Name',"
    "'contact.phone':['Mobile','Home'],"
    "'left_on':{'column':'Left','format':'%d/%m/%Y'}}}}";

void nights_begin(struct nights *n, const char *mapping)
{
    struct err err = {0};
    struct buf text = {0};
    *n = (struct nights){.rows = -1, .staff_rows = -1};
    for (const char *p = mapping == NULL ? contract : mapping; *p != '\0'; p++) {
        buf_putc(&text, *p == '\'' ? '"' : *p);
    }
    cr_assert_eq(mapping_parse(&n->mapping, text.data, text.len, &err), STATUS_OK, "%s", err.text);
    buf_clear(&text);
    n->state = state_new();
    n->key = hmac_key_new((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
}

void nights_end(struct nights *n)
{
    state_free(n->state);
    mapping_free(n->mapping);
    hmac_key_free(n->key);
    buf_clear(&n->said);
    buf_clear(&n->events);
}

static void say(struct nights *n, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct nights *n, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_puts(&n->said, n->said.len == 0 ? "" : "; ");
    buf_puts(&n->said, text);
}

static void say_absence(struct nights *n, const char *kind, const struct absence_event *e)
{
    char onset[DATE_TEXT];
    char last[DATE_TEXT];
    date_format(e->onset, onset);
    if (e->cancelled) {
        say(n, "cancelled %s %s", e->person_id, onset);
        return;
    }
    say(n, "%s %s %s..%s%s%s%s", kind, e->person_id, onset, date_format(e->last_day, last),
        e->open_ended ? "+" : "", e->code == NULL ? "" : " ", e->code == NULL ? "" : e->code);
}

static void say_event(struct nights *n, const struct buf *value,
                      const struct difference_event *event)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    static const char *const kinds[] = {"opened", "amended", "closed", "cancelled"};
    const struct inbound_limits limits = {.max_bytes = 262144};
    struct arena *a = arena_new(4096);
    struct inbound in;
    char text[DATE_TEXT];
    const struct raw_record raw = {
        .value = value->data, .len = value->len, .headers = &structured, .n_headers = 1};
    inbound_decode(&raw, &limits, a, &in);
    if (in.verdict == VERDICT_ABSENCE) {
        say_absence(n, kinds[event->kind], &in.absence);
    } else if (in.verdict == VERDICT_PERSON) {
        bool none = date_is_none(in.person.on);
        say(n, "left %s %s", in.person.person_id, none ? "-" : date_format(in.person.on, text));
    } else if (in.verdict == VERDICT_HEARTBEAT) {
        say(n, "alive %" PRId64 "/%" PRId64 "/%" PRId64, in.heartbeat.records, in.heartbeat.sent,
            in.heartbeat.rejected);
    } else {
        say(n, "dead letter %s", in.detail);
    }
    arena_free(a);
}

static void say_taken(struct nights *n, const struct difference *d)
{
    struct buf value = {0};
    for (size_t i = 0; i < d->n_rejected; i++) {
        say(n, "bad %zu %s %s", d->rejected[i].line, d->rejected[i].column,
            row_fault_name(d->rejected[i].why));
    }
    buf_reset(&n->events);
    buf_puts(&n->events, "");
    for (size_t i = 0; i < d->n_events; i++) {
        struct difference_event event;
        buf_reset(&value);
        difference_event(d, i, &value, &event);
        say_event(n, &value, &event);
        buf_put(&n->events, value.data, value.len);
        buf_puts(&n->events, "\n");
    }
    buf_clear(&value);
}

/* Stores what the shell commits before the first message. */
static void begin(struct nights *n, const struct difference *d)
{
    for (size_t i = 0; i < d->n_changes; i++) {
        struct state_row row;
        if (difference_begun(d, i, &row)) {
            state_put(n->state, &row);
        }
    }
    for (size_t i = 0; i < d->n_leaver_changes; i++) {
        struct state_leaver leaver;
        if (difference_begun_leaver(d, i, &leaver)) {
            state_put_leaver(n->state, &leaver);
        }
    }
}

static void move_on(struct nights *n, const struct difference *d)
{
    difference_apply(d, n->state);
    n->rows = d->counts.rows;
    n->staff_rows = d->counts.staff_rows < 0 ? n->staff_rows : d->counts.staff_rows;
}

const char *nights_take(struct nights *n, const char *as_of, const char *extract, const char *staff)
{
    struct input_bytes file = {.at = extract, .len = strlen(extract)};
    struct input_bytes list = {.at = staff, .len = staff == NULL ? 0 : strlen(staff)};
    struct input staff_input = input_of_bytes(&list);
    struct difference d;
    struct difference_inputs in = {.mapping = n->mapping,
                                   .state = n->state,
                                   .key = n->key,
                                   .extract = input_of_bytes(&file),
                                   .staff = staff == NULL ? NULL : &staff_input,
                                   .bump = n->bump,
                                   .no_state = n->rows < 0,
                                   .first = !n->held_first,
                                   .accepted = n->accepted,
                                   .same_bytes = n->same_bytes,
                                   .mapping_changed = n->mapping_changed,
                                   .rows_before = n->holds_fallen ? n->rows : -1,
                                   .staff_rows_before = n->holds_fallen ? n->staff_rows : -1,
                                   .explains = true};
    cr_assert(instant_parse(as_of, strlen(as_of), &in.as_of));
    buf_reset(&n->said);
    difference_make(&in, &d);
    n->counts = d.counts;
    if (d.end == DIFFERENCE_REFUSED) {
        say(n, "refused %s%s %zu", d.refusal.of_staff ? "staff " : "", refusal_name(d.refusal.why),
            d.refusal.line);
        cr_assert(d.refusal.text[0] != '\0');
    } else if (d.end == DIFFERENCE_HELD) {
        for (size_t i = 0; i < d.n_holds; i++) {
            say(n, "held %s %" PRId64 "/%" PRId64, hold_name(d.hold[i].why), d.hold[i].count,
                d.hold[i].of);
        }
    } else {
        say_taken(n, &d);
    }
    bool taken = d.end == DIFFERENCE_TAKEN;
    if (taken && !n->dry) {
        move_on(n, &d);
    } else if (taken && !n->look) {
        begin(n, &d);
    }
    difference_free(&d);
    n->bump = 0;
    n->held_first = n->accepted = n->same_bytes = n->mapping_changed = n->dry = n->look = false;
    return n->said.data;
}

const char *nights_events(const struct nights *n)
{
    return n->events.data;
}
