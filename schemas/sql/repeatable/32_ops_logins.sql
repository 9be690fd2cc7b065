-- Bounds what logins may do to the server. `dayfour migrate` calls it each time, for logins that were added since.

-- Only groups may connect. A login of oh.staff gets at most five connections and 1 GB of temporary files. Large objects
-- and the counters of tables are taken from public: counters would disclose how many rows others write. It gives a line
-- for each thing that the caller may not change. A new group belongs in the list below.
create or replace function ops.bound_logins() returns setof text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    groups text := (select string_agg(quote_ident(r.rolname), ', ' order by r.rolname) from pg_roles r
                    where r.rolname in ('dayfour_intake', 'dayfour_followup', 'dayfour_clinician', 'dayfour_oh_admin',
                                        'dayfour_operator', 'dayfour_feed_owner', 'dayfour_reporter', 'dayfour_auditor',
                                        'dayfour_retention', 'dayfour_feed', 'dayfour_web', 'dayfour_front_door'));
    super  boolean := (select r.rolsuper from pg_roles r where r.rolname = current_user);
    f      record;
    login  text;
begin
    execute format('revoke connect, create, temporary on database %I from public', current_database());
    execute format('grant connect on database %I to %s', current_database(), groups);
    for login in
        select r.rolname from pg_roles r
        where r.rolcanlogin and not r.rolsuper and r.rolconnlimit < 0
          and r.rolname in (select s.login from oh.staff s)
          and not pg_has_role(r.oid, 'dayfour_intake', 'member') and not pg_has_role(r.oid, 'dayfour_followup', 'member')
    loop
        begin
            execute format('alter role %I connection limit 5', login);
            if super then
                execute format('alter role %I set temp_file_limit = ''1GB''', login);
            end if;
        exception when insufficient_privilege then
            return next format('no connection limit for %s', login);
        end;
    end loop;
    if not super then
        return next 'large objects and the counters of tables are left to everybody: only a superuser can change that';
        return;
    end if;
    for f in
        select p.oid::regprocedure as name, p.proname ~ '^pg_' as counts from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and has_function_privilege('public', p.oid, 'execute')
          and (p.proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import', 'lo_export', 'lo_open', 'lo_put',
                             'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite',
                             'pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size')
               or p.proname ~ ('^pg_stat_get_(xact_)?(tuples_|live_tuples|dead_tuples|mod_since_|ins_since_|numscans'
                               '|blocks_|lastscan|last_(auto)?(vacuum|analyze)_time|(auto)?(vacuum|analyze)_count)'))
    loop
        execute format('revoke execute on function %s from public', f.name);
        if f.counts then
            execute format('grant execute on function %s to pg_monitor', f.name);
        end if;
    end loop;
end $$;

revoke all on all functions in schema ops from public;

select * from ops.bound_logins();
