#!/usr/bin/env bash
# Prints what a row of the price list costs under `dist`, in bytes. The second argument is a different key of the row.
set -euo pipefail
cargo xtask price "$1" --format json 2> /dev/null |
    python3 -c "import json, sys; print(json.load(sys.stdin)['rows'][0]['${2:-bytes}'])"
