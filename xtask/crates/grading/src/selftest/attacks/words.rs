//! Words that the lists of attacks share.

pub(super) const MAIN: &str = "src/main.rs";
pub(super) const MANIFEST: &str = "Cargo.toml";
pub(super) const NO_FILES: &str = "the box: no file of the grader is in it";
pub(super) const NO_NETWORK: &str = "the run box: it has no network of the machine";
pub(super) const NO_PROCESSES: &str = "the run box: no process of the grader is in it";
pub(super) const NO_SHELL: &str = "the run box: there is no shell in it";
pub(super) const NO_STATE: &str = "the run box: it is a new one for each run";
pub(super) const NO_NEIGHBORS: &str = "the build box: nothing is in it but what this build needs";
pub(super) const ASLEEP: &str = "the limit on the time that a run sleeps";
pub(super) const FILTER: &str = "the filter for system calls";
pub(super) const BUILD_TIME: &str = "the limit on the time of a build";
pub(super) const RUN_TIME: &str = "the limit on the time of a run";
pub(super) const CLEAN: &str = "reports without control characters and commands";
pub(super) const CLOSED: &str = "closing every descriptor before a process starts";

pub(super) const OUR_MANIFEST: &str = "the course's own manifest, of which only profiles are the student's";
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
