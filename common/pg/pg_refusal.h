/* pg_refusal - why a server would not let us in, as an SQLSTATE: libpq gives none for a connection
 * that was not made. Part of pg. */
#ifndef COMMON_PG_PG_REFUSAL_H
#define COMMON_PG_PG_REFUSAL_H

struct pg_conn; /* libpq's PGconn */

#define PG_REFUSAL_TEXT 256
struct pg_refusal {
    char code[6]; /* 08001 where there was no server to say more */
    char text[PG_REFUSAL_TEXT];
};

/* For a connection that has just failed. Where the server asked for a password, the connection is
 * tried once more, so that the answer comes as a code. If that succeeds, PQstatus says so. Blocks
 * like connecting does. */
void pg_refusal(struct pg_conn *conn, struct pg_refusal *out);

#endif
