#!/usr/bin/env bash
# How long reports and a run with nothing to do take when a journal has many records. Needs hyperfine (Debian, Ubuntu:
# `apt install hyperfine`). The argument is the number of records (10000). One student is really graded; the others are
# copies of that submission and of its record under other names. The runner as `cargo xtask` builds it is measured next
# to an optimized one. Without bubblewrap: SANDBOX=none.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
records=${1:-10000}
sandbox=${SANDBOX:-auto}
cargo build --quiet --package xtask
cargo build --quiet --package xtask --release
xtask=$PWD/target/debug/xtask

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/class/s00001/ex1"
cp solutions/ex1/Cargo.toml "$folder/class/s00001/ex1/"
"$xtask" grade "$folder/class" --exercise ex1 --sandbox "$sandbox" --out "$folder/out" 2> /dev/null
# The other line says who was found: for all ten thousand, the first run below writes it.
record=$(grep '"schema":"size-workshop/grade/1"' "$folder/out/journal.jsonl")
manifest=$(< solutions/ex1/Cargo.toml)
printf -v names 's%05d/ex1\n' $(seq 2 "$records")
(cd "$folder/class" && xargs mkdir -p <<< "$names")
while IFS=/ read -r student _; do
    [[ -n $student ]] || continue
    printf '%s\n' "$manifest" > "$folder/class/$student/ex1/Cargo.toml"
    printf '%s\n' "${record//\"s00001\"/\"$student\"}"
done <<< "$names" >> "$folder/out/journal.jsonl"

remove="rm -rf $folder/out/students $folder/out/gradescope $folder/out/grades.* $folder/out/junit.xml $folder/out/index.html"
for build in debug release; do
    xtask=$PWD/target/$build/xtask
    grade="$xtask grade $folder/class --exercise ex1 --sandbox $sandbox --out $folder/out"
    report="$xtask grade --report $folder/out"
    hyperfine --runs 3 --prepare "$remove" --command-name "$build: grade --report, no report yet" "$report"
    hyperfine --runs 3 --warmup 1 \
        --command-name "$build: grade --report, nothing has changed" "$report" \
        --command-name "$build: grade --report --format csv" "$report --format csv" \
        --command-name "$build: grade, nothing to do, one report" "$grade --format csv" \
        --command-name "$build: grade, nothing to do, all reports" "$grade"
done
