#include "tests/unit/scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

static char *read_file(const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    struct buf b = {0};
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) {
        buf_put(&b, chunk, n);
    }
    fclose(f);
    buf_putc(&b, '\0');
    return b.data;
}

/* The shipped settings, read once a process: a time zone takes its time. */
static struct settings *shipped;

static struct settings *parse(const char *document)
{
    struct settings *s = NULL;
    struct err err = {0};
    enum status st = settings_parse(&s, document, strlen(document), &err);
    cr_assert_eq(st, STATUS_OK, "%s", err.text);
    return s;
}

static void free_settings(struct scene *sc)
{
    if (sc->settings != shipped) {
        settings_free(sc->settings);
    }
}

static void use_settings(struct scene *sc, struct settings *s)
{
    sc->settings = s;
    sc->serial++;
    sc->rules.org = settings_for(s, sc->facts.organisation);
    sc->rules.zone = settings_zone(s);
}

struct scene *scene_open(const char *organisation)
{
    struct scene *sc = mem_alloc(sizeof *sc);
    static const uint8_t key[INSTALL_KEY_BYTES] = "a key for tests, of 32 bytes ...";
    sc->a = arena_new(1 << 16);
    sc->key = hmac_key_new(key, sizeof key);
    sc->facts = (struct facts){.organisation = organisation,
                               .person_id = "P-77",
                               .records = sc->records,
                               .contacts = sc->contacts,
                               .left.on = DATE_NONE,
                               .died.on = DATE_NONE,
                               .opt.on = DATE_NONE,
                               .changed_at = INSTANT_NONE};
    sc->document = read_file("deploy/settings/pathways.json");
    sc->rules.install_key = sc->key;
    shipped = shipped == NULL ? parse(sc->document) : shipped;
    use_settings(sc, shipped);
    scene_holidays(sc, "deploy/settings/bank-holidays.json");
    sc->now = scene_time(sc, "2020-01-01 00:00");
    return sc;
}

struct scene *scene_open_at(const char *time)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, time);
    return sc;
}

void scene_close(struct scene *sc)
{
    free_settings(sc);
    calendar_free(sc->calendar);
    hmac_key_free(sc->key);
    arena_free(sc->a);
    buf_clear(&sc->log);
    buf_clear(&sc->text);
    free(sc->document);
    free(sc);
}

struct date scene_date(const char *date)
{
    struct date d = DATE_NONE;
    cr_assert(date == NULL || date_parse(date, strlen(date), &d), "%s", date);
    return d;
}

struct instant scene_time(const struct scene *sc, const char *time)
{
    struct date day;
    cr_assert(strlen(time) == 16 && date_parse(time, 10, &day), "%s", time);
    long hour = strtol(time + 11, NULL, 10), minute = strtol(time + 14, NULL, 10);
    return zone_at(sc->rules.zone, day, (int)(hour * 60 + minute));
}

void scene_settings(struct scene *sc, const char *from, const char *to)
{
    struct buf b = {0};
    const char *at = sc->document, *found = strstr(at, from);
    cr_assert_not_null(found, "not in the settings: %s", from);
    for (; found != NULL; at = found + strlen(from), found = strstr(at, from)) {
        buf_put(&b, at, (size_t)(found - at));
        buf_puts(&b, to);
    }
    buf_puts(&b, at);
    buf_putc(&b, '\0');
    free(sc->document);
    sc->document = b.data;
    free_settings(sc);
    use_settings(sc, parse(sc->document));
    for (size_t i = 0; i < sc->facts.n_records; i++) {
        if (!sc->records[i].cancelled) {
            apply_settings(&sc->records[i], sc->rules.org, sc->now, sc->a);
        }
    }
    scene_look(sc);
}

void scene_holidays(struct scene *sc, const char *file)
{
    struct holiday *holidays;
    size_t n;
    unsigned divisions;
    struct err err = {0};
    char *text = read_file(file);
    enum status s = calendar_parse(text, strlen(text), sc->a, &holidays, &n, &divisions, &err);
    cr_assert_eq(s, STATUS_OK, "%s", err.text);
    free(text);
    calendar_free(sc->calendar);
    sc->calendar = calendar_new();
    for (size_t i = 0; i < n; i++) {
        calendar_add(sc->calendar, holidays[i].division, holidays[i].day);
    }
    sc->rules.calendar = sc->calendar;
    scene_look(sc);
}

/* ---- what the rules say ---- */

static void put_time(const struct scene *sc, struct buf *b, struct instant t)
{
    char day[DATE_TEXT];
    int minute = zone_minute(sc->rules.zone, t);
    buf_printf(b, "%s %02d:%02d", date_format(zone_date(sc->rules.zone, t), day), minute / 60,
               minute % 60);
}

static const char *pathway_of(const struct scene *sc, const struct spell *sp)
{
    return sp == NULL ? "period" : sc->rules.org->pathways[sp->pathway].name;
}

static void put_event(const struct scene *sc, struct buf *b, const struct timeline_event *e)
{
    char due[DATE_TEXT];
    put_time(sc, b, e->at);
    buf_printf(b, " %s %s", event_kind_name(e->kind), pathway_of(sc, e->spell));
    if (!date_is_none(e->due_on)) {
        buf_printf(b, " due %s", date_format(e->due_on, due));
    }
    if (e->end_reason != END_NONE) {
        buf_printf(b, " %s", end_reason_name(e->end_reason));
    }
    cr_assert(date_eq(e->occurs_on, zone_date(sc->rules.zone, e->at)));
    buf_puts(b, e->superseded ? " superseded\n" : "\n");
}

static const char *list_events(struct scene *sc, bool ahead)
{
    buf_reset(&sc->text);
    buf_puts(&sc->text, "");
    for (size_t i = 0; i < sc->cw.n_timeline; i++) {
        if ((sc->cw.timeline[i].at.us > sc->now.us) == ahead) {
            put_event(sc, &sc->text, &sc->cw.timeline[i]);
        }
    }
    return sc->text.data;
}

const char *scene_standing(struct scene *sc)
{
    return list_events(sc, false);
}

const char *scene_standing_of(struct scene *sc, const char *kind)
{
    char *out = arena_strdup(sc->a, scene_standing(sc));
    char *to = out;
    for (const char *line = out, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        if (strncmp(line + 17, kind, strlen(kind)) == 0) {
            memmove(to, line, (size_t)(end - line) + 1);
            to += end - line + 1;
        }
    }
    *to = '\0';
    return out;
}

const char *scene_ahead(struct scene *sc)
{
    return list_events(sc, true);
}

const char *scene_spells(struct scene *sc)
{
    buf_reset(&sc->text);
    buf_puts(&sc->text, "");
    for (size_t i = 0; i < sc->cw.n_spells; i++) {
        const struct spell *sp = &sc->cw.spells[i];
        char from[DATE_TEXT], to[DATE_TEXT], due[DATE_TEXT];
        buf_printf(&sc->text, "%s %s..%s due %s %s", pathway_of(sc, sp),
                   date_format(sp->onset, from), date_format(sp->last_day, to),
                   date_format(sp->due_date, due), task_state_name(sp->state));
        if (sp->end_reason != END_NONE) {
            buf_printf(&sc->text, " %s", end_reason_name(sp->end_reason));
        }
        buf_putc(&sc->text, '\n');
    }
    buf_putc(&sc->text, '\0');
    return sc->text.data;
}

const struct spell *scene_spell(const struct scene *sc, size_t i)
{
    cr_assert_lt(i, sc->cw.n_spells, "there are %zu spells", sc->cw.n_spells);
    return &sc->cw.spells[i];
}

const struct spell *scene_pathway(const struct scene *sc, const char *pathway)
{
    for (size_t i = sc->cw.n_spells; i > 0; i--) {
        if (strcmp(pathway_of(sc, &sc->cw.spells[i - 1]), pathway) == 0) {
            return &sc->cw.spells[i - 1];
        }
    }
    cr_assert_fail("no spell of %s", pathway);
    return NULL;
}

/* ---- the ledger ---- */

static void event_id(const struct timeline_event *e, char *out, size_t size)
{
    char which[EVENT_OCCURRENCE_TEXT];
    snprintf(out, size, "%c%s/%s/%s", e->spell != NULL ? 's' : 'p',
             e->spell != NULL ? e->spell->id : e->period->id, event_kind_name(e->kind),
             event_kind_occurrence(e->kind, e->at, e->occurs_on, which));
}

static struct scene_emission *find_emission(struct scene *sc, const char *id)
{
    for (size_t i = 0; i < sc->n_emitted; i++) {
        if (strcmp(sc->emitted[i].id, id) == 0 && !sc->emitted[i].withdrawn) {
            return &sc->emitted[i];
        }
    }
    return NULL;
}

static void log_emission(struct scene *sc, char sign, const struct scene_emission *e)
{
    put_time(sc, &sc->log, sc->now);
    buf_printf(&sc->log, " %c %s\n", sign, e->text);
}

static bool is_off(const struct scene *sc, const struct timeline_event *e)
{
    return (sc->rules.org->off >> e->kind & 1) != 0;
}

static bool is_history(const struct scene *sc, const struct timeline_event *e)
{
    return event_kind_audience(e->kind) == AUDIENCE_HR &&
           e->at.us < sc->now.us - sc->rules.org->prompt_days * US_PER_DAY;
}

static void withdraw_what_is_wrong(struct scene *sc)
{
    for (size_t i = 0; i < sc->n_emitted; i++) {
        struct scene_emission *old = &sc->emitted[i];
        bool stands = old->withdrawn;
        for (size_t k = 0; k < sc->cw.n_timeline && !stands; k++) {
            char id[96];
            event_id(&sc->cw.timeline[k], id, sizeof id);
            stands = strcmp(id, old->id) == 0;
        }
        if (!stands) {
            old->withdrawn = true;
            log_emission(sc, '-', old);
        }
    }
}

static void emit(struct scene *sc, const struct timeline_event *e)
{
    char id[96];
    event_id(e, id, sizeof id);
    if (e->at.us > sc->now.us || e->superseded || is_off(sc, e) || is_history(sc, e) ||
        find_emission(sc, id) != NULL) {
        return;
    }
    cr_assert_lt(sc->n_emitted, SCENE_MOST);
    struct scene_emission *new = &sc->emitted[sc->n_emitted++];
    char day[DATE_TEXT];
    memcpy(new->id, id, sizeof id);
    snprintf(new->text, sizeof new->text, "%s %s %s", event_kind_name(e->kind),
             pathway_of(sc, e->spell), date_format(e->occurs_on, day));
    log_emission(sc, '+', new);
}

void scene_look(struct scene *sc)
{
    derive(&sc->facts, &sc->rules, sc->now, sc->a, &sc->cw);
    withdraw_what_is_wrong(sc);
    for (size_t i = 0; i < sc->cw.n_timeline; i++) {
        cr_assert(i == 0 || sc->cw.timeline[i - 1].at.us <= sc->cw.timeline[i].at.us);
        emit(sc, &sc->cw.timeline[i]);
    }
}

const char *scene_log(struct scene *sc)
{
    buf_reset(&sc->text);
    buf_put(&sc->text, sc->log.data, sc->log.len);
    buf_putc(&sc->text, '\0');
    buf_reset(&sc->log);
    return sc->text.data;
}

/* ---- what happens ---- */

void scene_jump(struct scene *sc, const char *time)
{
    sc->now = scene_time(sc, time);
    scene_look(sc);
}

void scene_at(struct scene *sc, const char *time)
{
    struct instant then = scene_time(sc, time);
    while (!instant_is_none(sc->cw.wake_at) && sc->cw.wake_at.us <= then.us) {
        cr_assert_gt(sc->cw.wake_at.us, sc->now.us);
        sc->now = sc->cw.wake_at;
        scene_look(sc);
    }
    scene_jump(sc, time);
}

static struct record *find_record(struct scene *sc, const char *source, const char *id)
{
    for (size_t i = 0; i < sc->facts.n_records; i++) {
        if (strcmp(sc->records[i].absence_id, id) == 0 &&
            strcmp(sc->records[i].source, source) == 0) {
            return &sc->records[i];
        }
    }
    return NULL;
}

enum applied scene_send(struct scene *sc, struct scene_absence m)
{
    struct inbound in = {.verdict = VERDICT_ABSENCE,
                         .source = m.source != NULL ? m.source : "/hr/RW3",
                         .id = "x",
                         .organisation = sc->facts.organisation};
    struct absence_event *ev = &in.absence;
    ev->absence_id = m.id != NULL ? m.id : "A-1";
    struct record *rec = find_record(sc, in.source, ev->absence_id), *out;
    ev->version = m.version > 0 ? m.version : rec == NULL ? 1 : rec->version + 1;
    ev->person_id = sc->facts.person_id;
    ev->assignment_id = m.assignment;
    ev->onset = scene_date(m.onset);
    ev->last_day = scene_date(m.last_day);
    ev->open_ended = m.open_ended;
    ev->expected_return = scene_date(m.expected);
    ev->scheme = m.code != NULL && m.scheme == SCHEME_NONE ? SCHEME_ESR : m.scheme;
    ev->code = m.code;
    ev->fit_note_from = scene_date(m.fit_from);
    ev->fit_note_to = scene_date(m.fit_to);
    ev->phased_return_from = scene_date(m.phased);
    ev->cancelled = m.cancelled;
    ev->has_contact = m.phone != NULL;
    ev->contact.phone = m.phone;
    enum applied what = apply_absence(rec, &in, sc->rules.org, sc->serial, sc->now, sc->a, &out);
    if (rec == NULL) {
        cr_assert_lt(sc->facts.n_records, SCENE_MOST);
        sc->records[sc->facts.n_records++] = *out;
    }
    scene_look(sc);
    return what;
}

void scene_move_away(struct scene *sc, const char *absence_id)
{
    struct record *rec = find_record(sc, "/hr/RW3", absence_id);
    cr_assert_not_null(rec);
    *rec = sc->records[--sc->facts.n_records];
    scene_look(sc);
}

enum applied scene_person(struct scene *sc, enum person_fact what, const char *on)
{
    struct inbound in = {
        .verdict = VERDICT_PERSON,
        .source = "/hr/RW3",
        .id = arena_printf(sc->a, "m%06d", sc->n_messages++),
        .organisation = sc->facts.organisation,
        .person = {.person_id = "P-77", .what = what, .on = scene_date(on), .time = sc->now}};
    enum applied applied = apply_person(&sc->facts, &in, sc->now);
    scene_look(sc);
    return applied;
}

struct contact_fact *scene_entry(struct scene *sc, size_t spell, enum contact_kind kind,
                                 enum contact_outcome outcome, const char *at)
{
    const struct spell *sp = scene_spell(sc, spell);
    struct record_ref *refs = arena_array(sc->a, sp->n_records, sizeof *refs);
    for (size_t i = 0; i < sp->n_records; i++) {
        refs[i] = (struct record_ref){sp->records[i]->source, sp->records[i]->absence_id,
                                      sp->records[i]->code};
    }
    cr_assert_lt(sc->facts.n_contacts, SCENE_MOST);
    struct contact_fact *c = &sc->contacts[sc->facts.n_contacts++];
    *c = (struct contact_fact){.entry_id = (int64_t)sc->facts.n_contacts,
                               .kind = kind,
                               .pathway = arena_strdup(sc->a, pathway_of(sc, sp)),
                               .at = at != NULL ? scene_time(sc, at) : sc->now,
                               .entered_at = sc->now,
                               .by = "p.one",
                               .outcome = outcome,
                               .review_on = DATE_NONE,
                               .call_back_at = INSTANT_NONE,
                               .anchor = {sp->anchor->source, sp->anchor->absence_id, NULL},
                               .records = refs,
                               .n_records = sp->n_records};
    scene_look(sc);
    return c;
}
