//! Why each byte of a program is there: what uses what, and what would go with it.
//!
//! A linked program with its relocations (`--emit-relocs`) says of every function and every constant which others it points at.
//! From where the program begins, that graph tells what keeps each part, and what only it keeps. With the entries that unwinding,
//! the loader and the symbol table have for each part, the whole file is given to owners, to the byte.
//!
//! The file that is explained and the one with the relocations are two builds: a stripped program has no relocations. The one with
//! them is called the twin.

mod ask;
mod calls;
mod copies;
mod cuts;
mod elf;
mod graph;
mod inlined;
mod names;
mod tables;
#[cfg(test)]
mod tests;
mod unwind;
mod x86;

use super::binary::{self, Damaged};
use super::crates::{Natives, OTHER, STD_MEMCHR, UNATTRIBUTED, is_std};
pub use ask::{Group, Node, Step, Why, Without};
use cuts::{Piece, Pieces, Role, home, role};
use elf::{Linked, Section, Target};
use graph::Graph;
use inlined::Chain;
pub use names::CrateId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tables::Dragged;

/// Constants that parts of several crates use.
pub const SHARED: &str = "[shared constants]";
/// What the loader reads: dynamic symbols, their names and versions, and the addresses that it fills in.
pub const LOADER: &str = "[the loader's tables]";
/// What unwinding needs besides an entry for each function.
pub const UNWINDING: &str = "[unwind tables]";
/// Symbols that belong to nothing else, and the names of sections.
pub const SYMBOLS: &str = "[symbols]";
/// What is there for a debugger.
pub const DEBUGGING: &str = "[debug information]";
/// What a linker could use again.
pub const RELOCATIONS: &str = "[relocations]";
/// By how much the twin's sections differ from the explained file's; it may be less than nothing.
pub const DIFFERENCE: &str = "[differs in the twin]";

/// Why each byte of a program is there.
#[derive(Clone, Debug)]
pub struct Reasons {
    graph: Graph,
    parts: Vec<Part>,
    owners: Vec<Owner>,
    /// The crates that were compiled for it, whether anything of them is in it or not, each with its package's name.
    compiled: BTreeMap<String, String>,
    /// Sets of owners, without which a part can't be there.
    named: Vec<Vec<u32>>,
    /// Whole bytes of each part in the file that is explained.
    own: Vec<u64>,
    retained: Vec<u64>,
    /// The tables in which parts have entries.
    table_names: Vec<String>,
    /// Sections of the file that is explained.
    sections: Vec<binary::Section>,
    /// For each of the twin's sections with parts its name.
    section_names: Vec<String>,
    /// Bytes that belong to no part, by owner.
    rest: BTreeMap<&'static str, i64>,
    code: copies::Code,
}

/// A function, a constant, or a variable.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    owner: u32,
    guessed: bool,
    named: u32,
    section: u32,
    address: u64,
    /// Bytes in its section, with what aligns the next part.
    bytes: u64,
    /// Bytes of machine code.
    code_bytes: u64,
    /// What it has in tables.
    dragged: Dragged,
    /// The number of the function that this is a part of: code of other crates that was put into it. [`NOBODY`] for what stands by
    /// itself.
    host: u32,
}

/// Whose parts of a file are.
#[derive(Clone, Debug)]
struct Owner {
    name: String,
    is_std: bool,
}

/// What is known of the crates of a build besides their names in symbols.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Crates {
    /// The names of all crates that were compiled for it, and not with the standard library; each with its package's name, which may
    /// be another one.
    pub compiled: BTreeMap<String, String>,
    /// Of the crates inside the standard library those that have the name of one that was compiled.
    pub inside_std: BTreeSet<CrateId>,
}

/// An owner of bytes, with what would go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The crate, or what is in brackets.
    pub name: String,
    /// It is the standard library, or comes inside it.
    pub standard: bool,
    /// Bytes of its machine code.
    pub code_bytes: u64,
    /// All bytes of the file that are its own. What is in brackets may have less than nothing, where the twin has more of it.
    pub own_bytes: i64,
    /// Bytes of the file that wouldn't be there without it; for what is in brackets its own.
    pub retained_bytes: i64,
}

/// Where parts of a program are, by number.
pub type Parts = Vec<u32>;

impl Reasons {
    /// Finds out why the bytes of a file with these sections are there from its twin, which may be the file itself. The end of a
    /// sentence says why nothing is known, where it isn't.
    ///
    /// # Errors
    /// When the twin is damaged.
    pub fn of(
        sections: &[binary::Section],
        data: &[u8],
        twin: &[u8],
        natives: &Natives,
        crates: &Crates,
    ) -> Result<Result<Self, String>, Damaged> {
        let linked = match elf::read(twin)? {
            Ok(linked) => linked,
            Err(why) => return Ok(Err(why)),
        };
        let pieces = Pieces::of(&linked);
        let mut parts = Naming {
            crates,
            natives,
            owners: Vec::new(),
            numbers: HashMap::new(),
            named: Vec::new(),
            sets: HashMap::new(),
        };
        let mut known: Vec<Part> = pieces.all.iter().map(|piece| parts.part(&linked, piece)).collect();
        let wholes = wholes(&linked);
        known.extend(wholes.iter().map(|section| parts.whole(&linked, *section)));
        let hosted = Hosted::cut(&linked, &pieces, &mut parts, &mut known);
        let Naming { owners, named, .. } = parts;
        let edges = edges(&linked, &pieces, &wholes, &hosted);
        let mut roots = roots(&linked, &pieces);
        add_unreached(&mut roots, known.len(), &edges);
        let graph = Graph::new(known.len(), edges, roots);
        let mut reasons = Self {
            graph,
            parts: known,
            owners,
            compiled: crates.compiled.clone(),
            named,
            own: Vec::new(),
            retained: Vec::new(),
            table_names: Vec::new(),
            sections: sections.to_vec(),
            section_names: linked.sections.iter().map(|section| section.name.to_owned()).collect(),
            rest: BTreeMap::new(),
            code: copies::Code::of(&linked),
        };
        reasons.give_constants();
        let tables = tables::give(&linked, &pieces, data, &mut |part, kind, bytes| {
            let sum = &mut reasons.parts[part].dragged[kind];
            *sum = sum.saturating_add(bytes);
        });
        reasons.account(&linked, &tables);
        Ok(Ok(reasons))
    }

    /// Assigns what has no name to its users: to one crate, or to several.
    fn give_constants(&mut self) {
        let shared = self.owner_of(SHARED);
        let nobody = self.owner_of(OTHER);
        let is_open: Vec<bool> = self.parts.iter().map(|part| part.owner == NOBODY).collect();
        // What reaches a part through others without names: one owner, or several.
        let mut users: Vec<u32> = vec![NOBODY; self.parts.len()];
        let mut open: Vec<u32> = (0..self.parts.len() as u32).filter(|part| !is_open[*part as usize]).collect();
        while let Some(part) = open.pop() {
            let owner = if is_open[part as usize] { users[part as usize] } else { self.parts[part as usize].owner };
            for &used in self.graph.uses(part) {
                let at = used as usize;
                let now = match users[at] {
                    NOBODY => owner,
                    same if same == owner => same,
                    _ => shared,
                };
                if is_open[at] && now != users[at] {
                    users[at] = now;
                    open.push(used);
                }
            }
        }
        for (part, user) in self.parts.iter_mut().zip(users).filter(|(part, _)| part.owner == NOBODY) {
            part.owner = if user == NOBODY { nobody } else { user };
        }
    }

    fn owner_of(&mut self, name: &str) -> u32 {
        let at = self.owners.iter().position(|owner| owner.name == name).unwrap_or(self.owners.len());
        if at == self.owners.len() {
            self.owners.push(Owner { name: name.to_owned(), is_std: false });
        }
        at as u32
    }

    /// Adds up each part's bytes in the file, and names what belongs to no part.
    fn account(&mut self, linked: &Linked<'_>, tables: &[&str]) {
        self.table_names = tables.iter().map(|name| (*name).to_owned()).collect();
        let is_kept = |name: &&str| self.sections.iter().any(|section| section.name == **name);
        let kept: Vec<bool> = tables.iter().map(is_kept).collect();
        for part in &mut self.parts {
            part.dragged.iter_mut().zip(&kept).filter(|(_, kept)| !**kept).for_each(|(bytes, _)| *bytes = 0);
        }
        self.own = self
            .parts
            .iter()
            .map(|part| part.bytes + part.dragged.iter().map(|bytes| u64::from(*bytes)).sum::<u64>())
            .collect();
        self.retained = self.graph.retained(&self.own);
        let mut given: BTreeMap<&str, u64> = BTreeMap::new();
        for part in &self.parts {
            *given.entry(linked.sections[part.section as usize].name).or_default() += part.bytes;
            for (name, bytes) in tables.iter().zip(part.dragged).filter(|(_, bytes)| *bytes > 0) {
                *given.entry(name).or_default() += u64::from(bytes);
            }
        }
        let mut rest: BTreeMap<&'static str, i64> = BTreeMap::new();
        for section in &self.sections {
            let given = given.remove(section.name.as_str());
            let owner = match (linked.sections.iter().find(|found| found.name == section.name).map(role), given) {
                (Some(Role::Code | Role::Data | Role::Calls), _) => DIFFERENCE,
                _ => owner_of_section(&section.name),
            };
            *rest.entry(owner).or_default() += signed(section.bytes) - signed(given.unwrap_or_default());
        }
        // A section of the twin that the file doesn't have at all.
        let missing: u64 = given.values().sum();
        if missing > 0 {
            *rest.entry(DIFFERENCE).or_default() -= signed(missing);
        }
        rest.retain(|_, bytes| *bytes != 0);
        self.rest = rest;
    }
}

/// The owner of what has no name.
const NOBODY: u32 = u32::MAX;

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The owners of a section's bytes that no part has.
fn owner_of_section(name: &str) -> &'static str {
    match name {
        "[headers]" => "[headers]",
        "[padding]" => "[padding]",
        ".eh_frame" | ".eh_frame_hdr" | ".gcc_except_table" => UNWINDING,
        ".symtab" | ".strtab" | ".shstrtab" | ".comment" => SYMBOLS,
        _ if name.starts_with(".debug") || name.starts_with(".zdebug") => DEBUGGING,
        ".rela.dyn" | ".rela.plt" | ".relr.dyn" => LOADER,
        _ if name.starts_with(".rela") || name.starts_with(".rel.") => RELOCATIONS,
        _ if name.starts_with(".dyn") || name.starts_with(".got") || name.starts_with(".plt") => LOADER,
        _ if name.starts_with(".gnu.")
            || name.starts_with(".note")
            || matches!(name, ".interp" | ".hash" | ".init" | ".fini") =>
        {
            LOADER
        }
        _ => OTHER,
    }
}

/// The sections that something uses as a whole.
fn wholes(linked: &Linked<'_>) -> Vec<usize> {
    let wholes = linked.uses.iter().filter_map(|used| match used.target {
        Target::Whole(section) => Some(section),
        _ => None,
    });
    wholes.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Which parts use which, by number; in order, and each once. A section that is used as a whole is a part behind all others,
/// which uses each of its own. What was put into a function is used by it.
fn edges(linked: &Linked<'_>, pieces: &Pieces, wholes: &[usize], hosted: &Hosted) -> Vec<(u32, u32)> {
    let number_of = |section: usize| {
        let at = wholes.iter().position(|whole| *whole == section)?;
        Some(pieces.all.len() + at)
    };
    let mut edges = Vec::with_capacity(linked.uses.len());
    for used in &linked.uses {
        let Some(host) = pieces.at(used.section, used.place) else { continue };
        let from = if linked.sections[used.section].is_code { hosted.at(used.place) } else { None };
        let from = from.unwrap_or(host as u32);
        let to = match pieces.without_table(used).target {
            Target::Whole(section) => number_of(section),
            Target::Named(address) | Target::At(address) | Target::InTable(address) => {
                home(&linked.sections, address).and_then(|section| pieces.at(section, address))
            }
        };
        // What a function uses of itself, it uses as a whole.
        edges.extend(to.filter(|to| *to != host).map(|to| (from, to as u32)));
    }
    edges.extend(hosted.edges.iter().copied());
    for (at, section) in wholes.iter().enumerate() {
        let from = (pieces.all.len() + at) as u32;
        edges.extend(pieces.of_section(*section).map(|to| (from, to as u32)));
    }
    edges.extend(calls::local(linked, pieces));
    edges.retain(|(from, to)| from != to);
    edges.sort_unstable();
    edges.dedup();
    edges.shrink_to_fit();
    edges
}

/// What is there whatever uses it: where the program begins, what it exports, and what the loader calls.
fn roots(linked: &Linked<'_>, pieces: &Pieces) -> Vec<u32> {
    let at = |address: u64| {
        let section = home(&linked.sections, address)?;
        pieces.at(section, address).map(|part| part as u32)
    };
    let mut roots: Vec<u32> = linked.entry.iter().chain(&linked.exported).filter_map(|address| at(*address)).collect();
    for (number, section) in linked.sections.iter().enumerate() {
        if role(section) == Role::Calls || matches!(section.name, ".init" | ".fini") {
            roots.extend(pieces.of_section(number).map(|part| part as u32));
        }
    }
    roots
}

/// What the linker kept though nothing leads to it, such as the second function of an object in C, is there by itself. The edges
/// are in order.
fn add_unreached(roots: &mut Vec<u32>, parts: usize, edges: &[(u32, u32)]) {
    let of = |part: u32| {
        let from = edges.partition_point(|edge| edge.0 < part);
        edges[from..].iter().take_while(move |edge| edge.0 == part).map(|edge| edge.1)
    };
    let mut is_reached = vec![false; parts];
    let mut open = roots.clone();
    let mut is_used = vec![false; parts];
    edges.iter().for_each(|(_, to)| is_used[*to as usize] = true);
    let mut next = 0..parts as u32;
    // First what nothing uses at all, then what is left: parts that only use each other.
    let mut again = Some(0..parts as u32);
    loop {
        while let Some(part) = open.pop() {
            if !std::mem::replace(&mut is_reached[part as usize], true) {
                open.extend(of(part).filter(|used| !is_reached[*used as usize]));
            }
        }
        let wanted = next.find(|part| !is_reached[*part as usize] && (again.is_none() || !is_used[*part as usize]));
        match wanted {
            Some(part) => {
                roots.push(part);
                open.push(part);
            }
            None => match again.take() {
                Some(all) => next = all,
                None => return,
            },
        }
    }
}

/// What was put into functions, as parts of the graph.
struct Hosted {
    /// Where such code begins and ends, by address, and the number of its part.
    runs: Vec<(u64, u64, u32)>,
    /// From each function to what was put into it.
    edges: Vec<(u32, u32)>,
}

impl Hosted {
    /// Cuts functions: code of other crates that the optimizer has put into one goes with these. Whatever goes with the same
    /// crates is one part, with the name and the owner of its host. The standard library's is not cut out.
    fn cut(linked: &Linked<'_>, pieces: &Pieces, naming: &mut Naming<'_>, known: &mut Vec<Part>) -> Self {
        // A chain comes after the chain that it begins with, and most functions are in many of them.
        let mut owners: Vec<u32> = Vec::with_capacity(linked.inlined.chains.len());
        let mut known_symbols: HashMap<&str, Vec<u32>> = HashMap::new();
        for Chain { above, symbol } in &linked.inlined.chains {
            let named = known_symbols.entry(symbol).or_insert_with(|| naming.of_program(symbol));
            let mut set = owners.get(*above as usize).map_or_else(Vec::new, |set| naming.named[*set as usize].clone());
            set.extend_from_slice(named);
            owners.push(naming.set(set));
        }
        let mut hosted = Self { runs: Vec::new(), edges: Vec::new() };
        let mut parts: HashMap<(u32, u32), u32> = HashMap::new();
        for run in &linked.inlined.runs {
            let Some(section) = home(&linked.sections, run.from) else { continue };
            let Some(host) = pieces.at(section, run.from).filter(|host| known[*host].code_bytes > 0) else { continue };
            let piece = &pieces.all[host];
            let to = run.to.min(piece.address + piece.named_bytes);
            let Some(bytes) = to.checked_sub(run.from).filter(|bytes| *bytes > 0) else { continue };
            let own = &naming.named[known[host].named as usize];
            let put = &naming.named[owners[run.chain as usize] as usize];
            if put.iter().all(|owner| own.contains(owner)) {
                continue;
            }
            let named = naming.set([own.as_slice(), put].concat());
            let number = *parts.entry((host as u32, named)).or_insert_with(|| {
                known.push(Part { named, bytes: 0, code_bytes: 0, host: host as u32, ..known[host].clone() });
                hosted.edges.push((host as u32, known.len() as u32 - 1));
                known.len() as u32 - 1
            });
            known[number as usize].bytes += bytes;
            known[host].bytes -= bytes;
            hosted.runs.push((run.from, to, number));
        }
        hosted
    }

    /// The number of the part that an address is in, if it isn't its function's own.
    fn at(&self, address: u64) -> Option<u32> {
        let before = self.runs.partition_point(|(from, ..)| *from <= address).checked_sub(1)?;
        let (_, to, number) = self.runs[before];
        (address < to).then_some(number)
    }
}

/// Gives names and owners to pieces.
struct Naming<'a> {
    crates: &'a Crates,
    natives: &'a Natives,
    owners: Vec<Owner>,
    numbers: HashMap<String, u32>,
    named: Vec<Vec<u32>>,
    sets: HashMap<Vec<u32>, u32>,
}

impl Naming<'_> {
    fn part(&mut self, linked: &Linked<'_>, piece: &Piece) -> Part {
        let Piece { section, address, bytes, named_bytes, name } = *piece;
        let is_code = role(&linked.sections[section]) == Role::Code;
        let mut part = Part {
            name: String::new(),
            owner: NOBODY,
            guessed: false,
            named: 0,
            section: section as u32,
            address,
            bytes,
            code_bytes: if is_code { named_bytes } else { 0 },
            dragged: Dragged::default(),
            host: NOBODY,
        };
        let mut sets = Vec::new();
        match name.map(|name| linked.names[name]) {
            None if is_code => part.owner = self.owner(UNATTRIBUTED.to_owned(), false),
            None => {}
            Some(name) => match (self.natives.owner(name.symbol, name.bytes), names::read(name.symbol)) {
                (Some(krate), _) => {
                    part.owner = self.owner(krate.to_owned(), false);
                    part.name = name.symbol.to_owned();
                    sets.push(part.owner);
                }
                (None, Some(symbol)) => {
                    part.owner = self.of_crate(&symbol.krate);
                    (part.name, part.guessed) = (symbol.readable, symbol.guessed);
                    sets = symbol.named.iter().map(|krate| self.of_crate(krate)).collect();
                }
                (None, None) if !is_code && names::is_label(name.symbol) => {}
                (None, None) => {
                    part.owner = self.owner(OTHER.to_owned(), false);
                    part.name = name.symbol.to_owned();
                }
            },
        }
        part.named = self.set(sets);
        part
    }

    /// A section that is used as a whole, by the name that the linker makes for its beginning. It has no bytes of its own.
    fn whole(&mut self, linked: &Linked<'_>, section: usize) -> Part {
        let owner = self.owner(OTHER.to_owned(), false);
        let Section { name, address, .. } = linked.sections[section];
        let named = self.set(Vec::new());
        Part {
            name: format!("__start_{name}"),
            owner,
            guessed: false,
            named,
            section: section as u32,
            address,
            bytes: 0,
            code_bytes: 0,
            dragged: Dragged::default(),
            host: NOBODY,
        }
    }

    /// The number of a set of owners.
    fn set(&mut self, mut owners: Vec<u32>) -> u32 {
        owners.sort_unstable();
        owners.dedup();
        *self.sets.entry(owners).or_insert_with_key(|set| {
            self.named.push(set.clone());
            self.named.len() as u32 - 1
        })
    }

    /// The crates that a symbol names, but for the standard library's.
    fn of_program(&mut self, symbol: &str) -> Vec<u32> {
        let named: Vec<u32> = names::crates_of(symbol).iter().map(|krate| self.of_crate(krate)).collect();
        named.into_iter().filter(|owner| !self.owners[*owner as usize].is_std).collect()
    }

    fn of_crate(&mut self, krate: &CrateId) -> u32 {
        let Crates { compiled, inside_std } = self.crates;
        let (name, is_standard) = match krate.name.as_str() {
            // The compiler's own crate name for functions of std that any crate may call, such as `__rust_alloc`.
            "__rustc" => ("std".to_owned(), true),
            name if !is_std(name) && name != "memchr" => (name.to_owned(), false),
            name if !compiled.contains_key(name) || inside_std.contains(krate) => match name {
                "memchr" => (STD_MEMCHR.to_owned(), true),
                name if compiled.contains_key(name) => (format!("{name} [std]"), true),
                name => (name.to_owned(), true),
            },
            name => (name.to_owned(), false),
        };
        self.owner(name, is_standard)
    }

    fn owner(&mut self, name: String, is_std: bool) -> u32 {
        *self.numbers.entry(name).or_insert_with_key(|name| {
            self.owners.push(Owner { name: name.clone(), is_std });
            self.owners.len() as u32 - 1
        })
    }
}
