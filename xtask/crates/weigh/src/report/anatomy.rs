//! What a program is made of, and what has changed: the data that is shown, and one small serializer for each format.

pub mod csv;
pub mod json;
pub mod markdown;
pub mod text;

use crate::measure::binary::Section;

/// The parts of one program. All sizes in bytes.
#[derive(Clone, Debug)]
pub struct Bloat {
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
    /// Whether anything tells whose code it is.
    pub known: bool,
    /// Why nothing does: the end of a sentence.
    pub unknown: Option<String>,
    /// What the machine code is called in this file, such as `.text`.
    pub text_name: String,
    /// What the file is, such as `ELF, x86-64`.
    pub format: String,
    /// The objects of an archive, in its order; none of another file.
    pub members: Vec<Section>,
    /// How much of the file an empty program has, too; empty if that was not asked for.
    pub floor: Vec<FloorPart>,
}

/// A part of a file by whose doing it is.
#[derive(Clone, Debug)]
pub struct FloorPart {
    /// What it is called.
    pub name: String,
    /// Its bytes. The rest may be below zero where the optimizer did better on the whole program.
    pub bytes: i64,
    /// It is inside of the part before, and not counted again.
    pub inside: bool,
    /// What it is, in some words.
    pub what: String,
}

/// The code of a crate.
#[derive(Clone, Debug)]
pub struct CrateRow {
    /// The crate, or `[other]`, `[unattributed]`.
    pub name: String,
    /// Bytes of its code.
    pub bytes: u64,
    /// How many of them are a guess.
    pub guessed_bytes: u64,
    /// It is the standard library, or comes inside it.
    pub standard: bool,
}

/// The code of a function.
#[derive(Clone, Debug)]
pub struct FunctionRow {
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
}

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// The crates.
    pub crates: bool,
    /// The functions.
    pub functions: bool,
    /// The sections.
    pub sections: bool,
}

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

impl Bloat {
    /// Bytes of the standard library and all that comes inside it.
    pub fn standard_bytes(&self) -> u64 {
        self.crates.iter().filter(|row| row.standard).map(|row| row.bytes).sum()
    }
}

impl Bloat {
    /// The objects of an archive, the largest first, and the sum of those that are not shown. A `count` of 0 shows all.
    fn largest_members(&self, count: usize) -> (Vec<&Section>, Option<(usize, u64)>) {
        let mut members: Vec<&Section> = self.members.iter().collect();
        members.sort_by_key(|member| std::cmp::Reverse(member.bytes));
        let rest = members.split_off(if count == 0 { members.len() } else { count.min(members.len()) });
        let sum = rest.iter().map(|member| member.bytes).sum();
        (members, (!rest.is_empty()).then_some((rest.len(), sum)))
    }

    /// The column of shares of the machine code: `of .text`, or `of code` where it is called otherwise.
    fn of_text(&self) -> &'static str {
        if self.text_name == ".text" { "of .text" } else { "of code" }
    }

    /// Why nothing tells whose code it is.
    fn why_unknown(&self) -> &str {
        self.unknown.as_deref().unwrap_or("the file has no symbols")
    }
}

/// A share in percent with one digit.
fn percent(bytes: u64, of: u64) -> String {
    format!("{:.1} %", bytes as f64 * 100.0 / of.max(1) as f64)
}

/// A difference with its sign.
fn signed(a: u64, b: u64) -> String {
    format!("{}{}", if b < a { '-' } else { '+' }, base::numbers::thousands(a.abs_diff(b)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A program with everything that a format must cope with.
    pub(crate) fn bloat() -> Bloat {
        let section = |name: &str, bytes| Section { name: name.to_owned(), bytes };
        let row = |name: &str, bytes, guessed_bytes, standard| CrateRow {
            name: name.to_owned(),
            bytes,
            guessed_bytes,
            standard,
        };
        let function = |name: &str, krate: &str, bytes, copies, guessed| FunctionRow {
            name: name.to_owned(),
            krate: krate.to_owned(),
            bytes,
            copies,
            guessed,
        };
        Bloat {
            program: "config_tool".to_owned(),
            profile: "release".to_owned(),
            file: "target/release/config_tool".to_owned(),
            file_bytes: 569_568,
            text_bytes: 309_171,
            sections: vec![section(".text", 309_171), section(".bss", 0), section("[padding]", 260_397)],
            crates: vec![
                row("core", 200_000, 0, true),
                row("std", 80_000, 1_000, true),
                row("serde_json", 24_770, 4_688, false),
                row("[unattributed]", 4_401, 0, false),
            ],
            functions: vec![
                function("<std::x::Cache>::with_global::<_>", "std", 16_000, 1, false),
                function("=cmd|<img src=x>", "serde_json", 4_688, 3, true),
                function("core::ptr::drop_in_place::<_>", "core", 900, 12, false),
            ],
            filter: None,
            known: true,
            unknown: None,
            text_name: ".text".to_owned(),
            format: "ELF, x86-64".to_owned(),
            members: Vec::new(),
            floor: vec![
                FloorPart {
                    name: "the floor".to_owned(),
                    bytes: 400_000,
                    inside: false,
                    what: "an empty program".to_owned(),
                },
                FloorPart { name: "of it: names".to_owned(), bytes: 100_000, inside: true, what: "code".to_owned() },
                FloorPart { name: "the rest".to_owned(), bytes: 169_568, inside: false, what: "tables".to_owned() },
            ],
        }
    }

    /// An archive of objects, of which nothing tells whose code it is.
    pub(crate) fn archive() -> Bloat {
        let section = |name: &str, bytes| Section { name: name.to_owned(), bytes };
        Bloat {
            program: "libx.a".to_owned(),
            file: "libx.a".to_owned(),
            profile: "as it is".to_owned(),
            crates: Vec::new(),
            functions: Vec::new(),
            floor: Vec::new(),
            known: false,
            unknown: Some("no object of the archive has symbols for machine code".to_owned()),
            text_name: "code".to_owned(),
            format: "an archive of 3 objects".to_owned(),
            members: vec![section("a.o", 100), section("=b|\u{1b}.o", 569_000), section("c.o", 50)],
            ..bloat()
        }
    }

    /// Two programs, of which the second one is smaller.
    pub(crate) fn diff() -> Diff {
        let change = |name: &str, a, b| Change { name: name.to_owned(), a, b };
        let side = |name: &str, bytes, text_bytes| Side { name: name.to_owned(), bytes, text_bytes };
        Diff {
            a: side("release", 1000, 500),
            b: side("dist", 700, 450),
            sections: vec![change(".symtab", 250, 0), change(".text", 500, 450)],
            crates: vec![change("serde_json", 100, 20), change("config_tool", 10, 40)],
            functions: vec![change("serde_json::a|b", 80, 0), change("config_tool::main", 0, 30)],
            known: true,
        }
    }
}
