//! No student pays for the machine: graders that are starved, stopped and gone on with, or short of a quiet minute, and a whole
//! class of right submissions that must keep its points.

#![cfg(target_os = "linux")]

use std::time::Duration;
use std::{fs, thread};
use testbed::class::{Running, hand_in};
use testbed::class::{has_boxes, records, rows};
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::Project;

/// A class of right submissions, of which no two are equal.
fn right(project: &Project, students: usize) {
    for number in 1..=students {
        hand_in(project, &format!("s{number:03}"), &format!("{STARTER}# {number}\n{QUICK_PROFILE}"));
    }
}

/// Everyone has all points, and no row needs a person.
fn assert_all_right(project: &Project, students: usize, messages: &str) {
    let found = rows(project, "grades");
    assert_eq!(found.len(), students, "{messages}");
    let worse: Vec<&String> = found.iter().filter(|row| !row.ends_with(" 10 graded")).collect();
    assert!(worse.is_empty(), "{worse:#?}\n{messages}\n{}", project.read("grades/journal.jsonl"));
}

/// Processes that take all the CPU time there is, until this is dropped.
struct Load(Vec<Running>);

impl Load {
    fn start(project: &Project, words: &[&str], count: usize) -> Self {
        Self((0..count).map(|_| Running::start(project, words)).collect())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for running in &mut self.0 {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

#[test]
#[ignore = "grades a class with far too many workers: .ci/run runs it"]
fn twenty_four_workers_on_two_processors_cost_no_points() {
    if !has_boxes() {
        return;
    }
    let project = Project::quick_course();
    right(&project, 24);
    let load = Load::start(&project, &["sh", "-c", "while :; do :; done"], 4);
    let (code, messages) = Running::xtask(&project, &["grade", "class", "--jobs", "24"]).end();
    drop(load);
    assert_eq!(code, Some(0), "{messages}");
    assert_all_right(&project, 24, &messages);
}

#[test]
#[ignore = "stops a grader for some seconds: .ci/run runs it"]
fn a_grader_that_is_stopped_for_a_while_goes_on_as_if_nothing_had_been() {
    if !has_boxes() {
        return;
    }
    let project = Project::quick_course();
    right(&project, 16);
    let mut running = Running::xtask(&project, &["grade", "class", "--jobs", "8"]);
    running.wait_for(" ex1: ");
    // Its boxes have process groups of their own: a paused container or a suspended job stops them all.
    for _ in 0..2 {
        let all = with_descendants(running.child.id());
        signal(&all, rustix::process::Signal::STOP);
        thread::sleep(Duration::from_millis(2600));
        signal(&all, rustix::process::Signal::CONT);
        thread::sleep(Duration::from_millis(300));
    }
    let (code, messages) = running.end();
    assert_eq!(code, Some(0), "{messages}");
    assert_all_right(&project, 16, &messages);
}

#[test]
#[ignore = "stops a grader for some seconds: .ci/run runs it"]
fn a_grader_that_alone_is_stopped_loses_nothing_of_what_its_boxes_print() {
    if !has_boxes() {
        return;
    }
    let project = Project::quick_course();
    right(&project, 12);
    let mut running = Running::xtask(&project, &["grade", "class", "--jobs", "6"]);
    running.wait_for(" ex1: ");
    for _ in 0..3 {
        // As Ctrl-Z and `fg` do it: the boxes go on, and their time with them.
        signal(&[running.child.id()], rustix::process::Signal::STOP);
        thread::sleep(Duration::from_millis(2200));
        signal(&[running.child.id()], rustix::process::Signal::CONT);
        thread::sleep(Duration::from_millis(200));
    }
    let (code, messages) = running.end();
    assert_eq!(code, Some(0), "{messages}");
    assert_all_right(&project, 12, &messages);
}

/// A process and all that come from it.
fn with_descendants(process: u32) -> Vec<u32> {
    let mut all = vec![process];
    let mut at = 0;
    while at < all.len() {
        let tasks = fs::read_dir(format!("/proc/{}/task", all[at])).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        at += 1;
    }
    all
}

fn signal(processes: &[u32], signal: rustix::process::Signal) {
    for process in processes.iter().filter_map(|&process| i32::try_from(process).ok()) {
        if let Some(process) = rustix::process::Pid::from_raw(process) {
            // One that has ended meanwhile has nothing to be told.
            let _ = rustix::process::kill_process(process, signal);
        }
    }
}

#[test]
#[ignore = "grades a class on a disk that is kept busy: .ci/run runs it"]
fn a_slow_disk_and_a_busy_machine_cost_no_points() {
    if !has_boxes() {
        return;
    }
    let project = Project::quick_course();
    right(&project, 8);
    // Everything is written to a disk that is always written to, by a grader that gets what others leave over. Memory would be
    // too fast: there is none to build in.
    let busy = "while :; do dd if=/dev/zero of=busy bs=1M count=32 conv=fsync 2> /dev/null; done";
    let load = Load::start(&project, &["sh", "-c", busy], 2);
    let script = "mount -t tmpfs -o size=1m tmpfs /dev/shm 2> /dev/null; exec nice -n 19 \"$0\" grade class --jobs 4";
    let own_mounts = ["unshare", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_grading")];
    let words = if rustix::process::geteuid().is_root() { own_mounts.as_slice() } else { &own_mounts[2..] };
    let (code, messages) = Running::start(&project, words).end();
    drop(load);
    assert_eq!(code, Some(0), "{messages}");
    assert_all_right(&project, 8, &messages);
}

/// The program of the quick course, which says its words aloud.
pub(crate) const ONCE: &str = r#"fn main() {
    for word in std::env::args().skip(1) {
        println!("{}", word.to_uppercase());
    }
}
"#;

/// A course whose learners may write the program.
pub(crate) fn course_with_source() -> Project {
    let project = Project::quick_course();
    project.edit(
        "exercises/ex1/exercise.toml",
        "edits = [\"Cargo.toml\"]",
        "edits = [\"Cargo.toml\", \"src/main.rs\"]",
    );
    project.write("exercises/ex1/starter/src/main.rs", ONCE);
    project.write("exercises/ex1/src/main.rs", ONCE);
    project.write("solutions/ex1/src/main.rs", ONCE);
    project.run(&["author", "verify", "--write-digests"]).success();
    project
}

pub(crate) fn program(project: &Project, student: &str, source: &str) {
    hand_in(project, student, &format!("{STARTER}# {student}\n{QUICK_PROFILE}"));
    project.write(&format!("class/{student}/ex1/src/main.rs"), source);
}

/// A loop over the words that does something else with them.
fn with_words(body: &str) -> String {
    format!("fn main() {{\n    for word in std::env::args().skip(1) {{\n        {body}\n    }}\n}}\n")
}

#[test]
#[ignore = "grades eight submissions: .ci/run runs it"]
fn what_is_wrong_twice_is_final_and_what_is_wrong_once_is_for_a_person() {
    let project = course_with_source();
    let shout = "println!(\"{}\", word.to_uppercase());";
    program(&project, "s001", &with_words(shout));
    program(&project, "s002", &with_words("println!(\"{word}\");"));
    program(&project, "s003", &with_words("panic!(\"{word}\");"));
    program(&project, "s004", &with_words(&format!("{shout}\n        loop {{}}")));
    program(&project, "s005", "fn main() {\n    let x: u32 = \"no number\";\n}\n");
    // What it has done before is known from a file, which only a program without a box finds again.
    let seen = project.path("seen").display().to_string();
    let once = |body: &str| {
        let first =
            format!("if std::fs::read({seen:?}).is_err() {{ let _ = std::fs::write({seen:?}, b\"\"); {body} }}");
        format!("fn main() {{\n    {first}\n    for word in std::env::args().skip(1) {{\n        {shout}\n    }}\n}}\n")
    };
    program(&project, "s006", &once("println!(\"stalled\"); return;"));
    // A program that KILL ended may have been ended from outside. One that does it by itself does it again.
    let kill = "let _ = std::process::Command::new(\"kill\").args([\"-9\", &std::process::id().to_string()]).status();";
    program(&project, "s007", &with_words(kill));
    let killed = project.path("killed").display().to_string();
    program(&project, "s008", &once(kill).replace(&seen, &killed));
    let grade = |out: &str| {
        let assert = project.run(&["grade", "class", "--sandbox", "none", "--jobs", "2", "--out", out]).success();
        let all = records(&project, out);
        let mut found: Vec<_> = all
            .iter()
            .map(|record| {
                let text = |name: &str| record[name].as_str().unwrap().to_owned();
                (text("student"), text("status"), record["points"].as_u64().unwrap(), record["review"].to_string())
            })
            .collect();
        found.sort();
        (found, testbed::project::stderr(&assert))
    };
    let (found, messages) = grade("first");
    let short: Vec<String> =
        found.iter().map(|(student, status, points, _)| format!("{student} {status} {points}")).collect();
    let expected = [
        "s001 graded 10",
        "s002 graded 4",
        "s003 graded 4",
        "s004 timeout 4",
        "s005 build-failed 4",
        "s006 graded 10",
        "s007 graded 4",
        "s008 graded 10",
    ];
    assert_eq!(short, expected, "{found:#?}\n{messages}");
    // Only the one that was not the same twice needs a person.
    let others = found.iter().filter(|(student, ..)| student != "s006");
    assert!(others.into_iter().all(|(.., review)| !review.contains("run twice")), "{found:#?}");
    let why = "it was run twice, and the results differ (the goals `output`, `size`): `graded` with 4 of 10 points at first, and `graded` with 10 of 10 when it ran alone on the machine. The better result counts";
    assert!(found[5].3.contains(why), "{found:#?}");
}

#[test]
#[ignore = "lets the course's own program hang: .ci/run runs it"]
fn a_reference_that_does_not_end_is_no_grade_of_any_student() {
    let project = course_with_source();
    for student in ["s001", "s002", "s003"] {
        program(&project, student, &format!("{ONCE}// {student}\n"));
    }
    // The course's own program hangs as long as there is a file.
    let asleep = project.path("asleep").display().to_string();
    let hangs = ONCE
        .replace("fn main() {\n", &format!("fn main() {{\n    while std::path::Path::new({asleep:?}).exists() {{}}\n"));
    project.write("exercises/ex1/starter/src/main.rs", &hangs);
    project.run(&["author", "verify", "--write-digests"]).success();
    let mut running = Running::xtask(&project, &["grade", "class", "--sandbox", "none", "--jobs", "1"]);
    running.wait_for(" ex1: graded 10/10");
    project.write("asleep", "");
    let (code, messages) = running.end();
    assert_eq!(code, Some(3), "{messages}");
    let all = records(&project, "grades");
    for record in all.iter().filter(|record| record["status"] != "graded") {
        assert_eq!(record["status"], "infra-error", "{record:#}");
        let message = record["message"].as_str().unwrap();
        assert!(message.starts_with("the course's own `before` program was stopped because"), "{message}");
    }
    assert!(all.iter().filter(|record| record["status"] == "graded").all(|record| record["points"] == 10), "{all:#?}");
    // When it is awake again, the same command makes it good: nothing of it was kept.
    fs::remove_file(project.path("asleep")).unwrap();
    project.run(&["grade", "class", "--sandbox", "none", "--jobs", "1"]).success();
    assert_eq!(rows(&project, "grades"), ["s001 10 graded", "s002 10 graded", "s003 10 graded"]);
}
