-- A next version that adds to every table there is. Only test builds have this file: tests/e2e/test_upgrade.py.
do $$
declare
    t record;
begin
    for t in
        select c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition
            and n.nspname in ('intake', 'fact', 'casework', 'followup', 'oh', 'ops', 'audit', 'report')
        order by c.oid
    loop
        execute format('alter table %s add column next_version int not null default 7', t.name);
    end loop;
end $$;
