#include <criterion/criterion.h>
#include <string.h>

#include "common/base/err.h"
#include "tests/unit/leakcheck.h"

TestSuite(err, .fini = leakcheck);

Test(err, set_fills_and_returns_the_status)
{
    struct err err;
    cr_assert_eq(err_set(&err, STATUS_RETRY, "40001", "%s: %d", "try", 3), STATUS_RETRY);
    cr_assert_str_eq(err.code, "40001");
    cr_assert_str_eq(err.text, "try: 3");
}

Test(err, no_err_to_fill_is_fine)
{
    cr_assert_eq(err_set(NULL, STATUS_FATAL, "x", "y"), STATUS_FATAL);
}

Test(err, text_is_one_line)
{
    struct err err;
    cr_assert_eq(err_set(&err, STATUS_FATAL, NULL, "a\nb\tc  \r\n"), STATUS_FATAL);
    cr_assert_str_eq(err.code, "");
    cr_assert_str_eq(err.text, "a b c");
}

Test(err, long_texts_are_cut)
{
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    struct err err;
    cr_assert_eq(err_set(&err, STATUS_REJECT, longer, "%s", longer), STATUS_REJECT);
    cr_assert_eq(strlen(err.code), sizeof err.code - 1);
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
}

Test(err, every_status_has_a_name)
{
    cr_assert_str_eq(status_name(STATUS_OK), "ok");
    cr_assert_str_eq(status_name(STATUS_FATAL), "fatal");
    cr_assert_str_eq(status_name((enum status)99), "?");
}
