/* fact.contact holds outcomes and channels by their numbers, and functions of schema oh take their
 * names. So a new one goes to the end of its list. contact_outcome_fits() decides what `dayfour`
 * offers; the functions of schema oh judge for themselves. */
#include "common/casework/facts.h"

#include <string.h>

static const char *const outcome_names[OUTCOME_COUNT] = {
#define OUTCOME_NAME(id, name) name,
    CONTACT_OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
};

const char *contact_outcome_name(enum contact_outcome o)
{
    return outcome_names[o];
}

static const char *const channel_names[CHANNEL_COUNT] = {
#define CHANNEL_NAME(id, name) name,
    CONTACT_CHANNELS(CHANNEL_NAME)
#undef CHANNEL_NAME
};

const char *contact_channel_name(enum contact_channel c)
{
    return channel_names[c];
}

bool contact_channel_parse(const char *name, enum contact_channel *out)
{
    for (int c = CHANNEL_UNKNOWN + 1; c < CHANNEL_COUNT; c++) {
        if (strcmp(channel_names[c], name) == 0) {
            *out = (enum contact_channel)c;
            return true;
        }
    }
    return false;
}

bool contact_outcome_fits(enum contact_kind kind, enum contact_outcome o)
{
    switch (o) {
    case OUTCOME_NO_ANSWER:
    case OUTCOME_BUSY:
    case OUTCOME_VOICEMAIL:
    case OUTCOME_WRONG_NUMBER:
    case OUTCOME_MESSAGE_WITH_OTHER:
    case OUTCOME_CALL_BACK:
    case OUTCOME_TEXT_SENT:
    case OUTCOME_EMAIL_SENT:
    case OUTCOME_LETTER_SENT:
        return kind == CONTACT_ATTEMPT;
    case OUTCOME_FAST_TRACK:
    case OUTCOME_SELF_MANAGEMENT:
    case OUTCOME_ONWARD_REFERRAL:
    case OUTCOME_NO_ACTION:
    case OUTCOME_ALREADY_IN_CARE:
    case OUTCOME_URGENT_CARE:
        return kind == CONTACT_MADE;
    case OUTCOME_DECLINED:
        return kind == CONTACT_MADE || kind == CONTACT_CLOSE;
    case OUTCOME_RECOVERED:
    case OUTCOME_REFERRED:
    case OUTCOME_UNABLE_TO_CONTACT:
    case OUTCOME_OTHER:
        return kind == CONTACT_CLOSE;
    case OUTCOME_NONE:
    case OUTCOME_COUNT:
    default:
        return false;
    }
}

bool contact_outcome_parse(const char *name, enum contact_outcome *out)
{
    for (int o = OUTCOME_NONE + 1; o < OUTCOME_COUNT; o++) {
        if (strcmp(outcome_names[o], name) == 0) {
            *out = (enum contact_outcome)o;
            return true;
        }
    }
    return false;
}
