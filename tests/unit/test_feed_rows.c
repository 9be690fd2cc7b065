/* Rows to records: what is bad, what is passed over, what becomes of ends. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/nights.h"

TestSuite(feed_rows, .fini = leakcheck);

#define AS_OF "2026-09-08T02:00:00Z"
#define FILE_OF(more)                                                                              \
    "{'source':'/hr/RW3','organisation':'RW3','extract':'full',"                                   \
    "'file':{'pattern':'*.csv','as_of':'mtime'}," more "}"

/* Takes a file by a mapping; the heartbeat is left out of what is expected. */
static void one(const char *mapping, const char *extract, const char *expected)
{
    struct nights n;
    nights_begin(&n, mapping);
    const char *said = nights_take(&n, AS_OF, extract, NULL);
    char *alive = strstr(said, "; alive");
    alive = alive == NULL ? strstr(said, "alive") : alive;
    if (alive != NULL) {
        *alive = '\0';
    }
    cr_assert_str_eq(said, expected, "%s: %s", expected, said);
    nights_end(&n);
}

#define IDS                                                                                        \
    "'absence_id':'Id','person_id':{'column':'Staff','pad':4},'category':'Type',"                  \
    "'onset_date':{'column':'From','format':'%d/%m/%Y'},"                                          \
    "'last_day':{'column':'To','format':'%d/%m/%Y','never':['31/12/4712','open']}"
#define PLAIN FILE_OF("'columns':{" IDS "}")
#define H "Id,Staff,Type,From,To\n"

Test(feed_rows, reasons)
{
    one(PLAIN, H "A,1,sickness,07/09/2026,\n", "opened 0001 2026-09-07..");
    one(PLAIN, H "A,,sickness,07/09/2026,\n", "bad 2 Staff empty");
    one(PLAIN, H "A,1,,07/09/2026,\n", "bad 2 Type empty");
    one(PLAIN, H "A,1,sickness,,\n", "bad 2 From empty");
    one(PLAIN, H "A,1,sickness,NULL,\n", "bad 2 From empty");
    one(PLAIN, H "A,1,sickness,2026-09-07,\n", "bad 2 From bad_date");
    one(PLAIN, H "A,1,sickness,07/09/26,\n", "bad 2 From two_digit_year");
    one(PLAIN, H "A,1,sickness,07/09/1826,\n", "bad 2 From out_of_range");
    one(PLAIN, H "A,1,sickness,07/09/2026,31/12/9999\n", "bad 2 To out_of_range");
    one(PLAIN, H "A,1,gardening,07/09/2026,\n", "bad 2 Type unknown_value");
    one(PLAIN, H "A,1,sickness,07/09/2026,06/09/2026\n", "bad 2 To last_day_before_onset");
    one(PLAIN, H "A,1,sickness,07/09/2026\n", "bad 2  cells");
    one(PLAIN, H "A,1,sickness,07/09/2026,,\n", "bad 2  cells");
    one(PLAIN, H "\n\"A\n\n\",1,sickness,,\nB,,sickness,07/09/2026,\n",
        "bad 3 From empty; bad 6 Staff empty");
    one(PLAIN,
        H "A,1,sickness,07/09/2026,\nB,2,sickness,46272,\nC,3,sickness,07/09/2026,\n"
          "D,8.84E+06,sickness,07/09/2026,\n8840001.0,5,sickness,07/09/2026,\n",
        "bad 3 From spreadsheet; bad 5 Staff spreadsheet; bad 6 Id spreadsheet; "
        "opened 0001 2026-09-07..; opened 0003 2026-09-07..");
}

Test(feed_rows, texts_that_are_too_long)
{
    struct buf b = {0};
    for (size_t len = 100; len <= 101; len++) {
        buf_reset(&b);
        buf_puts(&b, H);
        for (size_t i = 0; i < len; i++) {
            buf_putc(&b, 'A');
        }
        buf_puts(&b, ",1,sickness,07/09/2026,\n");
        one(PLAIN, b.data, len == 100 ? "opened 0001 2026-09-07.." : "bad 2 Id too_long");
    }
    buf_clear(&b);
}

Test(feed_rows, never_and_empty)
{
    one(PLAIN, H "A,1,sickness,07/09/2026,31/12/4712\n", "opened 0001 2026-09-07..");
    one(PLAIN, H "A,1,sickness,07/09/2026, OPEN \n", "opened 0001 2026-09-07..");
    one(PLAIN, H "A,1,sickness,07/09/2026,n/a\n", "opened 0001 2026-09-07..");
    one(FILE_OF("'columns':{" IDS "},'rules':{'without_id':'refuse'}"),
        H ",1,sickness,07/09/2026,\n", "bad 2 Id empty");
    one(PLAIN, H ",1,sickness,07/09/2026,\n", "opened 0001 2026-09-07..");
}

Test(feed_rows, one_id)
{
    one(PLAIN, H "A,1,sickness,07/09/2026,\nA,0001,sickness,7/9/2026,\n",
        "opened 0001 2026-09-07..");
    one(PLAIN,
        H "A,1,sickness,07/09/2026,\nB,1,sickness,01/09/2026,02/09/2026\n"
          "A,1,sickness,08/09/2026,\n",
        "bad 2 Id duplicate_id; bad 4 Id duplicate_id; opened 0001 2026-09-01..2026-09-02");
    one(PLAIN, H "A,1,sickness,07/09/2026,\nA,1,sickness,08/09/2026,\nA,1,sickness,07/09/2026,\n",
        "bad 2 Id duplicate_id; bad 3 Id duplicate_id; bad 4 Id duplicate_id");
}

Test(feed_rows, categories)
{
    one(PLAIN, H "A,1,SICKNESS ,07/09/2026,\nB,1,8,01/09/2026,\n",
        "opened 0001 2026-09-07..; opened 0001 2026-09-01..");
    one(PLAIN, H "A,1,Annual Leave,soon,\nB,,14,,\n", "");
    const char *values = FILE_OF("'columns':{'absence_id':'Id','person_id':'Staff','category':"
                                 "{'column':'Type','values':{'Sick - Other':'sickness','Leave':"
                                 "null,'Mat':'maternity'}},'onset_date':'From'}");
    one(values,
        "Id,Staff,Type,From\nA,1,sick - OTHER,2026-09-07\nB,1,leave,2026-09-01\n"
        "C,1,mat,2026-09-01\nD,1,sickness,2026-09-01\n",
        "bad 5 Type unknown_value; opened 1 2026-09-07..");
}

Test(feed_rows, ends)
{
#define RULES(r) FILE_OF("'columns':{" IDS "},'rules':{" r "}")
    one(RULES(""), H "A,1,sickness,01/09/2026,08/09/2026\n", "opened 0001 2026-09-01..2026-09-08+");
    one(RULES(""), H "A,1,sickness,01/09/2026,07/09/2026\n", "opened 0001 2026-09-01..2026-09-07");
    one(RULES("'end_in_future':'final'"), H "A,1,sickness,01/09/2026,30/09/2026\n",
        "opened 0001 2026-09-01..2026-09-30");
    one(RULES("'last_day_is':'exclusive'"), H "A,1,sickness,01/09/2026,08/09/2026\n",
        "opened 0001 2026-09-01..2026-09-07");
    one(RULES("'last_day_is':'exclusive'"), H "A,1,sickness,01/09/2026,01/09/2026\n",
        "bad 2 To last_day_before_onset");
}

Test(feed_rows, times)
{
#define TIMED(rules)                                                                               \
    FILE_OF("'columns':{'absence_id':'Id','person_id':'Staff','category':{'value':'sickness'},"    \
            "'onset_date':{'column':'From','format':'%F %H:%M'},"                                  \
            "'last_day':{'column':'To','format':'%F %H:%M'}},'rules':{" rules "}")
#define HT "Id,Staff,From,To\n"
    one(TIMED(""), HT "A,1,2026-09-01 20:00,2026-09-03 00:00\n", "opened 1 2026-09-01..2026-09-02");
    one(TIMED(""), HT "A,1,2026-09-01 20:00,2026-09-03 00:01\n", "opened 1 2026-09-01..2026-09-03");
    one(TIMED("'last_day_is':'exclusive'"), HT "A,1,2026-09-01 00:00,2026-09-03 00:00\n",
        "opened 1 2026-09-01..2026-09-02");
    one(TIMED(""), HT "A,1,2026-09-01 00:00,2026-09-01 00:00\n", "bad 2 To last_day_before_onset");
}

Test(feed_rows, open_ended_by_a_column)
{
    const char *mapping =
        FILE_OF("'columns':{" IDS ",'open_ended':{'column':'Open','true':['Y','Yes']}}");
    one(mapping, "Id,Staff,Type,From,To,Open\nA,1,sickness,01/09/2026,03/09/2026,yes\n",
        "opened 0001 2026-09-01..2026-09-03+");
    one(mapping, "Id,Staff,Type,From,To,Open\nA,1,sickness,01/09/2026,30/09/2026,No\n",
        "opened 0001 2026-09-01..2026-09-30");
    one(mapping, "Id,Staff,Type,From,To,Open\nA,1,sickness,01/09/2026,30/09/2026,\n",
        "opened 0001 2026-09-01..2026-09-30+");
}

Test(feed_rows, all_members)
{
    struct nights n;
    nights_begin(&n, FILE_OF("'columns':{'absence_id':'1','person_id':'2','assignment_id':'3',"
                             "'category':{'value':'08'},'onset_date':'4','last_day':'5',"
                             "'expected_return':'6','reason.code':'7',"
                             "'reason.scheme':{'value':'icd10'},'fte':'8','contact.name':'9',"
                             "'contact.voicemail':'10','contact.date_of_birth':'11',"
                             "'fit_note.from':'12','fit_note.to':'13','phased_return_from':'14',"
                             "'site':'15','staff_group':'16','job':'17',"
                             "'recorded_at':{'column':'18','format':'%d/%m/%Y %H:%M'}}"));
    nights_take(&n, AS_OF,
                "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18\n"
                "A,P-77,77-1,2026-09-01,2026-09-30,2026-10-01,M54.5,0.60000,\"Test \"\"P\"\" 77\","
                "Yes,1984-03-04,2026-09-02,2026-09-20,2026-09-25,MRI,Nurses,Sister,"
                "07/09/2026 08:55\n",
                NULL);
    const char *expected =
        "\"data\":{\"organisation\":\"RW3\",\"absence_id\":\"A\",\"version\":1788832800000,"
        "\"person_id\":\"P-77\",\"assignment_id\":\"77-1\",\"category\":\"sickness\","
        "\"onset_date\":\"2026-09-01\",\"last_day\":\"2026-09-30\",\"open_ended\":true,"
        "\"expected_return\":\"2026-10-01\",\"reason\":{\"scheme\":\"icd10\",\"code\":\"M54.5\"},"
        "\"fte\":\"0.6\",\"contact\":{\"name\":\"Test \\\"P\\\" 77\",\"voicemail\":true,"
        "\"date_of_birth\":\"1984-03-04\"},\"fit_note\":{\"from\":\"2026-09-02\",\"to\":"
        "\"2026-09-20\"},\"phased_return_from\":\"2026-09-25\",\"site\":\"MRI\",\"staff_group\":"
        "\"Nurses\",\"job\":\"Sister\",\"recorded_at\":\"2026-09-07T07:55:00Z\"}}\n";
    cr_assert_not_null(strstr(nights_events(&n), expected), "%s", nights_events(&n));
    cr_assert_not_null(strstr(nights_events(&n), "{\"specversion\":\"1.0\",\"id\":\""), "%s",
                       nights_events(&n));
    cr_assert_not_null(strstr(nights_events(&n), "\"time\":\"2026-09-08T02:00:00Z\""));
    nights_end(&n);
}

Test(feed_rows, values_out_of_bounds)
{
#define WITH(column, member)                                                                       \
    FILE_OF("'columns':{'absence_id':'Id','person_id':'Staff','category':{'value':'sickness'},"    \
            "'onset_date':'From','" column "':" member "}")
    one(WITH("fte", "'X'"), "Id,Staff,From,X\nA,1,2026-09-07,37.5\n", "bad 2 X out_of_range");
    one(WITH("fte", "'X'"), "Id,Staff,From,X\nA,1,2026-09-07,half\n", "bad 2 X out_of_range");
    one(WITH("fte", "'X'"), "Id,Staff,From,X\nA,1,2026-09-07,.60000\n", "opened 1 2026-09-07..");
    one(WITH("contact.voicemail", "'X'"), "Id,Staff,From,X\nA,1,2026-09-07,perhaps\n",
        "bad 2 X unknown_value");
    one(WITH("recorded_at", "'X'"), "Id,Staff,From,X\nA,1,2026-09-07,yesterday\n",
        "bad 2 X bad_date");
    one(WITH("site", "{'column':'X','values':{'A':'Site A','-':null}}"),
        "Id,Staff,From,X\nA,1,2026-09-07,b\nB,2,2026-09-07,a\nC,3,2026-09-07,-\n",
        "bad 2 X unknown_value; opened 2 2026-09-07..; opened 3 2026-09-07..");
}

/* ---- whole columns ---- */

Test(feed_rows, a_spreadsheet_in_more_than_half_of_a_column)
{
    one(PLAIN, H "A,1,sickness,46272,\nB,2,sickness,46273,\nC,3,sickness,07/09/2026,\n",
        "refused spreadsheet 0");
    one(PLAIN, H "8.84E+06,1,sickness,07/09/2026,\n", "refused spreadsheet 0");
    one(PLAIN, H "A,1,sickness,46272,\nC,3,sickness,07/09/2026,\n",
        "bad 2 From spreadsheet; opened 0003 2026-09-07..");
}

static void ambiguous(struct buf *b, int days, bool clear)
{
    buf_reset(b);
    buf_puts(b, H);
    for (int i = 0; i < days; i++) {
        buf_printf(b, "A%d,%d,sickness,%02d/%02d/2026,\n", i, i, 1 + i % 8, 1 + i / 8);
    }
    buf_puts(b, clear ? "B,1,sickness,13/01/2026,\n" : "");
}

Test(feed_rows, dates_that_could_be_read_both_ways)
{
    struct buf b = {0};
    struct nights n;
    nights_begin(&n, PLAIN);
    ambiguous(&b, 20, false);
    NIGHT(&n, AS_OF, b.data, NULL, "refused ambiguous_dates 0");
    ambiguous(&b, 20, true);
    n.look = n.dry = true;
    cr_assert_null(strstr(nights_take(&n, AS_OF, b.data, NULL), "refused"));
    ambiguous(&b, 19, false);
    n.look = n.dry = true;
    cr_assert_null(strstr(nights_take(&n, AS_OF, b.data, NULL), "refused"));
    nights_end(&n);
    nights_begin(&n, FILE_OF("'columns':{'absence_id':'Id','person_id':'Staff','category':'Type',"
                             "'onset_date':{'column':'From','format':'%d/%m/%Y',"
                             "'ambiguous':'accepted'}}"));
    ambiguous(&b, 20, false);
    cr_assert_null(strstr(nights_take(&n, AS_OF, b.data, NULL), "refused"));
    nights_end(&n);
    buf_clear(&b);
}

/* ---- several organisations ---- */

Test(feed_rows, several_organisations)
{
    struct nights n;
    nights_begin(&n, "{'source':'/hr/ics','organisation':{'column':'Trust','values':"
                     "{'Test Trust':'RW3','Other Test Trust':'RX1','Closed':null}},"
                     "'extract':'full','file':{'pattern':'*.csv','as_of':'mtime'},"
                     "'columns':{'absence_id':'Id','person_id':'Staff',"
                     "'category':{'value':'sickness'},'onset_date':'From'}}");
    NIGHT(&n, AS_OF,
          "Trust,Id,Staff,From\nTest Trust,A,1,2026-09-07\nOTHER test trust,A,2,2026-09-06\n"
          "closed,A,1,2026-09-07\nnowhere,B,1,2026-09-07\nTest Trust,C,,2026-09-07\n",
          NULL,
          "bad 5 Trust unknown_value; bad 6 Staff empty; opened 1 2026-09-07..; "
          "opened 2 2026-09-06..; alive 1/1/2; alive 1/1/1");
    cr_assert_eq(n.counts.passed_over, 1);
    nights_end(&n);
}

/* ---- without ids ---- */

#define NO_IDS(rules)                                                                              \
    FILE_OF("'columns':{'person_id':'Staff','assignment_id':'Post',"                               \
            "'category':{'value':'sickness'},'onset_date':'From','last_day':'To',"                 \
            "'site':'Site'},'rules':{" rules "}")
#define HN "Staff,Post,From,To,Site\n"

Test(feed_rows, the_same_row_twice_is_one_record)
{
    one(NO_IDS(""), HN "1,1-1,2026-09-07,,\n1,1-1,2026-09-07,,\n1,1-1,2026-09-07,2026-09-08,\n",
        "opened 1 2026-09-07..; opened 1 2026-09-07..2026-09-08+");
}

Test(feed_rows, two_records_of_one_start_stay_apart)
{
    struct nights n;
    nights_begin(&n, NO_IDS(""));
    nights_take(&n, AS_OF, HN "1,1-1,2026-09-01,2026-09-02,\n1,1-1,2026-09-01,2026-09-05,\n", NULL);
    NIGHT(&n, "2026-09-09T02:00:00Z",
          HN "1,1-1,2026-09-01,2026-09-05,\n1,1-1,2026-09-01,2026-09-02,\n", NULL, "alive 2/0/0");
    nights_end(&n);
}

Test(feed_rows, moved_starts_are_paired_nearest_first)
{
    struct nights n;
    nights_begin(&n, NO_IDS(""));
    nights_take(&n, "2026-09-20T02:00:00Z",
                HN "1,1-1,2026-09-01,2026-09-02,\n1,1-1,2026-09-08,2026-09-09,\n"
                   "2,,2026-09-01,2026-09-02,\n",
                NULL);
    /* 1 went to 3 (2 days) or to 8 - 3 = 5 days from 8; 8 went to 10. */
    NIGHT(&n, "2026-09-21T02:00:00Z",
          HN "1,1-1,2026-09-03,2026-09-03,\n1,1-1,2026-09-10,2026-09-10,\n"
             "2,,2026-09-08,2026-09-08,\n",
          NULL,
          "closed 1 2026-09-03..2026-09-03; closed 1 2026-09-10..2026-09-10; "
          "closed 2 2026-09-08..2026-09-08; alive 3/3/0");
    cr_assert_eq(n.counts.moved, 3);
    /* Eight days and no overlap: another one. */
    NIGHT(&n, "2026-09-22T02:00:00Z",
          HN "1,1-1,2026-09-03,2026-09-03,\n1,1-1,2026-09-10,2026-09-10,\n"
             "2,,2026-09-16,2026-09-17,\n",
          NULL, "opened 2 2026-09-16..2026-09-17; alive 3/1/0");
    cr_assert_eq(n.counts.missing, 1);
    nights_end(&n);
}

Test(feed_rows, a_cancelled_start_that_comes_back_is_that_record)
{
    struct nights n;
    nights_begin(&n, NO_IDS("'missing_runs':1"));
    nights_take(&n, AS_OF, HN "1,1-1,2026-09-07,,\n2,,2026-09-07,,\n", NULL);
    NIGHT(&n, "2026-09-09T02:00:00Z", HN "2,,2026-09-07,,\n", NULL,
          "cancelled 1 2026-09-07; alive 1/1/0");
    NIGHT(&n, "2026-09-10T02:00:00Z", HN "2,,2026-09-07,,\n1,1-1,2026-09-07,,\n", NULL,
          "amended 1 2026-09-07..; alive 2/1/0");
    nights_end(&n);
}

Test(feed_rows, in_changes_a_record_without_a_row_has_not_moved)
{
    struct nights n;
    nights_begin(&n, "{'source':'/hr/RW3','organisation':'RW3','extract':'changes',"
                     "'file':{'pattern':'*.csv','as_of':'mtime'},"
                     "'columns':{'person_id':'Staff','category':{'value':'sickness'},"
                     "'onset_date':'From','last_day':'To'}}");
    nights_take(&n, AS_OF, "Staff,From,To\n1,2026-09-01,2026-09-02\n", NULL);
    NIGHT(&n, "2026-09-09T02:00:00Z", "Staff,From,To\n1,2026-09-05,2026-09-06\n", NULL,
          "opened 1 2026-09-05..2026-09-06; alive 1/1/0");
    NIGHT(&n, "2026-09-10T02:00:00Z", "Staff,From,To\n1,2026-09-04,2026-09-06\n", NULL,
          "closed 1 2026-09-04..2026-09-06; alive 1/1/0");
    nights_end(&n);
}

Test(feed_rows, merged_members_come_from_the_row_that_starts_last)
{
    one(NO_IDS("'merge_rows':'adjoining'"),
        HN "1,1-1,2026-09-03,2026-09-04,\n1,1-1,2026-09-01,2026-09-02,West\n"
           "1,1-1,2026-09-05,2026-09-05,East\n1,1-2,2026-09-06,2026-09-06,North\n"
           "1,1-1,2026-09-07,2026-09-07,\n",
        "opened 1 2026-09-01..2026-09-05; opened 1 2026-09-06..2026-09-06; "
        "opened 1 2026-09-07..2026-09-07");
    one(NO_IDS("'merge_rows':'adjoining','merge_gap_days':1"),
        HN "1,1-1,2026-09-01,2026-09-05,\n1,1-1,2026-09-02,2026-09-03,\n"
           "1,1-1,2026-09-07,,\n1,1-1,2026-09-08,2026-09-08,\n",
        "opened 1 2026-09-01..");
}

/* ---- thresholds ---- */

static void rows(struct buf *b, int good, int bad, const char *reason)
{
    buf_reset(b);
    buf_puts(b, "Unavailability ID,Employee Number,Assignment Number,Group,Start,End,Reason\n");
    for (int i = 0; i < good + bad; i++) {
        buf_printf(b, "A-%d,%d,%d-1,Sickness,%s,,%s\n", i, i, i, i < good ? "07/09/2026" : "soon",
                   reason);
    }
}

Test(feed_rows, more_than_so_many_percent_hold_a_file)
{
    struct nights n;
    struct buf b = {0};
    nights_begin(&n, NULL);
    rows(&b, 1000, 0, "");
    nights_take(&n, AS_OF, b.data, NULL);
    n.look = n.dry = true;
    rows(&b, 980, 0, "");
    cr_assert_str_eq(nights_take(&n, "2026-09-09T02:00:00Z", b.data, NULL), "alive 980/0/0");
    rows(&b, 979, 0, "");
    NIGHT(&n, "2026-09-09T02:00:00Z", b.data, NULL, "held missing 21/1000");
    rows(&b, 990, 10, "");
    n.look = n.dry = true;
    cr_assert_null(strstr(nights_take(&n, "2026-09-09T02:00:00Z", b.data, NULL), "held"));
    rows(&b, 989, 11, "");
    NIGHT(&n, "2026-09-09T02:00:00Z", b.data, NULL, "held rejected 11/1000");
    rows(&b, 1000, 0, "S12");
    NIGHT(&n, "2026-09-09T02:00:00Z", b.data, NULL, "held changed 1000/1000");
    n.mapping_changed = true;
    NIGHT(&n, "2026-09-09T02:00:00Z", b.data, NULL,
          "held changed 1000/1000; held mapping 1000/1000");
    n.accepted = true;
    cr_assert_null(strstr(nights_take(&n, "2026-09-09T02:00:00Z", b.data, NULL), "held"));
    buf_clear(&b);
    nights_end(&n);
}

Test(feed_rows, small_numbers_do_not_hold_a_file)
{
    struct nights n;
    struct buf b = {0};
    nights_begin(&n, NULL);
    rows(&b, 40, 0, "");
    nights_take(&n, AS_OF, b.data, NULL);
    rows(&b, 21, 4, "S12"); /* 15 missing, 4 bad, 21 changed */
    cr_assert_null(strstr(nights_take(&n, "2026-09-09T02:00:00Z", b.data, NULL), "held"));
    nights_end(&n);
    buf_clear(&b);
}
