#include <criterion/criterion.h>

#include "common/pg/pg.h"

/* No server is needed: the session is never connected. */
static struct pg *down(void)
{
    const struct pg_options o = {.dsn = "host=/nowhere", .application_name = "test"};
    return pg_new(&o);
}

Test(pg_pipeline, what_cannot_be_sent_is_reported_by_flush)
{
    struct pg *pg = down();
    struct err err = {0};
    pg_send(pg, &pg_begin, NULL);
    pg_send(pg, &pg_commit, NULL);
    cr_assert_eq(pg_flush(pg, &err), STATUS_RESYNC);
    cr_assert_str_eq(err.code, "08003");
    pg_free(pg);
}

Test(pg_pipeline, a_failure_is_reported_once)
{
    struct pg *pg = down();
    struct err err = {0};
    pg_send(pg, &pg_begin, NULL);
    cr_assert_eq(pg_finish(pg, 0, &err), STATUS_RESYNC);
    cr_assert_str_eq(err.code, "08003");
    cr_assert_eq(pg_flush(pg, &err), STATUS_RESYNC);
    cr_assert_str_eq(err.code, "08006", "of the flush itself");
    pg_free(pg);
}

Test(pg_pipeline, a_new_session_forgets_it)
{
    struct pg *pg = down();
    struct err err = {0};
    pg_send(pg, &pg_begin, NULL);
    pg_disconnect(pg);
    cr_assert_eq(pg_flush(pg, &err), STATUS_RESYNC);
    cr_assert_str_eq(err.code, "08006", "of the flush itself");
    pg_free(pg);
}

Test(pg_pipeline, nobody_need_ask_why)
{
    struct pg *pg = down();
    pg_send(pg, &pg_begin, NULL);
    cr_assert_eq(pg_flush(pg, NULL), STATUS_RESYNC);
    pg_free(pg);
}
