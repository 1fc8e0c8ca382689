//! Judges bytes of one build against another build of the same run. Never against a number that was written down.

use super::{Case, Finding, Worth};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::exercise::Tree;
use crate::exercise::kinds::Size;
use crate::manifest::{SETTINGS, default};
use crate::profile::effective::{self, Forgetting, canonical};
use crate::profile::list;
use crate::units::{change, thousands};
use serde_json::json;

pub fn judge(case: &Case<'_>, spec: &Size) -> Finding {
    let Size { build, against, plus, shrink_percent, code, image } = spec;
    let part = |name: &str| {
        let built = case.evidence?.built(name)?;
        match (image, code) {
            (true, _) => built.image,
            (_, true) => Some(built.code.bytes),
            _ => Some(built.bytes),
        }
    };
    let others: Vec<&str> = [against].into_iter().chain(plus).map(|name| name.get_ref().as_str()).collect();
    let reference: Option<u64> = others.iter().map(|name| part(name)).sum();
    let (Some(bytes), Some(reference)) = (part(build.get_ref()), reference) else { return Finding::NeedsBuild };
    // What leaves the code and stays in the file has only been moved: it counts as code.
    let rest = |name: &str| Some(case.evidence?.built(name)?.bytes.saturating_sub(part(name)?));
    let rest_before: u64 = others.iter().filter_map(|name| rest(name)).sum();
    let moved = if *code { rest(build.get_ref()).unwrap_or_default().saturating_sub(rest_before) } else { 0 };
    let own = bytes;
    let bytes = bytes + moved;
    let what = match (image, code) {
        (true, _) => "the image",
        (_, true) => "the machine code",
        _ => "the file",
    };
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
    // Without what was moved the goal would be met: then that has to be said.
    let both = if own as f64 <= most {
        format!(
            "{both}, counting {} bytes of code and the {} bytes that the rest of the file grew by: code that has become data, or is compressed, is still there",
            thousands(own),
            thousands(moved)
        )
    } else {
        both
    };
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
    if let Some(Forgetting { table, line: (from, setting), .. }) = effective::forgets_strip(case.manifest, profile) {
        return format!(
            "`strip = {}` of [profile.{from}] doesn't reach the program: {table} makes Cargo forget it",
            setting.value
        );
    }
    let is_default_in = |profile: &str, key: &str| {
        let now = effective::effective(case.manifest, case.overrides, profile, key).value;
        now.zip(default("release", key)).is_some_and(|(now, default)| canonical(key, &now) == canonical(key, &default))
    };
    let is_default = |key: &str| is_default_in(profile, key);
    let helps = |worth: &&Worth| is_default(&worth.key) && worth.after < worth.before;
    let best = case.worth.iter().filter(helps).min_by_key(|worth| worth.after);
    // What somebody has written isn't left as it was, even if it is what it was.
    let is_written = |key: &str| effective::effective(case.manifest, case.overrides, profile, key).asked.is_some();
    let has_them = match best.is_some_and(|worth| is_written(&worth.key)) {
        true => format!("are as Cargo's defaults are in [profile.{profile}]"),
        false => format!("[profile.{profile}] leaves at their defaults"),
    };
    match best {
        Some(Worth { key, value, before, after, source }) => format!(
            "of the settings that {has_them}, `{key} = {value}` brings most: alone it took {} from {} to {} bytes ({}) when {source} measured it",
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
                (left, _) => {
                    let (set, left): (Vec<_>, Vec<_>) = left.iter().cloned().partition(|key| is_written(key));
                    match (set.as_slice(), left.as_slice()) {
                        (set, []) => format!("[profile.{profile}] sets {} to what is Cargo's default", list(set)),
                        (_, left) => format!("[profile.{profile}] leaves {} at Cargo's defaults", list(left)),
                    }
                }
            }
        }
    }
}
