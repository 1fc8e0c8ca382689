//! Cuts a linked file into parts: functions by their names, data at every address that something points at.

use super::elf::{Linked, Section, Target, Use};
use object::elf as abi;

/// A piece of a section that is used as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The number of its section.
    pub section: usize,
    /// Where it is loaded.
    pub address: u64,
    /// Its bytes, with what aligns the next one.
    pub bytes: u64,
    /// The bytes that its name covers; none of a piece without a name.
    pub named_bytes: u64,
    /// The number of its name.
    pub name: Option<usize>,
}

/// All pieces, by address within each section.
#[derive(Debug)]
pub(super) struct Pieces {
    /// The pieces.
    pub all: Vec<Piece>,
    /// For each section where its pieces begin and end.
    of_section: Vec<(usize, usize)>,
}

/// Room between two functions that only aligns the second one.
const ALIGNMENT: u64 = 64;

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Functions.
    Code,
    /// Constants and variables with values.
    Data,
    /// Functions that are called before or after `main`, by address.
    Calls,
    /// What the loader, an unwinder or a linker reads; and what only takes memory.
    Table,
}

/// What a section is for.
pub(super) fn role(section: &Section<'_>) -> Role {
    // `.debug_gdb_scripts` is loaded, and only a build with debug information has it.
    let is_table = section.name.starts_with(".debug")
        || section.name.starts_with(".plt")
        || section.name.starts_with(".got")
        || matches!(
            section.name,
            ".interp" | ".eh_frame" | ".eh_frame_hdr" | ".gcc_except_table" | ".iplt" | ".relro_padding"
        );
    match section.kind {
        _ if is_table || section.data.is_empty() => Role::Table,
        abi::SHT_INIT_ARRAY | abi::SHT_FINI_ARRAY | abi::SHT_PREINIT_ARRAY => Role::Calls,
        abi::SHT_PROGBITS if section.is_code => Role::Code,
        abi::SHT_PROGBITS => Role::Data,
        _ => Role::Table,
    }
}

impl Pieces {
    /// Cuts a file. The distances in tables count from where their tables begin, so these are found first.
    pub(super) fn of(linked: &Linked<'_>) -> Self {
        let first = Self::cut(linked, &linked.uses);
        let known: Vec<Use> = linked.uses.iter().map(|used| first.without_table(used)).collect();
        Self::cut(linked, &known)
    }

    fn cut(linked: &Linked<'_>, uses: &[Use]) -> Self {
        let mut cuts: Vec<Vec<u64>> = vec![Vec::new(); linked.sections.len()];
        for used in uses {
            if let Target::At(address) = used.target
                && let Some(section) = home(&linked.sections, address)
            {
                cuts[section].push(address);
            }
            if role(&linked.sections[used.section]) == Role::Calls {
                cuts[used.section].push(used.place);
            }
        }
        let mut names: Vec<Vec<usize>> = vec![Vec::new(); linked.sections.len()];
        linked.names.iter().enumerate().for_each(|(number, name)| names[name.section].push(number));
        let mut pieces = Self { all: Vec::new(), of_section: Vec::new() };
        for (number, section) in linked.sections.iter().enumerate() {
            let start = pieces.all.len();
            match role(section) {
                Role::Code => pieces.functions(linked, number, &mut names[number]),
                Role::Data | Role::Calls => pieces.data(linked, number, &mut names[number], &mut cuts[number]),
                Role::Table => {}
            }
            pieces.of_section.push((start, pieces.all.len()));
        }
        pieces
    }

    /// The first name at each place, the longest first, that begins behind the end of the one before: no byte is in two.
    fn chosen(linked: &Linked<'_>, names: &mut [usize]) -> Vec<usize> {
        let of = |number: &usize| linked.names[*number];
        names.sort_unstable_by_key(|number| {
            let name = of(number);
            (name.address, std::cmp::Reverse(name.bytes), name.symbol)
        });
        let mut chosen: Vec<usize> = Vec::new();
        let mut covered = 0;
        for &number in &*names {
            let name = of(&number);
            let is_new = chosen.last().is_none_or(|last| of(last).address < name.address);
            if is_new && name.address >= covered {
                covered = name.address.saturating_add(name.bytes);
                chosen.push(number);
            }
        }
        chosen
    }

    fn functions(&mut self, linked: &Linked<'_>, section: usize, names: &mut [usize]) {
        let Section { address: start, data, .. } = linked.sections[section];
        let end = start.saturating_add(data.len() as u64);
        let chosen = Self::chosen(linked, names);
        let mut at = start;
        for (index, &number) in chosen.iter().enumerate() {
            let name = linked.names[number];
            if name.address > at {
                self.all.push(Piece { section, address: at, bytes: name.address - at, named_bytes: 0, name: None });
            }
            let next = chosen.get(index + 1).map_or(end, |next| linked.names[*next].address).min(end);
            // Without a size, as in handwritten assembly, it reaches to the next one.
            let named = if name.bytes == 0 { next - name.address } else { name.bytes.min(next - name.address) };
            at = name.address + named;
            if next - at < ALIGNMENT {
                at = next;
            }
            let bytes = at - name.address;
            self.all.push(Piece { section, address: name.address, bytes, named_bytes: named, name: Some(number) });
        }
        if at < end {
            self.all.push(Piece { section, address: at, bytes: end - at, named_bytes: 0, name: None });
        }
    }

    fn data(&mut self, linked: &Linked<'_>, section: usize, names: &mut [usize], cuts: &mut Vec<u64>) {
        let Section { address: start, data, .. } = linked.sections[section];
        let end = start.saturating_add(data.len() as u64);
        let chosen = Self::chosen(linked, names);
        let sized = |number: &usize| {
            let name = linked.names[*number];
            (name.address, name.address.saturating_add(name.bytes))
        };
        // What has a name and a size is one piece, however many places in it something points at.
        let is_inside = |address: u64| {
            let before = chosen.partition_point(|number| linked.names[*number].address < address);
            before.checked_sub(1).is_some_and(|at| address < sized(&chosen[at]).1)
        };
        cuts.retain(|cut| !is_inside(*cut));
        cuts.sort_unstable();
        let pointed_at = cuts.clone();
        cuts.push(start);
        for (index, number) in chosen.iter().enumerate() {
            let (from, to) = sized(number);
            cuts.push(from);
            // What only aligns the next name is of this one.
            let next = chosen.get(index + 1).map_or(end, |next| linked.names[*next].address);
            let is_pointed_at =
                || pointed_at.get(pointed_at.partition_point(|cut| *cut < to)).is_some_and(|cut| *cut < next);
            if next.saturating_sub(to) >= ALIGNMENT || is_pointed_at() {
                cuts.push(to);
            }
        }
        cuts.retain(|cut| (start..end).contains(cut));
        cuts.sort_unstable();
        cuts.dedup();
        let mut named = chosen.iter().peekable();
        for (index, &address) in cuts.iter().enumerate() {
            let bytes = cuts.get(index + 1).copied().unwrap_or(end) - address;
            let name = named.next_if(|number| linked.names[**number].address == address).copied();
            let named_bytes = name.map_or(0, |number| linked.names[number].bytes.min(bytes));
            self.all.push(Piece { section, address, bytes, named_bytes, name });
        }
    }

    /// The numbers of a section's pieces.
    pub(super) fn of_section(&self, section: usize) -> std::ops::Range<usize> {
        self.of_section.get(section).map_or(0..0, |&(from, to)| from..to)
    }

    /// The number of the piece of a section that an address is in.
    pub(super) fn at(&self, section: usize, address: u64) -> Option<usize> {
        let range = self.of_section(section);
        let pieces = &self.all[range.clone()];
        let at = pieces.partition_point(|piece| piece.address <= address).checked_sub(1)?;
        (address - pieces[at].address < pieces[at].bytes).then_some(range.start + at)
    }

    /// The same use with its address, where it is counted from the beginning of a table.
    pub(super) fn without_table(&self, used: &Use) -> Use {
        let Target::InTable(target) = used.target else { return *used };
        let begins = self.at(used.section, used.place).map_or(used.place, |piece| self.all[piece].address);
        Use { target: Target::At(target.wrapping_sub(used.place - begins)), ..*used }
    }
}

/// The number of the loaded section that an address is in.
pub(super) fn home(sections: &[Section<'_>], address: u64) -> Option<usize> {
    // What only takes memory, such as `.tbss`, may seem to lie where others are.
    let holds = |section: &&Section<'_>| section.holds(address);
    let with_data = sections.iter().position(|section| !section.data.is_empty() && section.holds(address));
    with_data.or_else(|| sections.iter().position(|section| holds(&section)))
}
