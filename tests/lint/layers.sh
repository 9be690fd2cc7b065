#!/usr/bin/env bash
# The layers of doc/architecture.md: a module includes only what stands to its right.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
exec python3 tests/lint/layers.py
