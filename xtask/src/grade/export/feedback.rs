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

use crate::cli::Lms;
use crate::grade::identity::shown;
use crate::grade::model::Seen;
use crate::grade::publish;
use crate::report::grade::{Gradebook, file_name, html, points};
use crate::units::plural;
use anyhow::{Context as _, Result};
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
pub fn zip(
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
    let mut odd = Vec::new();
    for (entry, students) in &entries {
        for student in students {
            let Some(book) = books.get(student) else { continue };
            // The members of a team get a page each.
            let page =
                if students.len() == 1 { PAGE.to_owned() } else { format!("feedback-{}.html", file_name(student)) };
            match path(lms, entry, &page) {
                Some(path) => files.push((path.clone(), content(lms, &path, &page, book, student)?)),
                None => odd.push(shown(entry)),
            }
        }
    }
    // Canvas has one file for each submission, whoever is in the team.
    files.dedup_by(|a, b| a.0 == b.0);
    let mut notes = Vec::new();
    if !odd.is_empty() {
        let (some, many) = (odd.iter().take(3).cloned().collect::<Vec<_>>().join(", "), plural(odd.len(), "entry"));
        let many = many.replace("entrys", "entries");
        notes.push(format!(
            "no feedback file for {many}, whose name isn't the LMS's, or whose kind can't be written: {some}"
        ));
    }
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

/// Where the page goes in the archive; nowhere if the LMS couldn't find the student by the entry's name.
fn path(lms: Lms, entry: &str, page: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_odd = entry.contains(['/', '\\']) || entry.chars().any(char::is_control) || entry.starts_with(['.', '~']);
    if is_odd {
        return None;
    }
    match lms {
        Lms::Moodle => {
            let parts: Vec<&str> = entry.splitn(5, '_').collect();
            let [_, number, kind, plugin, rest @ ..] = parts.as_slice() else { return None };
            if !is_number(number) || *kind != "assignsubmission" || *plugin != "file" {
                return None;
            }
            match rest {
                // A folder, as it was called.
                [] | [""] => Some(format!("{entry}/{page}")),
                // A download without folders: the file takes the place of the submitted one.
                _ => Some(format!("{}_{page}", parts[..4].join("_"))),
            }
        }
        Lms::Canvas => {
            let parts: Vec<&str> = entry.split('_').filter(|part| *part != "LATE").collect();
            let is_anonymous = parts.first() == Some(&"anon") && parts.get(2).is_some_and(|part| is_number(part));
            let is_found = is_anonymous || parts.iter().filter(|part| is_number(part)).count() >= 2;
            // A submitted link has no attachment that a comment could belong to.
            let is_link = parts.last().is_some_and(|last| last.starts_with("link"));
            (is_found && !is_link && kind(entry).is_some()).then(|| entry.to_owned())
        }
        Lms::Brightspace => {
            let mut parts = entry.splitn(3, " - ");
            let (ids, name, date) = (parts.next()?, parts.next()?, parts.next()?);
            let is_ids = ids.split_once('-').is_some_and(|(user, folder)| is_number(user) && is_number(folder));
            (is_ids && !name.is_empty() && !date.is_empty()).then(|| format!("{entry}/{page}"))
        }
    }
}

/// How feedback is written so that a file of this name can be opened.
enum Kind {
    Zip,
    Tar,
    TarGz,
    Page,
    Text,
}

fn kind(entry: &str) -> Option<Kind> {
    let entry = entry.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| entry.ends_with(ending));
    if ends(&[".zip"]) {
        Some(Kind::Zip)
    } else if ends(&[".tar.gz", ".tgz"]) {
        Some(Kind::TarGz)
    } else if ends(&[".tar"]) {
        Some(Kind::Tar)
    } else if ends(&[".html", ".htm"]) {
        Some(Kind::Page)
    } else if ends(&[".toml", ".txt", ".rs", ".md", ".lock"]) || !entry.contains('.') {
        Some(Kind::Text)
    } else {
        None
    }
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
        let score = row.score.map_or_else(|| "not graded yet".to_owned(), points);
        lines.push(format!("{}: {score} of {} points ({})", row.exercise, points(row.max_score), row.status));
        for goal in &row.goals {
            lines.push(format!("  {} of {} {}: {}", goal.points, goal.points_max, goal.id, goal.text));
            lines.extend(goal.problems.iter().map(|problem| format!("    {}", problem.message)));
        }
        lines.extend(row.override_reason.iter().map(|reason| format!("  a person set the points: {reason}")));
    }
    let all = lines.iter().flat_map(|line| line.split(['\n', '\r']));
    all.map(|line| format!("# {}\n", crate::report::grade::clean_line(line).trim_end())).collect()
}

/// An archive of these files, the same bytes for the same files.
fn archive(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, content) in files {
        writer.start_file(path, options).with_context(|| format!("cannot add {path} to an archive"))?;
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

    #[test]
    fn a_page_goes_where_the_lms_finds_its_student() {
        for (lms, entry, expected) in [
            (
                Lms::Moodle,
                "Jane Doe_12345_assignsubmission_file_",
                Some("Jane Doe_12345_assignsubmission_file_/feedback.html"),
            ),
            (
                Lms::Moodle,
                "Jane Doe_12345_assignsubmission_file",
                Some("Jane Doe_12345_assignsubmission_file/feedback.html"),
            ),
            (Lms::Moodle, "Zoë_7_assignsubmission_file_my_ex1.zip", Some("Zoë_7_assignsubmission_file_feedback.html")),
            (Lms::Moodle, "Jane Doe_12345_assignsubmission_onlinetext_", None),
            (Lms::Moodle, "s001", None),
            (Lms::Canvas, "doejane_LATE_10001_900001_ex1.zip", Some("doejane_LATE_10001_900001_ex1.zip")),
            (Lms::Canvas, "anon_Ab3dE_900001_ex1-1.tar.gz", Some("anon_Ab3dE_900001_ex1-1.tar.gz")),
            (Lms::Canvas, "linmei_10003_900003_Cargo.toml", Some("linmei_10003_900003_Cargo.toml")),
            (Lms::Canvas, "linmei_10003_900003_ex1.7z", None),
            (Lms::Canvas, "linmei_10003_link.html", None),
            (Lms::Canvas, "linmei_10003_900003_link.html", None),
            (Lms::Canvas, "s001.zip", None),
            (
                Lms::Brightspace,
                "123-456 - Jane Doe - Nov 3, 2026 1159 PM",
                Some("123-456 - Jane Doe - Nov 3, 2026 1159 PM/feedback.html"),
            ),
            (Lms::Brightspace, "Jane Doe", None),
            (Lms::Moodle, "..\\Jane_1_assignsubmission_file_", None),
            (Lms::Moodle, ".Jane_1_assignsubmission_file_", None),
        ] {
            assert_eq!(path(lms, entry, PAGE).as_deref(), expected, "{entry}");
        }
    }
}
