-- Reports of whole months. Three things let a reader of reports find somebody by subtraction, and are mended here:
--   the month under way was told, so that a report before and one after somebody's absence differed by that person;
--   small months were told together as those of a year, so that the sum grew by the newest of them;
--   what was held back besides was chosen by size, so that its size could be told from what was not.
-- FTE days are those lost in the calendar month, by everybody off in it, not those of the spells that began in it.
-- Why and how: doc/reports.md.

drop function report.measures(date, date, text, text);
drop function report.quality(date, date, text);
drop function report.cells(date, date);
drop function report.record_cells(date, date);
drop function report.bars(date, date, date, text);
drop function report.record_bars(date, date, date);
drop function report.fte_days(date, date, date);
drop function report.grid(date, date);
drop function report.check_months(date, date);
drop function report.letters(date, date);
drop function report.hidden(int[]);
drop function report.shown(int[], int[], boolean[], numeric);

-- As before, but the settings are taken apart once, not for every organisation.
create or replace function report.organisations()
returns table (organisation text, live_from date, long_term_day int)
language sql stable parallel safe rows 25 set search_path = pg_catalog, pg_temp as $$
    with d as materialized (select coalesce(report.document(), '{}') as doc),
    f as materialized (
        select x.organisation, coalesce(d.doc #> array['organisations', x.organisation], '{}') as rules,
               d.doc -> 'defaults' as defaults
        from (select distinct y.organisation from intake.feed y) x cross join d
    )
    select f.organisation, (case when f.rules ? 'live_from' then f.rules else f.defaults end ->> 'live_from')::date,
           coalesce(f.rules -> 'long_term_day', f.defaults -> 'long_term_day', '28')::int
    from f
$$;

-- ---- exact figures, for the functions below only ----

-- Where an organisation or a pathway can be given, null stands for all. What counts spells is planned for what is
-- given: one organisation is found by an index, all of them by several processes.

-- For each day of [in_since, in_until) its month, numbered from December 1899; one look into it costs a tenth of taking
-- a date apart.
create function report.months(in_since date, in_until date) returns int[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    select array_agg((date_part('year', d) * 12 + date_part('month', d))::int - 22800 order by d)
    from generate_series(in_since::timestamp, in_until::timestamp - interval '1 day', '1 day') d
$$;

-- Both together: a sub-select instead would keep several processes from counting each for itself.
create function report.dimensions(in_since date, in_until date)
returns table (organisation text, pathway text, live_from date, long_term_day int, base int, months int[])
language sql stable parallel safe rows 50 set search_path = pg_catalog, pg_temp as $$
    select d.*, (select report.months(in_since, in_until)) from report.dimensions() d
$$;

-- For a first and a last month of these, as one number, every month between: to be joined by equality, as a million
-- are.
create function report.spans(in_since date, in_until date)
returns table (first_last int, month int, starts date, ends date)
language sql immutable parallel safe rows 400 set search_path = pg_catalog, pg_temp as $$
    with m as materialized (
        select (date_part('year', d) * 12 + date_part('month', d))::int - 22800 as month, d::date as starts,
               (d + interval '1 month')::date - 1 as ends
        from generate_series(in_since::timestamp, in_until::timestamp - interval '1 day', '1 month') d
    )
    select f.month * 8192 + l.month, m.month, m.starts, m.ends
    from m f join m l on f.month <= l.month join m on m.month between f.month and l.month
$$;

-- The day somebody died; a function, so that it does not keep several processes from sharing a scan.
create function report.died_on(in_organisation text, in_person_id text, in_today date) returns date
language sql stable parallel safe set search_path = pg_catalog, pg_temp as $$
    select least(x.died_on, in_today) from fact.person x
    where x.organisation = in_organisation and x.person_id = in_person_id
$$;

-- FTE days lost in each month of [in_since, in_until), whenever the spell began. Days of one assignment count once,
-- whatever records hold them; records without one are of one assignment.
create function report.fte_days(in_since date, in_until date, in_today date, in_organisation text default null,
                                in_pathway text default null)
returns table (key int, fte_days numeric)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '128MB' set jit = off set enable_nestloop = off set enable_mergejoin = off set enable_sort = off as $$
#variable_conflict use_column
begin
return query
with off as not materialized (
    select r.base, sp.organisation, sp.spell_id, sp.onset_date, sp.record_sources, sp.record_ids,
           coalesce(sp.last_day,
                    case when sp.end_reason = 'died' then report.died_on(sp.organisation, sp.person_id, in_today) end,
                    in_today) as until
    from casework.spell sp
    join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
    where not sp.tombstone and sp.onset_date < in_until and (sp.last_day is null or sp.last_day >= in_since)
      and (r.live_from is null or sp.onset_date >= r.live_from)
      and (in_organisation is null or sp.organisation = in_organisation)
      and (in_pathway is null or sp.pathway = in_pathway)
), several as (
    select o.*, max(o.until) over (partition by o.spell_id, o.assignment order by o.onset
                                   rows between unbounded preceding and 1 preceding) >= o.onset as overlaps
    from (select d.base, d.spell_id, coalesce(a.assignment_id, '') as assignment, coalesce(a.fte, 1) as fte,
                 a.onset_date as onset, least(case when not a.open_ended then a.last_day end, d.until) as until
          from (select o.*, unnest(o.record_sources) as source, unnest(o.record_ids) as absence_id
                from off o where cardinality(o.record_ids) > 1) d
          join fact.absence a on a.organisation = d.organisation and a.absence_id = d.absence_id
                             and a.source = d.source
          where in_organisation is null or a.organisation = in_organisation) o
), other as (
    -- Records of assignments that have several, or of spells of several assignments.
    select s.base, s.fte, s.onset, s.until
    from (select v.*, bool_or(v.overlaps) over (partition by v.spell_id, v.assignment) as day_by_day from several v) s
    where s.day_by_day is not true
    union all
    select s.base, max(s.fte), s.onset + day, s.onset + day
    from (select v.*, bool_or(v.overlaps) over (partition by v.spell_id, v.assignment) as day_by_day from several v) s
    cross join generate_series(0, s.until - s.onset) day
    where s.day_by_day
    group by s.base, s.spell_id, s.assignment, s.onset + day
), lost as (
    -- By part of a post (null: 1, which most have), first and last month: how many, and the sums of their first and of
    -- their last days, which tell the days of each month.
    select x.base, x.fte, x.first_last, count(*) as n, sum(x.onset) as onsets, sum(x.until) as untils
    from (select o.base, a.fte, greatest(o.onset_date, in_since) - in_since as onset,
                 least(o.until, in_until - 1) - in_since as until,
                 (select report.months(in_since, in_until))[greatest(o.onset_date, in_since) - in_since + 1] * 8192
                 + (select report.months(in_since, in_until))[least(o.until, in_until - 1) - in_since + 1] as first_last
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
                 (select report.months(in_since, in_until))[greatest(p.onset, in_since) - in_since + 1] * 8192
                 + (select report.months(in_since, in_until))[least(p.until, in_until - 1) - in_since + 1] as first_last
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
group by 1;
end $$;

-- The figures of all spells of [in_since, in_until), as histograms by key. kind 1: by days to contact and to notice
-- (below 0: known before the onset), class (atoms 1 to 7 of report.cells), flags (1 attempted in target) and last
-- outcome (0: another); 2: by duration, flags (2 ended, 4 long-term) and whether it ended by a return; 3: those ended
-- and followed by a relapse. What it is by is one number while a million spells are counted: the key, and in its lower
-- 32 bits the rest. The empty second half of the unions keeps statistics of single columns from the planner: by their
-- product it expects a group for every spell, and would count all of them in one process.
create function report.bars(in_since date, in_until date, in_today date, in_zone text,
                            in_organisation text default null, in_pathway text default null)
returns table (key int, kind int, to_contact int, lag int, class int, flags int, outcome int, duration int,
               returned boolean, n bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '256MB' set jit = off set enable_nestloop = off set enable_mergejoin = off set enable_sort = off as $$
#variable_conflict use_column
begin
return query
with spell as not materialized (
    select (r.base + r.months[sp.onset_date - in_since + 1])::bigint << 32 as key,
           sp.elapsed_days, sp.elapsed_days <= sp.due_date - sp.onset_date as in_target,
           (sp.first_notice_at at time zone in_zone)::date - sp.onset_date as lag,
           coalesce((sp.first_attempt_at at time zone in_zone)::date <= sp.due_date, false) as tried,
           coalesce(sp.last_day,
                    case when sp.end_reason = 'died' then report.died_on(sp.organisation, sp.person_id, in_today) end,
                    in_today) - sp.onset_date + 1 as duration,
           r.long_term_day, sp.last_day is not null as closed, sp.late_report, sp.end_reason, sp.state, sp.due_date,
           sp.last_outcome, sp.spell_id
    from casework.spell sp
    join report.dimensions(in_since, in_until) r on r.organisation = sp.organisation and r.pathway = sp.pathway
    where not sp.tombstone and sp.onset_date >= in_since and sp.onset_date < in_until
      and (r.live_from is null or sp.onset_date >= r.live_from)
      and (in_organisation is null or sp.organisation = in_organisation)
      and (in_pathway is null or sp.pathway = in_pathway)
)
select (b.bar >> 32)::int, 1, nullif((b.bar >> 20 & 2047)::int - 1, -1), (b.bar >> 9 & 2047)::int - 1024,
       (b.bar >> 6 & 7)::int, (b.bar >> 3 & 7)::int, (b.bar & 7)::int, null::int, null::boolean, b.n
from (select x.bar, count(*) as n
      from (select s.key
                   | ((least(coalesce(s.elapsed_days, -1), 2000) + 1) << 20)
                   | ((greatest(-1000, least(s.lag, 1000)) + 1024) << 9)
                   | (case when s.in_target then 1
                           when s.late_report and not s.tried then 3
                           when s.end_reason = 'opted_out' then 5
                           when s.end_reason in ('left_employment', 'died') and s.elapsed_days is null then 6
                           when s.end_reason in ('returned_before_contact', 'returned_before_notice')
                                or s.state = 'open' and s.due_date >= in_today then 7
                           when l.told_on > s.due_date and not s.tried then 4
                           else 2
                      end << 6)
                   | (case when s.in_target or s.tried then 1 else 0 end << 3)
                   | case s.last_outcome when 'fast_track_treatment' then 1 when 'self_management_advice' then 2
                          when 'onward_referral' then 3 when 'no_action_needed' then 4 when 'declined' then 5 else 0
                     end as bar
            from spell s
            -- Told of on a later day than it was known.
            left join (select e.spell_id, (e.emitted_at at time zone in_zone)::date as told_on
                       from followup.emitted e
                       where e.kind = 'contact-task.created' and e.late and e.occurrence = '1' and e.nth = 1) l
                using (spell_id)
            union all
            select sp.elapsed_days::bigint from casework.spell sp where false) x
      group by 1) b
union all
select (b.bar >> 32)::int, 2, null, null, null, (b.bar >> 17 & 7)::int, null, (b.bar >> 1 & 65535)::int,
       b.bar & 1 = 1, b.n
from (select x.bar, count(*) as n
      from (select s.key | (least(s.duration, 32000) << 1)
                   | (s.closed and s.end_reason is distinct from 'left_employment'
                      and s.end_reason is distinct from 'died')::int
                   | ((case when s.closed then 2 else 0 end + case when s.duration >= s.long_term_day then 4 else 0 end)
                      << 17) as bar
            from spell s
            union all
            select sp.elapsed_days::bigint from casework.spell sp where false) x
      group by 1) b
union all
select (b.key >> 32)::int, 3, null, null, null, null, null, null, null, b.n
from (select s.key, count(*) as n
      from spell s
      where s.closed and s.spell_id in (select x.previous_spell from casework.spell x
                                        where x.previous_spell is not null and not x.tombstone
                                          and (in_organisation is null or x.organisation = in_organisation))
      group by 1) b;
end $$;

-- What is told of: the whole months of in_from to in_to that are over.
create function report.span(in_from date, in_to date, out since date, out until date, out today date, out zone text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select date_trunc('month', in_from::timestamp)::date,
           least(date_trunc('month', in_to::timestamp) + interval '1 month',
                 date_trunc('month', oh.today()::timestamp))::date,
           oh.today(), oh.time_zone()
$$;

-- A cell for each month, of those that have spells. atoms, each a number of spells:
--    1 contacted in target    2 missed    3 late report    4 reason known late    5 opted out    6 left or died
--    7 no contact was due (1 to 7 hold every spell once)
--    8 attempted in target but not contacted in it         9 ended    10 ended and followed by a relapse
--   11 long-term             12 to 16 the outcome of those of 1 to 4, in the order of the columns
-- days: onset to contact, median and p90; notice to contact, the same; onset to notice, the same; duration, median.
-- fit: at least five spells lie on either side of it.
create function report.cells(in_from date, in_to date, in_organisation text default null,
                             in_pathway text default null)
returns table (organisation text, pathway text, starts date, spells int, atoms int[], fte_days numeric, days int[],
               fit boolean[])
language sql stable set search_path = pg_catalog, pg_temp set work_mem = '64MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
with bar as materialized (
    select b.*
    from report.span(in_from, in_to) s,
         report.bars(s.since, s.until, s.today, s.zone, in_organisation, in_pathway) b
), counted as (
    select b.key, (sum(b.n) filter (where b.kind = 1))::int as n,
           array_replace(array[sum(b.n) filter (where b.class = 1), sum(b.n) filter (where b.class = 2),
                 sum(b.n) filter (where b.class = 3), sum(b.n) filter (where b.class = 4),
                 sum(b.n) filter (where b.class = 5), sum(b.n) filter (where b.class = 6),
                 sum(b.n) filter (where b.class = 7), sum(b.n) filter (where b.flags & 1 <> 0 and b.class <> 1),
                 sum(b.n) filter (where b.flags & 2 <> 0), sum(b.n) filter (where b.kind = 3),
                 sum(b.n) filter (where b.flags & 4 <> 0),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 1),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 2),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 3),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 4),
                 sum(b.n) filter (where b.class <= 4 and b.outcome = 5)]::int[], null, 0) as atoms
    from bar b
    group by b.key
), ranked as (
    select x.*, sum(x.n) over w as upto, sum(x.n) over (partition by x.key, x.kind) as total,
           sum(x.events) over w as events_upto,
           -- Kaplan-Meier: the share still off after this day; who is still off counts for as long as they have been.
           sum(case when x.events = x.at_risk then '-infinity' else ln(1 - x.events::float8 / x.at_risk) end) over w
               as ln_off
    from (select y.*, sum(y.n) over (partition by y.key, y.kind order by y.day desc) as at_risk
          from (select b.key, d.kind, d.day, sum(b.n) as n, coalesce(sum(b.n) filter (where b.returned), 0) as events
                from (select k.key, k.to_contact, k.lag, k.duration, k.returned, sum(k.n) as n
                      from bar k where k.kind < 3 group by 1, 2, 3, 4, 5) b
                cross join lateral (values (1, b.to_contact), (2, greatest(b.to_contact - b.lag, 0)),
                                           (3, greatest(b.lag, 0)), (4, b.duration)) d(kind, day)
                where d.day is not null and (d.kind <> 2 or b.to_contact is not null)
                  and (d.kind <> 3 or b.lag is not null)
                group by 1, 2, 3) y) x
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

-- ---- what may be shown ----

-- Of counts that together are everybody: which stay hidden. Those under 5 do. Where that would tell them after all,
-- or nearly, further ones do too, from the last to the second, until each of those under 5 could be anything from 0
-- to 4. In a fixed order: chosen by size, the hidden ones would be known not to be larger than any that is shown. The
-- first is shown where at least 5 are on either side of it.
create function report.hidden(in_counts int[]) returns boolean[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    hidden boolean[] := array(select c < 5 from unnest(in_counts) with ordinality u(c, i) order by i);
    everybody int := (select sum(c) from unnest(in_counts) c);
    total int;
    small int;
    large int;
    next int;
begin
    if everybody - in_counts[1] < 5 then
        return array_fill(true, array[cardinality(in_counts)]);
    end if;
    loop
        select coalesce(sum(c), 0), count(*) filter (where c < 5), count(*) filter (where c >= 5)
        into total, small, large
        from unnest(in_counts, hidden) u(c, h) where h;
        exit when small + large = 0
               or large > 0 and total >= 5 * large + 4
               or large = 0 and total between 5 and 4 * (small - 1);
        select max(i) into next from unnest(hidden) with ordinality u(h, i) where not h and i > 1;
        exit when next is null;
        hidden[next] := true;
    end loop;
    return hidden;
end $$;

-- One cell as it may be shown.
create function report.shown(c int[], in_days int[], in_fit boolean[], in_fte_days numeric) returns report.measure
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    m report.measure;
    n int := (select sum(x) from unnest(c[1:7]) x);
    h boolean[];
    outcomes int[] := c[12:16];
    others int := c[1] + c[2] + c[3] + c[4] - (select sum(x) from unnest(c[12:16]) x);
    apart int := 0;  -- of those kept apart, what is shown
    ended int;
begin
    if n is null or n < 5 then
        return m;
    end if;
    h := report.hidden(c[1:7]);
    m.spells := n;
    m.fte_days_lost := in_fte_days;
    for i in 3..7 loop
        apart := apart + case when h[i] then 0 else c[i] end;
    end loop;
    m.missed := case when not h[2] then c[2] end;
    m.late_report := case when not h[3] then c[3] end;
    m.reason_late := case when not h[4] then c[4] end;
    m.opted_out := case when not h[5] then c[5] end;
    m.left_employment := case when not h[6] then c[6] end;
    m.no_contact_due := case when not h[7] then c[7] end;
    if not h[1] then
        m.in_target := c[1];
        m.in_target_raw_percent := report.percent(c[1], n);
        m.in_target_achievable_at_least := trunc(100.0 * c[1] / (n - apart), 1);
        if not h[2] then
            m.achievable := c[1] + c[2];
            m.in_target_achievable_percent := report.percent(c[1], m.achievable);
        end if;
        -- Who was not even tried is not among the late: what is left must not tell of few.
        if c[8] >= 5
           and n - c[1] - c[8] - (case when h[3] then 0 else c[3] end) - (case when h[4] then 0 else c[4] end) >= 5
        then
            m.attempted_in_target := c[1] + c[8];
            m.attempted_percent := report.percent(m.attempted_in_target, n);
        end if;
    elsif n - c[1] < 5 then
        m.in_target_achievable_at_least := trunc(100.0 * (n - 4) / n, 1);
    end if;
    m.in_target_raw_at_least := coalesce(m.in_target_raw_percent, m.in_target_achievable_at_least);
    m.in_target_achievable_at_least := coalesce(m.in_target_achievable_percent, m.in_target_achievable_at_least);
    m.days_to_contact_median := case when in_fit[1] then in_days[1] end;
    m.days_to_contact_p90 := case when in_fit[2] then in_days[2] end;
    m.notice_to_contact_median := case when in_fit[3] then in_days[3] end;
    m.notice_to_contact_p90 := case when in_fit[4] then in_days[4] end;
    m.report_lag_median := case when in_fit[5] then in_days[5] end;
    m.report_lag_p90 := case when in_fit[6] then in_days[6] end;
    m.duration_median := case when in_fit[7] then in_days[7] end;
    -- All being over is what time does to every month, and tells of nobody. Else: most who left, and all who were
    -- back before a contact was due, are among those that are over; the others among them must not be few.
    ended := c[9] - (case when h[6] then 0 else c[6] end) - (case when h[7] then 0 else c[7] end);
    if c[9] = n or report.shows(c[9], n) and ended >= 5 then
        m.closed := c[9];
        if report.shows(c[10], c[9]) then
            m.relapsed := c[10];
            m.relapse_percent := report.percent(c[10], c[9]);
        end if;
    end if;
    if report.shows(c[11], n - (case when h[7] then 0 else c[7] end)) then
        m.long_term := c[11];
        m.long_term_percent := report.percent(c[11], n);
    end if;
    -- Outcomes, and those without one last, which are told by what is left. One that nearly all of those
    -- achievable have would tell of the few that have not. Where all are shown, they less those in target are those
    -- contacted late.
    h := array(select x < 5 or m.achievable - x between 0 and 4
               from unnest(outcomes) with ordinality u(x, i) order by i);
    h := array(select coalesce(y, false) from unnest(h) with ordinality u(y, i) order by i);
    if not (true = any (h)) and (select sum(x) from unnest(outcomes) x) - c[1] between -4 and 4 then
        h[5] := true;
    end if;
    while others + (select coalesce(sum(x), 0) from unnest(outcomes, h) u(x, y) where y) < 5 and false = any (h) loop
        h[(select max(i) from unnest(h) with ordinality u(y, i) where not y)] := true;
    end loop;
    m.fast_track_treatment := case when not h[1] then outcomes[1] end;
    m.self_management_advice := case when not h[2] then outcomes[2] end;
    m.onward_referral := case when not h[3] then outcomes[3] end;
    m.no_action_needed := case when not h[4] then outcomes[4] end;
    m.declined := case when not h[5] then outcomes[5] end;
    return m;
end $$;

-- The months asked for; by default the last twelve that are over.
create function report.check_months(inout in_from date, inout in_to date)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    in_to := coalesce(in_to, date_trunc('month', oh.today()::timestamp)::date - 1);
    in_from := coalesce(in_from, (date_trunc('month', in_to::timestamp) - interval '11 months')::date);
    if in_from > in_to or in_from < date '1900-01-01'
       or in_to > date '2200-12-31' or in_to - in_from > 3660 then
        raise exception 'months from one to a later one, at most ten years, are needed' using errcode = '22023';
    end if;
end $$;

-- The rows there are: every month asked for of every organisation, whatever is in it.
create function report.grid(in_from date, in_to date) returns table (organisation text, starts date, label text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select o.organisation, d::date, to_char(d, 'YYYY-MM')
    from report.organisations() o
    cross join generate_series(date_trunc('month', in_from::timestamp), in_to, '1 month') d
$$;

-- ---- what a reporter calls ----

-- A row for every organisation, pathway and month of in_from to in_to: nothing but names where there are fewer than 5
-- spells, or none, or the month is not over.
create function report.measures(in_from date default null, in_to date default null,
                                in_organisation text default null, in_pathway text default null)
returns setof report.measure
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set jit = off as $$
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'pathway', in_pathway));
    return query
        with cells as materialized (
                 select * from report.cells(in_from, in_to, in_organisation, in_pathway)),
             rows as materialized (
                 select g.organisation, p.pathway, g.label, report.shown(c.atoms, c.days, c.fit, c.fte_days) as told
                 from report.grid(in_from, in_to) g
                 cross join report.pathways() p(pathway)
                 left join cells c on c.organisation = g.organisation and c.pathway = p.pathway
                                  and c.starts = g.starts
                 where (in_organisation is null or g.organisation = in_organisation)
                   and (in_pathway is null or p.pathway = in_pathway))
        select t.*
        from rows r
        cross join lateral jsonb_populate_record(r.told, jsonb_build_object(
            'organisation', r.organisation, 'pathway', r.pathway, 'month', r.label)) t
        order by r.organisation, r.pathway, r.label;
end $$;

-- ---- the quality of what HR sends ----

-- Absence records of [in_since, in_until) that have begun, by what became of their reason; month: since December 1899.
create function report.record_bars(in_since date, in_until date, in_today date, in_organisation text default null)
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

-- Of the records that began in a month. atoms: without a reason, onset moved back, without a reason on the second
-- day, of those with one by day 4. spells: those that report.measures tells of that month, of all pathways together.
create function report.record_cells(in_from date, in_to date, in_organisation text default null)
returns table (organisation text, starts date, records int, atoms int[], spells int)
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
), told as (
    select r.organisation, s.month, sum(s.n) as n
    from (select r.base, (select report.months(c.since, c.until) from clock c)[sp.onset_date
                             - (select c.since from clock c) + 1] as month, count(*) as n
          from casework.spell sp
          join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
          where not sp.tombstone and sp.onset_date >= (select c.since from clock c)
            and sp.onset_date < (select c.until from clock c) and (r.live_from is null or sp.onset_date >= r.live_from)
            and (in_organisation is null or sp.organisation = in_organisation)
          group by 1, 2) s
    join report.dimensions() r using (base)
    where s.n >= 5
    group by 1, 2
)
select m.organisation, make_date(1900 + (m.month - 1) / 12, (m.month - 1) % 12 + 1, 1), m.n::int,
       array[m.without, m.backdated, coalesce(a.n, 0), coalesce(a.in_time, 0)]::int[], coalesce(t.n, 0)::int
from m
left join asked a using (organisation, month)
left join told t using (organisation, month);
end $$;

create function report.letters(in_from date, in_to date) returns table (organisation text, month date, letters int)
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

-- The same of what HR sends; besides, without an organisation, the dead letters in which none could be read.
create function report.quality(in_from date default null, in_to date default null,
                               in_organisation text default null)
returns setof report.quality_row
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
    r record;
    q report.quality_row;
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'what', 'quality'));
    for r in
        with cells as materialized (select * from report.record_cells(in_from, in_to, in_organisation)),
             letters as materialized (select * from report.letters(in_from, in_to))
        select g.organisation, g.label, c.records, coalesce(c.atoms[1], 0) as without,
               coalesce(c.atoms[2], 0) as backdated, coalesce(c.atoms[3], 0) as asked,
               coalesce(c.atoms[4], 0) as in_time, c.spells, l.letters
        from report.grid(in_from, in_to) g
        left join cells c on c.organisation = g.organisation and c.starts = g.starts
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

-- ---- rights ----

-- Of those told late only, which are few; `late` is over ten minutes after it was known.
create index emitted_told_late on followup.emitted (spell_id) where kind = 'contact-task.created' and late;
grant select (late, spell_id) on followup.emitted to dayfour_report_owner;

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
grant execute on function report.measures(date, date, text, text), report.quality(date, date, text)
    to dayfour_reporter;
