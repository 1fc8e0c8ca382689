//! The types behind exercise.toml: an exercise is data. A mistake in that file is shown with its line.

pub mod alias;
pub(crate) mod answers;
pub(crate) mod build_std;
pub mod containerfile;
pub mod inputs;
pub mod kinds;
pub(crate) mod names;
pub mod questions;
pub mod requires;

use crate::diagnostic::Code;
use crate::learner_manifest::allowed;
use anyhow::{Context as _, Result, bail};
use base::diagnostic::{self};
use base::failure::{Exit, Failure};
use base::numbers::hex;
pub use kinds::Check;
pub use names::{here, load, load_or_here};
pub use requires::Requirement;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::Spanned;
use weigh::workshop::nearest;

/// One exercise of the course: its folders, and what its author wrote down.
#[derive(Debug)]
pub struct Exercise {
    /// Its name, which is its folder's: `ex1`.
    pub id: String,
    /// The learner's package.
    pub folder: PathBuf,
    /// The solved files, and why.
    pub solution: PathBuf,
    /// Its exercise.toml.
    pub data: Data,
}

/// What an author writes into exercise.toml. A key that isn't known is refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Data {
    /// Its name, in a few words.
    pub title: String,
    /// For whom.
    pub(crate) level: Level,
    /// Minutes that a learner should plan for it.
    pub minutes: u32,
    /// The exercises that are better done before this one; nothing enforces that.
    #[serde(default)]
    pub(crate) after: Vec<Spanned<String>>,
    /// What a machine needs for it, by the names in `requires`. Where that is missing, the exercise is optional and is skipped.
    #[serde(default)]
    pub(crate) requires: Vec<Spanned<String>>,
    /// The terms that a learner knows after it.
    pub teaches: Vec<String>,
    /// The package, which is also the name of its program.
    pub(crate) package: String,
    /// The files that the learner changes. Only these are reset, compared, and graded.
    pub(crate) edits: Vec<Spanned<String>>,
    /// The codes of the problems that the fresh exercise has.
    starter_fails_with: Vec<Spanned<String>>,
    /// General hints: a nudge, where to look, what to write.
    pub hints: Vec<String>,
    /// Hints for one problem, by its code. They come first.
    #[serde(default)]
    pub hints_for: BTreeMap<Spanned<String>, Vec<String>>,
    /// SHA-256 of every file that the learner is not asked to change, with `\n` as line end.
    pub pristine: BTreeMap<String, String>,
    /// The same of the copies in `starter/` of the files that the learner edits: what a check compares with, and `reset` restores.
    #[serde(default)]
    pub starter: BTreeMap<String, String>,
    /// Seconds of processor time that one build may take.
    #[serde(default = "build_seconds")]
    pub(crate) build_seconds: u64,
    /// Seconds of processor time that one run may take.
    #[serde(default = "run_seconds")]
    pub(crate) run_seconds: u64,
    /// Bytes that one run may print.
    #[serde(default = "output_bytes")]
    pub(crate) output_bytes: usize,
    /// The crates that the learner's `[dependencies]` may name. With none, the table is the course's.
    #[serde(default)]
    pub dependency: allowed::List,
    /// The builds that goals are judged by.
    pub build: BTreeMap<Spanned<String>, Build>,
    /// The goals, in the order in which they are shown.
    pub goal: Vec<Goal>,
    /// What a learner is asked to guess before it is measured. No points depend on it.
    #[serde(default)]
    pub predict: Vec<questions::Question>,
}

fn build_seconds() -> u64 {
    600
}

fn run_seconds() -> u64 {
    10
}

fn output_bytes() -> usize {
    1_000_000
}

/// For whom an exercise is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// Knows some Rust.
    Beginner,
    /// Has done the first exercises.
    Intermediate,
    /// Combines several things.
    Advanced,
    /// Works on their own crate.
    Capstone,
}

impl Level {
    /// The word in exercise.toml.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Beginner => "beginner",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
            Self::Capstone => "capstone",
        }
    }
}

/// A build that goals are judged by: `[build.NAME]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Build {
    /// Whose files are built.
    #[serde(default)]
    pub tree: Tree,
    /// The profile, as typed after `--profile`.
    pub profile: String,
    /// The program, where its name isn't the package's.
    #[serde(default)]
    pub(crate) bin: Option<String>,
    /// Settings that this build has instead of its profile's.
    #[serde(default)]
    pub set: BTreeMap<String, toml::Value>,
    /// How C's library is linked.
    #[serde(default)]
    pub(crate) linking: Linking,
    /// The file, among those that learners edit, that decides whether std is compiled with the program, and how.
    #[serde(default)]
    pub(crate) std: Option<Spanned<String>>,
}

/// How C's library is linked into a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Linking {
    /// As rustc links it for the target.
    #[default]
    Default,
    /// Into the file: the target feature `crt-static`, for the program only.
    Static,
    /// As the Containerfile sets, which then also names the profile, if it calls Cargo.
    Containerfile,
}

/// The file that `Linking::Containerfile` and goals of the kind `image` are about.
pub(crate) const CONTAINERFILE: &str = "Containerfile";

/// Whose files are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tree {
    /// The learner's.
    #[default]
    Learner,
    /// The course's own, on this machine, with this toolchain, whatever the environment says: the fair baseline.
    Starter,
}

/// Something to reach that a check can decide: `[[goal]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Goal {
    /// Its name, by which messages and the `needs` of other goals refer to it.
    pub id: Spanned<String>,
    /// Points for meeting it, all or none.
    pub points: u32,
    /// What is reached when it is met, in a few words.
    pub text: String,
    /// Goals that must be met before this one is judged.
    #[serde(default)]
    pub needs: Vec<Spanned<String>>,
    /// How it is judged.
    pub check: Check,
}

impl Exercise {
    /// The most points that the exercise can give: the sum over all its goals.
    pub fn points(&self) -> u32 {
        self.data.goal.iter().map(|goal| goal.points).sum()
    }

    /// The exercises that are better done before.
    pub(crate) fn after(&self) -> impl Iterator<Item = &str> {
        self.data.after.iter().map(|id| id.get_ref().as_str())
    }

    /// The question of this name.
    pub fn question(&self, name: &str) -> Option<&questions::Question> {
        self.data.predict.iter().find(|question| question.name.get_ref() == name)
    }

    /// The files that the learner changes, relative to the folder.
    pub fn edits(&self) -> impl Iterator<Item = &str> {
        self.data.edits.iter().map(|path| path.get_ref().as_str())
    }

    /// The codes of the problems that the fresh exercise has.
    pub fn starter_codes(&self) -> BTreeSet<Code> {
        self.data.starter_fails_with.iter().filter_map(|code| Code::of(code.get_ref())).collect()
    }

    /// The exercise's own hints for problems with this code; none if it has none.
    pub fn hints_for(&self, code: Code) -> &[String] {
        self.data.hints_for.get(code.name()).map_or(&[], Vec::as_slice)
    }

    /// What a machine needs for it.
    pub(crate) fn requires(&self) -> impl Iterator<Item = Requirement> {
        self.data.requires.iter().filter_map(|name| Requirement::of(name.get_ref()))
    }

    /// The files with settings of std that its builds follow, each once.
    pub(crate) fn std_files(&self) -> BTreeSet<&str> {
        self.data.build.values().filter_map(|build| Some(build.std.as_ref()?.get_ref().as_str())).collect()
    }

    /// The program that a build makes.
    pub(crate) fn bin(&self, build: &str) -> &str {
        self.build(build).bin.as_ref().unwrap_or(&self.data.package)
    }

    /// A build by its name; `load` has made sure that it exists.
    pub fn build(&self, name: &str) -> &Build {
        &self.data.build[name]
    }

    /// The starter files: the files that the learner edits, and the course's.
    pub fn starter(&self) -> PathBuf {
        self.folder.join("starter")
    }

    /// The manifest that the learner's builds read.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }
}

/// Every exercise of the course, by number.
///
/// # Errors
/// When there is none, or an exercise.toml is malformed (with its line).
pub fn all(root: &Path) -> Result<Vec<Exercise>> {
    let ids = ids(root)?;
    let all = ids.iter().map(|id| read(root, id)).collect::<Result<Vec<_>>>()?;
    order(&all)?;
    Ok(all)
}

/// What each exercise comes after must exist, and no exercise may come after itself, even indirectly.
fn order(all: &[Exercise]) -> Result<()> {
    let at = |exercise: &Exercise, name: &Spanned<String>, message: &str, label: &str, help: &str| -> Result<()> {
        let file = exercise.folder.join("exercise.toml");
        let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        bail!(diagnostic::in_file(&file, &text, name.span(), message, label, Some(help)))
    };
    let find = |id: &str| all.iter().find(|exercise| exercise.id == id);
    for exercise in all {
        for name in &exercise.data.after {
            if find(name.get_ref()).is_none() {
                let ids: Vec<&str> = all.iter().map(|exercise| exercise.id.as_str()).collect();
                let help = match nearest(name.get_ref(), ids.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the exercises are {}", ids.join(", ")),
                };
                return at(exercise, name, &format!("there is no exercise `{}`", name.get_ref()), "not known", &help);
            }
        }
    }
    for exercise in all {
        for name in &exercise.data.after {
            // Everything that must come before this one, step by step.
            let mut before = vec![name.get_ref().as_str()];
            let mut next = 0;
            while let Some(found) = before.get(next).and_then(|id| find(id)) {
                next += 1;
                let more: Vec<&str> = found.after().filter(|id| !before.contains(id)).collect();
                before.extend(more);
            }
            if before.contains(&exercise.id.as_str()) {
                let message = format!("{} comes after itself", exercise.id);
                let label = format!("and {} comes after {}", name.get_ref(), exercise.id);
                let label = if *name.get_ref() == exercise.id { String::new() } else { label };
                return at(exercise, name, &message, &label, "remove it here, or in one of the others");
            }
        }
    }
    Ok(())
}

fn ids(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("exercises");
    let mut ids: Vec<String> = fs::read_dir(&folder)
        .with_context(|| format!("can't read {}", folder.display()))?
        .flatten()
        .filter(|entry| entry.path().join("exercise.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    // ex2 before ex10.
    ids.sort_by_key(|id| {
        (id.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(u32::MAX), id.clone())
    });
    if ids.is_empty() {
        bail!(Failure::new(Exit::Usage, format!("there are no exercises in {}", folder.display())));
    }
    Ok(ids)
}

fn read(root: &Path, id: &str) -> Result<Exercise> {
    let folder = root.join("exercises").join(id);
    let file = folder.join("exercise.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    let data = parse(&file, &text)?;
    Ok(Exercise { id: id.to_owned(), folder, solution: root.join("solutions").join(id), data })
}

/// Reads exercise.toml, and checks what its names refer to.
fn parse(file: &Path, text: &str) -> Result<Data> {
    let data: Data = toml::from_str(text).map_err(|error| diagnostic::toml_error(file, text, &error))?;
    let wrong = |name: &Spanned<String>, message: &str, known: &[&str]| {
        let message = format!("{message} `{}`", name.get_ref());
        let help = match nearest(name.get_ref(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        diagnostic::in_file(file, text, name.span(), &message, "not known", Some(&help))
    };
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    for code in data.starter_fails_with.iter().chain(data.hints_for.keys()) {
        if Code::of(code.get_ref()).is_none() {
            bail!(wrong(code, "there is no diagnostic code", &codes));
        }
    }
    for path in &data.edits {
        let is_plain =
            Path::new(path.get_ref()).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if path.get_ref().is_empty() || !is_plain {
            let message = format!("`{}` isn't a path below the exercise's folder", path.get_ref());
            bail!(diagnostic::in_file(file, text, path.span(), &message, "not here", None));
        }
    }
    requires::validate(file, text, &data)?;
    let builds: Vec<&str> = data.build.keys().map(|name| name.get_ref().as_str()).collect();
    let mut goals: Vec<&str> = Vec::new();
    for goal in &data.goal {
        for build in goal.check.builds() {
            if !builds.contains(&build.get_ref().as_str()) {
                bail!(wrong(build, "there is no build", &builds));
            }
        }
        for needed in &goal.needs {
            if !goals.contains(&needed.get_ref().as_str()) {
                bail!(wrong(needed, "no goal above has the name", &goals));
            }
        }
        if goals.contains(&goal.id.get_ref().as_str()) {
            let message = format!("there are two goals `{}`", goal.id.get_ref());
            bail!(diagnostic::in_file(file, text, goal.id.span(), &message, "give it a different name", None));
        }
        if let Err((span, message)) = goal.check.validate(&data.edits) {
            bail!(diagnostic::in_file(file, text, span, &message, "", None));
        }
        goals.push(goal.id.get_ref());
    }
    for question in &data.predict {
        for build in question.measure.builds() {
            if !builds.contains(&build.get_ref().as_str()) {
                bail!(wrong(build, "there is no build", &builds));
            }
        }
        if let Some(goal) = question.when_met.iter().find(|goal| !goals.contains(&goal.get_ref().as_str())) {
            bail!(wrong(goal, "there is no goal", &goals));
        }
    }
    if let Err((span, message)) = questions::validate(&data) {
        bail!(diagnostic::in_file(file, text, span, &message, "", None));
    }
    Ok(data)
}

/// The digest of a file of an exercise as `pristine` keeps it: Windows line endings count as Unix line endings.
pub fn digest(bytes: &[u8]) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        if byte != b'\r' || bytes.get(index + 1) != Some(&b'\n') {
            plain.push(byte);
        }
    }
    hex(&hmac_sha256::Hash::hash(&plain))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An exercise from its text.
    pub(crate) fn literal(text: &str) -> Exercise {
        let data = parse(Path::new("exercise.toml"), text).unwrap_or_else(|error| panic!("{error:?}"));
        Exercise { id: "ex1".to_owned(), folder: "exercises/ex1".into(), solution: "solutions/ex1".into(), data }
    }

    /// The text of an exercise in which nothing is wrong.
    pub(crate) const GOOD: &str = r#"
title = "Title"
level = "beginner"
minutes = 15
teaches = ["lto"]
package = "word_freq"
edits = ["Cargo.toml"]
starter-fails-with = ["profile/missing-setting"]
hints = ["nudge", "where", "what"]
hints-for."profile/wrong-table" = ["look at the table's name"]
pristine = { "src/main.rs" = "00" }

[build.before]
tree = "starter"
profile = "release"

[build.after]
profile = "release"

[[goal]]
id = "output"
points = 2
text = "the same words"
[goal.check.output]
build = "after"
same-as = "before"
cases = 5
args = ["{words}"]

[[goal]]
id = "size"
points = 4
text = "smaller"
needs = ["output"]
[goal.check.size]
build = "after"
against = "before"
shrink-percent = 30
"#;

    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        let error = parse(Path::new("exercise.toml"), &GOOD.replace(from, to)).unwrap_err();
        error.downcast_ref::<Failure>().unwrap().snippet.clone().unwrap()
    }

    #[test]
    fn an_exercise_is_read() {
        let data = parse(Path::new("exercise.toml"), GOOD).unwrap();
        assert_eq!(data.goal.len(), 2);
        assert_eq!(data.build["before"].tree, Tree::Starter);
        assert_eq!(data.build["after"].tree, Tree::Learner);
    }

    #[test]
    fn a_name_that_points_nowhere_is_underlined() {
        insta::assert_snapshot!(error("against = \"before\"", "against = \"befor\""), @r#"
        error: there is no build `befor`
          --> exercise.toml:37:11
           |
        37 | against = "befor"
           |           ^^^^^^^ not known
           |
           = help: did you mean `before`?
        "#);
        assert!(error("needs = [\"output\"]", "needs = [\"size\"]").contains("no goal above has the name `size`"));
        assert!(
            error("\"profile/missing-setting\"", "\"profile/mising-setting\"")
                .contains("did you mean `profile/missing-setting`?")
        );
        assert!(error("edits = [\"Cargo.toml\"]", "edits = [\"../Cargo.toml\"]").contains("isn't a path below"));
        assert!(error("id = \"size\"", "id = \"output\"").contains("two goals `output`"));
    }

    #[test]
    fn the_order_of_exercises_has_a_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let course = |orders: &[(&str, &str)]| {
            for (id, after) in orders {
                let text = GOOD.replace("minutes = 15", &format!("minutes = 15\nafter = {after}"));
                let file = folder.path().join("exercises").join(id).join("exercise.toml");
                base::files::write_atomic(&file, text.as_bytes()).unwrap();
            }
            all(folder.path()).map_err(|error| error.downcast_ref::<Failure>().unwrap().snippet.clone().unwrap())
        };
        let good = course(&[("ex1", "[]"), ("ex2", "[\"ex1\"]"), ("ex3", "[\"ex1\", \"ex2\"]")]).unwrap();
        assert_eq!(good[2].after().collect::<Vec<_>>(), ["ex1", "ex2"]);
        let text = course(&[("ex1", "[\"ex3\"]")]).unwrap_err();
        assert!(text.contains("ex1 comes after itself") && text.contains("exercise.toml:5:10"), "{text}");
        let text = course(&[("ex1", "[\"ex1\"]")]).unwrap_err();
        assert!(text.contains("ex1 comes after itself"), "{text}");
        let text = course(&[("ex1", "[\"ex44\"]")]).unwrap_err();
        assert!(text.contains("there is no exercise `ex44`") && text.contains("did you mean"), "{text}");
    }

    #[test]
    fn an_unknown_key_or_kind_is_shown_with_its_line() {
        assert!(error("shrink-percent = 30", "shrink-percentage = 30").contains("exercise.toml:"));
        assert!(error("[goal.check.size]", "[goal.check.siez]").contains("unknown variant `siez`"));
        assert!(error("args = [\"{words}\"]", "args = [\"{wrods}\"]").contains("no placeholder `{wrods}`"));
        assert!(error("minutes = 15", "minutes = \"15\"").contains("expected u32"));
    }

    #[test]
    fn line_ends_do_not_change_a_digest_and_anything_else_does() {
        assert_eq!(digest(b"a\r\nb\n"), digest(b"a\nb\n"));
        assert_ne!(digest(b"a\rb\n"), digest(b"ab\n"));
    }
}
