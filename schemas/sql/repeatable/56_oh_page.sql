-- Functions of the page beside lists and cases. They are about the login, the age of HR's data, the audit of logging in
-- and out, and entries that are not derived yet. The page's own login has no right on people.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- The time from one instant to another that counts for the age of HR's data: that of working days.
create or replace function oh.working_time(in_organisation text, in_from timestamptz, in_to timestamptz)
returns interval
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(sum(least(in_to, (d.day + interval '1 day') at time zone z.zone)
                        - greatest(in_from, d.day at time zone z.zone)), interval '0')
    from (select oh.time_zone() as zone) z
    cross join lateral generate_series(date_trunc('day', in_from at time zone z.zone),
                                       date_trunc('day', in_to at time zone z.zone), interval '1 day') d(day)
    where in_from < in_to and in_to - in_from < interval '60 days' and extract(isodow from d.day) < 6
      and not exists (select from fact.holiday h
                      where h.day = d.day::date
                        and h.division = coalesce(oh.setting(in_organisation, 'division') #>> '{}', 'england-and-wales'))
$$;

-- The service's name and telephone numbers in the settings; null: not set.
create or replace function oh.page_settings()
returns table (service_name text, service_phone text, data_phone text)
language sql stable security definer rows 1 set search_path = pg_catalog, pg_temp as $$
    select s.document::jsonb #>> '{service,name}', s.document::jsonb #>> '{service,phone}',
           s.document::jsonb #>> '{service,data_phone}'
    from fact.settings s order by s.serial desc limit 1
$$;
grant execute on function oh.page_settings() to dayfour_clinician, dayfour_oh_admin, dayfour_web;

-- The login, in one row; no row if it has none in oh.staff. as_of: the newest heartbeat of each source of its
-- organisations, and of these the oldest. stale: as_of is over 26 hours of working days old. It names no person who is
-- called, so it is not audited.
create or replace function oh.me()
returns table (name text, role text, leads boolean, queues text[], now timestamptz, today date, as_of timestamptz,
               stale boolean, held boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with mine as materialized (
        select coalesce(max(s.display_name), session_user::text) as name, coalesce(max(s.role), '') as role,
               array(select distinct q from oh.staff t cross join lateral unnest(t.queues) q
                     where t.login = session_user order by q) as queues
        from oh.staff s where s.login = session_user having count(*) > 0
    ), feed as materialized (
        select f.organisation, coalesce(f.as_of, f.received_at) as as_of, f.held from oh.freshness f
    ), age as (
        select min(f.as_of) as as_of, coalesce(bool_or(f.held), false) as held,
               coalesce(bool_or(n.now - f.as_of > interval '26 hours'
                                and (n.now - f.as_of >= interval '60 days'
                                     or oh.working_time(f.organisation, f.as_of, n.now) > interval '26 hours')),
                        false) as stale
        from feed f cross join (select oh.now() as now) n
    )
    select m.name, m.role, pg_has_role(session_user, 'dayfour_oh_admin', 'member'), m.queues, oh.now(), oh.today(),
           a.as_of, a.stale, a.held
    from mine m cross join age a
$$;
grant execute on function oh.me() to dayfour_clinician, dayfour_oh_admin;

-- Notes that a session of the page begins. False: the login has no row in oh.staff, and nothing is noted.
create or replace function oh.note_login(in_address text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from oh.staff s where s.login = session_user) then
        return false;
    end if;
    perform audit.write('login', null, null, null, jsonb_build_object('address', nullif(left(in_address, 100), '')));
    return true;
end $$;
grant execute on function oh.note_login(text) to dayfour_clinician, dayfour_oh_admin;

-- Notes that a session of the page ends.
create or replace function oh.note_logout() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform audit.write('logout', null, null, null, null);
end $$;
grant execute on function oh.note_logout() to dayfour_clinician, dayfour_oh_admin;

-- Whether the login's request with this id was done: a form that is sent twice gets the same answer.
create or replace function oh.was_sent(request_id uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from oh.request r where r.login = session_user and r.request_id = $1)
$$;
grant execute on function oh.was_sent(uuid) to dayfour_clinician, dayfour_oh_admin;

-- Waits for at most a second until the entries about a case's person are derived. False: they are not yet.
create or replace function oh.await_derived(task_id text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.seen_case(await_derived.task_id);
begin
    for i in 1..50 loop
        if not exists (select from followup.wake_up w
                       where w.organisation = s.organisation and w.person_id = s.person_id) then
            return true;
        end if;
        perform pg_sleep(0.02);
    end loop;
    return false;
end $$;
grant execute on function oh.await_derived(text) to dayfour_clinician, dayfour_oh_admin;

-- Changes the caller's password. verifier: what the server stores, so the password itself never comes here. It runs
-- with the caller's own rights, which allow no other login's password.
create or replace function oh.change_password(verifier text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
    if verifier !~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' then
        raise exception 'verifier: a SCRAM-SHA-256 verifier is wanted' using errcode = 'invalid_parameter_value';
    end if;
    execute format('alter role %I password %L', session_user, verifier);
end $$;
grant execute on function oh.change_password(text) to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
