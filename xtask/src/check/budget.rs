//! Judges the budget in a learner's manifest against the build of the same run: it must hold, and be tight enough to notice.

use super::{Case, Finding};
use crate::budget::{self, Budget, Bytes, Share};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::exercise::kinds;
use crate::units::thousands;
use serde_json::{Value, json};
use std::ops::Range;

pub fn judge(case: &Case<'_>, spec: &kinds::Budget) -> Finding {
    let kinds::Budget { build, slack_percent, growth_percent } = spec;
    let source = &case.manifest.source;
    let profile = &case.exercise.build(build.get_ref()).profile;
    let no_data = || json!({ "build": build.get_ref() });
    let at = |code, range: Range<usize>, message: String, label: &str, help: String| {
        Diagnostic::new(code, message).at(source, range, label).help(help)
    };
    let budgets = match budget::of(&source.text) {
        Ok(budgets) => budgets,
        // What is no TOML at all is a problem of its own, and nothing is built.
        Err(_) if !case.manifest.readable => return Finding::NeedsBuild,
        Err(wrong) => return Finding::NotMet(vec![problem(case, &wrong)], no_data()),
    };
    let Some(Budget { max, max_growth, .. }) = budgets.iter().find(|budget| budget.profile() == profile) else {
        let others: Vec<&str> = budgets.iter().map(Budget::profile).collect();
        let message = format!("no budget is about [profile.{profile}], only about {}", others.join(", "));
        let help = format!("add `profile = \"{profile}\"` to [package.metadata.{}]", budget::TABLE);
        let problem = Diagnostic::new(Code::BudgetMissing, message).in_file(&source.file).help(help);
        return Finding::NotMet(vec![problem], no_data());
    };
    let mut problems = Vec::new();
    if max.is_none() {
        let message = format!("the budget of [profile.{profile}] names no `max`");
        let problem = Diagnostic::new(Code::BudgetMissing, message).in_file(&source.file);
        problems.push(problem.help("`max = \"320 KiB\"` is the most that the file may have; measure yours first"));
    }
    match (growth_percent, max_growth) {
        (Some(most), None) => {
            let message = format!("the budget of [profile.{profile}] names no `max-growth`");
            let problem = Diagnostic::new(Code::BudgetMissing, message).in_file(&source.file);
            problems.push(problem.help(format!(
                "`max-growth = \"1 %\"` notices a step that `max` still has room for; {most} % is the most that is asked for here"
            )));
        }
        (Some(most), Some(growth)) if growth.get_ref().0 > *most => {
            let Share(percent) = growth.get_ref();
            problems.push(at(
                Code::BudgetSlack,
                growth.span(),
                format!("growth by {percent} % would go unnoticed"),
                "too much",
                format!("a change of this many bytes is one that a reviewer wants to see: at most {most} %"),
            ));
        }
        _ => {}
    }
    let Some(max) = max else { return Finding::NotMet(problems, no_data()) };
    let Some(built) = case.evidence.and_then(|evidence| evidence.built(build.get_ref())) else {
        return if problems.is_empty() { Finding::NeedsBuild } else { Finding::NotMet(problems, no_data()) };
    };
    let (Bytes(allowed), bytes) = (*max.get_ref(), built.bytes);
    let most = (bytes as f64 * (1.0 + slack_percent / 100.0)) as u64;
    let data =
        json!({ "build": build.get_ref(), "bytes": bytes, "allowed_bytes": allowed, "slack_percent": slack_percent });
    if bytes > allowed {
        problems.push(at(
            Code::BudgetExceeded,
            max.span(),
            format!("the program has {} bytes, {} more than its budget", thousands(bytes), thousands(bytes - allowed)),
            &format!("{} bytes", thousands(allowed)),
            format!(
                "make the program smaller, or the budget larger; `cargo xtask sizes --manifest-path {} --budget` shows both",
                shown(&case.exercise.manifest()).display()
            ),
        ));
    } else if allowed > most {
        problems.push(at(
            Code::BudgetSlack,
            max.span(),
            format!(
                "the program has {} bytes, and could grow by {} before this budget notices",
                thousands(bytes),
                thousands(allowed - bytes)
            ),
            &format!("{} bytes", thousands(allowed)),
            format!("leave some room for another compiler, but at most {slack_percent} %: {} bytes", thousands(most)),
        ));
    }
    finding(problems, data)
}

fn finding(problems: Vec<Diagnostic>, data: Value) -> Finding {
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
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
