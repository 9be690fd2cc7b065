/* call_words - what a row of oh.calls() or oh.open_case() says of a call, in words: the same on
 * lists, on a case and on paper. */
#ifndef WEB_SCREENS_CALL_WORDS_H
#define WEB_SCREENS_CALL_WORDS_H

#include "services/web/html.h"
#include "services/web/request.h"

/* "2:00pm today", "7 days overdue", "today (due Sunday)", "look again since Monday 7 September". */
void call_when(struct req *q, struct html *h, size_t nth, size_t row);
/* Where they work, and in which language to speak. */
void call_where(struct req *q, struct html *h, size_t nth, size_t row);
/* PROMISED, OVERDUE, RED FLAG … */
void call_tags(struct req *q, struct html *h, size_t nth, size_t row);
/* The number as a link, or why there is none; messages and times. */
void call_number(struct req *q, struct html *h, size_t nth, size_t row);
/* The same without a link, for paper and for those who have no case. */
void call_number_plain(struct req *q, struct html *h, size_t nth, size_t row);
void call_tried(struct req *q, struct html *h, size_t nth, size_t row);
/* The digits that a telephone dials, of a number as HR wrote it. */
const char *call_dial(struct req *q, const char *phone);

#endif
