#include "common/base/err_code.h"

#include <string.h>

bool err_is(const struct err *err, const char *code)
{
    return strcmp(err->code, code) == 0;
}

bool err_is_of(const struct err *err, const char *class)
{
    return strncmp(err->code, class, 2) == 0;
}
