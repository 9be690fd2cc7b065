/* sender - messages to one topic, each delivery confirmed: what publish and replay send with. */
#ifndef SERVICES_CLI_HR_SENDER_H
#define SERVICES_CLI_HR_SENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/event/inbound.h"
#include "services/cli/cli.h"

struct sender;

/* Connects and asks for the topic first: no broker, no topic or no rights are reported at once.
 * total: how many messages there will be, for the progress shown on a terminal. */
enum status sender_open(struct sender **out, struct cli *cli, const char *topic, size_t total,
                        struct err *err) NODISCARD;

struct sender_message {
    const void *key; /* NULL: none; copied */
    size_t key_len;
    char *value; /* stays where it is until sender_finish, unless copied; NULL: none */
    bool copied; /* the value may change after the call; a bounded number of them is under way */
    size_t len;
    const struct header *headers;
    size_t n_headers;
    const char *what; /* names the message in errors */
};
enum status sender_send(struct sender *s, const struct sender_message *m,
                        struct err *err) NODISCARD;

/* Waits until every message is confirmed or has failed; the first failure is given. */
enum status sender_finish(struct sender *s, struct err *err) NODISCARD;
size_t sender_confirmed(const struct sender *s);

void sender_free(struct sender *s); /* NULL is fine; what is not confirmed is given up */

#endif
