/* Programs read the names in the JSON, so these stay as they are: `told` counts emitted events. Ids
 * of people are printed for whoever runs the purge, and cleaned before they reach a terminal. */
#include "services/cli/retention/purge_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/json/json.h"
#include "services/cli/view.h"

void purge_report_counts(struct buf *out, const struct removal_counts *c)
{
    buf_printf(out,
               "\"unmatched_periods\":%zu,\"matched_periods\":%zu,\"cancelled_records\":%zu,"
               "\"records\":%zu,\"contact_details\":%zu,\"spells\":%zu,\"entries\":%zu,"
               "\"told\":%zu,\"people\":%zu",
               c->unmatched, c->matched, c->cancelled, c->records, c->details, c->spells,
               c->entries, c->emissions, c->persons);
}

void purge_report_json(const struct purge_report *p)
{
    struct buf out = {0};
    buf_printf(&out, "{\"dry_run\":%s,", p->dry_run ? "true" : "false");
    purge_report_counts(&out, &p->counts);
    buf_printf(&out,
               ",\"people_busy\":%zu,\"people_erased\":%zu,\"dead_letters\":%" PRId64
               ",\"dead_letters_not_yet_published\":%" PRId64 ",\"audit_entries\":%" PRId64
               ",\"digests\":%" PRId64 ",\"left_open\":[",
               p->busy, p->erased, p->dead_letters, p->dead_letters_waiting, p->audit_entries,
               p->digests);
    for (const struct forgotten *f = p->first; f != NULL; f = f->next) {
        char onset[DATE_TEXT], changed[INSTANT_TEXT];
        buf_puts(&out, f == p->first ? "\n{\"organisation\":" : ",\n{\"organisation\":");
        json_put_string(&out, f->organisation);
        buf_puts(&out, ",\"person_id\":");
        json_put_string(&out, f->person_id);
        buf_puts(&out, ",\"source\":");
        json_put_string(&out, f->source);
        buf_puts(&out, ",\"absence_id\":");
        json_put_string(&out, f->absence_id);
        buf_printf(&out, ",\"onset_date\":\"%s\",\"changed_at\":\"%s\"}",
                   date_format(f->onset, onset), instant_format(f->changed_at, changed));
    }
    buf_puts(&out, p->first == NULL ? "]}" : "\n]}");
    puts(out.data);
    buf_clear(&out);
}

static void print_forgotten(const struct purge_report *p)
{
    printf("\nLeft open by HR and untouched for %d days, for somebody to look at; nothing of them "
           "goes:\n",
           POLICY_FORGOTTEN_DAYS);
    struct buf line = {0};
    for (const struct forgotten *f = p->first; f != NULL; f = f->next) {
        char onset[DATE_TEXT], changed[INSTANT_TEXT];
        buf_reset(&line);
        view_clean(&line, f->organisation);
        buf_putc(&line, ' ');
        view_clean(&line, f->person_id);
        buf_printf(&line, " since %s, record ", date_format(f->onset, onset));
        view_clean(&line, f->absence_id);
        buf_puts(&line, " of ");
        view_clean(&line, f->source);
        buf_printf(&line, ", last changed %.10s", instant_format(f->changed_at, changed));
        printf("  %s\n", line.data);
    }
    buf_clear(&line);
}

void purge_report_text(const struct purge_report *p)
{
    const struct removal_counts *c = &p->counts;
    const struct retention *keep = &p->keep;
    printf("%s\n", p->dry_run ? "Would be deleted:" : "Deleted:");
    printf("%8zu absences without a case (%d days after the last day)\n", c->unmatched,
           keep->unmatched_days);
    printf("%8zu absences with a case (%d days after the last day): %zu spells, %zu entries\n",
           c->matched, keep->matched_days, c->spells, c->entries);
    printf("%8zu cancelled records\n", c->cancelled);
    printf("%8zu records in all, and %zu emitted events\n", c->records, c->emissions);
    printf("%8zu contact details of records that stay (%d days after the last day)\n", c->details,
           keep->contact_details_days);
    printf("%8zu people of whom nothing is left\n", c->persons);
    printf("%8" PRId64 " dead letters (%d days)", p->dead_letters, keep->dead_letter_days);
    if (p->dead_letters_waiting > 0) {
        printf("; %" PRId64 " older ones are not yet published and stay", p->dead_letters_waiting);
    }
    printf("\n%8" PRId64 " audit entries (%d days)\n", p->audit_entries, keep->audit_days);
    printf("%8" PRId64 " digests of records that are gone for HR (%d days)\n", p->digests,
           keep->matched_days);
    if (p->erased > 0) {
        printf("%8zu people whose erasure had been asked for\n", p->erased);
    }
    if (p->busy > 0) {
        printf("%8zu people were being worked on and are left for the next run\n", p->busy);
    }
    if (p->first != NULL) {
        print_forgotten(p);
    }
}
