#!/usr/bin/env bash
# Names that stand in several places say the same everywhere: kinds of events, reasons of dead letters, outcomes,
# endings, prepared statements, crash points.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
exec python3 tests/lint/names.py
