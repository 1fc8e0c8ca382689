//! What `sizes --budget` found: one small serializer for each format.

use super::anatomy;
use super::csv::harmless;
use super::grid::Grid;
use super::markdown::plain;
use super::svg::escape;
use crate::sizes::budget::{LimitRow, Report, Row};
use anyhow::Result;
use base::numbers::{change, one_line, thousands, wrap};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Changes of each kind that are shown.
const MOVERS: usize = 5;

fn is_met(row: &Row) -> bool {
    row.limits.iter().all(|limit| limit.met)
}

fn against_baseline(row: &Row) -> String {
    let since = |before| format!("; the baseline is {} ({})", thousands(before), change(row.bytes, before));
    row.baseline.map(since).unwrap_or_default()
}

/// What is exceeded, in one sentence without a final full stop.
pub(crate) fn exceeded(row: &Row, limit: &LimitRow) -> String {
    let Row { bin, profile, .. } = row;
    let LimitRow { key, source, bytes, allowed, .. } = limit;
    format!(
        "{bin} with [profile.{profile}] is {} bytes{}, {} more than `{key} = {}` allows",
        thousands(*bytes),
        after(limit),
        thousands(bytes.saturating_sub(*allowed)),
        one_line(source)
    )
}

/// How the bytes of a limit are measured, if not as the file's.
fn after(limit: &LimitRow) -> String {
    limit.method.map(|method| format!(" after `{}`", method.title())).unwrap_or_default()
}

/// What goes beside the limit's line.
pub(crate) fn over(row: &Row, limit: &LimitRow) -> String {
    match row.baseline.filter(|_| limit.key == "max-growth") {
        Some(before) => {
            format!("the baseline is {}: {} are allowed", thousands(before), thousands(limit.allowed))
        }
        None => format!("{} bytes are allowed{}", thousands(limit.allowed), after(limit)),
    }
}

/// What is left, with its sign.
fn left(limit: &LimitRow) -> String {
    let sign = if limit.met { "" } else { "-" };
    format!("{sign}{}", thousands(limit.allowed.abs_diff(limit.bytes)))
}

fn verdict(limit: &LimitRow) -> &'static str {
    if limit.met { "within" } else { "EXCEEDED" }
}

/// For a terminal. What made it grow is shown if something is exceeded.
pub(crate) fn text(report: &Report, width: Option<usize>, color: bool) -> String {
    let mut text = String::new();
    for (index, row) in report.rows.iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        let Row { bin, profile, bytes, limits, movers, .. } = row;
        let head = format!("{bin}, [profile.{profile}]: {} bytes{}", thousands(*bytes), against_baseline(row));
        let _ = writeln!(text, "{gap}{}\n\n{}", wrap(&head, width, 2), limits_text(limits, width, color));
        if let Some(movers) = movers.as_ref().filter(|_| !is_met(row)) {
            let _ = write!(text, "\n{}", anatomy::text::diff(movers, MOVERS, width));
        }
    }
    text
}

/// A line for each limit; where that is too wide, a few.
fn limits_text(limits: &[LimitRow], width: Option<usize>, color: bool) -> String {
    let word = |limit: &LimitRow| {
        let style = console::Style::new().force_styling(true);
        match (color, limit.met) {
            (false, _) => verdict(limit).to_owned(),
            (true, true) => style.green().apply_to(verdict(limit)).to_string(),
            (true, false) => style.red().bold().apply_to(verdict(limit)).to_string(),
        }
    };
    let longest = limits.iter().map(|limit| limit.written.chars().count()).max().unwrap_or_default().max(5);
    let mut lines = vec![format!("  {:10}  {:longest$}  {:>11}  {:>11}", "budget", "limit", "allowed", "left")];
    lines.extend(limits.iter().map(|limit| {
        let LimitRow { key, written, allowed, .. } = limit;
        let (allowed, left, word) = (thousands(*allowed), left(limit), word(limit));
        format!("  {key:10}  {written:longest$}  {allowed:>11}  {left:>11}  {word}")
    }));
    if lines.iter().all(|line| width.is_none_or(|width| console::measure_text_width(line) <= width)) {
        return lines.join("\n");
    }
    let mut grid = Grid::new(&["budget", "limit", "allowed", "left", "verdict"], width);
    (1..4).for_each(|column| grid.right(column));
    for limit in limits {
        let LimitRow { key, written, allowed, .. } = limit;
        grid.add_row([(*key).to_owned(), written.clone(), thousands(*allowed), left(limit), word(limit)]);
    }
    grid.to_string()
}

/// For a comment in a pull request, or the summary of a job.
pub(crate) fn markdown(report: &Report) -> String {
    let Report { manifest: _, toolchain, target, rows } = report;
    let met = rows.iter().all(is_met);
    let mut text = format!(
        "### Size budget: {}\n\n| program | budget | limit | bytes | allowed | left | |\n|---|---|--:|--:|--:|--:|---|\n",
        if met { "within" } else { "exceeded" }
    );
    for row in rows {
        let program = plain(&format!("{} ({})", row.bin, row.profile));
        for limit in &row.limits {
            let (bytes, allowed) = (thousands(limit.bytes), thousands(limit.allowed));
            let verdict = if limit.met { "within" } else { "**exceeded**" };
            let (key, written, left) = (limit.key, plain(&limit.written), left(limit));
            let _ = writeln!(text, "| {program} | `{key}` | {written} | {bytes} | {allowed} | {left} | {verdict} |");
        }
    }
    let _ = writeln!(text, "\n{}; rustc {toolchain}, {target}.", whose_bytes(rows));
    for row in rows {
        if let Some(movers) = &row.movers {
            let title = format!("{}: what has changed since the baseline", escape(&row.bin));
            let open = if is_met(row) { "" } else { " open" };
            let _ = write!(
                text,
                "\n<details{open}><summary>{title}</summary>\n\n{}\n</details>\n",
                anatomy::markdown::diff(movers, MOVERS)
            );
        }
    }
    text
}

/// What the bytes in a table are.
fn whose_bytes(rows: &[Row]) -> &'static str {
    let has_download = rows.iter().flat_map(|row| &row.limits).any(|limit| limit.method.is_some());
    match has_download {
        true => "Bytes of the file; for `max-gzip` after `gzip -9`, for `max-zstd` after `zstd -19`",
        false => "Bytes of the file",
    }
}

/// `size-workshop/budget/1`: keys are added, never changed. All sizes in bytes.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(report: &Report) -> serde_json::Result<String> {
    let Report { manifest, toolchain, target, rows } = report;
    let budgets: Vec<Value> = rows
        .iter()
        .map(|row| {
            let Row { bin, profile, is_one_of_several: _, bytes, baseline, limits, movers } = row;
            let limits: Vec<Value> = limits
                .iter()
                .map(|limit| {
                    let LimitRow { key, written, source: _, method: _, bytes, allowed, met, line, column, range: _ } =
                        limit;
                    json!({ "key": key, "written": written, "bytes": bytes, "allowed_bytes": allowed, "met": met,
                        "over_bytes": bytes.saturating_sub(*allowed), "left_bytes": allowed.saturating_sub(*bytes),
                        "line": line, "column": column })
                })
                .collect();
            let movers = movers.as_ref().map(anatomy::json::changes);
            json!({ "bin": bin, "profile": profile, "bytes": bytes, "baseline_bytes": baseline, "met": is_met(row),
                "limits": limits, "changes": movers })
        })
        .collect();
    super::json::document(&json!({
        "schema": "size-workshop/budget/1", "manifest": manifest, "toolchain": toolchain, "target": target,
        "met": rows.iter().all(is_met), "budgets": budgets,
    }))
}

/// One line for each limit, for spreadsheets.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn csv(report: &Report) -> Result<String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(["bin", "profile", "budget", "limit", "bytes", "baseline_bytes", "allowed_bytes", "met"])?;
    for row in &report.rows {
        for limit in &row.limits {
            writer.write_record([
                harmless(&row.bin),
                harmless(&row.profile),
                limit.key.to_owned(),
                harmless(&limit.written),
                limit.bytes.to_string(),
                // A baseline has no downloads.
                row.baseline.filter(|_| limit.method.is_none()).map(|bytes| bytes.to_string()).unwrap_or_default(),
                limit.allowed.to_string(),
                limit.met.to_string(),
            ])?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Commands of GitHub Actions: an error beside the line of what is exceeded, a notice beside what is not. `file` is the
/// manifest as GitHub knows it, from the repository's root.
pub(crate) fn github(report: &Report, file: &Path) -> String {
    let file = property(&file.to_string_lossy().replace('\\', "/"));
    let mut text = String::new();
    for row in &report.rows {
        for limit in &row.limits {
            let (level, words) = match limit.met {
                true => {
                    let (bytes, left) = (thousands(limit.bytes) + " bytes" + &after(limit), left(limit));
                    let Row { bin, profile, .. } = row;
                    let words = format!(
                        "{bin} with [profile.{profile}] is {bytes}; {left} are left before it reaches {}",
                        limit.key
                    );
                    ("notice", words)
                }
                false if limit.method.is_some() => ("error", exceeded(row, limit)),
                false => ("error", exceeded(row, limit) + &against_baseline(row)),
            };
            let LimitRow { line, column, .. } = limit;
            let _ = writeln!(
                text,
                "::{level} file={file},line={line},col={column},title=Size budget::{}",
                one_line(&words).replace('%', "%25")
            );
        }
    }
    text
}

/// A property of a command: what would end it is escaped.
fn property(text: &str) -> String {
    one_line(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anatomy::delta::Diff;
    use crate::compressed::Method;

    fn report() -> Report {
        let limit = |key, written: &str, bytes, allowed, met, line| LimitRow {
            key,
            written: written.to_owned(),
            source: if written == "7" { written.to_owned() } else { format!("\"{written}\"") },
            method: None,
            bytes,
            allowed,
            met,
            line,
            column: 7,
            range: 0..0,
        };
        let row = |bin: &str, bytes, baseline, limits, movers| Row {
            bin: bin.to_owned(),
            profile: "dist".to_owned(),
            is_one_of_several: true,
            bytes,
            baseline,
            limits,
            movers,
        };
        Report {
            manifest: "crate/Cargo.toml".into(),
            toolchain: "1.95.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            rows: vec![
                row(
                    "server",
                    1_020,
                    Some(1_000),
                    vec![
                        limit("max", "1.2 kB", 1_020, 1_200, true, 9),
                        limit("max-growth", "1 %", 1_020, 1_010, false, 10),
                        LimitRow { method: Some(Method::Gzip), ..limit("max-gzip", "0.5 kB", 501, 500, false, 11) },
                    ],
                    Some(Diff { whole: Vec::new(), ..anatomy::tests::diff() }),
                ),
                row("=a|<b>::c", 7, None, vec![limit("max", "7", 7, 7, true, 20)], None),
            ],
        }
    }

    #[test]
    fn a_budget_as_text() {
        insta::assert_snapshot!(text(&report(), Some(60), false));
        let narrow = text(&report(), Some(40), false);
        assert!(narrow.lines().all(|line| console::measure_text_width(line) <= 40), "{narrow}");
        insta::assert_snapshot!("budget-text-40", narrow);
        let colored = text(&report(), None, true);
        assert!(colored.contains("\u{1b}[31m") && colored.contains("EXCEEDED"), "no state is shown by colour alone");
    }

    #[test]
    fn a_budget_as_markdown() {
        insta::assert_snapshot!(markdown(&report()));
    }

    #[test]
    fn a_budget_for_programs() {
        let text = json(&report()).unwrap();
        testbed::schema::document(&text);
        insta::assert_snapshot!(text + &csv(&report()).unwrap());
    }

    #[test]
    fn a_budget_for_github() {
        insta::assert_snapshot!(github(&report(), Path::new("a,b/Cargo.toml")));
    }
}
