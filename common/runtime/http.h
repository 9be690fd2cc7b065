/* http - /healthz, /readyz and /metrics, served by libmicrohttpd from within our own loop: an
 * answer is itself the proof that the loop turns. Nobody else includes that library. */
#ifndef COMMON_RUNTIME_HTTP_H
#define COMMON_RUNTIME_HTTP_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/runtime/loop.h"

struct http;

struct http_answers {
    bool (*ready)(void *arg);   /* database and broker are there, and work can be done */
    void (*refresh)(void *arg); /* before metrics are rendered: gauges that are not kept up to date;
                                   NULL: none */
    void *arg;
};

/* listen: "127.0.0.1:9464", "[::1]:9464" or ":9464" (all addresses); NULL: nothing is served and
 * *out is NULL. STATUS_FATAL: an address that cannot be understood or bound. */
enum status http_open(struct http **out, struct loop *loop, const char *listen,
                      const struct http_answers *answers, struct err *err) NODISCARD;
void http_close(struct http *h); /* NULL is fine */

#endif
