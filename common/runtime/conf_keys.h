/* conf_keys - what the table of settings does not say about kafka.prop.*. For conf*.c and kafka.c
 * only. */
#ifndef COMMON_RUNTIME_CONF_KEYS_H
#define COMMON_RUNTIME_CONF_KEYS_H

#include <stdbool.h>

#define CONF_PROP_PREFIX "kafka.prop."

/* Why kafka.prop.NAME = value is not taken; NULL: it is. */
const char *conf_keys_prop_refusal(const char *name, const char *value);
/* Whether key = value, as a file has it, reveals a password. */
bool conf_keys_holds_secret(const char *key, const char *value);
/* Whether a property's value is masked when printed. */
bool conf_keys_prop_is_secret(const char *name);

#endif
