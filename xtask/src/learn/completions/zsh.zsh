# Completion of `cargo xtask` for zsh, written by `cargo xtask completions zsh`. Read it after `compinit`. It completes
# `cargo xtask` only, and leaves everything else to the completion of Cargo that was there before.

# TABLE

# The exercises of the workshop that the current folder is in.
_cargo_xtask_exercises() {
    local folder=$PWD exercise
    while [ -n "$folder" ]; do
        if [ -d "$folder/exercises" ] && [ -d "$folder/xtask" ]; then
            for exercise in "$folder"/exercises/*/exercise.toml(N); do
                exercise=${exercise%/exercise.toml}
                printf '%s\n' "${exercise##*/}"
            done
            return
        fi
        folder=${folder%/*}
    done
}

_cargo_xtask() {
    local current=${words[CURRENT]} previous=${words[CURRENT - 1]} verb='' word index=3
    local _cargo_xtask_words='' _cargo_xtask_kind=other
    # `--format=json` is one word.
    if [[ $current == --*=* ]]; then
        previous=${current%%=*}
        compset -P '*='
    fi
    # The verb, perhaps of two words.
    while (( index < CURRENT )); do
        word=${words[index]}
        if [[ $word == --color ]]; then
            (( index += 1 ))
        elif [[ $word != -* ]] && _cargo_xtask_after "${verb:+$verb }$word"; then
            verb=${verb:+$verb }$word
        fi
        (( index += 1 ))
    done
    if ! _cargo_xtask_value "$verb" "$previous"; then
        _cargo_xtask_after "$verb"
        if [[ $current == -* ]]; then
            compadd -- ${=_cargo_xtask_words}
            return
        fi
        # Options only where nothing else can be meant.
        [[ $_cargo_xtask_kind != other ]] || compadd -- ${=_cargo_xtask_words}
    fi
    case $_cargo_xtask_kind in
        words*) compadd -- ${=_cargo_xtask_kind#words} ;;
        exercises) compadd -- ${(f)"$(_cargo_xtask_exercises)"} ;;
        paths) _files ;;
    esac
}

# What completed `cargo` before, and not this, where it is read twice.
[[ ${_comps[cargo]:-} == _cargo_or_xtask ]] || typeset -g _cargo_xtask_other=${_comps[cargo]:-}

_cargo_or_xtask() {
    if [[ ${words[2]} == xtask ]] && (( CURRENT > 2 )); then
        _cargo_xtask
        return
    fi
    (( CURRENT != 2 )) || compadd xtask
    if [[ -n $_cargo_xtask_other ]]; then
        "$_cargo_xtask_other" "$@"
    else
        _default
    fi
}
compdef _cargo_or_xtask cargo
