-- What those who write reports may ask, and nothing else: measures by organisation, pathway and month of onset. What
-- each means: `dayfour report --define`; why a figure is held back: doc/information-governance.md, "Reports".
--
-- A reporter may call two functions, which take months, an organisation and a pathway, and no condition. Every spell
-- is in exactly one cell: a month, or the months of a year that have too few of them, together. So no two cells of any
-- two reports hold one another, and there is nothing to subtract; what could be subtracted within a cell is held back
-- with what is too small.

do $$
declare
    r constant text := 'dayfour_report_owner';
begin
    begin
        if not exists (select from pg_catalog.pg_roles where rolname = r) then
            execute pg_catalog.format('create role %I nologin', r);
        end if;
    exception when duplicate_object or unique_violation then
        null;  -- another database of the cluster is being made at the same time
    end;
    if exists (select from pg_catalog.pg_roles
               where rolname = r and (rolsuper or rolbypassrls or rolcreaterole or rolcanlogin)) then
        raise exception 'role % exists, and may more than it should', r using errcode = 'invalid_role_specification';
    end if;
    if not pg_catalog.pg_has_role(current_user, r, case when pg_catalog.current_setting('server_version_num')::int
                                                             >= 160000 then 'set' else 'member' end) then
        execute pg_catalog.format('grant %I to current_user', r);
    end if;
end $$;

-- Dead letters are deleted after some days; how many there were is kept.
create table report.letters_purged (
    organisation text collate "C" not null,   -- '': none could be read
    month        date not null,
    letters      int not null,
    primary key (organisation, month)
);

-- For records without a reason: the rows of this kind only, which are few.
create index emitted_reason_missing on followup.emitted (organisation, occurs_on) where kind = 'reason.missing';

-- ---- what the settings say ----

create function report.document() returns jsonb
language sql stable parallel safe set search_path = pg_catalog, pg_temp as $$
    select s.document::jsonb from fact.settings s order by s.serial desc limit 1
$$;

-- The organisations there are, by their feeds, so that one without spells looks like one with few.
create function report.organisations() returns table (organisation text, live_from date, long_term_day int)
language sql stable parallel safe rows 25 set search_path = pg_catalog, pg_temp as $$
    select f.organisation,
           (case when o.rules ? 'live_from' then o.rules else d.doc -> 'defaults' end ->> 'live_from')::date,
           coalesce(o.rules -> 'long_term_day', d.doc #> '{defaults,long_term_day}', '28')::int
    from (select distinct x.organisation from intake.feed x) f
    cross join (select coalesce(report.document(), '{}') as doc) d
    cross join lateral (select coalesce(d.doc #> array['organisations', f.organisation], '{}') as rules) o
$$;

create function report.pathways() returns setof text
language sql stable parallel safe rows 2 set search_path = pg_catalog, pg_temp as $$
    select jsonb_object_keys(coalesce(report.document() -> 'pathways', '{}'))
$$;

-- Whether a kept code is on the watch list: it says that the reason is not known.
create function report.is_watched(in_scheme int, in_code text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from jsonb_array_elements(coalesce(report.document() -> 'watch', '[]')) w(rule),
                    jsonb_array_elements_text(w.rule -> 'match') m(pattern),
                    lateral (select upper(replace(btrim(m.pattern), '.', '')) as token) t
        where array_position(array['esr', 'icd10', 'snomed', 'text'], w.rule ->> 'scheme') = in_scheme
          and case in_scheme
                  when 2 then case when t.token like '%-%'
                                       then left(in_code, 3) between split_part(t.token, '-', 1)
                                                                 and split_part(t.token, '-', 2)
                                   else starts_with(in_code, t.token) end
                  when 4 then lower(in_code) = lower(btrim(m.pattern))
                  else in_code = t.token
              end)
$$;

-- ---- exact figures, for the functions below only ----

-- Organisation, pathway and month as one number, by which a million spells are put together: base, and the months
-- since December 1899.
create function report.dimensions() returns table (organisation text, pathway text, live_from date, long_term_day int,
                                                   base int)
language sql stable parallel safe rows 50 set search_path = pg_catalog, pg_temp as $$
    select o.organisation, p.pathway, o.live_from, o.long_term_day,
           (row_number() over (order by o.organisation, p.pathway) * 4096)::int
    from report.organisations() o cross join report.pathways() p(pathway)
$$;

-- FTE days of spells with several records, by how much of a post they were lost of. Days of one assignment count once,
-- whatever records hold them; records without one are of one assignment.
create function report.fte_days(in_since date, in_until date, in_today date)
returns table (key int, fte numeric, days bigint)
language sql stable parallel safe set search_path = pg_catalog, pg_temp set work_mem = '128MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
select e.key, e.fte, count(*)
from (select d.key, max(coalesce(a.fte, 1)) as fte
      from (select sp.organisation, sp.person_id, sp.spell_id,
                   r.base + (date_part('year', sp.onset_date) * 12 + date_part('month', sp.onset_date))::int - 22800
                       as key,
                   coalesce(sp.last_day,
                            case when sp.end_reason = 'died' then
                                (select least(x.died_on, in_today) from fact.person x
                                 where x.organisation = sp.organisation and x.person_id = sp.person_id) end,
                            in_today) as until,
                   unnest(sp.record_sources) as source, unnest(sp.record_ids) as absence_id
            from casework.spell sp
            join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
            where not sp.tombstone and sp.onset_date >= in_since and sp.onset_date < in_until
              and (r.live_from is null or sp.onset_date >= r.live_from)
              and cardinality(sp.record_ids) > 1) d
      join fact.absence a on a.organisation = d.organisation and a.person_id = d.person_id
                         and a.source = d.source and a.absence_id = d.absence_id
      cross join generate_series(0, least(case when not a.open_ended then a.last_day end, d.until) - a.onset_date) day
      group by d.key, d.spell_id, coalesce(a.assignment_id, ''), a.onset_date + day) e
group by 1, 2
$$;

-- The figures of all spells of [in_since, in_until), in one scan: three histograms, by key, and one by part of a post.
-- kind 1: by days to contact and days to notice (below 0: known before the onset); 2: by duration; 3: by part of a
-- post; 4: by class (atoms 1 to 7 of report.cells), flags (1 attempted in target, 2 ended, 4 followed by a relapse,
-- 8 long-term) and last outcome.
create function report.bars(in_since date, in_until date, in_today date, in_zone text)
returns table (key int, kind int, to_contact int, lag int, duration int, fte numeric, class int, flags int,
               last_outcome text, n bigint, returned bigint, days bigint)
language sql stable parallel safe set search_path = pg_catalog, pg_temp set work_mem = '256MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
select d.key,
       case when grouping(d.class) = 0 then 4 when grouping(d.fte) = 0 then 3 when grouping(d.duration) = 0 then 2
            else 1 end,
       d.elapsed_days, d.lag, d.duration, d.fte, d.class,
       d.flags, d.last_outcome, count(*), count(*) filter (where d.returned), sum(d.duration)
from (select r.base + (date_part('year', sp.onset_date) * 12 + date_part('month', sp.onset_date))::int - 22800 as key,
             sp.elapsed_days, sp.last_outcome,
             (sp.first_notice_at at time zone in_zone)::date - sp.onset_date as lag,
             coalesce(sp.last_day, k.until, in_today) - sp.onset_date + 1 as duration,
             case when cardinality(sp.record_ids) = 1 then coalesce(a.fte, 1) end as fte,
             sp.last_day is not null and sp.end_reason is distinct from 'left_employment'
                 and sp.end_reason is distinct from 'died' as returned,
             case when sp.elapsed_days <= sp.due_date - sp.onset_date then 1
                  when sp.late_report and not k.tried then 3
                  when sp.end_reason = 'opted_out' then 5
                  when sp.end_reason in ('left_employment', 'died') and sp.elapsed_days is null then 6
                  when sp.end_reason in ('returned_before_contact', 'returned_before_notice')
                       or sp.state = 'open' and sp.due_date >= in_today then 7
                  when not k.tried and k.told_late then 4
                  else 2
             end as class,
             case when sp.elapsed_days <= sp.due_date - sp.onset_date or k.tried then 1 else 0 end
                 + case when sp.last_day is not null then 2 else 0 end
                 + case when sp.last_day is not null and k.relapsed then 4 else 0 end
                 + case when coalesce(sp.last_day, k.until, in_today) - sp.onset_date + 1 >= r.long_term_day then 8
                        else 0 end as flags
      from casework.spell sp
      join report.dimensions() r on r.organisation = sp.organisation and r.pathway = sp.pathway
      left join fact.absence a on a.organisation = sp.organisation and a.person_id = sp.person_id
                              and a.source = sp.anchor_source and a.absence_id = sp.anchor_absence_id
                              and cardinality(sp.record_ids) = 1
      cross join lateral (
          select coalesce((sp.first_attempt_at at time zone in_zone)::date <= sp.due_date, false) as tried,
                 case when sp.end_reason = 'died' then
                     (select least(x.died_on, in_today) from fact.person x
                      where x.organisation = sp.organisation and x.person_id = sp.person_id) end as until,
                 sp.spell_id in (select x.previous_spell from casework.spell x
                                 where x.previous_spell is not null and not x.tombstone) as relapsed,
                 -- The task was first told of after its target had passed, though the absence was known in time.
                 exists (select from followup.emitted e
                         where e.organisation = sp.organisation and e.person_id = sp.person_id
                           and e.subject = 's' || sp.spell_id and e.kind = 'contact-task.created'
                           and e.occurrence = '1' and e.nth = 1
                           and (e.emitted_at at time zone in_zone)::date > sp.due_date) as told_late) k
      where not sp.tombstone and sp.onset_date >= in_since and sp.onset_date < in_until
        and (r.live_from is null or sp.onset_date >= r.live_from)) d
group by grouping sets ((d.key, d.elapsed_days, d.lag), (d.key, d.duration), (d.key, d.fte),
                        (d.key, d.class, d.flags, d.last_outcome))
$$;

-- Every cell of the years that in_from and in_to lie in. atoms, each a number of spells:
--    1 contacted in target    2 missed    3 late report    4 reason known late    5 opted out    6 left or died
--    7 no contact was due (1 to 7 hold every spell once)
--    8 attempted in target but not contacted in it         9 ended    10 ended and followed by a relapse
--   11 long-term             12 to 16 the outcome of those of 1 to 4, in the order of the columns
-- days: onset to contact, median and p90; notice to contact, the same; onset to notice, the same; duration, median.
-- fit: at least five spells lie on either side of it.
create function report.cells(in_from date, in_to date)
returns table (organisation text, pathway text, starts date, is_rest boolean, spells int, atoms int[],
               fte_days numeric, days int[], fit boolean[])
language sql stable set search_path = pg_catalog, pg_temp set work_mem = '64MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
with clock as materialized (
    select oh.today() as today, oh.time_zone() as zone,
           date_trunc('year', in_from)::date as since, (date_trunc('year', in_to) + interval '1 year')::date as until
), bar as materialized (
    select b.* from report.bars((select c.since from clock c), (select c.until from clock c),
                                (select c.today from clock c), (select c.zone from clock c)) b
), cell as materialized (
    -- Months with too few are put together, by year.
    select b.key, sum(b.n) < 5 as is_rest,
           case when sum(b.n) < 5 then b.key - (b.key - 1) % 4096 % 12 else b.key end as first_key
    from bar b where b.kind = 4
    group by b.key
), counted as (
    select c.first_key, c.is_rest, sum(b.n)::int as n,
           array_replace(array[sum(b.n) filter (where b.class = 1), sum(b.n) filter (where b.class = 2),
                 sum(b.n) filter (where b.class = 3), sum(b.n) filter (where b.class = 4),
                 sum(b.n) filter (where b.class = 5), sum(b.n) filter (where b.class = 6),
                 sum(b.n) filter (where b.class = 7), sum(b.n) filter (where b.flags & 1 <> 0 and b.class <> 1),
                 sum(b.n) filter (where b.flags & 2 <> 0), sum(b.n) filter (where b.flags & 4 <> 0),
                 sum(b.n) filter (where b.flags & 8 <> 0),
                 sum(b.n) filter (where b.class <= 4 and b.last_outcome = 'fast_track_treatment'),
                 sum(b.n) filter (where b.class <= 4 and b.last_outcome = 'self_management_advice'),
                 sum(b.n) filter (where b.class <= 4 and b.last_outcome = 'onward_referral'),
                 sum(b.n) filter (where b.class <= 4 and b.last_outcome = 'no_action_needed'),
                 sum(b.n) filter (where b.class <= 4 and b.last_outcome = 'declined')]::int[], null, 0) as atoms
    from bar b join cell c using (key)
    where b.kind = 4
    group by 1, 2
), lost as (
    select c.first_key, c.is_rest, trim_scale(sum(f.fte * f.days)) as fte_days
    from (select b.key, b.fte, b.days from bar b where b.kind = 3 and b.fte is not null
          union all
          select m.key, m.fte, m.days
          from report.fte_days((select k.since from clock k), (select k.until from clock k),
                               (select k.today from clock k)) m) f
    join cell c using (key)
    group by 1, 2
), ranked as (
    select x.*, sum(x.n) over w as upto, sum(x.n) over (partition by x.first_key, x.is_rest, x.kind) as total,
           sum(x.events) over w as events_upto,
           -- Kaplan-Meier: the share still off after this day; who is still off counts for as long as they have been.
           sum(case when x.events = x.at_risk then '-infinity' else ln(1 - x.events::float8 / x.at_risk) end) over w
               as ln_off
    from (select y.*, sum(y.n) over (partition by y.first_key, y.is_rest, y.kind order by y.day desc) as at_risk
          from (select c.first_key, c.is_rest, d.kind, d.day, sum(b.n) as n, sum(b.returned) as events
                from bar b join cell c using (key)
                cross join lateral (values (1, b.to_contact), (2, greatest(b.to_contact - b.lag, 0)),
                                           (3, greatest(b.lag, 0)), (4, b.duration)) d(kind, day)
                where b.kind = case when d.kind = 4 then 2 else 1 end and d.day is not null
                  and (d.kind > 2 or b.to_contact is not null)
                group by 1, 2, 3, 4) y) x
    window w as (partition by x.first_key, x.is_rest, x.kind order by x.day)
), mark as (
    select distinct on (r.first_key, r.is_rest, p.nth) r.first_key, r.is_rest, p.nth, r.day,
           case when p.nth = 7 then r.events_upto else r.upto end >= 5 and r.at_risk >= 5 as fit
    from ranked r
    join (values (1, 1, 50), (2, 1, 90), (3, 2, 50), (4, 2, 90), (5, 3, 50), (6, 3, 90), (7, 4, 50))
        p(nth, kind, percent) on p.kind = r.kind
    where case when p.nth = 7 then r.ln_off <= ln(0.5::float8) + 1e-9 else r.upto * 100 >= r.total * p.percent end
    order by r.first_key, r.is_rest, p.nth, r.day
), marks as (
    select k.first_key, k.is_rest, array_agg(m.day order by i) as days,
           array_agg(coalesce(m.fit, false) order by i) as fit
    from counted k
    cross join generate_series(1, 7) i
    left join mark m on m.first_key = k.first_key and m.is_rest = k.is_rest and m.nth = i
    group by 1, 2
)
select r.organisation, r.pathway, make_date(1900 + (n.first_key % 4096 - 1) / 12, (n.first_key - 1) % 4096 % 12 + 1, 1),
       n.is_rest, n.n, n.atoms, l.fte_days, k.days, k.fit
from counted n
join report.dimensions() r on r.base = n.first_key / 4096 * 4096
left join lost l using (first_key, is_rest)
left join marks k using (first_key, is_rest)
$$;

-- ---- what may be shown ----

-- Of counts that together are everybody: which stay hidden. Those under 5 do. Where that would tell them after all,
-- or nearly, further ones do too, the smallest first, until each of those under 5 could be anything from 0 to 4. The
-- first count goes last: with at least 5 on either side it is always shown.
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
        select i into next from unnest(in_counts, hidden) with ordinality u(c, h, i)
        where not h order by i = 1, c, i limit 1;
        exit when next is null or next = 1;
        hidden[next] := true;
    end loop;
    return hidden;
end $$;

-- Whether a part of a whole may be shown: at least 5 are in it and at least 5 are not.
create function report.shows(in_part int, in_whole int) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select in_part >= 5 and in_whole - in_part >= 5
$$;

create function report.percent(in_part numeric, in_whole numeric) returns numeric
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select round(100 * in_part / nullif(in_whole, 0), 1)
$$;

-- The months asked for; by default the last twelve.
create function report.check_months(inout in_from date, inout in_to date)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    in_to := coalesce(in_to, oh.today());
    in_from := coalesce(in_from, (date_trunc('month', in_to::timestamp) - interval '11 months')::date);
    if in_from > in_to or in_from < date '1900-01-01'
       or in_to > date '2200-12-31' or in_to - in_from > 3660 then
        raise exception 'months from one to a later one, at most ten years, are needed' using errcode = '22023';
    end if;
end $$;

-- The rows there are: every month asked for of every organisation and pathway, whatever is in it, and of each year
-- what is left over. hidden_months: how many that could be, as everybody may know.
create function report.grid(in_from date, in_to date)
returns table (organisation text, starts date, is_rest boolean, label text, latest date)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select o.organisation, g.starts, g.is_rest, g.label,
           least(date_trunc('month', oh.today())::date, g.starts + interval '11 months')::date
    from report.organisations() o
    cross join (
        select d::date as starts, false as is_rest, to_char(d, 'YYYY-MM') as label
        from generate_series(date_trunc('month', in_from::timestamp), in_to, '1 month') d
        union all
        select d::date, true, to_char(d, 'YYYY') || ' other'
        from generate_series(date_trunc('year', in_from::timestamp), in_to, '1 year') d) g
$$;

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

-- One cell as it may be shown.
create function report.shown(c int[], in_days int[], in_fit boolean[], in_fte_days numeric) returns report.measure
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    m report.measure;
    n int := (select sum(x) from unnest(c[1:7]) x);
    h boolean[] := report.hidden(c[1:7]);
    outcomes int[] := c[12:16];
    others int := c[1] + c[2] + c[3] + c[4] - (select sum(x) from unnest(c[12:16]) x);
    apart int := 0;  -- of those kept apart, what is shown
begin
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
    -- All being over is what time does to every month, and tells of nobody.
    if (report.shows(c[9], n) or c[9] = n) and (h[6] or c[9] - c[6] >= 5) then
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
    -- Outcomes, and those without one last, which are told by what is left.
    h := array(select x < 5 from unnest(outcomes) with ordinality u(x, i) order by i);
    while others + (select coalesce(sum(x), 0) from unnest(outcomes, h) u(x, y) where y) < 5 and false = any (h) loop
        h[(select i from unnest(outcomes, h) with ordinality u(x, y, i) where not y order by x, i limit 1)] := true;
    end loop;
    m.fast_track_treatment := case when not h[1] then outcomes[1] end;
    m.self_management_advice := case when not h[2] then outcomes[2] end;
    m.onward_referral := case when not h[3] then outcomes[3] end;
    m.no_action_needed := case when not h[4] then outcomes[4] end;
    m.declined := case when not h[5] then outcomes[5] end;
    return m;
end $$;

-- ---- what a reporter calls ----

-- A row for every organisation, pathway and month of in_from to in_to, and for what is left over of each year: nothing
-- but names where there are fewer than 5 spells, or none.
create function report.measures(in_from date default null, in_to date default null,
                                in_organisation text default null, in_pathway text default null)
returns setof report.measure
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
    r record;
    m report.measure;
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'pathway', in_pathway));
    for r in
        with cells as materialized (select * from report.cells(in_from, in_to))
        select g.organisation, p.pathway, g.label, g.is_rest, c.spells, c.atoms, c.days, c.fit, c.fte_days,
               -- Of months that nobody sees, how many there can be: the more, the less their sum tells.
               case when g.is_rest then
                   (select count(*) from generate_series(g.starts::timestamp, g.latest, '1 month') d
                    where (o.live_from is null or d + interval '1 month' > o.live_from)
                      and not exists (select from cells x where x.organisation = g.organisation
                                      and x.pathway = p.pathway and x.starts = d::date and not x.is_rest))
               end as hidden_months
        from report.grid(in_from, in_to) g
        join report.organisations() o on o.organisation = g.organisation
        cross join report.pathways() p(pathway)
        left join cells c on c.organisation = g.organisation and c.pathway = p.pathway and c.starts = g.starts
                         and c.is_rest = g.is_rest
        where (in_organisation is null or g.organisation = in_organisation)
          and (in_pathway is null or p.pathway = in_pathway)
        order by g.organisation, p.pathway, g.starts + g.is_rest::int * interval '1 year', g.is_rest
    loop
        m := null;
        if r.spells >= 5 and (not r.is_rest or r.spells <= 4 * (r.hidden_months - 1)) then
            m := report.shown(r.atoms, r.days, r.fit, r.fte_days);
        end if;
        m.organisation := r.organisation;
        m.pathway := r.pathway;
        m.month := r.label;
        return next m;
    end loop;
end $$;

-- ---- the quality of what HR sends ----

-- Absence records of [in_since, in_until) that have begun, by what became of their reason; month: since December 1899.
create function report.record_bars(in_since date, in_until date, in_today date)
returns table (organisation text, month int, match smallint, scheme smallint, code text, backdated boolean, n bigint)
language sql stable parallel safe set search_path = pg_catalog, pg_temp set work_mem = '64MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
select a.organisation, (date_part('year', a.onset_date) * 12 + date_part('month', a.onset_date))::int - 22800,
       a.match, a.scheme, a.code, a.onset_date < a.first_onset_date, count(*)
from fact.absence a
join report.organisations() r on r.organisation = a.organisation
where not a.cancelled and a.onset_date >= in_since and a.onset_date < in_until and a.onset_date <= in_today
  and (r.live_from is null or a.onset_date >= r.live_from)
group by 1, 2, 3, 4, 5, 6
$$;

-- Cells as those of spells, of the records of the years that in_from and in_to lie in. atoms: without a reason, onset
-- moved back, without a reason on the second day, of those with one by day 4.
create function report.record_cells(in_from date, in_to date)
returns table (organisation text, starts date, is_rest boolean, records int, atoms int[])
language sql stable set search_path = pg_catalog, pg_temp set work_mem = '64MB' set jit = off
set enable_nestloop = off set enable_mergejoin = off as $$
with clock as materialized (
    select oh.today() as today, oh.time_zone() as zone,
           date_trunc('year', in_from)::date as since, (date_trunc('year', in_to) + interval '1 year')::date as until
), g as materialized (
    select b.organisation, make_date(1900 + (b.month - 1) / 12, (b.month - 1) % 12 + 1, 1) as month, b.match, b.scheme,
           b.code, b.backdated, b.n
    from report.record_bars((select c.since from clock c), (select c.until from clock c),
                            (select c.today from clock c)) b
), watched as materialized (
    select k.scheme, k.code
    from (select distinct g.scheme, g.code from g where g.match = 1) k
    where report.is_watched(k.scheme, k.code)
), asked as (
    select q.organisation, date_trunc('month', q.onset::timestamp)::date as month, count(*) as n,
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
            and e.occurs_on >= c.since + 2 and e.occurs_on < c.until + 2) q
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
select m.organisation, case when m.n < 5 then date_trunc('year', m.month::timestamp)::date else m.month end, m.n < 5,
       sum(m.n)::int,
       array[sum(m.without), sum(m.backdated), coalesce(sum(a.n), 0), coalesce(sum(a.in_time), 0)]::int[]
from m left join asked a using (organisation, month)
group by 1, 2, 3
$$;

create function report.letters(in_from date, in_to date) returns table (organisation text, month date, letters int)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select x.organisation, x.month, sum(x.n)::int
    from (select coalesce(d.organisation, ''), date_trunc('month', d.received_at at time zone oh.time_zone())::date,
                 count(*)
          from intake.dead_letter d group by 1, 2
          union all
          select p.organisation, p.month, p.letters from report.letters_purged p) x(organisation, month, n)
    where x.month between date_trunc('month', in_from) and in_to
    group by 1, 2
$$;

create type report.quality_row as (
    organisation text, month text, records int, without_reason int, without_reason_percent numeric,
    asked_for_reason int, reason_by_day_4 int, reason_by_day_4_percent numeric,
    backdated int, backdated_percent numeric, dead_letters int
);

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
        with cells as materialized (select * from report.record_cells(in_from, in_to)),
             letters as materialized (select * from report.letters(in_from, in_to))
        select g.organisation, g.label, g.is_rest, c.records, coalesce(c.atoms[1], 0) as without,
               coalesce(c.atoms[2], 0) as backdated, coalesce(c.atoms[3], 0) as asked,
               coalesce(c.atoms[4], 0) as in_time, l.letters,
               case when g.is_rest then
                   (select count(*) from generate_series(g.starts::timestamp, g.latest, '1 month') d
                    where (o.live_from is null or d + interval '1 month' > o.live_from)
                      and not exists (select from cells x where x.organisation = g.organisation
                                      and x.starts = d::date and not x.is_rest))
               end as hidden_months
        from report.grid(in_from, in_to) g
        join report.organisations() o on o.organisation = g.organisation
        left join cells c on c.organisation = g.organisation and c.starts = g.starts and c.is_rest = g.is_rest
        left join letters l on l.organisation = g.organisation and l.month = g.starts and not g.is_rest
        where in_organisation is null or g.organisation = in_organisation
        order by g.organisation, g.starts + g.is_rest::int * interval '1 year', g.is_rest
    loop
        q := null;
        if r.records >= 5 and (not r.is_rest or r.records <= 4 * (r.hidden_months - 1)) then
            q.records := r.records;
            if report.shows(r.without, r.records) then
                q.without_reason := r.without;
                q.without_reason_percent := report.percent(r.without, r.records);
            end if;
            if report.shows(r.asked, r.records) then
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

revoke all on all functions in schema report from public;
revoke all on type report.measure, report.quality_row from public;
grant usage on type report.measure, report.quality_row to dayfour_reporter;

grant create on schema report to dayfour_report_owner;
do $$
declare
    f regprocedure;
begin
    for f in select p.oid from pg_catalog.pg_proc p where p.pronamespace = 'report'::regnamespace
    loop
        execute 'alter function ' || f || ' owner to dayfour_report_owner';
    end loop;
end $$;
alter type report.measure owner to dayfour_report_owner;
alter type report.quality_row owner to dayfour_report_owner;
revoke create on schema report from dayfour_report_owner;

grant usage on schema report, casework, fact, followup, intake, oh, audit to dayfour_report_owner;
grant select (organisation, person_id, spell_id, pathway, onset_date, last_day, due_date, state, end_reason,
              late_report, last_outcome, elapsed_days, first_attempt_at, first_notice_at, previous_spell, tombstone,
              anchor_source, anchor_absence_id, record_sources, record_ids)
    on casework.spell to dayfour_report_owner;
grant select (organisation, person_id, source, absence_id, assignment_id, onset_date, first_onset_date, last_day,
              open_ended, match, scheme, code, fte, cancelled)
    on fact.absence to dayfour_report_owner;
grant select (organisation, person_id, died_on) on fact.person to dayfour_report_owner;
grant select (organisation, person_id, subject, kind, occurrence, nth, occurs_on, emitted_at, withdrawn_at, data)
    on followup.emitted to dayfour_report_owner;
grant select (organisation, received_at) on intake.dead_letter to dayfour_report_owner;
grant select (organisation) on intake.feed to dayfour_report_owner;
grant select (serial, document) on fact.settings to dayfour_report_owner;
grant select on report.letters_purged to dayfour_report_owner;
grant execute on function oh.today(), oh.time_zone(), audit.write(text, text, text, text, jsonb)
    to dayfour_report_owner;

create policy count on casework.spell for select to dayfour_report_owner using (true);
create policy count on fact.absence for select to dayfour_report_owner using (true);
create policy count_died on fact.person for select to dayfour_report_owner using (true);
create policy count on followup.emitted for select to dayfour_report_owner using (true);
create policy count on intake.dead_letter for select to dayfour_report_owner using (true);

grant execute on function report.measures(date, date, text, text), report.quality(date, date, text)
    to dayfour_reporter;
