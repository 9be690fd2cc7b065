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

-- The tasks of the list, with the columns that order them. It names no person. A lead sees open red flags first.
create or replace function oh.listed(in_queue text, in_site text, in_until date, in_organisation text)
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
            and (in_organisation is null or w.organisation = in_organisation)) x;
end $$;

-- A page of a view of the list, as oh.call_rows() takes it, and the counts of all views. Both come from one pass: nearly
-- all the time is the pass. It names no person. in_or_last: the last page if there is none after in_pass rows.
create or replace function oh.list_page(in_view text, in_queue text, in_site text, in_until date, in_organisation text,
                                        in_pass int, in_key text[], in_page_size int, in_or_last boolean)
returns table (counts oh.call_counts, tasks text[], keys text[], promised boolean[], first int, total int)
language plpgsql stable rows 1
set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    day date := oh.today();
begin
    return query
    with a as materialized (
        select x.* from oh.listed(in_queue, in_site, in_until, in_organisation) x
    ), l as materialized (
        select a.*, row_number() over (order by a.rank, a.promised_at, a.act_by, a.priority, a.onset_date, a.task_id) as n,
               count(*) over () as total
        from a
        where case in_view
                  when 'today' then a.act_by <= day
                  when 'all' then true
                  when 'mine' then a.assigned_to = session_user
                  when 'unassigned' then a.assigned_to is null
                  when 'not-reached' then a.state = 'open' and a.attempts > 0
                  when 'follow-up' then a.state = 'contacted'
              end
    ), p as (
        select l.* from l
        where l.n > case when in_or_last then least(in_pass, (l.total - 1) / in_page_size * in_page_size) else in_pass end
          and (in_key is null
               or (l.rank, l.promised_at, l.act_by, l.priority, l.onset_date, l.task_id)
                  > (in_key[1]::int,
                     case when in_key[2] = 'infinity' then in_key[2]::timestamptz else to_timestamp(in_key[2]::float8) end,
                     in_key[3]::date, in_key[4]::int, in_key[5]::date, in_key[6]))
        order by l.n limit in_page_size
    ), c as (
        select row(count(*) filter (where a.act_by <= day)::int, count(*)::int,
                   count(*) filter (where a.assigned_to = session_user)::int,
                   count(*) filter (where a.assigned_to is null)::int,
                   count(*) filter (where a.state = 'open' and a.attempts > 0)::int,
                   count(*) filter (where a.state = 'contacted')::int,
                   count(*) filter (where a.is_promised)::int,
                   count(*) filter (where a.days_overdue > 0)::int,
                   count(*) filter (where not a.is_promised and a.act_by <= day and a.days_overdue <= 0)::int,
                   count(*) filter (where not a.is_promised and a.act_by <= day and a.days_overdue < 0)::int
               )::oh.call_counts as counts
        from a
    )
    select (select c.counts from c), array_agg(p.task_id order by p.n),
           array_agg(concat_ws(' ', p.rank, case when p.promised_at = 'infinity' then 'infinity'
                                                 else extract(epoch from p.promised_at)::text end,
                               p.act_by, p.priority, p.onset_date, p.task_id) order by p.n),
           array_agg(p.is_promised order by p.n), min(p.n)::int, max(p.total)::int
    from p;
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

-- A page of a list and the counts of all views. It notes each person on the page as read about.
create or replace function oh.show_page(in_view text, in_queue text, in_site text, in_until date, in_organisation text,
                                        in_pass int, in_key text[], in_page_size int, in_or_last boolean)
returns table (counts oh.call_counts, calls oh.call[])
language plpgsql volatile rows 1
set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    l record;
begin
    if in_view is null or in_view not in ('today', 'all', 'mine', 'unassigned', 'not-reached', 'follow-up') then
        perform oh.refuse('22023', 'the view is none of today, all, mine, unassigned, not-reached, follow-up');
    end if;
    select p.* into l
    from oh.list_page(in_view, in_queue, in_site, in_until, in_organisation, in_pass, in_key, in_page_size, in_or_last) p;
    counts := l.counts;
    calls := array(select c from oh.call_rows(l.tasks, l.keys, l.promised, l.first, l.total) c);
    perform audit.note_shown('list', 'oh.calls',
                             jsonb_build_object('list', in_view, 'queue', in_queue, 'site', in_site,
                                                'until', in_until, 'organisation', in_organisation),
                             array(select c.task_id from unnest(calls) c));
    perform audit.note_person('oh.calls', oh.now(), oh.day_began(), c.organisation, c.person_id, false)
    from unnest(calls) c;
    return next;
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
begin
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
    return query
    select c.* from oh.show_page(calls.view, calls.queue, calls.site, calls.until, calls.organisation, pass, k,
                                 calls.page_size, false) p
    cross join lateral unnest(p.calls) c;
end $$;
grant execute on function oh.calls(text, text, text, text, int, date, text) to dayfour_clinician, dayfour_oh_admin;

-- Counts of all views of the list, in one row. It names no person, so it is not audited.
create or replace function oh.call_counts(queue text default null, site text default null)
returns setof oh.call_counts
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
    select (p.counts).* from oh.list_page('all', call_counts.queue, call_counts.site, null, null, 0, null, 1, false) p;
end $$;
grant execute on function oh.call_counts(text, text) to dayfour_clinician, dayfour_oh_admin;

-- oh.call_counts() and the page_no-th 25 rows of oh.calls() at once, for a screen that shows both. The last page, if
-- there are fewer. A page without rows is one row without a call. Audit: as oh.calls().
create or replace function oh.calls_counted(view text, queue text, site text, page_no int)
returns table (counts oh.call_counts, call oh.call)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan as $$
begin
    if page_no is null or page_no not between 1 and 1000000 then
        perform oh.refuse('22023', 'the page is not between 1 and 1000000');
    end if;
    return query
    select p.counts, c from oh.show_page(calls_counted.view, calls_counted.queue, calls_counted.site, null, null,
                                         (page_no - 1) * 25, null, 25, true) p
    left join lateral unnest(p.calls) c on true;
end $$;
grant execute on function oh.calls_counted(text, text, text, int) to dayfour_clinician, dayfour_oh_admin;

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
    select x.task_id from oh.listed(in_queue, in_site, null, null) x
    where x.act_by <= (select oh.today()) and (x.assigned_to is null or x.assigned_to = session_user)
      and x.task_id <> all (in_except)
    order by x.rank, x.promised_at, x.act_by, x.priority, x.onset_date, x.task_id limit 1
$$;
grant execute on function oh.next_call(text, text, text[]) to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
