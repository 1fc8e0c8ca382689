#!/usr/bin/env bash
# How long `cargo xtask sizes` takes from a cold target, compared with the shell loop that runs the same builds by hand.
# Needs hyperfine (Debian, Ubuntu: `apt install hyperfine`). The argument is the number of runs (3).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
cargo build --quiet --package xtask

# Only the folders of the default tables' profiles: the runner itself stays built.
profiles="release ladder-1-opt-level-z ladder-2-lto ladder-3-codegen-units-1 ladder-4-panic-abort ladder-5-strip dist dist-s dist-3"
clean="for p in $profiles; do rm -rf target/\$p; done"
loop="for p in $profiles; do for x in word_freq config_tool; do cargo build --quiet --profile \$p --package \$x; done; done"

hyperfine --runs "${1:-3}" --prepare "$clean" \
    --command-name 'cargo xtask sizes' 'cargo xtask sizes' \
    --command-name 'loop of cargo build' "$loop"

# Nothing has changed.
cargo xtask sizes --table all > /dev/null 2>&1
hyperfine --warmup 2 'cargo xtask sizes --table all'
