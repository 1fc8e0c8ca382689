//! Classes as they come: tidy ones, mixed ones, and hostile ones.

use super::super::archive::tests::{Item, gzip, tar_of, zip_of};
use super::super::archive::{CAPS, Caps};
use super::*;
use crate::exit::failure_of;
use crate::tree::write_atomic;
use std::ffi::OsString;
use std::fs;
use tempfile::TempDir;

fn class(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        write_atomic(&folder.path().join(path), bytes).unwrap();
    }
    folder
}

/// An exercise whose starter has the word `starter` in each file.
pub fn wanted(id: &str, edits: &[&str]) -> Wanted {
    let starter = edits.iter().map(|edit| ((*edit).to_owned(), b"starter".to_vec())).collect();
    Wanted { id: id.to_owned(), edits: edits.iter().map(|edit| (*edit).to_owned()).collect(), starter }
}

fn exercises() -> Vec<Wanted> {
    vec![wanted("ex1", &["Cargo.toml"]), wanted("ex3", &["Cargo.toml", "src/main.rs"])]
}

/// A class without a roster.
#[derive(Debug)]
struct Found {
    submissions: Vec<Submission>,
    notes: Vec<String>,
    students: Vec<String>,
}

fn chosen_by_name(entries: &[Entry], exercises: &[Wanted]) -> (Vec<Submission>, Vec<Seen>, Vec<String>) {
    let handles: Vec<&Handle> = entries.iter().flat_map(|entry| &entry.handles).collect();
    chosen(entries, &owners(entries, by_name(&handles)), exercises)
}

fn find_with(dir: &Path, ask: &Ask<'_>) -> Result<Found> {
    let found = submissions::find(dir, ask)?;
    let (submissions, students, notes) = chosen_by_name(&found.entries, ask.exercises);
    let notes = found.notes.into_iter().chain(notes).collect();
    Ok(Found { submissions, notes, students: students.into_iter().map(|seen| seen.student).collect() })
}

fn found(class: &TempDir) -> Found {
    find_with(class.path(), &Ask::of(&exercises())).unwrap()
}

/// Student, exercise, and the files that were taken.
type Taken<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

fn taken(found: &Found) -> Vec<Taken<'_>> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    found
        .submissions
        .iter()
        .map(|submission| {
            assert_eq!(submission.rejected, None, "{submission:?}");
            let files = submission.files.iter().map(|(path, bytes)| (path.as_str(), text(bytes))).collect();
            (submission.student.as_str(), submission.exercise.as_str(), files)
        })
        .collect()
}

/// Student, exercise, and why it is rejected.
fn rejected(found: &Found) -> Vec<(&str, &str, &str)> {
    let rejected = found.submissions.iter().filter_map(|submission| {
        let why = submission.rejected.as_deref()?;
        assert!(submission.files.is_empty() && !why.ends_with('.'));
        Some((submission.student.as_str(), submission.exercise.as_str(), why))
    });
    rejected.collect()
}

#[test]
fn every_layout_is_found_in_a_fixed_order() {
    let plain = [("ex3/src/main.rs", Item::File(b"c3")), ("ex1/Cargo.toml", Item::File(b"c1"))];
    let checkout = [
        ("workshop-main/", Item::Folder),
        ("workshop-main/solutions/ex1/Cargo.toml", Item::File(b"stolen")),
        ("workshop-main/exercises/ex1/Cargo.toml", Item::File(b"d1")),
    ];
    let mac = [("ex1/Cargo.toml", Item::File(b"f1")), ("__MACOSX/ex1/._Cargo.toml", Item::File(b"?"))];
    let class = class(&[
        ("s002/exercises/ex1/Cargo.toml", b"b1"),
        ("s002/solutions/ex1/Cargo.toml", b"stolen"),
        ("s002/docs/README.md", b""),
        ("s001/ex3/Cargo.toml", b"a3"),
        ("s001/ex1/Cargo.toml", b"a1"),
        ("s003.zip", &zip_of(&plain)),
        ("s004.tar.gz", &gzip(&tar_of(&checkout))),
        ("s005.TGZ", &gzip(&tar_of(&plain))),
        ("s006.tar", &tar_of(&mac)),
        ("s007/repository/exercises/ex1/Cargo.toml", b"g1"),
        // The name is wrong, and the bytes count.
        ("s008.zip", &tar_of(&mac)),
    ]);
    let found = found(&class);
    let expected = [
        ("s001", "ex1", vec![("Cargo.toml", "a1")]),
        ("s001", "ex3", vec![("Cargo.toml", "a3")]),
        ("s002", "ex1", vec![("Cargo.toml", "b1")]),
        ("s003", "ex1", vec![("Cargo.toml", "c1")]),
        ("s003", "ex3", vec![("src/main.rs", "c3")]),
        ("s004", "ex1", vec![("Cargo.toml", "d1")]),
        ("s005", "ex1", vec![("Cargo.toml", "c1")]),
        ("s005", "ex3", vec![("src/main.rs", "c3")]),
        ("s006", "ex1", vec![("Cargo.toml", "f1")]),
        ("s007", "ex1", vec![("Cargo.toml", "g1")]),
        ("s008", "ex1", vec![("Cargo.toml", "f1")]),
    ];
    assert_eq!(taken(&found), expected);
    assert_eq!(found.notes, Vec::<String>::new());
    assert_eq!(found.students, ["s001", "s002", "s003", "s004", "s005", "s006", "s007", "s008"]);
    assert_eq!(found.submissions[5].origin, class.path().join("s004.tar.gz"));
}

#[test]
fn what_was_smuggled_in_is_named_first_and_never_taken() {
    let mut files: Vec<(String, &[u8])> = (0..30).map(|at| (format!("s001/ex1/a{at:02}.txt"), &b""[..])).collect();
    let smuggled = [
        ".cargo/config.toml",
        "ex1/.cargo/config.toml",
        "ex1/Cargo.toml",
        "ex1/build.rs",
        "ex1/rust-toolchain.toml",
        "ex1/target/release/word_freq",
        "ex3/src/main.rs",
        "rust-toolchain",
        "zoo/deep/file",
    ];
    files.extend(smuggled.iter().map(|path| (format!("s001/{path}"), &b"x"[..])));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    let items: Vec<_> = files.iter().map(|(path, bytes)| (&path[5..], Item::File(bytes))).collect();
    let expected = [
        ".cargo/config.toml",
        "ex1/.cargo/config.toml",
        "ex1/build.rs",
        "ex1/rust-toolchain.toml",
        "ex1/target/",
        "rust-toolchain",
        "ex1/a00.txt",
    ];
    for class in [class(&files), class(&[("s001.zip", &zip_of(&items))])] {
        let found = found(&class);
        let first = &found.submissions[0];
        assert_eq!(first.files.keys().collect::<Vec<_>>(), ["Cargo.toml"]);
        assert_eq!(first.ignored[..7], expected);
        assert_eq!((first.ignored.len(), first.ignored[20].as_str()), (21, "and 17 more"));
        assert_eq!(found.submissions[1].ignored, [".cargo/config.toml", "rust-toolchain", "zoo/"]);
    }
}

#[test]
fn a_checkout_names_what_lies_beside_the_exercise_by_its_folder() {
    let class = class(&[
        ("s001/exercises/ex1/Cargo.toml", b""),
        ("s001/exercises/ex1/src/main.rs", b""),
        ("s001/exercises/README.md", b""),
        ("s001/docs/src/a.md", b""),
        ("s001/Cargo.toml", b""),
        ("s001/.git/config", b""),
        ("s001/exercises.txt", b""),
    ]);
    let ignored = &found(&class).submissions[0].ignored;
    let expected =
        [".git/", "Cargo.toml", "docs/", "exercises.txt", "exercises/README.md", "exercises/ex1/src/main.rs"];
    assert_eq!(ignored[..], expected);
}

#[cfg(unix)]
#[test]
fn nothing_follows_a_link_wherever_it_is() {
    use std::os::unix::fs::symlink;
    let class = class(&[
        ("s001/ex1/README.md", b""),
        ("s002/ex3/README.md", b""),
        ("s003/README.md", b""),
        ("s004/README.md", b""),
        ("s005/ex1/Cargo.toml", b"good"),
    ]);
    let secret = tempfile::tempdir().unwrap();
    write_atomic(&secret.path().join("ex1/Cargo.toml"), b"secret").unwrap();
    write_atomic(&secret.path().join("main.rs"), b"secret").unwrap();
    write_atomic(&secret.path().join("s.zip"), &zip_of(&[("ex1/Cargo.toml", Item::File(b"secret"))])).unwrap();
    let link = |target: &str, name: &str| symlink(secret.path().join(target), class.path().join(name)).unwrap();
    link("ex1/Cargo.toml", "s001/ex1/Cargo.toml");
    link("", "s002/ex3/src");
    link("ex1", "s003/ex1");
    link("", "s004/exercises");
    link("main.rs", "s005/ex1/notes.txt");
    link("", "s006");
    link("s.zip", "s007.zip");
    link("nowhere", "s008");
    let found = found(&class);
    let of_both = |student, why| [(student, "ex1", why), (student, "ex3", why)];
    let mut expected = vec![
        ("s001", "ex1", "`ex1/Cargo.toml` is a link, and links are not followed"),
        ("s002", "ex3", "`ex3/src` is a link, and links are not followed"),
        ("s003", "ex1", "`ex1` is a link, and links are not followed"),
    ];
    expected.extend(of_both("s004", "`exercises` is a link, and links are not followed"));
    expected.extend(of_both("s006", "`s006` is a link, and links are not followed"));
    expected.extend(of_both("s007", "`s007.zip` is a link, and links are not followed"));
    expected.extend(of_both("s008", "`s008` is a link, and links are not followed"));
    assert_eq!(rejected(&found), expected);
    let good = found.submissions.iter().find(|submission| submission.student == "s005").unwrap();
    assert_eq!((good.rejected.as_ref(), &good.ignored[..]), (None, &["ex1/notes.txt".to_owned()][..]));
}

#[cfg(unix)]
#[test]
fn a_pipe_a_folder_or_a_huge_file_is_rejected_and_the_others_go_on() {
    let class = class(&[
        ("s001/ex1/Cargo.toml/x", b""),
        ("s002/ex1/README.md", b""),
        ("s003/ex1/Cargo.toml", &vec![b'#'; (1 << 20) + 1]),
        ("s004/ex1", b"a file"),
        ("s005/ex3/src", b"a file"),
        ("s006.rar", b"Rar!"),
        ("s007.zip", &zip_of(&[("../../ex1/Cargo.toml", Item::File(b""))])),
        ("s008.zip", b"PK"),
        ("s009/ex1/Cargo.toml", &vec![b'#'; 1 << 20]),
    ]);
    let pipe = class.path().join("s002/ex1/Cargo.toml");
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe, rustix::fs::Mode::RWXU).unwrap();
    let found = found(&class);
    let rejected = rejected(&found);
    let expected = [
        ("s001", "ex1", "`ex1/Cargo.toml` is a folder, not a file"),
        ("s002", "ex1", "`ex1/Cargo.toml` is no ordinary file"),
        ("s003", "ex1", "`ex1/Cargo.toml` is larger than 1 MiB"),
        ("s004", "ex1", "`ex1` is a file, not a folder"),
        ("s005", "ex3", "`ex3/src` is a file, not a folder"),
        (
            "s006",
            "ex1",
            "`s006.rar` is a RAR archive, which isn't read; unpack it, and put a folder or a zip in its place",
        ),
        (
            "s006",
            "ex3",
            "`s006.rar` is a RAR archive, which isn't read; unpack it, and put a folder or a zip in its place",
        ),
        ("s007", "ex1", "the archive holds a path that leads out of it: `../../ex1/Cargo.toml`"),
    ];
    assert_eq!(rejected[..expected.len()], expected);
    assert!(rejected[9].2.contains("damaged or cut off"), "{:?}", rejected[9]);
    let last = found.submissions.last().unwrap();
    assert_eq!((last.student.as_str(), last.files["Cargo.toml"].len()), ("s009", 1 << 20));
}

#[test]
fn a_folder_with_too_many_files_is_rejected() {
    let class = class(&[("s001/ex1/a", b""), ("s001/ex1/b", b""), ("s001/ex1/c", b""), ("s002/ex1/Cargo.toml", b"")]);
    let found = find_with(class.path(), &Ask { caps: Caps { entries: 3, ..CAPS }, ..Ask::of(&exercises()) }).unwrap();
    let why = "the folder has more than 3 files; only a few belong to an exercise";
    assert_eq!(rejected(&found), [("s001", "ex1", why), ("s001", "ex3", why)]);
    assert_eq!(found.submissions.len(), 3);
}

#[test]
fn the_same_exercise_twice_is_rejected_and_not_guessed() {
    let class = class(&[
        ("s001/ex1/Cargo.toml", b"a"),
        ("s001/ex3/Cargo.toml", b"a"),
        ("s001.zip", &zip_of(&[("ex1/Cargo.toml", Item::File(b"b"))])),
        ("s002/ex1/Cargo.toml", b"a"),
        ("s002/exercises/ex1/Cargo.toml", b"b"),
    ]);
    let found = found(&class);
    let expected = [
        ("s001", "ex1", "handed in more than once: `s001` and `s001.zip`; keep one"),
        ("s002", "ex1", "there is both `ex1` and `exercises/ex1`; keep one"),
    ];
    assert_eq!(rejected(&found), expected);
    assert_eq!(found.students, ["s001", "s002"]);
    assert_eq!(found.submissions[1].files["Cargo.toml"], b"a");
}

#[test]
fn what_belongs_to_nobody_is_passed_over_with_a_note_and_nothing_else_is() {
    let class = class(&[
        ("s001/notes/plan.txt", b""),
        ("s002.zip", &zip_of(&[])),
        ("roster.csv", b""),
        (".git/config", b""),
        (".DS_Store", b""),
        ("s003/ex3/README.md", b""),
        ("s004/ex2/answers.toml", b""),
        ("s005/x", b""),
        ("old-grades/journal.jsonl", b""),
        ("old-grades/journal.lock", b""),
        ("index.html", b""),
    ]);
    fs::remove_file(class.path().join("s005/x")).unwrap();
    let found = found(&class);
    assert_eq!(found.students, ["s001", "s002", "s003", "s004", "s005"]);
    let expected = [
        "`index.html` was passed over: an LMS adds it to the submissions",
        "`.DS_Store` was passed over: an operating system has left it",
        "`old-grades` was passed over: it holds the results of grading",
        "`.git` was passed over: it is hidden and holds no exercise",
        "`roster.csv` was passed over: it is neither a folder nor an archive, and no file that an exercise asks for",
        "`s004`: there is work for other exercises, and none for ex1 or ex3",
    ];
    assert_eq!(found.notes, expected);
    let why = |there: &str| {
        format!(
            "nothing for ex1 or ex3 was found: it needs a folder of that name with Cargo.toml or src/main.rs, and there is {there}"
        )
    };
    let (notes, nothing) = (why("`notes`"), why("nothing"));
    let expected = [
        ("s001", "ex1", notes.as_str()),
        ("s001", "ex3", &notes),
        ("s002", "ex1", &nothing),
        ("s002", "ex3", &nothing),
        (
            "s003",
            "ex3",
            "nothing was taken from `ex3`: it needs `Cargo.toml` or `src/main.rs`, and there is `README.md`",
        ),
        ("s005", "ex1", &nothing),
        ("s005", "ex3", &nothing),
    ];
    assert_eq!(rejected(&found), expected);
}

// Other systems do not let a file have such a name.
#[cfg(target_os = "linux")]
#[test]
fn a_name_is_text_whatever_is_in_it() {
    use std::os::unix::ffi::OsStringExt as _;
    let names = ["-rf", "=cmd|' C calc'!A0", "<script>", "a\nb", "über 😀", "..."];
    let class = class(&[]);
    for name in names {
        write_atomic(&class.path().join(name).join("ex1/Cargo.toml"), name.as_bytes()).unwrap();
    }
    for raw in [&b"s\xff"[..], b"s\xfe"] {
        let name = OsString::from_vec(raw.to_vec());
        write_atomic(&class.path().join(name).join("ex1/Cargo.toml"), &raw[..1]).unwrap();
    }
    // Somebody who wants to be taken for somebody else.
    write_atomic(&class.path().join("s\u{fffd} (bytes 73ff)/ex1/Cargo.toml"), b"copy").unwrap();
    let found = found(&class);
    let students: Vec<&str> = found.submissions.iter().map(|submission| submission.student.as_str()).collect();
    let expected = [
        "-rf",
        "...",
        "<script>",
        "=cmd|' C calc'!A0",
        "a\nb",
        "s\u{fffd} (bytes 73fe)",
        "s\u{fffd} (bytes 73ff)",
        "s\u{fffd} (bytes 73ff)+",
        "über 😀",
    ];
    assert_eq!(students, expected);
    assert_eq!(found.students, expected);
    assert_eq!(found.submissions[6].files["Cargo.toml"], b"copy");
    assert_eq!(found.submissions[7].files["Cargo.toml"], b"s");
}

#[test]
fn a_folder_that_is_not_there_or_holds_nobody_ends_the_call_with_help() {
    let class = class(&[("file", b""), ("more/work.zip", b"")]);
    for (path, message) in [
        ("none", "none is not there"),
        ("file", "file is a file; grading needs the folder that holds all submissions"),
        ("more/work.zip", "work.zip is an archive; unpack it, and name the folder"),
    ] {
        let failure = failure_of(&find_with(&class.path().join(path), &Ask::of(&exercises())).unwrap_err());
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.ends_with(message), "{}", failure.message);
        assert!(failure.help.unwrap().contains("s001/ex1/Cargo.toml"));
    }
    fs::remove_dir_all(class.path().join("more")).unwrap();
    for (path, message) in [(
        "",
        " holds no submission\n`file` was passed over: it is neither a folder nor an archive, and no file that an exercise asks for",
    )] {
        let failure = failure_of(&find_with(&class.path().join(path), &Ask::of(&exercises())).unwrap_err());
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.ends_with(message), "{}", failure.message);
        assert!(failure.help.unwrap().contains("s001/ex1/Cargo.toml"));
    }
    fs::remove_file(class.path().join("file")).unwrap();
    assert!(find_with(class.path(), &Ask::of(&exercises())).unwrap_err().to_string().ends_with(" holds no submission"));
}

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
    let nothing = "rejected: nothing for ex1 was found: it needs a folder of that name with Cargo.toml, and there is `report.pdf`";
    let text = "rejected: `kimjo_10005_text.html` is a text, a comment or a link; no file was handed in with it";
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
    assert!(results(&found)[1].1.contains("in several parts that hold the same exercise"), "{:?}", results(&found));
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
    let text = "rejected: `Ann Lee_106_assignsubmission_onlinetext_` is a text, a comment or a link; no file was handed in with it";
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
    let text = |name: &str| format!("`{name}` is a text, a comment or a link; no file was handed in with it");
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
    assert_eq!(results(&found), [("s001", "a".to_owned()), ("s002", "b".to_owned()), ("s003", "c".to_owned())]);
    assert_eq!(passed, ["Cargo.toml", "notes.md"]);
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
        ("(a)(b)", "--student-from has 2 groups, and none is called `id`"),
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
    let why = "the name `s<U+200B>001` has characters in it that can't be seen";
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
        fs::write(many.join(format!("f{at}")), b"").unwrap();
    }
    fs::create_dir_all(class.path().join("s002/ex1")).unwrap();
    fs::write(class.path().join("s002/ex1/Cargo.toml"), b"b").unwrap();
    let found = find_with(class.path(), &Ask::of(&exercises()[..1])).unwrap();
    assert!(results(&found)[0].1.contains("more than 10000 files"));
    assert_eq!(results(&found)[1].1, "b");
}
