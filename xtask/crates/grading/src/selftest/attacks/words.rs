//! Words that the lists of attacks share.

pub(super) const MAIN: &str = "src/main.rs";
pub(super) const MANIFEST: &str = "Cargo.toml";
pub(super) const NO_FILES: &str = "the sandbox: none of the grader's files are in it";
pub(super) const NO_NETWORK: &str = "the run sandbox: it doesn't have the machine's network";
pub(super) const NO_PROCESSES: &str = "the run sandbox: none of the grader's processes are in it";
pub(super) const NO_SHELL: &str = "the run sandbox: it has no shell";
pub(super) const NO_STATE: &str = "the run sandbox: each run gets a new one";
pub(super) const NO_NEIGHBORS: &str = "the build sandbox: it contains only what this build needs";
pub(super) const ASLEEP: &str = "the limit on the time that a run sleeps";
pub(super) const FILTER: &str = "the system-call filter";
pub(super) const BUILD_TIME: &str = "the time limit of a build";
pub(super) const RUN_TIME: &str = "the time limit of a run";
pub(super) const CLEAN: &str = "reports without control characters and commands";
pub(super) const CLOSED: &str = "closing every file descriptor before a process starts";

pub(super) const OUR_MANIFEST: &str = "the course's own manifest, with only the student's profiles";
pub(super) const NOT_TAKEN: &str = "taking only the files that the exercise names";

/// A file of `hostile/`.
macro_rules! hostile {
    ($name:literal) => {
        include_str!(concat!("../../hostile/", $name, ".txt"))
    };
}

/// An attack by a program: its file, the words for it, and what must be true.
macro_rules! program {
    ($tries:literal, $file:literal, $must:expr, $stopped_by:expr) => {
        crate::selftest::attacks::Attack {
            tries: $tries,
            files: &[(
                crate::selftest::attacks::words::MAIN,
                crate::selftest::attacks::Content::Attack(hostile!($file)),
            )],
            must: $must,
            stopped_by: $stopped_by,
        }
    };
}
