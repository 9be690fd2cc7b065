-- Settings that reports use, and the months they are about.
--
-- A reporter may call a few functions (68_report_figures.sql), which take months, an organisation and a pathway, and no
-- condition. Every spell is in exactly one cell, so there is nothing to subtract between cells. Within a cell,
-- counts that could be found by subtraction are withheld with the small ones. doc/information-governance.md, "Reports".
--
-- in_organisation or in_pathway null stands for all. Functions that count spells are planned for the values given:
-- an index finds one organisation, several processes count all of them.

grant create on schema report to dayfour_report_owner;
set local role dayfour_report_owner;

-- The settings in force.
create or replace function report.document() returns jsonb
language sql stable parallel safe set search_path = pg_catalog, pg_temp as $$
    select s.document::jsonb from fact.settings s order by s.serial desc limit 1
$$;

-- The organisations that have a feed, so that one without spells looks like one with few. The document is parsed once.
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

-- The names of the pathways.
create or replace function report.pathways() returns setof text
language sql stable parallel safe rows 2 set search_path = pg_catalog, pg_temp as $$
    select jsonb_object_keys(coalesce(report.document() -> 'pathways', '{}'))
$$;

-- Whether a kept code is on the watch list: the reason is not known.
create or replace function report.is_watched(in_scheme int, in_code text) returns boolean
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

-- The month of each day of [in_since, in_until), numbered from December 1899. A look into the array costs a tenth of
-- computing the month from a date.
create or replace function report.months(in_since date, in_until date) returns int[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    select array_agg((date_part('year', d) * 12 + date_part('month', d))::int - 22800 order by d)
    from generate_series(in_since::timestamp, in_until::timestamp - interval '1 day', '1 day') d
$$;

-- A number for each organisation and pathway, base. The key of a cell is base plus the months since December 1899: a
-- million spells are grouped by one number.
create or replace function report.dimensions()
returns table (organisation text, pathway text, live_from date, long_term_day int, base int)
language sql stable parallel safe rows 50 set search_path = pg_catalog, pg_temp as $$
    select o.organisation, p.pathway, o.live_from, o.long_term_day,
           (row_number() over (order by o.organisation, p.pathway) * 4096)::int
    from report.organisations() o cross join report.pathways() p(pathway)
$$;

-- The same with report.months(): a sub-select for the months would keep the query from running in several processes.
create or replace function report.dimensions(in_since date, in_until date)
returns table (organisation text, pathway text, live_from date, long_term_day int, base int, months int[])
language sql stable parallel safe rows 50 set search_path = pg_catalog, pg_temp as $$
    select d.*, (select report.months(in_since, in_until)) from report.dimensions() d
$$;

-- For a first and a last month, as one number, every month between: a million spells are joined to it by equality.
create or replace function report.spans(in_since date, in_until date)
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

-- The days reported: the whole months of in_from to in_to that are over.
create or replace function report.span(in_from date, in_to date, out since date, out until date, out today date,
                                       out zone text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select date_trunc('month', in_from::timestamp)::date,
           least(date_trunc('month', in_to::timestamp) + interval '1 month',
                 date_trunc('month', oh.today()::timestamp))::date,
           oh.today(), oh.time_zone()
$$;

-- Checks the months asked for; by default the last twelve that are over.
create or replace function report.check_months(inout in_from date, inout in_to date)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    in_to := coalesce(in_to, date_trunc('month', oh.today()::timestamp)::date - 1);
    in_from := coalesce(in_from, (date_trunc('month', in_to::timestamp) - interval '11 months')::date);
    if in_from > in_to or in_from < date '1900-01-01'
       or in_to > date '2200-12-31' or in_to - in_from > 3660 then
        raise exception 'months from one to a later one, at most ten years, are needed' using errcode = '22023';
    end if;
end $$;

-- The rows of a report: every month asked for of every organisation, whatever they contain.
create or replace function report.grid(in_from date, in_to date)
returns table (organisation text, starts date, label text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select o.organisation, d::date, to_char(d, 'YYYY-MM')
    from report.organisations() o
    cross join generate_series(date_trunc('month', in_from::timestamp), in_to, '1 month') d
$$;

-- The day the person died. It is a function so that several processes can share a scan.
create or replace function report.died_on(in_organisation text, in_person_id text, in_today date) returns date
language sql stable parallel safe set search_path = pg_catalog, pg_temp as $$
    select least(x.died_on, in_today) from fact.person x
    where x.organisation = in_organisation and x.person_id = in_person_id
$$;

-- Whether a month is over: only then it has figures.
create or replace function report.is_over(in_month text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select in_month < to_char(oh.today(), 'YYYY-MM')
$$;
grant execute on function report.is_over(text) to dayfour_oh_admin, dayfour_reporter;

-- The organisations whose figures the login may have. Null: all of them, for a reporter.
create or replace function report.mine() returns text[]
language sql stable set search_path = pg_catalog, pg_temp as $$
    select case when not pg_has_role(session_user, 'dayfour_reporter', 'member') then oh.led_organisations() end
$$;

reset role;

revoke create on schema report from dayfour_report_owner;
revoke all on all functions in schema report from public;
