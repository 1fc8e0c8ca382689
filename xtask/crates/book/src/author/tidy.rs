//! What can be checked without building an exercise: its texts, its files, its numbers.

use super::{digests, shortcuts};
use crate::prose;
use anyhow::Result;
use base::diagnostic::{self, shown};
use base::files;
use base::numbers::plural;
use course::approaches;
use course::exercise::{self, Check, Exercise, Goal, Tree, alias, kinds};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The most questions asked before a check.
const MOST_QUESTIONS: usize = 5;

/// The most characters of a question.
const LONGEST_QUESTION: usize = 140;

/// Where the pages are that a question may lead to.
const BOOK: &str = "docs/src/";

/// All problems, one sentence each.
///
/// # Errors
/// When a folder of the course cannot be read.
pub(super) fn problems(root: &Path, exercise: &Exercise) -> Result<Vec<String>> {
    let mut found = Found { id: &exercise.id, sentences: Vec::new() };
    let toml = shown(&exercise.folder.join("exercise.toml")).display().to_string();
    said(exercise, &toml, &mut found);
    questions(root, exercise, &toml, &mut found);
    builds(exercise, &toml, &mut found);
    stray_and_missing(exercise, &mut found)?;
    copies(exercise, &toml, &mut found);
    digests_of_both(exercise, &toml, &mut found)?;
    texts(exercise, &mut found);
    aliases(root, exercise, &mut found);
    mentions(root, exercise, &mut found);
    Ok(found.sentences)
}

/// What is wrong with an exercise so far.
struct Found<'a> {
    id: &'a str,
    sentences: Vec<String>,
}

impl Found<'_> {
    fn wrong(&mut self, text: &str) {
        self.sentences.push(format!("{}: {text}", self.id));
    }
}

/// What exercise.toml says to people.
fn said(exercise: &Exercise, toml: &str, found: &mut Found<'_>) {
    let data = &exercise.data;
    if data.title.trim().is_empty() || data.minutes == 0 || data.teaches.is_empty() {
        found.wrong(&format!("{toml}: title, minutes and teaches must not be empty"));
    }
    if data.hints.len() < 3 {
        found.wrong(&format!(
            "{toml}: {} instead of three: a nudge, where to look, and what to write",
            plural(data.hints.len(), "hint")
        ));
    }
    // A question that is added to an exercise in use has no points: what was handed in before keeps all of its own.
    let needs_points = |goal: &Goal| goal.points == 0 && !matches!(goal.check, Check::Answer(_));
    for goal in data.goal.iter().filter(|goal| needs_points(goal) || goal.text.trim().is_empty()) {
        found.wrong(&format!("{toml}: the goal `{}` needs points and a text", goal.id.get_ref()));
    }
}

/// Questions before a check are few and short, and lead to a page of the book that is there.
fn questions(root: &Path, exercise: &Exercise, toml: &str, found: &mut Found<'_>) {
    let questions = &exercise.data.predict;
    if questions.len() == 1 || questions.len() > MOST_QUESTIONS {
        let count = plural(questions.len(), "question");
        found.wrong(&format!("{toml}: [[predict]] has {count}; two to {MOST_QUESTIONS} are answered before a check"));
    }
    for question in questions {
        let name = question.name.get_ref();
        if question.ask.chars().count() > LONGEST_QUESTION {
            let message =
                format!("the question `{name}` is longer than {LONGEST_QUESTION} characters, but is asked on one line");
            found.wrong(&format!("{toml}: {message}"));
        }
        let page = question.page.get_ref();
        let (file, anchor) = page.split_once('#').map_or((page.as_str(), None), |(file, anchor)| (file, Some(anchor)));
        let is_in_book = file.starts_with(BOOK) && file.ends_with(".md") && !file.contains("..");
        let text = fs::read_to_string(root.join(file)).ok().filter(|_| is_in_book);
        let wrong = match (text, anchor) {
            (None, _) => format!("there is no page {file} in {BOOK}"),
            (Some(text), Some(anchor))
                if !prose::read(&text).headings.iter().any(|heading| heading.anchor == anchor) =>
            {
                format!("no heading of {file} has the anchor `{anchor}`")
            }
            _ => continue,
        };
        found.wrong(&format!("{toml}: the question `{name}` refers to a page or heading that doesn't exist: {wrong}"));
    }
    let readme = fs::read_to_string(exercise.folder.join("README.md")).unwrap_or_default();
    let call = format!("cargo xtask predict {}", exercise.id);
    if !questions.is_empty() && !readme.contains(&call) {
        found.wrong(&format!("README.md doesn't contain `{call}`, but the exercise has questions"));
    }
}

/// Builds that no goal or question uses.
fn builds(exercise: &Exercise, toml: &str, found: &mut Found<'_>) {
    for (name, build) in &exercise.data.build {
        let used = exercise.data.goal.iter().any(|goal| {
            let by_profile = matches!(&goal.check, Check::Profile(kinds::Profile { profile, .. })
                if *profile == build.profile && build.tree == Tree::Learner);
            by_profile || goal.check.builds().iter().any(|used| used.get_ref() == name.get_ref())
        });
        let mut guessed = exercise.data.predict.iter().flat_map(|question| question.measure.builds());
        if !used && !guessed.any(|used| used.get_ref() == name.get_ref()) {
            found.wrong(&format!("{toml}: no goal and no question uses the build `{}`", name.get_ref()));
        }
    }
}

/// The folders of the starter and the solution hold what they must, and nothing else.
fn stray_and_missing(exercise: &Exercise, found: &mut Found<'_>) -> Result<()> {
    let mut own: Vec<&str> = exercise.edits().collect();
    own.extend(["NOTES.md", shortcuts::FILE, approaches::FILE]);
    let all: Vec<&str> = exercise.edits().chain(exercise.data.pristine.keys().map(String::as_str)).collect();
    for (folder, allowed, what) in [
        (exercise.starter(), &all, "a file of the exercise"),
        (exercise.solution.clone(), &own, "a file that learners edit"),
    ] {
        let there: BTreeSet<String> = files::files(&folder)?
            .iter()
            .filter(|path| !path.ends_with(alias::FILE))
            .map(|path| path.to_string_lossy().replace('\\', "/"))
            .collect();
        for path in exercise.edits().filter(|path| !there.contains(*path)) {
            found.wrong(&format!("{} is missing", shown(&folder.join(path)).display()));
        }
        for path in there.iter().filter(|path| !allowed.contains(&path.as_str())) {
            found.wrong(&format!("{} isn't {what}", shown(&folder.join(path)).display()));
        }
    }
    Ok(())
}

/// The exercise is as its starter, and the starter as exercise.toml says.
fn copies(exercise: &Exercise, toml: &str, found: &mut Found<'_>) {
    let id = &exercise.id;
    for path in exercise.edits() {
        let (own, starter) = (exercise.folder.join(path), exercise.starter().join(path));
        if let (Ok(own_text), Ok(starter_text)) = (fs::read(&own), fs::read(&starter))
            && own_text != starter_text
        {
            let own = shown(&own);
            found.wrong(&format!(
                "{} isn't the same as in starter/; `cargo xtask reset {id}` restores it",
                own.display()
            ));
        }
    }
    for (path, digest) in &exercise.data.pristine {
        let copy = exercise.starter().join(path);
        if !fs::read(&copy).is_ok_and(|content| exercise::digest(&content) == *digest) {
            found.wrong(&format!(
                "{} doesn't match the digest of {path} in {toml}; to update both, run `cargo xtask author verify --write-digests {id}`",
                shown(&copy).display()
            ));
        }
    }
}

fn digests_of_both(exercise: &Exercise, toml: &str, found: &mut Found<'_>) -> Result<()> {
    let (own, copies) = (digests::of(exercise)?, digests::of_copies(exercise).unwrap_or_default());
    let data = &exercise.data;
    for (folder, digests, written) in [("", &own, &data.pristine), ("starter/", &copies, &data.starter)] {
        let names: BTreeSet<&String> = digests.keys().chain(written.keys()).collect();
        for name in names.into_iter().filter(|name| digests.get(*name) != written.get(*name)) {
            found.wrong(&format!(
                "{toml}: the digest of {folder}{name} is out of date; `cargo xtask author verify --write-digests {}` brings it up to date",
                exercise.id
            ));
        }
    }
    Ok(())
}

/// What learners read: it is there, has a title, and no dead link.
fn texts(exercise: &Exercise, found: &mut Found<'_>) {
    for text in [exercise.folder.join("README.md"), exercise.solution.join("NOTES.md")] {
        let Ok(content) = fs::read_to_string(&text) else {
            found.wrong(&format!("{} is missing", shown(&text).display()));
            continue;
        };
        for (link, line) in dead_links(&text, &content) {
            found.wrong(&format!("{}:{line}: there is no {link}", shown(&text).display()));
        }
        if !content.starts_with("# ") {
            found.wrong(&format!("{}:1: a page begins with its title", shown(&text).display()));
        }
    }
}

fn aliases(root: &Path, exercise: &Exercise, found: &mut Found<'_>) {
    if !alias::are_used(root) {
        return;
    }
    for (file, text) in alias::wanted(root, exercise) {
        if !fs::read_to_string(&file).is_ok_and(|there| there.replace("\r\n", "\n") == text) {
            found.wrong(&format!(
                "{}: `cargo xtask` doesn't work in this folder; `cargo xtask author verify --write-digests {}` writes the file",
                shown(&file).display(),
                exercise.id
            ));
        }
    }
}

/// Where the exercise has to be named: in its own README, and in the lists of all.
fn mentions(root: &Path, exercise: &Exercise, found: &mut Found<'_>) {
    let id = &exercise.id;
    let readme = fs::read_to_string(exercise.folder.join("README.md")).unwrap_or_default();
    for needed in [exercise.data.title.as_str(), &format!("cargo xtask check {id}"), &format!("cargo xtask hint {id}")]
    {
        if !readme.contains(needed) {
            found.wrong(&format!("README.md doesn't contain `{needed}`"));
        }
    }
    for (file, what) in
        [("exercises/README.md", "the list of exercises"), (".vscode/settings.json", "rust-analyzer's list")]
    {
        // A course in another folder need not have them.
        if let Ok(text) = fs::read_to_string(root.join(file))
            && !text.contains(id.as_str())
        {
            found.wrong(&format!("{file}: {what} doesn't name {id}"));
        }
    }
}

/// Links to files that are not there: the target, and the line.
fn dead_links(file: &Path, text: &str) -> Vec<(String, usize)> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut dead = Vec::new();
    for link in prose::read(text).links {
        let target = link.target.split('#').next().unwrap_or_default();
        if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
            dead.push((target.to_owned(), diagnostic::line_and_column(text, link.place.start).0));
        }
    }
    dead
}
