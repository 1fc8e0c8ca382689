#!/usr/bin/env bash
# Builds docs/node below target/book/node: the bundle dist/word_freq.cjs and the single executable dist/word_freq. Used by
# the facts next to this file; run it from the root of the workspace. Prints nothing.
set -euo pipefail

folder=target/book/node
mkdir -p "$folder"
cp -r docs/node/. "$folder"
cd "$folder"
{
    [ -d node_modules ] || npm ci --silent --no-fund --no-audit
    npm run --silent build
    node --experimental-sea-config sea-config.json
    cp "$(node -p process.execPath)" dist/word_freq
    # The fuse is a string in every node binary that says whether something was injected; postject flips it.
    node_modules/.bin/postject dist/word_freq NODE_SEA_BLOB dist/word_freq.blob \
        --sentinel-fuse NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2
} >/dev/null 2>&1

for command in "node dist/word_freq.cjs" dist/word_freq; do
    if [ "$($command "the cat sat on the mat the cat ran")" != $'the: 3\ncat: 2\nmat: 1' ]; then
        echo "$command does not print what it should" >&2
        exit 1
    fi
done
