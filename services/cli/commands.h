/* commands - what each file of commands offers to the table in main.c. All give the exit code. */
#ifndef SERVICES_CLI_COMMANDS_H
#define SERVICES_CLI_COMMANDS_H

#include "services/cli/cli.h"
#include "services/cli/options.h"

int doctor_run(struct cli *cli, const struct args *args);
int report_run(struct cli *cli, const struct args *args);

int migrate_run(struct cli *cli, const struct args *args);
int tasks_list(struct cli *cli, const struct args *args);
int tasks_show(struct cli *cli, const struct args *args);
int find_run(struct cli *cli, const struct args *args);
int missing_run(struct cli *cli, const struct args *args);
int password_run(struct cli *cli, const struct args *args);

int oh_actions_claim(struct cli *cli, const struct args *args);
int oh_actions_release(struct cli *cli, const struct args *args);
int oh_actions_assign(struct cli *cli, const struct args *args);
int oh_actions_attempt(struct cli *cli, const struct args *args);
int oh_actions_contact(struct cli *cli, const struct args *args);
int oh_actions_acknowledge(struct cli *cli, const struct args *args);
int oh_actions_retract(struct cli *cli, const struct args *args);
int oh_actions_close(struct cli *cli, const struct args *args);
int oh_actions_reopen(struct cli *cli, const struct args *args);
int oh_actions_opt_out(struct cli *cli, const struct args *args);
int oh_actions_opt_in(struct cli *cli, const struct args *args);

int staff_add(struct cli *cli, const struct args *args);
int staff_list(struct cli *cli, const struct args *args);
int staff_rekey(struct cli *cli, const struct args *args);
int staff_remove(struct cli *cli, const struct args *args);

int explain_run(struct cli *cli, const struct args *args);
int reconcile_run(struct cli *cli, const struct args *args);
int publish_run(struct cli *cli, const struct args *args);
int feed_check(struct cli *cli, const struct args *args);
int feed_run(struct cli *cli, const struct args *args);
int feed_status(struct cli *cli, const struct args *args);
int feed_accept(struct cli *cli, const struct args *args);
int feed_forget(struct cli *cli, const struct args *args);

int positions_run(struct cli *cli, const struct args *args);
int positions_set(struct cli *cli, const struct args *args);
int positions_recover(struct cli *cli, const struct args *args);
int dead_letters_list(struct cli *cli, const struct args *args);
int dead_letters_show(struct cli *cli, const struct args *args);
int replay_run(struct cli *cli, const struct args *args);
int set_aside_list(struct cli *cli, const struct args *args);
int set_aside_retry(struct cli *cli, const struct args *args);
int clock_show(struct cli *cli, const struct args *args);
int clock_accept(struct cli *cli, const struct args *args);
int emission_pause(struct cli *cli, const struct args *args);
int emission_resume(struct cli *cli, const struct args *args);

int audit_verify(struct cli *cli, const struct args *args);
int audit_list(struct cli *cli, const struct args *args);
int audit_export(struct cli *cli, const struct args *args);

int purge_run(struct cli *cli, const struct args *args);
int person_export(struct cli *cli, const struct args *args);
int person_erase(struct cli *cli, const struct args *args);

int settings_cmd_check(struct cli *cli, const struct args *args);
int settings_cmd_load(struct cli *cli, const struct args *args);
int settings_cmd_show(struct cli *cli, const struct args *args);
int settings_cmd_calendar(struct cli *cli, const struct args *args);

#endif
