/* shipped - the settings and calendars that come with the program. */
#ifndef CLI_SHIPPED_H
#define CLI_SHIPPED_H

#include "common/casework/calendar.h"
#include "common/date.h"
#include "services/cli/cli.h"

/* Both within the caller's transaction, under rulebook_lock. */
enum status shipped_settings(struct cli *cli, struct instant now, struct err *err) NODISCARD;
enum status shipped_calendar(struct cli *cli, struct err *err) NODISCARD;

/* The shipped bank holidays as a calendar, the caller's. */
enum status shipped_holidays(struct cli *cli, struct calendar **out, struct err *err) NODISCARD;

/* The text of the shipped document, NUL-terminated. */
const char *shipped_settings_text(void);

#endif
