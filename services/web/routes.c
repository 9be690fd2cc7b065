/* The table of routes: reference of what there is, who may have it, and what answers. */
#include "services/web/route.h"
#include "services/web/screens.h"

static void to_calls(struct req *q)
{
    answer_see_other(q, "/calls");
}

/* clang-format off */
const struct route routes[] = {
    {"/", ROUTE_DOOR, to_calls, NULL},
    {"/login", ROUTE_DOOR, screen_login, screen_login_post},
    {"/logout", ROUTE_CALLERS, NULL, screen_logout},
    {"/logged-out", ROUTE_DOOR, screen_logged_out, NULL},
    {"/favicon.ico", ROUTE_DOOR, screen_favicon, NULL},
    {"/calls", ROUTE_CALLERS, screen_calls, NULL},
    {"/calls/print", ROUTE_CALLERS, screen_calls_print, NULL},
    {"/case/ID", ROUTE_CALLERS, screen_case, NULL},
    {"/case/ID/take", ROUTE_CALLERS, NULL, screen_take},
    {"/case/ID/put-back", ROUTE_CALLERS, NULL, screen_put_back},
    {"/case/ID/give", ROUTE_CALLERS, screen_give, screen_give_post},
    {"/case/ID/not-reached", ROUTE_CALLERS, screen_not_reached, screen_not_reached_post},
    {"/case/ID/spoke", ROUTE_CALLERS, screen_spoke, screen_spoke_post},
    {"/case/ID/close", ROUTE_CALLERS, screen_close, screen_close_post},
    {"/case/ID/reopen", ROUTE_CALLERS, NULL, screen_reopen_post},
    {"/case/ID/no-calls", ROUTE_CALLERS, screen_no_calls, screen_no_calls_post},
    {"/case/ID/opt-in", ROUTE_CALLERS, NULL, screen_opt_in_post},
    {"/case/ID/entry/N/undo", ROUTE_CALLERS, screen_undo, screen_undo_post},
    {"/case/ID/seen", ROUTE_CALLERS, NULL, screen_seen_post},
    {"/case/ID/record", ROUTE_CALLERS, NULL, screen_record_post},
    {"/case/ID/history", ROUTE_CALLERS, screen_history, NULL},
    {"/case/ID/looked", ROUTE_LEADS, screen_looked, NULL},
    {"/case/ID/print", ROUTE_CALLERS, screen_case_print, NULL},
    {"/find", ROUTE_CALLERS, screen_find, screen_find_post},
    {"/team", ROUTE_LEADS, screen_team, NULL},
    {"/team/move", ROUTE_LEADS, screen_team_move, screen_team_move_post},
    {"/team/week", ROUTE_LEADS, screen_team_week, NULL},
    {"/missing", ROUTE_CALLERS, screen_missing, NULL},
    {"/help", ROUTE_ALL, screen_help, NULL},
    {"/accessibility", ROUTE_ALL, screen_accessibility, NULL},
    {"/privacy", ROUTE_ALL, screen_privacy, NULL},
    {"/password", ROUTE_CALLERS, screen_password, screen_password_post},
};
/* clang-format on */

const size_t n_routes = sizeof routes / sizeof routes[0];
