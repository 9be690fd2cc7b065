/* The components of forms. Each field shows again what was typed, with the message of its error
 * before it. The error summary leads to the field's id. */
#include <stdio.h>
#include <string.h>

#include "services/web/parts.h"

#define ID_BYTES 80

void part_error_summary(struct html *h, const struct form *f)
{
    if (f->n_errors == 0) {
        return;
    }
    put(h, "<div class=\"error-summary\" role=\"alert\" tabindex=\"-1\" autofocus"
           " aria-labelledby=\"error-summary-title\">\n"
           "<h2 id=\"error-summary-title\">There is a problem</h2>\n<ul>\n");
    for (size_t i = 0; i < f->n_errors; i++) {
        if (f->errors[i].field[0] == '\0') {
            put(h, "<li>%s</li>\n", f->errors[i].text);
        } else {
            put(h, "<li><a href=\"#%s\">%s</a></li>\n", f->errors[i].field, f->errors[i].text);
        }
    }
    put(h, "</ul></div>\n");
}

static void put_hint(struct html *h, const char *id, const char *hint)
{
    if (hint != NULL) {
        put(h, "<div class=\"hint\" id=\"%s-hint\">%s</div>\n", id, hint);
    }
}

static void put_error(struct html *h, const char *id, const char *error)
{
    if (error != NULL) {
        put(h,
            "<p class=\"error-message\" id=\"%s-error\"><span class=\"hidden\">Error: </span>%s"
            "</p>\n",
            id, error);
    }
}

/* Which ids describe a field: its hint, its error, both or none. */
static void put_described(struct html *h, const char *id, const char *hint, const char *error)
{
    if (hint != NULL && error != NULL) {
        put(h, " aria-describedby=\"%s-hint %s-error\"", id, id);
    } else if (hint != NULL) {
        put(h, " aria-describedby=\"%s-hint\"", id);
    } else if (error != NULL) {
        put(h, " aria-describedby=\"%s-error\"", id);
    }
}

/* Where there are errors, their summary has the focus. */
static void put_focus(struct html *h, const struct form *f, const char *id)
{
    if (f->focus != NULL && f->n_errors == 0 && strcmp(f->focus, id) == 0) {
        put(h, " autofocus");
    }
}

static void group_begin(struct html *h, bool wrong)
{
    if (wrong) {
        put(h, "<div class=\"group group-error\">\n");
    } else {
        put(h, "<div class=\"group\">\n");
    }
}

static void fieldset_begin(struct html *h, const char *id, const char *legend, const char *hint,
                           const char *error)
{
    group_begin(h, error != NULL);
    put(h, "<fieldset");
    put_described(h, id, hint, error);
    put(h, ">\n<legend>%s</legend>\n", legend);
    put_hint(h, id, hint);
    put_error(h, id, error);
}

static void fieldset_end(struct html *h)
{
    put(h, "</fieldset></div>\n");
}

/* ---- choices ---- */

/* The first has the id of the whole, so that the summary leads to it. Others have a number: a value
 * may hold what an id may not. */
static void choice_id(const char *id, size_t nth, char out[ID_BYTES])
{
    if (nth == 0) {
        (void)snprintf(out, ID_BYTES, "%s", id);
    } else {
        (void)snprintf(out, ID_BYTES, "%s-%zu", id, nth + 1);
    }
}

static void put_choice(struct html *h, const struct form *f, const struct choice *c, size_t nth,
                       const char *type, const char *id, const char *name, bool chosen)
{
    char own_id[ID_BYTES], hint_id[ID_BYTES];
    choice_id(id, nth, own_id);
    (void)snprintf(hint_id, sizeof hint_id, "%s-%zu", id, nth + 1);
    put(h, "<div class=\"choice\"><input type=\"%s\" name=\"%s\" id=\"%s\" value=\"%s\"", type,
        name, own_id, c->value);
    if (c->hint != NULL) {
        put(h, " aria-describedby=\"%s-hint\"", hint_id);
    }
    if (chosen) {
        put(h, " checked");
    }
    put_focus(h, f, own_id);
    put(h, ">\n<label for=\"%s\">", own_id);
    if (strcmp(type, "checkbox") == 0) {
        put_name(h, c->label);
    } else {
        put(h, "%s", c->label);
    }
    put(h, "</label>\n");
    put_hint(h, hint_id, c->hint);
}

void part_radios(struct html *h, const struct form *f, const char *id, const char *legend,
                 const char *hint, const struct choice *choices, size_t n, const char *chosen,
                 void *arg)
{
    const char *now = form_has(f, id) ? form_value(f, id) : chosen;
    fieldset_begin(h, id, legend, hint, form_error(f, id));
    for (size_t i = 0; i < n; i++) {
        put_choice(h, f, &choices[i], i, "radio", id, id,
                   now != NULL && strcmp(now, choices[i].value) == 0);
        if (choices[i].inside != NULL) {
            put(h, "<div class=\"inside\">\n");
            choices[i].inside(h, f, arg);
            put(h, "</div>\n");
        }
        put(h, "</div>\n");
    }
    fieldset_end(h);
}

void part_checkboxes(struct html *h, const struct form *f, const char *id, const char *legend,
                     const struct choice *choices, size_t n)
{
    fieldset_begin(h, id, legend, NULL, form_error(f, id));
    for (size_t i = 0; i < n; i++) {
        char name[ID_BYTES];
        (void)snprintf(name, sizeof name, "%s-%s", id, choices[i].value);
        put_choice(h, f, &choices[i], i, "checkbox", id, name, form_has(f, name));
        put(h, "</div>\n");
    }
    fieldset_end(h);
}

void part_select(struct html *h, const struct form *f, const char *id, const char *label,
                 const struct choice *choices, size_t n, const char *chosen)
{
    const char *error = form_error(f, id);
    const char *now = form_has(f, id) ? form_value(f, id) : chosen;
    group_begin(h, error != NULL);
    put(h, "<label for=\"%s\">%s</label>\n", id, label);
    put_error(h, id, error);
    put(h, "<select id=\"%s\" name=\"%s\"", id, id);
    put_described(h, id, NULL, error);
    put(h, ">\n");
    for (size_t i = 0; i < n; i++) {
        bool is = now != NULL && strcmp(now, choices[i].value) == 0;
        put(h,
            is ? "<option value=\"%s\" selected>%s</option>\n"
               : "<option value=\"%s\">%s</option>\n",
            choices[i].value, choices[i].label);
    }
    put(h, "</select></div>\n");
}

/* ---- dates, times, lines ---- */

static void date_part(struct html *h, const struct form *f, const char *id, const char *part,
                      const char *label, bool first, bool wrong)
{
    char name[ID_BYTES];
    (void)snprintf(name, sizeof name, "%s-%s", id, part);
    const char *own_id = first ? id : name;
    put(h, "<div class=\"date-part\"><label for=\"%s\">%s</label>\n", own_id, label);
    put(h, "<input type=\"text\" id=\"%s\" name=\"%s\" value=\"%s\" autocomplete=\"off\"", own_id,
        name, form_value(f, name));
    if (wrong) {
        put(h, " aria-invalid=\"true\"");
    }
    /* A month may be a word. */
    bool month = strcmp(part, "month") == 0;
    put(h, month ? " class=\"w-10\"></div>\n" : " class=\"w-5\" inputmode=\"numeric\"></div>\n");
}

void part_date(struct html *h, const struct form *f, const char *id, const char *legend,
               const char *hint)
{
    const char *error = form_error(f, id);
    fieldset_begin(h, id, legend, hint, error);
    put(h, "<div class=\"date\">\n");
    date_part(h, f, id, "day", "Day", true, error != NULL);
    date_part(h, f, id, "month", "Month", false, error != NULL);
    date_part(h, f, id, "year", "Year", false, error != NULL);
    put(h, "</div>\n");
    fieldset_end(h);
}

void part_input(struct html *h, const struct form *f, const struct input *in)
{
    const char *error = form_error(f, in->id);
    const char *type = in->type == NULL ? "text" : in->type;
    group_begin(h, error != NULL);
    put(h, "<label for=\"%s\">%s</label>\n", in->id, in->label);
    put_hint(h, in->id, in->hint);
    put_error(h, in->id, error);
    put(h, "<input type=\"%s\" id=\"%s\" name=\"%s\" class=\"%s\" autocomplete=\"%s\"", type,
        in->id, in->id, in->width == NULL ? "w-20" : in->width,
        in->autocomplete == NULL ? "off" : in->autocomplete);
    if (strcmp(type, "password") != 0) {
        const char *value = form_has(f, in->id) ? form_value(f, in->id) : in->value;
        put(h, " value=\"%s\" spellcheck=\"false\"", value);
    }
    if (strcmp(type, "password") == 0) {
        put(h, " data-show"); /* page.js offers to show what was typed */
    }
    put_described(h, in->id, in->hint, error);
    put_focus(h, f, in->id);
    put(h, error != NULL ? " aria-invalid=\"true\"></div>\n" : "></div>\n");
}

void part_time(struct html *h, const struct form *f, const char *id, const char *label,
               const char *hint)
{
    const struct input in = {.id = id, .label = label, .hint = hint, .width = "w-10"};
    part_input(h, f, &in);
}

/* ---- buttons ---- */

static void button(struct html *h, const char *class, const char *name, const char *value,
                   const char *label)
{
    put(h, "<button type=\"submit\" class=\"%s\"", class);
    if (name != NULL) {
        put(h, " name=\"%s\" value=\"%s\"", name, value);
    }
    put(h, ">%s</button>\n", label);
}

void part_button(struct html *h, const char *name, const char *value, const char *label)
{
    button(h, "button", name, value, label);
}

void part_button_secondary(struct html *h, const char *name, const char *value, const char *label)
{
    button(h, "button secondary", name, value, label);
}

void part_button_small(struct html *h, const char *label, const char *hidden)
{
    put(h, "<button type=\"submit\" class=\"button secondary small\">%s", label);
    if (hidden != NULL) {
        put(h, "<span class=\"hidden\">, ");
        put_name(h, hidden);
        put(h, "</span>");
    }
    put(h, "</button>");
}

void part_button_link(struct html *h, const char *href, const char *label)
{
    put(h, "<a class=\"button\" href=\"%s\">%s</a>\n", href, label);
}

void part_hidden(struct html *h, const char *name, const char *value)
{
    put(h, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name, value);
}
