/* embed - files of the source tree inside a program; made at build time by cmake/embed.cmake. */
#ifndef COMMON_BASE_EMBED_H
#define COMMON_BASE_EMBED_H

#include <stddef.h>

struct embed_file {
    const char *name;          /* without its folder */
    const unsigned char *data; /* len bytes, and a NUL after them */
    size_t len;
};

#endif
