/* conf_print() shows the values in force, as a file that could be read again but for its secrets.
 * conf_print_sample() shows every key with its default. Where a connection string cannot be
 * understood, the rest of it is masked. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "common/runtime/conf.h"
#include "common/runtime/conf_keys.h"

#define MASK "***"

/* ---- connection strings with their passwords masked ---- */

static bool is_secret_word(const char *word, size_t len)
{
    static const char *const words[] = {"password", "sslpassword", "scram_client_key",
                                        "scram_server_key", "oauth_client_secret"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == len && strncasecmp(words[i], word, len) == 0) {
            return true;
        }
    }
    return false;
}

static void put(const char *from, const char *to, FILE *out)
{
    fwrite(from, 1, (size_t)(to - from), out);
}

/* a=b&password=c: values of secret words are masked. */
static void print_query(const char *s, FILE *to)
{
    while (*s != '\0') {
        size_t name = strcspn(s, "=&");
        size_t all = strcspn(s, "&");
        bool secret = name < all && is_secret_word(s, name);
        put(s, s + (secret ? name + 1 : all), to);
        fputs(secret ? MASK : "", to);
        s += all;
        if (*s == '&') {
            fputc(*s++, to);
        }
    }
}

/* scheme://user:password@hosts/db?query. Where a password has an @ or a / in it as it should not,
 * rather too much is masked than too little. */
static void print_uri(const char *s, FILE *to)
{
    const char *authority = strstr(s, "://") + 3;
    const char *at = strrchr(authority, '@');
    const char *colon = strchr(authority, ':');
    if (at != NULL && colon != NULL && colon < at) {
        put(s, colon + 1, to);
        fputs(MASK, to);
        s = at;
    }
    const char *query = strchr(s, '?');
    if (query == NULL) {
        fputs(s, to);
        return;
    }
    put(s, query + 1, to);
    print_query(query + 1, to);
}

/* The end of a value of key = value words, which may be quoted and hold backslashes. */
static const char *value_end(const char *s)
{
    bool quoted = *s == '\'';
    for (s += quoted ? 1 : 0; *s != '\0'; s++) {
        if (*s == '\\' && s[1] != '\0') {
            s++;
        } else if (quoted ? *s == '\'' : strchr(" \t\r\n", *s) != NULL) {
            return s + (quoted ? 1 : 0);
        }
    }
    return s;
}

static void print_words(const char *s, FILE *to)
{
    static const char blanks[] = " \t\r\n";
    while (*(s += strspn(s, blanks)) != '\0') {
        size_t name = strcspn(s, "= \t\r\n");
        const char *equals = s + name + strspn(s + name, blanks);
        if (*equals != '=') {
            fputs(MASK, to); /* not a connection string: no telling what is secret */
            return;
        }
        const char *value = equals + 1 + strspn(equals + 1, blanks);
        const char *end = value_end(value);
        put(s, s + name, to);
        fputc('=', to);
        if (is_secret_word(s, name)) {
            fputs(MASK, to);
        } else {
            put(value, end, to);
        }
        s = end;
        fputs(s[strspn(s, blanks)] != '\0' ? " " : "", to);
    }
}

static void print_dsn(const char *dsn, FILE *to)
{
    if (strncmp(dsn, "postgresql://", 13) == 0 || strncmp(dsn, "postgres://", 11) == 0) {
        print_uri(dsn, to);
    } else {
        print_words(dsn, to);
    }
}

/* ---- keys ---- */

/* The text before a value: behind a blank, a # would begin a comment. */
static const char *blank_before(const char *value)
{
    return value[0] == '#' ? "" : " ";
}

static void print_props(const struct conf *c, FILE *to)
{
    for (size_t i = 0; i < c->n_kafka_props; i++) {
        const struct conf_prop *p = &c->kafka_props[i];
        const char *value = conf_keys_prop_is_secret(p->name) ? MASK : p->value;
        fprintf(to, CONF_PROP_PREFIX "%s =%s%s\n", p->name, blank_before(value), value);
    }
}

static void print_key(const struct conf *c, const struct conf_key *k, FILE *to)
{
    const void *at = (const char *)c + k->offset;
    if (k->type == CONF_PROPS) {
        print_props(c, to);
        return;
    }
    fprintf(to, "%s =", k->name);
    if (k->type == CONF_INT) {
        fprintf(to, " %" PRId64, *(const int64_t *)at);
    } else if (k->type == CONF_BOOL) {
        fprintf(to, " %s", *(const bool *)at ? "true" : "false");
    } else {
        const char *text = *(char *const *)at;
        fputs(text != NULL ? blank_before(text) : "", to);
        if (text != NULL && k->secret) {
            print_dsn(text, to);
        } else {
            fputs(text != NULL ? text : "", to);
        }
    }
    fputc('\n', to);
}

void conf_print(const struct conf *c, enum conf_program program, FILE *to)
{
    for (size_t i = 0; i < conf_n_keys; i++) {
        if ((conf_keys[i].programs & program) != 0) {
            print_key(c, &conf_keys[i], to);
        }
    }
}

void conf_print_sample(enum conf_program program, FILE *to)
{
    fputs("# key = value. The environment goes before this file: DAYFOUR_PG_DSN for pg.dsn.\n", to);
    for (size_t i = 0; i < conf_n_keys; i++) {
        const struct conf_key *k = &conf_keys[i];
        if ((k->programs & program) == 0) {
            continue;
        }
        fprintf(to, "\n# %s", k->help);
        if (k->type == CONF_INT) {
            fprintf(to, " (%" PRId64 " to %" PRId64 ")", k->min, k->max);
        } else if (k->type == CONF_CHOICE) {
            fprintf(to, " (%s)", k->choices);
        }
        bool off = k->def == NULL;
        fprintf(to, "\n%s%s =%s%s\n", off ? "#" : "", k->name, off ? "" : " ", off ? "" : k->def);
    }
}
