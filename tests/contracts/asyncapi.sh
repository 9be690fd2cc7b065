#!/bin/sh
# Reads schemas/asyncapi.yaml with AsyncAPI's own parser, and the published examples and the message
# corpus with a second JSON Schema validator. Leaves with 77 where Node.js or the parser is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

for tool in node npm; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "not run: $tool is missing"
        exit 77
    fi
done

# one folder per set of versions, complete only once .installed is there
sum=$(cksum <"$here/package.json" | cut -d' ' -f1)
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/dayfour/contract-checks-$sum
if [ ! -e "$cache/.installed" ]; then
    mkdir -p "$cache"
    cp "$here/package.json" "$cache/package.json"
    if ! (cd "$cache" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts) \
        >"$cache/npm.log" 2>&1; then
        echo "not run: npm could not install the parser (see $cache/npm.log)"
        exit 77
    fi
    : >"$cache/.installed"
fi

exec node "$here/asyncapi.mjs" "$cache" "$here/../.."
