#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/event/category.h"
#include "common/event/text.h"

TestSuite(text, .timeout = 20);

static void check(const char *s, enum text_around what, const char *expected)
{
    size_t len = 0;
    const char *at = text_trim(s, strlen(s), what, &len);
    cr_assert_eq(len, strlen(expected), "%s: %.*s", s, (int)len, at);
    cr_assert_eq(memcmp(at, expected, len), 0, "%s", s);
}

Test(text, what_stands_around_a_text)
{
    static const char *const spaces[] = {" ",
                                         "\t",
                                         "\n",
                                         "\v",
                                         "\f",
                                         "\r",
                                         "\xc2\x85",
                                         "\xc2\xa0",
                                         "\xe1\x9a\x80",
                                         "\xe2\x80\x80",
                                         "\xe2\x80\x83",
                                         "\xe2\x80\x8a",
                                         "\xe2\x80\xa8",
                                         "\xe2\x80\xa9",
                                         "\xe2\x80\xaf",
                                         "\xe2\x81\x9f",
                                         "\xe3\x80\x80"};
    static const char *const invisible[] = {"\xe2\x80\x8b", "\xe2\x81\xa0", "\xef\xbb\xbf"};
    static const char *const others[] = {"\x1f",         "\x7f",         "\xc2\x84", "\xe2\x80\x8c",
                                         "\xe2\x80\xaa", "\xe2\x81\xa1", "\xc3\xa0"};
    char text[32];
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        (void)snprintf(text, sizeof text, "%s%sa %sb%s", spaces[i], spaces[i], spaces[i],
                       spaces[i]);
        char inner[32];
        (void)snprintf(inner, sizeof inner, "a %sb", spaces[i]);
        check(text, TEXT_SPACE, inner);
        check(text, TEXT_INVISIBLE, inner);
        check(spaces[i], TEXT_SPACE, "");
        cr_assert(text_blank(spaces[i]));
    }
    for (size_t i = 0; i < sizeof invisible / sizeof invisible[0]; i++) {
        (void)snprintf(text, sizeof text, " %sa%s ", invisible[i], invisible[i]);
        check(text, TEXT_INVISIBLE, "a");
        check(invisible[i], TEXT_SPACE, invisible[i]);
        cr_assert_not(text_blank(invisible[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check(others[i], TEXT_INVISIBLE, others[i]);
    }
    check("", TEXT_INVISIBLE, "");
    check("\xa0\x80", TEXT_INVISIBLE, "\xa0\x80");
}

Test(text, categories_as_they_are_compared)
{
    static const char *const rows[][2] = {{"Sickness", "sickness"},
                                          {" 8 ", "08"},
                                          {"08", "08"},
                                          {"0", "00"},
                                          {"18", "18"},
                                          {"\xc2\xa0"
                                           "Carer's LEAVE\n",
                                           "carer's leave"},
                                          {"\xc3\x89tude", "\xc3\xa9tude"},
                                          {" \xe3\x80\x80 ", ""}};
    char text[CATEGORY_TEXT];
    char longest[CATEGORY_TEXT + 1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_str_eq(category_plain(rows[i][0], text), rows[i][1]);
    }
    memset(longest, 'x', sizeof longest);
    longest[CATEGORY_TEXT] = '\0';
    cr_assert_null(category_plain(longest, text));
    longest[CATEGORY_TEXT - 1] = '\0';
    cr_assert_str_eq(category_plain(longest, text), longest);
    cr_assert(category_is_sickness("08") && category_is_sickness("sickness"));
    cr_assert_not(category_is_ignored("08"));
    cr_assert(category_is_ignored("07") && category_is_ignored("jury service"));
    cr_assert_not(category_is_ignored("18"));
}
