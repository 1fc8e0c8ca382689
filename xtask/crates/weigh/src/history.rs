//! The size of a program at each commit or tag: which revisions, which of them are known from an earlier call, which moved it.

mod bisect;
pub(crate) mod past;
pub(crate) mod place;
pub(crate) mod repository;

pub(crate) use bisect::Search;

use crate::anatomy;
use crate::anatomy::delta::{self, Change, Parts};
use crate::options::{self, Format};
use crate::report::history as report;
use crate::subject::Subject;
use crate::workshop::Workshop;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure, Kind, failure_of};
use base::output::{self, Progress};
use base::{files, numbers, proc, store};
use past::Past;
use repository::{Commit, Range, Repository};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

/// How many revisions are measured by default.
const NEWEST: usize = 10;
/// How many revisions a search covers by default: it needs nine builds at most.
const SEARCHED: usize = 100;
/// Results that are kept of a repository, a few thousand bytes each.
const KEPT: usize = 2000;

/// A program over time.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The program.
    pub(crate) program: String,
    /// The profile that each revision is built with.
    pub(crate) profile: String,
    /// This machine's target triple.
    pub(crate) target: String,
    /// The revisions that were measured, oldest first.
    pub(crate) revisions: Vec<Revision>,
    /// What a search has found.
    pub(crate) search: Option<Search>,
}

/// A revision.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    /// The commit.
    pub(crate) commit: Commit,
    /// What came of its build.
    pub(crate) outcome: Outcome,
    /// The size of the last one before it that could be built.
    pub(crate) before: Option<u64>,
    /// What changed since then, largest first.
    pub(crate) movers: Vec<Mover>,
}

/// A crate or a section whose bytes changed.
#[derive(Clone, Debug)]
pub(crate) struct Mover {
    /// `crate` or `section`.
    pub(crate) kind: &'static str,
    /// By how much.
    pub(crate) change: Change,
}

/// What came of a revision's build.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// A program.
    Built(Measured),
    /// None, with the reason in one line.
    Failed(String),
}

/// A program as it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Its sections and crates; functions are left out.
    pub(crate) parts: Parts,
    /// The release of rustc.
    pub(crate) toolchain: Option<String>,
    /// How long the build took.
    seconds: f64,
    /// What the user should know.
    notes: Vec<String>,
}

impl Revision {
    /// The program's bytes, where it could be built.
    pub(crate) fn bytes(&self) -> Option<u64> {
        match &self.outcome {
            Outcome::Built(measured) => Some(measured.parts.bytes),
            Outcome::Failed(_) => None,
        }
    }

    /// By how many bytes it moved the program.
    pub(crate) fn moved(&self) -> u64 {
        self.bytes().zip(self.before).map_or(0, |(bytes, before)| bytes.abs_diff(before))
    }
}

/// Runs `history`.
///
/// # Errors
/// When there are no such revisions, or none of them can be built.
pub fn run(options: &options::History) -> Result<Exit> {
    let options::History { range: _, every: _, tags: _, count: _, bisect, profile, svg, format, subject: asked } =
        options;
    let profile = profile.as_deref().unwrap_or("release");
    let growth = bisect.as_deref().map(bisect::Growth::parse).transpose()?;
    if let Some(folder) = svg.as_deref().and_then(Path::parent) {
        files::check_writable(folder)?;
    }
    let workshop = Workshop::of(asked)?;
    let subject = Subject::find(&workshop, asked, None)?;
    let program = subject.only(|names| format!("there are several programs: {names}"))?;
    subject.resolve(Some(profile), "profile")?;
    let past = Past::of(&workshop, asked, &subject)?;
    let commits = chosen(&past.repository, options)?;
    let mut book = Book::open(&past, profile, commits)?;
    let search = match growth {
        None => {
            book.measure_all()?;
            None
        }
        Some(growth) => Some(book.search(growth)?),
    };
    let revisions = compared(book.rows());
    if revisions.iter().all(|revision| revision.bytes().is_none()) {
        bail!(book.nothing_built());
    }
    let history = History {
        program: program.name.clone(),
        profile: profile.to_owned(),
        target: subject.host.clone(),
        revisions,
        search,
    };
    if let Some(file) = svg {
        files::write_atomic(file, report::svg(&history).as_bytes())?;
        output::note(&format!("the chart is in {}", file.display()));
    }
    output::data(&match format {
        Format::Text => report::text(&history, output::width()),
        Format::Markdown => report::markdown(&history),
        Format::Csv => report::csv(&history)?,
        Format::Json => report::json(&history)?,
    })?;
    match &history.search {
        Some(Search { found: None, .. }) => Ok(Exit::NotMet),
        _ => Ok(Exit::Met),
    }
}

/// The revisions that are meant, oldest first.
fn chosen(repository: &Repository, options: &options::History) -> Result<Vec<Commit>> {
    let options::History { range, every, tags, count, bisect, .. } = options;
    let range_of = |text: &String| Range::parse(text);
    let (from, to) = match range.as_ref().map(|text| (range_of(text), text)) {
        Some((Some(range), _)) => {
            let (from, to) = repository.ends(&range)?;
            (Some(from), to)
        }
        Some((None, revision)) => (None, repository.commit(revision)?),
        None => (None, repository.commit("HEAD")?),
    };
    let usual = if bisect.is_some() { SEARCHED } else { NEWEST };
    let most = match count {
        Some(0) => usize::MAX,
        Some(count) => *count,
        None if from.is_none() => usual,
        None => usize::MAX,
    };
    let mut commits = match (tags, &from) {
        (true, from) => repository.tags(from.as_ref(), &to)?,
        (false, Some(from)) => repository.between(from, &to)?,
        (false, None) => repository.newest(&to, most.saturating_mul(*every).min(i32::MAX as usize))?,
    };
    if *tags && commits.iter().all(|commit| commit.tag.is_none()) {
        let message = format!("there is no tag in the history of `{}`", range.as_deref().unwrap_or("HEAD"));
        bail!(
            Failure::new(Exit::Usage, message)
                .help("`git fetch --tags` fetches a remote's tags; without --tags each commit is a row")
        );
    }
    commits = every_nth(commits, *every);
    let extra = commits.len().saturating_sub(most);
    commits.drain(..extra);
    if range.is_none() && commits.len() < most && repository.is_shallow() {
        output::note(&format!(
            "this clone is shallow: {} are here; `git fetch --unshallow --tags` gets the others",
            numbers::plural(commits.len(), "revision")
        ));
    }
    Ok(commits)
}

/// Each n-th, counted from the last one, and the first one.
fn every_nth<T>(all: Vec<T>, n: usize) -> Vec<T> {
    let last = all.len().saturating_sub(1);
    all.into_iter()
        .enumerate()
        .filter(|(index, _)| (last - index).is_multiple_of(n) || *index == 0)
        .map(|(_, one)| one)
        .collect()
}

/// The results so far: what is known from earlier calls, and what is found now.
struct Book<'a> {
    past: &'a Past<'a>,
    profile: &'a str,
    entries: Vec<Entry>,
    builds: usize,
    /// Why the last one that could not be built could not.
    last_failure: Option<Failure>,
}

/// A commit, the key of its result, and the result where there is one.
struct Entry {
    commit: Commit,
    key: Option<String>,
    outcome: Option<Outcome>,
}

impl<'a> Book<'a> {
    fn open(past: &'a Past<'a>, profile: &'a str, commits: Vec<Commit>) -> Result<Self> {
        let mut book = Self { past, profile, entries: Vec::new(), builds: 0, last_failure: None };
        for commit in commits {
            let (key, outcome) = match past.key(&commit, profile) {
                Ok(key) => {
                    let known = store::load(&book.file(&key), &key);
                    (Some(key), known)
                }
                Err(error) => {
                    // Its toolchain isn't here.
                    let failure = failure_of(&error);
                    let outcome = Outcome::Failed(reason(&failure));
                    book.last_failure = Some(failure);
                    (None, Some(outcome))
                }
            };
            book.entries.push(Entry { commit, key, outcome });
        }
        Ok(book)
    }

    fn file(&self, key: &str) -> PathBuf {
        self.past.place.facts().join(format!("{}.json", &key[..32]))
    }

    /// Measures every revision that isn't known, and says first how much that is.
    fn measure_all(&mut self) -> Result<()> {
        let open: Vec<usize> = (0..self.entries.len()).filter(|index| self.entries[*index].outcome.is_none()).collect();
        let count = numbers::plural(self.entries.len(), "revision");
        self.announce(&format!("building {} of {count}", open.len()), open.len());
        let progress = Progress::of(open.len(), "builds", 1);
        for index in open {
            self.measure(index, &progress)?;
        }
        Ok(())
    }

    /// Searches the first revision that is so much larger than the oldest one.
    fn search(&mut self, growth: bisect::Growth) -> Result<Search> {
        let count = self.entries.len();
        let most = bisect::most_builds(count).min(self.open_count());
        let (builds, among) = (numbers::plural(most, "build"), numbers::plural(count, "revision"));
        self.announce(&format!("searching {among} with at most {builds}"), most);
        let progress = Progress::of(most, "builds", 1);
        let search = bisect::first(count, growth, &mut |index| {
            self.measure(index, &progress)?;
            Ok(self.bytes(index))
        })?;
        // The rows that weren't needed are left out.
        Ok(Search { builds: self.builds, among: count, ..search.renumbered(|index| self.row_of(index)) })
    }

    fn bytes(&self, index: usize) -> Option<u64> {
        match &self.entries[index].outcome {
            Some(Outcome::Built(measured)) => Some(measured.parts.bytes),
            _ => None,
        }
    }

    /// Where an entry is among the rows.
    fn row_of(&self, index: usize) -> usize {
        self.entries[..index].iter().filter(|entry| entry.outcome.is_some()).count()
    }

    /// Tells what is going to be done, and about how long so many builds take.
    fn announce(&self, what: &str, builds: usize) {
        if builds == 0 {
            return;
        }
        proc::say_when_interrupted("what was measured is kept; run the same command again to resume");
        let seconds: Vec<f64> = self
            .entries
            .iter()
            .filter_map(|entry| match &entry.outcome {
                Some(Outcome::Built(measured)) => Some(measured.seconds),
                _ => None,
            })
            .collect();
        let time = match seconds.is_empty() {
            true => {
                "the first build also compiles the dependencies; after it, there's an estimate for the rest".to_owned()
            }
            false => duration(seconds.iter().sum::<f64>() / seconds.len() as f64 * builds as f64),
        };
        output::note(&format!("{what}: {time}"));
    }

    /// How many revisions have no result yet.
    fn open_count(&self) -> usize {
        self.entries.iter().filter(|entry| entry.outcome.is_none()).count()
    }

    /// Builds a revision that isn't known yet, and keeps what came of it.
    fn measure(&mut self, index: usize, progress: &Progress) -> Result<()> {
        let Entry { commit, key, outcome } = &self.entries[index];
        let (Some(key), None) = (key, outcome) else { return Ok(()) };
        progress.running(&[format!("{} {}", commit.name(), commit.subject)]);
        self.builds += 1;
        let variables = self.past.place.variables();
        let (outcome, is_lasting) = match self.past.build(commit, self.profile, anatomy::build) {
            Ok(then) => {
                let mut parts = Parts::of(&then.anatomy);
                parts.functions = None;
                let measured = Measured { parts, toolchain: then.toolchain, seconds: then.seconds, notes: then.notes };
                (Outcome::Built(measured), true)
            }
            Err(error) => {
                let failure = failure_of(&error);
                let outcome = Outcome::Failed(reason(&failure));
                // No network, no room, a folder beside the repository: the next call may find it otherwise.
                let is_lasting = failure.exit != Exit::Environment && failure.kind != Kind::OutsideRepository;
                self.last_failure = Some(failure);
                (outcome, is_lasting)
            }
        };
        if is_lasting {
            // What the build has asked for is a part of the key from now on.
            let key = match self.past.place.variables() == variables {
                true => key.clone(),
                false => self.past.key(commit, self.profile).unwrap_or_else(|_| key.clone()),
            };
            store::save(&self.file(&key), &key, &outcome)?;
            keep_newest(&self.past.place.facts(), KEPT)?;
        }
        progress.finished(&match &outcome {
            Outcome::Built(measured) => {
                let name = commit.name();
                measured.notes.iter().for_each(|note| progress.say(&format!("{name}: {note}")));
                format!("{name}: {} bytes, {:.1} s", numbers::thousands(measured.parts.bytes), measured.seconds)
            }
            Outcome::Failed(reason) => format!("{}: {reason}", commit.name()),
        });
        self.entries[index].outcome = Some(outcome);
        Ok(())
    }

    /// The revisions whose result is known, oldest first.
    fn rows(&self) -> Vec<(Commit, Outcome)> {
        let row = |entry: &Entry| Some((entry.commit.clone(), entry.outcome.clone()?));
        self.entries.iter().filter_map(row).collect()
    }

    fn nothing_built(&self) -> Failure {
        let failure = self.last_failure.clone();
        let failure = failure.unwrap_or_else(|| {
            let mut reasons = self.entries.iter().filter_map(|entry| match &entry.outcome {
                Some(Outcome::Failed(reason)) => Some(reason.clone()),
                _ => None,
            });
            Failure::new(Exit::NotMet, reasons.next_back().unwrap_or_default())
        });
        let message = format!(
            "none of the {} can be built; the last one: {}",
            numbers::plural(self.entries.len(), "revision"),
            failure.message
        );
        Failure { message, ..failure }
    }
}

/// What changed at each revision since the last one before it that could be built.
fn compared(rows: Vec<(Commit, Outcome)>) -> Vec<Revision> {
    let mut before: Option<Parts> = None;
    let mut revisions = Vec::new();
    for (commit, outcome) in rows {
        let mut movers = Vec::new();
        let bytes_before = before.as_ref().map(|parts| parts.bytes);
        if let Outcome::Built(measured) = &outcome {
            if let Some(before) = &before {
                let changes = delta::between(("", before), ("", &measured.parts));
                let of = |kind, changes: Vec<Change>| changes.into_iter().map(move |change| Mover { kind, change });
                movers.extend(of("crate", changes.crates).chain(of("section", changes.sections)));
            }
            before = Some(measured.parts.clone());
        }
        movers.sort_by_key(|mover| Reverse(mover.change.a.abs_diff(mover.change.b)));
        revisions.push(Revision { commit, outcome, before: bytes_before, movers });
    }
    revisions
}

/// About how long something takes.
fn duration(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("about {}", numbers::plural(seconds.ceil() as usize, "second")),
        ..5400.0 => format!("about {}", numbers::plural((seconds / 60.0).round() as usize, "minute")),
        _ => format!("about {}", numbers::plural((seconds / 3600.0).round() as usize, "hour")),
    }
}

/// The line of a failure that says most.
fn reason(failure: &Failure) -> String {
    let mut lines = failure.message.lines().map(str::trim);
    let first_error = lines.clone().find(|line| line.starts_with("error"));
    let line = first_error.or_else(|| lines.next()).unwrap_or_default();
    output::one_line(line.strip_prefix("error: ").unwrap_or(line))
}

/// Removes the oldest files of a folder, so that so many are left.
fn keep_newest(folder: &Path, count: usize) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    let time = |entry: &fs::DirEntry| entry.metadata().and_then(|metadata| metadata.modified()).ok();
    let mut files: Vec<_> = entries.flatten().map(|entry| (time(&entry), entry.path())).collect();
    if files.len() > count {
        files.sort();
        let extra = files.len() - count;
        for (_, file) in files.drain(..extra) {
            fs::remove_file(&file).with_context(|| format!("can't remove {}", file.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A history with everything that a format must cope with.
    pub(crate) fn sample() -> History {
        let commit = |hash: &str, seconds, subject: &str, tag: Option<&str>| Commit {
            hash: hash.repeat(20),
            seconds,
            subject: subject.to_owned(),
            tag: tag.map(str::to_owned),
        };
        let sum = |parts: &[(&str, u64)]| -> BTreeMap<String, u64> {
            parts.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes)).collect()
        };
        let built = |text: u64, rodata: u64, clap: u64| {
            Outcome::Built(Measured {
                parts: Parts {
                    bytes: text + rodata,
                    text_bytes: text,
                    sections: sum(&[(".text", text), (".rodata", rodata)]),
                    crates: Some(sum(&[("clap", clap), ("app", text - clap)])),
                    functions: None,
                },
                toolchain: Some("1.95.0".to_owned()),
                seconds: 1.5,
                notes: Vec::new(),
            })
        };
        let rows = vec![
            (commit("1a", 1_700_000_000, "First", Some("v1.0")), built(300_000, 50_000, 0)),
            (commit("2b", 1_700_100_000, "=cmd|<b> \"x\", y", None), built(300_000, 50_000, 0)),
            (
                commit("3c", 1_700_200_000, "Does not build", None),
                Outcome::Failed("error[E0425]: cannot find value `a`".to_owned()),
            ),
            (commit("4d", 1_700_300_000, "Parse arguments with clap", None), built(380_000, 70_000, 80_000)),
            (commit("5e", 1_700_400_000, "Smaller \u{1b}[31mtable", Some("v1.1")), built(380_000, 69_988, 80_000)),
        ];
        History {
            program: "app".to_owned(),
            profile: "release".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            revisions: compared(rows),
            search: None,
        }
    }

    #[test]
    fn each_nth_is_counted_from_the_newest_and_the_oldest_is_kept() {
        assert_eq!(every_nth((1..=10).collect(), 3), [1, 4, 7, 10]);
        assert_eq!(every_nth((1..=9).collect(), 3), [1, 3, 6, 9]);
        assert_eq!(every_nth((1..=3).collect(), 1), [1, 2, 3]);
        assert_eq!(every_nth((1..=3).collect(), 100), [1, 3]);
        assert_eq!(every_nth(Vec::<u8>::new(), 2), [0; 0]);
    }

    #[test]
    fn a_change_is_against_the_last_revision_that_could_be_built() {
        let history = sample();
        let before: Vec<_> = history.revisions.iter().map(|revision| revision.before).collect();
        assert_eq!(before, [None, Some(350_000), Some(350_000), Some(350_000), Some(450_000)]);
        let moved: Vec<_> = history.revisions.iter().map(Revision::moved).collect();
        assert_eq!(moved, [0, 0, 0, 100_000, 12]);
        let names: Vec<_> =
            history.revisions[3].movers.iter().map(|mover| (mover.kind, mover.change.name.as_str())).collect();
        assert_eq!(names, [("crate", "clap"), ("section", ".text"), ("section", ".rodata")]);
    }

    #[test]
    fn a_time_is_told_as_people_tell_it() {
        assert_eq!([0.2, 1.5, 89.0].map(duration), ["about 1 second", "about 2 seconds", "about 89 seconds"]);
        assert_eq!([90.0, 3600.0, 5399.0].map(duration), ["about 2 minutes", "about 60 minutes", "about 90 minutes"]);
        assert_eq!(duration(8000.0), "about 2 hours");
    }

    #[test]
    fn a_reason_is_one_line() {
        let line = |message: &str| reason(&Failure::new(Exit::NotMet, message));
        let words = "`cargo build --profile release` failed (exit code 101):\n   Compiling app v0.1.0\nerror[E0425]: cannot find value `a`\n --> src/main.rs:1:1\n\nerror: could not compile `app`";
        assert_eq!(line(words), "error[E0425]: cannot find value `a`");
        assert_eq!(line("x failed:\nerror: failed to parse manifest at `/x`\n"), "failed to parse manifest at `/x`");
        assert_eq!(line("at v1 there is no Cargo.toml"), "at v1 there is no Cargo.toml");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        for (name, second) in [("a", 3), ("b", 1), ("c", 2)] {
            let path = folder.path().join(name);
            let file = fs::File::create(&path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)).unwrap();
        }
        keep_newest(folder.path(), 2).unwrap();
        assert_eq!(files::files(folder.path()).unwrap(), [Path::new("a"), Path::new("c")]);
    }
}
