//! What an executable asks of the system that starts it.

use object::read::elf::{Dyn as _, ElfFile, FileHeader, ProgramHeader as _};
use object::read::{FileKind, ReadRef, StringTable};
use object::{Endianness, Object as _};
use serde::{Deserialize, Serialize};

/// What an executable asks of the system that starts it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linking {
    /// The entries of its symbol table. The table of what is linked dynamically does not count.
    pub symbols: u64,
    /// The dynamic loader that it names (ELF).
    pub interpreter: Option<String>,
    /// The shared libraries that it needs, in its order.
    pub libraries: Vec<String>,
}

/// What an executable that was read needs.
///
/// # Errors
/// When it isn't an executable that is understood.
pub fn parse(data: &[u8]) -> object::Result<Linking> {
    let file = object::File::parse(data)?;
    let mut linking = Linking::default();
    match FileKind::parse(data)? {
        FileKind::Elf64 => elf::<object::elf::FileHeader64<Endianness>, _>(data, &mut linking)?,
        FileKind::Elf32 => elf::<object::elf::FileHeader32<Endianness>, _>(data, &mut linking)?,
        _ => {
            linking.symbols = file.symbols().count() as u64;
            for import in file.imports()? {
                let library = String::from_utf8_lossy(import?.library()).into_owned();
                if !library.is_empty() && !linking.libraries.contains(&library) {
                    linking.libraries.push(library);
                }
            }
        }
    }
    Ok(linking)
}

fn elf<'data, Elf: FileHeader<Endian = Endianness>, R: ReadRef<'data>>(
    data: R,
    linking: &mut Linking,
) -> object::Result<()> {
    let file = ElfFile::<'data, Elf, R>::parse(data)?;
    let (header, endian) = (file.elf_header(), file.endian());
    for segment in header.program_headers(endian, data)? {
        if let Some(path) = segment.interpreter(endian, data)? {
            linking.interpreter = Some(String::from_utf8_lossy(path).into_owned());
        }
    }
    let sections = header.sections(endian, data)?;
    // The first entry is empty in every file.
    linking.symbols = sections.symbols(endian, data, object::elf::SHT_SYMTAB)?.len().saturating_sub(1) as u64;
    // Linux reads the program headers, not the sections: a file can be without these, or name others.
    let segments = header.program_headers(endian, data)?;
    let offset_of = |address: u64| {
        segments.iter().filter(|segment| segment.p_type(endian) == object::elf::PT_LOAD).find_map(|segment| {
            let (start, bytes): (u64, u64) = (segment.p_vaddr(endian).into(), segment.p_filesz(endian).into());
            let inside = address.checked_sub(start).filter(|inside| *inside < bytes)?;
            segment.p_offset(endian).into().checked_add(inside)
        })
    };
    for segment in segments {
        let Some(entries) = segment.dynamic(endian, data)? else { continue };
        let value = |tag| entries.iter().find(|entry| entry.tag(endian) == tag).map(|entry| entry.d_val(endian).into());
        let (address, bytes) = (value(object::elf::DT_STRTAB), value(object::elf::DT_STRSZ).unwrap_or_default());
        let Some(offset) = address.and_then(&offset_of) else { continue };
        let strings = StringTable::new(data, offset, offset.saturating_add(bytes));
        for entry in entries.iter().filter(|entry| entry.tag(endian) == object::elf::DT_NEEDED) {
            let name = u32::try_from(entry.d_val(endian).into()).ok().and_then(|at| strings.get(at).ok());
            linking.libraries.extend(name.map(|name| String::from_utf8_lossy(name).into_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_test_is_linked_dynamically_and_has_symbols() {
        let linking = parse(&std::fs::read(std::env::current_exe().unwrap()).unwrap()).unwrap();
        assert!(linking.symbols > 1000);
        assert!(linking.interpreter.unwrap().contains("ld-"));
        assert!(linking.libraries.iter().any(|library| library.starts_with("libc.so")), "{:?}", linking.libraries);
    }

    #[test]
    fn text_is_no_executable() {
        assert!(parse(b"#!/bin/sh\n").is_err());
    }
}
