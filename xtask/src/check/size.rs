//! Judges bytes of one build against another build of the same run. Never against a number that was written down.

use super::{Case, Finding, Worth};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::exercise::Tree;
use crate::exercise::kinds::Size;
use crate::manifest::{SETTINGS, default};
use crate::profile::effective::{self, canonical};
use crate::profile::list;
use crate::units::{change, thousands};
use serde_json::json;

pub fn judge(case: &Case<'_>, spec: &Size) -> Finding {
    let Size { build, against, plus, shrink_percent, section, image } = spec;
    let part = |name: &str| {
        let built = case.evidence?.built(name)?;
        if *image { built.image } else { built.part(section.as_deref()) }
    };
    let others: Vec<&str> = [against].into_iter().chain(plus).map(|name| name.get_ref().as_str()).collect();
    let reference: Option<u64> = others.iter().map(|name| part(name)).sum();
    let (Some(bytes), Some(reference)) = (part(build.get_ref()), reference) else { return Finding::NeedsBuild };
    let what = if *image { "the image" } else { section.as_deref().unwrap_or("the file") };
    let data = json!({ "build": build.get_ref(), "against": others.join(" + "), "part": what, "bytes": bytes,
        "against_bytes": reference, "shrink_percent": shrink_percent });
    let most = reference as f64 * (1.0 - shrink_percent / 100.0);
    if bytes as f64 <= most {
        return Finding::Met(data);
    }
    let those = match others.as_slice() {
        [one] => format!("that of `{one}`"),
        several => format!(
            "those of {} together",
            several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    let both = format!(
        "{what} of `{}` has {} bytes, {those} {} ({})",
        build.get_ref(),
        thousands(bytes),
        thousands(reference),
        change(bytes, reference)
    );
    let problem = if bytes > reference {
        Diagnostic::new(Code::SizeGrew, format!("it grew: {both}; the goal is -{shrink_percent} %"))
    } else {
        let most = most as u64;
        let left = thousands(bytes.saturating_sub(most));
        Diagnostic::new(Code::SizeNotSmallEnough, format!("{both}; the goal is -{shrink_percent} %, {left} bytes less"))
    };
    let declared = &case.exercise.build(build.get_ref()).profile;
    let problem = match case.made_by(build.get_ref()) {
        Some((file, made)) if made.profile != *declared => {
            let label = format!("builds `{}`", made.profile);
            let help = format!(
                "the manifest has a profile that is made for size: `cargo build --profile {declared}`; the folder of the file is then called so, too"
            );
            problem.at(&file.source, made.span, label).help(help)
        }
        _ => problem.in_file(case.at_fault()).help(advice(case, build.get_ref(), against.get_ref())),
    };
    Finding::NotMet(vec![problem], data)
}

/// The setting that would probably bring most: of those that the build has at Cargo's default, the one that was worth
/// most on its own in the committed measurement.
fn advice(case: &Case<'_>, build: &str, against: &str) -> String {
    let profile = &case.exercise.build(build).profile;
    let look = |what: &str| {
        let manifest = shown(&case.exercise.manifest());
        format!("`cargo xtask bloat --manifest-path {} --profile {profile} {what}` shows", manifest.display())
    };
    if !case.exercise.edits().any(|path| path == "Cargo.toml") {
        return format!("no setting is asked for here; {} what the code is made of", look("--functions"));
    }
    if profile != "dev" && effective::chain(case.manifest, profile).last() == Some(&"dev") {
        return format!(
            "[profile.{profile}] inherits from `dev`, which optimizes nothing: let it say `inherits = \"release\"`"
        );
    }
    let is_default_in = |profile: &str, key: &str| {
        let now = effective::effective(case.manifest, case.overrides, profile, key).value;
        now.zip(default("release", key)).is_some_and(|(now, default)| canonical(key, &now) == canonical(key, &default))
    };
    let is_default = |key: &str| is_default_in(profile, key);
    let helps = |worth: &&Worth| is_default(&worth.key) && worth.after < worth.before;
    let best = case.worth.iter().filter(helps).min_by_key(|worth| worth.after);
    match best {
        Some(Worth { key, value, before, after, source }) => format!(
            "of the settings that [profile.{profile}] leaves at their defaults, `{key} = {value}` brings most: alone it took {} from {} to {} bytes ({}) when {source} measured it",
            case.exercise.data.package,
            thousands(*before),
            thousands(*after),
            change(*after, *before)
        ),
        None => {
            let left = SETTINGS.into_iter().filter(|key| is_default(key)).map(str::to_owned).collect::<Vec<_>>();
            let other = case.exercise.build(against);
            let mut set_there = SETTINGS.into_iter().filter(|key| !is_default_in(&other.profile, key));
            match (left.as_slice(), set_there.next()) {
                ([], Some(key)) if other.tree == Tree::Learner && other.profile != *profile => format!(
                    "[profile.{}], which it is compared with, sets `{key}` as well: leave that one at Cargo's defaults",
                    other.profile
                ),
                ([], _) => {
                    format!("every setting that is known to help is on; {} whose code is in it", look("--crates"))
                }
                (left, _) => format!("[profile.{profile}] leaves {} at Cargo's defaults", list(left)),
            }
        }
    }
}
