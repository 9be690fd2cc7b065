#!/usr/bin/env bash
# Markup of the page comes from literal formats of put() alone: no variable can be a format, and no attribute is without
# double quotes. Only html.c adds bytes to a page.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
exec python3 tests/lint/markup.py
