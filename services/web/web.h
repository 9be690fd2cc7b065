/* web - the service: runs until it is asked to stop. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "common/base/err.h"
#include "common/runtime/conf.h"

enum status web_run(const struct conf *c, struct err *err) NODISCARD;

#endif
