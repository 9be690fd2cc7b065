-- Counting spells for reports. Each spell is read once for each of three counts, and joined by whole numbers.

grant create on schema report to dayfour_report_owner;
set local role dayfour_report_owner;

-- FTE days lost in each month of [in_since, in_until), whenever the spell began. A day of one assignment counts once,
-- even if several records have it. Records without an assignment count as one assignment.
create or replace function report.fte_days(in_since date, in_until date, in_today date,
                                           in_organisation text default null, in_pathway text default null)
returns table (key int, fte_days numeric)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '128MB' set jit = off set enable_nestloop = off set enable_mergejoin = off set enable_sort = off as $$
#variable_conflict use_column
declare
    months constant int[] := report.months(in_since, in_until);
begin
return query
with off as not materialized (
    select case when r.live_from is null or sp.onset_date >= r.live_from then r.base end as base, sp.organisation,
           sp.spell_id, sp.onset_date, sp.record_sources, sp.record_ids,
           coalesce(sp.last_day,
                    case when sp.end_reason = 'died' then report.died_on(sp.organisation, sp.person_id, in_today) end,
                    in_today) as until
    from casework.spell sp
    left join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
    where not sp.tombstone and sp.onset_date < in_until and (sp.last_day is null or sp.last_day >= in_since)
      and (in_organisation is null or sp.organisation = in_organisation)
      and (in_pathway is null or sp.pathway = in_pathway)
), several as materialized (
    -- Spells with several records; day_by_day: an assignment has several records on one day.
    select v.base, v.spell_id, v.assignment, v.fte, v.onset, v.until,
           bool_or(v.overlaps) over (partition by v.spell_id, v.assignment) as day_by_day
    from (select o.*, max(o.until) over (partition by o.spell_id, o.assignment order by o.onset
                                         rows between unbounded preceding and 1 preceding) >= o.onset as overlaps
          from (select d.base, d.spell_id, coalesce(a.assignment_id, '') as assignment, coalesce(a.fte, 1) as fte,
                       a.onset_date as onset, least(case when not a.open_ended then a.last_day end, d.until) as until
                from (select o.*, unnest(o.record_sources) as source, unnest(o.record_ids) as absence_id
                      from off o where cardinality(o.record_ids) > 1) d
                join fact.absence a on a.organisation = d.organisation and a.absence_id = d.absence_id
                                   and a.source = d.source
                where in_organisation is null or a.organisation = in_organisation) o) v
), other as (
    select s.base, s.fte, s.onset, s.until from several s where s.day_by_day is not true
    union all
    select s.base, max(s.fte), s.onset + day, s.onset + day
    from several s
    cross join generate_series(0, s.until - s.onset) day
    where s.day_by_day
    group by s.base, s.spell_id, s.assignment, s.onset + day
), lost as (
    -- Grouped by first and last month and by the share of a post (null: 1, which most have). The count and the sums of
    -- the first and of the last days give the days of each month.
    select x.base, x.fte, x.first_last, count(*) as n, sum(x.onset) as onsets, sum(x.until) as untils
    from (select o.base, a.fte, greatest(o.onset_date, in_since) - in_since as onset,
                 least(o.until, in_until - 1) - in_since as until,
                 months[greatest(o.onset_date, in_since) - in_since + 1] * 8192
                 + months[least(o.until, in_until - 1) - in_since + 1] as first_last
          from off o
          left join fact.absence a on a.organisation = o.organisation and a.absence_id = o.record_ids[1]
                                  and a.source = o.record_sources[1] and a.fte <> 1
                                  and (in_organisation is null or a.organisation = in_organisation)
          where cardinality(o.record_ids) = 1) x
    group by 1, 2, 3
    union all
    select x.base, x.fte, x.first_last, count(*), sum(x.onset), sum(x.until)
    from (select p.base, nullif(p.fte, 1) as fte, greatest(p.onset, in_since) - in_since as onset,
                 least(p.until, in_until - 1) - in_since as until,
                 months[greatest(p.onset, in_since) - in_since + 1] * 8192
                 + months[least(p.until, in_until - 1) - in_since + 1] as first_last
          from other p
          where p.onset < in_until and p.until >= in_since) x
    group by 1, 2, 3
)
select l.base + m.month,
       trim_scale(sum(coalesce(l.fte, 1)
                      * (case when m.month = l.first_last % 8192 then l.untils else l.n * (m.ends - in_since) end
                         - case when m.month = l.first_last / 8192 then l.onsets else l.n * (m.starts - in_since) end
                         + l.n)))
from lost l
join report.spans(in_since, in_until) m using (first_last)
where l.base is not null
group by 1;
end $$;

-- The figures of all spells of [in_since, in_until), as histograms by key. A bar is one number, so that a million
-- spells are grouped by one number; a spell without a key (before live_from) has no bar.
--
--   kind 1   63      32 31      20 19      9 8      6 5      3 2       0
--           |   key    | contact |   lag    | class  | flags  | outcome |
--            contact  days to contact + 1; 0: no contact
--            lag      days from onset to notice + 1024; below that: known before the onset
--            class    atoms 1 to 7 of report.cells()
--            flags    1 attempted in target
--            outcome  the last outcome, 1 to 5 in the order of the columns; 0: another
--
--   kind 2   63      32 31    21   20      19     18     17  16       1     0
--           |   key    |      | relapsed |      | ended |    | duration | returned |
--            duration in days. The flags from bit 17 on are 2 ended and 8 followed by a relapse. Flag 4, long-term, is
--            added when the bars are read.
--
-- Two things are for the planner, which would count all spells in one process otherwise. Pathways are joined to the
-- spells from the left: with an inner join the planner expects a few hundred spells. And the empty second half of each
-- union hides the statistics of single columns: from their product the planner expects a group for each spell.
create or replace function report.bars(in_since date, in_until date, in_today date, in_zone text,
                                       in_organisation text default null, in_pathway text default null)
returns table (key int, kind int, to_contact int, lag int, class int, flags int, outcome int, duration int,
               returned boolean, n int)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '256MB' set jit = off set enable_nestloop = off set enable_mergejoin = off set enable_sort = off as $$
#variable_conflict use_column
declare
    months constant int[] := report.months(in_since, in_until);
    -- The first bit of each part, and flags: see the drawing.
    key_at constant int := 32;
    contact_at constant int := 20;
    lag_at constant int := 9;
    lag_zero constant int := 1024;
    class_at constant int := 6;
    flags_at constant int := 3;
    attempted constant int := 1;
    ended_at constant int := 17;
    ended constant int := 2;
    long_term constant int := 4;
    relapsed constant int := 8;
    duration_at constant int := 1;
begin
return query
select (b.bar >> key_at)::int, 1, nullif((b.bar >> contact_at & 2047)::int - 1, -1),
       (b.bar >> lag_at & 2047)::int - lag_zero,
       (b.bar >> class_at & 7)::int, (b.bar >> flags_at & 7)::int, (b.bar & 7)::int, null::int, null::boolean, b.n
from (select x.bar, count(*)::int as n
      from (select case when sp.onset_date < r.live_from then null
                        else (r.base + months[sp.onset_date - in_since + 1])::bigint << key_at end
                   | (((least(coalesce(sp.elapsed_days, -1), 2000) + 1) << contact_at)
                      | ((greatest(-1000, least((sp.first_notice_at at time zone in_zone)::date - sp.onset_date, 1000))
                          + lag_zero) << lag_at)
                      | case when sp.elapsed_days <= sp.due_date - sp.onset_date
                                 then (1 << class_at) | (attempted << flags_at)
                             else (case when sp.late_report
                                            and (sp.first_attempt_at at time zone in_zone)::date <= sp.due_date
                                                is not true then 3
                                       when sp.end_reason = 'opted_out' then 5
                                       when sp.end_reason in ('left_employment', 'died') and sp.elapsed_days is null
                                           then 6
                                       when sp.end_reason in ('returned_before_contact', 'returned_before_notice')
                                            or sp.state = 'open' and sp.due_date >= in_today then 7
                                       when case when l.told_on > sp.due_date then
                                                (sp.first_attempt_at at time zone in_zone)::date <= sp.due_date
                                                is not true end then 4
                                       else 2
                                  end << class_at)
                                  | case when (sp.first_attempt_at at time zone in_zone)::date <= sp.due_date
                                              then attempted << flags_at
                                         else 0 end
                        end
                      | case sp.last_outcome when 'fast_track_treatment' then 1 when 'self_management_advice' then 2
                             when 'onward_referral' then 3 when 'no_action_needed' then 4 when 'declined' then 5
                             else 0 end) as bar
            from casework.spell sp
            left join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
            -- Published on a later day than the case was known.
            left join (select e.spell_id, (e.emitted_at at time zone in_zone)::date as told_on
                       from followup.emitted e
                       where e.kind = 'contact-task.created' and e.late and e.occurrence = '1' and e.nth = 1) l
                using (spell_id)
            where not sp.tombstone and sp.onset_date >= in_since and sp.onset_date < in_until
              and (in_organisation is null or sp.organisation = in_organisation)
              and (in_pathway is null or sp.pathway = in_pathway)
            union all
            select sp.elapsed_days::bigint from casework.spell sp where false) x
      group by 1) b
union all
select (b.bar >> key_at)::int, 2, null, null, null,
       (b.bar >> ended_at & (ended | relapsed))::int
           + case when (b.bar >> duration_at & 65535) >= r.long_term_day then long_term else 0 end, null,
       (b.bar >> duration_at & 65535)::int, b.bar & 1 = 1, b.n
from (select x.bar, count(*)::int as n
      from (select case when sp.onset_date < r.live_from then null
                        else (r.base + months[sp.onset_date - in_since + 1])::bigint << key_at end
                   | (least(coalesce(sp.last_day,
                                     case when sp.end_reason = 'died' then
                                         report.died_on(sp.organisation, sp.person_id, in_today) end,
                                     in_today) - sp.onset_date + 1, 32000) << duration_at)
                   | case when sp.last_day is null then 0
                          else (case when sp.end_reason in ('left_employment', 'died') then ended << ended_at
                                     else (ended << ended_at) + 1 end
                                + case when w.previous_spell is not null then relapsed << ended_at else 0 end)
                     end as bar
            from casework.spell sp
            left join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
            left join (select distinct x.previous_spell from casework.spell x
                       where x.previous_spell is not null and not x.tombstone
                         and (in_organisation is null or x.organisation = in_organisation)) w
                on w.previous_spell = sp.spell_id
            where not sp.tombstone and sp.onset_date >= in_since and sp.onset_date < in_until
              and (in_organisation is null or sp.organisation = in_organisation)
              and (in_pathway is null or sp.pathway = in_pathway)
            union all
            select sp.elapsed_days::bigint from casework.spell sp where false) x
      group by 1) b
join report.dimensions() r on r.base = (b.bar >> key_at)::int / 4096 * 4096;
end $$;

-- A cell for each month that has spells. Each atom is a number of spells; 1 to 7 together count every spell once.
--
--    1 contacted in target.   2 missed.   3 late report.   4 reason known late.   5 opted out.   6 left or died.
--    7 no contact was due.   8 attempted in target, but not contacted in it.   9 ended.   10 ended and relapsed.
--   11 long-term.   12 to 16 the outcomes of those in 1 to 4, in the order of the columns.
--
-- days: onset to contact, median and p90; notice to contact, the same; onset to notice, the same; duration, median.
-- fit, in step with days: at least five spells are on either side of the value.
create or replace function report.cells(in_from date, in_to date, in_organisation text default null,
                                        in_pathway text default null)
returns table (organisation text, pathway text, starts date, spells int, atoms int[], fte_days numeric, days int[],
               fit boolean[])
language sql stable set search_path = pg_catalog, pg_temp set work_mem = '64MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
with bar as materialized (
    select b.*
    from report.span(in_from, in_to) s,
         report.bars(s.since, s.until, s.today, s.zone, in_organisation, in_pathway) b
    where b.key is not null
), counted as (
    select b.key, (sum(b.n) filter (where b.kind = 1))::int as n,
           array_replace(array[sum(b.n) filter (where b.class = 1), sum(b.n) filter (where b.class = 2),
                 sum(b.n) filter (where b.class = 3), sum(b.n) filter (where b.class = 4),
                 sum(b.n) filter (where b.class = 5), sum(b.n) filter (where b.class = 6),
                 sum(b.n) filter (where b.class = 7), sum(b.n) filter (where b.flags & 1 <> 0 and b.class <> 1),
                 sum(b.n) filter (where b.flags & 2 <> 0), sum(b.n) filter (where b.flags & 8 <> 0),
                 sum(b.n) filter (where b.flags & 4 <> 0),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 1),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 2),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 3),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 4),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 5)]::int[], null, 0) as atoms
    from (select k.key, k.kind, k.class, k.flags, k.outcome, sum(k.n)::int as n
          from bar k group by 1, 2, 3, 4, 5) b
    group by b.key
), day as (
    select b.key, d.kind, d.day, sum(b.n)::int as n, 0 as events
    from (select k.key, k.to_contact, k.lag, sum(k.n)::int as n from bar k where k.kind = 1 group by 1, 2, 3) b
    cross join lateral (values (1, b.to_contact), (2, greatest(b.to_contact - b.lag, 0)),
                               (3, greatest(b.lag, 0))) d(kind, day)
    where d.day is not null and (d.kind <> 2 or b.to_contact is not null) and (d.kind <> 3 or b.lag is not null)
    group by 1, 2, 3
    union all
    select b.key, 4, b.duration, sum(b.n)::int, coalesce(sum(b.n) filter (where b.returned), 0)::int
    from bar b
    where b.kind = 2 and b.duration is not null
    group by 1, 2, 3
), ranked as (
    select x.*, sum(x.n) over w as upto, sum(x.n) over (partition by x.key, x.kind) as total,
           sum(x.events) over w as events_upto,
           -- Kaplan-Meier: the share still off after this day. People still off count for the days so far.
           sum(case when x.events = x.at_risk then '-infinity' else ln(1 - x.events::float8 / x.at_risk) end) over w
               as ln_off
    from (select y.*, sum(y.n) over (partition by y.key, y.kind order by y.day desc) as at_risk from day y) x
    window w as (partition by x.key, x.kind order by x.day)
), mark as (
    select distinct on (r.key, p.nth) r.key, p.nth, r.day,
           case when p.nth = 7 then r.events_upto else r.upto end >= 5 and r.at_risk >= 5 as fit
    from ranked r
    join (values (1, 1, 50), (2, 1, 90), (3, 2, 50), (4, 2, 90), (5, 3, 50), (6, 3, 90), (7, 4, 50))
        p(nth, kind, percent) on p.kind = r.kind
    where case when p.nth = 7 then r.ln_off <= ln(0.5::float8) + 1e-9 else r.upto * 100 >= r.total * p.percent end
    order by r.key, p.nth, r.day
), marks as (
    select k.key, array_agg(m.day order by i) as days, array_agg(coalesce(m.fit, false) order by i) as fit
    from counted k
    cross join generate_series(1, 7) i
    left join mark m on m.key = k.key and m.nth = i
    group by 1
)
select r.organisation, r.pathway, make_date(1900 + (n.key % 4096 - 1) / 12, (n.key - 1) % 4096 % 12 + 1, 1),
       n.n, n.atoms, l.fte_days, k.days, k.fit
from counted n
join report.dimensions() r on r.base = n.key / 4096 * 4096
left join (select f.*
           from report.span(in_from, in_to) s,
                report.fte_days(s.since, s.until, s.today, in_organisation, in_pathway) f) l using (key)
left join marks k using (key)
$$;

create or replace function report.letters(in_from date, in_to date)
returns table (organisation text, month date, letters int)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select x.organisation, x.month, sum(x.n)::int
    from (select coalesce(d.organisation, ''), date_trunc('month', d.received_at at time zone oh.time_zone())::date,
                 count(*)
          from intake.dead_letter d group by 1, 2
          union all
          select p.organisation, p.month, p.letters from report.letters_purged p) x(organisation, month, n)
    cross join report.span(in_from, in_to) s
    where x.month >= s.since and x.month < s.until
    group by 1, 2
$$;

reset role;

revoke create on schema report from dayfour_report_owner;
revoke all on all functions in schema report from public;
