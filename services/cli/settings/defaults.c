/* The build embeds both documents, so that the first `migrate` needs no file. They pass the same
 * readers and the same statements as those of an operator. */
#include "services/cli/settings/defaults.h"

#include <stdlib.h>
#include <string.h>

#include "services/cli/embed.h"
#include "services/cli/hr/rulebook.h"

static const struct embed_file *file(const char *name)
{
    for (size_t i = 0; i < embed_settings_n; i++) {
        if (strcmp(embed_settings[i].name, name) == 0) {
            return &embed_settings[i];
        }
    }
    abort(); /* CMakeLists.txt beside this names it */
}

const char *defaults_settings_text(void)
{
    return (const char *)file("pathways.json")->data;
}

enum status defaults_settings(struct cli *cli, struct instant now, struct err *err)
{
    const char *text = defaults_settings_text();
    struct settings *parsed = NULL;
    enum status s = settings_parse(&parsed, text, strlen(text), err);
    if (s != STATUS_OK) {
        return s;
    }
    int32_t serial = 0;
    s = rulebook_put_settings(cli, settings_version(parsed), text, now, &serial, err);
    settings_free(parsed);
    return s;
}

static enum status parse_holidays(struct cli *cli, struct holiday **out, size_t *n,
                                  unsigned *divisions, struct err *err)
{
    const struct embed_file *f = file("bank-holidays.json");
    return calendar_parse((const char *)f->data, f->len, cli->arena, out, n, divisions, err);
}

enum status defaults_calendar(struct cli *cli, struct err *err)
{
    struct holiday *holidays = NULL;
    size_t n = 0;
    unsigned divisions = 0;
    enum status s = parse_holidays(cli, &holidays, &n, &divisions, err);
    return s == STATUS_OK ? rulebook_put_holidays(cli, holidays, n, divisions, err) : s;
}

enum status defaults_holidays(struct cli *cli, struct calendar **out, struct err *err)
{
    struct holiday *holidays = NULL;
    size_t n = 0;
    unsigned divisions = 0;
    enum status s = parse_holidays(cli, &holidays, &n, &divisions, err);
    if (s != STATUS_OK) {
        return s;
    }
    *out = calendar_new();
    for (size_t i = 0; i < n; i++) {
        calendar_add(*out, holidays[i].division, holidays[i].day);
    }
    return STATUS_OK;
}
