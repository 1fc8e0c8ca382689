//! Rosters of our own form and of each LMS, on literal tables.

use super::*;
use base::failure::{Exit, Failure, failure_of};

fn parsed(text: &str) -> Result<Roster, Box<Failure>> {
    let sheet = Sheet::parse(Path::new("class.csv"), text.as_bytes().to_vec());
    let roster = sheet.and_then(|sheet| of_sheet(&sheet, &["ex1", "ex2"]));
    roster.map_err(|error| Box::new(failure_of(&error)))
}

/// The line, and the message.
fn refused(text: &str) -> (usize, String) {
    let failure = parsed(text).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.help.is_some());
    let place = failure.place.unwrap();
    assert_eq!(place.file, Path::new("class.csv"));
    (place.line.unwrap_or(0), failure.message)
}

#[test]
fn columns_come_in_any_order_and_spelling_with_a_byte_order_mark_and_crlf() {
    let text = "\u{feff}Email, LAST_NAME ,student,First_Name,due\r\n\
                s1@example.org,\"Doe, Jr.\",s001,Jo,2026-05-31T23:59:00+02:00\r\n\r\n,,=cmd(),,\r\n";
    let roster = parsed(text).unwrap();
    assert_eq!(roster.notes, Vec::<String>::new());
    let due = Time { text: "2026-05-31T23:59:00+02:00".into(), seconds: 1_780_264_740 };
    let first = Row {
        student: "s001".into(),
        first_name: "Jo".into(),
        last_name: "Doe, Jr.".into(),
        email: "s1@example.org".into(),
        due: Some(due),
        line: 2,
        ..Row::default()
    };
    assert_eq!(roster.rows, [first, Row { student: "=cmd()".into(), line: 4, ..Row::default() }]);
}

#[test]
fn a_column_that_is_not_read_is_a_note() {
    let roster = parsed("student_id,Section\ns001,7\n").unwrap();
    assert_eq!(roster.notes, ["class.csv: the column \"Section\" is ignored"]);
    assert_eq!(roster.rows.len(), 1);
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_column() {
    assert_eq!(refused(""), (0, "there is nothing in it".into()));
    assert_eq!(refused("name\ns001\n"), (1, "there is no column student_id".into()));
    assert_eq!(refused("student,Student_ID\n"), (1, "there are two columns student_id".into()));
    assert_eq!(refused("student,due\n\ns001,\n\ns002,tomorrow\n").0, 5);
    assert_eq!(refused("student,due\ns001,tomorrow\n").1, "column due: \"tomorrow\" isn't a time");
    assert_eq!(refused("student,due\r\ns001,\r\n ,\r\n"), (3, "column student_id: the cell is empty".into()));
    assert_eq!(refused("student,email,due\ns1,\"a\nb\",\ns2,,x\n").0, 4);
    let ragged = refused("student,due\ns001,,\n");
    assert_eq!(ragged, (2, "the line has 3 cells, but the first line has 2".into()));
    let unknown = refused("student,exercise\ns001,ex01\n");
    assert_eq!(unknown, (2, "column exercise: there is no exercise \"ex01\"".into()));
}

#[test]
fn separators_and_encodings_of_excel_are_read() {
    let expected = parsed("student_id,email\ns001,a@example.org\n").unwrap();
    for text in ["student_id;email\r\ns001;a@example.org\r\n", "\u{feff}student_id\temail\ns001\ta@example.org"] {
        assert_eq!(parsed(text).unwrap(), expected);
    }
}

#[test]
fn two_rows_of_the_same_student_and_exercise_are_an_error() {
    let twice = refused("student,email\ns001,a\ns001,b\n");
    assert_eq!(twice, (3, "column student_id: \"s001\" is already in line 2".into()));
    let twice = refused("student,exercise\ns001,\ns001,ex1\ns001,ex1\n");
    assert_eq!(twice, (4, "column student_id: \"s001\" is already in line 3 for ex1".into()));
}

#[test]
fn a_row_for_one_exercise_wins_over_the_row_for_all() {
    let roster = parsed(
        "student,exercise,due,submitted,email\n\
         s001,,2026-05-01T00:00:00Z,2026-04-30T00:00:00Z,a@example.org\n\
         s001,ex2,2026-06-01T00:00:00Z,,\n\
         s002,ex2,2026-06-01T00:00:00Z,,b@example.org\n",
    )
    .unwrap();
    let due = |student: &str, exercise: &str| roster.of(student, exercise)?.due.map(|due| due.text);
    assert_eq!(due("s001", "ex1").as_deref(), Some("2026-05-01T00:00:00Z"));
    assert_eq!(due("s001", "ex2").as_deref(), Some("2026-06-01T00:00:00Z"));
    assert_eq!(roster.of("s001", "ex2").unwrap().submitted.unwrap().text, "2026-04-30T00:00:00Z");
    assert_eq!(due("s002", "ex1"), None);
    assert_eq!(roster.of("s002", "ex1").unwrap().email, "b@example.org");
    assert_eq!(roster.of("s003", "ex1"), None);
}

#[test]
fn a_file_that_is_no_text_or_not_there_is_a_failure_with_help() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("class.csv");
    let failed = || failure_of(&read(&path, &[]).unwrap_err());
    assert_eq!((failed().exit, failed().message), (Exit::Usage, "there is no class.csv".to_owned()));
    base::files::write_atomic(&path, b"student\nJos\xe9\n").unwrap();
    assert_eq!(failed().place.unwrap().line, Some(2));
    base::files::write_atomic(&path, b"student\n").unwrap();
    assert_eq!(failed().message, "the roster has no students");
    base::files::write_atomic(&path, b"student\ns001\n").unwrap();
    assert_eq!(read(&path, &[]).unwrap().rows.len(), 1);
}

#[test]
fn ids_are_one_whatever_their_case_space_and_unicode_form() {
    let roster = parsed("student,exercise,email\nS077,,a\nS077,ex1,b\nZoe\u{308} 1,,c\n").unwrap();
    assert_eq!(roster.students().collect::<Vec<_>>(), ["S077", "Zoe\u{308} 1"]);
    assert_eq!(roster.canonical(" s077 "), Some("S077"));
    assert_eq!(roster.canonical("zo\u{eb}  1"), Some("Zoe\u{308} 1"));
    assert_eq!(roster.canonical("s07"), None);
    let row = roster.of("s077", "ex1").unwrap();
    assert_eq!((row.student.as_str(), row.email.as_str()), ("S077", "a"));

    let twice = refused("student\nS077\ns001\ns077\n");
    assert_eq!(
        twice,
        (4, "column student_id: \"s077\" and \"S077\" in line 2 are the same id, written in two ways".into())
    );
    assert_eq!(refused("student,exercise\ns1,\nS1,ex1\n").0, 3);
    let hidden = refused("student\ns\u{200b}001\n");
    assert!(hidden.1.contains("(U+200B)"), "{}", hidden.1);
}

#[test]
fn logins_numbers_submissions_and_teams_are_columns() {
    let roster = parsed("student,login,lms_id,submission,group\ns1,doe,10001,doejane_10001,red\ns2,,,,red\n").unwrap();
    assert_eq!(roster.notes, Vec::<String>::new());
    let row = roster.of("s1", "ex1").unwrap();
    assert_eq!(
        (row.also, row.submission.as_str(), row.team.as_str()),
        (vec!["doe".into(), "10001".into()], "doejane_10001", "red")
    );
    assert_eq!(roster.of("s2", "ex1").unwrap().also, Vec::<String>::new());
}

/// Student, last and first name, address, and what else identifies them.
fn class(text: &str) -> Vec<String> {
    let roster = parsed(text).unwrap();
    assert!(roster.lms.is_some());
    let row = |row: &Row| {
        [&row.student, &row.last_name, &row.first_name, &row.email, &row.also.join("+")].map(String::as_str).join("|")
    };
    roster.rows.iter().map(row).collect()
}

#[test]
fn a_canvas_gradebook_has_students_and_rows_that_are_none() {
    let text = "Student,ID,SIS User ID,SIS Login ID,Section,Exercise 1 (55),Current Score\n\
                ,,,,,Manual Posting,\n\
                \"    Points Possible\",,,,,10,(read only)\n\
                \"Doe, Jane\",10001,u1,doej,CS 1,,\n\
                \"O'Neil, Zoë\",10002,u2,zoe@example.org,CS 1,EX,\n\
                \"=\"\"=1+1\"\"\",10003,,x,CS 1,,\n\
                \"Student, Test\",99,,99f,CS 1,,\n";
    let expected = ["10001|Doe|Jane||u1+doej", "10002|O'Neil|Zoë||u2+zoe@example.org", "10003|=1+1|||x"];
    assert_eq!(class(text), expected);
    // Without SIS ids, with two columns for the name, in Excel's form.
    let text = "LastName;FirstName;ID;SIS Login ID;Section;Ex1 (55)\r\nPoints Possible;;;;;10,00\r\n\
                Doe;Jane;10001;doej;CS 1;7,5\r\nStudent;Test;99;x;CS 1;\r\n";
    assert_eq!(class(text), ["10001|Doe|Jane||doej"]);
    let notes = parsed(text).unwrap().notes;
    assert_eq!(notes, ["class.csv: read as a Canvas gradebook with 1 student"]);
}

#[test]
fn moodle_brightspace_blackboard_gradescope_and_classroom_are_read() {
    let worksheet = "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade)\n\
                     Participant 12345,Jane Doe,jane@example.org,Submitted,-,10.00,-\n";
    assert_eq!(class(worksheet), ["jane@example.org|Jane Doe||jane@example.org|12345+Participant 12345"]);
    let anonymous = "Identifier,Status,Grade\nParticipant 7,No submission,\n";
    assert_eq!(class(anonymous), ["7||||Participant 7"]);
    let with_number = "Identifier,Full name,ID number,Email address,Grade\nTeilnehmer 7,Jane Doe,CS 01,j@example.org,\nParticipant 8,Li Mei,,l@example.org,\n";
    let expected = [
        "CS 01|Jane Doe||j@example.org|j@example.org+7+Teilnehmer 7",
        "l@example.org|Li Mei||l@example.org|8+Participant 8",
    ];
    assert_eq!(class(with_number), expected);
    let participants = "First name,Last name,ID number,Email address,Groups\nJane,Doe,u1,jane@example.org,red\n";
    assert_eq!(class(participants), ["u1|Doe|Jane|jane@example.org|jane@example.org"]);
    let brightspace = "OrgDefinedId,Username,Last Name,First Name,Email,Ex1 Points Grade,End-of-Line Indicator\n\
                       #007,#jdoe,Doe,Jane,jane@example.org,,#\n";
    assert_eq!(class(brightspace), ["007|Doe|Jane|jane@example.org|jdoe"]);
    assert_eq!(class("Username,Ex1 Points Grade,End-of-Line Indicator\n#jdoe,,#\n"), ["jdoe||||"]);
    let blackboard = "\"Last Name\"\t\"First Name\"\t\"Username\"\t\"Student ID\"\t\"Ex1 [Total Pts: 10 Score] |12345\"\n\
                      \"Doe\"\t\"Jane\"\t\"s301\"\t\"u1\"\t\"\"\n";
    assert_eq!(class(blackboard), ["s301|Doe|Jane||u1"]);
    assert_eq!(
        class("First Name,Last Name,SID,Email\nJane,Doe,77,j@example.org\n"),
        ["77|Doe|Jane|j@example.org|j@example.org"]
    );
    assert_eq!(
        class("Full Name,Email,Role\nJane Doe,j@example.org,Student\n"),
        ["j@example.org|Jane Doe||j@example.org|"]
    );
    let classroom = "\"identifier\",\"github_username\",\"github_id\",\"name\"\n\"s001\",\"jdoe\",\"1\",\"\"\n\"s002\",\"\",\"\",\"\"\n";
    assert_eq!(class(classroom), ["s001||||jdoe+1", "s002||||"]);
}

#[test]
fn blackboards_utf_16_is_read() {
    let text = "\u{feff}Last Name\tFirst Name\tUsername\nDoe\tZoë\ts301\n";
    let bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let roster = of_sheet(&Sheet::parse(Path::new("gc.xls"), bytes).unwrap(), &[]).unwrap();
    assert_eq!((roster.rows[0].student.as_str(), roster.rows[0].first_name.as_str()), ("s301", "Zoë"));
}

#[test]
fn a_table_that_only_looks_like_one_of_an_lms_is_explained() {
    let (line, message) = refused("Student,SIS Login ID,Section,Ex1 (1)\n\"Doe, Jane\",doej,CS,1\n");
    assert_eq!(
        (line, message.as_str()),
        (
            1,
            "it looks like a Canvas gradebook (it has `section`, `sis login id`, `student`), but the column `id` is missing"
        )
    );
    let (_, message) = refused("Identifier,Nombre\nParticipant 1,Jane\n");
    assert!(message.contains("Moodle grading worksheet") && message.contains("is missing"), "{message}");
    // Rows without an id are named, and no id may be there twice.
    let notes = parsed("SID,Email\n1,a\n,\n,\n2,b\n").unwrap().notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    let notes = parsed("identifier,github_username\ns1,a\n,b\n").unwrap().notes;
    assert!(notes[1].ends_with("skipped 1 row without an id: line 3"), "{notes:?}");
    assert_eq!(refused("SID,Email\n1,a\n1,b\n").0, 3);
}

#[test]
fn the_staff_in_a_roster_are_not_students() {
    let text = "First Name,Last Name,SID,Email,Role\nJane,Doe,77,j@example.org,Student\nIda,Roe,,i@example.org,Instructor\n\
                Tim,Poe,78,t@example.org,TA\nRia,Lee,79,r@example.org,reader\nNo,Role,80,n@example.org,\n";
    assert_eq!(class(text), ["77|Doe|Jane|j@example.org|j@example.org", "80|Role|No|n@example.org|n@example.org"]);
    let notes = parsed(text).unwrap().notes;
    let staff = "class.csv: skipped 3 rows of staff, whose role isn't student";
    assert_eq!(notes, ["class.csv: read as a Gradescope roster with 2 students", staff]);
}
