/* switch - an Ethernet switch between network namespaces, for `./run faults --cluster`: it can lose
 * or delay what passes between any two hosts, which the kernels of small machines often cannot.
 *
 *     switch NAMESPACE...        host n is the n-th, from 1; its interface is `lan`, its address
 *                                02:00:00:00:00:0n
 *
 * Commands come on standard input, one a line, and are answered with "ok":
 *     cut A B loses all frames between two hosts, both ways; neither learns of it
 *     one A B      loses what A sends to B
 *     slow A B MS  delays what passes between them, both ways
 *     heal         all is as at the start
 * It ends with its standard input. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define HOSTS_MAX 16
#define FRAME_MAX 2048
#define QUEUE_MAX 65536 /* frames under way on slow links; more are lost, as on a real one */

struct link {
    bool lost;
    int64_t delay_ms;
    int64_t last_due_ms; /* frames of one link keep their order */
};

struct frame {
    int64_t due_ms;
    int to;
    size_t len;
    unsigned char data[FRAME_MAX];
};

static int n_hosts;
static int host_fd[HOSTS_MAX + 1];
static struct link links[HOSTS_MAX + 1][HOSTS_MAX + 1];
static struct frame *queue[QUEUE_MAX];
static size_t n_queued;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The interface belongs to the namespace it was made in; its descriptor works from everywhere. */
static int open_host(const char *namespace, int home)
{
    char path[256];
    struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    (void)snprintf(path, sizeof path, "/var/run/netns/%s", namespace);
    (void)snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "lan");
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET) != 0) {
        die(path);
    }
    (void)close(ns);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) != 0) {
        die("/dev/net/tun");
    }
    if (setns(home, CLONE_NEWNET) != 0) {
        die("setns");
    }
    return fd;
}

/* ---- frames ---- */

static void put_out(int to, const unsigned char *data, size_t len)
{
    if (write(host_fd[to], data, len) < 0 && errno != EAGAIN && errno != EIO && errno != EINVAL) {
        die("write"); /* EIO: that host's interface is down */
    }
}

static void send_later(struct link *l, int to, const unsigned char *data, size_t len)
{
    if (n_queued == QUEUE_MAX) {
        return;
    }
    struct frame *f = malloc(sizeof *f);
    if (f == NULL) {
        die("malloc");
    }
    int64_t due = now_ms() + l->delay_ms;
    l->last_due_ms = due > l->last_due_ms ? due : l->last_due_ms;
    f->due_ms = l->last_due_ms;
    f->to = to;
    f->len = len;
    memcpy(f->data, data, len);
    queue[n_queued++] = f;
}

static void pass(int from, int to, const unsigned char *data, size_t len)
{
    struct link *l = &links[from][to];
    if (l->lost) {
        return;
    }
    /* Frames of a link that is no longer slow wait for those that still are on their way. */
    if (l->delay_ms > 0 || l->last_due_ms > now_ms()) {
        send_later(l, to, data, len);
    } else {
        put_out(to, data, len);
    }
}

/* Addresses end in the host's number; whatever is for nobody alone is for all. */
static void switch_frame(int from, const unsigned char *data, size_t len)
{
    static const unsigned char ours[] = {2, 0, 0, 0, 0};
    if (len >= 14 && memcmp(data, ours, sizeof ours) == 0 && data[5] >= 1 && data[5] <= n_hosts) {
        pass(from, data[5], data, len);
        return;
    }
    for (int to = 1; to <= n_hosts; to++) {
        if (to != from) {
            pass(from, to, data, len);
        }
    }
}

static void read_host(int from)
{
    unsigned char data[FRAME_MAX];
    for (int i = 0; i < 64; i++) { /* then the others have their turn */
        ssize_t n = read(host_fd[from], data, sizeof data);
        if (n <= 0) {
            return;
        }
        switch_frame(from, data, (size_t)n);
    }
}

/* Gives how long the next one still has; -1: none is under way. */
static int deliver_due(void)
{
    int64_t now = now_ms();
    int64_t next = -1;
    size_t kept = 0;
    for (size_t i = 0; i < n_queued; i++) {
        struct frame *f = queue[i];
        if (f->due_ms <= now) {
            put_out(f->to, f->data, f->len);
            free(f);
        } else {
            next = next < 0 || f->due_ms < next ? f->due_ms : next;
            queue[kept++] = f;
        }
    }
    n_queued = kept;
    return next < 0 ? -1 : (int)(next - now);
}

/* ---- commands ---- */

static void obey(const char *line)
{
    int a = 0;
    int b = 0;
    int ms = 0;
    bool fine = true;
    if (strncmp(line, "heal", 4) == 0) {
        for (a = 1; a <= n_hosts; a++) {
            for (b = 1; b <= n_hosts; b++) {
                links[a][b].lost = false;
                links[a][b].delay_ms = 0;
            }
        }
    } else if (sscanf(line, "cut %d %d", &a, &b) == 2 && a <= HOSTS_MAX && b <= HOSTS_MAX) {
        links[a][b].lost = true;
        links[b][a].lost = true;
    } else if (sscanf(line, "one %d %d", &a, &b) == 2 && a <= HOSTS_MAX && b <= HOSTS_MAX) {
        links[a][b].lost = true;
    } else if (sscanf(line, "slow %d %d %d", &a, &b, &ms) == 3 && a <= HOSTS_MAX &&
               b <= HOSTS_MAX) {
        links[a][b].delay_ms = ms;
        links[b][a].delay_ms = ms;
    } else {
        fine = false;
    }
    printf("%s\n", fine ? "ok" : "no such command");
    (void)fflush(stdout);
}

/* False: standard input has ended. */
static bool read_commands(void)
{
    static char held[4096];
    static size_t n;
    ssize_t got = read(STDIN_FILENO, held + n, sizeof held - n - 1);
    if (got <= 0) {
        return false;
    }
    n += (size_t)got;
    held[n] = '\0';
    char *line = held;
    for (char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n')) {
        *end = '\0';
        obey(line);
        line = end + 1;
    }
    n = strlen(line);
    memmove(held, line, n + 1);
    return n < sizeof held - 1;
}

int main(int argc, char **argv)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct pollfd polled[HOSTS_MAX + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    n_hosts = argc - 1;
    if (home < 0 || n_hosts < 1 || n_hosts > HOSTS_MAX) {
        fprintf(stderr, "usage: switch NAMESPACE... (at most %d)\n", HOSTS_MAX);
        return 1;
    }
    for (int i = 1; i <= n_hosts; i++) {
        host_fd[i] = open_host(argv[i], home);
        polled[i] = (struct pollfd){.fd = host_fd[i], .events = POLLIN};
    }
    puts("ready");
    (void)fflush(stdout);
    for (;;) {
        if (poll(polled, (nfds_t)n_hosts + 1, deliver_due()) < 0 && errno != EINTR) {
            die("poll");
        }
        if (polled[0].revents != 0 && !read_commands()) {
            return 0;
        }
        for (int i = 1; i <= n_hosts; i++) {
            if (polled[i].revents != 0) {
                read_host(i);
            }
        }
    }
}
