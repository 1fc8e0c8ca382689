//! Adds up the code of a program: by crate, and by function with the copies of a generic one together.

use super::floor::FloorPart;
use crate::anatomy::Anatomy;
use crate::measure::binary::Section;
use crate::measure::crates::{Function, UNATTRIBUTED};
use crate::measure::reasons::{Group, Reasons, Share, Why, Without};
use base::diagnostic;
use regex_lite::Regex;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The parts of one program. All sizes in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Bloat {
    /// The program.
    pub program: String,
    /// The profile that it was built with, or its file.
    pub profile: String,
    /// The file, as it would be typed.
    pub file: String,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of machine code.
    pub text_bytes: u64,
    /// The parts of the file; they sum to `file_bytes`.
    pub sections: Vec<Section>,
    /// The crates; without a filter they sum to `text_bytes`.
    pub crates: Vec<CrateRow>,
    /// The functions, with the copies of a generic one together.
    pub functions: Vec<FunctionRow>,
    /// The filter, if there is one.
    pub filter: Option<String>,
    /// Whether it's known whose code it is.
    pub known: bool,
    /// Why nothing does: the end of a sentence.
    pub unknown: Option<String>,
    /// What the machine code is called in this file, such as `.text`.
    pub text_name: String,
    /// What the file is, such as `ELF, x86-64`.
    pub format: String,
    /// The objects of an archive, in its order; none of another file.
    pub members: Vec<Section>,
    /// How much of the file an empty program has as well; empty if that was not asked for.
    pub floor: Vec<FloorPart>,
    /// Whether it is known what each part has in the whole file: then the crates' own bytes sum to it without a filter.
    pub explained: bool,
    /// Why it isn't: the end of a sentence.
    pub unexplained: Option<String>,
    /// What keeps something, if that was asked for.
    pub why: Option<Asked>,
    /// The file without some crates, if that was asked for.
    pub without: Option<Without>,
}

/// What keeps something of a program.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// What was asked for.
    pub name: String,
    /// The answer.
    pub why: Why,
}

/// The code of a crate.
#[derive(Clone, Debug)]
pub(crate) struct CrateRow {
    /// The crate, or `[other]`, `[unattributed]`.
    pub name: String,
    /// Bytes of its code.
    pub bytes: u64,
    /// How many of them are a guess.
    pub guessed_bytes: u64,
    /// It is the standard library, or comes inside it.
    pub standard: bool,
    /// What it has in the whole file, where that is known.
    pub weight: Option<Weight>,
}

/// What something has in the whole file. All sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Its own code, constants, and entries in tables.
    pub own_bytes: i64,
    /// What wouldn't be there without it; none for a sum, for two things may keep something together.
    pub retained_bytes: Option<i64>,
}

/// The code of a function.
#[derive(Clone, Debug)]
pub(crate) struct FunctionRow {
    /// Its name; `_` stands for the type parameters of a generic one.
    pub name: String,
    /// Its crate.
    pub krate: String,
    /// Bytes of all copies.
    pub bytes: u64,
    /// How many copies there are.
    pub copies: usize,
    /// The crate is a guess.
    pub guessed: bool,
    /// What it has in the whole file, where that is known.
    pub weight: Option<Weight>,
    /// Bytes of code that a copy has in common with another one, where that is known.
    pub repeated: Option<u64>,
}

impl Bloat {
    /// Whether there is a filter, and nothing fits it.
    pub(crate) fn is_all_filtered_out(&self) -> bool {
        self.known && self.filter.is_some() && self.functions.is_empty()
    }

    /// The objects of an archive, the largest first, and the sum of those that are not shown. A `count` of 0 shows all.
    pub(crate) fn largest_members(&self, count: usize) -> (Vec<&Section>, Option<(usize, u64)>) {
        let mut members: Vec<&Section> = self.members.iter().collect();
        members.sort_by_key(|member| Reverse(member.bytes));
        let rest = members.split_off(if count == 0 { members.len() } else { count.min(members.len()) });
        let sum = rest.iter().map(|member| member.bytes).sum();
        (members, (!rest.is_empty()).then_some((rest.len(), sum)))
    }
}

/// Of what it is found out what it has in the whole file, which takes a while.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    /// Of the crates.
    pub crates: bool,
    /// Of the functions.
    pub functions: bool,
}

/// The sums of a program. A filter leaves out functions whose name and crate don't match; totals remain the file's.
pub(super) fn of(anatomy: &Anatomy, program: &str, filter: Option<&Regex>, weighed: Weighed) -> Bloat {
    let functions = anatomy.code.as_ref().map(|code| code.functions.as_slice()).unwrap_or_default();
    let fits = |function: &&Function| {
        filter.is_none_or(|filter| filter.is_match(&function.name) || filter.is_match(&function.krate))
    };
    let chosen: Vec<&Function> = functions.iter().filter(fits).collect();
    let (mut crates, mut rows) = sums(anatomy, &chosen);
    let attributed: u64 = functions.iter().map(|function| function.bytes).sum();
    let unattributed = anatomy.text_bytes().saturating_sub(attributed);
    // What no symbol covers fits no filter.
    if filter.is_none() && unattributed > 0 {
        crates.push(CrateRow::of_code(UNATTRIBUTED, unattributed));
    }
    if let Some(reasons) = &anatomy.reasons {
        if weighed.crates {
            weigh_crates(&mut crates, reasons, filter);
        }
        if weighed.functions {
            weigh_functions(&mut rows, reasons);
        }
    }
    crates.sort_by_key(|row| Reverse((row.weight.map(|weight| weight.own_bytes), row.bytes)));
    rows.sort_by_key(|row| Reverse((row.weight.map(|weight| weight.own_bytes), row.bytes)));
    Bloat {
        program: program.to_owned(),
        profile: anatomy.name.clone(),
        file: diagnostic::shown(&anatomy.path).display().to_string(),
        file_bytes: anatomy.file_bytes,
        text_bytes: anatomy.text_bytes(),
        sections: anatomy.sections.clone(),
        crates,
        functions: rows,
        filter: filter.map(|filter| filter.as_str().to_owned()),
        known: anatomy.code.is_some(),
        unknown: anatomy.unknown.clone().filter(|_| anatomy.code.is_none()),
        text_name: anatomy.text.name.clone(),
        format: anatomy.format.clone(),
        members: anatomy.members.clone(),
        floor: Vec::new(),
        explained: anatomy.reasons.is_some(),
        unexplained: anatomy.unexplained.clone(),
        why: None,
        without: None,
    }
}

/// The sums by crate, and by function with the copies of a generic one together.
fn sums(anatomy: &Anatomy, chosen: &[&Function]) -> (Vec<CrateRow>, Vec<FunctionRow>) {
    let mut crates: BTreeMap<&str, CrateRow> = BTreeMap::new();
    let mut copies: BTreeMap<(String, &str), FunctionRow> = BTreeMap::new();
    for Function { name: _, krate, guessed, address: _, bytes } in chosen.iter().copied() {
        let row = crates.entry(krate).or_insert_with(|| CrateRow {
            name: krate.clone(),
            bytes: 0,
            guessed_bytes: 0,
            standard: anatomy.is_std(krate),
            weight: None,
        });
        row.bytes += bytes;
        row.guessed_bytes += if *guessed { *bytes } else { 0 };
    }
    for function in chosen {
        let generic = function.generic();
        let row = copies.entry((generic.clone(), &function.krate)).or_insert_with(|| FunctionRow {
            name: generic,
            krate: function.krate.clone(),
            bytes: 0,
            copies: 0,
            guessed: false,
            weight: None,
            repeated: None,
        });
        row.bytes += function.bytes;
        row.copies += 1;
        row.guessed |= function.guessed;
    }
    (crates.into_values().collect(), copies.into_values().collect())
}

impl CrateRow {
    /// Its own bytes of the whole file, where they are known.
    pub(crate) fn own(&self) -> Option<i64> {
        self.weight.map(|weight| weight.own_bytes)
    }

    fn of_code(name: &str, bytes: u64) -> Self {
        Self { name: name.to_owned(), bytes, guessed_bytes: 0, standard: false, weight: None }
    }
}

/// Adds what each crate has in the whole file, and a row for what has no code.
fn weigh_crates(crates: &mut Vec<CrateRow>, reasons: &Reasons, filter: Option<&Regex>) {
    for Share { name, standard, code_bytes: _, own_bytes, retained_bytes } in reasons.shares() {
        let weight = Some(Weight { own_bytes, retained_bytes: Some(retained_bytes) });
        match crates.iter_mut().find(|row| row.name == name) {
            Some(row) => row.weight = weight,
            None if filter.is_some_and(|filter| !filter.is_match(&name)) => {}
            None => crates.push(CrateRow { standard, weight, ..CrateRow::of_code(&name, 0) }),
        }
    }
    crates.iter_mut().for_each(|row| {
        row.weight.get_or_insert(Weight { own_bytes: 0, retained_bytes: Some(0) });
    });
}

/// Adds what each function has in the whole file, and what its copies have in common.
fn weigh_functions(functions: &mut [FunctionRow], reasons: &Reasons) {
    let mut groups: BTreeMap<(String, String), Group> =
        reasons.groups().into_iter().map(|group| ((group.name.clone(), group.krate.clone()), group)).collect();
    let bytes = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    for row in functions {
        let Some(group) = groups.remove(&(row.name.clone(), row.krate.clone())) else { continue };
        let Group { own_bytes, retained_bytes, repeated_bytes, .. } = group;
        row.weight = Some(Weight { own_bytes: bytes(own_bytes), retained_bytes: Some(bytes(retained_bytes)) });
        row.repeated = Some(repeated_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::binary::Section;
    use crate::measure::crates::Code;

    const ALL: Weighed = Weighed { crates: true, functions: true };

    fn anatomy() -> Anatomy {
        let function = |name: &str, krate: &str, guessed, bytes| Function {
            name: name.to_owned(),
            krate: krate.to_owned(),
            guessed,
            address: 0,
            bytes,
        };
        let functions = vec![
            function("core::ptr::drop_in_place::<a::B>", "core", false, 10),
            function("core::ptr::drop_in_place::<a::C>", "core", false, 30),
            function("<T as serde::Ser>::go", "serde", true, 25),
            function("serde::x", "serde", false, 5),
        ];
        Anatomy {
            name: "release".to_owned(),
            path: "p".into(),
            file_bytes: 200,
            sections: vec![
                Section { name: ".text".to_owned(), bytes: 80 },
                Section { name: "rest".to_owned(), bytes: 120 },
            ],
            text: Section { name: ".text".to_owned(), bytes: 80 },
            members: Vec::new(),
            format: "ELF, x86-64".to_owned(),
            code: Some(Code { text_bytes: 80, functions }),
            unknown: None,
            reasons: None,
            unexplained: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn crates_sum_to_the_code_and_copies_are_counted() {
        let bloat = of(&anatomy(), "p", None, ALL);
        let crates: Vec<_> = bloat.crates.iter().map(|row| (row.name.as_str(), row.bytes, row.guessed_bytes)).collect();
        assert_eq!(crates, [("core", 40, 0), ("serde", 30, 25), (UNATTRIBUTED, 10, 0)]);
        assert_eq!(bloat.crates.iter().map(|row| row.bytes).sum::<u64>(), bloat.text_bytes);
        let first = &bloat.functions[0];
        assert_eq!((first.name.as_str(), first.bytes, first.copies), ("core::ptr::drop_in_place::<_>", 40, 2));
    }

    #[test]
    fn a_filter_leaves_functions_out_and_keeps_the_totals() {
        let bloat = of(&anatomy(), "p", Some(&Regex::new("serde::x|^core$").unwrap()), ALL);
        let crates: Vec<_> = bloat.crates.iter().map(|row| (row.name.as_str(), row.bytes)).collect();
        assert_eq!(crates, [("core", 40), ("serde", 5)]);
        assert_eq!((bloat.text_bytes, bloat.file_bytes), (80, 200));
    }
}
