#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/event/frozen.h"
#include "services/followup/events/render.h"
#include "tests/unit/leakcheck.h"

static struct arena *a;
static struct hmac_key *key;
static struct conf conf;
static struct org_rules org;
static struct rules rules;
static struct render_about about;
static struct record records[3];
static const struct record *members[3];
static struct period period;
static struct spell spell;
static struct standing event;
static struct saying saying;
static struct outbound out;
static struct emitted row;
static char follow_up[] = "oh.events", return_to_work[] = "rtw.{organisation}";

static struct instant at(const char *text)
{
    struct instant t;
    cr_assert(instant_parse(text, strlen(text), &t));
    return t;
}

static struct date on(const char *text)
{
    struct date d;
    cr_assert(date_parse(text, 10, &d));
    return d;
}

static void set_up(void)
{
    static const uint8_t bytes[INSTALL_KEY_BYTES] = {1};
    a = arena_new(4096);
    key = hmac_key_new(bytes, sizeof bytes);
    conf = (struct conf){.kafka_topic_follow_up = follow_up,
                         .kafka_topic_return_to_work = return_to_work};
    org = (struct org_rules){.n_pathways = 1};
    org.pathways[0] = (struct pathway_rules){.name = "msk", .queue = "physiotherapy"};
    rules = (struct rules){.org = &org, .install_key = key};
    about = (struct render_about){.conf = &conf,
                                  .rules = &rules,
                                  .organisation = "RW3",
                                  .person_id = "P-77",
                                  .marker = "0123456789abcdef",
                                  .now = at("2026-09-07T08:10:00.412Z")};
    const char *ids[] = {"A-2", "A-1", "A-2"};
    for (size_t i = 0; i < 3; i++) {
        records[i] = (struct record){.source = i == 2 ? "/other" : "/hr", .absence_id = ids[i]};
        members[i] = &records[i];
    }
    period = (struct period){.id = "PERIOD000001", .records = members, .n_records = 3};
    spell = (struct spell){.id = "7K3QZ9M2XR4T",
                           .period = &period,
                           .records = members,
                           .n_records = 2,
                           .backdated = true};
    event = (struct standing){.kind = KIND_TASK_CREATED,
                              .subject = "s7K3QZ9M2XR4T",
                              .occurrence = "1",
                              .at = at("2026-09-07T08:10:00Z"),
                              .occurs_on = on("2026-09-07"),
                              .due_on = on("2026-09-11"),
                              .spell = &spell,
                              .period = &period};
    saying = (struct saying){.event = &event, .nth = 1};
}

static void tear_down(void)
{
    arena_free(a);
    hmac_key_free(key);
    leakcheck();
}

TestSuite(render, .init = set_up, .fini = tear_down, .timeout = 20);

static void render(void)
{
    render_saying(&saying, &about, a, &out, &row);
}

/* "name=value" lines. */
static const char *headers_of(const struct outbound *r)
{
    static char text[4096];
    size_t len = 0;
    size_t next = 0;
    struct frozen_header h;
    text[0] = '\0';
    while (frozen_next(r->headers, r->headers_len, &next, &h)) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s=%.*s\n", (int)h.name_len,
                                h.name, (int)h.value_len, h.value == NULL ? "" : h.value);
    }
    return text;
}

Test(render, an_event_about_a_spell)
{
    render();
    cr_assert_str_eq(out.topic, "oh.events");
    cr_assert_str_eq(headers_of(&out), "ce_specversion=1.0\n"
                                       "ce_id=s7K3QZ9M2XR4T/contact-task.created/1\n"
                                       "ce_source=/dayfour/RW3\n"
                                       "ce_type=org.dayfour.contact-task.created.v1\n"
                                       "ce_subject=s7K3QZ9M2XR4T\n"
                                       "ce_time=2026-09-07T08:10:00.412000Z\n"
                                       "content-type=application/json\n"
                                       "dayfour-batch=0123456789abcdef\n");
    cr_assert_str_eq(out.value,
                     "{\"organisation\":\"RW3\",\"person_id\":\"P-77\",\"absence_ids\":[\"A-1\","
                     "\"A-2\"],\"kind\":\"contact-task.created\",\"occurrence\":\"1\","
                     "\"occurs_on\":\"2026-09-07\",\"due_on\":\"2026-09-11\",\"late\":false,"
                     "\"spell_id\":\"7K3QZ9M2XR4T\",\"task_id\":\"7K3QZ9M2XR4T\","
                     "\"pathway\":\"msk\",\"queue\":\"physiotherapy\",\"late_report\":false,"
                     "\"backdated\":true}");
    cr_assert_eq(out.value_len, strlen(out.value));
    char expected[PSEUDONYM_TEXT];
    pseudonym(key, "RW3", "P-77", expected);
    cr_assert_eq(out.key_len, 32);
    cr_assert_arr_eq(out.key, expected, 32);
}

Test(render, the_row_kept_of_it)
{
    render();
    cr_assert_str_eq(row.subject, "s7K3QZ9M2XR4T");
    cr_assert_str_eq(row.spell_id, "7K3QZ9M2XR4T");
    cr_assert_str_eq(row.period_id, "PERIOD000001");
    cr_assert_str_eq(row.topic, out.topic);
    cr_assert_str_eq(row.data, out.value);
    cr_assert(row.about_spell && row.backdated && !row.late_report);
    cr_assert(instant_is_none(row.withdrawn_at));
    cr_assert_eq(row.emitted_at.us, about.now.us);
}

Test(render, hr_is_told_nothing_clinical)
{
    event = (struct standing){.kind = KIND_RETURNED,
                              .subject = "pPERIOD000001",
                              .occurrence = "2026-09-07",
                              .at = at("2026-09-06T23:00:00Z"),
                              .occurs_on = on("2026-09-07"),
                              .due_on = on("2026-09-07"),
                              .period = &period};
    render();
    cr_assert_str_eq(out.topic, "rtw.RW3");
    cr_assert_str_eq(out.value,
                     "{\"organisation\":\"RW3\",\"person_id\":\"P-77\",\"absence_ids\":[\"A-1\","
                     "\"A-2\"],\"kind\":\"returned-to-work\",\"occurrence\":\"2026-09-07\","
                     "\"occurs_on\":\"2026-09-07\",\"due_on\":\"2026-09-07\",\"late\":true}");
    cr_assert(!row.about_spell);
    cr_assert_null(row.spell_id);
}

Test(render, about_a_period_for_occupational_health)
{
    event.kind = KIND_REASON_MISSING;
    event.spell = NULL;
    render();
    cr_assert_not_null(strstr(out.value,
                              "\"spell_id\":null,\"task_id\":null,\"pathway\":null,"
                              "\"queue\":null,\"late_report\":null,\"backdated\":null}"));
}

Test(render, an_ending_says_how)
{
    event.kind = KIND_TASK_ENDED;
    event.due_on = DATE_NONE;
    event.end_reason = END_RETURNED_UNCONTACTED;
    render();
    cr_assert_not_null(strstr(out.value, "\"due_on\":null"));
    cr_assert_not_null(strstr(out.value, ",\"end_reason\":\"returned_uncontacted\"}"));
}

Test(render, late_is_over_ten_minutes)
{
    about.now = at("2026-09-07T08:20:00Z");
    render();
    cr_assert(!row.late);
    about.now = at("2026-09-07T08:20:00.000001Z");
    render();
    cr_assert(row.late);
    cr_assert_not_null(strstr(out.value, "\"late\":true"));
}

Test(render, said_again)
{
    saying.nth = 3;
    render();
    cr_assert_not_null(strstr(headers_of(&out), "ce_id=s7K3QZ9M2XR4T/contact-task.created/1/3\n"));
    cr_assert_eq(row.nth, 3);
}

Test(render, taken_back_with_what_was_said)
{
    const struct emitted said = {.kind = KIND_TASK_CREATED,
                                 .subject = "s7K3QZ9M2XR4T",
                                 .occurrence = "1",
                                 .nth = 2,
                                 .topic = "as.it.was",
                                 .data = "{\"organisation\":\"RW3\",\"late\":false}"};
    saying = (struct saying){.takes_back = &said, .nth = 2};
    render();
    cr_assert_str_eq(out.topic, "as.it.was");
    cr_assert_str_eq(out.value, "{\"organisation\":\"RW3\",\"late\":false,"
                                "\"withdraws\":\"s7K3QZ9M2XR4T/contact-task.created/1/2\"}");
    const char *headers = headers_of(&out);
    cr_assert_not_null(strstr(headers, "ce_id=s7K3QZ9M2XR4T/contact-task.created/1/2/withdrawn\n"));
    cr_assert_not_null(strstr(headers, "ce_type=org.dayfour.contact-task.created.withdrawn.v1\n"));
}

Test(render, about_an_organisation)
{
    event = (struct standing){.kind = KIND_FEED_SILENT,
                              .subject = "oRW3",
                              .occurrence = "2026-09-07",
                              .at = about.now,
                              .occurs_on = on("2026-09-07"),
                              .due_on = DATE_NONE};
    about.person_id = NULL;
    render();
    cr_assert_not_null(strstr(out.value, "\"person_id\":null,\"absence_ids\":[],"));
    char of_person[PSEUDONYM_TEXT];
    pseudonym(key, "RW3", "", of_person);
    cr_assert_eq(out.key_len, 32);
    cr_assert(memcmp(out.key, of_person, 32) != 0);
    cr_assert_null(row.period_id);
}

Test(render, names_are_escaped)
{
    about.person_id = "P\"7\\";
    about.organisation = "R\n3";
    render();
    cr_assert_not_null(
        strstr(out.value, "{\"organisation\":\"R\\n3\",\"person_id\":\"P\\\"7\\\\\""));
}

Test(render, markers_differ)
{
    char one[MARKER_TEXT], other[MARKER_TEXT];
    render_marker(key, 0, 1, one);
    cr_assert_eq(strlen(one), 16);
    render_marker(key, 0, 2, other);
    cr_assert_str_neq(one, other);
    render_marker(key, 1, 1, other);
    cr_assert_str_neq(one, other);
    render_marker(key, 0, 1, other);
    cr_assert_str_eq(one, other);
}
