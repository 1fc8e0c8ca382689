#!/usr/bin/env bash
# How long `cargo xtask what-if` takes from scratch, compared with the shell loop that runs the same builds one after
# another; and how long it takes when it is killed halfway and started again. Needs hyperfine (Debian, Ubuntu: `apt
# install hyperfine`). The argument is the number of runs (1).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
cargo build --quiet --package xtask
runner="$PWD/target/debug/xtask"
folder="$(mktemp -d)"
trap 'rm -rf -- "$folder"' EXIT

# Every combination of the five settings of `dist`, each as a separate profile: Cargo shares nothing between them.
settings=('opt-level="z"' 'lto=true' 'codegen-units=1' 'panic="abort"' 'strip=true')
loop="$folder/loop"
{
    echo 'set -e'
    for ((on = 0; on < 32; on++)); do
        profile="loop-$on"
        args=(--config "profile.$profile.inherits=\"release\"")
        for ((index = 0; index < 5; index++)); do
            if ((on >> index & 1)); then args+=(--config "profile.$profile.${settings[index]}"); fi
        done
        printf '%q ' cargo build --quiet --locked --package config_tool --target-dir "$folder/target" --profile "$profile" "${args[@]}"
        echo
    done
} > "$loop"

what_if="'$runner' what-if --program config_tool"
kept=(target/size-workshop/builds/config_tool target/size-workshop/probe)
hyperfine --runs "${1:-1}" --prepare "rm -rf ${kept[*]} '$folder/target'" \
    --command-name 'cargo xtask what-if' "$what_if" \
    --command-name 'the same builds one after another' "bash '$loop'" \
    --command-name 'cargo xtask what-if --quick' "$what_if --quick"

# Killed halfway, and started again: together about as long as in one go.
rm -rf "${kept[@]}"
SECONDS=0
timeout --signal KILL 60 "$runner" what-if --program config_tool > /dev/null 2>&1 || true
"$runner" what-if --program config_tool > /dev/null
echo "killed after at most 60 s and started again: $SECONDS s together"
hyperfine --warmup 1 "$what_if"
