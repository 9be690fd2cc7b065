#include <criterion/criterion.h>
#include <string.h>

#include "services/web/route.h"

static const struct route table[] = {
    {"/", ROUTE_ALL, NULL, NULL},
    {"/calls", ROUTE_CALLERS, NULL, NULL},
    {"/case/ID", ROUTE_CALLERS, NULL, NULL},
    {"/case/ID/entry/N/undo", ROUTE_CALLERS, NULL, NULL},
};

static const char *found(const char *path)
{
    struct route_match m = route_find(table, sizeof table / sizeof table[0], path);
    return m.route == NULL ? "" : m.route->pattern;
}

Test(web_route, paths)
{
    cr_assert_str_eq(found("/"), "/");
    cr_assert_str_eq(found("/calls"), "/calls");
    cr_assert_str_eq(found("/case/0123456789AB"), "/case/ID");
    struct route_match m = route_find(table, 4, "/case/ZYXWVTSRQPNM/entry/12/undo");
    cr_assert_str_eq(m.route->pattern, "/case/ID/entry/N/undo");
    cr_assert_str_eq(m.id, "ZYXWVTSRQPNM");
    cr_assert_eq(m.number, 12);
}

Test(web_route, what_is_no_path)
{
    static const char *const bad[] = {"",
                                      "calls",
                                      "/calls/",
                                      "//calls",
                                      "/Calls",
                                      "/calls%2F",
                                      "/case/0123456789ab",
                                      "/case/0123456789A",
                                      "/case/0123456789ABC",
                                      "/case/0123456789AI", /* I, L, O and U are in no id */
                                      "/case/ID",
                                      "/case/0123456789AB/",
                                      "/case/0123456789AB/entry/0/undo",
                                      "/case/0123456789AB/entry/01/undo",
                                      "/case/0123456789AB/entry/-1/undo",
                                      "/case/0123456789AB/entry/9999999999/undo",
                                      "/case/0123456789AB/entry//undo",
                                      "/case/../calls"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_str_eq(found(bad[i]), "", "%s", bad[i]);
    }
}
