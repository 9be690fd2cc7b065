/* bench_pure SETTINGS TODAY: what costs no I/O: decoding events, deriving one person. Prints "NAME
 * VALUE UNIT". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/casework/apply.h"
#include "common/casework/derive/derive.h"
#include "common/event/inbound.h"
#include "common/runtime/clock.h"
#include "tests/bench/events.h"

#define EVENTS 400000
#define DERIVATIONS 300000

static void decode(int32_t today)
{
    struct events *ev = events_new(1, 100000, today);
    struct arena *a = arena_new(1 << 20);
    const struct inbound_limits limits = {.max_bytes = 262144};
    size_t bytes = 0;
    int64_t ms = 0;
    char **texts = calloc(EVENTS, sizeof *texts);
    size_t *lens = calloc(EVENTS, sizeof *lens);
    if (texts == NULL || lens == NULL) {
        abort();
    }
    for (size_t i = 0; i < EVENTS; i++) {
        char key[33];
        const char *text = events_next(ev, &lens[i], key);
        texts[i] = malloc(lens[i]);
        if (texts[i] == NULL) {
            abort();
        }
        memcpy(texts[i], text, lens[i]);
        bytes += lens[i];
    }
    int64_t began = clock_mono_ms();
    for (size_t i = 0; i < EVENTS; i++) {
        const struct raw_record raw = {.value = texts[i], .len = lens[i]};
        struct inbound in;
        inbound_decode(&raw, &limits, a, &in);
        if (in.verdict != VERDICT_ABSENCE) {
            abort();
        }
        if (i % 5000 == 4999) {
            arena_reset(a);
        }
    }
    ms = clock_mono_ms() - began;
    (void)printf("event_bytes %.0f bytes\n", (double)bytes / EVENTS);
    (void)printf("decode %.0f events/s\n", EVENTS * 1000.0 / (double)(ms + 1));
    for (size_t i = 0; i < EVENTS; i++) {
        free(texts[i]);
    }
    free(texts);
    free(lens);
    events_free(ev);
    arena_free(a);
}

static void derive_one(const char *path, int32_t today)
{
    static char text[65536];
    FILE *f = fopen(path, "r");
    struct settings *settings = NULL;
    struct err err = {0};
    if (f == NULL ||
        settings_parse(&settings, text, fread(text, 1, sizeof text, f), &err) != STATUS_OK) {
        (void)fprintf(stderr, "%s: %s\n", path, err.text);
        exit(3);
    }
    (void)fclose(f);
    static const uint8_t key[INSTALL_KEY_BYTES] = {7};
    struct rules rules = {.org = settings_for(settings, "T1"),
                          .calendar = calendar_new(),
                          .zone = settings_zone(settings),
                          .install_key = hmac_key_new(key, sizeof key)};
    struct instant now = {(int64_t)today * US_PER_DAY + 10 * 3600 * US_PER_SECOND};
    static const char *const codes[] = {"S12", "S11", "S10"};
    struct record records[3];
    struct arena *a = arena_new(1 << 16);
    for (int i = 0; i < 3; i++) {
        static const char *const ids[] = {"A1", "A2", "A3"};
        records[i] =
            (struct record){.source = "/hr/T1",
                            .absence_id = ids[i],
                            .version = 2,
                            .first_version = 1,
                            .onset = {today - 40 + 15 * i},
                            .first_onset = {today - 40 + 15 * i},
                            .last_day = i < 2 ? (struct date){today - 33 + 15 * i} : DATE_NONE,
                            .expected_return = DATE_NONE,
                            .reason = REASON_KEPT,
                            .scheme = SCHEME_ESR,
                            .code = codes[i],
                            .fit_note_from = DATE_NONE,
                            .fit_note_to = DATE_NONE,
                            .phased_return_from = DATE_NONE,
                            .first_notice = {now.us - (40 - 15 * i) * US_PER_DAY},
                            .changed_at = {now.us - US_PER_DAY}};
    }
    struct facts facts = {.organisation = "T1",
                          .person_id = "P1",
                          .records = records,
                          .n_records = 3,
                          .left = {.on = DATE_NONE, .time = INSTANT_NONE},
                          .died = {.on = DATE_NONE, .time = INSTANT_NONE},
                          .opt = {.on = DATE_NONE, .time = INSTANT_NONE},
                          .changed_at = INSTANT_NONE};
    struct casework out;
    size_t spells = 0;
    int64_t began = clock_mono_ms();
    for (size_t i = 0; i < DERIVATIONS; i++) {
        derive(&facts, &rules, now, a, &out);
        spells += out.n_spells;
        arena_reset(a);
    }
    int64_t ms = clock_mono_ms() - began;
    (void)printf("derive %.2f us/person (3 absences, %zu spells)\n",
                 (double)ms * 1000 / DERIVATIONS, spells / DERIVATIONS);
    arena_free(a);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: bench_pure SETTINGS TODAY\n");
        return 1;
    }
    int32_t today = (int32_t)strtol(argv[2], NULL, 10);
    decode(today);
    derive_one(argv[1], today);
    return 0;
}
