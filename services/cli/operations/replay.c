/* dayfour dead-letters replay: letters that can be taken by now are sent once more, as they came.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/event/frozen.h"
#include "common/event/inbound.h"
#include "services/cli/commands.h"
#include "services/cli/hr/sender.h"
#include "services/cli/operations/dead_letters.h"

struct dead_letter {
    const char *position; /* as people write it */
    char *value;          /* NULL: none */
    size_t len;
    int64_t size; /* of the whole value */
    const void *key;
    size_t key_len;
    struct header *headers;
    size_t n_headers;
};

static const struct pg_stmt read_dead_letter = {
    "replay_read",
    "select key, value, headers, size from ops.dead_letter_raw"
    " where topic = $1 and partition = $2 and \"offset\" = $3",
    (const uint32_t[]){PG_TEXT, PG_INT4, PG_INT8, 0}};

static void *copy(struct arena *a, const struct pg_result *r, int col, size_t *len)
{
    const void *data = pg_bytes(r, 0, col, len);
    return data == NULL ? NULL : arena_strndup(a, data, *len);
}

static void take_headers(struct arena *a, const char *frozen, size_t len, struct dead_letter *out)
{
    struct frozen_header h;
    size_t at = 0;
    size_t n = 0;
    while (frozen_next(frozen, len, &at, &h)) {
        n++;
    }
    out->headers = arena_array(a, n, sizeof *out->headers);
    at = 0;
    while (out->n_headers < n && frozen_next(frozen, len, &at, &h)) {
        out->headers[out->n_headers++] =
            (struct header){.name = arena_strndup(a, h.name, h.name_len),
                            .value = h.value,
                            .len = h.value_len,
                            .is_null = h.value == NULL};
    }
}

static enum status read_one(struct cli *cli, const char *text, struct dead_letter *out,
                            struct err *err)
{
    struct record_position position;
    if (!dead_letters_parse(text, &position)) {
        return err_set(err, STATUS_REJECT, "input", "TOPIC/PARTITION/OFFSET is needed");
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, position.topic);
    pg_arg_i32(&values, position.partition);
    pg_arg_i64(&values, position.offset);
    enum status s = cli_query(cli, &read_dead_letter, &values, &r, err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return s;
    }
    if (pg_rows(r) == 0) {
        return err_set(
            err, STATUS_REJECT, "input",
            "%s: no dead letter at that place, or you do not own the feed of its organisation",
            text);
    }
    size_t len = 0;
    *out = (struct dead_letter){.position = text, .size = pg_i64(r, 0, 3)};
    out->key = copy(cli->arena, r, 0, &out->key_len);
    out->value = copy(cli->arena, r, 1, &out->len);
    const char *frozen = copy(cli->arena, r, 2, &len);
    take_headers(cli->arena, frozen, frozen == NULL ? 0 : len, out);
    return STATUS_OK;
}

/* Would it be refused again? By form only: whom a source may speak for is the settings' to say. */
static enum status check(struct cli *cli, const struct dead_letter *l, bool force, struct err *err)
{
    if ((int64_t)l->len != l->size) {
        return err_set(err, STATUS_REJECT, "input", "%s: too large, only its beginning was kept",
                       l->position);
    }
    struct raw_record raw = {
        .value = l->value, .len = l->len, .headers = l->headers, .n_headers = l->n_headers};
    struct inbound_limits limits = {.max_bytes = (size_t)cli->conf->intake_max_bytes};
    struct inbound in;
    inbound_decode(&raw, &limits, cli->arena, &in);
    if (in.verdict == VERDICT_REJECTED && !force) {
        return err_set(err, STATUS_REJECT, "input", "%s: it would be refused again: %s%s%s",
                       l->position, reject_reason_name(in.reason),
                       in.detail[0] == '\0' ? "" : " at ", in.detail);
    }
    return STATUS_OK;
}

static enum status send_all(struct cli *cli, const struct dead_letter *dead_letters, size_t n,
                            struct err *err)
{
    struct sender *sender = NULL;
    enum status s = sender_open(&sender, cli, cli->conf->kafka_topic_absences, n, err);
    for (size_t i = 0; i < n && s == STATUS_OK; i++) {
        const struct dead_letter *l = &dead_letters[i];
        s = sender_send(sender,
                        &(struct sender_message){.key = l->key,
                                                 .key_len = l->key_len,
                                                 .value = l->value,
                                                 .len = l->len,
                                                 .headers = l->headers,
                                                 .n_headers = l->n_headers,
                                                 .what = l->position},
                        err);
    }
    s = s == STATUS_OK ? sender_finish(sender, err) : s;
    sender_free(sender);
    return s == STATUS_OK ? s : STATUS_FATAL;
}

int replay_run(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct dead_letter *dead_letters = arena_array(cli->arena, args->n, sizeof *dead_letters);
    bool force = options_flag(args, "force");
    enum status s = STATUS_OK;
    for (size_t i = 0; i < args->n && s == STATUS_OK; i++) {
        s = read_one(cli, options_argument(args, i), &dead_letters[i], &err);
        s = s == STATUS_OK ? check(cli, &dead_letters[i], force, &err) : s;
    }
    s = s == STATUS_OK ? send_all(cli, dead_letters, args->n, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("dead-letters replay", s, &err);
    }
    printf("sent %zu %s once more\n", args->n, args->n == 1 ? "letter" : "letters");
    return EXIT_DONE;
}
