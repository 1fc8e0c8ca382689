#!/usr/bin/env bash
# Links a program for macOS on any machine: `zig cc`, which includes what the linker needs from Apple's system library.
# Zig is taken from target/zig (`.ci/run install-platforms` puts it there), or from the PATH.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
zig=$here/../../target/zig/ziglang/zig
[[ -x $zig ]] || zig=zig
exec "$zig" cc -target aarch64-macos.11.0-none "$@"
