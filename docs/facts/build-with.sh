#!/usr/bin/env bash
# Builds a workshop program with other RUSTFLAGS, checks that it still does its work, and prints its file's size in
# bytes. Used by the facts next to this file; run it from the root of the workspace:
#
#     docs/facts/build-with.sh NAME PROGRAM PROFILE "RUSTFLAGS" [further arguments of cargo build]
#
# NAME is the target folder below target/book/. Equal flags may share one.
set -euo pipefail

name=$1 program=$2 profile=$3 flags=$4
shift 4

folder=target/book/$name
if [ "${1-}" = --target ]; then
    built=$folder/$2/$profile/$program
else
    built=$folder/$profile/$program
fi

RUSTFLAGS=$flags cargo build --quiet --locked --package "$program" --profile "$profile" --target-dir "$folder" "$@"

case $program in
word_freq) wanted=$'the: 3\ncat: 2\nmat: 1' ;;
config_tool) wanted=$(cargo run --quiet --locked --release --package config_tool) ;;
*) echo "no output is known for $program" >&2; exit 2 ;;
esac
if [[ $flags == *prefer-dynamic* ]]; then
    LD_LIBRARY_PATH=$(rustc --print target-libdir)
    export LD_LIBRARY_PATH
fi
if [ "$("$built" "the cat sat on the mat the cat ran")" != "$wanted" ]; then
    echo "$built does not print what it should" >&2
    exit 1
fi
wc -c <"$built"
