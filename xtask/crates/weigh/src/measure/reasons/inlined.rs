//! Which code of a function was written in others that the optimizer has put into it: inlining. Debug information tells the
//! addresses, and whose they are, through how many functions ever.
//!
//! DWARF 5, section 3.3.8, "Inlined Subroutines". What can't be read there is left out: its code is then the whole function's.

use gimli::{
    Attribute, AttributeValue, DebugInfoOffset, Dwarf, EndianSlice, RunTimeEndian, Unit, UnitHeader, constants,
};
use std::cell::OnceCell;
use std::collections::HashMap;

type Reader<'data> = EndianSlice<'data, RunTimeEndian>;

/// No chain: code of the function itself.
pub(super) const NO_CHAIN: u32 = u32::MAX;

/// Some code that was put into a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it begins.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
    /// The number of the chain of functions that it came through.
    pub chain: u32,
}

/// A function that was put into another one, and through which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain<'data> {
    /// The one that it was put into, if that was in turn put into another; else [`NO_CHAIN`]. A smaller number than its own.
    pub above: u32,
    /// Its symbol.
    pub symbol: &'data str,
}

/// All code that was put into functions.
#[derive(Clone, Debug, Default)]
pub(super) struct Inlined<'data> {
    /// By address; no byte is in two of them.
    pub runs: Vec<Run>,
    /// What their numbers mean.
    pub chains: Vec<Chain<'data>>,
}

/// Reads debug information, given the sections by name, each empty where the file has none.
pub(super) fn read<'data>(is_big: bool, section: impl Fn(&str) -> &'data [u8]) -> Inlined<'data> {
    let endian = if is_big { RunTimeEndian::Big } else { RunTimeEndian::Little };
    let loaded: Result<_, gimli::Error> = Dwarf::load(|id| Ok(EndianSlice::new(section(id.name()), endian)));
    let Ok(dwarf) = loaded else { return Inlined::default() };
    let mut units = Units { dwarf: &dwarf, all: Vec::new() };
    let mut headers = dwarf.units();
    while let Ok(Some(header)) = headers.next() {
        units.all.push((header, OnceCell::new()));
    }
    let mut found = Found::default();
    for number in 0..units.all.len() {
        if let Some(unit) = units.get(number).filter(|unit| !is_of_std(unit)) {
            // What is damaged ends there.
            let _ = found.add(&units, unit);
        }
    }
    Inlined { runs: runs(found.ranges), chains: found.chains }
}

/// Whether the standard library's own build has made a unit. Its functions have no code of other crates in them.
fn is_of_std(unit: &Unit<Reader<'_>>) -> bool {
    unit.comp_dir.is_some_and(|folder| folder.slice().starts_with(b"/rustc/"))
}

/// The beginning of a unit, and the unit once it was asked for; none if it can't be read.
type Lazy<'data> = (UnitHeader<Reader<'data>>, OnceCell<Option<Unit<Reader<'data>>>>);

/// The units of a file, read when they are asked for.
struct Units<'a, 'data> {
    dwarf: &'a Dwarf<Reader<'data>>,
    all: Vec<Lazy<'data>>,
}

impl<'data> Units<'_, 'data> {
    fn get(&self, number: usize) -> Option<&Unit<Reader<'data>>> {
        let (header, unit) = self.all.get(number)?;
        unit.get_or_init(|| self.dwarf.unit(*header).ok()).as_ref()
    }

    /// The symbol of the function that is described at a place.
    fn symbol(&self, mut place: DebugInfoOffset) -> Option<&'data str> {
        // A function may be declared in one place and defined in another.
        for _ in 0..4 {
            let starts = |header: &UnitHeader<Reader<'_>>| header.debug_info_offset();
            let number = self.all.partition_point(|(header, _)| starts(header) <= Some(place)).checked_sub(1)?;
            let unit = self.get(number)?;
            let entry = unit.entry(place.to_unit_offset(unit)?).ok()?;
            if let Some(name) = entry.attr_value(constants::DW_AT_linkage_name) {
                return std::str::from_utf8(self.dwarf.attr_string(unit, name).ok()?.slice()).ok();
            }
            let next = [constants::DW_AT_specification, constants::DW_AT_abstract_origin];
            place = next.into_iter().find_map(|name| referred(unit, entry.attr_value(name)?))?;
        }
        None
    }
}

/// The place that an attribute refers to.
fn referred(unit: &Unit<Reader<'_>>, value: AttributeValue<Reader<'_>>) -> Option<DebugInfoOffset> {
    match value {
        AttributeValue::UnitRef(inside) => inside.to_debug_info_offset(&unit.header),
        AttributeValue::DebugInfoRef(place) => Some(place),
        _ => None,
    }
}

type Value<'data> = AttributeValue<Reader<'data>>;

/// What is told of a function that was put into another one.
#[derive(Default)]
struct Call<'data> {
    origin: Option<Value<'data>>,
    low: Option<Value<'data>>,
    high: Option<Value<'data>>,
    ranges: Option<Value<'data>>,
}

impl<'data> Call<'data> {
    fn take(&mut self, attribute: &Attribute<Reader<'data>>) {
        let place = match attribute.name() {
            constants::DW_AT_abstract_origin => &mut self.origin,
            constants::DW_AT_low_pc => &mut self.low,
            constants::DW_AT_high_pc => &mut self.high,
            constants::DW_AT_ranges => &mut self.ranges,
            _ => return,
        };
        *place = Some(attribute.value());
    }
}

/// What was found so far.
#[derive(Default)]
struct Found<'data> {
    ranges: Vec<Run>,
    chains: Vec<Chain<'data>>,
    numbers: HashMap<(u32, usize), u32>,
    symbols: HashMap<usize, Option<&'data str>>,
}

impl<'data> Found<'data> {
    fn add(&mut self, units: &Units<'_, 'data>, unit: &Unit<Reader<'data>>) -> Result<(), gimli::Error> {
        let mut entries = unit.entries_raw(None)?;
        // The functions around an entry, by depth, each with its chain.
        let mut around: Vec<(isize, u32)> = Vec::new();
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            while around.last().is_some_and(|(above, _)| *above >= depth) {
                around.pop();
            }
            let (tag, attributes) = (abbreviation.tag(), abbreviation.attributes());
            if tag != constants::DW_TAG_inlined_subroutine {
                // Most entries are of other kinds.
                entries.skip_attributes(attributes)?;
                if tag == constants::DW_TAG_subprogram {
                    around.push((depth, NO_CHAIN));
                }
                continue;
            }
            let mut call = Call::default();
            for attribute in attributes {
                call.take(&entries.read_attribute(*attribute)?);
            }
            let above = around.last().map_or(NO_CHAIN, |(_, chain)| *chain);
            let chain = self.chain(units, unit, &call, above);
            around.push((depth, chain));
            if chain != NO_CHAIN {
                self.add_ranges(units.dwarf, unit, &call, chain)?;
            }
        }
        Ok(())
    }

    /// The chain of a function that was put into the last one of another chain. One without a name is its caller's.
    fn chain(&mut self, units: &Units<'_, 'data>, unit: &Unit<Reader<'data>>, call: &Call<'data>, above: u32) -> u32 {
        let origin = call.origin.and_then(|value| referred(unit, value));
        let Some(place) = origin else { return above };
        let Some(symbol) = *self.symbols.entry(place.0).or_insert_with(|| units.symbol(place)) else { return above };
        *self.numbers.entry((above, place.0)).or_insert_with(|| {
            self.chains.push(Chain { above, symbol });
            self.chains.len() as u32 - 1
        })
    }

    fn add_ranges(
        &mut self,
        dwarf: &Dwarf<Reader<'data>>,
        unit: &Unit<Reader<'data>>,
        call: &Call<'data>,
        chain: u32,
    ) -> Result<(), gimli::Error> {
        let mut push = |from: u64, to: u64| {
            if from < to {
                self.ranges.push(Run { from, to, chain });
            }
        };
        if let Some(list) = call.ranges {
            let Some(mut ranges) = dwarf.attr_ranges(unit, list)? else { return Ok(()) };
            while let Some(range) = ranges.next()? {
                push(range.begin, range.end);
            }
            return Ok(());
        }
        let address = |value: Option<Value<'data>>| value.map_or(Ok(None), |value| dwarf.attr_address(unit, value));
        let Some(from) = address(call.low)? else { return Ok(()) };
        // The end is an address, or a distance.
        let to = match call.high {
            Some(AttributeValue::Udata(bytes)) => from.saturating_add(bytes),
            high => address(high)?.unwrap_or_default(),
        };
        push(from, to);
        Ok(())
    }
}

/// Cuts ranges so that each byte is only in the innermost one. Of two that overlap without one being in the other, which no compiler
/// writes, the later one ends with the earlier one.
fn runs(mut ranges: Vec<Run>) -> Vec<Run> {
    // A longer chain has a higher number than the chain it begins with.
    ranges.sort_unstable_by_key(|run| (run.from, std::cmp::Reverse(run.to), run.chain));
    let mut runs: Vec<Run> = Vec::new();
    let mut open: Vec<Run> = Vec::new();
    let mut at = 0;
    let mut emit = |at: &mut u64, to: u64, chain: u32| {
        if *at < to {
            match runs.last_mut() {
                Some(last) if last.to == *at && last.chain == chain => last.to = to,
                _ => runs.push(Run { from: *at, to, chain }),
            }
            *at = to;
        }
    };
    for run in ranges {
        while let Some(last) = open.last().filter(|last| last.to <= run.from) {
            emit(&mut at, last.to, last.chain);
            open.pop();
        }
        if let Some(last) = open.last() {
            emit(&mut at, run.from, last.chain);
        }
        at = at.max(run.from);
        let to = open.last().map_or(run.to, |last| last.to.min(run.to));
        open.push(Run { to, ..run });
    }
    while let Some(last) = open.pop() {
        emit(&mut at, last.to, last.chain);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(ranges: &[(u64, u64, u32)]) -> Vec<(u64, u64, u32)> {
        let ranges = ranges.iter().map(|&(from, to, chain)| Run { from, to, chain }).collect();
        runs(ranges).into_iter().map(|run| (run.from, run.to, run.chain)).collect()
    }

    #[test]
    fn a_byte_is_in_the_innermost_function_only() {
        assert_eq!(cut(&[(10, 50, 0), (20, 30, 1), (60, 70, 0)]), [(10, 20, 0), (20, 30, 1), (30, 50, 0), (60, 70, 0)]);
        assert_eq!(cut(&[(10, 20, 1), (10, 20, 0)]), [(10, 20, 1)], "all of a function is another one's code");
        assert_eq!(cut(&[(10, 20, 0), (10, 14, 1), (14, 20, 2)]), [(10, 14, 1), (14, 20, 2)]);
        assert_eq!(cut(&[(10, 20, 0), (20, 30, 0)]), [(10, 30, 0)]);
        assert_eq!(cut(&[(10, 20, 0), (15, 25, 1), (18, 19, 2)]), [(10, 15, 0), (15, 18, 1), (18, 19, 2), (19, 20, 1)]);
        assert_eq!(cut(&[]), []);
    }

    #[test]
    fn damaged_debug_information_tells_nothing() {
        let read = |info: &'static [u8]| read(false, move |name| if name == ".debug_info" { info } else { &[] });
        assert!(
            read(&[]).runs.is_empty() && read(&[0xff; 64]).runs.is_empty() && read(&[8, 0, 0, 0, 4]).runs.is_empty()
        );
    }
}
