/* leakcheck - fails a Criterion test that leaks, in builds with AddressSanitizer; does nothing in
 * others. Use: TestSuite(name, .fini = leakcheck). Criterion leaks a little at exit, and ignores
 * the exit code of the leak check. So the check runs at each test's end. */
#ifndef TESTS_UNIT_LEAKCHECK_H
#define TESTS_UNIT_LEAKCHECK_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKCHECK_ON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(LEAKCHECK_ON)
#define LEAKCHECK_ON 1
#endif

#ifdef LEAKCHECK_ON
#include <sanitizer/lsan_interface.h>
#include <stdlib.h>

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "leak_check_at_exit=0";
}

static void leakcheck(void)
{
    if (__lsan_do_recoverable_leak_check() != 0) {
        abort();
    }
}
#else
static void leakcheck(void)
{
}
#endif

#endif
