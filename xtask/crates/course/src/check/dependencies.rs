//! Judges which crates and features were compiled, by what Cargo reported while it built, not by what a manifest seems to say.

use super::{Case, Data, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::kinds::Dependencies;
use crate::learner_manifest::{allowed, list};
use base::diagnostic::Source;
use base::numbers::plural;

pub(super) fn judge(case: &Case<'_>, spec: &Dependencies) -> Finding {
    let Dependencies { build, present, absent, features } = spec;
    let data = |packages| Data::Dependencies { build: build.get_ref().clone(), packages };
    // Known before anything is built; what is built then may be different.
    if !case.not_allowed.is_empty() {
        return Finding::NotMet(case.not_allowed.to_vec(), data(None));
    }
    let Some(built) = case.evidence.and_then(|evidence| evidence.built(build.get_ref())) else {
        return Finding::NeedsBuild;
    };
    let find = |name: &String| built.packages.iter().find(|package| package.name == *name);
    let source = &case.manifest.source;
    let mut problems = Vec::new();
    for name in absent.iter().filter(|name| find(name).is_some()) {
        let message = format!("the crate {name} is compiled for `{}`", build.get_ref());
        let problem = Diagnostic::new(Code::DependencyNotAllowed, message);
        problems.push(match allowed::asked(&source.text, name) {
            Some(asked) => problem
                .at(source, asked.place, "a crate in this table is compiled, used or not")
                .help("remove it from [dependencies], and from the source"),
            None => problem
                .in_file(&source.file)
                .help(format!("`cargo tree --invert {name} --edges features` shows what depends on it")),
        });
    }
    for name in present.iter().filter(|name| find(name).is_none()) {
        let names: Vec<String> = built.packages.iter().map(|package| package.name.clone()).collect();
        let there = if names.is_empty() {
            "no dependencies are compiled at all".to_owned()
        } else {
            format!("there is {}", list(&names))
        };
        let message = format!("the crate {name} isn't compiled for `{}`; {there}", build.get_ref());
        let help = format!("add it to [dependencies], and use it: `cargo add {name}`");
        problems.push(Diagnostic::new(Code::DependencyMissing, message).in_file(&source.file).help(help));
    }
    for (name, allowed) in features {
        let Some(package) = find(name) else { continue };
        let others: Vec<String> = package.features.iter().filter(|one| !allowed.contains(one)).cloned().collect();
        if !others.is_empty() {
            problems.push(with_features(source, name, &others));
        }
    }
    let data = data(Some(built.packages.clone()));
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
}

/// A crate has features that it should not have: what turns them on, and where.
fn with_features(source: &Source, name: &str, others: &[String]) -> Diagnostic {
    let shows = format!("`cargo tree --invert {name} --edges features` shows what turns on each feature");
    let problem = |message: String| Diagnostic::new(Code::DependencyFeature, message);
    let all =
        || format!("the crate {name} is compiled with features that the program can do without: {}", list(others));
    let Some(asked) = allowed::asked(&source.text, name) else {
        return problem(all()).in_file(&source.file).help(shows);
    };
    if asked.defaults && others.iter().any(|one| one == "default") {
        // Which ones those are is the exercise.
        let count = plural(others.len() - 1, "more feature");
        let message =
            format!("the crate {name} is compiled with its default features, which is {count} than the program needs");
        let help = format!("`default-features = false` turns off what you don't list; {shows}");
        return problem(message).at(source, asked.place, "its default features are on").help(help);
    }
    match asked.features.into_iter().find(|(feature, _)| others.contains(feature)) {
        Some((feature, place)) => {
            let message =
                format!("the crate {name} is compiled with `{feature}`, which turns on more than the program needs");
            let help = format!("remove it, or list only the features in it that the program needs; {shows}");
            problem(message).at(source, place, "not needed, or only in part").help(help)
        }
        None => problem(all()).at(source, asked.place, "something else turns them on").help(shows),
    }
}
