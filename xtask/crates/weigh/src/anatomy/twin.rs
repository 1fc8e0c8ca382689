//! Twins of a program: the same build with what the program itself doesn't keep, in a folder of its own. Nothing that is measured
//! is overwritten.

use super::pair::Kept;
use super::{Anatomy, Names};
use crate::cargo::{Build, Built, Cargo, Form};
use crate::measure::binary::archive;
use crate::measure::crates::{Natives, crate_in, may_be_in_std};
use crate::measure::file;
use crate::measure::reasons::{CrateId, Crates, Reasons};
use crate::subject::{Made, Program, Subject};
use anyhow::Result;
use base::files;
use base::numbers::thousands;
use base::queue::joined;
use object::{Object as _, ObjectSymbol as _};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

/// The option of the C compiler for a linker that keeps the relocations. LLD, GNU ld, and mold have it.
const RELOCATIONS: &str = "-Wl,--emit-relocs";

/// What a twin must keep to say why its parts are there: the relocations, and names with the crates of all types in them. Its
/// debug information says which code was put into which function.
const FLAGS: [&str; 4] = ["-C", "symbol-mangling-version=v0", "-C", "link-arg=-Wl,--emit-relocs"];

/// The folder of twins with relocations.
pub(super) const REASONS: &str = "reasons";

/// Adds the owners of a stripped file's code, read from a twin with symbols.
pub(super) fn add_symbols(anatomy: &mut Anatomy, subject: &Subject, program: &Program, profile: &str) -> Result<()> {
    let order = subject.order(program, profile);
    let (made, built) = twin(subject, program, "twin", order, subject.cargo.clone(), "none", &[])?;
    let twin = Anatomy::of_source(profile, &made.path, None, &Names::OfBuild(&Natives::of(&built.scripts)))?;
    anatomy.notes.push(note(anatomy, &twin));
    anatomy.code = twin.code;
    Ok(())
}

/// A twin with relocations, and what is known of its crates.
pub(super) struct Linked {
    /// Its file.
    pub file: PathBuf,
    /// The functions of its static libraries.
    natives: Natives,
    /// Its crates.
    pub crates: Result<Crates>,
    /// Cargo had nothing to do for it.
    pub fresh: bool,
    /// Std was compiled with it.
    pub has_std: bool,
}

impl Linked {
    /// One that an earlier call has built. The static libraries are the same as the program's.
    pub(super) fn kept(kept: &Kept, natives: Natives) -> Self {
        Self { file: kept.twin.path.clone(), natives, crates: Ok(kept.crates.clone()), fresh: true, has_std: false }
    }
}

/// Whether the twin with relocations was built before, so that building it takes a moment.
pub(super) fn was_linked(subject: &Subject, program: &Program) -> bool {
    // What links an archive writes to files of its own.
    program.target.form != Form::Staticlib && folder(subject, REASONS).is_dir()
}

/// What Cargo is asked for to get the twin with relocations, and which Cargo.
pub(super) fn asked(subject: &Subject, program: &Program, profile: &str) -> (Build, Cargo) {
    let mut order = subject.order(program, profile);
    let lines = ["debug=\"limited\"", "split-debuginfo=\"off\""];
    for line in lines.map(|line| format!("profile.{}.{line}", order.profile)) {
        order.extra.extend(["--config".into(), line.into()]);
    }
    let mut cargo = subject.cargo.clone();
    let (args, variable) = cargo.further_flags(subject.built_for(), &FLAGS);
    order.extra.extend(args);
    cargo.env.extend(variable.map(|(name, value)| (name, Some(value))));
    (order, cargo)
}

/// Builds the twin with relocations.
///
/// # Errors
/// When the build fails.
pub(super) fn linked(subject: &Subject, program: &Program, (order, cargo): &(Build, Cargo)) -> Result<Linked> {
    thread::scope(|scope| {
        // Most programs have a crate that std has as well, and rustc takes half as long to answer as Cargo.
        let libraries = scope.spawn(|| libraries_of_the_toolchain(subject));
        let (made, built) = twin(subject, program, REASONS, order.clone(), cargo.clone(), "none", &[RELOCATIONS])?;
        let libraries = || joined(libraries);
        Ok(Linked {
            file: made.path,
            natives: Natives::of(&built.scripts),
            crates: known(&built, libraries),
            fresh: made.fresh,
            has_std: !built.std.is_empty(),
        })
    })
}

/// Adds the reasons of a file, read from its twin with relocations, which it returns. Where there is none, it says why.
pub(super) fn add_reasons(anatomy: &mut Anatomy, linked: impl FnOnce() -> Result<Linked>) -> Result<Option<Linked>> {
    if !anatomy.format.starts_with("ELF") {
        anatomy.unexplained = Some(format!("that requires an ELF file, and this is {}", anatomy.format));
        return Ok(None);
    }
    let mut linked = match linked() {
        Ok(linked) => linked,
        // What was built as it is could be built, so it is the linker, or what the flags are for.
        Err(error) => {
            anatomy.unexplained = Some(refused(&format!("{error:#}")));
            return Ok(None);
        }
    };
    let crates = linked.crates?;
    let (data, twin) = (file::read(&anatomy.path)?, file::read(&linked.file)?);
    match Reasons::of(&anatomy.sections, &data, &twin, &linked.natives, &crates) {
        Ok(Ok(reasons)) => explain(anatomy, reasons),
        Ok(Err(why)) => anatomy.unexplained = Some(why),
        Err(error) => anatomy.unexplained = Some(format!("the relocations of its twin are inconsistent: {error}")),
    }
    linked.crates = Ok(crates);
    Ok(Some(linked))
}

/// Why there is no twin, from a failed build's words.
fn refused(error: &str) -> String {
    let said = said(error);
    // Another step than linking fails for another reason, such as a disk that is full.
    if error.contains("error: ") && !error.contains("error: linking with ") {
        return format!("building it again, with its relocations, failed: {said}");
    }
    format!("the build with `-C {}` failed (LLD, GNU ld, and mold know this option): {said}", FLAGS[3])
}

/// What matters of a failed build's words: what the linker says, which is rustc's last remark; else the first error with its cause,
/// or the first line.
fn said(error: &str) -> String {
    if let Some(remark) = error.lines().rev().find_map(|line| line.trim_start().strip_prefix("= note: ")) {
        return remark.trim().to_owned();
    }
    let first = error.lines().find_map(|line| line.strip_prefix("error: ")).or_else(|| error.lines().next());
    let cause = error.split_once("Caused by:").and_then(|(_, rest)| rest.lines().find(|line| !line.trim().is_empty()));
    first.into_iter().chain(cause).map(str::trim).collect::<Vec<_>>().join(": ")
}

fn explain(anatomy: &mut Anatomy, reasons: Reasons) {
    let mut code = reasons.code();
    // The file's own number, unless the functions of the twin have no room in it.
    let named: u64 = code.functions.iter().map(|function| function.bytes).sum();
    if named <= anatomy.text.bytes {
        code.text_bytes = anatomy.text.bytes;
    }
    let difference = reasons.difference();
    if difference != 0 {
        anatomy.notes.push(format!(
            "the bytes of each part come from a second build that keeps its relocations (a twin); its sections are {} bytes {} in total",
            thousands(difference.unsigned_abs()),
            if difference > 0 { "smaller" } else { "larger" }
        ));
    }
    (anatomy.code, anatomy.reasons) = (Some(code), Some(reasons));
}

/// A crate's name, as code knows it, and its library.
type Library = (String, PathBuf);

/// The crates of a build, told from those inside the standard library, whose libraries the toolchain has.
fn known(built: &Built, of_toolchain: impl FnOnce() -> Result<Vec<Library>>) -> Result<Crates> {
    let compiled: BTreeMap<String, String> = built.crates.iter().cloned().collect();
    let mut inside_std = BTreeSet::new();
    let any_in_both = compiled.keys().any(|name| may_be_in_std(name));
    let libraries = match (any_in_both, built.std.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => of_toolchain()?,
        (true, false) => built.std.clone(),
    };
    for (name, library) in libraries.into_iter().filter(|(name, _)| compiled.contains_key(name)) {
        inside_std.extend(number_of(&library, &name).map(|number| CrateId { name, number }));
    }
    Ok(Crates { compiled, inside_std })
}

/// The crates of std as the toolchain brings it, with their libraries.
fn libraries_of_the_toolchain(subject: &Subject) -> Result<Vec<Library>> {
    let folder = subject.cargo.library_folder(subject.built_for())?;
    let entries = folder.into_iter().flat_map(fs::read_dir).flatten().flatten();
    let named = entries.filter_map(|entry| {
        let file = entry.file_name().to_string_lossy().into_owned();
        let (name, _) = file.strip_suffix(".rlib")?.strip_prefix("lib")?.rsplit_once('-')?;
        Some((name.to_owned(), entry.path()))
    });
    Ok(named.collect())
}

/// The number of a compiled crate, from the first of its symbols.
fn number_of(library: &Path, name: &str) -> Option<u64> {
    let data = fs::read(library).ok()?;
    let members = archive::objects(&data).ok()?;
    members.into_iter().find_map(|member| {
        let file = object::File::parse(member.data).ok()?;
        let of_crate = |symbol: &str| crate_in(symbol).filter(|krate| krate.0 == name).map(|krate| krate.1);
        file.symbols().find_map(|symbol| of_crate(symbol.name().ok()?))
    })
}

fn note(stripped: &Anatomy, twin: &Anatomy) -> String {
    if twin.code.is_none() {
        let why = twin.unknown.as_deref().unwrap_or("the file has no symbols");
        return format!("only sections are known, even with `strip = \"none\"`: {why}");
    }
    let (own, other) = (stripped.text_bytes(), twin.text_bytes());
    if own == other {
        return format!(
            "the file is stripped, so its names come from a second build that keeps its symbols (a twin); the twin's code is the same size ({} bytes)",
            thousands(own)
        );
    }
    format!(
        "the file is stripped, so its names come from a second build that keeps its symbols (a twin). The twin's code is {} bytes, not {}, so byte counts are the twin's, and percentages are approximate",
        thousands(other),
        thousands(own)
    )
}

/// A folder for twins.
pub(super) fn folder(subject: &Subject, name: &str) -> PathBuf {
    subject.out_dir.join("size-workshop").join(name)
}

/// Builds a program again, in its own folder, with this for `strip`, and these options where a C compiler links.
fn twin(
    subject: &Subject,
    program: &Program,
    folder: &str,
    mut order: Build,
    mut cargo: Cargo,
    strip: &str,
    options: &[&str],
) -> Result<(Made, Built)> {
    let folder = self::folder(subject, folder);
    order.extra.extend(["--config".into(), format!("profile.{}.strip=\"{strip}\"", order.profile).into()]);
    order.target_dir = Some(folder.clone());
    order.record = order.record.map(|_| folder.clone());
    cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(folder.clone().into()));
    files::check_writable(&folder)?;
    let built = cargo.build(&order)?;
    Ok((subject.made_with(program, &built, &folder, options)?, built))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linker_is_blamed_for_what_it_says_only() {
        let start = "`cargo build --profile release` failed (exit code 101):\n";
        let linking =
            "error: linking with `cc` failed: exit status: 1\n  = note:  \"cc\" \"x.o\"\n  = note: ld: unknown option";
        assert_eq!(
            refused(&format!("{start}{linking}\nerror: could not compile `a`")),
            "the build with `-C link-arg=-Wl,--emit-relocs` failed (LLD, GNU ld, and mold know this option): ld: unknown option"
        );
        let full = "error: failed to write `/t/a`\n\nCaused by:\n  No space left on device (os error 28)";
        assert_eq!(
            refused(&format!("{start}{full}")),
            "building it again, with its relocations, failed: failed to write `/t/a`: No space left on device (os error 28)"
        );
    }
}
