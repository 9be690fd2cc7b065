/* Files that browsers keep: the stylesheet and the script, embedded, and the organisation's own
 * logo, read once. The digest of what is in a file is in its path, so that a new one is another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/hash.h"
#include "common/base/mem.h"
#include "services/web/embedded.h"
#include "services/web/inside.h"
#include "services/web/request.h"

#define LOGO_MAX (256 * 1024)
#define PATH_BYTES 64

static struct {
    struct asset style, script, logo;
    char paths[3][PATH_BYTES];
    char *logo_bytes;
} all;

static struct asset made(size_t nth, const char *name, const char *ending, const char *type,
                         const void *bytes, size_t len)
{
    uint8_t hash[SHA256_BYTES];
    char hex[17];
    hash_sha256(bytes, len, hash);
    (void)hash_hex(hash, 8, hex);
    (void)snprintf(all.paths[nth], PATH_BYTES, "/assets/%s-%s.%s", name, hex, ending);
    return (struct asset){all.paths[nth], type, bytes, len};
}

static enum status read_logo(const char *file, struct err *err)
{
    const char *dot = strrchr(file, '.');
    bool svg = dot != NULL && strcmp(dot, ".svg") == 0;
    if (!svg && (dot == NULL || strcmp(dot, ".png") != 0)) {
        return err_set(err, STATUS_FATAL, "config", "web.logo: a file ending in .svg or .png");
    }
    FILE *f = fopen(file, "re");
    if (f == NULL) {
        return err_set(err, STATUS_FATAL, "config", "web.logo: cannot be read");
    }
    all.logo_bytes = mem_alloc(LOGO_MAX + 1);
    size_t len = fread(all.logo_bytes, 1, LOGO_MAX + 1, f);
    (void)fclose(f);
    if (len == 0 || len > LOGO_MAX) {
        return err_set(err, STATUS_FATAL, "config", "web.logo: empty, or over 256 KiB");
    }
    all.logo = made(2, "logo", svg ? "svg" : "png", svg ? "image/svg+xml" : "image/png",
                    all.logo_bytes, len);
    return STATUS_OK;
}

enum status assets_open(const struct conf *c, struct err *err)
{
    for (size_t i = 0; i < web_assets_n; i++) {
        const struct embed_file *f = &web_assets[i];
        if (strcmp(f->name, "style.css") == 0) {
            all.style = made(0, "style", "css", "text/css; charset=utf-8", f->data, f->len);
        } else if (strcmp(f->name, "page.js") == 0) {
            all.script = made(1, "page", "js", "text/javascript; charset=utf-8", f->data, f->len);
        }
    }
    return c->web_logo == NULL ? STATUS_OK : read_logo(c->web_logo, err);
}

void assets_close(void)
{
    free(all.logo_bytes);
    memset(&all, 0, sizeof all);
}

const struct asset *assets_find(const char *path)
{
    const struct asset *const list[] = {&all.style, &all.script, &all.logo};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (list[i]->path != NULL && strcmp(list[i]->path, path) == 0) {
            return list[i];
        }
    }
    return NULL;
}

const char *assets_style(void)
{
    return all.style.path;
}

const char *assets_script(void)
{
    return all.script.path;
}

const char *assets_logo(void)
{
    return all.logo.path;
}
