/* hash - SHA-256 and HMAC-SHA256 (OpenSSL, which only base64.c includes beside it), and the ids
 * made of them. */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define INSTALL_KEY_BYTES 32

/* Overwrites a secret; the compiler cannot leave it out. */
void hash_wipe(void *secret, size_t len);

void hash_sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES]);
/* The same in pieces, for what is too long for the memory. hash_stream_end frees the stream. */
struct hash_stream;
struct hash_stream *hash_stream_new(void);
void hash_stream_put(struct hash_stream *h, const void *data, size_t len);
void hash_stream_end(struct hash_stream *h, uint8_t out[SHA256_BYTES]);

/* Lower-case hex of the first n bytes, NUL-terminated: out has 2 n + 1. */
char *hash_hex(const uint8_t *bytes, size_t n, char *out);

/* A key made ready once: each use costs two SHA-256 blocks, no set-up. Not for two threads at a
 * time. */
struct hmac_key;
struct hmac_key *hmac_key_new(const uint8_t *key, size_t len);
void hmac_key_free(struct hmac_key *k);
void hmac_sha256(const struct hmac_key *k, const void *data, size_t len, uint8_t out[SHA256_BYTES]);

/* The parts joined by 0x1f, as all of the product's derived ids are made. */
void hmac_parts(const struct hmac_key *k, const char *const *parts, size_t n,
                uint8_t out[SHA256_BYTES]);

/* 12 characters of Crockford base32, upper case, of the first 60 bits. */
#define ID_TEXT 13
void id_from_mac(const uint8_t mac[SHA256_BYTES], char out[ID_TEXT]);
/* 32 hex digits: the key of what we publish about a person. */
#define PSEUDONYM_TEXT 33
void pseudonym(const struct hmac_key *k, const char *organisation, const char *person_id,
               char out[PSEUDONYM_TEXT]);

#endif
