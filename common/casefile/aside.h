/* aside - people set aside: the database refuses their case, while their facts are stored and
 * everybody else's case is too. And what a refusal means, by its constraint. */
#ifndef COMMON_CASEFILE_ASIDE_H
#define COMMON_CASEFILE_ASIDE_H

#include "common/base/err.h"
#include "common/casefile/caseload.h"
#include "common/pg/pg.h"

#define ASIDE_US (3600 * US_PER_SECOND) /* until the next try */

/* The answer to a failed batch. STATUS_RETRY where the constraint says that another session was
 * first to add a row, or that another person has the record. The next try finds it. */
enum status aside_means(enum status s, const struct err *why);

/* Who of the caseload is set aside, and is not to be tried again at now? It has one result; taking
 * it sets aside and aside_until. */
void aside_send_ask(const struct caseload *cl, struct pg *pg, struct instant now);
void aside_take(struct caseload *cl, const struct pg *pg, size_t nth);

/* Those of the caseload who are `aside` are, from now on, and whoever else's spell has the id of
 * one of theirs. prompts: HR's events wait as well. It has one result: the numbers by which
 * operators know them, as column 0. */
void aside_send(const struct caseload *cl, struct pg *pg, const char *service,
                const struct err *why, bool prompts, struct instant now);

/* The cases of those of the caseload who are not aside are stored in this transaction. */
void aside_send_stored(const struct caseload *cl, struct pg *pg);

/* Those whom operators want to be tried again, and those whose time has come, are due. */
void aside_send_wanted(struct pg *pg, struct instant now);

#endif
