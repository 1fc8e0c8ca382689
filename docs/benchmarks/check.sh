#!/usr/bin/env bash
# How long `cargo xtask check` takes compared with the bare `cargo build` calls that it needs, and when nothing has
# changed. Needs hyperfine (Debian, Ubuntu: `apt install hyperfine`). The argument is the number of cold runs (5). It
# checks the course's solutions: a learner's files aren't touched.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
cargo build --quiet --package xtask
xtask=target/debug/xtask

for exercise in ex1 ex3; do
    # Creates the folders that are built by hand below.
    "$xtask" check "$exercise" --solution > /dev/null 2>&1
    folder=target/check/$exercise
    case $exercise in
        ex1) builds="starter:release solution:release" ;;
        ex3) builds="solution:release solution:dist solution:dist-z" ;;
    esac
    by_hand=()
    for build in $builds; do
        tree=${build%%:*} profile=${build##*:} option='' room=target
        if [[ $profile == dist-z ]]; then
            profile=dist option="--config 'profile.dist.opt-level=\"z\"'" room=variant-target
        fi
        by_hand+=("cargo build --quiet --manifest-path $folder/$tree/Cargo.toml --target-dir $folder/$tree-$room --profile $profile $option")
    done
    one_by_one=$(printf '%s; ' "${by_hand[@]}")
    # As the check does it: target folders at the same time, the builds of one folder one after another.
    if [[ $exercise == ex1 ]]; then
        at_once="${by_hand[0]} & ${by_hand[1]}; wait"
    else
        at_once="(${by_hand[1]}; ${by_hand[0]}) & ${by_hand[2]}; wait"
    fi
    hyperfine --runs "${1:-5}" --prepare "rm -rf $folder/*-target $folder/*.json" \
        --command-name "check $exercise, cold" "$xtask check $exercise --solution" \
        --command-name 'the same builds by hand, at once' "$at_once" \
        --command-name 'the same builds by hand, one by one' "$one_by_one"
done

# Nothing has changed; the second line with the start of Cargo.
hyperfine --warmup 2 "$xtask check ex1 --solution" 'cargo xtask check ex1 --solution'

# A verdict without a build: exercise 2 has no answers yet.
hyperfine --shell none --warmup 2 --ignore-failure "$xtask check ex2"
