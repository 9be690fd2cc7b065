/* measure - the columns of the functions in schema report: their names and meanings. A row for each
 * column, in the order of schemas/sql. */
#ifndef SERVICES_CLI_REPORTS_MEASURE_H
#define SERVICES_CLI_REPORTS_MEASURE_H

#include <stddef.h>
#include <stdio.h>

struct measure {
    const char *name;       /* the column's */
    const char *definition; /* without a full stop at its end */
};

extern const struct measure measure_spells[]; /* beside organisation, pathway and month */
extern const size_t measure_spells_n;
extern const struct measure measure_records[]; /* beside organisation and month */
extern const size_t measure_records_n;

extern const struct measure measure_arrivals[]; /* beside organisation and month */
extern const size_t measure_arrivals_n;
extern const struct measure measure_places[]; /* beside organisation and month */
extern const size_t measure_places_n;
extern const struct measure measure_unreached[]; /* beside organisation, pathway and month */
extern const size_t measure_unreached_n;

/* Every measure with its definition, and what holds for all of them. */
void measure_define(FILE *to);

#endif
