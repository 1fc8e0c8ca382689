#!/usr/bin/env bash
# What a learner waits for: the cold build of the runner compared with `cargo install rustlings`, in time and in memory,
# and then a check in which nothing has changed; and what an author waits for after a change in the grading code.
# Measures the last commit, in a clone. Prints a Markdown table for docs/BENCHMARKS.md. Needs hyperfine (Debian, Ubuntu:
# `apt install hyperfine`), GNU time, and Python. The argument is the number of cold runs (3).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../../.ci/tools.sh
source .ci/tools.sh
runs=${1:-3}
repository=$PWD

# Both are built with default settings.
for name in $(compgen -e | grep -E '^(CARGO_|RUSTC_|RUSTFLAGS$)' | grep -vE '^CARGO_HOME$'); do unset "$name"; done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet --no-hardlinks "$repository" "$work/clone"
cd -- "$work/clone"
mkdir "$work/results"

# All downloads come first. A different compiler would make the comparison unfair, so rustlings is installed from this
# folder as well, which pins it.
cargo fetch --quiet --locked
cargo install --quiet rustlings --version "$RUSTLINGS" --locked --root "$work/rustlings"

# Cold: nothing compiled, everything downloaded.
hyperfine --runs "$runs" --export-json "$work/results/cold.json" \
    --prepare "rm -rf target $work/rustlings" \
    --command-name 'cold cargo xtask list' 'cargo xtask list' \
    --command-name "cargo install rustlings, $RUSTLINGS" \
    "cargo install rustlings --version $RUSTLINGS --locked --root $work/rustlings" >&2

# The memory of each rustc of the runner's cold build, in kilobytes, and which crate it compiled.
cat > "$work/rustc" <<'END'
#!/usr/bin/env bash
name=rustc
for ((at = 1; at < $#; at++)); do
    [[ ${!at} != --crate-name ]] || { ((at++)); name=${!at}; }
done
exec /usr/bin/time --append --output "$MEMORY" --format "%M $name" -- "$@"
END
chmod +x "$work/rustc"
rm -rf target
MEMORY=$work/memory RUSTC_WRAPPER=$work/rustc cargo xtask list > /dev/null 2>&1
grep -E '^[0-9]+ ' "$work/memory" | sort --numeric-sort --reverse | head -n 1 > "$work/results/memory"

# A change in the grading code, until its tests could run. Every run is a different change: a comment at the end of a file. Learners
# compile without CARGO_INCREMENTAL, and developers of the runner compile with it (docs/ARCHITECTURE.md).
changed=xtask/crates/grading/src/main.rs
for incremental in 0 1; do
    export CARGO_INCREMENTAL=$incremental
    cargo test --quiet --package grading --no-run
    # Incremental builds are fast from the second one on.
    hyperfine --runs "$runs" --warmup 1 --export-json "$work/results/change-$incremental.json" \
        --prepare "date '+// %N' >> $changed" \
        --command-name "rebuild after a change in grading, CARGO_INCREMENTAL=$incremental" \
        'cargo test --quiet --package grading --no-run' >&2
done
unset CARGO_INCREMENTAL
git checkout --quiet -- "$changed"

# Solved, so that every goal is judged.
cp solutions/ex1/Cargo.toml exercises/ex1/Cargo.toml
cargo xtask check ex1 > /dev/null 2>&1
hyperfine --shell none --warmup 2 --export-json "$work/results/check.json" \
    --command-name 'cargo xtask check ex1, nothing changed' 'cargo xtask check ex1' >&2

python3 - "$work/results" <<'END'
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])


def results(name):
    return json.loads((folder / name).read_text())["results"]


def row(what, wall, cpu):
    print(f"| {what} | {wall} | {cpu} |")


def seconds(result):
    digits = 3 if result["median"] < 1 else 1
    return f"{result['median']:.{digits}f} s", f"{result['user'] + result['system']:.{digits}f} s"


row("what", "wall time (median)", "CPU time (mean)")
print("|---|--:|--:|")
cold = results("cold.json")
for result in cold:
    row(result["command"], *seconds(result))
ours, theirs = cold
cpu = [result["user"] + result["system"] for result in cold]
row("ours / theirs", f"{ours['median'] / theirs['median']:.2f}", f"{cpu[0] / cpu[1]:.2f}")
for name in ["change-0.json", "change-1.json", "check.json"]:
    for result in results(name):
        row(result["command"], *seconds(result))
kilobytes, crate = (folder / "memory").read_text().split()
print(f"\nThe rustc with the most memory in the cold build compiled `{crate}`: {int(kilobytes) * 1024 / 1e6:.0f} MB at its peak.")
END
