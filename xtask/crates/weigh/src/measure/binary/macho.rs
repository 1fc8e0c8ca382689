//! The parts of a Mach-O file. Half of them are tables for the loader at its end, in the segment `__LINKEDIT`, to which the load
//! commands point.

use super::layers::{Layers, Part, overlay};
use crate::measure::file::bytes::{BIG, Bytes, LITTLE, text, uleb};

/// Where the file's load commands are, and how numbers are written in it.
struct Header<'data> {
    data: Bytes<'data>,
    wide: bool,
    is_object: bool,
    /// Where the header ends.
    start: u64,
    /// Where the load commands end.
    end: u64,
    count: u32,
}

impl<'data> Header<'data> {
    fn of(data: &'data [u8]) -> Option<Self> {
        let (big, wide) = match data {
            [0xfe, 0xed, 0xfa, 0xce, ..] => (BIG, false),
            [0xfe, 0xed, 0xfa, 0xcf, ..] => (BIG, true),
            [0xce, 0xfa, 0xed, 0xfe, ..] => (LITTLE, false),
            [0xcf, 0xfa, 0xed, 0xfe, ..] => (LITTLE, true),
            _ => return None,
        };
        let data = Bytes::new(data, big);
        let start = if wide { 32 } else { 28 };
        let (count, bytes) = (data.u32(16)?, data.word(20)?);
        Some(Self { data, wide, is_object: data.u32(12)? == 1, start, end: start + bytes, count })
    }

    /// The load commands: kind without the bit that makes it required, and offset.
    fn commands(&self) -> impl Iterator<Item = (u32, u64)> {
        let mut at = self.start;
        (0..self.count).map_while(move |_| {
            let (here, kind, bytes) = (at, self.data.u32(at)?, self.data.word(at + 4)?);
            at += bytes;
            (bytes >= 8 && at <= self.end).then_some((kind & 0x7fff_ffff, here))
        })
    }
}

/// The tables that a command of this kind points at: where offset and size are, bytes of an entry, name.
fn tables(kind: u32, wide: bool) -> &'static [(u64, u64, u64, &'static str)] {
    match kind {
        0x02 if wide => &[(8, 12, 16, "[symbol table]"), (16, 20, 1, "[string table]")],
        0x02 => &[(8, 12, 12, "[symbol table]"), (16, 20, 1, "[string table]")],
        0x0b => &[
            (32, 36, 8, "[table of contents]"),
            (48, 52, 4, "[external references]"),
            (56, 60, 4, "[indirect symbols]"),
            (64, 68, 8, "[relocations]"),
            (72, 76, 8, "[relocations]"),
        ],
        0x16 => &[(8, 12, 4, "[two-level hints]")],
        0x22 => &[
            (8, 12, 1, "[rebase info]"),
            (16, 20, 1, "[bind info]"),
            (24, 28, 1, "[weak bind info]"),
            (32, 36, 1, "[lazy bind info]"),
            (40, 44, 1, "[exports trie]"),
        ],
        0x1d => &[(8, 12, 1, "[code signature]")],
        0x1e => &[(8, 12, 1, "[segment split info]")],
        0x26 => &[(8, 12, 1, "[function starts]")],
        0x29 => &[(8, 12, 1, "[data in code]")],
        0x2b => &[(8, 12, 1, "[signing requirements]")],
        0x2e => &[(8, 12, 1, "[linker hints]")],
        0x33 => &[(8, 12, 1, "[exports trie]")],
        0x34 => &[(8, 12, 1, "[chained fixups]")],
        0x36 => &[(8, 12, 1, "[atom info]")],
        _ => &[],
    }
}

/// The parts of a Mach-O file.
pub fn parts(data: &[u8]) -> Layers {
    let mut layers = Layers::default();
    let Some(header) = Header::of(data) else { return layers };
    layers.headers.push((0, header.end));
    let bytes = header.data;
    let mut end = header.end;
    for (kind, at) in header.commands() {
        if let Some((segment, offset, size)) = segment(&header, kind, at, &mut layers) {
            end = end.max(offset.saturating_add(size));
            if segment == "__LINKEDIT" {
                layers.rest.push(Part::new(offset, size, "[linkedit]"));
            }
        }
        // LC_NOTE has its numbers in eight bytes each.
        if kind == 0x31 {
            let range = bytes.u64(at + 24).zip(bytes.u64(at + 32));
            layers.tables.extend(range.map(|(offset, size)| Part::new(offset, size, "[note]")));
        }
        for &(place, count, entry, name) in tables(kind, header.wide) {
            let range = bytes.word(at + place).zip(bytes.word(at + count));
            let range = range.filter(|range| range.0 > 0 && range.1 > 0);
            layers.tables.extend(range.map(|(offset, count)| Part::new(offset, count.saturating_mul(entry), name)));
        }
    }
    end = layers.tables.iter().map(Part::end).fold(end, u64::max);
    if !header.is_object {
        layers.rest.extend(overlay(data, end));
    }
    layers
}

/// Adds the sections of a segment; and says its name, offset and bytes.
fn segment(header: &Header<'_>, kind: u32, at: u64, layers: &mut Layers) -> Option<(String, u64, u64)> {
    let data = header.data;
    let (offset, size, count, first, entry) = match kind {
        0x19 => (data.u64(at + 40)?, data.u64(at + 48)?, data.u32(at + 64)?, at + 72, 80),
        0x01 => (data.word(at + 32)?, data.word(at + 36)?, data.u32(at + 48)?, at + 56, 68),
        _ => return None,
    };
    for index in 0..u64::from(count) {
        let at = first + index * entry;
        let Some(names) = data.get(at, 32).filter(|_| at + entry <= header.end) else { break };
        let (name, of) = (text(&names[..16]), text(&names[16..]));
        let (bytes, offset, relocations, flags) = match kind {
            0x19 => (data.u64(at + 40)?, data.word(at + 48)?, at + 56, data.u32(at + 64)?),
            _ => (data.word(at + 36)?, data.word(at + 40)?, at + 48, data.u32(at + 56)?),
        };
        // What is zero at first isn't in the file: S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL.
        let bytes = if matches!(flags & 0xff, 0x01 | 0x0c | 0x12) { 0 } else { bytes };
        layers.sections.push(Part { offset, bytes, name: format!("{of},{name}") });
        let (place, count) = (data.word(relocations)?, data.word(relocations + 4)?);
        if header.is_object && count > 0 {
            layers.tables.push(Part::new(place, count * 8, "[relocations]"));
        }
    }
    Some((text(data.get(at + 8, 16)?), offset, size))
}

/// Where functions begin, by the table that the linker writes for debuggers and profilers; `strip` leaves it. Sorted.
pub fn function_starts(data: &[u8]) -> Vec<u64> {
    let starts = || {
        let header = Header::of(data)?;
        let bytes = header.data;
        let of_text = |(kind, at): (u32, u64)| match kind {
            0x19 if text(bytes.get(at + 8, 16)?) == "__TEXT" => bytes.u64(at + 24),
            0x01 if text(bytes.get(at + 8, 16)?) == "__TEXT" => bytes.word(at + 24),
            _ => None,
        };
        let mut address = header.commands().find_map(of_text)?;
        let (_, at) = header.commands().find(|(kind, _)| *kind == 0x26)?;
        let table = bytes.get(bytes.word(at + 8)?, bytes.word(at + 12)?)?;
        let (mut place, mut starts) = (0, Vec::new());
        while let Some((delta, next)) = uleb(table, place).filter(|(delta, _)| *delta > 0) {
            address = address.wrapping_add(delta);
            starts.push(address);
            place = next;
        }
        Some(starts)
    };
    let mut starts = starts().unwrap_or_default();
    starts.sort_unstable();
    starts
}
