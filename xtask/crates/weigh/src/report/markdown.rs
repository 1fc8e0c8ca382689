//! Tables as GitHub and mdBook show them.

use crate::compressed::Method;
use crate::sizes::measured::{Report, Table};
use base::numbers::{change, thousands};
use std::fmt::Write as _;

/// Every table under its caption.
pub fn sizes(report: &Report) -> String {
    let mut text = format!("Sizes in bytes: rustc {}, {}", report.toolchain, report.target);
    if let Some(linker) = &report.linker {
        let _ = write!(text, ", linked by {linker}");
    }
    text.push_str(".\n");
    for table in &report.tables {
        let _ = write!(text, "\n### {}: {}\n\n{}", escape(&table.program), escape(&table.caption), rows(table));
    }
    for skipped in &report.skipped {
        let _ = write!(
            text,
            "\nNot measured: {}, {}: {}.\n",
            escape(&skipped.program),
            escape(&skipped.label),
            escape(&skipped.reason)
        );
    }
    text
}

fn rows(table: &Table) -> String {
    let is_compressed = table.rows.iter().any(|row| row.compressed.is_some());
    let (titles, rule) = if is_compressed { (" `gzip -9` | `zstd -19` |", "--:|--:|") } else { ("", "") };
    let mut text = format!(
        "| build | `--profile` | bytes |{titles} against the first | against the row before | output |\n|---|---|--:|{rule}--:|--:|---|\n"
    );
    let mut before: Option<u64> = None;
    for row in &table.rows {
        let first = table.rows[0].bytes;
        let against_first = before.map_or(String::new(), |_| change(row.bytes, first));
        let against_before = before.map_or(String::new(), |before| change(row.bytes, before));
        let output = match row.output_ok {
            Some(true) => "as expected",
            Some(false) => "**wrong**",
            None => "not checked",
        };
        let (label, profile, bytes) = (escape(&row.label), &row.profile, thousands(row.bytes));
        let by = |method| row.compressed.and_then(|compressed| compressed.by(method));
        let compressed: String = Method::ALL
            .iter()
            .filter(|_| is_compressed)
            .map(|&method| by(method).map_or(" not measured |".to_owned(), |bytes| format!(" {} |", thousands(bytes))))
            .collect();
        let _ = writeln!(
            text,
            "| {label} | `{profile}` | {bytes} |{compressed} {against_first} | {against_before} | {output} |"
        );
        before = Some(row.bytes);
    }
    text
}

/// One table for several programs side by side, with the change against the first row. The tables have equal rows.
pub fn side_by_side(tables: &[Table]) -> String {
    let mut head = "| build |".to_owned();
    let mut rule = "|---|".to_owned();
    for table in tables {
        let _ = write!(head, " {} | change |", escape(&table.program));
        rule.push_str("--:|--:|");
    }
    let mut text = format!("{head}\n{rule}\n");
    let rows = tables.iter().map(|table| table.rows.len()).min().unwrap_or_default();
    for index in 0..rows {
        let _ = write!(text, "| {} |", escape(&tables[0].rows[index].label));
        for table in tables {
            let bytes = table.rows[index].bytes;
            let against_first = if index == 0 { String::new() } else { change(bytes, table.rows[0].bytes) };
            let _ = write!(text, " {} | {against_first} |", thousands(bytes));
        }
        text.push('\n');
    }
    text
}

/// The same rows as two compilers make them, side by side for each program, with the change from the first compiler to the second.
pub fn two_compilers(releases: [&str; 2], first: &[Table], second: &[Table]) -> String {
    let mut head = "| build |".to_owned();
    let mut rule = "|---|".to_owned();
    for table in first {
        let program = escape(&table.program);
        let _ = write!(head, " {program}, {} | {program}, {} | change |", releases[0], releases[1]);
        rule.push_str("--:|--:|--:|");
    }
    let mut text = format!("{head}\n{rule}\n");
    let rows = first.iter().chain(second).map(|table| table.rows.len()).min().unwrap_or_default();
    for index in 0..rows {
        let _ = write!(text, "| {} |", escape(&first[0].rows[index].label));
        for (first, second) in first.iter().zip(second) {
            let (a, b) = (first.rows[index].bytes, second.rows[index].bytes);
            let _ = write!(text, " {} | {} | {} |", thousands(a), thousands(b), change(b, a));
        }
        text.push('\n');
    }
    text
}

/// Text with names of strangers in it, in a sentence or a cell: nothing of it is taken for Markdown or HTML.
pub fn plain(text: &str) -> String {
    let mut shown = String::new();
    for c in base::text::spaced(text).chars() {
        match c {
            // In a sentence or a cell a `>` alone begins nothing.
            '<' => shown.push_str("&lt;"),
            c if "`*_[]|&\\#!~$@".contains(c) => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}

/// Text of our own that Markdown must not take for markup. Code spans in captions and labels are meant, and stay: in them only what
/// would end a cell of a table is escaped, since any other backslash would be shown.
pub fn escape(text: &str) -> String {
    let mut escaped = String::new();
    let has_spans = text.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    for character in text.chars() {
        in_code ^= has_spans && character == '`';
        match character {
            '*' | '_' | '<' | '\\' | '[' | ']' if in_code => escaped.push(character),
            '|' | '*' | '_' | '<' | '\\' | '[' | ']' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{compressed, sample};

    #[test]
    fn sizes_as_markdown() {
        insta::assert_snapshot!(sizes(&sample()));
        insta::assert_snapshot!("sizes-compressed-markdown", sizes(&compressed()));
    }

    #[test]
    fn names_of_strangers_stay_text() {
        assert_eq!(plain("it is in a_b|<i>.pdb\u{1b}"), "it is in a\\_b\\|&lt;i>.pdb ");
    }

    #[test]
    fn code_is_shown_as_it_is() {
        assert_eq!(escape("a_b, `c_d`, e_f"), r"a\_b, `c_d`, e\_f");
        assert_eq!(escape("`a|b`"), r"`a\|b`");
        assert_eq!(escape("a ` b_c"), r"a ` b\_c");
    }

    #[test]
    fn two_compilers_side_by_side() {
        let (first, mut second) = (vec![sample().tables.remove(0)], vec![sample().tables.remove(0)]);
        second[0].rows[0].bytes *= 2;
        let text = two_compilers(["1.95.0", "1.96.0"], &first, &second);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| build | word\\_freq, 1.95.0 | word\\_freq, 1.96.0 | change |");
        assert!(lines[2].contains("| 503,360 | 1,006,720 | +100.0 % |"), "{text}");
        assert!(lines[3].ends_with("| same |"), "{text}");
    }

    #[test]
    fn programs_side_by_side() {
        let tables = [sample().tables.remove(0), sample().tables.remove(0)];
        insta::assert_snapshot!(side_by_side(&tables));
    }
}
