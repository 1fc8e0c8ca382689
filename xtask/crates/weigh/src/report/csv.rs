//! One line for each row of each table, for spreadsheets.

use crate::compressed::Method;
use crate::sizes::measured::Report;
use anyhow::Result;

/// The tables as CSV with a head line. Sizes in bytes, changes as a share; a cell is empty where nothing is known.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn sizes(report: &Report) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let titles = [
        "table",
        "program",
        "profile",
        "label",
        "bytes",
        "change_from_first",
        "change_from_previous",
        "output_ok",
        "seconds",
        "committed_bytes",
    ];
    // Only where it was asked for, and last: columns are added, never moved.
    let is_compressed = report.is_compressed();
    let added = ["gzip_bytes", "zstd_bytes"];
    writer.write_record(titles.iter().chain(added.iter().filter(|_| is_compressed)))?;
    let optional = |value: Option<String>| value.unwrap_or_default();
    for table in &report.tables {
        for (row, first, previous) in table.changes() {
            let mut cells = vec![
                table.name.clone(),
                harmless(&table.program),
                harmless(&row.profile),
                harmless(&row.label),
                row.bytes.to_string(),
                format!("{first:.6}"),
                optional(previous.map(|share| format!("{share:.6}"))),
                optional(row.output_ok.map(|ok| ok.to_string())),
                optional(row.seconds.map(|seconds| format!("{seconds:.2}"))),
                optional(row.committed.map(|bytes| bytes.to_string())),
            ];
            if is_compressed {
                let by = |method| row.compressed.and_then(|compressed| compressed.by(method));
                cells.extend(Method::ALL.map(|method| optional(by(method).map(|bytes| bytes.to_string()))));
            }
            writer.write_record(cells)?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A spreadsheet runs a cell that begins with one of these as a formula; an apostrophe makes it text.
pub(super) fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::report::tests::{compressed, sample};

    #[test]
    fn sizes_as_csv() {
        insta::assert_snapshot!(super::sizes(&sample()).unwrap());
        insta::assert_snapshot!("sizes-compressed-csv", super::sizes(&compressed()).unwrap());
    }
}
