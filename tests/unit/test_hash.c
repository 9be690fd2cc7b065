#include <criterion/criterion.h>
#include <string.h>

#include "common/base/hash.h"
#include "tests/unit/leakcheck.h"

TestSuite(hash, .fini = leakcheck);

static const char *hex(const uint8_t mac[SHA256_BYTES])
{
    static char text[2 * SHA256_BYTES + 1];
    return hash_hex(mac, SHA256_BYTES, text);
}

Test(hash, sha256_vectors)
{
    uint8_t out[SHA256_BYTES];
    hash_sha256("", 0, out);
    cr_assert_str_eq(hex(out), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256("abc", 3, out);
    cr_assert_str_eq(hex(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, out);
    cr_assert_str_eq(hex(out), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231; of case 5 the first 128 bits. */
Test(hash, hmac_vectors)
{
    static const struct {
        uint8_t fill; /* the key is this byte, unless text is given */
        size_t key_len;
        const char *key;
        const char *data;
        const char *mac;
    } cases[] = {
        {0x0b, 20, NULL, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 4, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0x0c, 20, NULL, "Test With Truncation", "a3b6167473100ee06e0c796c2955552b"},
        {0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {0xaa, 131, NULL,
         "This is a test using a larger than block-size key and a larger than block-size data. The "
         "key needs to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t key[131];
        memset(key, cases[i].fill, sizeof key);
        if (cases[i].key != NULL) {
            memcpy(key, cases[i].key, cases[i].key_len);
        }
        struct hmac_key *k = hmac_key_new(key, cases[i].key_len);
        uint8_t out[SHA256_BYTES];
        for (int again = 0; again < 2; again++) { /* a key may be used more than once */
            hmac_sha256(k, cases[i].data, strlen(cases[i].data), out);
            cr_assert_eq(strncmp(hex(out), cases[i].mac, strlen(cases[i].mac)), 0, "case %zu", i);
        }
        hmac_key_free(k);
    }
}

Test(hash, hmac_vectors_of_fifty_bytes)
{
    uint8_t key[25];
    uint8_t data[50];
    uint8_t out[SHA256_BYTES];
    memset(key, 0xaa, 20);
    memset(data, 0xdd, sizeof data);
    struct hmac_key *k = hmac_key_new(key, 20);
    hmac_sha256(k, data, sizeof data, out);
    cr_assert_str_eq(hex(out), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    hmac_key_free(k);
    for (uint8_t i = 0; i < 25; i++) {
        key[i] = (uint8_t)(i + 1);
    }
    memset(data, 0xcd, sizeof data);
    k = hmac_key_new(key, sizeof key);
    hmac_sha256(k, data, sizeof data, out);
    cr_assert_str_eq(hex(out), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    hmac_key_free(k);
    hmac_key_free(NULL);
}

Test(hash, parts_are_joined_by_a_unit_separator)
{
    struct hmac_key *k = hmac_key_new((const uint8_t *)"key", 3);
    uint8_t joined[SHA256_BYTES];
    uint8_t parts[SHA256_BYTES];
    hmac_sha256(k, "s\x1fRW3\x1f\x1fP-77", 11, joined);
    hmac_parts(k, (const char *const[]){"s", "RW3", "", "P-77"}, 4, parts);
    cr_assert_arr_eq(parts, joined, SHA256_BYTES);
    char name[PSEUDONYM_TEXT];
    pseudonym(k, "RW3", "P-77", name);
    hmac_sha256(k, "RW3\x1fP-77", 8, joined);
    cr_assert_eq(strlen(name), 32);
    cr_assert_eq(strncmp(name, hex(joined), 32), 0);
    hmac_key_free(k);
}

Test(hash, ids_are_the_first_sixty_bits)
{
    uint8_t mac[SHA256_BYTES] = {0};
    char id[ID_TEXT];
    id_from_mac(mac, id);
    cr_assert_str_eq(id, "000000000000");
    memset(mac, 0xFF, sizeof mac);
    id_from_mac(mac, id);
    cr_assert_str_eq(id, "ZZZZZZZZZZZZ");
    /* 00000 00001 00010 … 01011 */
    const uint8_t counting[SHA256_BYTES] = {0x00, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x54, 0xBF};
    id_from_mac(counting, id);
    cr_assert_str_eq(id, "0123456789AB");
    memset(mac, 0, sizeof mac);
    mac[7] = 0x0F; /* the last four bits do not count */
    id_from_mac(mac, id);
    cr_assert_str_eq(id, "000000000000");
}
