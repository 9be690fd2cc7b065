/* The page signs people in whom its proxy names, as themselves: each has a password derived from
 * one key. `staff add --sso` gives the server a verifier of it; dayfour-web derives it at log-in.
 */
#include "common/runtime/web_key.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/hash.h"
#include "common/runtime/conf.h"

enum status web_key_read(const char *path, char **key, struct err *err)
{
    enum status s = conf_read_secret(path, key, err);
    if (s == STATUS_OK && strlen(*key) < WEB_KEY_LEAST) {
        web_key_free(*key);
        *key = NULL;
        s = err_set(err, STATUS_FATAL, "config",
                    "%s: a key of %d bytes or more is needed (openssl rand -hex 32)", path,
                    WEB_KEY_LEAST);
    }
    return s;
}

void web_key_free(char *key)
{
    if (key != NULL) {
        hash_wipe(key, strlen(key));
        free(key);
    }
}

void web_key_password(const char *key, const char *login, char out[WEB_PASSWORD_TEXT])
{
    uint8_t mac[SHA256_BYTES];
    struct buf text = {0};
    struct hmac_key *k = hmac_key_new((const uint8_t *)key, strlen(key));
    hmac_parts(k, (const char *const[]){"web", login}, 2, mac);
    hmac_key_free(k);
    base64_put(&text, mac, sizeof mac);
    for (size_t i = 0; i < WEB_PASSWORD_TEXT - 1; i++) {
        char c = text.data[i];
        out[i] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    out[WEB_PASSWORD_TEXT - 1] = '\0';
    hash_wipe(text.data, text.len);
    hash_wipe(mac, sizeof mac);
    buf_clear(&text);
}
