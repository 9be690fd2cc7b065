-- Reports as before, to the last digit, at half the work: each spell is looked at once for each of three counts; what
-- a later spell says of an earlier one is found by an index; sums are of whole numbers; and who asks for both halves of
-- a report gets them from one count. Why and how: doc/reports.md.

-- Of relapses only, which are few.
create index spell_relapse on casework.spell (previous_spell) where previous_spell is not null and not tombstone;

drop function report.bars(date, date, date, text, text, text);

-- The figures of all spells of [in_since, in_until), as histograms by key. kind 1: by days to contact and to notice
-- (below 0: known before the onset), class (atoms 1 to 7 of report.cells), flags (1 attempted in target) and last
-- outcome (0: another); 2: by duration, flags (2 ended, 4 long-term, 8 ended and followed by a relapse) and whether it
-- ended by a return. What it is by is one number while a million spells are counted: the key, and in its lower 32 bits
-- the rest; null: in none. Two things are for the planner, which else would count all of them in one process. Pathways
-- are joined to the spells from the left: with an inner join it expects a few hundred spells to be left. And the empty
-- second half of the unions keeps statistics of single columns from it: by their product it expects a group for every
-- spell.
create function report.bars(in_since date, in_until date, in_today date, in_zone text,
                            in_organisation text default null, in_pathway text default null)
returns table (key int, kind int, to_contact int, lag int, class int, flags int, outcome int, duration int,
               returned boolean, n int)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '256MB' set jit = off set enable_nestloop = off set enable_mergejoin = off set enable_sort = off as $$
#variable_conflict use_column
declare
    months constant int[] := report.months(in_since, in_until);
begin
return query
select (b.bar >> 32)::int, 1, nullif((b.bar >> 20 & 2047)::int - 1, -1), (b.bar >> 9 & 2047)::int - 1024,
       (b.bar >> 6 & 7)::int, (b.bar >> 3 & 7)::int, (b.bar & 7)::int, null::int, null::boolean, b.n
from (select x.bar, count(*)::int as n
      from (select case when sp.onset_date < r.live_from then null
                        else (r.base + months[sp.onset_date - in_since + 1])::bigint << 32 end
                   | (((least(coalesce(sp.elapsed_days, -1), 2000) + 1) << 20)
                      | ((greatest(-1000, least((sp.first_notice_at at time zone in_zone)::date - sp.onset_date, 1000))
                          + 1024) << 9)
                      | case when sp.elapsed_days <= sp.due_date - sp.onset_date then 72
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
                                  end << 6)
                                  | case when (sp.first_attempt_at at time zone in_zone)::date <= sp.due_date then 8
                                         else 0 end
                        end
                      | case sp.last_outcome when 'fast_track_treatment' then 1 when 'self_management_advice' then 2
                             when 'onward_referral' then 3 when 'no_action_needed' then 4 when 'declined' then 5
                             else 0 end) as bar
            from casework.spell sp
            left join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
            -- Told of on a later day than it was known.
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
select (b.bar >> 32)::int, 2, null, null, null,
       (b.bar >> 17 & 10)::int + case when (b.bar >> 1 & 65535) >= r.long_term_day then 4 else 0 end, null,
       (b.bar >> 1 & 65535)::int, b.bar & 1 = 1, b.n
from (select x.bar, count(*)::int as n
      from (select case when sp.onset_date < r.live_from then null
                        else (r.base + months[sp.onset_date - in_since + 1])::bigint << 32 end
                   | (least(coalesce(sp.last_day,
                                     case when sp.end_reason = 'died' then
                                         report.died_on(sp.organisation, sp.person_id, in_today) end,
                                     in_today) - sp.onset_date + 1, 32000) << 1)
                   | case when sp.last_day is null then 0
                          else (case when sp.end_reason in ('left_employment', 'died') then 2 << 17
                                     else (2 << 17) + 1 end
                                + case when w.previous_spell is not null then 8 << 17 else 0 end)
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
join report.dimensions() r on r.base = (b.bar >> 32)::int / 4096 * 4096;
end $$;

-- FTE days lost in each month of [in_since, in_until), whenever the spell began. Days of one assignment count once,
-- whatever records hold them; records without one are of one assignment.
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
    -- Of spells with several records; day_by_day: of an assignment that has several on one day.
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
    -- By part of a post (null: 1, which most have), first and last month: how many, and the sums of their first and of
    -- their last days, which tell the days of each month.
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

-- A cell for each month, of those that have spells. atoms, each a number of spells:
--    1 contacted in target    2 missed    3 late report    4 reason known late    5 opted out    6 left or died
--    7 no contact was due (1 to 7 hold every spell once)
--    8 attempted in target but not contacted in it         9 ended    10 ended and followed by a relapse
--   11 long-term             12 to 16 the outcome of those of 1 to 4, in the order of the columns
-- days: onset to contact, median and p90; notice to contact, the same; onset to notice, the same; duration, median.
-- fit: at least five spells lie on either side of it.
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
           -- Kaplan-Meier: the share still off after this day; who is still off counts for as long as they have been.
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

-- ---- the quality of what HR sends ----

drop function report.quality(date, date, text);
drop function report.record_cells(date, date, text);

-- Of the records that began in a month. atoms: without a reason, onset moved back, without a reason on the second
-- day, of those with one by day 4.
create function report.record_cells(in_from date, in_to date, in_organisation text default null)
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
    -- Taken back for another reason (cancelled, moved, over sooner), nobody had to answer.
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

-- The spells that report.measures tells of a month, of all pathways together; for who asks for the quality only.
create function report.told(in_from date, in_to date, in_organisation text default null)
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

-- The spells of a month that are told elsewhere are given: in_organisations, in_starts and in_spells, in step.
create function report.quality_rows(in_from date, in_to date, in_organisation text, in_organisations text[],
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
        -- The records less the spells that are told elsewhere are the absences of other reasons: not few of them.
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

-- ---- what a reporter calls ----

-- From one count of the spells: part 1, measures, and where it is wanted part 2, the quality.
create function report.parts(in_from date, in_to date, in_organisation text, in_pathway text, in_quality boolean)
returns table (part int, measure report.measure, quality report.quality_row)
language sql stable set search_path = pg_catalog, pg_temp set jit = off as $$
with cells as materialized (
    select * from report.cells(in_from, in_to, in_organisation, in_pathway)
), rows as materialized (
    select g.organisation, p.pathway, g.label, report.shown(c.atoms, c.days, c.fit, c.fte_days) as told
    from report.grid(in_from, in_to) g
    cross join report.pathways() p(pathway)
    left join cells c on c.organisation = g.organisation and c.pathway = p.pathway and c.starts = g.starts
    where (in_organisation is null or g.organisation = in_organisation)
      and (in_pathway is null or p.pathway = in_pathway)
), told as (
    select array_agg(t.organisation) as organisations, array_agg(t.starts) as starts, array_agg(t.spells) as spells
    from (select c.organisation, c.starts, sum(c.spells)::int as spells from cells c where c.spells >= 5
          group by 1, 2) t
)
select x.part, x.measure, x.quality
from (select 1 as part, r.organisation, r.pathway, r.label,
             jsonb_populate_record(r.told, jsonb_build_object('organisation', r.organisation, 'pathway', r.pathway,
                                                              'month', r.label)) as measure,
             null::report.quality_row as quality
      from rows r
      union all
      select 2, q.organisation, null, q.month, null, q
      from told t
      cross join lateral report.quality_rows(in_from, in_to, in_organisation, t.organisations, t.starts, t.spells) q
      where in_quality) x
order by x.part, x.organisation, x.pathway, x.label
$$;

-- A row for every organisation, pathway and month of in_from to in_to: nothing but names where there are fewer than 5
-- spells, or none, or the month is not over.
create or replace function report.measures(in_from date default null, in_to date default null,
                                           in_organisation text default null, in_pathway text default null)
returns setof report.measure
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'pathway', in_pathway));
    return query
        select (p.measure).* from report.parts(in_from, in_to, in_organisation, in_pathway, false) p;
end $$;

-- The same of what HR sends; besides, without an organisation, the dead letters in which none could be read.
create function report.quality(in_from date default null, in_to date default null,
                               in_organisation text default null)
returns setof report.quality_row
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'what', 'quality'));
    return query
        select q.*
        from (select array_agg(t.organisation) as organisations, array_agg(t.starts) as starts,
                     array_agg(t.spells) as spells
              from report.told(in_from, in_to, in_organisation) t) t
        cross join lateral report.quality_rows(in_from, in_to, in_organisation, t.organisations, t.starts,
                                               t.spells) q;
end $$;

-- Both, one after the other, from one count of the spells; of a single pathway the first only.
create function report.whole(in_from date default null, in_to date default null,
                             in_organisation text default null, in_pathway text default null)
returns table (part text, told json)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'pathway', in_pathway));
    if in_pathway is null then
        perform audit.write('report', null, in_organisation, null,
                            jsonb_build_object('from', in_from, 'to', in_to, 'what', 'quality'));
    end if;
    return query
        select case p.part when 1 then 'measures' else 'quality' end,
               case p.part when 1 then row_to_json(p.measure) else row_to_json(p.quality) end
        from report.parts(in_from, in_to, in_organisation, in_pathway, in_pathway is null) p;
end $$;

-- ---- rights ----

grant create on schema report to dayfour_report_owner;
do $$
declare
    f regprocedure;
begin
    for f in select p.oid from pg_catalog.pg_proc p
             where p.pronamespace = 'report'::regnamespace and p.proowner <> 'dayfour_report_owner'::regrole
    loop
        execute 'revoke all on function ' || f || ' from public';
        execute 'alter function ' || f || ' owner to dayfour_report_owner';
    end loop;
end $$;
revoke create on schema report from dayfour_report_owner;
grant execute on function report.quality(date, date, text), report.whole(date, date, text, text) to dayfour_reporter;
