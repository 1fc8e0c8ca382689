//! The list of what can be priced, and the programs that its rows stand for.

use crate::workshop::nearest;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use serde::Deserialize;

/// price.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    line: Vec<Entry>,
    piece: Vec<Entry>,
    together: Vec<Joined>,
}

/// `[[line]]` or `[[piece]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    what: String,
    #[serde(default)]
    items: String,
    line: String,
    instead: Option<String>,
    prints: Option<String>,
    keeps: Option<String>,
    #[serde(default)]
    own: bool,
}

/// `[[together]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Joined {
    name: String,
    what: String,
    parts: Vec<String>,
}

/// What kind of row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A line in an empty program.
    Line,
    /// One more of many.
    Piece,
    /// Several lines in one program.
    Together,
}

impl Kind {
    /// What it is called in documents.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Piece => "piece",
            Self::Together => "together",
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What it is called on the command line.
    pub name: String,
    /// What it is for people.
    pub what: String,
    /// What kind it is.
    pub kind: Kind,
    /// What stands before `main`.
    items: String,
    /// The contents of `main`.
    line: String,
    /// What a piece is compared with.
    pub instead: Option<String>,
    /// The whole standard output, which shows that it does its thing.
    pub prints: Option<String>,
    /// A part of a function's name that an empty program doesn't have.
    pub keeps: Option<String>,
    /// Only the program's own code is larger.
    pub own: bool,
    /// The names of the rows that are put together.
    pub parts: Vec<String>,
}

/// The list.
pub(super) struct List {
    rows: Vec<Row>,
}

impl List {
    /// The list of this library.
    ///
    /// # Errors
    /// Never in practice: a test reads it.
    pub(super) fn ours() -> Result<Self> {
        let raw: Raw = toml::from_str(include_str!("../price.toml")).context("the price list can't be read")?;
        let entry = |kind: Kind| {
            move |entry: Entry| {
                let Entry { name, what, items, line, instead, prints, keeps, own } = entry;
                Row { name, what, kind, items, line, instead, prints, keeps, own, parts: Vec::new() }
            }
        };
        let joined = |Joined { name, what, parts }: Joined| Row {
            name,
            what,
            kind: Kind::Together,
            items: String::new(),
            line: String::new(),
            instead: None,
            prints: None,
            keeps: None,
            own: false,
            parts,
        };
        let lines = raw.line.into_iter().map(entry(Kind::Line));
        let pieces = raw.piece.into_iter().map(entry(Kind::Piece));
        Ok(Self { rows: lines.chain(pieces).chain(raw.together.into_iter().map(joined)).collect() })
    }

    /// The rows of these names, in the order of the list; all if none is named.
    ///
    /// # Errors
    /// When there is no such row.
    pub(super) fn chosen(&self, names: &[String]) -> Result<Vec<&Row>> {
        for name in names {
            if self.row(name).is_some() {
                continue;
            }
            let help = match nearest(name, self.rows.iter().map(|row| row.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`{} price --list` shows every name", base::caller::name()),
            };
            bail!(Failure::new(Exit::Usage, format!("the price list has no row `{name}`")).help(help));
        }
        Ok(self.rows.iter().filter(|row| names.is_empty() || names.contains(&row.name)).collect())
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The rows that a row puts together.
    pub(super) fn parts<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = &'a Row> {
        row.parts.iter().filter_map(|name| self.row(name))
    }

    /// The program of a row, with so many of it if it is a piece.
    pub(super) fn source(&self, row: &Row, count: usize) -> String {
        if row.kind == Kind::Together {
            let items: Vec<&str> = self.parts(row).map(|part| part.items.as_str()).collect();
            // A block for each, so that no name of one is in the way of another.
            let lines: Vec<String> = self.parts(row).map(|part| block(&part.line)).collect();
            return program(&items, &lines);
        }
        repeated(row, &row.line, count)
    }
}

/// The program that a piece is compared with.
pub(super) fn instead(row: &Row, count: usize) -> String {
    repeated(row, row.instead.as_deref().unwrap_or_default(), count)
}

fn repeated(row: &Row, line: &str, count: usize) -> String {
    let of = |index: usize| {
        let line = line.replace("{i}", &index.to_string());
        if count > 1 && line.contains('\n') { block(&line) } else { line }
    };
    program(&[&row.items], &(0..count).map(of).collect::<Vec<_>>())
}

fn block(line: &str) -> String {
    format!("{{\n{}\n}}", indented(line))
}

fn indented(text: &str) -> String {
    let indented = text.trim_matches('\n').lines().map(|line| format!("    {line}").trim_end().to_owned());
    indented.collect::<Vec<_>>().join("\n")
}

/// A whole program, as a person would write it.
fn program(items: &[&str], lines: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    if items.iter().any(|text| text.contains("black_box(")) || lines.iter().any(|text| text.contains("black_box(")) {
        parts.push("use std::hint::black_box;".to_owned());
    }
    parts.extend(items.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()));
    let body: Vec<String> = lines.iter().map(|line| indented(line)).collect();
    parts.push(format!("fn main() {{\n{}\n}}", body.join("\n")));
    parts.join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_can_be_told_apart_and_says_what_shows_that_it_works() {
        let list = List::ours().unwrap();
        let names: BTreeSet<&str> = list.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names.len(), list.rows.len(), "a name is there twice");
        for row in &list.rows {
            let shown = [row.prints.is_some(), row.keeps.is_some(), row.own].iter().filter(|is_set| **is_set).count();
            assert_eq!(shown, usize::from(row.kind != Kind::Together), "{}: one of `prints`, `keeps`, `own`", row.name);
            assert_eq!(list.parts(row).count(), row.parts.len(), "{}: a part is no row", row.name);
            assert!(row.kind != Kind::Together || row.parts.len() > 1, "{}", row.name);
            assert!(row.instead.is_none() || row.kind == Kind::Piece, "{}", row.name);
            assert_eq!(row.line.contains("{i}"), row.kind == Kind::Piece, "{}", row.name);
        }
    }

    #[test]
    fn a_piece_is_there_as_often_as_it_should_and_never_twice_the_same() {
        let list = List::ours().unwrap();
        let row = list.row("each-expect").unwrap();
        let source = list.source(row, 3);
        assert_eq!(source.matches(".expect(").count(), 3);
        assert!(["number 0", "number 1", "number 2"].iter().all(|text| source.contains(text)), "{source}");
        assert_eq!(instead(row, 3).matches(".unwrap_or(0)").count(), 3);
        insta::assert_snapshot!(list.source(list.row("both-sorts").unwrap(), 1), @r"
        use std::hint::black_box;

        fn main() {
            {
                black_box(&mut [3_u32, 1, 2][..]).sort();
            }
            {
                black_box(&mut [3_u32, 1, 2][..]).sort_unstable();
            }
        }
        ");
    }
}
