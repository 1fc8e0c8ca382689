//! Tables for a terminal: plain characters, aligned, as many columns as fit. Nothing depends on color alone.

use super::grid;
use crate::compressed::Method;
use crate::sizes::measured::{Report, Row, Table};
use base::numbers::{change, thousands, wrap};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table as Grid};
use std::fmt::Write as _;

/// A column, and how willingly it is given up where the terminal is narrow: highest first, 0 never.
struct Column {
    title: &'static str,
    give_up: u8,
    cell: fn(&Table, usize) -> String,
}

const COLUMNS: [Column; 10] = [
    Column { title: "build", give_up: 0, cell: |table, row| table.rows[row].label.clone() },
    Column { title: "--profile", give_up: 4, cell: |table, row| table.rows[row].profile.clone() },
    Column { title: "bytes", give_up: 0, cell: |table, row| thousands(table.rows[row].bytes) },
    Column { title: GZIP, give_up: 0, cell: |table, row| download(&table.rows[row], Method::Gzip) },
    Column { title: ZSTD, give_up: 0, cell: |table, row| download(&table.rows[row], Method::Zstd) },
    Column { title: "vs first", give_up: 0, cell: |table, row| against(table, row, 0) },
    Column { title: "vs before", give_up: 1, cell: |table, row| against(table, row, row.saturating_sub(1)) },
    Column {
        title: "build s",
        give_up: 2,
        cell: |table, row| table.rows[row].seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}")),
    },
    Column { title: "committed", give_up: 3, cell: committed },
    Column { title: "output", give_up: 0, cell: |table, row| output(&table.rows[row]).to_owned() },
];

/// The columns of what a download costs.
const GZIP: &str = "gzip -9";
const ZSTD: &str = "zstd -19";

fn download(row: &Row, method: Method) -> String {
    let bytes = row.compressed.and_then(|compressed| compressed.by(method));
    bytes.map_or("-".to_owned(), thousands)
}

fn against(table: &Table, row: usize, reference: usize) -> String {
    if row == 0 { String::new() } else { change(table.rows[row].bytes, table.rows[reference].bytes) }
}

/// The difference to the committed size: what is equal needs no number.
fn committed(table: &Table, row: usize) -> String {
    let Row { bytes, committed, .. } = &table.rows[row];
    match committed {
        None => "-".to_owned(),
        Some(committed) if committed == bytes => "same".to_owned(),
        Some(committed) => {
            let sign = if bytes > committed { '+' } else { '-' };
            format!("{} ({sign}{})", thousands(*committed), thousands(bytes.abs_diff(*committed)))
        }
    }
}

fn output(row: &Row) -> &'static str {
    match row.output_ok {
        Some(true) => "ok",
        Some(false) => "WRONG",
        None => "not checked",
    }
}

/// The tables, at most `width` columns wide if they can be; `bold` sets captions off.
pub(crate) fn sizes(report: &Report, width: Option<usize>, bold: bool) -> String {
    let mut text = format!("rustc {} · {}", report.toolchain, report.target);
    if let Some(linker) = &report.linker {
        let _ = write!(text, " · linked by {linker}");
    }
    text.push('\n');
    let mut narrowed = false;
    for table in &report.tables {
        let caption = format!("{}: {}", table.program, table.caption);
        let caption = if bold { console::style(caption).bold().force_styling(true).to_string() } else { caption };
        let (grid, gave_up) = fitted(table, report.has_committed == Some(true), width);
        narrowed |= gave_up;
        let _ = write!(text, "\n{caption}  (--table {})\n{grid}\n", table.name);
    }
    for skipped in &report.skipped {
        let _ = writeln!(text, "\nnot measured: {}, {}: {}", skipped.program, skipped.label, skipped.reason);
    }
    let legend = legend(report, &text, narrowed);
    text.push_str(&wrap(&legend, width, 11));
    text
}

/// Explains the columns that are shown.
fn legend(report: &Report, tables: &str, narrowed: bool) -> String {
    let mut lines = Vec::new();
    if tables.contains(" build s ") {
        lines.push("build s    seconds that rustc took for the program and the crates linked into it".to_owned());
        if report.jobs > 1 {
            lines.push(format!("           ({} builds at once; --jobs 1 times them undisturbed)", report.jobs));
        }
    }
    if report.is_compressed() {
        lines.push("gzip -9    the download size: bytes of `gzip -9 -n -c FILE` and of `zstd -19 -c FILE`".to_owned());
    }
    match report.has_committed {
        Some(true) => {
            lines.push("committed  the size in docs/measurements, and how much this build differs from it".to_owned());
        }
        Some(false) => lines
            .push(format!("committed  there is no measurement for rustc {} on {}", report.toolchain, report.target)),
        _ => {}
    }
    if narrowed {
        lines.push("some columns are left out: the terminal is too narrow for them".to_owned());
    }
    if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join("\n")) }
}

/// The table, and whether columns had to be left out.
fn fitted(table: &Table, with_committed: bool, width: Option<usize>) -> (String, bool) {
    let is_compressed = table.rows.iter().any(|row| row.compressed.is_some());
    let is_wanted = |column: &&Column| match column.title {
        "committed" => with_committed,
        GZIP | ZSTD => is_compressed,
        _ => true,
    };
    let wanted: Vec<&Column> = COLUMNS.iter().filter(is_wanted).collect();
    let mut columns = wanted.clone();
    loop {
        let drawn = draw(table, &columns);
        let widest = drawn.lines().map(console::measure_text_width).max().unwrap_or_default();
        let willing = columns.iter().map(|column| column.give_up).max().unwrap_or_default();
        if width.is_none_or(|width| widest <= width) {
            return (drawn, columns.len() < wanted.len());
        }
        if willing == 0 {
            // Each row becomes lines of its own, which have room for every column.
            return (records(table, &wanted, width), false);
        }
        columns.retain(|column| column.give_up != willing);
    }
}

/// The table where not even its narrowest form fits.
fn records(table: &Table, columns: &[&Column], width: Option<usize>) -> String {
    let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
    let mut grid = grid::Grid::new(&titles, width);
    for row in 0..table.rows.len() {
        grid.add_row(columns.iter().map(|column| (column.cell)(table, row)));
    }
    grid.to_string()
}

fn draw(table: &Table, columns: &[&Column]) -> String {
    let mut grid = Grid::new();
    grid.load_style(NOTHING);
    grid.set_header(columns.iter().map(|column| column.title));
    for row in 0..table.rows.len() {
        grid.add_row(columns.iter().map(|column| (column.cell)(table, row)));
    }
    for (index, column) in columns.iter().enumerate() {
        let left = matches!(column.title, "build" | "--profile" | "output");
        if let Some(drawn) = grid.column_mut(index) {
            drawn.set_cell_alignment(if left { CellAlignment::Left } else { CellAlignment::Right });
        }
    }
    grid.lines().map(|line| format!(" {}\n", line.trim_end())).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{compressed, sample};

    #[test]
    fn sizes_as_text() {
        insta::assert_snapshot!(sizes(&sample(), None, false));
    }

    #[test]
    fn sizes_as_text_in_a_narrow_terminal() {
        let text = sizes(&sample(), Some(60), false);
        let tables: Vec<_> = text.lines().filter(|line| line.starts_with(' ')).collect();
        assert!(tables.iter().all(|line| line.chars().count() <= 60), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn sizes_as_text_without_a_committed_measurement() {
        let mut report = sample();
        report.has_committed = Some(false);
        report.skipped.clear();
        insta::assert_snapshot!(sizes(&report, Some(100), false));
    }

    #[test]
    fn what_a_download_costs_is_shown_at_every_width() {
        for width in [40, 80, 120] {
            let text = sizes(&compressed(), Some(width), false);
            let tables = text.split("(--table ladder)\n").nth(1).unwrap();
            for line in tables.lines().filter(|line| !line.starts_with("not measured")) {
                assert!(console::measure_text_width(line) <= width, "{width}: {line}\n{text}");
            }
            assert!(text.contains("170,001") && text.contains("150,002"), "{text}");
            insta::assert_snapshot!(format!("sizes-compressed-text-{width}"), text);
        }
    }

    /// The tables that the committed measurement makes; they change with it and with nothing else.
    #[test]
    fn the_committed_sizes_as_text() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
        let workshop = crate::workshop::Workshop::read(root).unwrap();
        let measurement = crate::committed::load(root, crate::committed::REFERENCE_TARGET, "1.95.0").unwrap().unwrap();
        let mut report = sample();
        report.tables =
            crate::sizes::measured::tables_of(&measurement, &workshop.sizes.tables, &["word_freq", "config_tool"]);
        report.has_committed = None;
        report.skipped.clear();
        insta::assert_snapshot!(sizes(&report, None, false));
    }

    #[test]
    fn colour_adds_to_the_text_and_replaces_nothing() {
        let plain = sizes(&sample(), None, false);
        assert_eq!(console::strip_ansi_codes(&sizes(&sample(), None, true)), plain);
        assert_ne!(sizes(&sample(), None, true), plain);
    }
}
