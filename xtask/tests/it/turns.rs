//! The exercises' wrong turns: what learners change when they are in a hurry or stuck, and the messages they get. The
//! changes of an exercise are in `turns/exN.toml`; what the check and the next hint say to each of them is one
//! snapshot. Then all of them, the starter and the solution are graded as a class: the same files get the same points.

use assert_cmd::assert::Assert;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use testbed::class::{has_boxes, records};
use testbed::course::settled;
use testbed::project::{Project, stderr, stdout};

/// `turns/exN.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turns {
    turn: Vec<Turn>,
}

/// A wrong turn.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    /// What the learner thinks or does, in a few words.
    what: String,
    /// What they have before.
    #[serde(default)]
    before: Before,
    edit: Vec<Edit>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Before {
    Starter,
    #[default]
    Solution,
}

/// A replacement for some text, which must be there. Without `from`: the whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    from: Option<String>,
    to: String,
}

fn of(exercise: &str) -> Vec<Turn> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/turns/{exercise}.toml"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    toml::from_str::<Turns>(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).turn
}

/// Takes every turn of an exercise, each from its start, and returns the results.
fn told(project: &Project, exercise: &str) -> String {
    let data = project.read(&format!("exercises/{exercise}/exercise.toml"));
    let edits: Vec<String> = data.parse::<toml::Table>().unwrap()["edits"].clone().try_into().unwrap();
    let mut told = String::new();
    let mut checked = BTreeMap::new();
    for (student, before) in [("solution", Before::Solution), ("starter", Before::Starter)] {
        begin(project, exercise, &edits, &before);
        hand_in(project, exercise, &edits, student);
        checked.insert(student.to_owned(), goals(&stdout(&project.run(&["check", exercise]))));
    }
    for (index, turn) in of(exercise).into_iter().enumerate() {
        let _ = fs::remove_dir_all(project.path(".workshop"));
        begin(project, exercise, &edits, &turn.before);
        let others = take(project, exercise, &edits, &turn);
        let check = project.run(&["check", exercise]);
        // A file of the course that was changed is a separate error in a check, and grading doesn't take it.
        if others.is_empty() {
            let student = format!("turn-{index}");
            hand_in(project, exercise, &edits, &student);
            checked.insert(student, goals(&stdout(&check)));
        }
        told.push_str(&came_of(project, exercise, &turn, &check));
        // Files that aren't theirs are restored for the next turn.
        for (file, content) in others.into_iter().rev() {
            match content {
                Some(content) => project.write(&file, &content),
                None => fs::remove_file(project.path(&file)).unwrap(),
            }
        }
    }
    assert_eq!(graded(project, exercise), checked, "the same files, judged by `grade` and by `check`");
    told
}

/// The learner's files as they are before a turn.
fn begin(project: &Project, exercise: &str, edits: &[String], before: &Before) {
    let from = match before {
        Before::Starter => format!("exercises/{exercise}/starter"),
        Before::Solution => format!("solutions/{exercise}"),
    };
    for file in edits {
        project.write(&format!("exercises/{exercise}/{file}"), &project.read(&format!("{from}/{file}")));
    }
}

/// Makes the changes of a turn. The files among them that aren't the learner's, as they were: none where there was none.
fn take(project: &Project, exercise: &str, edits: &[String], turn: &Turn) -> Vec<(String, Option<String>)> {
    let mut others = Vec::new();
    for Edit { file, from, to } in &turn.edit {
        let is_other = !edits.contains(file);
        let file = format!("exercises/{exercise}/{file}");
        if is_other {
            others.push((file.clone(), fs::read_to_string(project.path(&file)).ok()));
        }
        match from {
            Some(from) => project.edit(&file, from, to),
            None => project.write(&file, to),
        }
    }
    others
}

/// What a check after a turn and the next hint say.
fn came_of(project: &Project, exercise: &str, turn: &Turn, check: &Assert) -> String {
    let folder = project.path("").display().to_string();
    let code = check.get_output().status.code().unwrap();
    let points = stdout(check).lines().find(|line| line.ends_with(" points")).unwrap_or("no points").to_owned();
    let problems: Vec<String> = stderr(check)
        .replace(&folder, "")
        .lines()
        .filter(|line| !line.starts_with("built ") && !line.starts_with("building "))
        .map(str::to_owned)
        .collect();
    let hint = stdout(&project.run(&["hint", exercise]).success());
    let hint: Vec<&str> = hint.lines().filter(|line| line.starts_with("  ")).collect();
    let (problems, hint) = (settled(problems.join("\n").trim()), settled(&hint.join("\n")));
    format!("## {}\nexit code {code}, {points}\n{problems}\n{hint}\n", turn.what)
}

/// The learner's files as a submission.
fn hand_in(project: &Project, exercise: &str, edits: &[String], student: &str) {
    for file in edits {
        let text = project.read(&format!("exercises/{exercise}/{file}"));
        project.write(&format!("class/{student}/{exercise}/{file}"), &text);
    }
}

/// Verdict and points of each goal, as in `pass 4/4 profile`.
type Goals = Vec<String>;

/// What a check's receipt says about each goal.
fn goals(receipt: &str) -> Goals {
    let goal = |line: &str| {
        let mut words = line.strip_prefix("  ")?.split_whitespace();
        let (verdict, points, id) = (words.next()?.to_lowercase(), words.next()?, words.next()?);
        let is_goal = matches!(verdict.as_str(), "pass" | "fail" | "skip") && points.contains('/');
        is_goal.then(|| format!("{verdict} {points} {id}"))
    };
    receipt.lines().filter_map(goal).collect()
}

/// The same for each submission of the class, as it is graded.
fn graded(project: &Project, exercise: &str) -> BTreeMap<String, Goals> {
    let sandbox = if has_boxes() { "bwrap" } else { "none" };
    project.run(&["grade", "class", "--exercise", exercise, "--jobs", "1", "--sandbox", sandbox]).success();
    let goal = |goal: &serde_json::Value| {
        let number = |key: &str| goal[key].as_u64().unwrap();
        let (verdict, id) = (goal["verdict"].as_str().unwrap(), goal["id"].as_str().unwrap());
        format!("{verdict} {}/{} {id}", number("points"), number("points_max"))
    };
    let goals = |record: &serde_json::Value| record["goals"].as_array().unwrap().iter().map(goal).collect();
    let records = records(project, "grades");
    records.iter().map(|record| (record["student"].as_str().unwrap().to_owned(), goals(record))).collect()
}

#[test]
fn every_exercise_has_three_wrong_turns() {
    let mut known = 0;
    // A number may be left out.
    for folder in fs::read_dir(testbed::project::repository().join("exercises")).unwrap() {
        let folder = folder.unwrap();
        if folder.path().join("exercise.toml").is_file() {
            let exercise = folder.file_name().into_string().unwrap();
            assert!(of(&exercise).len() >= 3, "{exercise}");
            known += 1;
        }
    }
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/turns")).unwrap();
    let files = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|kind| kind == "toml"));
    assert_eq!(files.count(), known, "a file of turns for an exercise that isn't there");
}

macro_rules! turns {
    ($($exercise:ident)*) => {
        $(
            #[test]
            #[ignore = "builds an exercise several times: .ci/run runs it"]
            fn $exercise() {
                let project = Project::copy_of_the_repository();
                let data = project.read(concat!("exercises/", stringify!($exercise), "/exercise.toml"));
                if data.contains("requires = [\"std-source\"]") && !crate::optional::has_source(&project) {
                    return;
                }
                insta::assert_snapshot!(stringify!($exercise), told(&project, stringify!($exercise)));
            }
        )*
    };
}

turns!(ex1 ex2 ex3 ex4 ex5 ex6 ex7 ex8 ex9 ex10 ex11 ex12 ex13 ex14 ex15 ex16 ex17);
