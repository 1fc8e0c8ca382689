#!/usr/bin/env bash
# Creates the toolchain of the long tests below target/store: the real one, except that rustc is replaced by a program
# that takes what was compiled before from a store (xtask/crates/testbed/src/store.rs). Prints the folder of its
# programs, which belongs at the front of PATH.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# Regardless of where else Cargo may be set to build.
cargo build --quiet --package testbed --bin rustc-store --target-dir target
real=$(rustc --print sysroot)
store=$PWD/target/store
rm -rf "$store/bin"
mkdir -p "$store/bin" "$store/units"
# A folder's time is when the last unit was added to it.
find "$store/units" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
ln -sfn "$real" "$store/real"
for program in "$real"/bin/*; do ln -s "$program" "$store/bin/"; done
rm "$store/bin/rustc"
cp target/debug/rustc-store "$store/bin/rustc"
echo "$store/bin"
