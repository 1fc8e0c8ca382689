//! Reads a program, a library or an object: its sections, and every byte that is in none of them.

pub mod archive;
mod elf;
mod layers;
pub mod macho;
pub mod pe;
pub mod wasm;

use super::file;
pub use super::file::Content;
use super::file::kind::{self, Kind};
use anyhow::Result;
use base::failure::{Exit, Failure};
use layers::{Layers, Part};
use object::read::FileKind;
use object::{BinaryFormat, Object as _, ObjectKind, ObjectSection as _, SectionKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// What is in a program, a library or an object. The sections sum to `bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// Bytes of the file, or of the part of a universal file that was chosen.
    pub bytes: u64,
    /// The parts of the file in the order in which they lie there; `[headers]` and `[padding]` come last.
    pub sections: Vec<Section>,
    /// What its machine code is called, and its bytes: the section `.text`, where there is one.
    pub text: Section,
    /// What it is, such as `ELF, x86-64`.
    pub format: String,
    /// The objects of an archive; none of another file.
    pub members: Vec<Section>,
    /// The compiler that the file names, such as `rustc version 1.95.0 (59807616e 2026-04-14)`.
    pub compiler: Option<String>,
    /// The linker that the file names, such as `LLD 22.1.2`. GNU ld leaves no name.
    pub linker: Option<String>,
}

/// A part of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The section's name, with its segment in a Mach-O file (`__TEXT,__const`); anything else is in brackets, such as
    /// `[headers]`, `[padding]`, `[symbol table]`, `[code signature]`.
    pub name: String,
    /// Bytes in the file; zero for a section that only takes memory, such as `.bss`.
    pub bytes: u64,
}

/// Why the bytes of a file make no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged(pub String);

impl From<object::Error> for Damaged {
    fn from(error: object::Error) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads an executable.
///
/// # Errors
/// When it cannot be read, or isn't a supported executable.
pub fn read(path: &Path) -> Result<Binary> {
    let data = content(path)?;
    parse(&data).map_err(|error| not_understood(path, &error).into())
}

/// All bytes of an executable. A file that does not begin like one is refused before it is read: it may be huge, or a
/// pipe that never ends.
///
/// # Errors
/// When it cannot be read, or isn't an executable.
pub fn content(path: &Path) -> Result<Content> {
    file::read(path)
}

/// The error of a file that begins like an executable, and is damaged.
pub fn not_understood(path: &Path, error: &dyn fmt::Display) -> Failure {
    Failure::new(Exit::Usage, format!("{} isn't an executable that can be read: {error}", path.display()))
        .help("the file begins like one, so it is damaged or cut off: copy, download or build it again")
}

/// The parts of a program, a library or an object that has been read.
///
/// # Errors
/// When it isn't one that is understood.
pub fn parse(data: &[u8]) -> Result<Binary, Damaged> {
    match kind::of(data) {
        Ok(Kind::Archive) => archive::parse(data),
        Ok(Kind::Wasm) => wasm::parse(data),
        _ => of_object(data),
    }
}

/// Refuses a file that ends before its own parts do.
///
/// # Errors
/// Which part is not whole.
pub fn check_whole(data: &[u8]) -> Result<(), Damaged> {
    let end = data.len() as u64;
    let claims = match kind::of(data) {
        Ok(Kind::Archive) => return archive::check_whole(data),
        Ok(Kind::Wasm) => return wasm::parse(data).map(|_| ()),
        Ok(Kind::Elf) => elf::claims(data),
        Ok(Kind::MachO) => {
            let Layers { sections, tables, headers, rest, merge: _ } = macho::parts(data);
            let headers =
                headers.into_iter().map(|(offset, bytes)| Part::new(offset, bytes, "its list of load commands"));
            [sections, tables, rest, headers.collect()].concat()
        }
        _ => pe::claims(data),
    };
    match claims.into_iter().filter(|part| part.bytes > 0 && part.end() > end).max_by_key(Part::end) {
        Some(part) => Err(Damaged(format!(
            "it is cut off: {} should end at byte {}, and the file has {end}",
            part.name,
            part.end()
        ))),
        None => Ok(()),
    }
}

fn of_object(data: &[u8]) -> Result<Binary, Damaged> {
    let file = object::File::parse(data)?;
    let comment = file.section_by_name(".comment").and_then(|section| section.uncompressed_data().ok());
    let comment = comment.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let marks = || comment.split('\0');
    let compiler = marks().find(|mark| mark.starts_with("rustc version ")).map(str::to_owned);
    let linker =
        marks().find_map(|mark| mark.strip_prefix("Linker: ").or_else(|| mark.starts_with("mold ").then_some(mark)));
    // The text in brackets is the revision that the linker was built from.
    let linker = linker.map(|linker| linker.split(" (").next().unwrap_or(linker).to_owned());
    Ok(Binary {
        bytes: data.len() as u64,
        sections: layers(data, &file)?.account(data.len() as u64),
        text: text(&file)?,
        format: format(&file),
        members: Vec::new(),
        compiler,
        linker,
    })
}

/// The parts of an object or a program, by whose word they are.
fn layers(data: &[u8], file: &object::File<'_>) -> Result<Layers, Damaged> {
    let is_object = file.kind() == ObjectKind::Relocatable;
    let mut layers = match file.format() {
        BinaryFormat::MachO => macho::parts(data),
        BinaryFormat::Pe | BinaryFormat::Coff => pe::parts(data),
        _ => elf::parts(data),
    };
    if file.format() != BinaryFormat::MachO {
        for section in file.sections() {
            let (offset, bytes) = section.file_range().unwrap_or_default();
            let name = String::from_utf8_lossy(section.name_bytes()?).into_owned();
            // The table of an ELF file begins with an empty section that has no name.
            if bytes > 0 || !name.is_empty() {
                let name = if is_object { family(&name).to_owned() } else { name };
                layers.sections.push(Part { offset, bytes, name });
            }
        }
    }
    layers.headers = headers(data)?;
    layers.merge = is_object;
    Ok(layers)
}

/// The machine code of a program: the section that is called so, or all that is executable. In an object each function may
/// have a section of its own.
fn text(file: &object::File<'_>) -> Result<Section, Damaged> {
    let sections = text_sections(file);
    let mut bytes = 0;
    for section in &sections {
        bytes += section.data()?.len() as u64;
    }
    let name = match sections.as_slice() {
        [one] => {
            let name = String::from_utf8_lossy(one.name_bytes()?).into_owned();
            match one.segment_name().ok().flatten() {
                Some(segment) => format!("{segment},{name}"),
                None => name,
            }
        }
        _ if file.kind() == ObjectKind::Relocatable && file.format() != BinaryFormat::MachO => ".text".to_owned(),
        _ => "code".to_owned(),
    };
    Ok(Section { name, bytes })
}

/// The sections that count as machine code, in the order of the file.
pub(super) fn text_sections<'data, 'file>(file: &'file object::File<'data>) -> Vec<object::Section<'data, 'file>> {
    if file.kind() != ObjectKind::Relocatable
        && let Some(text) = file.section_by_name(".text")
    {
        // `object` finds the section `__text` of a Mach-O file under this name as well.
        return vec![text];
    }
    file.sections().filter(|section| section.kind() == SectionKind::Text).collect()
}

/// The section that a linker makes of this one: `.text.main` ends up in `.text`, and `.rdata$r` in `.rdata`.
fn family(name: &str) -> &str {
    const FAMILIES: [&str; 22] = [
        ".text",
        ".data.rel.ro",
        ".data",
        ".rodata",
        ".bss",
        ".tdata",
        ".tbss",
        ".gcc_except_table",
        ".init_array",
        ".fini_array",
        ".ctors",
        ".dtors",
        ".eh_frame",
        ".sdata",
        ".sbss",
        ".srodata",
        ".ARM.exidx",
        ".ARM.extab",
        ".rdata",
        ".xdata",
        ".pdata",
        ".debug_types",
    ];
    let relocations =
        [".rela", ".rel"].iter().find(|start| name.strip_prefix(**start).is_some_and(|rest| rest.starts_with('.')));
    let start = relocations.map_or(0, |start| start.len());
    let is_of = |family: &&&str| {
        name[start..].strip_prefix(**family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '$']))
    };
    match FAMILIES.iter().find(is_of) {
        Some(family) => &name[..start + family.len()],
        None => name.split('$').next().filter(|name| !name.is_empty()).unwrap_or(name),
    }
}

/// Whether a file is an object, which a linker makes programs of, or an archive of them.
pub fn is_object(data: &[u8]) -> bool {
    match kind::of(data) {
        Ok(Kind::Archive | Kind::Coff) => true,
        Ok(Kind::Wasm) | Err(_) => false,
        Ok(_) => object::File::parse(data).is_ok_and(|file| file.kind() == ObjectKind::Relocatable),
    }
}

/// What a file is, in words.
fn format(file: &object::File<'_>) -> String {
    let format = match file.format() {
        BinaryFormat::Elf => "ELF",
        BinaryFormat::MachO => "Mach-O",
        BinaryFormat::Pe => "PE",
        BinaryFormat::Coff => "COFF",
        _ => "an unknown format",
    };
    let machine = format!("{:?}", file.architecture()).to_lowercase().replace('_', "-");
    let object = if file.kind() == ObjectKind::Relocatable { " object" } else { "" };
    format!("{format}{object}, {machine}")
}

/// Where the headers lie: offset and bytes.
///
/// # Errors
/// When the file is damaged.
pub fn headers(data: &[u8]) -> object::Result<Vec<(u64, u64)>> {
    Ok(match FileKind::parse(data)? {
        FileKind::Elf64 => elf::headers::<object::elf::FileHeader64<object::Endianness>>(data)?,
        FileKind::Elf32 => elf::headers::<object::elf::FileHeader32<object::Endianness>>(data)?,
        FileKind::MachO64 | FileKind::MachO32 => macho::parts(data).headers,
        FileKind::Pe64 | FileKind::Pe32 | FileKind::Coff | FileKind::CoffBig => pe::parts(data).headers,
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_program_is_accounted_for_to_the_byte() {
        let path = std::env::current_exe().unwrap();
        let binary = read(&path).unwrap();
        assert_eq!(binary.bytes, std::fs::metadata(&path).unwrap().len());
        assert_eq!(binary.sections.iter().map(|section| section.bytes).sum::<u64>(), binary.bytes);
        let text = binary
            .sections
            .iter()
            .find(|section| section.name.trim_start_matches('_') == "text" || section.name == ".text");
        assert!(text.is_some_and(|text| text.bytes > 100_000), "{:?}", binary.sections);
        if cfg!(target_os = "linux") {
            assert!(binary.compiler.unwrap().starts_with("rustc version 1."));
        }
    }

    #[test]
    fn what_is_no_executable_is_refused() {
        assert!(parse(b"#!/bin/sh\necho not an object file\n").is_err());
        assert!(parse(b"").is_err());
        assert!(parse(b"\x7fELF\x02\x01\x01").is_err());
    }
}
