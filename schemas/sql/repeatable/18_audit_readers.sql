-- Which login read about which person. audit.reading (schemas/sql/0008_audit.sql) says how readings become entries.

grant create on schema audit to dayfour_audit_owner;
set local role dayfour_audit_owner;

-- Every view of people's data calls this for each row that it may return. The view passes now and the beginning of the
-- day, so that both are computed once a statement. in_row: columns of the table that is joined last. Because of them
-- the planner calls this only after that join, and so not for rows that the reader's own (leak-proof) condition
-- excludes. After 1,000 people in a statement, the others leave one entry for each organisation, `read_bulk`.
create or replace function audit.note_person(in_view text, in_now timestamptz, in_day timestamptz, in_organisation text,
                                             in_person_id text, variadic in_row boolean[]) returns boolean
language plpgsql volatile security definer cost 1000 set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    n int;
    is_first boolean;
begin
    if in_person_id is null or in_person_id = ''
       or exists (select from audit.reading r
                  where r.xact = pg_current_xact_id() and r.person_id = in_person_id
                    and r.statement_at = statement_timestamp() and r.organisation = in_organisation) then
        return true;
    end if;
    n := coalesce((select r.nth from audit.reading r
                   where r.xact = pg_current_xact_id() and r.statement_at = statement_timestamp()
                   order by r.nth desc limit 1), 0);
    if n >= 1000 then
        if not exists (select from audit.entry e
                       where e.xact = pg_current_xact_id() and e.what = 'read_bulk'
                         and e.statement_at = statement_timestamp() and e.organisation = in_organisation) then
            insert into audit.entry (at, what, organisation, detail)
            values (in_now, 'read_bulk', in_organisation, jsonb_build_object('view', in_view));
        end if;
        return true;
    end if;
    is_first := not exists (select from audit.entry e
                            where e.what = 'read_about' and e.organisation = in_organisation
                              and e.person_id = in_person_id and e.who = session_user and e.at >= in_day);
    if is_first then
        insert into audit.entry (at, what, organisation, person_id, detail)
        values (in_now, 'read_about', in_organisation, in_person_id, jsonb_build_object('view', in_view));
    end if;
    insert into audit.reading (nth, at, view, organisation, person_id, has_entry)
    values (n + 1, in_now, in_view, in_organisation, in_person_id, is_first);
    return true;
end $$;
grant execute on function audit.note_person(text, timestamptz, timestamptz, text, text, boolean[]) to
    dayfour_clinician, dayfour_oh_admin, dayfour_oh_owner;

-- The same for a dead letter, about the person in its value if that can be read.
create or replace function audit.note_letter(in_view text, in_now timestamptz, in_day timestamptz, in_organisation text,
                                             in_value bytea) returns boolean
language plpgsql volatile security definer cost 1000 set search_path = pg_catalog, pg_temp as $$
declare
    event jsonb;
    person text;
begin
    begin
        event := convert_from(in_value, 'UTF8')::jsonb;
        if event ? 'data_base64' then
            event := convert_from(decode(event ->> 'data_base64', 'base64'), 'UTF8')::jsonb;
        end if;
        person := coalesce(event #>> '{data,person_id}', event ->> 'person_id');
    exception when others then
        null;  -- the value cannot be read, and may be a dead letter for this reason
    end;
    if octet_length(person) between 1 and 100 and in_organisation is not null then
        perform audit.note_person(in_view, in_now, in_day, in_organisation, person, false);
    end if;
    return true;
end $$;
grant execute on function audit.note_letter(text, timestamptz, timestamptz, text, bytea) to dayfour_feed_owner,
    dayfour_ops_owner;

-- As audit.note_read(), for a function that shows people: the entry has the function's own word (in_what) and the tasks
-- shown. Task ids are pseudonyms: those of an erased person lead to nobody. The function calls this when it knows its
-- rows, before it returns them.
create or replace function audit.note_shown(in_what text, in_view text, in_detail jsonb, in_tasks text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    number bigint := nextval('audit.reading_no');
begin
    perform audit.write(in_what, null, null, null,
                        coalesce(jsonb_strip_nulls(in_detail), '{}')
                        || jsonb_build_object('view', in_view, 'reading', number, 'tasks', to_jsonb(in_tasks)));
    raise log 'dayfour: % reads %, reading %', session_user, in_view, number;
end $$;
grant execute on function audit.note_shown(text, text, jsonb, text[]) to dayfour_oh_owner;

-- When this login last opened the case, and the values it was shown. No row: never, or the entry was erased.
create or replace function audit.last_open(in_organisation text, in_person_id text, in_task text)
returns table (at timestamptz, shown jsonb)
language sql stable security definer rows 1 set search_path = pg_catalog, pg_temp as $$
    select e.at, e.detail -> 'shown' from audit.entry e
    where e.what = 'open' and e.organisation = in_organisation and e.person_id = in_person_id and e.who = session_user
      and e.detail ->> 'task_id' = in_task
    order by e.entry_id desc limit 1
$$;
grant execute on function audit.last_open(text, text, text) to dayfour_oh_owner;

-- Adds up at most in_max readings by day, and writes the sums of days that are over as entries `reads`. audit.seal()
-- calls it.
create or replace function audit.fold(in_max int) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    zone text := oh.time_zone();
    today date := oh.today();
begin
    with r as (delete from audit.reading x
               where x.ctid = any (array(select y.ctid from audit.reading y limit in_max))
               returning x.*)
    insert into audit.reader_day as d (organisation, person_id, who, day, first_at, last_at, times, entries, views)
    select r.organisation, r.person_id, r.who, (r.at at time zone zone)::date, min(r.at), max(r.at), count(*),
           count(*) filter (where r.has_entry), array_agg(distinct r.view order by r.view)
    from r group by 1, 2, 3, 4
    on conflict (organisation, person_id, who, day) do update
    set first_at = least(d.first_at, excluded.first_at), last_at = greatest(d.last_at, excluded.last_at),
        times = d.times + excluded.times, entries = d.entries + excluded.entries,
        views = array(select distinct v from unnest(d.views || excluded.views) v order by v);
    with o as (delete from audit.reader_day x
               where x.ctid = any (array(select y.ctid from audit.reader_day y where y.day < today limit in_max))
               returning x.*)
    insert into audit.entry (at, what, organisation, person_id, detail)
    select oh.clock(), 'reads', o.organisation, o.person_id,
           jsonb_build_object('reader', o.who, 'first', o.first_at, 'last', o.last_at, 'times', o.times,
                              'views', o.views)
    from o where o.times > o.entries
    order by o.organisation, o.person_id, o.who, o.day;
end $$;

-- Readings about a person that no entry `reads` counts yet.
create or replace function audit.uncounted(in_organisation text, in_person_id text)
returns table (first_at timestamptz, last_at timestamptz, who text, times bigint, views text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select min(x.first_at), max(x.last_at), x.who, sum(x.times)::bigint,
           array(select distinct v from unnest(string_to_array(string_agg(array_to_string(x.views, ','), ','), ',')) v
                 order by v)
    from (select d.first_at, d.last_at, d.who, d.times, d.views, d.day from audit.reader_day d
          where d.organisation = in_organisation and d.person_id = in_person_id
          union all
          select r.at, r.at, r.who, 1, array[r.view], (r.at at time zone oh.time_zone())::date from audit.reading r
          where r.organisation = in_organisation and r.person_id = in_person_id) x
    group by x.who, x.day
    having sum(x.times) > 1
$$;
grant execute on function audit.uncounted(text, text) to dayfour_auditor;

-- The entries about a person, which audit.erase() would empty, and the readings that are not entries yet.
create or replace function audit.about(in_organisation text, in_person_id text)
returns table (at timestamptz, who text, what text, why text, detail jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select x.at, x.who, x.what, x.why, x.detail
    from (select e.at, coalesce(case when e.what = 'reads' then e.detail ->> 'reader' end, e.who) as who, e.what, e.why,
                 e.detail, e.entry_id
          from audit.entry e
          where e.organisation = in_organisation and e.person_id = in_person_id
             or strpos(e.detail ->> 'query', quote_literal(in_person_id)) > 0
          union all
          select u.last_at, u.who, 'reads', null,
                 jsonb_build_object('reader', u.who, 'first', u.first_at, 'last', u.last_at, 'times', u.times,
                                    'views', u.views), null
          from audit.uncounted(in_organisation, in_person_id) u) x
    order by x.entry_id nulls last, x.at, x.who
$$;
grant execute on function audit.about(text, text) to dayfour_retention, dayfour_oh_owner;

reset role;

revoke create on schema audit from dayfour_audit_owner;
revoke all on all functions in schema audit from public;
