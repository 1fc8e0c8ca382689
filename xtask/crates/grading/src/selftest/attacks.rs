//! The hostile submissions: what each one hands in, and what must be true of its record. The programs are in `hostile/`.

// The macros come before the lists that are written with them.
#[macro_use]
mod words;
mod build;
mod handed_in;
mod kernel;
mod run;
mod time;

use super::Must;

/// A hostile submission.
pub(super) struct Attack {
    /// What it tries; also the name of its student.
    pub tries: &'static str,
    /// What it hands in, by path below the folder of the exercise. What is not named is as in an honest solution.
    pub files: &'static [(&'static str, Content)],
    /// What is true where it does not work.
    pub must: &'static [Must],
    /// What keeps it from working.
    pub stopped_by: &'static str,
}

/// What is in a file.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// The whole file.
    Whole(&'static str),
    /// A function `attack`, which an honest program calls before it does its work.
    Attack(&'static str),
    /// Lines appended to an honest file.
    After(&'static str),
    /// Text, a part so many times, and text.
    Repeated(&'static str, &'static str, usize, &'static str),
    /// A symbolic link to the secret.
    Link,
}

/// Every attack. Those that take longest come first.
pub(super) fn all() -> impl Iterator<Item = &'static Attack> {
    [time::ATTACKS, build::ATTACKS, run::ATTACKS, kernel::ATTACKS, handed_in::ATTACKS].into_iter().flatten()
}
