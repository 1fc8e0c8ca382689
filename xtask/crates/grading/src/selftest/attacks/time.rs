//! What never ends, or nearly so. It takes longest, and comes first.

use super::Attack;
use super::Content::Repeated;
use super::words::{ASLEEP, BUILD_TIME, MAIN, RUN_TIME};
use crate::model::Status::{Oom, OutputLimit, Timeout};
use crate::selftest::Must::{Is, NotFull, Short};

/// Its attacks.
pub(super) const ATTACKS: &[Attack] = &[
    program!(
        "lets the compiler wait for itself",
        "build/own_pipe.rs",
        &[Is(&[Timeout])],
        "the limit on the time that a build sleeps"
    ),
    program!("compiles forever", "build/endless.rs", &[Is(&[Timeout])], BUILD_TIME),
    program!(
        "makes the compiler take all memory",
        "build/macro_bomb.rs",
        &[Is(&[Oom, Timeout])],
        "the memory and time limits of a build"
    ),
    Attack {
        tries: "has 30,000 warnings",
        files: &[(MAIN, Repeated("fn main() {}\n", "const _: () = { let b = 1; };\n", 30_000, ""))],
        must: &[Is(&[OutputLimit, Timeout]), Short],
        stopped_by: "the limits on what a build prints and on its time",
    },
    program!("sleeps forever", "run/sleep.rs", &[Is(&[Timeout]), NotFull], RUN_TIME),
    program!("computes forever", "run/spin.rs", &[Is(&[Timeout]), NotFull], RUN_TIME),
    program!("stops itself", "run/stops_itself.rs", &[Is(&[Timeout]), NotFull], ASLEEP),
    program!("dozes forever", "run/dozes.rs", &[Is(&[Timeout]), NotFull], ASLEEP),
    program!("ignores signals and works forever", "run/ignores_signals.rs", &[Is(&[Timeout]), NotFull], RUN_TIME),
    program!("starts processes that start processes", "run/forks.rs", &[Is(&[Timeout]), NotFull], RUN_TIME),
    program!("waits for a child that waits", "run/waits_for_child.rs", &[Is(&[Timeout]), NotFull], ASLEEP),
    program!("lets uncounted children do the work", "run/unseen_children.rs", &[Is(&[Timeout]), NotFull], RUN_TIME),
];
