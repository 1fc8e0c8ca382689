//! Pages without names: each student has a code instead of an id, and anything else that could identify them is removed
//! from the texts. The codes come from a random key that stays in the results folder, so they are the same in every
//! report, and only people with the key can compute them.

mod scrub;

use crate::journal::Contents;
use crate::report::{Gradebook, Problem, Row, csv::cell, id};
use anyhow::{Context as _, Result};
use base::files;
use base::output;
use scrub::{Scrubber, Sort};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// The file with the key. It is enough to compute who is who.
const KEY: &str = "anonymous-key";
/// The file that says who is who.
const MAPPING: &str = "anonymous.csv";

/// What may identify a student.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The first and the last name, and the address; each may be empty.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The address for mail.
    pub email: String,
    /// Names of folders and files, logins and numbers.
    pub others: BTreeSet<String>,
}

/// The codes of a class, and what is taken out of texts.
pub(crate) struct Names {
    key: Vec<u8>,
    codes: BTreeMap<String, String>,
    known: BTreeMap<String, Known>,
    scrubber: Scrubber,
}

impl Names {
    /// Everyone in a gradebook and in a journal. Also writes who is who.
    ///
    /// # Errors
    /// When the key or the list can't be read or written.
    pub(crate) fn of(out: &Path, book: &Gradebook, contents: &Contents) -> Result<Self> {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        for row in &book.rows {
            let person = known.entry(row.student.clone()).or_default();
            let Row { first_name, last_name, email, .. } = row;
            (person.first_name, person.last_name, person.email) =
                (first_name.clone(), last_name.clone(), email.clone());
        }
        let records = contents.records.iter().map(|record| &record.student);
        let unknown = book.unknown.iter().map(|unknown| &unknown.student);
        for student in records.chain(&book.missing).chain(unknown) {
            known.entry(student.clone()).or_default();
        }
        for seen in contents.runs.iter().flat_map(|run| &run.students) {
            let person = known.entry(seen.student.clone()).or_default();
            person.others.insert(seen.handle.entry.clone());
            person.others.extend(seen.handle.ids.iter().chain(&seen.handle.name).cloned());
        }
        for unknown in &book.unknown {
            known.entry(unknown.student.clone()).or_default().others.insert(unknown.entry.clone());
        }
        let names = Self::new(out, known)?;
        names.write(out)?;
        Ok(names)
    }

    /// These students, with what may say who they are.
    ///
    /// # Errors
    /// When the key can't be read or written.
    pub(crate) fn new(out: &Path, known: BTreeMap<String, Known>) -> Result<Self> {
        let key = key(out)?;
        let codes = codes(&key, known.keys());
        let mut scrubber = Scrubber::default();
        for (student, person) in &known {
            let code = &codes[student];
            scrubber.add(student, Sort::Id, code);
            for other in &person.others {
                scrubber.add(other, Sort::Id, code);
                // An archive's name without its extension.
                let stem = [".tar.gz", ".tgz", ".tar", ".zip"].iter().find_map(|end| other.strip_suffix(end));
                scrubber.add(stem.unwrap_or_default(), Sort::Id, code);
            }
            let Known { first_name, last_name, email, .. } = person;
            scrubber.add(email, Sort::Id, code);
            scrubber.add(email.split('@').next().unwrap_or_default(), Sort::Id, code);
            for name in [
                format!("{first_name} {last_name}"),
                format!("{last_name}, {first_name}"),
                format!("{last_name} {first_name}"),
            ] {
                scrubber.add(name.trim().trim_matches(','), Sort::Id, code);
            }
            for part in
                [first_name, last_name].into_iter().flat_map(|name| name.split_whitespace().chain([name.as_str()]))
            {
                scrubber.add(part, Sort::Name, code);
            }
        }
        Ok(Self { key, codes, known, scrubber })
    }

    /// Writes who is who, for the instructor alone.
    fn write(&self, out: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["code", "student_id", "last_name", "first_name", "email"])?;
        let mut all: Vec<(&String, &String)> = self.codes.iter().map(|(student, code)| (code, student)).collect();
        all.sort();
        for (code, student) in all {
            let Known { first_name, last_name, email, .. } = &self.known[student];
            writer.write_record([code.clone(), cell(&id(student)), cell(last_name), cell(first_name), cell(email)])?;
        }
        let path = out.join(MAPPING);
        files::write_derived(&path, &writer.into_inner()?)?;
        private(&path);
        output::note(&format!(
            "the pages show codes instead of names; {} maps the codes to students, so keep it and {KEY} away from the graders",
            base::diagnostic::shown(&path).display()
        ));
        Ok(())
    }

    /// A student's code; an unknown student gets the code that they would have.
    pub(crate) fn code(&self, student: &str) -> String {
        self.codes.get(student).cloned().unwrap_or_else(|| code(&self.key, student, SHORT))
    }

    /// A text without anything that identifies a student.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text)
    }

    /// A gradebook for pages that any grader may see.
    pub(crate) fn book(&self, book: &Gradebook) -> Gradebook {
        let mut book = Gradebook { is_anonymous: true, ..book.clone() };
        for row in &mut book.rows {
            self.row(row);
        }
        for unknown in &mut book.unknown {
            unknown.student = self.code(&unknown.student);
            (unknown.entry, unknown.nearest) = (String::new(), None);
        }
        for student in &mut book.missing {
            *student = self.code(student);
        }
        // The order of ids would reveal something about who is behind a code.
        book.unknown.sort_by(|a, b| a.student.cmp(&b.student));
        book.missing.sort();
        for change in book.since.iter_mut().flat_map(|since| &mut since.changes) {
            change.student = self.code(&change.student);
            for text in [&mut change.before, &mut change.after, &mut change.why] {
                *text = self.scrub(text);
            }
        }
        if let Some(since) = &mut book.since {
            since.changes.sort_by(|a, b| (&a.exercise, &a.student).cmp(&(&b.exercise, &b.student)));
        }
        book
    }

    fn row(&self, row: &mut Row) {
        let texts = |map: &mut BTreeMap<String, String>, both: bool| {
            let all = std::mem::take(map).into_iter();
            *map = all.map(|(key, text)| (self.scrub(&key), if both { self.scrub(&text) } else { text })).collect();
        };
        row.student = self.code(&row.student);
        row.team = row.team.iter().map(|member| self.code(member)).collect();
        row.team.sort();
        for text in [&mut row.first_name, &mut row.last_name, &mut row.email] {
            text.clear();
        }
        // Classmates may know when a student handed in, and how often.
        (row.timestamp, row.attempt) = (None, None);
        for text in
            row.message.iter_mut().chain(&mut row.override_reason).chain(&mut row.needs_review).chain(&mut row.ignored)
        {
            *text = self.scrub(text);
        }
        row.goals.iter_mut().flat_map(|goal| &mut goal.problems).for_each(|problem| self.problem(problem));
        row.problems.iter_mut().for_each(|problem| self.problem(problem));
        row.decisions.values_mut().for_each(|decision| decision.reason = self.scrub(&decision.reason));
        texts(&mut row.answers, true);
        // A digest reveals nothing.
        texts(&mut row.files, false);
    }

    fn problem(&self, problem: &mut Problem) {
        problem.message = self.scrub(&problem.message);
        for text in problem.file.iter_mut().chain(&mut problem.help) {
            *text = self.scrub(text);
        }
    }
}

/// Characters of a code. Eight of 19 kinds: in a class of 10,000 two are the same once in 340 classes.
const SHORT: usize = 8;
const LONG: usize = 20;

/// A code for each student. Two that would be equal, or equal to an id, are longer.
fn codes<'a>(key: &[u8], students: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let students: BTreeSet<&String> = students.collect();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for student in &students {
        *taken.entry(code(key, student, SHORT)).or_default() += 1;
        *taken.entry(student.to_lowercase()).or_default() += 1;
    }
    let of = |student: &String| {
        let short = code(key, student, SHORT);
        if taken[&short] > 1 { code(key, student, LONG) } else { short }
    };
    students.into_iter().map(|student| (student.clone(), of(student))).collect()
}

fn code(key: &[u8], student: &str, length: usize) -> String {
    // No digits: with them the code of one student would, sooner or later, contain the id of another. No vowels: no words.
    const LETTERS: &[u8; 19] = b"bcdfghjkmnpqrstvwxz";
    let digest = hmac_sha256::HMAC::mac(student.as_bytes(), key);
    digest.iter().take(length).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// The key of a results folder; a new one if there is none.
fn key(out: &Path) -> Result<Vec<u8>> {
    const LENGTH: usize = 32;
    let path = out.join(KEY);
    if let Ok(text) = fs::read_to_string(&path)
        && text.trim().len() >= 2 * LENGTH
    {
        return Ok(text.trim().as_bytes().to_vec());
    }
    let mut random = [0; LENGTH];
    if File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random)).is_err() {
        // Elsewhere: what the standard library takes from the operating system for its hash maps.
        for (number, part) in random.chunks_mut(8).enumerate() {
            let state = std::collections::hash_map::RandomState::new();
            part.copy_from_slice(&std::hash::BuildHasher::hash_one(&state, number).to_le_bytes());
        }
    }
    let text = base::numbers::hex(&random);
    files::write_atomic(&path, format!("{text}\n").as_bytes()).context("the codes of anonymous pages need a key")?;
    private(&path);
    Ok(text.into_bytes())
}

/// Lets no other user of the machine read a file, where the system supports that.
fn private(path: &Path) {
    #[cfg(unix)]
    let _ = fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600));
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{html, tests::row};

    #[test]
    fn codes_stay_and_tell_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let people = |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), Known::default())).collect();
        let first = Names::new(folder.path(), people(&["s001", "s002", "s003"])).unwrap();
        let second = Names::new(folder.path(), people(&["a000", "s001", "s003"])).unwrap();
        assert_eq!(first.code("s001"), second.code("s001"));
        assert_eq!(first.code("s002"), second.code("s002"), "one who is gone keeps the code");
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Names::new(elsewhere.path(), people(&["s001", "s002"])).unwrap();
        assert_ne!(first.code("s001"), other.code("s001"), "another folder has another key");
        assert_eq!(codes(b"k", [&"x".to_owned(), &"y".to_owned()].into_iter()).len(), 2);
        let ids: Vec<String> = (0..10_000).map(|number| format!("s{number:03}")).collect();
        for (student, code) in codes(b"k", ids.iter()) {
            assert!(
                code.len() >= SHORT && code.chars().all(|c| c.is_ascii_lowercase()),
                "{student} is {code}, part of an id"
            );
        }
        let twin = code(b"k", "x", SHORT);
        assert_eq!(codes(b"k", [&"x".to_owned(), &twin].into_iter())["x"].len(), LONG, "no code is an id");
    }

    #[test]
    fn no_page_names_a_student() {
        let folder = tempfile::tempdir().unwrap();
        let ids = ["s001", "doejane", "10001", "Lovelace, Ada", "x@example.org"];
        let mut book = Gradebook::default();
        for (number, student) in ids.iter().enumerate() {
            let mut row = row(student, "ex1");
            row.first_name = ["Jane", "Ada", "Grace", "Barbara", "Søren"][number].to_owned();
            row.last_name = ["Doe", "Lovelace", "Hopper", "Liskov", "Kierkegård"][number].to_owned();
            row.email = format!("mail{number}@example.org");
            let leak = format!(
                "/home/{student}/x, {}, {}, {}, S001, xs001y, {}.zip",
                row.first_name,
                row.last_name,
                row.email,
                ids[(number + 1) % ids.len()]
            );
            row.message = Some(leak.clone());
            row.override_reason = Some(leak.clone());
            row.needs_review.push(leak.clone());
            row.ignored.push(format!("{leak}/.cargo"));
            row.answers.insert("why".to_owned(), leak.clone());
            row.files.insert(leak.clone(), "0".repeat(64));
            row.team = vec!["s001".to_owned(), "doejane".to_owned()];
            row.attempt = Some(leak.clone());
            row.goals[0].problems.push(Problem {
                code: "x/y".to_owned(),
                message: leak.clone(),
                file: Some(leak.clone()),
                line: None,
                help: Some(leak.clone()),
            });
            book.rows.push(row);
            book.unknown.push(crate::report::Unknown {
                student: (*student).to_owned(),
                entry: leak,
                nearest: Some("s001".to_owned()),
            });
        }
        book.missing = vec!["s001".to_owned()];
        let names = Names::of(folder.path(), &book, &Contents::default()).unwrap();
        let anonymous = names.book(&book);
        let mut pages = vec![html::index(&anonymous, &[])];
        pages.extend(anonymous.rows.iter().map(|row| html::student(&anonymous, &row.student)));
        let secrets = ids.iter().map(|id| (*id).to_owned());
        let of_rows = book.rows.iter().flat_map(|row| [&row.first_name, &row.last_name, &row.email]).cloned();
        let secrets: Vec<String> = secrets.chain(of_rows).collect();
        for page in &pages {
            // What any page has: its style and its script.
            let own = page.split_once("<body>").unwrap().1.split("<script>").next().unwrap().to_lowercase();
            for secret in &secrets {
                assert!(!own.contains(&secret.to_lowercase()), "{secret}: {own}");
            }
        }
        let mapping = fs::read_to_string(folder.path().join(MAPPING)).unwrap();
        assert!(secrets.iter().all(|secret| mapping.contains(secret.as_str())), "{mapping}");
        assert!(mapping.contains(&names.code("s001")));
    }
}
