//! What a graph of reasons can be asked: who has how much, what keeps something, and what a program would be without.

use super::graph::Removal;
use super::{DIFFERENCE, NOBODY, Part, Parts, Reasons, Share, signed};
use crate::measure::binary::Section;
use crate::measure::crates::{self, Code, Function};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What keeps a part of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// All bytes of the file that are its own.
    pub own_bytes: u64,
    /// Bytes of the file that wouldn't be there without it.
    pub retained_bytes: u64,
    /// Ways to it from where the program begins, the shortest first; each through another part that uses it.
    pub chains: Vec<Vec<Step>>,
    /// How many parts outside of it use it.
    pub users: usize,
    /// It is a section: the ways lead to its parts, the largest first, and not through each user.
    pub is_section: bool,
    /// What keeps it entirely, each alone: the nearest first.
    pub keepers: Vec<Step>,
}

/// A part on the way to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its readable name; of what has none, what it is.
    pub name: String,
    /// Whose it is.
    pub krate: String,
    /// Bytes of the file that wouldn't be there without it.
    pub retained_bytes: u64,
}

/// A program without some of its crates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    /// The crates, as code names them.
    pub crates: Vec<String>,
    /// Those of them that were compiled, and of which nothing is in the program.
    pub absent: Vec<String>,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Its sections; they sum to the file.
    pub sections: Vec<Section>,
}

/// A function with all its copies, or a variable with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name; `_` stands for the type parameters of a generic one.
    pub name: String,
    /// Its crate.
    pub krate: String,
    /// All bytes of the file that are its own.
    pub own_bytes: u64,
    /// Bytes of the file that wouldn't be there without it.
    pub retained_bytes: u64,
    /// Bytes of code that a copy has in common with another one, which one function for all types would have once.
    pub repeated_bytes: u64,
}

/// A part of the graph as others may draw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its readable name; of what has none, what it is.
    pub name: String,
    /// Whose it is.
    pub krate: String,
    /// All bytes of the file that are its own.
    pub own_bytes: u64,
    /// Bytes of the file that wouldn't be there without it.
    pub retained_bytes: u64,
    /// The number of the nearest part without which it would not be there.
    pub dominator: Option<u32>,
    /// The number of the part before it on a shortest way from where the program begins; none for the beginning.
    pub before: Option<u32>,
}

impl Reasons {
    /// The machine code by function.
    pub fn code(&self) -> Code {
        let text = |part: &&Part| self.section_names[part.section as usize] == ".text";
        let functions = self.parts.iter().filter(text).filter(|part| part.code_bytes > 0 && !part.name.is_empty());
        let functions = functions.map(|part| Function {
            name: part.name.clone(),
            krate: self.owners[part.owner as usize].name.clone(),
            guessed: part.guessed,
            address: part.address,
            bytes: part.code_bytes,
        });
        let text_bytes = self.parts.iter().filter(text).map(|part| part.bytes).sum();
        Code { text_bytes, functions: functions.collect() }
    }

    /// Whether a crate is the standard library's, or one inside it.
    pub fn is_std(&self, krate: &str) -> bool {
        self.owners.iter().any(|owner| owner.is_std && owner.name == krate)
    }

    /// How much of the file each owner has, the largest first; the own bytes sum to it.
    pub fn shares(&self) -> Vec<Share> {
        let mut shares: Vec<Share> = self
            .owners
            .iter()
            .map(|owner| Share {
                name: owner.name.clone(),
                standard: owner.is_std,
                code_bytes: 0,
                own_bytes: 0,
                retained_bytes: 0,
            })
            .collect();
        for (part, own) in self.parts.iter().zip(&self.own) {
            let share = &mut shares[part.owner as usize];
            share.own_bytes += signed(*own);
            share.code_bytes += part.code_bytes;
        }
        let mut removal = self.graph.removal();
        for (owner, share) in shares.iter_mut().enumerate() {
            share.retained_bytes = if share.name.starts_with('[') {
                share.own_bytes
            } else {
                signed(self.sum(&removal.of(&self.naming(&BTreeSet::from([owner as u32])))))
            };
        }
        shares.retain(|share| share.own_bytes != 0 || share.retained_bytes != 0);
        for (name, bytes) in &self.rest {
            match shares.iter_mut().find(|share| share.name == *name) {
                Some(share) => {
                    share.own_bytes += bytes;
                    share.retained_bytes += bytes;
                }
                None => shares.push(Share {
                    name: (*name).to_owned(),
                    standard: false,
                    code_bytes: 0,
                    own_bytes: *bytes,
                    retained_bytes: *bytes,
                }),
            }
        }
        shares.sort_by(|a, b| (b.own_bytes, &a.name).cmp(&(a.own_bytes, &b.name)));
        shares
    }

    /// The functions and named variables with the copies of a generic one together, the largest first.
    pub fn groups(&self) -> Vec<Group> {
        let mut members: BTreeMap<(String, u32), Parts> = BTreeMap::new();
        for (number, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.name.is_empty()) {
            members.entry((crates::generic(&part.name), part.owner)).or_default().push(number as u32);
        }
        let mut removal = self.graph.removal();
        let mut groups: Vec<Group> = members
            .into_iter()
            .map(|((name, owner), members)| Group {
                name,
                krate: self.owners[owner as usize].name.clone(),
                own_bytes: self.sum(&members),
                retained_bytes: self.retained_in(&mut removal, &members),
                repeated_bytes: self.repeated(&members),
            })
            .collect();
        groups.sort_by(|a, b| (b.own_bytes, &a.name).cmp(&(a.own_bytes, &b.name)));
        groups
    }

    /// What some functions have in common, in bytes of code.
    fn repeated(&self, parts: &[u32]) -> u64 {
        let place = |part: &u32| {
            let part = &self.parts[*part as usize];
            (part.address, part.code_bytes)
        };
        let places: Vec<(u64, u64)> = parts.iter().map(place).filter(|(_, bytes)| *bytes > 0).collect();
        if places.len() < 2 { 0 } else { self.code.repeated(&places) }
    }

    /// Bytes that would not be there without some parts.
    pub fn retained_by(&self, parts: &[u32]) -> u64 {
        self.retained_in(&mut self.graph.removal(), parts)
    }

    /// The same with what several such questions share.
    fn retained_in(&self, removal: &mut Removal<'_>, parts: &[u32]) -> u64 {
        match parts {
            [one] => self.retained[*one as usize],
            several => self.sum(&removal.of(several)),
        }
    }

    /// What a name means: a crate, a module, a function or variable with all its copies, or a section. Empty if it is none.
    pub fn find(&self, name: &str) -> Parts {
        if name.trim().is_empty() {
            return Parts::new();
        }
        let numbers = |fits: &dyn Fn(&Part) -> bool| -> Parts {
            self.parts.iter().enumerate().filter(|(_, part)| fits(part)).map(|(number, _)| number as u32).collect()
        };
        if let Some(owner) = self.owner_called(name) {
            let own = numbers(&|part| part.owner as usize == owner);
            // It was entirely put into others.
            let inside = || self.naming(&BTreeSet::from([owner as u32]));
            return if own.is_empty() { inside() } else { own };
        }
        if let Some(section) = self.section_names.iter().position(|section| section == name) {
            return numbers(&|part| part.section as usize == section);
        }
        let found = numbers(&|part| part.name == name);
        if !found.is_empty() {
            return found;
        }
        // Nothing of this crate is there; a module or another crate may end or begin with its name.
        if self.is_compiled(name) {
            return Parts::new();
        }
        let generic = numbers(&|part| crates::generic(&part.name) == name);
        if !generic.is_empty() {
            return generic;
        }
        let below = numbers(&|part| crates::is_below(&part.name, name));
        if !below.is_empty() {
            return below;
        }
        numbers(&|part| crates::ends_with(&part.name, name))
    }

    /// Whether a name belongs to a section without parts of its own: its entries belong to the parts they are for.
    pub fn is_table(&self, name: &str) -> bool {
        let is_section = self.section_names.iter().any(|section| section == name)
            || self.sections.iter().any(|section| section.name == name);
        is_section && self.find(name).is_empty()
    }

    /// The names of all owners that are crates.
    pub fn crates(&self) -> impl Iterator<Item = &str> {
        self.owners.iter().map(|owner| owner.name.as_str()).filter(|name| !name.starts_with('['))
    }

    /// What keeps some parts, with at most so many ways to them; 0 for all.
    pub fn why(&self, name: &str, parts: &Parts, count: usize) -> Why {
        let is_wanted = self.marked(parts);
        let before = self.graph.shortest(|part| is_wanted[part as usize]);
        // From each function that uses it from outside to one of its parts, by the nearest of its own.
        let mut ways: Vec<(u32, u32, u32)> = Vec::new();
        let mut users: HashMap<u32, (u32, u32, u32)> = HashMap::new();
        let is_section = self.owner_named(name).is_none() && self.section_names.iter().any(|section| section == name);
        let before = if is_section { self.graph.shortest(|_| false) } else { before };
        let lengths = lengths(&before);
        for &part in parts {
            for &user in self.graph.users(part) {
                if !is_wanted[user as usize] && before[user as usize].is_some() {
                    let way = (lengths[user as usize], user, part);
                    let nearest = users.entry(self.host(user)).or_insert(way);
                    *nearest = way.min(*nearest);
                }
            }
        }
        if is_section {
            ways = self.ways_to_largest(parts, &lengths);
        } else {
            ways.extend(users.values().copied());
            ways.sort_unstable();
        }
        let mut chains: Vec<Vec<Step>> = Vec::new();
        // A part that is there by itself needs no way.
        let root = parts.iter().find(|part| self.graph.roots().binary_search(part).is_ok());
        if let Some(&root) = root.filter(|_| !is_section || ways.is_empty()) {
            chains.push(vec![self.step(root)]);
        }
        let count = if count == 0 { usize::MAX } else { count };
        for (_, user, part) in ways.into_iter().take(count.saturating_sub(chains.len())) {
            chains.push(self.steps(way(&before, user).into_iter().chain([part])));
        }
        let keepers = self.graph.common_dominators(parts).into_iter().rev().filter(|part| !is_wanted[*part as usize]);
        let keepers = self.steps(keepers);
        let gone = match self.owner_named(name) {
            Some(owner) => self.naming(&BTreeSet::from([owner])),
            None => parts.clone(),
        };
        Why {
            own_bytes: self.sum(parts),
            retained_bytes: self.sum(&self.graph.removal().of(&gone)),
            chains,
            users: users.len(),
            is_section,
            keepers,
        }
    }

    /// For each part the nearest of its users: length, user, and part; the largest part first.
    fn ways_to_largest(&self, parts: &[u32], lengths: &[u32]) -> Vec<(u32, u32, u32)> {
        let nearest = |part: &u32| {
            let users = self.graph.users(*part).iter();
            users.map(|user| (lengths[*user as usize], *user, *part)).min()
        };
        let mut ways: Vec<_> = parts.iter().filter_map(nearest).collect();
        ways.sort_by_key(|(length, user, part)| (std::cmp::Reverse(self.own[*part as usize]), *length, *user, *part));
        ways
    }

    /// The program without some crates, or which one isn't in it.
    ///
    /// # Errors
    /// The name that no crate has.
    pub fn without(&self, names: &[String]) -> Result<Without, String> {
        let (mut owners, mut absent) = (BTreeSet::new(), Vec::new());
        let mut crates: Vec<String> = Vec::new();
        for name in names {
            let krate = match self.owner_named(name) {
                Some(owner) => {
                    owners.insert(owner);
                    self.owners[owner as usize].name.clone()
                }
                None if self.is_compiled(name) => {
                    let krate = name.replace('-', "_");
                    if !absent.contains(&krate) {
                        absent.push(krate.clone());
                    }
                    krate
                }
                None => return Err(name.clone()),
            };
            if !crates.contains(&krate) {
                crates.push(krate);
            }
        }
        let gone = self.graph.removal().of(&self.naming(&owners));
        let mut less: HashMap<&str, u64> = HashMap::new();
        for part in gone.into_iter().map(|part| &self.parts[part as usize]) {
            *less.entry(self.section_names[part.section as usize].as_str()).or_default() += part.bytes;
            for (name, bytes) in self.table_names.iter().zip(part.dragged) {
                *less.entry(name).or_default() += u64::from(bytes);
            }
        }
        let sections: Vec<Section> = self
            .sections
            .iter()
            .map(|section| {
                let less = less.get(section.name.as_str()).copied().unwrap_or_default();
                Section { name: section.name.clone(), bytes: section.bytes.saturating_sub(less) }
            })
            .collect();
        Ok(Without { crates, absent, file_bytes: sections.iter().map(|section| section.bytes).sum(), sections })
    }

    /// Every part, for a picture.
    pub fn nodes(&self) -> Vec<Node> {
        let before = self.graph.shortest(|_| false);
        (0..self.parts.len() as u32)
            .map(|number| {
                let Step { name, krate, retained_bytes } = self.step(number);
                let part = &self.parts[number as usize];
                Node {
                    name: if part.host == NOBODY { name } else { self.put_into(part, &name) },
                    krate,
                    own_bytes: self.own[number as usize],
                    retained_bytes,
                    dominator: self.graph.dominator(number),
                    before: before[number as usize].filter(|before| *before != number),
                }
            })
            .collect()
    }

    /// The name of code that was put into a function of this name.
    fn put_into(&self, part: &Part, host: &str) -> String {
        let of_host = &self.named[self.parts[part.host as usize].named as usize];
        let named = self.named[part.named as usize].iter().filter(|owner| !of_host.contains(owner));
        let crates: Vec<&str> = named.map(|owner| self.owners[*owner as usize].name.as_str()).collect();
        format!("code of {} inlined into {host}", base::numbers::list(&crates))
    }

    /// The bytes that no part has, by owner.
    pub fn rest(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.rest.iter().map(|(name, bytes)| (*name, *bytes))
    }

    /// By how many bytes the twin's sections differ from the file's.
    pub fn difference(&self) -> i64 {
        self.rest.get(DIFFERENCE).copied().unwrap_or_default()
    }

    /// The function that a part was put into, or the part itself.
    fn host(&self, number: u32) -> u32 {
        let host = self.parts[number as usize].host;
        if host == NOBODY { number } else { host }
    }

    /// Parts as steps: one for a function and what was put into it.
    fn steps(&self, parts: impl Iterator<Item = u32>) -> Vec<Step> {
        let mut hosts: Vec<u32> = parts.map(|part| self.host(part)).collect();
        hosts.dedup();
        hosts.into_iter().map(|host| self.step(host)).collect()
    }

    fn step(&self, number: u32) -> Step {
        let part = &self.parts[number as usize];
        let section = &self.section_names[part.section as usize];
        let name = match part.name.as_str() {
            "" => {
                let what = if section == ".data.rel.ro" { "table" } else { "constant" };
                format!("{what} in {section}, {} bytes", base::numbers::thousands(part.bytes))
            }
            name => name.to_owned(),
        };
        let krate = self.owners[part.owner as usize].name.clone();
        Step { name, krate, retained_bytes: self.retained[number as usize] }
    }

    fn owner_named(&self, name: &str) -> Option<u32> {
        let owner = self.owner_called(name)?;
        (!name.starts_with('[')).then_some(owner as u32)
    }

    /// The owner of this name, or the crate of the package of this name.
    fn owner_called(&self, name: &str) -> Option<usize> {
        let at = |name: &str| self.owners.iter().position(|owner| owner.name == name);
        let of_package =
            || self.compiled.iter().filter(|(_, package)| *package == name).find_map(|(krate, _)| at(krate));
        at(name).or_else(|| at(&name.replace('-', "_"))).or_else(of_package)
    }

    /// Whether a crate, or a package, was compiled for the program.
    pub fn is_compiled(&self, name: &str) -> bool {
        self.compiled.contains_key(&name.replace('-', "_")) || self.compiled.values().any(|package| package == name)
    }

    /// The parts that can't be there without some owners: their own, and what was compiled for their types.
    fn naming(&self, owners: &BTreeSet<u32>) -> Parts {
        let names: Vec<bool> = self.named.iter().map(|set| set.iter().any(|owner| owners.contains(owner))).collect();
        (0..self.parts.len() as u32).filter(|part| names[self.parts[*part as usize].named as usize]).collect()
    }

    fn marked(&self, parts: &[u32]) -> Vec<bool> {
        let mut marked = vec![false; self.parts.len()];
        parts.iter().for_each(|part| marked[*part as usize] = true);
        marked
    }

    fn sum(&self, parts: &[u32]) -> u64 {
        parts.iter().map(|part| self.own[*part as usize]).sum()
    }
}

/// The number of steps on the way from where the program begins to each part.
fn lengths(before: &[Option<u32>]) -> Vec<u32> {
    let mut lengths = vec![0_u32; before.len()];
    let mut way = Vec::new();
    for part in 0..before.len() as u32 {
        let mut at = part;
        while lengths[at as usize] == 0 {
            way.push(at);
            match before[at as usize] {
                Some(next) if next != at => at = next,
                _ => break,
            }
        }
        let mut length = lengths[at as usize];
        for at in way.drain(..).rev() {
            length += 1;
            lengths[at as usize] = length;
        }
    }
    lengths
}

/// The parts on the way from where the program begins to this one, with both.
fn way(before: &[Option<u32>], part: u32) -> Vec<u32> {
    let next = |part: &u32| before[*part as usize].filter(|before| before != part);
    let mut way: Vec<u32> = std::iter::successors(Some(part), next).collect();
    way.reverse();
    way
}
