/* A failure of OpenSSL ends the process, so that no caller has a status to check. Ids and digests
 * are stored and published: their bytes can never change. An HMAC key is kept as two contexts that
 * have read its block. Each use copies both, one after the other. */
#include "common/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define BLOCK_BYTES 64

/* OpenSSL fails here only without memory, or where it is broken: the process cannot continue. */
static void must(int ok)
{
    if (ok != 1) {
        mem_fail();
    }
}

/* Fetched once: finding the algorithm by name costs more than hashing a block. */
static const EVP_MD *sha256(void)
{
    static EVP_MD *md;
    if (md == NULL) {
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
        must(md != NULL);
    }
    return md;
}

static EVP_MD_CTX *context_new(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL);
    return ctx;
}

void hash_wipe(void *secret, size_t len)
{
    OPENSSL_cleanse(secret, len);
}

void hash_sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    must(EVP_Digest(data, len, out, NULL, sha256(), NULL));
}

/* A hash_stream is OpenSSL's own context under another name. */
struct hash_stream *hash_stream_new(void)
{
    EVP_MD_CTX *ctx = context_new();
    must(EVP_DigestInit_ex2(ctx, sha256(), NULL));
    return (struct hash_stream *)ctx;
}

void hash_stream_put(struct hash_stream *h, const void *data, size_t len)
{
    must(EVP_DigestUpdate((EVP_MD_CTX *)h, data, len));
}

void hash_stream_end(struct hash_stream *h, uint8_t out[SHA256_BYTES])
{
    must(EVP_DigestFinal_ex((EVP_MD_CTX *)h, out, NULL));
    EVP_MD_CTX_free((EVP_MD_CTX *)h);
}

char *hash_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex[bytes[i] >> 4];
        out[2 * i + 1] = hex[bytes[i] & 15];
    }
    out[2 * n] = '\0';
    return out;
}

struct hmac_key {
    EVP_MD_CTX *inner, *outer; /* after their key block */
    EVP_MD_CTX *work;          /* copied over for each use: why a key serves one thread only */
};

static EVP_MD_CTX *after_block(const uint8_t block[BLOCK_BYTES], uint8_t pad)
{
    uint8_t padded[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        padded[i] = block[i] ^ pad;
    }
    EVP_MD_CTX *ctx = context_new();
    must(EVP_DigestInit_ex2(ctx, sha256(), NULL));
    must(EVP_DigestUpdate(ctx, padded, BLOCK_BYTES));
    return ctx;
}

struct hmac_key *hmac_key_new(const uint8_t *key, size_t len)
{
    uint8_t block[BLOCK_BYTES] = {0};
    if (len > BLOCK_BYTES) {
        hash_sha256(key, len, block);
    } else if (len > 0) {
        memcpy(block, key, len);
    }
    struct hmac_key *k = mem_alloc(sizeof *k);
    k->inner = after_block(block, 0x36);
    k->outer = after_block(block, 0x5c);
    k->work = context_new();
    return k;
}

void hmac_key_free(struct hmac_key *k)
{
    if (k == NULL) {
        return;
    }
    EVP_MD_CTX_free(k->inner);
    EVP_MD_CTX_free(k->outer);
    EVP_MD_CTX_free(k->work);
    free(k);
}

static void hmac_end(const struct hmac_key *k, uint8_t out[SHA256_BYTES])
{
    must(EVP_DigestFinal_ex(k->work, out, NULL));
    must(EVP_MD_CTX_copy_ex(k->work, k->outer));
    must(EVP_DigestUpdate(k->work, out, SHA256_BYTES));
    must(EVP_DigestFinal_ex(k->work, out, NULL));
}

void hmac_sha256(const struct hmac_key *k, const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    must(EVP_MD_CTX_copy_ex(k->work, k->inner));
    must(EVP_DigestUpdate(k->work, data, len));
    hmac_end(k, out);
}

void hmac_parts(const struct hmac_key *k, const char *const *parts, size_t n,
                uint8_t out[SHA256_BYTES])
{
    must(EVP_MD_CTX_copy_ex(k->work, k->inner));
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            must(EVP_DigestUpdate(k->work, "\x1f", 1));
        }
        must(EVP_DigestUpdate(k->work, parts[i], strlen(parts[i])));
    }
    hmac_end(k, out);
}

void id_from_mac(const uint8_t mac[SHA256_BYTES], char out[ID_TEXT])
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t bits = 0;
    for (size_t i = 0; i < 8; i++) {
        bits = bits << 8 | mac[i];
    }
    for (size_t i = 0; i < ID_TEXT - 1; i++) {
        out[i] = crockford[bits >> (59 - 5 * i) & 31];
    }
    out[ID_TEXT - 1] = '\0';
}

void pseudonym(const struct hmac_key *k, const char *organisation, const char *person_id,
               char out[PSEUDONYM_TEXT])
{
    uint8_t mac[SHA256_BYTES];
    hmac_parts(k, (const char *const[]){organisation, person_id}, 2, mac);
    hash_hex(mac, (PSEUDONYM_TEXT - 1) / 2, out);
}
