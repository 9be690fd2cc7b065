/* The key of the page: how its file may look, and the passwords derived from it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/runtime/web_key.h"

TestSuite(web_key, .timeout = 20);

static enum status read_as(const char *text, mode_t mode, char **key, struct err *err)
{
    char path[] = "/tmp/dayfour-web-key-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(fchmod(fd, mode), 0);
    close(fd);
    enum status s = web_key_read(path, key, err);
    unlink(path);
    return s;
}

#define KEY "0123456789abcdef0123456789abcdef"

Test(web_key, one_line_of_32_bytes_or_more)
{
    struct err err = {0};
    static const char *const good[] = {KEY, KEY "\n", KEY "\r\n", KEY KEY "\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char *key = NULL;
        cr_assert_eq(read_as(good[i], 0640, &key, &err), STATUS_OK, "%s", err.text);
        cr_assert_str_eq(key, i < 3 ? KEY : KEY KEY);
        web_key_free(key);
    }
    char *key = NULL;
    static const char *const bad[] = {"", "0123456789abcdef0123456789abcde\n", KEY "\n" KEY "\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(read_as(bad[i], 0600, &key, &err), STATUS_FATAL, "%zu", i);
        cr_assert_null(strstr(err.text, "0123456789abcdef"), "the key is in no error");
    }
    cr_assert_eq(read_as(KEY, 0604, &key, &err), STATUS_FATAL, "everybody may read it");
    cr_assert_eq(web_key_read("/nonexistent/web.key", &key, &err), STATUS_FATAL);
}

/* Worked out with Python's hmac and base64.urlsafe_b64encode. */
Test(web_key, the_password_of_a_login)
{
    char password[WEB_PASSWORD_TEXT];
    web_key_password(KEY, "amy", password);
    cr_assert_str_eq(password, "pFefNPY_wNRhWKm0xtRXn_74416nZEI5F1iRPMlScVw");
    web_key_password(KEY, "ben", password);
    cr_assert_str_neq(password, "pFefNPY_wNRhWKm0xtRXn_74416nZEI5F1iRPMlScVw");
}
