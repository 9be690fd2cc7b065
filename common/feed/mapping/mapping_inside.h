/* mapping_inside - what the parts of mapping share. For mapping*.c only. */
#ifndef COMMON_FEED_MAPPING_MAPPING_INSIDE_H
#define COMMON_FEED_MAPPING_MAPPING_INSIDE_H

#include "common/casework/rules/document.h"
#include "common/feed/mapping/mapping.h"

/* A list of texts of 0 to 200 bytes; with one, also a text by itself. */
enum status mapping_read_texts(struct document *doc, const struct json_path *at,
                               const struct json *v, bool one, struct mapping_texts *out) NODISCARD;

/* Which kind of file a table of columns is for. */
enum mapping_side { MAPPING_EXTRACT, MAPPING_STAFF };

/* The member "columns" of the mapping or of its staff list. Columns that stand elsewhere in the
 * mapping can be added behind them. */
#define MAPPING_EXTRA 2
enum status mapping_read_columns(struct document *doc, const struct json_path *at,
                                 const struct json *v, enum mapping_side side,
                                 struct mapping_table *out) NODISCARD;
/* Reads a column, written as a name, a list of names or an object. */
enum status mapping_read_column(struct document *doc, const struct json_path *at,
                                const struct json *v, enum mapping_member member,
                                struct mapping_column *out) NODISCARD;
void mapping_add_column(struct mapping_table *t, const struct mapping_column *c);

/* NULL: fine. Else what is wrong with "mtime" or "name:FORMAT". */
const char *mapping_check_as_of(const char *text);

#endif
