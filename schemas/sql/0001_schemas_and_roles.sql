-- Schemas, roles, and which role may use which schema. The rights to a table, view or function are beside it.
-- doc/access.md has all of them as a table, which a test compares with the catalogue.
--
-- Three kinds of role, none of which can log in; logins are members of them.
--
--   services   dayfour_intake, dayfour_followup and dayfour_feed have the base tables they work on.
--   people     dayfour_clinician and the other groups have views and functions, and no base table.
--   owners     dayfour_oh_owner and the other *_owner own views and functions, and bound what these may do.
--
-- Only the owner of the database is a member of an owner. (dayfour_feed_owner is a group of people: owners of feeds.)

create schema intake;
create schema fact;
create schema casework;
create schema followup;
create schema oh;
create schema audit;
create schema feed;
create schema report;

-- Roles belong to the cluster. They may exist already, made for another database, or another database of the cluster
-- may be making them at this moment.
do $$
declare
    r text;
    is_owner boolean;
    -- Handing an object over to an owner needs membership; a superuser has it anyway. From PostgreSQL 16 on, whoever
    -- made a role is a member without the right to do that.
    membership constant text := case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'set'
                                     else 'member' end;
begin
    foreach r in array array['dayfour_intake', 'dayfour_followup', 'dayfour_clinician', 'dayfour_oh_admin',
                             'dayfour_operator', 'dayfour_feed_owner', 'dayfour_reporter', 'dayfour_auditor',
                             'dayfour_retention', 'dayfour_feed', 'dayfour_web', 'dayfour_front_door',
                             'dayfour_oh_owner', 'dayfour_find_owner', 'dayfour_audit_owner', 'dayfour_ops_owner',
                             'dayfour_report_owner']
    loop
        is_owner := r ~ '^dayfour_(oh|find|audit|ops|report)_owner$';
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = r) then
                execute pg_catalog.format('create role %I nologin', r);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
        if exists (select from pg_catalog.pg_roles
                   where rolname = r and (rolsuper or rolbypassrls or rolcreaterole or rolcanlogin and is_owner)) then
            raise exception 'role % exists, and may more than it should', r
                using errcode = 'invalid_role_specification';
        end if;
        if is_owner and not pg_catalog.pg_has_role(current_user, r, membership) then
            begin
                execute pg_catalog.format('grant %I to current_user', r);
            exception when insufficient_privilege then
                raise exception 'role % was made by somebody else', r using errcode = 'insufficient_privilege',
                    hint = pg_catalog.format('Its administrator must first: grant %I to %I', r, current_user);
            end;
        end if;
    end loop;
end $$;

-- ops.end_old_transactions() needs these two. If the migration may not grant them, `dayfour doctor` says so.
do $$
declare
    r text;
begin
    foreach r in array array['pg_signal_backend', 'pg_read_all_stats']
    loop
        begin
            execute pg_catalog.format('grant %I to dayfour_ops_owner', r);
        exception when insufficient_privilege then
            null;
        end;
    end loop;
end $$;

-- Nothing for everybody. ops.bound_logins() also takes the right to connect from public.
do $$
begin
    execute pg_catalog.format('revoke create, temporary on database %I from public', pg_catalog.current_database());
end $$;
revoke create on schema public from public;

grant usage on schema intake to dayfour_intake, dayfour_followup, dayfour_retention, dayfour_oh_owner,
    dayfour_ops_owner, dayfour_report_owner;
grant usage on schema fact to dayfour_intake, dayfour_followup, dayfour_retention, dayfour_oh_owner,
    dayfour_find_owner, dayfour_audit_owner, dayfour_ops_owner, dayfour_report_owner;
grant usage on schema casework to dayfour_intake, dayfour_followup, dayfour_retention, dayfour_oh_owner,
    dayfour_ops_owner, dayfour_report_owner;
grant usage on schema followup to dayfour_followup, dayfour_retention, dayfour_oh_owner, dayfour_ops_owner,
    dayfour_report_owner;
grant usage on schema oh to dayfour_clinician, dayfour_oh_admin, dayfour_web, dayfour_auditor, dayfour_retention,
    dayfour_oh_owner, dayfour_audit_owner, dayfour_ops_owner, dayfour_report_owner;
grant usage on schema ops to dayfour_intake, dayfour_followup, dayfour_operator, dayfour_feed_owner, dayfour_web,
    dayfour_retention, dayfour_oh_owner, dayfour_ops_owner;
grant usage on schema audit to dayfour_intake, dayfour_followup, dayfour_auditor, dayfour_retention, dayfour_web,
    dayfour_oh_owner, dayfour_audit_owner, dayfour_ops_owner, dayfour_report_owner;
grant usage on schema feed to dayfour_feed, dayfour_oh_owner;
grant usage on schema report to dayfour_reporter, dayfour_oh_admin, dayfour_retention, dayfour_report_owner;

-- Row-level security is enabled on every table with people in it, and not forced: the owner of the tables runs migrations
-- and loads settings. Services and retention see all organisations. The organisations and queues of a login limit the
-- rows that it sees (repeatable/14_row_policies.sql).
