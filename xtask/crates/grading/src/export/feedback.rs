//! The pages of students in an archive that an LMS hands out again: each under the name that the LMS gave to the submission,
//! because it finds the student by that.
//!
//! What an upload must look like:
//! - Moodle ("Upload multiple feedback files in a zip"; `mod/assign/feedback/file/importziplib.php` in moodle/moodle): a folder
//!   or file whose name splits at `_` into the full name, the participant's number, `assignsubmission`, `file`, and the rest. A
//!   name that begins with `.` or `~` is passed over. Since Moodle 4.1 folders have no `_` at their end.
//! - Canvas ("Re-Upload Submissions"; `infer_comment_context_from_filename` in instructure/canvas-lms): the first two parts between
//!   `_` that are numbers are the user and the attachment; the comment is shown under the attachment's own name. So feedback for
//!   `…_ex1.zip` has to be a zip, or the student gets a file that can't be opened.
//! - Brightspace ("Add Feedback Files" on an assignment's page of submissions): no public rule was found, so the folders have
//!   the names of the download.

use crate::identity::{shown, some};
use crate::model::Seen;
use crate::publish;
use crate::report::{Gradebook, clean_line, file_name, gradescope, html, points};
use anyhow::{Context as _, Result};
use commands::Lms;
use course::check::Verdict;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A page in an archive; beside the files of a submission, so it has a name that none of them has.
const PAGE: &str = "feedback.html";

/// The archive, if there is anything to put in, and what the instructor should know.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(super) fn zip(
    lms: Lms,
    book: &Gradebook,
    seen: &BTreeMap<(&str, &str), &Seen>,
    exercises: &BTreeSet<&str>,
) -> Result<(Option<Vec<u8>>, Vec<String>)> {
    let mut entries: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (student, entry) in latest(seen, exercises) {
        entries.entry(entry).or_default().insert(student);
    }
    let books = publish::each(book);
    let mut files = Vec::new();
    let mut odd: BTreeMap<Odd, BTreeSet<&str>> = BTreeMap::new();
    for (entry, students) in &entries {
        for student in students {
            let Some(book) = books.get(student) else { continue };
            // The members of a team get a page each.
            let page =
                if students.len() == 1 { PAGE.to_owned() } else { format!("feedback-{}.html", file_name(student)) };
            match path(lms, entry, &page) {
                Ok(path) => files.push((path.clone(), content(lms, &path, &page, book, student)?)),
                Err(why) => drop(odd.entry(why).or_default().insert(entry)),
            }
        }
    }
    // Canvas has one file for each submission, also for a team.
    files.dedup_by(|a, b| a.0 == b.0);
    let notes = odd.iter().map(|(why, entries)| why.note(lms, entries)).collect();
    if files.is_empty() {
        return Ok((None, notes));
    }
    Ok((Some(archive(&files)?), notes))
}

/// The entry of each student that feedback goes to: the latest attempt.
fn latest<'a>(seen: &BTreeMap<(&'a str, &str), &'a Seen>, exercises: &BTreeSet<&str>) -> BTreeMap<&'a str, &'a str> {
    let mut latest: BTreeMap<&str, &Seen> = BTreeMap::new();
    for ((student, exercise), seen) in seen {
        if !exercises.contains(exercise) || seen.handle.entry.is_empty() {
            continue;
        }
        let order = |seen: &Seen| (seen.handle.attempt.clone(), seen.handle.entry.clone());
        let newest = latest.entry(student).or_insert(seen);
        if order(newest) < order(seen) {
            *newest = seen;
        }
    }
    latest.into_iter().map(|(student, seen)| (student, seen.handle.entry.as_str())).collect()
}

/// Why an entry gets no feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Odd {
    /// The LMS couldn't find the student by its name.
    Name,
    /// It is a text, a link, or a file of a kind that feedback can't be written as.
    Kind,
}

impl Odd {
    /// What the instructor should know of the entries.
    fn note(self, lms: Lms, entries: &BTreeSet<&str>) -> String {
        let (count, names) = (entries.len(), some(&entries.iter().map(|entry| shown(entry)).collect::<Vec<_>>()));
        let many = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
        let (name, its) = match lms {
            Lms::Canvas => {
                ("Canvas", "Canvas accepts feedback only under the name of a submitted file, and none for a link")
            }
            Lms::Moodle => ("Moodle", "Moodle accepts feedback only for submitted files"),
            Lms::Brightspace => ("Brightspace", "Brightspace accepts feedback only for submitted files"),
        };
        match self {
            Self::Name => format!(
                "no feedback file for {many}, because {name} doesn't name submissions this way, and couldn't match it to a student: {names}. Grade the download with its names unchanged"
            ),
            Self::Kind if lms == Lms::Canvas => format!(
                "no feedback file for {many}, because feedback can't be written as this kind of file: {names}. {its}; the supported kinds are {}",
                KINDS.iter().map(|(endings, _)| endings.join(", ")).collect::<Vec<_>>().join(", ")
            ),
            Self::Kind => format!("no feedback file for {many}, because no file was submitted: {names}. {its}"),
        }
    }
}

/// Where the page goes in the archive.
///
/// # Errors
/// When there is no such place: why.
fn path(lms: Lms, entry: &str, page: &str) -> Result<String, Odd> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_odd = entry.contains(['/', '\\']) || entry.chars().any(char::is_control) || entry.starts_with(['.', '~']);
    if is_odd {
        return Err(Odd::Name);
    }
    match lms {
        Lms::Moodle => {
            let parts: Vec<&str> = entry.splitn(5, '_').collect();
            let [_, number, kind, plugin, rest @ ..] = parts.as_slice() else { return Err(Odd::Name) };
            if !is_number(number) || *kind != "assignsubmission" {
                return Err(Odd::Name);
            }
            if *plugin != "file" {
                return Err(Odd::Kind);
            }
            match rest {
                // A folder, as it was called.
                [] | [""] => Ok(format!("{entry}/{page}")),
                // A download without folders: the file takes the place of the submitted one.
                _ => Ok(format!("{}_{page}", parts[..4].join("_"))),
            }
        }
        Lms::Canvas => {
            let parts: Vec<&str> = entry.split('_').filter(|part| *part != "LATE").collect();
            let is_anonymous = parts.first() == Some(&"anon") && parts.get(2).is_some_and(|part| is_number(part));
            let numbers = parts.iter().filter(|part| is_number(part)).count();
            // A submitted link has no attachment that a comment could belong to.
            let is_link = parts.last().is_some_and(|last| last.starts_with("link"));
            match kind(entry) {
                Some(_) if !is_link && (is_anonymous || numbers >= 2) => Ok(entry.to_owned()),
                _ if is_anonymous || numbers >= 2 || (is_link && numbers == 1) => Err(Odd::Kind),
                _ => Err(Odd::Name),
            }
        }
        Lms::Brightspace => {
            let mut parts = entry.splitn(3, " - ");
            let (Some(ids), Some(name), Some(date)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(Odd::Name);
            };
            let is_ids = ids.split_once('-').is_some_and(|(user, folder)| is_number(user) && is_number(folder));
            let is_found = is_ids && !name.is_empty() && !date.is_empty();
            if is_found { Ok(format!("{entry}/{page}")) } else { Err(Odd::Name) }
        }
    }
}

/// How feedback is written so that a file of this name can be opened.
#[derive(Clone, Copy)]
enum Kind {
    Zip,
    Tar,
    TarGz,
    Page,
    Text,
}

/// By the end of a file's name. A name without a point is a text.
const KINDS: [(&[&str], Kind); 5] = [
    (&[".zip"], Kind::Zip),
    (&[".tar.gz", ".tgz"], Kind::TarGz),
    (&[".tar"], Kind::Tar),
    (&[".html", ".htm"], Kind::Page),
    (&[".toml", ".txt", ".rs", ".md", ".lock"], Kind::Text),
];

fn kind(entry: &str) -> Option<Kind> {
    let entry = entry.to_ascii_lowercase();
    let ends =
        |(endings, kind): &(&[&str], Kind)| endings.iter().any(|ending| entry.ends_with(ending)).then_some(*kind);
    KINDS.iter().find_map(ends).or((!entry.contains('.')).then_some(Kind::Text))
}

fn content(lms: Lms, path: &str, page: &str, book: &Gradebook, student: &str) -> Result<Vec<u8>> {
    let text = html::student(book, student).into_bytes();
    match (lms, kind(path)) {
        (Lms::Canvas, Some(Kind::Zip)) => archive(&[(page.to_owned(), text)]),
        (Lms::Canvas, Some(Kind::Tar)) => tar(page, &text),
        (Lms::Canvas, Some(Kind::TarGz)) => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&tar(page, &text)?)?;
            Ok(encoder.finish()?)
        }
        (Lms::Canvas, Some(Kind::Text)) => Ok(summary(book, student).into_bytes()),
        _ => Ok(text),
    }
}

/// The result in a few lines: comments in TOML, so that a manifest with it is still one.
fn summary(book: &Gradebook, student: &str) -> String {
    let mut lines = Vec::new();
    for row in book.rows.iter().filter(|row| row.student == student) {
        lines.push(gradescope::about(row));
        for goal in &row.goals {
            lines.push(format!("  {} of {} {}: {}", points(goal.points), goal.points_max, goal.id, goal.text));
            let waits_for = goal.waits_for.iter().filter(|_| goal.verdict == Verdict::Skip);
            lines.extend(waits_for.map(|first| format!("    not judged: it needs {first}")));
            lines.extend(goal.problems.iter().map(|problem| indented(&problem.plain())));
        }
        lines.extend(row.problems.iter().map(|problem| indented(&problem.plain())));
    }
    let all = lines.iter().flat_map(|line| line.split(['\n', '\r']));
    all.map(|line| format!("{}\n", format!("# {}", clean_line(line)).trim_end())).collect()
}

fn indented(text: &str) -> String {
    format!("    {}", text.replace('\n', "\n    "))
}

/// An archive of these files, the same bytes for the same files.
fn archive(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, content) in files {
        writer.start_file(path, options).with_context(|| format!("can't add {path} to an archive"))?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn tar(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, name, content)?;
    Ok(builder.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn a_page_goes_where_the_lms_finds_its_student() {
        for (lms, entry, expected) in [
            (
                Lms::Moodle,
                "Jane Doe_12345_assignsubmission_file_",
                Ok("Jane Doe_12345_assignsubmission_file_/feedback.html"),
            ),
            (
                Lms::Moodle,
                "Jane Doe_12345_assignsubmission_file",
                Ok("Jane Doe_12345_assignsubmission_file/feedback.html"),
            ),
            (Lms::Moodle, "Zoë_7_assignsubmission_file_my_ex1.zip", Ok("Zoë_7_assignsubmission_file_feedback.html")),
            (Lms::Moodle, "Jane Doe_12345_assignsubmission_onlinetext_", Err(Odd::Kind)),
            (Lms::Moodle, "s001", Err(Odd::Name)),
            (Lms::Canvas, "doejane_LATE_10001_900001_ex1.zip", Ok("doejane_LATE_10001_900001_ex1.zip")),
            (Lms::Canvas, "anon_Ab3dE_900001_ex1-1.tar.gz", Ok("anon_Ab3dE_900001_ex1-1.tar.gz")),
            (Lms::Canvas, "linmei_10003_900003_Cargo.toml", Ok("linmei_10003_900003_Cargo.toml")),
            (Lms::Canvas, "linmei_10003_900003_ex1.7z", Err(Odd::Kind)),
            (Lms::Canvas, "linmei_10003_link.html", Err(Odd::Kind)),
            (Lms::Canvas, "linmei_10003_900003_link.html", Err(Odd::Kind)),
            (Lms::Canvas, "s001.zip", Err(Odd::Name)),
            (
                Lms::Brightspace,
                "123-456 - Jane Doe - Nov 3, 2026 1159 PM",
                Ok("123-456 - Jane Doe - Nov 3, 2026 1159 PM/feedback.html"),
            ),
            (Lms::Brightspace, "Jane Doe", Err(Odd::Name)),
            (Lms::Moodle, "..\\Jane_1_assignsubmission_file_", Err(Odd::Name)),
            (Lms::Moodle, ".Jane_1_assignsubmission_file_", Err(Odd::Name)),
        ] {
            assert_eq!(path(lms, entry, PAGE).as_deref(), expected.as_ref().copied(), "{entry}");
        }
    }

    #[test]
    fn entries_without_feedback_are_named_by_what_is_wrong_with_them() {
        let names: Vec<String> = (1..=12).map(|number| format!("s{number:02}")).collect();
        let all = names.iter().map(String::as_str).collect();
        let note = Odd::Name.note(Lms::Canvas, &all);
        assert!(note.starts_with("no feedback file for 12 entries, because Canvas doesn't name submissions"), "{note}");
        assert!(note.contains("s09, s10, and 2 more. Grade the download"), "{note}");
        let note = Odd::Kind.note(Lms::Canvas, &BTreeSet::from(["a_1_2_ex1.7z"]));
        assert!(
            note.starts_with("no feedback file for 1 entry, because feedback can't be written as this kind of file"),
            "{note}"
        );
        assert!(note.contains("a_1_2_ex1.7z. ") && note.contains(".zip, .tar.gz, .tgz, .tar, .html"), "{note}");
        let note = Odd::Kind.note(Lms::Moodle, &BTreeSet::from(["Jane_1_assignsubmission_onlinetext_"]));
        assert!(note.contains("because no file was submitted: Jane_1_"), "{note}");
    }

    #[test]
    fn a_text_tells_a_student_what_the_page_tells() {
        let book = sample();
        let text = summary(&book, "s001");
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
        for wanted in [
            "# ex1: 6.75 of 10 points. 1.25 points were taken off because it was late.",
            "#   4 of 4 profile: [profile.release] is set up for a small binary",
            "#   0 of 2 notes: the question is answered",
            "#     answers.toml:3: the answer is 1,000 bytes off [answer/wrong]",
            "#     help: measure again",
            "#     not judged: it needs output",
            "#     Cargo.toml:9: the build printed a warning: [build/warning]",
        ] {
            assert!(text.lines().any(|line| line.replace(" #   ", " # ") == wanted), "{wanted}\n{text}");
        }
        let goals =
            text.lines().filter_map(|line| line.strip_prefix("#   ")?.split_once(" of ")?.0.parse::<i64>().ok());
        assert_eq!(goals.sum::<i64>(), 8, "what the goals give is what the exercises give: {text}");

        let mut rejected = sample();
        let row = rejected.rows.iter_mut().find(|row| row.status == "rejected").unwrap();
        row.message =
            Some("there is no Cargo.toml in it\nthere is src/main.rs; most likely a folder was left out".into());
        let text = summary(&rejected, "s002");
        assert!(text.contains("# ex1: 0 of 10 points. The submission was rejected: there is no Cargo.toml in it"));
        assert!(text.contains("\n# there is src/main.rs; most likely a folder was left out.\n"), "{text}");
        assert!(text.contains("# ex2: It isn't graded yet, because") && !text.contains("/dev/sda"), "{text}");
    }
}
