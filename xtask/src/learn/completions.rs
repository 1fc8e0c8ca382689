//! `cargo xtask completions`: a script with which a shell completes verbs, options, their values, and exercises. What can be
//! typed is read from the command line's own types, so it can't be out of date. A shell completes `cargo`, not `cargo xtask`: each
//! script takes over where the second word is `xtask`, and leaves everything else to the completion that was there.

use anyhow::Result;
use base::failure::Exit;
use base::output;
use clap::{Arg, Command};
use commands::{Completions, Shell};
use std::fmt::Write as _;

/// A verb as it is typed: `check`, or `author verify`. The empty name means `cargo xtask` itself.
struct Verb {
    name: String,
    about: String,
    /// The verbs that may follow, with what they do.
    verbs: Vec<(String, String)>,
    options: Vec<Opt>,
    /// What is typed without an option.
    words: Values,
}

/// An option with its name as typed: `--format`, `-n`.
struct Opt {
    names: Vec<String>,
    about: String,
    /// None if it takes no value.
    values: Option<Values>,
}

/// What can be typed in a place.
#[derive(Clone)]
enum Values {
    /// One of these.
    Words(Vec<String>),
    /// The name of an exercise.
    Exercises,
    /// A path.
    Paths,
    /// Something else.
    Other,
}

/// Runs `cargo xtask completions`.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(options: &Completions) -> Result<Exit> {
    let Completions { shell } = options;
    output::data(&script(*shell, &verbs()))?;
    Ok(Exit::Met)
}

fn script(shell: Shell, verbs: &[Verb]) -> String {
    let (template, table) = match shell {
        Shell::Bash => (include_str!("completions/bash.sh"), cases(verbs)),
        Shell::Zsh => (include_str!("completions/zsh.zsh"), cases(verbs)),
        Shell::Fish => (include_str!("completions/fish.fish"), fish(verbs)),
        Shell::Powershell => (include_str!("completions/powershell.ps1"), powershell(verbs)),
    };
    // A checkout on Windows may have different line endings.
    template.replace("\r\n", "\n").replace("# TABLE\n", &table)
}

fn verbs() -> Vec<Verb> {
    let mut command = commands::command();
    command.build();
    let mut verbs = Vec::new();
    add(&mut verbs, "", &command);
    verbs
}

fn add(verbs: &mut Vec<Verb>, name: &str, command: &Command) {
    let visible: Vec<&Command> =
        command.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help").collect();
    let about = |command: &Command| one_line(&command.get_about().map(ToString::to_string).unwrap_or_default());
    let options = command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional()).map(|arg| Opt {
        names: arg
            .get_short()
            .map(|short| format!("-{short}"))
            .into_iter()
            .chain(arg.get_long().map(|long| format!("--{long}")))
            .collect(),
        about: one_line(&arg.get_help().map(ToString::to_string).unwrap_or_default()),
        values: arg.get_action().takes_values().then(|| values(arg)),
    });
    verbs.push(Verb {
        name: name.to_owned(),
        about: about(command),
        verbs: visible.iter().map(|verb| (verb.get_name().to_owned(), about(verb))).collect(),
        options: options.collect(),
        words: command.get_positionals().next().map_or(Values::Other, values),
    });
    for verb in visible {
        let name = format!("{name} {}", verb.get_name());
        add(verbs, name.trim_start(), verb);
    }
}

fn values(arg: &Arg) -> Values {
    let words: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    let name = arg.get_value_names().and_then(<[_]>::first).map(clap::builder::Str::as_str).unwrap_or_default();
    match name {
        _ if !words.is_empty() => Values::Words(words),
        "EXERCISE" => Values::Exercises,
        "PATH" | "FILE" | "DIR" | "OUT" | "A" | "B" => Values::Paths,
        _ => Values::Other,
    }
}

/// A description fits on a line, and has no quotes.
fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').replace('\'', "\u{2019}")
}

/// The table as functions of a shell, for bash and zsh: what can be typed after a verb, and after an option of it.
fn cases(verbs: &[Verb]) -> String {
    let mut text = "_cargo_xtask_after() {\n    case $1 in\n".to_owned();
    for verb in verbs {
        let mut words: Vec<&str> = verb.verbs.iter().map(|(name, _)| name.as_str()).collect();
        words.extend(verb.options.iter().flat_map(|option| &option.names).map(String::as_str));
        let _ = writeln!(
            text,
            "        '{}') _cargo_xtask_words='{}'; {} ;;",
            verb.name,
            words.join(" "),
            kind(&verb.words)
        );
    }
    text += "        *) return 1 ;;\n    esac\n}\n_cargo_xtask_value() {\n    case $1:$2 in\n";
    for verb in verbs {
        for Opt { names, values, about: _ } in &verb.options {
            if let Some(values) = values {
                let places: Vec<String> = names.iter().map(|name| format!("'{}:{name}'", verb.name)).collect();
                let _ = writeln!(text, "        {}) {} ;;", places.join(" | "), kind(values));
            }
        }
    }
    text + "        *) return 1 ;;\n    esac\n}\n"
}

fn kind(values: &Values) -> String {
    match values {
        Values::Words(words) => format!("_cargo_xtask_kind='words {}'", words.join(" ")),
        Values::Exercises => "_cargo_xtask_kind=exercises".to_owned(),
        Values::Paths => "_cargo_xtask_kind=paths".to_owned(),
        Values::Other => "_cargo_xtask_kind=other".to_owned(),
    }
}

/// The table as calls of `complete`.
fn fish(verbs: &[Verb]) -> String {
    let names: Vec<String> =
        verbs.iter().filter(|verb| !verb.name.is_empty()).map(|verb| format!("'{}'", verb.name)).collect();
    let mut text = format!("set -g __cargo_xtask_verbs {}\n", names.join(" "));
    for verb in verbs {
        let at = format!("complete -c cargo -n \"__cargo_xtask_at '{}'\"", verb.name);
        for (name, about) in &verb.verbs {
            let _ = writeln!(text, "{at} -f -a {name} -d '{about}'");
        }
        match &verb.words {
            Values::Words(words) => drop(writeln!(text, "{at} -f -a '{}'", words.join(" "))),
            Values::Exercises => drop(writeln!(text, "{at} -f -a '(__cargo_xtask_exercises)'")),
            Values::Paths => drop(writeln!(text, "{at} -F")),
            Values::Other => drop(writeln!(text, "{at} -f")),
        }
        for Opt { names, about, values } in &verb.options {
            let mut line = at.clone();
            for name in names {
                match name.strip_prefix("--") {
                    Some(long) => drop(write!(line, " -l {long}")),
                    None => drop(write!(line, " -s {}", name.trim_start_matches('-'))),
                }
            }
            match values {
                None => {}
                Some(Values::Words(words)) => drop(write!(line, " -x -a '{}'", words.join(" "))),
                Some(Values::Exercises) => line += " -x -a '(__cargo_xtask_exercises)'",
                Some(Values::Paths) => line += " -r -F",
                Some(Values::Other) => line += " -x",
            }
            let _ = writeln!(text, "{line} -d '{about}'");
        }
    }
    text
}

/// The table as a hash table of what can be typed, and what it means.
fn powershell(verbs: &[Verb]) -> String {
    let mut text = String::new();
    let kind = |values: &Values| match values {
        Values::Words(words) => words.join(" "),
        Values::Exercises => "<exercises>".to_owned(),
        Values::Paths => "<paths>".to_owned(),
        Values::Other => String::new(),
    };
    for verb in verbs {
        let _ = writeln!(text, "    '{}' = @{{ about = '{}'; words = '{}'", verb.name, verb.about, kind(&verb.words));
        let names: Vec<&str> = verb.verbs.iter().map(|(name, _)| name.as_str()).collect();
        let _ = writeln!(text, "        verbs = '{}'; options = [ordered]@{{", names.join(" "));
        for Opt { names, about, values } in &verb.options {
            for name in names {
                let takes = values.as_ref().map_or("$null".to_owned(), |values| format!("'{}'", kind(values)));
                let _ = writeln!(text, "            '{name}' = @({takes}, '{about}')");
            }
        }
        text += "        } }\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_typed_is_in_the_script_of_every_shell() {
        let verbs = verbs();
        let find = |name: &str| verbs.iter().find(|verb| verb.name == name).unwrap();
        assert!(matches!(find("check").words, Values::Exercises) && matches!(find("bloat").words, Values::Other));
        assert!(find("author").verbs.iter().any(|(name, _)| name == "verify"));
        assert!(verbs.len() > 15, "{}", verbs.len());
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Powershell] {
            let script = script(shell, &verbs);
            assert!(!script.contains("# TABLE") && !script.contains('\r'), "{script}");
            for verb in &verbs {
                assert!(script.contains(&format!("'{}'", verb.name)), "{shell:?} lacks {}", verb.name);
                for name in verb.options.iter().flat_map(|option| &option.names) {
                    let typed = if matches!(shell, Shell::Fish) {
                        let is_long = name.starts_with("--");
                        format!("{} {}", if is_long { "-l" } else { "-s" }, name.trim_start_matches('-'))
                    } else {
                        name.clone()
                    };
                    assert!(script.contains(&typed), "{shell:?} lacks {} {name}", verb.name);
                }
            }
        }
    }
}
