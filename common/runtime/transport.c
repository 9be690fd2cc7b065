/* The checks of PostgreSQL, of Kafka and of the page's address all ask here. A name that merely
 * resolves to this machine counts as another machine: TLS is rather asked for once too often. */
#include "common/runtime/transport.h"

#include <string.h>

static bool is(const char *host, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(host, name, len) == 0;
}

/* 127. and three more numbers: a name that merely begins so is somebody else's. */
static bool is_127(const char *host, size_t len)
{
    int dots = 0;
    for (size_t i = 0; i < len; i++) {
        bool digit = host[i] >= '0' && host[i] <= '9';
        if (!digit && host[i] != '.') {
            return false;
        }
        dots += host[i] == '.';
    }
    return dots == 3 && memcmp(host, "127.", 4) == 0;
}

bool transport_is_local(const char *host, size_t len)
{
    if (len == 0 || host[0] == '/' || host[0] == '@') {
        return true;
    }
    return is(host, len, "localhost") || is(host, len, "::1") || is(host, len, "[::1]") ||
           is_127(host, len);
}

static bool one_is_local(const char *at, size_t len)
{
    while (len > 0 && (*at == ' ' || *at == '\t')) {
        at++;
        len--;
    }
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
        len--;
    }
    for (size_t i = 0; i + 2 < len; i++) {
        if (memcmp(at + i, "://", 3) == 0) {
            at += i + 3;
            len -= i + 3;
            break;
        }
    }
    if (len > 0 && at[0] == '[') {
        const char *end = memchr(at, ']', len);
        return end != NULL && transport_is_local(at, (size_t)(end - at) + 1);
    }
    const char *colon = memchr(at, ':', len);
    bool has_port = colon != NULL && memchr(colon + 1, ':', len - (size_t)(colon + 1 - at)) == NULL;
    return transport_is_local(at, has_port ? (size_t)(colon - at) : len);
}

bool transport_all_local(const char *list)
{
    for (;;) {
        size_t len = strcspn(list, ",");
        if (!one_is_local(list, len)) {
            return false;
        }
        if (list[len] == '\0') {
            return true;
        }
        list += len + 1;
    }
}
