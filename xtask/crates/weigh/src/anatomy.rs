//! Takes an executable apart: every byte of the file by section, every byte of code by function. A file without symbols
//! is read through its twin: the same build with its symbols left in, in a folder of its own.

pub mod delta;
mod pair;
mod twin;
pub mod whole;

use crate::cargo::Built;
use crate::measure::apart;
use crate::measure::binary::{self, Content, Section};
use crate::measure::crates::{self, Code, Natives, Owners};
use crate::measure::file;
use crate::measure::reasons::{Crates, Reasons};
use crate::subject::{Made, Program, Subject, consumer};
use anyhow::Result;
use base::numbers::thousands;
use base::queue::joined;
use pair::{Kept, Pair, Stamp};
use std::path::{Path, PathBuf};
use std::thread;
use twin::Linked;

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
    /// Why each of its bytes is there, where that was asked for and could be found out.
    pub reasons: Option<Reasons>,
    /// Why it couldn't: the end of a sentence.
    pub unexplained: Option<String>,
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
    /// When it cannot be read, or isn't a supported executable.
    pub fn of_file(name: &str, path: &Path) -> Result<Self> {
        Self::of_part(name, path, None)
    }

    /// Takes a file apart as it is; of a universal file the part for a kind of processor.
    ///
    /// # Errors
    /// When it cannot be read, or isn't a supported executable.
    pub fn of_part(name: &str, path: &Path, arch: Option<&str>) -> Result<Self> {
        Self::of_source(name, path, arch, &Names::OfFile)
    }

    /// Takes a program apart whose symbols are in a file of their own.
    ///
    /// # Errors
    /// When one of the two cannot be read, or the symbols are from a different build.
    pub fn of_apart(name: &str, path: &Path, arch: Option<&str>, symbols: &Path) -> Result<Self> {
        Self::of_source(name, path, arch, &Names::Apart(symbols))
    }

    fn of_source(name: &str, path: &Path, arch: Option<&str>, names: &Names<'_>) -> Result<Self> {
        Self::of_content(name, path, &file::read_for(path, arch)?, names)
    }

    fn of_content(name: &str, path: &Path, data: &Content, names: &Names<'_>) -> Result<Self> {
        binary::check_whole(data).map_err(|error| binary::not_understood(path, &error))?;
        let binary = binary::parse(data).map_err(|error| binary::not_understood(path, &error))?;
        let mut notes = Vec::new();
        let owners = match names {
            Names::OfFile => crates::owners(data),
            Names::OfBuild(natives) => crates::owners_with(data, natives),
            Names::Apart(symbols) => {
                let apart::Symbols { content, note } = apart::read(symbols, path, data)?;
                notes.push(note);
                crates::owners_apart(data, &content)
            }
        };
        let (code, unknown) = match owners.map_err(|error| binary::not_understood(path, &error))? {
            Owners::Known(code) => (Some(code), None),
            Owners::Unknown(why) => (None, Some(why)),
        };
        if let Some((arch, whole)) = &data.chosen {
            notes.push(format!(
                "this is the {arch} part of a universal file of {} bytes; to choose a different part, use --arch",
                thousands(*whole)
            ));
        }
        if !binary.members.is_empty() {
            notes.push(format!(
                "this is {}: the totals cover all of them, but a linker uses only what a program needs",
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
            reasons: None,
            unexplained: None,
            notes,
        })
    }

    /// Takes a file apart as it is, and finds out why its bytes are there, if it has its relocations.
    ///
    /// # Errors
    /// When it cannot be read, or isn't a supported executable.
    pub fn of_part_with_reasons(name: &str, path: &Path, arch: Option<&str>) -> Result<Self> {
        let data = file::read_for(path, arch)?;
        let mut anatomy = Self::of_content(name, path, &data, &Names::OfFile)?;
        match Reasons::of(&anatomy.sections, &data, &data, &Natives::default(), &Crates::default()) {
            Ok(Ok(reasons)) => (anatomy.code, anatomy.reasons) = (Some(reasons.code()), Some(reasons)),
            Ok(Err(why)) => anatomy.unexplained = Some(why),
            Err(error) => anatomy.unexplained = Some(format!("its relocations are inconsistent: {error}")),
        }
        Ok(anatomy)
    }

    /// Whether a crate of it is the standard library's, or one inside that.
    pub fn is_std(&self, krate: &str) -> bool {
        match &self.reasons {
            Some(reasons) => reasons.is_std(krate),
            None => crates::is_std(krate) && !krate.starts_with('['),
        }
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
    let mut anatomy = as_built(subject, program, profile)?;
    if anatomy.code.is_none() {
        twin::add_symbols(&mut anatomy, subject, program, profile)?;
    }
    Ok(anatomy)
}

/// Builds a program, takes it apart, and finds out from its twin why each of its bytes is there. Where that can't be had, it is
/// [`build`].
///
/// # Errors
/// When the build fails, or the file is not understood.
pub fn explained(subject: &Subject, program: &Program, profile: &str) -> Result<Anatomy> {
    let asked = twin::asked(subject, program, profile);
    let linked = || twin::linked(subject, program, &asked);
    let pair = Pair::of(subject, program, &asked);
    let kept = pair.kept(subject);
    let mut anatomy = thread::scope(|scope| {
        // Both are read while Cargo finds out whether they are up to date.
        let early = kept.as_ref().map(|kept| scope.spawn(|| of_pair(kept, subject.shown(profile))));
        // Both are built at once, where both are likely to be there already. Else the first one tells what is wrong.
        let twin = (kept.is_none() && twin::was_linked(subject, program)).then(|| scope.spawn(linked));
        let is_at_once = twin.is_some();
        let (built, made) = made(subject, program, profile)?;
        if let (Some(kept), Some(early)) = (&kept, early)
            && made.fresh
            && kept.is_of(&made.path, &built.scripts)
        {
            return joined(early);
        }
        let own = Stamp::of(&made.path);
        let mut anatomy = of_made(subject, profile, &built, &made)?;
        let twin = || match twin {
            Some(twin) => joined(twin),
            None => linked(),
        };
        if let Some(linked) = twin::add_reasons(&mut anatomy, twin)?
            // A twin that is built after its program has no older sources than that.
            && (!is_at_once || made.fresh && linked.fresh)
        {
            pair.keep(own, &built, linked);
        }
        Ok::<_, anyhow::Error>(anatomy)
    })?;
    if anatomy.code.is_none() {
        twin::add_symbols(&mut anatomy, subject, program, profile)?;
    }
    Ok(anatomy)
}

/// Whether [`explained`] has been asked of this program before, with some profile, so that it is likely to compile nothing.
pub fn was_explained(subject: &Subject, program: &Program) -> bool {
    twin::was_linked(subject, program)
}

/// Builds a program and takes it apart as it is, so nothing may tell whose its code is.
///
/// # Errors
/// When the build fails, or the file is not understood.
pub fn as_built(subject: &Subject, program: &Program, profile: &str) -> Result<Anatomy> {
    let (built, made) = made(subject, program, profile)?;
    of_made(subject, profile, &built, &made)
}

/// A program and its twin as an earlier call has built them.
fn of_pair(kept: &Kept, name: &str) -> Result<Anatomy> {
    let natives = Natives::of(&kept.scripts);
    let mut anatomy = Anatomy::of_source(name, &kept.own.path, None, &Names::OfBuild(&natives))?;
    twin::add_reasons(&mut anatomy, || Ok(Linked::kept(kept, natives)))?;
    Ok(anatomy)
}

fn made(subject: &Subject, program: &Program, profile: &str) -> Result<(Built, Made)> {
    let built = subject.cargo.build(&subject.order(program, profile))?;
    let made = subject.made(program, &built, &subject.build_dir)?;
    Ok((built, made))
}

fn of_made(subject: &Subject, profile: &str, built: &Built, made: &Made) -> Result<Anatomy> {
    let natives = Natives::of(&built.scripts);
    let mut anatomy = Anatomy::of_source(subject.shown(profile), &made.path, None, &Names::OfBuild(&natives))?;
    if let Some(bytes) = made.archive_bytes() {
        let empty = binary::read(&consumer::empty(subject)?)?.bytes;
        anatomy.notes.push(format!(
            "{} is {} bytes. To measure it, it was linked into a C program ({} bytes without it) that refers to everything it exports; the result is {} bytes, stripped as the profile specifies",
            base::diagnostic::shown(&made.source).display(),
            thousands(bytes),
            thousands(empty),
            thousands(anatomy.file_bytes)
        ));
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
    let file = made(subject, program, profile)?.1.path;
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
