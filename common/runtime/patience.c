/* Ten minutes must be full of one error: another one, two minutes without it, or a success begin
 * them again. Each code of `lasting` is in program.c's list too. Else the service manager would
 * start the service again at once. */
#include "common/runtime/patience.h"

#include <stdio.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"

#define PATIENCE_MS (10 * 60 * 1000)
#define TROUBLE_MS 60000
#define FORGET_MS (2 * 60 * 1000) /* what was not met for so long was over in between */

/* 28P01 is a password refused, 42501 a right that is missing. */
static const char *const lasting[] = {"28P01", "42501", "install_key", "not_migrated"};

static bool is_lasting(const char *code)
{
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        if (strcmp(code, lasting[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool patience_is_over(struct patience *p, const struct err *err)
{
    int64_t now = clock_mono_ms();
    if (strcmp(p->code, err->code) != 0 || now - p->last_ms > FORGET_MS) {
        (void)snprintf(p->code, sizeof p->code, "%s", err->code);
        p->since_ms = now;
    }
    p->last_ms = now;
    return is_lasting(p->code) &&
           now - p->since_ms >= fault_number("DAYFOUR_TEST_PATIENCE_MS", PATIENCE_MS);
}

void patience_reset(struct patience *p)
{
    p->code[0] = '\0';
}

/* ---- batches ---- */

void trouble_meet(struct trouble *t, const struct err *why)
{
    if (t->since_ms == 0) {
        t->since_ms = clock_mono_ms();
    }
    t->why = *why;
}

void trouble_end(struct trouble *t)
{
    *t = (struct trouble){0};
}

int64_t trouble_ms(const struct trouble *t)
{
    return t->since_ms == 0 ? 0 : clock_mono_ms() - t->since_ms;
}

void trouble_tell(struct trouble *t)
{
    if (trouble_ms(t) >= TROUBLE_MS && !t->told) {
        t->told = true;
        log_error(BATCH_RETRIED, LOG_TEXT("code", t->why.code), LOG_TEXT("msg", t->why.text),
                  LOG_INT("seconds", trouble_ms(t) / 1000));
    }
}

bool trouble_is_ready(const struct trouble *t)
{
    return !t->refused && trouble_ms(t) < TROUBLE_MS;
}
