/* dayfour audit verify: whether every entry is there as it was written. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "services/cli/audit/chain.h"
#include "services/cli/commands.h"
#include "services/cli/view.h"

#define PAGE 1000 /* seals in memory at once */

struct verdict {
    bool json;
    struct chain chain;
    int64_t entries, erased, purged, faults;
    struct buf told;  /* the faults */
    int64_t noted_no; /* a seal to be found again; 0: none */
    uint8_t noted[SHA256_BYTES];
    bool noted_seen;
};

/* ---- faults ---- */

/* entry_id or seal_no 0: not about one. */
static void tell(struct verdict *v, int64_t entry_id, int64_t seal_no, const char *what)
{
    v->faults++;
    if (v->json) {
        buf_puts(&v->told, v->faults == 1 ? "" : ",");
        buf_printf(&v->told, "{\"entry_id\":");
        buf_printf(&v->told, entry_id == 0 ? "null" : "%" PRId64, entry_id);
        buf_printf(&v->told, seal_no == 0 ? ",\"seal_no\":null" : ",\"seal_no\":%" PRId64, seal_no);
        buf_puts(&v->told, ",\"fault\":");
        json_put_string(&v->told, what);
        buf_puts(&v->told, "}");
    } else if (entry_id != 0) {
        buf_printf(&v->told, "entry %" PRId64 " %s\n", entry_id, what);
    } else {
        buf_printf(&v->told, "seal %" PRId64 " %s\n", seal_no, what);
    }
}

/* ---- the chain ---- */

static const struct pg_stmt begin = {"audit_begin",
                                     "begin isolation level repeatable read read only", NULL};

static const struct pg_stmt seals = {
    "audit_seals",
    "select s.seal_no, s.entry_id, s.sealed_at, s.salt, s.digest, s.entry_hash, s.hash,"
    " s.purged_at is not null, e.entry_id, e.at, e.who, e.what, e.organisation, e.xact::text,"
    " e.statement_at, e.person_id, e.why, e.detail::text"
    " from (select * from audit.seal where seal_no > $1 order by seal_no limit $2) s"
    " left join audit.entry e using (entry_id) order by s.seal_no",
    (const uint32_t[]){PG_INT8, PG_INT8, 0}};

/* A digest of another length stays zeros, which nothing hashes to. */
static void take_hash(const struct pg_result *r, size_t row, int col, uint8_t out[SHA256_BYTES])
{
    size_t len = 0;
    const void *hash = pg_bytes(r, row, col, &len);
    if (hash != NULL && len == SHA256_BYTES) {
        memcpy(out, hash, SHA256_BYTES);
    }
}

static void take_seal(const struct pg_result *r, size_t row, struct chain_seal *out)
{
    *out = (struct chain_seal){.seal_no = pg_i64(r, row, 0),
                               .entry_id = pg_i64(r, row, 1),
                               .sealed_at = pg_instant(r, row, 2),
                               .purged = pg_bool(r, row, 7)};
    if (!pg_is_null(r, row, 3)) {
        out->salt = pg_bytes(r, row, 3, &out->salt_len);
    }
    take_hash(r, row, 4, out->digest);
    take_hash(r, row, 5, out->entry_hash);
    take_hash(r, row, 6, out->hash);
}

static void take_entry(const struct pg_result *r, size_t row, struct chain_entry *out)
{
    *out = (struct chain_entry){.entry_id = pg_i64(r, row, 8),
                                .at = pg_instant(r, row, 9),
                                .who = pg_text(r, row, 10),
                                .what = pg_text(r, row, 11),
                                .organisation = pg_text(r, row, 12),
                                .xact = pg_text(r, row, 13),
                                .statement_at = pg_instant(r, row, 14),
                                .person_id = pg_text(r, row, 15),
                                .why = pg_text(r, row, 16),
                                .detail = pg_text(r, row, 17)};
}

static void check_row(struct verdict *v, const struct pg_result *r, size_t row)
{
    struct chain_seal seal;
    struct chain_entry entry;
    enum chain_fault place;
    enum chain_fault content;
    bool there = !pg_is_null(r, row, 8);
    take_seal(r, row, &seal);
    if (there) {
        take_entry(r, row, &entry);
    }
    chain_check(&v->chain, &seal, there ? &entry : NULL, &place, &content);
    v->entries += there;
    v->erased += there && seal.salt == NULL;
    v->purged += !there && seal.purged;
    if (place != CHAIN_FINE) {
        tell(v, 0, seal.seal_no, chain_fault_text(place));
    }
    if (content != CHAIN_FINE) {
        tell(v, seal.entry_id, seal.seal_no, chain_fault_text(content));
    }
    if (seal.seal_no == v->noted_no) {
        v->noted_seen = true;
        if (memcmp(v->noted, seal.hash, SHA256_BYTES) != 0) {
            tell(v, 0, seal.seal_no, "is not the one that was noted: the chain was rewritten");
        }
    }
}

static enum status check_seals(struct cli *cli, struct verdict *v, struct err *err)
{
    size_t n = PAGE;
    while (n == PAGE) {
        struct pg_args values = {0};
        const struct pg_result *r = NULL;
        pg_arg_i64(&values, v->chain.seal_no);
        pg_arg_i64(&values, PAGE);
        enum status s = cli_query(cli, &seals, &values, &r, err);
        pg_args_clear(&values);
        if (s != STATUS_OK) {
            return s;
        }
        n = pg_rows(r);
        for (size_t row = 0; row < n; row++) {
            check_row(v, r, row);
        }
    }
    return STATUS_OK;
}

static enum status check_head(struct cli *cli, struct verdict *v, struct err *err)
{
    static const struct pg_stmt ask = {"audit_head", "select seal_no, hash from audit.head", NULL};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &ask, NULL, &r, err);
    if (s != STATUS_OK) {
        return s;
    }
    uint8_t hash[SHA256_BYTES] = {0};
    int64_t seal_no = pg_rows(r) == 1 ? pg_i64(r, 0, 0) : 0;
    if (pg_rows(r) == 1) {
        take_hash(r, 0, 1, hash);
    }
    if (seal_no != v->chain.seal_no || memcmp(hash, v->chain.hash, SHA256_BYTES) != 0) {
        int64_t last = seal_no > v->chain.seal_no ? seal_no : v->chain.seal_no;
        tell(v, 0, last, "is not where the chain ends: seals were removed or added there");
    }
    if (v->noted_no > v->chain.seal_no) {
        tell(v, 0, v->noted_no, "was noted and is beyond the end: the chain was cut short");
    } else if (v->noted_no > 0 && !v->noted_seen) {
        tell(v, 0, v->noted_no, "was noted and is not there: it was purged, or removed");
    }
    return STATUS_OK;
}

/* ---- what is not in the chain ---- */

/* An entry waits from when it is written until it is sealed. One that is neither waiting nor sealed
 * was added with the trigger disabled; one that waits and does not exist was removed so. */
static const struct pg_stmt outside = {
    "audit_outside",
    "select entry_id, e.entry_id is null"
    " from (select n.entry_id from audit.entry n"
    "       where not exists (select from audit.seal s where s.entry_id = n.entry_id)) e"
    " full join audit.unsealed u using (entry_id)"
    " where e.entry_id is null or u.entry_id is null order by entry_id",
    NULL};

static const struct pg_stmt unsealed = {
    "audit_unsealed",
    "select e.entry_id, e.at, e.who, e.what from audit.entry e join audit.unsealed u"
    " using (entry_id) order by e.entry_id",
    NULL};
static const struct view_column unsealed_columns[] = {
    {"entry_id", "ENTRY", VIEW_INT, false},
    {"at", "AT", VIEW_INSTANT, false},
    {"who", "WHO", VIEW_TEXT, true},
    {"what", "WHAT", VIEW_TEXT, false},
};
static const struct view waiting = {.columns = unsealed_columns,
                                    .n = sizeof unsealed_columns / sizeof unsealed_columns[0]};

static enum status check_outside(struct cli *cli, struct verdict *v, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &outside, NULL, &r, err);
    for (size_t row = 0; s == STATUS_OK && row < pg_rows(r); row++) {
        tell(v, pg_i64(r, row, 0), 0,
             pg_bool(r, row, 1) ? "waits to be sealed and is not there, or is sealed already"
                                : "was added behind the back of the trigger that has it sealed");
    }
    return s;
}

/* ---- readings that left nothing ---- */

/* Each reading draws a number, also one that is rolled back. Numbers from 1 on, or from the first
 * that was not purged, up to the last one drawn. */
static const struct pg_stmt gaps = {
    "audit_gaps",
    "select n.reading + 1, n.next - 1"
    " from (select x.reading, lead(x.reading) over (order by x.reading) as next"
    "       from (select (e.detail ->> 'reading')::int8 as reading from audit.entry e"
    "             where e.detail ? 'reading'"
    "             union all select q.last_value + 1 from audit.reading_no q where q.is_called"
    "             union all select 0 where not exists"
    "              (select from audit.seal s where s.purged_at is not null)) x) n"
    " where n.next > n.reading + 1 order by 1",
    NULL};

static enum status find_gaps(struct cli *cli, struct buf *out, bool json, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &gaps, NULL, &r, err);
    buf_puts(out, json ? "[" : "");
    for (size_t row = 0; s == STATUS_OK && row < pg_rows(r); row++) {
        int64_t first = pg_i64(r, row, 0);
        int64_t last = pg_i64(r, row, 1);
        buf_puts(out, row == 0 ? "" : json ? "," : ", ");
        if (json) {
            buf_printf(out, "[%" PRId64 ",%" PRId64 "]", first, last);
        } else if (first == last) {
            buf_printf(out, "%" PRId64, first);
        } else {
            buf_printf(out, "%" PRId64 "-%" PRId64, first, last);
        }
    }
    buf_puts(out, json ? "]" : "");
    return s;
}

/* ---- the verdict ---- */

static void print_json(const struct verdict *v, const char *lost, const struct pg_result *r)
{
    char hash[2 * SHA256_BYTES + 1];
    printf("{\"entries\":%" PRId64 ",\"erased\":%" PRId64 ",\"purged\":%" PRId64
           ",\"seal\":\"%" PRId64
           ":%s\",\"faults\":[%s],\"readings_without_entry\":%s,\"unsealed\":",
           v->entries, v->erased, v->purged, v->chain.seal_no,
           hash_hex(v->chain.hash, SHA256_BYTES, hash), v->faults == 0 ? "" : v->told.data, lost);
    view_json(&waiting, r, stdout);
    puts("}");
}

static void print_text(const struct verdict *v, const char *lost, const struct pg_result *r)
{
    char hash[2 * SHA256_BYTES + 1];
    fputs(v->faults == 0 ? "" : v->told.data, stdout);
    printf("%" PRId64 " entries in the chain, %" PRId64 " of them erased; %" PRId64 " purged\n",
           v->entries, v->erased, v->purged);
    printf("newest seal: %" PRId64 ":%s\n", v->chain.seal_no,
           hash_hex(v->chain.hash, SHA256_BYTES, hash));
    if (lost[0] != '\0') {
        printf(
            "readings without an entry: %s\nTheir readers rolled back or have not committed yet, or "
            "the server stopped. The server's log names login and view beside the number.\n",
            lost);
    }
    if (pg_rows(r) > 0) {
        printf("not sealed yet: %zu\n", pg_rows(r));
        view_table(&waiting, r, stdout);
    }
}

static enum status verify(struct cli *cli, struct verdict *v, struct err *err)
{
    const struct pg_result *r = NULL;
    struct buf lost = {0};
    enum status s = cli_query(cli, &begin, NULL, NULL, err);
    s = s == STATUS_OK ? check_seals(cli, v, err) : s;
    s = s == STATUS_OK ? check_head(cli, v, err) : s;
    s = s == STATUS_OK ? check_outside(cli, v, err) : s;
    s = s == STATUS_OK ? find_gaps(cli, &lost, v->json, err) : s;
    s = s == STATUS_OK ? cli_local_time(cli, err) : s;
    s = s == STATUS_OK ? cli_query(cli, &unsealed, NULL, &r, err) : s;
    if (s == STATUS_OK && v->json) {
        print_json(v, lost.data, r);
    } else if (s == STATUS_OK) {
        print_text(v, lost.data, r);
    }
    buf_clear(&lost);
    return s;
}

/* NUMBER:HASH, as `audit verify` and the log have it. */
static bool parse_noted(const char *text, struct verdict *v)
{
    char *end = NULL;
    v->noted_no = strtoll(text, &end, 10);
    if (end == text || v->noted_no <= 0 || *end != ':' || strlen(end + 1) != 64 ||
        strspn(end + 1, "0123456789abcdef") != 64) {
        return false;
    }
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        const char pair[3] = {end[1 + 2 * i], end[2 + 2 * i], '\0'};
        v->noted[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

int audit_verify(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct verdict v = {.json = options_flag(args, "json")};
    const char *noted = options_value(args, "seal");
    if (noted != NULL && !parse_noted(noted, &v)) {
        return cli_refuse("audit verify: --seal: NUMBER:HASH, as an earlier verify gave it");
    }
    enum status s = verify(cli, &v, &err);
    int64_t faults = v.faults;
    buf_clear(&v.told);
    chain_clear(&v.chain);
    if (s != STATUS_OK) {
        return cli_fail("audit verify", s, &err);
    }
    if (faults > 0) {
        return cli_refuse("audit verify: the audit is not as it was written: %" PRId64 " %s",
                          faults, faults == 1 ? "fault" : "faults");
    }
    return EXIT_DONE;
}
