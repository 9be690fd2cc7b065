/* feed_key - the key under which a feed's digests are made. It has a file of its own and is never
 * in the database: a copy of the database must say nothing about reasons or people. */
#ifndef FEED_KEY_H
#define FEED_KEY_H

#include "common/base/err.h"
#include "common/base/hash.h"
#include "common/runtime/conf.h"

/* Reads feed.key_file (unset: .feed.key in dir), and makes it, 0600, if it is missing and may_make.
 * STATUS_FATAL, code "config": others can read it, or it is no key. */
enum status feed_key_open(struct hmac_key **out, const struct conf *conf, const char *dir,
                          bool may_make, struct err *err) NODISCARD;

#endif
