/* Each step of a record's way either passes it on or sets the verdict, and then nothing after it
 * runs. source, id and organisation are set as early as they can be read, because a dead letter
 * needs them. The sender chose every text: only paths of known names come into `detail`. */
#include "common/event/inbound.h"

#include <stdio.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/event/category.h"
#include "common/event/envelope.h"
#include "common/event/event_type.h"
#include "common/event/form.h"
#include "common/json/json.h"

/* An id orders facts of the same instant and is kept with them; nothing says how long one may be.
 */
#define EVENT_ID_MAX 1024

/* A record on its way through the checks. */
struct decoding {
    const struct inbound_limits *limits;
    struct arena *arena;
    struct inbound *in;
    struct envelope env;
    struct instant time; /* NONE: not given */
};

const char *reject_reason_name(enum reject_reason r)
{
    static const char *const names[REJECT_COUNT] = {
#define REJECT_NAME(id, name) name,
        REJECT_REASONS(REJECT_NAME)
#undef REJECT_NAME
    };
    return names[r];
}

static void reject(struct inbound *in, enum reject_reason reason, const char *path)
{
    in->verdict = VERDICT_REJECTED;
    in->reason = reason;
    size_t len = strnlen(path, sizeof(in->detail) - 1);
    memcpy(in->detail, path, len);
    in->detail[len] = '\0';
}

static const enum reject_reason reason_of_fault[] = {
    [JSON_NOT_UTF8] = REJECT_NOT_UTF8,    [JSON_NOT_JSON] = REJECT_NOT_JSON,
    [JSON_TOO_DEEP] = REJECT_TOO_DEEP,    [JSON_DUPLICATE_KEY] = REJECT_DUPLICATE_KEY,
    [JSON_BAD_STRING] = REJECT_BAD_FIELD,
};

static const struct json *parse(const struct raw_record *raw, bool binary, struct decoding *d)
{
    char path[JSON_PATH];
    const struct json *root = NULL;
    enum json_fault fault = json_parse(raw->value, raw->len, d->arena, &root, path);
    if (fault == JSON_FINE) {
        return root;
    }
    /* A path names the member within the event: in binary mode the value is what is data elsewhere.
     */
    char full[sizeof("data.") + JSON_PATH];
    envelope_keep_known(path);
    snprintf(full, sizeof(full), "%s%s", binary && path[0] ? "data." : "", path);
    reject(d->in, reason_of_fault[fault], full);
    return NULL;
}

/* The bytes in data_base64 are the data. They are scanned as strictly as the event around them. */
static bool unwrap_data(struct decoding *d)
{
    static const char member[] = "data_base64";
    const struct json *v = d->env.data_base64;
    char *text = NULL;
    size_t len = 0;
    if (!v) {
        return true;
    }
    if (d->env.data || json_type(v) != JSON_STRING ||
        !base64_read(json_string(v), strlen(json_string(v)), d->arena, &text, &len)) {
        reject(d->in, REJECT_BAD_FIELD, member);
        return false;
    }
    const struct json *root = NULL;
    char path[JSON_PATH];
    enum json_fault fault = json_parse(text, len, d->arena, &root, path);
    if (fault != JSON_FINE) {
        reject(d->in, reason_of_fault[fault], member);
        return false;
    }
    d->env.data = json_type(root) == JSON_NULL ? NULL : root;
    return true;
}

/* Also of a record that is going to be refused: its dead letter is its organisation's. */
static void note_organisation(struct decoding *d)
{
    const struct json *v = json_member(d->env.data, "organisation");
    if (v && json_type(v) == JSON_STRING && member_is_id(json_string(v))) {
        d->in->organisation = json_string(v);
    }
}

static const char *attribute_text(const struct decoding *d, enum attribute which)
{
    const char *text = d->env.attr[which].text;
    size_t len = d->env.attr[which].len;
    if (len == 0) {
        return NULL;
    }
    return d->env.binary ? arena_strndup(d->arena, text, len) : text;
}

/* The path of the attribute that keeps this from being a CloudEvent, or NULL. */
static const char *attributes_check(const struct envelope *env)
{
    if (env->attr[ATTR_SPECVERSION].len != 3 ||
        memcmp(env->attr[ATTR_SPECVERSION].text, "1.0", 3) != 0) {
        return envelope_path(env->binary, ATTR_SPECVERSION);
    }
    for (enum attribute which = ATTR_ID; which <= ATTR_TYPE; which++) {
        if (env->attr[which].len == 0) {
            return envelope_path(env->binary, which);
        }
    }
    return NULL;
}

/* Only facts about people are ordered by the time of their event. Nobody reads the time of an
 * absence: a clock time without its zone is no reason to miss a person. */
static const char *time_read(struct decoding *d)
{
    const struct envelope *env = &d->env;
    return env->attr[ATTR_TIME].text &&
                   instant_parse(env->attr[ATTR_TIME].text, env->attr[ATTR_TIME].len, &d->time)
               ? NULL
               : envelope_path(env->binary, ATTR_TIME);
}

/* The path of the first attribute that is no good for a record of ours, or NULL. */
static const char *attributes_read(struct decoding *d, bool orders_by_time)
{
    const struct envelope *env = &d->env;
    if (env->attr[ATTR_ID].len > EVENT_ID_MAX ||
        !member_is_trimmed(env->attr[ATTR_ID].text, env->attr[ATTR_ID].len)) {
        return envelope_path(env->binary, ATTR_ID);
    }
    if (!member_is_id(d->in->source)) {
        return envelope_path(env->binary, ATTR_SOURCE);
    }
    if (!env->binary && env->attr[ATTR_TIME].given && !env->attr[ATTR_TIME].text) {
        return envelope_path(env->binary, ATTR_TIME);
    }
    const char *bad = orders_by_time ? time_read(d) : NULL;
    return bad == NULL && env->bad_content_type ? "datacontenttype" : bad;
}

/* Missing members come first, then members with a bad value; attributes before data. */
static bool data_read(struct decoding *d, const struct member_table *t, const char *missing,
                      const struct json *const found[MEMBER_MAX], void *into)
{
    if (missing) {
        reject(d->in, REJECT_MISSING_FIELD, missing);
        return false;
    }
    const char *bad = attributes_read(d, t == &form_person);
    if (!bad) {
        bad =
            json_type(d->env.data) == JSON_OBJECT ? member_read(t, found, into, d->arena) : "data";
    }
    if (bad) {
        reject(d->in, REJECT_BAD_FIELD, bad);
        return false;
    }
    return true;
}

static bool source_may(const struct decoding *d)
{
    const struct inbound_limits *limits = d->limits;
    return !limits->source_allowed ||
           limits->source_allowed(limits->arg, d->in->source, d->in->organisation);
}

static bool source_check(struct decoding *d)
{
    if (source_may(d)) {
        return true;
    }
    reject(d->in, REJECT_SOURCE_NOT_ALLOWED, envelope_path(d->env.binary, ATTR_SOURCE));
    return false;
}

static bool contact_given(const struct contact_details *c)
{
    return c->name || c->phone || c->email || c->language || c->preferred_time ||
           c->voicemail != VOICEMAIL_UNKNOWN || c->way != WAY_NONE || c->needs || c->job ||
           !date_is_none(c->date_of_birth);
}

/* A record that is no sickness absence: only its identity and version are read. */
static void not_sickness_decode(struct decoding *d, const struct json *const found[MEMBER_MAX])
{
    struct absence_form f;
    form_absence_init(&f);
    d->in->verdict = VERDICT_IGNORED;
    d->in->other_category = true;
    for (size_t i = FORM_ABSENCE_ORGANISATION; i <= FORM_ABSENCE_VERSION; i++) {
        const struct member *m = &form_absence.rows[i];
        if (!found[i] || !m->read(found[i], (char *)&f + m->offset, d->arena)) {
            return;
        }
    }
    if (member_is_id(d->in->source) && source_may(d)) {
        d->in->verdict = VERDICT_NOT_SICKNESS;
        d->in->absence = f.absence;
    }
}

/* True: a sickness absence, as far as its category says. A record without a category
 * counts as one: the members' check misses it. found loses a category of nothing but white space.
 */
static bool category_decode(struct decoding *d, const struct json *found[MEMBER_MAX])
{
    const struct json *v = found[FORM_ABSENCE_CATEGORY];
    if (!v || json_type(v) != JSON_STRING) {
        return true;
    }
    char text[CATEGORY_TEXT];
    const char *plain = category_plain(json_string(v), text);
    if (plain && plain[0] == '\0') {
        found[FORM_ABSENCE_CATEGORY] = NULL;
        return true;
    }
    if (plain && category_is_sickness(plain)) {
        return true;
    }
    const struct inbound_limits *limits = d->limits;
    if (plain && (limits->category_ignored ? limits->category_ignored(limits->arg, plain)
                                           : category_is_ignored(plain))) {
        not_sickness_decode(d, found);
    } else {
        reject(d->in, REJECT_UNKNOWN_CATEGORY, FORM_CATEGORY);
    }
    return false;
}

static void absence_decode(struct decoding *d, const struct event_type *type)
{
    const struct json *found[MEMBER_MAX];
    const char *missing = NULL;
    if (!d->env.data) {
        missing = "data";
    } else if (json_type(d->env.data) == JSON_OBJECT) {
        member_find(&form_absence, d->env.data, found);
        if (!category_decode(d, found)) {
            return;
        }
        missing = member_missing(&form_absence, found);
    }
    struct absence_form f;
    form_absence_init(&f);
    if (!data_read(d, &form_absence, missing, found, &f)) {
        return;
    }
    if (f.absence.code && !f.scheme_given) {
        reject(d->in, REJECT_MISSING_SCHEME, FORM_REASON_SCHEME);
        return;
    }
    if (!date_is_none(f.absence.last_day) && date_diff(f.absence.onset, f.absence.last_day) < 0) {
        reject(d->in, REJECT_LAST_DAY_BEFORE_ONSET, FORM_LAST_DAY);
        return;
    }
    if (!source_check(d)) {
        return;
    }
    f.absence.cancelled = type->cancelled;
    f.absence.has_contact = contact_given(&f.absence.contact);
    d->in->verdict = VERDICT_ABSENCE;
    d->in->absence = f.absence;
}

static const char *person_missing(const struct decoding *d, const struct json *found[MEMBER_MAX])
{
    if (!d->env.attr[ATTR_TIME].given) {
        return envelope_path(d->env.binary, ATTR_TIME);
    }
    if (!d->env.data) {
        return "data";
    }
    if (json_type(d->env.data) != JSON_OBJECT) {
        return NULL;
    }
    member_find(&form_person, d->env.data, found);
    const char *missing = member_missing(&form_person, found);
    return missing || json_member(d->env.data, "on") ? missing : FORM_ON;
}

static void person_decode(struct decoding *d, const struct event_type *type)
{
    const struct json *found[MEMBER_MAX];
    const char *missing = person_missing(d, found);
    struct person_form f = {.on = DATE_NONE};
    if (!data_read(d, &form_person, missing, found, &f)) {
        return;
    }
    /* null withdraws a leaving or a death; opting out is withdrawn by opting in. */
    bool opted = type->what == PERSON_OPTED_OUT || type->what == PERSON_OPTED_IN;
    if (opted && date_is_none(f.on)) {
        reject(d->in, REJECT_BAD_FIELD, FORM_ON);
        return;
    }
    if (!source_check(d)) {
        return;
    }
    d->in->verdict = VERDICT_PERSON;
    d->in->person = (struct person_event){
        .person_id = f.person_id, .what = type->what, .on = f.on, .time = d->time};
}

static void heartbeat_decode(struct decoding *d)
{
    const struct json *found[MEMBER_MAX];
    const char *missing = NULL;
    struct heartbeat_form f = {
        .heartbeat = {.as_of = INSTANT_NONE, .records = -1, .sent = -1, .rejected = -1}};
    if (!d->env.data) {
        missing = "data";
    } else if (json_type(d->env.data) == JSON_OBJECT) {
        member_find(&form_heartbeat, d->env.data, found);
        missing = member_missing(&form_heartbeat, found);
    }
    if (data_read(d, &form_heartbeat, missing, found, &f) && source_check(d)) {
        d->in->verdict = VERDICT_HEARTBEAT;
        d->in->heartbeat = f.heartbeat;
    }
}

static void type_decode(struct decoding *d)
{
    const struct event_type *type =
        event_type_find(d->env.attr[ATTR_TYPE].text, d->env.attr[ATTR_TYPE].len);
    if (!type) {
        reject(d->in, REJECT_UNKNOWN_TYPE, envelope_path(d->env.binary, ATTR_TYPE));
        return;
    }
    switch (type->about) {
    case ABOUT_PERSON:
        person_decode(d, type);
        return;
    case ABOUT_FEED:
        heartbeat_decode(d);
        return;
    case ABOUT_ABSENCE:
        absence_decode(d, type);
        return;
    }
}

static void event_decode(struct decoding *d)
{
    struct envelope *env = &d->env;
    const char *bad = attributes_check(env);
    /* In binary mode the value is the data, and the value has to be an object. */
    bool no_object = !bad && env->binary && json_type(env->data) != JSON_OBJECT;
    bool foreign = !bad && !no_object &&
                   !event_type_is_ours(env->attr[ATTR_TYPE].text, env->attr[ATTR_TYPE].len);
    d->in->source = attribute_text(d, ATTR_SOURCE);
    d->in->id = attribute_text(d, ATTR_ID);
    /* Somebody else's data_base64 may hold anything. */
    if (!foreign && !unwrap_data(d)) {
        return;
    }
    note_organisation(d);
    if (bad || no_object) {
        reject(d->in, REJECT_NOT_CLOUDEVENT, bad ? bad : "");
    } else if (foreign) {
        d->in->verdict = VERDICT_IGNORED;
    } else {
        type_decode(d);
    }
}

void inbound_decode(const struct raw_record *raw, const struct inbound_limits *limits,
                    struct arena *a, struct inbound *in)
{
    memset(in, 0, sizeof(*in));
    if (!raw->value || raw->len == 0) {
        reject(in, REJECT_NO_VALUE, "");
        return;
    }
    if (raw->len > limits->max_bytes) {
        reject(in, REJECT_TOO_LARGE, "");
        return;
    }
    struct decoding d = {.limits = limits, .arena = a, .in = in, .time = INSTANT_NONE};
    bool binary = envelope_is_binary(raw);
    const struct json *root = parse(raw, binary, &d);
    if (!root) {
        return;
    }
    if (!binary && json_type(root) != JSON_OBJECT) {
        reject(in, REJECT_NOT_CLOUDEVENT, "");
        return;
    }
    envelope_read(raw, binary, root, &d.env);
    event_decode(&d);
}

static void keep_text(const char **text, struct arena *a)
{
    *text = arena_strdup(a, *text);
}

static void keep_absence(struct absence_event *e, struct arena *a)
{
    keep_text(&e->absence_id, a);
    keep_text(&e->person_id, a);
    keep_text(&e->assignment_id, a);
    keep_text(&e->code, a);
    keep_text(&e->fte, a);
    keep_text(&e->contact.name, a);
    keep_text(&e->contact.phone, a);
    keep_text(&e->contact.email, a);
    keep_text(&e->contact.language, a);
    keep_text(&e->contact.preferred_time, a);
    keep_text(&e->contact.needs, a);
    keep_text(&e->contact.job, a);
    keep_text(&e->site, a);
    keep_text(&e->staff_group, a);
}

void inbound_keep(struct inbound *in, struct arena *a)
{
    keep_text(&in->source, a);
    keep_text(&in->id, a);
    keep_text(&in->organisation, a);
    if (in->verdict == VERDICT_ABSENCE) {
        keep_absence(&in->absence, a);
    } else if (in->verdict == VERDICT_NOT_SICKNESS) {
        keep_text(&in->absence.absence_id, a);
    } else if (in->verdict == VERDICT_PERSON) {
        keep_text(&in->person.person_id, a);
    }
}
