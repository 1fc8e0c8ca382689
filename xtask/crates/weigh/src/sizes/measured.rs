//! The tables of one call, as measured: what `report` shows.

use crate::committed::Measurement;
use crate::compressed::Compressed;
use crate::measure::binary::Section;
use serde::Serialize;

/// The tables of one call of `cargo xtask sizes`.
#[derive(Clone, Debug)]
pub struct Report {
    /// The release of rustc, such as `1.95.0`.
    pub toolchain: String,
    /// The target triple.
    pub target: String,
    /// The linker, as the executables name it.
    pub linker: Option<String>,
    /// How many builds ran at once.
    pub jobs: usize,
    /// Whether there is a committed measurement to show beside the sizes; `None` if none is wanted.
    pub has_committed: Option<bool>,
    /// The tables.
    pub tables: Vec<Table>,
    /// Rows that could not be measured.
    pub skipped: Vec<Skipped>,
    /// What makes a foreign crate's own profiles larger, which is seldom meant.
    pub burdens: Vec<Burden>,
}

/// A table for one program.
#[derive(Clone, Debug)]
pub struct Table {
    /// The name, as in `--table NAME`.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// The program.
    pub program: String,
    /// The rows; the first one is what the others are compared with.
    pub rows: Vec<Row>,
}

/// One executable.
#[derive(Clone, Debug)]
pub struct Row {
    /// The profile.
    pub profile: String,
    /// What the row is called for people.
    pub label: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Whether the program did what it must; `None` if that isn't known.
    pub output_ok: Option<bool>,
    /// Wall seconds that rustc took for the program and the crates linked into it; `None` if that is not known.
    pub seconds: Option<f64>,
    /// Bytes of each part of the file.
    pub sections: Vec<Section>,
    /// Bytes in the committed measurement.
    pub committed: Option<u64>,
    /// What the file costs to download, where that was asked for.
    pub compressed: Option<Compressed>,
}

/// A row that could not be measured.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// The table.
    pub table: String,
    /// The program.
    pub program: String,
    /// The row's label.
    pub label: String,
    /// Why, and what to do about it.
    pub reason: String,
}

/// What makes a program larger in a crate's own profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Burden {
    /// The program.
    pub program: String,
    /// The profile.
    pub profile: String,
    /// The lines: one, or several that were changed together.
    pub lines: Vec<Line>,
    /// Why they make the program larger, in a sentence without a final full stop.
    pub why: String,
    /// What was done about it, behind the bytes.
    pub remedy: String,
    /// Bytes of the program as it is.
    pub bytes: u64,
    /// Bytes of the program with that done.
    pub bytes_then: u64,
}

impl Report {
    /// Whether the rows have what a download costs.
    pub fn is_compressed(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.rows).any(|row| row.compressed.is_some())
    }
}

/// A setting of a profile, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// A file with its line, or a variable.
    pub place: String,
    /// As it is written, such as `debug = true`.
    pub setting: String,
}

impl Table {
    /// Each row with its change against the first row and against the one before, both as a share (-0.25 is a quarter
    /// less). The first row has no row before it.
    pub fn changes(&self) -> impl Iterator<Item = (&Row, f64, Option<f64>)> {
        let share = |bytes: u64, of: u64| if of == 0 { 0.0 } else { (bytes as f64 - of as f64) / of as f64 };
        let first = self.rows.first().map_or(0, |row| row.bytes);
        self.rows.iter().enumerate().map(move |(index, row)| {
            let previous = index.checked_sub(1).map(|before| share(row.bytes, self.rows[before].bytes));
            (row, share(row.bytes, first), previous)
        })
    }
}

/// The tables of a committed measurement, for the programs and rows that it has.
pub fn tables_of(measurement: &Measurement, tables: &[crate::workshop::Table], programs: &[&str]) -> Vec<Table> {
    let mut made = Vec::new();
    // Where std could not be rebuilt, the one row that is left of a table about that says nothing.
    let has_rebuilt = measurement.builds.iter().any(|build| build.std.is_some());
    for table in tables.iter().filter(|table| has_rebuilt || !table.rebuilds_std()) {
        for program in programs.iter().filter(|program| table.is_for(program)) {
            let rows = table.rows.iter().filter_map(|row| {
                let build = measurement.find_with(program, row.profile.as_ref(), row.strip_command, row.std)?;
                Some(Row {
                    profile: build.profile.clone(),
                    label: row.label.clone(),
                    bytes: build.bytes,
                    output_ok: None,
                    seconds: None,
                    sections: build.sections.clone(),
                    committed: None,
                    compressed: None,
                })
            });
            let (name, caption) = (table.name.as_ref().clone(), table.caption.clone());
            made.push(Table { name, caption, program: (*program).to_owned(), rows: rows.collect() });
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use crate::report::tests::sample;

    #[test]
    fn changes_are_shares_of_the_first_row_and_of_the_row_before() {
        let report = sample();
        let changes: Vec<_> = report.tables[0].changes().map(|(_, first, previous)| (first, previous)).collect();
        assert_eq!(changes[0], (0.0, None));
        assert!((changes[2].0 - 4416.0 / 503_360.0).abs() < 1e-12);
        assert!((changes[2].1.unwrap() + 24.0 / 507_800.0).abs() < 1e-12);
    }
}
