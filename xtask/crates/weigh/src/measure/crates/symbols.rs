//! Which bytes of code have which name. ELF notes how long a function is; the other formats note only where it begins, so it ends
//! at the next one, by the tables that are there for debuggers (Mach-O) and for unwinding (PE).
//!
//! A stripped library still has the names of what it exports. Without care the few that are left would seem to own everything up to
//! the next one, so a file whose symbols say little is said to be unknown.

use super::{Code, Function, Natives};
use crate::measure::binary::{self, Damaged, archive, macho, pe, wasm};
use crate::measure::file::kind::{self, Kind};
use base::numbers::thousands;
use object::{
    Architecture, BinaryFormat, ExportTarget, Object as _, ObjectKind, ObjectSection as _, ObjectSegment as _,
    ObjectSymbol as _, SymbolKind,
};
use std::collections::BTreeMap;

/// Whose the machine code of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owners {
    /// By function.
    Known(Code),
    /// Nothing tells, and why: the end of a sentence.
    Unknown(String),
}

/// A symbol: address, bytes, name.
pub(super) type Symbol<'data> = (u64, u64, &'data str);

/// Whose the machine code of a program, a library or an object is.
///
/// # Errors
/// When it isn't one that is understood.
pub fn owners(data: &[u8]) -> Result<Owners, Damaged> {
    owners_with(data, &Natives::default())
}

/// The same for a program whose build is known: what comes from its C libraries belongs to the crates that they are of.
///
/// # Errors
/// When it isn't one that is understood.
pub fn owners_with(data: &[u8], natives: &Natives) -> Result<Owners, Damaged> {
    match kind::of(data) {
        Ok(Kind::Archive) => of_archive(data, natives),
        Ok(Kind::Wasm) => of_wasm(data),
        _ => of_object(data, None, natives),
    }
}

/// Whose the machine code of a program is whose symbols are in a file of their own.
///
/// # Errors
/// When one of the two isn't understood.
pub fn owners_apart(program: &[u8], symbols: &[u8]) -> Result<Owners, Damaged> {
    of_object(program, Some(symbols), &Natives::default())
}

fn of_archive(data: &[u8], natives: &Natives) -> Result<Owners, Damaged> {
    let mut all = Code { text_bytes: 0, functions: Vec::new() };
    for member in archive::objects(data)? {
        if matches!(kind::of(member.data), Err(_) | Ok(Kind::Archive | Kind::Universal)) {
            continue;
        }
        match owners_with(member.data, natives) {
            Ok(Owners::Known(code)) => {
                all.text_bytes += code.text_bytes;
                all.functions.extend(code.functions);
            }
            // Its code is there all the same.
            Ok(Owners::Unknown(_)) => all.text_bytes += binary::parse(member.data)?.text.bytes,
            Err(_) => {}
        }
    }
    if all.functions.is_empty() {
        return Ok(Owners::Unknown("no object of the archive has symbols for machine code".to_owned()));
    }
    Ok(Owners::Known(all))
}

fn of_wasm(data: &[u8]) -> Result<Owners, Damaged> {
    let (text_bytes, functions) = wasm::functions(data)?;
    if functions.iter().all(|function| function.name.is_none()) {
        return Ok(Owners::Unknown(
            "the module has no names: `strip`, `wasm-opt` without -g, or `wasm-bindgen` took its section `name` out"
                .to_owned(),
        ));
    }
    let named = functions.into_iter().filter_map(|function| {
        let (name, krate, guessed) = super::name(&function.name?);
        Some(Function { name, krate, guessed, address: function.offset, bytes: function.bytes })
    });
    Ok(Owners::Known(Code { text_bytes, functions: named.collect() }))
}

fn of_object(data: &[u8], apart: Option<&[u8]>, natives: &Natives) -> Result<Owners, Damaged> {
    let file = object::File::parse(data)?;
    let apart = apart.map(object::File::parse).transpose()?;
    // Address and bytes.
    let mut texts: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for section in binary::text_sections(&file) {
        texts.insert(section.index().0, (section.address(), section.data()?.len() as u64));
    }
    let text_bytes: u64 = texts.values().map(|text| text.1).sum();
    if text_bytes == 0 {
        return Ok(Owners::Unknown("the file has no machine code".to_owned()));
    }
    let Found { mut symbols, local } = find(&file, apart.as_ref(), &texts);
    if symbols.values().all(Vec::is_empty) {
        return Ok(Owners::Unknown(stripped(&file, data, &texts)));
    }
    let is_elf = file.format() == BinaryFormat::Elf;
    let starts = match file.format() {
        BinaryFormat::MachO => macho::function_starts(data),
        BinaryFormat::Pe => pe::function_starts(data),
        _ => Vec::new(),
    };
    let mut functions = Vec::new();
    for (index, &(start, bytes)) in &texts {
        let mut symbols = symbols.remove(index).unwrap_or_default();
        // The other formats note where a function begins, not where it ends.
        if !is_elf {
            until_next(&mut symbols, &starts, start.saturating_add(bytes));
        }
        functions.extend(super::attribute(start, bytes, symbols, natives));
    }
    // Names of an object's own are local, and the linker leaves them. Where none is left, `strip` has been here.
    let named: u64 = functions.iter().map(|function| function.bytes).sum();
    let is_little = named.saturating_mul(2) < text_bytes || (!is_elf && starts.is_empty());
    let is_object = file.kind() == ObjectKind::Relocatable;
    let is_exported =
        || file.format() != BinaryFormat::Elf || file.dynamic_symbols().any(|symbol| symbol.is_definition());
    if !local && is_little && !is_object && is_exported() {
        let share = named as f64 * 100.0 / text_bytes as f64;
        let what = if starts.is_empty() && !is_elf {
            "which say only where they begin".to_owned()
        } else {
            format!("which name {share:.1} % of its code")
        };
        let count = functions.len() as u64;
        return Ok(Owners::Unknown(format!("only exported symbols are left ({}), {what}", thousands(count))));
    }
    if is_elf {
        let loaded = file.segments().map(|segment| segment.address()).min().unwrap_or_default();
        functions.iter_mut().for_each(|function| function.address -= loaded.min(function.address));
    }
    Ok(Owners::Known(Code { text_bytes, functions }))
}

/// The symbols of machine code by section, and whether any of them is a local name.
struct Found<'data> {
    symbols: BTreeMap<usize, Vec<Symbol<'data>>>,
    local: bool,
}

/// The symbols of a program, which may be in a file of their own. There the sections may have other numbers, and addresses tell.
fn find<'data>(
    file: &object::File<'data>,
    apart: Option<&object::File<'data>>,
    texts: &BTreeMap<usize, (u64, u64)>,
) -> Found<'data> {
    let inside = |address: u64| {
        let inside = |text: &&(u64, u64)| (text.0..text.0.saturating_add(text.1)).contains(&address);
        texts.iter().find(|(_, text)| inside(text)).map(|(&index, _)| index)
    };
    let mut found = Found { symbols: BTreeMap::new(), local: false };
    // On big-endian PowerPC a function's symbol points at a descriptor, which begins with the address of the code.
    let descriptors = (file.architecture() == Architecture::PowerPc64).then(|| file.section_by_name(".opd")).flatten();
    let descriptors =
        descriptors.and_then(|section| Some((section.index().0, section.address(), section.data().ok()?)));
    let is_thumb = file.architecture() == Architecture::Arm;
    let descriptors_in = descriptors.map(|(_, start, data)| start..start.saturating_add(data.len() as u64));
    for symbol in apart.unwrap_or(file).symbols() {
        let (Some(mut index), mut address) = (symbol.section_index().map(|index| index.0), symbol.address()) else {
            continue;
        };
        if apart.is_some() {
            // The descriptors are a section of their own.
            let of_descriptors = descriptors_in.as_ref().filter(|range| range.contains(&address));
            let place = of_descriptors.and(descriptors.map(|(index, ..)| index)).or_else(|| inside(address));
            let Some(place) = place else { continue };
            index = place;
        }
        if let Some((_, start, data)) = descriptors.filter(|descriptors| descriptors.0 == index) {
            let at = usize::try_from(address.wrapping_sub(start)).ok();
            let entry = at.and_then(|at| data.get(at..at.checked_add(8)?)?.try_into().ok());
            let Some(code) = entry.map(if file.is_little_endian() { u64::from_le_bytes } else { u64::from_be_bytes })
            else {
                continue;
            };
            let Some(text) = inside(code) else { continue };
            (index, address) = (text, code);
        }
        // The lowest bit of an address says that the code is Thumb.
        if is_thumb {
            address &= !1;
        }
        let Some(&(start, bytes)) = texts.get(&index) else { continue };
        let is_name = !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File);
        let name = symbol.name().ok().filter(|name| !name.is_empty() && is_name);
        let Some(name) = name.filter(|_| (start..start.saturating_add(bytes)).contains(&address)) else { continue };
        // Marks between code and data have no size, and `strip` leaves them.
        found.local |= symbol.is_local() && (file.format() != BinaryFormat::Elf || symbol.size() > 0);
        found.symbols.entry(index).or_default().push((address, symbol.size(), name));
    }
    found
}

/// Why a file has no symbols for its code.
fn stripped(file: &object::File<'_>, data: &[u8], texts: &BTreeMap<usize, (u64, u64)>) -> String {
    let inside = |address: u64| texts.values().any(|text| (text.0..text.0.saturating_add(text.1)).contains(&address));
    let count = match file.format() {
        BinaryFormat::Elf => {
            file.dynamic_symbols().filter(|symbol| symbol.is_definition() && inside(symbol.address())).count()
        }
        _ => file.exports().map_or(0, |exports| {
            exports
                .filter_map(Result::ok)
                .filter(|export| matches!(export.target(), ExportTarget::Address { address } if inside(address)))
                .count()
        }),
    };
    let left = match count {
        0 => "the file has no symbols".to_owned(),
        count => format!("only exported symbols are left ({})", thousands(count as u64)),
    };
    match pe::symbols_elsewhere(data).filter(|_| file.format() == BinaryFormat::Pe) {
        Some(name) => format!(
            "{left}; the linker put the others into {name}, which isn't read here (a build for a windows-gnu target keeps them in the program)"
        ),
        None => left,
    }
}

/// Makes each symbol as long as it is to the next one, to where the next function begins, or to the end of the section.
pub(super) fn until_next(symbols: &mut [Symbol<'_>], starts: &[u64], end: u64) {
    symbols.sort_unstable_by_key(|&(address, ..)| std::cmp::Reverse(address));
    let (mut next, mut last) = (end, end);
    for (address, bytes, _) in symbols {
        if *address != last {
            (next, last) = (last, *address);
        }
        let function = starts.get(starts.partition_point(|start| start <= address)).copied().unwrap_or(end);
        *bytes = next.min(function).saturating_sub(*address);
    }
}
