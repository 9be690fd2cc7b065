/* input - the bytes of a file, in pieces: files of a hundred megabytes are never held whole. */
#ifndef COMMON_FEED_ROWS_INPUT_H
#define COMMON_FEED_ROWS_INPUT_H

#include <stddef.h>
#include <stdio.h>

struct input {
    /* Up to room bytes into `into`; 0: the end. SIZE_MAX: it cannot be read on. */
    size_t (*read)(void *arg, void *into, size_t room);
    void *arg;
};

/* Reads bytes in memory; *bytes is moved on. */
struct input_bytes {
    const char *at;
    size_t len;
};
struct input input_of_bytes(struct input_bytes *bytes);
/* Reads an open file, from where it stands. */
struct input input_of_file(FILE *f);

#endif
