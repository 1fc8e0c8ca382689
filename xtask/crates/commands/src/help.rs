//! `cargo xtask --help`: the verbs by who needs them, so that a learner reads the first group and can stop.

use super::Cli;
use base::numbers::wrap;
use clap::{Command, CommandFactory as _, FromArgMatches as _};
use std::ffi::OsString;
use std::fmt::Write as _;

/// The verbs by who needs them. A verb that isn't in a group is still shown, under a separate heading; a test fails then.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Learn", &["list", "predict", "check", "watch", "hint", "solution", "reset", "doctor"]),
    ("Measure", &["sizes", "bloat", "diff", "what-if", "price", "tune", "history", "report", "image"]),
    ("Teach", &["grade"]),
    ("Make", &["author", "docs", "completions"]),
];

/// The heading of verbs that aren't in a group.
const OTHER: &str = "Other";

/// Below the verbs.
const NOTES: [&str; 4] = [
    "Without a verb: shows your progress, and what to do next. `cargo xtask VERB --help` shows what a verb can do.",
    "EXERCISE is a name (`ex1`, or just `1`) or a folder; without one, it's the current folder's exercise.",
    "`sizes`, `bloat`, `diff`, `what-if`, `tune`, `history`, `price`, `report` and `image` also measure your own crate: --manifest-path PATH.",
    "Exit codes: 0: everything requested holds; 1: something isn't met (a goal, a size, a stale document); 2: wrong usage, or a malformed file; 3: the environment failed (no toolchain, no network, a full disk, a missing tool).",
];

/// Reads the command line.
///
/// # Errors
/// When it is wrong, or help is wanted.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let columns = console::Term::stdout().size_checked().map_or(usize::MAX, |(_, columns)| columns.into());
    let mut command = command(columns);
    let matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// The command line, with help for a terminal of so many columns.
fn command(columns: usize) -> Command {
    let command = Cli::command();
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{}Options:\n{{options}}\n{}",
        verbs(&command, columns),
        notes(columns)
    );
    command.help_template(template)
}

/// What clap uses as the widest readable line, and as the width where there is no terminal.
const WIDEST: usize = 100;

fn groups(command: &Command) -> Vec<(&'static str, Vec<&Command>)> {
    let visible: Vec<&Command> = command.get_subcommands().filter(|verb| !verb.is_hide_set()).collect();
    let named = |name: &str| visible.iter().find(|verb| verb.get_name() == name).copied();
    let mut groups: Vec<(&str, Vec<&Command>)> = Vec::new();
    for (heading, names) in GROUPS {
        groups.push((heading, names.iter().filter_map(|name| named(name)).collect()));
    }
    let is_grouped = |verb: &&Command| GROUPS.iter().any(|(_, names)| names.contains(&verb.get_name()));
    let others: Vec<&Command> = visible.iter().copied().filter(|verb| !is_grouped(verb)).collect();
    if !others.is_empty() {
        groups.push((OTHER, others));
    }
    groups
}

fn verbs(command: &Command, columns: usize) -> String {
    let groups = groups(command);
    let longest =
        groups.iter().flat_map(|(_, verbs)| verbs).map(|verb| verb.get_name().len()).max().unwrap_or_default();
    let mut text = String::new();
    for (heading, verbs) in groups {
        let _ = writeln!(text, "{heading}:");
        for verb in verbs {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            let line = format!("  {:longest$}  {about}", verb.get_name());
            let _ = writeln!(text, "{}", wrap(&line, Some(columns.min(WIDEST)), longest + 4));
        }
        text.push('\n');
    }
    text
}

fn notes(columns: usize) -> String {
    NOTES.iter().map(|note| format!("\n{}\n", wrap(note, Some(columns.min(WIDEST)), 0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(columns: usize) -> String {
        command(columns).term_width(columns).render_help().to_string()
    }

    #[test]
    fn every_verb_is_in_one_group_and_a_learner_has_eight() {
        let command = Cli::command();
        let groups = groups(&command);
        assert_eq!(groups.last().unwrap().0, "Make", "put the new verb in a group: {groups:?}");
        let names: Vec<&str> = groups.iter().flat_map(|(_, verbs)| verbs).map(|verb| verb.get_name()).collect();
        let unique: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!((names.len(), unique.len()), (command.get_subcommands().count(), names.len()), "{names:?}");
        assert_eq!(
            GROUPS.map(|(_, names)| names.len()).iter().sum::<usize>(),
            names.len(),
            "a group has a name that isn't a verb"
        );
        assert_eq!((groups[0].0, groups[0].1.len()), ("Learn", 8));
    }

    #[test]
    fn help_fits_the_terminal_and_breaks_no_word() {
        let wide = help(100);
        insta::assert_snapshot!("help-100", wide);
        insta::assert_snapshot!("help-60", help(60));
        insta::assert_snapshot!("help-40", help(40));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for columns in [40, 60, 80, 200] {
            let text = help(columns);
            assert_eq!(words(&text), words(&wide), "{columns}");
            assert!(text.lines().all(|line| line.chars().count() <= columns), "{columns}: {text}");
        }
    }
}
