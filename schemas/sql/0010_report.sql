-- serves: 10
-- Schema report: the rows of reports. doc/reports.md and `dayfour report --define` say what each figure means.

-- How many dead letters were purged: reports count them after the letters are deleted.
create table report.letters_purged (
    organisation text collate "C" not null,   -- '': the organisation could not be read
    month        date not null,
    letters      int not null,
    primary key (organisation, month)
);
grant select on report.letters_purged to dayfour_report_owner;
grant select, insert, update (letters) on report.letters_purged to dayfour_retention;

-- A row of report.measures().
create type report.measure as (
    organisation text, pathway text, month text, spells int,
    in_target int, in_target_raw_percent numeric, in_target_raw_at_least numeric,
    achievable int, in_target_achievable_percent numeric, in_target_achievable_at_least numeric,
    missed int, late_report int, reason_late int, opted_out int, left_employment int, no_contact_due int,
    attempted_in_target int, attempted_percent numeric,
    days_to_contact_median int, days_to_contact_p90 int, notice_to_contact_median int, notice_to_contact_p90 int,
    report_lag_median int, report_lag_p90 int,
    fte_days_lost numeric, duration_median int,
    closed int, long_term int, long_term_percent numeric, relapsed int, relapse_percent numeric,
    fast_track_treatment int, self_management_advice int, onward_referral int, no_action_needed int, declined int
);

-- A row of report.quality().
create type report.quality_row as (
    organisation text, month text, records int, without_reason int, without_reason_percent numeric,
    asked_for_reason int, reason_by_day_4 int, reason_by_day_4_percent numeric,
    backdated int, backdated_percent numeric, dead_letters int
);

-- A row of report.arrivals(): how many absences had no reason on days 1, 2 and 4 from onset.
create type report.arrival as (
    organisation text, month text,
    without_reason_day_1_percent numeric, without_reason_day_2_percent numeric, without_reason_day_4_percent numeric,
    recording_lag_median int, recording_lag_p90 int, reason_lag_median int, reason_lag_p90 int
);

-- A row of report.unreached().
create type report.unreached_row as (organisation text, pathway text, month text, unable_to_contact int);

-- A row of report.places(). dimension: site or staff_group; value null: not given.
create type report.place as (
    organisation text, month text, dimension text, value text, spells int, in_target_percent numeric
);

revoke all on type report.measure, report.quality_row from public;
grant usage on type report.measure, report.quality_row to dayfour_reporter;
grant create on schema report to dayfour_report_owner;
alter type report.measure owner to dayfour_report_owner;
alter type report.quality_row owner to dayfour_report_owner;
revoke create on schema report from dayfour_report_owner;
