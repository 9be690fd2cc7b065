/* The digests are HMACs by a key that the database does not have. They cover the record's
 * identifiers too, so that equal reasons of two people have different digests. */
#include "common/feed/difference/content.h"

#include <inttypes.h>
#include <string.h>

#define CORE_AT 0
#define CORE_LEN 12
#define JOINED_AT CORE_LEN
#define JOINED_LEN 12
#define REASON_AT (CORE_LEN + JOINED_LEN)
#define REASON_LEN 8
_Static_assert(REASON_AT + REASON_LEN == STATE_DIGEST, "three parts");

bool content_is_over(const struct content *c)
{
    return !date_is_none(c->last_day) && !c->open_ended && c->last_day.days < c->base->today.days;
}

static bool open_ended(const struct content_base *base, const struct record *r)
{
    if ((r->flags & RECORD_OPEN_GIVEN) != 0) {
        return (r->flags & RECORD_OPEN_YES) != 0;
    }
    return base->records->m->rules.provisional && !date_is_none(r->last_day) &&
           r->last_day.days >= base->today.days;
}

struct content content_of_record(const struct content_base *base, const struct record *record)
{
    return (struct content){.base = base,
                            .record = record,
                            .person =
                                people_find(base->people, record->organisation, record->person_id),
                            .organisation = record->organisation,
                            .absence_id = record->absence_id,
                            .person_id = record->person_id,
                            .assignment_id = record->assignment_id,
                            .onset = record->onset,
                            .last_day = record->last_day,
                            .open_ended = open_ended(base, record)};
}

struct content content_of_kept(const struct content_base *base, const struct state_kept *k,
                               struct date last_day)
{
    return (struct content){.base = base,
                            .person = people_find(base->people, k->organisation, k->person_id),
                            .organisation = k->organisation,
                            .absence_id = k->absence_id,
                            .person_id = k->person_id,
                            .assignment_id = k->assignment_id,
                            .onset = k->onset,
                            .last_day = last_day};
}

uint32_t content_value(const struct content *c, enum mapping_member member)
{
    uint32_t own = c->record == NULL ? 0 : records_value(c->base->records, c->record, member);
    return own != 0 || c->person == PEOPLE_NONE ? own
                                                : people_value(c->base->people, c->person, member);
}

const char *content_text(const struct content *c, uint32_t text)
{
    return texts_at(state_texts(c->base->records->state), text);
}

const char *content_scheme(const struct content *c)
{
    if (content_value(c, MAPPING_REASON_CODE) == 0) {
        return NULL;
    }
    uint32_t own = content_value(c, MAPPING_REASON_SCHEME);
    return own != 0 ? content_text(c, own)
                    : mapping_column_of(&c->base->records->m->extract, MAPPING_REASON_CODE)->scheme;
}

/* ---- digests ---- */

static bool is_joined(enum mapping_member m)
{
    return (m >= MAPPING_CONTACT_NAME && m <= MAPPING_CONTACT_DATE_OF_BIRTH) || m == MAPPING_SITE ||
           m == MAPPING_STAFF_GROUP || m == MAPPING_JOB || m == MAPPING_FTE;
}

/* Values of four bytes mean the same in every run only as text. */
static void put_value(struct buf *b, const struct content *c, enum mapping_member m)
{
    uint32_t v = content_value(c, m);
    if (v == 0) {
        return;
    }
    buf_printf(b, "\x1f%s=", mapping_member_name(m));
    switch (mapping_member_kind(m)) {
    case MAPPING_KIND_DATE:
    case MAPPING_KIND_INSTANT:
    case MAPPING_KIND_BOOL:
        buf_printf(b, "%" PRIu32, v);
        return;
    case MAPPING_KIND_ID:
    case MAPPING_KIND_TEXT:
    case MAPPING_KIND_CATEGORY:
    case MAPPING_KIND_SCHEME:
    case MAPPING_KIND_SHARE:
        buf_puts(b, content_text(c, v));
        return;
    }
}

static void begin(struct buf *b, const struct content *c, const char *part)
{
    buf_reset(b);
    buf_printf(b, "%s\x1f%s\x1f%s", part, content_text(c, c->organisation),
               content_text(c, c->absence_id));
}

static void end(const struct buf *b, const struct hmac_key *key, uint8_t *out, size_t len)
{
    uint8_t mac[SHA256_BYTES];
    hmac_sha256(key, b->data, b->len, mac);
    memcpy(out, mac, len);
}

/* open_ended as the file has it: what the rule makes of an end changes by itself, with time. */
static void put_core(struct buf *b, const struct content *c)
{
    uint32_t flags = c->record == NULL ? 0 : c->record->flags;
    buf_printf(b, "\x1f%s\x1f%s\x1f%d\x1f%d\x1f%d", content_text(c, c->person_id),
               content_text(c, c->assignment_id), c->onset.days, c->last_day.days,
               (int)(flags & (RECORD_OPEN_GIVEN | RECORD_OPEN_YES)));
    const char *scheme = content_scheme(c);
    if (scheme != NULL) {
        buf_printf(b, "\x1f%s", scheme);
    }
}

void content_digest(const struct content *c, const struct hmac_key *key, struct buf *scratch,
                    uint8_t out[STATE_DIGEST])
{
    begin(scratch, c, "core");
    put_core(scratch, c);
    for (enum mapping_member m = 0; m < MAPPING_MEMBER_COUNT; m++) {
        if (!is_joined(m) && c->base->records->slot_of[m] != RECORDS_NO_SLOT) {
            put_value(scratch, c, m);
        }
    }
    end(scratch, key, out + CORE_AT, CORE_LEN);
    begin(scratch, c, "joined");
    for (enum mapping_member m = 0; m < MAPPING_MEMBER_COUNT; m++) {
        if (is_joined(m)) {
            put_value(scratch, c, m);
        }
    }
    end(scratch, key, out + JOINED_AT, JOINED_LEN);
    begin(scratch, c, "reason");
    const char *scheme = content_scheme(c);
    if (scheme != NULL) {
        buf_printf(scratch, "\x1f%s", scheme);
        put_value(scratch, c, MAPPING_REASON_CODE);
    }
    end(scratch, key, out + REASON_AT, REASON_LEN);
}

bool content_core_differs(const uint8_t a[STATE_DIGEST], const uint8_t b[STATE_DIGEST])
{
    return memcmp(a + CORE_AT, b + CORE_AT, CORE_LEN) != 0;
}

bool content_joined_differs(const uint8_t a[STATE_DIGEST], const uint8_t b[STATE_DIGEST])
{
    return memcmp(a + JOINED_AT, b + JOINED_AT, JOINED_LEN) != 0;
}

bool content_reason_differs(const uint8_t a[STATE_DIGEST], const uint8_t b[STATE_DIGEST])
{
    return memcmp(a + REASON_AT, b + REASON_AT, REASON_LEN) != 0;
}
