-- Lists of calls for the page and the command line, and their counts.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- A setting of the organisation, else the default.
create or replace function oh.setting(in_organisation text, in_name text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(s.document::jsonb #> array['organisations', in_organisation, in_name],
                    s.document::jsonb #> array['defaults', in_name])
    from fact.settings s order by s.serial desc limit 1
$$;

-- The first working day after a day.
create or replace function oh.next_working_day(in_organisation text, in_day date) returns date
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select d.day::date
    from generate_series(in_day + 1, in_day + 30, interval '1 day') d(day)
    where extract(isodow from d.day) < 6
      and not exists (select from fact.holiday h
                      where h.day = d.day::date
                        and h.division = coalesce(oh.setting(in_organisation, 'division') #>> '{}', 'england-and-wales'))
    order by d.day limit 1
$$;

-- The kind of the prompt for which a contacted task is on the worklist: follow-up, review or check-in.
create or replace function oh.prompt_kind(in_organisation text, in_task text, in_day date) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select split_part(m.kind, '.', 1) from oh.prompt m
    where m.organisation = in_organisation and m.spell_id = in_task and m.occurs_on = in_day
    order by m.kind limit 1
$$;

-- The tasks of a view of the list, with the columns that order them. It names no person. A lead sees open red flags
-- first.
create or replace function oh.listed(in_view text, in_queue text, in_site text, in_until date, in_organisation text)
returns table (task_id text, organisation text, rank int, promised_at timestamptz, act_by date, priority int,
               onset_date date, state text, assigned_to text, attempts int, is_promised boolean, days_overdue int)
language plpgsql stable rows 500
set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select x.task_id, x.organisation, x.rank,
           case when x.rank = 1 then x.call_back_at else timestamptz 'infinity' end,
           coalesce(x.act_by, date 'infinity'), x.priority, x.onset_date, x.state, x.assigned_to, x.attempts,
           x.is_promised, case when x.state = 'open' then (select oh.today()) - x.last_due end
    from (select w.task_id, w.organisation, w.call_back_at, w.act_by, w.priority::int, w.onset_date, w.state,
                 w.assigned_to, w.attempts, p.is_promised, greatest(w.due_date, w.respond_by) as last_due,
                 case when w.red_flag_open and w.organisation = any ((select oh.led_organisations())::text[]) then 0
                      when p.is_promised then 1
                      else 2
                 end as rank
          from oh.worklist_row w
          cross join lateral (
              select coalesce((w.call_back_at at time zone (select oh.time_zone()))::date <= (select oh.today()),
                              false) as is_promised) p
          where w.is_listed and (in_queue is null or w.queue = in_queue)
            and (in_site is null or w.site = in_site)
            and (in_until is null or w.act_by <= in_until)
            and (in_organisation is null or w.organisation = in_organisation)) x
    where case in_view
              when 'today' then x.act_by <= (select oh.today())
              when 'all' then true
              when 'mine' then x.assigned_to = session_user
              when 'unassigned' then x.assigned_to is null
              when 'not-reached' then x.state = 'open' and x.attempts > 0
              when 'follow-up' then x.state = 'contacted'
          end;
end $$;

-- The title of a reason in the settings.
create or replace function oh.reason_title(in_scheme text, in_code text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (select s.reason_titles #>> array[in_scheme, in_code] from fact.settings s order by s.serial desc limit 1);
end $$;

-- The name by which colleagues know a login.
create or replace function oh.name_of(in_login text, in_organisation text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select coalesce((select x.display_name from oh.staff x
                     where x.login = in_login and x.organisation = in_organisation), in_login)
$$;

-- The rows of a list for these tasks. The settings force joins by index, because one plan serves any number of tasks.
-- `offset 0` keeps the sub-select apart: with so many tables the planner joins in the order of the text.
create or replace function oh.call_rows(in_tasks text[], in_keys text[], in_promised boolean[], in_first int,
                                        in_total int)
returns setof oh.call
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    return query
    select u.key, (in_first + u.n - 1)::int, in_total,
           t.task_id, t.organisation, t.queue, t.pathway, t.priority::int, t.person_id,
           t.name, t.phone, t.email, t.language, t.preferred_time, t.voicemail,
           t.onset_date, t.due_date, t.work_by_date, t.respond_by, t.days_left,
           t.state, t.end_reason, t.assigned_to, t.attempts, t.last_outcome,
           t.first_attempt_at, t.contacted_at, t.in_target, t.elapsed_days, t.elapsed_working_days,
           t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag,
           t.reason_changed, t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids,
           t.act_by, t.act_in_days, t.known_at, t.reason_late, t.call_back_at, t.red_flag_open, t.unreachable,
           t.site, t.staff_group, t.job, t.channel, t.needs,
           t.assigned_name, t.oh_record,
           coalesce(t.assigned_to = session_user, false),
           u.is_promised, e.days_overdue, e.overdue_why,
           case when t.prompt_on is not null then oh.prompt_kind(t.organisation, t.task_id, t.prompt_on) end,
           t.prompt_on, e.last_attempt_at, e.tried,
           case when e.changed_at > o.at then e.changed_at end
    from unnest(in_tasks, in_keys, in_promised) with ordinality u(task_id, key, is_promised, n)
    join oh.task_row t on t.task_id = u.task_id
    cross join lateral (select x.* from oh.task_extra x where x.task_id = u.task_id offset 0) e
    left join lateral audit.last_open(t.organisation, t.person_id, t.task_id) o on true
    order by u.n;
end $$;

-- A page of a list of calls.
--
--   view         today, all, mine, unassigned, not-reached or follow-up; 22023 if it is none of these.
--   queue, site  null: every one; a queue that is not the login's gives no rows.
--   after        a row's key, or how many rows to skip; null: from the first.
--   page_size    1 to 5,000.
--   until        only calls with act_by on that day or before.
--
-- Order: for a lead open red flags first; then promises of today or before, by time; then act_by, priority, onset, id.
-- Audit: one entry `list` with the tasks shown, and a reading of each person shown.
create or replace function oh.calls(view text default 'today', queue text default null, site text default null,
                                    after text default null, page_size int default 25,
                                    until date default null, organisation text default null)
returns setof oh.call
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    k text[];
    pass int := 0;
    tasks text[];
    keys text[];
    promised boolean[];
    first int;
    total int;
    shown oh.call[];
begin
    if calls.view is null or calls.view not in ('today', 'all', 'mine', 'unassigned', 'not-reached', 'follow-up') then
        perform oh.refuse('22023', 'the view is none of today, all, mine, unassigned, not-reached, follow-up');
    end if;
    if page_size is null or page_size not between 1 and 5000 then
        perform oh.refuse('22023', 'the page size is not between 1 and 5000');
    end if;
    if after ~ '^[0-9]{1,9}$' then
        pass := after::int;
    elsif after ~ '^[012] [-0-9.a-z]{1,40} [-0-9a-z]{1,20} [0-9]{1,3} [-0-9]{1,20} [0-9A-Z]{12}$' then
        k := string_to_array(after, ' ');
    elsif after is not null then
        perform oh.refuse('22023', 'that is no key of a row');
    end if;
    with l as materialized (
        select x.*, row_number() over (order by x.rank, x.promised_at, x.act_by, x.priority, x.onset_date, x.task_id) as n,
               count(*) over () as total
        from oh.listed(calls.view, calls.queue, calls.site, calls.until, calls.organisation) x
    ), p as (
        select l.* from l
        where l.n > pass
          and (k is null
               or (l.rank, l.promised_at, l.act_by, l.priority, l.onset_date, l.task_id)
                  > (k[1]::int, case when k[2] = 'infinity' then k[2]::timestamptz else to_timestamp(k[2]::float8) end,
                     k[3]::date, k[4]::int, k[5]::date, k[6]))
        order by l.n limit calls.page_size
    )
    select array_agg(p.task_id order by p.n),
           array_agg(concat_ws(' ', p.rank, case when p.promised_at = 'infinity' then 'infinity'
                                                 else extract(epoch from p.promised_at)::text end,
                               p.act_by, p.priority, p.onset_date, p.task_id) order by p.n),
           array_agg(p.is_promised order by p.n), min(p.n), max(p.total)
    into tasks, keys, promised, first, total
    from p;
    shown := array(select c from oh.call_rows(tasks, keys, promised, first, total) c);
    perform audit.note_shown('list', 'oh.calls',
                             jsonb_build_object('list', calls.view, 'queue', calls.queue, 'site', calls.site,
                                                'until', calls.until, 'organisation', calls.organisation),
                             array(select c.task_id from unnest(shown) c));
    perform audit.note_person('oh.calls', oh.now(), oh.day_began(), c.organisation, c.person_id, false)
    from unnest(shown) c;
    return query select c.* from unnest(shown) c;
end $$;
grant execute on function oh.calls(text, text, text, text, int, date, text) to dayfour_clinician, dayfour_oh_admin;

-- Counts of all views of the list, in one row. It names no person, so it is not audited.
create or replace function oh.call_counts(queue text default null, site text default null)
returns setof oh.call_counts
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    day date := oh.today();
begin
    return query
    select count(*) filter (where x.act_by <= day)::int, count(*)::int,
           count(*) filter (where x.assigned_to = session_user)::int,
           count(*) filter (where x.assigned_to is null)::int,
           count(*) filter (where x.state = 'open' and x.attempts > 0)::int,
           count(*) filter (where x.state = 'contacted')::int,
           count(*) filter (where x.is_promised)::int,
           count(*) filter (where x.days_overdue > 0)::int,
           count(*) filter (where not x.is_promised and x.act_by <= day and x.days_overdue <= 0)::int,
           count(*) filter (where not x.is_promised and x.act_by <= day and x.days_overdue < 0)::int
    from oh.listed('all', call_counts.queue, call_counts.site, null, null) x;
end $$;
grant execute on function oh.call_counts(text, text) to dayfour_clinician, dayfour_oh_admin;

-- The sites of the login's calls, for a filter.
create or replace function oh.call_sites() returns table (site text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
    select distinct w.site from oh.worklist_row w where w.is_listed and w.site is not null order by 1;
end $$;
grant execute on function oh.call_sites() to dayfour_clinician, dayfour_oh_admin;

-- The first of today's calls under the filters of a list that is unassigned or the login's, except in_except. Null:
-- none. It names no person, so it is not audited.
create or replace function oh.next_call(in_queue text, in_site text, in_except text[]) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp set jit = off as $$
    select x.task_id from oh.listed('today', in_queue, in_site, null, null) x
    where (x.assigned_to is null or x.assigned_to = session_user) and x.task_id <> all (in_except)
    order by x.rank, x.promised_at, x.act_by, x.priority, x.onset_date, x.task_id limit 1
$$;
grant execute on function oh.next_call(text, text, text[]) to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
