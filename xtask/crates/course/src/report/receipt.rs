//! The result of a check as a receipt: each goal with its points, the sizes of this run, what rustc really got, what has
//! changed since the last check, and one next step.

use crate::check::data::{Profile, Setting};
use crate::check::{self, Judgement, Outcome, Verdict};
use crate::evidence::{Attempt, Evidence};
use crate::exercise::{Check, Exercise, Linking, Tree};
use crate::machine::Lack;
use crate::predictions::Predicted;
use crate::progress::Sizes;
use base::numbers::{change, plural, thousands, wrap};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use weigh::profiles::{self, canonical};
use weigh::report::grid::Grid;

/// An exercise that was checked.
#[derive(Debug)]
pub struct Checked {
    /// What was checked.
    pub exercise: Exercise,
    /// The verdict, goal by goal.
    pub judgement: Judgement,
    /// The builds, if there were any.
    pub evidence: Option<Evidence>,
    /// The release of rustc and the target triple.
    pub toolchain: (String, String),
    /// The executables of the check before, by the build's name.
    pub before: BTreeMap<String, Sizes>,
    /// The learner's guesses, with what was measured for them so far.
    pub predicted: Vec<Predicted>,
    /// What to do now.
    pub next: String,
    /// What the machine lacks for it; then it was skipped.
    pub lack: Option<Lack>,
}

impl Checked {
    /// An exercise that this machine lacks something for.
    pub fn skipped(exercise: Exercise, lack: Lack) -> Self {
        Self {
            judgement: check::skipped(&exercise, &lack.why),
            evidence: None,
            toolchain: Default::default(),
            before: BTreeMap::new(),
            predicted: Vec::new(),
            next: lack.help.to_owned(),
            lack: Some(lack),
            exercise,
        }
    }

    /// The most points that can be had here.
    pub fn points_max(&self) -> u32 {
        if self.lack.is_some() { 0 } else { self.exercise.points() }
    }
}

/// The fewest columns for a goal's words next to its name.
const NARROWEST: usize = 28;

/// The receipt, at most `width` columns wide if possible; `color` highlights what isn't met.
pub fn text(checked: &Checked, width: Option<usize>, color: bool) -> String {
    let Checked { exercise, judgement, evidence, toolchain: _, before, predicted, next, lack } = checked;
    if let Some(lack) = lack {
        return format!("{}\n", wrap(&lack.line(exercise), width, 2));
    }
    let title = wrap(&format!("{}  {}", exercise.id, exercise.data.title), width, exercise.id.len() + 2);
    let title = paint(&title, color, console::Style::bold);
    let mut text = format!("{title}\n\n");
    let ids = judgement.outcomes.iter().map(|outcome| outcome.id.len()).max().unwrap_or_default();
    for outcome in &judgement.outcomes {
        goal(&mut text, outcome, ids, width, color);
    }
    let _ = writeln!(text, "\n{} of {} points", judgement.points(), exercise.points());
    if let Some(evidence) = evidence.as_ref().filter(|evidence| !evidence.builds.is_empty()) {
        let _ = write!(text, "\n{}\n", sizes(exercise, evidence, width));
        text += &since(evidence, before, width);
    }
    let new: Vec<&Predicted> = predicted.iter().filter(|predicted| predicted.is_new).collect();
    if !new.is_empty() {
        let _ = write!(text, "\nyour guesses, now measured (no points depend on them):\n{}", guesses(&new, width));
    }
    for profile in judgement.outcomes.iter().filter_map(|outcome| outcome.data.profile()) {
        let _ = write!(text, "\n{}\n", settings_table(profile, width));
        if let Some(table) = crates_table(profile, width) {
            let _ = write!(text, "\n{table}\n");
        }
    }
    let label = paint("next:", color, console::Style::bold);
    let _ = writeln!(
        text,
        "\n{label} {}",
        wrap(next, width.map(|width| width.saturating_sub(6)), 0).replace('\n', "\n      ")
    );
    text
}

fn paint(text: &str, color: bool, style: impl Fn(console::Style) -> console::Style) -> String {
    if color { style(console::Style::new()).force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
}

fn goal(text: &mut String, outcome: &Outcome, ids: usize, width: Option<usize>, color: bool) {
    let Outcome { id, text: what, verdict, points, points_max, diagnostics, waits_for, data } = outcome;
    let word = match verdict {
        Verdict::Pass => paint("pass", color, console::Style::green),
        Verdict::Fail => paint("FAIL", color, |style| style.red().bold()),
        Verdict::Skip => paint("skip", color, console::Style::yellow),
    };
    let beside = 2 + 4 + 2 + 3 + 2 + ids + 2;
    // On a narrow terminal the words begin on a line of their own.
    let is_narrow = width.is_some_and(|width| width < beside + NARROWEST);
    let column = if is_narrow { 8 } else { beside };
    let indent = " ".repeat(column);
    let room = width.map(|width| width.saturating_sub(column));
    let fit = |words: &str| wrap(words, room, 0).replace('\n', &format!("\n{indent}"));
    if is_narrow {
        let _ = writeln!(text, "  {word}  {points}/{points_max}  {id}\n{indent}{}", fit(what));
    } else {
        let _ = writeln!(text, "  {word}  {points}/{points_max}  {id:ids$}  {}", fit(what));
    }
    let codes: BTreeSet<_> = diagnostics.iter().map(|problem| problem.code.name()).collect();
    if !codes.is_empty() {
        let codes: Vec<&str> = codes.into_iter().collect();
        let _ = writeln!(text, "{indent}{}", fit(&format!("{}, see above", codes.join(", "))));
    }
    if let Some(waits_for) = waits_for {
        let _ = writeln!(text, "{indent}{}", fit(&format!("not judged: it needs {waits_for}")));
    }
    // What is wrong has said it above.
    let is_said = |says: &String| diagnostics.iter().any(|problem| problem.message.contains(says));
    if let Some(says) = data.says().filter(|says| !is_said(says)) {
        let _ = writeln!(text, "{indent}{}", fit(&says));
    }
    if data.is_for_instructor() && *verdict == Verdict::Pass {
        let _ = writeln!(text, "{indent}{}", fit("an instructor will also read this answer"));
    }
}

/// Guesses and what was measured, a sentence for each.
pub fn guesses(predicted: &[&Predicted], width: Option<usize>) -> String {
    let mut text = String::new();
    for Predicted { about, page, guess, measured, .. } in predicted {
        let words = match measured {
            None => format!("open      {about}: you guessed {guess}"),
            Some(measured) if guess.is_close(*measured) => {
                format!("close     {about}: you guessed {guess}; it is {measured}")
            }
            Some(measured) => {
                let word = if guess.is_far(*measured) { "surprise" } else { "off     " };
                format!("{word}  {about}: you guessed {guess}; it is {measured}. Why: {page}")
            }
        };
        let line = wrap(&words, width.map(|width| width.saturating_sub(2)), 10).replace('\n', "\n  ");
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn sizes(exercise: &Exercise, evidence: &Evidence, width: Option<usize>) -> Grid {
    let mut grid = Grid::new(&["build", "whose", "profile", "bytes", "change", "took"], width);
    for column in [3, 4, 5] {
        grid.right(column);
    }
    let together = together(exercise, evidence);
    let mut first = None;
    // In the order of exercise.toml: what the others are compared with comes first.
    let mut names: Vec<_> = exercise.data.build.keys().collect();
    names.sort_by_key(|name| name.span().start);
    for name in names.into_iter().map(toml::Spanned::get_ref).filter(|name| evidence.builds.contains_key(*name)) {
        if let Some((_, sum)) = together.filter(|(build, _)| *build == name) {
            let (none, sum) = (String::new(), thousands(sum));
            grid.add_row(["together".to_owned(), none.clone(), none.clone(), sum, none.clone(), none]);
        }
        let build = exercise.build(name);
        let of = if build.tree == Tree::Starter { "the course's" } else { "yours" };
        let set = settings(&build.set);
        let linking = match build.linking {
            Linking::Default => "",
            Linking::Static => " + crt-static",
            Linking::Containerfile => " (Containerfile)",
        };
        let profile = format!("{}{set}{linking}", build.profile);
        let cells = match &evidence.builds[name] {
            Attempt::Failed(_) => ["failed".to_owned(), String::new(), String::new()],
            Attempt::Built(built) => {
                let reference = match together {
                    Some((build, sum)) => (name == build).then_some(sum),
                    None => first.replace(first.unwrap_or(built.bytes)),
                };
                let took = if built.fresh { "unchanged".to_owned() } else { format!("{:.1} s", built.seconds) };
                [thousands(built.bytes), reference.map_or_else(String::new, |bytes| change(built.bytes, bytes)), took]
            }
        };
        grid.add_row([vec![name.clone(), of.to_owned(), profile], cells.to_vec()].concat());
    }
    grid
}

/// The build that a goal compares with several others together, and their bytes, if all of them were built.
fn together<'a>(exercise: &'a Exercise, evidence: &Evidence) -> Option<(&'a String, u64)> {
    let size = exercise.data.goal.iter().find_map(|goal| match &goal.check {
        Check::Size(size) if !size.plus.is_empty() && !size.code && !size.image => Some(size),
        _ => None,
    })?;
    let parts = std::iter::once(&size.against).chain(&size.plus);
    let bytes = parts.map(|part| evidence.built(part.get_ref()).map(|built| built.bytes));
    Some((size.build.get_ref(), bytes.sum::<Option<u64>>()?))
}

/// What a build sets on top of its profile. Where it repeats several of Cargo's defaults, they aren't listed.
fn settings(set: &BTreeMap<String, toml::Value>) -> String {
    let is_default = |(key, value): &(&String, &toml::Value)| {
        profiles::default("release", key).is_some_and(|usual| canonical(key, &usual) == canonical(key, value))
    };
    let (usual, other): (Vec<_>, Vec<_>) = set.iter().partition(is_default);
    let shown = |set: &[(&String, &toml::Value)]| -> String {
        set.iter().map(|(key, value)| format!(" + {key} = {value}")).collect()
    };
    match (usual.len(), other.len()) {
        (0..=2, _) => shown(&set.iter().collect::<Vec<_>>()),
        (_, 0) => ", at Cargo's defaults".to_owned(),
        (_, _) => format!("{}, the rest at Cargo's defaults", shown(&other)),
    }
}

/// What has changed since the last check, for each of the learner's builds.
fn since(evidence: &Evidence, before: &BTreeMap<String, Sizes>, width: Option<usize>) -> String {
    let mut text = String::new();
    for (name, attempt) in &evidence.builds {
        let (Attempt::Built(built), Some(then)) = (attempt, before.get(name)) else { continue };
        if built.bytes == then.bytes {
            continue;
        }
        let signed =
            |now: u64, then: u64| format!("{}{}", if now < then { '-' } else { '+' }, thousands(now.abs_diff(then)));
        let mut parts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        built.sections.iter().for_each(|section| parts.entry(&section.name).or_default().0 += section.bytes);
        then.sections.iter().for_each(|section| parts.entry(&section.name).or_default().1 += section.bytes);
        let mut parts: Vec<_> = parts.into_iter().filter(|(_, (now, then))| now != then).collect();
        parts.sort_by_key(|(_, (now, then))| std::cmp::Reverse(now.abs_diff(*then)));
        let shown: Vec<String> =
            parts.iter().take(4).map(|(name, (now, then))| format!("{name} {}", signed(*now, *then))).collect();
        let more = if parts.len() > 4 { format!(", and {} more", parts.len() - 4) } else { String::new() };
        let (bytes, how) =
            (built.bytes.abs_diff(then.bytes), if built.bytes < then.bytes { "smaller" } else { "larger" });
        let line = format!(
            "since the last check, `{name}` is {} {how}: {}{more}",
            plural(bytes as usize, "byte"),
            shown.join(", ")
        );
        let _ = writeln!(text, "\n{}", wrap(&line, width, 2));
    }
    text
}

/// The settings of a profile that a goal is about.
fn settings_table(Profile { name, settings, crates: _ }: &Profile, width: Option<usize>) -> Grid {
    let mut grid = Grid::new(&[&format!("[profile.{name}]"), "value", "from", "rustc gets"], width);
    for Setting { key, asked: _, effective, from, line, rustc } in settings {
        let holds = effective.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let rustc = rustc.clone().unwrap_or_else(|| "-".to_owned());
        grid.add_row([key.clone(), holds, place(from, *line), rustc]);
    }
    grid
}

/// What decides a setting, after its line if it is in the manifest.
fn place(from: &str, line: Option<usize>) -> String {
    line.map_or_else(|| from.to_owned(), |line| format!("Cargo.toml:{line} {from}"))
}

/// The crates that are compiled differently from the program, one row for each line that causes it.
fn crates_table(profile: &Profile, width: Option<usize>) -> Option<Grid> {
    let mut groups: BTreeMap<(&str, &str, String), Vec<&str>> = BTreeMap::new();
    for row in &profile.crates {
        let from = row.from.as_ref().map_or_else(|| "-".to_owned(), |(table, line)| place(table, Some(*line)));
        groups.entry((row.key, &row.rustc, from)).or_default().push(&row.name);
    }
    if groups.is_empty() {
        return None;
    }
    let mut grid = Grid::new(&["differs from the program", "rustc gets", "from", "crates"], width);
    for ((key, got, from), crates) in groups {
        grid.add_row([key.to_owned(), got.to_owned(), from, crates.join(", ")]);
    }
    Some(grid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_repeats_cargos_defaults_is_told_in_a_few_words() {
        let told = |set: &str| settings(&toml::from_str(set).unwrap());
        assert_eq!(told(""), "");
        assert_eq!(told("opt-level = 3"), " + opt-level = 3");
        let usual = "opt-level = 3\nlto = false\ncodegen-units = 16\nstrip = \"debuginfo\"\n";
        assert_eq!(told(usual), ", at Cargo's defaults");
        assert_eq!(told(&format!("{usual}panic = \"abort\"")), " + panic = \"abort\", the rest at Cargo's defaults");
        assert_eq!(told(&usual.replace('3', "\"z\"")), " + opt-level = \"z\", the rest at Cargo's defaults");
    }
}
