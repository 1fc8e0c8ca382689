//! The command line of the verbs for learners.

use clap::{Args, ValueEnum};
use weigh::options::PlainFormat;

/// `cargo xtask list`.
#[derive(Debug, Args)]
pub struct List {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// How the list of exercises is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document, also for errors.
    Json,
    /// A summary to hand in.
    Markdown,
}

/// `cargo xtask predict`.
#[derive(Debug, Args)]
pub struct Predict {
    /// The exercise [default: the current folder's]
    #[arg(value_name = "EXERCISE")]
    pub exercise: Option<String>,
    /// Answer a question by its name, without being asked: `--answer lto=20`; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub answer: Vec<String>,
}

/// `cargo xtask check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The exercises, by name [default: the current folder's]
    #[arg(value_name = "EXERCISE", conflicts_with = "all")]
    pub exercises: Vec<String>,
    /// Check every exercise
    #[arg(long)]
    pub all: bool,
    /// Judge the course's own solution instead; your files aren't touched
    #[arg(long)]
    pub solution: bool,
    /// Don't ask for guesses before the first check of an exercise; `WORKSHOP_PREDICT=off` does the same
    #[arg(long)]
    pub no_predict: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// `cargo xtask watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// The exercise [default: the current folder's, or else the next one to do]
    #[arg(value_name = "EXERCISE")]
    pub exercise: Option<String>,
}

/// `cargo xtask hint`.
#[derive(Debug, Args)]
pub struct Hint {
    /// The exercise [default: the current folder's]
    #[arg(value_name = "EXERCISE")]
    pub exercise: Option<String>,
    /// Show every hint
    #[arg(long)]
    pub all: bool,
}

/// `cargo xtask solution`.
#[derive(Debug, Args)]
pub struct Solution {
    /// The exercise [default: the current folder's]
    #[arg(value_name = "EXERCISE")]
    pub exercise: Option<String>,
    /// Show it even if your exercise isn't done
    #[arg(long)]
    pub reveal: bool,
}

/// `cargo xtask reset`.
#[derive(Debug, Args)]
pub struct Reset {
    /// The exercise [default: the current folder's]
    #[arg(value_name = "EXERCISE")]
    pub exercise: Option<String>,
    /// Restore only the files that the exercise doesn't ask you to change; your work and your points stay
    #[arg(long)]
    pub course_files: bool,
}

/// `cargo xtask completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Your shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell that completes commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// `cargo xtask completions bash > FILE`, then `source FILE` in ~/.bashrc
    Bash,
    /// `cargo xtask completions zsh > FILE`, then `source FILE` in ~/.zshrc, after `compinit`
    Zsh,
    /// `cargo xtask completions fish > ~/.config/fish/conf.d/cargo-xtask.fish`
    Fish,
    /// `cargo xtask completions powershell > FILE`, then `. FILE` in $PROFILE
    Powershell,
}
