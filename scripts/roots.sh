# shellcheck shell=bash
# Bare Debian systems in folders, to try things as on a fresh machine: made once with debootstrap,
# kept in the user's cache, worked on in copies.

ROOTS=${XDG_CACHE_HOME:-$HOME/.cache}/dayfour/roots

# root_bring SUITE: prints nothing; afterwards $ROOTS/SUITE is there.
root_bring() {
    local dir=$ROOTS/$1
    [ ! -e "$dir/.complete" ] || return 0
    [ "$(id -u)" -eq 0 ] || { warn "only root can make a Debian $1 of its own"; return 1; }
    need_packages roots || return 1
    mkdir -p "$ROOTS"
    rm -rf "$dir"
    quietly "making a bare Debian ($1)" "$RUN_DIR/log/root-$1.log" \
        debootstrap --variant=minbase "$1" "$dir" ${DAYFOUR_DEBIAN_MIRROR:+"$DAYFOUR_DEBIAN_MIRROR"} || return 1
    : >"$dir/.complete"
}

# root_copy SUITE DIR: a copy to work in, with what programs look for in /dev and /proc.
root_copy() {
    root_bring "$1" || return 1
    root_remove "$2"
    mkdir -p "$(dirname "$2")"
    cp -a --reflink=auto "$ROOTS/$1" "$2"
    # A mount of its own, as the root of a system is: what looks for one there finds it.
    mount --bind "$2" "$2"
    mount --make-private "$2"
    cp -L /etc/resolv.conf "$2/etc/resolv.conf" 2>/dev/null || true
    cp -L /etc/hosts "$2/etc/hosts"
    mount -t proc proc "$2/proc"
    mount --rbind /dev "$2/dev"
    mount --make-rslave "$2/dev"
}

root_remove() {
    local at
    [ -d "$1" ] || return 0
    while read -r at; do
        umount -l "$at" || return 1
    done < <(awk -v d="$(realpath "$1")/" 'index($2 "/", d) == 1 { print $2 }' /proc/self/mounts | sort -r)
    rm -rf --one-file-system "$1"
}

# in_root DIR COMMAND...
in_root() {
    local dir=$1
    shift
    chroot "$dir" env -u PG_DSN -u KAFKA_BROKERS -u DAYFOUR_RUN_DIR HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        DEBIAN_FRONTEND=noninteractive "$@"
}
