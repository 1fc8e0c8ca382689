#!/usr/bin/env bash
# How long it takes to find out why something is in a program, when nothing has to be built, compared with how long
# cargo-bloat and cargo-bloated take to show whose its code is; how long a large program and the compiler's own library
# take; and how much memory. Needs hyperfine (Debian, Ubuntu: `apt install hyperfine jq`), jq, and GNU time. The
# argument is the number of runs (10). The machine should have nothing else to do: the minimum of several runs counts.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../../.ci/tools.sh
source .ci/tools.sh
runs=${1:-10}
unset CARGO_INCREMENTAL RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

cargo build --quiet --package xtask
cargo build --quiet --release --package cargo-weigh
cp target/release/cargo-weigh "$work/weigh"
# The same program with its relocations is the large one.
cargo rustc --quiet --release --package cargo-weigh --bin cargo-weigh -- -C link-arg=-Wl,--emit-relocs
cp target/release/cargo-weigh "$work/large"
library=$(find "$(rustc --print sysroot)/lib" -maxdepth 1 -name 'librustc_driver-*.so')

# Both build a program with its symbols, so they get a profile that keeps them.
cargo install --quiet cargo-bloat --version "$CARGO_BLOAT" --locked --root "$work"
others=(--command-name 'cargo bloat --crates' "'$work/bin/cargo-bloat' bloat --package config_tool --release --crates -n 0")
if cargo install --quiet cargo-bloated --locked --root "$work"; then
    others+=(--command-name 'cargo bloated' "'$work/bin/cargo-bloated' bloated --package config_tool --bin config_tool --output crates")
fi
hyperfine --runs "$runs" --warmup 1 --export-json "$work/fresh.json" \
    --command-name 'cargo xtask bloat --why' 'target/debug/xtask bloat --program config_tool --profile release --why gimli' \
    --command-name 'cargo xtask bloat --without' 'target/debug/xtask bloat --program config_tool --profile release --without serde_json' \
    --command-name 'cargo xtask bloat' 'target/debug/xtask bloat --program config_tool --profile release' \
    --command-name 'cargo weigh bloat --crates' "$work/weigh weigh bloat --package config_tool --crates" \
    --command-name 'cargo weigh bloat --why' "$work/weigh weigh bloat --package config_tool --why gimli" \
    --command-name 'cargo weigh diff' "$work/weigh weigh diff --package config_tool release dist" \
    "${others[@]}" >&2
hyperfine --runs "$runs" --warmup 1 --shell none --export-json "$work/files.json" \
    --command-name 'large program, --why' "$work/weigh weigh bloat --file $work/large --why core" \
    --command-name 'large program, all' "$work/weigh weigh bloat --file $work/large --format json" \
    --command-name 'librustc_driver' "$work/weigh weigh bloat --file $library" >&2

echo '| | least | CPU time |'
echo '|---|--:|--:|'
for results in fresh files; do
    jq --raw-output '.results[] | "| \(.command) | \(.min * 1000 | round) ms | \((.user + .system) * 1000 | round) ms |"' \
        "$work/$results.json"
done
for file in "$work/large" "$library"; do
    kilobytes=$(/usr/bin/time --format %M "$work/weigh" weigh bloat --file "$file" --format json 2>&1 > /dev/null | tail -n 1)
    echo "$(basename "$file"): $((kilobytes * 1024)) bytes of memory for a file of $(stat --dereference --format %s "$file")"
done
