//! From results to grades: what a person decided comes before what the machine found, and late work costs what the course
//! says. Neither is in the journal, so grading again loses neither. Nothing here rounds in floating point.

mod answers;

pub(crate) use answers::{Decided, Question};

use super::beside;
use super::journal::{self, Job};
use super::model::{Record, Status};
use crate::report::ANSWER_WAITS;
use anyhow::{Result, bail};
use base::diagnostic::{self, shown};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Spanned;
use weigh::workshop::nearest;

/// A number of points or of percents, in hundredths: `7.5` is 750.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hundredths(pub u64);

impl Hundredths {
    /// A whole number.
    pub(crate) fn whole(number: u32) -> Self {
        Self(u64::from(number) * 100)
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        let text = match rest {
            0 => whole.to_string(),
            _ if rest % 10 == 0 => format!("{whole}.{}", rest / 10),
            _ => format!("{whole}.{rest:02}"),
        };
        f.pad(&text)
    }
}

/// As a number of points, such as `7.5`.
impl Serialize for Hundredths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 % 100 {
            0 => serializer.serialize_u64(self.0 / 100),
            _ => serializer.serialize_f64(self.0 as f64 / 100.0),
        }
    }
}

impl<'de> Deserialize<'de> for Hundredths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Hundredths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 to 1000000 with at most two decimals")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Hundredths, E> {
                self.visit_f64(number as f64)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Hundredths, E> {
                self.visit_f64(number as f64)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Hundredths, E> {
                let hundredths = (number * 100.0).round();
                // Every number with two decimals is that near to its hundredths; one with three is not.
                if !(0.0..=1e6).contains(&number) || (number * 100.0 - hundredths).abs() > 1e-6 {
                    return Err(E::invalid_value(de::Unexpected::Float(number), &self));
                }
                Ok(Hundredths(hundredths as u64))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// A person who gets grades.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Person {
    /// The name of their folder among the submissions.
    pub id: String,
    /// May be empty, as may be what follows.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Address for mail.
    pub email: String,
    /// When the work is due, in seconds since 1970 (UTC). Without it nothing is late.
    pub due: Option<i64>,
    /// When it was handed in, in seconds since 1970 (UTC), according to the system that received it.
    pub submitted: Option<i64>,
}

/// What a person decided, from overrides.toml.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    file: PathBuf,
    text: String,
    entries: Vec<Override>,
    answers: Vec<answers::Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverridesFile {
    #[serde(default)]
    r#override: Vec<Override>,
    #[serde(default)]
    answer: Vec<answers::Answer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    student: Spanned<String>,
    exercise: Spanned<String>,
    /// Replaces the raw score; points for lateness are deducted from it.
    points: Spanned<Hundredths>,
    reason: Spanned<String>,
}

impl Overrides {
    /// Reads overrides.toml in the results folder, or next to it. If there is none, nothing is overridden.
    ///
    /// # Errors
    /// When there are two, or it is malformed: with the line.
    pub(crate) fn find(out_dir: &Path) -> Result<Self> {
        match beside::find(out_dir, "overrides.toml")? {
            Some((file, text)) => Self::parse(&file, text),
            None => Ok(Self::default()),
        }
    }

    /// Reads the text of overrides.toml. `rows` compares it with what was graded.
    ///
    /// # Errors
    /// When it is malformed, gives no reason, or says two things about one result: with the line.
    pub(crate) fn parse(file: &Path, text: String) -> Result<Self> {
        let parsed: OverridesFile =
            toml::from_str(&text).map_err(|error| diagnostic::toml_error(file, &text, &error))?;
        let mut seen = BTreeSet::new();
        for Override { student, exercise, points: _, reason } in &parsed.r#override {
            if reason.get_ref().trim().is_empty() {
                let message = "an override needs a reason: the student sees it";
                bail!(diagnostic::in_file(file, &text, reason.span(), message, "say why", None));
            }
            if !seen.insert((student.get_ref(), exercise.get_ref())) {
                let message = format!("there are two overrides for {} {}", student.get_ref(), exercise.get_ref());
                bail!(diagnostic::in_file(
                    file,
                    &text,
                    student.span(),
                    &message,
                    "the second",
                    Some("keep one of them")
                ));
            }
        }
        answers::check(file, &text, &parsed.answer)?;
        Ok(Self { file: file.to_owned(), entries: parsed.r#override, answers: parsed.answer, text })
    }

    fn wrong(&self, span: std::ops::Range<usize>, message: &str, label: &str, help: Option<&str>) -> anyhow::Error {
        diagnostic::in_file(&self.file, &self.text, span, message, label, help).into()
    }
}

/// What late work costs, from `[late]` in policy.toml. In percent of the maximum points, as learning platforms do it,
/// so that a day costs every student the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Late {
    /// For each day begun after the grace period.
    pub per_day_percent: Hundredths,
    /// Minutes after the due time without a deduction. The days are counted from their end.
    #[serde(default)]
    pub grace_minutes: u32,
    /// Never more than this.
    #[serde(default = "all_of_it")]
    pub max_percent: Hundredths,
}

fn all_of_it() -> Hundredths {
    Hundredths::whole(100)
}

impl Late {
    /// Reads policy.toml in the results folder, or next to it. If there is none, lateness costs nothing.
    ///
    /// # Errors
    /// When there are two, or it is malformed: with the line.
    pub(crate) fn find(out_dir: &Path) -> Result<Option<Self>> {
        let Some((file, text)) = beside::find(out_dir, "policy.toml")? else { return Ok(None) };
        Self::parse(&file, &text)
    }

    /// Reads the text of policy.toml.
    ///
    /// # Errors
    /// When it is malformed: with the line.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Policy {
            late: Option<Spanned<Late>>,
        }
        let policy: Policy = toml::from_str(text).map_err(|error| diagnostic::toml_error(file, text, &error))?;
        if let Some(late) = &policy.late {
            let Late { per_day_percent, grace_minutes: _, max_percent } = *late.get_ref();
            if per_day_percent.max(max_percent) > all_of_it() {
                let message = "a penalty can't be more than 100 percent";
                bail!(diagnostic::in_file(file, text, late.span(), message, "too much", None));
            }
        }
        Ok(policy.late.map(Spanned::into_inner))
    }

    /// Days begun since the end of the grace period; 0 if it was on time.
    pub(crate) fn days(&self, due: i64, submitted: i64) -> u64 {
        // Two times can be further apart than an i64 can hold.
        let late = i128::from(submitted) - i128::from(due) - i128::from(self.grace_minutes) * 60;
        u64::try_from(late.max(0)).unwrap_or(u64::MAX).div_ceil(24 * 60 * 60)
    }

    /// The deduction from a score, never more than the whole score. A fraction of a hundredth stays with the student.
    pub(crate) fn penalty(&self, days: u64, raw: Hundredths, max: Hundredths) -> Hundredths {
        let percent = u128::from(days).saturating_mul(self.per_day_percent.0.into()).min(self.max_percent.0.into());
        let taken = percent * u128::from(max.0) / 10_000;
        Hundredths(u64::try_from(taken).unwrap_or(u64::MAX)).min(raw)
    }
}

/// A grade: one for each person and exercise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row<'a> {
    /// The student it belongs to.
    pub person: Person,
    /// The exercise.
    pub exercise: String,
    /// What grading found; none if nothing was handed in, or it is not graded yet.
    pub record: Option<&'a Record>,
    /// Points before lateness: what a person gave, else what grading found. None if there is no grade (yet).
    pub raw_score: Option<Hundredths>,
    /// Points that lateness costs; never more than the raw score.
    pub late_submission_penalty: Option<Hundredths>,
    /// What is left of the raw score.
    pub score: Option<Hundredths>,
    /// The most points possible.
    pub max_score: Hundredths,
    /// Why a person gave different points.
    pub override_reason: Option<String>,
    /// What was decided about its answers, by key.
    pub decided: BTreeMap<String, Decided>,
    /// The word of the record's status, `not-handed-in`, or `not-graded-yet`.
    pub status: String,
    /// Why a person should look at it, one sentence each without a final period; empty if that isn't needed.
    pub review: Vec<String>,
}

/// What grades are made of.
pub(crate) struct Input<'a, 'journal> {
    /// The whole journal.
    pub records: &'journal [Record],
    /// The class, by the names of their folders. Empty if there is no class list: then everyone in the journal.
    pub students: &'a [String],
    /// What is known of a student, as far as it is about an exercise: each may have a due date of its own.
    pub person: &'a dyn Fn(&str, &str) -> Person,
    /// The exercises with the points that can be had, in the order of the course.
    pub exercises: &'a [(String, u32)],
    /// The questions that are answered in a student's own words.
    pub questions: &'a [Question],
    /// What was handed in, where known: anything that isn't in the journal isn't graded yet.
    pub handed_in: &'a BTreeSet<Job>,
    /// What people decided.
    pub overrides: &'a Overrides,
    /// What late work costs.
    pub late: Option<&'a Late>,
}

/// One row for each person and exercise, in the order of people and exercises, and notes on what doesn't fit together.
///
/// # Errors
/// When an override names no exercise, or gives more points than the maximum: with its line.
pub(crate) fn rows<'a>(input: &Input<'_, 'a>) -> Result<(Vec<Row<'a>>, Vec<String>)> {
    let Input { records, students, person, exercises, questions, handed_in, overrides, late } = *input;
    let latest = journal::latest(records);
    let conflicts = journal::conflicts(records);
    let mut notes = Vec::new();

    let mut points_max: BTreeMap<&str, u32> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    let of_records = latest.values().map(|record| (record.exercise.as_str(), record.points_max));
    for (exercise, max) in exercises.iter().map(|(exercise, max)| (exercise.as_str(), *max)).chain(of_records) {
        points_max.entry(exercise).or_insert_with(|| {
            order.push(exercise);
            max
        });
    }

    let everybody = everybody(students, latest.keys().chain(handed_in), &mut notes);
    let decided = by_job(overrides, &points_max, &order, &latest, &everybody, &mut notes)?;
    let of_answers = answers::Decisions::of(overrides, questions, &latest, &mut notes)?;

    let mut rows = Vec::with_capacity(everybody.len() * order.len());
    for &student in &everybody {
        for &exercise in &order {
            let job = (student.to_owned(), exercise.to_owned());
            let entry = decided.get(&(student, exercise)).copied();
            let state = State {
                record: latest.get(&job).copied(),
                is_waiting: handed_in.contains(&job),
                disagreement: conflicts.get(&job).cloned(),
                decided: latest
                    .get(&job)
                    .filter(|record| entry.is_none() && record.status.is_final())
                    .map(|record| of_answers.about(record))
                    .unwrap_or_default(),
            };
            rows.push(row(person(student, exercise), exercise, points_max[exercise], state, entry, late));
        }
    }
    Ok((rows, notes))
}

/// What people decided about a whole submission, and notes on decisions about students who aren't there.
fn by_job<'a>(
    overrides: &'a Overrides,
    points_max: &BTreeMap<&str, u32>,
    order: &[&str],
    latest: &BTreeMap<Job, &Record>,
    everybody: &[&str],
    notes: &mut Vec<String>,
) -> Result<BTreeMap<(&'a str, &'a str), &'a Override>> {
    let known: BTreeSet<&str> = everybody.iter().copied().collect();
    let mut decided: BTreeMap<(&str, &str), &Override> = BTreeMap::new();
    for entry in &overrides.entries {
        let (student, exercise) = (entry.student.get_ref().as_str(), entry.exercise.get_ref().as_str());
        let Some(known_max) = points_max.get(exercise) else {
            let message = format!("there is no exercise `{exercise}`");
            let help = format!("there are {}", order.join(", "));
            return Err(overrides.wrong(entry.exercise.span(), &message, "not known", Some(&help)));
        };
        let job = (student.to_owned(), exercise.to_owned());
        let max = max_of(latest.get(&job).copied(), *known_max);
        if *entry.points.get_ref() > Hundredths::whole(max) {
            let message = format!("{student} can't have {} of {max} points", entry.points.get_ref());
            return Err(overrides.wrong(entry.points.span(), &message, "too many", None));
        }
        if !known.contains(student) {
            let (line, _) = diagnostic::line_and_column(&overrides.text, entry.student.span().start);
            let file = shown(&overrides.file);
            let near = nearest(student, everybody.iter().copied());
            let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            notes.push(format!(
                "{}:{line}: there is no student `{student}`; this override does nothing{near}",
                file.display()
            ));
        }
        decided.insert((student, exercise), entry);
    }
    Ok(decided)
}

/// The class, and anyone else who was graded.
fn everybody<'a>(students: &'a [String], jobs: impl Iterator<Item = &'a Job>, notes: &mut Vec<String>) -> Vec<&'a str> {
    let mut ids = BTreeSet::new();
    let mut all: Vec<&str> = Vec::new();
    for student in students {
        if ids.insert(student.as_str()) {
            all.push(student);
        } else {
            notes.push(format!("`{student}` is in the class list twice; the first counts"));
        }
    }
    let others: BTreeSet<&str> = jobs.map(|(student, _)| student.as_str()).filter(|id| !ids.contains(id)).collect();
    for id in others {
        if !students.is_empty() {
            notes.push(format!("`{id}` was graded but isn't in the class list"));
        }
        all.push(id);
    }
    all
}

/// The maximum points when it was graded; a submission that wasn't judged may have none.
fn max_of(record: Option<&Record>, known: u32) -> u32 {
    record.map(|record| record.points_max).filter(|&max| max > 0).unwrap_or(known)
}

struct State<'a> {
    record: Option<&'a Record>,
    is_waiting: bool,
    disagreement: Option<Vec<String>>,
    decided: BTreeMap<String, Decided>,
}

const NOT_THEIR_FAULT: &str = "grading failed, through no fault of the student: grade it again";

fn row<'a>(
    person: Person,
    exercise: &str,
    max: u32,
    state: State<'a>,
    entry: Option<&Override>,
    late: Option<&Late>,
) -> Row<'a> {
    let State { record, is_waiting, disagreement, decided } = state;
    let max_score = Hundredths::whole(max_of(record, max));
    let status = match record {
        Some(record) => record.status.name(),
        None if is_waiting => "not-graded-yet",
        None => "not-handed-in",
    };
    let found = match record {
        Some(record) => record.status.is_final().then(|| answers::points(record, &decided)),
        None => (!is_waiting).then_some(Hundredths(0)),
    };
    let raw_score = entry.map(|entry| *entry.points.get_ref()).or(found);
    let is_work = record.is_some() || is_waiting;
    let mut review = Vec::new();
    let penalty = match (late, person.due, person.submitted) {
        (Some(late), Some(due), Some(submitted)) if is_work => {
            raw_score.map(|raw| late.penalty(late.days(due, submitted), raw, max_score))
        }
        (Some(_), Some(_), None) if is_work && raw_score.is_some() => {
            review.push("the roster has no submission time for it, so no points are deducted for lateness".to_owned());
            raw_score.map(|_| Hundredths(0))
        }
        _ => raw_score.map(|_| Hundredths(0)),
    };
    if entry.is_none()
        && let Some(record) = record
    {
        review.extend(record.review.iter().cloned());
        if record.answers.keys().any(|key| !decided.contains_key(key)) {
            review.push(ANSWER_WAITS.to_owned());
        }
        match record.status {
            Status::InfraError => review.push(NOT_THEIR_FAULT.to_owned()),
            Status::Rejected => {
                let why = record.message.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                review.push(format!("it was rejected{why}"));
            }
            _ => {}
        }
        if let Some(verdicts) = disagreement {
            review
                .push(format!("the same files were judged differently: {}; the latest counts", verdicts.join(" and ")));
        }
    }
    Row {
        person,
        exercise: exercise.to_owned(),
        record,
        raw_score,
        late_submission_penalty: penalty,
        score: raw_score.zip(penalty).map(|(raw, penalty)| Hundredths(raw.0.saturating_sub(penalty.0))),
        max_score,
        override_reason: entry.map(|entry| entry.reason.get_ref().clone()),
        decided,
        status: status.to_owned(),
        review,
    }
}

#[cfg(test)]
mod tests;
