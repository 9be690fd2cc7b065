/* Order, in the transaction of a batch: gone_ask() for each message, gone_send(), gone_take() with
 * the answer, gone_send_check() with the writes. Rows answer by the place in `asked`, so nothing is
 * asked in between. digest_of() and fact.gone_digest() must give the same bytes. */
#include "common/casefile/gone.h"

#include "common/pg/columns.h"

static void digest_of(const struct ruleset *rs, const char *organisation, const char *source,
                      const char *absence_id, uint8_t out[SHA256_BYTES])
{
    const char *const parts[] = {"gone", organisation, source, absence_id};
    hmac_parts(rs->install_key, parts, sizeof parts / sizeof parts[0], out);
}

void gone_ask(struct caseload *cl, const struct inbound *in, const struct ruleset *rs,
              struct instant now)
{
    if (in->verdict == VERDICT_ABSENCE &&
        (cl->careful || ruleset_may_have_gone(rs, in->absence.onset, now))) {
        caseload_ask(cl, &(struct record_known){.organisation = in->organisation,
                                                .source = in->source,
                                                .absence_id = in->absence.absence_id,
                                                .gone_at = INSTANT_NONE});
    }
}

static const struct pg_stmt look_up = {
    "gone_look_up",
    "select k.ord, g.gone_month::timestamp at time zone 'UTC' from"
    " unnest($1::bytea[]) with ordinality as k (digest, ord) join fact.gone g on g.digest ="
    " k.digest",
    (const uint32_t[]){PG_BYTEA_ARRAY, 0}};

void gone_send(struct caseload *cl, struct pg *pg, const struct ruleset *rs, bool *sent)
{
    *sent = cl->n_asked > 0;
    if (!*sent) {
        return;
    }
    struct pg_args args = {0};
    pg_array_begin(&args, PG_BYTEA);
    for (size_t i = 0; i < cl->n_asked; i++) {
        const struct record_known *k = &cl->asked[i];
        uint8_t digest[SHA256_BYTES];
        digest_of(rs, k->organisation, k->source, k->absence_id, digest);
        pg_array_bytes(&args, digest, GONE_DIGEST_BYTES);
    }
    pg_array_end(&args);
    pg_send(pg, &look_up, &args);
    pg_args_clear(&args);
}

void gone_take(struct caseload *cl, const struct pg *pg, size_t nth)
{
    const struct pg_result *r = pg_result(pg, nth);
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct record_known known = cl->asked[pg_i64(r, row, 0) - 1];
        known.gone_at = pg_instant(r, row, 1);
        caseload_know_gone(cl, &known);
    }
}

static const struct pg_stmt check_new = {
    "gone_check_new",
    "select fact.check_count((select count(*) from fact.gone g where g.digest = any ($1)), 0)",
    (const uint32_t[]){PG_BYTEA_ARRAY, 0}};

void gone_send_check(const struct caseload *cl, struct pg *pg, const struct ruleset *rs)
{
    struct pg_args args = {0};
    size_t n = 0;
    pg_array_begin(&args, PG_BYTEA);
    for (size_t i = 0; i < cl->n_persons; i++) {
        const struct case_person *p = &cl->persons[i];
        for (size_t k = 0; k < p->facts.n_records; k++) {
            if (p->state[k].fresh && !cl->careful) {
                uint8_t digest[SHA256_BYTES];
                digest_of(rs, p->organisation, p->facts.records[k].source,
                          p->facts.records[k].absence_id, digest);
                pg_array_bytes(&args, digest, GONE_DIGEST_BYTES);
                n++;
            }
        }
    }
    pg_array_end(&args);
    if (n > 0) {
        pg_send(pg, &check_new, &args);
    }
    pg_args_clear(&args);
}
