-- The functions that reporters and leads call. Each is audited.

grant create on schema report to dayfour_report_owner;
set local role dayfour_report_owner;

-- Both halves of a report from one count. FTE days are rounded to whole days: a fraction would disclose shares of a
-- post. 67.79997 is 63 + 9 * 0.53333, so a person with that share, whom colleagues know, would be in the number.
create or replace function report.parts(in_from date, in_to date, in_organisation text, in_pathway text,
                                        in_quality boolean)
returns table (part int, measure report.measure, quality report.quality_row)
language sql stable set search_path = pg_catalog, pg_temp set jit = off as $$
with cells as materialized (
    select * from report.cells(in_from, in_to, in_organisation, in_pathway)
), rows as materialized (
    select g.organisation, p.pathway, g.label, report.shown(c.atoms, c.days, c.fit, round(c.fte_days)) as told
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

-- A row for every organisation, pathway and month of in_from to in_to. It has no figures if there are fewer than 5
-- spells, or the month is not over.
create or replace function report.measures(in_from date default null, in_to date default null,
                                           in_organisation text default null, in_pathway text default null)
returns setof report.measure
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine constant text[] := report.mine();
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'pathway', in_pathway));
    return query
        select (p.measure).* from report.parts(in_from, in_to, in_organisation, in_pathway, false) p
        where mine is null or (p.measure).organisation = any (mine);
end $$;
grant execute on function report.measures(date, date, text, text) to dayfour_oh_admin, dayfour_reporter;

-- The same about HR's data. A row without an organisation has the dead letters in which none could be read.
create or replace function report.quality(in_from date default null, in_to date default null,
                                          in_organisation text default null)
returns setof report.quality_row
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine constant text[] := report.mine();
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
                                               t.spells) q
        where mine is null or q.organisation = any (mine);
end $$;
grant execute on function report.quality(date, date, text) to dayfour_oh_admin, dayfour_reporter;

-- Both reports, one after the other; for a single pathway the first and the last part only.
create or replace function report.whole(in_from date default null, in_to date default null,
                                        in_organisation text default null, in_pathway text default null)
returns table (part text, told json)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine constant text[] := report.mine();
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
        from report.parts(in_from, in_to, in_organisation, in_pathway, in_pathway is null) p
        where mine is null
           or case p.part when 1 then (p.measure).organisation else (p.quality).organisation end = any (mine);
    if in_pathway is null then
        return query select 'arrivals', row_to_json(x) from report.arrivals(in_from, in_to, in_organisation) x;
        return query select 'places', row_to_json(x) from report.places(in_from, in_to, in_organisation) x;
    end if;
    return query
        select 'unreached', row_to_json(x) from report.unreached(in_from, in_to, in_organisation, in_pathway) x;
end $$;
grant execute on function report.whole(date, date, text, text) to dayfour_oh_admin, dayfour_reporter;

-- How late absences and their reasons arrive, before suppression. A record counts for day n if the person was off on
-- that day, and the day is past. The recording lag is that of records that matched or are watched, by HR's system or
-- else by the first notice.
create or replace function report.arrival_cells(in_from date, in_to date, in_organisation text)
returns table (organisation text, starts date, off int[], missing int[], days int[], fit boolean[])
language sql stable set search_path = pg_catalog, pg_temp set jit = off as $$
    with rec as materialized (
        select a.organisation, date_trunc('month', a.onset_date::timestamp)::date as starts,
               case when a.reason_given_at is not null
                    then greatest((a.reason_given_at at time zone s.zone)::date - a.onset_date, 0)
               end as reason_lag,
               case when a.match in (0, 1)
                    then greatest((coalesce(a.recorded_at, a.first_notice_at) at time zone s.zone)::date
                                  - a.onset_date, 0)
               end as recording_lag,
               -- The last day off after the onset, as far as it is known.
               least(coalesce(case when not a.open_ended then a.last_day end, s.today - 1), s.today - 1)
                   - a.onset_date as last
        from report.span(in_from, in_to) s
        join report.organisations() o on true
        join fact.absence a on a.organisation = o.organisation
        where a.onset_date >= s.since and a.onset_date < s.until and not a.cancelled
          and (o.live_from is null or a.onset_date >= o.live_from)
          and (in_organisation is null or a.organisation = in_organisation)
    ), mark as (
        select r.organisation, r.starts,
               array[count(*) filter (where r.last >= 1), count(*) filter (where r.last >= 2),
                     count(*) filter (where r.last >= 4)]::int[] as off,
               array[count(*) filter (where r.last >= 1 and coalesce(r.reason_lag > 1, true)),
                     count(*) filter (where r.last >= 2 and coalesce(r.reason_lag > 2, true)),
                     count(*) filter (where r.last >= 4 and coalesce(r.reason_lag > 4, true))]::int[] as missing,
               array[percentile_disc(0.5) within group (order by r.recording_lag),
                     percentile_disc(0.9) within group (order by r.recording_lag),
                     percentile_disc(0.5) within group (order by r.reason_lag),
                     percentile_disc(0.9) within group (order by r.reason_lag)]::int[] as days
        from rec r
        group by 1, 2
    )
    select m.organisation, m.starts, m.off, m.missing, m.days,
           -- At least five records are on either side of the value.
           array[count(*) filter (where r.recording_lag <= m.days[1]) >= 5
                     and count(*) filter (where r.recording_lag >= m.days[1]) >= 5,
                 count(*) filter (where r.recording_lag <= m.days[2]) >= 5
                     and count(*) filter (where r.recording_lag >= m.days[2]) >= 5,
                 count(*) filter (where r.reason_lag <= m.days[3]) >= 5
                     and count(*) filter (where r.reason_lag >= m.days[3]) >= 5,
                 count(*) filter (where r.reason_lag <= m.days[4]) >= 5
                     and count(*) filter (where r.reason_lag >= m.days[4]) >= 5]
    from mark m
    join rec r using (organisation, starts)
    group by 1, 2, 3, 4, 5
$$;

-- The same as it may be shown, for each organisation and month.
create or replace function report.arrivals(in_from date default null, in_to date default null,
                                           in_organisation text default null)
returns setof report.arrival
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine constant text[] := report.mine();
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'what', 'arrivals'));
    return query
        select g.organisation, g.label,
               case when report.shows(c.missing[1], c.off[1]) then report.percent(c.missing[1], c.off[1]) end,
               case when report.shows(c.missing[2], c.off[2]) then report.percent(c.missing[2], c.off[2]) end,
               case when report.shows(c.missing[3], c.off[3]) then report.percent(c.missing[3], c.off[3]) end,
               case when c.fit[1] then c.days[1] end, case when c.fit[2] then c.days[2] end,
               case when c.fit[3] then c.days[3] end, case when c.fit[4] then c.days[4] end
        from report.grid(in_from, in_to) g
        left join report.arrival_cells(in_from, in_to, in_organisation) c using (organisation, starts)
        where (in_organisation is null or g.organisation = in_organisation)
          and (mine is null or g.organisation = any (mine))
        order by 1, 2;
end $$;
grant execute on function report.arrivals(date, date, text) to dayfour_oh_admin, dayfour_reporter;

-- Cases closed as unable to contact, without a later contact. Withheld if the count is under 5, or leaves under 5 of
-- any group of spells without a contact that a report counts.
create or replace function report.unreached(in_from date default null, in_to date default null,
                                            in_organisation text default null,
                                            in_pathway text default null)
returns setof report.unreached_row
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine constant text[] := report.mine();
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'what', 'unreached'));
    return query
        with part as (
            select sp.organisation, sp.pathway, date_trunc('month', sp.onset_date::timestamp)::date as starts,
                   count(*)::int as spells, (count(*) filter (where u.is_closed))::int as closed
            from report.span(in_from, in_to) s
            join report.dimensions() r on true
            join casework.spell sp on sp.organisation = r.organisation and sp.pathway = r.pathway
            cross join lateral (
                select sp.elapsed_days is null and sp.case_closed
                       and coalesce(sp.close_reason = 'unable_to_contact', false) as is_closed) u
            where not sp.tombstone and sp.onset_date >= s.since and sp.onset_date < s.until
              and (r.live_from is null or sp.onset_date >= r.live_from)
              and (in_organisation is null or sp.organisation = in_organisation)
              and (in_pathway is null or sp.pathway = in_pathway)
            group by sp.organisation, sp.pathway, 3, sp.elapsed_days is null, sp.late_report, sp.end_reason
        ), cell as (
            select p.organisation, p.pathway, p.starts, sum(p.closed)::int as closed, sum(p.spells)::int as spells,
                   bool_and(p.closed = 0 or p.closed >= 5 and (p.closed = p.spells or p.spells - p.closed >= 5)) as fit
            from part p group by 1, 2, 3
        )
        select g.organisation, w.pathway, g.label,
               case when c.fit and report.shows(c.closed, c.spells) then c.closed end
        from report.grid(in_from, in_to) g
        cross join report.pathways() w(pathway)
        left join cell c on c.organisation = g.organisation and c.pathway = w.pathway and c.starts = g.starts
        where (in_organisation is null or g.organisation = in_organisation)
          and (in_pathway is null or w.pathway = in_pathway)
          and (mine is null or g.organisation = any (mine))
        order by 1, 2, 3;
end $$;
grant execute on function report.unreached(date, date, text, text) to dayfour_oh_admin, dayfour_reporter;

-- Spells of all pathways by site and staff group, from the record that was known first. The values of one dimension in a
-- month add up to all spells, so a value that is withheld must not follow from the others. Neither must a figure that
-- report.measures() withholds. So a pathway counts in a month only if measures shows its spells. A percentage is given
-- only if measures shows in_target of each pathway that counts.
create or replace function report.places(in_from date default null, in_to date default null,
                                         in_organisation text default null)
returns setof report.place
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine constant text[] := report.mine();
begin
    select c.in_from, c.in_to into in_from, in_to from report.check_months(in_from, in_to) c;
    perform audit.write('report', null, in_organisation, null,
                        jsonb_build_object('from', in_from, 'to', in_to, 'what', 'places'));
    return query
        with kept as materialized (
            select sp.organisation, sp.pathway, date_trunc('month', sp.onset_date::timestamp)::date as starts,
                   sp.anchor_source, sp.anchor_absence_id,
                   coalesce(sp.elapsed_days <= sp.due_date - sp.onset_date, false) as reached
            from report.span(in_from, in_to) s
            join report.dimensions() r on true
            join casework.spell sp on sp.organisation = r.organisation and sp.pathway = r.pathway
            where not sp.tombstone and sp.onset_date >= s.since and sp.onset_date < s.until
              and (r.live_from is null or sp.onset_date >= r.live_from)
              and (in_organisation is null or sp.organisation = in_organisation)
              and (mine is null or sp.organisation = any (mine))
        ), cell as (
            select k.organisation, k.pathway, k.starts, count(*) filter (where k.reached) >= 5 as is_target_shown
            from kept k group by 1, 2, 3 having count(*) >= 5
        ), counted as (
            select k.organisation, k.starts, d.dimension, d.value, count(*)::int as spells,
                   (count(*) filter (where k.reached))::int as reached, bool_and(m.is_target_shown) as is_target_shown
            from kept k
            join cell e on e.organisation = k.organisation and e.pathway = k.pathway and e.starts = k.starts
            join (select c.organisation, c.starts, bool_and(c.is_target_shown) as is_target_shown
                  from cell c group by 1, 2) m on m.organisation = k.organisation and m.starts = k.starts
            join fact.absence a on a.organisation = k.organisation and a.source = k.anchor_source
                               and a.absence_id = k.anchor_absence_id
            cross join lateral (values ('site', a.site), ('staff_group', a.staff_group)) d(dimension, value)
            group by 1, 2, 3, 4
        ), whole as (
            select c.organisation, c.starts, c.dimension, bool_and(c.is_target_shown) as is_target_shown,
                   array_agg(c.value order by c.value) as names,
                   array_agg(c.spells order by c.value) as spells, array_agg(c.reached order by c.value) as reached,
                   array_agg(c.spells - c.reached order by c.value) as others
            from counted c group by 1, 2, 3
        )
        select w.organisation, to_char(w.starts, 'YYYY-MM'), w.dimension, v.value, v.spells,
               case when w.is_target_shown and not v.no_target and not v.no_other
                    then report.percent(v.reached, v.spells) end
        from whole w
        cross join lateral unnest(w.names, w.spells, w.reached, report.covered(w.spells), report.covered(w.reached),
                                  report.covered(w.others))
            v(value, spells, reached, no_spells, no_target, no_other)
        where not v.no_spells
        order by 1, 3, 4, 2;
end $$;
grant execute on function report.places(date, date, text) to dayfour_oh_admin, dayfour_reporter;

reset role;

revoke create on schema report from dayfour_report_owner;
revoke all on all functions in schema report from public;
