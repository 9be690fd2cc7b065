/* Codes of the database in the words people use. A code that is not here is shown as it
 * is: better a strange word than none. */
#include <string.h>

#include "services/web/words.h"

struct word {
    const char *code, *text;
};

static const char *among(const struct word *words, size_t n, const char *code)
{
    if (code == NULL) {
        return "";
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i].code, code) == 0) {
            return words[i].text;
        }
    }
    return code;
}
#define AMONG(words, code) among((words), sizeof(words) / sizeof((words)[0]), (code))

const char *words_outcome(const char *code)
{
    static const struct word words[] = {
        {"no_answer", "no answer"},
        {"busy", "busy"},
        {"voicemail", "left a voicemail"},
        {"wrong_number", "number is wrong or not in use"},
        {"message_with_other", "spoke to somebody else, left no details"},
        {"call_back", "asked us to call back"},
        {"text_sent", "sent a text"},
        {"email_sent", "sent an email"},
        {"letter_sent", "sent a letter"},
        {"fast_track_treatment", "treatment with us (fast track)"},
        {"self_management_advice", "self-management advice"},
        {"onward_referral", "referral to another service"},
        {"no_action_needed", "nothing needed"},
        {"declined", "did not want help"},
        {"already_in_care", "already being treated"},
        {"urgent_care_advised", "urgent care advised"},
    };
    return AMONG(words, code);
}

const char *words_channel(const char *code)
{
    static const struct word words[] = {
        {"phone", "phone"}, {"video", "video"}, {"in_person", "in person"},
        {"text", "text"},   {"email", "email"}, {"letter", "letter"},
    };
    return AMONG(words, code);
}

const char *words_queue(const struct words *w, const char *queue)
{
    if (queue == NULL || queue[0] == '\0') {
        return "";
    }
    char *text = arena_strdup(w->arena, queue);
    text[0] = (char)(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]);
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)(*c == '-' || *c == '_' ? ' ' : *c);
    }
    return text;
}

const char *words_end_reason(const char *code)
{
    static const struct word words[] = {
        {"returned_before_contact", "back at work before we called"},
        {"returned_uncontacted", "back at work, and we had not reached them"},
        {"returned_before_notice", "back at work before HR reported it"},
        {"left_employment", "they left the organisation"},
        {"died", "they died"},
        {"opted_out", "they do not want calls"},
        {"entered_in_error", "HR entered the absence by mistake"},
        {"moved", "HR moved the absence to another person"},
        {"not_yet", "the absence begins later"},
        {"superseded", "the reason changed: it is another team's case now"},
        {"merged", "it is part of another case now"},
        {"pathway_no_longer_matches", "the reason changed: no call is needed"},
    };
    return AMONG(words, code);
}

const char *words_close_reason(const char *code)
{
    static const struct word words[] = {
        {"recovered", "recovered"},
        {"referred", "referred"},
        {"declined", "they did not want help"},
        {"unable_to_contact", "unable to contact"},
        {"other", "another reason"},
    };
    return AMONG(words, code);
}

const char *words_told_hr(const char *kind)
{
    static const struct word words[] = {
        {"returned-to-work", "back at work"},
        {"interview.due", "return-to-work interview due"},
        {"return-to-work.partial", "back at one of two posts"},
        {"expected-return.approaching", "expected back soon"},
        {"expected-return.passed", "was expected back"},
        {"fit-note.due", "fit note due"},
        {"fit-note.expiring", "fit note ends soon"},
        {"phased-return.review-due", "phased return: review"},
        {"phased-return.ending", "phased return: ends soon"},
        {"absence-reason.due", "reason missing"},
    };
    return AMONG(words, kind);
}

const char *words_language(const char *code)
{
    static const struct word words[] = {
        {"", ""},           {"en", ""},
        {"cy", "Welsh"},    {"pl", "Polish"},
        {"ur", "Urdu"},     {"pa", "Punjabi"},
        {"bn", "Bengali"},  {"gu", "Gujarati"},
        {"ar", "Arabic"},   {"pt", "Portuguese"},
        {"es", "Spanish"},  {"fr", "French"},
        {"ro", "Romanian"}, {"so", "Somali"},
        {"ta", "Tamil"},    {"zh", "Chinese"},
        {"it", "Italian"},  {"fil", "Filipino"},
        {"tl", "Filipino"}, {"ml", "Malayalam"},
        {"hi", "Hindi"},    {"bfi", "British Sign Language"},
    };
    return AMONG(words, code);
}
