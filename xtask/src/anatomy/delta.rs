//! What has changed between two programs: by section, crate and function. Each list sums to the byte.

use crate::dissect::Anatomy;
use crate::measure::crates::UNATTRIBUTED;
use crate::report::anatomy::{Change, Diff, Side};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The changes from one program to another, the largest first.
pub fn of(a: &Anatomy, b: &Anatomy) -> Diff {
    let sections =
        |anatomy: &Anatomy| sum(anatomy.sections.iter().map(|section| (section.name.clone(), section.bytes)));
    // Where one of them names no functions there is nothing to compare.
    let known = a.code.is_some() && b.code.is_some();
    let by = |anatomy: &Anatomy, krate: bool| {
        let functions = anatomy.code.iter().filter(|_| known).flat_map(|code| &code.functions);
        let mut sums =
            sum(functions
                .map(|function| (if krate { function.krate.clone() } else { function.generic() }, function.bytes)));
        if known {
            let attributed: u64 = sums.values().sum();
            sums.insert(UNATTRIBUTED.to_owned(), anatomy.text_bytes().saturating_sub(attributed));
        }
        sums
    };
    let side = |anatomy: &Anatomy| Side {
        name: anatomy.name.clone(),
        bytes: anatomy.file_bytes,
        text_bytes: anatomy.text_bytes(),
    };
    Diff {
        a: side(a),
        b: side(b),
        sections: changes(sections(a), sections(b)),
        crates: changes(by(a, true), by(b, true)),
        functions: changes(by(a, false), by(b, false)),
        known,
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
