/* Paths are matched piece by piece; ID and N in a pattern stand for a task's id and a number. The
 * table itself is in routes.c. */
#include "services/web/route.h"

#include <stdlib.h>
#include <string.h>

/* Crockford's base32, upper case, as ids are made: nothing else is one. */
static bool is_id(const char *text, size_t len)
{
    return len == ROUTE_ID_BYTES && strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") >= len;
}

static bool is_number(const char *text, size_t len)
{
    return len >= 1 && len <= 9 && text[0] != '0' && strspn(text, "0123456789") >= len;
}

static bool piece_matches(const char *pattern, size_t n, const char *text, size_t len,
                          struct route_match *m)
{
    if (n == 2 && strncmp(pattern, "ID", 2) == 0) {
        if (!is_id(text, len)) {
            return false;
        }
        memcpy(m->id, text, len);
        m->id[len] = '\0';
        return true;
    }
    if (n == 1 && pattern[0] == 'N') {
        m->number = is_number(text, len) ? strtol(text, NULL, 10) : 0;
        return m->number > 0;
    }
    return n == len && memcmp(pattern, text, n) == 0;
}

static bool matches(const char *pattern, const char *path, struct route_match *m)
{
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        size_t n = strcspn(pattern, "/");
        size_t len = strcspn(path, "/");
        if (!piece_matches(pattern, n, path, len, m)) {
            return false;
        }
        pattern += n;
        path += len;
    }
    return *pattern == '\0' && *path == '\0';
}

struct route_match route_find(const struct route *table, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++) {
        struct route_match m = {.route = &table[i]};
        if (matches(table[i].pattern, path, &m)) {
            return m;
        }
    }
    return (struct route_match){0};
}
