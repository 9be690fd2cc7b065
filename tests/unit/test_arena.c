#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/mem.h"
#include "tests/unit/leakcheck.h"

TestSuite(arena, .fini = leakcheck);

Test(arena, pieces_are_aligned_and_apart)
{
    struct arena *a = arena_new(1024);
    char *before = NULL;
    for (size_t n = 0; n < 200; n++) {
        char *p = arena_alloc(a, n);
        cr_assert_eq((uintptr_t)p % alignof(max_align_t), 0);
        memset(p, 'x', n);
        cr_assert_neq(p, before);
        before = p;
    }
    arena_free(a);
}

Test(arena, zalloc_and_array_are_zeroed_even_in_used_memory)
{
    struct arena *a = arena_new(512);
    memset(arena_alloc(a, 400), 0xFF, 400);
    arena_reset(a);
    const unsigned char *p = arena_zalloc(a, 100);
    const unsigned char *q = arena_array(a, 20, 5);
    for (size_t i = 0; i < 100; i++) {
        cr_assert_eq(p[i], 0);
        cr_assert_eq(q[i], 0);
    }
    arena_free(a);
}

Test(arena, larger_than_a_chunk_is_fine)
{
    struct arena *a = arena_new(256);
    char *small = arena_strdup(a, "small");
    char *large = arena_alloc(a, 100000);
    memset(large, 'y', 100000);
    char *after = arena_strdup(a, "after");
    cr_assert_str_eq(small, "small");
    cr_assert_str_eq(after, "after");
    cr_assert_geq(arena_bytes(a), 100012);
    arena_free(a);
}

Test(arena, reset_reuses_the_same_memory)
{
    struct arena *a = arena_new(256);
    char *first = arena_alloc(a, 32);
    for (int i = 0; i < 50; i++) {
        arena_alloc(a, 48);
    }
    arena_reset(a);
    cr_assert_eq(arena_bytes(a), 0);
    cr_assert_eq(arena_alloc(a, 32), first);
    arena_free(a);
}

Test(arena, strings)
{
    struct arena *a = arena_new(256);
    cr_assert_null(arena_strdup(a, NULL));
    cr_assert_str_eq(arena_strndup(a, "abcdef", 3), "abc");
    cr_assert_str_eq(arena_strndup(a, "", 0), "");
    cr_assert_str_eq(arena_printf(a, "%s-%d", "x", 7), "x-7");
    cr_assert_str_eq(arena_printf(a, "%s", ""), "");
    char wide[600];
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    cr_assert_str_eq(arena_printf(a, "%s", wide), wide);
    arena_free(a);
    arena_free(NULL);
}

Test(arena, a_product_too_large_ends_the_process, .exit_code = MEM_EXIT)
{
    struct arena *a = arena_new(256);
    arena_array(a, SIZE_MAX / 2, 4);
}
