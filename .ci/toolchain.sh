#!/usr/bin/env bash
# Makes the toolchain of the long tests below target/store: the real one, but for rustc, in whose place is a program that takes what
# was compiled before from a store (xtask/crates/testbed/src/store.rs). Prints the folder of its programs, which belongs at the front
# of PATH.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# Wherever else Cargo may have been told to build.
cargo build --quiet --package testbed --bin rustc-store --target-dir target
real=$(rustc --print sysroot)
store=$PWD/target/store
rm -rf "$store/bin"
mkdir -p "$store/bin" "$store/units"
# A folder's time is that of the last unit that was put into it.
find "$store/units" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
ln -sfn "$real" "$store/real"
for program in "$real"/bin/*; do ln -s "$program" "$store/bin/"; done
rm "$store/bin/rustc"
cp target/debug/rustc-store "$store/bin/rustc"
echo "$store/bin"
