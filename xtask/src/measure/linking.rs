//! What an executable asks of the system that starts it, and whether two of them have the same machine code.

use super::binary;
use crate::units::hex;
use anyhow::Result;
use object::read::elf::{Dyn as _, ElfFile, FileHeader, ProgramHeader as _, SectionHeader as _};
use object::read::{FileKind, ReadRef};
use object::{Endianness, Object as _, ObjectSection as _};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What an executable asks of the system that starts it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linking {
    /// The entries of its symbol table. The table of what is linked dynamically does not count.
    pub symbols: u64,
    /// The dynamic loader that it names (ELF).
    pub interpreter: Option<String>,
    /// The shared libraries that it asks for, in its order.
    pub libraries: Vec<String>,
    /// SHA-256 of its machine code, the section `.text`.
    pub code: String,
}

/// Reads an executable.
///
/// # Errors
/// When it cannot be read, or is no executable that is understood.
pub fn read(path: &Path) -> Result<Linking> {
    let data = binary::content(path)?;
    parse(&data).map_err(|error| binary::not_understood(path, &error).into())
}

fn parse(data: &[u8]) -> object::Result<Linking> {
    let file = object::File::parse(data)?;
    let code = file.section_by_name(".text").or_else(|| file.section_by_name("__text"));
    let code = code.map(|section| section.data()).transpose()?.unwrap_or_default();
    let mut linking = Linking { code: hex(&hmac_sha256::Hash::hash(code)), ..Linking::default() };
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
    for section in sections.iter() {
        let Some((entries, strings)) = section.dynamic(endian, data)? else { continue };
        let strings = sections.strings(endian, data, strings)?;
        for entry in entries.iter().filter(|entry| entry.tag(endian) == object::elf::DT_NEEDED) {
            let name = entry.val32(endian).and_then(|offset| strings.get(offset).ok());
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
        let linking = read(&std::env::current_exe().unwrap()).unwrap();
        assert!(linking.symbols > 1000 && linking.code.len() == 64);
        assert!(linking.interpreter.unwrap().contains("ld-"));
        assert!(linking.libraries.iter().any(|library| library.starts_with("libc.so")), "{:?}", linking.libraries);
    }

    #[test]
    fn text_is_no_executable() {
        assert!(parse(b"#!/bin/sh\n").is_err());
    }
}
