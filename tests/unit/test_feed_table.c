/* Files as bytes: encodings, the header, rows and lines. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/feed/rows/table.h"
#include "tests/unit/leakcheck.h"

TestSuite(feed_table, .fini = leakcheck);

static const char *const empty_texts[] = {"NULL", "N/A"};
static const char *const name_id[] = {"Id"};
static const char *const name_phone[] = {"Mobile  Phone", "Home"};

static struct mapping_column columns[] = {
    {.member = MAPPING_ABSENCE_ID, .names = {name_id, 1}},
    {.member = MAPPING_CATEGORY, .value = "sickness"},
    {.member = MAPPING_CONTACT_PHONE, .names = {name_phone, 2}},
};

/* Bytes that come in pieces of one size. */
struct pieces {
    const char *at;
    size_t len, size;
};

static size_t read_piece(void *arg, void *into, size_t room)
{
    struct pieces *p = arg;
    size_t n = p->len < p->size ? p->len : p->size;
    n = n < room ? n : room;
    memcpy(into, p->at, n);
    p->at += n;
    p->len -= n;
    return n;
}

/* "LINE:id|phone;…", or "!WHY LINE". */
static void read_all(struct buf *got, const char *encoding, const char *bytes, size_t len,
                     size_t size)
{
    const struct mapping_file f = {
        .encoding = encoding, .delimiter = ',', .empty = {empty_texts, 2}};
    const struct mapping_table t = {.column = columns, .n = 3};
    struct pieces p = {bytes, len, size};
    const struct input in = {read_piece, &p};
    struct table *table = NULL;
    struct table_row row;
    struct refusal why = {0};
    bool more = true;
    buf_puts(got, "");
    bool good = table_open(&table, &in, &f, &t, &why);
    while (good && more) {
        good = table_next(table, &row, &more, &why);
        if (good && more) {
            buf_printf(got, "%s%zu:%s|%s%s", got->len == 0 ? "" : ";", row.line,
                       table_cell(table, 0, NULL), table_cell(table, 2, NULL),
                       row.whole ? "" : "?");
            cr_assert_str_eq(table_cell(table, 1, NULL), "sickness");
        }
    }
    if (!good) {
        buf_printf(got, "!%s %zu", refusal_name(why.why), why.line);
        cr_assert(why.text[0] != '\0');
    }
    table_free(table);
}

static void check_in(const char *encoding, const char *bytes, size_t len, const char *expected)
{
    static const size_t sizes[] = {1, 3, 7, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf got = {0};
        read_all(&got, encoding, bytes, len, sizes[i]);
        cr_assert_str_eq(got.data, expected, "in pieces of %zu: %s", sizes[i], got.data);
        buf_clear(&got);
    }
}

static void check(const char *bytes, const char *expected)
{
    check_in("UTF-8", bytes, strlen(bytes), expected);
}

#define H "Id,Mobile Phone,Home\n"

Test(feed_table, rows_and_cells)
{
    check(H "A-1,1,2\nA-2,,2\nA-3,NULL,n/a\n", "2:A-1|1;3:A-2|2;4:A-3|");
    check("\xef\xbb\xbf" H "A-1,1,2\r\nA-2,,\r\n", "2:A-1|1;3:A-2|");
    check(H "A-1,1,2", "2:A-1|1");
    check(H "\n\n  , ,\t\nA-1,1,2\n\n", "5:A-1|1");
    check(H "\" A-1 \",\"1,5\",\nA-2,\"two\nlines\",\nA-3,\"a \"\"b\"\"\",\n",
          "2:A-1|1,5;3:A-2|two\nlines;5:A-3|a \"b\"");
    check(H "=\"0042\",=\"\",\"=\"\"07\"\"\"\n", "2:0042|07");
    check(H "A-1\nA-2,1,2,3\nA-3,1,2\n", "2:A-1|?;3:A-2|1?;4:A-3|1");
    check(H, "");
}

Test(feed_table, the_header)
{
    check("Report of Test Trust\n\nfrom,to\n ID , mobile \xc2\xa0 phone,HOME,Other\nA-1,1,2,3\n",
          "5:A-1|1");
    check("Home,x,Mobile phone,y,id\n2,x,,y,A-1\n", "2:A-1|2");
    check("Id,Mobile Phone\nA-1,1\n", "!header 1");
    check("Id,Mobile Phone,Home,id\nA-1,1,2,3\n", "!header 1");
    check("A-1,07700900001,2\nA-2,07700900002,3\n", "!header 0");
    check("", "!header 0");
    /* The twentieth line is the last. */
    check("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n" H "A-1,1,2\n", "21:A-1|1");
    check("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n" H "A-1,1,2\n", "!header 0");
}

Test(feed_table, a_file_without_a_header_is_not_quoted)
{
    const struct mapping_file f = {.encoding = "UTF-8", .delimiter = ','};
    const struct mapping_table t = {.column = columns, .n = 3};
    struct input_bytes bytes = {"Test Person 77,07700900077\n", 27};
    const struct input in = input_of_bytes(&bytes);
    struct table *table = NULL;
    struct refusal why = {0};
    cr_assert(!table_open(&table, &in, &f, &t, &why));
    cr_assert_null(strstr(why.text, "Person"));
    bytes = (struct input_bytes){"Number,Mobile,Where\n", 20};
    cr_assert(!table_open(&table, &in, &f, &t, &why));
    cr_assert(strstr(why.text, "\"Id\"") && strstr(why.text, "Number, Mobile, Where"), "%s",
              why.text);
}

Test(feed_table, quotes)
{
    check(H "A-1,1,2\nA-2,\"1,2\nA-3,1,2\n", "2:A-1|1!csv 3");
    check(H "A-1,1,2\nA-2,5\" wide,2\nA-3,1,2\n", "2:A-1|1!csv 3");
    check(H "A-1,\"1\"x,2\n", "!csv 2");
    check(H "A-1,1,2\nA-2,1", "2:A-1|1!cut_off 3");
    check(H "A-1,1,2\nA-2,\"1", "2:A-1|1!csv 3");
    check(H "A-1,1,2\nA-2,1\n", "2:A-1|1;3:A-2|1?");
}

Test(feed_table, a_row_without_an_end)
{
    struct buf b = {0};
    struct buf got = {0};
    buf_puts(&b, H "A-1,1,2\nA-2,\"");
    for (size_t i = 0; i < 200000; i++) {
        buf_puts(&b, "A-3,1\n");
    }
    read_all(&got, "UTF-8", b.data, b.len, 65536);
    cr_assert_str_eq(got.data, "2:A-1|1!csv 3");
    buf_reset(&b);
    buf_reset(&got);
    buf_puts(&b, H);
    for (size_t i = 0; i < 200000; i++) {
        buf_puts(&b, "A-3,1");
    }
    read_all(&got, "UTF-8", b.data, b.len, 65536);
    cr_assert_str_eq(got.data, "!csv 2");
    buf_clear(&b);
    buf_clear(&got);
}

#define BYTES(s) (s), sizeof(s) - 1

Test(feed_table, encodings)
{
    check_in("windows-1252", BYTES(H "Zo\xeb,\x80 1,2\n"), "2:Zo\xc3\xab|\xe2\x82\xac 1");
    check_in("windows-1252", BYTES(H "Zo\xc3\xab,1,2\n"), "2:Zo\xc3\x83\xc2\xab|1!encoding 2");
    check_in("windows-1252", BYTES(H "A-1,1,2\nZo\xc3\xab,1,\xeb\n"),
             "2:A-1|1;3:Zo\xc3\x83\xc2\xab|1"); /* not throughout */
    check_in("ISO-8859-15", BYTES(H "\xa4,1,2\n"), "2:\xe2\x82\xac|1");
    check_in("US-ASCII", BYTES(H "A-1,1,2\n"), "2:A-1|1");
    check_in("UTF-8",
             BYTES("\xff\xfeI\0d\0,\0M\0o\0b\0i\0l\0e\0 \0P\0h\0o\0n\0e\0,\0H\0o\0m\0e\0"
                   "\n\0\xeb\0,\0"
                   "1\0,\0"
                   "2\0\n\0"),
             "2:\xc3\xab|1");
    check_in("UTF-16",
             BYTES("\xfe\xff\0I\0d\0,\0M\0o\0b\0i\0l\0e\0 \0P\0h\0o\0n\0e\0,\0H\0o\0m\0e"
                   "\0\n\0\xeb\0,\0"
                   "1\0,\0"
                   "2\0\n"),
             "2:\xc3\xab|1");
}

/* Where the fault is beyond the first row the rows before it may or may not have been given. */
static void refuses(const char *encoding, const char *bytes, size_t len, const char *expected)
{
    struct buf got = {0};
    read_all(&got, encoding, bytes, len, 1000000);
    const char *fault = strchr(got.data, '!');
    cr_assert(fault != NULL && strcmp(fault, expected) == 0, "%s: %s", expected, got.data);
    buf_clear(&got);
}

Test(feed_table, other_encodings_are_refused)
{
    refuses("UTF-8", BYTES(H "A-1,1,2\nZo\xeb,1,2\n"), "!encoding 3");
    refuses("UTF-8", BYTES(H "A-1,1,2\nZo\xc3"), "!encoding 3");
    refuses("UTF-8", BYTES(H "\xed\xa0\x80,1,2\n"), "!encoding 2");
    refuses("windows-1252", BYTES(H "A-1,\x81,2\n"), "!encoding 2");
    refuses("US-ASCII", BYTES(H "A-1,1,2\nZo\xeb,1,2\n"), "!encoding 3");
    refuses("UTF-16", BYTES("I\0d\0\n\0"), "!encoding 1");
    refuses("UTF-16LE", BYTES("I\0d\0\n\0"), "!encoding 1");
    refuses("windows-1252", BYTES("I\0d\0\n\0"), "!encoding 1");
    refuses("UTF-8", BYTES(H "A\0-1,1,2\n"), "!csv 2");
    refuses("UTF-8", BYTES("PK\x03\x04 and so on"), "!workbook 1");
    refuses("windows-1252", BYTES("\xd0\xcf\x11\xe0\xa1\xb1"), "!workbook 1");
}

static size_t read_no_further(void *arg, void *into, size_t room)
{
    (void)arg;
    (void)into;
    (void)room;
    return SIZE_MAX;
}

Test(feed_table, what_cannot_be_read)
{
    const struct mapping_file f = {.encoding = "UTF-8", .delimiter = ','};
    const struct mapping_table t = {.column = columns, .n = 3};
    const struct input in = {read_no_further, NULL};
    struct table *table = NULL;
    struct refusal why = {0};
    cr_assert(!table_open(&table, &in, &f, &t, &why));
    cr_assert_eq(why.why, REFUSED_UNREADABLE);
}
