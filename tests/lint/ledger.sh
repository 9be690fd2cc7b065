#!/usr/bin/env bash
# What doc/reliability.md says of the nemesis is what its ledger says.
set -euo pipefail

exec python3 -B "$(dirname -- "${BASH_SOURCE[0]}")/../faults/table.py"
