-- Which organisations and queues a login sees. Login means session_user everywhere: neither SET ROLE nor a SECURITY
-- DEFINER function changes that.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- Raises an error with this SQLSTATE. OH001: not yours, OH002: not now, OH003: somebody else's.
create or replace function oh.refuse(in_state text, in_message text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%', in_message using errcode = in_state;
end $$;

-- The organisations of the login. A superuser sees all of them: row-level security never binds a superuser.
create or replace view oh.sight as
select s.organisation, s.queues, pg_has_role(session_user, 'dayfour_oh_admin', 'member') as every_queue
from oh.staff s
where s.login = session_user
union all
select o.organisation, '{}'::text[], true
from (select f.organisation from intake.feed f union select t.organisation from oh.staff t) o
where (select r.rolsuper from pg_roles r where r.rolname = session_user);

-- The same as arrays: policies on the base tables evaluate them once a statement.
create or replace function oh.my_organisations() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return array(select v.organisation from oh.sight v);
end $$;
grant execute on function oh.my_organisations() to dayfour_clinician, dayfour_oh_admin;

-- The organisations that the login leads, as a member of dayfour_oh_admin.
create or replace function oh.led_organisations() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return array(select v.organisation from oh.sight v where v.every_queue);
end $$;
grant execute on function oh.led_organisations() to dayfour_clinician, dayfour_oh_admin, dayfour_report_owner;

create or replace function oh.my_queues() returns table (organisation text, queue text)
language plpgsql stable security definer rows 4 set search_path = pg_catalog, pg_temp as $$
begin
    return query select v.organisation, q.queue from oh.sight v cross join lateral unnest(v.queues) q(queue);
end $$;
grant execute on function oh.my_queues() to dayfour_clinician, dayfour_oh_admin;

-- Whether the login sees the queue of the organisation.
create or replace function oh.sees(in_organisation text, in_queue text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (select from oh.sight v
                   where v.organisation = in_organisation and (v.every_queue or in_queue = any (v.queues)))
$$;

-- Whether the caller is an administrator of the organisation.
create or replace function oh.leads(in_organisation text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (select from oh.sight v where v.organisation = in_organisation and v.every_queue)
$$;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
