/* feed_command - what the commands of `dayfour feed` share. */
#ifndef FEED_COMMAND_H
#define FEED_COMMAND_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/feed/mapping/mapping.h"
#include "common/runtime/conf.h"

/* STATUS_FATAL, code "config": it cannot be read, or is bad; err names the file and the path. */
enum status feed_open_mapping(const char *path, struct mapping **out, struct err *err) NODISCARD;

/* Where the files are: as given, else as the mapping says, else beside the mapping. */
const char *feed_dir(const struct mapping *m, const char *mapping_path, const char *given,
                     struct arena *a);

/* From here on the log goes to standard output, as the configuration has it. */
void feed_log_open(const struct conf *conf);

#endif
