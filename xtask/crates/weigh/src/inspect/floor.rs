//! How much of a program is its author's doing: the floor is what an empty program weighs with the same settings.

use super::tiny::{self, Tiny};
use crate::anatomy::Anatomy;
use crate::cargo::{Form, configuration};
use crate::measure::binary::{self, Binary, Section};
use crate::measure::crates;
use crate::profiles::SETTINGS;
use crate::subject::{Program, Subject};
use anyhow::Result;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A part of a file, by where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct FloorPart {
    /// What it is called.
    pub name: String,
    /// Its bytes. The rest may be below zero where the optimizer did better on the whole program.
    pub bytes: i64,
    /// It is inside of the part before, and not counted again.
    pub inside: bool,
    /// What it is, in some words.
    pub what: String,
}

/// The crates and modules of std that find the names and lines of a backtrace.
const SYMBOLIZER: [&str; 8] = [
    "gimli",
    "addr2line",
    "miniz_oxide",
    "rustc_demangle",
    "adler2",
    "object",
    "std::backtrace_rs",
    "std::sys::backtrace",
];

/// An empty program or library.
pub(super) struct Empty {
    binary: Binary,
    /// Bytes of code that finds names for backtraces.
    symbolizer: u64,
}

/// Builds an empty program with the settings of a profile; none for a static library.
///
/// # Errors
/// When it cannot be built.
pub(super) fn empty(subject: &Subject, program: &Program, profile: &str) -> Result<Option<Empty>> {
    let form = program.target.form;
    if form == Form::Staticlib {
        // Its consumer begins with an empty C program, which has nothing of Rust. The note about the archive says how large that is.
        return Ok(None);
    }
    let symbols = crates::read(&built(subject, profile, form, Some("none"))?)?;
    let binary = binary::read(&built(subject, profile, form, None)?)?;
    let symbolizer = symbols.map(|code| code.bytes_of(&SYMBOLIZER.map(str::to_owned))).unwrap_or_default();
    Ok(Some(Empty { binary, symbolizer }))
}

/// The parts of a program's file; they sum to it. The part that finds names for backtraces is inside of the floor.
pub(super) fn of(program: &Program, anatomy: &Anatomy, empty: &Empty) -> Vec<FloorPart> {
    let own = program.target.name.replace('-', "_");
    let code = |chosen: &dyn Fn(&str) -> bool| -> u64 {
        let functions = anatomy.code.iter().flat_map(|code| &code.functions);
        functions.filter(|function| chosen(&function.krate)).map(|function| function.bytes).sum()
    };
    let code = Code {
        own: signed(code(&|krate| krate == own)),
        dependencies: signed(code(&|krate| krate != own && !krate.starts_with('[') && !anatomy.is_std(krate))),
        symbolizer: signed(empty.symbolizer),
    };
    parts(&empty.binary, program.target.form, anatomy, &code)
}

/// Builds an empty program, or an empty library, with a profile's settings, with its symbols if that is asked for.
fn built(subject: &Subject, profile: &str, form: Form, strip: Option<&str>) -> Result<PathBuf> {
    let floor = if form == Form::Executable { "floor".to_owned() } else { format!("floor-{}", form.name()) };
    let folder = subject.out_dir.join("size-workshop").join(floor);
    let config = settings(subject, profile, strip, &folder);
    let source = if form == Form::Executable { "fn main() {}\n" } else { "" };
    let empty = Tiny { name: "floor", source, form, profile: "release", config: &config };
    tiny::kept(&subject.cargo, &subject.compiler, &folder, &empty)
}

/// A profile's settings as Cargo's arguments, for a small program in a folder of ours that is built with `release`; with a `strip` of
/// our own if that is asked for.
pub(super) fn settings(subject: &Subject, profile: &str, strip: Option<&str>, folder: &Path) -> Vec<OsString> {
    let settings = SETTINGS.iter().filter_map(|key| {
        let value = subject.value(profile, key)?;
        let value = if *key == "strip" { strip.map_or(value, Into::into) } else { value };
        Some(format!("profile.release.{key}={value}"))
    });
    let mut config: Vec<OsString> = settings.flat_map(|setting| ["--config".into(), setting.into()]).collect();
    config.extend(subject.target_args());
    config.extend(rebuilt_std(&subject.cargo.cwd, folder));
    config
}

/// What a crate's configuration says of std, for an empty program in a folder that this configuration doesn't reach.
fn rebuilt_std(krate: &Path, folder: &Path) -> Vec<OsString> {
    if folder.starts_with(krate) {
        return Vec::new();
    }
    let of_std = |setting: &configuration::Setting| setting.key.starts_with("unstable.build-std");
    let settings = configuration::settings(krate).into_iter().filter(of_std);
    settings.flat_map(|setting| ["--config".into(), format!("{}={}", setting.key, setting.value).into()]).collect()
}

/// Bytes of machine code with a known owner.
struct Code {
    /// The program's crate.
    own: i64,
    /// The crates that it uses.
    dependencies: i64,
    /// What finds names for backtraces in the empty program.
    symbolizer: i64,
}

/// The empty program, and what this one has more, by kind.
fn parts(empty: &Binary, form: Form, anatomy: &Anatomy, code: &Code) -> Vec<FloorPart> {
    let more = |is_kind: &dyn Fn(&str) -> bool| {
        let of = |sections: &[Section]| -> i64 {
            sections.iter().filter(|section| is_kind(&section.name)).map(|section| signed(section.bytes)).sum()
        };
        of(&anatomy.sections) - of(&empty.sections)
    };
    let std_code = more(&is_code) - code.own - code.dependencies;
    let metadata = more(&|name| !is_code(name) && !is_data(name));
    let part = |name: &str, bytes: i64, inside: bool, what: &str| FloorPart {
        name: name.to_owned(),
        bytes,
        inside,
        what: what.to_owned(),
    };
    let mut parts = vec![part(
        "the floor",
        signed(empty.bytes),
        false,
        match form {
            Form::Executable => "an empty program with the same settings; nothing on stable removes it",
            _ => "an empty library with the same settings; nothing on stable removes it",
        },
    )];
    if anatomy.code.is_some() {
        parts.extend([
            part("including names for backtraces", code.symbolizer, true, "code of std that a panic may need"),
            part("dependencies", code.dependencies, false, "code of the crates it uses"),
            part("its own code", code.own, false, "code of the program's crate"),
            part(
                "other code of std",
                std_code,
                false,
                "what an empty program doesn't need, and gaps between functions",
            ),
        ]);
    } else {
        // As for a program that MSVC's linker made, whose symbols are in another file.
        parts.push(part(
            "other code",
            std_code,
            false,
            "of the program, its dependencies, and std, which can't be told apart",
        ));
    }
    parts.extend([
        part("constants", more(&is_data), false, "strings, tables, initial values of variables"),
        part("metadata", metadata, false, "symbols, unwind tables, relocations, headers"),
    ]);
    parts
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A section's name; Mach-O has the segment's before it.
fn plain(section: &str) -> &str {
    section.rsplit(',').next().unwrap_or(section)
}

fn is_code(section: &str) -> bool {
    matches!(plain(section), ".text" | "__text")
}

fn is_data(section: &str) -> bool {
    let known = [".rodata", ".data", ".tdata", ".rdata", "__const", "__cstring", "__data", "__literal"];
    known.iter().any(|start| plain(section).starts_with(start))
}
