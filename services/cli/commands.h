/* commands - what each file of commands offers to the table in main.c. All give the exit code. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "services/cli/cli.h"
#include "services/cli/options.h"

int doctor_run(struct cli *cli, const struct args *args);
int report_run(struct cli *cli, const struct args *args);

int migrate_run(struct cli *cli, const struct args *args);
int tasks_list(struct cli *cli, const struct args *args);
int tasks_show(struct cli *cli, const struct args *args);

int act_claim(struct cli *cli, const struct args *args);
int act_release(struct cli *cli, const struct args *args);
int act_assign(struct cli *cli, const struct args *args);
int act_attempt(struct cli *cli, const struct args *args);
int act_contact(struct cli *cli, const struct args *args);
int act_retract(struct cli *cli, const struct args *args);
int act_close(struct cli *cli, const struct args *args);
int act_reopen(struct cli *cli, const struct args *args);
int act_opt_out(struct cli *cli, const struct args *args);
int act_opt_in(struct cli *cli, const struct args *args);

int staff_add(struct cli *cli, const struct args *args);
int staff_list(struct cli *cli, const struct args *args);
int staff_remove(struct cli *cli, const struct args *args);

int explain_run(struct cli *cli, const struct args *args);
int reconcile_run(struct cli *cli, const struct args *args);
int publish_run(struct cli *cli, const struct args *args);

int positions_run(struct cli *cli, const struct args *args);
int positions_set(struct cli *cli, const struct args *args);
int letters_list(struct cli *cli, const struct args *args);
int letters_show(struct cli *cli, const struct args *args);
int replay_run(struct cli *cli, const struct args *args);
int emission_pause(struct cli *cli, const struct args *args);
int emission_resume(struct cli *cli, const struct args *args);

int audit_verify(struct cli *cli, const struct args *args);
int audit_list(struct cli *cli, const struct args *args);
int audit_export(struct cli *cli, const struct args *args);

int purge_run(struct cli *cli, const struct args *args);
int person_export(struct cli *cli, const struct args *args);
int person_erase(struct cli *cli, const struct args *args);

int load_check(struct cli *cli, const struct args *args);
int load_settings(struct cli *cli, const struct args *args);
int load_show(struct cli *cli, const struct args *args);
int load_calendar(struct cli *cli, const struct args *args);

#endif
