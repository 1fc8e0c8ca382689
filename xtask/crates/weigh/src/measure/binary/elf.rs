//! The parts of an ELF file that no section names.

use super::layers::{Layers, Part, overlay};
use object::read::FileKind;
use object::read::elf::{ElfFile, FileHeader, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, elf};

/// Where the headers lie: the file's own, the program headers, and the table of sections.
pub(super) fn headers<Elf: FileHeader>(data: &[u8]) -> object::Result<Vec<(u64, u64)>> {
    let file = ElfFile::<Elf>::parse(data)?;
    let (header, endian) = (file.elf_header(), file.endian());
    let table = |offset: u64, entry: u16, count: u64| (offset, u64::from(entry).saturating_mul(count));
    Ok(vec![
        (0, u64::from(header.e_ehsize(endian))),
        table(header.e_phoff(endian).into(), header.e_phentsize(endian), u64::from(header.phnum(endian, data)?)),
        table(header.e_shoff(endian).into(), header.e_shentsize(endian), u64::from(header.shnum(endian, data)?)),
    ])
}

/// What follows the program, and the segments of a program whose table of sections was taken out.
pub(super) fn parts(data: &[u8]) -> Layers {
    match FileKind::parse(data) {
        Ok(FileKind::Elf64) => parts_of::<elf::FileHeader64<Endianness>>(data),
        Ok(FileKind::Elf32) => parts_of::<elf::FileHeader32<Endianness>>(data),
        _ => None,
    }
    .unwrap_or_default()
}

fn parts_of<Elf: FileHeader<Endian = Endianness>>(data: &[u8]) -> Option<Layers> {
    let mut layers = Layers::default();
    let (claims, sections) = claims_of::<Elf>(data).ok()?;
    if sections == 0 {
        layers.rest.extend(claims.iter().filter(|part| part.name.starts_with("[segment")).cloned());
    }
    let end = claims.iter().map(Part::end).max().unwrap_or_default();
    layers.rest.extend(overlay(data, end));
    Some(layers)
}

/// Everything in the file according to the headers.
pub(super) fn claims(data: &[u8]) -> Vec<Part> {
    match FileKind::parse(data) {
        Ok(FileKind::Elf64) => claims_of::<elf::FileHeader64<Endianness>>(data),
        Ok(FileKind::Elf32) => claims_of::<elf::FileHeader32<Endianness>>(data),
        _ => return Vec::new(),
    }
    .map(|claims| claims.0)
    .unwrap_or_default()
}

/// Headers, segments and sections; and how many sections there are.
fn claims_of<Elf: FileHeader<Endian = Endianness>>(data: &[u8]) -> object::Result<(Vec<Part>, usize)> {
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    // From the header alone: the table itself may be what is missing.
    let (at, bytes) = (header.e_shoff(endian).into(), u64::from(header.e_shentsize(endian)));
    let table = Part::new(at, bytes.saturating_mul(header.e_shnum(endian).into()), "its table of sections");
    if table.end() > data.len() as u64 {
        return Ok((vec![table], 1));
    }
    let mut claims: Vec<Part> =
        headers::<Elf>(data)?.into_iter().map(|(offset, bytes)| Part::new(offset, bytes, "a header")).collect();
    for segment in header.program_headers(endian, data)? {
        let (offset, bytes) = segment.file_range(endian);
        let flags = segment.p_flags(endian).0;
        if segment.p_type(endian) == elf::PT_LOAD {
            let letter = |flag: u32, letter| if flags & flag == 0 { '-' } else { letter };
            let access: String = [(elf::PF_R.0, 'r'), (elf::PF_W.0, 'w'), (elf::PF_X.0, 'x')]
                .into_iter()
                .map(|(flag, name)| letter(flag, name))
                .collect();
            claims.push(Part { offset, bytes, name: format!("[segment {access}]") });
        }
    }
    let sections = header.sections(endian, data)?;
    for section in sections.iter() {
        if let Some((offset, bytes)) = section.file_range(endian).filter(|range| range.1 > 0) {
            let name = String::from_utf8_lossy(sections.section_name(endian, section).unwrap_or_default()).into_owned();
            claims.push(Part { offset, bytes, name: format!("the section {name}") });
        }
    }
    Ok((claims, sections.len()))
}
