//! Reads an executable: its sections, and every byte that is in none of them.

use crate::exit::{Exit, Failure};
use anyhow::{Context as _, Result, bail};
use object::read::FileKind;
use object::read::elf::ElfFile;
use object::{Object as _, ObjectSection as _, ObjectSegment as _};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// What is in an executable. The sections sum to `bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// Bytes of the file.
    pub bytes: u64,
    /// The parts of the file in the order in which they lie there; `[headers]` and `[padding]` come last.
    pub sections: Vec<Section>,
    /// The compiler that the file names, such as `rustc version 1.95.0 (59807616e 2026-04-14)`.
    pub compiler: Option<String>,
    /// The linker that the file names, such as `LLD 22.1.2`. GNU ld leaves no name.
    pub linker: Option<String>,
}

/// A part of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The section's name, or `[headers]`, `[padding]`, `[linkedit]`.
    pub name: String,
    /// Bytes in the file; zero for a section that only takes memory, such as `.bss`.
    pub bytes: u64,
}

/// Reads an executable.
///
/// # Errors
/// When it cannot be read, or is no executable that is understood.
pub fn read(path: &Path) -> Result<Binary> {
    let data = content(path)?;
    parse(&data).map_err(|error| not_understood(path, &error).into())
}

/// All bytes of an executable. A file that does not begin like one is refused before it is read: it may be huge, or a
/// pipe that never ends.
///
/// # Errors
/// When it cannot be read, or is no executable.
pub fn content(path: &Path) -> Result<Vec<u8>> {
    let cannot_read = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot_read)?;
    let metadata = file.metadata().with_context(cannot_read)?;
    if !metadata.is_file() {
        bail!(Failure::new(Exit::Usage, format!("{} is no file", path.display())));
    }
    let mut data = Vec::new();
    file.by_ref().take(64).read_to_end(&mut data).with_context(cannot_read)?;
    FileKind::parse(data.as_slice()).map_err(|error| not_understood(path, &error))?;
    file.read_to_end(&mut data).with_context(cannot_read)?;
    Ok(data)
}

/// The error of a file that is no executable, or a damaged one.
pub fn not_understood(path: &Path, error: &object::Error) -> Failure {
    Failure::new(Exit::Usage, format!("{} is not an executable that can be read: {error}", path.display()))
        .help("ELF (Linux), Mach-O (macOS) and PE (Windows) files can be read")
}

/// The part of a file that has a name: offset, bytes, name.
type Range = (u64, u64, String);

/// The parts of an executable that has been read.
///
/// # Errors
/// When it isn't an executable that is understood.
pub fn parse(data: &[u8]) -> object::Result<Binary> {
    let file = object::File::parse(data)?;
    let mut ranges: Vec<Range> = Vec::new();
    for section in file.sections() {
        let (offset, bytes) = section.file_range().unwrap_or_default();
        let name = String::from_utf8_lossy(section.name_bytes()?).into_owned();
        // The table of an ELF file begins with an empty section that has no name.
        if bytes > 0 || !name.is_empty() {
            ranges.push((offset, bytes, name));
        }
    }
    // What a Mach-O file keeps for the loader is a segment without sections.
    for segment in file.segments().filter(|segment| matches!(segment.name(), Ok(Some("__LINKEDIT")))) {
        let (offset, bytes) = segment.file_range();
        ranges.push((offset, bytes, "[linkedit]".to_owned()));
    }
    let sections = account(data.len() as u64, ranges, &headers(data)?);
    let comment = file.section_by_name(".comment").and_then(|section| section.uncompressed_data().ok());
    let comment = comment.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let marks = || comment.split('\0');
    let compiler = marks().find(|mark| mark.starts_with("rustc version ")).map(str::to_owned);
    let linker =
        marks().find_map(|mark| mark.strip_prefix("Linker: ").or_else(|| mark.starts_with("mold ").then_some(mark)));
    // The text in brackets is the revision that the linker was built from.
    let linker = linker.map(|linker| linker.split(" (").next().unwrap_or(linker).to_owned());
    Ok(Binary { bytes: data.len() as u64, sections, compiler, linker })
}

/// Where the headers lie: offset and bytes.
///
/// # Errors
/// When the file is damaged.
pub fn headers(data: &[u8]) -> object::Result<Vec<(u64, u64)>> {
    Ok(match FileKind::parse(data)? {
        FileKind::Elf64 => elf_headers::<object::elf::FileHeader64<object::Endianness>>(data)?,
        FileKind::Elf32 => elf_headers::<object::elf::FileHeader32<object::Endianness>>(data)?,
        // Headers and load commands come first, up to the first section; the gap counts as headers.
        FileKind::MachO64 | FileKind::MachO32 | FileKind::Pe64 | FileKind::Pe32 => {
            let file = object::File::parse(data)?;
            let starts = file.sections().filter_map(|section| section.file_range()).filter(|range| range.1 > 0);
            vec![(0, starts.map(|range| range.0).min().unwrap_or(data.len() as u64))]
        }
        _ => Vec::new(),
    })
}

fn elf_headers<Elf: object::read::elf::FileHeader>(data: &[u8]) -> object::Result<Vec<(u64, u64)>> {
    let file = ElfFile::<Elf>::parse(data)?;
    let (header, endian) = (file.elf_header(), file.endian());
    let table = |offset: u64, entry: u16, count: u64| (offset, u64::from(entry).saturating_mul(count));
    Ok(vec![
        (0, u64::from(header.e_ehsize(endian))),
        table(header.e_phoff(endian).into(), header.e_phentsize(endian), header.phnum(endian, data)? as u64),
        table(header.e_shoff(endian).into(), header.e_shentsize(endian), header.shnum(endian, data)? as u64),
    ])
}

/// Gives every byte of a file to exactly one part: to the first section that covers it, else to `[headers]`, else to
/// `[padding]`. So the parts sum to the file's size whatever the section table claims.
fn account(file: u64, mut ranges: Vec<Range>, headers: &[(u64, u64)]) -> Vec<Section> {
    ranges.sort_by_key(|&(offset, bytes, _)| (offset, bytes));
    let mut sections = Vec::new();
    // Sorted and without overlap: what no section covers.
    let mut gaps = Vec::new();
    let mut covered = 0;
    for (offset, bytes, name) in ranges {
        let start = offset.clamp(covered, file);
        let end = offset.saturating_add(bytes).clamp(start, file);
        if bytes > 0 {
            gaps.push((covered, start));
            covered = end;
        }
        sections.push(Section { name, bytes: if bytes > 0 { end - start } else { 0 } });
    }
    gaps.push((covered, file));
    let mut headers: Vec<_> = headers.iter().map(|&(offset, bytes)| (offset, offset.saturating_add(bytes))).collect();
    headers.sort_unstable();
    let mut header_bytes = 0;
    let mut counted = 0;
    for (start, end) in headers {
        let start = start.max(counted);
        counted = counted.max(end);
        header_bytes += gaps.iter().map(|&(from, to)| end.min(to).saturating_sub(start.max(from))).sum::<u64>();
    }
    let uncovered: u64 = gaps.iter().map(|(from, to)| to - from).sum();
    sections.push(Section { name: "[headers]".to_owned(), bytes: header_bytes });
    sections.push(Section { name: "[padding]".to_owned(), bytes: uncovered - header_bytes });
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounted(file: u64, ranges: &[(u64, u64, &str)], headers: &[(u64, u64)]) -> Vec<(String, u64)> {
        let ranges = ranges.iter().map(|&(offset, bytes, name)| (offset, bytes, name.to_owned())).collect();
        let sections = account(file, ranges, headers);
        assert_eq!(sections.iter().map(|section| section.bytes).sum::<u64>(), file, "every byte once");
        sections.into_iter().map(|section| (section.name, section.bytes)).collect()
    }

    fn pairs(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
        pairs.iter().map(|&(name, bytes)| (name.to_owned(), bytes)).collect()
    }

    #[test]
    fn what_is_between_sections_is_padding_and_headers_are_named() {
        assert_eq!(
            accounted(
                1000,
                &[(200, 300, ".text"), (600, 100, ".data"), (700, 0, ".bss")],
                &[(0, 64), (64, 100), (900, 100)]
            ),
            pairs(&[(".text", 300), (".data", 100), (".bss", 0), ("[headers]", 264), ("[padding]", 336)])
        );
    }

    #[test]
    fn a_lying_section_table_counts_no_byte_twice() {
        assert_eq!(
            accounted(
                100,
                &[(10, 50, "a"), (20, 20, "inside"), (40, 40, "b"), (90, u64::MAX, "beyond"), (500, 1, "gone")],
                &[(0, 20), (5, 10)]
            ),
            pairs(&[
                ("a", 50),
                ("inside", 0),
                ("b", 20),
                ("beyond", 10),
                ("gone", 0),
                ("[headers]", 10),
                ("[padding]", 10)
            ])
        );
    }

    #[test]
    fn headers_inside_a_section_are_the_sections() {
        assert_eq!(
            accounted(10, &[(0, 10, "all")], &[(0, 5)]),
            pairs(&[("all", 10), ("[headers]", 0), ("[padding]", 0)])
        );
    }

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
