//! answers.toml: what a learner has found out, with the location of every answer.

use super::Exercise;
use super::kinds::{self, Check};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::exercise::names::brings_back;
use base::diagnostic::Source;
use base::files;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::Value;
use toml::de::{DeTable, DeValue};
use weigh::workshop::nearest;

/// The largest size of the file, in bytes.
const LARGEST: u64 = 1 << 20;

/// A learner's answers.
#[derive(Debug)]
pub(crate) struct Answers {
    /// The file.
    pub(crate) source: Source,
    /// What is wrong with it as a whole.
    pub(crate) problems: Vec<Diagnostic>,
    values: BTreeMap<String, Answer>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Where it is.
    pub(crate) span: Range<usize>,
    /// A text, a number, true or false.
    pub(crate) value: Value,
    /// Where the name of its question is.
    key: Range<usize>,
    /// What is written instead of an answer: a list, a table.
    instead: Option<&'static str>,
}

/// The questions of an exercise, by their keys.
pub(crate) fn questions(exercise: &Exercise) -> Vec<&str> {
    let mut keys = Vec::new();
    for goal in &exercise.data.goal {
        if let Check::Answer(kinds::Answer { key, .. }) = &goal.check {
            keys.push(key.as_str());
        }
    }
    keys
}

impl Answers {
    /// Reads the file. Whatever is wrong with it is among its problems.
    pub(crate) fn read(path: &Path) -> Self {
        match files::read_text(path, LARGEST) {
            Ok(text) => Self::parse(Source { file: path.to_owned(), text: text.into() }),
            Err(files::Unreadable { message, line, help }) => {
                let help = help.unwrap_or_else(|| brings_back(path));
                let mut problem = Diagnostic::new(Code::AnswersSyntax, message).in_file(path).help(help);
                problem.place.iter_mut().for_each(|place| place.line = line);
                let source = Source { file: path.to_owned(), text: "".into() };
                Self { problems: vec![problem], source, values: BTreeMap::new() }
            }
        }
    }

    /// Answers that aren't on the disk; `path` is the file's name.
    pub(crate) fn of(path: &Path, content: &[u8]) -> Self {
        Self::parse(Source { file: path.to_owned(), text: String::from_utf8_lossy(content).into() })
    }

    /// Finds the answers in a text.
    pub(crate) fn parse(source: Source) -> Self {
        let text = source.text.clone();
        let (table, errors) = DeTable::parse_recoverable(&text);
        let mut values = BTreeMap::new();
        let mut tables = Vec::new();
        for (key, value) in table.get_ref() {
            let of_parts = |text: &str, number: Option<Value>| number.unwrap_or_else(|| text.into());
            let (plain, instead) = match value.get_ref() {
                DeValue::String(text) => (text.to_string().into(), None),
                DeValue::Integer(number) => {
                    (of_parts(number.as_str(), number.to_string().parse::<i64>().ok().map(Value::from)), None)
                }
                DeValue::Float(number) => {
                    (of_parts(number.as_str(), number.as_str().parse::<f64>().ok().map(Value::from)), None)
                }
                DeValue::Boolean(is) => (Value::Boolean(*is), None),
                DeValue::Datetime(_) => (Value::Boolean(false), Some("a date")),
                DeValue::Array(_) => (Value::Boolean(false), Some("a list")),
                DeValue::Table(_) => (Value::Boolean(false), Some("a table")),
            };
            if instead.is_some() && text[..key.span().start.min(text.len())].ends_with('[') {
                tables.push((key.get_ref().to_string(), key.span()));
            }
            let (span, key_span) = (value.span(), key.span());
            values.insert(key.get_ref().to_string(), Answer { span, value: plain, key: key_span, instead });
        }
        // One slip makes several errors, in no order; the first in the file describes it.
        let first = errors.iter().min_by_key(|error| error.span().map_or(0, |span| span.start));
        let problems = first.map(|error| {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            let span = error.span().unwrap_or(0..0);
            let help = advice(&text, span.start, &message);
            let message = match text.get(span.clone()).filter(|_| message.contains("duplicate key")) {
                Some(key) => format!("`{key}` is answered twice"),
                None => format!("answers.toml isn't valid TOML: {message}"),
            };
            Diagnostic::new(Code::AnswersSyntax, message).at(&source, span, "here").help(help)
        });
        // Below a table's name, every question is part of that table.
        let table = tables.into_iter().min_by_key(|(_, span)| span.start).map(|(name, span)| {
            let message =
                format!("answers.toml has a table [{name}], and the check doesn't read answers inside a table");
            Diagnostic::new(Code::AnswersSyntax, message)
                .at(&source, span, "remove this line")
                .help("write `key = \"answer\"`, one per line, with no [table] line above")
        });
        let problems = problems.or(table);
        Self { problems: problems.into_iter().collect(), values, source }
    }

    /// The answer to a question of an exercise.
    ///
    /// # Errors
    /// When there is none yet, or its value can't be an answer.
    pub(crate) fn get(&self, key: &str, exercise: &Exercise) -> Result<&Answer, Box<Diagnostic>> {
        let id = &exercise.id;
        let missing = Diagnostic::new(Code::AnswerMissing, format!("`{key}` has no answer yet"));
        let Some(answer) = self.values.get(key) else {
            let meant = self.misspelled(exercise).into_iter().find(|(_, meant)| *meant == key);
            return Err(Box::new(match meant {
                Some((written, _)) => {
                    let message = format!("`{written}` isn't a question of this exercise");
                    let label = format!("did you mean `{key}`?");
                    Diagnostic::new(Code::AnswerMissing, message)
                        .at(&self.source, self.values[written].key.clone(), label)
                        .help(format!("write `{key} = …`, as in the exercise's starter/answers.toml"))
                }
                None => missing.in_file(&self.source.file).help(format!("add a line `{key} = \"…\"` to answers.toml")),
            }));
        };
        if let Some(instead) = answer.instead {
            let message = format!("`{key}` is {instead}, but an answer has to be a single string or number");
            let problem = Diagnostic::new(Code::AnswersSyntax, message).at(&self.source, answer.span.clone(), instead);
            return Err(Box::new(problem.help(format!("write `{key} = \"…\"`"))));
        }
        match &answer.value {
            Value::String(text) if matches!(text.trim(), "" | "?" | "…" | "...") => {
                let problem = missing.at(&self.source, answer.span.clone(), "your answer goes here").empty();
                let help =
                    format!("README.md explains how to find the answer; for a hint, run `cargo xtask hint {id}`");
                Err(Box::new(problem.help(help)))
            }
            _ => Ok(answer),
        }
    }

    /// Keys that aren't questions, each with the unanswered question that is most likely meant.
    fn misspelled<'a>(&'a self, exercise: &'a Exercise) -> Vec<(&'a str, &'a str)> {
        let questions = questions(exercise);
        let mut open: Vec<&str> =
            questions.iter().copied().filter(|question| !self.values.contains_key(*question)).collect();
        let mut found = Vec::new();
        for written in self.values.keys().filter(|key| !questions.contains(&key.as_str())) {
            let plain = written.to_lowercase().replace(['_', ' '], "-");
            if let Some(meant) = nearest(&plain, open.iter().copied()) {
                open.retain(|question| *question != meant);
                found.push((written.as_str(), meant));
            }
        }
        found
    }

    /// What is in the file and isn't read: a key that isn't a question, and isn't taken for one that is misspelled.
    pub(crate) fn unread(&self, exercise: &Exercise) -> Vec<Diagnostic> {
        if !self.problems.is_empty() {
            return Vec::new();
        }
        let (questions, misspelled) = (questions(exercise), self.misspelled(exercise));
        let is_known = |key: &str| questions.contains(&key) || misspelled.iter().any(|(written, _)| *written == key);
        let unread = self.values.iter().filter(|(key, _)| !is_known(key));
        unread
            .map(|(key, answer)| {
                let message = format!("`{key}` isn't a question of this exercise, so it's ignored");
                let problem = Diagnostic::new(Code::AnswerMissing, message).severity(Severity::Warning);
                let problem = problem.at(&self.source, answer.key.clone(), "not a question");
                problem.help(format!("the questions are {}", questions.join(", ")))
            })
            .collect()
    }
}

/// How to write the line at which the TOML parser stopped.
fn advice(text: &str, at: usize, message: &str) -> String {
    let start = text[..at.min(text.len())].rfind('\n').map_or(0, |newline| newline + 1);
    let written = text[start..].lines().next().unwrap_or_default();
    let (key, value) = written.split_once('=').unwrap_or_default();
    let (key, value) = (key.trim(), value.split('#').next().unwrap_or_default().trim());
    if message.contains("duplicate key") {
        return "a question is answered once: keep one of the two lines".to_owned();
    }
    const TYPOGRAPHIC: [char; 9] = ['“', '”', '„', '‟', '‘', '’', '«', '»', '`'];
    if value.starts_with(TYPOGRAPHIC) && !key.is_empty() {
        let value = value.trim_matches(|sign: char| TYPOGRAPHIC.contains(&sign) || sign == '"');
        return format!("TOML accepts straight quotes only: write `{key} = \"{value}\"`");
    }
    let quote = ['"', '\''].into_iter().find(|quote| value.starts_with(*quote));
    match quote {
        Some(quote) if value.matches(quote).count() == 1 => {
            "keep an answer on one line, with a quote on each side".to_owned()
        }
        Some('"') if value.matches('"').count() > 2 => {
            "the second double quote ends the answer; inside it, use single quotes: 'like this'".to_owned()
        }
        None if !key.is_empty() && !value.is_empty() && !value.contains(['"', '\\']) => {
            format!("only whole numbers are written without quotes: write `{key} = \"{value}\"`")
        }
        _ => "write `key = \"answer\"`, one per line; text needs quotes".to_owned(),
    }
}
