//! The JSON documents that CLI.md promises, version 1: keys are added, never changed.

use crate::compressed::Compressed;
use crate::measure::binary::Section;
use crate::sizes::measured::{self, Report};
use serde::Serialize;

/// `size-workshop/sizes/1`. Sizes in bytes; changes as a share (-0.25 is a quarter less); `seconds`, `output_ok` and
/// `committed_bytes` are null where they are not known.
#[derive(Serialize)]
struct Sizes<'a> {
    schema: &'static str,
    toolchain: &'a str,
    target: &'a str,
    linker: Option<&'a str>,
    jobs: usize,
    tables: Vec<Table<'a>>,
    skipped: Vec<Skipped<'a>>,
    /// What makes a crate's own profiles larger.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    burdens: &'a [measured::Burden],
    /// What the programs did wrong, in words.
    problems: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Check<'a>>,
}

#[derive(Serialize)]
struct Table<'a> {
    name: &'a str,
    caption: &'a str,
    program: &'a str,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    profile: &'a str,
    label: &'a str,
    bytes: u64,
    change_from_first: f64,
    change_from_previous: Option<f64>,
    output_ok: Option<bool>,
    seconds: Option<f64>,
    committed_bytes: Option<u64>,
    #[serde(flatten)]
    compressed: Option<Compressed>,
    sections: &'a [Section],
}

#[derive(Serialize)]
struct Skipped<'a> {
    table: &'a str,
    program: &'a str,
    label: &'a str,
    reason: &'a str,
}

/// What `--check` found.
#[derive(Serialize)]
struct Check<'a> {
    verdict: &'static str,
    differences: &'a [String],
}

/// The tables as one document. `differences` are `--check`'s, if that was given.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub fn sizes(report: &Report, problems: &[String], differences: Option<&[String]>) -> serde_json::Result<String> {
    let Report { toolchain, target, linker, jobs, has_committed: _, tables, skipped, burdens } = report;
    let check = differences
        .map(|differences| Check { verdict: if differences.is_empty() { "pass" } else { "fail" }, differences });
    let skipped = skipped.iter().map(|skipped| {
        let measured::Skipped { table, program, label, reason } = skipped;
        Skipped { table, program, label, reason }
    });
    document(&Sizes {
        schema: "size-workshop/sizes/1",
        toolchain,
        target,
        linker: linker.as_deref(),
        jobs: *jobs,
        tables: tables.iter().map(table).collect(),
        skipped: skipped.collect(),
        burdens,
        problems,
        check,
    })
}

fn table(table: &measured::Table) -> Table<'_> {
    // Six digits behind the point are a byte in a megabyte.
    let rounded = |share: f64| (share * 1e6).round() / 1e6;
    let rows = table.changes().map(|(row, first, previous)| Row {
        profile: &row.profile,
        label: &row.label,
        bytes: row.bytes,
        change_from_first: rounded(first),
        change_from_previous: previous.map(rounded),
        output_ok: row.output_ok,
        seconds: row.seconds.map(|seconds| (seconds * 100.0).round() / 100.0),
        committed_bytes: row.committed,
        compressed: row.compressed,
        sections: &row.sections,
    });
    Table { name: &table.name, caption: &table.caption, program: &table.program, rows: rows.collect() }
}

/// A value as one JSON document.
///
/// # Errors
/// Never in practice: every value that is printed can be written as JSON.
pub fn document(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use crate::report::tests::{compressed, sample};

    #[test]
    fn sizes_as_json() {
        let problems = ["word_freq is wrong".to_owned()];
        let text = super::sizes(&sample(), &problems, Some(&[])).unwrap();
        testbed::schema::document(&text);
        insta::assert_snapshot!(text);
        let text = super::sizes(&compressed(), &[], None).unwrap();
        testbed::schema::document(&text);
        insta::assert_snapshot!("sizes-compressed-json", text);
    }
}
