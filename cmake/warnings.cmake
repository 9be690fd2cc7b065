# dayfour_warnings(target): the warnings of this project, errors with DAYFOUR_WERROR.
include(CheckCCompilerFlag)

option(DAYFOUR_WERROR "Warnings are errors" ON)

set(DAYFOUR_WARNINGS
    -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wstrict-prototypes
    -Wmissing-prototypes -Wcast-qual -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wswitch-enum
    -Wredundant-decls -Wnull-dereference -Wimplicit-fallthrough -Werror=format-security
    -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion)

# Flags one of the compilers lacks; asked for once, kept in the cache.
foreach(flag IN ITEMS -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wformat-signedness
                      -Wtrampolines -Wbidi-chars=any)
    string(MAKE_C_IDENTIFIER "DAYFOUR_HAS${flag}" known)
    check_c_compiler_flag("-Werror ${flag}" ${known})
    if(${known} AND NOT (CMAKE_C_COMPILER_ID MATCHES "Clang" AND flag STREQUAL "-Wformat-signedness"))
        list(APPEND DAYFOUR_WARNINGS ${flag})
    endif()
endforeach()

if(DAYFOUR_WERROR)
    list(APPEND DAYFOUR_WARNINGS -Werror)
endif()

function(dayfour_warnings target)
    target_compile_options(${target} PRIVATE ${DAYFOUR_WARNINGS})
endfunction()
