#!/usr/bin/env bash
# Builds a package of docs/service, checks that the service still does its work, and prints a number. Run it from the root
# of the workspace:
#
#     docs/facts/service.sh bytes PACKAGE PROFILE [FLAG OF RUSTC…]    the bytes of its file
#     docs/facts/service.sh alive PACKAGE PROFILE [FLAG OF RUSTC…]    1 if it answers after a request that panics, else 0
#     docs/facts/service.sh code PACKAGE PROFILE                      the bytes of its machine code
#     docs/facts/service.sh std PACKAGE PROFILE                       how many of them are the standard library's
#     docs/facts/service.sh crates PACKAGE                            the crates that it is compiled from
set -euo pipefail

what=$1 package=$2 profile=${3-release}
shift 2
(($# == 0)) || shift
manifest=docs/service/Cargo.toml
built=docs/service/target/$profile/$package

if [[ $what == crates ]]; then
    cargo tree --locked --manifest-path $manifest -p "$package" -e normal --prefix none --no-dedupe | sed 's/ (\*)$//' | sort -u | wc -l
    exit
fi
if (($# == 0)); then
    cargo build --quiet --locked --manifest-path $manifest -p "$package" --profile "$profile"
else
    # The flags are for this one crate; its dependencies stay as compiled.
    cargo rustc --quiet --locked --manifest-path $manifest -p "$package" --bin "$package" --profile "$profile" -- "$@"
fi
case $what in
bytes)
    docs/service/check.py "$built"
    stat -c %s "$built"
    ;;
alive)
    docs/service/check.py "$built" answers
    if docs/service/check.py "$built" survives_a_panic 2> /dev/null; then echo 1; else echo 0; fi
    ;;
code | std)
    # Read from the file itself: another build, with debug information, would take as long as this one.
    report=$(cargo xtask bloat --file "$built" --format json 2> /dev/null)
    python3 -c '
import json, sys

what, report = sys.argv[1], json.load(sys.stdin)
std = sum(crate["bytes"] for crate in report["crates"] if crate["standard"])
print(std if what == "std" else report["text_bytes"])
' "$what" <<< "$report"
    ;;
*)
    echo "there is no kind of number called $what" >&2
    exit 2
    ;;
esac
