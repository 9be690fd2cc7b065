#!/usr/bin/env bash
# ./run mutations [--write] [--only TEXT]: breaks one rule after another, and asks the tests.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
exec python3 -B "$ROOT/tests/model/mutations/run.py" "$@"
