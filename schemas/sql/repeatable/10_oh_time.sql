-- The product's time. Plpgsql keeps the plans of a session; a SQL function would be planned at each call, a dozen times
-- a statement.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- The product's now: that of the clock file while a service runs on one, else the server's clock. It never falls behind
-- last_now, which a service has worked with already, unless that is over five minutes ahead and so cannot be right.
create or replace function oh.now() returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (select coalesce(c.rehearsal_at,
                            greatest(statement_timestamp(),
                                     case when c.last_now <= statement_timestamp() + interval '5 min'
                                          then c.last_now end))
            from ops.clock c);
end $$;
grant execute on function oh.now() to dayfour_clinician, dayfour_oh_admin, dayfour_operator, dayfour_feed_owner,
    dayfour_retention, dayfour_audit_owner, dayfour_ops_owner;

-- The same with the clock read at the call: for rows that are written after waiting for a lock.
create or replace function oh.clock() returns timestamptz
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(c.rehearsal_at,
                    greatest(clock_timestamp(),
                             case when c.last_now <= clock_timestamp() + interval '5 min' then c.last_now end))
    from ops.clock c
$$;
grant execute on function oh.clock() to dayfour_audit_owner, dayfour_ops_owner;

-- The time zone of the settings in force.
create or replace function oh.time_zone() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return coalesce((select s.time_zone from fact.settings s order by s.serial desc limit 1), 'Europe/London');
end $$;
grant execute on function oh.time_zone() to dayfour_clinician, dayfour_oh_admin, dayfour_auditor, dayfour_retention,
    dayfour_audit_owner, dayfour_ops_owner, dayfour_report_owner;

-- The local date.
create or replace function oh.today() returns date
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (oh.now() at time zone oh.time_zone())::date;
end $$;
grant execute on function oh.today() to dayfour_clinician, dayfour_oh_admin, dayfour_audit_owner,
    dayfour_report_owner;

-- The instant at which the local day began.
create or replace function oh.day_began() returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return oh.today()::timestamp at time zone oh.time_zone();
end $$;
grant execute on function oh.day_began() to dayfour_clinician, dayfour_oh_admin, dayfour_feed_owner,
    dayfour_ops_owner;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
