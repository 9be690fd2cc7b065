#include "services/cli/scram.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "common/hash.h"
#include "services/cli/base64.h"

#define ITERATIONS 4096
#define SALT_BYTES 16

/* PBKDF2 with one block: RFC 5802, "Hi". */
static void stretch(const char *password, const uint8_t *salt, uint8_t out[SHA256_BYTES])
{
    struct hmac_key *k = hmac_key_new((const uint8_t *)password, strlen(password));
    uint8_t u[SHA256_BYTES];
    uint8_t first[SALT_BYTES + 4] = {[SALT_BYTES + 3] = 1}; /* the number of the block */
    memcpy(first, salt, SALT_BYTES);
    hmac_sha256(k, first, sizeof first, u);
    memcpy(out, u, SHA256_BYTES);
    for (int i = 1; i < ITERATIONS; i++) {
        hmac_sha256(k, u, sizeof u, u);
        for (size_t j = 0; j < SHA256_BYTES; j++) {
            out[j] ^= u[j];
        }
    }
    hmac_key_free(k);
}

static void keyed(const uint8_t key[SHA256_BYTES], const char *text, uint8_t out[SHA256_BYTES])
{
    struct hmac_key *k = hmac_key_new(key, SHA256_BYTES);
    hmac_sha256(k, text, strlen(text), out);
    hmac_key_free(k);
}

enum status scram_verifier(const char *password, struct buf *out, struct err *err)
{
    for (const char *p = password; *p != '\0' || p == password; p++) {
        if (*p < ' ' || *p > '~') {
            return err_set(err, STATUS_REJECT, "input",
                           "password: plain printable ASCII is needed");
        }
    }
    uint8_t salt[SALT_BYTES];
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt) {
        return err_set(err, STATUS_FATAL, "random", "no random bytes to be had");
    }
    uint8_t salted[SHA256_BYTES];
    uint8_t client[SHA256_BYTES];
    uint8_t stored[SHA256_BYTES];
    uint8_t server[SHA256_BYTES];
    stretch(password, salt, salted);
    keyed(salted, "Client Key", client);
    hash_sha256(client, sizeof client, stored);
    keyed(salted, "Server Key", server);
    buf_printf(out, "SCRAM-SHA-256$%d:", ITERATIONS);
    base64_put(out, salt, sizeof salt);
    buf_puts(out, "$");
    base64_put(out, stored, sizeof stored);
    buf_puts(out, ":");
    base64_put(out, server, sizeof server);
    return STATUS_OK;
}
