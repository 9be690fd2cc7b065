/* A category is sickness, is passed over, or is unknown. A record of an unknown one becomes a dead
 * letter, so that nobody is left out unseen. Settings may replace the list of those passed over;
 * the words for sickness are fixed. */
#include "common/event/category.h"

#include <string.h>

#include "common/event/text.h"

/* The default of the setting ignored_categories; its schema has the same list. */
static const char *const ignored[] = {
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "07",
    "09",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "16",
    "17",
    "annual leave",
    "bank holiday",
    "time off in lieu",
    "maternity",
    "maternity leave",
    "paternity",
    "paternity leave",
    "adoption",
    "adoption leave",
    "parental leave",
    "shared parental leave",
    "study leave",
    "training",
    "special leave",
    "compassionate leave",
    "bereavement leave",
    "carer's leave",
    "carers leave",
    "disability leave",
    "unpaid leave",
    "career break",
    "suspension",
    "medical suspension",
    "jury service",
    "other leave",
};

const char *category_plain(const char *text, char out[CATEGORY_TEXT])
{
    size_t len = 0;
    text = text_trim(text, strlen(text), TEXT_SPACE, &len);
    if (len == 1 && text[0] >= '0' && text[0] <= '9') {
        out[0] = '0';
        out[1] = text[0];
        out[2] = '\0';
        return out;
    }
    return text_fold(text, len, out, CATEGORY_TEXT) ? out : NULL;
}

bool category_is_sickness(const char *plain)
{
    return strcmp(plain, "sickness") == 0 || strcmp(plain, "08") == 0;
}

bool category_is_ignored(const char *plain)
{
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        if (strcmp(plain, ignored[i]) == 0) {
            return true;
        }
    }
    return false;
}
