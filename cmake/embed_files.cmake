# Run by dayfour_embed at build time: -DOUT=FILE.c -DPREFIX=NAME -DFILES=a|b|c
string(REPLACE "|" ";" files "${FILES}")
set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS files)
    file(READ "${file}" hex HEX)
    string(LENGTH "${hex}" len)
    math(EXPR len "${len} / 2")
    # A NUL after the last byte, so that text can be used as a string.
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}00")
    string(REGEX REPLACE "((0x..,){16})" "\\1\n" bytes "${bytes}")
    get_filename_component(name "${file}" NAME)
    string(APPEND arrays "static const unsigned char data_${n}[] = {\n${bytes}\n};\n")
    string(APPEND rows "    {\"${name}\", data_${n}, ${len}},\n")
    math(EXPR n "${n} + 1")
endforeach()
file(WRITE "${OUT}.new" "/* Made from files by cmake/embed_files.cmake. */
#include \"common/base/embed.h\"

${arrays}
extern const struct embed_file ${PREFIX}[];
extern const size_t ${PREFIX}_n;

const struct embed_file ${PREFIX}[] = {
${rows}};
const size_t ${PREFIX}_n = ${n};
")
file(RENAME "${OUT}.new" "${OUT}")
