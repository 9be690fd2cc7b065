/* base64 - RFC 4648's standard alphabet, padded, without line breaks. */
#ifndef COMMON_BASE_BASE64_H
#define COMMON_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"

void base64_put(struct buf *out, const void *data, size_t len); /* appends and terminates */

/* The bytes of text, in the arena. False: text is anything else than padded base64. */
bool base64_read(const char *text, size_t len, struct arena *a, char **out, size_t *out_len);

#endif
