//! Symbols that are in a file of their own: what `objcopy --only-keep-debug` has kept of a program before `strip`, and macOS' dSYM
//! bundles. Those of another build would name other functions at the same addresses, so they are refused.

use super::binary;
use super::file::kind;
use super::file::{self, Content};
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::hex;
use object::{Object as _, ObjectSection as _, SectionKind};
use std::fs;
use std::path::{Path, PathBuf};

/// A file of symbols that belongs to a program.
pub struct Symbols {
    /// Its bytes.
    pub content: Content,
    /// How it is known to be of the same build.
    pub note: String,
}

/// Reads the symbols of a program, whose own bytes are known.
///
/// # Errors
/// When they cannot be read, are from a different build, or have no names of functions.
pub fn read(symbols: &Path, program: &Path, data: &[u8]) -> Result<Symbols> {
    let parsed = match kind::of(data) {
        Ok(kind::Kind::Archive | kind::Kind::Wasm) => None,
        _ => Some(object::File::parse(data).map_err(|error| binary::not_understood(program, &error))?),
    };
    let Some(parsed) = parsed else {
        let message =
            format!("{} keeps its own symbols: --symbols is for ELF, Mach-O and PE programs", program.display());
        bail!(Failure::new(Exit::Usage, message).help("leave --symbols out"));
    };
    let arch = kind::thin(data);
    let path = in_bundle(symbols, program)?;
    // Of a file with one part only, the comparison below tells whether it fits.
    let content = match file::read_symbols(&path, arch.as_deref()) {
        Ok(content) => content,
        Err(_) if arch.is_some() => file::read_symbols(&path, None)?,
        Err(error) => return Err(error),
    };
    let theirs = object::File::parse(&*content).map_err(|error| binary::not_understood(&path, &error))?;
    // It lies where nothing of the program does, so this is said first.
    if is_split(&theirs) {
        bail!(no_names(&path, &theirs));
    }
    let note = belongs(&path, &theirs, program, &parsed)?;
    if !theirs.symbols().any(|symbol| object::ObjectSymbol::is_definition(&symbol)) {
        bail!(no_names(&path, &theirs));
    }
    Ok(Symbols { content, note })
}

/// The file in a dSYM bundle; another path as it is.
fn in_bundle(symbols: &Path, program: &Path) -> Result<PathBuf> {
    let folder = symbols.join("Contents").join("Resources").join("DWARF");
    if !folder.is_dir() {
        return Ok(symbols.to_owned());
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let namesake = files.iter().find(|file| file.file_name() == program.file_name());
    match (namesake, files.as_slice()) {
        (Some(file), _) | (None, [file]) => Ok(file.clone()),
        _ => bail!(
            Failure::new(Exit::Usage, format!("can't tell which file in {} belongs to the program", folder.display()))
                .help("pass the file itself, below Contents/Resources/DWARF of the bundle")
        ),
    }
}

/// Makes sure that symbols are of the same build as a program. Says how that is known.
fn belongs(path: &Path, symbols: &object::File<'_>, program: &Path, of: &object::File<'_>) -> Result<String> {
    let (shown, name) = (path.display(), program.display());
    let refused = |why: String| {
        Failure::new(Exit::Usage, format!("{shown} isn't from the same build as {name}: {why}")).help(
            "pass the file that was made from this very program, or build both again; each build has its own symbols",
        )
    };
    if symbols.format() != of.format() || symbols.architecture() != of.architecture() {
        let kind = |file: &object::File<'_>| format!("{:?} for {:?}", file.format(), file.architecture());
        bail!(refused(format!("it is {}, and the program {}", kind(symbols), kind(of))));
    }
    match (build_id(symbols), build_id(of)) {
        (Some(theirs), Some(own)) if theirs == own => {
            Ok(format!("the symbols are from {shown}, whose build ID is the program's"))
        }
        (Some(theirs), Some(own)) => bail!(refused(format!("its build ID is {theirs}, and the program's is {own}"))),
        // Without one in both, sections of machine code that begin and end alike are as much as can be known.
        _ if has_code_of(symbols, of) => Ok(format!(
            "the symbols are from {shown}; there is no build ID to compare, but its sections of code lie where the program's do"
        )),
        _ => bail!(refused("its sections of code lie elsewhere".to_owned())),
    }
}

/// What the linker has given to this very build.
fn build_id(file: &object::File<'_>) -> Option<String> {
    let id = file.build_id().ok().flatten().map(<[u8]>::to_vec);
    id.or_else(|| file.mach_uuid().ok().flatten().map(|uuid| uuid.to_vec())).map(|id| hex(&id))
}

/// Whether every section of a program's machine code is at the same place. A file of symbols has them without their bytes, and so
/// not as code.
fn has_code_of(symbols: &object::File<'_>, program: &object::File<'_>) -> bool {
    let mut sections = program.sections().filter(|section| section.kind() == SectionKind::Text).peekable();
    sections.peek().is_some()
        && sections.all(|section| {
            let namesake = section.name().ok().and_then(|name| symbols.section_by_name(name));
            namesake.is_some_and(|other| (other.address(), other.size()) == (section.address(), section.size()))
        })
}

/// Whether a file is what `split-debuginfo` leaves beside a program.
fn is_split(file: &object::File<'_>) -> bool {
    let is_of_split = |name: &str| name.ends_with(".dwo") || name == ".debug_cu_index";
    file.sections().any(|section| section.name().is_ok_and(is_of_split))
}

/// What to say of a file without names.
fn no_names(path: &Path, file: &object::File<'_>) -> Failure {
    let message = match is_split(file) {
        true => format!(
            "{} has split debug information (.dwo, .dwp): lines and types, and no table of the functions' names",
            path.display()
        ),
        false => format!("{} has no symbols", path.display()),
    };
    Failure::new(Exit::Usage, message).help(
        "the names are in the program until `strip` removes them: keep them with `objcopy --only-keep-debug PROGRAM FILE` \
         before that, and give FILE; or measure the program as it was before",
    )
}
