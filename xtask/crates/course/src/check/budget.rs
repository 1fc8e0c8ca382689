//! Judges the budget in a learner's manifest against the builds of the same run: it must hold, and it must notice when the
//! program grows. The budget itself decides what it would notice, with the code of `sizes --budget`.

use super::data::{self, Held, Saved};
use super::{Case, Data, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::Evidence;
use crate::exercise::kinds;
use base::diagnostic::{Source, shown};
use base::numbers::{Bytes, Percent, thousands};
use std::ops::Range;
use weigh::budget::baseline::{Baseline, Damaged, Entry};
use weigh::budget::{self, Budget, Limit, Share};

/// By how many percent a baseline from the same compiler may be off: other machines' paths and linkers change a program by a
/// few hundred bytes.
const CURRENT_PERCENT: Percent = Percent::hundredths(50);

/// The growth that must be noticed where the goal doesn't set one, in percent.
const STEP_PERCENT: Percent = Percent::whole(2);

pub(super) fn judge(case: &Case<'_>, spec: &kinds::Budget) -> Finding {
    let build = spec.build.get_ref();
    let source = &case.manifest.source;
    let profile = &case.exercise.build(build).profile;
    let data = |held| Data::Budget(data::Budget { build: build.clone(), held });
    let no_data = || data(None);
    let budgets = match budget::of(&source.text) {
        Ok(budgets) => budgets,
        // A file that isn't TOML at all is a separate problem, and nothing is built.
        Err(_) if !case.manifest.readable => return Finding::NeedsBuild,
        Err(wrong) => return Finding::NotMet(vec![problem(case, &wrong)], no_data()),
    };
    let budget = match chosen(case, spec, &budgets) {
        Ok(budget) => budget,
        Err(problem) => return Finding::NotMet(vec![*problem], no_data()),
    };
    let mut problems = keys(case, spec, budget);
    let baseline = match (&spec.baseline, &budget.max_growth) {
        // Without `max-growth` nothing is compared with a baseline, which is already reported.
        (Some(file), Some(growth)) => match saved(case, file.get_ref(), budget, growth.span(), profile, build) {
            Ok(baseline) => Some(baseline),
            Err(problem) => {
                problems.push(*problem);
                None
            }
        },
        _ => None,
    };
    let built = case.evidence.and_then(|evidence| Some((evidence, evidence.built(build)?)));
    let (Some(max), Some((evidence, built))) = (&budget.max, built) else {
        return if problems.is_empty() { Finding::NeedsBuild } else { Finding::NotMet(problems, no_data()) };
    };
    let Bytes(allowed) = *max.get_ref();
    let bytes = built.bytes;
    problems.extend(room(case, spec, bytes, allowed, max.span()));
    let grown = spec.grown.as_ref().and_then(|grown| evidence.built(grown.get_ref()));
    let grown = grown.map(|grown| grown.bytes).filter(|grown| *grown > bytes);
    let program = Program { evidence, bytes, grown };
    let baseline = baseline.and_then(|baseline| compare(case, spec, budget, &baseline, &program, &mut problems));
    let held = Held { bytes: Bytes(bytes), allowed: Bytes(allowed), slack: spec.slack_percent, baseline };
    let data = data(Some(held));
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
}

/// The program as this run has built it.
struct Program<'a> {
    evidence: &'a Evidence,
    bytes: u64,
    /// Bytes of a build that the budget must notice, where there is one and it is larger.
    grown: Option<u64>,
}

/// Compares the program with its saved baseline: what counts as one, if anything does. `problems`: what is already reported;
/// more is added to it.
fn compare(
    case: &Case<'_>,
    spec: &kinds::Budget,
    budget: &Budget,
    baseline: &Baseline,
    program: &Program<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Saved> {
    let Program { evidence, bytes, grown } = *program;
    let build = spec.build.get_ref();
    let (bin, profile) = (case.exercise.bin(build), &case.exercise.build(build).profile);
    let Some(entry) = baseline.find(bin, profile, &evidence.target) else {
        return match from_elsewhere(case, spec, budget, baseline, program) {
            Ok(entry) => Some(Saved::Elsewhere {
                target: entry.target.clone(),
                bytes: Bytes(entry.parts.bytes),
                here: evidence.target.clone(),
            }),
            Err(problem) => {
                problems.push(*problem);
                None
            }
        };
    };
    let before = entry.parts.bytes;
    let found = match compiler(case, evidence, &entry.toolchain) {
        // A program that is too large is too large for any baseline, and that is reported.
        _ if budget.max.as_ref().is_some_and(|max| bytes > max.get_ref().0) => None,
        Compiler::Same => beside_baseline(case, spec, budget, true, (before, bytes, grown)),
        Compiler::Pinned => beside_baseline(case, spec, budget, false, (before, bytes, grown)),
        Compiler::Other => Some(other_compiler(case, evidence, entry)),
    };
    // A share that is too large is already reported, with its limit.
    let place = |problem: &Diagnostic| problem.place.as_ref().map(|place| (place.file.clone(), place.line));
    let found = found.filter(|found| !problems.iter().any(|problem| place(problem) == place(found)));
    problems.extend(found);
    Some(Saved::Here { bytes: Bytes(before), grown: grown.map(Bytes) })
}

/// Which compiler a baseline was saved with.
enum Compiler {
    /// This run's.
    Same,
    /// The workshop's pinned one, where the machine that judges has a different one.
    Pinned,
    /// Neither.
    Other,
}

/// Learners save a baseline with the compiler that their check uses: the pinned one wherever it is installed. So a different
/// release is an old baseline, or an invented one.
fn compiler(case: &Case<'_>, evidence: &Evidence, toolchain: &str) -> Compiler {
    if toolchain == evidence.toolchain {
        Compiler::Same
    } else if !case.own && evidence.pinned.as_deref() == Some(toolchain) {
        Compiler::Pinned
    } else {
        Compiler::Other
    }
}

fn other_compiler(case: &Case<'_>, evidence: &Evidence, entry: &Entry) -> Diagnostic {
    let message = format!(
        "the baseline was saved with rustc `{}`, but this program is built with {}",
        shortened(&entry.toolchain),
        evidence.toolchain
    );
    at_value(case, "toolchain", &entry.toolchain, Diagnostic::new(Code::BudgetSlack, message), "a different compiler")
        .help(format!("save it again, with rustc {}: {}", evidence.toolchain, save(case)))
}

/// The entry of a baseline that has none for this machine. A learner's own check requires one. Where a different machine
/// judges, an entry for a target that rustc knows counts, if its size is near this program's and growth would be noticed there.
fn from_elsewhere<'a>(
    case: &Case<'_>,
    spec: &kinds::Budget,
    budget: &Budget,
    baseline: &'a Baseline,
    program: &Program<'_>,
) -> Result<&'a Entry, Box<Diagnostic>> {
    let Program { evidence, bytes, .. } = *program;
    let build = spec.build.get_ref();
    let (bin, profile) = (case.exercise.bin(build), &case.exercise.build(build).profile);
    let mut entries = baseline.builds.iter().filter(|entry| entry.bin == bin && entry.profile == *profile);
    let is_real = |entry: &&Entry| evidence.targets.contains(&entry.target);
    let (mut known, first) = (entries.clone().filter(is_real), entries.next());
    let target = &evidence.target;
    let wrong = |entry: &Entry, message: String, label: &str| {
        let problem = Diagnostic::new(Code::BudgetMissing, message);
        let problem = at_value(case, "target", &entry.target, problem, label);
        Box::new(problem.help(format!("save it on the machine that you build on: {}", save(case))))
    };
    let nothing_here = format!("the baseline has no measurement of {bin} for {target}");
    match (known.next(), first) {
        (Some(entry), _) if case.own => Err(wrong(entry, nothing_here, "saved for a different machine")),
        (None, Some(entry)) => Err(wrong(entry, nothing_here, "rustc doesn't know this target")),
        (None, None) => Err(Box::new(Diagnostic::new(Code::BudgetMissing, nothing_here).help(save(case)))),
        (Some(entry), _) => {
            let before = entry.parts.bytes;
            if matches!(compiler(case, evidence, &entry.toolchain), Compiler::Other) {
                return Err(Box::new(other_compiler(case, evidence, entry)));
            }
            if before < bytes / 2 || before / 2 > bytes {
                return Err(Box::new(stale(case, before, bytes)));
            }
            // Only growth from there on counts: `max` is about the program as it is here.
            unnoticed(case, spec, budget, (before, before, None)).map_or(Ok(entry), |problem| Err(Box::new(problem)))
        }
    }
}

/// A problem with the place of a text in the baseline.
fn at_value(case: &Case<'_>, key: &str, value: &str, problem: Diagnostic, label: &str) -> Diagnostic {
    let Some(source) = case.baseline else { return problem };
    let written = format!("\"{key}\": \"{value}\"");
    match source.text.find(&written) {
        Some(start) => problem.at(source, start..start + written.len(), label),
        None => problem.in_file(&source.file),
    }
}

/// As much of a text from a learner's file as fits in a sentence.
fn shortened(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(40).collect()
}

/// The budget that is about a build.
fn chosen<'a>(case: &Case<'_>, spec: &kinds::Budget, budgets: &'a [Budget]) -> Result<&'a Budget, Box<Diagnostic>> {
    let source = &case.manifest.source;
    let build = spec.build.get_ref();
    let (profile, bin) = (&case.exercise.build(build).profile, case.exercise.bin(build));
    let mut of_profile = budgets.iter().filter(|budget| budget.profile() == profile).peekable();
    if of_profile.peek().is_none() {
        let others: Vec<&str> = budgets.iter().map(Budget::profile).collect();
        let message = format!("no budget covers [profile.{profile}], only {}", others.join(", "));
        let help = format!("add `profile = \"{profile}\"` to [package.metadata.{}]", budget::TABLE);
        return Err(Box::new(Diagnostic::new(Code::BudgetMissing, message).in_file(&source.file).help(help)));
    }
    let mut other = None;
    for budget in of_profile {
        match &budget.bin {
            Some(name) if name.get_ref() != bin => other = Some(name),
            _ => return Ok(budget),
        }
    }
    let message = format!("no budget for [profile.{profile}] covers the program `{bin}`");
    let problem = Diagnostic::new(Code::BudgetMissing, message);
    let problem = match other {
        Some(name) => problem.at(source, name.span(), "there is no such program here"),
        None => problem.in_file(&source.file),
    };
    Err(Box::new(problem.help(format!("write `bin = \"{bin}\"`, or remove the line"))))
}

/// What is wrong with a budget's keys, whatever the program is.
fn keys(case: &Case<'_>, spec: &kinds::Budget, budget: &Budget) -> Vec<Diagnostic> {
    let kinds::Budget { build, growth_percent, .. } = spec;
    let source = &case.manifest.source;
    let profile = &case.exercise.build(build.get_ref()).profile;
    let mut problems = Vec::new();
    if budget.max.is_none() {
        let message = format!("the budget of [profile.{profile}] has no `max`");
        let problem = Diagnostic::new(Code::BudgetMissing, message).in_file(&source.file);
        problems.push(problem.help("add a limit such as `max = \"320 KiB\"`, which is the largest size that the budget allows; measure your program first"));
    }
    match (growth_percent, &budget.max_growth) {
        (Some(most), None) => {
            let message = format!("the budget of [profile.{profile}] has no `max-growth`");
            let problem = Diagnostic::new(Code::BudgetMissing, message).in_file(&source.file);
            problems.push(problem.help(format!(
                "add `max-growth = \"1 %\"`, which catches growth that `max` still leaves room for; this exercise allows at most {most} %"
            )));
        }
        (Some(most), Some(growth)) if growth.get_ref().0 > *most => {
            let Share(percent) = growth.get_ref();
            let message = format!("growth of {percent} % would go unnoticed");
            let problem = Diagnostic::new(Code::BudgetSlack, message).at(source, growth.span(), "too much");
            problems.push(
                problem.help(format!("set it to at most {most} %: a reviewer would want to see any larger change")),
            );
        }
        _ => {}
    }
    problems
}

/// The saved baseline, if it has this program.
fn saved(
    case: &Case<'_>,
    file: &str,
    budget: &Budget,
    growth: Range<usize>,
    profile: &str,
    build: &str,
) -> Result<Baseline, Box<Diagnostic>> {
    let source = &case.manifest.source;
    if budget.baseline() != file {
        let message = format!("the budget's baseline is `{}`, not `{file}`", budget.baseline());
        let range = budget.baseline_range().unwrap_or_default();
        let label = if budget.baseline().starts_with("target/") {
            "`cargo clean` removes it, and git ignores it"
        } else {
            "this file isn't handed in"
        };
        let problem = Diagnostic::new(Code::BudgetMissing, message).at(source, range, label);
        return Err(Box::new(problem.help(format!("remove the line, and save the baseline: {}", save(case)))));
    }
    let own = case.baseline.map(|baseline| &baseline.text).filter(|text| !text.trim().is_empty());
    let nothing = |what: String| {
        let problem =
            Diagnostic::new(Code::BudgetMissing, what).at(source, growth.clone(), "no baseline to compare with");
        Box::new(problem.help(format!("save it once the program is the way you want it: {}", save(case))))
    };
    let Some(text) = own else { return Err(nothing(format!("there is no baseline `{file}`"))) };
    let baseline = Baseline::parse(text).map_err(|Damaged { what, place }| {
        let problem = Diagnostic::new(Code::BudgetMalformed, format!("the baseline is damaged: {what}"));
        let problem = match (case.baseline, place) {
            (Some(Source { file, .. }), Some((line, column))) => problem.in_line(file.clone(), line, column),
            (Some(Source { file, .. }), None) => problem.in_file(file),
            (None, _) => problem,
        };
        Box::new(problem.help(format!("remove the file, and save it again: {}", save(case))))
    })?;
    let bin = case.exercise.bin(build);
    if !baseline.builds.iter().any(|entry| entry.bin == bin && entry.profile == profile) {
        return Err(nothing(format!("`{file}` has no measurement of {bin} with [profile.{profile}]")));
    }
    Ok(baseline)
}

/// The command that saves a baseline.
fn save(case: &Case<'_>) -> String {
    format!("`cargo xtask sizes --manifest-path {} --budget --save`", folder(case))
}

fn folder(case: &Case<'_>) -> String {
    let folder = shown(&case.exercise.folder);
    // In the exercise's own folder, nothing is left of its path.
    if folder.as_os_str().is_empty() { ".".to_owned() } else { folder.display().to_string() }
}

/// Whether the program is within `max`, and `max` close to it.
fn room(case: &Case<'_>, spec: &kinds::Budget, bytes: u64, allowed: u64, range: Range<usize>) -> Option<Diagnostic> {
    let slack_percent = spec.slack_percent;
    let most = slack_percent.on_top_of(bytes);
    let at = |code, message: String, help: String| {
        let label = format!("{} bytes", thousands(allowed));
        Diagnostic::new(code, message).at(&case.manifest.source, range, label).help(help)
    };
    if bytes > allowed {
        return Some(at(
            Code::BudgetExceeded,
            format!("the program is {} bytes, {} more than its budget", thousands(bytes), thousands(bytes - allowed)),
            format!(
                "shrink the program, or raise the budget; `cargo xtask sizes --manifest-path {} --budget` shows both",
                shown(&case.exercise.manifest()).display()
            ),
        ));
    }
    (allowed > most).then(|| {
        at(
            Code::BudgetSlack,
            format!(
                "the program is {} bytes, and could grow by {} before this budget fails",
                thousands(bytes),
                thousands(allowed - bytes)
            ),
            format!(
                "leave some room for a different compiler, but at most {slack_percent} %: {} bytes",
                thousands(most)
            ),
        )
    })
}

/// What is wrong with a budget compared with its baseline: the program has grown by more than it allows, the baseline is an old
/// one, or growth would go unnoticed. `is_same`: both were compiled by the same release of rustc.
fn beside_baseline(
    case: &Case<'_>,
    spec: &kinds::Budget,
    budget: &Budget,
    is_same: bool,
    (before, bytes, grown): (u64, u64, Option<u64>),
) -> Option<Diagnostic> {
    let limits = budget.limits(Some(before));
    if let Some(limit) = limits.iter().find(|limit| is_same && !limit.holds(bytes)) {
        return Some(grown_too_much(case, limit, before, bytes));
    }
    let percent = if is_same { CURRENT_PERCENT } else { spec.slack_percent };
    if bytes.abs_diff(before) > percent.of(bytes) {
        return Some(stale(case, before, bytes));
    }
    unnoticed(case, spec, budget, (before, bytes, grown))
}

/// A program that has grown by more than its own budget allows.
fn grown_too_much(case: &Case<'_>, limit: &Limit, before: u64, bytes: u64) -> Diagnostic {
    let message = format!(
        "the program is {} bytes, {} more than in its baseline, and the budget allows {}",
        thousands(bytes),
        thousands(bytes.saturating_sub(before)),
        thousands(limit.allowed.saturating_sub(before))
    );
    let label = format!("at most {} bytes", thousands(limit.allowed));
    Diagnostic::new(Code::BudgetExceeded, message)
        .at(&case.manifest.source, limit.range.clone(), label)
        .help(format!("make the program smaller; or save the new size, if it is what you want: {}", save(case)))
}

/// A baseline of the program as it was.
fn stale(case: &Case<'_>, before: u64, bytes: u64) -> Diagnostic {
    let what = if before > bytes {
        "so growth up to the old size would go unnoticed"
    } else {
        "so part of the growth that it allows is used up"
    };
    let message = format!(
        "the baseline is for a program of {} bytes, and this one is {} bytes, {what}",
        thousands(before),
        thousands(bytes)
    );
    let problem = Diagnostic::new(Code::BudgetSlack, message);
    let written = format!("\"bytes\": {before}");
    let problem = match case.baseline {
        Some(source) => match source.text.find(&written) {
            Some(start) => problem.at(source, start..start + written.len(), "saved before the program changed"),
            None => problem.in_file(&source.file),
        },
        None => problem,
    };
    problem.help(format!("save it again, now that the program is the way you want it: {}", save(case)))
}

/// Growth that the budget overlooks: a build that is known to be larger, or a step of a few percent.
fn unnoticed(
    case: &Case<'_>,
    spec: &kinds::Budget,
    budget: &Budget,
    (before, bytes, grown): (u64, u64, Option<u64>),
) -> Option<Diagnostic> {
    let percent = spec.growth_percent.unwrap_or(STEP_PERCENT);
    // Only growth above the limit for `max-growth` is noticed from here on.
    let step = percent.of(before) + 1;
    // However tight `max` is: once it is raised, `max-growth` is all there is.
    let is_off = budget.noise_decides(before)
        && budget.limits(Some(before)).iter().any(|limit| limit.key == "max-growth" && limit.holds(before + step));
    let set: String = spec
        .grown
        .iter()
        .flat_map(|grown| &case.exercise.build(grown.get_ref()).set)
        .map(|(key, value)| format!("`{key} = {value}`"))
        .collect::<Vec<_>>()
        .join(" and ");
    let message = match grown.filter(|grown| *grown > bytes + step && !budget.notices(before, *grown)) {
        Some(grown) => format!(
            "built with {set} the program is {} bytes, {} more, and this budget doesn't catch it",
            thousands(grown),
            thousands(grown - bytes)
        ),
        None if !budget.notices(before, before + step) => {
            format!(
                "the program could grow by {} bytes ({percent} %), and this budget wouldn't catch it",
                thousands(step)
            )
        }
        None if is_off => {
            format!("`min-growth` turns `max-growth` off: growth of {} bytes ({percent} %) is ignored", thousands(step))
        }
        None => return None,
    };
    let problem = Diagnostic::new(Code::BudgetSlack, message);
    let source = &case.manifest.source;
    Some(match (&budget.min_growth, &budget.max_growth) {
        (Some(noise), _) if budget.noise_decides(before) => {
            let label = format!("growth of less than {} bytes is ignored", thousands(noise.get_ref().0));
            let help = format!(
                "`min-growth` should ignore only noise: set it to a few hundred bytes, and in any case to less than {}",
                thousands(step)
            );
            problem.at(source, noise.span(), label).help(help)
        }
        (_, Some(growth)) => problem.at(source, growth.span(), "too much").help(format!("at most {percent} %")),
        _ => problem.in_file(&source.file),
    })
}

fn problem(case: &Case<'_>, wrong: &budget::Wrong) -> Diagnostic {
    let budget::Wrong { range, message, label, help, missing } = wrong;
    let code = if *missing { Code::BudgetMissing } else { Code::BudgetMalformed };
    let problem = Diagnostic::new(code, message.clone()).help(help.clone());
    match range {
        Some(range) => problem.at(&case.manifest.source, range.clone(), label.clone()),
        None => problem.in_file(&case.manifest.source.file),
    }
}
