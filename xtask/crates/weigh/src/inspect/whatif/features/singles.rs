//! The default features of a dependency one by one, where a program doesn't build without all of them: often it needs one, and
//! another one can go.

use super::{Planned, What};
use crate::builds::Outcome;
use crate::builds::tree::Edit;
use crate::cargo::{Compiled, Metadata};
use crate::inspect::whatif::chosen::{Chosen, Declared};
use crate::subject::Subject;
use anyhow::Result;
use std::collections::BTreeMap;

/// What is to be built besides, because of the builds that failed.
///
/// # Errors
/// When Cargo can't say which features there are.
pub(super) fn of(
    subject: &Subject,
    changes: &[Planned],
    outcomes: &[Outcome],
    compiled: &[Compiled],
) -> Result<Vec<Planned>> {
    let refused = changes.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_err());
    let refused: Vec<(&Planned, &Edit)> =
        refused.filter_map(|(planned, _)| Some((planned, planned.edit.as_ref()?))).collect();
    if refused.is_empty() {
        return Ok(Vec::new());
    }
    let all = subject.cargo.metadata_of_all(subject.manifest.as_deref())?;
    let mut found = Vec::new();
    for (planned, edit) in refused {
        let Some(declared) = features(&all, compiled, &planned.package) else { continue };
        found.extend(alone(declared).into_iter().map(|(feature, kept)| Planned {
            what: What::Default,
            name: format!("{}/{feature}", planned.name),
            change: None,
            edit: Some(Edit { kept, ..edit.clone() }),
            package: planned.package.clone(),
            feature,
        }));
    }
    Ok(found)
}

/// What a package of this name declares. In two versions at once it is left out: one line of a manifest is about one of them.
fn features<'a>(all: &'a Metadata, compiled: &[Compiled], package: &str) -> Option<&'a BTreeMap<String, Vec<String>>> {
    let mut versions = compiled.iter().filter(|unit| unit.name == package).map(|unit| unit.version.as_str());
    let version = versions.next().filter(|first| versions.all(|other| other == *first))?;
    let mut found = all.packages.iter().filter(|found| found.name == package && found.version == version);
    found.next().map(|found| &found.features)
}

/// Each default feature that can go alone, with the others.
fn alone(declared: &BTreeMap<String, Vec<String>>) -> Vec<(String, Vec<String>)> {
    let members = declared.get("default").map(Vec::as_slice).unwrap_or_default();
    // Only a feature can be named by the crate that depends on it: without the rest, more than one would be missing.
    if members.len() < 2 || !members.iter().all(|member| declared.contains_key(member)) {
        return Vec::new();
    }
    let others = |feature: &String| members.iter().filter(|member| *member != feature).cloned().collect::<Chosen>();
    let can_go = |feature: &&String| !Declared(declared).on(&others(feature)).contains(*feature);
    members.iter().filter(can_go).map(|feature| (feature.clone(), others(feature).into_iter().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone_of(text: &str) -> Vec<(String, Vec<String>)> {
        alone(&toml::from_str(text).unwrap())
    }

    #[test]
    fn a_default_feature_goes_alone_unless_another_one_turns_it_on() {
        let of = |feature: &str, kept: &[&str]| {
            (feature.to_owned(), kept.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
        };
        let found = alone_of("default = [\"std\", \"fast\", \"unicode\"]\nstd = []\nfast = [\"std\"]\nunicode = []\n");
        assert_eq!(found, [of("fast", &["std", "unicode"]), of("unicode", &["fast", "std"])]);
    }

    #[test]
    fn default_features_that_a_manifest_cannot_name_are_left_out() {
        for default in ["[]", "[\"std\"]", "[\"std\", \"dep:x\"]", "[\"std\", \"x/y\"]", "[\"std\", \"x?/y\"]"] {
            assert_eq!(alone_of(&format!("default = {default}\nstd = []\n")), [], "{default}");
        }
        assert_eq!(alone_of("std = []\n"), []);
    }
}
