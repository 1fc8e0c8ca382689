//! What the compiler is made to do.

use super::Attack;
use super::Content::{Attack as Calls, Repeated, Whole};
use super::words::{CLEAN, CLOSED, MAIN, MANIFEST, NO_FILES, NO_NEIGHBORS};
use crate::model::Status::{BuildFailed, Graded, Oom, OutputLimit, Timeout};
use crate::selftest::Must::{Full, Is, Short};

/// Its attacks.
pub(super) const ATTACKS: &[Attack] = &[
    program!("includes an endless file", "build/zeros.rs", &[Is(&[Oom])], "the memory limit of a build"),
    program!(
        "is a program of 300 MB",
        "build/huge_program.rs",
        &[Is(&[OutputLimit])],
        "the limit on the files of a build"
    ),
    Attack {
        tries: "fills the disk while it is built",
        files: &[
            (MANIFEST, Whole(hostile!("manifest/keeps_parts.toml"))),
            (MAIN, Calls(hostile!("build/huge_parts.rs"))),
        ],
        must: &[Is(&[OutputLimit])],
        stopped_by: "the limit on what a build writes",
    },
    program!(
        "is a program of 210 MB",
        "build/huge_parts.rs",
        &[Is(&[OutputLimit])],
        "the limit on the size of a program"
    ),
    program!("includes a secret while it is built", "build/include.rs", &[Is(&[BuildFailed])], NO_FILES),
    program!("includes the solution while it is built", "build/include_solution.rs", &[Is(&[BuildFailed])], NO_FILES),
    program!("uses a file from another folder as a module", "build/path_module.rs", &[Is(&[BuildFailed])], NO_FILES),
    program!(
        "reads the environment of the compiler",
        "build/environment.rs",
        &[Full],
        "the build sandbox: it has its own environment"
    ),
    program!("makes the compiler print commands", "build/commands.rs", &[Is(&[BuildFailed])], CLEAN),
    program!("includes a file that the grader has open", "build/inherited_file.rs", &[Is(&[BuildFailed])], CLOSED),
    program!("includes a file of an open folder", "build/inherited_folder.rs", &[Is(&[BuildFailed])], CLOSED),
    program!(
        "includes files of the course's own build",
        "build/neighbor_starter.rs",
        &[Is(&[BuildFailed])],
        NO_NEIGHBORS
    ),
    program!("includes what was built before", "build/neighbor_solution.rs", &[Is(&[BuildFailed])], NO_NEIGHBORS),
    program!("includes the program of another build", "build/neighbor_build.rs", &[Is(&[BuildFailed])], NO_NEIGHBORS),
    program!("includes the compiler's standard input", "build/own_input.rs", &[Full], "empty standard input"),
    program!(
        "includes the compiler's memory",
        "build/own_memory.rs",
        &[Is(&[BuildFailed])],
        "the kernel: address 0 can't be read"
    ),
    program!(
        "includes the machine's memory",
        "build/kernel_memory.rs",
        &[Is(&[BuildFailed])],
        "the sandbox: it has no privileges"
    ),
    program!(
        "uses a terminal as a module",
        "build/terminal_module.rs",
        &[Is(&[BuildFailed])],
        "the sandbox: it has its own session"
    ),
    program!(
        "looks at the compiler's own process",
        "build/processes_seen.rs",
        &[Full],
        "the build sandbox: it has its own environment"
    ),
    program!(
        "requires unstable features",
        "build/unstable.rs",
        &[Is(&[BuildFailed])],
        "a stable compiler, and its own environment"
    ),
    program!("declares itself a library", "build/library.rs", &[Full], "Cargo, which tells the compiler what to make"),
    program!("links with one of the grader's files", "build/linked_file.rs", &[Is(&[BuildFailed])], NO_FILES),
    program!(
        "passes an option to the linker",
        "build/linked_flag.rs",
        &[Is(&[BuildFailed])],
        "rustc, which passes it on as a name"
    ),
    program!(
        "nests its types forever",
        "build/deep_types.rs",
        &[Is(&[BuildFailed, Timeout, Oom])],
        "the memory and time limits of a build"
    ),
    program!(
        "evaluates 8 GiB of constants",
        "build/large_constant.rs",
        &[Is(&[Oom, BuildFailed, OutputLimit])],
        "the memory limit of a build"
    ),
    program!(
        "names its own loader",
        "build/loader.rs",
        &[Is(&[Graded])],
        "the run sandbox: there is nothing in it to load"
    ),
    program!(
        "has sections with the names of others",
        "build/sections.rs",
        &[Is(&[Graded])],
        "parsing the file without trusting it"
    ),
    Attack {
        tries: "has a 700 KB error in color",
        files: &[(MAIN, Repeated("compile_error!(\"", "\\u{1b}[31m::error::x\\n", 30_000, "\");\nfn main() {}\n"))],
        must: &[Is(&[BuildFailed, OutputLimit]), Short],
        stopped_by: "the limit on what is kept of one goal",
    },
];
