#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/feed/mapping/mapping.h"
#include "tests/unit/leakcheck.h"

TestSuite(feed_mapping, .fini = leakcheck);

#define FILE_OK "'file':{'pattern':'RW3_*.csv','as_of':'name:%Y%m%d_%H%M'}"
#define COLUMNS_OK                                                                                 \
    "'columns':{'absence_id':'Id','person_id':'Staff','category':'Group','onset_date':'Start'}"
#define TOP "'source':'/hr/RW3','organisation':'RW3'," FILE_OK ",'extract':'full'"

static enum status parse(const char *text, struct mapping **out, struct err *err)
{
    struct buf b = {0};
    for (const char *p = text; *p != '\0'; p++) {
        buf_putc(&b, *p == '\'' ? '"' : *p);
    }
    enum status s = mapping_parse(out, b.data, b.len, err);
    buf_clear(&b);
    return s;
}

static struct mapping *good(const char *text)
{
    struct mapping *m = NULL;
    struct err err = {0};
    cr_assert_eq(parse(text, &m, &err), STATUS_OK, "%s: %s", text, err.text);
    return m;
}

/* The fault begins with the path. */
static void bad(const char *text, const char *path)
{
    struct mapping *m = NULL;
    struct err err = {0};
    cr_assert_eq(parse(text, &m, &err), STATUS_REJECT, "%s", text);
    cr_assert_eq(strncmp(err.text, path, strlen(path)), 0, "%s: %s", path, err.text);
}

Test(feed_mapping, defaults)
{
    struct mapping *m = good("{" TOP "," COLUMNS_OK "}");
    cr_assert_str_eq(m->source, "/hr/RW3");
    cr_assert_str_eq(m->organisation.value, "RW3");
    cr_assert_eq(m->organisations.n, 1);
    cr_assert_str_eq(m->file.encoding, "UTF-8");
    cr_assert_eq(m->file.delimiter, ',');
    cr_assert_str_eq(m->file.as_of, "%Y%m%d_%H%M");
    cr_assert_eq(m->file.still_seconds, 60);
    cr_assert_eq(m->file.keep_files_days, 3);
    cr_assert_eq(m->file.empty.n, 2);
    cr_assert(m->full && m->has_ids && !m->has_staff);
    cr_assert_eq(m->covers_days, 400);
    cr_assert_str_eq(zone_name(m->zone), "Europe/London");
    cr_assert(m->rules.provisional && !m->rules.exclusive && m->rules.derive_ids &&
              !m->rules.merge);
    cr_assert_eq(m->rules.missing, MISSING_CANCEL);
    cr_assert_eq(m->rules.missing_runs, 2);
    cr_assert_eq(m->rules.hold_if_missing.percent, 2);
    cr_assert_eq(m->rules.hold_if_missing.at_least, 20);
    cr_assert_eq(m->rules.hold_if_changed.percent, 20);
    cr_assert_eq(m->rules.hold_if_changed.at_least, 50);
    cr_assert_eq(m->rules.hold_if_rows_fall_percent, 20);
    cr_assert_eq(m->rules.hold_if_rejected_percent, 1);
    cr_assert_str_eq(mapping_column_of(&m->extract, MAPPING_ONSET_DATE)->format, "%Y-%m-%d");
    mapping_free(m);
}

Test(feed_mapping, all_there_is)
{
    struct mapping *m = good(
        "{'source':'/hr/RW3','organisation':{'column':'Trust','values':{'Test Trust':'RW3','B':'RX1',"
        "'Other':null,'C':'RW3'}},"
        "'file':{'pattern':'a*.csv','encoding':'windows-1252','delimiter':'\\t','as_of':'mtime',"
        "'still_seconds':0,'keep_files_days':10,'empty':['-'],'dir':'/srv/feed'},"
        "'extract':'changes','covers_days':35,'time_zone':'Europe/Dublin',"
        "'columns':{'person_id':{'column':['Staff','Old'],'pad':8},"
        "'category':{'value':'sickness'},"
        "'onset_date':{'column':'Start','format':'%d/%m/%Y','ambiguous':'accepted'},"
        "'last_day':{'column':'End','never':['31/12/4712'],'format':'%d/%m/%Y %H:%M'},"
        "'open_ended':{'column':'Open','true':['Y']},"
        "'reason.code':'Why','reason.scheme':{'column':'How','values':{'E':'esr','T':'text'}},"
        "'recorded_at':'At','contact.voicemail':'VM','fit_note.from':'FF'},"
        "'cancelled':{'column':'Void','true':['Y']},"
        "'staff':{'pattern':'s*.csv','required':false,'file':{'encoding':'UTF-16'},"
        "'columns':{'organisation':'Trust','person_id':'Staff','left_on':'Left','fte':'FTE'}},"
        "'rules':{'end_in_future':'final','last_day_is':'exclusive','without_id':'assignment',"
        "'merge_rows':'none','merge_gap_days':2,'missing':'close','missing_runs':3,"
        "'hold_if_missing':{'percent':5},'hold_if_changed':{'percent':1,'at_least':2},"
        "'hold_if_rows_fall_percent':30,'hold_if_rejected_percent':4}}");
    cr_assert_eq(m->organisations.n, 2);
    cr_assert_str_eq(m->organisations.item[1], "RX1");
    cr_assert_eq(m->file.delimiter, '\t');
    cr_assert(m->file.as_of_mtime);
    cr_assert_str_eq(m->staff_file.pattern, "s*.csv");
    cr_assert_str_eq(m->staff_file.encoding, "UTF-16");
    cr_assert_eq(m->staff_file.delimiter, '\t', "by default the extract's");
    cr_assert(m->has_staff && !m->staff_required && !m->has_ids && !m->full);
    cr_assert_eq(m->rules.missing, MISSING_CLOSE);
    cr_assert(m->rules.exclusive && !m->rules.provisional);
    cr_assert_eq(mapping_column_of(&m->extract, MAPPING_PERSON_ID)->names.n, 2);
    cr_assert_not_null(mapping_column_of(&m->extract, MAPPING_CANCELLED));
    cr_assert_not_null(mapping_column_of(&m->extract, MAPPING_ORGANISATION));
    cr_assert_null(mapping_column_of(&m->extract, MAPPING_RECORDED_AT)->format);
    cr_assert(mapping_column_of(&m->extract, MAPPING_ONSET_DATE)->ambiguous_accepted);
    for (size_t i = 1; i < m->extract.n; i++) {
        cr_assert(m->extract.column[i - 1].member < m->extract.column[i].member);
    }
    mapping_free(m);
}

Test(feed_mapping, what_is_no_mapping_at_all)
{
    bad("", "not JSON");
    bad("{" TOP "," COLUMNS_OK ",'rules':{'a':1,'a':2}}", "rules.a: a member twice");
}

/* Lines of a path, what the schema says, and a document, separated by tabs; tests/contracts holds
 * the schema to the same. */
Test(feed_mapping, documents)
{
    FILE *f = fopen(TEST_DATA "/mappings.tsv", "r");
    cr_assert_not_null(f);
    char *line = NULL;
    size_t size = 0;
    size_t n = 0;
    for (; getline(&line, &size, f) > 0; n++) {
        char *schema = strchr(line, '\t');
        char *text = schema == NULL ? NULL : strchr(schema + 1, '\t');
        cr_assert_not_null(text);
        *schema = '\0';
        if (strcmp(line, "-") == 0) {
            mapping_free(good(text + 1));
        } else {
            bad(text + 1, line);
        }
    }
    cr_assert_gt(n, 70);
    free(line);
    (void)fclose(f);
}

/* ---- as_of ---- */

static void as_of(const char *format, const char *name, const char *expected)
{
    char text[1000];
    char out[INSTANT_TEXT];
    struct instant t = INSTANT_NONE;
    snprintf(text, sizeof text,
             "{'source':'/a','organisation':'R','extract':'full'," COLUMNS_OK
             ",'file':{'pattern':'*','as_of':'%s'}}",
             format);
    struct mapping *m = good(text);
    bool found = mapping_as_of(m, &m->file, name, (struct instant){0}, &t);
    cr_assert_eq(found, expected != NULL, "%s", name);
    if (expected != NULL) {
        cr_assert_str_eq(instant_format(t, out), expected, "%s: %s", name, out);
    }
    mapping_free(m);
}

Test(feed_mapping, when_a_file_was_taken_out)
{
    as_of("name:%Y%m%d_%H%M", "RW3_sickness_20260908_0200.csv", "2026-09-08T01:00:00Z");
    as_of("name:%Y%m%d_%H%M", "RW3_sickness_20260908_0200Z.csv", "2026-09-08T02:00:00Z");
    as_of("name:%Y%m%dT%H%M%SZ", "RW3_20260908T020059Z.csv", "2026-09-08T02:00:59Z");
    as_of("name:%Y-%m-%d", "RW3 2026-12-08.csv", "2026-12-08T00:00:00Z");
    as_of("name:%d%m%Y", "RW3_08122026.csv", "2026-12-08T00:00:00Z");
    as_of("name:%Y%m%d%H", "x2026120805", "2026-12-08T05:00:00Z");
    as_of("name:%Y%m%d_%H%M", "a_20261025_0130.csv", "2026-10-25T00:30:00Z");
    as_of("name:%Y%m%d_%H%M", "a_20260329_0130.csv", "2026-03-29T01:00:00Z");
    as_of("name:%Y%m%d", "no1234567_20261208.csv", "2026-12-08T00:00:00Z");
    as_of("name:%Y%m%d_%H%M", "RW3_sickness_20260908.csv", NULL);
    as_of("name:%Y%m%d", "RW3_20261308.csv", NULL);
    as_of("name:%Y%m%d_%H%M", "RW3_20261208_2460.csv", NULL);
    as_of("name:%Y%m%d", "", NULL);
    as_of("mtime", "anything", "1970-01-01T00:00:00Z");
}
