#!/usr/bin/env bash
# Sentences without an actor, over 25 words, or in house idiom: no more than tests/lint/prose.json records.
# `python3 tests/lint/prose.py common/pg` lists those of a room; `--write` records that there are fewer.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
exec python3 -B tests/lint/prose.py "$@"
