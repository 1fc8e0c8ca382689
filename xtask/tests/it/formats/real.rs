//! The same for third-party files: Rust programs and libraries for Windows, macOS and other CPUs, as published.
//! `fetch.sh` gets them, by the versions and digests in `real.list`.

use super::{by_name, taken_apart};
use predicates::str::contains;
use std::fs;
use std::path::{Path, PathBuf};
use testbed::browser::left_out;
use testbed::project::{Project, repository, stderr};

/// What is known about whose code it is.
enum Owners {
    /// These crates have some of the code, and none has more than half of it.
    Crates(&'static [&'static str]),
    /// Nothing: the reason begins like this.
    Nothing(&'static str),
}

struct Case {
    /// The name in `real.list`.
    name: &'static str,
    arch: Option<&'static str>,
    format: &'static str,
    /// Bytes of some sections, as `llvm-size -A` and `-m` (LLVM 14) have them.
    sections: &'static [(&'static str, u64)],
    owners: Owners,
}

const NO_NAMES: Owners = Owners::Nothing("only exported symbols are left (");
const RPDS: Owners = Owners::Crates(&["rpds", "pyo3", "core", "alloc", "std", "gimli"]);
const PY_SPY: Owners = Owners::Crates(&["py_spy", "regex_automata", "clap_builder", "core"]);

const CASES: [Case; 16] = [
    Case {
        name: "ruff-windows",
        arch: None,
        format: "PE, x86-64",
        sections: &[(".text", 19_054_880), (".pdata", 808_872), ("[signature]", 15_664)],
        owners: Owners::Nothing("the file has no symbols; the linker put the others into ruff.pdb"),
    },
    Case {
        name: "ruff-macos",
        arch: None,
        format: "Mach-O, aarch64",
        sections: &[
            ("__TEXT,__text", 15_258_460),
            ("__TEXT,__const", 2_973_832),
            ("__DATA_CONST,__const", 635_256),
            ("[code signature]", 59_392),
        ],
        owners: NO_NAMES,
    },
    Case {
        name: "typos-macos-intel",
        arch: None,
        format: "Mach-O, x86-64",
        sections: &[
            ("__TEXT,__text", 3_057_760),
            ("__TEXT,__const", 1_951_846),
            ("__DATA,__const", 5_298_384),
            ("[symbol table]", 429_616),
        ],
        owners: Owners::Crates(&["typos_cli", "regex_automata", "clap_builder", "core"]),
    },
    Case {
        name: "py-spy-universal",
        arch: Some("arm64"),
        format: "Mach-O, aarch64",
        sections: &[("__TEXT,__text", 2_439_100), ("__TEXT,__eh_frame", 322_440), ("[string table]", 881_176)],
        owners: PY_SPY,
    },
    Case {
        name: "py-spy-universal",
        arch: Some("x86_64"),
        format: "Mach-O, x86-64",
        sections: &[("__TEXT,__text", 2_936_864), ("__TEXT,__eh_frame", 107_952), ("[string table]", 893_144)],
        owners: PY_SPY,
    },
    Case {
        name: "rpds-windows-32",
        arch: None,
        format: "PE, i386",
        sections: &[(".text", 387_722), (".rdata", 75_246), (".reloc", 16_676)],
        owners: NO_NAMES,
    },
    Case {
        name: "rpds-windows-arm64",
        arch: None,
        format: "PE, aarch64",
        sections: &[(".text", 369_252), (".rdata", 139_706), (".pdata", 16_512)],
        owners: NO_NAMES,
    },
    Case {
        name: "rpds-macos",
        arch: None,
        format: "Mach-O, aarch64",
        sections: &[("__TEXT,__text", 462_664), ("__DATA_CONST,__const", 16_768), ("[code signature]", 7_584)],
        owners: RPDS,
    },
    Case {
        name: "rpds-musl-arm64",
        arch: None,
        format: "ELF, aarch64",
        sections: &[(".text", 453_876), (".symtab", 145_224)],
        owners: RPDS,
    },
    Case {
        name: "rpds-armv7",
        arch: None,
        format: "ELF, arm",
        sections: &[(".text", 532_340), (".ARM.exidx", 9_192)],
        owners: RPDS,
    },
    Case { name: "rpds-ppc64le", arch: None, format: "ELF, powerpc64", sections: &[(".text", 729_224)], owners: RPDS },
    Case {
        name: "rpds-s390x",
        arch: None,
        format: "ELF, s390x",
        sections: &[(".text", 604_576), (".symtab", 62_136)],
        owners: RPDS,
    },
    Case { name: "rpds-riscv64", arch: None, format: "ELF, riscv64", sections: &[(".text", 408_114)], owners: RPDS },
    Case {
        name: "lightningcss-macos",
        arch: None,
        format: "Mach-O, aarch64",
        sections: &[("__TEXT,__text", 8_010_636), ("[function starts]", 16_160), ("[code signature]", 66_320)],
        owners: NO_NAMES,
    },
    Case {
        name: "lightningcss-windows",
        arch: None,
        format: "PE, x86-64",
        sections: &[(".text", 8_687_424), (".rdata", 686_136), (".pdata", 94_656)],
        owners: NO_NAMES,
    },
    Case {
        name: "resvg-wasm",
        arch: None,
        format: "WebAssembly",
        sections: &[("code", 2_018_763), ("data", 454_694)],
        owners: Owners::Nothing("the module has no names"),
    },
];

/// The folder with the downloads, if they are complete.
fn downloaded() -> Option<PathBuf> {
    let folder = repository().join("target/executables");
    CASES.iter().all(|case| folder.join(case.name).is_file()).then_some(folder)
}

#[test]
#[ignore = "takes apart what .ci/run has downloaded (40 MB): .ci/run runs it"]
fn programs_that_others_built_are_taken_apart_to_the_byte() {
    let project = Project::empty();
    let folder = repository().join("target/executables");
    for case in &CASES {
        let path = folder.join(case.name);
        if path.is_file() {
            assert_taken_apart(&project, case, &path);
        } else {
            left_out(&format!("{} was not downloaded (xtask/tests/it/formats/fetch.sh)", case.name));
        }
    }
}

fn assert_taken_apart(project: &Project, case: &Case, path: &Path) {
    let Case { name, arch, format, sections, owners } = case;
    let file = path.to_str().unwrap();
    let words: Vec<&str> = arch.iter().flat_map(|arch| ["--arch", arch]).collect();
    let document = taken_apart(project, file, &words);
    assert_eq!(document["format"], *format, "{name}");
    let found = by_name(&document, "sections");
    for (section, bytes) in *sections {
        assert_eq!(found.get(*section), Some(bytes), "{name}: {section} in {found:?}");
    }
    // What no header points at is small: the rest of a page at the end of each segment.
    let unnamed = found["[padding]"] + found.get("[linkedit]").copied().unwrap_or_default();
    assert!(unnamed < 140_000 && !found.contains_key("[overlay]"), "{name}: {found:?}");
    let crates = by_name(&document, "crates");
    let text = document["text_bytes"].as_u64().unwrap();
    match owners {
        Owners::Crates(names) => {
            assert_eq!(document["known"], true, "{name}: {:?}", document["unknown"]);
            assert!(names.iter().all(|krate| crates.contains_key(*krate)), "{name}: {crates:?}");
            assert!(crates.values().all(|bytes| *bytes < text / 2), "{name}: {crates:?}");
        }
        Owners::Nothing(why) => {
            let unknown = document["unknown"].as_str().unwrap_or_default();
            assert!(unknown.starts_with(why), "{name}: {unknown:?}");
            assert_eq!((crates.len(), crates.get("[unattributed]")), (1, Some(&text)), "{name}: {crates:?}");
        }
    }
}

#[test]
#[ignore = "reads what .ci/run has downloaded (40 MB): .ci/run runs it"]
fn a_verb_that_a_format_is_not_for_says_so() {
    let Some(folder) = downloaded() else { return };
    let project = Project::empty();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    project.run(&["bloat", "--file", &file("py-spy-universal")]).code(2).stderr(contains("choose with --arch"));
    project
        .run(&["image", "--file", &file("ruff-windows")])
        .code(2)
        .stderr(contains("isn't a program for Linux, but PE"));
    // Builds of one library for two CPUs, compared: the same sections have different sizes.
    let words = ["diff", &file("rpds-s390x"), &file("rpds-armv7"), "--format", "json"];
    assert_eq!(testbed::project::json(&project.run(&words).success())["known"], true);
}

#[test]
#[ignore = "reads what .ci/run has downloaded (40 MB): .ci/run runs it"]
fn damaged_downloads_end_with_a_message() {
    let Some(folder) = downloaded() else { return };
    let project = Project::empty();
    for name in ["rpds-windows-32", "rpds-macos", "rpds-armv7", "rpds-s390x", "resvg-wasm"] {
        let whole = fs::read(folder.join(name)).unwrap();
        for end in [100, 5_000, whole.len() / 2, whole.len() - 2_000] {
            super::put(&project, "cut", &whole[..end]);
            let text = stderr(&project.run(&["bloat", "--file", "cut"]).code(2));
            assert!(text.contains("cut off") || text.contains("Invalid"), "{name} {end}: {text}");
        }
        let mut state = 88_172_645_463_325_252_u64;
        for round in 0..12 {
            let mut damaged = whole.clone();
            for _ in 0..40 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let place = if state.is_multiple_of(3) { damaged.len() } else { 4096 };
                let at = usize::try_from(state >> 20).unwrap() % place;
                damaged[at] = u8::try_from(state >> 8 & 0xff).unwrap();
            }
            super::put(&project, "damaged", &damaged);
            let run = project.run(&["bloat", "--file", "damaged"]);
            let code = run.get_output().status.code();
            assert!(matches!(code, Some(0 | 2)), "{name} {round}: {code:?} {}", stderr(&run));
        }
    }
}
