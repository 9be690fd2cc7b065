/* story - the rows of oh.case_history() in words: what HR reported, what we published, what
 * colleagues did. */
#ifndef WEB_SCREENS_STORY_H
#define WEB_SCREENS_STORY_H

#include "services/web/html.h"
#include "services/web/request.h"

/* "Amy Jones: no answer", "HR reported the absence: off since Sunday 6 September"; "" for a row
 * that is not for people. Lives in the request's arena. */
const char *story_text(struct req *q, size_t nth, size_t row);

/* All rows of answer nth as a list, newest first, at most so many; entries that this login may undo
 * have a link. 0: all. */
void story_list(struct req *q, struct html *h, size_t nth, size_t most);

#endif
