#!/usr/bin/env bash
# Builds with Debian's compiler from the package rustc-web, which has std's source, as `dist`. Usage: building-std.sh
# CARGO-BUILD-ARGUMENT…
set -euo pipefail
export PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1
exec cargo build -q --locked --profile dist --target x86_64-unknown-linux-gnu "$@"
