/* letters - where a dead letter came from, as people write it: TOPIC/PARTITION/OFFSET. */
#ifndef CLI_LETTERS_H
#define CLI_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

struct place {
    char topic[256];
    int32_t partition;
    int64_t offset;
};

bool letters_parse(const char *text, struct place *out);

#endif
