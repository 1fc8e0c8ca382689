//! Results as text, Markdown, JSON, CSV and pictures: one small serializer each. Nothing here measures or decides.

pub(crate) mod anatomy;
pub(crate) mod budget;
pub(crate) mod csv;
pub(crate) mod features;
pub mod grid;
pub(crate) mod history;
pub mod html;
pub(crate) mod image;
pub mod json;
pub mod markdown;
pub(crate) mod price;
pub mod svg;
pub(crate) mod text;
pub(crate) mod tune;
pub(crate) mod whatif;

use base::numbers;

/// Columns at which an explanation is broken even where the terminal is wider, or there is none.
const PROSE: usize = 120;

/// An explanation, as wide as the terminal or as is good to read.
fn prose(text: &str, width: Option<usize>) -> String {
    numbers::wrap(text, Some(width.map_or(PROSE, |width| width.min(PROSE))), 0)
}

/// Whether every line fits the terminal.
fn fits(text: &str, width: Option<usize>) -> bool {
    width.is_none_or(|width| text.lines().all(|line| console::measure_text_width(line) <= width))
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::compressed::Compressed;
    use crate::measure::binary::Section;
    use crate::sizes::measured::{Report, Row, Skipped, Table};

    /// No line is wider than the terminal, and none ends with a blank. A single word may be wider.
    pub(crate) fn assert_fits(text: &str, width: usize) {
        for line in text.lines() {
            let is_word = line.split_whitespace().count() < 2;
            assert!(super::fits(line, Some(width)) || is_word, "{width}: {line}\n{text}");
            assert_eq!(line, line.trim_end(), "{text}");
        }
    }

    /// A report with everything that a format must cope with: growth, a change of a few bytes, a wrong output, names
    /// that need quoting, values that are not known.
    pub(crate) fn sample() -> Report {
        let row = |profile: &str, label: &str, bytes, output_ok, seconds, committed| Row {
            profile: profile.to_owned(),
            label: label.to_owned(),
            bytes,
            output_ok,
            seconds,
            sections: vec![
                Section { name: ".text".to_owned(), bytes: bytes / 2 },
                Section { name: "[padding]".to_owned(), bytes: bytes - bytes / 2 },
            ],
            committed,
            compressed: None,
        };
        Report {
            toolchain: "1.95.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            linker: Some("LLD 22.1.2".to_owned()),
            jobs: 2,
            has_committed: Some(true),
            tables: vec![Table {
                name: "ladder".to_owned(),
                caption: "The ladder".to_owned(),
                program: "word_freq".to_owned(),
                rows: vec![
                    row("release", "release (default)", 503_360, Some(true), Some(0.44), Some(503_360)),
                    row("z", "+ opt-level = \"z\", a|b", 507_800, Some(false), None, Some(507_700)),
                    row("lto", "=cmd()", 507_776, None, Some(12.0), None),
                ],
            }],
            burdens: Vec::new(),
            skipped: vec![Skipped {
                table: "three-builds".to_owned(),
                program: "config_tool".to_owned(),
                label: "release, then `strip`".to_owned(),
                reason: "there is no `strip` command here".to_owned(),
            }],
        }
    }

    /// The same with what a download costs, and one program for that missing.
    pub(crate) fn compressed() -> Report {
        let mut report = sample();
        for row in &mut report.tables[0].rows {
            row.compressed = Some(Compressed { gzip: Some(row.bytes / 3), zstd: None });
        }
        report.tables[0].rows[0].compressed = Some(Compressed { gzip: Some(170_001), zstd: Some(150_002) });
        report
    }
}
