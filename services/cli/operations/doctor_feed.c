/* dayfour doctor looks at every mapping under /etc/dayfour/feed, the folder of its files, and the
 * newest file of each source. Without mappings it reports nothing of them. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/feed/feed_command.h"
#include "services/cli/feed/folders.h"
#include "services/cli/operations/doctor.h"

#define MAPPINGS "/etc/dayfour/feed"
#define FOLDERS "/var/lib/dayfour-feed"
#define OLD_HOURS 36

static void look_at_folder(struct doctor *d, const struct mapping *m, const char *name)
{
    char usual[4096];
    struct err err = {0};
    (void)snprintf(usual, sizeof usual, FOLDERS "/%s", name);
    const char *path = m->file.dir != NULL ? m->file.dir : usual;
    if (folders_check(path, &err) == STATUS_OK) {
        doctor_say(d, FINE, "feed_folder", "", "%s", path);
    } else {
        doctor_say(d, WRONG, "feed_folder",
                   "make it with `install -d -o dayfour-feed -g dayfour-feed -m 2770`", "%s",
                   err.text);
    }
}

static void look_at_mapping(struct doctor *d, const char *folder, const char *file)
{
    char path[4096];
    char name[256];
    struct err err = {0};
    struct mapping *m = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    (void)snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(".json")), file);
    if (feed_open_mapping(path, &m, &err) != STATUS_OK) {
        doctor_say(d, WRONG, "feed_mapping", "put it right: `dayfour feed check` explains it", "%s",
                   err.text);
        return;
    }
    doctor_say(d, FINE, "feed_mapping", "", "%s: source %s", path, m->source);
    look_at_folder(d, m, name);
    mapping_free(m);
}

static const struct pg_stmt newest_files = {
    "doctor_feed",
    "select s.source, to_char(s.as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"'),"
    " (extract(epoch from now() - s.as_of) / 3600)::int8,"
    " (select h.name || ': ' || h.why from feed.held h where h.source = s.source"
    "  order by h.as_of desc limit 1)"
    " from feed.source s order by s.source",
    NULL};

static void look_at_source(struct doctor *d, const struct pg_result *r, size_t i)
{
    const char *source = pg_text(r, i, 0);
    if (!pg_is_null(r, i, 3)) {
        doctor_say(d, WRONG, "feed_held",
                   "look at it with `dayfour feed check`, then `dayfour feed accept`",
                   "%s: a file is held: %s", source, pg_text(r, i, 3));
    }
    if (pg_is_null(r, i, 1)) {
        doctor_say(d, WORTH_KNOWING, "feed_file", "dayfour feed run, with --first",
                   "%s: no file was taken yet", source);
    } else if (pg_i64(r, i, 2) >= OLD_HOURS) {
        doctor_say(d, WRONG, "feed_file",
                   "does HR's system write files, and are they refused? `dayfour feed status`",
                   "%s: the newest file is of %s", source, pg_text(r, i, 1));
    } else {
        doctor_say(d, FINE, "feed_file", "", "%s: the newest file is of %s", source,
                   pg_text(r, i, 1));
    }
}

static void look_at_files(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (cli_query(d->cli, &newest_files, NULL, &r, &err) != STATUS_OK) {
        doctor_say(d, WORTH_KNOWING, "feed_file",
                   "ask as a login made by `dayfour staff add LOGIN --feed`",
                   "which files were taken cannot be read by this login");
        return;
    }
    for (size_t i = 0; i < pg_rows(r); i++) {
        look_at_source(d, r, i);
    }
}

static bool is_mapping(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".json") == 0;
}

void doctor_feed(struct doctor *d, const char *folder)
{
    bool given = folder != NULL;
    folder = given ? folder : MAPPINGS;
    DIR *dir = opendir(folder);
    size_t n = 0;
    if (dir == NULL) {
        if (given) {
            doctor_say(d, WRONG, "feed_mapping", "name the folder of the mappings",
                       "%s: no such folder", folder);
        }
        return;
    }
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (is_mapping(e->d_name)) {
            look_at_mapping(d, folder, e->d_name);
            n++;
        }
    }
    (void)closedir(dir);
    if (n > 0 && d->cli->pg != NULL && pg_is_up(d->cli->pg)) {
        look_at_files(d);
    }
}
