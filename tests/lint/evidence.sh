#!/usr/bin/env bash
# Every test that doc/hazard-log.md and doc/information-governance.md name exists, and every hazard names one.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
exec python3 tests/lint/evidence.py
