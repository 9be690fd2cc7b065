/* logins - SQL text about logins: quoting, making one, its password. Statements about roles take no
 * parameters, so they are written out and sent as a script. */
#ifndef CLI_LOGINS_H
#define CLI_LOGINS_H

#include "services/cli/cli.h"
#include "services/cli/options.h"

void logins_put_identifier(struct buf *out, const char *name);
void logins_put_literal(struct buf *out, const char *text);
void logins_begin(struct buf *out);

/* Appends what makes or changes the login that `staff add` names: by --peer, --password-file or
 * --sso. */
enum status logins_put(struct cli *cli, const struct args *args, struct buf *script,
                       struct err *err) NODISCARD;

#endif
