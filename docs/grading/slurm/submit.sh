#!/usr/bin/env bash
# Grades a class on a Slurm cluster: an array job, and a job that merges when all its tasks have succeeded.
#
#     docs/grading/slurm/submit.sh CLASS OUT PARTS [ROSTER]
#
# CLASS is the folder of submissions, ROSTER a CSV with names and due dates; the grades come to OUT/grades. Prints the ids of both jobs. Account, partition and
# the like: Slurm's own variables (SBATCH_ACCOUNT, SBATCH_PARTITION). If a task failed, the merge is canceled; fix what
# OUT/part-N.log reports and submit again, with the same OUT: only what is missing is graded.
#
# CLASS, OUT, ROSTER, this repository and the toolchain must have the same paths on every node, and the nodes need bubblewrap.
# PARTS must stay the same for one OUT: a part keeps its jobs only as long as their number is the same.

set -euo pipefail

if (($# < 3 || $# > 4)) || [[ ! $3 =~ ^[1-9][0-9]*$ ]]; then
    echo 'usage: docs/grading/slurm/submit.sh CLASS OUT PARTS [ROSTER]' >&2
    exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
class=$(realpath -- "$1")
mkdir -p -- "$2"
out=$(realpath -- "$2")
parts=$3
roster=${4:+$(realpath -- "$4")}
# `cargo xtask` is known here only, and a job starts in the folder where it was submitted.
cd -- "$here/../../.."

# Once, before all tasks need it at the same moment: a dry run compiles the grader. The tasks repeat what it finds.
cargo xtask grade "$class" --list > /dev/null 2>&1 || true

# Before the first part needs it: parts share their hidden inputs.
docs/grading/hidden-inputs.sh "$out"

# The logs contain students' names, so they are next to the grades, not in the folder of the person who submits.
grade=$(sbatch --parsable --array="1-$parts" --output="$out/part-%a.log" \
    "$here/grade.sbatch" "$class" "$out" "$roster")
merge=$(sbatch --parsable --dependency="afterok:${grade%%;*}" --kill-on-invalid-dep=yes --output="$out/merge.log" \
    "$here/merge.sbatch" "$out" "$parts" "$roster")
echo "${grade%%;*} ${merge%%;*}"
