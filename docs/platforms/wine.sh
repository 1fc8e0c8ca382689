#!/usr/bin/env bash
# Runs a program for Windows under Wine: docs/platforms/wine.sh PROGRAM.exe [ARGUMENTS]
#
# std takes its random bytes from bcryptprimitives.dll, which Wine 8 doesn't have: a library with one function takes its
# place there. It is built once, below target/platforms.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
own=$here/../../target/platforms/wine
if [[ ! -f $own/lib/bcryptprimitives.dll ]]; then
    mkdir -p "$own/lib"
    x86_64-w64-mingw32-gcc -shared -O1 -o "$own/lib/new-$$.dll" "$here/bcryptprimitives.c" -ladvapi32
    mv "$own/lib/new-$$.dll" "$own/lib/bcryptprimitives.dll"
fi
wine=$(command -v wine64 || command -v wine || echo /usr/lib/wine/wine64)
own=$(cd -- "$own" && pwd)
export WINEPREFIX=${WINEPREFIX-$own/prefix} WINEDEBUG=${WINEDEBUG--all} WINEPATH="Z:${own//\//\\}\\lib"
# Without it, an argument's non-ASCII letters are lost.
export LC_ALL=C.UTF-8
exec "$wine" "$@"
