//! For a terminal: aligned columns, names cut in the middle where the terminal is narrow.

use super::{Shown, WIDE, downloads, of_sign, of_text, percent, signed, signed_whole, why_unknown};
use crate::anatomy::delta::{Change, Diff};
use crate::anatomy::whole::WholeChange;
use crate::inspect::floor::FloorPart;
use crate::inspect::tally::{Bloat, CrateRow, FunctionRow, Weight};
use base::numbers::{change, plural, thousands, wrap};
use console::Style;
use std::fmt::Write as _;

/// What a program is made of. `count` limits crates and functions; 0 shows all.
pub(crate) fn bloat(bloat: &Bloat, shown: Shown, count: usize, width: Option<usize>) -> String {
    let Bloat { program, profile, file, file_bytes, text_bytes, text_name, .. } = bloat;
    let asked = width;
    let width = width.unwrap_or(WIDE);
    let head = format!(
        "{program}, {profile}: {} bytes, of which {} ({}) are machine code ({text_name})",
        thousands(*file_bytes),
        thousands(*text_bytes),
        percent(*text_bytes, *file_bytes)
    );
    let mut text = format!("{}\n{file}\n", wrap(&head, asked, 2));
    if let Some(filter) = &bloat.filter {
        let chosen: u64 = bloat.crates.iter().map(|row| row.bytes).sum();
        let share = percent(chosen, *text_bytes);
        let of_text = of_text(bloat);
        let _ = match bloat.is_all_filtered_out() {
            true => writeln!(text, "no function or crate in the program matches /{filter}/"),
            false => writeln!(text, "only what matches /{filter}/: {} bytes, {share} {of_text}", thousands(chosen)),
        };
    }
    if !bloat.known && (shown.crates || shown.functions) {
        let _ = writeln!(text, "can't tell which crates the code comes from: {}", why_unknown(bloat));
    }
    let has_functions = bloat.known && !bloat.is_all_filtered_out();
    if shown.crates && has_functions {
        add_crates(&mut text, bloat, count, width);
    }
    if shown.functions && has_functions {
        add_functions(&mut text, bloat, count, width);
    }
    let room = width.saturating_sub(24).max(20);
    if shown.sections {
        add_sections(&mut text, bloat, room);
    }
    if shown.sections && !bloat.members.is_empty() {
        add_members(&mut text, bloat, count, room);
    }
    add_floor(&mut text, bloat, asked);
    text
}

/// The columns of a table of crates or functions, before the names.
struct Columns<'a> {
    bloat: &'a Bloat,
    /// There is room for shares of the machine code.
    with_shares: bool,
    /// There is room for the bytes of the whole file.
    with_own: bool,
}

/// Columns of a terminal in which all columns of numbers have room.
const ROOMY: usize = 76;

/// Columns of a terminal in which a name of a function has room beside all of them.
const ROOMY_FUNCTIONS: usize = 100;

impl<'a> Columns<'a> {
    /// Function names are longer than crate names, so shares and then own bytes give way to them.
    fn of_functions(bloat: &'a Bloat, width: usize) -> Self {
        let with_shares = !bloat.explained || width >= ROOMY_FUNCTIONS;
        Self { bloat, with_shares, with_own: bloat.explained && width >= ROOMY }
    }

    fn new(bloat: &'a Bloat, width: usize) -> Self {
        Self { bloat, with_shares: !bloat.explained || width >= ROOMY, with_own: bloat.explained }
    }

    /// How many there are, with the spaces behind them.
    fn width(&self) -> usize {
        let share = if self.with_shares { 10 } else { 0 };
        13 + share + if self.with_own { 13 } else { 0 } + if self.bloat.explained { 13 } else { 0 }
    }

    fn title(&self) -> String {
        let mut title = format!("{:>11}", "bytes");
        if self.with_shares {
            let _ = write!(title, "  {:>8}", of_text(self.bloat));
        }
        if self.with_own {
            let _ = write!(title, "  {:>11}", "own");
        }
        if self.bloat.explained {
            let _ = write!(title, "  {:>11}", "retained");
        }
        title
    }

    fn row(&self, bytes: u64, weight: Option<Weight>) -> String {
        let mut row = format!("{:>11}", thousands(bytes));
        if self.with_shares {
            let _ = write!(row, "  {:>8}", percent(bytes, self.bloat.text_bytes));
        }
        if self.bloat.explained {
            let column = |bytes: Option<i64>| bytes.map_or(String::new(), of_sign);
            let (own, retained) =
                (weight.map(|weight| weight.own_bytes), weight.and_then(|weight| weight.retained_bytes));
            if self.with_own {
                let _ = write!(row, "  {:>11}", column(own));
            }
            let _ = write!(row, "  {:>11}", column(retained));
        }
        row
    }
}

fn add_crates(text: &mut String, bloat: &Bloat, count: usize, width: usize) {
    let Bloat { crates, .. } = bloat;
    let columns = Columns::new(bloat, width);
    let _ = write!(text, "\n{}  crate\n", columns.title());
    let room = width.saturating_sub(columns.width()).max(20);
    let mut line = |bytes: u64, weight: Option<Weight>, name: &str| {
        let _ = writeln!(text, "{}  {}", columns.row(bytes, weight), cut(name, room));
    };
    // The standard library is one row, with its parts below it, where its sum belongs.
    let (parts, mut rows): (Vec<&CrateRow>, Vec<&CrateRow>) = crates.iter().partition(|row| row.standard);
    let standard = sum(&parts);
    let place =
        rows.iter().position(|row| (row.own(), row.bytes) <= (own(standard.1), standard.0)).unwrap_or(rows.len());
    let has_standard = usize::from(!parts.is_empty());
    let limit = if count == 0 { rows.len() + has_standard } else { count };
    let shows_standard = has_standard == 1 && place < limit;
    let rest = rows.split_off(rows.len().min(limit - usize::from(shows_standard)));
    for (index, row) in rows.iter().enumerate() {
        if shows_standard && index == place {
            standard_rows(&mut line, standard, &parts, room);
        }
        line(row.bytes, row.weight, &name(row));
    }
    if shows_standard && place >= rows.len() {
        standard_rows(&mut line, standard, &parts, room);
    }
    let hidden_standard = if shows_standard { 0 } else { has_standard };
    let more = rest.len() + hidden_standard;
    if more > 0 {
        let hidden: Vec<&CrateRow> =
            rest.into_iter().chain(parts.into_iter().filter(|_| hidden_standard == 1)).collect();
        let (bytes, weight) = sum(&hidden);
        let what = match (bloat.explained, more) {
            (true, _) => "",
            (false, 1) => " crate",
            (false, _) => " crates",
        };
        line(bytes, weight, &more_words(room, &thousands(more as u64), what));
    }
    if bloat.explained {
        *text += &wrap(
            "  own: the crate's code, constants, and table entries; retained: how much smaller the whole file would be without it\n",
            Some(width),
            2,
        );
        return;
    }
    if crates.iter().any(|row| row.guessed_bytes > 0) {
        *text += "  ? some or all of it is a guess: a method of a generic type could belong to two crates\n";
    }
    *text += "  generic std code that was compiled for another crate counts as std here; cargo-bloat may count it as that crate\n";
}

/// How many rows are left out, in what room there is.
fn more_words(room: usize, more: &str, what: &str) -> String {
    let all = format!("and {more} smaller{what}; -n 0 shows all");
    if all.len() <= room { all } else { format!("and {more} smaller (-n 0)") }
}

/// How many changes are left out, in what room there is.
fn more_changes(room: usize, more: usize) -> String {
    let all = format!("{}; -n 0 shows all", plural(more, "smaller change"));
    if all.len() <= room { all } else { format!("{more} smaller (-n 0)") }
}

/// The sum of several rows: bytes of code, and in the whole file.
fn sum(rows: &[&CrateRow]) -> (u64, Option<Weight>) {
    let bytes = rows.iter().map(|row| row.bytes).sum();
    let own = rows.iter().map(|row| row.weight.map(|weight| weight.own_bytes)).sum::<Option<i64>>();
    (bytes, own.filter(|_| !rows.is_empty()).map(|own_bytes| Weight { own_bytes, retained_bytes: None }))
}

fn own(weight: Option<Weight>) -> Option<i64> {
    weight.map(|weight| weight.own_bytes)
}

fn add_functions(text: &mut String, bloat: &Bloat, count: usize, width: usize) {
    let Bloat { functions, explained, .. } = bloat;
    let columns = Columns::of_functions(bloat, width);
    // What copies have in common is a column where all others have room.
    let with_repeated = *explained && width >= ROOMY_FUNCTIONS;
    let repeated = |bytes: Option<u64>| match (with_repeated, bytes) {
        (true, None | Some(0)) => format!("  {:>8}", ""),
        (true, Some(bytes)) => format!("  {:>8}", thousands(bytes)),
        (false, _) => String::new(),
    };
    let room = width.saturating_sub(columns.width() + 8 + if with_repeated { 10 } else { 0 }).max(20);
    let title = if with_repeated { "  repeated" } else { "" };
    let _ = write!(text, "\n{}  {:>6}{title}  function\n", columns.title(), "copies");
    let limit = if count == 0 { functions.len() } else { count };
    for row in functions.iter().take(limit) {
        let FunctionRow { name, krate: _, bytes, copies, guessed: _, weight, repeated: alike } = row;
        let (columns, alike) = (columns.row(*bytes, *weight), repeated(*alike));
        let _ = writeln!(text, "{columns}  {copies:>6}{alike}  {}", cut(name, room));
    }
    let rest = functions.get(limit..).unwrap_or_default();
    if !rest.is_empty() {
        let bytes: u64 = rest.iter().map(|row| row.bytes).sum();
        let copies: usize = rest.iter().map(|row| row.copies).sum();
        let (columns, more) = (columns.row(bytes, None), thousands(rest.len() as u64));
        let words = more_words(room, &more, " functions");
        let _ = writeln!(text, "{columns}  {copies:>6}{}  {words}", repeated(None));
    }
    if with_repeated {
        let words = "  repeated: code that the copies share, and that a single function for all types would contain only once\n";
        *text += &wrap(words, Some(width), 2);
    }
}

fn add_sections(text: &mut String, bloat: &Bloat, room: usize) {
    let Bloat { sections, file_bytes, .. } = bloat;
    let _ = write!(text, "\n{:>11}  {:>7}  section\n", "bytes", "of file");
    for section in sections.iter().filter(|section| section.bytes > 0) {
        let share = percent(section.bytes, *file_bytes);
        let name = cut(&section.name, room);
        let _ = writeln!(text, "{:>11}  {share:>8}  {name}", thousands(section.bytes));
    }
    let _ = writeln!(text, "{:>11}  {:>8}  the whole file", thousands(*file_bytes), "100.0 %");
}

/// The objects of an archive.
fn add_members(text: &mut String, bloat: &Bloat, count: usize, room: usize) {
    let _ = write!(text, "\n{:>11}  {:>7}  member\n", "bytes", "of file");
    let (largest, rest) = bloat.largest_members(count);
    for member in largest {
        let name = cut(&member.name, room);
        let share = percent(member.bytes, bloat.file_bytes);
        let _ = writeln!(text, "{:>11}  {share:>8}  {name}", thousands(member.bytes));
    }
    if let Some((more, bytes)) = rest {
        let share = percent(bytes, bloat.file_bytes);
        let (more, plural) = (thousands(more as u64), if more == 1 { "" } else { "s" });
        let bytes = thousands(bytes);
        let _ = writeln!(text, "{bytes:>11}  {share:>8}  and {more} smaller member{plural}; -n 0 shows all");
    }
}

/// What even an empty program has, and what is on top of it.
fn add_floor(text: &mut String, bloat: &Bloat, width: Option<usize>) {
    let Bloat { floor, file_bytes, .. } = bloat;
    if !floor.is_empty() {
        let _ = write!(text, "\n{:>11}  {:>7}  where the bytes come from\n", "bytes", "of file");
    }
    for FloorPart { name, bytes, inside, what } in floor {
        let share = format!("{:.1} %", *bytes as f64 * 100.0 / (*file_bytes).max(1) as f64);
        let sign = if *bytes < 0 { "-" } else { "" };
        let shown = format!("{sign}{}", thousands(bytes.unsigned_abs()));
        let indent = if *inside { "  " } else { "" };
        let line = format!("{shown:>11}  {share:>8}  {indent}{name}: {what}");
        let _ = writeln!(text, "{}", wrap(&line, width, 23 + indent.len()));
    }
}

fn standard_rows(
    line: &mut impl FnMut(u64, Option<Weight>, &str),
    (bytes, weight): (u64, Option<Weight>),
    parts: &[&CrateRow],
    room: usize,
) {
    let whole = "the standard library, made of";
    line(bytes, weight, if whole.len() <= room { whole } else { "standard library:" });
    parts.iter().for_each(|row| line(row.bytes, row.weight, &format!("  {}", name(row))));
}

fn name(row: &CrateRow) -> String {
    format!("{}{}", row.name, if row.guessed_bytes > 0 { " ?" } else { "" })
}

/// The changes from one program to another. `count` limits each list; 0 shows all.
pub(crate) fn diff(diff: &Diff, count: usize, width: Option<usize>) -> String {
    let Diff { a, b, sections, crates, functions, known, whole } = diff;
    let asked = width;
    let width = width.unwrap_or(WIDE);
    let head = format!(
        "{} -> {}: {} -> {} bytes, {} ({}); machine code {} -> {}, {}",
        a.name,
        b.name,
        thousands(a.bytes),
        thousands(b.bytes),
        signed(a.bytes, b.bytes),
        change(b.bytes, a.bytes),
        thousands(a.text_bytes),
        thousands(b.text_bytes),
        signed(a.text_bytes, b.text_bytes),
    );
    let mut text = wrap(&head, asked, 2) + "\n";
    for (method, before, after) in downloads(a, b) {
        let (signed, share) = (signed(before, after), change(after, before));
        let line =
            format!("{}: {} -> {} bytes, {signed} ({share})", method.title(), thousands(before), thousands(after));
        let _ = writeln!(text, "{}", wrap(&line, asked, 2));
    }
    list(&mut text, "section", sections, count, width);
    add_whole(&mut text, whole, count, width);
    if *known {
        list(&mut text, "crate", crates, count, width);
        list(&mut text, "function", functions, count, width);
    } else {
        let words = "\ncan't tell which crates changed, because that requires the symbols of both files\n";
        text += &wrap(words, asked, 0);
    }
    text
}

/// Whose bytes changed in the whole file, and through which call they came in.
fn add_whole(text: &mut String, whole: &[WholeChange], count: usize, width: usize) {
    if whole.is_empty() {
        return;
    }
    let title = if width < 63 { "crate, whole file" } else { "crate, in the whole file" };
    let _ = writeln!(text, "\n{:>11}  {:>11}  {:>11}  {title}", "change", "before", "after");
    let limit = if count == 0 { whole.len() } else { count };
    for WholeChange { name, own_a, own_b, retained_a, retained_b, through } in whole.iter().take(limit) {
        let room = width.saturating_sub(39).max(NAME);
        let numbers = format!("{:>11}  {:>11}  {:>11}", signed_whole(*own_a, *own_b), of_sign(*own_a), of_sign(*own_b));
        let _ = writeln!(text, "{numbers}  {}", cut(name, room));
        if let Some(through) = through {
            let what = format!(
                "pulled in by {through}; including everything that only it needs: {}",
                signed_whole(*retained_a, *retained_b)
            );
            let _ = writeln!(
                text,
                "{:13}{}",
                "",
                wrap(&base::text::escaped(&what), Some(width.saturating_sub(13).max(40)), 2)
                    .replace('\n', &format!("\n{:13}", ""))
            );
        }
    }
    let rest = whole.get(limit..).unwrap_or_default();
    if !rest.is_empty() {
        let (a, b) = rest.iter().fold((0, 0), |(a, b), change| (a + change.own_a, b + change.own_b));
        let _ = writeln!(
            text,
            "{:>11}  {:>11}  {:>11}  {}",
            signed_whole(a, b),
            of_sign(a),
            of_sign(b),
            more_changes(width.saturating_sub(39), rest.len())
        );
    }
    let (a, b) = whole.iter().fold((0, 0), |(a, b), change| (a + change.own_a, b + change.own_b));
    let _ = writeln!(text, "{:>11}  {:>11}  {:>11}  sum", signed_whole(a, b), "", "");
}

/// Columns of a table of changes before the name, and of the name at least.
const NUMBERS: usize = 48;
const NAME: usize = 20;

fn list(text: &mut String, what: &str, changes: &[Change], count: usize, width: usize) {
    if width < NUMBERS + NAME {
        return narrow_list(text, what, changes, count, width);
    }
    let _ = write!(text, "\n{:>11}  {:>11}  {:>11}  {:6}  {what}\n", "change", "before", "after", "");
    let limit = if count == 0 { changes.len() } else { count };
    for change in changes.iter().take(limit) {
        let Change { name, a, b } = change;
        let room = width.saturating_sub(NUMBERS).max(NAME);
        let how = change.how();
        let _ = writeln!(
            text,
            "{:>11}  {:>11}  {:>11}  {how:6}  {}",
            signed(*a, *b),
            thousands(*a),
            thousands(*b),
            cut(name, room)
        );
    }
    let rest = changes.get(limit..).unwrap_or_default();
    if !rest.is_empty() {
        let sums = rest.iter().fold((0, 0), |(a, b), change| (a + change.a, b + change.b));
        let _ = writeln!(
            text,
            "{:>11}  {:>11}  {:>11}  {:6}  {}",
            signed(sums.0, sums.1),
            thousands(sums.0),
            thousands(sums.1),
            "",
            more_changes(width.saturating_sub(NUMBERS), rest.len())
        );
    }
    if changes.is_empty() {
        text.push_str("                                            nothing\n");
    }
    let (a, b) = changes.iter().fold((0, 0), |(a, b), change| (a + change.a, b + change.b));
    let _ = writeln!(text, "{:>11}  {:>11}  {:>11}  {:6}  sum", signed(a, b), "", "", "");
}

/// The same where there is no room for four columns: what was, and what is, in a line below each name.
fn narrow_list(text: &mut String, what: &str, changes: &[Change], count: usize, width: usize) {
    let _ = writeln!(text, "\n{:>11}  {what}", "change");
    let limit = if count == 0 { changes.len() } else { count };
    let (shown, rest) = changes.split_at(limit.min(changes.len()));
    for change in shown {
        let Change { name, a, b } = change;
        let room = width.saturating_sub(13).max(NAME);
        let _ = writeln!(text, "{:>11}  {}", signed(*a, *b), cut(name, room));
        let _ = writeln!(text, "    {}: {} -> {}", change.how(), thousands(*a), thousands(*b));
    }
    let sums = |changes: &[Change]| changes.iter().fold((0, 0), |(a, b), change| (a + change.a, b + change.b));
    if !rest.is_empty() {
        let (a, b) = sums(rest);
        let _ = writeln!(text, "{:>11}  {} smaller; -n 0 shows all", signed(a, b), rest.len());
    }
    let (a, b) = sums(changes);
    let _ = writeln!(text, "{:>11}  {}", signed(a, b), if changes.is_empty() { "nothing" } else { "sum" });
}

/// The same text for a terminal that shows colors: titles are bold, remarks dim; what grew is red, what shrank is green.
pub(crate) fn colored(text: String) -> String {
    if !console::colors_enabled() {
        return text;
    }
    let mut lines: Vec<String> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let style = Style::new().force_styling(true);
        let first = line.split_whitespace().next().unwrap_or_default();
        let is_signed = |sign| line.starts_with(' ') && first.starts_with(sign) && first.len() > 1;
        lines.push(match first {
            _ if index == 0 => style.bold().apply_to(line).to_string(),
            "bytes" | "change" if line.starts_with("   ") => style.bold().apply_to(line).to_string(),
            "?" | "generic" | "own:" | "repeated:" if line.starts_with("  ") => style.dim().apply_to(line).to_string(),
            _ if is_signed('+') => line.replacen(first, &style.red().apply_to(first).to_string(), 1),
            _ if is_signed('-') => line.replacen(first, &style.green().apply_to(first).to_string(), 1),
            _ => line.to_owned(),
        });
    }
    lines.join("\n") + "\n"
}

/// A name that fits: its middle is left out. What is not printable is escaped, since names come from untrusted files.
pub(super) fn cut(name: &str, room: usize) -> String {
    let printable = base::text::escaped(name);
    let length = printable.chars().count();
    if length <= room {
        return printable;
    }
    let head = room / 2 - 1;
    let tail = room - head - 1;
    let start: String = printable.chars().take(head).collect();
    let end: String = printable.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::super::tests;
    use super::*;

    const ALL: Shown = Shown { crates: true, functions: true, sections: true };

    #[test]
    fn bloat_as_text() {
        insta::assert_snapshot!(bloat(&tests::bloat(), ALL, 2, Some(60)));
    }

    #[test]
    fn what_is_in_the_whole_file_has_columns_of_its_own_and_fewer_where_the_terminal_is_narrow() {
        let shown = Shown { sections: false, ..ALL };
        insta::assert_snapshot!(
            [60, 80, 120].map(|width| bloat(&tests::explained(), shown, 4, Some(width))).join("\n")
        );
    }

    #[test]
    fn one_change_that_is_left_out_is_not_several() {
        let words = [1, 2].map(|more| more_changes(40, more));
        assert_eq!(words, ["1 smaller change; -n 0 shows all", "2 smaller changes; -n 0 shows all"]);
        assert_eq!(more_changes(20, 1), "1 smaller (-n 0)");
    }

    #[test]
    fn crates_are_cut_as_functions_are_and_their_sum_stays() {
        let mut bloat = tests::bloat();
        bloat.floor.clear();
        for (name, bytes) in [("a", 300_000), ("b", 30_000), ("c", 20), ("d", 10)] {
            bloat.crates.push(CrateRow {
                name: name.to_owned(),
                bytes,
                guessed_bytes: 0,
                standard: false,
                weight: None,
            });
        }
        bloat.crates.sort_by_key(|row| std::cmp::Reverse(row.bytes));
        let crates = Shown { crates: true, functions: false, sections: false };
        insta::assert_snapshot!([0, 4, 2, 1].map(|count| super::bloat(&bloat, crates, count, None)).join("\n"));
    }

    #[test]
    fn a_filter_that_nothing_fits_is_said_in_place_of_empty_tables() {
        let mut bloat = tests::bloat();
        (bloat.crates, bloat.functions, bloat.filter) = (Vec::new(), Vec::new(), Some("nope".to_owned()));
        bloat.floor.clear();
        insta::assert_snapshot!(super::bloat(&bloat, Shown { sections: false, ..ALL }, 2, None));
    }

    #[test]
    fn colors_change_no_word() {
        for text in [bloat(&tests::bloat(), ALL, 2, None), diff(&tests::diff(), 1, None)] {
            console::set_colors_enabled(true);
            let colored = colored(text.clone());
            console::set_colors_enabled(false);
            assert!(colored.contains("\u{1b}[1m"), "{colored}");
            assert_eq!(console::strip_ansi_codes(&colored), text);
        }
    }

    #[test]
    fn an_archive_as_text_has_a_row_for_each_object() {
        insta::assert_snapshot!(bloat(&tests::archive(), ALL, 2, Some(60)));
    }

    #[test]
    fn diff_as_text() {
        insta::assert_snapshot!(diff(&tests::diff(), 1, None));
        insta::assert_snapshot!("diff-compressed-text", diff(&tests::compressed_diff(), 1, Some(40)));
    }

    #[test]
    fn a_diff_fits_its_terminal() {
        let mut long = tests::diff();
        long.crates =
            (1..14).map(|at| Change { name: format!("krate_{at}"), a: 1_000_000 * at, b: 1_100_000 * at }).collect();
        for width in [60, 68, 80, 120] {
            for line in diff(&long, 2, Some(width)).lines() {
                assert!(line.chars().count() <= width, "{width}: {line:?}");
            }
        }
    }

    #[test]
    fn hostile_names_are_cut_and_escaped() {
        assert_eq!(cut("\u{1b}[31mred", 40), "\\u{1b}[31mred");
        assert_eq!(cut("abcdefghij", 7), "ab…ghij");
        assert_eq!(cut(&"x".repeat(1_000_000), 20).chars().count(), 20);
    }
}
