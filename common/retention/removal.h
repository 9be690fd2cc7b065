/* removal - deletes the decided data of the people loaded. Purging and erasing share it: all SQL
 * that deletes the data of a person. */
#ifndef COMMON_RETENTION_REMOVAL_H
#define COMMON_RETENTION_REMOVAL_H

#include <stddef.h>

#include "common/retention/candidates.h"

struct removal_counts {
    size_t unmatched, matched; /* periods */
    size_t cancelled;          /* cancelled records */
    size_t records, details, spells, entries, emissions, persons;
};

/* Adds up what is decided. */
void removal_count(const struct candidates *c, struct removal_counts *counts);

/* Deletes what is decided, and remembers that records were gone for HR. The caller ends the
 * transaction. */
enum status removal_purge(struct candidates *c, struct err *err) NODISCARD;
/* The same for an erasure: nothing is remembered, and older digests of the records go too. */
enum status removal_erase(struct candidates *c, struct err *err) NODISCARD;

#endif
