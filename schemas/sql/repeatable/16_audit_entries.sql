-- Entries of the audit: writing them, and refusing to change them.

grant create on schema audit to dayfour_audit_owner;
set local role dayfour_audit_owner;

-- Until when an entry of that time is kept: for audit_days of the settings. audit.purge() may delete it afterwards.
create or replace function audit.keep_until(in_at timestamptz) returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select in_at + make_interval(days => coalesce(
        (select (s.document::jsonb #>> '{retention,audit_days}')::int from fact.settings s
         order by s.serial desc limit 1), 2920))
$$;

-- No role changes an entry. Only its personal part may be set to null, after the salt of its digest was deleted.
create or replace function audit.refuse() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' and audit.keep_until(old.at) < oh.now() then
        return old;
    end if;
    if tg_op = 'UPDATE' and new.person_id is null and new.why is null and new.detail is null
       and row(new.entry_id, new.at, new.who, new.what, new.organisation, new.xact, new.statement_at)
           is not distinct from
           row(old.entry_id, old.at, old.who, old.what, old.organisation, old.xact, old.statement_at)
       and not exists (select from audit.seal s where s.entry_id = old.entry_id and s.salt is not null) then
        return new;
    end if;
    raise exception 'audit entries are not changed' using errcode = 'insufficient_privilege';
end $$;

-- Adds an entry about an action of the login.
create or replace function audit.write(in_what text, in_why text, in_organisation text, in_person_id text,
                                       in_detail jsonb)
returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into audit.entry (at, what, why, organisation, person_id, detail)
    values (oh.clock(), in_what, in_why, in_organisation, in_person_id, in_detail)
    returning entry_id
$$;
grant execute on function audit.write(text, text, text, text, jsonb) to dayfour_oh_owner, dayfour_ops_owner,
    dayfour_report_owner;

-- Every view of people's data calls this once a statement: an uncorrelated sub-select is evaluated once, before the
-- first row. Several views in one statement make one entry, that of the first call. The function looks for it in the
-- entries themselves, which a reader can neither write nor remove. The entry has a number in place of the statement's
-- text, which may name people and proves nothing about the rows shown. The server's log gets a line, too: when a reader
-- rolls back, the entry is gone and the line stays.
create or replace function audit.note_read(in_view text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    number bigint;
begin
    if exists (select from audit.entry e
               where e.xact = pg_current_xact_id() and e.what = 'read'
                 and e.statement_at = statement_timestamp() and e.who = session_user) then
        return true;
    end if;
    number := nextval('audit.reading_no');
    perform audit.write('read', null, null, null, jsonb_build_object('view', in_view, 'reading', number));
    raise log 'dayfour: % reads %, reading %', session_user, in_view, number;
    return true;
end $$;
grant execute on function audit.note_read(text) to dayfour_clinician, dayfour_oh_admin, dayfour_feed_owner,
    dayfour_oh_owner, dayfour_ops_owner;

-- Notes each change of a row of oh.staff or ops.feed_owner.
create or replace function audit.note_staff() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform audit.write('staff_' || lower(tg_op), null,
                        case when tg_op = 'DELETE' then old.organisation else new.organisation end, null,
                        jsonb_build_object('before', case when tg_op <> 'INSERT' then to_jsonb(old) end,
                                           'after', case when tg_op <> 'DELETE' then to_jsonb(new) end));
    return null;
end $$;

-- Notes that a login accepted a file that was stopped, or deleted a source, by whatever client.
create or replace function audit.note_feed() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        perform audit.write('feed_forgotten', null, null, null, jsonb_build_object('source', old.source));
        return old;
    end if;
    if tg_op = 'INSERT' then
        new.accepted_at := null;
        return new;
    end if;
    if new.accepted_at is not null and old.accepted_at is null then
        new.accepted_by := session_user;
        perform audit.write('feed_accepted', new.reason, null, null,
                            jsonb_build_object('source', new.source, 'file', new.name, 'why', new.why,
                                               'sha256', encode(new.sha256, 'hex')));
    end if;
    return new;
end $$;

-- The page refused a log-in. in_login: as it was typed.
create or replace function audit.note_login_refused(in_login text, in_address text, in_why text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform audit.write('login_refused', null, null, null, jsonb_build_object(
        'login', left(in_login, 63), 'address', nullif(left(in_address, 100), ''), 'why', left(in_why, 40)));
end $$;
grant execute on function audit.note_login_refused(text, text, text) to dayfour_web;

reset role;

-- Triggers of the tables that these functions watch.
create or replace trigger entry_stays before update or delete on audit.entry
    for each row execute function audit.refuse();
create or replace trigger entries_stay before truncate on audit.entry
    for each statement execute function audit.refuse();
create or replace trigger staff_audit after insert or update or delete on oh.staff
    for each row execute function audit.note_staff();
create or replace trigger feed_owner_audit after insert or update or delete on ops.feed_owner
    for each row execute function audit.note_staff();
create or replace trigger accepted before insert or update on feed.held
    for each row execute function audit.note_feed();
create or replace trigger forgotten before delete on feed.source
    for each row execute function audit.note_feed();

revoke create on schema audit from dayfour_audit_owner;
revoke all on all functions in schema audit from public;
