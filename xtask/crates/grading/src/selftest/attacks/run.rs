//! What a program does to others, or to those who read of it.

use super::Attack;
use super::Content::{After, Whole};
use super::words::{CLEAN, CLOSED, MAIN, MANIFEST, NO_FILES, NO_NETWORK, NO_PROCESSES, NO_SHELL, NO_STATE};
use crate::model::Status::{Graded, Oom, OutputLimit};
use crate::selftest::Must::{Full, Is, NobodyLeft, NotFull, NothingWritten, Reviewed, Short, Unreached, Untouched};

/// Its attacks.
pub(super) const ATTACKS: &[Attack] = &[
    program!("prints 100 MB", "run/flood.rs", &[Is(&[OutputLimit]), NotFull, Short], "the limit on what a run prints"),
    program!("takes 8 GiB of memory", "run/memory.rs", &[Is(&[Oom]), NotFull], "the memory limit of a process"),
    program!(
        "takes 1.2 GiB in six processes",
        "run/memory_together.rs",
        &[Is(&[Oom]), NotFull],
        "the memory limit of a run"
    ),
    program!(
        "takes 1.5 GiB in processes without a first thread",
        "run/headless.rs",
        &[Is(&[Oom]), NotFull],
        "the memory limit of a run"
    ),
    program!(
        "claims that there is no sandbox",
        "run/no_box.rs",
        &[Is(&[Graded]), NotFull],
        "running a harmless program in the same sandbox"
    ),
    program!("starts 200 processes", "run/processes.rs", &[Full], "the limit on processes and threads"),
    program!("starts 200 threads", "run/threads.rs", &[Full], "the limit on processes and threads"),
    program!(
        "leaves a process behind",
        "run/daemon.rs",
        &[Full, NobodyLeft],
        "the run sandbox: everything in it ends with it"
    ),
    program!("ends other processes", "run/kill.rs", &[Full], NO_PROCESSES),
    program!("looks at other processes", "run/processes_seen.rs", &[Full], NO_PROCESSES),
    program!("looks at the machine", "run/control_groups.rs", &[Full], "the run sandbox: it has no /sys and no /run"),
    program!("reads a secret while it runs", "run/secret.rs", &[Full], NO_FILES),
    program!(
        "writes outside its sandbox",
        "run/write_outside.rs",
        &[Full, NothingWritten],
        "the run sandbox: only /tmp is writable"
    ),
    program!("fills the disk while it runs", "run/fill_disk.rs", &[Full], "the size of the run sandbox's /tmp"),
    program!("talks to a server (TCP)", "run/tcp.rs", &[Full, Unreached("TCP")], NO_NETWORK),
    program!("talks to a server (UDP)", "run/udp.rs", &[Full, Unreached("UDP")], NO_NETWORK),
    program!("talks to a server (abstract socket)", "run/abstract_socket.rs", &[Full, Unreached("SOCKET")], NO_NETWORK),
    program!("prints commands for terminals and CI", "run/commands.rs", &[Is(&[Graded]), NotFull], CLEAN),
    Attack {
        tries: "lets a shell do the work",
        files: &[(MAIN, Whole(hostile!("run/shell.rs")))],
        must: &[Is(&[Graded]), NotFull],
        stopped_by: NO_SHELL,
    },
    Attack {
        tries: "lets a shell do the work, without std",
        files: &[(MAIN, Whole(hostile!("run/no_std_system.rs"))), (MANIFEST, After("panic = \"abort\"\n"))],
        must: &[Is(&[Graded]), NotFull, Reviewed("check how it got so small")],
        stopped_by: NO_SHELL,
    },
    Attack {
        tries: "has the answers of a learner's own check",
        files: &[(MAIN, Whole(hostile!("run/hard_coded.rs")))],
        must: &[Is(&[Graded]), NotFull],
        stopped_by: "inputs that are unknown beforehand",
    },
    program!(
        "uses descriptors that the grader has open",
        "run/inherited.rs",
        &[Full, Untouched, Unreached("OPEN_SOCKET")],
        CLOSED
    ),
    program!(
        "looks for files of others",
        "run/neighbors.rs",
        &[Full],
        "the run sandbox: it contains only the program and its libraries"
    ),
    program!(
        "looks for programs to call",
        "run/programs.rs",
        &[Full],
        "the run sandbox: it contains only the program and its libraries"
    ),
    program!("calls the program that set its limits", "run/helpers.rs", &[Full], "limits that can't be lifted"),
    program!("lifts its own limits", "run/limits.rs", &[Full], "limits that can't be lifted"),
    program!(
        "leaves a process that holds its output",
        "run/holds_output.rs",
        &[Full, NobodyLeft],
        "the run sandbox: everything in it ends with it"
    ),
    program!("behaves differently on its second run", "run/counts_runs.rs", &[Full], NO_STATE),
    program!("leaves links behind", "run/links.rs", &[Full], NO_STATE),
    program!(
        "queries the locale and the time zone",
        "run/locale.rs",
        &[Full],
        "the run sandbox: it has its own environment"
    ),
    program!("looks at the first process of its sandbox", "run/first_process.rs", &[Full], NO_PROCESSES),
    program!("reads its input as long as there is some", "run/reads_input.rs", &[Full], "empty standard input"),
    program!("leaves a core dump", "run/core_dump.rs", &[NotFull, NothingWritten], "the limit on core files"),
    program!("prints invalid UTF-8", "run/no_utf8.rs", &[Is(&[Graded]), NotFull], CLEAN),
    program!(
        "prints 100 MB of errors",
        "run/errors.rs",
        &[Is(&[OutputLimit]), NotFull, Short],
        "the limit on what a run prints"
    ),
];
