/* dayfour - what OH teams, HR systems' owners and operators do by hand. */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "services/cli/commands.h"
#include "services/cli/manual.h"

#ifndef DAYFOUR_VERSION
#define DAYFOUR_VERSION "unknown"
#endif

static const char oh[] = "Occupational health";
static const char hr[] = "HR feed";
static const char operators[] = "Operators";
static const char reports[] = "Reports and information governance";
static const char auditors[] = "Auditors";

#define FROM_OPTION                                                                                \
    {                                                                                              \
        "from", "TIME", "entries from then on: YYYY-MM-DD or RFC 3339"                             \
    }
#define TO_OPTION                                                                                  \
    {                                                                                              \
        "to", "TIME", "entries up to the end of that day, or before that time"                     \
    }
#define AT_OPTION                                                                                  \
    {                                                                                              \
        "at", "TIME", "when it was: HH:MM, YYYY-MM-DD HH:MM or RFC 3339; else now"                 \
    }

static const struct command commands[] = {
    {.name = "tasks",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"},
                 {"mine", NULL, "claimed by you or assigned to you"},
                 {"unclaimed", NULL, "nobody's yet"},
                 {"overdue", NULL, "open and past the due date"},
                 {"due-today", NULL, "open and due today"},
                 {"queue", "QUEUE", "only of this queue"},
                 {"organisation", "ORGANISATION", "only of this one"}},
     .run = tasks_list,
     .help = "the worklist: whom to ring, by when",
     .group = oh},
    {.name = "show",
     .arguments = "TASK",
     .min = 1,
     .max = 1,
     .options = {{"json", NULL, "as JSON"}},
     .run = tasks_show,
     .help = "one task: what is known, what was entered, what was told",
     .group = oh},
    {.name = "claim",
     .arguments = "TASK...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = act_claim,
     .help = "take tasks on",
     .group = oh},
    {.name = "release",
     .arguments = "TASK...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = act_release,
     .help = "give back tasks that were taken on",
     .group = oh},
    {.name = "assign",
     .arguments = "TASK LOGIN",
     .min = 2,
     .max = 2,
     .run = act_assign,
     .help = "give a task to a colleague",
     .group = oh},
    {.name = "attempt",
     .arguments = "TASK OUTCOME",
     .min = 2,
     .max = 2,
     .options = {AT_OPTION},
     .run = act_attempt,
     .help = "not reached: no_answer, voicemail, wrong_number, call_back",
     .group = oh},
    {.name = "contact",
     .arguments = "TASK OUTCOME",
     .min = 2,
     .max = 2,
     .options = {AT_OPTION,
                 {"review-on", "DATE", "when to follow up; else after the settings' days"},
                 {"red-flag", NULL, "something serious was found"}},
     .run = act_contact,
     .help = "reached: fast_track_treatment, self_management_advice, onward_referral, "
             "no_action_needed, declined",
     .group = oh},
    {.name = "retract",
     .arguments = "ENTRY WHY",
     .min = 2,
     .max = 2,
     .run = act_retract,
     .help = "take back an entry made by mistake (its number: dayfour show)",
     .group = oh},
    {.name = "close",
     .arguments = "TASK REASON",
     .min = 2,
     .max = 2,
     .run = act_close,
     .help = "close the case: recovered, referred, declined, other",
     .group = oh},
    {.name = "reopen",
     .arguments = "TASK...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = act_reopen,
     .help = "open closed cases again",
     .group = oh},
    {.name = "opt-out",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .run = act_opt_out,
     .help = "somebody does not want to be rung",
     .group = oh},
    {.name = "opt-in",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .run = act_opt_in,
     .help = "somebody who did not want to be rung does again",
     .group = oh},
    {.name = "publish",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .options = {{"csv", NULL, "the file is CSV (else by its name: .csv)"},
                 {"force", NULL, "send lines that Dayfour will refuse, and unknown columns, too"},
                 {"dry-run", NULL, "check the file and send nothing"},
                 {"topic", "NAME", "instead of the configured one"}},
     .run = publish_run,
     .help = "send a file of absence events (JSON lines or CSV; - is standard input)",
     .group = hr},
    {.name = "reconcile",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .options = {{"as-of", "TIME", "when the extract was made (RFC 3339)"},
                 {"csv", NULL, "the file is CSV (else by its name: .csv)"},
                 {"publish", NULL, "send what makes them agree: records, and lost deletions"},
                 {"json", NULL, "as JSON, a line per finding"}},
     .run = reconcile_run,
     .help = "a full extract of the HR system against what is stored here",
     .group = hr},
    {.name = "explain",
     .arguments = "FILE | --person ORGANISATION PERSON_ID",
     .min = 1,
     .max = 2,
     .options = {{"settings", "FILE", "by these settings and with nobody known: no database"},
                 {"person", NULL, "how the case of a person stands, and what is to come"},
                 {"csv", NULL, "the file is CSV (else by its name: .csv)"},
                 {"json", NULL, "as JSON, a line per event"}},
     .run = explain_run,
     .help = "what each event of a file would do, and why; touches nothing",
     .group = hr},
    {.name = "dead-letters list",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"},
                 {"reason", "REASON", "only these"},
                 {"limit", "N", "the newest N"}},
     .run = letters_list,
     .help = "what was sent and could not be taken",
     .group = hr},
    {.name = "dead-letters show",
     .arguments = "TOPIC/PARTITION/OFFSET",
     .min = 1,
     .max = 1,
     .options = {{"json", NULL, "as JSON"}},
     .run = letters_show,
     .help = "one of those; its key and value only to the feed's owner",
     .group = hr},
    {.name = "dead-letters replay",
     .arguments = "TOPIC/PARTITION/OFFSET...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .options = {{"force", NULL, "even what would be refused again"}},
     .run = replay_run,
     .help = "send some of those once more, as they came",
     .group = hr},
    {.name = "staff add",
     .arguments = "LOGIN ORGANISATION...",
     .min = 2,
     .max = ARGUMENTS_MAX,
     .options = {{"queues", "QUEUE,...", "instead of physiotherapy,mental-health"},
                 {"admin", NULL, "an administrator: every queue of theirs"},
                 {"peer", NULL, "the login has no password: the system's account is enough"},
                 {"password-file", "FILE", "its password, in one line"}},
     .run = staff_add,
     .help = "let somebody of an OH team in",
     .group = operators},
    {.name = "staff list",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"}},
     .run = staff_list,
     .help = "who may see what",
     .group = operators},
    {.name = "staff remove",
     .arguments = "LOGIN [ORGANISATION...]",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = staff_remove,
     .help = "take their access to these organisations, or to all",
     .group = operators},
    {.name = "positions",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"}},
     .run = positions_run,
     .help = "how far the topic has been taken in",
     .group = operators},
    {.name = "positions set",
     .arguments = "TOPIC PARTITION OFFSET",
     .min = 3,
     .max = 3,
     .run = positions_set,
     .help = "go on elsewhere (a number, earliest or end); asks for the topic's name",
     .group = operators},
    {.name = "emission pause",
     .arguments = "",
     .run = emission_pause,
     .help = "nothing is published until resumed; tasks go on",
     .group = operators},
    {.name = "emission resume",
     .arguments = "",
     .run = emission_resume,
     .help = "publish what stands by now",
     .group = operators},
    {.name = "settings check",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .run = load_check,
     .help = "is the document fine? Needs no database",
     .group = operators},
    {.name = "settings load",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .options = {{"dry-run", NULL, "count what would change"},
                 {"yes", NULL, "even if over 5 % of the open tasks are ended or moved"}},
     .run = load_settings,
     .help = "put the document in force for every open case",
     .group = operators},
    {.name = "settings show",
     .arguments = "",
     .run = load_show,
     .help = "the document in force",
     .group = operators},
    {.name = "calendar load",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .run = load_calendar,
     .help =
         "replace bank holidays by those of the file (the shape of gov.uk's bank-holidays.json)",
     .group = operators},
    {.name = "doctor",
     .arguments = "",
     .options = {{"json", NULL, "as JSON, a line per finding"},
                 {"intake", "FILE", "intake's configuration, instead of /etc/dayfour/intake.conf"},
                 {"followup", "FILE", "followup's, instead of /etc/dayfour/followup.conf"}},
     .run = doctor_run,
     .help = "look at everything an installation needs; say what is wrong and how to mend it",
     .group = operators},
    {.name = "migrate",
     .arguments = "",
     .options = {{"dry-run", NULL, "say what would be applied"},
                 {"install-key-file", "FILE", "32 bytes or 64 hex digits instead of a new key"}},
     .run = migrate_run,
     .help = "bring the database to what this version needs",
     .group = operators},
    {.name = "report",
     .arguments = "",
     .options = {{"from", "MONTH", "as 2026-04; else eleven months before the last one"},
                 {"to", "MONTH", "the last one; else the last that is over"},
                 {"organisation", "ORGANISATION", "only of this one"},
                 {"pathway", "PATHWAY", "only of this one"},
                 {"json", NULL, "as JSON"},
                 {"csv", NULL, "as CSV, a line per number"},
                 {"svg", "FILE", "draw contacted in target and days to contact instead"},
                 {"define", NULL, "say what each number means"}},
     .run = report_run,
     .help = "how the service does, by month; small numbers are held back",
     .group = reports},
    {.name = "purge",
     .arguments = "",
     .options = {{"dry-run", NULL, "say what would go, and touch nothing"},
                 {"json", NULL, "as JSON"}},
     .run = purge_run,
     .help = "delete what has been kept for as long as the settings say; list what HR forgot to "
             "close",
     .group = reports},
    {.name = "person export",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .options = {{"reason", "TEXT", "what for; goes into the audit"}},
     .run = person_export,
     .help = "all that is held about somebody, as JSON with a plain reading of it",
     .group = reports},
    {.name = "person erase",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .options = {{"reason", "TEXT", "why; goes into the audit"},
                 {"no-wait", NULL, "do not wait for followup to take back what was told"}},
     .run = person_erase,
     .help = "delete all that is held about somebody; what was told is taken back first",
     .group = reports},
    {.name = "audit verify",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"},
                 {"seal", "NUMBER:HASH", "and this seal, noted earlier, is still in the chain"}},
     .run = audit_verify,
     .help = "is every entry there as it was written? Exit code 1: no",
     .group = auditors},
    {.name = "audit list",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"},
                 FROM_OPTION,
                 TO_OPTION,
                 {"who", "LOGIN", "only of this login"},
                 {"organisation", "ORGANISATION", "only about this one"},
                 {"person", "PERSON_ID", "only about this person"},
                 {"limit", "N", "the newest N (50)"}},
     .run = audit_list,
     .help = "who did or read what",
     .group = auditors},
    {.name = "audit export",
     .arguments = "",
     .options = {FROM_OPTION, TO_OPTION},
     .run = audit_export,
     .help = "entries with their seals as JSON lines",
     .group = auditors},
};
static const size_t n_commands = sizeof commands / sizeof commands[0];

static void usage(FILE *to)
{
    fputs("dayfour [--config FILE] COMMAND [ARGUMENTS]\n"
          "dayfour COMMAND --help | --help | --version\n",
          to);
    options_list(commands, n_commands, to);
    fputs("\nThe database and the brokers are those of pg.dsn and kafka.brokers in the file, else\n"
          "DAYFOUR_PG_DSN, PG_DSN and so on, else those that `./run up` started (.run/env).\n"
          "Exit codes: 0 done, 1 bad arguments or input, 2 bad configuration, 3 cannot go on.\n",
          to);
}

static int run(const struct command *c, const struct args *args, const char *config)
{
    struct cli cli = {0};
    struct err err = {0};
    cli_environment();
    enum status s = conf_load(&cli.conf, CONF_CLI, config, &err);
    if (s != STATUS_OK) {
        fprintf(stderr, "dayfour: %s\n", err.text);
        return EXIT_CONFIG;
    }
    cli.arena = arena_new(65536);
    int code = c->run(&cli, args);
    if (fflush(stdout) != 0 && code == EXIT_DONE) {
        code = cli_refuse("standard output: cannot be written");
    }
    arena_free(cli.arena);
    pg_free(cli.pg);
    conf_free(cli.conf);
    return code;
}

static int no_command(void)
{
    return cli_refuse("no such command; see dayfour --help");
}

/* `help tasks` is `tasks --help`. */
static int help(int argc, char **argv)
{
    int used = 0;
    if (argc == 1 && strcmp(argv[0], "--man") == 0) { /* for the packages */
        manual_print(commands, n_commands, stdout);
        return EXIT_DONE;
    }
    const struct command *c = options_find(commands, n_commands, argc, argv, &used);
    if (argc > 0 && c == NULL) {
        return options_list_family(commands, n_commands, argv[0], stdout) ? EXIT_DONE
                                                                          : no_command();
    }
    if (c != NULL) {
        options_help(c, stdout);
    } else {
        usage(stdout);
    }
    return EXIT_DONE;
}

static int command(int argc, char **argv, const char *config)
{
    int used = 0;
    const struct command *c = options_find(commands, n_commands, argc, argv, &used);
    if (c == NULL) {
        bool wants = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
        bool some = options_list_family(commands, n_commands, argv[0], wants ? stdout : stderr);
        return some ? (wants ? EXIT_DONE : EXIT_INPUT) : no_command();
    }
    struct args args;
    struct err err = {0};
    bool wants_help = false;
    enum status s = options_parse(c, argc - used, argv + used, &args, &wants_help, &err);
    if (s != STATUS_OK) {
        return cli_refuse("%s: %s", c->name, err.text);
    }
    if (wants_help) {
        options_help(c, stdout);
        return EXIT_DONE;
    }
    return run(c, &args, config);
}

int main(int argc, char **argv)
{
    const char *config = NULL;
    int at = 1;
    log_init("cli", LEVEL_ERROR, true);
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            usage(stdout);
            return EXIT_DONE;
        }
        if (strcmp(argv[at], "--version") == 0) {
            puts("dayfour " DAYFOUR_VERSION);
            return EXIT_DONE;
        }
        if (strcmp(argv[at], "--config") == 0 && at + 1 < argc) {
            config = argv[++at];
        } else if (strncmp(argv[at], "--config=", 9) == 0) {
            config = argv[at] + 9;
        } else {
            return cli_refuse("unknown option; see dayfour --help");
        }
    }
    if (at == argc) {
        usage(stderr);
        return EXIT_INPUT;
    }
    if (strcmp(argv[at], "help") == 0) {
        return help(argc - at - 1, argv + at + 1);
    }
    return command(argc - at, argv + at, config);
}
