/* defaults - the settings and calendars that come with the program. */
#ifndef SERVICES_CLI_SETTINGS_DEFAULTS_H
#define SERVICES_CLI_SETTINGS_DEFAULTS_H

#include "common/base/date.h"
#include "common/casework/rules/calendar.h"
#include "services/cli/cli.h"

/* Both within the caller's transaction, under rulebook_lock. */
enum status defaults_settings(struct cli *cli, struct instant now, struct err *err) NODISCARD;
enum status defaults_calendar(struct cli *cli, struct err *err) NODISCARD;

/* The shipped bank holidays as a calendar, the caller's. */
enum status defaults_holidays(struct cli *cli, struct calendar **out, struct err *err) NODISCARD;

/* The text of the shipped document, NUL-terminated. */
const char *defaults_settings_text(void);

#endif
