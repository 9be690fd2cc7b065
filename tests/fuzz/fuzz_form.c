/* Takes any bytes as the fields of a form, as a path, and as text of a page. They are read or
 * refused. Written text is UTF-8 and has no byte of markup. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/utf8.h"
#include "services/web/form.h"
#include "services/web/html.h"
#include "services/web/route.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must_be_text(const char *value)
{
    struct buf b = {0};
    html_escape(&b, value);
    buf_puts(&b, "");
    MUST(strpbrk(b.data, "<>\"'") == NULL);
    MUST(utf8_valid(b.data, b.len));
    for (size_t i = 0; i < b.len; i++) {
        unsigned char c = (unsigned char)b.data[i];
        MUST(c >= 0x20 || c == '\n' || c == '\t');
        MUST(c != 0x7f);
    }
    buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct route table[] = {{"/calls", ROUTE_CALLERS, NULL, NULL},
                                         {"/case/ID/entry/N/undo", ROUTE_CALLERS, NULL, NULL}};
    struct form *f = NULL;
    struct err err;
    const char *text = (const char *)(const void *)data;
    if (form_parse(&f, text, len, &err) == STATUS_OK) {
        MUST(f->n_fields <= FORM_FIELDS_MAX);
        for (size_t i = 0; i < f->n_fields; i++) {
            MUST(form_value(f, f->fields[i].name) == f->fields[i].value);
            must_be_text(f->fields[i].name);
            must_be_text(f->fields[i].value);
        }
        struct form *copy = form_copy(f);
        MUST(copy->n_fields == f->n_fields);
        form_free(copy);
        form_free(f);
    }
    struct arena *a = arena_new(1024);
    const char *path = arena_strndup(a, text, len);
    struct route_match m = route_find(table, 2, path);
    MUST(m.route == NULL || path[0] == '/');
    MUST(m.route == NULL || strpbrk(path, "%?#<>") == NULL);
    must_be_text(path);
    arena_free(a);
    return 0;
}
