-- Counting absence records for the report on HR's data. month: since December 1899, as in report.months().

grant create on schema report to dayfour_report_owner;
set local role dayfour_report_owner;

-- Absence records of [in_since, in_until) that have begun, by the state of their reason.
create or replace function report.record_bars(in_since date, in_until date, in_today date,
                                              in_organisation text default null)
returns table (organisation text, month int, match smallint, scheme smallint, code text, backdated boolean, n bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '64MB' set jit = off set enable_nestloop = off set enable_mergejoin = off set enable_sort = off as $$
#variable_conflict use_column
begin
return query
select a.organisation, (select report.months(in_since, in_until))[a.onset_date - in_since + 1], a.match, a.scheme,
       a.code, a.onset_date < a.first_onset_date, count(*)
from fact.absence a
join report.organisations() r on r.organisation = a.organisation
where not a.cancelled and a.onset_date >= in_since and a.onset_date < in_until and a.onset_date <= in_today
  and (r.live_from is null or a.onset_date >= r.live_from)
  and (in_organisation is null or a.organisation = in_organisation)
group by 1, 2, 3, 4, 5, 6;
end $$;

-- A cell for the records that began in a month. atoms:
--
--   1 without a reason   2 with an onset that moved back   3 without a reason on the second day   4 those of 3 with one
--   by day 4.
create or replace function report.record_cells(in_from date, in_to date, in_organisation text default null)
returns table (organisation text, starts date, records int, atoms int[])
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '64MB' set jit = off set enable_nestloop = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
return query
with clock as materialized (
    select s.* from report.span(in_from, in_to) s
), g as materialized (
    select b.organisation, b.month, b.match, b.scheme, b.code, b.backdated, b.n
    from clock c, report.record_bars(c.since, c.until, c.today, in_organisation) b
), watched as materialized (
    select k.scheme, k.code
    from (select distinct g.scheme, g.code from g where g.match = 1) k
    where report.is_watched(k.scheme, k.code)
), asked as (
    select q.organisation, (date_part('year', q.onset) * 12 + date_part('month', q.onset))::int - 22800 as month,
           count(*) as n,
           count(*) filter (where q.answered and (q.withdrawn_at at time zone q.zone)::date <= q.onset + 4) as in_time
    from (select e.organisation, e.occurs_on - 2 as onset, e.withdrawn_at, c.zone,
                 exists (select from fact.absence a
                         where a.organisation = e.organisation and a.person_id = e.person_id and not a.cancelled
                           and a.absence_id in (select jsonb_array_elements_text(e.data::jsonb -> 'absence_ids'))
                           and (a.match in (2, 3) or a.match = 1 and (a.scheme, a.code) not in
                                                                     (select w.scheme, w.code from watched w)))
                     as answered
          from clock c
          cross join followup.emitted e
          where e.kind = 'reason.missing' and e.nth = 1
            and e.occurs_on >= c.since + 2 and e.occurs_on < c.until + 2
            and (in_organisation is null or e.organisation = in_organisation)) q
    join report.organisations() r on r.organisation = q.organisation
    -- A request withdrawn for another cause (cancelled, moved, ended sooner) needed no answer.
    where (q.answered or q.withdrawn_at is null) and (r.live_from is null or q.onset >= r.live_from)
    group by 1, 2
), m as (
    select g.organisation, g.month, sum(g.n) as n,
           coalesce(sum(g.n) filter (where g.match = 0 or w.code is not null), 0) as without,
           coalesce(sum(g.n) filter (where g.backdated), 0) as backdated
    from g left join watched w on g.match = 1 and w.scheme = g.scheme and w.code = g.code
    group by 1, 2
)
select m.organisation, make_date(1900 + (m.month - 1) / 12, (m.month - 1) % 12 + 1, 1), m.n::int,
       array[m.without, m.backdated, coalesce(a.n, 0), coalesce(a.in_time, 0)]::int[]
from m
left join asked a using (organisation, month);
end $$;

-- The spells that report.measures() shows for a month, of all pathways together, for a caller that wants only the
-- quality.
create or replace function report.told(in_from date, in_to date, in_organisation text default null)
returns table (organisation text, starts date, spells int)
language sql stable set search_path = pg_catalog, pg_temp set work_mem = '64MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
select n.organisation, n.starts, sum(n.spells)::int
from (select sp.organisation, sp.pathway, date_trunc('month', sp.onset_date::timestamp)::date as starts,
             count(*)::int as spells
      from report.span(in_from, in_to) s
      join casework.spell sp on sp.onset_date >= s.since and sp.onset_date < s.until
      join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
      where not sp.tombstone and (r.live_from is null or sp.onset_date >= r.live_from)
        and (in_organisation is null or sp.organisation = in_organisation)
      group by 1, 2, 3) n
where n.spells >= 5
group by 1, 2
$$;

-- The rows of the report. in_organisations, in_starts and in_spells, in step: the spells of a month that are shown
-- elsewhere.
create or replace function report.quality_rows(in_from date, in_to date, in_organisation text, in_organisations text[],
                                               in_starts date[], in_spells int[])
returns setof report.quality_row
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off as $$
declare
    r record;
    q report.quality_row;
begin
    for r in
        with cells as materialized (select * from report.record_cells(in_from, in_to, in_organisation)),
             told as materialized (select * from unnest(in_organisations, in_starts, in_spells)
                                                     t(organisation, starts, spells)),
             letters as materialized (select * from report.letters(in_from, in_to))
        select g.organisation, g.label, c.records, coalesce(c.atoms[1], 0) as without,
               coalesce(c.atoms[2], 0) as backdated, coalesce(c.atoms[3], 0) as asked,
               coalesce(c.atoms[4], 0) as in_time, coalesce(t.spells, 0) as spells, l.letters
        from report.grid(in_from, in_to) g
        left join cells c on c.organisation = g.organisation and c.starts = g.starts
        left join told t on t.organisation = g.organisation and t.starts = g.starts
        left join letters l on l.organisation = g.organisation and l.month = g.starts
        where in_organisation is null or g.organisation = in_organisation
        union all
        select null, to_char(l.month, 'YYYY-MM'), null, 0, 0, 0, 0, 0, l.letters
        from letters l where l.organisation = '' and l.letters >= 5 and in_organisation is null
        order by 1, 2
    loop
        q := null;
        -- Records less the spells shown elsewhere are absences for other reasons: these must not be few.
        if r.records >= 5 and r.records - r.spells >= 5 then
            q.records := r.records;
            if report.shows(r.without, r.records) and r.records - r.spells - r.without >= 5 then
                q.without_reason := r.without;
                q.without_reason_percent := report.percent(r.without, r.records);
            end if;
            if report.shows(r.asked, r.records)
               and (q.without_reason is null or r.asked - r.without not between -4 and 4) then
                q.asked_for_reason := r.asked;
                if report.shows(r.in_time, r.asked) then
                    q.reason_by_day_4 := r.in_time;
                    q.reason_by_day_4_percent := report.percent(r.in_time, r.asked);
                end if;
            end if;
            if report.shows(r.backdated, r.records) then
                q.backdated := r.backdated;
                q.backdated_percent := report.percent(r.backdated, r.records);
            end if;
        end if;
        q.organisation := r.organisation;
        q.month := r.label;
        q.dead_letters := case when r.letters >= 5 then r.letters end;
        return next q;
    end loop;
end $$;

reset role;

revoke create on schema report from dayfour_report_owner;
revoke all on all functions in schema report from public;
