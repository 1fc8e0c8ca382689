//! Sides of a comparison that are git revisions: what a program was before a change.

use super::{Side as Compared, is_file, only, with_compressed};
use crate::anatomy::{self, Anatomy};
use crate::history::past::{Past, difference_of_lockfiles, tell};
use crate::history::repository::{Commit, Range, Repository};
use crate::subject::Subject;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure, failure_of};
use base::output;
use std::fs;
use std::path::Path;

/// Before the name of a revision.
const PREFIX: &str = "git:";
/// What a revision is compared with if nothing is said: the working tree's default build.
const NOW: &str = "release";

/// What is compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// Profiles, files, or revisions with their prefix.
    Two(&'a str, &'a str),
    /// Both ends of a range.
    Range(Range),
}

/// Whether a side is a revision.
pub(super) fn is_one(side: &str) -> bool {
    side.starts_with(PREFIX)
}

/// What is compared, by the words on the command line.
///
/// # Errors
/// When a side is missing, or one too many.
pub(super) fn asked<'a>(a: &'a str, b: Option<&'a str>) -> Result<Asked<'a>> {
    let range = |side: &str| side.strip_prefix(PREFIX).and_then(Range::parse);
    match (range(a), b) {
        (Some(range), None) => Ok(Asked::Range(range)),
        (None, Some(b)) if range(b).is_none() => Ok(Asked::Two(a, b)),
        (None, None) if is_one(a) => Ok(Asked::Two(a, NOW)),
        (None, None) => bail!(Failure::new(Exit::Usage, format!("there is nothing to compare `{a}` with")).help(
            "pass a second profile or file; a git revision alone, such as git:HEAD~1, is compared with the working tree"
        )),
        (_, Some(_)) => bail!(
            Failure::new(Exit::Usage, "git:A..B already names both sides of the comparison")
                .help("pass it alone, or pass both sides separately: git:A git:B")
        ),
    }
}

/// One side, ready to be built.
enum Side<'a> {
    Revision(&'a str, Commit),
    /// As it was asked for, and what it means today.
    Profile(&'a str, String),
    File(&'a str),
}

/// Both sides of a comparison of which at least one is a revision.
///
/// # Errors
/// When a revision isn't there, or something can't be built or read.
pub(super) fn sides(
    past: &Past<'_>,
    subject: &Subject,
    asked: &Asked<'_>,
    arch: Option<&str>,
    compressed: bool,
) -> Result<(Compared, Compared)> {
    // Everything that can be refused at once, before anything is built.
    let of = |name| side(&past.repository, subject, name);
    let (a, b) = match asked {
        Asked::Two(a, b) => (of(a)?, of(b)?),
        Asked::Range(range) => {
            let (from, to) = past.repository.ends(range)?;
            (Side::Revision(&range.from, from), Side::Revision(&range.to, to))
        }
    };
    let profile = [&a, &b].into_iter().find_map(|side| match side {
        Side::Profile(asked, _) => Some(*asked),
        _ => None,
    });
    if let (Some(profile), Some(changes)) = (profile, past.repository.changed_files()?) {
        output::note(&format!("the working tree has {changes}, so `{profile}` isn't HEAD but HEAD plus these changes"));
    }
    let profile = profile.unwrap_or(NOW);
    let done = |side| build(past, subject, side, profile, arch, compressed);
    let (a, b) = (done(&a)?, done(&b)?);
    tell_differences(&a, &b);
    Ok((a.compared, b.compared))
}

fn side<'a>(repository: &Repository, subject: &Subject, name: &'a str) -> Result<Side<'a>> {
    if let Some(revision) = name.strip_prefix(PREFIX) {
        return Ok(Side::Revision(revision, repository.commit(revision)?));
    }
    if is_file(name) {
        return Ok(Side::File(name));
    }
    Ok(Side::Profile(name, subject.resolve(Some(name), "profile or file")?))
}

/// A side that was built or read. What is not known of a file is none.
struct Done {
    compared: Compared,
    toolchain: Option<String>,
    lockfile: Option<String>,
}

fn build(
    past: &Past<'_>,
    subject: &Subject,
    side: &Side<'_>,
    profile: &str,
    arch: Option<&str>,
    compressed: bool,
) -> Result<Done> {
    let (anatomy, toolchain, lockfile) = match side {
        Side::Revision(revision, commit) => {
            let then = past.build(commit, profile, anatomy::explained).map_err(|error| at(revision, &error))?;
            tell(revision, &then.notes);
            let anatomy = Anatomy { name: format!("{revision} ({profile})"), ..then.anatomy };
            (anatomy, then.toolchain, then.lockfile)
        }
        Side::Profile(_, profile) => (
            anatomy::explained(subject, only(subject)?, profile)?,
            subject.release.clone(),
            past.lockfile_now().and_then(|file| fs::read_to_string(file).ok()),
        ),
        Side::File(name) => (Anatomy::of_part_with_reasons(name, Path::new(name), arch)?, None, None),
    };
    Ok(Done { compared: with_compressed(anatomy, compressed)?, toolchain, lockfile })
}

/// The same failure, with the revision that it is about.
fn at(revision: &str, error: &anyhow::Error) -> anyhow::Error {
    let failure = failure_of(error);
    let message = format!("{revision}: {}", failure.message);
    Failure { message, ..failure }.into()
}

/// What else than the sources isn't the same on both sides.
fn tell_differences(a: &Done, b: &Done) {
    if let (Some(before), Some(after)) = (&a.toolchain, &b.toolchain)
        && before != after
    {
        output::note(&format!(
            "{} is built with rustc {before}, {} with {after}: part of the difference is the compiler's",
            a.compared.0.name, b.compared.0.name
        ));
    }
    if let (Some(before), Some(after)) = (&a.lockfile, &b.lockfile)
        && let Some(difference) = difference_of_lockfiles(before, after)
    {
        output::note(&format!("the lock files differ in {difference}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_alone_is_compared_with_the_working_tree_and_a_range_needs_no_other_side() {
        assert_eq!(asked("git:HEAD~1", None).unwrap(), Asked::Two("git:HEAD~1", "release"));
        assert_eq!(asked("git:v1", Some("git:v2")).unwrap(), Asked::Two("git:v1", "git:v2"));
        assert_eq!(asked("release", Some("../b")).unwrap(), Asked::Two("release", "../b"));
        let Asked::Range(range) = asked("git:main...", None).unwrap() else { panic!("a range") };
        assert_eq!((range.from.as_str(), range.to.as_str(), range.from_common), ("main", "HEAD", true));
        assert_eq!(asked("release", None).unwrap_err().to_string(), "there is nothing to compare `release` with");
        for (a, b) in [("git:a..b", "release"), ("release", "git:a..b"), ("git:a..b", "git:c..d")] {
            assert!(asked(a, Some(b)).unwrap_err().to_string().contains("already names both sides"), "{a} {b}");
        }
    }
}
