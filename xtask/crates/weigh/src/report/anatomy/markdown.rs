//! For GitHub and mdBook.

use super::{Shown, downloads, of_sign, of_text, percent, signed, signed_whole, why_unknown};
use crate::anatomy::delta::{Change, Diff};
use crate::anatomy::whole::WholeChange;
use crate::inspect::floor::FloorPart;
use crate::inspect::tally::{Bloat, CrateRow, Weight};
use crate::measure::binary::Section;
use crate::report::markdown::plain;
use base::numbers::{change, thousands};
use base::text::spaced;
use std::fmt::Write as _;

/// What a program is made of. `count` limits crates and functions; 0 shows all.
pub(crate) fn bloat(bloat: &Bloat, shown: Shown, count: usize) -> String {
    let mut text = format!(
        "**{}**, {}: {} bytes, of which {} are machine code\n",
        escaped(&bloat.program),
        escaped(&bloat.profile),
        thousands(bloat.file_bytes),
        thousands(bloat.text_bytes)
    );
    if !bloat.known && (shown.crates || shown.functions) {
        let _ = writeln!(text, "\nCan't tell which crates the code comes from: {}.", plain(why_unknown(bloat)));
    }
    if let Some(filter) = bloat.filter.as_ref().filter(|_| bloat.is_all_filtered_out()) {
        let _ = writeln!(text, "\nNo function or crate in the program matches {}.", escaped(filter));
    }
    let has_functions = bloat.known && !bloat.is_all_filtered_out();
    if shown.crates && has_functions {
        crates(&mut text, bloat, count);
    }
    if shown.functions && has_functions {
        functions(&mut text, bloat, count);
    }
    if shown.sections {
        sections(&mut text, bloat, count);
    }
    floor(&mut text, &bloat.floor);
    text
}

fn crates(text: &mut String, bloat: &Bloat, count: usize) {
    let (titles, rules) = if bloat.explained { (" own | retained |", "--:|--:|") } else { ("", "") };
    let _ = write!(text, "\n| crate | bytes | {} |{titles}\n|---|--:|--:|{rules}\n", of_text(bloat));
    let limit = if count == 0 { bloat.crates.len() } else { count.min(bloat.crates.len()) };
    for row in &bloat.crates[..limit] {
        let share = percent(row.bytes, bloat.text_bytes);
        let weight = weight(bloat, row.weight);
        let _ = writeln!(text, "| {} | {} | {share} |{weight}", escaped(&row.name), thousands(row.bytes));
    }
    let rest = &bloat.crates[limit..];
    if !rest.is_empty() {
        let (bytes, plural) = (rest.iter().map(|row| row.bytes).sum(), if rest.len() == 1 { "" } else { "s" });
        let share = percent(bytes, bloat.text_bytes);
        let own = rest.iter().filter_map(CrateRow::own).sum();
        let weight = weight(bloat, Some(Weight { own_bytes: own, retained_bytes: None }));
        let what = if bloat.explained { String::new() } else { format!(" crate{plural}") };
        let _ = writeln!(text, "| {} smaller{what} | {} | {share} |{weight}", rest.len(), thousands(bytes));
    }
}

fn functions(text: &mut String, bloat: &Bloat, count: usize) {
    let (titles, rules) = if bloat.explained { (" own | retained |", "--:|--:|") } else { ("", "") };
    let _ = write!(text, "\n| function | copies | bytes | {} |{titles}\n|---|--:|--:|--:|{rules}\n", of_text(bloat));
    let limit = if count == 0 { bloat.functions.len() } else { count };
    for row in bloat.functions.iter().take(limit) {
        let share = percent(row.bytes, bloat.text_bytes);
        let (bytes, weight) = (thousands(row.bytes), weight(bloat, row.weight));
        let _ = writeln!(text, "| {} | {} | {bytes} | {share} |{weight}", escaped(&row.name), row.copies);
    }
}

/// The cells of what something has in the whole file, where that is known.
fn weight(bloat: &Bloat, weight: Option<Weight>) -> String {
    if !bloat.explained {
        return String::new();
    }
    let cell = |bytes: Option<i64>| bytes.map(of_sign).unwrap_or_default();
    let (own, retained) = (weight.map(|weight| weight.own_bytes), weight.and_then(|weight| weight.retained_bytes));
    format!(" {} | {} |", cell(own), cell(retained))
}

/// The parts of the file, and the objects of an archive.
fn sections(text: &mut String, bloat: &Bloat, count: usize) {
    let share = |bytes| percent(bytes, bloat.file_bytes);
    *text += "\n| section | bytes | of file |\n|---|--:|--:|\n";
    for Section { name, bytes } in bloat.sections.iter().filter(|section| section.bytes > 0) {
        let _ = writeln!(text, "| {} | {} | {} |", escaped(name), thousands(*bytes), share(*bytes));
    }
    if bloat.members.is_empty() {
        return;
    }
    *text += "\n| member | bytes | of file |\n|---|--:|--:|\n";
    let (largest, rest) = bloat.largest_members(count);
    for Section { name, bytes } in largest {
        let _ = writeln!(text, "| {} | {} | {} |", escaped(name), thousands(*bytes), share(*bytes));
    }
    if let Some((more, bytes)) = rest {
        let plural = if more == 1 { "" } else { "s" };
        let _ = writeln!(text, "| {more} smaller member{plural} | {} | {} |", thousands(bytes), share(bytes));
    }
}

fn floor(text: &mut String, parts: &[FloorPart]) {
    if !parts.is_empty() {
        *text += "\n| where the bytes come from | bytes | |\n|---|--:|---|\n";
    }
    for FloorPart { name, bytes, inside: _, what } in parts {
        let sign = if *bytes < 0 { "-" } else { "" };
        let _ = writeln!(text, "| {name} | {sign}{} | {what} |", thousands(bytes.unsigned_abs()));
    }
}

/// The changes from one program to another. `count` limits each list; 0 shows all.
pub(crate) fn diff(diff: &Diff, count: usize) -> String {
    let Diff { a, b, sections, crates, functions, known, whole } = diff;
    let mut text = format!(
        "**{} → {}**: {} → {} bytes, {} ({})\n",
        escaped(&a.name),
        escaped(&b.name),
        thousands(a.bytes),
        thousands(b.bytes),
        signed(a.bytes, b.bytes),
        change(b.bytes, a.bytes)
    );
    let downloads = downloads(a, b);
    if !downloads.is_empty() {
        text += "\n| download | change | before | after | |\n|---|--:|--:|--:|--:|\n";
    }
    for (method, before, after) in downloads {
        let (signed, share) = (signed(before, after), change(after, before));
        let (before, after) = (thousands(before), thousands(after));
        let _ = writeln!(text, "| `{}` | {signed} | {before} | {after} | {share} |", method.title());
    }
    let lists: &[(&str, &[Change])] = &[("section", sections), ("crate", crates), ("function", functions)];
    for (what, changes) in lists.iter().filter(|(what, _)| *known || *what == "section") {
        let _ = write!(text, "\n| {what} | change | before | after | |\n|---|--:|--:|--:|---|\n");
        let limit = if count == 0 { changes.len() } else { count };
        for change in changes.iter().take(limit) {
            let (bytes, before, after) = (signed(change.a, change.b), thousands(change.a), thousands(change.b));
            let _ = writeln!(text, "| {} | {bytes} | {before} | {after} | {} |", escaped(&change.name), change.how());
        }
    }
    add_whole(&mut text, whole, count);
    text
}

/// Whose bytes changed in the whole file, and through which call they came in.
fn add_whole(text: &mut String, whole: &[WholeChange], count: usize) {
    if !whole.is_empty() {
        *text += "\n| crate, in the whole file | change | before | after | pulled in by |\n|---|--:|--:|--:|---|\n";
    }
    let limit = if count == 0 { whole.len() } else { count };
    for WholeChange { name, own_a, own_b, retained_a: _, retained_b: _, through } in whole.iter().take(limit) {
        let through = through.as_deref().map(escaped).unwrap_or_default();
        let (change, before, after) = (signed_whole(*own_a, *own_b), of_sign(*own_a), of_sign(*own_b));
        let _ = writeln!(text, "| {} | {change} | {before} | {after} | {through} |", escaped(name));
    }
}

/// A name in a cell: as code where that holds any character but these two.
fn escaped(name: &str) -> String {
    format!("`{}`", spaced(name).replace('`', " ").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::super::tests;
    use super::*;

    #[test]
    fn an_archive_as_markdown_has_a_row_for_each_object() {
        let text = bloat(&tests::archive(), Shown { crates: true, functions: true, sections: true }, 2);
        for part in [
            "\nCan't tell which crates the code comes from: no object of the archive has symbols for machine code.\n",
            "\n| member | bytes | of file |\n|---|--:|--:|\n| `=b\\| .o` | 569,000 | 99.9 % |\n| `a.o` | 100 | 0.0 % |\n",
            "| 1 smaller member | 50 | 0.0 % |\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn anatomy_as_markdown() {
        let all = Shown { crates: true, functions: true, sections: true };
        insta::assert_snapshot!(bloat(&tests::bloat(), all, 2) + &diff(&tests::diff(), 1));
        insta::assert_snapshot!("diff-compressed-markdown", diff(&tests::compressed_diff(), 1));
    }
}
