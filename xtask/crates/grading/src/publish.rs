//! Writes the reports of a grading run from its journal: they can be written again at any time.

pub(crate) mod anonymous;
mod changes;

use super::gather::{self, Gathered};
use super::journal::Contents;
use super::options::Options;
use super::similar;
use crate::report::{self, Gradebook, Row, csv, gradescope, html, json, junit};
use anyhow::{Context as _, Result};
use base::files;
use base::output;
use base::queue::joined;
use commands::GradeFormat;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread;

/// Every format, in the order in which they are written.
const ALL: [GradeFormat; 5] =
    [GradeFormat::Csv, GradeFormat::Json, GradeFormat::Junit, GradeFormat::Gradescope, GradeFormat::Html];

/// Rows that an instructor should know of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Not taken.
    pub rejected: usize,
    /// Flagged for review, including rejected ones.
    pub to_review: usize,
    /// Found, and not graded yet.
    pub waiting: usize,
}

/// Writes the requested reports, for everything in a journal.
///
/// # Errors
/// When the roster or a person's decisions are malformed, or a report cannot be written.
pub(crate) fn write(root: &Path, out: &Path, options: &Options, contents: &Contents) -> Result<Counts> {
    let Gathered { contents, mut book, notes, .. } = gather::gather(root, out, options, contents)?;
    for note in &notes {
        output::note(note);
    }
    let count = |is_it: fn(&Row) -> bool| book.rows.iter().filter(|row| is_it(row)).count();
    let counts = Counts {
        rejected: count(|row| row.status == "rejected"),
        to_review: count(|row| !row.needs_review.is_empty()),
        waiting: count(|row| row.status == "not-graded-yet"),
    };
    let formats = if options.formats.is_empty() { ALL.to_vec() } else { options.formats.clone() };
    let is_wanted = |format| formats.contains(&format);
    let mut table = String::new();
    if is_wanted(GradeFormat::Csv) || is_wanted(GradeFormat::Html) {
        table = csv::grades(&book)?;
        book.since = changes::since(out, &table, &book, &contents.records, is_wanted(GradeFormat::Csv))?;
    }
    let pages = is_wanted(GradeFormat::Html).then(|| {
        let known = if options.anonymous { Some(anonymous::Names::of(out, &book, &contents)?) } else { None };
        Ok::<_, anyhow::Error>(known.map(|names| names.book(&book)))
    });
    let pages = pages.transpose()?.flatten();
    // At once: some are one long text, others are thousands of short ones.
    thread::scope(|scope| {
        let (book, table, pages) = (&book, table.as_str(), pages.as_ref());
        let reports: Vec<_> = formats
            .iter()
            .map(|&format| {
                scope.spawn(move || match format {
                    GradeFormat::Csv => tables(out, table, book),
                    GradeFormat::Html => all_pages(out, pages.unwrap_or(book)),
                    _ => one(out, format, book),
                })
            })
            .collect();
        reports.into_iter().try_for_each(joined)
    })?;
    Ok(counts)
}

/// The grades, and what has changed in them.
fn tables(out: &Path, table: &str, book: &Gradebook) -> Result<()> {
    if let Some(since) = &book.since {
        files::write_derived(&out.join("changes.csv"), csv::changes(since)?.as_bytes())?;
    }
    files::write_derived(&out.join("grades.csv"), table.as_bytes())
}

/// The pages of a class and of each student, and no page of an earlier report beside them: one with names must not stay there
/// when the others have none.
fn all_pages(out: &Path, book: &Gradebook) -> Result<()> {
    let write = |name: &str, text: &str| files::write_derived(&out.join(name), text.as_bytes());
    let students = out.join("students");
    let mut there: BTreeSet<String> = BTreeSet::new();
    for row in &book.rows {
        there.insert(format!("{}.html", report::file_name(&row.student)));
    }
    remove_pages(&students, &there)?;
    for_each(book, |student, book| {
        write(&format!("students/{}.html", report::file_name(student)), &html::student(book, student))
    })?;
    match html::changes(book) {
        Some(page) => write("changes.html", &page)?,
        None => drop(remove_page(&out.join("changes.html"))?),
    }
    let similar = similar_pages(out, book.is_anonymous)?;
    let also = [("similar/index.html", "Similar submissions")];
    write("index.html", &html::index(book, if similar { &also } else { &[] }))
}

/// Whether there are pages of similar submissions that may be shown beside these. If these pages have no names, those
/// with names are removed: the pages, and the lists for programs next to them, which graders get with the folder.
fn similar_pages(out: &Path, is_anonymous: bool) -> Result<bool> {
    let folder = out.join(similar::FOLDER);
    let index = fs::read(folder.join("index.html")).ok();
    let is_ours = index.as_deref().is_some_and(html::is_ours);
    if !is_anonymous || is_ours && index.as_deref().is_some_and(html::similar::is_anonymous) {
        return Ok(is_ours);
    }
    let pages = remove_pages(&folder, &BTreeSet::new())?;
    if pages + similar::remove_lists(&folder)? > 0 {
        output::note(&format!(
            "the pages and lists in {} contained names and were removed; run `grade --similar` with --anonymous for a \
             version without names",
            base::diagnostic::shown(&folder).display()
        ));
    }
    Ok(false)
}

/// Removes our pages from a folder, except these. Returns how many there were.
pub(crate) fn remove_pages(folder: &Path, wanted: &BTreeSet<String>) -> Result<usize> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(0) };
    let mut removed = 0;
    for entry in entries {
        let path = entry.with_context(|| format!("can't read {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".html") && !wanted.contains(&*name) {
            removed += usize::from(remove_page(&path)?);
        }
    }
    Ok(removed)
}

/// Removes a page of ours, and no other file. Returns whether it was one.
fn remove_page(path: &Path) -> Result<bool> {
    let is_ours = fs::read(path).is_ok_and(|page| html::is_ours(&page));
    if is_ours {
        fs::remove_file(path).with_context(|| format!("can't remove {}", path.display()))?;
    }
    Ok(is_ours)
}

fn one(out: &Path, format: GradeFormat, book: &Gradebook) -> Result<()> {
    let write = |name: &str, text: String| files::write_derived(&out.join(name), text.as_bytes());
    match format {
        // Words for people are about a dry run, and go to standard output. The others have functions of their own.
        GradeFormat::Text | GradeFormat::Csv | GradeFormat::Html => Ok(()),
        GradeFormat::Json => write("grades.json", json::grades(book).context("can't write the grades as JSON")?),
        GradeFormat::Junit => write("junit.xml", junit::grades(book)),
        GradeFormat::Gradescope => {
            for_each(book, |student, book| {
                let name = format!("gradescope/{}.json", report::file_name(student));
                match gradescope::results(book, student).context("can't write the grades as JSON")? {
                    Some(text) => write(&name, text)?,
                    // A partial sum would be a wrong grade, even one from an earlier run.
                    None => drop(fs::remove_file(out.join(&name))),
                }
                Ok(())
            })
        }
    }
}

/// Does something for each student, on all cores: a class of thousands has thousands of pages.
fn for_each(book: &Gradebook, work: impl Fn(&str, &Gradebook) -> Result<()> + Sync) -> Result<()> {
    let all: Vec<(&str, Gradebook)> = each(book).into_iter().collect();
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = all.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let work = &work;
        let parts: Vec<_> = all
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().try_for_each(|(student, book)| work(student, book))))
            .collect();
        parts.into_iter().try_for_each(joined)
    })
}

/// A gradebook for each student, with no one else in it, so that finding a student's rows doesn't take a search through
/// all of them.
pub(crate) fn each(book: &Gradebook) -> BTreeMap<&str, Gradebook> {
    let mut all = BTreeMap::new();
    for row in &book.rows {
        let none = || Gradebook {
            title: book.title.clone(),
            toolchain: book.toolchain.clone(),
            target: book.target.clone(),
            is_anonymous: book.is_anonymous,
            ..Gradebook::default()
        };
        all.entry(row.student.as_str()).or_insert_with(none).rows.push(row.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::similar::Report;

    #[test]
    fn nothing_with_names_stays_beside_similar_submissions_without_names() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let write =
            |name: &str, text: &str| files::write_atomic(&out.join("similar").join(name), text.as_bytes()).unwrap();
        let there = || -> BTreeSet<String> {
            let entries = fs::read_dir(out.join("similar")).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let index = |is_anonymous| html::similar::index(&Report { is_anonymous, ..Report::default() });
        let lists = || ["similar.csv", "similar.json"].iter().for_each(|name| write(name, "s001"));
        lists();
        write("index.html", &index(false));
        write("mine.html", "<p>a person's own page</p>");
        assert!(similar_pages(out, false).unwrap() && there().len() == 4);
        assert!(!similar_pages(out, true).unwrap());
        assert_eq!(there(), BTreeSet::from(["mine.html".to_owned()]));
        // Pages that a person has removed tell nothing about the lists.
        lists();
        assert!(!similar_pages(out, true).unwrap() && there().len() == 1);
        lists();
        write("index.html", &index(true));
        assert!(similar_pages(out, true).unwrap() && there().len() == 4, "those have codes");
        assert!(!similar_pages(&out.join("elsewhere"), true).unwrap());
    }
}
