#!/usr/bin/env bash
# Checks every text: phrases that the workshop avoids (plain.py), spelling, and that no sentence is too long. Needs
# Python and npm; installs cspell and textlint below target/. Exit code 3: they couldn't be installed.

set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

# shellcheck source=../../.ci/tools.sh
source .ci/tools.sh

status=0
docs/prose/plain.py || status=1

tools=target/prose
if [[ ! -x $tools/node_modules/.bin/cspell || ! -x $tools/node_modules/.bin/textlint ]]; then
    mkdir -p "$tools"
    timeout 180 npm install --silent --prefix "$tools" \
        "$CSPELL" "$TEXTLINT" "$TEXTLINT_MAX_WORDS" > /dev/null || exit $((status == 0 ? 3 : status))
fi

texts=('*.md' '.github/*.md' 'docs/*.md' 'docs/grading/*.md' 'docs/schemas/*.md' 'docs/src/*.md' 'exercises/*.md' 'exercises/*/README.md' 'solutions/*.md' 'solutions/*/*.md')
"$tools/node_modules/.bin/cspell" --no-progress --config docs/prose/cspell.json "${texts[@]}" '.github/ISSUE_TEMPLATE/*.yml' || status=1
"$tools/node_modules/.bin/textlint" --rules-base-directory "$PWD/$tools/node_modules" --config docs/prose/textlint.json \
    "${texts[@]}" || status=1
exit "$status"
