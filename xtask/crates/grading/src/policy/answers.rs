//! One decision for everyone who gave the same answer: `[[answer]]` in overrides.toml. It sets the points of the answer's goal,
//! so that a person who reads two hundred answers decides once for each different one.

use super::{Hundredths, Overrides};
use crate::model::Record;
use crate::report::normalized;
use anyhow::{Result, bail};
use base::diagnostic::{self, shown};
use course::check::Verdict;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::Spanned;

/// A question that students answer in their own words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    /// The exercise.
    pub exercise: String,
    /// The key in answers.toml.
    pub key: String,
    /// The goal that judges it.
    pub goal: String,
    /// What the goal is worth.
    pub points: u32,
}

/// What a person decided about one answer of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decided {
    /// The goal whose points it sets.
    pub goal: String,
    /// The points.
    pub points: Hundredths,
    /// Why; the student reads it.
    pub reason: String,
}

/// An entry of overrides.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    exercise: Spanned<String>,
    key: Spanned<String>,
    text: Spanned<String>,
    points: Spanned<Hundredths>,
    reason: Spanned<String>,
}

type Words<'a> = (&'a str, &'a str, String);

impl Answer {
    fn words(&self) -> Words<'_> {
        (self.exercise.get_ref(), self.key.get_ref(), normalized(self.text.get_ref()))
    }
}

/// What is wrong with the entries on their own.
pub(super) fn check(file: &Path, text: &str, entries: &[Answer]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for entry in entries {
        if entry.reason.get_ref().trim().is_empty() {
            let message = "a decision about an answer needs a reason: the students see it";
            bail!(diagnostic::in_file(file, text, entry.reason.span(), message, "say why", None));
        }
        let words = entry.words();
        if words.2.is_empty() {
            let message = "this decision doesn't name an answer";
            let help = "copy the answer from \"Answers to read\" on the class page";
            bail!(diagnostic::in_file(file, text, entry.text.span(), message, "empty", Some(help)));
        }
        if !seen.insert(words) {
            let message = format!(
                "there are two decisions about the same answer to `{}` of {}",
                entry.key.get_ref(),
                entry.exercise.get_ref()
            );
            let help = "capitals and spaces make no difference; keep one of them";
            bail!(diagnostic::in_file(file, text, entry.text.span(), &message, "the second", Some(help)));
        }
    }
    Ok(())
}

/// The decisions, each found by the answer that it is about.
pub(super) struct Decisions<'a> {
    by_words: BTreeMap<Words<'a>, (&'a Answer, &'a Question)>,
}

impl<'a> Decisions<'a> {
    /// Compares the entries with the questions of the course and with the answers that there are.
    ///
    /// # Errors
    /// When an entry isn't about a question, or gives more points than its goal is worth: with its line.
    pub(super) fn of(
        overrides: &'a Overrides,
        questions: &'a [Question],
        records: &BTreeMap<super::Job, &Record>,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let mut by_words = BTreeMap::new();
        for entry in &overrides.answers {
            let (exercise, key) = (entry.exercise.get_ref().as_str(), entry.key.get_ref().as_str());
            let mut of_exercise = questions.iter().filter(|question| question.exercise == exercise).peekable();
            if of_exercise.peek().is_none() {
                let all: BTreeSet<&str> = questions.iter().map(|question| question.exercise.as_str()).collect();
                let help = list("exercises with such a question", all);
                let message = format!("`{exercise}` has no question that is answered in a student's own words");
                return Err(overrides.wrong(entry.exercise.span(), &message, "not such an exercise", Some(&help)));
            }
            let keys: BTreeSet<&str> = of_exercise.clone().map(|question| question.key.as_str()).collect();
            let Some(question) = of_exercise.find(|question| question.key == key) else {
                let message = format!("{exercise} has no question `{key}` that is answered in a student's own words");
                let help = list("keys of such questions", keys);
                return Err(overrides.wrong(entry.key.span(), &message, "not known", Some(&help)));
            };
            if *entry.points.get_ref() > Hundredths::whole(question.points) {
                let message = format!(
                    "the answer to `{key}` can't have {} points; its goal `{}` is worth {}",
                    entry.points.get_ref(),
                    question.goal,
                    question.points
                );
                return Err(overrides.wrong(entry.points.span(), &message, "too many", None));
            }
            by_words.insert(entry.words(), (entry, question));
        }
        let decisions = Self { by_words };
        decisions.note_unused(overrides, records, notes);
        Ok(decisions)
    }

    /// A text that matches no answer is usually a typo.
    fn note_unused(&self, overrides: &Overrides, records: &BTreeMap<super::Job, &Record>, notes: &mut Vec<String>) {
        if self.by_words.is_empty() {
            return;
        }
        let mut given: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        for ((_, exercise), record) in records {
            for (key, answer) in &record.answers {
                given.entry((exercise, key)).or_default().insert(normalized(answer));
            }
        }
        for ((exercise, key, words), (entry, _)) in &self.by_words {
            let all = given.get(&(*exercise, *key));
            if all.is_some_and(|all| all.contains(words)) {
                continue;
            }
            let likeness = |answer: &String| strsim::sorensen_dice(&short(answer), &short(words));
            let nearest = all.into_iter().flatten().map(|answer| (likeness(answer), answer));
            let nearest = nearest.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > 0.5);
            let nearest = nearest.map(|(_, answer)| format!("; the nearest answer is \"{}\"", short(answer)));
            let (line, _) = diagnostic::line_and_column(&overrides.text, entry.text.span().start);
            notes.push(format!(
                "{}:{line}: no answer to `{key}` of {exercise} matches this text, so the decision does nothing{}",
                shown(&overrides.file).display(),
                nearest.unwrap_or_default()
            ));
        }
    }

    /// What was decided about the answers of a record. A goal that was not judged, because something else must come first, keeps
    /// its 0 points.
    pub(super) fn about(&self, record: &Record) -> BTreeMap<String, Decided> {
        if self.by_words.is_empty() {
            return BTreeMap::new();
        }
        let is_judged =
            |goal: &str| record.goals.iter().any(|other| other.id == goal && other.verdict != Verdict::Skip);
        let decided = record.answers.iter().filter_map(|(key, answer)| {
            let (entry, question) = self.by_words.get(&(record.exercise.as_str(), key.as_str(), normalized(answer)))?;
            let decided = Decided {
                goal: question.goal.clone(),
                points: *entry.points.get_ref(),
                reason: entry.reason.get_ref().clone(),
            };
            is_judged(&question.goal).then(|| (key.clone(), decided))
        });
        decided.collect()
    }
}

/// A record's points, including decisions about its answers.
pub(super) fn points(record: &Record, decided: &BTreeMap<String, Decided>) -> Hundredths {
    let mut points = Hundredths::whole(record.points).0;
    for Decided { goal, points: given, .. } in decided.values() {
        if let Some(goal) = record.goals.iter().find(|other| other.id == *goal) {
            points = points.saturating_sub(Hundredths::whole(goal.points).0) + given.0;
        }
    }
    Hundredths(points)
}

fn list(what: &str, all: BTreeSet<&str>) -> String {
    if all.is_empty() {
        return format!("there are no {what}");
    }
    format!("{what}: {}", all.into_iter().collect::<Vec<_>>().join(", "))
}

/// The beginning of a text: as much as a note should hold, and as is compared.
fn short(text: &str) -> String {
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Goal, tests::record};
    use crate::policy::*;
    use base::failure::{Exit, Failure};

    fn goal(id: &str, points: u32, verdict: Verdict) -> Goal {
        Goal {
            id: id.to_owned(),
            text: id.to_owned(),
            verdict,
            points,
            points_max: points.max(2),
            problems: Vec::new(),
            waits_for: None,
        }
    }

    fn answered(student: &str, answer: &str) -> Record {
        let mut record = record(student, "ex2", student, Status::Graded, 10);
        record.goals = vec![goal("crate", 8, Verdict::Pass), goal("story", 2, Verdict::Pass)];
        record.answers.insert("why".to_owned(), answer.to_owned());
        record
    }

    fn questions() -> Vec<Question> {
        let [exercise, key, goal] = ["ex2", "why", "story"].map(str::to_owned);
        vec![Question { exercise, key, goal, points: 2 }]
    }

    fn entry(text: &str, points: &str) -> String {
        format!(
            "[[answer]]\nexercise = \"ex2\"\nkey = \"why\"\ntext = \"{text}\"\npoints = {points}\nreason = \"no cause\"\n"
        )
    }

    fn rows_with<'a>(records: &'a [Record], text: &str) -> Result<(Vec<Row<'a>>, Vec<String>)> {
        let overrides = Overrides::parse(Path::new("overrides.toml"), text.to_owned())?;
        let person = |student: &str, _: &str| Person { id: student.to_owned(), ..Person::default() };
        rows(&Input {
            records,
            students: &[],
            person: &person,
            exercises: &[("ex2".to_owned(), 10)],
            questions: &questions(),
            handed_in: &BTreeSet::new(),
            overrides: &overrides,
            late: None,
        })
    }

    fn refused(text: &str) -> (usize, String) {
        let error = rows_with(&[answered("s001", "because")], text).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.exit, Exit::Usage);
        (failure.place.as_ref().unwrap().line.unwrap(), failure.message.clone())
    }

    #[test]
    fn one_decision_holds_for_everyone_with_the_same_answer() {
        let records = [answered("s001", "It  is LTO"), answered("s002", "it is lto"), answered("s003", "no idea")];
        let (rows, notes) = rows_with(&records, &entry("It is LTO", "1.5")).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(rows.iter().map(|row| row.score.unwrap().0).collect::<Vec<_>>(), [950, 950, 1000]);
        assert!(rows[0].review.is_empty() && rows[1].review.is_empty());
        assert_eq!(rows[2].review, [ANSWER_WAITS]);
        assert_eq!(rows[0].decided["why"].reason, "no cause");
        assert!(rows[2].decided.is_empty() && rows[0].override_reason.is_none());
    }

    #[test]
    fn a_decision_about_a_student_wins() {
        let records = [answered("s001", "because"), answered("s002", "because")];
        let text = "[[override]]\nstudent = \"s001\"\nexercise = \"ex2\"\npoints = 3\nreason = \"talked\"\n";
        let (rows, _) = rows_with(&records, &format!("{text}{}", entry("because", "0"))).unwrap();
        assert_eq!(rows.iter().map(|row| row.score.unwrap().0).collect::<Vec<_>>(), [300, 800]);
        assert!(rows[0].decided.is_empty());
    }

    #[test]
    fn a_goal_that_waits_for_another_keeps_its_points() {
        let mut waits = answered("s001", "because");
        (waits.goals[1], waits.points) = (goal("story", 0, Verdict::Skip), 8);
        let ours = Record { status: Status::InfraError, ..answered("s002", "because") };
        let records = [waits, ours];
        let (rows, _) = rows_with(&records, &entry("because", "2")).unwrap();
        assert_eq!(rows[0].score, Some(Hundredths(800)));
        assert_eq!(rows[1].score, None, "an error of ours never becomes a grade");
    }

    #[test]
    fn an_entry_that_cannot_be_meant_shows_its_line() {
        assert_eq!(
            refused(&entry("because", "3")),
            (5, "the answer to `why` can't have 3 points; its goal `story` is worth 2".into())
        );
        assert_eq!(refused(&entry(" ", "1")), (4, "this decision doesn't name an answer".into()));
        let twice = entry("because", "1") + &entry("BECAUSE ", "2");
        assert_eq!(refused(&twice), (10, "there are two decisions about the same answer to `why` of ex2".into()));
        let (line, message) = refused(&entry("because", "1").replace("\"ex2\"", "\"ex1\""));
        assert_eq!((line, message.as_str()), (2, "`ex1` has no question that is answered in a student's own words"));
        let (line, message) = refused(&entry("because", "1").replace("\"why\"", "\"whi\""));
        assert_eq!(
            (line, message.as_str()),
            (3, "ex2 has no question `whi` that is answered in a student's own words")
        );
        let (line, _) = refused(&entry("because", "1").replace("no cause", " "));
        assert_eq!(line, 6);
        let (line, message) = refused(&entry("because", "1").replace("reason", "reasons"));
        assert!(line >= 1 && message.contains("reasons"), "{line}: {message}");
    }

    #[test]
    fn a_text_that_is_no_answer_is_noted_with_the_nearest() {
        let records = [answered("s001", "the panic machinery formats its message")];
        let (rows, notes) = rows_with(&records, &entry("the panic machinery formats a message", "1")).unwrap();
        assert_eq!(rows[0].score, Some(Hundredths(1000)));
        let nearest = "overrides.toml:4: no answer to `why` of ex2 matches this text, so the decision does nothing; the nearest \
                       answer is \"the panic machinery formats its message\"";
        assert_eq!(notes, [nearest]);
        let (_, notes) = rows_with(&records, &entry("xyz", "1")).unwrap();
        assert!(notes[0].ends_with("does nothing"), "{notes:?}");
    }

    #[test]
    fn the_example_in_the_guide_fits_its_question() {
        use course::exercise::kinds::{self, Check, Truth};
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
        let guide = std::fs::read_to_string(root.join("docs/src/grading.md")).unwrap();
        let mut examples = guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let example = examples.find(|example| example.contains("[[answer]]")).unwrap();
        let overrides = Overrides::parse(Path::new("overrides.toml"), example.to_owned()).unwrap();
        let [entry] = &overrides.answers[..] else { panic!("{example}") };
        let exercises = course::exercise::all(root).unwrap();
        let exercise = exercises.iter().find(|exercise| exercise.id == *entry.exercise.get_ref()).unwrap();
        let (goal, least) = exercise
            .data
            .goal
            .iter()
            .find_map(|goal| match &goal.check {
                Check::Answer(kinds::Answer { key, truth: Truth::Text(text), .. }) if key == entry.key.get_ref() => {
                    Some((goal, text.words))
                }
                _ => None,
            })
            .unwrap();
        assert!(entry.text.get_ref().split_whitespace().count() >= least, "the check accepts it: {example}");
        let points = example.lines().find(|line| line.starts_with("points")).unwrap();
        assert!(points.ends_with(&format!(" # of {}", goal.points)), "{points}");
    }
}
