/* In this order: the staff list, the extract, which record is which, what is to be done about each,
 * who has left, the thresholds. Events and changes of the state are then made one by one of what is
 * kept of that. */
#include "common/feed/difference/difference.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/feed/difference/difference_inside.h"
#include "common/feed/difference/matching.h"

static struct date date_before(struct date d)
{
    return date_add(d, -1);
}

/* A known record is closed on the day before the first file without it, or on its own end. */
static struct date closing_day(const struct difference_inside *in, const struct state_kept *k)
{
    struct date last = date_before(k->missing > 0 ? k->missing_since : in->today);
    bool earlier = !date_is_none(k->last_day) && k->last_day.days < last.days;
    return earlier ? k->last_day : last;
}

struct content difference_content(const struct difference_inside *in, const struct step *step)
{
    if (step->what == STEP_PUBLISH || step->what == STEP_SEEN) {
        return content_of_record(&in->content, records_at(&in->records, step->record));
    }
    const struct state_kept *k = state_kept_at(in->in.state, step->state);
    return content_of_kept(&in->content, k,
                           step->what == STEP_CLOSE ? closing_day(in, k) : k->last_day);
}

/* ---- making it ---- */

static void begin(struct difference *d, const struct difference_inputs *inputs)
{
    struct difference_inside *in = mem_alloc(sizeof *in);
    *d = (struct difference){.inside = in, .counts = {.staff_rows = -1}};
    in->in = *inputs;
    in->arena = arena_new(16384);
    in->today = zone_date(inputs->mapping->zone, inputs->as_of);
    in->doubt = inputs->bump > 0;
    in->events = (struct events_base){.source = inputs->mapping->source,
                                      .as_of = inputs->as_of,
                                      .version = inputs->as_of.us / 1000 + inputs->bump};
    size_t n = inputs->mapping->organisations.n + 1;
    in->records_of = arena_array(in->arena, n, sizeof *in->records_of);
    in->sent_of = arena_array(in->arena, n, sizeof *in->sent_of);
}

static bool read_files(struct difference *d)
{
    struct difference_inside *in = d->inside;
    const struct mapping *m = in->in.mapping;
    struct texts *texts = state_texts(in->in.state);
    if (in->in.staff != NULL && m->has_staff) {
        if (!people_read(&in->people, m, in->in.staff, texts, in->in.explains, in->arena,
                         &d->refusal)) {
            return false;
        }
        d->counts.staff_rows = people_rows(in->people);
    }
    return records_read(&in->records, m, &in->in.extract, in->in.state, in->in.explains, in->arena,
                        &d->refusal);
}

static void list_columns(struct difference *d)
{
    const struct columns *of[] = {&d->inside->records.columns,
                                  d->inside->people == NULL ? NULL
                                                            : people_columns(d->inside->people)};
    size_t n = of[0]->n + (of[1] == NULL ? 0 : of[1]->n);
    struct difference_column *column = arena_array(d->inside->arena, n + 1, sizeof *column);
    d->columns = column;
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; of[i] != NULL && k < of[i]->n; k++) {
            column[d->n_columns++] = of[i]->watch[k].seen;
        }
    }
}

static void list_rejected(struct difference *d)
{
    struct rejects *r = &d->inside->records.rejects;
    rejects_sort(r);
    d->rejected = r->row;
    d->n_rejected = r->n;
    d->counts.rejected = (int64_t)r->n;
    if (d->inside->people != NULL) {
        struct rejects *staff = people_rejects(d->inside->people);
        rejects_sort(staff);
        d->staff_rejected = staff->row;
        d->n_staff_rejected = staff->n;
        d->counts.staff_rejected = (int64_t)staff->n;
    }
}

void difference_make(const struct difference_inputs *inputs, struct difference *d)
{
    begin(d, inputs);
    struct difference_inside *in = d->inside;
    state_hide_begun(inputs->state, in->events.version);
    bool good = read_files(d);
    d->counts.rows = in->records.rows;
    if (inputs->explains) {
        list_columns(d);
    }
    if (!good) {
        d->end = DIFFERENCE_REFUSED;
        list_rejected(d);
        return;
    }
    in->content =
        (struct content_base){.records = &in->records, .people = in->people, .today = in->today};
    matching_make(&in->records, in->today);
    difference_find_steps(d);
    difference_find_leavers(d);
    d->counts.passed_over = in->records.passed_over;
    list_rejected(d);
    difference_find_holds(d);
    d->n_changes = in->loud.n + in->quiet.n;
    d->n_leaver_changes = in->n_leavers;
    d->n_events = in->loud.n + in->n_left + inputs->mapping->organisations.n;
}

void difference_free(struct difference *d)
{
    struct difference_inside *in = d->inside;
    if (in != NULL) {
        state_show_begun(in->in.state, in->events.version);
        records_clear(&in->records);
        people_free(in->people);
        free(in->loud.step);
        free(in->quiet.step);
        free(in->leaver);
        arena_free(in->arena);
        free(in);
    }
    *d = (struct difference){0};
}

/* ---- events ---- */

static void write_step(const struct difference_inside *in, const struct step *step,
                       struct buf *value, struct difference_event *out)
{
    if (step->what == STEP_CANCEL) {
        struct state_row row = state_row_of(in->in.state, state_kept_at(in->in.state, step->state));
        events_cancelled(&in->events, &row, value, out);
    } else {
        struct content c = difference_content(in, step);
        events_absence(&in->events, &c, (enum difference_kind)step->kind, value, out);
    }
}

static void write_left(const struct difference_inside *in, const struct leaver_step *step,
                       struct buf *value, struct difference_event *out)
{
    struct person p = people_at(in->people, step->person);
    const struct texts *texts = state_texts(in->in.state);
    const char *organisation = p.organisation == TEXTS_NONE ? in->in.mapping->organisation.value
                                                            : texts_at(texts, p.organisation);
    events_left(&in->events, organisation, texts_at(texts, p.person_id), step->on, value, out);
}

void difference_event(const struct difference *d, size_t i, struct buf *value,
                      struct difference_event *out)
{
    const struct difference_inside *in = d->inside;
    if (i < in->loud.n) {
        write_step(in, &in->loud.step[i], value, out);
        return;
    }
    i -= in->loud.n;
    if (i < in->n_left) {
        write_left(in, &in->leaver[i], value, out);
        return;
    }
    i -= in->n_left;
    size_t unknown = in->in.mapping->organisations.n;
    events_heartbeat(&in->events, in->in.mapping->organisations.item[i], in->records_of[i],
                     in->sent_of[i], in->records.rejected_of[i] + in->records.rejected_of[unknown],
                     value, out);
}

void difference_cancellation(const char *source, const struct state_row *row, struct instant as_of,
                             struct buf *value, struct difference_event *out)
{
    const struct events_base base = {.source = source, .as_of = as_of, .version = as_of.us / 1000};
    events_cancelled(&base, row, value, out);
}

/* ---- changes ---- */

static void change_published(const struct difference_inside *in, const struct step *step,
                             struct state_row *row)
{
    struct content c = difference_content(in, step);
    struct buf scratch = {0};
    *row = (struct state_row){.organisation = content_text(&c, c.organisation),
                              .absence_id = content_text(&c, c.absence_id),
                              .person_id = content_text(&c, c.person_id),
                              .assignment_id =
                                  texts_or_null(state_texts(in->in.state), c.assignment_id),
                              .version = in->events.version,
                              .onset = c.onset,
                              .last_day = c.last_day,
                              .missing_since = DATE_NONE,
                              .open_ended = c.open_ended,
                              .ended = content_is_over(&c)};
    row->derived = c.record != NULL ? (c.record->flags & RECORD_DERIVED) != 0
                                    : state_kept_at(in->in.state, step->state)->derived;
    content_digest(&c, in->in.key, &scratch, row->digest);
    buf_clear(&scratch);
}

static void change_missing(const struct difference_inside *in, struct state_row *row)
{
    row->missing_since = row->missing == 0 ? in->today : row->missing_since;
    row->missing++;
}

void difference_change(const struct difference *d, size_t i, struct difference_change *out)
{
    const struct difference_inside *in = d->inside;
    const struct step *step = i < in->loud.n ? &in->loud.step[i] : &in->quiet.step[i - in->loud.n];
    *out = (struct difference_change){.removed = step->what == STEP_REMOVE};
    if (step->what == STEP_PUBLISH) {
        change_published(in, step, &out->row);
        return;
    }
    struct state_row *row = &out->row;
    *row = state_row_of(in->in.state, state_kept_at(in->in.state, step->state));
    if (step->what == STEP_CLOSE) {
        struct state_row before = *row;
        change_published(in, step, row);
        row->missing = before.missing;
        row->missing_since = before.missing_since;
    }
    if (step->what == STEP_CLOSE || step->what == STEP_MISSING || step->what == STEP_SETTLE) {
        change_missing(in, row);
    }
    row->settled = step->what == STEP_CLOSE || step->what == STEP_SETTLE ||
                   (row->settled && step->what != STEP_SEEN);
    if (step->what == STEP_SEEN) {
        row->missing = 0;
        row->missing_since = DATE_NONE;
    }
    if (step->what == STEP_CANCEL) {
        row->cancelled = true;
        row->version = in->events.version;
    }
    row->begun = false;
    bool published = step->what == STEP_CLOSE || step->what == STEP_CANCEL;
    if (in->doubt && !published) {
        memset(row->digest, 0, sizeof row->digest);
    }
}

bool difference_begun(const struct difference *d, size_t i, struct state_row *out)
{
    const struct difference_inside *in = d->inside;
    if (i >= in->loud.n || in->loud.step[i].kind != DIFFERENCE_OPENED) {
        return false;
    }
    change_published(in, &in->loud.step[i], out);
    memset(out->digest, 0, sizeof out->digest);
    out->begun = true;
    return true;
}

void difference_leaver_change(const struct difference *d, size_t i,
                              struct difference_leaver_change *out)
{
    const struct leaver_step *step = &d->inside->leaver[i];
    *out = (struct difference_leaver_change){.removed = date_is_none(step->on),
                                             .leaver = {.on = step->on}};
    memcpy(out->leaver.person, step->mac, STATE_MAC);
}

bool difference_begun_leaver(const struct difference *d, size_t i, struct state_leaver *out)
{
    const struct difference_inside *in = d->inside;
    const struct leaver_step *step = &in->leaver[i];
    const struct state_leaver *sent = state_find_leaver(in->in.state, step->mac);
    if (step->person == PEOPLE_NONE || (sent == NULL && date_is_none(step->on))) {
        return false;
    }
    *out = (struct state_leaver){.on = date_is_none(step->on) ? sent->on : step->on, .begun = true};
    memcpy(out->person, step->mac, STATE_MAC);
    return true;
}

void difference_apply(const struct difference *d, struct state *s)
{
    for (size_t i = 0; i < d->n_changes; i++) {
        struct difference_change c;
        difference_change(d, i, &c);
        if (c.removed) {
            state_remove(s, c.row.organisation, c.row.absence_id);
        } else {
            state_put(s, &c.row);
        }
    }
    for (size_t i = 0; i < d->n_leaver_changes; i++) {
        struct difference_leaver_change c;
        difference_leaver_change(d, i, &c);
        if (c.removed) {
            state_remove_leaver(s, c.leaver.person);
        } else {
            state_put_leaver(s, &c.leaver);
        }
    }
}
