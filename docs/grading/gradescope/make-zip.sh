#!/usr/bin/env bash
# Creates an autograder's zip file from what is committed:
#
#     docs/grading/gradescope/make-zip.sh autograder.zip ex1
#
# In Gradescope: a Programming Assignment with as many points as the exercises have, Configure Autograder, upload the file,
# choose Ubuntu 22.04 or newer, and give the container at least 2 CPUs and 3 GB. Learners upload the files that they edited
# (one exercise), or a folder for each exercise.

set -euo pipefail

if (($# < 2)); then
    echo 'usage: docs/grading/gradescope/make-zip.sh FILE.zip EXERCISE…' >&2
    exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
zip=$(realpath -- "$1")
shift
cd -- "$here/../../.."
for exercise in "$@"; do
    if [[ ! -f exercises/$exercise/exercise.toml ]]; then
        echo "there is no exercise \`$exercise\`: exercises/$exercise/exercise.toml is missing" >&2
        exit 2
    fi
done
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
printf '%s\n' "$@" > "$work/exercises.txt"

# Gradescope requires these files at the top; the course is next to them.
git archive --format=zip --output="$zip" --prefix= --add-file="$here/setup.sh" --add-file="$here/run_autograder" \
    --add-file="$work/exercises.txt" --prefix=course/ HEAD
echo "$zip"
