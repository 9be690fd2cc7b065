# shellcheck shell=bash
# Builds: one folder per CMake preset, the three programs in build/bin.

PROGRAMS=(dayfour-intake dayfour-followup dayfour-web dayfour)

configure_preset() {
    local dir=$ROOT/build/$1
    if [ ! -e "$dir/build.ninja" ] || [ "$ROOT/CMakePresets.json" -nt "$dir/build.ninja" ]; then
        (cd "$ROOT" && cmake --preset "$1")
    fi
}

configure_and_build() {
    configure_preset "$1" && cmake --build "$ROOT/build/$1" -j "${DAYFOUR_JOBS:-$(nproc)}"
}

# build_preset PRESET [PACKAGE GROUP...]
build_preset() {
    local preset=$1
    shift
    [ -e "$ROOT/CMakeLists.txt" ] || die "there is no CMakeLists.txt to build from"
    need_packages build "$@" || return 1
    quietly "building ($preset)" "$RUN_DIR/log/build-$preset.log" configure_and_build "$preset"
}

# By rename: a running program keeps the file it was started from.
publish_programs() {
    local name from to
    mkdir -p "$ROOT/build/bin"
    for name in "${PROGRAMS[@]}"; do
        from=$ROOT/build/release/bin/$name
        to=$ROOT/build/bin/$name
        if [ ! -e "$from" ]; then
            warn "the build made no $name"
        elif ! cmp -s "$from" "$to"; then
            cp "$from" "$to.new" && mv "$to.new" "$to"
        fi
    done
}

build_release() {
    build_preset release && publish_programs
}

cmd_build() {
    [ $# -eq 0 ] || usage_error "build takes no arguments"
    build_release || exit 1
    say "programs in build/bin: $(cd "$ROOT/build/bin" && echo *)"
}
