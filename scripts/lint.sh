# shellcheck shell=bash
# lint and fmt.

FORMAT_MAJOR=14

files_named() {
    cd "$ROOT" || return 1
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -co --exclude-standard -- "$@" | while read -r file; do
            [ ! -e "$file" ] || echo "$file"
        done
    else
        local args=() pattern
        for pattern in "$@"; do
            args+=(-o -name "$pattern")
        done
        find . -path ./build -prune -o \( "${args[@]:1}" \) -type f -print
    fi
}

shell_files() {
    {
        files_named '*.sh'
        echo run
        echo .ci/run
    } | sort -u
}

# Versions of clang-format disagree with each other, so one decides.
clang_format_program() {
    local program
    for program in "clang-format-$FORMAT_MAJOR" clang-format; do
        if "$program" --version 2>/dev/null | grep -q "version $FORMAT_MAJOR\."; then
            echo "$program"
            return 0
        fi
    done
    return 1
}

lint_format() {
    local program files
    mapfile -t files < <(files_named '*.c' '*.h')
    if [ "${#files[@]}" -eq 0 ]; then
        return 0
    fi
    if ! program=$(clang_format_program); then
        say "not run: formatting (no clang-format $FORMAT_MAJOR here)"
        return 77
    fi
    (cd "$ROOT" && "$program" --dry-run --Werror "${files[@]}")
}

lint_tidy() {
    quietly "configuring (clang)" "$RUN_DIR/log/build-clang.log" configure_preset clang || return 1
    if [ "$(cat "$ROOT/build/clang/compile_commands.json")" = "[]" ]; then
        return 0
    fi
    # Its progress and the count of warnings in system headers are not news.
    run-clang-tidy -p "$ROOT/build/clang" -j "${DAYFOUR_JOBS:-2}" -quiet \
        "^$ROOT/(common|services|tests)/" >"$RUN_DIR/log/tidy.log" \
        2>"$RUN_DIR/log/tidy.err" && return 0
    grep -vE '^clang-tidy|^$|warnings? generated' "$RUN_DIR/log/tidy.log" "$RUN_DIR/log/tidy.err" -h
    return 1
}

lint_shell() {
    local files
    mapfile -t files < <(shell_files)
    (cd "$ROOT" && shellcheck -x "${files[@]}")
}

# A step that cannot run here says so itself and returns 77.
lint_step() {
    local name=$1 from=$SECONDS status=0
    shift
    "$@" || status=$?
    case $status in
    0) say "lint: $name ok ($((SECONDS - from)) s)" ;;
    77) say "lint: $name not run" ;;
    *)
        say "lint: $name FAILED"
        LINT_FAILED=$((LINT_FAILED + 1))
        ;;
    esac
}

cmd_lint() {
    local script
    LINT_FAILED=0
    need_packages build test lint || exit 1
    bring_promtool || true
    lint_step shellcheck lint_shell
    lint_step format lint_format
    for script in "$ROOT"/tests/lint/*.sh; do
        if [ -e "$script" ]; then
            lint_step "$(basename "$script" .sh)" bash "$script"
        fi
    done
    lint_step clang-tidy lint_tidy
    [ "$LINT_FAILED" -eq 0 ] || exit 1
}

cmd_fmt() {
    local program files
    need_packages lint || exit 1
    program=$(clang_format_program) || die "no clang-format $FORMAT_MAJOR here"
    mapfile -t files < <(files_named '*.c' '*.h')
    if [ "${#files[@]}" -gt 0 ]; then
        (cd "$ROOT" && "$program" -i "${files[@]}")
    fi
}
