//! Why a file is larger than it should be, from what can be seen: a setting that the program didn't get, missing settings
//! ordered by what they save, or none, and then it's the code. Each cause is explained once.

use super::{Case, Outcome, Verdict, Worth};
use crate::exercise::kinds::{Ends, Panic, Profile, Speed};
use crate::exercise::{Check, Tree};
use crate::learner_manifest::effective::{self, Effective, Forgetting};
use crate::learner_manifest::list;
use base::diagnostic::{line_and_column, shown};
use base::numbers::{change, thousands};
use std::ops::Range;
use weigh::profiles::{SETTINGS, canonical, scalar};

/// What is wrong, as far as it can be seen.
pub(super) struct Wrong {
    /// The place in the manifest, and its label.
    pub(crate) place: Option<(Range<usize>, String)>,
    /// What to do.
    pub(crate) help: String,
}

/// The values that make a file smaller. `opt-level` has two of them.
fn is_small(key: &str, value: &str) -> bool {
    match key {
        "opt-level" => matches!(value, "s" | "z"),
        "lto" => value == "fat",
        "codegen-units" => value == "1",
        "panic" => value == "abort",
        "strip" => value == "symbols",
        _ => true,
    }
}

/// Advice for a build that is compared with another.
pub(super) fn of(case: &Case<'_>, build: &str, against: &str, outcomes: &[Outcome]) -> Wrong {
    let profile = &case.exercise.build(build).profile;
    let only = |help: String| Wrong { place: None, help };
    if let Some(std) = &case.exercise.build(build).std {
        let (file, shows) = (std.get_ref(), bloat_shows(case, profile, "--crates"));
        return only(format!(
            "{file} decides how std is compiled, and which of its features are in the program; {shows} how much of the program is std"
        ));
    }
    if !case.exercise.edits().any(|path| path == "Cargo.toml") {
        let shows = bloat_shows(case, profile, "--functions");
        return only(format!("leave the settings as they are; {shows} what the code consists of"));
    }
    if profile != "dev" && effective::chain(case.manifest, profile).last() == Some(&"dev") {
        return only(format!(
            "[profile.{profile}] inherits from `dev`, which doesn't optimize: write `inherits = \"release\"`"
        ));
    }
    if let Some(goal) = refused_by(case) {
        return only(format!(
            "start with the goal `{goal}`: while a dependency isn't allowed, this check builds the course's own [dependencies] in place of yours"
        ));
    }
    let missing = missing(case, build);
    let goal = explained_by(case, profile, outcomes);
    let best = saves_most(case, &missing, goal.map(|(_, wanted)| wanted));
    // A goal about these settings has said what is missing, and where; their values are the exercise.
    if let Some((goal, _)) = goal {
        return only(match best {
            // A number for one setting says little when all others are there.
            Some(_) if missing.len() == 1 => {
                format!("start with the goal `{goal}`: one of its settings is still missing, or has no effect")
            }
            Some(best) => {
                let measured = measured(case, best);
                format!("start with the goal `{goal}`; of its settings, `{}` saves the most: {measured}", best.key)
            }
            None => format!("start with the goal `{goal}`: it names what is missing, or has no effect"),
        });
    }
    if let Some(wrong) = unstripped(case, build) {
        return wrong;
    }
    only(settings_to_add(case, build, &missing, best).unwrap_or_else(|| beyond_settings(case, build, against)))
}

/// The beginning of a sentence about what `cargo xtask bloat` shows for a build.
fn bloat_shows(case: &Case<'_>, profile: &str, what: &str) -> String {
    let manifest = shown(&case.exercise.manifest());
    format!("`cargo xtask bloat --manifest-path {} --profile {profile} {what}` shows", manifest.display())
}

/// The missing setting that saved most when it was measured. `wanted`: the goal about the profile that wasn't met, whose
/// settings come first.
fn saves_most<'a>(case: &Case<'a>, missing: &[&str], wanted: Option<&Profile>) -> Option<&'a Worth> {
    let saves = case.worth.iter().filter(|worth| {
        let key = worth.key.as_str();
        let is_wanted = wanted.is_none_or(|wanted| wanted.want.keys().any(|wanted| wanted.get_ref() == key));
        is_wanted && missing.contains(&key) && worth.after < worth.before && is_small(key, &value_of(worth))
    });
    saves.min_by_key(|worth| worth.after)
}

fn measured(case: &Case<'_>, Worth { before, after, source, .. }: &Worth) -> String {
    format!(
        "alone it took {} from {} to {} bytes ({}) when {source} measured it",
        case.exercise.data.package,
        thousands(*before),
        thousands(*after),
        change(*after, *before)
    )
}

/// What to change in the profile; `None` if no setting is missing.
fn settings_to_add(case: &Case<'_>, build: &str, missing: &[&str], best: Option<&Worth>) -> Option<String> {
    let profile = &case.exercise.build(build).profile;
    let per_package = match is_timed(case, build) && missing.contains(&"opt-level") {
        true => "; a [profile.release.package.NAME] table sets a level for some packages only",
        false => "",
    };
    if let Some(best) = best {
        let how = how_it_is(case, profile, &best.key);
        let setting = format!("`{} = {}`", best.key, best.value);
        return Some(match missing {
            [_] => format!("{how}; {setting} is the one setting left{per_package}"),
            _ => format!("{how}; {setting} saves the most: {}{per_package}", measured(case, best)),
        });
    }
    (!missing.is_empty()).then(|| format!("{}{per_package}", with_effect(case, profile, missing)))
}

/// Where to look when every setting of the build is small: at the other build, at the crates, at the code.
fn beyond_settings(case: &Case<'_>, build: &str, against: &str) -> String {
    let profile = &case.exercise.build(build).profile;
    let other = case.exercise.build(against);
    if other.tree == Tree::Learner && other.profile != *profile {
        let set_there = SETTINGS.into_iter().filter(|key| is_small_in(case, &other.profile, key));
        let set_there: Vec<String> = set_there.map(str::to_owned).collect();
        if !set_there.is_empty() {
            let them = if set_there.len() == 1 { "it at Cargo's default" } else { "them at Cargo's defaults" };
            return format!(
                "[profile.{}], the build that yours is compared with, also sets {}: don't remove {them} from it",
                other.profile,
                list(&set_there)
            );
        }
    }
    let shows = bloat_shows(case, profile, "--crates");
    if case.exercise.data.goal.iter().any(|goal| matches!(goal.check, Check::Dependencies(_))) {
        return format!(
            "no setting is missing, so look at the crates and their features: `cargo tree --edges features` in the exercise's folder shows which are on, and {shows} which crates' code is in the file"
        );
    }
    format!("every setting that makes a file smaller is on; {shows} which crates' code is in it")
}

fn value_of(worth: &Worth) -> String {
    canonical(&worth.key, &scalar(worth.value.trim_matches('"')))
}

/// The file has a symbol table although the profile removes it: something made Cargo drop that.
pub(super) fn unstripped(case: &Case<'_>, build: &str) -> Option<Wrong> {
    let spec = case.exercise.build(build);
    let symbols = case.evidence?.built(build)?.linking.symbols;
    let Forgetting { table, line: (_, setting), .. } = effective::forgets_strip(case.manifest, &spec.profile)?;
    if symbols == 0 || spec.set.contains_key("strip") || !is_small("strip", &canonical("strip", &setting.value)) {
        return None;
    }
    let help = format!(
        "Cargo drops a profile's `strip` for a package that has its own table: write `strip = {}` in {table} as well, or remove that table",
        setting.value
    );
    let label = format!("has no effect: the file has {} symbols", thousands(symbols));
    Some(Wrong { place: Some((setting.key.start..setting.span.end, label)), help })
}

fn is_small_in(case: &Case<'_>, profile: &str, key: &str) -> bool {
    let now = effective::effective(case.manifest, profile, key).value;
    now.is_some_and(|value| is_small(key, &canonical(key, &value)))
}

/// The settings of a build that could make its file smaller, and are allowed to: what a different goal requires isn't missing.
fn missing(case: &Case<'_>, build: &str) -> Vec<&'static str> {
    let spec = case.exercise.build(build);
    let is_needed = |key: &str| {
        case.exercise.data.goal.iter().any(|goal| match &goal.check {
            Check::Panic(Panic { build: of, ends: Ends::Unwinds, .. }) => {
                key == "panic" && case.exercise.build(of.get_ref()).profile == spec.profile
            }
            Check::Profile(Profile { profile, want, .. }) if *profile == spec.profile => {
                want.iter().any(|(wanted, values)| {
                    wanted.get_ref() == key && !values.iter().any(|v| is_small(key, &canonical(key, v)))
                })
            }
            _ => false,
        })
    };
    // Where speed counts as well, a level for size is only for some packages.
    let of_packages = |key: &str| {
        let tables = effective::chain(case.manifest, &spec.profile).into_iter();
        let mut packages = tables.filter_map(|name| case.manifest.profiles.get(name)).flat_map(|table| &table.packages);
        key == "opt-level"
            && is_timed(case, build)
            && packages.any(|(_, table)| {
                table.settings.get(key).is_some_and(|setting| is_small(key, &canonical(key, &setting.value)))
            })
    };
    let is_missing = |key: &&str| {
        let is_set = spec.set.contains_key(*key) || is_small_in(case, &spec.profile, key) || of_packages(key);
        !is_set && !is_needed(key)
    };
    SETTINGS.into_iter().filter(is_missing).collect()
}

/// The settings of a profile that aren't set, and those that keep the file large, with their lines.
fn unset_and_set(case: &Case<'_>, profile: &str, keys: &[&str]) -> (Vec<String>, Vec<String>) {
    let (mut unset, mut set) = (Vec::new(), Vec::new());
    for key in keys {
        match effective::effective(case.manifest, profile, key) {
            Effective { value: Some(value), asked: Some((from, setting)), .. } => {
                let (line, _) = line_and_column(&case.manifest.source.text, setting.key.start);
                let from = if from == profile { String::new() } else { format!(", from [profile.{from}]") };
                set.push(format!("`{key} = {value}` (line {line}{from})"));
            }
            Effective { .. } => unset.push((*key).to_owned()),
        }
    }
    (unset, set)
}

/// What a profile has for one setting.
fn how_it_is(case: &Case<'_>, profile: &str, key: &str) -> String {
    let (_, set) = unset_and_set(case, profile, &[key]);
    match set.first() {
        Some(set) => format!("[profile.{profile}] has {set}"),
        None => format!("[profile.{profile}] doesn't set `{key}`"),
    }
}

/// What a profile has for several settings, and what that does.
fn with_effect(case: &Case<'_>, profile: &str, keys: &[&str]) -> String {
    let (unset, set) = unset_and_set(case, profile, keys);
    let kept = |set: &[String]| {
        let verb = if set.len() == 1 { "keeps" } else { "keep" };
        format!("has {}, which {verb} the file large", set.join(" and "))
    };
    let open = |unset: &[String]| {
        let verb = if unset.len() == 1 { "makes" } else { "make" };
        format!("doesn't set {}, which {verb} a file smaller", list(unset))
    };
    match (unset.as_slice(), set.as_slice()) {
        (unset, []) => format!("[profile.{profile}] {}", open(unset)),
        ([], set) => format!("[profile.{profile}] {}", kept(set)),
        (unset, set) => format!("[profile.{profile}] {}, and {}", kept(set), open(unset)),
    }
}

/// Whether a goal is about the speed of this build.
fn is_timed(case: &Case<'_>, build: &str) -> bool {
    let speed = |goal: &Check| matches!(goal, Check::Speed(Speed { build: of, .. }) if of.get_ref() == build);
    case.exercise.data.goal.iter().any(|goal| speed(&goal.check))
}

/// The goal that refuses a dependency, which then isn't in any build.
pub(super) fn refused_by<'a>(case: &Case<'a>) -> Option<&'a str> {
    let mut goals = case.exercise.data.goal.iter();
    let goal = goals.find(|goal| matches!(goal.check, Check::Dependencies(_)))?;
    (!case.not_allowed.is_empty()).then(|| goal.id.get_ref().as_str())
}

/// The goal about the settings of this profile that wasn't met, by its name.
fn explained_by<'a>(case: &Case<'a>, own: &str, outcomes: &[Outcome]) -> Option<(&'a str, &'a Profile)> {
    case.exercise.data.goal.iter().find_map(|goal| match &goal.check {
        Check::Profile(spec) if spec.profile == own => {
            let id = goal.id.get_ref().as_str();
            let is_lost = outcomes.iter().any(|outcome| outcome.id == id && outcome.verdict == Verdict::Fail);
            is_lost.then_some((id, spec))
        }
        _ => None,
    })
}
