/* The service's own session, as a role that may read nothing about anybody. It asks what the
 * service is called and how far followup is behind, and notes refused log-ins. */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "services/web/inside.h"
#include "services/web/request.h"

#define LOOK_MS 5000
#define NOTES_MAX 64

struct note {
    char *login, *address, *why;
};

struct own {
    struct web *web;
    struct pg_person *person;
    int watched;
    enum { OWN_AWAY, OWN_CONNECTING, OWN_IDLE, OWN_BUSY } state;
    bool told_down;
    int64_t since_ms, next_ms;
    struct backoff backoff;
    struct note notes[NOTES_MAX];
    size_t n_notes, n_sent;
    char *service_name, *service_phone, *data_phone, *organisation;
    long behind;
    struct zone *zone;
    int64_t apart_us; /* the product's now less the machine's */
};

static void on_socket(void *arg, unsigned events);

struct own *own_new(struct web *w)
{
    struct own *o = mem_alloc(sizeof *o);
    struct err err;
    o->web = w;
    o->watched = -1;
    o->backoff = (struct backoff){.first_ms = 250, .max_ms = 4000};
    if (zone_load(&o->zone, "Europe/London", &err) != STATUS_OK &&
        zone_load(&o->zone, "UTC", &err) != STATUS_OK) {
        mem_fail();
    }
    return o;
}

static void forget_note(struct note *n)
{
    free(n->login);
    free(n->address);
    free(n->why);
}

static void close_session(struct own *o)
{
    if (o->watched >= 0) {
        loop_unwatch(o->web->loop, o->watched);
        o->watched = -1;
    }
    pg_person_free(o->person);
    o->person = NULL;
    o->state = OWN_AWAY;
    o->n_sent = 0;
}

void own_free(struct own *o)
{
    if (o == NULL) {
        return;
    }
    close_session(o);
    for (size_t i = 0; i < o->n_notes; i++) {
        forget_note(&o->notes[i]);
    }
    free(o->service_name);
    free(o->service_phone);
    free(o->data_phone);
    free(o->organisation);
    zone_free(o->zone);
    free(o);
}

/* ---- what it knows ---- */

bool own_is_up(const struct own *o)
{
    return o->state == OWN_IDLE || o->state == OWN_BUSY;
}

const char *own_service_name(const struct own *o)
{
    return o->service_name;
}

const char *own_service_phone(const struct own *o)
{
    return o->service_phone;
}

const char *own_data_phone(const struct own *o)
{
    return o->data_phone;
}

const char *own_organisation(const struct own *o)
{
    return o->organisation;
}

long own_behind_seconds(const struct own *o)
{
    return o->behind;
}

const struct zone *own_zone(const struct own *o)
{
    return o->zone;
}

struct instant own_now(const struct own *o)
{
    return instant_add_us(clock_wall(), o->apart_us);
}

static void keep_text(char **to, const char *value)
{
    free(*to);
    *to = mem_strdup(value);
}

static void keep_zone(struct own *o, const char *name)
{
    struct err err;
    struct zone *z = NULL;
    if (name != NULL && strcmp(name, zone_name(o->zone)) != 0 &&
        zone_load(&z, name, &err) == STATUS_OK) {
        zone_free(o->zone);
        o->zone = z;
    }
}

/* The first two of each sending. */
static void take_answers(struct own *o)
{
    const struct pg_person *p = o->person;
    keep_text(&o->service_name, pg_person_value(p, 0, 0, "service_name"));
    keep_text(&o->service_phone, pg_person_value(p, 0, 0, "service_phone"));
    keep_text(&o->data_phone, pg_person_value(p, 0, 0, "data_phone"));
    keep_zone(o, pg_person_value(p, 1, 0, "time_zone"));
    const char *behind = pg_person_value(p, 1, 0, "seconds");
    o->behind = behind == NULL ? 0 : strtol(behind, NULL, 10);
    struct instant now = words_instant_of(pg_person_value(p, 1, 0, "now"));
    o->apart_us = instant_is_none(now) ? 0 : now.us - clock_wall().us;
    metrics_set(METRIC_WEB_BEHIND, NULL, (double)o->behind);
    for (size_t i = 0; i < o->n_sent; i++) {
        forget_note(&o->notes[i]);
    }
    o->n_notes -= o->n_sent;
    memmove(o->notes, o->notes + o->n_sent, o->n_notes * sizeof o->notes[0]);
    o->n_sent = 0;
}

/* ---- what it does ---- */

static void away(struct own *o, const struct err *err)
{
    if (!o->told_down) {
        o->told_down = true;
        metrics_add(METRIC_DB_DOWN, NULL, 1);
        log_warn(DB_DOWN, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text));
    }
    close_session(o);
    o->next_ms = clock_mono_ms() + backoff_next_ms(&o->backoff);
}

static enum status watch(struct own *o)
{
    struct err err;
    int fd = pg_person_socket(o->person);
    if (fd != o->watched && o->watched >= 0) {
        loop_unwatch(o->web->loop, o->watched);
        o->watched = -1;
    }
    unsigned events = LOOP_READ | (pg_person_wants_write(o->person) ? LOOP_WRITE : 0);
    if (fd < 0 || loop_watch(o->web->loop, fd, events, on_socket, o, &err) != STATUS_OK) {
        return STATUS_RESYNC;
    }
    o->watched = fd;
    return STATUS_OK;
}

static void open_session(struct own *o)
{
    struct err err = {0};
    const struct conf *c = o->web->conf;
    char *password = NULL;
    enum status s = c->pg_password_file == NULL
                        ? STATUS_OK
                        : conf_read_secret(c->pg_password_file, &password, &err);
    const struct pg_person_options options = {
        .dsn = c->pg_dsn, .password = password, .application_name = "dayfour-web"};
    s = s == STATUS_OK ? pg_person_open(&o->person, &options, &err) : s;
    free(password);
    o->since_ms = clock_mono_ms();
    if (s == STATUS_OK) {
        o->state = OWN_CONNECTING;
        s = watch(o);
    }
    if (s != STATUS_OK) {
        away(o, &err);
    }
}

static void send_all(struct own *o)
{
    struct err err = {0};
    struct pg_person *p = o->person;
    enum status s = pg_person_add(
        p, "select service_name, service_phone, data_phone from oh.page_settings()", NULL, 0, &err);
    if (s == STATUS_OK) {
        s = pg_person_add(p, "select seconds, now, time_zone from ops.behind()", NULL, 0, &err);
    }
    while (s == STATUS_OK && o->n_sent < o->n_notes && o->n_sent < 8) {
        const struct note *n = &o->notes[o->n_sent];
        const char *const values[] = {n->login, n->address, n->why};
        s = pg_person_add(p, "select audit.note_login_refused($1, $2, $3)", values, 3, &err);
        o->n_sent++;
    }
    if (s == STATUS_OK) {
        s = pg_person_send(p, &err);
    }
    o->state = OWN_BUSY;
    o->since_ms = clock_mono_ms();
    if (s != STATUS_OK || watch(o) != STATUS_OK) {
        away(o, &err);
    }
}

static void is_up(struct own *o)
{
    o->state = OWN_IDLE;
    backoff_reset(&o->backoff);
    if (o->told_down) {
        log_info(DB_UP, LOG_INT("sessions", sessions_count(o->web->sessions)));
    }
    o->told_down = false;
    send_all(o);
}

static void on_socket(void *arg, unsigned events)
{
    (void)events;
    struct own *o = arg;
    struct err err = {0};
    bool done = false;
    if (o->state == OWN_IDLE) {
        if (pg_person_look(o->person, &err) != STATUS_OK) {
            away(o, &err);
        }
        return;
    }
    enum status s = pg_person_step(o->person, &done, &err);
    if (s == STATUS_OK && watch(o) != STATUS_OK) {
        s = err_set(&err, STATUS_RESYNC, "08006", "the session is gone");
    }
    if (s != STATUS_OK) {
        away(o, &err);
    } else if (done && o->state == OWN_CONNECTING) {
        is_up(o);
    } else if (done) {
        take_answers(o);
        o->state = OWN_IDLE;
        o->next_ms = clock_mono_ms() + LOOK_MS;
        if (o->n_notes > 0) {
            send_all(o);
        }
    }
}

void own_tick(struct own *o, int64_t now_ms)
{
    struct err err;
    if (o->state == OWN_AWAY && now_ms >= o->next_ms) {
        open_session(o);
    } else if (o->state == OWN_IDLE && now_ms >= o->next_ms) {
        send_all(o);
    } else if ((o->state == OWN_CONNECTING || o->state == OWN_BUSY) &&
               now_ms - o->since_ms > ANSWER_MS) {
        (void)err_set(&err, STATUS_RESYNC, "08006", "the database does not answer");
        away(o, &err);
    }
}

void own_note_refused(struct own *o, const char *login, const char *address, const char *why)
{
    if (o->n_notes == NOTES_MAX) {
        return; /* a flood; the counts hold it off, and the metric has it */
    }
    o->notes[o->n_notes++] = (struct note){mem_strdup(login), mem_strdup(address), mem_strdup(why)};
    if (o->state == OWN_IDLE) {
        send_all(o);
    }
}
