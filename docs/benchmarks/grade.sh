#!/usr/bin/env bash
# How long `cargo xtask grade` takes for a class of distinct submissions for exercise 3, compared with a shell loop that
# runs the same builds, each submission in its own target folder (which a correct result without a sandbox requires).
# The argument is the number of submissions (30). Needs bubblewrap. At the end every verdict is compared with what the
# submission was designed to get.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
count=${1:-30}
cargo build --quiet --package xtask
xtask=$PWD/target/debug/xtask
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Five kinds, which all need the same three builds: they differ in a profile, or in an answer.
for ((n = 1; n <= count; n++)); do
    student=$(printf 's%03d' "$n") letter=s other=z dist='' release='' download=dist points=10
    case $((n % 5)) in
        1) letter=z other=s ;;
        2) download=release points=9 ;;
        3) letter=z other=s release=$'\n[profile.release]\nopt-level = 2' points=9 ;;
        4) dist='overflow-checks = true' ;;
    esac
    folder=$work/class/$student/ex3
    mkdir -p "$folder"
    sed -e "s/^opt-level = .*/opt-level = \"$letter\" # $student/" solutions/ex3/Cargo.toml > "$folder/Cargo.toml"
    printf '%s\n%s\n' "$dist" "$release" >> "$folder/Cargo.toml"
    sed -e "s/^download = .*/download = \"$download\"/" solutions/ex3/answers.toml > "$folder/answers.toml"
    echo "$student,$points" >> "$work/expected"
    echo "$student $other" >> "$work/students"
done

# One submission as a loop over `cargo build` would make it: the course's sources, the student's manifest.
by_hand() {
    local student=$1 other=$2 here=$work/loop/$1
    mkdir -p "$here/src"
    cp exercises/ex3/src/main.rs "$here/src/"
    cp exercises/ex3/Cargo.lock "$work/class/$student/ex3/Cargo.toml" "$here/"
    local build=(cargo build --quiet --locked --manifest-path "$here/Cargo.toml" --target-dir "$here/target")
    "${build[@]}" --profile release
    "${build[@]}" --profile dist
    "${build[@]}" --profile dist --config "profile.dist.opt-level=\"$other\""
    # It is removed as soon as it was checked: 30 target folders would fill a disk.
    rm -rf "$here"
}

rm -rf target/grade/warm
TIMEFORMAT='%R s wall, %U s user, %S s sys'
printf 'cargo xtask grade, nothing kept:   '
time "$xtask" grade "$work/class" --out "$work/grades" --exercise ex3 2> "$work/log" || { cat "$work/log"; exit 1; }
cut -d, -f4,10 "$work/grades/grades.csv" | tail -n +2 | sed 's/\.0*$//' | diff - "$work/expected" > "$work/diff" ||
    { echo 'verdicts differ:'; cat "$work/diff"; exit 1; }
echo "$count of $count verdicts right"
printf 'the same, dependencies kept:       '
time "$xtask" grade "$work/class" --out "$work/again" --exercise ex3 2> "$work/log"
printf 'the builds by hand, one by one:    '
time while read -r student other; do by_hand "$student" "$other"; done < "$work/students"
