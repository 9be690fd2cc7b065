/* embed - the files of the source tree that are inside the command. */
#ifndef CLI_EMBED_H
#define CLI_EMBED_H

#include "common/base/embed.h"

extern const struct embed_file embed_sql[]; /* schemas/sql, in order */
extern const size_t embed_sql_n;
extern const struct embed_file embed_repeatable[]; /* schemas/sql/repeatable, in order */
extern const size_t embed_repeatable_n;
extern const struct embed_file embed_settings[]; /* deploy/settings: *.json */
extern const size_t embed_settings_n;

#endif
