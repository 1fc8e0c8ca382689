//! Classes as LMSs export them, and names that need a look.

use super::*;

/// The Cargo.toml of ex1 in a zip, with this text in it.
fn zip(text: &str) -> Vec<u8> {
    zip_of(&[("ex1/Cargo.toml", Item::File(text.as_bytes()))])
}

/// Student, and what was taken for ex1 or why nothing was.
fn results(found: &Found) -> Vec<(&str, String)> {
    let text = |submission: &Submission| match &submission.rejected {
        Some(why) => format!("rejected: {why}"),
        None => submission.files.values().map(|bytes| String::from_utf8_lossy(bytes)).collect(),
    };
    found.submissions.iter().map(|submission| (submission.student.as_str(), text(submission))).collect()
}

fn only_ex1(files: &[(&str, &[u8])]) -> (Found, Vec<String>) {
    let class = class(files);
    let exercises = &exercises()[..1];
    let passed = submissions::find(class.path(), &Ask::of(exercises)).unwrap().passed;
    let found = find_with(class.path(), &Ask::of(exercises)).unwrap();
    (found, passed.into_iter().map(|(name, _)| name).collect())
}

#[test]
fn a_class_from_canvas() {
    let (found, passed) = only_ex1(&[
        ("doejane_LATE_10001_900001_ex1.zip", &zip("a")),
        ("roemax_10002_900002_ex1.zip", &zip("first")),
        ("roemax_10002_1000003_ex1-1.zip", &zip("second")),
        ("linmei_10003_900003_Cargo.toml", b"c"),
        ("leeann_10004_900004_Cargo.toml", b"first"),
        ("leeann_10004_900005_Cargo-1.toml", b"second"),
        ("kimjo_10005_text.html", b"<p>"),
        ("raypat_10006_900006_report.pdf", b"%PDF"),
        ("anon_aB3x9_900007_ex1.zip", &zip("g")),
        (".DS_Store", b""),
        ("roster.csv", b""),
    ]);
    let nothing = "rejected: found nothing for ex1, which needs Cargo.toml, in a folder of that name or at the top; there is only `report.pdf`";
    let text = "rejected: `kimjo_10005_text.html` is a text entry, a comment, or a link; no file was handed in with it";
    let expected = [
        ("10001", "a"),
        ("10002", "second"),
        ("10003", "c"),
        ("10004", "second"),
        ("10005", text),
        ("10006", nothing),
        ("aB3x9", "g"),
    ];
    assert_eq!(results(&found), expected.map(|(student, text)| (student, text.to_owned())));
    assert_eq!(passed, [".DS_Store", "roster.csv"]);
    assert_eq!(found.submissions[1].ignored, ["roemax_10002_900002_ex1.zip (handed in earlier)"]);
    assert!(found.notes.contains(&"`10002` ex1: the last of 2 submissions counts".to_owned()), "{:?}", found.notes);
}

#[test]
fn a_report_beside_the_work_is_passed_over_and_an_unreadable_archive_is_told() {
    let (found, _) = only_ex1(&[
        ("doejane_10001_900001_ex1.zip", &zip("a")),
        ("doejane_10001_900002_report.pdf", b"%PDF"),
        ("roemax_10002_900003_ex1.zip", &zip("b")),
        ("roemax_10002_900004_more.rar", b"Rar!"),
    ]);
    assert_eq!(results(&found), [("10001", "a".to_owned()), ("10002", "b".to_owned())]);
    let [first, second] = &found.submissions[..] else { panic!() };
    assert_eq!((&first.review, &first.ignored[..]), (&vec![], &["doejane_10001_900002_report.pdf".to_owned()][..]));
    assert!(second.review[0].contains("`more.rar` is a RAR archive"), "{:?}", second.review);
    // Where the LMS keeps attempts apart, the last one counts, also if nothing in it can be read.
    let (found, _) = only_ex1(&[
        ("123-456 - s001 - Nov 3, 2026 1159 PM/ex1.zip", &zip("first")),
        ("123-456 - s001 - Nov 4, 2026 1201 AM/ex1.rar", b"Rar!"),
    ]);
    assert!(results(&found)[0].1.contains("`ex1.rar` is a RAR archive"), "{:?}", results(&found));
    let earlier = "123-456 - s001 - Nov 3, 2026 1159 PM (handed in earlier)";
    assert_eq!(found.submissions[0].ignored, [earlier]);
}

#[test]
fn parts_of_one_canvas_submission_are_put_together_or_left_to_a_person() {
    let class = class(&[
        ("doejane_10001_900001_Cargo.toml", b"a"),
        ("doejane_10001_900002_main.rs", b"b"),
        (
            "roemax_10002_900003_work.zip",
            &zip_of(&[("Cargo.toml", Item::File(b"c")), ("src/main.rs", Item::File(b"d"))]),
        ),
        ("roemax_10002_900004_main.rs", b"e"),
    ]);
    let found = find_with(class.path(), &Ask::of(&exercises()[1..])).unwrap();
    assert_eq!(results(&found)[0], ("10001", "ab".to_owned()));
    assert!(results(&found)[1].1.contains("as several parts with the same exercise"), "{:?}", results(&found));
}

#[test]
fn a_class_from_moodle() {
    let (found, passed) = only_ex1(&[
        ("Jane Doe_101_assignsubmission_file_/ex1.zip", &zip("a")),
        ("Max Roe_102_assignsubmission_file_/Cargo.toml", b"b"),
        ("Mei Lin_103_assignsubmission_file/Ex1/Cargo.toml", b"c"),
        ("Participant_104_assignsubmission_file_ex1.zip", &zip("d")),
        ("Participant_105_assignsubmission_file_Cargo.toml", b"e"),
        ("Jane Doe_101_assignsubmission_onlinetext_/onlinetext.html", b"<p>"),
        ("Ann Lee_106_assignsubmission_onlinetext_/onlinetext.html", b"<p>"),
    ]);
    let text = "rejected: `Ann Lee_106_assignsubmission_onlinetext_` is a text entry, a comment, or a link; no file was handed in with it";
    let expected = [("101", "a"), ("102", "b"), ("103", "c"), ("104", "d"), ("105", "e"), ("106", text)];
    assert_eq!(results(&found), expected.map(|(student, text)| (student, text.to_owned())));
    assert_eq!(passed, ["Jane Doe_101_assignsubmission_onlinetext_"]);
}

#[test]
fn a_class_from_blackboard() {
    let of =
        |student: &str, time: &str, file: &str| format!("Exercise 1_{student}_attempt_2026-05-{time}-11-59-12{file}");
    let (first, second) = (zip("first"), zip("second"));
    let files = [
        (of("s301", "29", "_ex1.zip"), &first[..]),
        (of("s301", "29", ".txt"), b"Name: Jane Doe (s301)"),
        (of("s301", "30", "_ex1.zip"), &second),
        (of("s301", "30", ".txt"), b"Name: Jane Doe (s301)"),
        (of("s302", "30", "_Cargo.toml"), b"b"),
        (of("s303", "30", ".txt"), b"Name: Mei Lin (s303)"),
        (of("s304", "29", "_ex1.zip"), &first),
        (of("s304", "30", ".txt"), b"a comment alone"),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let (found, passed) = only_ex1(&files);
    let text = |name: &str| format!("`{name}` is a text entry, a comment, or a link; no file was handed in with it");
    let expected = [
        ("s301", "second".to_owned()),
        ("s302", "b".to_owned()),
        ("s303", format!("rejected: {}", text(files[5].0))),
        ("s304", "first".to_owned()),
    ];
    assert_eq!(results(&found), expected);
    assert_eq!(found.submissions[3].review, [text(files[7].0)], "what came later has no file: a person should know");
    assert_eq!(passed.len(), 2);
}

#[test]
fn a_class_from_brightspace() {
    let (found, passed) = only_ex1(&[
        ("123-456 - s001 - Nov 3, 2026 1159 PM/ex1.zip", &zip("first")),
        ("123-456 - s001 - Nov 4, 2026 1201 AM/ex1.zip", &zip("second")),
        ("124-456 - Jane Doe - Nov 3, 2026 105 PM/Cargo.toml", b"b"),
        ("125-456 - A007 - Max Roe - Nov 3, 2026 105 PM/a/ex1/Cargo.toml", b"c"),
        ("126-456 - Mei Lin - Nov 3, 2026 105 PM - Cargo.toml", b"d"),
        ("index.html", b"<html>"),
    ]);
    let expected = [("A007", "c"), ("Jane Doe", "b"), ("Mei Lin", "d"), ("s001", "second")];
    assert_eq!(results(&found), expected.map(|(student, text)| (student, text.to_owned())));
    assert_eq!(passed, ["index.html"]);
}

#[test]
fn a_class_from_gradescope_has_teams() {
    let metadata = "submission_1:\n  :submitters:\n  - :name: Jane\n    :sid: s001\n  - :name: Max\n    :sid: s002\n\
                    submission_2:\n  :submitters:\n  - :name: Mei\n    :email: mei@example.org\n";
    for folder in ["", "assignment_7_export/"] {
        let (found, _) = only_ex1(&[
            (&format!("{folder}submission_metadata.yml"), metadata.as_bytes()),
            (&format!("{folder}submission_1/Cargo.toml"), b"team"),
            (&format!("{folder}submission_2/ex1/Cargo.toml"), b"alone"),
            (&format!("{folder}submission_3/Cargo.toml"), b"unnamed"),
        ]);
        let expected = [("mei@example.org", "alone"), ("s001", "team"), ("s002", "team"), ("submission_3", "unnamed")];
        assert_eq!(results(&found), expected.map(|(student, text)| (student, text.to_owned())));
    }
}

#[test]
fn a_class_from_github_classroom() {
    let (found, _) = only_ex1(&[
        ("size-lab-octocat/exercises/ex1/Cargo.toml", b"a"),
        ("size-lab-octocat/Cargo.toml", b"workspace"),
        ("size-lab-octocat/.git/HEAD", b""),
        ("size-lab-hubot/Cargo.toml", b"b"),
        ("size-lab-hubot/.git/HEAD", b""),
    ]);
    assert_eq!(results(&found), [("hubot", "b".to_owned()), ("octocat", "a".to_owned())]);
}

#[test]
fn single_files_with_the_students_name_in_front_are_taken_without_an_lms() {
    let (found, passed) = only_ex1(&[
        ("s001_Cargo.toml", b"a"),
        ("s002-cargo.toml", b"b"),
        ("s003.zip", &zip("c")),
        ("Cargo.toml", b"whose?"),
        ("notes.md", b""),
    ]);
    let whose =
        "rejected: the name of `Cargo.toml` doesn't identify a student; put the student's id and a `_` in front of it";
    let notes = "rejected: found nothing for ex1, which needs Cargo.toml, in a folder of that name or at the top; there is only `notes.md`";
    let expected = [("Cargo", whose), ("notes", notes), ("s001", "a"), ("s002", "b"), ("s003", "c")];
    assert_eq!(results(&found), expected.map(|(student, text)| (student, text.to_owned())));
    assert_eq!(passed, Vec::<String>::new());
    let class = class(&[("Cargo.toml", b"")]);
    let failure = failure_of(&find_with(class.path(), &Ask::of(&exercises())).unwrap_err());
    assert!(failure.message.contains("this looks like one student's work"), "{}", failure.message);
}

#[test]
fn an_expression_finds_students_and_what_it_does_not_match_is_flagged_and_graded() {
    let class = class(&[
        ("hand-in s001 final/ex1/Cargo.toml", b"a"),
        ("hand-in s002.zip", &zip("b")),
        ("work of jane/ex1/Cargo.toml", b"c"),
        ("s003 Cargo.toml", b"d"),
        ("roster.csv", b""),
    ]);
    let exercises = &exercises()[..1];
    let regex = expression("(s[0-9]{3})").unwrap();
    let ask = Ask { student_from: Some(&regex), ..Ask::of(exercises) };
    let found = find_with(class.path(), &ask).unwrap();
    let expected = [("s001", "a"), ("s002", "b"), ("s003", "d"), ("work of jane", "c")];
    assert_eq!(results(&found), expected.map(|(student, text)| (student, text.to_owned())));
    assert_eq!(found.submissions[3].review, ["--student-from doesn't match the name `work of jane`"]);
    for (text, message) in [
        ("(s[0-9", "--student-from isn't a regular expression"),
        ("s[0-9]+", "--student-from has no group"),
        ("(a)(b)", "--student-from has 2 groups, and none is named `id`"),
    ] {
        let failure = failure_of(&expression(text).unwrap_err());
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.starts_with(message) && failure.help.is_some(), "{}", failure.message);
    }
    assert!(expression("(x)(?P<id>b)").is_ok());
}

#[test]
fn names_that_look_the_same_are_told_apart() {
    let (found, _) = only_ex1(&[("s001/ex1/Cargo.toml", b"a"), ("s\u{200b}001/ex1/Cargo.toml", b"b")]);
    assert_eq!(results(&found), [("s001", "a".to_owned()), ("s<U+200B>001", "b".to_owned())]);
    let why = "the name `s<U+200B>001` contains invisible characters";
    assert_eq!((&found.submissions[0].review[..], &found.submissions[1].review[..]), (&[][..], &[why.to_owned()][..]));
}

#[test]
fn the_results_of_grading_are_nobodys_work() {
    let class = class(&[("s001/ex1/Cargo.toml", b"a"), ("results/students/s001.html", b"")]);
    let exercises = exercises();
    let out = class.path().join("results");
    let ask = Ask { out: Some(&out), ..Ask::of(&exercises) };
    assert_eq!(find_with(class.path(), &ask).unwrap().students, ["s001"]);
}

#[test]
fn a_class_with_ten_thousand_entries_in_one_submission_or_in_all_is_listed() {
    let class = class(&[]);
    let many = class.path().join("s001");
    fs::create_dir_all(many.join("ex1")).unwrap();
    for at in 0..10_001 {
        fs::File::create(many.join(format!("f{at}"))).unwrap();
    }
    fs::create_dir_all(class.path().join("s002/ex1")).unwrap();
    write_atomic(&class.path().join("s002/ex1/Cargo.toml"), b"b").unwrap();
    let found = find_with(class.path(), &Ask::of(&exercises()[..1])).unwrap();
    assert!(results(&found)[0].1.contains("more than 10000 files"));
    assert_eq!(results(&found)[1].1, "b");
}

#[test]
fn a_document_named_for_a_student_of_the_roster_is_theirs() {
    let class = class(&[("s001/ex1/Cargo.toml", b"a"), ("s002.docx", b"PK"), ("roster.xlsx", b"PK")]);
    let exercises = &exercises()[..1];
    let found = find_with(class.path(), &Ask { is_student: &|name| name == "s002", ..Ask::of(exercises) }).unwrap();
    let results = results(&found);
    assert_eq!((results.len(), &results[0]), (2, &("s001", "a".to_owned())));
    assert!(results[1].0 == "s002" && results[1].1.ends_with("there is only `s002.docx`"), "{results:?}");
}

#[test]
fn a_single_file_that_almost_fits_is_a_row_with_the_likely_reason() {
    let files = [
        ("s001_Cargo.toml", "s001", ""),
        ("s002_Cargo.toml.txt", "s002", "`Cargo.toml.txt` (Notepad adds .txt to a name)"),
        ("s003.toml", "s003", "`s003.toml` (it may be Cargo.toml under a different name)"),
        ("Cargo_s007.toml", "s007", "`Cargo_s007.toml` (something was added to its name)"),
        ("s008.txt", "s008", "`s008.txt` (it may be Cargo.toml, renamed and saved as text, as Notepad does)"),
        ("s009_ex1.zip.part", "s009", "`ex1.zip.part` (an unfinished download)"),
        ("s010.zip.crdownload", "s010", "`s010.zip.crdownload` (an unfinished download)"),
        ("s011_Cargo (1).toml", "s011", "`Cargo (1).toml` (a second download or upload gets a name like this)"),
        ("s_012_Cargo.tml", "s_012", "`Cargo.tml` (misspelled)"),
        ("s013.pdf", "s013", "`s013.pdf`"),
        ("s014_report.docx", "s014", "`report.docx`"),
        ("jane", "jane", "`jane`"),
        (
            "twoann_10004_900004_Cargo-1.toml",
            "twoann_10004_900004",
            "`Cargo-1.toml` (a second download or upload gets a name like this)",
        ),
    ];
    let given: Vec<(&str, &[u8])> = files.iter().map(|(name, ..)| (*name, &b"a"[..])).collect();
    let (mut given, zip) = (given, zip("b"));
    given.extend([
        ("s020.zip", &zip[..]),
        ("s021.zip", &zip),
        ("gradebook.csv", &b"a"[..]),
        ("CS101 Grades.xlsx", b"PK"),
        ("Thumbs.db", b""),
    ]);
    let (found, passed) = only_ex1(&given);
    let found: BTreeMap<&str, String> = results(&found).into_iter().collect();
    for (name, student, there) in files {
        let text = &found[student];
        match there {
            "" => assert_eq!(text, "a"),
            _ => assert!(
                text.starts_with("rejected: found nothing for ex1")
                    && text.ends_with(&format!("there is only {there}")),
                "{name}: {text}"
            ),
        }
    }
    assert_eq!(found.len(), files.len() + 2);
    assert_eq!(passed, ["Thumbs.db", "CS101 Grades.xlsx", "gradebook.csv"]);
}

#[test]
fn the_roster_tells_where_the_student_ends_in_the_name_of_a_single_file() {
    let class = class(&[
        ("s_001_notes_Cargo.toml.txt", b"a"),
        ("s_002_ex1_Cargo.toml", b"b"),
        ("s_003_final.csv", b"c"),
        ("final.csv", b"d"),
    ]);
    let exercises = &exercises()[..1];
    let is_student = |name: &str| name.starts_with("s_00") && name.len() == 5;
    let found = submissions::find(class.path(), &Ask { is_student: &is_student, ..Ask::of(exercises) }).unwrap();
    let first: Vec<&str> = found.entries.iter().map(|entry| entry.handles[0].ids[0].as_str()).collect();
    assert_eq!(first, ["s_001", "s_002", "s_003"]);
    assert_eq!(found.entries[1].work[0].files["Cargo.toml"], b"b");
    assert_eq!(found.passed.len(), 1);
    // Without one, all of them are candidates.
    let found = submissions::find(class.path(), &Ask::of(exercises)).unwrap();
    assert!(found.entries.iter().all(|entry| entry.handles[0].ids.iter().any(|id| is_student(id))), "{found:#?}");
    // An expression has found the student; what the file is called is told all the same.
    let regex = expression("^(s_[0-9]{3})_").unwrap();
    let found = find_with(class.path(), &Ask { student_from: Some(&regex), ..Ask::of(exercises) }).unwrap();
    assert_eq!(found.students, ["s_001", "s_002", "s_003"]);
    assert!(results(&found)[0].1.ends_with("(Notepad adds .txt to a name)"), "{:?}", results(&found));
}

#[test]
fn a_note_about_what_was_passed_over_swallows_no_name_unseen() {
    let names: Vec<String> = (0..22).map(|at| format!("list{at:02}.csv")).collect();
    let mut files: Vec<(&str, &[u8])> = names[..7].iter().map(|name| (name.as_str(), &b""[..])).collect();
    files.push(("s001/ex1/Cargo.toml", b"a"));
    let note = |files: &[(&str, &[u8])]| only_ex1(files).0.notes.remove(0);
    assert!(names[..7].iter().all(|name| note(&files).contains(name)), "{}", note(&files));
    files.extend(names[7..].iter().map(|name| (name.as_str(), &b""[..])));
    assert!(note(&files).contains("and 2 more were skipped (`--list --format csv` names each)"), "{}", note(&files));
}
