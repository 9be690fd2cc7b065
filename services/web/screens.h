/* screens - every screen, for the table of routes. Each has a file under screens/. */
#ifndef WEB_SCREENS_H
#define WEB_SCREENS_H

#include "services/web/request.h"

/* log in and out */
step screen_login, screen_login_post, screen_logout, screen_logged_out, screen_favicon;
/* calls and a case */
step screen_calls, screen_case, screen_take, screen_put_back;
step screen_not_reached, screen_not_reached_post, screen_spoke, screen_spoke_post;
/* more of a case */
step screen_give, screen_give_post, screen_close, screen_close_post, screen_reopen_post;
step screen_no_calls, screen_no_calls_post, screen_opt_in_post, screen_undo, screen_undo_post;
step screen_seen_post, screen_record_post, screen_history, screen_looked, screen_case_print;
/* the rest */
step screen_find, screen_find_post, screen_team, screen_team_move, screen_team_move_post;
step screen_team_week, screen_missing, screen_calls_print;
step screen_help, screen_accessibility, screen_privacy, screen_password, screen_password_post;

#endif
