//! What a program is made of, and what has changed: one small serializer for each format.

pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod reasons;
pub(crate) mod text;

use crate::anatomy::delta::Side;
use crate::compressed::Method;
use crate::inspect::tally::Bloat;

/// Rows of a list by default.
pub(crate) const ROWS: usize = 15;

/// Columns of a terminal of unknown width.
const WIDE: usize = 120;

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// The crates.
    pub crates: bool,
    /// The functions.
    pub functions: bool,
    /// The sections.
    pub sections: bool,
}

/// The column of shares of the machine code: `of .text`, or `of code` where it is called otherwise.
fn of_text(bloat: &Bloat) -> &'static str {
    if bloat.text_name == ".text" { "of .text" } else { "of code" }
}

/// Why there's no way to tell whose code it is.
fn why_unknown(bloat: &Bloat) -> &str {
    bloat.unknown.as_deref().unwrap_or("the file has no symbols")
}

/// A way to compress, and the bytes of both downloads: only where both are known.
fn downloads(a: &Side, b: &Side) -> Vec<(Method, u64, u64)> {
    let by = |side: &Side, method| side.compressed?.by(method);
    Method::ALL.into_iter().filter_map(|method| Some((method, by(a, method)?, by(b, method)?))).collect()
}

/// A share in percent with one digit.
fn percent(bytes: u64, of: u64) -> String {
    format!("{:.1} %", bytes as f64 * 100.0 / of.max(1) as f64)
}

/// A difference with its sign.
fn signed(a: u64, b: u64) -> String {
    format!("{}{}", if b < a { '-' } else { '+' }, base::numbers::thousands(a.abs_diff(b)))
}

/// The same of numbers that may be less than nothing.
fn signed_whole(a: i64, b: i64) -> String {
    format!("{}{}", if b < a { '-' } else { '+' }, base::numbers::thousands(a.abs_diff(b)))
}

/// A number of bytes that may be less than nothing.
pub(super) fn of_sign(bytes: i64) -> String {
    format!("{}{}", if bytes < 0 { "-" } else { "" }, base::numbers::thousands(bytes.unsigned_abs()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::anatomy::delta::{Change, Diff};
    use crate::anatomy::whole::WholeChange;
    use crate::compressed::Compressed;
    use crate::inspect::floor::FloorPart;
    use crate::inspect::tally::{Asked, CrateRow, FunctionRow, Weight};
    use crate::measure::binary::Section;
    use crate::measure::reasons::{Step, Why, Without};

    /// A program with everything that a format must cope with.
    pub(crate) fn bloat() -> Bloat {
        let section = |name: &str, bytes| Section { name: name.to_owned(), bytes };
        let row = |name: &str, bytes, guessed_bytes, standard| CrateRow {
            name: name.to_owned(),
            bytes,
            guessed_bytes,
            standard,
            weight: None,
        };
        let function = |name: &str, krate: &str, bytes, copies, guessed| FunctionRow {
            name: name.to_owned(),
            krate: krate.to_owned(),
            bytes,
            copies,
            guessed,
            weight: None,
            repeated: None,
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
                FloorPart { name: "including names".to_owned(), bytes: 100_000, inside: true, what: "code".to_owned() },
                FloorPart { name: "the rest".to_owned(), bytes: 169_568, inside: false, what: "tables".to_owned() },
            ],
            explained: false,
            unexplained: None,
            why: None,
            without: None,
        }
    }

    /// The same of which it is known what uses what, with an answer to each question.
    pub(crate) fn explained() -> Bloat {
        let mut bloat = bloat();
        let weight = |own_bytes, retained_bytes| Some(Weight { own_bytes, retained_bytes: Some(retained_bytes) });
        for (row, own) in bloat.crates.iter_mut().zip([300_000, 180_000, 60_000, 29_600]) {
            row.weight = weight(own, own + 12_345);
        }
        let [own, difference] =
            [("[the loader's tables]", 5_220), ("[differs in the twin]", -32)].map(|(name, bytes)| CrateRow {
                name: name.to_owned(),
                bytes: 0,
                guessed_bytes: 0,
                standard: false,
                weight: weight(bytes, bytes),
            });
        bloat.crates.extend([own, difference]);
        for (row, own) in bloat.functions.iter_mut().zip([16_100, 4_788, 1_000]) {
            (row.weight, row.repeated) = (weight(own, own + 900), Some(if row.copies > 1 { row.bytes / 3 } else { 0 }));
        }
        bloat.explained = true;
        let step = |krate: &str, name: &str, retained_bytes| Step {
            name: name.to_owned(),
            krate: krate.to_owned(),
            retained_bytes,
        };
        let chain = vec![
            step("[other]", "_start", 500_000),
            step("config_tool", "config_tool::main", 400_000),
            step("config_tool", "table in .data.rel.ro, 40 bytes", 20),
            step(
                "serde_json",
                "<serde_json::value::Value as =cmd|<img src=x>::Index>::index_into::<alloc::string::String>",
                4_788,
            ),
        ];
        let keepers = (0..14).map(|at| step("core", &format!("core::panicking::panic_{at}"), 10_000 + at)).collect();
        let why = Why {
            own_bytes: 60_000,
            retained_bytes: 72_345,
            chains: vec![chain.clone(), chain[..2].to_vec()],
            users: 2,
            is_section: false,
            keepers,
        };
        bloat.why = Some(Asked { name: "serde_json".to_owned(), why });
        let mut sections = bloat.sections.clone();
        sections[0].bytes -= 50_000;
        let crates = vec!["serde_json".to_owned(), "itoa".to_owned()];
        bloat.without =
            Some(Without { crates, absent: vec!["itoa".to_owned()], file_bytes: bloat.file_bytes - 50_000, sections });
        bloat
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
        let side = |name: &str, bytes, text_bytes| Side { name: name.to_owned(), bytes, text_bytes, compressed: None };
        Diff {
            a: side("release", 1000, 500),
            b: side("dist", 700, 450),
            sections: vec![change(".symtab", 250, 0), change(".text", 500, 450)],
            crates: vec![change("serde_json", 100, 20), change("config_tool", 10, 40)],
            functions: vec![change("serde_json::a|b", 80, 0), change("config_tool::main", 0, 30)],
            known: true,
            whole: vec![
                WholeChange {
                    name: "regex".to_owned(),
                    own_a: 0,
                    own_b: 943_160,
                    retained_a: 0,
                    retained_b: 1_199_617,
                    through: Some("my_tool::filter::<_>".to_owned()),
                },
                WholeChange {
                    name: "[padding]".to_owned(),
                    own_a: 40,
                    own_b: -8,
                    retained_a: 40,
                    retained_b: -8,
                    through: None,
                },
            ],
        }
    }

    /// The same with what a download costs; zstd is missing here.
    pub(crate) fn compressed_diff() -> Diff {
        let mut diff = diff();
        diff.a.compressed = Some(Compressed { gzip: Some(400), zstd: Some(300) });
        diff.b.compressed = Some(Compressed { gzip: Some(440), zstd: None });
        diff
    }
}
