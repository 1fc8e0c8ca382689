//! Verdicts on literal data: no file, no build.

mod advice;
mod answers;
mod baselines;
mod image;
mod kinds;
mod profiles;

use super::*;
use crate::evidence::{Built, group_key};
use base::diagnostic::Source;
use base::proc::Status;
use std::collections::BTreeMap;
use weigh::measure::Run;
use weigh::measure::binary::Section;

const EXERCISE: &str = r#"
title = "T"
level = "beginner"
minutes = 1
teaches = ["t"]
package = "tiny"
edits = ["Cargo.toml", "answers.toml"]
starter-fails-with = []
hints = []
pristine = {}
build.before = { tree = "starter", profile = "release" }
build.after = { profile = "release" }
build.lto = { tree = "starter", profile = "release", set = { lto = true } }

[[goal]]
id = "profile"
points = 1
text = "t"
check.profile = { profile = "release", want = { lto = [true], panic = ["abort"] } }

[[goal]]
id = "output"
points = 2
text = "t"
check.output = { build = "after", same-as = "before", cases = 0, fixed = [{ args = ["a"] }] }

[[goal]]
id = "size"
points = 4
text = "t"
needs = ["output"]
check.size = { build = "after", against = "before", shrink-percent = 30 }

[[goal]]
id = "text"
points = 8
text = "t"
check.size = { build = "after", against = "before", shrink-percent = 0, code = true }

[[goal]]
id = "largest"
points = 16
text = "t"
check.answer = { key = "largest", truth.largest-crate = { build = "before", after-std = true } }

[[goal]]
id = "share"
points = 32
text = "t"
check.answer = { key = "share", truth.crate-size = { build = "before", crate = "serde_json", tolerance-percent = 10 } }

[[goal]]
id = "setting"
points = 64
text = "t"
check.answer = { key = "setting", truth.shrinks = { group = ["gimli"], from = "before", builds = { lto = "lto" }, least-percent = 10, nothing = "none" } }

[[goal]]
id = "warnings"
points = 128
text = "t"
check.warnings = { build = "after" }
"#;

/// Everything that a verdict rests on.
struct Known {
    exercise: Exercise,
    manifest: Manifest,
    answers: Answers,
    containerfile: Option<Containerfile>,
    baseline: Option<Source>,
    std: BTreeMap<String, BuildStd>,
    evidence: Evidence,
    own: bool,
}

fn built(bytes: u64, text: u64, gimli: Option<u64>) -> Built {
    let section = |name: &str, bytes| Section { name: name.to_owned(), bytes };
    let run = Run { status: Status::Exited(0), stdout: b"A\n".to_vec(), stderr: Vec::new() };
    let crates = [("core", 400), ("serde_json", 100), ("itoa", 50)].map(|(name, bytes)| (name.to_owned(), bytes));
    Built {
        bytes,
        sections: vec![section(".text", text), section("[padding]", bytes - text)],
        code: weigh::measure::code::Code { bytes: text, ..Default::default() },
        crates: crates.into(),
        groups: [(group_key(&["gimli".to_owned()]), gimli)].into(),
        runs: [("output".to_owned(), vec![run])].into(),
        rustc: Some(BTreeMap::from(
            [("lto", "fat"), ("panic", "abort")].map(|(key, value)| (key.to_owned(), value.to_owned())),
        )),
        ..Built::default()
    }
}

/// An exercise that is done.
fn done() -> Known {
    done_with(EXERCISE)
}

/// The same with another exercise.
fn done_with(exercise: &str) -> Known {
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let mut known = Known {
        exercise: crate::exercise::tests::literal(exercise),
        manifest: Manifest::parse(source(
            "Cargo.toml",
            "[package]\nname = \"tiny\"\n[profile.release]\nlto = true\npanic = \"abort\"\n",
        )),
        answers: Answers::parse(source(
            "answers.toml",
            "largest = \"serde_json\"\nshare = \"10%\"\nsetting = \"none\"\n",
        )),
        containerfile: None,
        baseline: None,
        std: BTreeMap::new(),
        evidence: Evidence::default(),
        own: true,
    };
    for (name, built) in [
        ("before", built(2000, 1000, Some(500))),
        ("after", built(1400, 1000, None)),
        ("lto", built(1900, 900, Some(451))),
    ] {
        known.evidence.builds.insert(name.to_owned(), Attempt::Built(Box::new(built)));
    }
    known
}

impl Known {
    fn case(&self) -> Case<'_> {
        let Self { exercise, manifest, answers, containerfile, baseline, std, evidence, .. } = self;
        Case {
            exercise,
            manifest,
            answers: Some(answers),
            containerfile: containerfile.as_ref(),
            baseline: baseline.as_ref(),
            std,
            changed: &[],
            not_allowed: &[],
            aside: &[],
            own: self.own,
            worth: &[],
            evidence: Some(evidence),
        }
    }

    fn built(&mut self, name: &str) -> &mut Built {
        match self.evidence.builds.get_mut(name) {
            Some(Attempt::Built(built)) => built,
            other => panic!("{name}: {other:?}"),
        }
    }

    fn manifest(&mut self, text: &str) {
        self.manifest = Manifest::parse(Source { file: "Cargo.toml".into(), text: text.into() });
    }

    fn answers(&mut self, text: &str) {
        self.answers = Answers::parse(Source { file: "answers.toml".into(), text: text.into() });
    }

    /// The codes of each goal that is not met; `skip` for one that could not be judged.
    fn unmet(&self) -> Vec<(String, String)> {
        let judgement = judge(&self.case());
        let unmet = judgement.outcomes.into_iter().filter(|outcome| outcome.verdict != Verdict::Pass);
        let codes = |outcome: &Outcome| match outcome.verdict {
            Verdict::Skip => format!("skip: {}", outcome.waits_for.clone().unwrap_or_default()),
            _ => outcome.diagnostics.iter().map(|problem| problem.code.name()).collect::<Vec<_>>().join(" "),
        };
        unmet.map(|outcome| (outcome.id.clone(), codes(&outcome))).collect()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "all callers make it for this call")]
fn is(unmet: Vec<(String, String)>, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|&(id, codes)| (id.to_owned(), codes.to_owned())).collect();
    assert_eq!(unmet, expected);
}

#[test]
fn all_that_is_done_gets_all_points() {
    let known = done();
    is(known.unmet(), &[]);
    assert_eq!(judge(&known.case()).points(), 255);
    assert_eq!(wanted_builds(&known.case()).into_iter().collect::<Vec<_>>(), ["after", "before", "lto"]);
}

#[test]
fn one_byte_decides() {
    let mut known = done();
    known.built("after").bytes = 1401;
    is(known.unmet(), &[("size", "size/not-small-enough")]);
    known.built("after").bytes = 2001;
    // What the rest of the file grows by counts as code.
    is(known.unmet(), &[("size", "size/grew"), ("text", "size/grew")]);
    known.built("after").bytes = 1400;
    known.built("after").code.bytes = 1001;
    is(known.unmet(), &[("text", "size/grew")]);
}

#[test]
fn a_size_is_not_judged_before_the_output_is_right() {
    for (status, stdout, code) in [
        (Status::Exited(0), "B\n", "output/differs"),
        (Status::Exited(0), "A", "output/differs"),
        (Status::Exited(1), "A\n", "output/differs"),
        (Status::Signaled(6), "A\n", "run/crashed"),
        (Status::TimedOut, "A\n", "run/timeout"),
        (Status::Waited(5), "A\n", "run/timeout"),
        (Status::OutputLimit, "A\n", "run/output-limit"),
    ] {
        let mut known = done();
        let run = Run { status, stdout: stdout.into(), stderr: Vec::new() };
        known.built("after").runs.insert("output".to_owned(), vec![run]);
        is(known.unmet(), &[("output", code), ("size", "skip: the goal `output`")]);
    }
    let mut known = done();
    known.built("after").runs.get_mut("output").unwrap()[0].stderr = b"noise".to_vec();
    is(known.unmet(), &[("output", "output/differs"), ("size", "skip: the goal `output`")]);
}

#[test]
fn what_a_crashed_program_wrote_is_shown_and_not_compared() {
    let shown = [&b""[..], b"thread 'main' panicked\nnote: one\n"].map(|stderr| {
        let mut known = done();
        let run = Run { status: Status::Signaled(6), stdout: Vec::new(), stderr: stderr.to_vec() };
        known.built("after").runs.insert("output".to_owned(), vec![run]);
        let outcomes = judge(&known.case()).outcomes;
        outcomes.iter().flat_map(|outcome| &outcome.diagnostics).next().unwrap().message.clone()
    });
    insta::assert_snapshot!(shown.join("\n---\n"), @"
    input 1 of 1: the `after` program was terminated by signal 6 (an abort; a shell shows exit status 134)
    it wrote nothing to standard error
    ---
    input 1 of 1: the `after` program was terminated by signal 6 (an abort; a shell shows exit status 134)
    its standard error:
      | thread 'main' panicked
      | note: one
    ");
}

#[test]
fn a_build_that_failed_is_one_goals_failure_and_the_others_wait_for_it() {
    let mut known = done();
    let problem = Diagnostic::new(Code::BuildFailed, "it says:\nerror[E0308]");
    known.evidence.builds.insert("after".to_owned(), Attempt::Failed(Box::new(problem)));
    let waits = "skip: the goal `output`, whose build failed";
    is(
        known.unmet(),
        &[("output", "build/failed"), ("size", "skip: the goal `output`"), ("text", waits), ("warnings", waits)],
    );
}

#[test]
fn what_rustc_gets_is_what_counts() {
    let mut known = done();
    known.built("after").rustc.as_mut().unwrap().insert("lto".to_owned(), "thin-local".to_owned());
    is(known.unmet(), &[("profile", "profile/differs-at-rustc")]);
    // What could not be proved is judged by Cargo's rules.
    let mut known = done();
    known.built("after").rustc = None;
    is(known.unmet(), &[]);
}

#[test]
fn answers_are_judged_by_what_was_measured() {
    let unmet = |text: &str| {
        let mut known = done();
        known.answers(text);
        known.unmet()
    };
    let right = "largest = \"serde-json?\"\nshare = 91\nsetting = \"none\"\n";
    is(unmet(right), &[]);
    is(unmet(&right.replace("91", "89")), &[("share", "answer/wrong")]);
    is(unmet(&right.replace("91", "\"11.1 %\"")), &[("share", "answer/wrong")]);
    is(unmet(&right.replace("91", "\"some\"")), &[("share", "answer/not-a-number")]);
    is(unmet(&right.replace("serde-json?", "core")), &[("largest", "answer/wrong")]);
    is(unmet(&right.replace("serde-json?", "itoa")), &[("largest", "answer/wrong")]);
    is(unmet(&right.replace("\"none\"", "\"lto\"")), &[("setting", "answer/wrong")]);
    is(unmet(&right.replace("\"none\"", "\" ? \"")), &[("setting", "answer/missing")]);
    is(unmet("share = 91\nsetting = \"none\"\n"), &[("largest", "answer/missing")]);
    // A tenth less is what makes the difference.
    let mut known = done();
    known.built("lto").groups = [(group_key(&["gimli".to_owned()]), Some(450))].into();
    is(known.unmet(), &[("setting", "answer/wrong")]);
    // A stripped file with the same amount of code has the same code.
    let mut known = done();
    *known.built("lto") = built(1500, 1000, None);
    is(known.unmet(), &[]);
}

#[test]
fn warnings_are_a_goal_where_one_asks_for_none() {
    let mut known = done();
    known.built("after").warnings.push("warning: unused variable: `x`".to_owned());
    is(known.unmet(), &[("warnings", "build/warning")]);

    // What a rule has named is not told again in Cargo's words.
    let mut known = done();
    let text = format!("{}strpi = true\n", known.manifest.source.text);
    known.manifest(&text);
    for key in ["profile.release.strpi", "package.x"] {
        known.built("after").warnings.push(format!("warning: /a/Cargo.toml: unused manifest key: {key}"));
    }
    let judgement = judge(&known.case());
    let told: Vec<&str> = judgement.outcomes[7].diagnostics.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "the build printed a warning:\nwarning: /a/Cargo.toml: unused manifest key: package.x",
            "Cargo also warned about the problem above: unused manifest key `profile.release.strpi`"
        ]
    );

    // What the course's own files are warned about is part of an exercise.
    let mut known = done();
    known.built("before").warnings.push("warning: unused manifest key: profiles".to_owned());
    is(known.unmet(), &[]);
    assert_eq!(judge(&known.case()).diagnostics.len(), 0);
}

#[test]
fn without_evidence_only_the_words_are_judged_and_the_builds_of_lost_goals_are_not_wanted() {
    let mut known = done();
    known.answers("largest = \"\"\nshare = \"some\"\nsetting = \"nothing\"\n");
    let case = Case { evidence: None, ..known.case() };
    let judgement = judge(&case);
    let verdicts: Vec<Verdict> = judgement.outcomes.iter().map(|outcome| outcome.verdict).collect();
    use Verdict::{Fail, Pass, Skip};
    assert_eq!(verdicts, [Pass, Skip, Skip, Skip, Fail, Fail, Fail, Skip]);
    assert_eq!(wanted_builds(&case).into_iter().collect::<Vec<_>>(), ["after", "before"]);
}

#[test]
fn a_file_that_was_changed_stops_the_builds() {
    let known = done();
    let changed = [Diagnostic::new(Code::OtherFileChanged, "src/main.rs was changed")];
    let case = Case { changed: &changed, evidence: None, ..known.case() };
    assert!(wanted_builds(&case).is_empty());
    let judgement = judge(&case);
    assert_eq!(judgement.codes().into_iter().collect::<Vec<_>>(), [Code::OtherFileChanged]);
    assert_eq!(judgement.outcomes[1].waits_for.as_deref(), Some("the course's own files, unchanged"));
}

#[test]
fn what_needs_a_goal_that_needs_a_lost_one_is_not_built_either() {
    let (chain, _) = EXERCISE.split_once("\n[[goal]]\nid = \"text\"").unwrap();
    let chain = chain.replace("id = \"output\"\n", "id = \"output\"\nneeds = [\"profile\"]\n");
    let mut known = done();
    known.exercise = crate::exercise::tests::literal(&chain);
    assert_eq!(wanted_builds(&Case { evidence: None, ..known.case() }).len(), 2);
    let text = "[package]\nname = \"tiny\"\n[profile.release]\nlto = true\n".to_owned();
    known.manifest(&text);
    assert!(wanted_builds(&Case { evidence: None, ..known.case() }).is_empty());
}

#[test]
fn a_profile_in_a_manifest_that_cargo_refuses_is_not_met_whatever_it_says() {
    let mut known = done();
    let text = format!("{}[profile.small]\nstrip = true\n", known.manifest.source.text);
    known.manifest(&text);
    known.evidence = Evidence::default();
    let unmet = known.unmet();
    assert_eq!(unmet[0], ("profile".to_owned(), "profile/no-inherits".to_owned()));
    assert_eq!(unmet[1].1, "skip: a Cargo.toml that Cargo accepts");
}
