#!/usr/bin/env python3
"""same_schema.py OLD NEW: whether two folders of migrations make the same database.

Each folder is schemas/sql of some commit. It is applied in a new PostgreSQL cluster, since roles belong to a cluster:
first the numbered files, then those of repeatable/. The script compares the objects of `pg_dump --schema-only` with
owners and rights, and what a dump does not show. It leaves out ops.migration. Exit code 0: they are the same."""
import difflib
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
TABLE = """create schema ops; create table ops.migration (name text primary key, number int not null,
    repeatable boolean not null default false, sha256 text not null, serves int,
    applied_at timestamptz not null default now())"""
SCHEMAS = "('intake', 'fact', 'casework', 'followup', 'oh', 'ops', 'audit', 'feed', 'report')"
QUESTIONS = {
    "role": "select r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolconnlimit,"
            " r.rolbypassrls, r.rolconfig, array(select m.roleid::regrole::text || m.admin_option from pg_auth_members m"
            " where m.member = r.oid order by 1) from pg_roles r where r.rolname ~ '^dayfour'",
    "default right": "select d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype, d.defaclacl"
                     " from pg_default_acl d",
    "setting of a role": "select * from pg_db_role_setting",
    "right to the database": "select a.grantee::regrole, a.privilege_type from pg_database d, aclexplode(d.datacl) a"
                             " where d.datname = current_database()",
    "function": "select p.oid::regprocedure, p.proowner::regrole, p.prolang, p.procost, p.prorows, p.prokind, p.prosecdef,"
                " p.proleakproof, p.proisstrict, p.provolatile, p.proparallel, pg_get_function_arguments(p.oid),"
                " pg_get_function_result(p.oid), p.proconfig,"
                " (select string_agg(a.grantee::regrole || '=' || a.privilege_type || a.is_grantable, ' '"
                " order by a.grantee::regrole::text, a.privilege_type)"
                "  from aclexplode(p.proacl) a) from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
                " where n.nspname in " + SCHEMAS,
    "right to a built-in function": "select p.oid::regprocedure, p.proacl from pg_proc p"
                                    " where p.pronamespace = 'pg_catalog'::regnamespace and p.proacl is not null",
    "column": "select a.attrelid::regclass, a.attnum, a.attname, a.atttypid::regtype, a.attcollation::regcollation,"
              " a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid),"
              " (select string_agg(x.grantee::regrole || '=' || x.privilege_type, ' ' order by x.grantee::regrole::text,"
              " x.privilege_type) from aclexplode(a.attacl) x)"
              " from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace"
              " left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum"
              " where n.nspname in " + SCHEMAS + " and a.attnum > 0 and c.relname !~ '^migration'",
    "table": "select c.oid::regclass, c.relkind, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity,"
             " c.reloptions, (select string_agg(x.grantee::regrole || '=' || x.privilege_type, ' ' order by x.grantee::regrole::text,"
              " x.privilege_type)"
             " from aclexplode(c.relacl) x) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
             " where n.nspname in " + SCHEMAS + " and c.relname !~ '^migration'",
    "policy": "select p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, array(select r::regrole::text from"
              " unnest(p.polroles) r order by 1), pg_get_expr(p.polqual, p.polrelid),"
              " pg_get_expr(p.polwithcheck, p.polrelid) from pg_policy p",
    "trigger": "select t.tgrelid::regclass, t.tgenabled, pg_get_triggerdef(t.oid) from pg_trigger t"
               " where not t.tgisinternal",
    "constraint": "select c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid) from pg_constraint c"
                  " join pg_namespace n on n.oid = c.connamespace where n.nspname in " + SCHEMAS
                  + " and c.conname !~ '^migration'",
    "comment": "select d.classoid::regclass, pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description"
               " from pg_description d join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass"
               " join pg_namespace n on n.oid = c.relnamespace where n.nspname in " + SCHEMAS,
}


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, capture_output=True, **more).stdout


def seeds(psql):
    """The rows that migrations insert."""
    tables = psql("select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind"
                  " = 'r' and n.nspname in " + SCHEMAS + " and c.relname <> 'migration'").split()
    return [f"row of {t}: {row}" for t in sorted(tables) for row in psql(f"select * from {t}").splitlines()]


def dumped(text):
    """The objects of a dump, sorted: rights a line each, bodies of functions without their comments."""
    out = []
    for part in re.split(r"^-- Name: ", text, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        if re.match(r"(TABLE )?migration\b|migration_", head):
            continue
        body = re.sub(r"^\\unrestrict .*|^[ \t]*--.*", "", body, flags=re.M)
        body = re.sub(r"[ \t]*--(?![^\n]*')[^\n]*", "", body)
        body = re.sub(r"\n\s*\n+", "\n", body).strip()
        out.append(head + "\n" + ("\n".join(sorted(body.split("\n"))) if "Type: ACL" in head else body))
    return sorted(out)


def made_by(folder, home):
    """Objects, rights and rows of a new cluster after the migrations of the folder."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    run(*AS_POSTGRES, f"{BIN}/initdb", "-D", home, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
        "--no-sync")
    run(*AS_POSTGRES, f"{BIN}/pg_ctl", "-D", home, "-l", home + "/log", "-w", "start", "-o",
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off")
    try:
        to = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
        run("createdb", *to, "-T", "template0", "dayfour")

        def psql(*sql):
            return run("psql", *to, "-d", "dayfour", "-qXAt", "-v", "ON_ERROR_STOP=1", *[x for q in sql for x in ("-c", q)])
        psql(TABLE)
        for file in sorted(glob.glob(folder + "/*.sql")) + sorted(glob.glob(folder + "/repeatable/*.sql")):
            run("psql", *to, "-d", "dayfour", "-qX1", "-v", "ON_ERROR_STOP=1", "-f", file, "-o", "/dev/null")
        out = dumped(run("pg_dump", *to, "--schema-only", "dayfour"))
        for name, question in QUESTIONS.items():
            out += sorted(f"{name}: {row}" for row in psql(question).split("\n") if row)
        return out + seeds(psql)
    finally:
        run(*AS_POSTGRES, f"{BIN}/pg_ctl", "-D", home, "-m", "immediate", "stop")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    base = tempfile.mkdtemp(prefix="same_schema.")
    os.chmod(base, 0o777)
    try:
        old, new = (made_by(folder, f"{base}/{n}") for n, folder in enumerate(sys.argv[1:]))
    except subprocess.CalledProcessError as e:
        sys.exit(f"{e.cmd}: {e.stderr}")
    finally:
        shutil.rmtree(base, ignore_errors=True)
    lines = list(difflib.unified_diff("\n".join(old).split("\n"), "\n".join(new).split("\n"), *sys.argv[1:], "", "", 2, ""))
    print("\n".join(lines))
    print(f"{len(old)} and {len(new)} objects, rights and rows: {'different' if lines else 'the same'}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
