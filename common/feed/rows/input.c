#include "common/feed/rows/input.h"

#include <stdint.h>
#include <string.h>

static size_t read_bytes(void *arg, void *into, size_t room)
{
    struct input_bytes *bytes = arg;
    size_t n = bytes->len < room ? bytes->len : room;
    memcpy(into, bytes->at, n);
    bytes->at += n;
    bytes->len -= n;
    return n;
}

struct input input_of_bytes(struct input_bytes *bytes)
{
    return (struct input){.read = read_bytes, .arg = bytes};
}

static size_t read_file(void *arg, void *into, size_t room)
{
    FILE *f = arg;
    size_t n = fread(into, 1, room, f);
    return n == 0 && ferror(f) ? SIZE_MAX : n;
}

struct input input_of_file(FILE *f)
{
    return (struct input){.read = read_file, .arg = f};
}
