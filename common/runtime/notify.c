/* Nothing here fails: a service without a manager, or with a deaf one, works the same. A watchdog
 * whose variables were inherited from another process is not fed. */
#include "common/runtime/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/runtime/clock.h"

#define STATUS_TEXT 256
#define FEEDS_A_PERIOD 3
#define ROOM_MS 500 /* how long is waited for room where the manager must not miss it */

static struct {
    int fd; /* 0: not opened */
    struct sockaddr_un to;
    socklen_t len;
    int64_t feed_every_ms; /* 0: no watchdog */
    int64_t fed_ms;
    bool told_ready, told_stopping;
    char status[STATUS_TEXT];
} manager;

/* Waits a little for room where the manager must not miss it; the rest is said again soon. */
static void tell(const char *text, bool must_arrive)
{
    if (manager.fd > 0) {
        (void)sendto(manager.fd, text, strlen(text),
                     MSG_NOSIGNAL | (must_arrive ? 0 : MSG_DONTWAIT),
                     (const struct sockaddr *)&manager.to, manager.len);
    }
}

/* A path, or with an @ in front an abstract name. */
static bool take_address(const char *name)
{
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof manager.to.sun_path) {
        return false;
    }
    manager.to.sun_family = AF_UNIX;
    memcpy(manager.to.sun_path, name, len);
    if (name[0] == '@') {
        manager.to.sun_path[0] = '\0';
    }
    manager.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

static int64_t whole_number(const char *name)
{
    const char *text = getenv(name);
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
    return digits > 0 && digits < 18 && text[digits] == '\0' ? strtoll(text, NULL, 10) : -1;
}

static int64_t feed_every_ms(void)
{
    int64_t us = whole_number("WATCHDOG_USEC");
    int64_t pid = whole_number("WATCHDOG_PID");
    if (us <= 0 || (getenv("WATCHDOG_PID") != NULL && pid != (int64_t)getpid())) {
        return 0;
    }
    int64_t ms = us / 1000 / FEEDS_A_PERIOD;
    return ms > 0 ? ms : 1;
}

void notify_open(void)
{
    notify_close();
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || !take_address(name)) {
        return;
    }
    manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct timeval room = {.tv_usec = ROOM_MS * 1000L};
    (void)setsockopt(manager.fd, SOL_SOCKET, SO_SNDTIMEO, &room, sizeof room);
    manager.feed_every_ms = feed_every_ms();
}

void notify_close(void)
{
    if (manager.fd > 0) {
        (void)close(manager.fd);
    }
    memset(&manager, 0, sizeof manager);
}

void notify_ready(void)
{
    if (!manager.told_ready) {
        tell("READY=1", true);
        manager.told_ready = true;
    }
}

void notify_stopping(void)
{
    if (!manager.told_stopping) {
        tell("STOPPING=1", true);
        manager.told_stopping = true;
    }
}

void notify_status(const char *fmt, ...)
{
    char text[STATUS_TEXT];
    char line[STATUS_TEXT + sizeof "STATUS="];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    text[strcspn(text, "\n")] = '\0';
    if (strcmp(text, manager.status) == 0) {
        return;
    }
    memcpy(manager.status, text, sizeof text);
    (void)snprintf(line, sizeof line, "STATUS=%s", text);
    tell(line, false);
}

void notify_alive(void)
{
    int64_t now = clock_mono_ms();
    if (manager.feed_every_ms == 0 ||
        (manager.fed_ms != 0 && now - manager.fed_ms < manager.feed_every_ms)) {
        return;
    }
    manager.fed_ms = now;
    tell("WATCHDOG=1", false);
}
