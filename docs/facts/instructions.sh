#!/usr/bin/env bash
# Prints how many instructions a program runs, from the loader's first to the last; the kernel's aren't counted. Used by
# the facts next to this file, with valgrind: docs/facts/instructions.sh PROGRAM [ARGUMENT…]
set -euo pipefail

valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
    sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
