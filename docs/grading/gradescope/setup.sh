#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when it builds the autograder's image.

set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}

export DEBIAN_FRONTEND=noninteractive
apt-get update -q=2
apt-get install -q=2 -y build-essential bubblewrap ca-certificates curl util-linux
curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs |
    sh -s -- -y --profile minimal --default-toolchain none --no-modify-path

# rust-toolchain.toml in the course names the toolchain.
export PATH="$HOME/.cargo/bin:$PATH"
cd "$root/source/course"
rustup toolchain install --no-self-update
# Builds xtask and the grader, fetches every dependency, and proves that the course can be solved in this image.
cargo xtask check --all --solution
cargo build --locked --package grading
