/* dayfour password: changes the password of the login that runs it. The server is given a verifier,
 * never the password. On a terminal the new one is typed twice, unseen; otherwise it is the one
 * line of --password-file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/runtime/conf.h"
#include "services/cli/commands.h"

#define PASSWORD_MAX 200
#define PASSWORD_LEAST 12 /* bytes; a shorter one is easily guessed */

/* Reads a line from the terminal, without showing it. */
static enum status type_unseen(const char *ask, char out[PASSWORD_MAX], struct err *err)
{
    struct termios seen;
    if (tcgetattr(STDIN_FILENO, &seen) != 0) {
        return err_set(err, STATUS_REJECT, "input",
                       "--password-file: needed where there is no terminal");
    }
    struct termios unseen = seen;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    fputs(ask, stderr);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    bool got = fgets(out, PASSWORD_MAX, stdin) != NULL;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
    fputc('\n', stderr);
    size_t len = got ? strcspn(out, "\r\n") : 0;
    if (!got || out[len] == '\0') {
        return err_set(err, STATUS_REJECT, "input", "the password was not entered, or is too long");
    }
    out[len] = '\0';
    return STATUS_OK;
}

static enum status type_twice(char out[PASSWORD_MAX], struct err *err)
{
    char again[PASSWORD_MAX];
    enum status s = type_unseen("New password: ", out, err);
    s = s == STATUS_OK ? type_unseen("The same again: ", again, err) : s;
    if (s == STATUS_OK && strcmp(out, again) != 0) {
        s = err_set(err, STATUS_REJECT, "input", "the two entries differ");
    }
    hash_wipe(again, sizeof again);
    return s;
}

static enum status read_new(const struct args *args, char out[PASSWORD_MAX], struct err *err)
{
    const char *file = options_value(args, "password-file");
    if (file == NULL) {
        return type_twice(out, err);
    }
    char *password = NULL;
    enum status s = conf_read_secret(file, &password, err);
    if (s != STATUS_OK) {
        return s;
    }
    size_t len = strlen(password);
    if (len >= PASSWORD_MAX) {
        s = err_set(err, STATUS_REJECT, "input", "--password-file: at most %d bytes",
                    PASSWORD_MAX - 1);
    } else {
        memcpy(out, password, len + 1);
    }
    hash_wipe(password, len);
    free(password);
    return s;
}

static enum status check(const char *password, const char *login, struct err *err)
{
    if (strlen(password) < PASSWORD_LEAST) {
        return err_set(err, STATUS_REJECT, "input", "the password must have %d bytes or more",
                       PASSWORD_LEAST);
    }
    if (strcmp(password, login) == 0) {
        return err_set(err, STATUS_REJECT, "input", "the password must differ from the login");
    }
    return STATUS_OK;
}

static const struct pg_stmt who = {"password_who", "select session_user::text", NULL};

/* ALTER ROLE takes no parameters: the server quotes the text of the statement. */
static const struct pg_stmt alter = {"password_alter",
                                     "select format('alter role %I password %L', session_user, $1)",
                                     (const uint32_t[]){PG_TEXT, 0}};

static enum status change(struct cli *cli, const char *login, const char *password, struct err *err)
{
    struct buf verifier = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    enum status s = pg_encrypt_password(cli->pg, password, login, &verifier, err);
    if (s == STATUS_OK) {
        pg_arg_text(&values, verifier.data);
        s = cli_query(cli, &alter, &values, &r, err);
        pg_args_clear(&values);
    }
    if (s == STATUS_OK) {
        s = pg_script(cli->pg, arena_strdup(cli->arena, pg_text(r, 0, 0)), err);
    }
    buf_clear(&verifier);
    return s;
}

int password_run(struct cli *cli, const struct args *args)
{
    char password[PASSWORD_MAX] = "";
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &who, NULL, &r, &err);
    const char *login = s == STATUS_OK ? arena_strdup(cli->arena, pg_text(r, 0, 0)) : "";
    s = s == STATUS_OK ? read_new(args, password, &err) : s;
    s = s == STATUS_OK ? check(password, login, &err) : s;
    s = s == STATUS_OK ? change(cli, login, password, &err) : s;
    hash_wipe(password, sizeof password);
    if (s != STATUS_OK) {
        return cli_fail("password", s, &err);
    }
    printf("password changed\n");
    return EXIT_DONE;
}
