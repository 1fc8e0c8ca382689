//! What this machine lacks for an exercise that requires more than a toolchain. Such an exercise is optional: where something
//! is missing, it is skipped with one line, and its points don't count in a sum or in the maximum.

use crate::evidence;
use crate::exercise::{Exercise, Requirement};
use base::failure::{Exit, Failure};
use std::path::Path;
use weigh::rebuilt::GET_SOURCE;

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What, in a sentence without its end.
    pub why: String,
    /// What to do.
    pub help: &'static str,
    /// The same in a few words.
    step: &'static str,
}

/// What is missing here for an exercise; none if it can be checked. Where rustc can't be run, nothing is known, and whatever
/// builds reports that.
pub fn lack(exercise: &Exercise) -> Option<Lack> {
    exercise.requires().find_map(|requirement| match requirement {
        Requirement::Linux => (!cfg!(target_os = "linux")).then(|| Lack {
            why: "it needs Linux".to_owned(),
            help: "do this exercise on Linux: in WSL, in a container, or on a virtual machine",
            step: "do it on Linux, such as in WSL",
        }),
        Requirement::StdSource => {
            let root = exercise.folder.ancestors().nth(2).unwrap_or(Path::new(""));
            let (has_source, release) = evidence::has_std_source(root, exercise).ok()?;
            (!has_source).then(|| Lack {
                why: format!("the source of std isn't installed for rustc {release}"),
                help: GET_SOURCE,
                step: "`rustup component add rust-src` installs it",
            })
        }
    })
}

impl Lack {
    /// The line that reports that an exercise is skipped, why, and what to do.
    pub fn line(&self, exercise: &Exercise) -> String {
        let Self { why, step, .. } = self;
        format!("skipping {}, which is optional, so its points don't count: {why}; {step}", exercise.id)
    }

    /// The failure of a call that is about this exercise alone.
    pub fn failure(&self, exercise: &Exercise, verb: &str) -> Failure {
        Failure::new(Exit::Environment, format!("{} can't be {verb} on this machine: {}", exercise.id, self.why))
            .help(format!("{}. The exercise is optional: if you skip it, its points don't count", self.help))
    }
}
