#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "services/web/form.h"
#include "tests/unit/leakcheck.h"

static struct form *f;

static void end(void)
{
    form_free(f);
    f = NULL;
    leakcheck();
}

TestSuite(web_form, .fini = end);

static enum status parsed(const char *text)
{
    struct err err;
    form_free(f);
    f = NULL;
    return form_parse(&f, text, strlen(text), &err);
}

Test(web_form, fields_as_browsers_send_them)
{
    cr_assert_eq(parsed("a=1&b=two+words&c=%C3%AB%26%3D&empty=&bare&d=1%0D%0A2%0D3"), STATUS_OK);
    cr_assert_eq(f->n_fields, 6);
    cr_assert_str_eq(form_value(f, "a"), "1");
    cr_assert_str_eq(form_value(f, "b"), "two words");
    cr_assert_str_eq(form_value(f, "c"), "\u00eb&=");
    cr_assert_str_eq(form_value(f, "empty"), "");
    cr_assert(form_has(f, "bare") && !form_has(f, "none"));
    cr_assert_str_eq(form_value(f, "d"), "1\n2\n3");
    cr_assert_str_eq(form_value(f, "none"), "");
}

Test(web_form, nothing_is_an_empty_form)
{
    cr_assert_eq(parsed(""), STATUS_OK);
    cr_assert_eq(f->n_fields, 0);
    cr_assert_eq(parsed("&&"), STATUS_OK);
    cr_assert_eq(f->n_fields, 0);
}

Test(web_form, what_no_form_of_ours_sends_is_refused)
{
    static const char *const bad[] = {"a=1&a=2", "a=%",       "a=%4",     "a=%zz",
                                      "a=%00",   "%00=1",     "a=%ff",    "a=\xc3",
                                      "a=1&a",   "%61=1&a=2", "a=%C0%80", "a=%ED%A0%80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(parsed(bad[i]), STATUS_REJECT, "%s", bad[i]);
    }
}

Test(web_form, a_hundred_fields_and_no_more)
{
    struct buf b = {0};
    for (int i = 0; i < 100; i++) {
        buf_printf(&b, "f%d=1&", i);
    }
    cr_assert_eq(parsed(b.data), STATUS_OK);
    cr_assert_eq(f->n_fields, 100);
    buf_puts(&b, "g=1");
    cr_assert_eq(parsed(b.data), STATUS_REJECT);
    buf_clear(&b);
}

Test(web_form, errors_by_field_and_in_order)
{
    cr_assert_eq(parsed("a=1"), STATUS_OK);
    form_wrong(f, "b", "Enter %s", "b");
    form_wrong(f, "c", "Enter c");
    cr_assert_str_eq(form_error(f, "b"), "Enter b");
    cr_assert_null(form_error(f, "a"));
    struct form *copy = form_copy(f);
    cr_assert_eq(copy->n_errors, 2);
    cr_assert_str_eq(copy->errors[0].field, "b");
    cr_assert_str_eq(form_value(copy, "a"), "1");
    cr_assert_eq(form_bytes(copy), form_bytes(f));
    form_free(copy);
    form_forget_errors(f);
    cr_assert_eq(f->n_errors, 0);
}

Test(web_form, set_replaces)
{
    cr_assert_eq(parsed("a=1"), STATUS_OK);
    form_set(f, "a", "2");
    form_set(f, "b", "3");
    cr_assert(form_is(f, "a", "2") && form_is(f, "b", "3") && !form_is(f, "c", ""));
    cr_assert_eq(f->n_fields, 2);
}
