//! Judges bytes of one build against another build of the same run. Never against a stored number.

use super::advice::{self, Wrong};
use super::data::{self, Part};
use super::{Case, Data, Finding, Outcome};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::kinds::Size;
use base::numbers::{Bytes, Percent, change, thousands};

/// `outcomes`: what was judged before it, so that one cause isn't explained twice.
pub(super) fn judge(case: &Case<'_>, spec: &Size, outcomes: &[Outcome]) -> Finding {
    let Size { build, against, plus, shrink_percent, code, image } = spec;
    let measured = match (image, code) {
        (true, _) => Part::Image,
        (_, true) => Part::Code,
        _ => Part::File,
    };
    let part = |name: &str| {
        let built = case.evidence?.built(name)?;
        match measured {
            Part::Image => built.image,
            Part::Code => Some(built.code.bytes),
            Part::File => Some(built.bytes),
        }
    };
    let others: Vec<&str> = [against].into_iter().chain(plus).map(|name| name.get_ref().as_str()).collect();
    let reference: Option<u64> = others.iter().map(|name| part(name)).sum();
    let (Some(bytes), Some(reference)) = (part(build.get_ref()), reference) else { return Finding::NeedsBuild };
    // What leaves the code and stays in the file has only been moved: it counts as code.
    let rest = |name: &str| Some(case.evidence?.built(name)?.bytes.saturating_sub(part(name)?));
    let rest_before: u64 = others.iter().filter_map(|name| rest(name)).sum();
    let moved = if *code { rest(build.get_ref()).unwrap_or_default().saturating_sub(rest_before) } else { 0 };
    let bytes = bytes + moved;
    let data = Data::Size(data::Size {
        build: build.get_ref().clone(),
        against: others.iter().map(|name| (*name).to_owned()).collect(),
        part: measured,
        bytes: Bytes(bytes),
        against_bytes: Bytes(reference),
        shrink: *shrink_percent,
    });
    let most = shrink_percent.off(reference);
    if bytes <= most {
        return Finding::Met(data);
    }
    let sizes = Sizes { measured, bytes, reference, moved, most };
    let code = if bytes > reference { Code::SizeGrew } else { Code::SizeNotSmallEnough };
    let problem = Diagnostic::new(code, message(spec, &sizes, &others));
    Finding::NotMet(vec![advised(case, spec, outcomes, problem)], data)
}

/// What was measured, in bytes.
struct Sizes {
    measured: Part,
    /// The build's, including what was moved.
    bytes: u64,
    /// The builds' that it is compared with.
    reference: u64,
    /// What has left the code and is still in the file.
    moved: u64,
    /// The goal.
    most: u64,
}

/// How large the build is compared with the others, and how large it may be.
fn message(spec: &Size, sizes: &Sizes, others: &[&str]) -> String {
    let Sizes { measured, bytes, reference, moved, most } = *sizes;
    let names = others.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let together = if others.len() > 1 { " together" } else { "" };
    let difference = match change(bytes, reference) {
        _ if bytes == reference => "the same as".to_owned(),
        change => {
            let size = change.trim_start_matches(['-', '+']).replace(" B", " bytes");
            format!("{size} {} than", if bytes < reference { "smaller" } else { "larger" })
        }
    };
    let mut both = format!(
        "{} is {} bytes, {difference} {names}{together} ({})",
        measured.of(&format!("`{}`", spec.build.get_ref())),
        thousands(bytes),
        thousands(reference),
    );
    let own = bytes - moved;
    // Without what was moved the goal would be met, so that has to be reported.
    if own <= most {
        both += &format!(
            ", counting {} bytes of code plus the {} bytes by which the rest of the file grew, because code that was moved into data or compressed is still in the file",
            thousands(own),
            thousands(moved)
        );
    }
    let left = thousands(bytes.saturating_sub(most));
    let shrink_percent = spec.shrink_percent;
    match shrink_percent > Percent::default() {
        true => format!("{both}; it has to be at least {shrink_percent} % smaller, so {left} bytes still have to go"),
        false => format!("{both}; it may not be larger"),
    }
}

/// The problem with its place and what to do: to build the right profile, or to make the program smaller.
fn advised(case: &Case<'_>, spec: &Size, outcomes: &[Outcome], problem: Diagnostic) -> Diagnostic {
    let (build, against) = (spec.build.get_ref(), spec.against.get_ref());
    let declared = &case.exercise.build(build).profile;
    match case.made_by(build) {
        Some((file, made)) if made.profile != *declared => {
            let label = format!("builds `{}`", made.profile);
            let help = format!(
                "the manifest has a profile made for size: `cargo build --profile {declared}`; the file is then in a folder of that name"
            );
            problem.at(&file.source, made.span, label).help(help)
        }
        _ => {
            let Wrong { place, help } = advice::of(case, build, against, outcomes);
            match place {
                Some((place, label)) => problem.at(&case.manifest.source, place, label),
                None => problem.in_file(case.at_fault()),
            }
            .help(help)
        }
    }
}
