#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg.h"

static enum status check(const char *dsn, bool insecure, struct err *err)
{
    const struct pg_options o = {.dsn = dsn, .allow_insecure = insecure};
    return pg_check_transport(&o, err);
}

static void no_environment(void)
{
    static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
}

TestSuite(pg_check, .init = no_environment);

Test(pg_check, other_machines_must_prove_their_name)
{
    static const struct {
        const char *dsn;
        enum status expected;
    } cases[] = {
        {"dbname=x", STATUS_OK},
        {"host=/run/postgresql", STATUS_OK},
        {"host=localhost,127.0.0.1,::1", STATUS_OK},
        {"postgresql://u:secret@localhost:5433/x", STATUS_OK},
        {"host=db.example", STATUS_FATAL},
        {"host=db.example sslmode=require", STATUS_FATAL},
        {"host=db.example sslmode=verify-ca", STATUS_FATAL},
        {"host=localhost,db.example", STATUS_FATAL},
        {"host=localhost hostaddr=10.0.0.1", STATUS_FATAL},
        {"host=fe80::1", STATUS_FATAL},
        {"service=somewhere", STATUS_FATAL},
        {"postgresql://u:secret@db.example/x?sslmode=prefer", STATUS_FATAL},
        {"host=db.example sslmode=verify-full", STATUS_OK},
        {"postgresql://db.example/x?sslmode=verify-full", STATUS_OK},
        {"host='db.example password=secret", STATUS_FATAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        cr_assert_eq(check(cases[i].dsn, false, &err), cases[i].expected, "%s", cases[i].dsn);
        if (cases[i].expected != STATUS_OK) {
            cr_assert_str_eq(err.code, "config");
            cr_assert_null(strstr(err.text, "secret"));
        }
    }
}

Test(pg_check, insecure_if_asked_for)
{
    struct err err = {0};
    cr_assert_eq(check("host=db.example", true, &err), STATUS_OK);
}

Test(pg_check, the_environment_counts)
{
    struct err err = {0};
    setenv("PGHOST", "db.example", 1);
    cr_assert_eq(check("dbname=x", false, &err), STATUS_FATAL);
    cr_assert_eq(check("dbname=x host=localhost", false, &err), STATUS_OK);
    setenv("PGSSLMODE", "verify-full", 1);
    cr_assert_eq(check("dbname=x", false, &err), STATUS_OK);
    cr_assert_eq(check("dbname=x sslmode=prefer", false, &err), STATUS_FATAL);
}

Test(pg_check, connecting_asks_too)
{
    struct err err = {0};
    struct pg *pg = pg_new(&(struct pg_options){.dsn = "host=db.example", .application_name = "t"});
    cr_assert_eq(pg_connect(pg, &err), STATUS_FATAL);
    cr_assert_str_eq(err.code, "config");
    pg_free(pg);
}
