//! Which submissions are alike, as one document for programs: everything but the texts. Its fields have the published
//! names that `docs/schemas` describes.

use super::{Group, OfExercise, Pair, Passage, Report};
use crate::report::id;
use serde::Serialize;
use weigh::report::json::document;

#[derive(Serialize)]
struct Book<'a> {
    schema: &'static str,
    exercises: Vec<Exercise<'a>>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "these are the document's names")]
struct Exercise<'a> {
    exercise: &'a str,
    submissions: usize,
    variants: usize,
    typical_own: usize,
    least_in_common: usize,
    common_above: usize,
    groups: Vec<Equal>,
    pairs: Vec<Alike<'a>>,
    pairs_left_out: usize,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Equal {
    students: Vec<String>,
    to_the_byte: bool,
    own: usize,
    says_little: bool,
}

#[derive(Serialize)]
struct Alike<'a> {
    students: Vec<String>,
    others: Vec<String>,
    in_common: usize,
    share: u32,
    share_of_others: u32,
    passages: Vec<Part<'a>>,
    page: &'a str,
}

#[derive(Serialize)]
struct Part<'a> {
    file: &'a str,
    lines: (usize, usize),
    other_file: &'a str,
    other_lines: (usize, usize),
    units: usize,
    submissions: usize,
}

/// Everything except the texts, as one document.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(report: &Report) -> serde_json::Result<String> {
    let exercises = report.exercises.iter().map(Exercise::of).collect();
    document(&Book { schema: "size-workshop/similar/1", exercises })
}

impl<'a> Exercise<'a> {
    fn of(of: &'a OfExercise) -> Self {
        Self {
            exercise: &of.exercise,
            submissions: of.submissions,
            variants: of.variants,
            typical_own: of.typical,
            least_in_common: of.least,
            common_above: of.common_above,
            groups: of.groups.iter().map(Equal::of).collect(),
            pairs: of.pairs.iter().map(Alike::of).collect(),
            pairs_left_out: of.left_out,
            notes: &of.notes,
        }
    }
}

impl Equal {
    fn of(group: &Group) -> Self {
        Self {
            students: ids(&group.students),
            to_the_byte: group.to_the_byte,
            own: group.own,
            says_little: group.says_little,
        }
    }
}

impl<'a> Alike<'a> {
    fn of(pair: &'a Pair) -> Self {
        Self {
            students: ids(&pair.a.students),
            others: ids(&pair.b.students),
            in_common: pair.matched,
            share: pair.a.share,
            share_of_others: pair.b.share,
            passages: pair.passages.iter().map(|passage| Part::of(pair, passage)).collect(),
            page: &pair.page,
        }
    }
}

impl<'a> Part<'a> {
    fn of(pair: &'a Pair, passage: &Passage) -> Self {
        Self {
            file: &pair.a.files[passage.a.file].path,
            lines: pair.a.lines(passage.a),
            other_file: &pair.b.files[passage.b.file].path,
            other_lines: pair.b.lines(passage.b),
            units: passage.units,
            submissions: passage.submissions,
        }
    }
}

fn ids(students: &[String]) -> Vec<String> {
    students.iter().map(|student| id(student)).collect()
}
