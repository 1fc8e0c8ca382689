//! The files in docs/grading, which let a cluster, a CI service or a class platform grade: their own commands are run here,
//! by bash and by the engine where there is one, in the tiny course.

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use testbed::browser::left_out;
use testbed::class::has_boxes;
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, repository, run_step};
use testbed::schema;

/// The workflow that grades a class.
const WORKFLOW: &str = "docs/grading/github-actions/grade.yml";

/// The tiny course with a copy of docs/grading, in which `cargo xtask` is this repository's.
fn course() -> Project {
    let project = Project::quick_course();
    let manifest = repository().join("Cargo.toml");
    #[expect(clippy::unnecessary_debug_formatting, reason = "TOML quotes a path like this")]
    let alias = format!(
        "[alias]\nxtask = [\"run\", \"--quiet\", \"--manifest-path\", {manifest:?}, \"--package\", \"xtask\", \"--\"]\n"
    );
    project.write(".cargo/config.toml", &alias);
    fs::create_dir_all(project.path("docs/grading")).unwrap();
    for folder in fs::read_dir(repository().join("docs/grading")).unwrap() {
        let folder = folder.unwrap();
        if !folder.path().is_dir() {
            fs::copy(folder.path(), project.path("docs/grading").join(folder.file_name())).unwrap();
            continue;
        }
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let to = project.path("docs/grading").join(folder.file_name());
            fs::create_dir_all(&to).unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    project
}

/// What three students have handed in: right, untouched, a misspelled key.
fn class(project: &Project) {
    let wrong = QUICK_PROFILE.replace("opt-level", "opt_level");
    for (student, profile) in [("s001", QUICK_PROFILE), ("s002", ""), ("s003", wrong.as_str())] {
        project.write(&format!("class/{student}/ex1/Cargo.toml"), &format!("{STARTER}{profile}"));
    }
}

/// bash as an engine calls it.
fn bash(project: &Project, script: &str, env: &[(&str, &str)]) -> (Option<i32>, String) {
    let env: Vec<(&str, &OsStr)> = env.iter().map(|(name, value)| (*name, OsStr::new(value))).collect();
    run_step(&project.path(""), script, &env)
}

/// The scripts of a YAML file that call xtask: what stands after `key: `, or in the block after `key: |`.
fn scripts(text: &str, key: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let Some(rest) = line.trim_start().strip_prefix(key) else { continue };
        if rest.trim() != "|" {
            scripts.push(rest.trim().to_owned());
            continue;
        }
        let mut block = String::new();
        while let Some(line) = lines.next_if(|line| line.trim().is_empty() || line.starts_with(&" ".repeat(indent + 1)))
        {
            block.push_str(line.trim_start());
            block.push('\n');
        }
        scripts.push(block);
    }
    scripts.retain(|script| script.contains("cargo xtask"));
    scripts
}

fn only(mut scripts: Vec<String>, words: &str) -> String {
    scripts.retain(|script| script.contains(words));
    assert_eq!(scripts.len(), 1, "{words}: {scripts:#?}");
    scripts.remove(0)
}

#[test]
#[ignore = "grades a small class five times: .ci/run runs it"]
fn the_parts_of_a_workflow_and_of_an_indexed_job_make_the_whole_and_no_log_names_a_student() {
    if !has_boxes() {
        return;
    }
    let project = course();
    class(&project);
    project.run(&["grade", "class", "--out", "alone"]).success();
    let alone = project.read("alone/grades.csv");
    assert!(alone.contains("s001") && alone.contains("s003"));

    let workflow = scripts(&project.read(WORKFLOW), "run: ");
    let (part, merge) = (only(workflow.clone(), "--partition"), only(workflow, "--merge"));
    for number in ["1", "2"] {
        let (partition, out) = (format!("hash:{number}/2"), format!("parts/part-{number}"));
        let env = [("CLASS", "class"), ("PARTITION", partition.as_str()), ("OUT", out.as_str())];
        let (code, log) = bash(&project, &part, &env);
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains("s00"), "{log}");
        assert!(project.read(&format!("{out}/grade.log")).contains("note: graded"));
    }
    let (code, log) = bash(&project, &merge, &[]);
    assert_eq!((code, log.as_str()), (Some(0), ""));
    assert_eq!(project.read("grades/grades.csv"), alone);
    assert!(!project.path("parts/hidden-inputs.secret").exists(), "each part has one of its own");

    // What went wrong is told, with the exit code.
    let env = [("CLASS", "s009"), ("PARTITION", "hash:1/2"), ("OUT", "parts/none")];
    let (code, log) = bash(&project, &part, &env);
    assert_eq!(code, Some(2), "{log}");
    assert!(log.starts_with("error: ") && log.contains("\nhelp: "), "{log}");

    let part = only(scripts(&project.read("docs/grading/kubernetes/job.yml"), "- "), "--partition");
    let merge = only(scripts(&project.read("docs/grading/kubernetes/merge.yml"), "- "), "--merge");
    fs::rename(project.path("class"), {
        fs::create_dir(project.path("volume")).unwrap();
        project.path("volume/class")
    })
    .unwrap();
    let volume = project.path("volume");
    let volume = volume.to_str().unwrap();
    for index in ["0", "1"] {
        let env = [("JOB_COMPLETION_INDEX", index), ("JOB_COMPLETIONS", "2"), ("GRADING", volume)];
        let (code, log) = bash(&project, &part, &env);
        assert_eq!(code, Some(0), "{log}");
    }
    let (code, log) = bash(&project, &merge, &[("GRADING", volume)]);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(project.read("volume/grades/grades.csv"), alone);
    let secret = project.read("volume/hidden-inputs.secret");
    assert!(secret.len() == 65 && !project.path("volume/part-0/hidden-inputs.secret").exists(), "{secret}");
    let (code, _) = bash(&project, "docs/grading/hidden-inputs.sh volume", &[]);
    assert_eq!((code, project.read("volume/hidden-inputs.secret")), (Some(0), secret), "it is never replaced");
}

#[test]
fn the_number_of_parts_is_the_same_wherever_a_job_says_it() {
    let text = fs::read_to_string(repository().join("docs/grading/kubernetes/job.yml")).unwrap();
    let after = |words: &str| {
        let rest = text.split(words).nth(1).unwrap_or_else(|| panic!("job.yml does not say {words}"));
        rest.lines().next().unwrap().trim().trim_matches('"').to_owned()
    };
    let parts = after("  completions: ");
    assert!(parts.parse::<u32>().unwrap() > 1);
    assert_eq!(after("- name: JOB_COMPLETIONS\n              value: "), parts);
}

#[test]
#[ignore = "starts a Slurm on this machine: .ci/run runs it"]
fn a_slurm_array_job_on_two_nodes_of_which_one_is_lost_gives_the_grades_of_one_machine() {
    if !has_boxes() {
        return;
    }
    let project = course();
    let (code, log) = bash(&project, "docs/grading/slurm/loopback.sh", &[]);
    assert_eq!(code, Some(0), "{log}");
    if let Some(line) = log.lines().find(|line| line.starts_with("LEFT OUT: ")) {
        left_out(&line["LEFT OUT: ".len()..]);
        return;
    }
    for words in [
        "its two nodes are idle",
        "node2 is gone, with task ",
        "requeued task ",
        "the same grades.csv as on one machine",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let (code, log) = bash(&project, "docs/grading/slurm/submit.sh class out 0", &[]);
    assert!(code == Some(2) && log.starts_with("usage: "), "{log}");
}

#[test]
#[ignore = "grades two checkouts: .ci/run runs it"]
fn a_learner_of_a_classroom_checks_and_the_instructor_grades_the_checkouts() {
    let project = course();
    let text = project.read("docs/grading/classroom/classroom.yml");
    let check = only(scripts(&text, "run: "), "--format json");
    let mut own = scripts(&text, "command: ");
    own.retain(|script| script.ends_with("check ex1"));
    let own = only(own, "check ex1");

    // Goals that are not met are told, and are no failure of the step that writes the file.
    assert_eq!(bash(&project, &check, &[]), (Some(0), String::new()));
    let checked = schema::document(&project.read("check.json"));
    assert_eq!(checked["exercises"][0]["verdict"], "fail");
    assert_eq!(bash(&project, &own, &[]).0, Some(1));
    project.profile(QUICK_PROFILE);
    assert_eq!(bash(&project, &check, &[]).0, Some(0));
    assert_eq!(bash(&project, &own, &[]).0, Some(0));
    // A broken course is one.
    project.edit("exercises/ex1/exercise.toml", "minutes = 5", "minutes = \"a lot\"");
    assert_eq!(bash(&project, &check, &[]).0, Some(1));
    project.edit("exercises/ex1/exercise.toml", "minutes = \"a lot\"", "minutes = 5");

    // Points and exercises of the real course: none is forgotten, and the points are those of its goals.
    for exercise in fs::read_dir(repository().join("exercises")).unwrap() {
        let exercise = exercise.unwrap();
        let Ok(data) = fs::read_to_string(exercise.path().join("exercise.toml")) else { continue };
        let points = data.lines().filter_map(|line| line.strip_prefix("points = ")?.parse::<u32>().ok()).sum::<u32>();
        let id = exercise.file_name().into_string().unwrap();
        let step = text.split(&format!("id: {id}\n")).nth(1).unwrap_or_else(|| panic!("classroom.yml has no {id}"));
        assert!(step.contains(&format!("command: cargo xtask check {id}\n")), "{id}");
        let said = step.split("max-score: ").nth(1).unwrap().lines().next().unwrap();
        assert_eq!(said, points.to_string(), "max-score of {id}");
    }

    if has_boxes() {
        let hand_in = |student: &str, profile: &str| {
            let file = format!("submissions/size-{student}/exercises/ex1/Cargo.toml");
            project.write(&file, &format!("{STARTER}{profile}"));
        };
        hand_in("s001", QUICK_PROFILE);
        hand_in("s002", "");
        project.write("roster.csv", "student_id,last_name\nsize-s001,Student\nsize-s002,Student\nsize-s003,Absent\n");
        let (code, log) = bash(&project, "docs/grading/classroom/grade-checkouts.sh submissions out roster.csv", &[]);
        assert_eq!(code, Some(0), "{log}");
        let grades = project.read("out/grades.csv");
        assert!(grades.contains("size-s001") && grades.contains("size-s002"), "{grades}");
        assert!(grades.contains("size-s003,Absent"), "the roster is read: {grades}");
    }
    let (code, log) = bash(&project, "docs/grading/classroom/grade-checkouts.sh submissions", &[]);
    assert!(code == Some(2) && log.starts_with("usage: "), "{log}");
}

/// A folder as Gradescope makes it, from the zip file that make-zip.sh makes. Not below the course, whose `.cargo` would count
/// there, too.
fn gradescope() -> Option<Project> {
    let project = course();
    if bash(&project, "python3 --version", &[]).0 != Some(0) {
        left_out("there is no python3, which unpacks the zip file");
        return None;
    }
    let commit = "git init -q . && git add -A . && git -c user.name=s -c user.email=s@example.org commit -q -m course";
    let (code, log) = bash(&project, commit, &[]);
    assert_eq!(code, Some(0), "{log}");
    let autograder = Project::empty();
    let zip = autograder.path("autograder.zip");
    let (code, log) =
        bash(&project, "docs/grading/gradescope/make-zip.sh \"$ZIP\" ex1", &[("ZIP", zip.to_str().unwrap())]);
    assert_eq!(code, Some(0), "{log}");
    let (code, log) = bash(&autograder, "mkdir submission && python3 -m zipfile -e autograder.zip source", &[]);
    assert_eq!(code, Some(0), "{log}");
    Some(autograder)
}

/// What Gradescope documents of results.json, as far as we write it.
fn assert_results(results: &Value) {
    let visibilities = ["hidden", "after_due_date", "after_published", "visible"];
    let is_visibility = |value: &Value| visibilities.contains(&value.as_str().unwrap());
    assert!(results["score"].is_number() && results["output"].is_string(), "{results:#}");
    assert!(["text", "html", "simple_format", "md", "ansi"].contains(&results["output_format"].as_str().unwrap()));
    assert!(is_visibility(&results["visibility"]) && is_visibility(&results["stdout_visibility"]));
    let tests = results["tests"].as_array().unwrap();
    assert!(!tests.is_empty());
    for test in tests {
        assert!(test["score"].is_number() && test["max_score"].is_number(), "{test:#}");
        assert!(
            test["name"].is_string() && test["output"].is_string() && is_visibility(&test["visibility"]),
            "{test:#}"
        );
        assert!(["passed", "failed"].contains(&test["status"].as_str().unwrap()), "{test:#}");
    }
    for entry in results["leaderboard"].as_array().into_iter().flatten() {
        assert!(entry["name"].is_string() && entry["value"].is_u64() && entry["order"] == "asc", "{entry:#}");
    }
}

#[test]
#[ignore = "grades three submissions: .ci/run runs it"]
fn gradescope_gets_points_for_each_goal_and_a_failure_of_ours_is_told_as_ours() {
    let Some(project) = gradescope() else { return };
    let root = project.path("");
    let root = root.to_str().unwrap();
    let grade = || {
        let (code, log) = bash(&project, "bash source/run_autograder", &[("AUTOGRADER_ROOT", root)]);
        assert_eq!(code, Some(0), "{log}");
        let results: Value = serde_json::from_str(&project.read("results/results.json")).unwrap();
        assert_results(&results);
        (results, log)
    };
    // A file without a folder, as the page's upload gives it.
    project.write("submission/Cargo.toml", &format!("{STARTER}{QUICK_PROFILE}"));
    let (right, _) = grade();
    assert_eq!(right["score"], 10.0, "{right:#}");
    assert_eq!(right["tests"].as_array().unwrap().len(), 3);
    assert_eq!(right["leaderboard"][0]["name"], "Binary size (bytes)");
    let sandbox = if has_boxes() { "bwrap" } else { "none" };
    assert_eq!(right["extra_data"]["sandbox"], sandbox);

    fs::remove_file(project.path("submission/Cargo.toml")).unwrap();
    project.write("submission/ex1/Cargo.toml", STARTER);
    let (wrong, _) = grade();
    assert_eq!(wrong["score"], 2.0, "{wrong:#}");

    // The course is broken.
    project.edit("source/course/exercises/ex1/exercise.toml", "minutes = 5", "minutes = \"a lot\"");
    let (ours, log) = grade();
    assert_eq!((&ours["score"], &ours["extra_data"]["infra_error"]), (&Value::from(0), &Value::from(true)));
    assert!(ours["output"].as_str().unwrap().contains("the course's fault, not yours"), "{ours:#}");
    assert!(log.contains("exercise.toml") && log.contains("the autograder failed"), "{log}");
}

#[test]
fn a_zip_file_for_gradescope_wants_an_exercise_that_there_is() {
    let project = course();
    let (code, log) = bash(&project, "docs/grading/gradescope/make-zip.sh autograder.zip ex9", &[]);
    assert!(code == Some(2) && log.contains("exercises/ex9/exercise.toml is missing"), "{log}");
    let (code, log) = bash(&project, "docs/grading/gradescope/make-zip.sh autograder.zip", &[]);
    assert!(code == Some(2) && log.starts_with("usage: "), "{log}");
}
