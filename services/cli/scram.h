/* scram - passwords as PostgreSQL keeps them, so that the password itself never leaves this
 * program. */
#ifndef CLI_SCRAM_H
#define CLI_SCRAM_H

#include "common/buf.h"
#include "common/err.h"

/* Appends a SCRAM-SHA-256 verifier with a random salt. STATUS_REJECT: empty, or not plain printable
 * ASCII (for which no normalisation is needed). */
enum status scram_verifier(const char *password, struct buf *out, struct err *err) NODISCARD;

#endif
