/* Giving a case to a colleague who works on its queue. */
#include <string.h>

#include "services/web/screens.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/saving.h"

static void show(struct req *q)
{
    if (!of_case_there(q, 0)) {
        return;
    }
    struct html *h = of_case_page(q, 0, "Give this case to a colleague");
    size_t n = got_rows(q, 1), shown = 0;
    struct choice *choices = arena_alloc(req_arena(q), (n + 1) * sizeof *choices);
    for (size_t i = 0; i < n; i++) {
        const char *login = got_text(q, 1, i, "login");
        const char *holder = got(q, 0, 0, "assigned_to");
        if (holder != NULL && strcmp(login, holder) == 0) {
            continue;
        }
        const char *role = got_text(q, 1, i, "role");
        choices[shown++] = (struct choice){
            .value = login,
            .label = strcmp(login, req_who(q)->login) == 0 ? "Me" : got_text(q, 1, i, "name"),
            .hint = *role == '\0' ? NULL : role};
    }
    if (shown == 0) {
        part_inset(h, "Nobody else works on these calls.");
        page_end(q, 200);
        return;
    }
    page_form_begin(q, h, of_case_path(q, "/give"), got(q, 0, 0, "digest"));
    saving_put_seen(q, h, 2);
    part_radios(h, req_form(q), "to", "Who should have it?", "They see it on their list at once.",
                choices, shown, NULL, NULL);
    part_button(h, NULL, NULL, "Give");
    page_form_end(q, h);
    page_end(q, 200);
}

void screen_give(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select login, name, role from oh.colleagues($1)", req_id(q));
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show);
}

static void record(struct req *q)
{
    const struct form *f = req_form(q);
    ASK(q, "select oh.assign($1, $2, $3::uuid)", req_id(q), form_value(f, "to"),
        form_value(f, "request"));
}

void screen_give_post(struct req *q)
{
    struct form *f = req_form(q);
    if (*form_value(f, "to") == '\0') {
        form_wrong(f, "to", "Select a colleague");
    }
    const struct saving s = {.what = "assign",
                             .title = "Give this case to a colleague",
                             .record = record,
                             .saved = form_is(f, "to", req_who(q)->login)
                                          ? "You have the case now."
                                          : "You gave the case to a colleague."};
    saving_begin(q, &s);
}
