#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/notify.h"
#include "tests/unit/leakcheck.h"

TestSuite(notify, .fini = leakcheck, .timeout = 20);

static char folder[] = "/tmp/notify.XXXXXX";

/* A manager's end of the socket; abstract: a name without a file. */
static int manager(bool abstract)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char name[64];
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(name, sizeof name, "%s%s/socket", abstract ? "@" : "", folder);
    memcpy(to.sun_path, name, strlen(name));
    if (abstract) {
        to.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    cr_assert_eq(bind(fd, (struct sockaddr *)&to, len), 0);
    cr_assert_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static const char *heard(int fd)
{
    static char text[512];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void dismiss(int fd)
{
    char path[64];
    notify_close();
    close(fd);
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

Test(notify, without_a_manager)
{
    unsetenv("NOTIFY_SOCKET");
    notify_open();
    notify_ready();
    notify_alive();
    notify_status("%d", 1);
    notify_stopping();
    notify_close();
    setenv("NOTIFY_SOCKET", "neither a path nor a name", 1);
    notify_open();
    notify_ready();
}

Test(notify, each_thing_once)
{
    for (int abstract = 0; abstract < 2; abstract++) {
        strcpy(folder, "/tmp/notify.XXXXXX");
        int fd = manager(abstract == 1);
        notify_open();
        notify_ready();
        notify_ready();
        cr_assert_str_eq(heard(fd), "READY=1");
        cr_assert_str_eq(heard(fd), "");
        notify_status("%s", "two\nlines");
        notify_status("two");
        cr_assert_str_eq(heard(fd), "STATUS=two");
        cr_assert_str_eq(heard(fd), "");
        notify_stopping();
        notify_stopping();
        cr_assert_str_eq(heard(fd), "STOPPING=1");
        cr_assert_str_eq(heard(fd), "");
        dismiss(fd);
    }
}

Test(notify, feeds_the_watchdog_a_third_of_its_time_apart)
{
    int fd = manager(false);
    char pid[24];
    notify_open();
    notify_alive();
    cr_assert_str_eq(heard(fd), "", "nobody asked for it");
    setenv("WATCHDOG_USEC", "300000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    notify_open();
    notify_alive();
    cr_assert_str_eq(heard(fd), "", "asked of another process");
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    notify_open();
    notify_alive();
    notify_alive();
    cr_assert_str_eq(heard(fd), "WATCHDOG=1");
    cr_assert_str_eq(heard(fd), "");
    nanosleep(&(struct timespec){.tv_nsec = 110000000}, NULL);
    notify_alive();
    cr_assert_str_eq(heard(fd), "WATCHDOG=1");
    dismiss(fd);
}

Test(notify, a_manager_that_is_gone)
{
    int fd = manager(false);
    notify_open();
    dismiss(fd);
    fd = -1;
    notify_open();
    notify_ready();
    notify_status("%s", "x");
    notify_stopping();
    notify_close();
}
