//! What each feature costs: for people, and as JSON.

use super::grid::Grid;
use super::{fits, prose};
use crate::builds::Fact;
use crate::inspect::whatif::{Features, Row, What};
use base::numbers::{list, thousands, wrap};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// For a terminal.
pub(crate) fn text(features: &Features, width: Option<usize>) -> String {
    let Features { program, profile, on, off, base, workload, rows } = features;
    let with = if on.is_empty() { "no feature on".to_owned() } else { names(on) };
    let head = format!("{program}, {profile}: {} bytes with {with}", thousands(base.bytes));
    let mut text = format!("{}\n\n{}\n", wrap(&head, width, 2), table(features, width));
    let mut add = |line: &str| text += &(prose(line, width) + "\n");
    add(
        "Each row is one build with only that change. build s: seconds that rustc took, while other builds were running.",
    );
    if let (Some(workload), true) = (workload, base.instructions.is_some()) {
        let how = if workload.is_empty() { "without arguments".to_owned() } else { format!("with: {workload}") };
        add(&format!("Minstr: million instructions in a run {how}"));
    }
    if !off.is_empty() && rows.iter().all(|row| row.what != What::With) {
        add(&format!("Off in this build: {}. With --all-features, each of these is tried as well.", names(off)));
    }
    text
}

/// The changes, one in a row.
fn table(features: &Features, width: Option<usize>) -> String {
    let Features { base, rows, .. } = features;
    let counted = base.instructions.is_some();
    let seconds = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
    let millions = |count: Option<u64>| count.map_or("-".to_owned(), |count| format!("{:.2}", count as f64 / 1e6));
    let of = |name: String, bytes: String, fact: &Fact, note: String| {
        let mut cells = vec![name, bytes, seconds(fact.seconds)];
        cells.extend(counted.then(|| millions(fact.instructions)));
        cells.push(note);
        cells
    };
    let mut lines: Vec<Vec<String>> = Vec::new();
    for row in rows {
        lines.push(match &row.outcome {
            Ok(fact) => {
                let sign = if fact.bytes < base.bytes { '-' } else { '+' };
                let change = format!("{sign}{}", thousands(fact.bytes.abs_diff(base.bytes)));
                of(label(row), change, fact, notes(row))
            }
            Err(reason) => {
                let also = notes(row);
                let reason = if also.is_empty() { reason.clone() } else { format!("{also}: {reason}") };
                vec![label(row), "no build".to_owned(), reason]
            }
        });
    }
    lines.push(of(String::new(), String::new(), base, "as it is".to_owned()));
    let mut titles = vec!["change", "bytes", "build s"];
    titles.extend(counted.then_some("Minstr"));
    let drawn = aligned(&titles, &lines);
    if fits(&drawn, width) {
        return drawn;
    }
    titles.push("note");
    let mut grid = Grid::new(&titles, width);
    (1..titles.len() - 1).for_each(|column| grid.right(column));
    for mut cells in lines {
        // The reason of a build that failed is a note.
        let note = cells.pop().unwrap_or_default();
        cells.resize(titles.len() - 1, String::new());
        cells.push(note);
        if cells[0].is_empty() {
            cells.swap(0, titles.len() - 1);
        }
        grid.add_row(cells);
    }
    format!("{grid}\n")
}

/// The rows in columns of fixed widths, each one's note behind it.
fn aligned(titles: &[&str], lines: &[Vec<String>]) -> String {
    let width = lines.iter().map(|cells| cells[0].len() + 1).max().unwrap_or(0).max(24);
    let room = |column: usize| if column == 1 { 11 } else { 9 };
    let mut text = format!("{:width$}", titles[0]);
    (1..titles.len()).for_each(|column| text += &format!("{:>1$}", titles[column], room(column)));
    text += "\n";
    for cells in lines {
        let mut line = format!("{:width$}", cells[0]);
        let last = cells.len() - 1;
        (1..last).for_each(|column| line += &format!("{:>1$}", cells[column], room(column)));
        let _ = writeln!(text, "{}", format!("{line}  {}", cells[last]).trim_end());
    }
    text
}

fn names(names: &[String]) -> String {
    list(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn label(row: &Row) -> String {
    match row.what {
        What::Without => format!("- {}", row.name),
        What::With => format!("+ {}", row.name),
        What::Defaults => format!("- default features of {}", row.name),
        What::Default => {
            let (dependency, feature) = row.name.split_once('/').unwrap_or(("", &row.name));
            format!("- default feature {feature} of {dependency}")
        }
    }
}

/// What else is to be known of a row.
fn notes(row: &Row) -> String {
    match (row.what, row.also.is_empty(), row.kept_on) {
        (What::Default, _, true) => "a different package keeps it on".to_owned(),
        (.., true) => "a different package keeps them on".to_owned(),
        (What::Without, false, _) => format!("also turns off {}", names(&row.also)),
        (What::With, false, _) => format!("also turns on {}", names(&row.also)),
        _ => String::new(),
    }
}

/// What is taken out or put in, as JSON names it.
fn kind(what: What) -> &'static str {
    match what {
        What::Without | What::With => "feature",
        What::Defaults => "default-features",
        What::Default => "default-feature",
    }
}

/// `size-workshop/features/1`. Sizes in bytes, times in seconds.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(features: &Features) -> serde_json::Result<String> {
    let Features { program, profile, on, off, base, workload, rows } = features;
    let row = |row: &Row| {
        let Row { what, name, also, outcome, kept_on } = row;
        let fact = outcome.as_ref().ok();
        json!({
            "kind": kind(*what), "name": name,
            "change": if *what == What::With { "in" } else { "out" }, "also": also, "kept_on": kept_on,
            "bytes": fact.map(|fact| fact.bytes),
            "change_bytes": fact.map(|fact| i128::from(fact.bytes) - i128::from(base.bytes)).and_then(|bytes| i64::try_from(bytes).ok()),
            "seconds": fact.and_then(|fact| fact.seconds), "instructions": fact.and_then(|fact| fact.instructions),
            "reason": outcome.as_ref().err(),
        })
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    super::json::document(&json!({
        "schema": "size-workshop/features/1", "program": program, "profile": profile,
        "before_bytes": base.bytes, "before_seconds": base.seconds, "before_instructions": base.instructions,
        "workload": workload, "on": on, "off": off, "features": rows,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::assert_fits;

    fn sample() -> Features {
        let fact = |bytes| Fact {
            bytes,
            seconds: Some(1.5),
            instructions: None,
            executable: "x".into(),
            packages: Vec::new(),
        };
        let row = |what, name: &str, also: &[&str], outcome: Result<Fact, String>| Row {
            what,
            name: name.to_owned(),
            also: also.iter().map(|&name| name.to_owned()).collect(),
            outcome,
            kept_on: name == "serde",
        };
        Features {
            program: "own".to_owned(),
            profile: "release".to_owned(),
            on: vec!["color".to_owned(), "json".to_owned()],
            off: vec!["extra".to_owned()],
            base: fact(400_000),
            workload: None,
            rows: vec![
                row(What::Defaults, "regex", &[], Ok(fact(250_000))),
                row(What::Without, "json", &["pretty"], Ok(fact(390_000))),
                row(What::Defaults, "serde", &[], Ok(fact(400_000))),
                row(What::Without, "color", &[], Err("unresolved import `a::b`".to_owned())),
            ],
        }
    }

    #[test]
    fn features_as_text() {
        insta::assert_snapshot!(text(&sample(), None));
        let mut alone = sample();
        alone.rows.push(row_with("extra"));
        assert!(
            text(&alone, None).contains("\n+ extra") && !text(&alone, None).contains("Off here"),
            "{}",
            text(&alone, None)
        );
    }

    #[test]
    fn features_fit_every_terminal() {
        for width in [40, 60, 80, 120] {
            assert_fits(&text(&sample(), Some(width)), width);
        }
        insta::assert_snapshot!("features-text-40", text(&sample(), Some(40)));
        assert_eq!(text(&sample(), Some(200)), text(&sample(), None));
    }

    fn row_with(name: &str) -> Row {
        let outcome = Err("it needs a different one".to_owned());
        Row { what: What::With, name: name.to_owned(), also: Vec::new(), outcome, kept_on: false }
    }

    #[test]
    fn features_as_json() {
        insta::assert_snapshot!(json(&sample()).unwrap());
    }
}
