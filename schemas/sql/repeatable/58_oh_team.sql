-- A team's cases, colleagues, readers of a case, and the figures of a week. The functions run with the rights of
-- dayfour_oh_owner, whose policies ask which login is logged in.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- For leads: how many calls each member of the team has; assigned_to null: unassigned. It names no person who is
-- called, so it is not audited.
create or replace function oh.team(queue text default null)
returns table (assigned_to text, assigned_name text, in_team boolean, today int, promised int, overdue int,
               not_reached int, follow_up int, all_calls int, red_flags int, no_number int)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set jit = off as $$
#variable_conflict use_column
declare
    day date := oh.today();
    zone text := oh.time_zone();
begin
    return query
    select w.assigned_to, max(w.assigned_name),
           w.assigned_to is null
               or exists (select from oh.staff f
                          where f.login = w.assigned_to
                            and f.organisation = any ((select oh.led_organisations())::text[])),
           count(*) filter (where w.act_by <= day)::int,
           count(*) filter (where (w.call_back_at at time zone zone)::date <= day)::int,
           count(*) filter (where w.state = 'open' and greatest(w.due_date, w.respond_by) < day)::int,
           count(*) filter (where w.state = 'open' and w.attempts > 0)::int,
           count(*) filter (where w.state = 'contacted')::int,
           count(*)::int,
           count(*) filter (where w.red_flag_open)::int,
           count(*) filter (where w.phone is null)::int
    from oh.worklist_row w
    where w.is_listed and (team.queue is null or w.queue = team.queue)
      and w.organisation = any ((select oh.led_organisations())::text[])
    group by w.assigned_to
    order by w.assigned_to is null, 2, 1;
end $$;
grant execute on function oh.team(text) to dayfour_oh_admin;

-- The staff of the organisations that the login leads.
create or replace function oh.staff_list()
returns table (login text, organisation text, queues text[], display_name text, role text, admin boolean, sso boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.login, s.organisation, s.queues, s.display_name, s.role,
           exists (select from pg_roles r where r.rolname = s.login
                   and pg_has_role(r.oid, 'dayfour_oh_admin', 'member')), s.sso
    from oh.staff s
    where s.organisation = any (oh.led_organisations())
    order by s.login, s.organisation
$$;
grant execute on function oh.staff_list() to dayfour_oh_admin;

-- The colleagues to whom a case can be given: they work on its queue in its organisation.
create or replace function oh.colleagues(task_id text) returns table (login text, name text, role text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    s casework.spell;
begin
    select x.* into s from casework.spell x where x.spell_id = colleagues.task_id;
    if not found or not oh.sees(s.organisation, s.queue) then
        perform oh.refuse('OH001', 'task not found, or you do not have access');
    end if;
    return query
    select t.login, coalesce(t.display_name, t.login), coalesce(t.role, '')
    from oh.staff t
    where t.organisation = s.organisation and t.login in (select r.rolname from pg_roles r)
      and (s.queue = any (t.queues)
           or exists (select from pg_roles r
                      where r.rolname = t.login and pg_has_role(r.oid, 'dayfour_oh_admin', 'member')))
    order by 2, 1;
end $$;
grant execute on function oh.colleagues(text) to dayfour_clinician, dayfour_oh_admin;

-- For leads of the organisation: the logins that read about a case's person, newest first. A row is one kind of reading
-- by a login on a day. The question itself is audited.
create or replace function oh.looked(task_id text)
returns table (name text, login text, what text, day date, first_at timestamptz, last_at timestamptz, times bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    s casework.spell;
begin
    select x.* into s from casework.spell x where x.spell_id = looked.task_id;
    if not found or not oh.sees(s.organisation, s.queue) or not oh.leads(s.organisation) then
        perform oh.refuse('OH001', 'task not found, or you do not have access');
    end if;
    perform audit.write('looked', null, s.organisation, s.person_id, jsonb_build_object('task_id', s.spell_id));
    return query
    with read as (
        select a.who,
               case a.what when 'read_about' then 'list' when 'reads' then 'list' else a.what end as kind,
               coalesce((a.detail ->> 'first')::timestamptz, a.at) as first_at,
               coalesce((a.detail ->> 'last')::timestamptz, a.at) as last_at,
               -- The readings of a day are added up when it is over; the first of them has an entry of its own.
               case a.what when 'reads' then (a.detail ->> 'times')::bigint when 'read_about' then 0 else 1 end as times
        from audit.about(s.organisation, s.person_id) a
        where a.what in ('read_about', 'reads', 'open', 'list', 'search', 'print', 'looked', 'export')
    )
    select coalesce((select t.display_name from oh.staff t
                     where t.login = r.who and t.organisation = s.organisation), r.who),
           r.who, r.kind, (r.first_at at time zone oh.time_zone())::date, min(r.first_at), max(r.last_at),
           greatest(sum(r.times), 1)::bigint
    from read r
    group by r.who, r.kind, (r.first_at at time zone oh.time_zone())::date
    order by max(r.last_at) desc, 2, 3;
end $$;
grant execute on function oh.looked(text) to dayfour_oh_admin;

-- Notes a print: paper leaves the building, so the audit has an entry for each person on it.
create or replace function oh.printed(task_ids text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform audit.write('print', null, x.organisation, x.person_id, jsonb_build_object('task_id', x.spell_id))
    from casework.spell x
    where x.spell_id = any (printed.task_ids) and oh.sees(x.organisation, x.queue)
    order by x.organisation, x.person_id, x.spell_id;
end $$;
grant execute on function oh.printed(text[]) to dayfour_clinician, dayfour_oh_admin;

-- Gives each case to the login by itself: a case that has ended meanwhile does not stop the others. state: null if it
-- was given, else the SQLSTATE of the refusal.
create or replace function oh.assign_each(task_ids text[], login text, request_id uuid)
returns table (task_id text, state text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    t text;
    seen text;
begin
    if cardinality(assign_each.task_ids) > 100 then
        perform oh.refuse('22023', 'at most 100 tasks at once');
    end if;
    foreach t in array assign_each.task_ids loop
        seen := null;
        begin
            perform oh.assign(t, assign_each.login, md5(assign_each.request_id::text || t)::uuid);
        exception when sqlstate 'OH001' or sqlstate 'OH002' or sqlstate 'OH003' or invalid_parameter_value then
            seen := sqlstate;
        end;
        return query select t, seen;
    end loop;
end $$;
grant execute on function oh.assign_each(text[], text, uuid) to dayfour_oh_admin;

-- The cases of one row of oh.team(), by act_by, at most 90, as many as a form can hold. in_login null: unassigned ones.
-- It gives cases of the organisations only that the caller leads.
create or replace function oh.team_cases(in_login text)
returns table (task_id text, organisation text, name text, queue text, act_by date, call_back_at timestamptz,
               red_flag_open boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    r record;
begin
    for r in
        select t.task_id, t.organisation, t.person_id, t.name, t.queue, t.act_by, t.call_back_at, t.red_flag_open
        from oh.worklist_row t
        where t.is_listed and t.organisation = any (oh.led_organisations())
          and t.assigned_to is not distinct from in_login
        order by t.act_by, t.priority, t.onset_date, t.task_id
        limit 90
    loop
        perform audit.note_person('oh.team_cases', oh.now(), oh.day_began(), r.organisation, r.person_id, false);
        return query select r.task_id, r.organisation, r.name, r.queue, r.act_by, r.call_back_at, r.red_flag_open;
    end loop;
end $$;
grant execute on function oh.team_cases(text) to dayfour_oh_admin;

-- How many reasons are missing in the organisations that the login leads, and for how many days the oldest. It names no
-- person. Audit: one entry `list` for each organisation.
create or replace function oh.team_missing() returns table (missing bigint, oldest int)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    led text[] := oh.led_organisations();
    o text;
begin
    foreach o in array led loop
        perform audit.write('list', null, o, null, jsonb_build_object('view', 'team'));
    end loop;
    return query
    select count(*), max(oh.today() - p.no_reason_since + 1)
    from fact.person p
    where p.organisation = any (led) and p.no_reason_since is not null and p.died_on is null
      and (p.left_on is null or p.left_on >= oh.today())
      and exists (select from fact.absence x
                  where x.organisation = p.organisation and x.person_id = p.person_id and not x.cancelled
                    and x.onset_date between p.no_reason_since and oh.today());
end $$;
grant execute on function oh.team_missing() to dayfour_oh_admin;

-- The outcomes of calls that fell due from a Monday to Sunday or today, and in the four weeks that end there. The
-- caller leads the organisations, so small numbers are shown too. As in `dayfour report`, achievable calls are those
-- reached in time and those that could have been. no_reason_percent: of the absences that began in the time, whatever
-- their reason, those for which HR has given none. (Its result may get another column: then it is made again.)
drop function if exists oh.team_week(date);
create function oh.team_week(from_day date)
returns table (span text, starts date, ends date, due bigint, in_time bigint, not_in_time bigint, back_first bigint,
               reported_late bigint, others bigint, still_open bigint, raw_percent numeric, achievable_percent numeric,
               known_days numeric, reason_days numeric, no_reason_percent numeric)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    zone text := oh.time_zone();
    today date := oh.today();
    until_day date;
    o text;
begin
    if cardinality(oh.led_organisations()) = 0 then
        perform oh.refuse('OH001', 'task not found, or you do not have access');
    end if;
    if from_day is null or extract(isodow from from_day) <> 1 or from_day > today or from_day < today - 800 then
        perform oh.refuse('22023', 'a week begins on a Monday of the last two years');
    end if;
    until_day := least(from_day + 6, today);
    foreach o in array oh.led_organisations() loop
        perform audit.write('report', null, o, null, jsonb_build_object('view', 'team_week', 'from', from_day));
    end loop;
    return query
    with span(name, starts, ends) as (
        values ('week', from_day, until_day), ('four weeks', from_day - 21, until_day)
    ), judged as (
        select x.name, x.starts, x.ends,
               case when (s.contacted_at at time zone zone)::date <= s.due_date then 'in_time'
                    when s.late_report and (s.first_attempt_at at time zone zone)::date <= s.due_date is not true
                        then 'reported_late'
                    when s.end_reason in ('opted_out')
                         or s.end_reason in ('left_employment', 'died') and s.contacted_at is null then 'others'
                    when s.end_reason in ('returned_before_contact', 'returned_before_notice') then 'back_first'
                    when s.state = 'open' and s.due_date >= today then 'still_open'
                    else 'not_in_time' end as outcome,
               greatest((s.first_notice_at at time zone zone)::date - s.onset_date, 0) as known,
               greatest((coalesce(s.known_at, s.first_notice_at) at time zone zone)::date - s.onset_date, 0) as reason
        from span x
        join casework.spell s on s.due_date between x.starts and x.ends
        where not s.tombstone and s.organisation = any (oh.led_organisations())
    )
    select x.name, x.starts, x.ends, count(j.outcome), count(*) filter (where j.outcome = 'in_time'),
           count(*) filter (where j.outcome = 'not_in_time'), count(*) filter (where j.outcome = 'back_first'),
           count(*) filter (where j.outcome = 'reported_late'), count(*) filter (where j.outcome = 'others'),
           count(*) filter (where j.outcome = 'still_open'),
           round(100.0 * count(*) filter (where j.outcome = 'in_time') / nullif(count(j.outcome), 0)),
           round(100.0 * count(*) filter (where j.outcome = 'in_time')
                 / nullif(count(*) filter (where j.outcome in ('in_time', 'not_in_time')), 0)),
           percentile_disc(0.5) within group (order by j.known)::numeric,
           percentile_disc(0.5) within group (order by j.reason)::numeric,
           (select round(100.0 * count(*) filter (where a.reason_missing) / nullif(count(*), 0))
            from fact.absence a
            where a.onset_date between x.starts and x.ends and not a.cancelled
              and a.organisation = any (oh.led_organisations()))
    from span x left join judged j on j.name = x.name
    group by 1, 2, 3
    order by x.name desc;
end $$;
grant execute on function oh.team_week(date) to dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
