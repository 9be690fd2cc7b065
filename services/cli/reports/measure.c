#include "services/cli/reports/measure.h"

#define OUTCOME(name)                                                                              \
    {                                                                                              \
#name,                                                                                     \
            "of the spells that were due a contact, those whose latest attempt or contact came "   \
            "to this"                                                                              \
    }

const struct measure measure_spells[] = {
    {"spells", "spells of the pathway that began in the month: not those cancelled, moved, merged "
               "or no longer of the pathway, and none that began before the organisation's "
               "live_from"},
    {"in_target", "first successful contact on or before the due date, by the local date"},
    {"in_target_raw_percent", "in_target of all spells"},
    {"in_target_raw_at_least", "the same, or what it is at least where it is held back"},
    {"achievable", "in_target and missed: all spells but those of the five kinds below"},
    {"in_target_achievable_percent", "in_target of achievable"},
    {"in_target_achievable_at_least", "the same, or what it is at least where it is held back"},
    {"missed", "contacted late or never, and of none of the five kinds below"},
    {"late_report", "not contacted in target: HR told of it after the due date"},
    {"reason_late", "not contacted in target: HR told of it in time, but the reason was corrected "
                    "after the due date (the task was first told of after it)"},
    {"opted_out", "not contacted in target: the person opted out"},
    {"left_employment", "not contacted at all: the person left or died"},
    {"no_contact_due", "not contacted in target: returned before the due date, or the due date is "
                       "not past"},
    {"attempted_in_target", "first attempt, successful or not, on or before the due date"},
    {"attempted_percent", "attempted_in_target of all spells"},
    {"days_to_contact_median", "calendar days from the onset to the first contact: at least half "
                               "of those contacted within this"},
    {"days_to_contact_p90", "the same, at least nine in ten"},
    {"notice_to_contact_median", "calendar days from HR's first notice to the first contact: at "
                                 "least half within this"},
    {"notice_to_contact_p90", "the same, at least nine in ten"},
    {"report_lag_median", "calendar days from the onset to HR's first notice, 0 if that came "
                          "before: at least half within this"},
    {"report_lag_p90", "the same, at least nine in ten"},
    {"fte_days_lost",
     "calendar days off in the month, both ends included, times the part of a full "
     "post of each assignment, in whole days: of all spells of the pathway, whenever they began; "
     "who died counts to that day"},
    {"duration_median", "days off by Kaplan-Meier: the first day by which at most half are still "
                        "off; who is still off, left or died counts as off for as long as known"},
    {"closed", "spells with a last day that is past"},
    {"long_term", "spells off on the day that the settings call long-term (day 28, the onset being "
                  "day 1)"},
    {"long_term_percent", "long_term of all spells"},
    {"relapsed", "closed spells after which another of the same person and pathway began within "
                 "link_days (56)"},
    {"relapse_percent", "relapsed of closed"},
    OUTCOME(fast_track_treatment),
    OUTCOME(self_management_advice),
    OUTCOME(onward_referral),
    OUTCOME(no_action_needed),
    OUTCOME(declined),
};
const size_t measure_spells_n = sizeof measure_spells / sizeof measure_spells[0];

const struct measure measure_records[] = {
    {"records", "absence records that began in the month, of every reason; not those cancelled"},
    {"without_reason", "records without a reason, or with one that says it is not known"},
    {"without_reason_percent", "without_reason of records"},
    {"asked_for_reason", "absences still without a reason at 09:00 on the second day after the "
                         "onset, so that reason.missing was told"},
    {"reason_by_day_4", "of those, given a reason by the fourth day after the onset"},
    {"reason_by_day_4_percent", "reason_by_day_4 of asked_for_reason"},
    {"backdated", "records whose onset was moved to before what HR first said"},
    {"backdated_percent", "backdated of records"},
    {"dead_letters", "messages received in the month that could not be taken"},
};
const size_t measure_records_n = sizeof measure_records / sizeof measure_records[0];

const struct measure measure_arrivals[] = {
    {"without_reason_day_1_percent",
     "of the absences still off one day after the onset, those for which HR had given no reason by "
     "the end of that day, or one that says nothing"},
    {"without_reason_day_2_percent", "the same two days after the onset"},
    {"without_reason_day_4_percent", "the same four days after the onset"},
    {"recording_lag_median",
     "calendar days from the onset until HR's system recorded the absence, by its word or else by "
     "the first notice: at least half within this; of absences that match or may yet match"},
    {"recording_lag_p90", "the same, at least nine in ten"},
    {"reason_lag_median", "calendar days from the onset until HR gave a reason: at least half of "
                          "those with a reason within this"},
    {"reason_lag_p90", "the same, at least nine in ten"},
};
const size_t measure_arrivals_n = sizeof measure_arrivals / sizeof measure_arrivals[0];

const struct measure measure_places[] = {
    {"dimension", "site or staff_group: spells of all pathways, by what HR sent with the absence"},
    {"value", "the site or staff group; none: HR sent none"},
    {"spells", "spells that began in the month there"},
    {"in_target_percent", "of those, first successful contact on or before the due date"},
};
const size_t measure_places_n = sizeof measure_places / sizeof measure_places[0];

const struct measure measure_unreached[] = {
    {"unable_to_contact",
     "cases closed because nobody could be reached, and without a contact since"},
};
const size_t measure_unreached_n = sizeof measure_unreached / sizeof measure_unreached[0];

static void define(const struct measure *m, size_t n, FILE *to)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "  %-30s %s.\n", m[i].name, m[i].definition);
    }
}

void measure_define(FILE *to)
{
    fputs("By organisation, pathway and month of the onset:\n", to);
    define(measure_spells, measure_spells_n, to);
    fputs("\nOf what HR sends, by organisation and month of the onset:\n", to);
    define(measure_records, measure_records_n, to);
    fputs("\nHow late that arrives, by organisation and month of the onset:\n", to);
    define(measure_arrivals, measure_arrivals_n, to);
    fputs("\nBy organisation, month of the onset, and site or staff group:\n", to);
    define(measure_places, measure_places_n, to);
    fputs("\nThe unreachable end, by organisation, pathway and month of the onset:\n", to);
    define(measure_unreached, measure_unreached_n, to);
    fputs(
        "\n"
        "Days are calendar days. Percentages are rounded to one decimal, half up; those with\n"
        "at_least are cut. Where several of the five kinds fit a spell, the first one counts.\n"
        "A month is shown when it is over, as it stands on the day of asking.\n"
        "Numbers under 5 are suppressed. So is any number that would reveal fewer than 5 people\n"
        "by subtraction, whether they are in it or not. A month with fewer than 5 looks like one\n"
        "with none. There are no totals over months, pathways or organisations to subtract from.\n"
        "A number of days is shown where at least five lie on either side of it.\n"
        "The database does this: nobody can ask it for more.\n",
        to);
}
