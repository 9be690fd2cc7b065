# dayfour_target_options(target): everything a target of this project is compiled with.
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/sanitize.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/hardening.cmake)

option(DAYFOUR_FAULTS "Named crash points, for test builds only" OFF)

function(dayfour_target_options target)
    target_compile_features(${target} PRIVATE c_std_11)
    set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
    target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
    if(DAYFOUR_FAULTS)
        target_compile_definitions(${target} PRIVATE DAYFOUR_FAULTS=1)
    endif()
    dayfour_warnings(${target})
    dayfour_sanitize(${target})
    dayfour_hardening(${target})
endfunction()
