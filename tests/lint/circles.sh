#!/usr/bin/env bash
# No module includes one that includes it, directly or through others, also within a layer.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
exec python3 -B tests/lint/circles.py
