#!/usr/bin/env bash
# The steps of action.yml, each by its name: key, install, measure, comment, verdict. What it is told comes in the environment:
# the inputs as INPUT_…, the rest as GitHub Actions has it (GITHUB_…, RUNNER_TEMP). Nothing of a pull request is ever a part of a
# command: its names are arguments, its texts are files.
#
# Exit codes: 0 done, 1 not met, 2 a wrong input or a malformed file, 3 something is missing on this machine.

set -euo pipefail

# The comment's text is cut here: GitHub takes 65,536 characters.
MOST_BYTES=60000

fail() {
    local code=$1
    shift
    printf '::error title=Binary size::%s\n' "$(escaped "$*")"
    exit "$code"
}

notice() { printf '::notice title=Binary size::%s\n' "$(escaped "$*")"; }
warning() { printf '::warning title=Binary size::%s\n' "$(escaped "$*")"; }

# Text in a workflow command: a line break would begin a command of its own.
escaped() {
    local text=${1//'%'/'%25'}
    text=${text//$'\r'/'%0D'}
    printf '%s' "${text//$'\n'/'%0A'}"
}

output() { printf '%s=%s\n' "$1" "$2" >> "$GITHUB_OUTPUT"; }

need() {
    local program
    for program; do
        command -v "$program" > /dev/null || fail 3 "$program is missing on this runner: install it in a step before this one"
    done
}

# Runs a program whose output may be a stranger's (a compiler shows lines of the source): the runner takes none of it for a command.
guarded() {
    local token status=0
    token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
    printf '::stop-commands::%s\n' "$token" >&2
    "$@" || status=$?
    printf '::%s::\n' "$token" >&2
    return "$status"
}

# Where cargo-weigh is installed.
installed() { printf '%s/cargo-weigh' "$RUNNER_TEMP"; }

weigh() {
    local program=${CARGO_WEIGH-}
    [[ -n $program ]] || program=$(installed)/bin/cargo-weigh
    "$program" weigh "$@"
}

# The root of the repository that this action is part of.
workshop() { cd -- "$GITHUB_ACTION_PATH/../../.." && pwd; }

# What the cached program depends on.
step_key() {
    if [[ -n ${INPUT_VERSION-} ]]; then
        [[ $INPUT_VERSION =~ ^[0-9A-Za-z.+-]+$ ]] || fail 2 "version: \`$INPUT_VERSION\` is not a version such as 0.1.0"
        output key "version-$INPUT_VERSION"
        return
    fi
    need git
    local root digest
    root=$(workshop)
    # An action is checked out without its history.
    digest=$(cd "$root" && find Cargo.toml Cargo.lock rust-toolchain.toml xtask/crates/base xtask/crates/weigh -type f -print0 |
        LC_ALL=C sort -z | xargs -0 cat | git hash-object --stdin)
    output key "$digest"
}

step_install() {
    local into
    into=$(installed)
    if [[ -x $into/bin/cargo-weigh ]]; then
        echo "cargo-weigh is cached"
        return
    fi
    need cargo
    if [[ -n ${INPUT_VERSION-} ]]; then
        # In a folder where no toolchain file or configuration of the pull request is found.
        (cd -- "$RUNNER_TEMP" && cargo install cargo-weigh --version "$INPUT_VERSION" --locked --root "$into")
    else
        local root
        root=$(workshop)
        (cd -- "$root" && cargo install --path xtask/crates/weigh --locked --root "$into")
    fi
}

# Git, in the repository that the crate is in.
git_there() { git -C "$(dirname -- "$manifest")" "$@"; }

# The commit to compare with, in `base`; empty if there is none. It is fetched if the checkout is shallow.
find_base() {
    local wanted=${INPUT_BASE-}
    base=''
    if [[ -z $wanted ]]; then
        wanted=$(jq -r '.pull_request.base.sha // empty' "$GITHUB_EVENT_PATH")
    fi
    if [[ -z $wanted ]]; then
        notice "this is no pull request and \`base\` is not set, so the size is compared with nothing"
        return
    fi
    [[ $wanted != -* ]] || fail 2 "base: no branch, tag, or commit is called $wanted"
    if base=$(git_there rev-parse --verify --quiet --end-of-options "$wanted^{commit}"); then
        return
    fi
    if ! git_there fetch --quiet --no-tags --depth=1 origin "$wanted"; then
        fail 2 "base: $wanted is not in this checkout and can't be fetched: set \`fetch-depth: 0\` for actions/checkout"
    fi
    base=$(git_there rev-parse --verify 'FETCH_HEAD^{commit}')
}

# The manifest of the package, which has the budget.
find_manifest() {
    manifest=${INPUT_MANIFEST_PATH:-Cargo.toml}
    [[ -f $manifest ]] || fail 2 "manifest-path: there is no file $manifest"
    if [[ -n ${INPUT_PACKAGE-} ]]; then
        local found
        found=$(guarded cargo metadata --no-deps --format-version 1 --manifest-path "$manifest" |
            jq -r --arg name "$INPUT_PACKAGE" '.packages[] | select(.name == $name) | .manifest_path') ||
            fail 2 "manifest-path: Cargo can't read $manifest; its reason is above"
        [[ -n $found ]] || fail 2 "package: $manifest has no package $INPUT_PACKAGE"
        manifest=$found
    fi
}

# Whether the base has the crate.
is_in_base() {
    local path
    path=$(git_there ls-files --full-name -- "$(basename -- "$manifest")")
    [[ -n $path ]] && git_there cat-file -e "$base:$path" 2> /dev/null
}

# What changed since the base, as `diff.json` and `diff.md`. Sets `met` where it grew too much.
compare() {
    local code=0 grows=()
    [[ -z ${INPUT_FAIL_IF_GROWS-} ]] || grows=(--fail-if-grows "$INPUT_FAIL_IF_GROWS")
    local compressed=()
    ! command -v gzip > /dev/null || compressed=(--compressed)
    local words=(diff "${subject[@]}" ${compressed[@]+"${compressed[@]}"})
    guarded weigh "${words[@]}" ${grows[@]+"${grows[@]}"} --format json -- "git:$base" "$profile" > "$folder/diff.json" || code=$?
    if ((code > 1)); then
        fail "$code" "the program can't be compared with $base: $(jq -r '.message // empty' "$folder/diff.json" 2> /dev/null)"
    fi
    ((code == 0)) || met=false
    # Both sides are built already.
    guarded weigh "${words[@]}" -n 10 --format markdown -- "git:$base" "$profile" > "$folder/diff.md" 2> /dev/null
    bytes=$(jq -e '.b.bytes' "$folder/diff.json")
    output bytes "$bytes"
    output base-bytes "$(jq -e '.a.bytes' "$folder/diff.json")"
}

# The program by itself.
measure_alone() {
    local code=0
    guarded weigh bloat "${subject[@]}" --profile "$profile" --sections --format json > "$folder/bloat.json" || code=$?
    ((code == 0)) || fail "$code" "the program can't be measured: $(jq -r '.message // empty' "$folder/bloat.json" 2> /dev/null)"
    bytes=$(jq -e '.file_bytes' "$folder/bloat.json")
    output bytes "$bytes"
    output base-bytes ''
    guarded weigh bloat "${subject[@]}" --profile "$profile" --sections --format markdown > "$folder/diff.md" 2> /dev/null
}

# The budget in the manifest, as `budget.md`. Sets `met` where it is exceeded.
judge_budget() {
    : > "$folder/budget.md"
    if ! grep -q 'size-budget' -- "$manifest"; then
        return
    fi
    local code=0
    guarded weigh budget --manifest-path "$manifest" --format markdown > "$folder/budget.md" || code=$?
    ((code <= 1)) || fail "$code" "the size budget in $manifest can't be judged; the reason is above"
    ((code == 0)) || met=false
    # As annotations beside the lines of the manifest.
    weigh budget --manifest-path "$manifest" --format github 2> /dev/null || true
}

# Text of a stranger as code in Markdown.
code() {
    # shellcheck disable=SC2016 # A backtick is one.
    printf '`%s`' "$(printf '%s' "$1" | tr -d '`\000-\037' | head -c 200)"
}

step_measure() {
    need cargo git jq
    # That event has a token that may write, also for a stranger's pull request, and this step builds what is checked out.
    [[ ${GITHUB_EVENT_NAME-} != pull_request_target ]] ||
        fail 2 "this action builds code, which \`on: pull_request_target\` must never do: use \`on: pull_request\`"
    local base manifest bytes met=true
    folder=$(mktemp -d -- "$RUNNER_TEMP/size.XXXXXX")
    profile=${INPUT_PROFILE:-release}
    [[ $profile =~ ^[A-Za-z0-9_-]+$ ]] || fail 2 "profile: no profile is called $profile"
    find_manifest
    subject=(--manifest-path "${INPUT_MANIFEST_PATH:-Cargo.toml}")
    [[ -z ${INPUT_PACKAGE-} ]] || subject+=(--package "$INPUT_PACKAGE")
    [[ -z ${INPUT_BIN-} ]] || subject+=(--bin "$INPUT_BIN")
    find_base
    if [[ -z $base ]]; then
        measure_alone
    elif is_in_base; then
        compare
    else
        notice "$manifest is not in the base, so there is nothing to compare with"
        measure_alone
    fi
    judge_budget

    # One comment for each crate, program, profile, and system, however many there are in a workflow.
    local what=${INPUT_BIN:-${INPUT_PACKAGE:-${INPUT_MANIFEST_PATH:-Cargo.toml}}} system="${RUNNER_OS-} ${RUNNER_ARCH-}" marker
    marker=$(printf '%s\n' "${INPUT_MANIFEST_PATH:-Cargo.toml}" "${INPUT_PACKAGE-}" "${INPUT_BIN-}" "$profile" "$system" |
        git hash-object --stdin)
    marker="<!-- cargo-weigh $marker -->"
    {
        printf '%s\n### Binary size: %s, %s, %s\n\n' "$marker" "$(code "$what")" "$(code "$profile")" "$system"
        cat -- "$folder/diff.md"
        printf '\n'
        cat -- "$folder/budget.md"
    } > "$folder/whole.md"
    cut_to_fit "$folder/whole.md" > "$folder/comment.md"
    # Below what is there, whether that ends its last line or not.
    { printf '\n' && tail -n +2 -- "$folder/comment.md" && printf '\n'; } >> "$GITHUB_STEP_SUMMARY"
    output comment "$folder/comment.md"
    output marker "$marker"
    output met "$met"
}

# The text, at most as long as a comment may be; it ends between two lines.
cut_to_fit() {
    if (($(wc -c < "$1") <= MOST_BYTES)); then
        cat -- "$1"
        return
    fi
    head -c "$MOST_BYTES" -- "$1" | sed '$d'
    printf '\nThe rest is in the summary of the job.\n'
}

# Asks GitHub: method, path, and a file to send, if there is one. The answer is in `answer`, its status in `status`. The token is on
# no command line, where other processes could read it.
ask() {
    local method=$1 path=$2 body=()
    [[ -z ${3-} ]] || body=(--header 'Content-Type: application/json' --data-binary "@$3")
    answer=$folder/answer.json
    status=$(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN" |
        curl --config - --silent --show-error --max-time 30 --request "$method" ${body[@]+"${body[@]}"} \
            --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
            --output "$answer" --write-out '%{http_code}' -- "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$path") || status=000
}

# The comment that an earlier run has left, in `comment`; empty if there is none. Whoever else writes the marker into a comment
# keeps theirs: only a bot's is taken.
find_comment() {
    local number=$1 marker=$2 page count
    comment=''
    for ((page = 1; page <= 30; page++)); do
        ask GET "issues/$number/comments?per_page=100&page=$page"
        [[ $status == 200 ]] || return 1
        comment=$(jq -r --arg marker "$marker" \
            'first(.[] | select(.user.type == "Bot" and (.body | startswith($marker))) | .id) // empty' "$answer")
        count=$(jq length "$answer")
        if [[ -n $comment ]] || ((count < 100)); then
            return
        fi
    done
}

step_comment() {
    need jq curl
    : "${COMMENT:?}" "${MARKER:?}"
    local number own status answer comment
    number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
    if [[ ! $number =~ ^[0-9]+$ ]]; then
        echo 'This is no pull request: the result is in the summary of the job only.'
        return
    fi
    own=$(jq -r '.pull_request.head.repo.full_name == .repository.full_name' "$GITHUB_EVENT_PATH")
    if [[ $own != true ]]; then
        notice 'a pull request from a fork gets no token that may comment: the result is in the summary of the job only'
        return
    fi
    folder=$(dirname -- "$COMMENT")
    jq -Rs '{ body: . }' "$COMMENT" > "$folder/body.json"
    if find_comment "$number" "$MARKER"; then
        if [[ -n $comment ]]; then
            ask PATCH "issues/comments/$comment" "$folder/body.json"
        else
            ask POST "issues/$number/comments" "$folder/body.json"
        fi
    fi
    case $status in
        200) echo "Updated the comment in pull request $number." ;;
        201) echo "Commented in pull request $number." ;;
        401 | 403 | 404)
            warning "GitHub doesn't let this job comment ($status): give it \`permissions: pull-requests: write\`. The result is in the summary"
            ;;
        *) warning "the comment could not be written ($status); the result is in the summary of the job" ;;
    esac
}

step_verdict() {
    if [[ ${MET-} != true ]]; then
        fail 1 'the program is larger than it may be; the summary of the job shows what grew'
    fi
}

case ${1-} in
    key | install | measure | comment | verdict) "step_$1" ;;
    *)
        printf 'usage: size.sh key|install|measure|comment|verdict\n' >&2
        exit 2
        ;;
esac
