//! What has changed between two programs: by section, crate and function. Each list sums to the byte.

pub use crate::budget::baseline::Parts;

use super::Anatomy;
use super::whole::{self, WholeChange};
use crate::compressed::Compressed;
use crate::measure::crates::UNATTRIBUTED;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The changes from one program to another.
#[derive(Clone, Debug)]
pub struct Diff {
    /// The first program.
    pub a: Side,
    /// The second one.
    pub b: Side,
    /// What changed in the file; sums to the difference of the files.
    pub sections: Vec<Change>,
    /// Whose code changed; sums to the difference of the machine code.
    pub crates: Vec<Change>,
    /// Which functions changed; sums to the difference of the machine code.
    pub functions: Vec<Change>,
    /// Whether the functions of both are known.
    pub known: bool,
    /// Whose bytes changed in the whole file, where it is known of both; the own bytes sum to the difference of the files.
    pub whole: Vec<WholeChange>,
}

/// One program of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// The profile, or the file.
    pub name: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of machine code.
    pub text_bytes: u64,
    /// What the file costs to download, where that was asked for.
    pub compressed: Option<Compressed>,
}

/// A part that is not the same in both.
#[derive(Clone, Debug)]
pub struct Change {
    /// The section, crate or function.
    pub name: String,
    /// Bytes in the first program; 0 if it is not there.
    pub a: u64,
    /// Bytes in the second one.
    pub b: u64,
}

impl Change {
    /// What has happened to it.
    pub fn how(&self) -> &'static str {
        match (self.a, self.b) {
            (0, _) => "new",
            (_, 0) => "gone",
            (a, b) if b > a => "grew",
            _ => "shrank",
        }
    }
}

impl Parts {
    /// The parts of an executable that was taken apart.
    pub fn of(anatomy: &Anatomy) -> Self {
        let by = |krate: bool| {
            let functions = &anatomy.code.as_ref()?.functions;
            let name = |function: &crate::measure::crates::Function| {
                if krate { function.krate.clone() } else { function.generic() }
            };
            let mut sums = sum(functions.iter().map(|function| (name(function), function.bytes)));
            let attributed: u64 = sums.values().sum();
            sums.insert(UNATTRIBUTED.to_owned(), anatomy.text_bytes().saturating_sub(attributed));
            Some(sums)
        };
        Self {
            bytes: anatomy.file_bytes,
            text_bytes: anatomy.text_bytes(),
            sections: sum(anatomy.sections.iter().map(|section| (section.name.clone(), section.bytes))),
            crates: by(true),
            functions: by(false),
        }
    }
}

/// The changes from one program to another, the largest first.
pub fn of(a: &Anatomy, b: &Anatomy) -> Diff {
    Diff { whole: whole::changes(a, b), ..between((&a.name, &Parts::of(a)), (&b.name, &Parts::of(b))) }
}

/// The changes between the parts of two programs, the largest first. Each program has a name.
pub fn between((a_name, a): (&str, &Parts), (b_name, b): (&str, &Parts)) -> Diff {
    let side = |name: &str, parts: &Parts| Side {
        name: name.to_owned(),
        bytes: parts.bytes,
        text_bytes: parts.text_bytes,
        compressed: None,
    };
    // Where one of them names no functions there is nothing to compare.
    let both = |a: &Option<BTreeMap<_, _>>, b: &Option<BTreeMap<_, _>>| {
        a.clone().zip(b.clone()).map(|(a, b)| changes(a, b)).unwrap_or_default()
    };
    Diff {
        a: side(a_name, a),
        b: side(b_name, b),
        sections: changes(a.sections.clone(), b.sections.clone()),
        crates: both(&a.crates, &b.crates),
        functions: both(&a.functions, &b.functions),
        known: a.crates.is_some() && b.crates.is_some(),
        whole: Vec::new(),
    }
}

fn sum(parts: impl Iterator<Item = (String, u64)>) -> BTreeMap<String, u64> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    parts.for_each(|(name, bytes)| *sums.entry(name).or_default() += bytes);
    sums
}

/// Everything that is not the same.
fn changes(a: BTreeMap<String, u64>, mut b: BTreeMap<String, u64>) -> Vec<Change> {
    let mut changes: Vec<Change> =
        a.into_iter().map(|(name, bytes)| Change { b: b.remove(&name).unwrap_or_default(), name, a: bytes }).collect();
    changes.extend(b.into_iter().map(|(name, bytes)| Change { name, a: 0, b: bytes }));
    changes.retain(|change| change.a != change.b);
    changes.sort_by_key(|change| Reverse(change.a.abs_diff(change.b)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_appeared_vanished_grew_or_shrank_is_found_and_sums_to_the_byte() {
        let parts = |parts: &[(&str, u64)]| sum(parts.iter().map(|&(name, bytes)| (name.to_owned(), bytes)));
        let (a, b) = (parts(&[("gone", 5), ("same", 7), ("less", 9)]), parts(&[("same", 7), ("less", 2), ("new", 30)]));
        let total = |sums: &BTreeMap<String, u64>| i64::try_from(sums.values().sum::<u64>()).unwrap();
        let difference = total(&b) - total(&a);
        let found = changes(a, b);
        let names: Vec<_> = found.iter().map(|change| (change.name.as_str(), change.a, change.b)).collect();
        assert_eq!(names, [("new", 0, 30), ("less", 9, 2), ("gone", 5, 0)]);
        let changed: i64 =
            found.iter().map(|change| i64::try_from(change.b).unwrap() - i64::try_from(change.a).unwrap()).sum();
        assert_eq!(changed, difference);
    }
}
