/* The key file: 64 hex digits in a line. A new one is written under another name and then linked to
 * its own. So two first runs end up with the same key, and nobody reads half of one. */
#include "services/cli/feed/feed_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES 32
#define KEY_TEXT (2 * KEY_BYTES)
#define KEY_MODE 0600

static enum status fault(const char *path, struct err *err)
{
    return err_set(err, STATUS_FATAL, "config", "feed.key_file: %s: %s", path, strerror(errno));
}

static enum status check_mode(int fd, const char *path, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return fault(path, err);
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
        return err_set(err, STATUS_FATAL, "config",
                       "feed.key_file: %s: must be a regular file that its owner alone can read "
                       "(chmod 600)",
                       path);
    }
    return STATUS_OK;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum status parse(const char *text, size_t len, uint8_t key[KEY_BYTES], const char *path,
                         struct err *err)
{
    bool fine = len == KEY_TEXT || (len == KEY_TEXT + 1 && text[KEY_TEXT] == '\n');
    for (size_t i = 0; fine && i < KEY_BYTES; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);
        fine = high >= 0 && low >= 0;
        key[i] = (uint8_t)(fine ? high * 16 + low : 0);
    }
    return fine ? STATUS_OK
                : err_set(err, STATUS_FATAL, "config",
                          "feed.key_file: %s: must be one line of 64 hex digits", path);
}

/* STATUS_RETRY: it is missing. */
static enum status read_key(const char *path, uint8_t key[KEY_BYTES], struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_RETRY : fault(path, err);
    }
    char text[KEY_TEXT + 2];
    enum status s = check_mode(fd, path, err);
    ssize_t got = s == STATUS_OK ? read(fd, text, sizeof text) : 0;
    if (got < 0) {
        s = fault(path, err);
    }
    s = s == STATUS_OK ? parse(text, (size_t)got, key, path, err) : s;
    (void)close(fd);
    memset(text, 0, sizeof text);
    return s;
}

static enum status write_new(const char *path, struct err *err)
{
    uint8_t key[KEY_BYTES];
    char text[KEY_TEXT + 2];
    char temporary[PATH_MAX + 16];
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key) {
        return err_set(err, STATUS_FATAL, "random", "the system gave no random bytes");
    }
    (void)hash_hex(key, KEY_BYTES, text);
    text[KEY_TEXT] = '\n';
    (void)snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, KEY_MODE);
    bool fine = fd >= 0 && write(fd, text, KEY_TEXT + 1) == KEY_TEXT + 1 && fsync(fd) == 0;
    enum status s = STATUS_OK;
    if (!fine || (link(temporary, path) != 0 && errno != EEXIST)) {
        s = fault(path, err);
    }
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(temporary);
    }
    memset(key, 0, sizeof key);
    memset(text, 0, sizeof text);
    return s;
}

enum status feed_key_open(struct hmac_key **out, const struct conf *conf, const char *dir,
                          bool may_make, struct err *err)
{
    char usual[PATH_MAX];
    uint8_t key[KEY_BYTES];
    (void)snprintf(usual, sizeof usual, "%s/.feed.key", dir);
    const char *path = conf->feed_key_file != NULL ? conf->feed_key_file : usual;
    enum status s = read_key(path, key, err);
    if (s == STATUS_RETRY && may_make) {
        s = write_new(path, err);
        s = s == STATUS_OK ? read_key(path, key, err) : s;
    }
    if (s == STATUS_RETRY) {
        return err_set(err, STATUS_FATAL, "config",
                       "feed.key_file: %s: missing, but the state was made with it; restore it, or "
                       "`dayfour feed forget` the source",
                       path);
    }
    if (s == STATUS_OK) {
        *out = hmac_key_new(key, KEY_BYTES);
    }
    memset(key, 0, sizeof key);
    return s;
}
