//! What each part has in the tables of a file: for unwinding, for the loader, and in the symbol table.

use super::cuts::{Pieces, home};
use super::elf::Linked;
use super::unwind;
use crate::measure::crates;
use object::Endianness;
use object::elf as abi;
use object::read::elf::{FileHeader, Sym as _};
use std::collections::HashMap;

/// Bytes of a part in each kind of table.
pub(super) type Dragged = [u32; KINDS];

/// The kinds of tables.
pub(super) const KINDS: usize = 6;

const FRAMES: usize = 0;
const INDEX: usize = 1;
const EXCEPTIONS: usize = 2;
const RELOCATIONS: usize = 3;
const SYMBOLS: usize = 4;
const STRINGS: usize = 5;

/// Bytes of an entry of `.eh_frame_hdr`.
const INDEX_ENTRY: u32 = 8;
/// Bytes of an entry of `.rela.dyn`.
const RELOCATION: u32 = 24;
/// Bytes of an entry of `.relr.dyn`.
const PACKED: u32 = 8;
/// Bytes of an entry of the symbol table.
const SYMBOL: u32 = 24;

/// Gives the entries of all tables to the parts that they are for, and names the tables. `file` is the file whose symbol table
/// counts, and `give_to` takes a part, the kind of table, and bytes.
pub(super) fn give(
    linked: &Linked<'_>,
    pieces: &Pieces,
    file: &[u8],
    give_to: &mut dyn FnMut(usize, usize, u32),
) -> [&'static str; KINDS] {
    let find = |address: u64| home(&linked.sections, address).and_then(|section| pieces.at(section, address));
    let section = |name: &str| linked.sections.iter().find(|section| section.name == name);
    let mut add = |at: Option<usize>, kind: usize, bytes: u32| {
        if let Some(at) = at {
            give_to(at, kind, bytes);
        }
    };
    let mut pads: Vec<(u64, usize)> = Vec::new();
    if let Some(frames) = section(".eh_frame") {
        for frame in unwind::frames(frames.data, frames.address, linked.is_big) {
            let at = find(frame.function);
            add(at, FRAMES, u32::try_from(frame.bytes).unwrap_or_default());
            add(at, INDEX, if section(".eh_frame_hdr").is_some() { INDEX_ENTRY } else { 0 });
            pads.extend(frame.exceptions.zip(at));
        }
    }
    // Several functions may share one.
    pads.sort_unstable();
    pads.dedup_by_key(|pad| pad.0);
    if let Some(table) = section(".gcc_except_table") {
        pads.retain(|pad| table.holds(pad.0));
        let end = table.address.saturating_add(table.data.len() as u64);
        for (index, &(address, at)) in pads.iter().enumerate() {
            let next = pads.get(index + 1).map_or(end, |next| next.0);
            add(Some(at), EXCEPTIONS, u32::try_from(next - address).unwrap_or_default());
        }
    }
    let is_packed = section(".relr.dyn").is_some();
    if let Some(table) = section(".rela.dyn").filter(|_| !is_packed) {
        let entries = table.data.chunks_exact(RELOCATION as usize);
        entries.for_each(|entry| add(find(linked.word(entry)), RELOCATIONS, RELOCATION));
    }
    if let Some(table) = section(".relr.dyn") {
        let words = table.data.chunks_exact(PACKED as usize).map(|word| linked.word(word));
        packed(words).for_each(|place| add(find(place), RELOCATIONS, PACKED));
    }
    give_symbols(linked, pieces, file, &pads, &mut add);
    let relocations = if is_packed { ".relr.dyn" } else { ".rela.dyn" };
    [".eh_frame", ".eh_frame_hdr", ".gcc_except_table", relocations, ".symtab", ".strtab"]
}

/// The first place that each word of packed relocations is about.
///
/// System V Application Binary Interface, "Relative relocations": an even word is an address; an odd one has a bit for each of
/// the 63 words that follow the last one.
fn packed(words: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
    let mut next = 0_u64;
    words.filter_map(move |word| {
        if word & 1 == 0 {
            next = word.wrapping_add(8);
            return Some(word);
        }
        let first = next.wrapping_add(u64::from((word >> 1).trailing_zeros()) * 8);
        next = next.wrapping_add(63 * 8);
        (word > 1).then_some(first)
    })
}

/// Gives the symbols of the file to the parts that they name. The file may have been built with another form of names: then the
/// last part of a name and the size must fit. Landing pad descriptions also have names: each belongs to its function.
fn give_symbols(
    linked: &Linked<'_>,
    pieces: &Pieces,
    file: &[u8],
    pads: &[(u64, usize)],
    add: &mut dyn FnMut(Option<usize>, usize, u32),
) {
    let symbols = symbols(file).unwrap_or_default();
    if symbols.is_empty() {
        return;
    }
    let mut exact: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut alike: HashMap<(String, u64), Vec<usize>> = HashMap::new();
    for (at, piece) in pieces.all.iter().enumerate().rev() {
        let Some(name) = piece.name.map(|name| linked.names[name]) else { continue };
        exact.entry(name.symbol).or_default().push(at);
        alike.entry((last(name.symbol), name.bytes)).or_default().push(at);
    }
    let mut of_pads: HashMap<&str, Vec<usize>> = HashMap::new();
    for name in linked.names.iter().filter(|name| linked.sections[name.section].name == ".gcc_except_table") {
        if let Ok(at) = pads.binary_search_by_key(&name.address, |pad| pad.0) {
            of_pads.entry(name.symbol).or_default().push(pads[at].1);
        }
    }
    let mut taken = vec![false; pieces.all.len()];
    let mut left = Vec::new();
    for &(name, bytes) in &symbols {
        if let Some(at) = of_pads.get_mut(name).and_then(Vec::pop) {
            add(Some(at), SYMBOLS, SYMBOL);
            add(Some(at), STRINGS, length(name));
            continue;
        }
        let at = exact.get_mut(name).and_then(Vec::pop);
        match at {
            Some(at) => {
                taken[at] = true;
                add(Some(at), SYMBOLS, SYMBOL);
                add(Some(at), STRINGS, length(name));
            }
            None => left.push((name, bytes)),
        }
    }
    let mut of_pads: Vec<usize> = of_pads.into_values().flatten().collect();
    of_pads.sort_unstable();
    for (name, bytes) in left {
        if name.starts_with("GCC_except_table")
            && let Some(at) = of_pads.pop()
        {
            // Their numbers depend on how the crate was split.
            add(Some(at), SYMBOLS, SYMBOL);
            add(Some(at), STRINGS, length(name));
            continue;
        }
        let Some(found) = alike.get_mut(&(last(name), bytes)) else { continue };
        while let Some(at) = found.pop() {
            if !std::mem::replace(&mut taken[at], true) {
                add(Some(at), SYMBOLS, SYMBOL);
                add(Some(at), STRINGS, length(name));
                break;
            }
        }
    }
}

/// Bytes of a name with the zero behind it.
fn length(name: &str) -> u32 {
    u32::try_from(name.len() + 1).unwrap_or_default()
}

/// The last name of a path, which both forms of symbols have alike.
fn last(symbol: &str) -> String {
    let (readable, ..) = crates::name(symbol);
    // The older form writes a function's arguments like a type's.
    let path = crates::generic(&readable).replace("::<_>", "");
    let (mut depth, mut start, mut last) = (0_usize, 0, "");
    let bytes = path.as_bytes();
    for at in 0..=bytes.len() {
        let ends = at == bytes.len() || (depth == 0 && bytes[at..].starts_with(b"::"));
        if ends && !path[start..at].starts_with(['<', '{']) {
            last = &path[start..at];
        }
        match bytes.get(at) {
            Some(b':') if depth == 0 => start = at + 1,
            Some(b'<' | b'(' | b'[' | b'{') => depth += 1,
            Some(b'>') if at > 0 && bytes[at - 1] == b'-' => {}
            Some(b'>' | b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    last.split(['<', '{']).next().unwrap_or_default().to_owned()
}

/// Names and sizes in the symbol table of a file.
fn symbols(file: &[u8]) -> Option<Vec<(&str, u64)>> {
    let header = abi::FileHeader64::<Endianness>::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let table = header.sections(endian, file).ok()?.symbols(endian, file, abi::SHT_SYMTAB).ok()?;
    let named = table.iter().filter_map(|symbol| {
        let name = std::str::from_utf8(symbol.name(endian, table.strings()).ok()?).ok()?;
        (!name.is_empty()).then(|| (name, symbol.st_size(endian)))
    });
    Some(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_relocations_name_the_first_place_of_each_word() {
        // 0x1000; then bits for 0x1008 + 8 * (0 and 2); then for 0x1008 + 8 * 63 + 8 * 4.
        let words = [0x1000, 0b1011, 1 << 5 | 1];
        assert_eq!(packed(words.into_iter()).collect::<Vec<_>>(), [0x1000, 0x1008, 0x1008 + 8 * 63 + 8 * 4]);
        assert_eq!(packed([1, u64::MAX].into_iter()).count(), 1);
    }

    #[test]
    fn both_forms_of_a_symbol_have_the_same_last_part() {
        for (old, new) in [
            ("_ZN10serde_json5error10make_error17h6a463655f476203aE", "_RNvNtCs1_10serde_json5error10make_error"),
            (
                "_ZN4core3ptr13drop_in_place17h6a463655f476203aE",
                "_RINvNtCs1_4core3ptr13drop_in_placeNtCs2_5regex5RegexEB4_",
            ),
            (
                "_ZN4core3ptr33drop_in_place$LT$regex..Regex$GT$17h6a463655f476203aE",
                "_RINvNtCs1_4core3ptr13drop_in_placeNtCs2_5regex5RegexEB4_",
            ),
        ] {
            assert_eq!(last(old), last(new));
        }
        for (old, new) in [
            ("_ZN5alloc6search51_$LT$impl$u20$alloc..node..NodeRef$LT$K$C$V$GT$$GT$4find17h318eb5d685482246E", "find"),
            ("_ZN4core3ops8function6FnOnce40call_once$u7b$$u7b$vtable.shim$u7d$$u7d$17h379aa803d57fa875E", "call_once"),
            ("_ZN4tool4main28_$u7b$$u7b$closure$u7d$$u7d$17h379aa803d57fa875E", "main"),
            ("main", "main"),
        ] {
            assert_eq!(last(old), new);
        }
    }
}
