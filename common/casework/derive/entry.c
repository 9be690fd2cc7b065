/* The entries of a spell come to closings, promises, red flags and calls that reached nobody. They
 * are sorted by (at, entry_id), so that a later one has a greater index. */
#include "common/casework/derive/work.h"

#define UNREACHABLE_ATTEMPTS 3

bool entry_is_red(const struct contact_fact *c)
{
    return c->kind == CONTACT_MADE && (c->red_flag || c->outcome == OUTCOME_URGENT_CARE);
}

/* A text, an e-mail or a letter is no sign that the person cannot be reached. */
static bool is_written(const struct contact_fact *c)
{
    return c->channel >= CHANNEL_TEXT || c->outcome == OUTCOME_TEXT_SENT ||
           c->outcome == OUTCOME_EMAIL_SENT || c->outcome == OUTCOME_LETTER_SENT;
}

bool entry_is_failed(const struct contact_fact *c)
{
    return c->kind == CONTACT_ATTEMPT && !is_written(c) &&
           (c->outcome == OUTCOME_NO_ANSWER || c->outcome == OUTCOME_VOICEMAIL ||
            c->outcome == OUTCOME_WRONG_NUMBER);
}

const struct contact_fact *entry_contact_before(const struct spell_work *sw, struct instant at)
{
    const struct contact_fact *found = NULL;
    for (size_t i = 0; i < sw->n_entries && sw->entries[i]->at.us < at.us; i++) {
        found = sw->entries[i]->kind == CONTACT_MADE ? sw->entries[i] : found;
    }
    return found;
}

const struct contact_fact *entry_closing_before(const struct spell_work *sw, struct instant at)
{
    const struct contact_fact *closing = NULL;
    for (size_t i = 0; i < sw->n_entries && sw->entries[i]->at.us < at.us; i++) {
        const struct contact_fact *c = sw->entries[i];
        if (c->kind == CONTACT_CLOSE) {
            closing = c;
        } else if (c->kind == CONTACT_REOPEN ||
                   (c->kind == CONTACT_MADE && closing != NULL && c->at.us > closing->at.us)) {
            closing = NULL;
        }
    }
    return closing;
}

const struct contact_fact *entry_unreachable(const struct work *w, const struct spell_work *sw)
{
    int attempts = 0;
    struct date first = DATE_NONE;
    for (size_t i = 0; i < sw->n_entries && sw->entries[i]->kind != CONTACT_MADE; i++) {
        if (!entry_is_failed(sw->entries[i])) {
            continue;
        }
        struct date day = work_local_date(w, sw->entries[i]->at);
        first = attempts++ == 0 ? day : first;
        if (attempts >= UNREACHABLE_ATTEMPTS && !date_eq(day, first)) {
            return sw->entries[i];
        }
    }
    return NULL;
}

struct instant entry_promised_until(const struct spell_work *sw, size_t n)
{
    const struct contact_fact *c = sw->entries[n];
    if (c->kind != CONTACT_ATTEMPT || c->outcome != OUTCOME_CALL_BACK ||
        instant_is_none(c->call_back_at)) {
        return INSTANT_NONE;
    }
    for (size_t i = n + 1; i < sw->n_entries; i++) {
        const struct contact_fact *later = sw->entries[i];
        if (later->kind == CONTACT_MADE || (later->kind == CONTACT_ATTEMPT && !is_written(later))) {
            return later->at;
        }
    }
    return INSTANT_MAX;
}

const struct contact_fact *entry_open_flag(const struct spell_work *sw)
{
    const struct contact_fact *c = entry_contact_before(sw, INSTANT_MAX);
    if (c == NULL || !entry_is_red(c)) {
        return NULL;
    }
    for (size_t i = 0; i < sw->n_entries; i++) {
        /* By when they were written down: nobody has seen to what was not there yet. */
        if (sw->entries[i]->kind == CONTACT_ACKNOWLEDGE && sw->entries[i]->entry_id > c->entry_id) {
            return NULL;
        }
    }
    return c;
}
