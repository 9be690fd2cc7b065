/* kafka_check - the configuration of Kafka looked at before anything is begun, for programs that
 * leave the library itself to others. */
#ifndef COMMON_KAFKA_KAFKA_CHECK_H
#define COMMON_KAFKA_KAFKA_CHECK_H

#include "common/base/err.h"
#include "common/runtime/conf.h"

/* Whether a client could be made of this configuration; warning: what will probably not work with
 * this library ("": nothing). */
#define KAFKA_WARNING 200
enum status kafka_check(const struct conf *c, char warning[KAFKA_WARNING],
                        struct err *err) NODISCARD;

#endif
