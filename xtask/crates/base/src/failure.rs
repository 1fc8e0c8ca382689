//! The exit codes that scripts rely on, in one place, and the error that carries one of them to `main`.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

/// How a call of `cargo xtask` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything requested holds.
    Met = 0,
    /// Something isn't met: a goal, a size, a program's output, a stale document.
    NotMet = 1,
    /// The command line is wrong, or a file of the course or of the user is malformed.
    Usage = 2,
    /// The environment failed: no toolchain, no network, a full disk, a missing tool.
    Environment = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A line (and column) in a file, both counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file that the message is about.
    pub file: PathBuf,
    /// Line, where it is known.
    pub line: Option<usize>,
    /// Column in characters, where it is known.
    pub column: Option<usize>,
}

/// What a failure is about, where a caller handles it specially. The words of a message are only for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// No caller treats it differently.
    #[default]
    Plain,
    /// The current folder isn't in a workshop.
    NoWorkshop,
    /// The binary that is meant isn't there, or there are several.
    WhichBinary,
    /// A checkout of a revision lacks what is outside the repository.
    OutsideRepository,
}

/// An error that ends the call: what happened, where, and what to do next.
///
/// A goal or a size that isn't met is data, never a `Failure`.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code that the call ends with.
    pub exit: Exit,
    /// What it is about.
    pub kind: Kind,
    /// What happened, in one sentence without a final full stop. More lines may follow.
    pub message: String,
    /// Where it happened.
    pub place: Option<Place>,
    /// What to do next.
    pub help: Option<String>,
    /// The message with the source, and the line underlined; shown instead of message and place.
    pub snippet: Option<String>,
}

impl Failure {
    /// An error with no place and no help yet.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, kind: Kind::default(), message: message.into(), place: None, help: None, snippet: None }
    }

    /// Says what it is about.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds what the user should do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the file that the error is about.
    #[must_use]
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.place = Some(Place { file: file.into(), line: None, column: None });
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What any error means for the caller: its own `Failure`, or an environment error that lists the chain of causes.
pub fn failure_of(error: &anyhow::Error) -> Failure {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.clone();
    }
    let failure = Failure::new(Exit::Environment, format!("{error:#}"));
    let full = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(is_disk_full);
    if full {
        failure.help("the disk is full: make room (`cargo clean` empties target/) and try again")
    } else if is_short_of_memory(error) {
        failure.help(SHORT_OF_MEMORY)
    } else {
        failure
    }
}

/// What to do where a process or a thread cannot start because the machine has no memory, or no more processes, for it.
pub const SHORT_OF_MEMORY: &str = "this machine is low on memory, or you've reached its process limit (`ulimit -u`): close other programs, or run fewer jobs (`--jobs`)";

/// Whether an error means that no memory, or no process, is left.
pub fn is_short_of_memory(error: &anyhow::Error) -> bool {
    // EAGAIN is what fork returns at a process limit.
    let is_it = |error: &std::io::Error| {
        matches!(error.kind(), std::io::ErrorKind::OutOfMemory | std::io::ErrorKind::WouldBlock)
    };
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(is_it)
}

fn is_disk_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn a_failure_keeps_its_exit_code_under_added_context() {
        let error = anyhow::Error::new(Failure::new(Exit::Usage, "bad key")).context("while reading Cargo.toml");
        assert_eq!(failure_of(&error).exit, Exit::Usage);
    }

    #[test]
    fn a_process_that_finds_no_memory_to_start_in_is_told_as_that() {
        for kind in [std::io::ErrorKind::OutOfMemory, std::io::ErrorKind::WouldBlock] {
            let error = Err::<(), _>(std::io::Error::from(kind)).context("cannot start `rustc`").unwrap_err();
            assert_eq!(failure_of(&error).help.as_deref(), Some(SHORT_OF_MEMORY));
        }
        let missing = Err::<(), _>(std::io::Error::from(std::io::ErrorKind::NotFound)).context("cannot start `rustc`");
        assert_eq!(failure_of(&missing.unwrap_err()).help, None);
    }

    #[test]
    fn an_unexpected_error_is_the_environments_and_shows_its_cause() {
        let error =
            Err::<(), _>(std::io::Error::from(std::io::ErrorKind::StorageFull)).context("cannot write sizes.json");
        let failure = failure_of(&error.unwrap_err());
        assert_eq!(failure.exit, Exit::Environment);
        assert!(failure.message.starts_with("cannot write sizes.json: "), "{}", failure.message);
        assert!(failure.help.unwrap().contains("disk is full"));
    }
}
