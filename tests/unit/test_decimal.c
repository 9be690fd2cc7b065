#include <criterion/criterion.h>

#include "common/event/decimal.h"

TestSuite(decimal, .timeout = 10);

struct share {
    const char *in, *out; /* out NULL: refused */
};

static void check(const struct share *shares, size_t n, enum decimal_form form)
{
    for (size_t i = 0; i < n; i++) {
        char text[DECIMAL_TEXT] = "untouched";
        bool good = decimal_share(shares[i].in, form, text);
        cr_assert_eq(good, shares[i].out != NULL, "'%s'", shares[i].in);
        if (good) {
            cr_assert_str_eq(text, shares[i].out, "'%s'", shares[i].in);
        }
    }
}
#define CHECK(shares, form) check(shares, sizeof(shares) / sizeof((shares)[0]), form)

Test(decimal, text_becomes_the_shortest_of_its_value)
{
    static const struct share shares[] = {
        {"0.60000", "0.6"},
        {"0.6", "0.6"},
        {"1", "1"},
        {"1.0", "1"},
        {"1.00000000000000000000000000000000", "1"},
        {"0", "0"},
        {"0.0", "0"},
        {"0.00000000000000000000000000000000", "0"},
        {"0.333333333333", "0.333333333333"},
        {"0.10", "0.1"},
        {"0.01010", "0.0101"},
        {"0.99999999999999999999", "0.99999999999999999999"},
        {"0.00000000000000000001", "0.00000000000000000001"},
        {"0.000000000000000000010", "0.00000000000000000001"},
    };
    CHECK(shares, DECIMAL_PLAIN);
}

Test(decimal, text_that_is_no_share_is_refused)
{
    static const struct share shares[] = {
        {"", NULL},
        {".", NULL},
        {"0.", NULL},
        {"1.", NULL},
        {"-", NULL},
        {"-0", NULL},
        {"-0.5", NULL},
        {"+0.5", NULL},
        {"0,5", NULL},
        {" 0.5", NULL},
        {"0.5 ", NULL},
        {"0.5x", NULL},
        {"0x1", NULL},
        {"5e-1", NULL},
        {"1e0", NULL},
        {"NaN", NULL},
        {"inf", NULL},
        {"0.5.5", NULL},
        {"..5", NULL},
        {"1.00001", NULL},
        {"2", NULL},
        {"10", NULL},
        {"100%", NULL},
        {"60%", NULL},
        {"1.0000000000000000000000001", NULL},
        {".6", NULL},
        {"00.5", NULL},
        {"01", NULL},
        {"00", NULL},
        {"0.000000000000000000001", NULL}, /* 21 places */
        {"0.123456789012345678901", NULL},
        {"99999999999999999999999999999999999999", NULL},
    };
    CHECK(shares, DECIMAL_PLAIN);
}

Test(decimal, numbers_may_have_exponents)
{
    static const struct share shares[] = {
        {"1", "1"},
        {"0.60000", "0.6"},
        {"5e-1", "0.5"},
        {"5E-1", "0.5"},
        {"5.0e-1", "0.5"},
        {"10e-1", "1"},
        {"0.1e1", "1"},
        {"0.01E+2", "1"},
        {"100e-2", "1"},
        {"0.0006e3", "0.6"},
        {"0e5", "0"},
        {"0e99999999999999999999999", "0"},
        {"-0", "0"},
        {"-0.0", "0"},
        {"-0e7", "0"},
        {"1e-20", "0.00000000000000000001"},
        {"1e-21", NULL},
        {"1e-99999999999999999999999", NULL},
        {"1e1", NULL},
        {"0.11e1", NULL},
        {"1e99999999999999999999999", NULL},
        {"-0.5", NULL},
        {"-1e-1", NULL},
        {"5e", NULL},
        {"5e+", NULL},
        {"5e-1x", NULL},
        {"e1", NULL},
    };
    CHECK(shares, DECIMAL_JSON);
}
