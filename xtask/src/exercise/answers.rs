//! answers.toml: what a learner has found out, with the place of every answer.

use crate::diagnostic::{Code, Diagnostic, Source};
use crate::tree;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::Value;
use toml::de::{DeTable, DeValue};

/// Bytes that the file may have.
const LARGEST: u64 = 1 << 20;

/// A learner's answers.
#[derive(Debug)]
pub struct Answers {
    /// The file.
    pub source: Source,
    /// What is wrong with it as a whole.
    pub problems: Vec<Diagnostic>,
    values: BTreeMap<String, Answer>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Where it stands.
    pub span: Range<usize>,
    /// A text, a number, or something else that is never an answer.
    pub value: Value,
}

impl Answers {
    /// Reads the file. Whatever is wrong with it is among its problems.
    pub fn read(path: &Path) -> Self {
        match tree::read_text(path, LARGEST) {
            Ok(text) => Self::parse(Source { file: path.to_owned(), text: text.into() }),
            Err(tree::Unreadable { message, line, help }) => {
                let mut problem = Diagnostic::new(Code::AnswersSyntax, message).in_file(path).help(help);
                problem.place.iter_mut().for_each(|place| place.line = line);
                let source = Source { file: path.to_owned(), text: "".into() };
                Self { problems: vec![problem], source, values: BTreeMap::new() }
            }
        }
    }

    /// Answers that are not on the disk; `path` is what they are called.
    pub fn of(path: &Path, content: &[u8]) -> Self {
        Self::parse(Source { file: path.to_owned(), text: String::from_utf8_lossy(content).into() })
    }

    /// Finds the answers in a text.
    pub fn parse(source: Source) -> Self {
        let text = source.text.clone();
        let (table, errors) = DeTable::parse_recoverable(&text);
        let mut values = BTreeMap::new();
        for (key, value) in table.get_ref() {
            let plain = match value.get_ref() {
                DeValue::String(text) => text.to_string().into(),
                DeValue::Integer(number) => {
                    number.to_string().parse::<i64>().map_or(Value::Boolean(false), Value::from)
                }
                DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Boolean(false), Value::from),
                _ => Value::Boolean(false),
            };
            values.insert(key.get_ref().to_string(), Answer { span: value.span(), value: plain });
        }
        // One slip makes several errors, in no order; the one that stands first says it.
        let first = errors.iter().min_by_key(|error| error.span().map_or(0, |span| span.start));
        let problems = first.map(|error| {
            let message = error.message().lines().next().unwrap_or("this is no valid TOML").to_owned();
            let span = error.span().unwrap_or(0..0);
            let help = advice(&text, span.start);
            Diagnostic::new(Code::AnswersSyntax, format!("answers.toml is no valid TOML: {message}"))
                .at(&source, span, "here")
                .help(help)
        });
        Self { problems: problems.into_iter().collect(), values, source }
    }

    /// The answer to a question of an exercise.
    ///
    /// # Errors
    /// When there is none yet.
    pub fn get(&self, key: &str, exercise: &str) -> Result<&Answer, Box<Diagnostic>> {
        let missing = Diagnostic::new(Code::AnswerMissing, format!("`{key}` has no answer yet"));
        let answer = self.values.get(key).ok_or_else(|| {
            let problem = missing.clone().in_file(&self.source.file);
            Box::new(problem.help(format!("add a line `{key} = \"…\"` to answers.toml")))
        })?;
        match &answer.value {
            Value::String(text) if text.trim().is_empty() || text.trim() == "?" => {
                let problem = missing.at(&self.source, answer.span.clone(), "your answer belongs here");
                let help = format!("README.md says how to find it out; `cargo xtask hint {exercise}` helps");
                Err(Box::new(problem.help(help)))
            }
            _ => Ok(answer),
        }
    }
}

/// How to write the line at which the reader of TOML stumbled.
fn advice(text: &str, at: usize) -> String {
    let start = text[..at.min(text.len())].rfind('\n').map_or(0, |newline| newline + 1);
    let written = text[start..].lines().next().unwrap_or_default();
    let (key, value) = written.split_once('=').unwrap_or_default();
    let (key, value) = (key.trim(), value.split('#').next().unwrap_or_default().trim());
    let quote = ['"', '\''].into_iter().find(|quote| value.starts_with(*quote));
    match quote {
        Some(quote) if value.matches(quote).count() == 1 => {
            "an answer begins and ends on the same line, with a quote on either side".to_owned()
        }
        Some('"') if value.matches('"').count() > 2 => {
            "the second quote ends the answer; inside of it, write single quotes: 'so'".to_owned()
        }
        None if !key.is_empty() && !value.is_empty() && !value.contains(['"', '\\']) => {
            format!("only whole numbers stand without quotes: write `{key} = \"{value}\"`")
        }
        _ => "write `key = \"answer\"`, one on each line; text stands in quotes".to_owned(),
    }
}
