# Completion of `cargo xtask` for bash, written by `cargo xtask completions bash`. It completes `cargo xtask` only, and leaves
# everything else to the completion of Cargo that was there before.

# TABLE

# The exercises of the workshop that the current folder is in.
_cargo_xtask_exercises() {
    local folder=$PWD exercise
    while [ -n "$folder" ]; do
        if [ -d "$folder/exercises" ] && [ -d "$folder/xtask" ]; then
            for exercise in "$folder"/exercises/*/exercise.toml; do
                exercise=${exercise%/exercise.toml}
                printf '%s\n' "${exercise##*/}"
            done
            return
        fi
        folder=${folder%/*}
    done
}

_cargo_xtask() {
    local current=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) index=2 verb='' word
    local _cargo_xtask_words='' _cargo_xtask_kind=other
    # `--format=json` is three words.
    if [ "$current" = = ]; then
        current=''
    elif [ "${COMP_WORDS[at]}" = = ]; then
        at=$((at - 1))
    fi
    local previous=${COMP_WORDS[at]}
    # The verb, perhaps of two words.
    while [ "$index" -lt "$COMP_CWORD" ]; do
        word=${COMP_WORDS[index]}
        if [ "$word" = --color ]; then
            index=$((index + 1))
        elif [ "${word#-}" = "$word" ] && _cargo_xtask_after "${verb:+$verb }$word"; then
            verb=${verb:+$verb }$word
        fi
        index=$((index + 1))
    done
    COMPREPLY=()
    if ! _cargo_xtask_value "$verb" "$previous"; then
        _cargo_xtask_after "$verb"
        COMPREPLY=($(compgen -W "$_cargo_xtask_words" -- "$current"))
        case $current in -*) return ;; esac
        # Options only where nothing else can be meant.
        [ "$_cargo_xtask_kind" = other ] || COMPREPLY=()
    fi
    case $_cargo_xtask_kind in
        words*) COMPREPLY=($(compgen -W "${_cargo_xtask_kind#words}" -- "$current")) ;;
        exercises) COMPREPLY=($(compgen -W "$(_cargo_xtask_exercises)" -- "$current")) ;;
        paths) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    esac
}

# What completed `cargo` before: it may be loaded only when it is needed.
if ! complete -p cargo >/dev/null 2>&1; then
    if declare -F _comp_load >/dev/null; then
        _comp_load cargo >/dev/null 2>&1
    elif declare -F _completion_loader >/dev/null; then
        _completion_loader cargo >/dev/null 2>&1
    fi
fi
_cargo_xtask_found=$(complete -p cargo 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
# Not itself, where this is read twice.
[ "$_cargo_xtask_found" = _cargo_or_xtask ] || _cargo_xtask_other=$_cargo_xtask_found
unset _cargo_xtask_found

_cargo_or_xtask() {
    if [ "${COMP_WORDS[1]}" = xtask ] && [ "$COMP_CWORD" -gt 1 ]; then
        _cargo_xtask
        return
    fi
    [ -z "$_cargo_xtask_other" ] || "$_cargo_xtask_other" "$@"
    if [ "$COMP_CWORD" = 1 ]; then
        case " ${COMPREPLY[*]} " in *' xtask '*) ;; *) COMPREPLY+=($(compgen -W xtask -- "${COMP_WORDS[1]}")) ;; esac
    fi
}
complete -o bashdefault -o default -F _cargo_or_xtask cargo
