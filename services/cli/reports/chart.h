/* chart - contacted in target and days to contact by month, as SVG: for paper, for a screen, and in
 * words for a screen reader. */
#ifndef SERVICES_CLI_REPORTS_CHART_H
#define SERVICES_CLI_REPORTS_CHART_H

#include "common/base/err.h"
#include "common/pg/pg.h"

/* Rows by organisation, pathway and month: organisation, pathway, month, contacted in target raw
 * and achievable (percent, as text), days to contact median and p90; null is suppressed. A panel
 * for each organisation and pathway. path "-": standard output. STATUS_REJECT: it cannot be
 * written. */
enum status chart_write(const char *path, const struct pg_result *r, struct err *err) NODISCARD;

#endif
