#include "common/event/inbound.h"

#include <stdio.h>
#include <string.h>

#include "common/event/envelope.h"
#include "common/event/form.h"
#include "common/json.h"

/* An id orders facts of the same instant and is kept with them; nothing says how long one may be.
 */
#define EVENT_ID_MAX 1024

/* One record on its way through the checks. */
struct decoding {
    const struct inbound_limits *limits;
    struct arena *arena;
    struct inbound *in;
    struct envelope env;
    struct instant time; /* NONE: not given */
};

/* Our types, and what each of them says beyond its data. */
struct event_type {
    const char *name; /* without prefix and suffix */
    bool person;
    bool cancelled;
    enum person_fact what;
};
static const struct event_type event_types[] = {
    {.name = "absence.opened"},
    {.name = "absence.amended"},
    {.name = "absence.closed"},
    {.name = "absence.cancelled", .cancelled = true},
    {.name = "person.left", .person = true, .what = PERSON_LEFT},
    {.name = "person.died", .person = true, .what = PERSON_DIED},
    {.name = "person.opted-out", .person = true, .what = PERSON_OPTED_OUT},
    {.name = "person.opted-in", .person = true, .what = PERSON_OPTED_IN},
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

/* NULL for a type that is not ours. */
static const struct event_type *type_find(const char *text, size_t len)
{
    static const char prefix[] = "org.dayfour.";
    static const char suffix[] = ".v1";
    const size_t prefix_len = sizeof(prefix) - 1;
    const size_t suffix_len = sizeof(suffix) - 1;
    if (len <= prefix_len + suffix_len || memcmp(text, prefix, prefix_len) != 0 ||
        memcmp(text + len - suffix_len, suffix, suffix_len) != 0) {
        return NULL;
    }
    const char *name = text + prefix_len;
    size_t name_len = len - prefix_len - suffix_len;
    for (size_t i = 0; i < sizeof(event_types) / sizeof(event_types[0]); i++) {
        if (strlen(event_types[i].name) == name_len &&
            memcmp(event_types[i].name, name, name_len) == 0) {
            return &event_types[i];
        }
    }
    return NULL;
}

/* A path tells which member is at fault, to more people than may see the message. A name that no
 * event has may be anything, such as a staff number: it is left out, with what is in it. */
static void keep_known(char *path)
{
    static const char *const names[] = {"specversion",
                                        "id",
                                        "source",
                                        "type",
                                        "time",
                                        "subject",
                                        "dataschema",
                                        "datacontenttype",
                                        "data",
                                        "data_base64",
                                        "organisation",
                                        "absence_id",
                                        "version",
                                        "person_id",
                                        "assignment_id",
                                        "category",
                                        "onset_date",
                                        "last_day",
                                        "open_ended",
                                        "expected_return",
                                        "reason",
                                        "scheme",
                                        "code",
                                        "fte",
                                        "contact",
                                        "name",
                                        "phone",
                                        "email",
                                        "language",
                                        "preferred_time",
                                        "voicemail",
                                        "fit_note",
                                        "from",
                                        "to",
                                        "phased_return_from",
                                        "site",
                                        "staff_group",
                                        "on"};
    char *at = path;
    while (*at != '\0') {
        size_t len = strcspn(at, ".[");
        size_t i = 0;
        while (i < sizeof names / sizeof names[0] &&
               (strlen(names[i]) != len || memcmp(names[i], at, len) != 0)) {
            i++;
        }
        if (i == sizeof names / sizeof names[0]) {
            at[at > path ? -1 : 0] = '\0'; /* before it is a dot */
            return;
        }
        at += len;
        at += strspn(at, "[].");
    }
}

static const struct json *parse(const struct raw_record *raw, bool binary, struct decoding *d)
{
    static const enum reject_reason reasons[] = {
        [JSON_NOT_UTF8] = REJECT_NOT_UTF8,    [JSON_NOT_JSON] = REJECT_NOT_JSON,
        [JSON_TOO_DEEP] = REJECT_TOO_DEEP,    [JSON_DUPLICATE_KEY] = REJECT_DUPLICATE_KEY,
        [JSON_BAD_STRING] = REJECT_BAD_FIELD,
    };
    char path[JSON_PATH];
    const struct json *root = NULL;
    enum json_fault fault = json_parse(raw->value, raw->len, d->arena, &root, path);
    if (fault == JSON_FINE) {
        return root;
    }
    /* A path names the member within the event: in binary mode the value is what is data elsewhere.
     */
    char full[sizeof("data.") + JSON_PATH];
    keep_known(path);
    snprintf(full, sizeof(full), "%s%s", binary && path[0] ? "data." : "", path);
    reject(d->in, reasons[fault], full);
    return NULL;
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

/* Only facts about people are put in order by the time of their event. Of an absence nobody reads
 * it, and a clock time written without its zone is no reason to miss somebody. */
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
    if (env->attr[ATTR_ID].len > EVENT_ID_MAX) {
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

/* What must be there and is not, then what is there and cannot be: of attributes first, then of the
 * data. */
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

static bool source_check(struct decoding *d)
{
    const struct inbound_limits *limits = d->limits;
    if (!limits->source_allowed ||
        limits->source_allowed(limits->arg, d->in->source, d->in->organisation)) {
        return true;
    }
    reject(d->in, REJECT_SOURCE_NOT_ALLOWED, envelope_path(d->env.binary, ATTR_SOURCE));
    return false;
}

static bool contact_given(const struct contact_details *c)
{
    return c->name || c->phone || c->email || c->language || c->preferred_time ||
           c->voicemail != VOICEMAIL_UNKNOWN;
}

static bool other_category(const struct json *category)
{
    return category && json_type(category) == JSON_STRING &&
           !form_is_sickness(json_string(category));
}

static void absence_decode(struct decoding *d, const struct event_type *type)
{
    const struct json *found[MEMBER_MAX];
    const char *missing = NULL;
    if (!d->env.data) {
        missing = "data";
    } else if (json_type(d->env.data) == JSON_OBJECT) {
        member_find(&form_absence, d->env.data, found);
        if (other_category(found[FORM_ABSENCE_CATEGORY])) {
            d->in->verdict = VERDICT_IGNORED;
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

static const char *person_missing(const struct decoding *d, const struct event_type *type,
                                  const struct json *found[MEMBER_MAX])
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
    /* Leaving and death are taken back by null; an opting in or out is taken back by the other. */
    bool on_required = type->what == PERSON_OPTED_OUT || type->what == PERSON_OPTED_IN;
    if (!missing && on_required && !found[FORM_PERSON_ON]) {
        missing = form_person.rows[FORM_PERSON_ON].path;
    }
    return missing;
}

static void person_decode(struct decoding *d, const struct event_type *type)
{
    const struct json *found[MEMBER_MAX];
    const char *missing = person_missing(d, type, found);
    struct person_form f = {.on = DATE_NONE};
    if (!data_read(d, &form_person, missing, found, &f) || !source_check(d)) {
        return;
    }
    d->in->verdict = VERDICT_PERSON;
    d->in->person = (struct person_event){
        .person_id = f.person_id, .what = type->what, .on = f.on, .time = d->time};
}

static void event_decode(struct decoding *d)
{
    const char *bad = attributes_check(&d->env);
    d->in->source = attribute_text(d, ATTR_SOURCE);
    d->in->id = attribute_text(d, ATTR_ID);
    note_organisation(d);
    if (bad) {
        reject(d->in, REJECT_NOT_CLOUDEVENT, bad);
        return;
    }
    /* In binary mode the value is the data, and the value has to be an object. */
    if (d->env.binary && json_type(d->env.data) != JSON_OBJECT) {
        reject(d->in, REJECT_NOT_CLOUDEVENT, "");
        return;
    }
    const struct event_type *type =
        type_find(d->env.attr[ATTR_TYPE].text, d->env.attr[ATTR_TYPE].len);
    if (!type) {
        d->in->verdict = VERDICT_IGNORED;
    } else if (type->person) {
        person_decode(d, type);
    } else {
        absence_decode(d, type);
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
}

void inbound_keep(struct inbound *in, struct arena *a)
{
    keep_text(&in->source, a);
    keep_text(&in->id, a);
    keep_text(&in->organisation, a);
    if (in->verdict == VERDICT_ABSENCE) {
        keep_absence(&in->absence, a);
    } else if (in->verdict == VERDICT_PERSON) {
        keep_text(&in->person.person_id, a);
    }
}
