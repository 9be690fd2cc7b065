/* The claim compares the derived cases with what was emitted, and renders the difference into
 * records. Nothing here sends anything. compare() first takes all of a person's differences. It
 * drops those of a queue in which the person was not found. It drops HR's while their topic is
 * missing. The next instant at which the person is looked at follows from what is left. */
#include "services/followup/shard/claim_emit.h"

static enum event_audience audience_of(const struct saying *s)
{
    return event_kind_audience(s->event != NULL ? s->event->kind : s->takes_back->kind);
}

/* Only what the queues the person was found in are about. True: something for occupational health
 * was left out. */
static bool keep_due(struct sayings *s, const struct case_person *p)
{
    size_t n = 0;
    bool oh_left = false;
    for (size_t i = 0; i < s->n; i++) {
        bool hr = audience_of(&s->items[i]) == AUDIENCE_HR;
        if (hr ? p->due_prompts : p->due_oh && !p->aside) {
            s->items[n++] = s->items[i];
        } else {
            oh_left |= !hr;
        }
    }
    s->n = n;
    return oh_left;
}

static enum topic_state topic_for(const struct claim *c, const struct case_person *p,
                                  const struct saying *s)
{
    const char *topic = s->takes_back != NULL ? s->takes_back->topic
                                              : render_topic(s->event->kind, c->around.conf,
                                                             p->organisation, c->caseload.arena);
    return topics_ask(c->around.topics, topic, p->organisation);
}

/* HR events are not written to the outbox while their topic is missing, because the batch could not
 * be published. All HR events of a person wait together, by the organisation alone: HR learns
 * nothing from that. */
static void wait_for_topic(struct claim *c, struct sayings *s, struct case_person *p)
{
    enum topic_state state = TOPIC_THERE;
    for (size_t i = 0; i < s->n && state == TOPIC_THERE && !c->due.paused; i++) {
        if (audience_of(&s->items[i]) == AUDIENCE_HR) {
            state = topic_for(c, p, &s->items[i]);
        }
    }
    if (state == TOPIC_THERE) {
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (audience_of(&s->items[i]) == AUDIENCE_OH) {
            s->items[n++] = s->items[i];
        }
    }
    s->n = n;
    if (state == TOPIC_MISSING) {
        c->waiting[c->n_waiting++] = p;
    } else {
        p->wake_at = p->stored_wake;
        c->n_unsure++;
    }
}

/* Never a tight circle. */
static struct instant later(struct instant wake, struct instant now)
{
    bool passed = !instant_is_none(wake) && wake.us <= now.us;
    return passed ? instant_add_us(now, US_PER_SECOND) : wake;
}

static struct instant next_look(struct instant wake, const struct said *said,
                                enum event_audience audience, struct instant now)
{
    struct instant ahead = diff_ahead(said->rows, said->n, audience, now);
    wake = later(wake, now);
    return instant_is_none(wake) || (!instant_is_none(ahead) && ahead.us < wake.us) ? ahead : wake;
}

/* The clock went back: some events cannot be withdrawn yet. */
static bool is_behind(const struct said *said, struct instant now)
{
    return !instant_is_none(diff_ahead(said->rows, said->n, AUDIENCE_OH, now)) ||
           !instant_is_none(diff_ahead(said->rows, said->n, AUDIENCE_HR, now));
}

/* All that is due was emitted or deferred, so the person waits for the next T. A person not found
 * in the queue of prompts keeps the place in it. */
static void set_wakes(struct case_person *p, const struct said *said, struct instant now,
                      bool oh_left)
{
    p->wake_at =
        p->due_prompts ? next_look(p->cw.prompt_wake_at, said, AUDIENCE_HR, now) : p->stored_wake;
    bool waits = !instant_is_none(p->stored_oh_wake) && p->stored_oh_wake.us <= now.us;
    if (p->aside) {
        p->oh_wake_at = p->aside_until;
        return;
    }
    if (p->due_oh || (!waits && !oh_left)) {
        p->oh_wake_at = next_look(p->cw.oh_wake_at, said, AUDIENCE_OH, now);
    } else {
        p->oh_wake_at = waits ? p->stored_oh_wake : now;
    }
}

/* Computes for everybody what to emit, and counts the emissions. */
struct sayings *claim_compare(struct claim *c, size_t *total)
{
    struct caseload *cl = &c->caseload;
    struct sayings *all = arena_array(cl->arena, cl->n_persons + c->due.n_silences, sizeof *all);
    struct standing *standing = NULL;
    size_t n = 0;
    *total = 0;
    c->waiting = arena_array(cl->arena, cl->n_persons, sizeof *c->waiting);
    for (size_t i = 0; i < cl->n_persons; i++) {
        const struct case_person *p = &cl->persons[i];
        struct said *said = &c->said[i];
        diff_stand(&p->cw, c->around.now, cl->arena, &standing, &n);
        n = said->erasing ? 0 : n;
        diff_mark_settled(said->rows, said->n, p, c->around.now);
        all[i] = diff(standing, n, said->rows, said->n, &p->rules, c->around.now, cl->arena);
        size_t found = all[i].n;
        set_wakes(&cl->persons[i], said, c->around.now, keep_due(&all[i], p));
        wait_for_topic(c, &all[i], &cl->persons[i]);
        said->all_taken = said->erasing && all[i].n == found && !is_behind(said, c->around.now);
        *total += all[i].n;
    }
    for (size_t i = 0; i < c->due.n_silences && !c->due.paused; i++) {
        const struct silence *f = &c->due.silences[i];
        struct rules rules = ruleset_for(c->around.rules, f->organisation);
        diff_stand_silent(&rules, f->organisation, f->last_valid, c->around.now, cl->arena,
                          &standing, &n);
        all[cl->n_persons + i] =
            diff(standing, n, f->emitted, f->n_emitted, &rules, c->around.now, cl->arena);
        *total += all[cl->n_persons + i].n;
    }
    return all;
}

/* p: NULL about an organisation. */
static void utter(struct claim *c, const struct sayings *s, const struct render_about *about,
                  struct case_person *p)
{
    int32_t emitted = 0;
    int32_t prompted = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct utterance *u = &c->utterances[c->n_utterances++];
        struct outbound *r = &c->records[c->n_records];
        *u = (struct utterance){.organisation = about->organisation,
                                .person_id = about->person_id == NULL ? "" : about->person_id,
                                .takes_back = s->items[i].takes_back};
        render_saying(&s->items[i], about, c->caseload.arena, r, &u->row);
        r->ord = (int32_t)c->n_records++;
        if (u->takes_back == NULL) {
            c->n_emitted++;
            emitted++;
            prompted += audience_of(&s->items[i]) == AUDIENCE_HR;
        } else {
            c->n_withdrawn++;
        }
    }
    if (p != NULL) {
        p->more_emitted = emitted;
        p->more_prompted = prompted;
    }
}

void claim_render(struct claim *c, const struct sayings *all, size_t total)
{
    const struct caseload *cl = &c->caseload;
    const struct ruleset *rules = c->around.rules;
    char marker[MARKER_TEXT];
    render_marker(rules->install_key, c->around.shard, c->around.next_batch, marker);
    c->utterances = arena_array(cl->arena, total, sizeof *c->utterances);
    c->records = arena_array(cl->arena, total + c->due.n_letters, sizeof *c->records);
    struct render_about about = {.conf = c->around.conf, .marker = marker, .now = c->around.now};
    for (size_t i = 0; i < cl->n_persons; i++) {
        about.rules = &cl->persons[i].rules;
        about.organisation = cl->persons[i].organisation;
        about.person_id = cl->persons[i].person_id;
        utter(c, &all[i], &about, &cl->persons[i]);
    }
    for (size_t i = 0; i < c->due.n_silences; i++) {
        const struct rules of = ruleset_for(rules, c->due.silences[i].organisation);
        about.rules = &of;
        about.organisation = c->due.silences[i].organisation;
        about.person_id = NULL;
        utter(c, &all[cl->n_persons + i], &about, NULL);
    }
    for (size_t i = 0; i < c->due.n_letters; i++) {
        struct outbound *r = &c->records[c->n_records];
        letter_render(&c->due.letters[i], c->around.conf->kafka_topic_dead_letter,
                      rules->install_key, marker, cl->arena, r);
        r->ord = (int32_t)c->n_records++;
    }
    c->n_letters = c->due.n_letters;
}

/* While the emission is paused cases are derived all the same. People about whom something is to be
 * emitted are noted: nothing is lost, nothing goes out. */
void claim_defer(struct claim *c, const struct sayings *all)
{
    const struct caseload *cl = &c->caseload;
    c->held = arena_array(cl->arena, cl->n_persons, sizeof *c->held);
    c->held_prompts = arena_array(cl->arena, cl->n_persons, sizeof *c->held_prompts);
    for (size_t i = 0; i < cl->n_persons; i++) {
        bool hr = false;
        bool oh = c->said[i].erasing;
        for (size_t k = 0; k < all[i].n; k++) {
            hr |= audience_of(&all[i].items[k]) == AUDIENCE_HR;
            oh |= audience_of(&all[i].items[k]) == AUDIENCE_OH;
        }
        if (hr) {
            c->held_prompts[c->n_held_prompts++] = &cl->persons[i];
        }
        if (oh) {
            c->held[c->n_held++] = &cl->persons[i];
        }
    }
}
