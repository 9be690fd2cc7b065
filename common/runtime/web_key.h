/* web_key - the key that the page and `dayfour staff add --sso` share, and the password that each
 * login of the page's proxy has by it. */
#ifndef COMMON_RUNTIME_WEB_KEY_H
#define COMMON_RUNTIME_WEB_KEY_H

#include "common/base/err.h"

#define WEB_KEY_LEAST 32     /* bytes */
#define WEB_PASSWORD_TEXT 44 /* base64url of 32 bytes without padding, and the NUL */

/* The key is the file's one line, as it stands, of 32 bytes or more; nobody but its owner and group
 * may read it. A fault is STATUS_FATAL, code "config". web_key_free() wipes it. */
enum status web_key_read(const char *path, char **key, struct err *err) NODISCARD;
void web_key_free(char *key);

/* base64url(HMAC-SHA256(key, "web" 0x1f login)). The caller wipes it after use. */
void web_key_password(const char *key, const char *login, char out[WEB_PASSWORD_TEXT]);

#endif
