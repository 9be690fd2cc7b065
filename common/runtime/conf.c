/* Settings come from the table's defaults, then the file, then the environment, then the plain
 * names of other tools for what is still unset. Errors name the key and the line, never the value.
 */
#include "common/runtime/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/runtime/conf_keys.h"

#define ENV_PREFIX "DAYFOUR_"
#define MAX_NAME 128

extern char **environ;

struct loader {
    struct conf *conf;
    enum conf_program program;
    char where[160]; /* "FILE:LINE" or "environment" */
    bool is_open;    /* the file can be read by others than its owner */
    int *lines;      /* for each key of the table: where the file set it, 0 for not yet */
    struct err *err;
};

static enum status fault(struct loader *ld, const char *key, const char *what)
{
    return err_set(ld->err, STATUS_FATAL, "config", "%s: %s: %s", ld->where, key, what);
}

/* ---- fields ---- */

static void *field(struct conf *c, const struct conf_key *k)
{
    return (char *)c + k->offset;
}

static void set_text(struct conf *c, const struct conf_key *k, const char *value)
{
    char **to = field(c, k);
    free(*to);
    *to = mem_strdup(value);
}

static bool parse_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    const char *digits = s + (*s == '-' ? 1 : 0);
    if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits)) {
        return false;
    }
    errno = 0;
    intmax_t n = strtoimax(s, NULL, 10);
    if (errno != 0 || n < min || n > max) {
        return false;
    }
    *out = n;
    return true;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *c = choices; c != NULL; c = strchr(c, '|')) {
        c += *c == '|' ? 1 : 0;
        if (strcspn(value, "|") == len && strncmp(c, value, len) == 0 &&
            (c[len] == '|' || c[len] == '\0')) {
            return true;
        }
    }
    return false;
}

/* An empty value takes the key back to its default. */
static enum status set_key(struct loader *ld, const struct conf_key *k, const char *given)
{
    const char *value = given == NULL || given[0] == '\0' ? k->def : given;
    char what[120];
    switch (k->type) {
    case CONF_INT:
        if (!parse_int(value, k->min, k->max, field(ld->conf, k))) {
            snprintf(what, sizeof what, "must be a whole number from %" PRId64 " to %" PRId64,
                     k->min, k->max);
            return fault(ld, k->name, what);
        }
        return STATUS_OK;
    case CONF_BOOL:
        if (!is_choice("true|false", value)) {
            return fault(ld, k->name, "must be true or false");
        }
        *(bool *)field(ld->conf, k) = strcmp(value, "true") == 0;
        return STATUS_OK;
    case CONF_CHOICE:
        if (!is_choice(k->choices, value)) {
            snprintf(what, sizeof what, "must be one of %s", k->choices);
            return fault(ld, k->name, what);
        }
        set_text(ld->conf, k, value);
        return STATUS_OK;
    case CONF_TEXT:
        set_text(ld->conf, k, value);
        return STATUS_OK;
    case CONF_PROPS:
        break;
    }
    return STATUS_OK;
}

/* ---- kafka.prop.* ---- */

static struct conf_prop *find_prop(struct conf *c, const char *name)
{
    for (size_t i = 0; i < c->n_kafka_props; i++) {
        if (strcmp(c->kafka_props[i].name, name) == 0) {
            return &c->kafka_props[i];
        }
    }
    return NULL;
}

static void remove_prop(struct conf *c, struct conf_prop *prop)
{
    free(prop->name);
    free(prop->value);
    *prop = c->kafka_props[--c->n_kafka_props];
}

/* In the file a name may stand once; the environment replaces, or with an empty value takes out,
 * what it set. */
static enum status set_prop(struct loader *ld, const char *key, const char *value, bool from_file)
{
    const char *name = key + strlen(CONF_PROP_PREFIX);
    struct conf *c = ld->conf;
    if (name[0] == '\0') {
        return fault(ld, key, "names no property");
    }
    const char *why = conf_keys_prop_refusal(name, value);
    if (why != NULL) {
        return fault(ld, key, why);
    }
    struct conf_prop *before = find_prop(c, name);
    if (before != NULL && from_file) {
        return fault(ld, key, "set twice");
    }
    if (before != NULL) {
        remove_prop(c, before);
    }
    if (value[0] == '\0') {
        return STATUS_OK;
    }
    c->kafka_props = mem_resize(c->kafka_props, c->n_kafka_props + 1, sizeof *c->kafka_props);
    c->kafka_props[c->n_kafka_props++] = (struct conf_prop){mem_strdup(name), mem_strdup(value)};
    return STATUS_OK;
}

/* ---- the file ---- */

static bool is_prop(const char *key)
{
    return strncmp(key, CONF_PROP_PREFIX, strlen(CONF_PROP_PREFIX)) == 0;
}

static char *trim(char *s)
{
    while (isblank((unsigned char)*s)) {
        s++;
    }
    size_t len = strlen(s);
    while (len > 0 && isspace((unsigned char)s[len - 1])) {
        len--;
    }
    s[len] = '\0';
    return s;
}

/* A # begins a comment at the start of the line and after a blank: inside a word it is part of it.
 */
static void cut_comment(char *line)
{
    for (char *c = line; *c != '\0'; c++) {
        if (*c == '#' && (c == line || isblank((unsigned char)c[-1]))) {
            *c = '\0';
            return;
        }
    }
}

/* How a key is named in an error: only if it can be one, for somebody may have put a secret there.
 */
static const char *printable_key(const char *key)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return strspn(key, plain) == strlen(key) && strlen(key) < MAX_NAME ? key : "(key)";
}

static enum status set_from_file(struct loader *ld, const char *key, const char *value, int line)
{
    if (ld->is_open && conf_keys_holds_secret(key, value)) {
        return fault(
            ld, printable_key(key),
            "holds a password, and others than the file's owner can read it: chmod 600, or "
            "pg.password_file");
    }
    if (is_prop(key)) {
        return set_prop(ld, key, value, true);
    }
    for (size_t i = 0; i < conf_n_keys; i++) {
        const struct conf_key *k = &conf_keys[i];
        if (k->type == CONF_PROPS || strcmp(k->name, key) != 0) {
            continue;
        }
        if (ld->lines[i] != 0) {
            return fault(ld, key, "set twice");
        }
        ld->lines[i] = line;
        return (k->programs & ld->program) != 0 ? set_key(ld, k, value) : STATUS_OK;
    }
    return fault(ld, printable_key(key), "unknown key; --help lists all there are");
}

static enum status read_line(struct loader *ld, char *line, int number)
{
    cut_comment(line);
    char *key = trim(line);
    if (key[0] == '\0') {
        return STATUS_OK;
    }
    char *equals = strchr(key, '=');
    if (equals == NULL) {
        return fault(ld, "(line)", "must be key = value");
    }
    *equals = '\0';
    return set_from_file(ld, trim(key), trim(equals + 1), number);
}

/* The packages' way is root's file, which the services' group may read. */
static bool others_read(FILE *f)
{
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    const struct group *services = st.st_uid == 0 ? getgrnam("dayfour") : NULL;
    bool packaged = services != NULL && services->gr_gid == st.st_gid;
    return (st.st_mode & (packaged ? 027u : 077u)) != 0;
}

static enum status read_file(struct loader *ld, const char *file)
{
    snprintf(ld->where, sizeof ld->where, "%s", file);
    FILE *f = fopen(file, "re");
    if (f == NULL) {
        return fault(ld, "cannot be opened", strerror(errno));
    }
    ld->is_open = others_read(f);
    enum status s = STATUS_OK;
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    for (int number = 1; s == STATUS_OK && (len = getline(&line, &cap, f)) >= 0; number++) {
        snprintf(ld->where, sizeof ld->where, "%s:%d", file, number);
        s = strlen(line) == (size_t)len ? read_line(ld, line, number)
                                        : fault(ld, "(line)", "has a NUL byte in it");
    }
    if (s == STATUS_OK && ferror(f)) {
        snprintf(ld->where, sizeof ld->where, "%s", file);
        s = fault(ld, "cannot be read", strerror(errno));
    }
    free(line);
    fclose(f);
    return s;
}

/* ---- the environment ---- */

/* Variables of ./run and the tests. */
static bool is_not_ours(const char *name)
{
    static const char *const known[] = {"RUN_DIR", "BIN", "JOBS", "LOG_LINES", "FAULT"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "TEST_", 5) == 0;
}

/* Names are ASCII, whatever the locale says. */
static void upper(char *c)
{
    if (*c >= 'a' && *c <= 'z') {
        *c = (char)(*c - 'a' + 'A');
    }
}

static void lower(char *c)
{
    if (*c >= 'A' && *c <= 'Z') {
        *c = (char)(*c - 'A' + 'a');
    }
}

/* PG_DSN for pg.dsn. */
static bool is_variable_of(const char *variable, const char *key)
{
    size_t i = 0;
    for (; key[i] != '\0'; i++) {
        char c = key[i];
        upper(&c);
        if (c == '.') {
            c = '_';
        }
        if (variable[i] != c) {
            return false;
        }
    }
    return variable[i] == '\0';
}

/* KAFKA_PROP_LINGER_MS: kafka.prop.linger.ms. */
static enum status set_prop_from_environment(struct loader *ld, const char *name, const char *value)
{
    char key[MAX_NAME];
    snprintf(key, sizeof key, "%s", name);
    for (char *c = key; *c != '\0'; c++) {
        lower(c);
        if (*c == '_') {
            *c = '.';
        }
    }
    return set_prop(ld, key, value, false);
}

/* name is without DAYFOUR_. */
static enum status set_from_environment(struct loader *ld, const char *name, const char *value)
{
    static const char props[] = "KAFKA_PROP_";
    if (strncmp(name, props, sizeof props - 1) == 0) {
        return set_prop_from_environment(ld, name, value);
    }
    for (size_t i = 0; i < conf_n_keys; i++) {
        const struct conf_key *k = &conf_keys[i];
        if (k->type != CONF_PROPS && is_variable_of(name, k->name)) {
            return (k->programs & ld->program) != 0 ? set_key(ld, k, value) : STATUS_OK;
        }
    }
    return is_not_ours(name) ? STATUS_OK : fault(ld, printable_key(name), "unknown variable");
}

static enum status read_environment(struct loader *ld)
{
    for (char **e = environ; e != NULL && *e != NULL; e++) {
        const char *equals = strchr(*e, '=');
        if (equals == NULL || strncmp(*e, ENV_PREFIX, strlen(ENV_PREFIX)) != 0) {
            continue;
        }
        snprintf(ld->where, sizeof ld->where, "environment: %s", ENV_PREFIX);
        char name[MAX_NAME];
        size_t len = (size_t)(equals - *e) - strlen(ENV_PREFIX);
        if (len >= sizeof name) {
            return fault(ld, "(name)", "unknown variable");
        }
        memcpy(name, *e + strlen(ENV_PREFIX), len);
        name[len] = '\0';
        snprintf(ld->where, sizeof ld->where, "environment: %s%s", ENV_PREFIX, printable_key(name));
        enum status s = set_from_environment(ld, name, equals + 1);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

/* The names other tools use, for what is still unset. */
static void set_from_plain(char **to, const char *variable)
{
    const char *value = getenv(variable);
    if (*to == NULL && value != NULL && value[0] != '\0') {
        *to = mem_strdup(value);
    }
}

/* ---- all of it ---- */

enum status conf_load(struct conf **out, enum conf_program program, const char *file,
                      struct err *err)
{
    struct loader ld = {.conf = mem_alloc(sizeof *ld.conf), .program = program, .err = err};
    ld.lines = mem_alloc(conf_n_keys * sizeof *ld.lines);
    snprintf(ld.where, sizeof ld.where, "defaults");
    enum status s = STATUS_OK;
    for (size_t i = 0; i < conf_n_keys && s == STATUS_OK; i++) {
        s = set_key(&ld, &conf_keys[i], NULL);
    }
    if (s == STATUS_OK && file != NULL) {
        s = read_file(&ld, file);
    }
    if (s == STATUS_OK) {
        s = read_environment(&ld);
    }
    free(ld.lines);
    if (s != STATUS_OK) {
        conf_free(ld.conf);
        return s;
    }
    set_from_plain(&ld.conf->pg_dsn, "PG_DSN");
    set_from_plain(&ld.conf->kafka_brokers, "KAFKA_BROKERS");
    *out = ld.conf;
    return STATUS_OK;
}

void conf_free(struct conf *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < conf_n_keys; i++) {
        if (conf_keys[i].type == CONF_TEXT || conf_keys[i].type == CONF_CHOICE) {
            free(*(char **)field(c, &conf_keys[i]));
        }
    }
    while (c->n_kafka_props > 0) {
        remove_prop(c, &c->kafka_props[c->n_kafka_props - 1]);
    }
    free(c->kafka_props);
    free(c);
}

/* ---- secrets ---- */

static enum status read_secret_fd(int fd, const char *path, char **out, struct err *err)
{
    struct stat st;
    char text[4096];
    if (fd < 0 || fstat(fd, &st) != 0) {
        return err_set(err, STATUS_FATAL, "config", "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(err, STATUS_FATAL, "config", "%s: not a regular file", path);
    }
    if ((st.st_mode & S_IRWXO) != 0) {
        return err_set(err, STATUS_FATAL, "config", "%s: everybody may read or write it; chmod 600",
                       path);
    }
    ssize_t n = read(fd, text, sizeof text);
    size_t len = n > 0 ? (size_t)n : 0;
    if (len > 0 && len < sizeof text && text[len - 1] == '\n') {
        len--;
    }
    if (len > 0 && len < sizeof text && text[len - 1] == '\r') {
        len--;
    }
    bool one_line = memchr(text, '\n', len) == NULL && memchr(text, '\0', len) == NULL;
    if (len == 0 || len == sizeof text || !one_line) {
        return err_set(err, STATUS_FATAL, "config", "%s: must hold one line", path);
    }
    *out = mem_strndup(text, len);
    return STATUS_OK;
}

enum status conf_read_secret(const char *path, char **out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would keep us waiting */
    enum status s = read_secret_fd(fd, path, out, err);
    if (fd >= 0) {
        close(fd);
    }
    return s;
}
