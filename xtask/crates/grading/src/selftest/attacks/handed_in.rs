//! What a manifest says, and what else is handed in.

use super::Content::{After, Link, Repeated, Whole};
use super::words::{MAIN, MANIFEST, NOT_TAKEN, OUR_MANIFEST};
use super::{Attack, Content};
use crate::model::Status::Rejected;
use crate::selftest::Must::{Full, Is, NotFull, NotTaken, Reviewed, SameSize, Short};

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

/// Its attacks.
pub(super) const ATTACKS: &[Attack] = &[
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
        "builds a file from another folder",
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
        "sets compiler flags",
        Whole(hostile!("manifest/rustflags.toml")),
        &[NotFull, Reviewed("`cargo-features`")],
        "Cargo, which accepts such flags only with the feature that is removed"
    ),
    manifest!(
        "has its profile in comments and strings",
        Whole(hostile!("manifest/lies.toml")),
        &[NotFull],
        "judging the values that Cargo reads, and the file that is built"
    ),
    manifest!(
        "lets profiles inherit in a cycle",
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
        tries: "smuggles in a Cargo configuration",
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
        tries: "smuggles in an artifact",
        files: &[
            ("target/release/demo", Whole(hostile!("smuggled/linker.sh"))),
            ("target/release/.fingerprint/demo", Whole("")),
        ],
        must: &[Full, SameSize, NotTaken("target/")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "smuggles in a different Cargo.lock",
        files: &[("Cargo.lock", Whole("version = 99\n"))],
        must: &[Full, SameSize, NotTaken("Cargo.lock")],
        stopped_by: NOT_TAKEN,
    },
    Attack {
        tries: "hands in a link to a secret",
        files: &[(MAIN, Link)],
        must: &[Is(&[Rejected])],
        stopped_by: "not following links",
    },
];
