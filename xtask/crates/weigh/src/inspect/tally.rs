//! Adds up the code of a program: by crate, and by function with the copies of a generic one together.

use crate::anatomy::Anatomy;
use crate::measure::crates::is_std;
use crate::measure::crates::{Function, UNATTRIBUTED};
use crate::report::anatomy::{Bloat, CrateRow, FunctionRow};
use base::diagnostic;
use regex_lite::Regex;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The sums of a program. A filter leaves out functions whose name and crate do not fit; totals stay those of the file.
pub(super) fn of(anatomy: &Anatomy, program: &str, filter: Option<&Regex>) -> Bloat {
    let functions = anatomy.code.as_ref().map(|code| code.functions.as_slice()).unwrap_or_default();
    let fits = |function: &&Function| {
        filter.is_none_or(|filter| filter.is_match(&function.name) || filter.is_match(&function.krate))
    };
    let chosen: Vec<&Function> = functions.iter().filter(fits).collect();
    let mut crates: BTreeMap<&str, CrateRow> = BTreeMap::new();
    let mut copies: BTreeMap<(String, &str), FunctionRow> = BTreeMap::new();
    for Function { name: _, krate, guessed, address: _, bytes } in chosen.iter().copied() {
        let row = crates.entry(krate).or_insert_with(|| CrateRow {
            name: krate.clone(),
            bytes: 0,
            guessed_bytes: 0,
            standard: is_std(krate) && !krate.starts_with('['),
        });
        row.bytes += bytes;
        row.guessed_bytes += if *guessed { *bytes } else { 0 };
    }
    for function in &chosen {
        let generic = function.generic();
        let row = copies.entry((generic.clone(), &function.krate)).or_insert_with(|| FunctionRow {
            name: generic,
            krate: function.krate.clone(),
            bytes: 0,
            copies: 0,
            guessed: false,
        });
        row.bytes += function.bytes;
        row.copies += 1;
        row.guessed |= function.guessed;
    }
    let mut crates: Vec<CrateRow> = crates.into_values().collect();
    let attributed: u64 = functions.iter().map(|function| function.bytes).sum();
    let unattributed = anatomy.text_bytes().saturating_sub(attributed);
    // What no symbol covers fits no filter.
    if filter.is_none() && unattributed > 0 {
        crates.push(CrateRow { name: UNATTRIBUTED.to_owned(), bytes: unattributed, guessed_bytes: 0, standard: false });
    }
    crates.sort_by_key(|row| Reverse(row.bytes));
    let mut functions: Vec<FunctionRow> = copies.into_values().collect();
    functions.sort_by_key(|row| Reverse(row.bytes));
    Bloat {
        program: program.to_owned(),
        profile: anatomy.name.clone(),
        file: diagnostic::shown(&anatomy.path).display().to_string(),
        file_bytes: anatomy.file_bytes,
        text_bytes: anatomy.text_bytes(),
        sections: anatomy.sections.clone(),
        crates,
        functions,
        filter: filter.map(|filter| filter.as_str().to_owned()),
        known: anatomy.code.is_some(),
        unknown: anatomy.unknown.clone().filter(|_| anatomy.code.is_none()),
        text_name: anatomy.text.name.clone(),
        format: anatomy.format.clone(),
        members: anatomy.members.clone(),
        floor: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::binary::Section;
    use crate::measure::crates::Code;

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
            notes: Vec::new(),
        }
    }

    #[test]
    fn crates_sum_to_the_code_and_copies_are_counted() {
        let bloat = of(&anatomy(), "p", None);
        let crates: Vec<_> = bloat.crates.iter().map(|row| (row.name.as_str(), row.bytes, row.guessed_bytes)).collect();
        assert_eq!(crates, [("core", 40, 0), ("serde", 30, 25), (UNATTRIBUTED, 10, 0)]);
        assert_eq!(bloat.crates.iter().map(|row| row.bytes).sum::<u64>(), bloat.text_bytes);
        let first = &bloat.functions[0];
        assert_eq!((first.name.as_str(), first.bytes, first.copies), ("core::ptr::drop_in_place::<_>", 40, 2));
    }

    #[test]
    fn a_filter_leaves_functions_out_and_keeps_the_totals() {
        let bloat = of(&anatomy(), "p", Some(&Regex::new("serde::x|^core$").unwrap()));
        let crates: Vec<_> = bloat.crates.iter().map(|row| (row.name.as_str(), row.bytes)).collect();
        assert_eq!(crates, [("core", 40), ("serde", 5)]);
        assert_eq!((bloat.text_bytes, bloat.file_bytes), (80, 200));
    }
}
