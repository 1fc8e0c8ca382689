//! Gradebooks as LMSs export them, filled in.

use super::*;
use crate::report::tests::row;
use base::failure::failure_of;

/// A row with a name and a score in hundredths.
fn scored(student: &str, exercise: &str, score: Option<i64>) -> Row {
    Row { score, raw_score: score, ..row(student, exercise) }
}

fn sheet(text: &str) -> Sheet {
    Sheet::parse(Path::new("template.csv"), text.as_bytes().to_vec()).unwrap()
}

fn gathered(rows: Vec<Row>) -> Gathered<'static> {
    let book = Gradebook { rows, ..Gradebook::default() };
    Gathered { contents: std::borrow::Cow::default(), book, roster: None, notes: Vec::new() }
}

fn titles() -> BTreeMap<String, String> {
    let titles = [("ex1", "A smaller release"), ("ex2", "Read a table"), ("ex10", "Small machine code")];
    titles.map(|(id, title)| (id.to_owned(), title.to_owned())).into()
}

/// The file as it becomes, the notes, and whether every grade found its row.
fn filled(lms: Lms, text: &str, rows: Vec<Row>, is_asked: bool) -> Result<(String, String, bool), Box<Failure>> {
    let sheet = sheet(text);
    let try_it = || -> Result<_> {
        let class = class(&sheet, lms)?;
        let gathered = gathered(rows);
        let exercises = exercises_of(&gathered.book);
        let (columns, notes) = columns::choose(&sheet, lms, &exercises, &titles(), is_asked)?;
        let filled = fill(&sheet, lms, &class, &columns, &gathered, &BTreeMap::new());
        let notes = notes.into_iter().chain(filled.notes).collect::<Vec<_>>().join("\n");
        Ok((String::from_utf8(sheet.with(&filled.changes)).unwrap(), notes, filled.is_complete))
    };
    try_it().map_err(|error| Box::new(failure_of(&error)))
}

const CANVAS: &str = "Student,ID,SIS User ID,SIS Login ID,Section,Exercise 1 (11),Exercise 10 (12),Final Score\n\
                      ,,,,,Manual Posting,,\n    Points Possible,,,,,10,20,(read only)\n\
                      \"Doe, Jane\",10001,u1,doej,\"CS 1, Mon\",,,50\n\
                      \"Cruz, Zo\u{eb}\",10002,u2,zoe@example.org,CS,8.00,N/A,\n\
                      \"Lin, Mei\",10003,u3,linm,CS,EX,3,\n\
                      \"Student, Test\",10099,,x,CS,,,\n";

#[test]
fn only_the_cells_of_grades_change() {
    let rows = vec![
        scored("10001", "ex1", Some(750)),
        scored("ZOE@example.org", "ex1", Some(800)),
        scored("linm", "ex1", Some(1000)),
        scored("10001", "ex10", Some(500)),
        scored("10002", "ex10", Some(1000)),
        scored("10003", "ex10", None),
    ];
    let (text, notes, is_complete) = filled(Lms::Canvas, CANVAS, rows, false).unwrap();
    assert_eq!(text, CANVAS.replace("\"CS 1, Mon\",,,50", "\"CS 1, Mon\",7.5,5,50"));
    assert!(is_complete, "{notes}");
    assert!(notes.contains("ex1: 1 cell left unchanged: marked EX or N/A in the LMS"), "{notes}");
    assert!(notes.contains("ex1: wrote 1 grade into `Exercise 1 (11)`; 1 already had it"), "{notes}");
    assert!(
        notes.contains("ex10: the maximum of `Exercise 10 (12)` in the LMS is 20, which differs from this course's"),
        "{notes}"
    );
    assert!(notes.contains("ex10: 1 cell left unchanged: no grade yet"), "{notes}");
}

#[test]
fn who_is_only_on_one_side_is_named_and_no_grade_is_lost_silently() {
    let mut not_in = scored("s099", "ex1", Some(0));
    not_in.status = "not-handed-in".to_owned();
    let mut nothing = scored("10003", "ex1", Some(0));
    nothing.status = "not-handed-in".to_owned();
    let rows = vec![scored("10001", "ex1", Some(1000)), scored("eve", "ex1", Some(1000)), not_in, nothing];
    let text = CANVAS.replace(",EX,", ",2,");
    let (filled, notes, is_complete) = filled(Lms::Canvas, &text, rows, false).unwrap();
    assert!(!is_complete);
    assert!(filled.contains("linm,CS,2,3,"), "{filled}");
    assert!(notes.contains("ex1: 1 grade not exported, because the student isn't in the template: eve"), "{notes}");
    assert!(notes.contains("ex1: 1 row in the template without a result: 10002"), "{notes}");
    let doubt = "ex1: 1 cell left unchanged instead of set to 0, because nothing was found from 10003, and an entry matches no student (eve). ";
    assert!(notes.contains(doubt), "{notes}");
    assert!(notes.ends_with("wrote 1 grade into `Exercise 1 (11)`"), "{notes}");
}

#[test]
fn nothing_handed_in_is_0_only_if_every_entry_has_its_student() {
    let nothing = Row { status: "not-handed-in".to_owned(), ..scored("10003", "ex1", Some(0)) };
    let text = CANVAS.replace(",EX,", ",2,");
    let (written, notes, is_complete) =
        filled(Lms::Canvas, &text, vec![scored("10001", "ex1", Some(1000)), nothing.clone()], false).unwrap();
    assert!(is_complete && written.contains("linm,CS,0,3,"), "{written}");
    assert!(notes.contains("ex1: 1 cell with 0: nothing was handed in"), "{notes}");
    assert!(notes.ends_with("wrote 2 grades into `Exercise 1 (11)` (1 had a different number)"), "{notes}");

    // An entry of which nothing could be graded; two with a roster, of which one is a student who has left.
    let sheet = sheet(&text);
    let class = class(&sheet, Lms::Canvas).unwrap();
    let with = |unknown: &[&str], roster: Option<&str>, decided: bool| {
        let reason = decided.then(|| "a medical certificate".to_owned());
        let rows = vec![
            Row { override_reason: reason, ..nothing.clone() },
            scored("gone", "ex1", Some(900)),
            scored("10001", "ex1", Some(900)),
        ];
        let mut gathered = gathered(rows);
        gathered.book.unknown =
            unknown.iter().map(|&id| crate::report::Unknown { student: id.to_owned(), ..Default::default() }).collect();
        gathered.roster = roster.map(|text| {
            let sheet = Sheet::parse(Path::new("roster.csv"), text.as_bytes().to_vec()).unwrap();
            roster::of_sheet(&sheet, &[]).unwrap()
        });
        let (columns, _) = columns::choose(&sheet, Lms::Canvas, &["ex1".to_owned()], &titles(), true).unwrap();
        let filled = fill(&sheet, Lms::Canvas, &class, &columns, &gathered, &BTreeMap::new());
        (String::from_utf8(sheet.with(&filled.changes)).unwrap(), filled.notes.join("\n"))
    };
    let roster = "student_id\n10003\ngone\n";
    assert!(with(&[], Some(roster), false).0.contains("linm,CS,0,3,"), "the roster knows who has left");
    assert!(with(&["10001"], Some(roster), false).0.contains("linm,CS,0,3,"), "the template knows who that is");
    assert!(with(&["x"], Some(roster), true).0.contains("linm,CS,0,3,"), "a person decided");
    let (left, notes) = with(&["x", "y"], Some(roster), false);
    assert!(left.contains("linm,CS,2,3,") && notes.contains("and 2 entries match no student (x, y)"), "{left}{notes}");
    assert!(with(&[], None, false).0.contains("linm,CS,2,3,"), "without a roster it may be anyone");
}

#[test]
fn two_of_ours_in_one_row_is_a_question_not_a_grade() {
    let jane = Row { first_name: "Jane".to_owned(), last_name: "Doe".to_owned(), ..scored("other", "ex1", Some(200)) };
    let rows = vec![scored("10001", "ex1", Some(1000)), jane];
    let (text, notes, is_complete) = filled(Lms::Canvas, CANVAS, rows, false).unwrap();
    assert_eq!(text, CANVAS);
    assert!(!is_complete && notes.contains("line 4 of the template matches 10001 and other"), "{notes}");
}

#[test]
fn the_column_is_found_by_its_name_or_a_person_decides() {
    let head = |columns: &str| {
        format!(
            "Student,ID,Section,{columns}\nPoints Possible,,,{}\n\"Doe, J\",1,A,{}\n",
            ",".repeat(columns.matches(',').count()),
            ",".repeat(columns.matches(',').count())
        )
    };
    let one = || vec![scored("1", "ex1", Some(900))];
    for columns in [
        "ex1 (1),ex10 (2)",
        "Exercise 10 (2),exercise 1 (1)",
        "EX 1 (1),EX 10 (2)",
        "A smaller release (1),Other (2)",
        "Exercise 1: a smaller release (1),Exercise 10 (2)",
        "Week 2 - ex1 - lab (1),Week 2 - ex10 - lab (2)",
        "Homework (1)",
        "Homework (1),ex1,Current Score",
        "ex1 (1),ex1 resubmission (2)",
    ] {
        let (text, ..) = filled(Lms::Canvas, &head(columns), one(), false).unwrap();
        let (head, cells) = (text.lines().next().unwrap(), text.lines().last().unwrap());
        let at = head.split(',').position(|name| name.ends_with("(1)")).unwrap();
        // The name has a comma.
        assert_eq!(cells.split(',').nth(at + 1), Some("9"), "{columns}: {cells}");
    }
    for (columns, what) in [
        ("ex1 (1),Exercise 1 (2)", "more than one column could be for ex1: `ex1 (1)`, `Exercise 1 (2)`"),
        ("Lab A (1),Lab B (2)", "no column is named after ex1; the template has `Lab A (1)`, `Lab B (2)`"),
        ("ex1,ex2", "there is no assignment column"),
    ] {
        let failure = filled(Lms::Canvas, &head(columns), one(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains(what) && failure.help.is_some(), "{}", failure.message);
    }
    // Of several exercises those without a column are noted, unless they were asked for.
    let two = || vec![scored("1", "ex1", Some(900)), scored("1", "ex2", Some(800))];
    let (text, notes, _) = filled(Lms::Canvas, &head("Exercise 1 (1),Other (2)"), two(), false).unwrap();
    assert!(text.ends_with(",9,\n") && notes.contains("ex2: no column of the template has its name"), "{text}{notes}");
    let failure = filled(Lms::Canvas, &head("Exercise 1 (1),Other (2)"), two(), true).unwrap_err();
    assert!(failure.message.contains("no column is named after ex2"), "{}", failure.message);
    let failure = filled(Lms::Canvas, &head("ex1 ex2 (1),Other (2)"), two(), false).unwrap_err();
    assert!(failure.message.contains("could be for ex1 or for ex2"), "{}", failure.message);
    // What Canvas works out is never a column for grades.
    let read_only = head("ex1 (1),ex10 (2)").replace("Possible,,,,", "Possible,,,(read only),");
    assert!(filled(Lms::Canvas, &read_only, one(), true).unwrap().0.ends_with(",1,A,,9\n"));
}

#[test]
fn a_worksheet_of_moodle_keeps_what_its_import_compares() {
    let text = "\u{feff}Identifier,\"Full name\",\"Email address\",Status,Grade,\"Maximum grade\",\"Grade can be changed\",\"Last modified (grade)\",\"Feedback comments\"\r\n\
                \"Participant 7\",\"Jane Doe\",j@example.org,Submitted,-,\"5,00\",Yes,-,\r\n\
                \"Participant 8\",\"Zoe\u{308} Cruz\",z@example.org,Submitted,\"\",\"5,00\",Yes,\"Monday, 25 May\",\"a \"\"b\"\"\"\r\n\
                \"Participant 9\",\"Mei Lin\",m@example.org,Submitted,,\"5,00\",No,-,\r\n";
    let rows = vec![
        scored("J@example.org", "ex1", Some(450)),
        scored("8", "ex1", Some(750)),
        scored("m@example.org", "ex1", Some(100)),
    ];
    let (filled_in, notes, is_complete) = filled(Lms::Moodle, text, rows, false).unwrap();
    assert_eq!(
        filled_in,
        text.replace("Submitted,-,", "Submitted,\"4,5\",").replace("Submitted,\"\",", "Submitted,\"7,5\",")
    );
    assert!(is_complete && notes.contains("1 grade above the LMS's maximum; Moodle's import skips them"), "{notes}");
    assert!(notes.contains("1 cell left unchanged: locked in the LMS"), "{notes}");

    let two = vec![scored("7", "ex1", Some(1)), scored("7", "ex2", Some(1))];
    let failure = filled(Lms::Moodle, text, two, false).unwrap_err();
    assert!(failure.message.contains("for one assignment") && failure.help.unwrap().contains("--exercise"));
}

#[test]
fn brightspace_keeps_its_indicator_and_its_ids() {
    let text = "OrgDefinedId,Username,Last Name,First Name,Exercise 1 Points Grade <Numeric MaxPoints:10 Weight:5>,Ex1 Text Grade,Exercise 1 Grade Symbol <Selectbox>,End-of-Line Indicator\r\n\
                #007,#jdoe,Doe,Jane,,,,#\r\n#008,#zcruz,Cruz,Zo\u{eb},9,,,#\r\n";
    let rows = vec![scored("007", "ex1", Some(1000)), scored("ZCRUZ", "ex1", Some(725))];
    let (filled_in, notes, _) = filled(Lms::Brightspace, text, rows, false).unwrap();
    assert_eq!(filled_in, text.replace("Jane,,", "Jane,10,").replace("\u{eb},9,", "\u{eb},7.25,"));
    assert!(!notes.contains("scaled"), "{notes}");
}

#[test]
fn a_template_of_another_kind_is_named() {
    for (lms, text, what) in [
        (Lms::Moodle, CANVAS, "it isn't a Moodle grading worksheet but a Canvas gradebook"),
        (
            Lms::Canvas,
            "student_id,score\ns1,1\n",
            "it isn't a Canvas gradebook; its columns begin with `student_id`, `score`",
        ),
        (Lms::Brightspace, "a\tb\n1\t2\n", "its columns begin with `a`, `b`"),
        (Lms::Moodle, "Identifier,Full name,Status\nParticipant 1,Jane,x\n", "no column `Grade`"),
    ] {
        let failure = filled(lms, text, vec![scored("1", "ex1", Some(1))], false).unwrap_err();
        assert!(failure.message.contains(what), "{}", failure.message);
        assert!(failure.help.is_some() && failure.place.is_some());
    }
}

#[test]
fn feedback_goes_to_the_latest_entry_of_the_exercise_that_is_exported() {
    let handle = |entry: &str, attempt: &str| Handle {
        entry: entry.to_owned(),
        attempt: attempt.to_owned(),
        ..Handle::default()
    };
    let run = |entries: &[(&str, &str, &str)], exercise: &str| crate::model::Run {
        students: entries
            .iter()
            .map(|(student, entry, attempt)| Seen {
                student: (*student).to_owned(),
                handle: handle(entry, attempt),
                exercises: vec![exercise.to_owned()],
            })
            .collect(),
        ..Default::default()
    };
    let contents = Contents {
        records: Vec::new(),
        runs: vec![
            run(&[("s1", "doe_1_11_old.zip", "1"), ("s2", "cruz_2_12_ex1.zip", ""), ("s3", "s3", "")], "ex1"),
            run(&[("s1", "doe_1_21_ex2.zip", "1")], "ex2"),
            run(&[("s1", "doe_1_31_ex1.zip", "2"), ("s4", "cruz_2_12_ex1.zip", "")], "ex1"),
        ],
    };
    let rows = ["s1", "s2", "s3", "s4", "s5"].map(|student| scored(student, "ex1", Some(700))).to_vec();
    let book = gathered(rows).book;
    let (zip, notes) = feedback::zip(Lms::Canvas, &book, &seen(&contents), &BTreeSet::from(["ex1"])).unwrap();
    let bytes = zip.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes.clone())).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["cruz_2_12_ex1.zip", "doe_1_31_ex1.zip"]);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("no feedback file for 1 entry, because Canvas doesn't name submissions"), "{notes:?}");
    assert!(notes[0].contains(": s3. "), "{notes:?}");
    // What is called a zip is one, with the student's page in it.
    let mut inner = Vec::new();
    std::io::copy(&mut archive.by_name("doe_1_31_ex1.zip").unwrap(), &mut inner).unwrap();
    let mut inner = zip::ZipArchive::new(std::io::Cursor::new(inner)).unwrap();
    let mut page = String::new();
    std::io::Read::read_to_string(&mut inner.by_name("feedback.html").unwrap(), &mut page).unwrap();
    assert!(page.contains("s1") && page.contains("7 of 10 points") && !page.contains("s2"), "{page}");
    let (again, _) = feedback::zip(Lms::Canvas, &book, &seen(&contents), &BTreeSet::from(["ex1"])).unwrap();
    assert_eq!(again.unwrap(), bytes, "the same bytes each time");
    let (none, _) = feedback::zip(Lms::Moodle, &book, &seen(&contents), &BTreeSet::from(["ex1"])).unwrap();
    assert!(none.is_none());
}

#[test]
fn numbers_of_points_are_read_as_each_lms_writes_them() {
    for (text, expected) in [
        ("7", Some(700)),
        ("7.5", Some(750)),
        ("7,50", Some(750)),
        ("10.00000", Some(1000)),
        ("0", Some(0)),
        ("7.255", None),
        ("-", None),
        ("", None),
        ("-1", None),
        ("EX", None),
        ("1.000,50", None),
    ] {
        assert_eq!(number(text), expected, "{text}");
    }
}

#[test]
fn a_guess_about_a_login_gives_no_grade_to_another_student() {
    let roster = roster::of_sheet(&sheet("student_id,login\ns1,uni-anna\n"), &[]).unwrap();
    let found = Seen {
        student: "s1".to_owned(),
        handle: Handle {
            entry: "lab-uni-anna".to_owned(),
            ids: ["anna", "lab-uni-anna", "uni-anna"].map(str::to_owned).to_vec(),
            ..Handle::default()
        },
        exercises: vec!["ex1".to_owned()],
    };
    let seen = BTreeMap::from([(("s1", "ex1"), &found)]);
    let row = scored("s1", "ex1", Some(700));
    assert_eq!(handle(&row, Some(&roster), &seen).ids, ["s1", "uni-anna", "", "lab-uni-anna"]);
    assert!(handle(&row, None, &seen).ids.contains(&"anna".to_owned()));
}
