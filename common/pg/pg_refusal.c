/* The server's text is in its own language, so it is kept for people and decides nothing. The
 * second try gives a code instead, as it asks for messages of a severity and a code alone. */
#include "common/pg/pg_refusal.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <string.h>

static void one_line(const char *text, char out[PG_REFUSAL_TEXT])
{
    size_t n = strcspn(text, "\n");
    n = n < PG_REFUSAL_TEXT - 1 ? n : PG_REFUSAL_TEXT - 1;
    memcpy(out, text, n);
    out[n] = '\0';
}

/* At this verbosity a server's message is its severity and the code, and ends with that. */
static void take_code(const char *message, char code[6])
{
    size_t len = strlen(message);
    while (len > 0 && message[len - 1] == '\n') {
        len--;
    }
    if (len < 6 || message[len - 6] != ' ') {
        return;
    }
    for (size_t i = len - 5; i < len; i++) {
        if (!isupper((unsigned char)message[i]) && !isdigit((unsigned char)message[i])) {
            return;
        }
    }
    memcpy(code, message + len - 5, 5);
}

void pg_refusal(PGconn *conn, struct pg_refusal *out)
{
    memcpy(out->code, "08001", sizeof out->code);
    one_line(PQerrorMessage(conn), out->text);
    if (PQconnectionNeedsPassword(conn) != 0) { /* there is none to give */
        memcpy(out->code, "28P01", sizeof out->code);
        return;
    }
    if (PQconnectionUsedPassword(conn) == 0) {
        return;
    }
    (void)PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE);
    PQreset(conn);
    if (PQstatus(conn) != CONNECTION_OK) {
        take_code(PQerrorMessage(conn), out->code);
    }
    (void)PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
}
