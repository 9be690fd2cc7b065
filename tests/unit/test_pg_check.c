#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/pg/pg.h"

static enum status check(const char *dsn, bool insecure, struct err *err)
{
    const struct pg_options o = {.dsn = dsn, .allow_insecure = insecure};
    return pg_check_transport(&o, err);
}

static void no_environment(void)
{
    static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE",
                                        "PGSERVICEFILE"};
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
        {"host=db.example hostaddr=127.0.0.1", STATUS_OK},
        {"host=localhost,localhost hostaddr=127.0.0.1,10.0.0.1", STATUS_FATAL},
        {"host=db.example,localhost hostaddr=,127.0.0.1", STATUS_FATAL},
        {"host=localhost,db.example hostaddr=127.0.0.1,", STATUS_FATAL},
        {"hostaddr=127.0.0.1,10.0.0.1", STATUS_FATAL},
        {"postgresql://u:secret@localhost:5432,db.example:5432/x", STATUS_FATAL},
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

/* Parameters of a service file count like those of the string. */
static void write_services(const char *text)
{
    static char path[] = "/tmp/dayfour-services-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    FILE *f = fdopen(fd, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
    setenv("PGSERVICEFILE", path, 1);
}

Test(pg_check, a_service_file_counts)
{
    static const struct {
        const char *dsn;
        enum status expected;
    } cases[] = {
        {"service=near", STATUS_OK},
        {"service=far", STATUS_FATAL},
        {"service=proven", STATUS_OK},
        {"host=localhost service=address", STATUS_FATAL},
        {"host=localhost hostaddr=127.0.0.1 service=address", STATUS_OK},
        {"host=db.example sslmode=prefer service=proven", STATUS_FATAL},
        {"host=db.example service=lax sslmode=verify-full", STATUS_OK},
        {"host=db.example service=lax", STATUS_FATAL},
        {"host=localhost service=nowhere", STATUS_FATAL},
        {"postgresql://localhost/x?service=address", STATUS_FATAL},
    };
    write_services("[near]\nhost=127.0.0.1\n[far]\nhost=db.example\n"
                   "[proven]\nhost=db.example\nsslmode=verify-full\n"
                   "[address]\nhostaddr=10.0.0.1\n[lax]\nsslmode=prefer\n");
    setenv("PGSSLMODE", "verify-full", 1); /* a service goes before the environment */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        if (strstr(cases[i].dsn, "lax") == NULL) {
            unsetenv("PGSSLMODE");
        } else {
            setenv("PGSSLMODE", "verify-full", 1);
        }
        cr_assert_eq(check(cases[i].dsn, false, &err), cases[i].expected, "%s", cases[i].dsn);
    }
    unsetenv("PGSSLMODE");
    setenv("PGSERVICE", "address", 1);
    struct err err = {0};
    cr_assert_eq(check("host=localhost", false, &err), STATUS_FATAL);
    unlink(getenv("PGSERVICEFILE"));
}

Test(pg_check, connecting_asks_too)
{
    struct err err = {0};
    struct pg *pg = pg_new(&(struct pg_options){.dsn = "host=db.example", .application_name = "t"});
    cr_assert_eq(pg_connect(pg, &err), STATUS_FATAL);
    cr_assert_str_eq(err.code, "config");
    pg_free(pg);
}
