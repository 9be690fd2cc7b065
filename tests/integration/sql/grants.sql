-- Every right anybody but its owner has in this database, as lines of doc/access.md: object, role, rights.
with acl as (
    select 'database' as kind, ''::text as name, a.grantee, a.privilege_type, null::text as col
    from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    where d.datname = current_database() and a.grantee <> d.datdba
    union all
    select 'schema', n.nspname::text, a.grantee, a.privilege_type, null
    from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    where a.grantee <> n.nspowner and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    union all
    select case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
           n.nspname || '.' || c.relname, a.grantee, a.privilege_type, null
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace,
         aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and a.grantee <> c.relowner
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    union all
    select case c.relkind when 'v' then 'view' else 'table' end, n.nspname || '.' || c.relname,
           a.grantee, a.privilege_type, t.attname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute t on t.attrelid = c.oid,
         aclexplode(t.attacl) a
    where a.grantee <> c.relowner and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    union all
    select 'function', n.nspname || '.' || p.proname, a.grantee, a.privilege_type, null
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where a.grantee <> p.proowner and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
), rights as (
    select kind, name, coalesce(nullif(grantee, 0)::regrole::text, 'everybody') as role,
           lower(privilege_type) || coalesce(' (' || string_agg(col, ', ' order by col) || ')', '') as granted
    from acl
    group by kind, name, grantee, privilege_type
)
select trim(kind || ' ' || name), replace(role, 'dayfour_', ''), string_agg(granted, ', ' order by granted)
from rights
group by kind, name, role
order by array_position(array['database', 'schema', 'table', 'view', 'sequence', 'function'], kind), name, role;
