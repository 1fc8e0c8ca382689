//! The instructor's verb: submissions in, grades out. No code is trusted, nothing is lost, and every verdict matches
//! the learner's own `check`.

use crate::journal::Journal;
use crate::options::Options;
use crate::policy::{Late, Overrides};
use anyhow::{Result, bail};
use base::failure::{Exit, Failure, Kind};
use base::numbers::plural;
use base::output;
use std::path::{Path, PathBuf};
use weigh::workshop::Workshop;

/// Runs `cargo xtask grade`.
///
/// # Errors
/// When the environment, the course or the folder of submissions doesn't allow it.
pub(crate) fn run(asked: &commands::Grade) -> Result<Exit> {
    let workshop = find_workshop(asked.course.as_deref())?;
    let root = &workshop.root;
    let options = &Options::from(asked);
    if options.formats.contains(&commands::GradeFormat::Text) && !asked.list {
        bail!(
            Failure::new(Exit::Usage, "--format text works only with --list")
                .help("choose csv, json, junit, html or gradescope")
        );
    }
    if asked.self_test {
        return crate::selftest::run(root);
    }
    if let (Some(lms), Some(template)) = (asked.export, &asked.template) {
        return crate::export::run(root, options, lms, template);
    }
    if let Some(out) = &asked.report {
        return report(root, options, out);
    }
    if !asked.merge.is_empty() {
        return merge(root, options, &asked.merge);
    }
    let Some(dir) = &asked.dir else {
        let message = "nothing to grade: no folder with submissions was given";
        // `--student` takes everything that follows.
        let help = match asked.student.is_empty() {
            true => "pass it: `cargo xtask grade DIR`",
            false => "pass it first, before all options: `cargo xtask grade DIR --student ID --again`",
        };
        bail!(Failure::new(Exit::Usage, message).help(help));
    };
    if asked.list {
        return crate::list::run(root, options, dir);
    }
    if asked.similar {
        return crate::similar::run(root, options, dir);
    }
    grade(root, options, dir)
}

fn find_workshop(course: Option<&Path>) -> Result<Workshop> {
    Workshop::find_from(course).map_err(|error| match error.downcast::<Failure>() {
        Ok(failure) if course.is_none() && failure.kind == Kind::NoWorkshop => failure
            .help("pass the workshop's folder: --course DIR; all other paths stay relative to the current folder")
            .into(),
        Ok(failure) => failure.into(),
        Err(error) => error,
    })
}

/// Rewrites the reports of a finished or interrupted run; nothing is built.
fn report(root: &Path, options: &Options, out: &Path) -> Result<Exit> {
    let counts = crate::publish::write(root, out, options, &Journal::read(out)?)?;
    if counts.waiting > 0 {
        output::note(&format!("{} not graded yet", are(counts.waiting, "submission")));
    }
    Ok(Exit::Met)
}

/// Joins the journals of several graders into one, and writes its reports.
fn merge(root: &Path, options: &Options, folders: &[PathBuf]) -> Result<Exit> {
    let merged = crate::journal::merge::merge(folders, &options.out)?;
    for folder in &merged.torn {
        output::note(&format!(
            "{}: the journal's last line was cut off; what it held isn't in the result",
            folder.display()
        ));
    }
    for problem in &merged.problems {
        output::not_met(problem);
    }
    output::note(&format!(
        "{} in {}, {} of them new",
        plural(merged.records, "record"),
        options.out.display(),
        merged.added
    ));
    crate::publish::write(root, &options.out, options, &Journal::read(&options.out)?)?;
    Ok(if merged.problems.is_empty() { Exit::Met } else { Exit::NotMet })
}

/// Grades what isn't graded yet, and writes the reports.
fn grade(root: &Path, options: &Options, dir: &Path) -> Result<Exit> {
    // What a person has decided is read first: a mistake in it should be seen now, and not after hours of builds.
    let _ = (Overrides::find(&options.out)?, Late::find(&options.out)?);
    let summary = crate::run::run(root, options, dir)?;
    let counts = crate::publish::write(root, &options.out, options, &summary.contents)?;
    output::note(&format!(
        "graded {}, {} already known; the results are in {}",
        plural(summary.graded, "submission"),
        summary.known,
        options.out.display()
    ));
    if counts.to_review > 0 {
        output::note(&format!(
            "{} waiting for review, {} of them rejected: open {}",
            are(counts.to_review, "submission"),
            counts.rejected,
            options.out.join("index.html").display()
        ));
    }
    if summary.failed == 0 {
        return Ok(Exit::Met);
    }
    bail!(
        Failure::new(
            Exit::Environment,
            format!(
                "{} couldn't be graded, for reasons that aren't the students' fault",
                plural(summary.failed, "submission")
            )
        )
        .help(
            "grades.csv lists them with the status `infra-error`; fix what their messages describe, and run the \
               same command again: only these are retried"
        )
    );
}

/// `1 submission is`, `2 submissions are`.
fn are(count: usize, what: &str) -> String {
    format!("{} {}", plural(count, what), if count == 1 { "is" } else { "are" })
}
