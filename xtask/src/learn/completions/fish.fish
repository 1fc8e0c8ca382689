# Completion of `cargo xtask` for fish, written by `cargo xtask completions fish`. It adds to the completion of Cargo,
# which offers its own options of `cargo check` after `cargo xtask check` as well.

# The exercises of the workshop that the current folder is in.
function __cargo_xtask_exercises
    set -l folder $PWD
    while test -n "$folder"
        if test -d "$folder/exercises" -a -d "$folder/xtask"
            for exercise in $folder/exercises/*/exercise.toml
                string replace -r '.*/([^/]*)/exercise.toml$' '$1' -- $exercise
            end
            return
        end
        set folder (string replace -r '/[^/]*$' '' -- $folder)
    end
end

# Whether this verb, perhaps of two words, is the one that was typed.
function __cargo_xtask_at
    set -l typed (commandline -opc)
    test (count $typed) -ge 2; and test "$typed[2]" = xtask; or return 1
    set -l verb ''
    set -l skip 0
    for word in $typed[3..-1]
        if test $skip = 1
            set skip 0
        else if test "$word" = --color
            set skip 1
        else if not string match -q -- '-*' $word
            set -l longer (string trim -- "$verb $word")
            contains -- $longer $__cargo_xtask_verbs; and set verb $longer
        end
    end
    test "$verb" = "$argv[1]"
end

complete -c cargo -n 'test (count (commandline -opc)) = 1' -f -a xtask -d 'The command runner for the workshop'
# TABLE
