//! Takes an executable apart: every byte of the file by section, every byte of code by function. A file without symbols
//! is read through its twin: the same build with its symbols left in, in a folder of its own.

pub mod delta;

use crate::cargo::Script;
use crate::measure::apart;
use crate::measure::binary::{self, Section};
use crate::measure::crates::{self, Code, Natives, Owners};
use crate::measure::file;
use crate::subject::{Made, Program, Subject, consumer};
use anyhow::Result;
use base::files;
use base::numbers::thousands;
use std::path::{Path, PathBuf};

/// An executable, taken apart.
#[derive(Clone, Debug)]
pub struct Anatomy {
    /// What it is called: a profile, or the name of a file.
    pub name: String,
    /// The file that was measured.
    pub path: PathBuf,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Its parts; they sum to `file_bytes`.
    pub sections: Vec<Section>,
    /// What its machine code is called, and its bytes.
    pub text: Section,
    /// The objects of an archive.
    pub members: Vec<Section>,
    /// What the file is, such as `ELF, x86-64`.
    pub format: String,
    /// Its code by function; `None` if nothing tells whose it is.
    pub code: Option<Code>,
    /// Why nothing tells it.
    pub unknown: Option<String>,
    /// What the reader of this should know.
    pub notes: Vec<String>,
}

/// Where the names of functions come from, besides the file itself.
enum Names<'a> {
    /// Nowhere.
    OfFile,
    /// The static libraries of its build.
    OfBuild(&'a Natives),
    /// A file of symbols.
    Apart(&'a Path),
}

impl Anatomy {
    /// Takes a file apart as it is.
    ///
    /// # Errors
    /// When it cannot be read, or is no executable that is understood.
    pub fn of_file(name: &str, path: &Path) -> Result<Self> {
        Self::of_part(name, path, None)
    }

    /// Takes a file apart as it is; of a universal file the part for a kind of processor.
    ///
    /// # Errors
    /// When it cannot be read, or is no executable that is understood.
    pub fn of_part(name: &str, path: &Path, arch: Option<&str>) -> Result<Self> {
        Self::of_source(name, path, arch, &Names::OfFile)
    }

    /// Takes a program apart whose symbols are in a file of their own.
    ///
    /// # Errors
    /// When one of the two cannot be read, or the symbols are those of another build.
    pub fn of_apart(name: &str, path: &Path, arch: Option<&str>, symbols: &Path) -> Result<Self> {
        Self::of_source(name, path, arch, &Names::Apart(symbols))
    }

    fn of_source(name: &str, path: &Path, arch: Option<&str>, names: &Names<'_>) -> Result<Self> {
        let data = file::read_for(path, arch)?;
        binary::check_whole(&data).map_err(|error| binary::not_understood(path, &error))?;
        let binary = binary::parse(&data).map_err(|error| binary::not_understood(path, &error))?;
        let mut notes = Vec::new();
        let owners = match names {
            Names::OfFile => crates::owners(&data),
            Names::OfBuild(natives) => crates::owners_with(&data, natives),
            Names::Apart(symbols) => {
                let apart::Symbols { content, note } = apart::read(symbols, path, &data)?;
                notes.push(note);
                crates::owners_apart(&data, &content)
            }
        };
        let (code, unknown) = match owners.map_err(|error| binary::not_understood(path, &error))? {
            Owners::Known(code) => (Some(code), None),
            Owners::Unknown(why) => (None, Some(why)),
        };
        if let Some((arch, whole)) = &data.chosen {
            notes.push(format!(
                "this is the part for {arch} of a universal file of {} bytes; choose another one with --arch",
                thousands(*whole)
            ));
        }
        if !binary.members.is_empty() {
            notes.push(format!(
                "this is {}: the sums are over all of them, and a linker takes only those that a program needs",
                binary.format
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            file_bytes: binary.bytes,
            sections: binary.sections,
            text: binary.text,
            members: binary.members,
            format: binary.format,
            code,
            unknown,
            notes,
        })
    }

    /// Bytes of machine code.
    pub fn text_bytes(&self) -> u64 {
        self.code.as_ref().map_or(self.text.bytes, |code| code.text_bytes)
    }
}

/// Builds a program and takes it apart.
///
/// # Errors
/// When the build fails, or the file is not understood.
pub fn build(subject: &Subject, program: &Program, profile: &str) -> Result<Anatomy> {
    let taken_apart = |name: &str, path: &Path, scripts: &[Script]| {
        Anatomy::of_source(name, path, None, &Names::OfBuild(&Natives::of(scripts)))
    };
    let (made, scripts) = executable(subject, program, profile, None)?;
    let mut anatomy = taken_apart(subject.shown(profile), &made.path, &scripts)?;
    if let Some(bytes) = made.archive_bytes() {
        let empty = binary::read(&consumer::empty(subject)?)?.bytes;
        anatomy.notes.push(format!(
            "{} is {} bytes; linked into a C program (by itself {} bytes) that refers to everything that it exports, it is this \
             file of {}, stripped as the profile says",
            base::diagnostic::shown(&made.source).display(),
            thousands(bytes),
            thousands(empty),
            thousands(anatomy.file_bytes)
        ));
    }
    if anatomy.code.is_none() {
        let folder = subject.out_dir.join("size-workshop").join("twin");
        let (twin, scripts) = executable(subject, program, profile, Some(&folder))?;
        let twin = taken_apart(profile, &twin.path, &scripts)?;
        anatomy.notes.push(note(&anatomy, &twin));
        anatomy.code = twin.code;
    }
    Ok(anatomy)
}

/// Builds a program, and tells the bytes of its file.
///
/// # Errors
/// When the build fails, or the file is not understood.
pub fn file_bytes(subject: &Subject, program: &Program, profile: &str) -> Result<u64> {
    Ok(file_built(subject, program, profile)?.1)
}

/// Builds a program: its file, and the bytes of that.
///
/// # Errors
/// When the build fails, or the file is not understood.
pub fn file_built(subject: &Subject, program: &Program, profile: &str) -> Result<(PathBuf, u64)> {
    let file = executable(subject, program, profile, None)?.0.path;
    let bytes = binary::read(&file)?.bytes;
    Ok((file, bytes))
}

/// The same with some settings of the profile changed, as for `--config`, in a folder of its own: what is built as it is stays.
///
/// # Errors
/// When the build fails, or the file is not understood.
pub fn file_bytes_with(subject: &Subject, program: &Program, profile: &str, settings: &[String]) -> Result<u64> {
    let mut order = subject.order(program, profile);
    order.extra.extend(settings.iter().flat_map(|setting| ["--config".into(), setting.into()]));
    order.target_dir = Some(subject.out_dir.join("size-workshop").join("changed"));
    let built = subject.cargo.build(&order)?;
    Ok(binary::read(&subject.made(program, &built, &subject.build_dir)?.path)?.bytes)
}

fn note(stripped: &Anatomy, twin: &Anatomy) -> String {
    if twin.code.is_none() {
        let why = twin.unknown.as_deref().unwrap_or("the file has no symbols");
        return format!("only sections are known, even with `strip = \"none\"`: {why}");
    }
    let (own, other) = (stripped.text_bytes(), twin.text_bytes());
    if own == other {
        return format!(
            "the file is stripped; whose code it is was read from a twin with symbols, whose code is as large ({} bytes)",
            thousands(own)
        );
    }
    format!(
        "the file is stripped; whose code it is was read from a twin with symbols, which has {} bytes of code, not {}: shares are close, bytes are the twin's",
        thousands(other),
        thousands(own)
    )
}

/// The executable of a profile with the build scripts behind it; with a folder its twin, which keeps its symbols.
fn executable(subject: &Subject, program: &Program, profile: &str, twin: Option<&Path>) -> Result<(Made, Vec<Script>)> {
    let mut order = subject.order(program, profile);
    let mut cargo = subject.cargo.clone();
    if let Some(folder) = twin {
        order.extra.extend(["--config".into(), format!("profile.{}.strip=\"none\"", order.profile).into()]);
        order.target_dir = Some(folder.to_owned());
        order.record = order.record.map(|_| folder.to_owned());
        cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(folder.into()));
        files::check_writable(folder)?;
    }
    let built = cargo.build(&order)?;
    Ok((subject.made(program, &built, twin.unwrap_or(&subject.build_dir))?, built.scripts))
}
