/* The order within a cell: what stands for nothing (never, empty), the mapping's values, damage by
 * spreadsheets, the form wanted, leading zeros, bounds. */
#include "common/feed/rows/cells.h"

#include <string.h>

#include "common/event/category.h"
#include "common/event/decimal.h"
#include "common/event/hr_event.h"
#include "common/event/member.h"
#include "common/event/text.h"

bool cells_is_id(const char *s)
{
    return member_is_id(s);
}

/* In any case; b may have blanks around it. Folding keeps lengths. */
static bool same_text(const char *a, size_t len, const char *b)
{
    char one[CELL_TEXT_MAX + 1];
    char two[CELL_TEXT_MAX + 1];
    size_t b_len = 0;
    b = text_trim(b, strlen(b), TEXT_INVISIBLE, &b_len);
    return len == b_len && text_fold(a, len, one, sizeof one) &&
           text_fold(b, b_len, two, sizeof two) && strcmp(one, two) == 0;
}

static bool is_one_of(const struct mapping_texts *texts, const char *s)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (same_text(s, strlen(s), texts->item[i])) {
            return true;
        }
    }
    return false;
}

bool cells_plain(const struct mapping_texts *empty, const char *raw, char *out)
{
    size_t len = 0;
    const char *at = text_trim(raw, strlen(raw), TEXT_INVISIBLE, &len);
    /* A spreadsheet's way to say that digits are text. */
    if (len >= 3 && at[0] == '=' && at[1] == '"' && at[len - 1] == '"') {
        at = text_trim(at + 2, len - 3, TEXT_INVISIBLE, &len);
    }
    memcpy(out, at, len);
    out[len] = '\0';
    if (len > 0 && is_one_of(empty, out)) {
        out[0] = '\0';
    }
    return out[0] != '\0';
}

/* ---- damage ---- */

/* 8.84E+06 */
static bool is_exponent(const char *s)
{
    size_t n = strspn(s, "0123456789");
    bool good = n > 0;
    s += n;
    if (*s == '.') {
        s++;
        s += strspn(s, "0123456789");
    }
    good = good && (*s == 'E' || *s == 'e') && (s[1] == '+' || s[1] == '-');
    return good && s[2] != '\0' && s[2 + strspn(s + 2, "0123456789")] == '\0';
}

/* 8840001.0 */
static bool is_fraction_of_nothing(const char *s)
{
    size_t n = strspn(s, "0123456789");
    if (n == 0 || s[n] != '.') {
        return false;
    }
    size_t zeros = strspn(s + n + 1, "0");
    return zeros > 0 && s[n + 1 + zeros] == '\0';
}

/* 46272, or 46272.25 with a time: days since 1899. */
static bool is_serial_day(const char *s)
{
    size_t n = strspn(s, "0123456789");
    if (n != 5 || (s[n] != '\0' && s[n] != '.')) {
        return false;
    }
    return s[n] == '\0' || s[n + 1 + strspn(s + n + 1, "0123456789")] == '\0';
}

/* ---- kinds ---- */

static void fail(struct cell *out, enum row_fault why)
{
    out->fault = why;
    out->given = false;
}

static void read_id(const struct mapping_column *c, struct cell *out)
{
    size_t len = strlen(out->text);
    if (is_exponent(out->text) || is_fraction_of_nothing(out->text)) {
        out->spreadsheet = true;
        fail(out, ROW_SPREADSHEET);
        return;
    }
    if (len < (size_t)c->pad && strspn(out->text, "0123456789") == len) {
        char padded[64] = "";
        size_t zeros = (size_t)c->pad - len;
        memset(padded, '0', zeros);
        memcpy(padded + zeros, out->text, len + 1);
        memcpy(out->room, padded, (size_t)c->pad + 1);
        out->text = out->room;
    }
    if (strlen(out->text) > MEMBER_ID_MAX) {
        fail(out, ROW_TOO_LONG);
    } else if (!member_is_id(out->text)) {
        fail(out, ROW_UNKNOWN_VALUE);
    }
}

static void read_category(struct cell *out)
{
    char text[CATEGORY_TEXT];
    const char *plain = category_plain(out->text, text);
    out->passes = plain != NULL && category_is_ignored(plain);
    if (plain == NULL || (!out->passes && !category_is_sickness(plain))) {
        fail(out, ROW_UNKNOWN_VALUE);
    }
}

static void read_scheme(struct cell *out)
{
    for (enum reason_scheme s = SCHEME_ESR; s <= SCHEME_TEXT; s++) {
        if (text_equal(out->text, reason_scheme_name(s))) {
            out->text = reason_scheme_name(s);
            return;
        }
    }
    fail(out, ROW_UNKNOWN_VALUE);
}

static void read_share(struct cell *out)
{
    char text[DECIMAL_TEXT];
    char whole[CELL_TEXT_MAX + 2] = "0"; /* databases leave out the zero of .60000 */
    memcpy(whole + 1, out->text, strlen(out->text) + 1);
    if (!decimal_share(whole + (out->text[0] != '.'), DECIMAL_PLAIN, text)) {
        fail(out, ROW_OUT_OF_RANGE);
        return;
    }
    memcpy(out->room, text, strlen(text) + 1);
    out->text = out->room;
}

static void read_bool(const struct mapping_column *c, struct cell *out)
{
    static const char *const words[][2] = {
        {"true", "false"}, {"yes", "no"}, {"y", "n"}, {"1", "0"}};
    if (c->yes.n > 0) {
        out->yes = is_one_of(&c->yes, out->text);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_equal(out->text, words[i][0]) || text_equal(out->text, words[i][1])) {
            out->yes = text_equal(out->text, words[i][0]);
            return;
        }
    }
    fail(out, ROW_UNKNOWN_VALUE);
}

static void read_rfc3339(struct cell *out)
{
    struct instant t;
    if (!instant_parse(out->text, strlen(out->text), &t)) {
        fail(out, ROW_BAD_DATE);
        return;
    }
    int64_t second = t.us / US_PER_SECOND;
    if (second <= 0 || second > UINT32_MAX) {
        fail(out, ROW_OUT_OF_RANGE);
    }
    out->second = (uint32_t)second;
}

static void read_moment(const struct mapping *m, const struct mapping_column *c, struct cell *out)
{
    static const enum row_fault faults[] = {[MOMENT_READ] = ROW_NONE,
                                            [MOMENT_BAD] = ROW_BAD_DATE,
                                            [MOMENT_TWO_DIGIT] = ROW_TWO_DIGIT_YEAR,
                                            [MOMENT_RANGE] = ROW_OUT_OF_RANGE};
    enum moment_end end = moment_read(c->format, out->text, &out->moment);
    if (end == MOMENT_BAD && is_serial_day(out->text)) {
        out->spreadsheet = true;
        fail(out, ROW_SPREADSHEET);
    } else if (end != MOMENT_READ) {
        fail(out, faults[end]);
    } else if (mapping_member_kind(c->member) == MAPPING_KIND_DATE) {
        out->day = moment_date(&out->moment, m->zone);
    } else {
        int64_t second = moment_instant(&out->moment, m->zone).us / US_PER_SECOND;
        if (second <= 0 || second > UINT32_MAX) {
            fail(out, ROW_OUT_OF_RANGE);
        }
        out->second = (uint32_t)second;
    }
}

/* ---- one cell ---- */

/* The mapping's values; false: that was all. */
static bool read_values(const struct mapping_column *c, struct cell *out)
{
    for (size_t i = 0; i < c->n_values; i++) {
        if (same_text(out->text, strlen(out->text), c->values[i].from)) {
            out->text = c->values[i].to;
            if (out->text == NULL) {
                out->given = false;
                out->passes = c->member == MAPPING_CATEGORY || c->member == MAPPING_ORGANISATION;
            }
            return out->given;
        }
    }
    fail(out, ROW_UNKNOWN_VALUE);
    return false;
}

static void read_kind(const struct mapping *m, const struct mapping_column *c, struct cell *out)
{
    switch (mapping_member_kind(c->member)) {
    case MAPPING_KIND_ID:
        read_id(c, out);
        return;
    case MAPPING_KIND_TEXT:
        if (c->member == MAPPING_CONTACT_PHONE && is_exponent(out->text)) {
            out->spreadsheet = true; /* no number anybody could ring: as good as none */
            out->given = false;
        }
        return;
    case MAPPING_KIND_CATEGORY:
        read_category(out);
        return;
    case MAPPING_KIND_SCHEME:
        read_scheme(out);
        return;
    case MAPPING_KIND_SHARE:
        read_share(out);
        return;
    case MAPPING_KIND_BOOL:
        read_bool(c, out);
        return;
    case MAPPING_KIND_INSTANT:
        if (c->format == NULL) {
            read_rfc3339(out);
            return;
        }
        read_moment(m, c, out);
        return;
    case MAPPING_KIND_DATE:
        read_moment(m, c, out);
        return;
    }
}

void cells_read(const struct mapping *m, const struct mapping_column *c, const char *plain,
                struct cell *out)
{
    out->fault = ROW_NONE;
    out->given = false;
    out->passes = false;
    out->spreadsheet = false;
    out->text = NULL;
    out->day = DATE_NONE;
    out->second = 0;
    out->yes = false;
    if (plain[0] == '\0' || is_one_of(&c->never, plain)) {
        return;
    }
    out->text = plain;
    out->given = true;
    if (strlen(plain) > CELL_TEXT_MAX) {
        fail(out, ROW_TOO_LONG);
    } else if (c->n_values == 0 || read_values(c, out)) {
        read_kind(m, c, out);
    }
}
