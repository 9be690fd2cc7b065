/* member - the known members of a JSON object as a table: found in one pass, then judged and read
 * in the table's order. */
#ifndef COMMON_EVENT_MEMBER_H
#define COMMON_EVENT_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/json/json.h"

#define MEMBER_MAX 20 /* rows in a table */

struct member_table;

struct member {
    const char *name;
    const char *path; /* how a fault names it: "data.contact.phone" */
    bool required;
    /* An object has the table of its own members, which are read into the same struct. Else NULL,
     * and … */
    const struct member_table *inner;
    /* … what reads it: v is never null; into points at offset in the struct. False: it cannot be
     * that. */
    bool (*read)(const struct json *v, void *into, struct arena *a);
    size_t offset;
};

struct member_table {
    const struct member *rows;
    size_t n;
};

/* found[i] is the value of rows[i], NULL where the object has none or null. Unknown members are
 * passed over. */
void member_find(const struct member_table *t, const struct json *object,
                 const struct json *found[MEMBER_MAX]);
/* The path of the first required member that was not found, or NULL. */
const char *member_missing(const struct member_table *t,
                           const struct json *const found[MEMBER_MAX]);
/* Reads all that was found into the struct; the path of the first that is bad, or NULL. Strings are
 * not copied: they live where the JSON does. */
const char *member_read(const struct member_table *t, const struct json *const found[MEMBER_MAX],
                        void *into, struct arena *a);

#define MEMBER_ID_MAX 100 /* bytes of a string that identifies */

/* A string that identifies: 1 to MEMBER_ID_MAX bytes, without the 0x1f that our own ids are joined
 * with, and nothing around it that nobody sees. */
bool member_is_id(const char *s);
/* The last of these, of any string. */
bool member_is_trimmed(const char *s, size_t len);

/* Readers: into a const char *, … */
bool member_id(const struct json *v, void *into, struct arena *a);
bool member_text(const struct json *v, void *into, struct arena *a);  /* empty is not given */
bool member_share(const struct json *v, void *into, struct arena *a); /* 0 to 1: decimal.h */
bool member_any_text(const struct json *v, void *into, struct arena *a);
/* … into a struct date, a struct instant, a bool. */
bool member_date(const struct json *v, void *into, struct arena *a);
bool member_instant(const struct json *v, void *into, struct arena *a);
bool member_bool(const struct json *v, void *into, struct arena *a);

#endif
