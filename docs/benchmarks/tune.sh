#!/usr/bin/env bash
# What `tune` chooses in a fifth of the builds, compared with the best of all 160 combinations of its settings: the
# number of builds, and how far the choice is from the best. Needs jq and valgrind (Debian, Ubuntu: `apt install jq
# valgrind`), and an hour for the two programs of the workshop. The arguments are folders of other crates with one
# program each. Measurements stay in target/size-workshop/tune-benchmark/: a second call continues from there. The
# tables in xtask/crates/weigh/src/tune/measured/, which the tests of the search read, were made by this script.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
cargo build --quiet --package xtask
runner="$PWD/target/debug/xtask"
out="$PWD/target/size-workshop/tune-benchmark"
mkdir -p "$out"
unset CARGO_INCREMENTAL RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
pack=-Clink-arg=-Wl,-z,pack-relative-relocs

# Builds one combination of a program, unless its row already exists, and adds the row.
measure() { # NAME FOLDER OPT-LEVEL LTO UNITS PANIC PACKED
    local name=$1 folder=$2 table="$out/$1.tsv" row flags=() last=()
    row="$(printf '%s\t%s\t%s\t%s\t%s\t' "${@:3}")"
    if grep --quiet --no-messages --fixed-strings "$row" "$table"; then return; fi
    local level=$3
    if [[ $3 == [sz] ]]; then level="'$3'"; fi
    local lto="'$4'"
    if [[ $4 == false ]]; then lto=false; fi
    if [[ $5 == 1 ]]; then flags=(--config profile.release.codegen-units=1); fi
    if [[ $7 == yes ]]; then last=(-- "$pack"); fi
    (cd "$folder" && cargo rustc --quiet --locked --release --package "$name" --bin "$name" --target-dir "$out/$name" \
        --config "profile.release.opt-level=$level" --config "profile.release.lto=$lto" \
        --config "profile.release.panic='$6'" --config "profile.release.strip='symbols'" "${flags[@]}" "${last[@]}")
    local program="$out/$name/release/$name"
    local count
    count="$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" 2>&1 > "$out/$name.stdout" |
        sed --quiet 's/^==.*Collected : //p')"
    printf '%s%s\t%s\n' "$row" "$(stat --format %s "$program")" "$count" >> "$table"
}

# The smallest size in a table, among the allowed rows.
best() { # TABLE PANICS PACKED
    awk -F '\t' -v panics="$2" -v packed="$3" \
        '$4 ~ panics && $5 ~ packed && (least == "" || $6 < least) { least = $6 } END { print least }' "$1"
}

compare() { # NAME FOLDER ARGUMENTS…
    local name=$1 folder=$2 level lto units panic packed
    for level in 3 2 1 s z; do for lto in off false thin fat; do for units in default 1; do
        for panic in unwind abort; do for packed in no yes; do
            measure "$name" "$folder" "$level" "$lto" "$units" "$panic" "$packed"
        done; done
    done; done; done
    local allowed panics=unwind relocations=no
    for allowed in '' '--panic=abort' '--packed-relocations' '--panic=abort --packed-relocations'; do
        panics=unwind relocations=no
        if [[ $allowed == *abort* ]]; then panics='unwind|abort'; fi
        if [[ $allowed == *packed* ]]; then relocations='no|yes'; fi
        # shellcheck disable=SC2086
        "$runner" tune "${@:3}" --run '' $allowed --format json > "$out/$name.json" 2> "$out/$name.log"
        jq --raw-output --arg allowed "${allowed:-nothing more allowed}" \
            --argjson best "$(best "$out/$name.tsv" "$panics" "$relocations")" \
            '"\(.program), \($allowed): \(.made_builds) of \(.possible_builds) builds, \(.builds[.chosen].bytes) bytes, " +
             "best \($best), \((.builds[.chosen].bytes / $best - 1) * 10000 | round / 100) % off"' "$out/$name.json"
    done
}

if (($# == 0)); then
    for name in word_freq config_tool; do compare "$name" "$PWD" --program "$name"; done
fi
for folder in "$@"; do
    folder="$(cd -- "$folder" && pwd)"
    name="$(cargo metadata --no-deps --format-version 1 --manifest-path "$folder/Cargo.toml" |
        jq --raw-output '[.packages[].targets[] | select(.kind == ["bin"]) | .name][0]')"
    compare "$name" "$folder" --manifest-path "$folder"
done
