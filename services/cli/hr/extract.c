/* A file may hold several versions of a record: the one that apply.c would leave counts. Both lists
 * are sorted by identity, so that the caller can walk them side by side. Values of both sides are
 * brought to one form before they are compared. */
#include "services/cli/hr/extract.h"

#include <stdlib.h>
#include <string.h>

#include "common/casework/rules/settings.h"

int extract_compare(const struct extract_record *a, const struct extract_record *b)
{
    int by = strcmp(a->organisation, b->organisation);
    by = by != 0 ? by : strcmp(a->source, b->source);
    return by != 0 ? by : strcmp(a->absence_id, b->absence_id);
}

/* Sorts a record's versions newest first, and cancelled first among equal ones. */
static int by_identity_and_version(const void *x, const void *y)
{
    const struct extract_record *a = x;
    const struct extract_record *b = y;
    int by = extract_compare(a, b);
    if (by == 0 && a->version != b->version) {
        return a->version > b->version ? -1 : 1;
    }
    return by != 0 ? by : (int)b->cancelled - (int)a->cancelled;
}

static void sort(struct extract *e)
{
    size_t kept = 0;
    if (e->n > 0) {
        qsort(e->item, e->n, sizeof *e->item, by_identity_and_version);
    }
    for (size_t i = 0; i < e->n; i++) {
        if (kept == 0 || extract_compare(&e->item[kept - 1], &e->item[i]) != 0) {
            e->item[kept++] = e->item[i];
        }
    }
    e->n = kept;
}

static struct extract_record record_of(const struct inbound *in, size_t message, struct arena *a)
{
    const struct absence_event *ev = &in->absence;
    char code[REASON_TEXT];
    const char *plain =
        ev->scheme == SCHEME_NONE ? NULL : reason_normalise(ev->scheme, ev->code, code);
    return (struct extract_record){.organisation = in->organisation,
                                   .source = in->source,
                                   .absence_id = ev->absence_id,
                                   .person_id = ev->person_id,
                                   .assignment_id = ev->assignment_id,
                                   .code = plain == NULL ? NULL : arena_strdup(a, plain),
                                   .fte = ev->fte,
                                   .version = ev->version,
                                   .onset = ev->onset,
                                   .last_day = ev->last_day,
                                   .expected_return = ev->expected_return,
                                   .fit_note_from = ev->fit_note_from,
                                   .fit_note_to = ev->fit_note_to,
                                   .phased_return_from = ev->phased_return_from,
                                   .open_ended = ev->open_ended,
                                   .cancelled = ev->cancelled,
                                   .has_code = ev->scheme != SCHEME_NONE,
                                   .first_notice = INSTANT_NONE,
                                   .changed = INSTANT_NONE,
                                   .message = message};
}

void extract_of_event_file(struct extract *out, const struct event_file *f,
                           const struct inbound_limits *limits, struct arena *a)
{
    *out = (struct extract){.item = arena_array(a, f->n, sizeof *out->item)};
    for (size_t i = 0; i < f->n; i++) {
        const struct event_file_message *m = &f->messages[i];
        struct raw_record raw = event_file_record(f, m);
        struct inbound in;
        inbound_decode(&raw, limits, a, &in);
        if (in.verdict == VERDICT_ABSENCE) {
            out->item[out->n++] = record_of(&in, i, a);
        } else if (in.verdict == VERDICT_NOT_SICKNESS) {
            out->item[out->n++] = (struct extract_record){.organisation = in.organisation,
                                                          .source = in.source,
                                                          .absence_id = in.absence.absence_id,
                                                          .version = in.absence.version,
                                                          .not_sickness = true,
                                                          .first_notice = INSTANT_NONE,
                                                          .changed = INSTANT_NONE,
                                                          .message = i};
        } else {
            out->other++;
        }
    }
    sort(out);
}

/* ---- what is stored ---- */

static const struct pg_stmt read_stored = {
    "extract_stored",
    "select a.organisation, a.source, a.absence_id, a.person_id, a.assignment_id, a.code,"
    " trim_scale(a.fte)::text, a.version, a.onset_date, a.last_day, a.expected_return,"
    " a.fit_note_from, a.fit_note_to, a.phased_return_from, a.open_ended, a.cancelled, a.match,"
    " a.first_notice_at, a.changed_at"
    " from fact.absence a"
    " join unnest($1::text[], $2::text[]) k (organisation, source)"
    " on a.organisation = k.organisation and a.source = k.source",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static const char *text_of(const struct pg_result *r, size_t row, int col, struct arena *a)
{
    return pg_is_null(r, row, col) ? NULL : arena_strdup(a, pg_text(r, row, col));
}

static struct extract_record record_of_row(const struct pg_result *r, size_t row, struct arena *a)
{
    enum { NOT_GIVEN, KEPT };
    int64_t match = pg_i64(r, row, 16);
    return (struct extract_record){.organisation = text_of(r, row, 0, a),
                                   .source = text_of(r, row, 1, a),
                                   .absence_id = text_of(r, row, 2, a),
                                   .person_id = text_of(r, row, 3, a),
                                   .assignment_id = text_of(r, row, 4, a),
                                   .code = text_of(r, row, 5, a),
                                   .fte = text_of(r, row, 6, a),
                                   .version = pg_i64(r, row, 7),
                                   .onset = pg_date(r, row, 8),
                                   .last_day = pg_date(r, row, 9),
                                   .expected_return = pg_date(r, row, 10),
                                   .fit_note_from = pg_date(r, row, 11),
                                   .fit_note_to = pg_date(r, row, 12),
                                   .phased_return_from = pg_date(r, row, 13),
                                   .open_ended = pg_bool(r, row, 14),
                                   .cancelled = pg_bool(r, row, 15),
                                   .has_code = match != NOT_GIVEN,
                                   .code_is_kept = match == NOT_GIVEN || match == KEPT,
                                   .first_notice = pg_instant(r, row, 17),
                                   .changed = pg_instant(r, row, 18)};
}

/* Sorted as they are, the same organisation and source stand together. */
static bool begins_group(const struct extract *e, size_t i)
{
    return i == 0 || strcmp(e->item[i - 1].organisation, e->item[i].organisation) != 0 ||
           strcmp(e->item[i - 1].source, e->item[i].source) != 0;
}

static void put_groups(struct pg_args *args, const struct extract *e)
{
    for (int what = 0; what < 2; what++) {
        pg_array_begin(args, PG_TEXT);
        for (size_t i = 0; i < e->n; i++) {
            if (begins_group(e, i)) {
                pg_array_text(args, what == 0 ? e->item[i].organisation : e->item[i].source);
            }
        }
        pg_array_end(args);
    }
}

enum status extract_stored(struct extract *out, struct cli *cli, const struct extract *there,
                           struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    put_groups(&args, there);
    enum status s = cli_query(cli, &read_stored, &args, &r, err);
    pg_args_clear(&args);
    if (s != STATUS_OK) {
        return s;
    }
    *out = (struct extract){.n = pg_rows(r)};
    out->item = arena_array(cli->arena, out->n, sizeof *out->item);
    for (size_t i = 0; i < out->n; i++) {
        out->item[i] = record_of_row(r, i, cli->arena);
    }
    sort(out);
    return STATUS_OK;
}

/* ---- differences ---- */

static void note(struct buf *out, bool differs, const char *name)
{
    if (differs) {
        buf_puts(out, out->len == 0 ? "" : ", ");
        buf_puts(out, name);
    }
}

static bool texts_differ(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

/* No fte is a full one. */
static bool fte_differs(const char *a, const char *b)
{
    return texts_differ(a == NULL ? "1" : a, b == NULL ? "1" : b);
}

void extract_differences(const struct extract_record *there, const struct extract_record *here,
                         struct buf *out)
{
    buf_puts(out, "");
    note(out, there->cancelled != here->cancelled, "cancelled");
    note(out, texts_differ(there->person_id, here->person_id), "person_id");
    note(out, texts_differ(there->assignment_id, here->assignment_id), "assignment_id");
    note(out, !date_eq(there->onset, here->onset), "onset_date");
    note(out, !date_eq(there->last_day, here->last_day), "last_day");
    note(out, there->open_ended != here->open_ended, "open_ended");
    note(out, !date_eq(there->expected_return, here->expected_return), "expected_return");
    note(out, fte_differs(there->fte, here->fte), "fte");
    note(out, !date_eq(there->fit_note_from, here->fit_note_from), "fit_note.from");
    note(out, !date_eq(there->fit_note_to, here->fit_note_to), "fit_note.to");
    note(out, !date_eq(there->phased_return_from, here->phased_return_from), "phased_return_from");
    bool live = !there->cancelled && !here->cancelled; /* a cancelled one keeps no reason */
    note(out, live && here->code_is_kept && texts_differ(there->code, here->code), "reason");
}
