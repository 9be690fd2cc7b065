/* Sockets that listen: of an address, or of a path that stays behind when a process is killed. */
#include "common/runtime/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/runtime/transport.h"

#define BACKLOG 512

static enum status refused(const char *key, const char *why, struct err *err)
{
    return err_set(err, STATUS_FATAL, "config", "%s: %s", key, why);
}

const char *listen_path(const char *where)
{
    return strncmp(where, "unix:", 5) == 0 ? where + 5 : NULL;
}

bool listen_is_local(const char *where)
{
    const char *colon = strrchr(where, ':');
    return listen_path(where) != NULL ||
           (colon != NULL && colon != where && transport_is_local(where, (size_t)(colon - where)));
}

/* ---- addresses ---- */

static enum status bind_address(int *out, const char *key, const char *where, struct err *err)
{
    char host[256];
    const char *colon = strrchr(where, ':');
    size_t len = colon == NULL ? sizeof host : (size_t)(colon - where);
    if (len >= sizeof host) {
        return refused(key, "host:port expected", err);
    }
    const char *from = where;
    if (len >= 2 && from[0] == '[' && from[len - 1] == ']') {
        from++;
        len -= 2;
    }
    memcpy(host, from, len);
    host[len] = '\0';
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_family = AF_UNSPEC};
    struct addrinfo *found = NULL;
    if (getaddrinfo(len == 0 ? NULL : host, colon + 1, &hints, &found) != 0) {
        return refused(key, "no such address", err);
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    enum status s = STATUS_OK;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        s = refused(key, strerror(errno), err);
        if (fd >= 0) {
            close(fd);
        }
    } else {
        *out = fd;
    }
    freeaddrinfo(found);
    return s;
}

/* ---- paths ---- */

/* A socket that a process left behind when it was killed: nobody answers there. */
static bool is_left_behind(const struct sockaddr_un *at)
{
    struct stat st;
    if (lstat(at->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
    bool nobody = !answers && errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return nobody;
}

static enum status bind_path(int *out, const char *key, const char *path, struct err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) >= sizeof at.sun_path) {
        return refused(key, "unix:/path, of at most 107 bytes, expected", err);
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (is_left_behind(&at)) {
        (void)unlink(path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
        enum status s = refused(key, strerror(errno), err);
        if (fd >= 0) {
            close(fd);
        }
        return s;
    }
    *out = fd;
    return STATUS_OK;
}

enum status listen_open(int *out, const char *key, const char *where, struct err *err)
{
    const char *path = listen_path(where);
    return path == NULL ? bind_address(out, key, where, err) : bind_path(out, key, path, err);
}
