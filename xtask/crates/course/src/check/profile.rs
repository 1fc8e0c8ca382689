//! Judges the settings of a profile: what the manifest sets, and what rustc really gets, for the program and for every
//! crate that is linked into it.

mod linked;
mod unmet;
mod words;

use super::data::{self, Setting};
use super::{Case, Data, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::kinds::Profile;
use crate::exercise::{Exercise, Tree};
use crate::learner_manifest::effective::{self, Effective, Origin};
use std::collections::BTreeMap;
use weigh::profiles::{DEVELOPMENT, SETTINGS, canonical};

/// What a goal requires of a setting.
#[derive(Clone, Debug)]
enum Right {
    /// One of these values.
    One(Vec<toml::Value>),
    /// A number up to this one.
    AtMost(i64),
}

impl Right {
    fn holds(&self, key: &str, value: Option<&toml::Value>) -> bool {
        value.is_some_and(|value| self.has(key, &canonical(key, value)))
    }

    /// The same, for what rustc gets.
    fn has(&self, key: &str, word: &str) -> bool {
        match self {
            Self::One(right) => right.iter().any(|value| canonical(key, value) == word),
            Self::AtMost(most) => word.parse::<i64>().is_ok_and(|number| number <= *most),
        }
    }
}

/// What a goal requires of each setting. Where it is about optimization, nothing that only helps with development may be on,
/// because that costs speed as well as size.
fn required(spec: &Profile) -> BTreeMap<&str, Right> {
    let Profile { profile: _, want, at_most } = spec;
    let off = DEVELOPMENT.map(|key| (key, Right::One(vec![false.into()])));
    let most = at_most.iter().map(|(key, most)| (key.get_ref().as_str(), Right::AtMost(*most)));
    let one = want.iter().map(|(key, right)| (key.get_ref().as_str(), Right::One(right.clone())));
    off.into_iter().chain(most).chain(one).collect()
}

/// Whether a goal is about how the program is optimized. A goal that isn't lets learners decide which checks they keep.
fn is_about_optimization(spec: &Profile) -> bool {
    spec.want.keys().any(|key| key.get_ref() == "opt-level")
}

/// The learner's build that proves a profile.
pub(super) fn proof<'a>(exercise: &'a Exercise, profile: &str) -> Option<&'a str> {
    let mut builds = exercise.data.build.iter();
    let found =
        builds.find(|(_, build)| build.tree == Tree::Learner && build.profile == profile && build.set.is_empty());
    found.map(|(name, _)| name.get_ref().as_str())
}

pub(super) fn judge<'a>(case: &Case<'a>, spec: &Profile, lints: &mut Vec<&'a Diagnostic>) -> Finding {
    let profile = &spec.profile;
    if !case.manifest.readable {
        if lints.is_empty() {
            return Finding::NeedsBuild;
        }
        return Finding::NotMet(std::mem::take(lints).into_iter().cloned().collect(), Data::Nothing);
    }
    let built = case.evidence.and_then(|evidence| evidence.built(proof(case.exercise, profile)?));
    let rustc = built.and_then(|built| built.rustc.as_ref());
    // Cargo doesn't read these profiles at all.
    let ignored = lints.iter().any(|problem| problem.code == Code::IgnoredInMember);
    let required = required(spec);
    let mut unmet: Vec<String> = Vec::new();
    let mut found: Vec<Diagnostic> = Vec::new();
    for (key, right) in &required {
        let written = effective::effective(case.manifest, profile, key);
        let default = weigh::profiles::default("release", key);
        // A check that a learner keeps on purpose doesn't matter to a goal about something else.
        if DEVELOPMENT.contains(key) && written.asked.is_some() && !is_about_optimization(spec) {
            continue;
        }
        // What Cargo strips by itself is up to `debug`, which is to be changed in any case.
        if *key == "strip" && written.asked.is_none() && unmet.iter().any(|key| key == "debug") {
            continue;
        }
        if !right.holds(key, written.value.as_ref()) || (ignored && !right.holds(key, default.as_ref())) {
            unmet.push((*key).to_owned());
        } else if let Some(got) = rustc.and_then(|rustc| rustc.get(*key))
            && !right.has(key, got)
        {
            found.push(differs(case, key, got, &written));
        }
    }
    if let (true, Some(built)) = (is_about_optimization(spec), built) {
        found.extend(linked::problems(case, spec, &required, built, &unmet));
    }
    unmet.sort_by_key(|key| SETTINGS.iter().position(|setting| setting == key).unwrap_or(SETTINGS.len()));
    let mut problems = take_lints(lints, &unmet, found.is_empty());
    let explained = |key: &String| problems.iter().any(|problem: &Diagnostic| problem.settings.contains(key));
    let open: Vec<String> = unmet.iter().filter(|key| !explained(key)).cloned().collect();
    problems.extend(found);
    problems.extend(unmet::problems(case, spec, &required, &open));
    problems
        .sort_by_key(|problem| (!problem.refused, problem.code, problem.place.as_ref().and_then(|place| place.line)));
    let crates = built.map_or_else(Vec::new, |built| linked::rows(case, profile, built));
    let further = required.keys().copied().filter(|key| !SETTINGS.contains(key) && !DEVELOPMENT.contains(key));
    let settings = settings(case, profile, rustc, further);
    let data = Data::Profile(data::Profile { name: profile.clone(), settings, crates });
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
}

/// The rules' findings that explain why a setting has no effect, or why nothing can be built. They are reported once.
fn take_lints(lints: &mut Vec<&Diagnostic>, unmet: &[String], all_found: bool) -> Vec<Diagnostic> {
    // A profile in a manifest that Cargo refuses builds nothing, whatever is in it.
    if unmet.is_empty() && all_found && !lints.iter().any(|problem| problem.refused) {
        return Vec::new();
    }
    let explains =
        |problem: &&Diagnostic| problem.refused || problem.settings.iter().any(|setting| unmet.contains(setting));
    let (taken, left): (Vec<_>, Vec<_>) = lints.iter().copied().partition(explains);
    *lints = left;
    taken.into_iter().cloned().collect()
}

/// The manifest is right, but rustc gets something else.
fn differs(case: &Case<'_>, key: &str, got: &str, written: &Effective) -> Diagnostic {
    let problem = Diagnostic::new(
        Code::DiffersAtRustc,
        format!("rustc gets `{key}` as {got}, which isn't what the manifest sets"),
    );
    match &written.asked {
        Some((_, setting)) => problem.at(&case.manifest.source, setting.key.start..setting.span.end, "set here"),
        None => problem.in_file(&case.manifest.source.file),
    }
    .help("`cargo build -v` shows how rustc is called: compare its `-C` flags with the manifest, line by line")
    .explains([key])
}

/// The five settings, and further ones that the goal is about: what is set and where, what applies, what rustc gets.
fn settings<'a>(
    case: &Case<'_>,
    profile: &str,
    rustc: Option<&BTreeMap<String, String>>,
    further: impl Iterator<Item = &'a str>,
) -> Vec<Setting> {
    let rows = SETTINGS.into_iter().chain(further).map(|key| {
        let now = effective::effective(case.manifest, profile, key);
        let line = |start| base::diagnostic::line_and_column(&case.manifest.source.text, start).0;
        let (from, line) = match (&now.origin, &now.asked) {
            (Origin::Manifest, Some((name, setting))) => (format!("[profile.{name}]"), Some(line(setting.key.start))),
            _ => ("Cargo's default".to_owned(), None),
        };
        Setting {
            key: key.to_owned(),
            asked: now.asked.as_ref().map(|(_, setting)| setting.value.clone()),
            effective: now.value,
            from,
            line,
            rustc: rustc.and_then(|rustc| rustc.get(key)).cloned(),
        }
    });
    rows.collect()
}
