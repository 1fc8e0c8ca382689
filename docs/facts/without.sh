#!/usr/bin/env bash
# Prints what a program of docs/programs would save without some crates: as `bloat --without` predicts it, and, as
# measured with the program in which a constant replaces what they do.
#
#     docs/facts/without.sh predicted PROGRAM CRATE[,CRATE…]
#     docs/facts/without.sh measured PROGRAM OTHER_PROGRAM
set -euo pipefail

manifest=docs/programs/Cargo.toml
case $1 in
predicted)
    cargo xtask bloat --manifest-path $manifest --profile dist --bin "$2" --without "$3" --format json 2> /dev/null |
        python3 -c 'import json, sys; report = json.load(sys.stdin); print(report["file_bytes"] - report["without"]["file_bytes"])'
    ;;
measured)
    package=$3
    [[ $3 == stub_* ]] && package=stubs
    # Each one alone: Cargo unifies the features of all packages that one command selects.
    cargo build -q --profile dist --manifest-path $manifest -p "$2" --bin "$2"
    cargo build -q --profile dist --manifest-path $manifest -p "$package" --bin "$3"
    echo $(($(stat -c %s "docs/programs/target/dist/$2") - $(stat -c %s "docs/programs/target/dist/$3")))
    ;;
*)
    echo "there is no kind of number called $1" >&2
    exit 2
    ;;
esac
