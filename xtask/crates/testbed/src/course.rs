//! A small course in a temporary folder: one exercise whose program builds in a moment.

use crate::project::{Project, json, repository};
use assert_cmd::assert::Assert;
use serde_json::Value;
use std::fs;

/// The fresh manifest of the exercise.
pub const STARTER: &str = "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n# Your profile goes below.\n";
/// What its solution adds.
pub const PROFILE: &str = "[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n";
/// What the solution adds without LTO: a build takes a tenth of the time.
pub const QUICK_PROFILE: &str = "[profile.release]\nopt-level = \"z\"\nstrip = true\n";
/// Its program.
pub const SOURCE: &str = "fn main() {\n    for word in std::env::args().skip(1) {\n        println!(\"{}\", word.to_uppercase());\n    }\n}\n";

const EXERCISE: &str = r#"
title = "A tiny exercise"
level = "beginner"
minutes = 5
teaches = ["profiles"]
package = "tiny"
edits = ["Cargo.toml"]
starter-fails-with = ["profile/missing-setting", "size/not-small-enough"]
hints = ["nudge", "where", "what"]
hints-for."profile/wrong-table" = ["look at the name of the table"]
run-seconds = 2
output-bytes = 10000

[pristine]

[build.before]
tree = "starter"
profile = "release"

[build.after]
profile = "release"

[[goal]]
id = "profile"
points = 4
text = "a small profile"
[goal.check.profile]
profile = "release"
want.opt-level = ["z", "s"]
want.lto = [true]
want.strip = [true]

[[goal]]
id = "output"
points = 2
text = "the same words"
[goal.check.output]
build = "after"
same-as = "before"
cases = 3
args = ["{words}", "{number}"]

[[goal]]
id = "size"
points = 4
text = "a smaller file"
needs = ["output"]
[goal.check.size]
build = "after"
against = "before"
shrink-percent = 20
"#;

/// Questions before a check, which the tiny course asks only if a test needs them.
const QUESTIONS: &str = r#"
[build.small]
tree = "starter"
profile = "release"
set.strip = true

[[predict]]
name = "strip"
ask = "How much smaller does strip make the file?"
about = "strip alone"
page = "docs/src/strip.md"
measure.saved-percent = { build = "small", against = "before" }

[[predict]]
name = "code"
ask = "And its machine code?"
about = "machine code with strip"
page = "docs/src/strip.md"
measure.order = { build = "small", against = "before", section = ".text" }

[[predict]]
name = "own"
ask = "How many bytes will your change save?"
about = "your change"
page = "docs/src/profile.md"
when-met = ["size"]
measure.saved-bytes = { build = "after", against = "before" }
"#;

impl Project {
    /// A workshop whose only exercise is `ex1`, with the program `tiny`.
    pub fn course() -> Self {
        Self::course_with(EXERCISE, PROFILE)
    }

    /// The same without LTO, for tests that make many builds and examine none.
    pub fn quick_course() -> Self {
        let exercise =
            EXERCISE.replace("want.lto = [true]\n", "").replace("shrink-percent = 20", "shrink-percent = 10");
        Self::course_with(&exercise, QUICK_PROFILE)
    }

    /// The quick course with questions to guess about.
    pub fn asking_course() -> Self {
        let project = Self::quick_course();
        let text = project.read("exercises/ex1/exercise.toml");
        project.write("exercises/ex1/exercise.toml", &format!("{text}{QUESTIONS}"));
        project
    }

    fn course_with(exercise: &str, profile: &str) -> Self {
        let project = Self::plain_workshop();
        project.edit(
            "Cargo.toml",
            "members = [\"tiny\"]",
            "members = [\"tiny\"]\nexclude = [\"exercises\", \"solutions\"]",
        );
        project.write("exercises/ex1/exercise.toml", exercise);
        project.write("exercises/ex1/Cargo.toml", STARTER);
        project.write("exercises/ex1/starter/Cargo.toml", STARTER);
        project.write("exercises/ex1/Cargo.lock", "version = 4\n\n[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\n");
        project.write("exercises/ex1/src/main.rs", SOURCE);
        project
            .write("exercises/ex1/README.md", "# A tiny exercise\n\n`cargo xtask check ex1`, `cargo xtask hint ex1`\n");
        project.write("solutions/ex1/Cargo.toml", &format!("{STARTER}{profile}"));
        project.write("solutions/ex1/NOTES.md", "# Why\n\nBecause it is smaller.\n");
        project.run(&["author", "verify", "--write-digests"]).success();
        project
    }

    /// The learner writes these lines below the fresh manifest.
    pub fn profile(&self, lines: &str) {
        self.write("exercises/ex1/Cargo.toml", &format!("{STARTER}{lines}"));
    }

    /// `check ex1` as text.
    pub fn check(&self) -> Assert {
        self.run(&["check", "ex1"])
    }

    /// `check ex1` as JSON, and its exit code.
    pub fn check_json(&self) -> (i32, Value) {
        let assert = self.run(&["check", "ex1", "--format", "json"]);
        let code = assert.get_output().status.code().unwrap();
        (code, json(&assert))
    }

    /// The bytes of the built program, if there is one.
    pub fn was_built(&self) -> bool {
        fs::metadata(self.path("exercises/ex1/target")).is_ok()
    }
}

/// Every code of a check, with its line.
pub fn codes(document: &Value) -> Vec<(String, Option<u64>)> {
    let goals = document["goals"].as_array().unwrap().iter().flat_map(|goal| goal["diagnostics"].as_array().unwrap());
    let all = goals.chain(document["diagnostics"].as_array().unwrap());
    all.map(|problem| (problem["code"].as_str().unwrap().to_owned(), problem["line"].as_u64())).collect()
}

/// The verdict of a goal.
pub fn verdict<'a>(document: &'a Value, goal: &str) -> &'a str {
    let goals = document["goals"].as_array().unwrap();
    goals.iter().find(|found| found["id"] == goal).unwrap()["verdict"].as_str().unwrap()
}

/// Removes what varies from machine to machine and from run to run, so that the rest can be a snapshot.
pub fn settled(text: &str) -> String {
    let mut settled = String::new();
    for line in text.lines() {
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ') {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && !"-+".contains(c));
            let is_size = bare.trim_start_matches(['-', '+']).replace([',', '.'], "").parse::<u64>().is_ok()
                // `(-144 B)` is how far two builds are apart.
                && (bare.contains([',', '.']) || word.starts_with("(-") || word.starts_with("(+"));
            words.push(if is_size { word.replace(bare, "N") } else { word.to_owned() });
        }
        settled.push_str(words.join(" ").trim_end());
        settled.push('\n');
    }
    settled
}

/// The repository's pinned release of rustc.
pub fn pin() -> String {
    let text = fs::read_to_string(repository().join("rust-toolchain.toml")).unwrap();
    text.lines().find_map(|line| line.strip_prefix("channel = \"")).unwrap().trim_end_matches('"').to_owned()
}
