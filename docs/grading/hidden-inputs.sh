#!/usr/bin/env bash
# Creates the secret that a class's hidden inputs come from, once. All parts whose OUT is in that folder share it:
#
#     docs/grading/hidden-inputs.sh FOLDER
#
# Several machines may call it at the same moment: the first one wins, and an existing secret is never replaced.

set -euo pipefail

if (($# != 1)); then
    echo 'usage: docs/grading/hidden-inputs.sh FOLDER' >&2
    exit 2
fi
secret=$1/hidden-inputs.secret
[[ ! -e $secret ]] || exit 0
umask 077
mkdir -p -- "$1"
temporary=$(mktemp -- "$1/.hidden-inputs.XXXXXX")
trap 'rm -f -- "$temporary"' EXIT
head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$temporary"
echo >> "$temporary"
# A link is created whole, or not at all if there is a file with this name.
ln -- "$temporary" "$secret" 2> /dev/null || [[ -e $secret ]]
