//! The three formats, on one small class.

use super::*;
use crate::model::{Run, Unknown};
use std::path::PathBuf;

fn submission(student: &str, exercise: &str) -> Submission {
    Submission { student: student.to_owned(), exercise: exercise.to_owned(), ..Submission::default() }
}

fn class() -> Class {
    let seen = |student: &str, entry: &str, exercises: &[&str]| Seen {
        student: student.to_owned(),
        handle: Handle {
            entry: entry.to_owned(),
            ids: vec![student.to_owned()],
            late: entry.contains("LATE"),
            ..Handle::default()
        },
        exercises: exercises.iter().map(|exercise| (*exercise).to_owned()).collect(),
    };
    let taken = |submission: Submission, paths: &[&str]| Submission {
        files: paths.iter().map(|path| ((*path).to_owned(), Vec::new())).collect(),
        origin: PathBuf::new(),
        ..submission
    };
    let run = Run {
        exercises: vec!["ex1".to_owned(), "ex10".to_owned()],
        students: vec![
            seen("s001", "doejane_LATE_10001_900001_ex1.zip", &["ex1", "ex10"]),
            seen("s002", "s002", &["ex1"]),
            seen("s003\u{1b}[31m", "=1+1", &[]),
        ],
        unknown: vec![Unknown {
            student: "s02".to_owned(),
            entry: "s02.zip".to_owned(),
            nearest: Some("s022".to_owned()),
        }],
        missing: vec!["s004".to_owned(), "s005".to_owned()],
        ..Run::default()
    };
    let rejected = Submission {
        rejected: Some("no file in `ex1` was used: the exercise needs `Cargo.toml`, but there is only `Cargo.toml.txt` (Notepad adds .txt to a name)".to_owned()),
        ..submission("s002", "ex1")
    };
    let submissions = vec![
        Submission {
            ignored: vec!["ex1/target/".to_owned(), "ex1/build.rs".to_owned()],
            review: vec!["`ex1/cargo.toml` was used as Cargo.toml: only the case of its letters differs".to_owned()],
            ..taken(submission("s001", "ex1"), &["Cargo.toml"])
        },
        taken(submission("s001", "ex10"), &["answers.toml", "src/pipeline.rs"]),
        rejected,
    ];
    let passed = vec![("index.html".to_owned(), "an LMS adds it to the submissions".to_owned())];
    let notes = vec!["`index.html` was skipped: an LMS adds it to the submissions".to_owned()];
    Class { submissions, run, notes, passed }
}

#[test]
fn as_text_in_eighty_columns() {
    let class = class();
    let text = text(&List::of(&class), 80);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    insta::assert_snapshot!(text, @r#"
s001  (doejane_LATE_10001_900001_ex1.zip), late
  ex1   Cargo.toml
        needs review: `ex1/cargo.toml` was used as Cargo.toml: only the case of
            its letters differs
        skipped: ex1/target/, ex1/build.rs
  ex10  answers.toml, src/pipeline.rs
s002
  ex1  rejected: no file in `ex1` was used: the exercise needs `Cargo.toml`, but
      there is only `Cargo.toml.txt` (Notepad adds .txt to a name)
s003�[31m  (=1+1)
  nothing for these exercises

note: `index.html` was skipped: an LMS adds it to the submissions

3 students, 3 submissions; 1 rejected, 1 to review
in the roster, nothing handed in: 2 (s004, s005)
matches no student: `s02.zip`; the nearest is `s022`
"#);
}

#[test]
fn as_csv_without_a_formula() {
    let class = class();
    insta::assert_snapshot!(csv(&List::of(&class)).unwrap(), @r#"
student_id,entry,exercise,status,taken,passed_over,reason
s001,doejane_LATE_10001_900001_ex1.zip,ex1,needs-review,Cargo.toml,ex1/target/; ex1/build.rs,`ex1/cargo.toml` was used as Cargo.toml: only the case of its letters differs
s001,doejane_LATE_10001_900001_ex1.zip,ex10,found,answers.toml; src/pipeline.rs,,
s002,s002,ex1,rejected,,,"no file in `ex1` was used: the exercise needs `Cargo.toml`, but there is only `Cargo.toml.txt` (Notepad adds .txt to a name)"
s003,'=1+1,,nothing-found,,,
s02,s02.zip,,unknown,,,the nearest is s022
s004,,,missing,,,
s005,,,missing,,,
,index.html,,passed-over,,,an LMS adds it to the submissions
"#);
}

#[test]
fn as_json_with_the_keys_that_were_promised() {
    let class = class();
    let json: serde_json::Value = serde_json::to_value(List::of(&class)).unwrap();
    assert_eq!(json["schema"], "size-workshop/grade-list/1");
    testbed::schema::check(&json);
    assert_eq!(json["students"][0]["id"], "s001");
    assert_eq!(json["students"][0]["exercises"]["ex1"]["taken"], serde_json::json!(["Cargo.toml"]));
    assert_eq!(
        json["students"][0]["exercises"]["ex1"]["passed_over"],
        serde_json::json!(["ex1/target/", "ex1/build.rs"])
    );
    assert_eq!(json["students"][0]["late"], true);
    assert_eq!(json["missing"], serde_json::json!(["s004", "s005"]));
    assert_eq!(json["unknown"][0]["nearest"], "s022");
    assert!(json["students"][1]["exercises"]["ex1"]["rejected"].as_str().unwrap().contains("Notepad"));
}

#[test]
fn a_report_of_grades_is_no_format_of_a_list() {
    assert_eq!(format(&[]).unwrap(), GradeFormat::Text);
    assert_eq!(format(&[GradeFormat::Csv]).unwrap(), GradeFormat::Csv);
    for formats in [&[GradeFormat::Junit][..], &[GradeFormat::Html], &[GradeFormat::Csv, GradeFormat::Json]] {
        let failure = base::failure::failure_of(&format(formats).unwrap_err());
        assert_eq!((failure.exit, failure.help.as_deref()), (Exit::Usage, Some("choose --format text, json or csv")));
    }
}

#[test]
fn named_students_limit_the_list() {
    let mut class = class();
    limit(&mut class, &[]);
    assert_eq!(class.run.students.len(), 3);
    limit(&mut class, &["s002".to_owned()]);
    let text = text(&List::of(&class), 80);
    assert!(text.starts_with("s002\n") && text.contains("1 student, 1 submission; 1 rejected, 0 to review"), "{text}");
    assert!(!["s001", "s004", "s02.zip"].iter().any(|other| text.contains(other)), "{text}");
}
