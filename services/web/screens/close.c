/* Closing a case, and opening it again. A case that is closed asks for no more calls; what is
 * entered about it stays, and a call to it can still be recorded. */
#include "services/web/screens.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/saving.h"

static const struct choice reasons[] = {
    {.value = "recovered", .label = "Recovered"},
    {.value = "referred", .label = "Referred", .hint = "Another service looks after them now"},
    {.value = "declined", .label = "They did not want help"},
    {.value = "other", .label = "Another reason"},
    {.value = "unable_to_contact",
     .label = "Unable to contact",
     .hint = "Not reached 3 times on 2 days"},
};
#define N_REASONS (sizeof reasons / sizeof reasons[0])

static void show(struct req *q)
{
    if (!of_case_there(q, 0)) {
        return;
    }
    struct html *h = of_case_page(q, 0, "Close this case");
    put(h, "<p>The case leaves the list. You can open it again. HR is not told.</p>\n");
    page_form_begin(q, h, of_case_path(q, "/close"), got(q, 0, 0, "digest"));
    saving_put_seen(q, h, 1);
    /* The last is for those whom nobody reached: the database would refuse it. */
    part_radios(h, req_form(q), "reason", "Why do you close it?", NULL, reasons,
                N_REASONS - (got_true(q, 0, 0, "unreachable") ? 0 : 1), NULL, NULL);
    put(h, "<div class=\"actions\">\n");
    part_button(h, "next", "no", "Close the case");
    part_button_secondary(h, "next", "yes", "Close, and next call");
    put(h, "</div>\n");
    page_form_end(q, h);
    page_end(q, 200);
}

void screen_close(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show);
}

static void record(struct req *q)
{
    const struct form *f = req_form(q);
    /* A spell has one task, and they share their id. */
    ASK(q, "select oh.close_case($1, $2, $3::uuid)", req_id(q), form_value(f, "reason"),
        form_value(f, "request"));
}

void screen_close_post(struct req *q)
{
    struct form *f = req_form(q);
    size_t i = 0;
    while (i < N_REASONS && !form_is(f, "reason", reasons[i].value)) {
        i++;
    }
    if (i == N_REASONS) {
        form_wrong(f, "reason", "Select why you close the case");
    }
    const struct saving s = {
        .what = "close", .title = "Close this case", .record = record, .saved = "Case closed."};
    saving_begin(q, &s);
}

static void reopened(struct req *q)
{
    answer_saved(q, of_case_path(q, ""), "The case is open again.");
}

static void reopened_and_derived(struct req *q)
{
    of_case_derived(q, reopened);
}

void screen_reopen_post(struct req *q)
{
    const char *request = page_request_id(q);
    if (request != NULL) {
        ASK(q, "select oh.reopen_case($1, $2::uuid)", req_id(q), request);
        req_then(q, reopened_and_derived);
    }
}
