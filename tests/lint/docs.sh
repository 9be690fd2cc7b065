#!/usr/bin/env bash
# The documents: links lead somewhere, commands exist, examples are invented.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
exec python3 tests/lint/docs.py
