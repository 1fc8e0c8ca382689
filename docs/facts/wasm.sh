#!/usr/bin/env bash
# Builds a workshop program for wasm32-wasip1, lets `wasm-opt -Oz` rewrite it if asked, runs it in Node, checks what it
# prints, and prints its file's size in bytes, or with `gzip` the compressed file's. Used by the facts next to this
# file; run it from the root of the workspace:
#
#     docs/facts/wasm.sh PROGRAM PROFILE [wasm-opt] [gzip]
set -euo pipefail

program=$1 profile=$2
shift 2

folder=target/book/wasm
cargo build --quiet --locked --package "$program" --profile "$profile" --target wasm32-wasip1 --target-dir "$folder"
file=$folder/wasm32-wasip1/$profile/$program.wasm

if [[ ${1-} == wasm-opt ]]; then
    shift
    # The features that rustc lets this target use: `rustc --print cfg --target wasm32-wasip1`. A stripped module doesn't name them.
    wasm-opt -Oz --enable-bulk-memory --enable-multivalue --enable-mutable-globals --enable-nontrapping-float-to-int \
        --enable-reference-types --enable-sign-ext "$file" -o "$folder/$program-$profile-oz.wasm"
    file=$folder/$program-$profile-oz.wasm
fi

case $program in
word_freq) wanted=$'the: 3\ncat: 2\nmat: 1' ;;
config_tool) wanted=$(cargo run --quiet --locked --release --package config_tool) ;;
*) echo "no output is known for $program" >&2; exit 2 ;;
esac
if [ "$(node --no-warnings docs/platforms/wasi.mjs "$file" "the cat sat on the mat the cat ran")" != "$wanted" ]; then
    echo "$file does not print what it should" >&2
    exit 1
fi
if [[ ${1-} == gzip ]]; then
    gzip -9 -n < "$file" | wc -c
else
    wc -c < "$file"
fi
