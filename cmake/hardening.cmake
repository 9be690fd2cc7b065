# dayfour_hardening(target): the OpenSSF compiler guide, as far as this compiler knows it.
include(CheckCCompilerFlag)
include(CheckPIESupported)

check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(DAYFOUR_HARDENING "")
foreach(flag IN ITEMS -fstrict-flex-arrays=3 -fstack-clash-protection -fstack-protector-strong
                      -fcf-protection=full -fno-delete-null-pointer-checks -fno-strict-overflow
                      -fno-strict-aliasing -ftrivial-auto-var-init=zero -fexceptions)
    string(MAKE_C_IDENTIFIER "DAYFOUR_HAS${flag}" known)
    check_c_compiler_flag("-Werror ${flag}" ${known})
    if(${known})
        list(APPEND DAYFOUR_HARDENING ${flag})
    endif()
endforeach()

set(DAYFOUR_HARDENING_LINK -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen
                           -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)

function(dayfour_hardening target)
    target_compile_options(${target} PRIVATE ${DAYFOUR_HARDENING})
    # Fortify needs an optimised build and gets in the way of the sanitizers' own checks.
    if(DAYFOUR_SANITIZE STREQUAL "" AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
        target_compile_options(${target} PRIVATE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    endif()
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
        target_link_options(${target} PRIVATE ${DAYFOUR_HARDENING_LINK})
    endif()
endfunction()
