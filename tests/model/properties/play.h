/* play - lines happen to an installation in memory: messages as intake takes them, entries as the
 * database functions do, and followup looking. Rows go to the shelf, what was rejected and what was
 * said is told to whoever listens. */
#ifndef TESTS_PROPERTIES_PLAY_H
#define TESTS_PROPERTIES_PLAY_H

#include "tests/model/properties/input.h"
#include "tests/model/properties/shelf.h"

struct play {
    struct shelf shelf;
    struct caseload caseload; /* of the latest batch or look: its people are derived */
    const struct ruleset *rules;
    struct instant now;
    int64_t last_entry;
    bool follows; /* followup is awake: emits and takes back */
    bool dozes;   /* followup has been away: rows may be of an earlier day when messages come */
    bool loses;   /* batches of messages are worked on and then not committed */
    /* Spells and tombstones by the latest commit, but for what is found out of a record that moved
     * once whoever has it now is loaded too. */
    size_t n_written;
    /* Told of each, where not NULL. */
    void *arg;
    void (*on_message)(void *arg, const struct line *line, const struct inbound *in,
                       struct instant now);
    void (*on_saying)(void *arg, const struct case_person *p, const struct saying *s,
                      struct instant now);
    void (*on_refused)(void *arg, const struct line *line, const char *sqlstate);
};

void play_init(struct play *p);
void play_clear(struct play *p);
/* An installation of which nobody is known. */
void play_reset(struct play *p, const struct ruleset *rules);

/* Messages stored in one transaction at now. Unless it dozes, everybody concerned was derived on
 * that day before. */
void play_messages(struct play *p, const struct line *const *lines, size_t n, struct instant now);
/* An entry or rules, at its time. */
void play_other(struct play *p, const struct line *line, struct instant now);
/* An entry as a fact, whatever rows there are. What it points to must last as long as the play. */
void play_fact(struct play *p, const char *organisation, const char *person_id,
               const struct contact_fact *fact, struct instant now);
/* Followup looks at everybody at now. */
void play_look(struct play *p, struct instant now);
/* Followup looks whenever somebody's case asks for it, up to and with until. */
void play_follow(struct play *p, struct instant until);

#endif
