"""A psql that stays open: the demo and the bench ask often, and need nothing but what they have installed."""
import json
import os
import subprocess

END = "==end=="


def dsn_of(dsn, login, password=None):
    """The same database as somebody else. password None: it is given some other way."""
    own = " ".join(w for w in dsn.split() if not w.startswith(("user=", "password=")))
    return "%s user=%s" % (own, login) + (" password='%s'" % password if password is not None else "")


class Database:
    """A session as the login that dsn or else PG_DSN names, or as LOGIN with the password in FILE."""

    def __init__(self, login=None, password_file=None, dsn=None):
        dsn, env = dsn or os.environ["PG_DSN"], dict(os.environ, PGOPTIONS="-c client_min_messages=warning")
        if login:
            dsn = dsn_of(dsn, login)
            with open(password_file, encoding="utf-8") as file:
                env["PGPASSWORD"] = file.read().strip()
        self.psql = subprocess.Popen(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", dsn], env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, sql):
        """The lines it prints."""
        self.psql.stdin.write("%s;\n\\echo %s\n" % (sql, END))
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            line = line.rstrip("\n")
            if line == END:
                return lines
            lines.append(line)
        raise SystemExit("psql ended early")

    def rows(self, query):
        """A dict for each row."""
        return json.loads("".join(self.run(
            "select coalesce(json_agg(q), '[]') from (%s) q" % query)))

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()
