//! Judges what is in the executable's file: symbols, sections, the loader and the libraries that it needs; and whether
//! two files have the same machine code.

use super::{Case, Data, Finding, advice};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::Built;
use crate::exercise::containerfile::Containerfile;
use crate::exercise::containerfile::recipe;
use crate::exercise::kinds::{Binary, SameCode};
use crate::learner_manifest::effective::effective;
use crate::learner_manifest::list;
use weigh::measure::binary::Section;
use weigh::profiles::canonical;

pub(super) fn judge(case: &Case<'_>, spec: &Binary) -> Finding {
    let build = spec.build.get_ref();
    let Some(built) = case.evidence.and_then(|evidence| evidence.built(build)) else {
        return Finding::NeedsBuild;
    };
    let mut faults = Faults { case, build, made: case.made_by(build), problems: Vec::new() };
    faults.of_symbols(spec, built);
    faults.of_the_loader(spec, built);
    faults.of_libraries(spec, built);
    faults.of_sections(spec, built);
    let problems = faults.problems;
    let data = Data::Binary { build: build.clone(), linking: built.linking.clone() };
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
}

/// What is wrong with a build's executable.
struct Faults<'a> {
    case: &'a Case<'a>,
    build: &'a str,
    /// The Containerfile that builds it, where there is one, and how.
    made: Option<(&'a Containerfile, recipe::Build)>,
    problems: Vec<Diagnostic>,
}

impl Faults<'_> {
    fn add(&mut self, code: Code, message: String, help: String) {
        let problem = Diagnostic::new(code, message).help(help);
        self.problems.push(match &self.made {
            Some((file, made)) if code == Code::DynamicallyLinked => {
                problem.at(&file.source, made.span.clone(), "built here")
            }
            _ => problem.in_file(self.case.at_fault()),
        });
    }

    fn profile(&self) -> &str {
        &self.case.exercise.build(self.build).profile
    }

    /// What to do where the manifest keeps the symbols, and they are gone: Cargo doesn't check a file again that it has made.
    fn stripped_later(&self, built: &Built) -> Option<String> {
        let profile = self.profile();
        let strip = effective(self.case.manifest, profile, "strip").value;
        let is_kept = strip.is_some_and(|strip| canonical("strip", &strip) != "symbols");
        (built.linking.symbols == 0 && is_kept).then(|| format!(
            "nothing in [profile.{profile}] removes it; did you run `strip` on the file itself? Cargo won't rebuild the file because of that: run `cargo clean --profile {profile}` in exercises/{}, and strip a copy instead",
            self.case.exercise.id
        ))
    }

    fn of_symbols(&mut self, Binary { symbols, .. }: &Binary, built: &Built) {
        let (build, profile, count) = (self.build, self.profile(), built.linking.symbols);
        match symbols {
            Some(false) if count > 0 => {
                let help = match advice::unstripped(self.case, build) {
                    Some(wrong) => wrong.help,
                    None => format!("to remove it, set `strip` in [profile.{profile}] to true or \"symbols\""),
                };
                let message = format!("the `{build}` executable has a symbol table with {count} entries");
                self.add(Code::NotStripped, message, help);
            }
            Some(true) if count == 0 => {
                let help = self.stripped_later(built).unwrap_or_else(|| {
                    format!(
                        "`strip` in [profile.{profile}] removes it; to keep it, use false, \"none\" or \"debuginfo\""
                    )
                });
                self.add(Code::NoSymbols, format!("the `{build}` executable has no symbol table"), help);
            }
            _ => {}
        }
    }

    fn of_the_loader(&mut self, Binary { interpreter, .. }: &Binary, built: &Built) {
        let build = self.build;
        match (interpreter, &built.linking.interpreter) {
            (Some(false), Some(loader)) => {
                let help = "link the C library statically: with the target feature `crt-static`, or for a musl target";
                self.add(
                    Code::DynamicallyLinked,
                    format!("the `{build}` executable needs the dynamic loader {loader}, which doesn't exist in an empty folder"),
                    help.to_owned(),
                );
            }
            (Some(true), None) => {
                let help = "remove what links it statically, such as the target feature `crt-static`".to_owned();
                self.add(Code::DynamicallyLinked, format!("the `{build}` executable needs no loader"), help);
            }
            _ => {}
        }
    }

    fn of_libraries(&mut self, Binary { libraries, .. }: &Binary, built: &Built) {
        let Some(allowed) = libraries else { return };
        let named = &built.linking.libraries;
        let others: Vec<String> = named.iter().filter(|name| !allowed.contains(name)).cloned().collect();
        if !others.is_empty() {
            let message = format!("the `{}` executable needs shared libraries: {}", self.build, list(&others));
            let help =
                "every machine that runs the program needs them; link them statically, or stop using them".to_owned();
            self.add(Code::DynamicallyLinked, message, help);
        }
    }

    fn of_sections(&mut self, Binary { sections, no_sections, .. }: &Binary, built: &Built) {
        let build = self.build;
        // An empty section is of no use, and a section that is split keeps its name before the next dot.
        let is = |section: &Section, name: &str| {
            section.name == name || section.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
        };
        let has = |name: &String| built.sections.iter().any(|section| section.name == *name && section.bytes > 0);
        let missing: Vec<String> = sections.iter().filter(|name| !has(name)).cloned().collect();
        let has_some = |name: &String| built.sections.iter().any(|section| is(section, name));
        let unwanted: Vec<String> = no_sections.iter().filter(|name| has_some(name)).cloned().collect();
        let about =
            "set `debug` and `strip` in the profile: they control which sections the file has besides code and data";
        if !missing.is_empty() {
            let is_debug = missing.iter().all(|name| name.starts_with(".debug_"));
            let again = if is_debug { self.stripped_later(built) } else { None };
            let help = again.unwrap_or_else(|| about.to_owned());
            self.add(Code::WrongSections, format!("the `{build}` executable lacks {}", list(&missing)), help);
        }
        if !unwanted.is_empty() {
            let message = format!("the `{build}` executable has {}", list(&unwanted));
            self.add(Code::WrongSections, message, about.to_owned());
        }
    }
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
        "`{}` and `{}` have different machine code: an address in one means nothing in the other",
        build.get_ref(),
        same_as.get_ref()
    );
    // Cargo gives each set of settings a different `-C metadata`, which is part of every symbol's name, and the order of
    // code and constants follows the names. Debug information also adds a small section that is loaded.
    let help = "any setting that differs between two profiles, even `strip` or `debug`, can move code and constants; make both files from one build, with `objcopy --only-keep-debug` and `strip`";
    let problem = Diagnostic::new(Code::NotATwin, message).in_file(&case.manifest.source.file).help(help);
    Finding::NotMet(vec![problem], data)
}
