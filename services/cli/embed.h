/* embed - files of the source tree inside the program; made at build time by cmake/embed.cmake. */
#ifndef CLI_EMBED_H
#define CLI_EMBED_H

#include <stddef.h>

struct embed_file {
    const char *name;          /* without its folder */
    const unsigned char *data; /* len bytes, and a NUL after them */
    size_t len;
};

extern const struct embed_file embed_sql[]; /* schemas/sql, in order */
extern const size_t embed_sql_n;
extern const struct embed_file embed_settings[]; /* deploy/settings: *.json */
extern const size_t embed_settings_n;

#endif
