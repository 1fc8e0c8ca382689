//! What Cargo is to build of a package, and which of the files that it names is the one to measure: an executable, or a library
//! that is a file of its own.

use super::Target;
use std::path::{Path, PathBuf};

/// One target of a package, and one file of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// How Cargo is told of it.
    pub kind: Kind,
    /// Which of its files is meant.
    pub form: Form,
    /// The target's name.
    pub name: String,
}

/// The kinds of targets that Cargo makes a file of that people ship or run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `--bin`.
    Bin,
    /// `--lib`.
    Lib,
    /// `--example`.
    Example,
    /// `--test`.
    Test,
    /// `--bench`.
    Bench,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A program.
    Executable,
    /// A shared library with a C interface.
    Cdylib,
    /// A shared library for other Rust crates.
    Dylib,
    /// An archive for a linker, with everything that it needs of Rust.
    Staticlib,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Bin, Self::Lib, Self::Example, Self::Test, Self::Bench];

    /// As Cargo's option and its messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Lib => "lib",
            Self::Example => "example",
            Self::Test => "test",
            Self::Bench => "bench",
        }
    }

    /// In a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Bin => "binary",
            Self::Lib => "library",
            Self::Example => "example",
            Self::Test => "integration test",
            Self::Bench => "benchmark",
        }
    }

    /// In a sentence about several.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Bin => "binaries",
            Self::Lib => "libraries",
            Self::Example => "examples",
            Self::Test => "integration tests",
            Self::Bench => "benchmarks",
        }
    }

    /// What a target of a manifest or of a message is; `None` for build scripts and procedural macros, which only run while
    /// something else is built.
    pub fn of(target: &Target) -> Option<Self> {
        let is = |kind: &str| target.kind.iter().any(|own| own == kind);
        let plain = [Self::Bin, Self::Example, Self::Test, Self::Bench].into_iter().find(|kind| is(kind.name()));
        let is_lib = || ["lib", "rlib", "dylib", "cdylib", "staticlib"].into_iter().any(is);
        plain.or_else(|| is_lib().then_some(Self::Lib))
    }
}

impl Form {
    /// Every form of a library, the one first that is meant where several are made.
    pub const OF_LIBRARIES: [Self; 3] = [Self::Cdylib, Self::Dylib, Self::Staticlib];

    /// As `crate-type` in a manifest names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executable => "bin",
            Self::Cdylib => "cdylib",
            Self::Dylib => "dylib",
            Self::Staticlib => "staticlib",
        }
    }

    /// The forms that a target has a file of. One that is only for other crates of Rust (`lib`, `rlib`) has none.
    pub fn of(target: &Target) -> Vec<Self> {
        // Messages of an old Cargo have no crate types: what isn't a library is a program.
        if target.crate_types.is_empty() && Kind::of(target).is_some_and(|kind| kind != Kind::Lib) {
            return vec![Self::Executable];
        }
        let types = if target.crate_types.is_empty() { &target.kind } else { &target.crate_types };
        let forms = [Self::Executable].into_iter().chain(Self::OF_LIBRARIES);
        forms.filter(|form| types.iter().any(|own| own == form.name())).collect()
    }

    /// The file of this form among those that Cargo names for one target.
    pub fn file(self, executable: Option<&Path>, files: &[PathBuf]) -> Option<PathBuf> {
        let is_shared = |name: &str| [".so", ".dylib", ".dll", ".wasm"].iter().any(|end| name.ends_with(end));
        // Windows has an import library beside a DLL, whose name ends like an archive's.
        let is_archive = |name: &str| {
            let import = [".dll.lib", ".dll.a"].iter().any(|end| name.ends_with(end));
            !import && [".a", ".lib"].iter().any(|end| name.ends_with(end))
        };
        let found = |fits: &dyn Fn(&str) -> bool| {
            files.iter().find(|file| file.file_name().is_some_and(|name| fits(&name.to_string_lossy()))).cloned()
        };
        match self {
            Self::Executable => executable.map(Path::to_owned),
            Self::Cdylib | Self::Dylib => found(&is_shared),
            Self::Staticlib => found(&is_archive),
        }
    }
}

impl Wanted {
    /// A binary.
    pub fn bin(name: impl Into<String>) -> Self {
        Self { kind: Kind::Bin, form: Form::Executable, name: name.into() }
    }

    /// Cargo's arguments for it.
    pub fn args(&self) -> Vec<String> {
        let option = format!("--{}", self.kind.name());
        match self.kind {
            Kind::Lib => vec![option],
            Kind::Bin | Kind::Example | Kind::Test | Kind::Bench => vec![option, self.name.clone()],
        }
    }

    /// What it is called in tables: a binary by its name, everything else with what it is.
    pub fn label(&self) -> String {
        let Self { kind, form, name } = self;
        match (kind, form) {
            (Kind::Bin, _) => name.clone(),
            (_, Form::Executable) => format!("{name} ({})", kind.name()),
            (Kind::Lib, _) => format!("{name} ({})", form.name()),
            (_, _) => format!("{name} ({}, {})", kind.name(), form.name()),
        }
    }

    /// A name for files that no other target of the package has.
    pub fn stem(&self) -> String {
        match self.kind {
            Kind::Bin => self.name.clone(),
            Kind::Lib => format!("{}-{}", self.name, self.form.name()),
            Kind::Example | Kind::Test | Kind::Bench => format!("{}-{}", self.name, self.kind.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: &[&str], crate_types: &[&str]) -> Target {
        let list = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Target {
            name: "a".to_owned(),
            kind: list(kind),
            crate_types: list(crate_types),
            required_features: Vec::new(),
            src_path: PathBuf::new(),
        }
    }

    #[test]
    fn what_runs_at_build_time_only_is_no_kind() {
        assert_eq!(Kind::of(&target(&["proc-macro"], &["proc-macro"])), None);
        assert_eq!(Kind::of(&target(&["custom-build"], &["bin"])), None);
        assert_eq!(Kind::of(&target(&["cdylib", "rlib"], &["cdylib", "rlib"])), Some(Kind::Lib));
        assert_eq!(Kind::of(&target(&["example"], &["cdylib"])), Some(Kind::Example));
    }

    #[test]
    fn a_library_for_rust_alone_has_no_file_and_an_example_may_be_a_library() {
        assert_eq!(Form::of(&target(&["lib"], &["lib"])), []);
        assert_eq!(
            Form::of(&target(&["staticlib", "cdylib", "rlib"], &["staticlib", "cdylib", "rlib"])),
            [Form::Cdylib, Form::Staticlib]
        );
        assert_eq!(Form::of(&target(&["example"], &["cdylib"])), [Form::Cdylib]);
        assert_eq!(Form::of(&target(&["bin"], &[])), [Form::Executable]);
    }

    #[test]
    fn of_each_system_the_right_file_is_taken() {
        let files = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let cases: [(&[&str], &str, &str); 4] = [
            (&["/t/liba.so", "/t/liba.rlib", "/t/liba.a"], "/t/liba.so", "/t/liba.a"),
            (&["/t/a.dll", "/t/a.dll.lib", "/t/a.pdb", "/t/a.lib"], "/t/a.dll", "/t/a.lib"),
            (&["/t/liba.dll.a", "/t/a.dll", "/t/liba.a"], "/t/a.dll", "/t/liba.a"),
            (&["/t/liba.rlib", "/t/liba.dylib", "/t/liba.a"], "/t/liba.dylib", "/t/liba.a"),
        ];
        for (names, shared, archive) in cases {
            assert_eq!(Form::Cdylib.file(None, &files(names)), Some(PathBuf::from(shared)));
            assert_eq!(Form::Staticlib.file(None, &files(names)), Some(PathBuf::from(archive)));
        }
        assert_eq!(Form::Cdylib.file(None, &files(&["/t/a.wasm"])), Some(PathBuf::from("/t/a.wasm")));
        assert_eq!(Form::Staticlib.file(None, &files(&["/t/a.dll", "/t/a.dll.lib"])), None, "an import library");
    }

    #[test]
    fn names_tell_targets_of_one_name_apart() {
        let of = |kind, form| Wanted { kind, form, name: "a-b".to_owned() };
        let all = [
            of(Kind::Bin, Form::Executable),
            of(Kind::Lib, Form::Cdylib),
            of(Kind::Lib, Form::Staticlib),
            of(Kind::Example, Form::Executable),
            of(Kind::Test, Form::Executable),
        ];
        let labels: Vec<String> = all.iter().map(Wanted::label).collect();
        assert_eq!(labels, ["a-b", "a-b (cdylib)", "a-b (staticlib)", "a-b (example)", "a-b (test)"]);
        let stems: std::collections::BTreeSet<String> = all.iter().map(Wanted::stem).collect();
        assert_eq!(stems.len(), all.len());
        assert_eq!(all[1].args(), ["--lib"]);
        assert_eq!(all[3].args(), ["--example", "a-b"]);
    }
}
