//! Proves an exercise by its own check: the fresh one fails with the codes that it declares, the solution passes with
//! full points, and removing any single line of the solution makes a goal fail. So no goal is too lenient to notice.

use super::shortcuts;
use anyhow::Result;
use base::output;
use course::approaches;
use course::check::{Judgement, Verdict};
use course::checking::{self, Trial, Voice};
use course::evidence::{self, Whose};
use course::exercise::Exercise;
use course::learner_manifest::allowed::Allowed;
use std::collections::BTreeSet;
use std::path::Path;

/// The folder for files that are made to fail. They share its compiled dependencies.
pub(super) const MUTANT: &str = "mutant";

/// Files of an exercise: a path, and what is in it.
type Files = [(String, Vec<u8>)];

/// All problems, one sentence each.
///
/// # Errors
/// When the environment fails.
pub(super) fn problems(root: &Path, exercise: &Exercise) -> Result<Vec<String>> {
    let id = &exercise.id;
    let mut found = Vec::new();
    checking::say_aside(exercise);
    let starter = evidence::starter_files(exercise)?;
    if let Some(all) = with_every_choice(exercise, &starter) {
        let folder = evidence::target_folder(root).join("check").join(id).join("every-choice");
        if let Err(error) = evidence::fetch(exercise, &all, &folder, false) {
            found.push(format!(
                "{id}: Cargo.lock doesn't contain every crate and feature that learners may choose: {error:#}"
            ));
            return Ok(found);
        }
    }
    let solution = evidence::solution_files(exercise)?;
    found.extend(fresh_problems(root, exercise, &starter)?);
    if !solution_problems(root, exercise, &solution, &mut found)? {
        return Ok(found);
    }
    found.extend(idle_lines(root, exercise, &starter, &solution)?);
    found.extend(shortcuts::hidden_problems(root, exercise, &solution)?);
    found.extend(shortcuts::problems(root, exercise, &starter, &solution)?);
    found.extend(approach_problems(root, exercise)?);
    Ok(found)
}

/// Each approach is built, and does what it claims: it meets every goal, or misses the goal that it names.
fn approach_problems(root: &Path, exercise: &Exercise) -> Result<Vec<String>> {
    let id = &exercise.id;
    let all = approaches::of(exercise)?;
    let mut found = Vec::new();
    for approach in &all {
        let place = format!("{id}: solutions/{id}/{}: \"{}\"", approaches::FILE, approach.name);
        let tried = approaches::tried(root, exercise, approach)?;
        if tried.bytes.is_none() {
            found.push(format!("{place} isn't measured: it doesn't build, or a goal about files stops it before"));
        }
        match &approach.misses {
            None if tried.missed.is_empty() => {}
            None => found.push(format!("{place} should meet every goal, but misses {}", tried.missed.join(", "))),
            Some(goal) if tried.missed.contains(goal) => {}
            Some(goal) => {
                found.push(format!("{place} should miss `{goal}`, but misses [{}]", tried.missed.join(", ")));
            }
        }
    }
    if !all.is_empty() {
        output::message(&format!("{id}: {} approaches tried", all.len()));
    }
    Ok(found)
}

/// At most this many tenths of an exercise's points may go to an untouched starter, for goals that it must not break.
const FRESH_TENTHS: u32 = 4;

/// The fresh exercise fails, with the codes that it declares and no others, and with few points.
fn fresh_problems(root: &Path, exercise: &Exercise, starter: &Files) -> Result<Vec<String>> {
    let id = &exercise.id;
    let mut found = Vec::new();
    let fresh = check(root, exercise, "fresh", starter.to_vec())?;
    let (codes, declared) = (fresh.codes(), exercise.starter_codes());
    let names = |codes: &mut dyn Iterator<Item = &course::diagnostic::Code>| {
        codes.map(|code| code.name()).collect::<Vec<_>>().join(", ")
    };
    if codes != declared {
        let (more, less) = (names(&mut codes.difference(&declared)), names(&mut declared.difference(&codes)));
        found.push(format!(
            "{id}: the untouched exercise doesn't fail as starter-fails-with declares: it also reports [{more}], and doesn't report [{less}]"
        ));
    }
    if fresh.verdict() == Verdict::Pass {
        found.push(format!("{id}: the untouched exercise passes"));
    }
    let (points, most) = (fresh.points(), exercise.points());
    if points * 10 > most * FRESH_TENTHS {
        let held: Vec<&str> =
            fresh.outcomes.iter().filter(|outcome| outcome.points > 0).map(|outcome| outcome.id.as_str()).collect();
        found.push(format!(
            "{id}: the untouched exercise gets {points} of {most} points, for {}: make that goal depend on another one (`needs`), or give it fewer points",
            held.join(" and ")
        ));
    }
    Ok(found)
}

/// The solution passes with full points and no messages. If it doesn't pass, nothing else can be tried.
fn solution_problems(root: &Path, exercise: &Exercise, solution: &Files, found: &mut Vec<String>) -> Result<bool> {
    let id = &exercise.id;
    let solved = check(root, exercise, "solution", solution.to_vec())?;
    let (points, most) = (solved.points(), exercise.points());
    if solved.verdict() != Verdict::Pass || points != most {
        let why: Vec<String> =
            solved.all_diagnostics().map(|problem| format!("{}: {}", problem.code.name(), problem.message)).collect();
        found.push(format!("{id}: the solution gets {points} of {most} points: {}", why.join("; ")));
        return Ok(false);
    }
    for problem in solved.diagnostics.iter().filter(|problem| !problem.is_aside()) {
        found.push(format!("{id}: the solution isn't clean: {}: {}", problem.code.name(), problem.message));
    }
    Ok(true)
}

/// The lines of the solution without which every goal still passes.
fn idle_lines(root: &Path, exercise: &Exercise, starter: &Files, solution: &Files) -> Result<Vec<String>> {
    let id = &exercise.id;
    let mut found = Vec::new();
    let quick = shortcuts::quick(root, exercise)?;
    // No one decides the lines of a measurement.
    for (index, (path, content)) in solution.iter().enumerate().filter(|(_, (path, _))| !path.ends_with(".json")) {
        let text = String::from_utf8_lossy(content).into_owned();
        let before = String::from_utf8_lossy(&starter[index].1).into_owned();
        let own = own_lines(&before, &text);
        for &line in &own {
            let mut files = solution.to_vec();
            files[index].1 = without_line(&text, line).into_bytes();
            if !is_missed(root, exercise, quick.as_ref(), files)? {
                let written = text.lines().nth(line).unwrap_or_default();
                found.push(format!(
                    "{id}: solutions/{id}/{path}:{}: no goal fails without this line: {written}",
                    line + 1
                ));
            }
        }
        output::message(&format!("{id}: {} lines of {path} removed, one at a time", own.len()));
    }
    Ok(found)
}

fn without_line(text: &str, line: usize) -> String {
    let kept = text.lines().enumerate().filter(|(number, _)| *number != line);
    kept.map(|(_, line)| format!("{line}\n")).collect()
}

/// Whether some goal fails with these files; quick checks come first.
fn is_missed(
    root: &Path,
    exercise: &Exercise,
    quick: Option<&Exercise>,
    files: Vec<(String, Vec<u8>)>,
) -> Result<bool> {
    // Most lines of a manifest are missed before anything is built.
    if checking::is_lost(exercise, &Whose::Other(MUTANT.to_owned(), files.clone())) {
        return Ok(true);
    }
    if let Some(quick) = quick
        && check(root, quick, MUTANT, files.clone())?.verdict() != Verdict::Pass
    {
        return Ok(true);
    }
    Ok(check(root, exercise, MUTANT, files)?.verdict() != Verdict::Pass)
}

/// The learner's files with every crate and feature that they may choose: Cargo.lock must have them all, or versions would
/// depend on the day on which a learner chooses.
fn with_every_choice(exercise: &Exercise, starter: &[(String, Vec<u8>)]) -> Option<Vec<(String, Vec<u8>)>> {
    let list = &exercise.data.dependency;
    let mut files = starter.to_vec();
    let (_, manifest) = files.iter_mut().find(|(path, _)| !list.is_empty() && path == "Cargo.toml")?;
    let mut table: toml::Table = String::from_utf8_lossy(manifest).parse().ok()?;
    let choices = list.iter().map(|(name, Allowed { version, features })| {
        let choice = toml::Table::from_iter([
            // Exactly this version: then it is the one in Cargo.lock.
            ("version".to_owned(), format!("={version}").into()),
            ("features".to_owned(), features.clone().into()),
        ]);
        (name.clone(), choice.into())
    });
    table.insert("dependencies".to_owned(), choices.collect::<toml::Table>().into());
    *manifest = table.to_string().into_bytes();
    Some(files)
}

fn check(root: &Path, exercise: &Exercise, name: &str, files: Vec<(String, Vec<u8>)>) -> Result<Judgement> {
    let Trial { judgement, .. } = checking::run(root, exercise, &Whose::Other(name.to_owned(), files), Voice::Silent)?;
    Ok(judgement)
}

/// The lines of a solution that the starter doesn't have, except comments and empty lines.
fn own_lines(starter: &str, solution: &str) -> Vec<usize> {
    let known: BTreeSet<&str> = starter.lines().map(str::trim).collect();
    let is_own =
        |line: &str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("//") && !known.contains(line);
    solution.lines().enumerate().filter(|(_, line)| is_own(line.trim())).map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_the_solution_adds_are_taken_out() {
        let starter = "[package]\nname = \"a\"\n\n# your profile\n";
        let solution = "[package]\nname = \"a\"\n\n# why\n[profile.release]\nlto = true\n";
        assert_eq!(own_lines(starter, solution), [4, 5]);
    }
}
