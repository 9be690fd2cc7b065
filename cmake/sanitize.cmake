# dayfour_sanitize(target): DAYFOUR_SANITIZE is empty, address,undefined or thread.
set(DAYFOUR_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread; empty for none")
set_property(CACHE DAYFOUR_SANITIZE PROPERTY STRINGS "" "address,undefined" "thread")

if(DAYFOUR_SANITIZE STREQUAL "")
    set(DAYFOUR_SANITIZE_FLAGS "")
elseif(DAYFOUR_SANITIZE STREQUAL "address,undefined" OR DAYFOUR_SANITIZE STREQUAL "thread")
    set(DAYFOUR_SANITIZE_FLAGS -fsanitize=${DAYFOUR_SANITIZE} -fno-sanitize-recover=all
                               -fno-omit-frame-pointer)
else()
    message(FATAL_ERROR "DAYFOUR_SANITIZE: unknown value '${DAYFOUR_SANITIZE}' "
                        "(address,undefined or thread, or empty)")
endif()

set(DAYFOUR_TSAN_C11 ${CMAKE_CURRENT_LIST_DIR}/../tests/lint/sanitize/tsan_c11.c)

function(dayfour_sanitize target)
    get_target_property(type ${target} TYPE)
    if(DAYFOUR_SANITIZE STREQUAL "thread" AND type STREQUAL "EXECUTABLE")
        target_sources(${target} PRIVATE ${DAYFOUR_TSAN_C11})
    endif()
    target_compile_options(${target} PRIVATE ${DAYFOUR_SANITIZE_FLAGS})
    target_link_options(${target} PRIVATE ${DAYFOUR_SANITIZE_FLAGS})
endfunction()
