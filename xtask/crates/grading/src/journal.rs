//! The source of truth of grading: one line for each result, on the disk before the next job begins. Nothing in it is ever
//! changed, so a crash, a full disk or a second grader costs at most the line that was being written.

pub(crate) mod found;
pub(crate) mod merge;

use super::model::{RUN_SCHEMA, Record, Run, SCHEMA, Submission};
use anyhow::{Context as _, Result, bail, ensure};
use base::diagnostic::shown;
use base::failure::{Exit, Failure, Place};
use base::proc;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file's name in the results folder.
pub(crate) const FILE: &str = "journal.jsonl";

/// The file that shows that a grader is working in the folder. It isn't the journal itself, which `merge` replaces, and
/// no program on Windows can read a locked file.
pub(crate) const LOCK: &str = "journal.lock";

/// A student and an exercise.
pub(crate) type Job = (String, String);

/// What a journal holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    /// Every record, in the order of the file.
    pub records: Vec<Record>,
    /// What each run found, in the order of the file.
    pub runs: Vec<Run>,
}

impl Contents {
    /// Everyone who was found, each once, in the order in which they were first found.
    pub(crate) fn students(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let runs = found::current(&self.runs);
        let all = runs.into_iter().flat_map(|run| &run.students).map(|seen| &seen.student);
        all.filter(|student| seen.insert(student.as_str())).cloned().collect()
    }

    /// Everything that was handed in, as far as runs have noted it.
    pub(crate) fn handed_in(&self) -> BTreeSet<Job> {
        found::current(&self.runs).into_iter().flat_map(found::jobs).collect()
    }
}

/// A folder's journal, open for one grader alone.
pub(crate) struct Journal {
    /// How many unfinished lines were cut off the end: 0 or 1.
    pub torn: usize,
    path: PathBuf,
    state: Mutex<State>,
    /// The operating system releases the lock when this is closed, however the process ends.
    _lock: File,
}

struct State {
    file: File,
    /// Bytes of the whole lines.
    length: u64,
    /// A line could not be written or removed: anything appended now would become part of it.
    is_broken: bool,
    records: Vec<Record>,
    index: Index,
    runs: Vec<Run>,
}

impl Journal {
    /// Opens a folder's journal, and creates both if they don't exist. Cuts off an unfinished last line.
    ///
    /// # Errors
    /// When another grader is working in the folder, a line is damaged or has a different version, or the folder can't
    /// be written.
    pub(crate) fn open(out_dir: &Path) -> Result<Self> {
        let lock = lock(out_dir)?;
        let path = out_dir.join(FILE);
        let is_new = !path.exists();
        let lines = if is_new { Lines::default() } else { Lines::read(&path)? };
        let broken = || format!("can't write {}", path.display());
        let file = open_at_end(&path).with_context(broken)?;
        let length = lines.whole as u64;
        if lines.is_torn {
            proc::uninterrupted(|| file.set_len(length).and_then(|()| file.sync_all())).with_context(broken)?;
        }
        if is_new {
            // The file's name is then on the disk as well. If a folder can't be opened, there is nothing to do.
            let _ = File::open(out_dir).and_then(|folder| folder.sync_all());
        }
        let records: Vec<Record> = lines.records.into_iter().map(|(record, _)| record).collect();
        let index = Index::of(&records);
        let runs = lines.runs.into_iter().map(|(run, _)| run).collect();
        let state = Mutex::new(State { file, length, is_broken: false, records, index, runs });
        Ok(Self { torn: usize::from(lines.is_torn), path, state, _lock: lock })
    }

    /// Adds a record. It is on disk when this returns, and not in the file at all if this fails.
    ///
    /// # Errors
    /// When the record could not be read again, or the file cannot be written: a full disk.
    pub(crate) fn append(&self, record: &Record) -> Result<()> {
        ensure!(record.schema == SCHEMA, "a record of `{}` doesn't belong in this journal", record.schema);
        // JSON has no such numbers: the line could never be read again.
        ensure!(record.seconds.is_finite(), "the record of {} has no finite number of seconds", record.student);
        let mut state = self.state();
        self.add(&mut state, serde_json::to_vec(record)?)?;
        let at = state.records.len();
        state.index.add(at, record);
        state.records.push(record.clone());
        Ok(())
    }

    /// Notes what a run found, unless the last run of the same part for the same exercises found exactly the same.
    ///
    /// # Errors
    /// When the file cannot be written: a full disk.
    pub(crate) fn note(&self, run: &Run) -> Result<()> {
        ensure!(run.schema == RUN_SCHEMA, "a run of `{}` doesn't belong in this journal", run.schema);
        let mut state = self.state();
        if found::is_known(&state.runs, run) {
            return Ok(());
        }
        self.add(&mut state, serde_json::to_vec(run)?)?;
        state.runs.push(run.clone());
        Ok(())
    }

    fn add(&self, state: &mut State, mut line: Vec<u8>) -> Result<()> {
        line.push(b'\n');
        let broken = || format!("can't write {}", self.path.display());
        if state.is_broken {
            let message = format!("{} ends in the middle of a line, and can't be written", shown(&self.path).display());
            let help = "run `grade` again when the disk works: it cuts the line off and continues from there";
            bail!(Failure::new(Exit::Environment, message).help(help));
        }
        let length = state.length;
        match proc::uninterrupted(|| write_line(&mut state.file, length, &line)) {
            Ok(()) => {
                state.length += line.len() as u64;
                Ok(())
            }
            Err(Unwritten { error, is_taken_back }) => {
                state.is_broken = !is_taken_back;
                Err(error).with_context(broken)
            }
        }
    }

    /// The latest grade under a key, for any student: identical work doesn't need to be built twice.
    pub(crate) fn graded(&self, key: &str) -> Option<Record> {
        let state = self.state();
        state.index.graded.get(key).map(|&at| state.records[at].clone())
    }

    /// Whether the result that counts for a student and an exercise is a grade under this key: nothing is to be done.
    pub(crate) fn is_current(&self, student: &str, exercise: &str, key: &str) -> bool {
        let state = self.state();
        let at = state.index.latest.get(&(student.to_owned(), exercise.to_owned()));
        at.map(|&at| &state.records[at]).is_some_and(|record| record.key == key && record.status.is_final())
    }

    /// Whether the record that counts for a submission has its guesses.
    pub(crate) fn has_guesses(&self, submission: &Submission) -> bool {
        let state = self.state();
        let at = state.index.latest.get(&(submission.student.clone(), submission.exercise.clone()));
        at.is_some_and(|&at| state.records[at].guesses == submission.guesses)
    }

    /// Everything it contains. From now on, the folder is free for another grader.
    pub(crate) fn into_contents(self) -> Contents {
        let State { records, runs, .. } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        Contents { records, runs }
    }

    /// Everything in a folder's journal, without locking it: a line that is being written doesn't count yet.
    ///
    /// # Errors
    /// When there is no journal, or a line is damaged or has a different version.
    pub(crate) fn read(out_dir: &Path) -> Result<Contents> {
        let Lines { records, runs, .. } = Lines::of(out_dir)?;
        let records = records.into_iter().map(|(record, _)| record).collect();
        Ok(Contents { records, runs: runs.into_iter().map(|(run, _)| run).collect() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result that counts for each student and exercise: the last one. An error of ours never replaces a grade under
/// the same key; under a different key it does, because that grade is for other files.
pub(crate) fn latest(records: &[Record]) -> BTreeMap<Job, &Record> {
    Index::of(records).latest.into_iter().map(|(job, at)| (job, &records[at])).collect()
}

/// Jobs that were judged differently under one key, which must not happen: the key covers everything that a result
/// depends on. With the different results as `graded 4/10`.
pub(crate) fn conflicts(records: &[Record]) -> BTreeMap<Job, Vec<String>> {
    let mut verdicts: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.status.is_final()) {
        let Record { student, exercise, key, .. } = record;
        verdicts.entry((student, exercise, key)).or_default().insert(verdict(record));
    }
    let mut conflicts: BTreeMap<Job, Vec<String>> = BTreeMap::new();
    for ((student, exercise, _), verdicts) in verdicts.into_iter().filter(|(_, verdicts)| verdicts.len() > 1) {
        conflicts.entry((student.clone(), exercise.clone())).or_default().extend(verdicts);
    }
    conflicts
}

fn verdict(record: &Record) -> String {
    format!("{} {}/{}", record.status.name(), record.points, record.points_max)
}

/// Where in a list of records something is.
#[derive(Default)]
struct Index {
    /// What counts for a job.
    latest: BTreeMap<Job, usize>,
    /// The latest grade under a key.
    graded: HashMap<String, usize>,
    /// The latest grade of a student and an exercise under a key.
    grades: HashMap<(String, String, String), usize>,
}

impl Index {
    fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut index = Self::default();
        for (at, record) in records.into_iter().enumerate() {
            index.add(at, record);
        }
        index
    }

    fn add(&mut self, at: usize, record: &Record) {
        let Record { student, exercise, key, .. } = record;
        let whole = (student.clone(), exercise.clone(), key.clone());
        let counts = if record.status.is_final() {
            self.graded.insert(key.clone(), at);
            self.grades.insert(whole, at);
            at
        } else {
            self.grades.get(&whole).copied().unwrap_or(at)
        };
        self.latest.insert((student.clone(), exercise.clone()), counts);
    }
}

/// A file of records.
#[derive(Default)]
struct Lines {
    /// Each record, with its original line.
    records: Vec<(Record, String)>,
    /// What each run has found, with its line.
    runs: Vec<(Run, String)>,
    /// Bytes of the lines that are whole.
    whole: usize,
    /// Whether an incomplete line follows them.
    is_torn: bool,
}

impl Lines {
    fn of(out_dir: &Path) -> Result<Self> {
        let path = out_dir.join(FILE);
        if !path.exists() {
            let message = format!("there is no {FILE} in {}", shown(out_dir).display());
            let help = "pass the folder that `grade --out` wrote to";
            bail!(Failure::new(Exit::Usage, message).file(shown(out_dir)).help(help));
        }
        Self::read(&path)
    }

    fn read(path: &Path) -> Result<Self> {
        if !path.is_file() {
            let message = format!("{} isn't a regular file", shown(path).display());
            bail!(Failure::new(Exit::Usage, message).help("choose another folder for `--out`"));
        }
        let bytes = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
        Self::parse(&shown(path), &bytes)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let mut lines = Self::default();
        for (number, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let is_last = lines.whole + line.len() == bytes.len();
            let text = || String::from_utf8_lossy(line).trim().to_owned();
            match entry(line) {
                // A line is only reported as written once its end is.
                _ if !line.ends_with(b"\n") => lines.is_torn = true,
                Ok(Some(Entry::Record(record))) => lines.records.push((*record, text())),
                Ok(Some(Entry::Run(run))) => lines.runs.push((run, text())),
                Ok(None) => {}
                Err(Damage { is_json: false, .. }) if is_last => lines.is_torn = true,
                Err(Damage { message, help, .. }) => {
                    let place = Place { file: path.to_owned(), line: Some(number + 1), column: None };
                    bail!(Failure { place: Some(place), ..Failure::new(Exit::Usage, message).help(help) });
                }
            }
            if !lines.is_torn {
                lines.whole += line.len();
            }
        }
        Ok(lines)
    }
}

struct Damage {
    message: String,
    help: &'static str,
    /// Whether it is JSON anyway: then it wasn't cut off while being written.
    is_json: bool,
}

/// What a line holds.
enum Entry {
    Record(Box<Record>),
    Run(Run),
}

/// What a line holds; none if it is empty.
fn entry(line: &[u8]) -> Result<Option<Entry>, Damage> {
    #[derive(Deserialize)]
    struct Versioned {
        schema: String,
    }
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let mut error = match serde_json::from_slice::<Record>(line) {
        Ok(record) if record.schema == SCHEMA => return Ok(Some(Entry::Record(Box::new(record)))),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    if let Ok(Versioned { schema }) = serde_json::from_slice(line)
        && schema == RUN_SCHEMA
    {
        match serde_json::from_slice(line) {
            Ok(run) => return Ok(Some(Entry::Run(run))),
            Err(other) => error = Some(other),
        }
    } else if let Ok(Versioned { schema }) = serde_json::from_slice(line)
        && schema != SCHEMA
    {
        let message = format!("this line has version `{schema}`, but this program reads `{SCHEMA}`");
        let help = "use the version of the workshop that wrote it, or another folder for `--out`";
        return Err(Damage { message, help, is_json: true });
    }
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    let words = error.map(|error| format!(" ({error})")).unwrap_or_default();
    let help = "restore the file from a backup, or delete the line: that submission is then graded again";
    Err(Damage { message: format!("this line isn't a grade record{words}"), help, is_json })
}

/// Shows that a grader is working in this folder, until the file is closed. Creates the folder.
fn lock(out_dir: &Path) -> Result<File> {
    fs::create_dir_all(out_dir).with_context(|| format!("can't create the folder {}", out_dir.display()))?;
    let path = out_dir.join(LOCK);
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.with_context(|| format!("can't write {}", path.display()))?;
    let folder = shown(out_dir);
    let (message, help) = match lock.try_lock() {
        Ok(()) => return Ok(lock),
        Err(TryLockError::WouldBlock) => (
            format!("another grader is working in {}", folder.display()),
            "wait until it finishes, or give each its own `--out` and join them with `grade --merge`",
        ),
        Err(TryLockError::Error(error)) => (
            format!("can't lock {}: {error}", shown(&path).display()),
            "choose an `--out` on a disk where files can be locked, such as a local one",
        ),
    };
    bail!(Failure::new(Exit::Environment, message).help(help))
}

/// Every write goes to the end, no matter what else was written.
#[cfg(unix)]
fn open_at_end(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Elsewhere, a file opened for appending can't be shortened. No one else writes while we hold the lock, so the end
/// stays where `write_line` looks for it.
#[cfg(not(unix))]
fn open_at_end(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

/// What a line is written to.
trait Disk: Write {
    /// Makes the next write begin at this byte, the end.
    fn go_to(&mut self, end: u64) -> io::Result<()>;
    fn cut(&mut self, length: u64) -> io::Result<()>;
    fn flush_to_disk(&mut self) -> io::Result<()>;
}

impl Disk for File {
    fn go_to(&mut self, end: u64) -> io::Result<()> {
        io::Seek::seek(self, io::SeekFrom::Start(end)).map(|_| ())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn flush_to_disk(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

struct Unwritten {
    error: io::Error,
    is_taken_back: bool,
}

/// Adds a whole line to a file of this length, or nothing.
fn write_line(disk: &mut impl Disk, length: u64, line: &[u8]) -> Result<(), Unwritten> {
    let written = disk.go_to(length).and_then(|()| disk.write_all(line)).and_then(|()| disk.flush_to_disk());
    written.map_err(|error| {
        let is_taken_back = disk.cut(length).is_ok();
        // `write_all` says this where a disk takes nothing and gives no reason.
        let error = if error.kind() == ErrorKind::WriteZero { ErrorKind::StorageFull.into() } else { error };
        Unwritten { error, is_taken_back }
    })
}

#[cfg(test)]
mod tests;
