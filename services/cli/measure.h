/* measure - what the columns of report.measures and report.quality are: their names, and what each
 * of them means in words. One row a column, in the order of schemas/sql/0008_report.sql. */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

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

/* Every measure with its definition, and what holds for all of them. */
void measure_define(FILE *to);

#endif
