#!/usr/bin/env bash
# Grades the repositories of a GitHub Classroom assignment, on your own machine and in sandboxes:
#
#     gh extension install github/gh-classroom
#     gh classroom clone student-repos --assignment-id ID --directory CLASS
#     docs/grading/classroom/grade-checkouts.sh CLASS/ASSIGNMENT-submissions OUT [ROSTER]
#
# CLASS/ASSIGNMENT-submissions has a checkout for each student, named after the repository: ASSIGNMENT-LOGIN. That name is the
# `student_id` of the grades. Only the files that an exercise lets its learners edit are read from a checkout; its xtask,
# its workflows and its `.git` are never run. Start it again after `git pull`: what hasn't changed isn't graded twice.

set -euo pipefail

if (($# < 2 || $# > 3)); then
    echo 'usage: docs/grading/classroom/grade-checkouts.sh CHECKOUTS OUT [ROSTER]' >&2
    exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
checkouts=$(realpath -- "$1")
mkdir -p -- "$2"
out=$(realpath -- "$2")
roster=${3:+$(realpath -- "$3")}
cd -- "$here/../../.."
exec cargo xtask grade "$checkouts" ${roster:+--roster "$roster"} --out "$out"
