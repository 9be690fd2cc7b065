# shellcheck shell=bash
# Debian packages: only what is missing is installed.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        return 126
    fi
}

probe_found() {
    case $1 in
    '') return 1 ;;
    /*) compgen -G "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

packages_missing() {
    local group package probe installed
    installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii *//p')
    while read -r group package probe; do
        case " $* " in
        *" $group "*) ;;
        *) continue ;;
        esac
        if ! grep -qxF -- "$package" <<<"$installed" && ! probe_found "$probe"; then
            echo "$package"
        fi
    done < <(sed 's/#.*//' "$ROOT/scripts/packages.txt") | sort -u
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold \
        --no-install-recommends install "$@"
}

apt_update() {
    as_root apt-get -q -o DPkg::Lock::Timeout=600 update
}

# Debian's postgresql makes and starts a cluster of its own; ours is a private one.
without_main_cluster() {
    local status=0 dir=/etc/postgresql-common/createcluster.d
    as_root mkdir -p "$dir"
    echo "create_main_cluster = false" | as_root tee "$dir/dayfour.conf" >/dev/null
    "$@" || status=$?
    as_root rm -f "$dir/dayfour.conf"
    return "$status"
}

apt_bring() {
    if ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; then
        apt_update
    fi
    if ! apt_install "$@"; then
        # Old lists, or an installation that was interrupted.
        as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a || true
        apt_update && apt_install "$@"
    fi
}

# need_packages GROUP...
need_packages() {
    local missing install=(apt_bring)
    if ! command -v dpkg-query >/dev/null; then
        return 0
    fi
    mapfile -t missing < <(packages_missing "$@")
    if [ "${#missing[@]}" -eq 0 ]; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "these packages are missing, and neither root nor sudo is there to install them: ${missing[*]}"
    fi
    case " ${missing[*]} " in
    *" postgresql "*) install=(without_main_cluster apt_bring) ;;
    esac
    quietly "installing ${#missing[@]} Debian packages (${missing[*]})" "$RUN_DIR/log/apt.log" \
        "${install[@]}" "${missing[@]}"
}

# Debian 12 has promtool in the package of the server, which would be started: only the tool is taken out of it.
bring_promtool() {
    local dir
    dir=${XDG_CACHE_HOME:-$HOME/.cache}/dayfour/promtool-$(. /etc/os-release && echo "$ID-${VERSION_ID:-}")
    if command -v promtool >/dev/null; then
        return 0
    fi
    if [ ! -x "$dir/promtool" ]; then
        quietly "fetching promtool" "$RUN_DIR/log/promtool.log" fetch_promtool "$dir" || return 1
    fi
    PATH=$PATH:$dir
}

fetch_promtool() {
    local dir=$1 part=$1.part package=promtool
    rm -rf "$part"
    mkdir -p "$dir" "$part"
    apt-cache show -q=2 promtool >/dev/null 2>&1 || package=prometheus
    (cd "$part" && { apt-get -q download "$package" || { apt_update && apt-get -q download "$package"; }; } &&
        dpkg-deb --fsys-tarfile ./*.deb | tar -xf - ./usr/bin/promtool) || return 1
    mv "$part/usr/bin/promtool" "$dir/promtool"
    rm -rf "$part"
}
