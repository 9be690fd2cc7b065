#!/usr/bin/env python3
"""Times `dayfour report` over a year of many spells. `./run bench report [--spells N]`.

The spells are made in the database, as intake and followup leave them: of 40 organisations and two pathways, one in
sixteen of two assignments, one in eight followed by a relapse. Fails where a year takes over --seconds (5).
"""
import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(__file__).resolve().parents[2] / "build" / "bench" / "bin"
DATABASE = "bench_report"

SPELLS = """
    insert into casework.spell (spell_id, organisation, person_id, period_id, pathway, queue, anchor_source,
        anchor_absence_id, absence_ids, record_sources, record_ids, onset_date, last_day, first_notice_at,
        previous_spell, late_report, backdated, review_first, priority, due_date, work_by_date, respond_by, state,
        end_reason, tombstone, attempts, first_attempt_at, contacted_at, last_outcome, red_flag, reason_changed,
        case_closed, elapsed_days, elapsed_working_days, fingerprint)
    select 'S' || lpad(i::text, 11, '0'), 'ORG' || i % 40, 'P-' || i / 2, 'Q' || lpad(i::text, 11, '0'),
           case when i / 40 % 5 < 3 then 'msk' else 'stress' end, 'q', '/hr/esr', 'A-' || i,
           case when i % 16 = 0 then array['A-' || i, 'B-' || i] else array['A-' || i] end,
           case when i % 16 = 0 then '{/hr/esr,/hr/esr}'::text[] else '{/hr/esr}' end,
           case when i % 16 = 0 then array['A-' || i, 'B-' || i] else array['A-' || i] end,
           onset, case when r < 0.97 then onset + off end, onset + lag + time '09:00',
           case when i % 8 = 1 then 'S' || lpad((i - 1)::text, 11, '0') end,
           lag > 4, false, false, 2, onset + 4, onset + 3, null,
           case when kind = 'ended' then 'ended' when r < 0.97 or kind = 'open' then kind else 'contacted' end,
           case when kind = 'ended' then
               (array['returned_before_contact', 'returned_uncontacted', 'opted_out', 'left_employment', 'died'])
               [1 + (i % 37 > 12)::int + (i % 37 > 24)::int + (i % 37 > 30)::int + (i % 37 > 35)::int] end,
           false, (kind <> 'ended')::int, case when kind = 'contacted' then onset + days + time '10:00' end,
           case when kind = 'contacted' then onset + days + time '10:00' end,
           case when kind = 'contacted' then
               (array['fast_track_treatment', 'self_management_advice', 'onward_referral', 'no_action_needed',
                      'declined'])[1 + i % 5] end,
           false, false, false, case when kind = 'contacted' then days end,
           case when kind = 'contacted' then days end, i
    from (select i, date '2025-01-01' + (i * 7919::bigint % 365)::int as onset, r, (1 + 60 * r ^ 3)::int as off,
                 case when i % 23 = 0 then 6 else i % 3 end as lag, i % 7 as days,
                 case when i % 13 < 8 then 'contacted' when i % 13 < 12 then 'ended' else 'open' end as kind
          from (select i, (hashint4(i) & 65535) / 65536.0 as r from generate_series(1, {n}) i) x) s
"""
ABSENCES = """
    insert into fact.absence (organisation, person_id, source, absence_id, version, first_version, first_onset_date,
        assignment_id, onset_date, last_day, open_ended, match, scheme, code, settings_serial, fte, cancelled,
        first_notice_at, changed_at)
    select organisation, person_id, '/hr/esr', record_ids[k], 2, 1, onset_date, record_ids[k], onset_date, last_day,
           false, 1, 1, 'S12', 1,
           case when fingerprint % 9 < 4 then case k when 1 then 0.6 else 0.4 end end, false,
           first_notice_at, first_notice_at
    from casework.spell cross join generate_series(1, 2) k where k <= cardinality(record_ids)
"""
TOLD = """
    insert into followup.emitted (organisation, person_id, subject, kind, occurrence, nth, topic, spell_id, happens_at,
        occurs_on, late, data, emitted_at)
    select organisation, person_id, 's' || spell_id, 'contact-task.created', '1', 1, 'oh.follow-up.events', spell_id,
           first_notice_at, first_notice_at::date, fingerprint % 29 = 0, '{}', first_notice_at
           + case when fingerprint % 29 = 0 then interval '6 days' else interval '1 second' end
    from casework.spell
"""


def sql(dsn, statement):
    done = subprocess.run(["psql", dsn, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit("psql: " + done.stderr.strip())
    return done.stdout.strip()


def dayfour(dsn, *arguments):
    done = subprocess.run([BIN / "dayfour", *arguments], env={**os.environ, "PG_DSN": dsn}, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit("dayfour %s: exit %d\n%s" % (arguments[0], done.returncode, done.stderr))
    return done.stdout


def fill(dsn, spells):
    for statement in (SPELLS, ABSENCES, TOLD):
        sql(dsn, statement.replace("{n}", str(spells)))
    sql(dsn, "insert into intake.feed select 't', 0, 'ORG' || i, now() from generate_series(0, 39) i")
    sql(dsn, "insert into fact.person (organisation, person_id, revision, died_on)"
             " select distinct organisation, person_id, 1, onset_date + 9 from casework.spell"
             " where end_reason = 'died'")
    sql(dsn, "update ops.clock set rehearsal_at = '2026-01-15T12:00Z'")
    sql(dsn, "vacuum analyze")


def timed(dsn, repeat, *arguments):
    seconds = []
    for _ in range(repeat):
        began = time.monotonic()
        told = dayfour(dsn, "report", *arguments)
        seconds.append(time.monotonic() - began)
    print("%-52s %6.2f s  (%.2f-%.2f, n=%d), %d bytes" % (
        "report " + " ".join(arguments), statistics.median(seconds), min(seconds), max(seconds), repeat, len(told)),
        flush=True)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--spells", type=int, default=1000000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    args = parser.parse_args()
    outer = os.environ["PG_DSN"]
    sql(outer, "drop database if exists " + DATABASE)
    sql(outer, "create database " + DATABASE)
    dsn = outer + " dbname=" + DATABASE
    try:
        dayfour(dsn, "migrate")
        fill(dsn, args.spells)
        print("data: %s spells, %s records, %s events, 40 organisations, 2 pathways, a year" % tuple(
            sql(dsn, "select count(*) from " + t) for t in ("casework.spell", "fact.absence", "followup.emitted")))
        year = ("--from", "2025-01", "--to", "2025-12")
        whole = timed(dsn, args.repeat, "--json", *year)
        timed(dsn, args.repeat, "--json", *year, "--organisation", "ORG7", "--pathway", "msk")
        timed(dsn, args.repeat, "--json", "--from", "2025-06", "--to", "2025-06")
    finally:
        sql(outer, "drop database if exists " + DATABASE)
    if whole > args.seconds:
        sys.exit("a year's report took %.2f s, over %.2f" % (whole, args.seconds))
    print("cases: 1 passed, 0 failed, 0 skipped")


main()
