//! Where an exercise is, and which files are taken: on lists of paths, and on the disk where archives and encodings matter.

use super::locate::Place;
use super::*;
use crate::archive::tests::{Item, XZ, bzip2, gzip, tar_of, zip_of};
use crate::archive::{Kind, Listing};
use crate::class::tests::wanted;
use base::files::write_atomic;
use tempfile::TempDir;

fn listing(paths: &[&str]) -> Listing {
    let kind = |path: &str| if path.ends_with('/') { Kind::Folder } else { Kind::File(path.as_bytes().to_vec()) };
    paths.iter().map(|path| (path.trim_end_matches('/').to_owned(), kind(path))).collect()
}

fn exercises() -> Vec<Wanted> {
    vec![
        wanted("ex1", &["Cargo.toml"]),
        wanted("ex2", &["answers.toml"]),
        wanted("ex11", &["src/main.rs"]),
        wanted("ex14", &["Cargo.toml", "src/crc.rs", "answers.toml"]),
    ]
}

fn places(title: &str, paths: &[&str], exercises: &[Wanted]) -> Vec<String> {
    let shown = |place: &Place| match place {
        Place::Nowhere => "-".to_owned(),
        Place::At(folder) => format!("{folder}/"),
        Place::Blocked(why) => format!("! {why}"),
        Place::Several(all) => all.join(" | "),
    };
    locate::all(&listing(paths), title, exercises).iter().map(shown).collect()
}

#[test]
fn a_folder_of_any_spelling_and_depth_is_found() {
    for (path, expected) in [
        ("ex1/Cargo.toml", "ex1/"),
        ("exercises/ex1/Cargo.toml", "exercises/ex1/"),
        ("workshop-main/exercises/ex1/Cargo.toml", "workshop-main/exercises/ex1/"),
        ("Ex1/Cargo.toml", "Ex1/"),
        ("EX1/cargo.toml", "EX1/"),
        ("exercise1/Cargo.toml", "exercise1/"),
        ("exercise-1/Cargo.toml", "exercise-1/"),
        ("Exercise 1/Cargo.toml", "Exercise 1/"),
        ("ex_01/Cargo.toml", "ex_01/"),
        ("a/b/ex1/Cargo.toml", "a/b/ex1/"),
        ("a/b/c/exercises/ex1/Cargo.toml", "a/b/c/exercises/ex1/"),
        ("ex1/ex1/Cargo.toml", "ex1/ex1/"),
        ("ex1/ex1-main/Cargo.toml", "ex1/ex1-main/"),
        ("ex1/mine/Cargo.toml", "ex1/mine/"),
        ("jane_ex1/Cargo.toml", "jane_ex1/"),
        ("ex1.zip/Cargo.toml", "ex1.zip/"),
        ("ex1 (1).zip/ex1/Cargo.toml", "ex1 (1).zip/ex1/"),
        ("ex1-2.zip/Cargo.toml", "ex1-2.zip/"),
        ("Exercise 1/ex1.zip/workshop/exercises/ex1/Cargo.toml", "Exercise 1/ex1.zip/workshop/exercises/ex1/"),
    ] {
        assert_eq!(places("s001", &[path], &exercises()), [expected, "-", "-", "-"], "{path}");
    }
}

#[test]
fn what_only_looks_like_an_exercise_is_not_one() {
    for path in [
        "solutions/ex1/Cargo.toml",
        "docs/ex1/Cargo.toml",
        "target/ex1/Cargo.toml",
        ".git/ex1/Cargo.toml",
        "ex1/target/ex1/x",
        "index1/Cargo.toml",
        "complex1/Cargo.toml",
        "1/Cargo.toml",
        "ex1-ex2/Cargo.toml",
        "Cargo.toml",
        "ex12/Cargo.toml",
        "ex3/Cargo.toml",
    ] {
        let found = places("s001", &[path], &exercises());
        assert!(found[1..] == ["-", "-", "-"] && ["-", "ex1/"].contains(&found[0].as_str()), "{path}: {found:?}");
    }
}

#[test]
fn between_two_places_nobody_chooses() {
    let both = places("s001", &["ex1/Cargo.toml", "exercises/ex1/Cargo.toml"], &exercises());
    assert_eq!(both[0], "ex1 | exercises/ex1");
    let both = places("s001", &["a/Ex1/Cargo.toml", "b/exercise1/Cargo.toml"], &exercises());
    assert_eq!(both[0], "a/Ex1 | b/exercise1");
    // A folder with the exact name, in its place, was always the one that counts.
    let found = places("s001", &["ex1/Cargo.toml", "old/Ex1/Cargo.toml", "ex1-backup/Cargo.toml"], &exercises());
    assert_eq!(found[0], "ex1/");
    // The one that has files wins over the one that has none.
    assert_eq!(places("s001", &["Ex1/README.md", "b/exercise1/Cargo.toml"], &exercises())[0], "b/exercise1/");
}

#[test]
fn with_one_exercise_or_a_title_its_files_may_lie_at_the_top() {
    let one = &exercises()[..1];
    assert_eq!(places("s001", &["Cargo.toml"], one), ["/"]);
    assert_eq!(places("s001", &["a/b/Cargo.toml", "a/notes.txt"], one), ["a/b/"]);
    assert_eq!(places("s001", &["Cargo.toml"], &exercises())[0], "-");
    assert_eq!(places("ex1-octocat", &["Cargo.toml", ".git/"], &exercises()), ["/", "-", "-", "-"]);
    // Not the manifest of the workshop or of a program in it, of another exercise, of the course.
    for paths in [
        &["Cargo.toml", "word_freq/Cargo.toml", "exercises/README.md"][..],
        &["ex2/Cargo.toml"],
        &["starter/Cargo.toml"],
        &["solutions/Cargo.toml"],
        &["a/b/c/Cargo.toml"],
    ] {
        assert_eq!(places("s001", paths, one), ["-"], "{paths:?}");
    }
    assert_eq!(places("s001", &["a/Cargo.toml", "b/Cargo.toml"], one), ["a | b"]);
    assert_eq!(places("s001", &["main.rs"], &exercises()[2..3]), ["/"]);
    assert_eq!(places("s001", &["src/main.rs"], &exercises()[2..3]), ["/"]);
}

#[test]
fn single_files_that_name_their_exercise_are_found() {
    for path in ["ex1_Cargo.toml", "Ex1-Cargo.toml", "exercise 1 Cargo.toml", "Cargo_ex1.toml", "in/ex01_cargo.toml"] {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        assert_eq!(
            places("s001", &[path], &exercises()),
            [format!("{folder}/"), "-".into(), "-".into(), "-".into()],
            "{path}"
        );
    }
    let both = places("s001", &["ex1_Cargo.toml", "ex2_answers.toml", "ex14_answers.toml"], &exercises());
    assert_eq!(both, ["/", "/", "-", "/"]);
    assert!(places("s001", &["ex1_Cargo.toml", "Cargo.toml"], &exercises())[0].starts_with("! "));
}

/// Finds what is in one entry, `s001`, with these files.
fn explored(files: &[(&str, &[u8])], exercises: &[Wanted]) -> (TempDir, Entry) {
    let class = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        write_atomic(&class.path().join(path), bytes).unwrap();
    }
    let mut found = find(class.path(), &Ask::of(exercises)).unwrap();
    assert_eq!(found.entries.len(), 1, "{found:#?}");
    (class, found.entries.remove(0))
}

/// Which files of ex1 or ex14 are taken from a folder, and why a person should look; or why none is.
fn outcome(files: &[(&str, &str)], exercise: usize) -> Result<(Vec<String>, Vec<String>), String> {
    let files: Vec<(String, &[u8])> =
        files.iter().map(|(path, text)| (format!("s001/{path}"), text.as_bytes())).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    let (_class, entry) = explored(&files, &exercises()[exercise..=exercise]);
    let Some(work) = entry.work.first() else { return Err(entry.missing.unwrap_or_default()) };
    match &work.rejected {
        Some(why) => Err(why.clone()),
        None => Ok((work.files.keys().cloned().collect(), work.review.clone())),
    }
}

#[test]
fn nothing_that_was_taken_is_a_rejection_with_the_likely_reason() {
    for (name, reason) in [
        ("Cargo.toml.txt", "(Notepad adds .txt to a name)"),
        ("Cargo (1).toml", "(a second download or upload gets a name like this)"),
        ("Cargo-1.toml", "(a second download or upload gets a name like this)"),
        ("Cargo(2).toml", "(a second download or upload gets a name like this)"),
        ("Cargo copy.toml", "(a copy, going by its name)"),
        ("Cargo - Copy.toml", "(a copy, going by its name)"),
        ("Cargo.toml.bak", "(an editor's backup)"),
        ("Cargo.toml~", "(an editor's backup)"),
        ("Cargo.toml.mine", "(an extension was added to its name)"),
        ("Cargo.toml.part", "(an unfinished download)"),
        ("Cargo.tml", "(misspelled)"),
        ("Crago.toml", "(misspelled)"),
        ("Kopie von Cargo.toml", "(a copy, going by its name)"),
        ("Copy of Cargo.toml", "(a copy, going by its name)"),
        ("Cargo.txt", "(saved with a different extension)"),
        ("Cargo_s001.toml", "(something was added to its name)"),
        ("ex1.zip.part", "(an unfinished download)"),
        ("Cargo", "(its extension is missing)"),
        ("starter/Cargo.toml", "(the exercise's pristine copy was edited in place of the exercise)"),
    ] {
        let why = outcome(&[(&format!("ex1/{name}"), "mine"), ("ex1/README.md", "")], 0);
        let expected =
            format!("no file in `ex1` was used: the exercise needs `Cargo.toml`, but there is only `{name}` {reason}");
        assert_eq!(why, Err(expected), "{name}");
    }
    // The course's own copy is no work, and the list of what is there says more.
    let why = outcome(&[("ex1/starter/Cargo.toml", "starter"), ("ex1/README.md", "")], 0).unwrap_err();
    assert_eq!(
        why,
        "no file in `ex1` was used: the exercise needs `Cargo.toml`, but there is only `README.md`, `starter`"
    );
    let why = outcome(&[("Cargo.toml.txt", "mine")], 0).unwrap_err();
    assert!(why.ends_with("there is only `Cargo.toml.txt` (Notepad adds .txt to a name)"), "{why}");
}

#[test]
fn almost_the_right_name_or_place_is_taken_and_told() {
    let taken = |path: &str, exercise| outcome(&[(path, "mine")], exercise).unwrap();
    let case = taken("ex1/cargo.toml", 0);
    assert_eq!(case.0, ["Cargo.toml"]);
    assert_eq!(case.1, ["`ex1/cargo.toml` was used as Cargo.toml: only the case of its letters differs"]);
    let moved = taken("ex11/main.rs", 2);
    assert_eq!(moved.0, ["src/main.rs"]);
    assert_eq!(moved.1, ["`ex11/main.rs` was used as src/main.rs: it has the right name, in the wrong folder"]);
    assert_eq!(taken("main.rs", 2).0, ["src/main.rs"]);
    assert_eq!(taken("ex1/src/Cargo.toml", 0).0, ["Cargo.toml"]);
    assert_eq!(taken("ex1_Cargo.toml", 0), (vec!["Cargo.toml".to_owned()], Vec::new()));
    // Two of them are a question.
    let why = outcome(&[("ex1/cargo.toml", "a"), ("ex1/CARGO.toml", "b")], 0).unwrap_err();
    assert_eq!(why, "there is both `ex1/CARGO.toml` and `ex1/cargo.toml`; keep one");
    // The exact name is not.
    assert_eq!(outcome(&[("ex1/Cargo.toml", "a"), ("ex1/cargo.toml", "b")], 0).unwrap().1, Vec::<String>::new());
}

#[test]
fn what_is_missing_is_told_where_something_similar_is_there() {
    let reviewed = |files: &[(&str, &str)]| outcome(files, 3).unwrap().1;
    assert_eq!(reviewed(&[("ex14/Cargo.toml", "mine")]), Vec::<String>::new());
    assert_eq!(
        reviewed(&[("ex14/Cargo.toml", "mine"), ("ex14/answers.toml.txt", "x"), ("ex14/src/crc.rs", "mine")]),
        ["`answers.toml` wasn't handed in, and there is `answers.toml.txt` (Notepad adds .txt to a name)"]
    );
    // The untouched starter, and the work beside it.
    let all = [("ex14/Cargo.toml", "starter"), ("ex14/answers.toml", "starter"), ("ex14/src/crc.rs", "starter")];
    assert_eq!(reviewed(&all), Vec::<String>::new());
    let mut edited = all.to_vec();
    edited.push(("ex14/starter/src/crc.rs", "mine"));
    assert_eq!(
        reviewed(&edited),
        [
            "the submitted files are the unchanged starter, and there is `starter/src/crc.rs` (the exercise's pristine copy was edited in place of the exercise)"
        ]
    );
    edited.pop();
    edited.push(("ex14/starter/src/crc.rs", "starter"));
    edited.push(("ex14/Cargo (1).toml", "mine"));
    assert!(reviewed(&edited)[0].contains("`Cargo (1).toml`"));
    edited[0].1 = "mine";
    assert_eq!(reviewed(&edited), Vec::<String>::new(), "work was taken, and nothing is missing");
    // A file at the top that may belong to an exercise that was found.
    let files: [(&str, &[u8]); 2] = [("s001/ex1/Cargo.toml", b"mine"), ("s001/answers.toml", b"mine")];
    let (_class, entry) = explored(&files, &exercises());
    assert_eq!(entry.work[0].review, ["ignored, because it isn't clear which exercise this is for: `answers.toml`"]);
}

#[test]
fn a_text_in_another_encoding_is_rejected_with_the_likely_reason() {
    let utf16: Vec<u8> = "\u{feff}[profile]\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, why) in [
        (&utf16[..], "`ex1/Cargo.toml` is UTF-16, as PowerShell's `>` and some editors write it; it has to be UTF-8"),
        (&utf16[2..], "`ex1/Cargo.toml` is UTF-16, as PowerShell's `>` and some editors write it; it has to be UTF-8"),
        (
            b"# a\n# J\xf6rg\n",
            "`ex1/Cargo.toml` isn't UTF-8: line 2 has the byte 0xf6, which is `\u{f6}` in Latin-1, as old Windows editors write it",
        ),
        (b"# \x80\n", "`ex1/Cargo.toml` isn't UTF-8: line 1 has the byte 0x80"),
        (
            b"[profile]\rlto = true\r",
            "`ex1/Cargo.toml` ends its lines with carriage returns alone, as very old Mac editors do; Cargo sees a single line",
        ),
    ] {
        let (_class, entry) = explored(&[("s001/ex1/Cargo.toml", bytes)], &exercises()[..1]);
        assert_eq!(entry.work[0].rejected.as_deref(), Some(why));
    }
    for bytes in [&b"\xef\xbb\xbf[profile]\r\n"[..], b"# \xc3\xb6\n", b"MZ = 1\n", b"# <html>\n"] {
        let (_class, entry) = explored(&[("s001/ex1/Cargo.toml", bytes)], &exercises()[..1]);
        assert_eq!((&entry.work[0].rejected, &entry.work[0].files["Cargo.toml"][..]), (&None, bytes));
    }
}

#[test]
fn what_is_no_such_text_is_rejected_with_the_likely_reason() {
    for (bytes, why) in [
        (&b"{\\rtf1\\ansi [profile]}"[..], "rich text (RTF)"),
        (b"\n <!DOCTYPE html><html>", "is a web page instead of the file; on GitHub, choose `Raw`"),
        (b"\xef\xbb\xbf<HTML lang=en>", "web page"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"PK\x03\x04\x14\0", "is a zip or an Office document"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Office document"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0", "is a program"),
        (b"MZ\x90\0\x03\0\0\0", "is a Windows program"),
        (b"", "is empty; the upload may have failed"),
        (b"\xef\xbb\xbf \r\n", "is empty; the upload may have failed"),
    ] {
        let (_class, entry) = explored(&[("s001/ex1/Cargo.toml", bytes)], &exercises()[..1]);
        let rejected = entry.work[0].rejected.as_deref().unwrap();
        assert!(rejected.starts_with("`ex1/Cargo.toml` is ") && rejected.contains(why), "{rejected}");
    }
    // One that is empty among others is told; one that is empty from the start is nothing to look at.
    let files = [("ex14/Cargo.toml", "mine"), ("ex14/src/crc.rs", "")];
    assert_eq!(outcome(&files, 3).unwrap().1, ["`ex14/src/crc.rs` is empty"]);
    let mut blank = exercises().remove(0);
    blank.starter.insert("Cargo.toml".to_owned(), Vec::new());
    let (_class, entry) = explored(&[("s001/ex1/Cargo.toml", b"")], &[blank]);
    assert_eq!((&entry.work[0].rejected, &entry.work[0].review[..]), (&None, &[][..]));
}

/// ex1/Cargo.toml in an archive.
fn ex1() -> Vec<u8> {
    zip_of(&[("ex1/Cargo.toml", Item::File(b"mine"))])
}

#[test]
fn an_archive_in_an_archive_or_a_folder_is_opened_and_a_third_is_not() {
    let twice = zip_of(&[("ex1.zip", Item::File(&ex1())), ("notes.txt", Item::File(b""))]);
    let thrice = zip_of(&[("a.zip", Item::File(&twice))]);
    let targz = gzip(&tar_of(&[("x/ex1.zip", Item::File(&ex1()))]));
    let bz = bzip2(&tar_of(&[("Ex1/Cargo.toml", Item::File(b"mine"))]));
    for files in [
        &[("s001.zip", &ex1()[..])][..],
        &[("s001.zip", &twice)],
        &[("s001/ex1.zip", &ex1())],
        &[("s001/deep/er/upload.zip", &ex1())],
        &[("s001/upload.zip", &twice)],
        &[("s001.tar.gz", &targz)],
        &[("s001.tbz2", &bz)],
        &[("s001/a.tar.bz2", &bz)],
        &[("s001/b.zip", &zip_of(&[])), ("s001/a.zip", &ex1())],
        &[("s001.zip", &zip_of(&[("ex1.txz", Item::File(XZ))]))],
        &[("s001/ex1/work.zip", &zip_of(&[("Cargo.toml", Item::File(b"mine"))]))],
    ] {
        let (_class, entry) = explored(files, &exercises());
        let names: Vec<_> = files.iter().map(|(name, _)| name).collect();
        assert_eq!(entry.work.iter().map(|work| &work.rejected).collect::<Vec<_>>(), [&None], "{names:?} {entry:#?}");
        assert_eq!(entry.work[0].files.len(), 1);
    }
    let (_class, entry) = explored(&[("s001.zip", &thrice)], &exercises());
    let why = entry.missing.unwrap();
    assert!(why.ends_with("`a.zip/ex1.zip` is nested too deeply: only archives inside an archive are opened"), "{why}");
    let (_class, entry) = explored(&[("s001/ex1.rar", b"Rar!")], &exercises());
    assert!(entry.missing.unwrap().contains("`ex1.rar` is a RAR archive, which isn't supported"));
}

#[test]
fn a_folder_beside_its_own_archive_is_the_work() {
    let (_class, entry) = explored(&[("s001/ex1/Cargo.toml", b"mine"), ("s001/ex1.zip", &ex1())], &exercises()[..1]);
    assert_eq!((&entry.work[0].rejected, &entry.work[0].ignored[..]), (&None, &["ex1.zip".to_owned()][..]));
}

#[test]
fn bombs_within_archives_share_the_limits_of_the_whole() {
    let zeros = vec![b'x'; 900_000];
    let names: Vec<String> = (0..30).map(|at| format!("f{at}/Cargo.toml")).collect();
    let items: Vec<_> = names.iter().map(|name| (name.as_str(), Item::File(&zeros))).collect();
    let inner = zip_of(&items);
    assert!(inner.len() < 60_000);
    let archives: Vec<String> = (0..12).map(|at| format!("{at}.zip")).collect();
    let items: Vec<_> = archives.iter().map(|name| (name.as_str(), Item::File(&inner))).collect();
    let began = std::time::Instant::now();
    let (_class, entry) = explored(&[("s001.zip", &zip_of(&items))], &exercises());
    let why = entry.missing.unwrap();
    assert!(why.contains("unpacks to more than"), "{why}");
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    // Paths that lead out are refused at any depth, and links are never followed.
    let evil = zip_of(&[("../../ex1/Cargo.toml", Item::File(b"x"))]);
    let (_class, entry) = explored(&[("s001/ex1.zip", &evil)], &exercises());
    assert!(entry.missing.unwrap().contains("a path that leads out of it"));
    let link = zip_of(&[("ex1/Cargo.toml", Item::Link("/etc/passwd"))]);
    let (_class, entry) = explored(&[("s001/ex1.zip", &link)], &exercises());
    let why = entry.work[0].rejected.clone().unwrap();
    assert_eq!(why, "`ex1.zip/ex1/Cargo.toml` is a link, and links aren't followed");
}

#[test]
fn more_archives_than_anybody_hands_in_are_not_all_opened() {
    let files: Vec<(String, Vec<u8>)> =
        (0..25).map(|at| (format!("s001/{at:02}.zip"), zip_of(&[("x", Item::File(b""))]))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let (_class, entry) = explored(&files, &exercises());
    assert!(entry.missing.unwrap().contains("there are more than 20 archives"));
}

#[test]
fn a_bare_file_that_names_no_exercise_is_not_passed_over() {
    let name = "linmei_10003_900003_Cargo.toml";
    let (_class, entry) = explored(&[(name, b"mine")], &exercises()[..1]);
    assert_eq!(entry.work[0].files["Cargo.toml"], b"mine");
    let (_class, entry) = explored(&[(name, b"mine")], &exercises());
    assert!(entry.work.is_empty());
    let why = entry.missing.unwrap();
    assert_eq!(why, "the name of `Cargo.toml` doesn't identify an exercise; name one with --exercise");
    // Canvas numbers an upload that was there before.
    for name in ["linmei_10003_900003_Cargo-1.toml", "linmei_10003_900003_ex1_Cargo-12.toml"] {
        let (_class, entry) = explored(&[(name, b"mine")], &exercises()[..1]);
        assert_eq!(entry.work[0].files["Cargo.toml"], b"mine", "{name}");
        assert!(entry.work[0].review.is_empty());
    }
}
