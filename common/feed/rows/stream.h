/* stream - the bytes of a file as UTF-8, a window at a time, or why the file is not what the
 * mapping describes. Pure. */
#ifndef COMMON_FEED_ROWS_STREAM_H
#define COMMON_FEED_ROWS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/feed/rows/input.h"
#include "common/feed/rows/refusal.h"

struct stream;

/* Does iconv know this encoding? */
bool stream_knows(const char *encoding);

/* encoding: as iconv names it. Nothing is read yet. */
struct stream *stream_new(const struct input *in, const char *encoding);
void stream_free(struct stream *s); /* NULL is fine */

/* The bytes that are there and not yet passed over. Valid until stream_more. */
const char *stream_at(const struct stream *s, size_t *len);
void stream_pass(struct stream *s, size_t n);
/* More behind it, if there is any: stream_ended says so. False: the file is refused. */
bool stream_more(struct stream *s, struct refusal *why);
bool stream_ended(const struct stream *s);

/* At the end: false, refused, where a file of a one-byte encoding was UTF-8 throughout. */
bool stream_close(const struct stream *s, struct refusal *why);

#endif
