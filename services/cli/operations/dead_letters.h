/* dead_letters - where a dead letter came from, as people write it: TOPIC/PARTITION/OFFSET. */
#ifndef SERVICES_CLI_OPERATIONS_DEAD_LETTERS_H
#define SERVICES_CLI_OPERATIONS_DEAD_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

struct record_position {
    char topic[256];
    int32_t partition;
    int64_t offset;
};

bool dead_letters_parse(const char *text, struct record_position *out);

#endif
