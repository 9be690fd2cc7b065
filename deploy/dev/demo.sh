# shellcheck shell=bash
cmd_demo() {
    die "the demo is not there yet"
}
