# dayfour_embed(OUT PREFIX FILE...): a C file of byte arrays made from files at build time, one list
# called PREFIX of struct embed_file (common/base/embed.h), in the order of the files' names.
set(DAYFOUR_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(dayfour_embed out prefix)
    set(files ${ARGN})
    list(SORT files COMPARE NATURAL)
    list(JOIN files "|" joined)
    add_custom_command(
        OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DPREFIX=${prefix} "-DFILES=${joined}"
                -P ${DAYFOUR_EMBED_SCRIPT}
        DEPENDS ${files} ${DAYFOUR_EMBED_SCRIPT}
        COMMENT "embedding ${prefix}"
        VERBATIM)
endfunction()
