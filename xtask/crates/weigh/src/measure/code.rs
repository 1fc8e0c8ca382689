//! The machine code of an executable, wherever it is in the file: every section and every segment that the system would
//! execute, whatever its name. And what is odd about a file, so that a person looks at it.
//!
//! A name proves nothing: `#[unsafe(link_section = ".code2")]` takes a function out of `.text`, and the linker merges sections
//! as their names tell it to. So the flags decide what is code, and names only decide what is unusual.

mod usual;

use super::binary;
use base::numbers::hex;
use object::read::FileKind;
use object::read::NameOrOrdinal;
use object::read::elf::{ElfFile, FileHeader, ProgramHeader as _};
use object::{Object as _, ObjectSection as _, ObjectSegment as _, SectionFlags, SegmentFlags, elf, macho, pe};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The machine code of an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Bytes of the file that can be executed, each counted once.
    pub bytes: u64,
    /// SHA-256 of these bytes, in the order of the file.
    pub sha256: String,
    /// What compilers and linkers do not usually make.
    pub odd: Vec<Odd>,
    /// The functions of the C library that it uses and by which a program can run other code than its own.
    pub powers: Vec<String>,
}

/// Something unusual about a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Odd {
    /// What it is. Equal texts in two files are the same thing.
    pub what: String,
    /// More about it, such as its bytes; may be empty.
    pub detail: String,
}

/// Characters of a section's name that are shown. The name is its author's choice.
const LONGEST_NAME: usize = 40;

/// The machine code of an executable that has been read.
///
/// # Errors
/// When it isn't an executable that is understood.
pub fn parse(data: &[u8]) -> object::Result<Code> {
    let file = object::File::parse(data)?;
    let mut odd = BTreeSet::new();
    let mut note = |what: String, detail: String| {
        odd.insert(Odd { what, detail });
    };
    // What the system may execute, and what a section names: offset and end.
    let (mut code, mut named) = (Vec::new(), Vec::new());
    let mut has_code = false;
    for section in file.sections() {
        let range = section.file_range().map(|(offset, bytes)| (offset, offset.saturating_add(bytes)));
        let name = String::from_utf8_lossy(section.name_bytes()?).into_owned();
        let bytes = section.size();
        let flags = Flags::of(section.flags());
        if flags.executable {
            code.extend(range);
            has_code |= usual::is_code(&name) && bytes > 0;
        }
        named.extend(range);
        let (shown, size) = (shown(&name), base::numbers::thousands(bytes));
        if name.is_empty() && bytes > 0 {
            note("a section without a name".to_owned(), format!("{size} bytes"));
        } else if flags.executable && flags.writable && bytes > 0 {
            note(format!("the section {shown}, which can be written and executed"), format!("{size} bytes"));
        } else if flags.executable && !usual::is_code(&name) && bytes > 0 {
            note(format!("the executable section {shown}"), format!("{size} bytes"));
        } else if !name.is_empty() && !usual::is_known(&name) {
            note(format!("the section {shown}"), format!("{size} bytes"));
        }
    }
    if !has_code {
        note("no usual section with machine code".to_owned(), String::new());
    }
    // What cannot be read here is odd by other signs, such as a missing table of sections.
    let imports = file.imports().into_iter().flatten().flatten();
    let name_of = |import: object::Import<'_>| match import.name() {
        NameOrOrdinal::Name(name) => usual::power(name),
        NameOrOrdinal::Ordinal(_) => None,
    };
    let powers: BTreeSet<&str> = imports.filter_map(name_of).collect();
    match FileKind::parse(data)? {
        FileKind::Elf64 => segments::<elf::FileHeader64<_>>(data, &mut code, &named, &mut note)?,
        FileKind::Elf32 => segments::<elf::FileHeader32<_>>(data, &mut code, &named, &mut note)?,
        _ => {
            for segment in file.segments().filter(|segment| can_be_changed(segment.flags())) {
                let name = shown(segment.name().ok().flatten().unwrap_or_default());
                note(format!("the segment {name}, which can be written and executed"), String::new());
            }
        }
    }
    let code = united(code, data.len() as u64);
    let mut hash = hmac_sha256::Hash::new();
    for &(start, end) in &code {
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        hash.update(range.and_then(|(start, end)| data.get(start..end)).unwrap_or_default());
    }
    Ok(Code {
        bytes: code.iter().map(|(start, end)| end - start).sum(),
        sha256: hex(&hash.finalize()),
        odd: odd.into_iter().collect(),
        powers: powers.into_iter().map(str::to_owned).collect(),
    })
}

/// Whether a segment of a Mach-O file may be written and executed at the same time. In PE files the sections tell it.
fn can_be_changed(flags: SegmentFlags) -> bool {
    let SegmentFlags::MachO { initprot, .. } = flags else { return false };
    let both = macho::VM_PROT_EXECUTE.0 | macho::VM_PROT_WRITE.0;
    initprot.0 & both == both
}

/// What the system does with a section.
#[derive(Default)]
struct Flags {
    executable: bool,
    writable: bool,
}

impl Flags {
    fn of(flags: SectionFlags) -> Self {
        match flags {
            SectionFlags::Elf { sh_flags, .. } => Self {
                executable: sh_flags.0 & elf::SHF_EXECINSTR.0 != 0,
                writable: sh_flags.0 & elf::SHF_WRITE.0 != 0,
            },
            SectionFlags::MachO { flags, .. } => Self {
                executable: flags.0 & (macho::S_ATTR_PURE_INSTRUCTIONS.0 | macho::S_ATTR_SOME_INSTRUCTIONS.0) != 0,
                writable: false,
            },
            SectionFlags::Coff { characteristics } => Self {
                executable: characteristics.0 & (pe::IMAGE_SCN_CNT_CODE.0 | pe::IMAGE_SCN_MEM_EXECUTE.0) != 0,
                writable: characteristics.0 & pe::IMAGE_SCN_MEM_WRITE.0 != 0,
            },
            _ => Self::default(),
        }
    }
}

/// What the program headers of an ELF file add: they, and not the sections, are what Linux reads. Bytes that are mapped
/// executable, and that no section names, are code.
fn segments<Elf: FileHeader<Endian = object::Endianness>>(
    data: &[u8],
    code: &mut Vec<(u64, u64)>,
    named: &[(u64, u64)],
    note: &mut impl FnMut(String, String),
) -> object::Result<()> {
    let file = ElfFile::<Elf>::parse(data)?;
    let endian = file.endian();
    if file.elf_header().shnum(endian, data)? == 0 {
        note("no table of sections".to_owned(), String::new());
    }
    // The headers of the file itself are in its first segment, which some linkers make executable.
    let mut known: Vec<(u64, u64)> = named.to_vec();
    known.extend(binary::headers(data)?.iter().map(|&(offset, bytes)| (offset, offset.saturating_add(bytes))));
    let known = united(known, data.len() as u64);
    let mut has_stack = false;
    for header in file.elf_program_headers() {
        let flags = header.p_flags(endian).0;
        let (executable, writable) = (flags & elf::PF_X.0 != 0, flags & elf::PF_W.0 != 0);
        match header.p_type(endian) {
            elf::PT_LOAD if executable => {
                let (offset, bytes) = header.file_range(endian);
                let mut at = offset;
                let end = offset.saturating_add(bytes);
                for &(start, stop) in known.iter().filter(|(start, stop)| *stop > offset && *start < end) {
                    code.push((at, start.max(at)));
                    at = at.max(stop);
                }
                code.push((at, end.max(at)));
                if writable {
                    note("a segment that can be written and executed".to_owned(), String::new());
                }
            }
            elf::PT_GNU_STACK => {
                has_stack = true;
                if executable {
                    note("a stack that can be executed".to_owned(), String::new());
                }
            }
            _ => {}
        }
    }
    if !has_stack {
        // Without this header Linux makes it executable on some machines.
        note("no PT_GNU_STACK header, so its stack may be executable".to_owned(), String::new());
    }
    Ok(())
}

/// Ranges in order, each byte in one of them, and none beyond the file.
fn united(mut ranges: Vec<(u64, u64)>, file: u64) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut united: Vec<(u64, u64)> = Vec::new();
    for (start, end) in ranges {
        let end = end.min(file);
        match united.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ if start < end => united.push((start, end)),
            _ => {}
        }
    }
    united
}

/// A name that cannot do anything to the page that shows it.
fn shown(name: &str) -> String {
    let safe: String = name.chars().take(LONGEST_NAME).flat_map(char::escape_default).collect();
    let more = if name.chars().count() > LONGEST_NAME { "…" } else { "" };
    format!("`{safe}{more}`")
}

#[cfg(test)]
mod tests;
