/* base64 - bytes that are no text, in JSON. */
#ifndef CLI_BASE64_H
#define CLI_BASE64_H

#include <stddef.h>

#include "common/buf.h"

void base64_put(struct buf *out, const void *data, size_t len); /* appends and terminates */

#endif
