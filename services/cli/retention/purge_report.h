/* purge_report - what a purge did, or would do, in words and as JSON. */
#ifndef SERVICES_CLI_RETENTION_PURGE_REPORT_H
#define SERVICES_CLI_RETENTION_PURGE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/retention/removal.h"

/* A record that was left open and has not been touched for long. */
struct forgotten {
    const char *organisation, *person_id, *source, *absence_id;
    struct date onset;
    struct instant changed_at;
    struct forgotten *next;
};

struct purge_report {
    bool dry_run;
    struct retention keep;
    struct removal_counts counts;
    size_t busy;   /* people left for the next run */
    size_t erased; /* people whose erasure had been asked for */
    int64_t dead_letters, dead_letters_waiting, audit_entries, digests;
    const struct forgotten *first;
};

/* "name":n for each. */
void purge_report_counts(struct buf *out, const struct removal_counts *c);
/* On standard output. */
void purge_report_json(const struct purge_report *p);
void purge_report_text(const struct purge_report *p);

#endif
