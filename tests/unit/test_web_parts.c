#include <criterion/criterion.h>
#include <string.h>

#include "services/web/parts.h"
#include "tests/unit/leakcheck.h"

static struct html *h;
static struct form *f;

static void begin(void)
{
    h = html_new();
    f = form_new();
}

static void end(void)
{
    html_free(h);
    form_free(f);
    leakcheck();
}

TestSuite(web_parts, .init = begin, .fini = end);

static bool has(const char *text)
{
    size_t len = 0;
    return strstr(html_bytes(h, &len), text) != NULL;
}

static const struct choice choices[] = {{"one", "One", NULL, NULL}, {"two", "Two", "hint", NULL}};

Test(web_parts, radios_come_back_as_typed)
{
    part_radios(h, f, "pick", "Pick", NULL, choices, 2, "one", NULL);
    cr_assert(has("value=\"one\" checked") &&
              !has("value=\"two\" aria-describedby=\"pick-two-hint\" checked"));
    html_reset(h);
    form_set(f, "pick", "two");
    part_radios(h, f, "pick", "Pick", NULL, choices, 2, "one", NULL);
    cr_assert(!has("value=\"one\" checked") && has("checked"));
}

Test(web_parts, an_error_is_beside_its_field_and_in_the_summary)
{
    form_wrong(f, "when", "Enter a real date");
    form_set(f, "when-day", "\"31\"");
    part_error_summary(h, f);
    part_date(h, f, "when", "When?", "For example 11 9 2026");
    cr_assert(has("<a href=\"#when\">Enter a real date</a>") && has("id=\"when\""));
    cr_assert(has("id=\"when-error\"") && has("value=\"&quot;31&quot;\""));
}

Test(web_parts, no_errors_no_summary)
{
    part_error_summary(h, f);
    size_t len = 0;
    (void)html_bytes(h, &len);
    cr_assert_eq(len, 0);
}

Test(web_parts, a_password_never_comes_back)
{
    const struct input in = {.id = "password", .label = "Password", .type = "password"};
    form_set(f, "password", "not-to-be-seen");
    part_input(h, f, &in);
    cr_assert_not(has("not-to-be-seen"));
}

Test(web_parts, pages)
{
    part_pagination(h, "/calls?page=", 2, 25, 60);
    cr_assert(has("Showing 26 to 50 of 60") && has("/calls?page=1\"") && has("/calls?page=3\""));
    html_reset(h);
    part_pagination(h, "/calls?page=", 1, 25, 3);
    cr_assert(has("Showing 1 to 3 of 3") && !has("href"));
}
