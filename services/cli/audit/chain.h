/* chain - computes the audit's hash chain again, as schemas/sql/repeatable/20_audit_chain.sql wrote
 * it. Pure. */
#ifndef SERVICES_CLI_AUDIT_CHAIN_H
#define SERVICES_CLI_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/date.h"
#include "common/base/hash.h"

/* An entry; NULL is null. */
struct chain_entry {
    int64_t entry_id;
    struct instant at, statement_at;
    const char *who, *what, *organisation, *xact;
    const char *person_id, *why, *detail; /* the personal part */
};

struct chain_seal {
    int64_t seal_no, entry_id;
    struct instant sealed_at;
    const void *salt; /* NULL: the personal part is erased, or the entry purged */
    size_t salt_len;
    uint8_t digest[SHA256_BYTES], entry_hash[SHA256_BYTES], hash[SHA256_BYTES];
    bool purged;
};

enum chain_fault {
    CHAIN_FINE,
    CHAIN_REMOVED,      /* the entry is gone, and was not purged */
    CHAIN_CHANGED,      /* one of its columns */
    CHAIN_PART_CHANGED, /* its personal part */
    CHAIN_SALT_REMOVED, /* only erased parts have none, and this one is not */
    CHAIN_SEAL_REMOVED, /* seals before this one are gone */
    CHAIN_SEAL_CHANGED  /* it does not follow from the one before */
};
/* The fault in words; "" for CHAIN_FINE. */
const char *chain_fault_text(enum chain_fault f);

/* Seals from the oldest on. Zero-initialise; chain_clear frees. */
struct chain {
    int64_t seal_no; /* the newest checked; 0: none yet */
    uint8_t hash[SHA256_BYTES];
    struct buf scratch;
};
void chain_clear(struct chain *c);

/* The seal by its place in the chain, then the entry by its seal (NULL: there is none). Continues
 * with the seal as stored, so that a fault is reported once. The first fault found of each. */
void chain_check(struct chain *c, const struct chain_seal *s, const struct chain_entry *e,
                 enum chain_fault *place, enum chain_fault *content);

#endif
