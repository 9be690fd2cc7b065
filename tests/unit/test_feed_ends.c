/* Records that end, and runs that do not: categories, missing rows, bad rows, first files. */
#include <criterion/criterion.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/nights.h"
#include "tests/unit/nights_files.h"

TestSuite(feed_ends, .fini = leakcheck);

/* 16 */
Test(feed_ends, another_category_or_a_void_row_ends_a_record_at_once)
{
    struct nights n;
    nights_begin(&n, NULL);
    nights_take(&n, ONE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL);
    NIGHT(&n, TWO, HEAD OTHER "A-1,0077,77-1,Annual leave,07/09/2026,,\n", NULL,
          "cancelled 0077 2026-09-07; alive 1/1/0");
    cr_assert_eq(n.counts.passed_over, 1);
    NIGHT(&n, THREE, HEAD OTHER "A-1,0077,77-1,Annual leave,07/09/2026,,\n", NULL, "alive 1/0/0");
    NIGHT(&n, FOUR, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL,
          "amended 0077 2026-09-07.. S12; alive 2/1/0");
    nights_end(&n);
}

Test(feed_ends, changes_delete_by_void_rows_only)
{
    struct nights n;
    nights_begin(&n, "{'source':'/hr/RW3','organisation':'RW3',"
                     "'file':{'pattern':'*.csv','as_of':'mtime'},'extract':'changes',"
                     "'columns':{'absence_id':'Id','person_id':'Staff',"
                     "'category':{'value':'sickness'},'onset_date':'From'},"
                     "'cancelled':{'column':'Void','true':['Y']}}");
    NIGHT(&n, ONE, "Id,Staff,From,Void\nA-1,P-77,2026-09-07,\nA-2,P-78,2026-09-07,N\n", NULL,
          "opened P-77 2026-09-07..; opened P-78 2026-09-07..; alive 2/2/0");
    NIGHT(&n, TWO, "Id,Staff,From,Void\n", NULL, "alive 0/0/0");
    NIGHT(&n, THREE, "Id,Staff,From,Void\nA-3,P-79,2026-09-08,y\nA-1,P-77,2026-09-07,Y\n", NULL,
          "cancelled P-77 2026-09-07; alive 0/1/0");
    NIGHT(&n, FOUR, "Id,Staff,From,Void\nA-2,P-78,2026-09-06,\n", NULL,
          "amended P-78 2026-09-06..; alive 1/1/0");
    nights_end(&n);
}

/* 17 */
Test(feed_ends, what_is_missing_is_closed_or_kept)
{
    struct nights n;
    nights_begin(&n, NO_IDS("'missing':'close'"));
    nights_take(&n, ONE,
                HEAD2 "P-77,77-1,sickness,07/09/2026 08:00,,S12\n"
                      "P-78,78-1,sickness,07/09/2026 08:00,,\n",
                NULL);
    NIGHT(&n, TWO, HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n", NULL, "alive 1/0/0");
    NIGHT(&n, THREE, HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n", NULL,
          "closed P-77 2026-09-07..2026-09-08; alive 1/1/0");
    NIGHT(&n, FOUR, HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n", NULL, "alive 1/0/0");
    cr_assert_eq(n.counts.counting, 1);
    NIGHT(&n, FIVE,
          HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n"
                "P-77,77-1,sickness,07/09/2026 08:00,,S12\n",
          NULL, "amended P-77 2026-09-07.. S12; alive 2/1/0");
    nights_end(&n);
    nights_begin(&n, NO_IDS("'missing':'keep','missing_runs':1"));
    nights_take(&n, ONE,
                HEAD2 "P-77,77-1,sickness,07/09/2026 08:00,,S12\n"
                      "P-78,78-1,sickness,07/09/2026 08:00,,\n",
                NULL);
    NIGHT(&n, TWO, HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n", NULL, "alive 1/0/0");
    NIGHT(&n, THREE, HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n", NULL, "alive 1/0/0");
    cr_assert_eq(n.counts.missing, 0);
    NIGHT(&n, FOUR,
          HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n"
                "P-77,77-1,sickness,07/09/2026 08:00,,S12\n",
          NULL, "alive 2/0/0");
    nights_end(&n);
}

/* 18 */
Test(feed_ends, a_bad_row_is_not_a_missing_record)
{
    struct nights n;
    nights_begin(&n, NULL);
    nights_take(&n, ONE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL);
    for (int night = 9; night < 13; night++) {
        char as_of[40];
        snprintf(as_of, sizeof as_of, "2026-09-%02dT02:00:00Z", night);
        NIGHT(&n, as_of, HEAD OTHER "A-1,0077,77-1,Sickness,7 Sept,,S12\n", NULL,
              "bad 3 Start bad_date; alive 1/0/1");
    }
    /* Nor where the id cannot be read: then nobody of that person. */
    NIGHT(&n, "2026-09-13T02:00:00Z", HEAD OTHER "8.84E+06,0077,77-1,Sickness,07/09/2026,,\n", NULL,
          "bad 3 Unavailability ID spreadsheet; alive 1/0/1");
    cr_assert_eq(n.counts.missing, 0);
    /* And files without it are not in a row with a bad row between them. */
    NIGHT(&n, "2026-09-14T02:00:00Z", HEAD OTHER, NULL, "alive 1/0/0");
    NIGHT(&n, "2026-09-15T02:00:00Z", HEAD OTHER "A-1,0077,77-1,Sickness,7 Sept,,S12\n", NULL,
          "bad 3 Start bad_date; alive 1/0/1");
    NIGHT(&n, "2026-09-16T02:00:00Z", HEAD OTHER, NULL, "alive 1/0/0");
    NIGHT(&n, "2026-09-17T02:00:00Z", HEAD OTHER, NULL, "cancelled 0077 2026-09-07; alive 1/1/0");
    nights_end(&n);
}

/* 19 */
Test(feed_ends, begun_and_not_finished)
{
    struct nights n;
    nights_begin(&n, NULL);
    nights_take(&n, ONE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL);
    n.dry = true; /* killed before the state was committed */
    NIGHT(&n, TWO, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S10\n", NULL,
          "amended 0077 2026-09-07.. S10; alive 2/1/0");
    struct buf before = {0};
    buf_puts(&before, nights_events(&n));
    n.dry = true;
    nights_take(&n, TWO, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S10\n", NULL);
    cr_assert_str_eq(nights_events(&n), before.data, "the same bytes again");
    buf_clear(&before);
    /* Another file instead: all of it whole, with versions above those that may be out. */
    n.bump = 1;
    NIGHT(&n, TWO, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL,
          "amended 0078 2026-09-01.. S10; amended 0077 2026-09-07.. S12; alive 2/2/0");
    cr_assert(strstr(nights_events(&n), "\"version\":1788919200001") != NULL);
    NIGHT(&n, THREE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL, "alive 2/0/0");
    nights_end(&n);
}

Test(feed_ends, what_was_begun_is_in_doubt_also_where_it_has_no_row)
{
    struct nights n;
    nights_begin(&n, NULL);
    nights_take(&n, ONE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n",
                STAFF "0077,Test Person 77,,,\n");
    n.dry = true;
    nights_take(&n, TWO, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S10\n",
                STAFF "0077,Test Person 77,,,30/09/2026\n");
    n.bump = 1;
    NIGHT(&n, THREE, HEAD OTHER, STAFF "0077,Test Person 77,,,\n",
          "amended 0078 2026-09-01.. S10; left 0077 -; alive 1/1/0");
    cr_assert(strstr(nights_events(&n), "\"time\":\"2026-09-10T02:00:00.001000Z\"") != NULL);
    NIGHT(&n, FOUR, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n",
          STAFF "0077,Test Person 77,,,\n", "amended 0077 2026-09-07.. S12; alive 2/1/0");
    nights_end(&n);
}

/* 20 */
Test(feed_ends, a_first_file_is_held_without_first)
{
    struct nights n;
    nights_begin(&n, NULL);
    n.held_first = true;
    NIGHT(&n, ONE, HEAD OTHER, NULL, "held first 1/1");
    NIGHT(&n, ONE, HEAD OTHER, NULL, "opened 0078 2026-09-01.. S10; alive 1/1/0");
    n.held_first = true;
    NIGHT(&n, TWO, HEAD OTHER, NULL, "alive 1/0/0");
    nights_end(&n);
}

Test(feed_ends, outside_the_window_nothing_is_missing_and_it_leaves_the_state)
{
    struct nights n;
    nights_begin(&n, NO_IDS(""));
    const char *other = HEAD2 "P-78,78-1,sickness,07/09/2026 08:00,,\n";
    nights_take(&n, ONE,
                HEAD2 "P-77,77-1,sickness,07/09/2026 08:00,08/09/2026 08:00,\n"
                      "P-78,78-1,sickness,07/09/2026 08:00,,\n",
                NULL);
    NIGHT(&n, "2026-10-08T02:00:00Z", other, NULL, "alive 1/0/0");
    cr_assert_eq(n.counts.missing, 0);
    NIGHT(&n, "2026-12-06T02:00:00Z", other, NULL, "alive 1/0/0");
    struct state_row row;
    cr_assert(state_row_at(n.state, 0, &row));
    NIGHT(&n, "2026-12-07T02:00:00Z", other, NULL, "alive 1/0/0");
    cr_assert(!state_row_at(n.state, 0, &row));
    cr_assert(state_row_at(n.state, 1, &row), "it has a row still");
    nights_end(&n);
}
