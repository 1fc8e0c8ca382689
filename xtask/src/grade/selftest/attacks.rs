//! The hostile submissions: what each one hands in, and what must be true of its record. The programs are in `hostile/`.

use super::Must::{self, *};
use crate::grade::model::Status::{BuildFailed, Graded, Oom, OutputLimit, Rejected, Timeout};

/// A hostile submission.
pub struct Attack {
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
pub enum Content {
    /// All of it.
    Whole(&'static str),
    /// A function `attack`, which an honest program calls before it does its work.
    Attack(&'static str),
    /// Lines after those of an honest file.
    After(&'static str),
    /// Text, a part so many times, and text.
    Repeated(&'static str, &'static str, usize, &'static str),
    /// A symbolic link to the secret.
    Link,
}

use Content::{After, Attack as Calls, Link, Repeated, Whole};

const MAIN: &str = "src/main.rs";
const MANIFEST: &str = "Cargo.toml";
const NO_FILES: &str = "the box: no file of the grader is in it";
const NO_NETWORK: &str = "the run box: it has no network of the machine";
const OUR_MANIFEST: &str = "the course's own manifest, of which only profiles are the student's";
const NOT_TAKEN: &str = "taking only the files that the exercise names";

/// A file of `hostile/`.
macro_rules! hostile {
    ($name:literal) => {
        include_str!(concat!("../hostile/", $name, ".txt"))
    };
}

/// An attack by a program: its file, the words for it, and what must be true.
macro_rules! program {
    ($tries:literal, $file:literal, $must:expr, $stopped_by:expr) => {
        Attack { tries: $tries, files: &[(MAIN, Calls(hostile!($file)))], must: $must, stopped_by: $stopped_by }
    };
}

/// An attack by lines in the manifest, with a hostile crate beside it.
macro_rules! manifest {
    ($tries:literal, $content:expr, $must:expr, $stopped_by:expr) => {
        Attack {
            tries: $tries,
            files: &[(MANIFEST, $content), EVIL[0], EVIL[1], EVIL[2]],
            must: $must,
            stopped_by: $stopped_by,
        }
    };
}

/// A crate whose code would run in the compiler, and a script.
const EVIL: [(&str, Content); 3] = [
    ("evil/Cargo.toml", Whole(hostile!("smuggled/evil.toml"))),
    ("evil/lib.rs", Whole(hostile!("smuggled/evil.rs"))),
    ("evil.sh", Whole(hostile!("smuggled/linker.sh"))),
];

/// Every attack. Those that take longest come first.
pub const ATTACKS: &[Attack] = &[
    // What the compiler is made to do.
    program!("compiles for ever", "build/endless.rs", &[Is(&[Timeout])], "the limit on the time of a build"),
    program!(
        "makes the compiler take all memory",
        "build/macro_bomb.rs",
        &[Is(&[Oom, Timeout])],
        "the limits on the memory and the time of a build"
    ),
    program!("includes a file without an end", "build/zeros.rs", &[Is(&[Oom])], "the limit on the memory of a build"),
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
    Attack {
        tries: "has 30,000 warnings",
        files: &[(MAIN, Repeated("fn main() {}\n", "const _: () = { let b = 1; };\n", 30_000, ""))],
        must: &[Is(&[OutputLimit, Timeout]), Short],
        stopped_by: "the limits on what a build prints and on its time",
    },
    program!("includes a secret while it is built", "build/include.rs", &[Is(&[BuildFailed])], NO_FILES),
    program!("includes the solution while it is built", "build/include_solution.rs", &[Is(&[BuildFailed])], NO_FILES),
    program!("lets a file of another folder be its module", "build/path_module.rs", &[Is(&[BuildFailed])], NO_FILES),
    program!(
        "reads the environment of the compiler",
        "build/environment.rs",
        &[Full],
        "the build box: it has an environment of its own"
    ),
    program!(
        "makes the compiler print commands",
        "build/commands.rs",
        &[Is(&[BuildFailed])],
        "reports without control characters and commands"
    ),
    // What a program does.
    program!("sleeps for ever", "run/sleep.rs", &[Is(&[Timeout]), NotFull], "the limit on the time of a run"),
    program!("computes for ever", "run/spin.rs", &[Is(&[Timeout]), NotFull], "the limit on the time of a run"),
    program!("prints 100 MB", "run/flood.rs", &[Is(&[OutputLimit]), NotFull, Short], "the limit on what a run prints"),
    program!("takes 8 GiB of memory", "run/memory.rs", &[Is(&[Oom]), NotFull], "the limit on the memory of a process"),
    program!(
        "takes 1.2 GiB in six processes",
        "run/memory_together.rs",
        &[Is(&[Oom]), NotFull],
        "the limit on the memory of a run"
    ),
    program!("starts 200 processes", "run/processes.rs", &[Full], "the limit on processes and threads"),
    program!("starts 200 threads", "run/threads.rs", &[Full], "the limit on processes and threads"),
    program!(
        "leaves a process behind",
        "run/daemon.rs",
        &[Full, NobodyLeft],
        "the run box: what it started ends with it"
    ),
    program!("ends other processes", "run/kill.rs", &[Full], "the run box: no process of the grader is in it"),
    program!(
        "looks at other processes",
        "run/processes_seen.rs",
        &[Full],
        "the run box: no process of the grader is in it"
    ),
    program!("looks at the machine", "run/control_groups.rs", &[Full], "the run box: neither /sys nor /run is in it"),
    program!("reads a secret while it runs", "run/secret.rs", &[Full], NO_FILES),
    program!(
        "writes outside of its box",
        "run/write_outside.rs",
        &[Full, NothingWritten],
        "the run box: nothing in it can be written but /tmp"
    ),
    program!("fills the disk while it runs", "run/fill_disk.rs", &[Full], "the size of the run box's /tmp"),
    program!("talks to a server (TCP)", "run/tcp.rs", &[Full, Unreached("TCP")], NO_NETWORK),
    program!("talks to a server (UDP)", "run/udp.rs", &[Full, Unreached("UDP")], NO_NETWORK),
    program!("talks to a server (abstract socket)", "run/abstract_socket.rs", &[Full, Unreached("SOCKET")], NO_NETWORK),
    program!(
        "prints commands for terminals and CI",
        "run/commands.rs",
        &[Is(&[Graded]), NotFull],
        "reports without control characters and commands"
    ),
    Attack {
        tries: "lets a shell do the work",
        files: &[(MAIN, Whole(hostile!("run/shell.rs")))],
        must: &[Is(&[Graded]), NotFull],
        stopped_by: "the run box: there is no shell in it",
    },
    Attack {
        tries: "lets a shell do the work, without std",
        files: &[(MAIN, Whole(hostile!("run/no_std_system.rs"))), (MANIFEST, After("panic = \"abort\"\n"))],
        must: &[Is(&[Graded]), NotFull, Reviewed("look how it got so small")],
        stopped_by: "the run box: there is no shell in it",
    },
    Attack {
        tries: "has the answers of a learner's own check",
        files: &[(MAIN, Whole(hostile!("run/hard_coded.rs")))],
        must: &[Is(&[Graded]), NotFull],
        stopped_by: "inputs that nobody knows beforehand",
    },
    // What a manifest says.
    manifest!(
        "adds a build script",
        Whole(hostile!("manifest/build_script.toml")),
        &[Full, SameSize, Reviewed("`package`")],
        OUR_MANIFEST
    ),
    manifest!(
        "takes a crate from a path",
        After(hostile!("manifest/path_dependency.toml")),
        &[Full, SameSize, Reviewed("`dependencies`")],
        OUR_MANIFEST
    ),
    manifest!(
        "replaces a crate",
        After(hostile!("manifest/patch.toml")),
        &[Full, SameSize, Reviewed("`patch`")],
        OUR_MANIFEST
    ),
    manifest!(
        "builds a file of another folder",
        After(hostile!("manifest/bin_outside.toml")),
        &[Full, SameSize, Reviewed("`bin`")],
        OUR_MANIFEST
    ),
    manifest!(
        "names a linker and a runner",
        After(hostile!("manifest/target.toml")),
        &[Full, SameSize, Reviewed("`target`")],
        OUR_MANIFEST
    ),
    manifest!(
        "sets flags of the compiler",
        Whole(hostile!("manifest/rustflags.toml")),
        &[NotFull, Reviewed("`cargo-features`")],
        "Cargo, which takes such flags only with the feature that is taken out"
    ),
    manifest!(
        "has its profile in comments and strings",
        Whole(hostile!("manifest/lies.toml")),
        &[NotFull],
        "judging the values that Cargo reads, and the file that is built"
    ),
    manifest!(
        "lets profiles inherit in a circle",
        Whole(hostile!("manifest/inherits.toml")),
        &[NotFull],
        "judging the values that Cargo reads"
    ),
    manifest!(
        "nests 50,000 arrays in its manifest",
        Repeated("a = ", "[", 50_000, "\n"),
        &[NotFull, Short],
        "the TOML parser's limit on depth"
    ),
    manifest!(
        "nests 30,000 tables in its manifest",
        Repeated("[", "a.", 30_000, "a]\n"),
        &[NotFull, Short],
        "the TOML parser's limit on depth"
    ),
    manifest!(
        "nests 30,000 keys in its manifest",
        Repeated("", "a.", 30_000, "a = 1\n"),
        &[NotFull, Short],
        "the TOML parser's limit on depth"
    ),
    manifest!(
        "has 30,000 errors in its manifest",
        Repeated("", "=\n", 30_000, ""),
        &[NotFull, Short],
        "the limit on what is kept of one goal"
    ),
    manifest!(
        "has a manifest of 10 MB",
        Repeated("", "# nothing\n", 1_000_000, ""),
        &[Is(&[Rejected]), Short],
        "the limit on what is read of a file"
    ),
    // What else is handed in.
    Attack {
        tries: "smuggles a configuration of Cargo",
        files: &[(".cargo/config.toml", Whole(hostile!("smuggled/config.toml"))), EVIL[2]],
        must: &[Full, SameSize, NotTaken(".cargo/config.toml")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "makes its program a link",
        files: &[(".cargo/config.toml", Whole(hostile!("smuggled/linker.toml"))), EVIL[2]],
        must: &[Full, SameSize, NotTaken(".cargo/config.toml")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "smuggles build.rs",
        files: &[("build.rs", Whole(hostile!("smuggled/build.rs")))],
        must: &[Full, SameSize, NotTaken("build.rs")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "smuggles rust-toolchain.toml",
        files: &[("rust-toolchain.toml", Whole(hostile!("smuggled/toolchain.toml")))],
        must: &[Full, SameSize, NotTaken("rust-toolchain.toml")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "smuggles an artifact",
        files: &[
            ("target/release/demo", Whole(hostile!("smuggled/linker.sh"))),
            ("target/release/.fingerprint/demo", Whole("")),
        ],
        must: &[Full, SameSize, NotTaken("target/")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "smuggles another Cargo.lock",
        files: &[("Cargo.lock", Whole("version = 99\n"))],
        must: &[Full, SameSize, NotTaken("Cargo.lock")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "hands in a link to a secret",
        files: &[(MAIN, Link)],
        must: &[Is(&[Rejected])],
        stopped_by: "following no link",
    },
];
