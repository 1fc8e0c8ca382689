//! Which submissions are alike, for an instructor to look at: data for the pages, a table, and a document for programs.
//! It reports what two files have in common and how common that is in the class, and nothing else.

mod document;

pub(crate) use document::json;

use super::csv::cell;
use super::id;
use anyhow::Result;

/// What was compared, and what was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The heading, such as the name of the course.
    pub title: String,
    /// By exercise, in the order of the course.
    pub exercises: Vec<OfExercise>,
    /// Whether students have codes instead of ids.
    pub is_anonymous: bool,
}

/// The submissions for one exercise.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfExercise {
    /// The exercise.
    pub exercise: String,
    /// Submissions that were compared; a team's counts once.
    pub submissions: usize,
    /// How many different ones there are, names and layout aside.
    pub variants: usize,
    /// Units of its own that the median submission has: what is in the starter, in the solution or in many others
    /// counts for nothing.
    pub typical: usize,
    /// Units that two must have in common, at least, to be shown.
    pub least: usize,
    /// Anything that more submissions than this have is common, and counts for nothing.
    pub common_above: usize,
    /// Submissions that are equal, most significant group first.
    pub groups: Vec<Group>,
    /// Submissions that are alike, the strongest pair first.
    pub pairs: Vec<Pair>,
    /// Pairs that are weaker than all of these, and left out.
    pub left_out: usize,
    /// What an instructor must know about the comparison, such as a file that was too long.
    pub notes: Vec<String>,
}

/// Submissions that are equal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// The students; a team counts as one.
    pub students: Vec<String>,
    /// Whether the files are equal to the byte; else only names, comments and layout differ.
    pub to_the_byte: bool,
    /// Units that are in these submissions and in very few others.
    pub own: usize,
    /// Whether that is too little to mean anything.
    pub says_little: bool,
}

/// Two submissions that are alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pair {
    /// One of them.
    pub a: Side,
    /// The other.
    pub b: Side,
    /// Units of their own that both have.
    pub matched: usize,
    /// The passages that both have, in the order of the first submission.
    pub passages: Vec<Passage>,
    /// The file of the page where they are side by side.
    pub page: String,
}

/// A submission of a pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    /// The students; several if they handed in the same.
    pub students: Vec<String>,
    /// How much of its own content the other one has, in percent.
    pub share: u32,
    /// The files that were compared.
    pub files: Vec<File>,
}

/// A file of a submission.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// Its path.
    pub path: String,
    /// Its content.
    pub text: String,
    /// The parts that the starter, the solution or many others have: byte ranges, in order.
    pub common: Vec<(usize, usize)>,
    /// Whether it contains nothing else.
    pub is_common: bool,
}

/// A passage that two submissions have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passage {
    /// Where it is in the first one.
    pub a: Place,
    /// Where it is in the second one.
    pub b: Place,
    /// Its units, including common ones.
    pub units: usize,
    /// How many submissions have the rarest part of it.
    pub submissions: usize,
}

/// A place in a file of a side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// Which of the files.
    pub file: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// One line for each group and each pair.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn csv(report: &Report) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["exercise", "kind", "students", "others", "in_common", "share", "share_of_others", "page"])?;
    for OfExercise { exercise, groups, pairs, .. } in &report.exercises {
        for Group { students, to_the_byte, own, .. } in groups {
            let kind = if *to_the_byte { "equal files" } else { "equal except for names and layout" };
            let own = own.to_string();
            writer.write_record([&cell(exercise), kind, &listed(students), "", &own, "", "", ""])?;
        }
        for Pair { a, b, matched, page, .. } in pairs {
            let (matched, a_share, b_share) = (matched.to_string(), a.share.to_string(), b.share.to_string());
            let (a, b) = (listed(&a.students), listed(&b.students));
            writer.write_record([&cell(exercise), "similar", &a, &b, &matched, &a_share, &b_share, page])?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn listed(students: &[String]) -> String {
    cell(&students.iter().map(|student| id(student)).collect::<Vec<_>>().join("; "))
}

impl Side {
    /// The first and the last line of a place.
    pub(crate) fn lines(&self, place: Place) -> (usize, usize) {
        let text = self.files[place.file].text.as_bytes();
        let before = |end: usize| text[..end.min(text.len())].iter().filter(|&&byte| byte == b'\n').count() + 1;
        (before(place.start), before(place.end))
    }
}
