/* err_code - the codes of struct err that somebody acts upon, in one place. A code that is only
 * logged needs no name here. */
#ifndef COMMON_BASE_ERR_CODE_H
#define COMMON_BASE_ERR_CODE_H

#include <stdbool.h>

#include "common/base/err.h"

/* Our own words. */
#define ERR_CONFIG "config"           /* the configuration cannot be used */
#define ERR_INPUT "input"             /* a file or an argument cannot be used */
#define ERR_NO_PASSWORD "no_password" /* the server let somebody in without a password */
#define ERR_CLOCK_APART "clock_apart" /* our clock is too far from the database's */
#define ERR_POSITION_LOST "position_lost"
#define ERR_POSITION_FOREIGN "position_foreign"
#define ERR_POSITION_AHEAD "position_ahead"

/* SQLSTATEs of our schema. */
#define ERR_FENCED "CT001"         /* another process has taken the work over */
#define ERR_PEOPLE_CHANGED "CT002" /* another transaction worked on the same people */
#define ERR_RULES_CHANGED "CT003"  /* settings or calendars were loaded meanwhile */

/* SQLSTATEs of PostgreSQL, and the classes of which they are the first two characters. */
#define ERR_UNIQUE "23505"
#define ERR_BAD_PARAMETER "22023"
#define ERR_NO_RIGHT "42501"
#define ERR_NO_DATABASE "3D000"
#define ERR_BAD_PASSWORD "28P01"
#define ERR_BAD_LOGIN "28000"
#define ERR_CLASS_CONNECTION "08"
#define ERR_CLASS_ROLLBACK "40"
#define ERR_CLASS_OPERATOR "57" /* the server ends sessions, or is starting */

/* Names of Kafka's errors. */
#define ERR_KAFKA_TIMED_OUT "_TIMED_OUT"
#define ERR_KAFKA_FENCED "_FENCED"
#define ERR_KAFKA_PRODUCER_FENCED "PRODUCER_FENCED"
#define ERR_KAFKA_OLD_EPOCH "INVALID_PRODUCER_EPOCH"
#define ERR_KAFKA_BAD_TIME "INVALID_TIMESTAMP"

bool err_is(const struct err *err, const char *code);
/* The code is an SQLSTATE of this class. */
bool err_is_of(const struct err *err, const char *class);

#endif
