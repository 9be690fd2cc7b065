/* The folders of a feed. HR's file transfer writes into the first one, often as another Unix user
 * of the same group, so nothing in it is trusted. Only regular files are opened, and links are not
 * followed. A file that changes while it is read is left for the next run.
 *
 * Invariants: a file leaves the first folder by rename only, so it is whole in one place at every
 * instant. A file of rejected rows is replaced by rename, so a reader never sees half of one. */
#include "services/cli/feed/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"

#define FOLDER_MODE 0750
#define FILE_MODE 0640
#define OF_GROUP (S_IRGRP | S_IWGRP | S_IXGRP)
#define OF_OTHERS (S_IROTH | S_IWOTH | S_IXOTH)

/* ---- rights ---- */

/* own: the group that may have rights. */
static enum status check_rights(int fd, const char *path, const char *name, gid_t own,
                                struct err *err)
{
    struct stat st;
    const char *slash = name[0] == '\0' ? "" : "/";
    if (fstat(fd, &st) != 0) {
        return err_set(err, STATUS_REJECT, "folder", "%s%s%s: %s", path, slash, name,
                       strerror(errno));
    }
    if ((st.st_mode & OF_OTHERS) != 0) {
        return err_set(err, STATUS_REJECT, "folder",
                       "%s%s%s: everybody has rights on this folder; chmod o-rwx it", path, slash,
                       name);
    }
    if ((st.st_mode & OF_GROUP) != 0 && st.st_gid != own) {
        return err_set(err, STATUS_REJECT, "folder",
                       "%s%s%s: another group has rights on this folder; chgrp it to the group "
                       "dayfour feed runs as, or chmod g-rwx it",
                       path, slash, name);
    }
    return STATUS_OK;
}

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (at == AT_FDCWD ? 0 : O_NOFOLLOW));
}

/* done or rejected. *fd stays -1 where it is missing and not to be made. */
static enum status open_beneath(const struct folders *f, const char *name, gid_t own, bool make,
                                int *fd, struct err *err)
{
    *fd = open_folder(f->in, name);
    if (*fd < 0 && errno == ENOENT && make) {
        /* The mask of the process may be narrower, and a folder above may hand down its group. */
        bool made = mkdirat(f->in, name, FOLDER_MODE) == 0;
        *fd = open_folder(f->in, name);
        if (made && *fd >= 0 &&
            (fchown(*fd, (uid_t)-1, getegid()) != 0 || fchmod(*fd, FOLDER_MODE) != 0)) {
            return err_set(err, STATUS_REJECT, "folder", "%s/%s: %s", f->path, name,
                           strerror(errno));
        }
    }
    if (*fd < 0) {
        return errno == ENOENT && !make ? STATUS_OK
                                        : err_set(err, STATUS_REJECT, "folder", "%s/%s: %s",
                                                  f->path, name, strerror(errno));
    }
    return check_rights(*fd, f->path, name, own, err);
}

static enum status open_all(struct folders *f, const char *path, gid_t own, bool make,
                            struct err *err)
{
    *f = (struct folders){.path = mem_strdup(path), .done = -1, .rejected = -1};
    f->in = open_folder(AT_FDCWD, path);
    if (f->in < 0) {
        return err_set(err, STATUS_REJECT, "folder", "%s: %s", path, strerror(errno));
    }
    enum status s = check_rights(f->in, path, "", own, err);
    s = s == STATUS_OK ? open_beneath(f, "done", own, make, &f->done, err) : s;
    return s == STATUS_OK ? open_beneath(f, "rejected", own, make, &f->rejected, err) : s;
}

enum status folders_open(struct folders *f, const char *path, struct err *err)
{
    enum status s = open_all(f, path, getegid(), true, err);
    if (s != STATUS_OK) {
        folders_close(f);
    }
    return s;
}

enum status folders_check(const char *path, struct err *err)
{
    struct folders f;
    struct stat st;
    gid_t own = stat(path, &st) == 0 ? st.st_gid : getegid();
    enum status s = open_all(&f, path, own, false, err);
    folders_close(&f);
    return s;
}

static void close_one(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void folders_close(struct folders *f)
{
    close_one(&f->in);
    close_one(&f->done);
    close_one(&f->rejected);
    free(f->path);
    f->path = NULL;
}

/* ---- what is there ---- */

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name);
    size_t m = strlen(ending);
    return n > m && strcmp(name + n - m, ending) == 0;
}

/* A transfer in progress, by the names that upload programs give to one. */
static bool is_under_way(const char *name)
{
    return name[0] == '.' || ends_in(name, ".tmp") || ends_in(name, ".part") ||
           ends_in(name, ".filepart");
}

static struct instant instant_of(const struct timespec *t)
{
    return (struct instant){(int64_t)t->tv_sec * US_PER_SECOND + t->tv_nsec / 1000};
}

/* A time in the future comes from a sender whose clock is ahead: then the inode's own time counts,
 * which no sender can set. */
static bool is_still(const struct stat *st, int64_t still_seconds)
{
    struct instant now = clock_wall();
    struct instant changed = instant_of(&st->st_mtim);
    if (changed.us > now.us) {
        changed = instant_of(&st->st_ctim);
    }
    return now.us - changed.us >= still_seconds * US_PER_SECOND;
}

struct listing {
    struct arena *arena;
    struct folder_file *file;
    size_t n, room;
};

static void add_file(struct listing *l, const struct folder_file *file)
{
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 64 : 2 * l->room;
        struct folder_file *more = arena_array(l->arena, room, sizeof *more);
        if (l->n > 0) {
            memcpy(more, l->file, l->n * sizeof *more);
        }
        l->file = more;
        l->room = room;
    }
    l->file[l->n++] = *file;
}

static enum status list_one(const struct folders *f, int fd, const char *pattern,
                            int64_t still_seconds, struct listing *l, struct err *err)
{
    int copy = open_folder(fd, "."); /* closedir() closes it */
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (dir == NULL) {
        close_one(&copy);
        return err_set(err, STATUS_FATAL, "folder", "%s: %s", f->path, strerror(errno));
    }
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        struct stat st;
        if (is_under_way(e->d_name) || fnmatch(pattern, e->d_name, FNM_PERIOD) != 0 ||
            fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) {
            continue;
        }
        add_file(l, &(struct folder_file){.name = arena_strdup(l->arena, e->d_name),
                                          .is_done = fd == f->done,
                                          .size = (int64_t)st.st_size,
                                          .modified = instant_of(&st.st_mtim),
                                          .device = st.st_dev,
                                          .inode = st.st_ino,
                                          .is_still = is_still(&st, still_seconds)});
    }
    (void)closedir(dir);
    return STATUS_OK;
}

enum status folders_list(const struct folders *f, const char *pattern, int64_t still_seconds,
                         struct arena *a, struct folder_file **out, size_t *n, struct err *err)
{
    struct listing l = {.arena = a};
    enum status s = list_one(f, f->in, pattern, still_seconds, &l, err);
    s = s == STATUS_OK ? list_one(f, f->done, pattern, 0, &l, err) : s;
    *out = l.file;
    *n = l.n;
    return s;
}

/* ---- reading ---- */

static enum status read_fault(const struct folder_file *file, struct err *err)
{
    enum status s = errno == ENOENT || errno == ELOOP ? STATUS_RETRY : STATUS_REJECT;
    return err_set(err, s, "file", "%s: %s", file->name, strerror(errno));
}

static bool is_as_listed(const struct folder_file *file, const struct stat *st)
{
    return st->st_dev == file->device && st->st_ino == file->inode &&
           (int64_t)st->st_size == file->size && instant_of(&st->st_mtim).us == file->modified.us;
}

bool folders_unchanged(const struct folder_file *file, FILE *open)
{
    struct stat st;
    return fstat(fileno(open), &st) == 0 && is_as_listed(file, &st);
}

static enum status hash_file(const struct folder_file *file, FILE *open, uint8_t *sha256,
                             struct err *err)
{
    struct hash_stream *h = hash_stream_new();
    char part[32768];
    size_t got = 0;
    int64_t n = 0;
    while ((got = fread(part, 1, sizeof part, open)) > 0) {
        hash_stream_put(h, part, got);
        n += (int64_t)got;
    }
    hash_stream_end(h, sha256);
    if (ferror(open) != 0) {
        return read_fault(file, err);
    }
    rewind(open);
    if (n != file->size || !folders_unchanged(file, open)) {
        return err_set(err, STATUS_RETRY, "file", "%s: still being written", file->name);
    }
    return STATUS_OK;
}

enum status folders_read(const struct folders *f, const struct folder_file *file, FILE **out,
                         uint8_t sha256[SHA256_BYTES], struct err *err)
{
    int fd = openat(file->is_done ? f->done : f->in, file->name,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0) {
        return read_fault(file, err);
    }
    FILE *open = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
    if (open == NULL) {
        (void)close(fd);
        return err_set(err, STATUS_REJECT, "file", "%s: cannot be read", file->name);
    }
    enum status s = hash_file(file, open, sha256, err);
    if (s != STATUS_OK) {
        (void)fclose(open);
        return s;
    }
    *out = open;
    return STATUS_OK;
}

/* ---- changes ---- */

/* "a.csv" and 2: "a.2.csv". */
static const char *numbered(const char *name, int number, struct arena *a)
{
    const char *dot = strrchr(name, '.');
    size_t stem = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    return arena_printf(a, "%.*s.%d%s", (int)stem, name, number, name + stem);
}

const char *folders_free_name(const struct folders *f, const struct folder_file *file,
                              struct arena *a)
{
    const char *name = file->name;
    for (int number = 2; !file->is_done && faccessat(f->done, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
         number++) {
        name = numbered(file->name, number, a);
    }
    return name;
}

/* HR's transfer may replace a file at any instant, so the move comes first and the look second. A
 * file that nobody read goes back. Where HR has written the name once more by then, the newest one
 * counts, as it does where the same happens before any run. */
static enum status check_moved(const struct folders *f, const struct folder_file *file,
                               const char *name, struct err *err)
{
    struct stat st;
    if (fstatat(f->done, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || is_as_listed(file, &st)) {
        return STATUS_OK;
    }
    if (faccessat(f->in, file->name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
        renameat(f->done, name, f->in, file->name) != 0) {
        return err_set(err, STATUS_FATAL, "folder", "%s/done: %s: %s", f->path, name,
                       strerror(errno));
    }
    return err_set(err, STATUS_RETRY, "file",
                   "%s: replaced while it was read; the new one is left for the next run",
                   file->name);
}

/* renameat() replaces what is there, so the name has to be free. Nobody else adds to done/: one run
 * of a source at a time, and two sources do not share the names of their files. */
enum status folders_finish(const struct folders *f, const struct folder_file *file,
                           const char *name, struct err *err)
{
    if (file->is_done) {
        return STATUS_OK;
    }
    if (renameat(f->in, file->name, f->done, name) != 0) {
        return errno == ENOENT ? STATUS_OK
                               : err_set(err, STATUS_FATAL, "folder", "%s/done: %s: %s", f->path,
                                         file->name, strerror(errno));
    }
    enum status s = check_moved(f, file, name, err);
    if (s != STATUS_OK) {
        return s;
    }
    /* The mode is not ours to change where HR's user owns the file: the folder keeps others out. */
    if (fchmodat(f->done, name, FILE_MODE, 0) != 0 && errno != EPERM) {
        return err_set(err, STATUS_FATAL, "folder", "%s/done: %s: %s", f->path, file->name,
                       strerror(errno));
    }
    return STATUS_OK;
}

static bool write_whole(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, text, len);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return false;
        }
        text += put;
        len -= (size_t)put;
    }
    return fchmod(fd, FILE_MODE) == 0 && fsync(fd) == 0;
}

enum status folders_reject(const struct folders *f, const char *name, const char *text, size_t len,
                           struct err *err)
{
    char final[NAME_MAX + 8];
    char temporary[NAME_MAX + 16];
    bool is_csv = strlen(name) > 4 && strcasecmp(name + strlen(name) - 4, ".csv") == 0;
    (void)snprintf(final, sizeof final, is_csv ? "%s" : "%.250s.csv", name);
    (void)snprintf(temporary, sizeof temporary, ".%.*s.tmp", NAME_MAX - 8, name);
    if (text == NULL) {
        (void)unlinkat(f->rejected, final, 0);
        return STATUS_OK;
    }
    int fd = openat(f->rejected, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                    FILE_MODE);
    bool fine = fd >= 0 && write_whole(fd, text, len);
    close_one(&fd);
    if (!fine || renameat(f->rejected, temporary, f->rejected, final) != 0) {
        return err_set(err, STATUS_FATAL, "folder", "%s/rejected: %s", f->path, strerror(errno));
    }
    return STATUS_OK;
}
