//! Classes as they come: tidy ones, mixed ones, and hostile ones.

mod exports;

use super::*;
use crate::archive::tests::{Item, gzip, tar_of, zip_of};
use crate::archive::{CAPS, Caps};
use base::failure::failure_of;
use base::files::write_atomic;
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
pub(crate) fn wanted(id: &str, edits: &[&str]) -> Wanted {
    let starter = edits.iter().map(|edit| ((*edit).to_owned(), b"starter".to_vec())).collect();
    Wanted {
        id: id.to_owned(),
        edits: edits.iter().map(|edit| (*edit).to_owned()).collect(),
        starter,
        guesses: Forms::default(),
    }
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
    let handles: Vec<Handle> = entries.iter().flat_map(|entry| &entry.handles).cloned().collect();
    chosen(entries, &owners(entries, identity::resolve(&handles, None).unwrap().students), exercises, Attempts::Last)
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
        ("s001", "ex1", "`ex1/Cargo.toml` is a link, and links aren't followed"),
        ("s002", "ex3", "`ex3/src` is a link, and links aren't followed"),
        ("s003", "ex1", "`ex1` is a link, and links aren't followed"),
    ];
    expected.extend(of_both("s004", "`exercises` is a link, and links aren't followed"));
    expected.extend(of_both("s006", "`s006` is a link, and links aren't followed"));
    expected.extend(of_both("s007", "`s007.zip` is a link, and links aren't followed"));
    expected.extend(of_both("s008", "`s008` is a link, and links aren't followed"));
    assert_eq!(rejected(&found), expected);
    let good = found.submissions.iter().find(|submission| submission.student == "s005").unwrap();
    assert_eq!((good.rejected.as_ref(), &good.ignored[..]), (None, &["ex1/notes.txt".to_owned()][..]));
}

// macOS makes no pipe by rustix.
#[cfg(target_os = "linux")]
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
        ("s002", "ex1", "`ex1/Cargo.toml` isn't a regular file"),
        ("s003", "ex1", "`ex1/Cargo.toml` is larger than 1 MiB"),
        ("s004", "ex1", "`ex1` is a file, not a folder"),
        ("s005", "ex3", "`ex3/src` is a file, not a folder"),
        (
            "s006",
            "ex1",
            "`s006.rar` is a RAR archive, which isn't supported; unpack it, and put a folder or a zip in its place",
        ),
        (
            "s006",
            "ex3",
            "`s006.rar` is a RAR archive, which isn't supported; unpack it, and put a folder or a zip in its place",
        ),
        ("s007", "ex1", "the archive contains a path that leads out of it: `../../ex1/Cargo.toml`"),
    ];
    assert_eq!(rejected[..expected.len()], expected);
    assert!(rejected[9].2.contains("damaged or cut off"), "{:?}", rejected[9]);
    let last = found.submissions.last().unwrap();
    assert_eq!((last.student.as_str(), last.files["Cargo.toml"].len()), ("s009", 1 << 20));
}

#[test]
fn a_folder_with_too_many_files_is_rejected() {
    let class = class(&[("s001/ex1/a", b""), ("s001/ex1/b", b""), ("s001/ex1/c", b""), ("s002/ex1/Cargo.toml", b"b")]);
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
        "`index.html` was skipped: an LMS adds it to the submissions",
        "`.DS_Store` was skipped: an operating system left it there",
        "`roster.csv` was skipped: by its name, it is a class list or a grading result",
        "`old-grades` was skipped: it holds grading results",
        "`.git` was skipped: it is hidden and contains no exercise",
        "`s004`: there is work for other exercises, but none for ex1 or ex3",
    ];
    assert_eq!(found.notes, expected);
    let why = |there: &str| {
        format!(
            "found nothing for ex1 or ex3, which needs a folder of that name with Cargo.toml or src/main.rs; there is {there}"
        )
    };
    let (notes, nothing) = (why("only `notes`"), why("nothing"));
    let expected = [
        ("s001", "ex1", notes.as_str()),
        ("s001", "ex3", &notes),
        ("s002", "ex1", &nothing),
        ("s002", "ex3", &nothing),
        (
            "s003",
            "ex3",
            "no file in `ex3` was used: the exercise needs `Cargo.toml` or `src/main.rs`, but there is only `README.md`",
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
        let name = std::ffi::OsString::from_vec(raw.to_vec());
        write_atomic(&class.path().join(name).join("ex1/Cargo.toml"), &raw[..1]).unwrap();
    }
    // A student who wants to be taken for a different one.
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
        ("none", "none doesn't exist"),
        ("file", "file is a file; grading needs the folder that holds all submissions"),
        ("more/work.zip", "work.zip is an archive; unpack it, and name the folder"),
    ] {
        let failure = failure_of(&find_with(&class.path().join(path), &Ask::of(&exercises())).unwrap_err());
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.ends_with(message), "{}", failure.message);
        assert!(failure.help.unwrap().contains("s001/ex1/Cargo.toml"));
    }
    fs::remove_dir_all(class.path().join("more")).unwrap();
    let failure = failure_of(&find_with(class.path(), &Ask::of(&exercises())).unwrap_err());
    assert_eq!(failure.exit, Exit::Usage);
    let message = " contains no submissions\n`file` was skipped: it isn't a folder, an archive, or a file that an exercise requires";
    assert!(failure.message.ends_with(message), "{}", failure.message);
    assert!(failure.help.unwrap().contains("s001/ex1/Cargo.toml"));
    fs::remove_file(class.path().join("file")).unwrap();
    assert!(
        find_with(class.path(), &Ask::of(&exercises())).unwrap_err().to_string().ends_with(" contains no submissions")
    );
}
