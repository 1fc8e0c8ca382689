//! For GitHub and mdBook.

use super::{Bloat, Change, Diff, FloorPart, Shown, percent, signed};
use crate::report::markdown::plain;
use base::numbers::{change, thousands};
use base::text::spaced;
use std::fmt::Write as _;

/// What a program is made of. `count` limits the functions; 0 shows all.
pub fn bloat(bloat: &Bloat, shown: Shown, count: usize) -> String {
    let Bloat {
        program,
        profile,
        file: _,
        file_bytes,
        text_bytes,
        sections,
        crates,
        functions,
        filter: _,
        known,
        unknown: _,
        text_name: _,
        format: _,
        members,
        floor,
    } = bloat;
    let of_text = bloat.of_text();
    let mut text = format!(
        "**{}**, {}: {} bytes, of which {} are machine code\n",
        escaped(program),
        escaped(profile),
        thousands(*file_bytes),
        thousands(*text_bytes)
    );
    if !known {
        let _ = writeln!(text, "\nNothing tells whose code it is: {}.", plain(bloat.why_unknown()));
    }
    if shown.crates && *known {
        let _ = write!(text, "\n| crate | bytes | {of_text} |\n|---|--:|--:|\n");
        for row in crates {
            let share = percent(row.bytes, *text_bytes);
            let _ = writeln!(text, "| {} | {} | {share} |", escaped(&row.name), thousands(row.bytes));
        }
    }
    if shown.functions && *known {
        let _ = write!(text, "\n| function | copies | bytes | {of_text} |\n|---|--:|--:|--:|\n");
        let limit = if count == 0 { functions.len() } else { count };
        for row in functions.iter().take(limit) {
            let share = percent(row.bytes, *text_bytes);
            let _ = writeln!(text, "| {} | {} | {} | {share} |", escaped(&row.name), row.copies, thousands(row.bytes));
        }
    }
    if shown.sections {
        text += "\n| section | bytes | of file |\n|---|--:|--:|\n";
        for section in sections.iter().filter(|section| section.bytes > 0) {
            let share = percent(section.bytes, *file_bytes);
            let _ = writeln!(text, "| {} | {} | {share} |", escaped(&section.name), thousands(section.bytes));
        }
    }
    if shown.sections && !members.is_empty() {
        text += "\n| member | bytes | of file |\n|---|--:|--:|\n";
        let (largest, rest) = bloat.largest_members(count);
        for member in largest {
            let share = percent(member.bytes, *file_bytes);
            let _ = writeln!(text, "| {} | {} | {share} |", escaped(&member.name), thousands(member.bytes));
        }
        if let Some((more, bytes)) = rest {
            let share = percent(bytes, *file_bytes);
            let plural = if more == 1 { "" } else { "s" };
            let _ = writeln!(text, "| {more} smaller member{plural} | {} | {share} |", thousands(bytes));
        }
    }
    if !floor.is_empty() {
        text += "\n| whose doing it is | bytes | |\n|---|--:|---|\n";
    }
    for FloorPart { name, bytes, inside: _, what } in floor {
        let sign = if *bytes < 0 { "-" } else { "" };
        let _ = writeln!(text, "| {name} | {sign}{} | {what} |", thousands(bytes.unsigned_abs()));
    }
    text
}

/// The changes from one program to another. `count` limits each list; 0 shows all.
pub fn diff(diff: &Diff, count: usize) -> String {
    let Diff { a, b, sections, crates, functions, known } = diff;
    let mut text = format!(
        "**{} → {}**: {} → {} bytes, {} ({})\n",
        escaped(&a.name),
        escaped(&b.name),
        thousands(a.bytes),
        thousands(b.bytes),
        signed(a.bytes, b.bytes),
        change(b.bytes, a.bytes)
    );
    let lists: &[(&str, &[Change])] = &[("section", sections), ("crate", crates), ("function", functions)];
    for (what, changes) in lists.iter().filter(|(what, _)| *known || *what == "section") {
        let _ = write!(text, "\n| {what} | change | before | after | |\n|---|--:|--:|--:|---|\n");
        let limit = if count == 0 { changes.len() } else { count };
        for change in changes.iter().take(limit) {
            let (bytes, before, after) = (signed(change.a, change.b), thousands(change.a), thousands(change.b));
            let _ = writeln!(text, "| {} | {bytes} | {before} | {after} | {} |", escaped(&change.name), change.how());
        }
    }
    text
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
            "\nNothing tells whose code it is: no object of the archive has symbols for machine code.\n",
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
    }
}
