//! Judges what is in the executable's file: symbols, sections, the loader and the libraries that it asks for; and whether
//! two files have the same machine code.

use super::{Case, Data, Finding, advice};
use crate::exercise::kinds::{Binary, SameCode};
use crate::learner_manifest::effective::effective;
use crate::learner_manifest::list;
use base::diagnostic::{Code, Diagnostic};
use weigh::measure::binary::Section;
use weigh::profiles::canonical;

pub(super) fn judge(case: &Case<'_>, spec: &Binary) -> Finding {
    let Binary { build, symbols, interpreter, libraries, sections, no_sections } = spec;
    let Some(built) = case.evidence.and_then(|evidence| evidence.built(build.get_ref())) else {
        return Finding::NeedsBuild;
    };
    let (build, linking) = (build.get_ref(), &built.linking);
    let profile = &case.exercise.build(build).profile;
    let mut problems = Vec::new();
    let made = case.made_by(build);
    let mut add = |code, message: String, help: String| {
        let problem = Diagnostic::new(code, message).help(help);
        problems.push(match &made {
            Some((file, made)) if code == Code::DynamicallyLinked => {
                problem.at(&file.source, made.span.clone(), "built here")
            }
            _ => problem.in_file(case.at_fault()),
        });
    };
    // The manifest leaves them, and they are gone: Cargo does not look again at a file that it has made.
    let strip = effective(case.manifest, profile, "strip").value;
    let is_stripped_later = linking.symbols == 0 && strip.is_some_and(|strip| canonical("strip", &strip) != "symbols");
    let again = format!(
        "nothing in [profile.{profile}] takes it out; was the file itself given to `strip`? Cargo does not build it again for that: type `cargo clean --profile {profile}` in exercises/{}, and strip a copy",
        case.exercise.id
    );
    match symbols {
        Some(false) if linking.symbols > 0 => add(
            Code::NotStripped,
            format!("the executable of `{build}` has a symbol table with {} entries", linking.symbols),
            match advice::unstripped(case, build) {
                Some(wrong) => wrong.help,
                None => format!("`strip` in [profile.{profile}] decides it: true and \"symbols\" leave none"),
            },
        ),
        Some(true) if linking.symbols == 0 => add(
            Code::NoSymbols,
            format!("the executable of `{build}` has no symbol table"),
            if is_stripped_later {
                again.clone()
            } else {
                format!("`strip` in [profile.{profile}] takes it out; false, \"none\" and \"debuginfo\" leave it")
            },
        ),
        _ => {}
    }
    if *interpreter == Some(false)
        && let Some(loader) = &linking.interpreter
    {
        add(
            Code::DynamicallyLinked,
            format!("the executable of `{build}` asks for the loader {loader}, which is not there in an empty folder"),
            "link the C library statically: with the target feature `crt-static`, or for a musl target".to_owned(),
        );
    }
    if *interpreter == Some(true) && linking.interpreter.is_none() {
        let help = "take out what links it statically, such as the target feature `crt-static`".to_owned();
        add(Code::DynamicallyLinked, format!("the executable of `{build}` asks for no loader"), help);
    }
    if let Some(allowed) = libraries {
        let others: Vec<String> = linking.libraries.iter().filter(|name| !allowed.contains(name)).cloned().collect();
        if !others.is_empty() {
            let help = "whoever starts it must have them; link them statically, or do without them".to_owned();
            add(
                Code::DynamicallyLinked,
                format!("the executable of `{build}` asks for shared libraries: {}", list(&others)),
                help,
            );
        }
    }
    // An empty section is none that is of use, and whatever is put into parts keeps its name before the next point.
    let is = |section: &Section, name: &str| {
        section.name == name || section.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    };
    let has = |name: &String| built.sections.iter().any(|section| section.name == *name && section.bytes > 0);
    let missing: Vec<String> = sections.iter().filter(|name| !has(name)).cloned().collect();
    let has_some = |name: &String| built.sections.iter().any(|section| is(section, name));
    let unwanted: Vec<String> = no_sections.iter().filter(|name| has_some(name)).cloned().collect();
    let about = "`debug` and `strip` in the profile decide which sections there are besides code and data".to_owned();
    if !missing.is_empty() {
        let is_debug = missing.iter().all(|name| name.starts_with(".debug_"));
        let help = if is_debug && is_stripped_later { again } else { about.clone() };
        add(Code::WrongSections, format!("the executable of `{build}` lacks {}", list(&missing)), help);
    }
    if !unwanted.is_empty() {
        add(Code::WrongSections, format!("the executable of `{build}` has {}", list(&unwanted)), about);
    }
    let data = Data::Binary { build: build.clone(), linking: linking.clone() };
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
}

pub(super) fn judge_same_code(case: &Case<'_>, SameCode { build, same_as }: &SameCode) -> Finding {
    let built = |name: &str| case.evidence?.built(name);
    let (Some(own), Some(twin)) = (built(build.get_ref()), built(same_as.get_ref())) else {
        return Finding::NeedsBuild;
    };
    let data = Data::SameCode {
        build: build.get_ref().clone(),
        same_as: same_as.get_ref().clone(),
        sha256: own.code.sha256.clone(),
    };
    if own.code.sha256 == twin.code.sha256 {
        return Finding::Met(data);
    }
    let message = format!(
        "the machine code of `{}` is not that of `{}`: an address in one means nothing in the other",
        build.get_ref(),
        same_as.get_ref()
    );
    // Cargo gives each set of settings another `-C metadata`, which is part of every symbol's name, and the order of
    // code and constants follows the names. Debug information also brings a small section that is loaded.
    let help = "any setting that differs between two profiles, also `strip` or `debug`, may move code and constants; make both files from one build, with `objcopy --only-keep-debug` and `strip`";
    let problem = Diagnostic::new(Code::NotATwin, message).in_file(&case.manifest.source.file).help(help);
    Finding::NotMet(vec![problem], data)
}
