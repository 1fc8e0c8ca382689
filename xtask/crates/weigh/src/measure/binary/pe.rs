//! The parts of a program for Windows (PE), or of an object for it (COFF), that no section names: its symbols, its signature, and
//! what was appended to it.

use super::layers::{Layers, Part, overlay};
use crate::measure::file::bytes::{Bytes, LITTLE, text};

/// Bytes of a symbol in a table of symbols.
const SYMBOL: u64 = 18;

/// What both kinds of files have.
struct Header<'data> {
    data: Bytes<'data>,
    /// Where the table of symbols is, and how many they are.
    symbols: (u64, u64),
    /// Bytes of a symbol.
    symbol: u64,
    /// Where the table of sections is, and how many they are.
    sections: (u64, u64),
    /// Where the header of a program is, and its data directories with their number. None in an object.
    program: Option<(u64, u64, u64)>,
}

impl<'data> Header<'data> {
    fn of(data: &'data [u8]) -> Option<Self> {
        let data = Bytes::new(data, LITTLE);
        // A big object: its header is another one, and so are its symbols.
        if data.u32(0)? == 0xffff_0000 {
            let (sections, symbols) = (data.word(44)?, (data.word(48)?, data.word(52)?));
            return Some(Self { data, symbols, symbol: 20, sections: (56, sections), program: None });
        }
        let file = if data.u16(0)? == 0x5a4d { data.word(0x3c)? + 4 } else { 0 };
        let optional = file + 20;
        let sections = (optional + u64::from(data.u16(file + 16)?), u64::from(data.u16(file + 2)?));
        let symbols = (data.word(file + 8)?, data.word(file + 12)?);
        let program = if file == 0 {
            None
        } else {
            let directories = optional + if data.u16(optional)? == 0x20b { 112 } else { 96 };
            Some((optional, directories, data.word(directories - 4)?))
        };
        Some(Self { data, symbols, symbol: SYMBOL, sections, program })
    }

    /// A data directory: address (an offset in the file for signatures) and bytes.
    fn directory(&self, index: u64) -> Option<(u64, u64)> {
        let (_, at, count) = self.program?;
        let at = at + index * 8;
        let range = (self.data.word(at)?, self.data.word(at + 4)?);
        (index < count && range.0 > 0 && range.1 > 0).then_some(range)
    }

    /// The sections: address, bytes in memory, offset, bytes in the file, and where their entry is.
    fn sections(&self) -> impl Iterator<Item = (u64, u64, u64, u64, u64)> {
        let (data, (table, count)) = (self.data, self.sections);
        (0..count).map_while(move |index| {
            let at = table + index * 40;
            Some((data.word(at + 12)?, data.word(at + 8)?, data.word(at + 20)?, data.word(at + 16)?, at))
        })
    }

    /// Where an address of the loaded program is in the file.
    fn offset(&self, address: u64) -> Option<u64> {
        self.sections().find_map(|(start, _, offset, bytes, _)| {
            let inside = address.checked_sub(start).filter(|inside| *inside < bytes)?;
            Some(offset + inside)
        })
    }
}

/// The parts that no section names.
pub fn parts(data: &[u8]) -> Layers {
    let mut layers = Layers::default();
    let Some(header) = Header::of(data) else { return layers };
    let (table, count) = header.sections;
    layers.headers.push((0, table + count * 40));
    let (symbols, count) = header.symbols;
    if symbols > 0 {
        let bytes = count * header.symbol;
        layers.tables.push(Part::new(symbols, bytes, "[symbol table]"));
        // It begins with its own size.
        let strings = header.data.word(symbols + bytes).unwrap_or_default();
        layers.tables.push(Part::new(symbols + bytes, strings, "[string table]"));
    }
    layers.tables.extend(header.directory(4).map(|(offset, bytes)| Part::new(offset, bytes, "[signature]")));
    layers.tables.extend(debug_directory(&header).into_iter().filter_map(|entry| {
        Some(Part::new(header.data.word(entry + 24)?, header.data.word(entry + 16)?, "[debug directory]"))
    }));
    for (_, _, _, _, at) in header.sections().filter(|_| header.program.is_none()) {
        let (place, count) = (header.data.word(at + 24), header.data.u16(at + 32));
        if let Some((place, count)) = place.zip(count).filter(|range| range.1 > 0) {
            layers.tables.push(Part::new(place, u64::from(count) * 10, "[relocations]"));
        }
    }
    let raw = header.sections().map(|(_, _, offset, bytes, _)| offset.saturating_add(bytes));
    let end = raw.chain(layers.tables.iter().map(Part::end)).fold(table, u64::max);
    if header.program.is_some() {
        layers.rest.extend(overlay(data, end));
    }
    layers
}

/// Everything in the file according to the headers.
pub fn claims(data: &[u8]) -> Vec<Part> {
    let Some(header) = Header::of(data) else { return Vec::new() };
    let mut claims = vec![Part::new(0, header.sections.0 + header.sections.1 * 40, "its table of sections")];
    for (_, memory, offset, bytes, at) in header.sections() {
        let name = text(header.data.get(at, 8).unwrap_or_default());
        // Without bytes in the file, or with more than are needed, which some linkers claim to the last section's end.
        let needed = if header.program.is_some() && memory > 0 { bytes.min(memory) } else { bytes };
        if offset > 0 && needed > 0 && header.data.u32(at + 36).is_some_and(|flags| flags & 0x80 == 0) {
            claims.push(Part::new(offset, needed, &format!("the section {name}")));
        }
    }
    if header.symbols.0 > 0 {
        let symbols = Part::new(header.symbols.0, header.symbols.1 * header.symbol, "its symbol table");
        let strings = header.data.word(symbols.end()).unwrap_or(4);
        claims.push(Part::new(symbols.end(), strings, "its string table"));
        claims.push(symbols);
    }
    claims.extend(header.directory(4).map(|(offset, bytes)| Part::new(offset, bytes, "its signature")));
    claims
}

/// Where the entries of the debug directory are in the file.
fn debug_directory(header: &Header<'_>) -> Vec<u64> {
    let found = header.directory(6).and_then(|(address, bytes)| Some((header.offset(address)?, bytes)));
    found.map(|(at, bytes)| (0..(bytes / 28).min(64)).map(|index| at + index * 28).collect()).unwrap_or_default()
}

/// The file that holds the symbols of a program, by the name that its linker wrote into it.
pub fn symbols_elsewhere(data: &[u8]) -> Option<String> {
    let header = Header::of(data)?;
    debug_directory(&header).into_iter().find_map(|entry| {
        let (at, bytes) = (header.data.word(entry + 24)?, header.data.word(entry + 16)?);
        let record = header.data.get(at, bytes)?;
        let path = text(record.strip_prefix(b"RSDS")?.get(20..)?);
        let name = path.rsplit(['\\', '/']).next().unwrap_or_default();
        (!name.is_empty()).then(|| name.to_owned())
    })
}

/// Where functions begin, by the table for unwinding (`.pdata`), which no `strip` takes out. Sorted. A part of a function that
/// was moved away from it is not one.
pub fn function_starts(data: &[u8]) -> Vec<u64> {
    let starts = || {
        let header = Header::of(data)?;
        let bytes = header.data;
        let (optional, ..) = header.program?;
        let base = match bytes.u16(optional)? {
            0x20b => bytes.u64(optional + 24)?,
            _ => bytes.word(optional + 28)?,
        };
        let (address, size) = header.directory(3)?;
        let table = header.offset(address)?;
        // Arm has two words for a function, x86-64 three.
        let is_arm = match bytes.u16(optional - 20)? {
            0xaa64 | 0x01c4 => true,
            0x8664 => false,
            // On 32-bit x86 handlers are chained at run time, and no table lists functions.
            _ => return None,
        };
        let entry = if is_arm { 8 } else { 12 };
        let mut starts = Vec::new();
        for at in (0..size / entry).map(|index| table + index * entry) {
            let Some(start) = bytes.word(at).filter(|start| *start > 0) else { continue };
            let unwind = if is_arm { None } else { bytes.word(at + 8).and_then(|unwind| header.offset(unwind)) };
            let is_chained = unwind.and_then(|at| bytes.u8(at)).is_some_and(|flags| flags >> 3 & 4 != 0);
            if !is_chained {
                starts.push(base.wrapping_add(start & !1));
            }
        }
        Some(starts)
    };
    let mut starts = starts().unwrap_or_default();
    starts.sort_unstable();
    starts
}
