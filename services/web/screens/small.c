/* Two small forms of a case: somebody has seen to a red flag, and the reference of the case in the
 * OH record system. */
#include <string.h>

#include "services/web/screens.h"
#include "services/web/screens/of_case.h"

#define OH_RECORD_BYTES 40

static void seen(struct req *q)
{
    answer_saved(q, of_case_path(q, ""), "You have seen to the red flag.");
}

static void seen_and_derived(struct req *q)
{
    of_case_derived(q, seen);
}

void screen_seen_post(struct req *q)
{
    const char *request = page_request_id(q);
    if (request != NULL) {
        ASK(q, "select oh.acknowledge($1, $2::uuid)", req_id(q), request);
        req_then(q, seen_and_derived);
    }
}

static void recorded(struct req *q)
{
    answer_saved(q, of_case_path(q, ""), "The reference of the OH record is saved.");
}

static void recorded_and_derived(struct req *q)
{
    of_case_derived(q, recorded);
}

void screen_record_post(struct req *q)
{
    const char *request = page_request_id(q);
    struct form *f = req_form(q);
    if (request == NULL) {
        return;
    }
    if (strlen(form_value(f, "record")) > OH_RECORD_BYTES) {
        form_wrong(f, "record", "OH record must be %d characters or fewer", OH_RECORD_BYTES);
        long n = req_keep_form(q, f);
        answer_see_other(q, "/case/%s?r=%ld", req_id(q), n);
        return;
    }
    ASK(q, "select oh.set_oh_record($1, $2, $3::uuid)", req_id(q), form_value(f, "record"),
        request);
    req_then(q, recorded_and_derived);
}
