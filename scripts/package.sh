# shellcheck shell=bash
# package: Debian packages in build/packages; --try installs and runs them in a bare Debian 12. --image: the image of
# deploy/Dockerfile, made step by step in a bare Debian 13, and run.

PACKAGES=$ROOT/build/packages

make_packages() {
    local from=$PACKAGES.new
    rm -rf "$from"
    # The time of the last change, so that the same source makes the same packages.
    SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || date +%s)
    export SOURCE_DATE_EPOCH
    (cd "$ROOT/build/package" && cpack -B "$from") || return 1
    mkdir -p "$PACKAGES"
    rm -f "$PACKAGES"/*.deb
    mv "$from"/*.deb "$PACKAGES/"
    rm -rf "$from"
}

build_packages() {
    build_preset package package || return 1
    quietly "packing" "$RUN_DIR/log/package.log" make_packages
}

cmd_package() {
    local try=''
    case "${1:-}" in
    '') ;;
    --try) try=yes ;;
    --image) try_image ;;
    *) usage_error "package: unknown option $1" ;;
    esac
    build_packages || exit 1
    say "packages in build/packages: $(cd "$PACKAGES" && echo *.deb)"
    if [ -n "$try" ]; then
        try_packages
    fi
}

# Servers of their own outside, the programs inside.
try_packages() {
    local status=0 dir
    throwaway_infra "$RUN_DIR/package" "$ROOT/build/package/bin" || exit 3
    dir=$RUN_DIR/root
    if ! root_copy bookworm "$dir"; then
        throwaway_remove
        trap - EXIT
        say "not run: the packages (no bare Debian 12 could be made)"
        exit 77
    fi
    TRY_ROOT=$dir TRY_PACKAGES=$PACKAGES bash "$ROOT/tests/e2e/package/try.sh" 9>&- || status=$?
    root_remove "$dir"
    throwaway_remove
    trap - EXIT
    exit "$status"
}

try_image() {
    local status=0 dir=$RUN_DIR/image stage
    need_packages client test || exit 3
    build_preset dev test || exit 1 # for the servers: topics and roles are made by it
    throwaway_infra "$RUN_DIR/package" "$ROOT/build/dev/bin" || exit 3
    if ! root_bring trixie; then
        throwaway_remove
        trap - EXIT
        say "not run: the image (no bare Debian 13 could be made)"
        exit 77
    fi
    mkdir -p "$dir"
    IMAGE_ROOTS=$dir bash "$ROOT/tests/e2e/package/image.sh" 9>&- || status=$?
    for stage in "$dir"/stage*; do
        root_remove "$stage"
    done
    throwaway_remove
    trap - EXIT
    exit "$status"
}
