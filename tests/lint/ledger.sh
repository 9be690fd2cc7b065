#!/usr/bin/env bash
# The figures of the nemesis in doc/reliability.md are those of its ledger.
set -euo pipefail

exec python3 -B "$(dirname -- "${BASH_SOURCE[0]}")/../e2e/faults/table.py"
