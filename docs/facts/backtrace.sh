#!/usr/bin/env bash
# Prints the bytes of machine code that find the names and lines of a backtrace: the same crates and modules that
# exercise 2 counts. Usage: backtrace.sh PROGRAM PROFILE, or backtrace.sh FILE
set -euo pipefail

if (($# == 1)); then
    what=(--file "$1")
else
    what=(--program "$1" --profile "$2")
fi
cargo xtask bloat "${what[@]}" --format json 2> /dev/null |
    docs/facts/code_of.py gimli addr2line miniz_oxide rustc_demangle adler2 object std::backtrace_rs std::sys::backtrace
