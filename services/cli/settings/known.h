/* known - settings make records match that did not: since when, is noted with them. */
#ifndef SERVICES_CLI_SETTINGS_KNOWN_H
#define SERVICES_CLI_SETTINGS_KNOWN_H

#include "common/casework/rules/settings.h"
#include "services/cli/cli.h"

/* In the transaction that puts the settings in force. */
enum status known_note(struct cli *cli, const struct settings *settings, struct instant now,
                       struct err *err) NODISCARD;

#endif
