/* Sequences of nightly files, and the events of each, written by hand. */
#include <criterion/criterion.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/nights.h"
#include "tests/unit/nights_files.h"

TestSuite(feed_nights, .fini = leakcheck);

/* 1 */
Test(feed_nights, a_reason_comes_late)
{
    struct nights n;
    nights_begin(&n, NULL);
    NIGHT(&n, ONE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n", NULL,
          "opened 0077 2026-09-07..; alive 1/1/0");
    NIGHT(&n, TWO, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n", NULL, "alive 1/0/0");
    NIGHT(&n, THREE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL,
          "amended 0077 2026-09-07.. S12; alive 1/1/0");
    nights_end(&n);
}

/* 2 */
Test(feed_nights, a_start_moves_with_its_id)
{
    struct nights n;
    nights_begin(&n, NULL);
    NIGHT(&n, ONE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL,
          "opened 0077 2026-09-07.. S12; alive 1/1/0");
    NIGHT(&n, TWO, HEAD "A-1,0077,77-1,Sickness,04/09/2026,,S12\n", NULL,
          "amended 0077 2026-09-04.. S12; alive 1/1/0");
    NIGHT(&n, THREE, HEAD "A-1,0077,77-1,Sickness,04/09/2026,,S12\n", NULL, "alive 1/0/0");
    nights_end(&n);
}

Test(feed_nights, a_start_moves_without_an_id)
{
    struct nights n;
    nights_begin(&n, NO_IDS(""));
    NIGHT(&n, ONE, HEAD2 "P-77,77-1,sickness,07/09/2026 08:00,,S12\n", NULL,
          "opened P-77 2026-09-07.. S12; alive 1/1/0");
    const char *id = strstr(nights_events(&n), "\"absence_id\":\"") + 14;
    char first[21] = "";
    memcpy(first, id, 20);
    NIGHT(&n, TWO, HEAD2 "P-77,77-1,sickness,04/09/2026 08:00,,S12\n", NULL,
          "amended P-77 2026-09-04.. S12; alive 1/1/0");
    cr_assert(strstr(nights_events(&n), first) != NULL, "it keeps its id");
    /* It ends, and another begins: that is another record. */
    NIGHT(&n, THREE,
          HEAD2 "P-77,77-1,sickness,04/09/2026 08:00,05/09/2026 17:00,S12\n"
                "P-77,77-1,sickness,09/09/2026 08:00,,S10\n",
          NULL,
          "closed P-77 2026-09-04..2026-09-05 S12; opened P-77 2026-09-09.. S10; alive 2/2/0");
    cr_assert_eq(n.counts.moved, 0);
    nights_end(&n);
}

/* 3 */
Test(feed_nights, an_end_is_extended_until_it_is_reached)
{
    struct nights n;
    nights_begin(&n, NULL);
    NIGHT(&n, ONE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,09/09/2026,S12\n", NULL,
          "opened 0077 2026-09-07..2026-09-09+ S12; alive 1/1/0");
    NIGHT(&n, TWO, HEAD "A-1,0077,77-1,Sickness,07/09/2026,10/09/2026,S12\n", NULL,
          "amended 0077 2026-09-07..2026-09-10+ S12; alive 1/1/0");
    NIGHT(&n, THREE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,10/09/2026,S12\n", NULL,
          "alive 1/0/0");
    NIGHT(&n, FOUR, HEAD "A-1,0077,77-1,Sickness,07/09/2026,10/09/2026,S12\n", NULL,
          "closed 0077 2026-09-07..2026-09-10 S12; alive 1/1/0");
    NIGHT(&n, FIVE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,10/09/2026,S12\n", NULL, "alive 1/0/0");
    nights_end(&n);
}

/* 4 */
Test(feed_nights, a_row_is_gone_once)
{
    struct nights n;
    nights_begin(&n, NULL);
    nights_take(&n, ONE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL);
    NIGHT(&n, TWO, HEAD OTHER, NULL, "alive 1/0/0");
    cr_assert_eq(n.counts.missing, 1);
    NIGHT(&n, THREE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL, "alive 2/0/0");
    NIGHT(&n, FOUR, HEAD OTHER, NULL, "alive 1/0/0");
    NIGHT(&n, FIVE, HEAD OTHER, NULL, "cancelled 0077 2026-09-07; alive 1/1/0");
    nights_end(&n);
}

/* 5 */
Test(feed_nights, a_row_is_gone_twice_and_comes_back)
{
    struct nights n;
    nights_begin(&n, NULL);
    nights_take(&n, ONE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL);
    NIGHT(&n, TWO, HEAD OTHER, NULL, "alive 1/0/0");
    NIGHT(&n, THREE, HEAD OTHER, NULL, "cancelled 0077 2026-09-07; alive 1/1/0");
    NIGHT(&n, FOUR, HEAD OTHER, NULL, "alive 1/0/0");
    NIGHT(&n, FIVE, HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL,
          "amended 0077 2026-09-07.. S12; alive 2/1/0");
    nights_end(&n);
}

/* 6: half a file */
static void many(struct buf *b, int from, int to)
{
    buf_reset(b);
    buf_puts(b, HEAD);
    for (int i = from; i < to; i++) {
        buf_printf(b, "A-%d,%04d,%d-1,Sickness,%02d/09/2026,,S12\n", i, i, i, 1 + i % 7);
    }
}

Test(feed_nights, half_a_file_is_held)
{
    struct nights n;
    struct buf b = {0};
    nights_begin(&n, NULL);
    n.holds_fallen = true;
    many(&b, 0, 100);
    nights_take(&n, ONE, b.data, NULL);
    many(&b, 0, 50);
    NIGHT(&n, TWO, b.data, NULL, "held missing 50/100; held rows_fall 50/100");
    NIGHT(&n, TWO, b.data, NULL, "held missing 50/100; held rows_fall 50/100");
    many(&b, 0, 100);
    NIGHT(&n, THREE, b.data, NULL, "alive 100/0/0"); /* as if the half had never been */
    many(&b, 0, 50);
    n.accepted = true;
    NIGHT(&n, FOUR, b.data, NULL, "alive 50/0/0");
    cr_assert_eq(n.counts.missing, 50);
    /* A last row that is cut off is no row. */
    NIGHT(&n, FIVE, HEAD "A-1,0077,77-1,Sickn", NULL, "refused cut_off 2");
    NIGHT(&n, FIVE, HEAD, NULL, "refused no_rows 0");
    buf_clear(&b);
    nights_end(&n);
}

/* 7 */
Test(feed_nights, names_in_windows_1252)
{
    struct nights n;
    nights_begin(&n,
                 "{'source':'/roster/RW3','organisation':'RW3',"
                 "'file':{'pattern':'*.csv','encoding':'windows-1252','delimiter':';',"
                 "'as_of':'mtime'},'extract':'full',"
                 "'columns':{'absence_id':'Id','person_id':'Staff','category':{'value':'sickness'},"
                 "'onset_date':'From','contact.name':'Name'}}");
    NIGHT(&n, ONE, "Id;Staff;From;Name\nA-1;P-77;2026-09-07;Zo\xeb Test\n", NULL,
          "opened P-77 2026-09-07..; alive 1/1/0");
    cr_assert(strstr(nights_events(&n), "\"name\":\"Zo\xc3\xab Test\"") != NULL);
    NIGHT(&n, TWO, "Id;Staff;From;Name\nA-1;P-77;2026-09-07;Zo\xc3\xab Test\n", NULL,
          "refused encoding 2");
    NIGHT(&n, THREE, "\xef\xbb\xbfId;Staff;From;Name\nA-1;P-77;2026-09-07;Zo\xc3\xab Test\n", NULL,
          "alive 1/0/0"); /* the mark decides */
    NIGHT(&n, FOUR, "Id;Staff;From;Name\nA-1;P-77;2026-09-07;Zo\x81 Test\n", NULL,
          "refused encoding 2");
    nights_end(&n);
}

/* 8 */
Test(feed_nights, ids_lose_their_leading_zeros)
{
    struct nights n;
    nights_begin(&n, NULL);
    NIGHT(&n, ONE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n",
          "Employee Number,Name,Mobile,Home,Left\n77,Test Person 77,07700 900077,,\n",
          "opened 0077 2026-09-07..; alive 1/1/0");
    cr_assert(strstr(nights_events(&n), "\"phone\":\"07700 900077\"") != NULL);
    NIGHT(&n, TWO, HEAD "A-1,77,77-1,Sickness,07/09/2026,,\n",
          "Employee Number,Name,Mobile,Home,Left\n0077,Test Person 77,07700 900077,,\n",
          "alive 1/0/0");
    NIGHT(
        &n, THREE, HEAD "A-1,=\"0077\",77-1,Sickness,07/09/2026,,\n",
        "Employee Number,Name,Mobile,Home,Left\n\"=\"\"0077\"\"\",Test Person 77,07700 900077,,\n",
        "alive 1/0/0");
    nights_end(&n);
}

/* 9 */
Test(feed_nights, telephone_numbers_come_later)
{
    struct nights n;
    nights_begin(&n, NULL);
    NIGHT(&n, ONE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n", STAFF "0077,Test Person 77,,,\n",
          "opened 0077 2026-09-07..; alive 1/1/0");
    cr_assert_eq(n.counts.without_phone, 1);
    NIGHT(&n, TWO, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n",
          STAFF "0077,Test Person 77,,07700 900078,\n0077,Another,07700 900079,,\n",
          "amended 0077 2026-09-07..; alive 1/1/0");
    /* Member by member the first that is not empty. */
    cr_assert(strstr(nights_events(&n), "\"name\":\"Test Person 77\",\"phone\":\"07700 900078\""));
    NIGHT(&n, THREE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n",
          STAFF "0077,Test Person 77,07700 900077,07700 900078,\n",
          "amended 0077 2026-09-07..; alive 1/1/0");
    cr_assert(strstr(nights_events(&n), "\"phone\":\"07700 900077\"") != NULL);
    nights_end(&n);
}

Test(feed_nights, contact_details_of_an_old_absence_change_nothing)
{
    struct nights n;
    nights_begin(&n, NULL);
    NIGHT(&n, ONE,
          HEAD "A-1,0077,77-1,Sickness,01/06/2026,09/07/2026,\n"
               "A-2,0077,77-1,Sickness,11/07/2026,12/07/2026,\n",
          STAFF "0077,Test Person 77,,,\n",
          "opened 0077 2026-06-01..2026-07-09; opened 0077 2026-07-11..2026-07-12; alive 2/2/0");
    NIGHT(&n, TWO,
          HEAD "A-1,0077,77-1,Sickness,01/06/2026,09/07/2026,\n"
               "A-2,0077,77-1,Sickness,11/07/2026,12/07/2026,\n",
          STAFF "0077,Test Person 77,07700 900077,,\n",
          "closed 0077 2026-07-11..2026-07-12; alive 2/1/0");
    NIGHT(&n, THREE,
          HEAD "A-1,0077,77-1,Sickness,01/06/2026,09/07/2026,S12\n"
               "A-2,0077,77-1,Sickness,11/07/2026,12/07/2026,\n",
          STAFF "0077,Test Person 77,07700 900077,,\n",
          "closed 0077 2026-06-01..2026-07-09 S12; alive 2/1/0");
    nights_end(&n);
}

/* 10 */
Test(feed_nights, a_staff_list_that_is_a_day_old_and_people_who_leave)
{
    struct nights n;
    nights_begin(&n, NULL);
    const char *old =
        STAFF "0077,Test Person 77,07700 900077,,\n0078,Test Person 78,,,30/09/2026\n";
    NIGHT(&n, ONE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n", old,
          "opened 0077 2026-09-07..; left 0078 2026-09-30; alive 1/1/0");
    NIGHT(&n, TWO, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n", old, "alive 1/0/0");
    NIGHT(&n, THREE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n",
          STAFF "0077,Test Person 77,07700 900077,,31/10/2026\n"
                "0078,Test Person 78,,,15/09/2026\n0078,Test Person 78,,,20/09/2026\n",
          "left 0077 2026-10-31; left 0078 2026-09-20; alive 1/0/0");
    NIGHT(&n, FOUR, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n",
          STAFF "0077,Test Person 77,07700 900077,,\n"
                "0078,Test Person 78,,,20/09/2026\n0078,Test Person 78,,,\n",
          "left 0077 -; left 0078 -; alive 1/0/0");
    /* A date nobody can read says nothing. */
    NIGHT(&n, FIVE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n",
          STAFF "0077,Test Person 77,07700 900077,,\n0078,Test Person 78,,,soon\n", "alive 1/0/0");
    nights_end(&n);
}

/* A run is killed while it publishes a leaving date, and the next list lacks the person. Nobody
 * knows what arrived, until a list has the person again. */
Test(feed_nights, a_run_is_killed_and_the_next_list_lacks_who_leaves)
{
    struct nights n;
    const char *file = HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n";
    const char *stays = STAFF "0077,Test Person 77,,,\n0078,Test Person 78,,,\n";
    const char *leaves = STAFF "0077,Test Person 77,,,\n0078,Test Person 78,,,30/09/2026\n";
    const char *lacks = STAFF "0077,Test Person 77,,,\n";
    const char *unreadable = STAFF "0077,Test Person 77,,,\n0078,Test Person 78,,,soon\n";
    nights_begin(&n, NULL);
    nights_take(&n, ONE, file, stays);
    n.dry = true;
    NIGHT(&n, TWO, file, leaves, "left 0078 2026-09-30; alive 1/0/0");
    n.bump = 1;
    NIGHT(&n, THREE, file, lacks, "amended 0077 2026-09-07..; left 0077 -; alive 1/1/0");
    NIGHT(&n, FOUR, file, unreadable, "alive 1/0/0");
    NIGHT(&n, FIVE, file, stays, "left 0078 -; alive 1/0/0");
    NIGHT(&n, SIX, file, stays, "alive 1/0/0");
    nights_end(&n);
    /* Back on the list with the same date: published again, as the message may be lost. */
    nights_begin(&n, NULL);
    nights_take(&n, ONE, file, stays);
    n.dry = true;
    nights_take(&n, TWO, file, leaves);
    n.bump = 1;
    nights_take(&n, THREE, file, lacks);
    NIGHT(&n, FOUR, file, leaves, "left 0078 2026-09-30; alive 1/0/0");
    NIGHT(&n, FIVE, file, leaves, "alive 1/0/0");
    nights_end(&n);
}

Test(feed_nights, a_run_is_killed_while_it_takes_a_leaving_date_back)
{
    struct nights n;
    const char *file = HEAD "A-1,0077,77-1,Sickness,07/09/2026,,\n";
    const char *stays = STAFF "0077,Test Person 77,,,\n0078,Test Person 78,,,\n";
    const char *leaves = STAFF "0077,Test Person 77,,,\n0078,Test Person 78,,,30/09/2026\n";
    nights_begin(&n, NULL);
    nights_take(&n, ONE, file, leaves);
    n.dry = true;
    NIGHT(&n, TWO, file, stays, "left 0078 -; alive 1/0/0");
    n.dry = true; /* the same once more: the same bytes */
    NIGHT(&n, TWO, file, stays, "left 0078 -; alive 1/0/0");
    n.bump = 1;
    nights_take(&n, THREE, file, STAFF "0077,Test Person 77,,,\n");
    NIGHT(&n, FOUR, file, leaves, "left 0078 2026-09-30; alive 1/0/0");
    NIGHT(&n, FIVE, file, leaves, "alive 1/0/0");
    nights_end(&n);
}

/* 11 */
Test(feed_nights, a_sunday_without_changes)
{
    struct nights n;
    nights_begin(&n, NULL);
    const char *file = HEAD OTHER "A-1,0077,77-1,Sickness,07/09/2026,,S12\n";
    nights_take(&n, "2026-09-11T20:00:00Z", file, NULL);
    NIGHT(&n, "2026-09-12T20:00:00Z", file, NULL, "alive 2/0/0");
    NIGHT(&n, "2026-09-13T20:00:00Z", file, NULL, "alive 2/0/0");
    /* The same bytes are missing the same rows. */
    NIGHT(&n, "2026-09-14T20:00:00Z", HEAD OTHER, NULL, "alive 1/0/0");
    n.same_bytes = true; /* as_of: mtime, touched */
    NIGHT(&n, "2026-09-14T21:00:00Z", HEAD OTHER, NULL, "alive 1/0/0");
    cr_assert_eq(n.counts.missing, 0);
    NIGHT(&n, "2026-09-15T20:00:00Z", HEAD OTHER, NULL, "cancelled 0077 2026-09-07; alive 1/1/0");
    nights_end(&n);
}

/* 12: two sources of one absence are two states, and two records. */
Test(feed_nights, two_sources_for_one_absence)
{
    struct nights roster;
    struct nights hr;
    nights_begin(&roster, NO_IDS(""));
    nights_begin(&hr, NULL);
    NIGHT(&roster, ONE, HEAD2 "0077,77-1,sickness,07/09/2026 08:00,,\n", NULL,
          "opened 0077 2026-09-07..; alive 1/1/0");
    NIGHT(&hr, TWO, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL,
          "opened 0077 2026-09-07.. S12; alive 1/1/0");
    cr_assert(strstr(nights_events(&hr), "/healthroster/RW3") != NULL);
    NIGHT(&roster, TWO, HEAD2 "0077,77-1,sickness,07/09/2026 08:00,08/09/2026 00:00,\n", NULL,
          "closed 0077 2026-09-07..2026-09-07; alive 1/1/0");
    nights_end(&roster);
    nights_end(&hr);
}

/* 13 */
Test(feed_nights, shifts_are_merged_over_midnight_and_the_clock_change)
{
    struct nights n;
    nights_begin(&n, NO_IDS("'merge_rows':'adjoining','merge_gap_days':1"));
    NIGHT(&n, "2026-10-24T03:00:00Z",
          HEAD2 "P-77,77-1,sickness,22/10/2026 20:00,23/10/2026 08:00,\n"
                "P-77,77-1,sickness,23/10/2026 20:00,24/10/2026 08:00,S10\n",
          NULL, "opened P-77 2026-10-22..2026-10-24+ S10; alive 1/1/0");
    /* The clocks go back on the 25th at 02:00; no shift on the 26th. */
    NIGHT(&n, "2026-10-26T03:00:00Z",
          HEAD2 "P-77,77-1,sickness,22/10/2026 20:00,23/10/2026 08:00,\n"
                "P-77,77-1,sickness,23/10/2026 20:00,24/10/2026 08:00,S10\n"
                "P-77,77-1,sickness,24/10/2026 20:00,25/10/2026 07:00,S12\n",
          NULL, "closed P-77 2026-10-22..2026-10-25 S12; alive 1/1/0");
    NIGHT(&n, "2026-10-28T03:00:00Z",
          HEAD2 "P-77,77-1,sickness,27/10/2026 20:00,28/10/2026 00:00,\n"
                "P-77,77-1,sickness,22/10/2026 20:00,23/10/2026 08:00,\n"
                "P-77,77-1,sickness,23/10/2026 20:00,24/10/2026 08:00,S10\n"
                "P-77,77-1,sickness,24/10/2026 20:00,25/10/2026 07:00,S12\n",
          NULL, "closed P-77 2026-10-22..2026-10-27 S12; alive 1/1/0");
    /* Two free days: another absence. */
    NIGHT(&n, "2026-10-31T03:00:00Z",
          HEAD2 "P-77,77-1,sickness,27/10/2026 20:00,28/10/2026 00:00,\n"
                "P-77,77-1,sickness,30/10/2026 20:00,31/10/2026 08:00,\n"
                "P-77,77-1,sickness,22/10/2026 20:00,23/10/2026 08:00,\n"
                "P-77,77-1,sickness,23/10/2026 20:00,24/10/2026 08:00,S10\n"
                "P-77,77-1,sickness,24/10/2026 20:00,25/10/2026 07:00,S12\n",
          NULL, "opened P-77 2026-10-30..2026-10-31+; alive 2/1/0");
    nights_end(&n);
}

Test(feed_nights, shifts_before_the_window_are_not_missed)
{
    struct nights n;
    nights_begin(&n, NO_IDS("'merge_rows':'adjoining'"));
    NIGHT(&n, "2026-09-30T03:00:00Z",
          HEAD2 "P-77,77-1,sickness,01/09/2026 08:00,15/09/2026 20:00,S12\n"
                "P-77,77-1,sickness,16/09/2026 08:00,05/10/2026 20:00,S12\n",
          NULL, "opened P-77 2026-09-01..2026-10-05+ S12; alive 1/1/0");
    /* 30 days: rows from 6 September on. */
    NIGHT(&n, "2026-10-06T03:00:00Z",
          HEAD2 "P-77,77-1,sickness,06/09/2026 08:00,05/10/2026 20:00,S12\n"
                "P-77,77-1,sickness,06/10/2026 08:00,09/10/2026 20:00,S12\n",
          NULL, "amended P-77 2026-09-01..2026-10-09+ S12; alive 1/1/0");
    NIGHT(&n, "2026-10-10T03:00:00Z",
          HEAD2 "P-77,77-1,sickness,10/09/2026 08:00,09/10/2026 20:00,S12\n", NULL,
          "closed P-77 2026-09-01..2026-10-09 S12; alive 1/1/0");
    nights_end(&n);
}

/* 14 */
Test(feed_nights, a_transfer_between_assignments)
{
    struct nights n;
    nights_begin(&n, NO_IDS(""));
    NIGHT(&n, ONE,
          HEAD2 "P-77,77-1,sickness,07/09/2026 08:00,,S12\n"
                "P-78,78-1,sickness,07/09/2026 08:00,,\n",
          NULL, "opened P-77 2026-09-07.. S12; opened P-78 2026-09-07..; alive 2/2/0");
    NIGHT(&n, TWO,
          HEAD2 "P-77,77-2,sickness,07/09/2026 08:00,,S12\n"
                "P-78,78-1,sickness,07/09/2026 08:00,,\n",
          NULL, "opened P-77 2026-09-07.. S12; alive 2/1/0");
    NIGHT(&n, THREE,
          HEAD2 "P-77,77-2,sickness,07/09/2026 08:00,,S12\n"
                "P-78,78-1,sickness,07/09/2026 08:00,,\n",
          NULL, "cancelled P-77 2026-09-07; alive 2/1/0");
    NIGHT(&n, FOUR,
          HEAD2 "P-77,77-2,sickness,07/09/2026 08:00,,S12\n"
                "P-78,78-1,sickness,07/09/2026 08:00,,\n",
          NULL, "alive 2/0/0");
    nights_end(&n);
}

/* 15 */
Test(feed_nights, a_persons_number_changes)
{
    struct nights n;
    nights_begin(&n, NULL);
    nights_take(&n, ONE, HEAD "A-1,0077,77-1,Sickness,07/09/2026,,S12\n", NULL);
    NIGHT(&n, TWO, HEAD "A-1,0177,77-1,Sickness,07/09/2026,,S12\n", NULL,
          "amended 0177 2026-09-07.. S12; alive 1/1/0");
    NIGHT(&n, THREE, HEAD "A-1,0177,77-1,Sickness,07/09/2026,,S12\n", NULL, "alive 1/0/0");
    /* With a start far away it is another absence under an old id. */
    NIGHT(&n, FOUR, HEAD "A-1,0277,77-1,Sickness,01/01/2026,,S12\n", NULL,
          "bad 2 Unavailability ID id_reused; alive 0/0/1");
    NIGHT(&n, FIVE, HEAD "A-1,0277,77-1,Sickness,01/01/2026,,S12\n", NULL,
          "bad 2 Unavailability ID id_reused; alive 0/0/1");
    nights_end(&n);
    nights_begin(&n, NO_IDS(""));
    nights_take(&n, ONE, HEAD2 "P-77,77-1,sickness,07/09/2026 08:00,,S12\n", NULL);
    NIGHT(&n, TWO, HEAD2 "P-177,77-1,sickness,07/09/2026 08:00,,S12\n", NULL,
          "amended P-177 2026-09-07.. S12; alive 1/1/0");
    NIGHT(&n, THREE, HEAD2 "P-177,77-1,sickness,07/09/2026 08:00,,S12\n", NULL, "alive 1/0/0");
    nights_end(&n);
}
