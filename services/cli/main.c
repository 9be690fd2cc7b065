/* dayfour - what OH teams, HR systems' owners and operators do by hand. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/helper.h"
#include "common/runtime/log.h"
#include "services/cli/commands.h"
#include "services/cli/manual.h"

#ifndef DAYFOUR_VERSION
#define DAYFOUR_VERSION "unknown"
#endif

static const struct command_group teams = {
    "teams", "Occupational health teams",
    "ask your lead or an operator to add you (dayfour staff add)"};
static const struct command_group feed = {
    "feed", "HR feed",
    "ask an operator to add you as owner of the feed (dayfour staff add --feed-owner)"};
static const struct command_group operators = {
    "operators", "Operators",
    "settings, calendar, staff and migrate need the database's owner, the others a member of "
    "dayfour_operator"};
static const struct command_group reports = {
    "reports", "Reports and information governance",
    "it takes the role dayfour_reporter for reports, dayfour_retention for purge and person"};
static const struct command_group auditors = {"auditors", "Auditors",
                                              "it takes the auditor's role, dayfour_auditor"};

#define FROM_OPTION                                                                                \
    {                                                                                              \
        "from", "TIME", "entries from then on: YYYY-MM-DD or RFC 3339"                             \
    }
#define TO_OPTION                                                                                  \
    {                                                                                              \
        "to", "TIME", "entries up to the end of that day, or before that time"                     \
    }
#define CSV_OPTIONS                                                                                \
    {"set", "COLUMN=VALUE...", "a column of CSV that has this value in every row"},                \
    {                                                                                              \
        "dates", "FORMAT", "the form of dates in CSV, as %d/%m/%Y"                                 \
    }
#define CHANNEL_OPTION                                                                             \
    {                                                                                              \
        "channel", "NAME", "phone (by default), video, in_person, text, email or letter"           \
    }
#define AT_OPTION                                                                                  \
    {                                                                                              \
        "at", "TIME", "when it was: HH:MM, yesterday HH:MM or YYYY-MM-DD HH:MM; by default now"    \
    }

static const struct command commands[] = {
    {.name = "tasks",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"},
                 {"mine", NULL, "with you"},
                 {"unclaimed", NULL, "with nobody"},
                 {"by", "DATE", "to be called on that day or before: YYYY-MM-DD, today, friday"},
                 {"contacted", NULL, "spoken to already, to look at again"},
                 {"overdue", NULL, "open and past the due date"},
                 {"due-today", NULL, "open and due today"},
                 {"queue", "QUEUE", "only of this queue"},
                 {"organisation", "ORGANISATION", "only of this one"}},
     .run = tasks_list,
     .help = "List the calls to make, the most urgent first.",
     .group = &teams},
    {.name = "show",
     .arguments = "TASK",
     .min = 1,
     .max = 2,
     .options = {{"person", NULL,
                  "the person's other cases, too; ORGANISATION PERSON_ID may stand for TASK"},
                 {"json", NULL, "as JSON"}},
     .run = tasks_show,
     .help = "Show one case: the person, what happened, what HR has been sent.",
     .group = &teams},
    {.name = "find",
     .arguments = "TEXT...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .options = {{"json", NULL, "as JSON"}},
     .run = find_run,
     .help = "Find somebody among your cases: by name, staff number or 4 digits of the telephone.",
     .group = &teams},
    {.name = "missing-reasons",
     .arguments = "",
     .options = {{"organisation", "ORGANISATION", "only of this one"}, {"json", NULL, "as JSON"}},
     .run = missing_run,
     .help = "List people who are off for a reason that HR has not given.",
     .group = &teams},
    {.name = "password",
     .arguments = "",
     .options = {{"password-file", "FILE", "the new one in a file; by default it is asked for"}},
     .run = password_run,
     .help = "Change your own password.",
     .group = &teams},
    {.name = "claim",
     .arguments = "TASK...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = oh_actions_claim,
     .help = "Take tasks: colleagues see that the calls are yours.",
     .group = &teams},
    {.name = "release",
     .arguments = "TASK...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = oh_actions_release,
     .help = "Put tasks back, so that somebody else can take them.",
     .group = &teams},
    {.name = "assign",
     .arguments = "TASK... LOGIN",
     .min = 2,
     .max = ARGUMENTS_MAX,
     .run = oh_actions_assign,
     .help = "Give tasks to a colleague.",
     .group = &teams},
    {.name = "attempt",
     .arguments = "TASK OUTCOME",
     .min = 2,
     .max = 2,
     .options = {AT_OPTION,
                 {"call-back", "TIME",
                  "when you promised to call, with call_back: HH:MM, tomorrow HH:MM, friday HH:MM "
                  "or YYYY-MM-DD HH:MM"},
                 CHANNEL_OPTION},
     .run = oh_actions_attempt,
     .help = "Record that you did not reach the person: no_answer, busy, voicemail, wrong_number, "
             "message_with_other, call_back, text_sent, email_sent or letter_sent.",
     .group = &teams},
    {.name = "contact",
     .arguments = "TASK OUTCOME",
     .min = 2,
     .max = 2,
     .options = {AT_OPTION,
                 {"review-on", "DATE",
                  "when to follow up: YYYY-MM-DD, friday or never; by default after the days of "
                  "the settings"},
                 {"red-flag", NULL, "the call raised a red flag"},
                 CHANNEL_OPTION,
                 {"work-related", "ANSWER", "whether work is the cause: yes, partly, no, not_sure"},
                 {"work-ability", "ANSWER", "at_work, with_changes or not_yet"},
                 {"likely-return", "DATE", "when the person expects to be back"},
                 {"service", "NAME", "the service the person is referred to"}},
     .run = oh_actions_contact,
     .help = "Record that you spoke to the person: fast_track_treatment, self_management_advice, "
             "onward_referral, no_action_needed, declined, already_in_care or urgent_care_advised.",
     .group = &teams},
    {.name = "acknowledge",
     .arguments = "TASK...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = oh_actions_acknowledge,
     .help = "Record that somebody has seen to the red flag.",
     .group = &teams},
    {.name = "retract",
     .arguments = "ENTRY WHY",
     .min = 2,
     .max = 2,
     .run = oh_actions_retract,
     .help = "Undo an entry made by mistake; `dayfour show` gives its number.",
     .group = &teams},
    {.name = "close",
     .arguments = "TASK REASON",
     .min = 2,
     .max = 2,
     .run = oh_actions_close,
     .help = "Close the case: recovered, referred, declined, unable_to_contact or other.",
     .group = &teams},
    {.name = "reopen",
     .arguments = "TASK...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = oh_actions_reopen,
     .help = "Open closed cases again.",
     .group = &teams},
    {.name = "opt-out",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .options = {{"unknown", NULL, "even if no case of yours has that staff number"}},
     .run = oh_actions_opt_out,
     .help = "Record that a person does not want calls.",
     .group = &teams},
    {.name = "opt-in",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .options = {{"unknown", NULL, "even if no case of yours has that staff number"}},
     .run = oh_actions_opt_in,
     .help = "Record that a person wants calls again.",
     .group = &teams},
    {.name = "publish",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .options = {{"csv", NULL, "the file is CSV (else by its name: .csv)"},
                 {"force", NULL, "send lines that Dayfour will refuse, and unknown columns, too"},
                 {"dry-run", NULL, "check the file and send nothing"},
                 {"strict", NULL, "refuse the file if anything would be passed over"},
                 CSV_OPTIONS,
                 {"topic", "NAME", "instead of the configured one"}},
     .run = publish_run,
     .help = "Send a file of absence events (JSON lines or CSV; - is standard input).",
     .group = &feed},
    {.name = "feed check",
     .arguments = "MAP.json FILE...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .options = {{"known", NULL, "compare with the state in the database: what would change"},
                 {"in", "DIR", "with --known: the folder that feed run uses"},
                 {"settings", "FILE", "judge reasons by these settings, not by the shipped ones"}},
     .run = feed_check,
     .help = "Explain a mapping: what each column of these files becomes; changes nothing.",
     .group = &feed},
    {.name = "feed run",
     .arguments = "MAP.json",
     .min = 1,
     .max = 1,
     .options = {{"in", "DIR", "the folder of the files, instead of the mapping's"},
                 {"first", NULL, "take the first file of a source, which is held otherwise"}},
     .run = feed_run,
     .help = "Take the new files of a folder, and publish what they changed.",
     .group = &feed},
    {.name = "feed status",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"}},
     .run = feed_status,
     .help = "Show the newest file of each source, and what is held.",
     .group = &feed},
    {.name = "feed accept",
     .arguments = "SOURCE",
     .min = 1,
     .max = 1,
     .options = {{"reason", "TEXT", "why it is right, for the audit"}},
     .run = feed_accept,
     .help = "Let the newest held file of a source through, once.",
     .group = &feed},
    {.name = "feed forget",
     .arguments = "SOURCE",
     .min = 1,
     .max = 1,
     .options = {{"cancel", NULL, "publish a cancellation of every record first"}},
     .run = feed_forget,
     .help = "Delete the state of a source; asks for its name.",
     .group = &feed},
    {.name = "reconcile",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .options = {{"as-of", "TIME", "when the extract was made (RFC 3339)"},
                 {"csv", NULL, "the file is CSV (else by its name: .csv)"},
                 {"publish", NULL,
                  "send the records, and the lost deletions, that make both agree"},
                 {"yes", NULL, "cancel what is missing in the extract, however much that is"},
                 CSV_OPTIONS,
                 {"json", NULL, "as JSON, a line per finding"}},
     .run = reconcile_run,
     .help = "Compare a full extract of the HR system with what is stored here.",
     .group = &feed},
    {.name = "explain",
     .arguments = "FILE | --person ORGANISATION PERSON_ID | --at PLACE",
     .min = 0,
     .max = 2,
     .options = {{"settings", "FILE", "use these settings and no database: nobody is known"},
                 {"person", NULL, "explain a person's case and what will follow"},
                 {"at", "TOPIC/PARTITION/OFFSET", "explain what became of one message"},
                 {"csv", NULL, "the file is CSV (else by its name: .csv)"},
                 CSV_OPTIONS,
                 {"json", NULL, "as JSON, a line per event"}},
     .run = explain_run,
     .help = "Explain what each event of a file would do, and why; changes nothing.",
     .group = &feed},
    {.name = "dead-letters list",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"},
                 {"reason", "REASON", "only these"},
                 {"limit", "N", "the newest N"}},
     .run = dead_letters_list,
     .help = "List the messages that were rejected.",
     .group = &feed},
    {.name = "dead-letters show",
     .arguments = "TOPIC/PARTITION/OFFSET",
     .min = 1,
     .max = 1,
     .options = {{"json", NULL, "as JSON"}},
     .run = dead_letters_show,
     .help = "Show one of them; only the feed's owner sees headers, key and value.",
     .group = &feed},
    {.name = "dead-letters replay",
     .arguments = "TOPIC/PARTITION/OFFSET...",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .options = {{"force", NULL, "even those that would be rejected again"}},
     .run = replay_run,
     .help = "Send some of them again, byte for byte.",
     .group = &feed},
    {.name = "staff add",
     .arguments = "LOGIN ORGANISATION... | LOGIN --feed",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .options = {{"queues", "QUEUE,...", "of a clinician: whose calls they make"},
                 {"admin", NULL, "a lead: every queue of these organisations"},
                 {"feed-owner", NULL, "owns the HR feed: dead letters in full, and no case"},
                 {"feed", NULL, "the login that runs dayfour feed: sees its own state alone"},
                 {"name", "NAME", "what colleagues call them: \"Amy Jones\""},
                 {"role", "ROLE", "what they are: physiotherapist"},
                 {"peer", NULL, "the login has no password: the system's account is enough"},
                 {"password-file", "FILE", "its password, in one line"},
                 {"sso", NULL, "comes through the page's proxy, by a password of the web key"},
                 {"web-key-file", "FILE", "with --sso: the key of dayfour-web (web.key_file)"}},
     .run = staff_add,
     .help = "Give a login access, or change what it may see.",
     .group = &operators},
    {.name = "staff list",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"}},
     .run = staff_list,
     .help = "List who may see what; a lead sees the staff of their organisations.",
     .group = &operators},
    {.name = "staff rekey",
     .arguments = "[LOGIN...]",
     .max = ARGUMENTS_MAX,
     .options = {{"web-key-file", "FILE", "the key of dayfour-web (web.key_file)"}},
     .run = staff_rekey,
     .help = "Give the logins of --sso, or these of them, the passwords of a new web key.",
     .group = &operators},
    {.name = "staff remove",
     .arguments = "LOGIN [ORGANISATION...]",
     .min = 1,
     .max = ARGUMENTS_MAX,
     .run = staff_remove,
     .help = "Remove a login's access to these organisations, or to all.",
     .group = &operators},
    {.name = "positions",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"}},
     .run = positions_run,
     .help = "Show how far intake has read each partition.",
     .group = &operators},
    {.name = "positions set",
     .arguments = "TOPIC PARTITION OFFSET",
     .min = 3,
     .max = 3,
     .run = positions_set,
     .help =
         "Change where intake reads from (a number, earliest or end); asks for the topic's name.",
     .group = &operators},
    {.name = "positions recover",
     .arguments = "SHARD",
     .min = 1,
     .max = 1,
     .run = positions_recover,
     .help = "Let followup continue after position_ahead or position_lost; asks first.",
     .group = &operators},
    {.name = "set-aside list",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"}},
     .run = set_aside_list,
     .help = "List people whose case cannot be stored, by number.",
     .group = &operators},
    {.name = "set-aside retry",
     .arguments = "[NO]",
     .max = 1,
     .run = set_aside_retry,
     .help = "Retry the person with that number now, or all of them.",
     .group = &operators},
    {.name = "clock",
     .arguments = "",
     .run = clock_show,
     .help = "Show this machine's clock, the database's and the last now stored; do they agree?",
     .group = &operators},
    {.name = "clock accept",
     .arguments = "",
     .options = {{"yes", NULL, "without the question"}},
     .run = clock_accept,
     .help = "Continue by the database's clock, after clocks were apart.",
     .group = &operators},
    {.name = "emission pause",
     .arguments = "",
     .run = emission_pause,
     .help = "Publish nothing until `dayfour emission resume`; tasks are still kept up to date.",
     .group = &operators},
    {.name = "emission resume",
     .arguments = "",
     .run = emission_resume,
     .help = "Publish again, beginning with the events that hold now.",
     .group = &operators},
    {.name = "settings check",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .run = settings_cmd_check,
     .help = "Check a settings document; needs no database.",
     .group = &operators},
    {.name = "settings load",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .options = {{"dry-run", NULL, "count what would change, and load nothing"},
                 {"yes", NULL,
                  "even if over 5 % of the open tasks end or get another date or queue"}},
     .run = settings_cmd_load,
     .help = "Put a settings document in force for every open case.",
     .group = &operators},
    {.name = "settings show",
     .arguments = "",
     .run = settings_cmd_show,
     .help = "Print the settings document in force.",
     .group = &operators},
    {.name = "calendar load",
     .arguments = "FILE",
     .min = 1,
     .max = 1,
     .run = settings_cmd_calendar,
     .help =
         "Replace the bank holidays of each division that the file names (the shape of gov.uk's bank-holidays.json).",
     .group = &operators},
    {.name = "doctor",
     .arguments = "",
     .options = {{"json", NULL, "as JSON, a line per finding"},
                 {"intake", "FILE", "intake's configuration, instead of /etc/dayfour/intake.conf"},
                 {"followup", "FILE", "followup's, instead of /etc/dayfour/followup.conf"},
                 {"feed", "DIR", "mappings of dayfour feed, instead of /etc/dayfour/feed"},
                 {"web", "FILE", "the page's, instead of /etc/dayfour/web.conf"}},
     .run = doctor_run,
     .help = "Check everything an installation needs; name each fault and its remedy.",
     .group = &operators},
    {.name = "migrate",
     .arguments = "",
     .options = {{"dry-run", NULL, "print what would be applied"},
                 {"install-key-file", "FILE", "32 bytes or 64 hex digits instead of a new key"}},
     .run = migrate_run,
     .help = "Bring the database to what this version needs.",
     .group = &operators},
    {.name = "report",
     .arguments = "",
     .options = {{"from", "MONTH", "as 2026-04; else eleven months before the last one"},
                 {"to", "MONTH", "the last one; else the last that is over"},
                 {"organisation", "ORGANISATION", "only of this one"},
                 {"pathway", "PATHWAY", "only of this one"},
                 {"json", NULL, "as JSON"},
                 {"csv", NULL, "as CSV, a line per number"},
                 {"svg", "FILE", "draw contacted in target and days to contact instead"},
                 {"define", NULL, "explain what each number means"}},
     .run = report_run,
     .help = "Report how the service does, by month; small numbers are withheld.",
     .group = &reports},
    {.name = "purge",
     .arguments = "",
     .options = {{"dry-run", NULL, "print what would be deleted, and change nothing"},
                 {"json", NULL, "as JSON"}},
     .run = purge_run,
     .help =
         "Delete what has been kept for as long as the settings say; list absences that HR never "
         "closed.",
     .group = &reports},
    {.name = "person export",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .options = {{"reason", "TEXT", "the purpose, for the audit (needed)"}},
     .run = person_export,
     .help = "Export all that is held about a person, as JSON with an explanation.",
     .group = &reports},
    {.name = "person erase",
     .arguments = "ORGANISATION PERSON_ID",
     .min = 2,
     .max = 2,
     .options = {{"reason", "TEXT", "the reason, for the audit (needed)"},
                 {"no-wait", NULL, "do not wait for followup to withdraw events"}},
     .run = person_erase,
     .help = "Delete all that is held about a person; published events are withdrawn first.",
     .group = &reports},
    {.name = "audit verify",
     .arguments = "",
     .options = {{"json", NULL, "as JSON"},
                 {"seal", "NUMBER:HASH",
                  "check too that this seal, noted earlier, is still in the chain"}},
     .run = audit_verify,
     .help = "Verify that every audit entry is as it was written; exit code 1 if not.",
     .group = &auditors},
    {.name = "audit list",
     .arguments = "[--person ORGANISATION PERSON_ID]",
     .max = 1,
     .options = {{"json", NULL, "as JSON"},
                 FROM_OPTION,
                 TO_OPTION,
                 {"who", "LOGIN", "only of this login"},
                 {"organisation", "ORGANISATION", "only about this one"},
                 {"person", "ORGANISATION", "only about this person: who looked, who did what"},
                 {"all", NULL, "each person read about, not the readings only"},
                 {"limit", "N", "the newest N (50)"}},
     .run = audit_list,
     .help = "List who did or read what.",
     .group = &auditors},
    {.name = "audit export",
     .arguments = "",
     .options = {FROM_OPTION, TO_OPTION},
     .run = audit_export,
     .help = "Export audit entries with their seals as JSON lines.",
     .group = &auditors},
};
static const size_t n_commands = sizeof commands / sizeof commands[0];

static void usage(FILE *to)
{
    fputs("dayfour [--config FILE] COMMAND [ARGUMENTS]\n"
          "dayfour COMMAND --help explains one command; dayfour help all explains every command.\n",
          to);
    options_overview(commands, n_commands, to);
    fputs("\nThe database and the brokers are those of pg.dsn and kafka.brokers in the file, else\n"
          "DAYFOUR_PG_DSN, PG_DSN and so on, else those that `./run up` started (.run/env).\n"
          "Exit codes: 0 done, 1 bad arguments or input, 2 bad configuration, 3 cannot go on.\n",
          to);
}

static int run(const struct command *c, const struct args *args, const char *config)
{
    struct cli cli = {0};
    struct err err = {0};
    cli_advise(c->group->ask);
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

/* `help tasks` is `tasks --help`; `help teams` lists the commands of an audience. */
static int help(int argc, char **argv)
{
    int used = 0;
    if (argc == 1 && strcmp(argv[0], "--man") == 0) { /* for the packages */
        manual_print(commands, n_commands, stdout);
        return EXIT_DONE;
    }
    const struct command_group *group = NULL;
    if (argc == 1 && (strcmp(argv[0], "all") == 0 ||
                      (group = options_group(commands, n_commands, argv[0])) != NULL)) {
        options_list(commands, n_commands, group, stdout);
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
    int code = run(c, &args, config);
    if (helper_left() > 0) { /* threads that hang use what exit() takes apart */
        (void)fflush(NULL);
        _exit(code);
    }
    return code;
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
