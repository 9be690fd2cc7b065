/* Any bytes are a configuration file for each program: accepted, or refused by file and line. The
 * output of --check-config is read back as the same. */
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "common/runtime/conf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char path[] = "/tmp/fuzz_conf.XXXXXX";
static int fd = -1;

static void remove_file(void)
{
    (void)unlink(path);
}

static void write_file(const void *data, size_t len)
{
    if (fd < 0) {
        fd = mkstemp(path);
        MUST(fd >= 0);
        (void)atexit(remove_file);
    }
    MUST(ftruncate(fd, 0) == 0);
    MUST(pwrite(fd, data, len, 0) == (ssize_t)len);
}

/* Without secrets, which are masked: then nothing is lost by printing. */
static void check_print(const struct conf *c, enum conf_program program)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    MUST(to != NULL);
    conf_print(c, program, to);
    MUST(fclose(to) == 0);
    if (strstr(text, "****") == NULL) {
        struct conf *again = NULL;
        struct err err = {0};
        write_file(text, len);
        MUST(conf_load(&again, program, path, &err) == STATUS_OK);
        MUST(again->n_kafka_props == c->n_kafka_props);
        MUST(again->batch_max_rows == c->batch_max_rows);
        MUST((again->http_listen == NULL) == (c->http_listen == NULL));
        conf_free(again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum conf_program programs[] = {CONF_INTAKE, CONF_FOLLOWUP, CONF_CLI};
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct conf *c = NULL;
        struct err err = {0};
        write_file(data, len);
        enum status s = conf_load(&c, programs[i], path, &err);
        if (s == STATUS_OK) {
            check_print(c, programs[i]);
            conf_free(c);
        } else {
            MUST(s == STATUS_FATAL && c == NULL);
            MUST(strncmp(err.text, path, strlen(path)) == 0);
        }
    }
    return 0;
}
