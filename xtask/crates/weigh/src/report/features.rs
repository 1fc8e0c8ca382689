//! What each feature costs: for people, and as JSON.

use crate::inspect::whatif::{Features, Row, What};
use base::numbers::{list, thousands};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// For a terminal.
pub(crate) fn text(features: &Features) -> String {
    let Features { program, profile, on, off, base, workload, rows } = features;
    let counted = base.instructions.is_some();
    let with = if on.is_empty() { "no feature on".to_owned() } else { names(on) };
    let mut text = format!("{program}, {profile}: {} bytes with {with}\n\n", thousands(base.bytes));
    let width = rows.iter().map(|row| label(row).len() + 1).max().unwrap_or(0).max(24);
    let _ = write!(text, "{:width$}{:>11}{:>9}", "change", "bytes", "build s");
    text += if counted { "   Minstr\n" } else { "\n" };
    let seconds = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
    let millions = |count: Option<u64>| match count {
        _ if !counted => String::new(),
        Some(count) => format!("{:>9.2}", count as f64 / 1e6),
        None => format!("{:>9}", "-"),
    };
    for row in rows {
        let notes = notes(row);
        let _ = match &row.outcome {
            Ok(fact) => {
                let sign = if fact.bytes < base.bytes { '-' } else { '+' };
                let change = format!("{sign}{}", thousands(fact.bytes.abs_diff(base.bytes)));
                let (time, count) = (seconds(fact.seconds), millions(fact.instructions));
                writeln!(text, "{:width$}{change:>11}{time:>9}{count}{notes}", label(row))
            }
            Err(reason) => writeln!(text, "{:width$}{:>11}{notes}: {reason}", label(row), "no build"),
        };
    }
    let _ =
        writeln!(text, "{:width$}{:>11}{:>9}{}  as it is", "", "", seconds(base.seconds), millions(base.instructions));
    text +=
        "\nEach row is one build in which only that is different. build s: seconds of rustc, beside other builds.\n";
    if let (Some(workload), true) = (workload, counted) {
        let how = if workload.is_empty() { "without arguments".to_owned() } else { format!("with: {workload}") };
        let _ = writeln!(text, "Minstr: million instructions of a run {how}");
    }
    if !off.is_empty() && rows.iter().all(|row| row.what != What::With) {
        let _ = writeln!(text, "Off here: {}. --all-features takes these out as well.", names(off));
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
    }
}

/// What else is to be known of a row.
fn notes(row: &Row) -> String {
    match (row.what, row.also.is_empty(), row.kept_on) {
        (.., true) => "  a different package keeps them on".to_owned(),
        (What::Without, false, _) => format!("  and with it {}", names(&row.also)),
        (What::With, false, _) => format!("  and with it {}", names(&row.also)),
        _ => String::new(),
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
            "kind": if *what == What::Defaults { "default-features" } else { "feature" }, "name": name,
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
    use crate::builds::Fact;

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
        insta::assert_snapshot!(text(&sample()));
        let mut alone = sample();
        alone.rows.push(row_with("extra"));
        assert!(text(&alone).contains("\n+ extra") && !text(&alone).contains("Off here"), "{}", text(&alone));
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
