/* scene - one invented person of one organisation, played day by day. Messages and entries go in,
 * and the derived case comes out. A small ledger has the events that would have been emitted and
 * withdrawn. For tests of casework. Times are local, "2026-09-07 09:10"; dates "2026-09-07". */
#ifndef TESTS_UNIT_SCENE_H
#define TESTS_UNIT_SCENE_H

#include "common/base/buf.h"
#include "common/casework/apply.h"
#include "common/casework/derive/derive.h"

#define SCENE_MOST 600

struct scene_emission {
    char id[96]; /* subject/kind/occurrence */
    char text[96];
    bool withdrawn;
};

struct scene {
    struct arena *a;
    struct settings *settings;
    char *document; /* of the settings */
    struct calendar *calendar;
    struct hmac_key *key;
    struct rules rules;
    struct facts facts;
    struct record records[SCENE_MOST];
    struct contact_fact contacts[SCENE_MOST];
    struct casework cw;
    struct instant now;
    int32_t serial; /* of the settings */
    int n_messages;
    struct scene_emission emitted[SCENE_MOST];
    size_t n_emitted;
    struct buf log, text;
};

/* The shipped settings and bank holidays; person P-77. */
struct scene *scene_open(const char *organisation);
struct scene *scene_open_at(const char *time); /* of RW3 */
void scene_close(struct scene *sc);

struct date scene_date(const char *date); /* NULL: NONE */
struct instant scene_time(const struct scene *sc, const char *time);

/* In the settings document, every from becomes to; loaded as a new version. */
void scene_settings(struct scene *sc, const char *from, const char *to);
/* Holidays of a file under the source tree, in place of those of the divisions in it. */
void scene_holidays(struct scene *sc, const char *file);

/* Moves the clock to then, and derives at every instant the case asks for. */
void scene_at(struct scene *sc, const char *time);
/* Looks once, as after being down: nothing in between. */
void scene_jump(struct scene *sc, const char *time);
/* Derives and compares at now. The others do it by themselves. */
void scene_look(struct scene *sc);

/* The contents of a message about an absence; dates as text, NULL where not given. absence_id:
 * "A-1" if
 * NULL. */
struct scene_absence {
    const char *id, *source, *assignment, *onset, *last_day, *expected, *code, *fit_from, *fit_to,
        *phased, *phone;
    enum reason_scheme scheme; /* SCHEME_NONE with a code: esr */
    int version;               /* 0: one more than the record has */
    bool open_ended, cancelled;
};
enum applied scene_send(struct scene *sc, struct scene_absence m);
#define SEND(sc, ...) scene_send((sc), (struct scene_absence){__VA_ARGS__})
/* The record is another person's now. */
void scene_move_away(struct scene *sc, const char *absence_id);

enum applied scene_person(struct scene *sc, enum person_fact what, const char *on);

/* An entry about the n-th spell of now, at a time (NULL: now). The entry can be changed afterwards.
 */
struct contact_fact *scene_entry(struct scene *sc, size_t spell, enum contact_kind kind,
                                 enum contact_outcome outcome, const char *at);

const struct spell *scene_spell(const struct scene *sc, size_t i); /* fails the test if not there */
const struct spell *scene_pathway(const struct scene *sc, const char *pathway); /* the latest */

/* A line an event that stands at now, superseded ones with " superseded"; in order of T. */
const char *scene_standing(struct scene *sc);
/* Those of one kind; of several when the name is a beginning. */
const char *scene_standing_of(struct scene *sc, const char *kind);
/* The same of the events ahead. */
const char *scene_ahead(struct scene *sc);
/* A line per emission (+) and withdrawal (-) since the last call, with the time. */
const char *scene_log(struct scene *sc);
/* A line a spell: pathway, onset, last day, task. */
const char *scene_spells(struct scene *sc);

#define cr_assert_standing(sc, kind, expected)                                                     \
    cr_assert_str_eq(scene_standing_of((sc), (kind)), (expected))

#define cr_assert_date(actual, expected)                                                           \
    do {                                                                                           \
        char actual_[DATE_TEXT];                                                                   \
        cr_assert_str_eq(date_format((actual), actual_), (expected));                              \
    } while (0)

#endif
