/* Reads each reason that is kept and matches it by the new settings. Then, pathway by pathway, it
 * notes the records that were not known to belong there, as apply_settings() does with one. */
#include "services/cli/settings/known.h"

#include "common/pg/columns.h"

struct kept_reason {
    const char *organisation, *code;
    enum reason_scheme scheme;
    uint32_t pathways;
};

static const struct pg_stmt kept_reasons = {
    "known_reasons",
    "select distinct a.organisation, a.scheme, a.code from fact.absence a"
    " where a.match = 1 and not a.cancelled and a.known is not null",
    NULL};

static const struct pg_stmt note = {
    "known_note",
    "update fact.absence a set known = a.known || ($4 || ' ' || $5) from"
    " unnest($1::text[], $2::int4[], $3::text[]) as u (organisation, scheme, code)"
    " where a.organisation = u.organisation and a.scheme = u.scheme and a.code = u.code"
    " and a.match = 1 and not a.cancelled and a.known is not null"
    " and not exists (select from unnest(a.known) k where split_part(k, ' ', 2) = $5)",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_INT4_ARRAY, PG_TEXT_ARRAY, PG_TEXT, PG_TEXT, 0}};

static enum status read_reasons(struct cli *cli, const struct settings *settings,
                                struct kept_reason **out, size_t *n, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &kept_reasons, NULL, &r, err);
    if (s != STATUS_OK) {
        return s;
    }
    *n = pg_rows(r);
    *out = arena_array(cli->arena, *n, sizeof **out);
    for (size_t i = 0; i < *n; i++) {
        struct kept_reason *k = &(*out)[i];
        *k = (struct kept_reason){.organisation = arena_strdup(cli->arena, pg_text(r, i, 0)),
                                  .scheme = (enum reason_scheme)pg_i64(r, i, 1),
                                  .code = arena_strdup(cli->arena, pg_text(r, i, 2))};
        k->pathways =
            settings_match(settings_for(settings, k->organisation), k->scheme, k->code).pathways;
    }
    return STATUS_OK;
}

static enum status note_pathway(struct cli *cli, const struct kept_reason *all, size_t n_all,
                                size_t pathway, const char *name, struct instant now,
                                struct err *err)
{
    const struct kept_reason **k = arena_array(cli->arena, n_all, sizeof *k);
    size_t n = 0;
    for (size_t i = 0; i < n_all; i++) {
        if ((all[i].pathways >> pathway & 1) != 0) {
            k[n++] = &all[i];
        }
    }
    if (n == 0) {
        return STATUS_OK;
    }
    char at[INSTANT_TEXT];
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, k[i]->organisation);
    COLUMN(PG_INT4, pg_array_i32, n, (int32_t)k[i]->scheme);
    COLUMN(PG_TEXT, pg_array_text, n, k[i]->code);
    pg_arg_text(&args, instant_format(now, at));
    pg_arg_text(&args, name);
    enum status s = cli_query(cli, &note, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

enum status known_note(struct cli *cli, const struct settings *settings, struct instant now,
                       struct err *err)
{
    struct kept_reason *all = NULL;
    size_t n = 0;
    const struct org_rules *org = settings_for(settings, "");
    enum status s = read_reasons(cli, settings, &all, &n, err);
    for (size_t i = 0; i < org->n_pathways && s == STATUS_OK; i++) {
        s = note_pathway(cli, all, n, i, org->pathways[i].name, now, err);
    }
    return s;
}
