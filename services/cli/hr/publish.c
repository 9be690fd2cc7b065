/* dayfour publish: a file of events to the topic HR systems write to. */
#include <stdio.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/hr/event_file.h"
#include "services/cli/hr/sender.h"

static enum status send_one(struct sender *s, const struct event_file *f,
                            const struct event_file_message *m, struct err *err)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    char what[64];
    snprintf(what, sizeof what, "line %zu", m->line);
    return sender_send(s,
                       &(struct sender_message){.key = m->has_key ? m->key : NULL,
                                                .key_len = m->has_key ? EVENT_FILE_KEY_TEXT : 0,
                                                .value = f->text + m->at,
                                                .len = m->len,
                                                .headers = &structured,
                                                .n_headers = 1,
                                                .what = what},
                       err);
}

static enum status send_all(struct cli *cli, const char *topic, const struct event_file *f,
                            size_t *confirmed, struct err *err)
{
    struct sender *sender = NULL;
    enum status s = sender_open(&sender, cli, topic, f->n, err);
    for (size_t i = 0; i < f->n && s == STATUS_OK; i++) {
        s = send_one(sender, f, &f->messages[i], err);
    }
    s = s == STATUS_OK ? sender_finish(sender, err) : s;
    *confirmed = sender == NULL ? 0 : sender_confirmed(sender);
    sender_free(sender);
    return s;
}

/* Says why the file cannot be sent; EXIT_DONE: it can. */
static int refuse_bad(const struct event_file *f, const struct args *args)
{
    if (f->rejected > 0 && (!options_flag(args, "force") || f->unsendable)) {
        event_file_tell_faults(f);
        event_file_note_print(&f->notes);
        return cli_refuse("publish: %zu of %zu %s bad; nothing was sent", f->rejected, f->n,
                          f->n == 1 ? "line is" : "lines are");
    }
    event_file_note_print(&f->notes);
    if (f->notes.n_passed_over > 0 && options_flag(args, "strict")) {
        return cli_refuse("publish: something would be passed over (--strict); nothing was sent");
    }
    return EXIT_DONE;
}

static void tell(const struct event_file *f, const char *verb)
{
    printf("%s %zu %s", verb, f->n, f->n == 1 ? "event" : "events");
    if (f->ignored > 0) {
        printf(", %zu of a type or category that Dayfour passes over", f->ignored);
    }
    if (f->rejected > 0) {
        printf(", %zu that Dayfour refuses", f->rejected);
    }
    putchar('\n');
}

static int send_event_file(struct cli *cli, const struct args *args, const struct event_file *f)
{
    const char *topic = options_value(args, "topic");
    size_t confirmed = 0;
    struct err err = {0};
    topic = topic != NULL ? topic : cli->conf->kafka_topic_absences;
    enum status s = f->n == 0 ? STATUS_OK : send_all(cli, topic, f, &confirmed, &err);
    if (s != STATUS_OK) {
        char told[sizeof err.text];
        snprintf(told, sizeof told, "%.250s (%zu of %zu events were confirmed)", err.text,
                 confirmed, f->n);
        memcpy(err.text, told, sizeof told);
        return cli_fail("publish", STATUS_FATAL, &err); /* the input was fine */
    }
    tell(f, "sent");
    return EXIT_DONE;
}

int publish_run(struct cli *cli, const struct args *args)
{
    const char *path = options_argument(args, 0);
    bool force = options_flag(args, "force");
    struct event_file_options o = {.force = force,
                                   .rows = {.lenient = force},
                                   .limits = {.max_bytes = (size_t)cli->conf->intake_max_bytes}};
    struct event_file *f = NULL;
    struct err err = {0};
    enum status s = cli_now(cli, &o.now, &err);
    s = s == STATUS_OK ? event_file_read_options(&o, path, args, &err) : s;
    s = s == STATUS_OK ? event_file_open(&f, path, &o, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("publish", s, &err);
    }
    int code = refuse_bad(f, args);
    if (code == EXIT_DONE && options_flag(args, "dry-run")) {
        tell(f, "checked");
    } else if (code == EXIT_DONE) {
        code = send_event_file(cli, args, f);
    }
    event_file_free(f);
    return code;
}
