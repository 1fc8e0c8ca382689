//! The size at each revision: one small serializer for each format.

use super::csv::harmless;
use super::grid::Grid;
use super::json::document;
use super::markdown::escape;
use super::svg::{Theme, steps};
use crate::anatomy::delta::Change;
use crate::history::{History, Mover, Outcome, Revision, Search};
use anyhow::Result;
use base::dates;
use base::numbers::{change, plural, thousands, wrap};
use base::text::escaped;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::fmt::Write as _;

/// Revisions whose movers are told, and movers of each kind.
const TOLD: usize = 3;
/// Characters of a commit's subject.
const SUBJECT: usize = 60;

/// For a terminal.
pub(crate) fn text(history: &History, width: Option<usize>) -> String {
    let mut grid = Grid::new(&["revision", "date", "bytes", "change", "%", "subject"], width);
    for column in [2, 3, 4] {
        grid.right(column);
    }
    for revision in &history.revisions {
        grid.add_row(cells(revision, &escaped(&subject(revision))));
    }
    let mut text = format!("{}\n\n{grid}\n", wrap(&headline(history), width, 2));
    if let Some(search) = &history.search {
        let _ = write!(text, "\n{}\n", wrap(&found(history, search), width, 0));
    }
    for revision in largest(history) {
        let _ = write!(text, "\n{}\n", wrap(&escaped(&title(revision)), width, 2));
        for (kind, movers) in movers(revision) {
            let _ = writeln!(text, "{}", wrap(&format!("  {kind:9}{}", escaped(&movers)), width, 11));
        }
    }
    text
}

/// For GitHub and mdBook.
pub(crate) fn markdown(history: &History) -> String {
    let mut text = format!(
        "{}\n\n| revision | date | bytes | change | % | subject |\n|---|---|--:|--:|--:|---|\n",
        escape(&headline(history))
    );
    for revision in &history.revisions {
        let [name, date, bytes, change, percent, _] = cells(revision, "");
        let subject = escape(&subject(revision));
        let _ = writeln!(text, "| {} | {date} | {bytes} | {change} | {percent} | {subject} |", escape(&name));
    }
    if let Some(search) = &history.search {
        let _ = write!(text, "\n{}\n", escape(&found(history, search)));
    }
    for revision in largest(history) {
        let _ = write!(text, "\n**{}**\n\n", escape(&title(revision)));
        for (kind, movers) in movers(revision) {
            let _ = writeln!(text, "- {kind}: {}", escape(&movers));
        }
    }
    text
}

/// For spreadsheets: a row for each revision; cells are empty where nothing is known.
///
/// # Errors
/// Never in practice: it is written to memory.
pub(crate) fn csv(history: &History) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "commit",
        "tag",
        "date",
        "bytes",
        "change_bytes",
        "change_percent",
        "toolchain",
        "subject",
        "error",
    ])?;
    for revision in &history.revisions {
        let Revision { commit, outcome, .. } = revision;
        let (toolchain, error) = match outcome {
            Outcome::Built(measured) => (measured.toolchain.as_deref().unwrap_or_default(), ""),
            Outcome::Failed(reason) => ("", reason.as_str()),
        };
        let number = |number: Option<String>| number.unwrap_or_default();
        writer.write_record([
            commit.hash.clone(),
            harmless(commit.tag.as_deref().unwrap_or_default()),
            dates::time(commit.seconds),
            number(revision.bytes().map(|bytes| bytes.to_string())),
            number(difference(revision).map(|bytes| bytes.to_string())),
            number(percent(revision).map(|percent| format!("{percent:.4}"))),
            toolchain.to_owned(),
            harmless(&commit.subject),
            harmless(error),
        ])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// `size-workshop/history/1`: keys are added, never changed. All sizes in bytes.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(history: &History) -> serde_json::Result<String> {
    let History { program, profile, target, revisions, search } = history;
    let rows: Vec<Value> = revisions
        .iter()
        .map(|revision| {
            let (toolchain, error) = match &revision.outcome {
                Outcome::Built(measured) => (measured.toolchain.as_deref(), None),
                Outcome::Failed(reason) => (None, Some(reason)),
            };
            let movers: Vec<Value> = revision
                .movers
                .iter()
                .map(|Mover { kind, change }| json!({ "kind": kind, "name": change.name, "a": change.a, "b": change.b }))
                .collect();
            json!({
                "commit": revision.commit.hash, "tag": revision.commit.tag, "date": dates::time(revision.commit.seconds),
                "subject": revision.commit.subject, "bytes": revision.bytes(), "change_bytes": difference(revision),
                "change_percent": percent(revision), "toolchain": toolchain, "error": error, "movers": movers,
            })
        })
        .collect();
    let hash = |index: usize| revisions.get(index).map(|revision| revision.commit.hash.as_str());
    let search = search.as_ref().map(|search| {
        let Search { limit, found, between, builds, among } = search;
        json!({
            "limit_bytes": limit, "commit": found.and_then(|(_, at)| hash(at)),
            "before": found.and_then(|(before, _)| hash(before)), "not_built_between": between, "builds": builds,
            "among": among,
        })
    });
    document(&json!({
        "schema": "size-workshop/history/1", "program": program, "profile": profile, "target": target, "revisions": rows,
        "bisect": search,
    }))
}

/// The sizes as a picture.
pub(crate) fn svg(history: &History) -> String {
    let points: Vec<_> = history
        .revisions
        .iter()
        .map(|revision| steps::Point { label: revision.commit.name(), bytes: revision.bytes() })
        .collect();
    let History { program, profile, .. } = history;
    steps::draw(&format!("{program}, {profile}: size in bytes"), &headline(history), &points, Theme::Light)
}

/// What it is about, and how the newest size compares with the oldest one.
fn headline(history: &History) -> String {
    let History { program, profile, revisions, .. } = history;
    let mut built = revisions.iter().filter_map(|revision| Some((revision.commit.name(), revision.bytes()?)));
    let (first, last) = (built.next(), built.next_back());
    match (first, last) {
        (Some((first, before)), Some((last, after))) => format!(
            "{program}, {profile}: {first} -> {last}: {} -> {} bytes ({}), {}",
            thousands(before),
            thousands(after),
            change(after, before),
            plural(revisions.len(), "revision")
        ),
        (Some((only, bytes)), None) => format!("{program}, {profile}: {only}: {} bytes", thousands(bytes)),
        _ => format!("{program}, {profile}"),
    }
}

fn cells(revision: &Revision, subject: &str) -> [String; 6] {
    let bytes = match &revision.outcome {
        Outcome::Built(measured) => thousands(measured.parts.bytes),
        Outcome::Failed(_) => "-".to_owned(),
    };
    let changed = difference(revision).map_or(String::new(), |difference| match difference {
        0 => "same".to_owned(),
        _ => signed(difference),
    });
    // What two digits can't show is left to the bytes.
    let share = percent(revision)
        .filter(|percent| percent.abs() >= 0.005)
        .map_or(String::new(), |percent| format!("{percent:+.2}"));
    let date = dates::time(revision.commit.seconds)[..10].to_owned();
    [revision.commit.name().to_owned(), date, bytes, changed, share, subject.to_owned()]
}

/// The commit's subject; of one that could not be built, why.
fn subject(revision: &Revision) -> String {
    let cut = |text: &str| match text.char_indices().nth(SUBJECT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    let subject = cut(&revision.commit.subject);
    match &revision.outcome {
        Outcome::Built(_) => subject,
        Outcome::Failed(reason) => format!("{subject} [not built: {reason}]"),
    }
}

fn difference(revision: &Revision) -> Option<i64> {
    let (bytes, before) = revision.bytes().zip(revision.before)?;
    Some(bytes.cast_signed() - before.cast_signed())
}

fn percent(revision: &Revision) -> Option<f64> {
    let (difference, before) = difference(revision).zip(revision.before.filter(|before| *before > 0))?;
    Some((difference as f64 * 1e6 / before as f64).round() / 1e4)
}

fn signed(bytes: i64) -> String {
    format!("{}{}", if bytes < 0 { '-' } else { '+' }, thousands(bytes.unsigned_abs()))
}

/// The revisions that moved the size most, in their order. After a search, only the revision that it found.
fn largest(history: &History) -> Vec<&Revision> {
    let revisions = &history.revisions;
    if let Some(search) = &history.search {
        return search.found.and_then(|(_, at)| revisions.get(at)).into_iter().collect();
    }
    let mut order: Vec<usize> = (0..revisions.len()).filter(|index| revisions[*index].moved() > 0).collect();
    order.sort_by_key(|index| Reverse(revisions[*index].moved()));
    order.truncate(TOLD);
    order.sort_unstable();
    order.into_iter().map(|index| &revisions[index]).collect()
}

fn title(revision: &Revision) -> String {
    let [name, _, _, change, percent, _] = cells(revision, "");
    let percent = if percent.is_empty() { percent } else { format!(" ({percent} %)") };
    format!("{name}: {change} bytes{percent}, {}", revision.commit.subject)
}

/// The largest changes, the crates apart from the sections.
fn movers(revision: &Revision) -> Vec<(&'static str, String)> {
    let of = |kind: &str| {
        let words = |Change { name, a, b }: &Change| format!("{name} {}", signed(b.cast_signed() - a.cast_signed()));
        let some = revision.movers.iter().filter(|mover| mover.kind == kind).take(TOLD);
        some.map(|mover| words(&mover.change)).collect::<Vec<_>>().join(", ")
    };
    let all = [("crates", of("crate")), ("sections", of("section"))];
    all.into_iter().filter(|(_, movers)| !movers.is_empty()).collect()
}

/// What a search has found, and what it assumed.
fn found(history: &History, search: &Search) -> String {
    let Search { limit, found, between, builds, among } = search;
    let row = |index: &usize| history.revisions.get(*index);
    let effort = format!("{} among {}", plural(*builds, "build"), plural(*among, "revision"));
    let Some((Some(before), Some(at))) = found.as_ref().map(|(before, at)| (row(before), row(at))) else {
        return format!(
            "the program hasn't grown that much: the newest revision is smaller than {} bytes ({effort})",
            thousands(*limit)
        );
    };
    let mut text = format!(
        "{} is the first revision of {} bytes or more: {} ({effort})\n",
        at.commit.name(),
        thousands(*limit),
        at.commit.subject
    );
    if *between > 0 {
        let which = if *between == 1 { "the revision".to_owned() } else { format!("one of the {between} revisions") };
        let _ =
            writeln!(text, "it could also be {which} between it and {}, which can't be built", before.commit.name());
    }
    text + "this assumes that the size crossed the limit only once; if it crossed it several times, this is one of those revisions"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::sample;
    use crate::report::tests::assert_fits;

    #[test]
    fn a_history_as_text() {
        insta::assert_snapshot!(text(&sample(), Some(100)));
    }

    #[test]
    fn a_history_fits_every_terminal() {
        let search = Search { limit: 400_000, found: Some((1, 3)), between: 1, builds: 4, among: 9 };
        for history in [sample(), History { search: Some(search), ..sample() }] {
            for width in [40, 60, 80, 120] {
                assert_fits(&text(&history, Some(width)), width);
            }
        }
    }

    #[test]
    fn a_history_as_markdown() {
        insta::assert_snapshot!(markdown(&sample()));
    }

    #[test]
    fn a_history_as_csv() {
        insta::assert_snapshot!(csv(&sample()).unwrap());
    }

    #[test]
    fn a_history_as_json() {
        insta::assert_snapshot!(json(&sample()).unwrap());
    }

    #[test]
    fn what_a_search_found_is_told_with_what_it_assumes() {
        let search = Search { limit: 400_000, found: Some((1, 3)), between: 1, builds: 4, among: 9 };
        insta::assert_snapshot!(text(&History { search: Some(search.clone()), ..sample() }, Some(100)));
        let none = Search { found: None, between: 0, ..search };
        assert!(
            text(&History { search: Some(none), ..sample() }, None)
                .contains("the newest revision is smaller than 400,000 bytes")
        );
    }
}
