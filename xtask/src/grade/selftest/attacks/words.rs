//! Words that the lists of attacks share.

pub const MAIN: &str = "src/main.rs";
pub const MANIFEST: &str = "Cargo.toml";
pub const NO_FILES: &str = "the box: no file of the grader is in it";
pub const NO_NETWORK: &str = "the run box: it has no network of the machine";
pub const NO_PROCESSES: &str = "the run box: no process of the grader is in it";
pub const NO_SHELL: &str = "the run box: there is no shell in it";
pub const NO_STATE: &str = "the run box: it is a new one for each run";
pub const NO_NEIGHBORS: &str = "the build box: nothing is in it but what this build needs";
pub const ASLEEP: &str = "the limit on the time that a run sleeps";
pub const FILTER: &str = "the filter for system calls";
pub const BUILD_TIME: &str = "the limit on the time of a build";
pub const RUN_TIME: &str = "the limit on the time of a run";
pub const CLEAN: &str = "reports without control characters and commands";
pub const CLOSED: &str = "closing every descriptor before a process starts";

pub const OUR_MANIFEST: &str = "the course's own manifest, of which only profiles are the student's";
pub const NOT_TAKEN: &str = "taking only the files that the exercise names";

/// A file of `hostile/`.
macro_rules! hostile {
    ($name:literal) => {
        include_str!(concat!("../../hostile/", $name, ".txt"))
    };
}

/// An attack by a program: its file, the words for it, and what must be true.
macro_rules! program {
    ($tries:literal, $file:literal, $must:expr, $stopped_by:expr) => {
        crate::grade::selftest::attacks::Attack {
            tries: $tries,
            files: &[(
                crate::grade::selftest::attacks::words::MAIN,
                crate::grade::selftest::attacks::Content::Attack(hostile!($file)),
            )],
            must: $must,
            stopped_by: $stopped_by,
        }
    };
}
