//! `grade --similar`: which submissions are alike, for a person to look at. It compares only what learners may edit,
//! leaves out what they were given and what many have, and never says that anyone copied: where there are only a few
//! right answers, equal files mean nothing, and the pages say so.

mod compare;

use super::class;
use super::model::Submission;
use super::options::Options;
use super::publish::anonymous::{Known, Names};
use super::publish::remove_pages;
use super::{roster, run as grading};
use crate::report::html;
use crate::report::similar::{self as report, File, Group, OfExercise, Pair, Passage, Place, Report, Side};
use anyhow::{Context as _, Result};
use base::diagnostic::shown;
use base::failure::Exit;
use base::files;
use base::numbers::plural;
use base::output;
use compare::{Class, LEAST, Sequence, Tile};
use course::exercise::{self, Exercise};
use course::tokens::{self, Language, Token};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

/// The folder of the pages, below the results folder.
pub(crate) const FOLDER: &str = "similar";
/// The lists for programs next to the pages.
const LISTS: [&str; 2] = ["similar.csv", "similar.json"];
/// Pairs of one exercise that are shown.
const MOST_PAIRS: usize = 100;
/// Tokens of a submission that are compared: ten times what the longest honest one has.
const MOST_TOKENS: usize = 8_000;

/// How many times as much of its own a group needs if it is so large that it may have found the obvious answer.
const FREQUENT: usize = 4;

/// Compares the submissions in a folder, and writes what was found.
///
/// # Errors
/// When the folder or the roster cannot be read, or a report cannot be written.
pub(crate) fn run(root: &Path, options: &Options, dir: &Path) -> Result<Exit> {
    let exercises = grading::exercises(root, &options.exercises)?;
    let found = class::read(options, dir, &exercises, roster::wanted(root, options)?.as_ref())?;
    for note in &found.notes {
        output::note(note);
    }
    let mut all = Report {
        title: "The workshop on Rust binary size".to_owned(),
        exercises: Vec::new(),
        is_anonymous: options.anonymous,
    };
    for exercise in &exercises {
        let own: Vec<&Submission> = found
            .submissions
            .iter()
            .filter(|submission| submission.exercise == exercise.id && submission.rejected.is_none())
            .filter(|submission| !submission.files.is_empty())
            .collect();
        if !own.is_empty() {
            all.exercises.push(compare(&given(exercise), &exercise.id, &own));
        }
    }
    let names = if options.anonymous { Some(names(options, &found)?) } else { None };
    if let Some(names) = &names {
        hide(&mut all, names);
    }
    write(&options.out.join(FOLDER), &all, names.as_ref())?;
    let (pairs, groups) = all.exercises.iter().fold((0, 0), |(pairs, groups), of| {
        (pairs + of.pairs.len(), groups + of.groups.iter().filter(|group| !group.says_little).count())
    });
    output::note(&format!(
        "found {} and {} of equal submissions with enough original content to be worth a look; open {}",
        plural(pairs, "similar pair"),
        plural(groups, "group"),
        shown(&options.out.join(FOLDER).join("index.html")).display()
    ));
    Ok(Exit::Met)
}

/// What every student was given: the starter, and the solution that is handed out.
fn given(exercise: &Exercise) -> Vec<Vec<(String, String)>> {
    let read = |folder: &Path| {
        let files = exercise.edits().filter_map(|path| Some((path.to_owned(), files::content(&folder.join(path))?)));
        files.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect()
    };
    vec![read(&exercise.folder.join("starter")), read(&exercise.solution)]
}

/// One text that was handed in, by one student or by a team.
struct Text {
    students: Vec<String>,
    digest: Vec<u8>,
    files: Vec<(String, String)>,
}

/// What a text is made of.
struct Read {
    tokens: Vec<Token>,
    files: Vec<usize>,
    remarks: BTreeSet<String>,
    is_cut: bool,
}

fn read(files: &[(String, String)]) -> Read {
    let mut read = Read { tokens: Vec::new(), files: Vec::new(), remarks: BTreeSet::new(), is_cut: false };
    for (number, (path, text)) in files.iter().enumerate() {
        let lexed = tokens::lex(Language::of(path), text);
        read.remarks.extend(lexed.remarks);
        let room = MOST_TOKENS.saturating_sub(read.tokens.len());
        read.is_cut |= lexed.tokens.len() > room;
        read.tokens.extend(lexed.tokens.into_iter().take(room));
        read.files.resize(read.tokens.len(), number);
    }
    read
}

/// Compares the submissions for one exercise.
fn compare(given: &[Vec<(String, String)>], exercise: &str, submissions: &[&Submission]) -> OfExercise {
    let texts = texts(submissions);
    let reads: Vec<Read> = texts.iter().map(|text| read(&text.files)).collect();
    let given: Vec<Read> = given.iter().map(|files| read(files)).collect();
    let sequence = |read: &Read, copies| Sequence { tokens: read.tokens.clone(), files: read.files.clone(), copies };

    // What is equal except for names and layout is compared with the others once.
    let sequences: Vec<(Vec<Token>, Vec<usize>)> =
        reads.iter().map(|read| (read.tokens.clone(), read.files.clone())).collect();
    let variants = compare::by_sequence(&sequences);
    let class = Class::new(
        variants.iter().map(|members| sequence(&reads[members[0]], members.len())).collect(),
        &given.iter().map(|read| sequence(read, 0)).collect::<Vec<_>>(),
    );
    let groups = groups(&texts, &reads, &given, &variants, &class);
    let mut pairs = class.pairs();
    let left_out = pairs.len().saturating_sub(MOST_PAIRS);
    pairs.truncate(MOST_PAIRS);
    let mut sides: HashMap<usize, Side> = HashMap::new();
    for at in pairs.iter().flat_map(|pair| [pair.a, pair.b]) {
        sides.entry(at).or_insert_with(|| side(&texts, &variants[at], &class, at));
    }
    let pairs = (1..).zip(pairs).map(|(number, alike)| {
        let [share_a, share_b] = alike.shares.map(|share| (share.min(1.0) * 100.0).round() as u32);
        let passage = |&(tile, submissions): &(Tile, usize)| Passage {
            a: place(&class.sequences()[alike.a], tile.a, tile.length),
            b: place(&class.sequences()[alike.b], tile.b, tile.length),
            units: class.sequences()[alike.a].tokens[tile.a..tile.a + tile.length]
                .iter()
                .map(|token| usize::from(token.units))
                .sum(),
            submissions,
        };
        Pair {
            a: Side { share: share_a, ..sides[&alike.a].clone() },
            b: Side { share: share_b, ..sides[&alike.b].clone() },
            matched: alike.matched,
            passages: alike.tiles.iter().map(passage).collect(),
            page: format!("{exercise}-{number}.html"),
        }
    });
    let pairs: Vec<Pair> = pairs.collect();
    let mut own: Vec<usize> =
        (0..variants.len()).flat_map(|at| std::iter::repeat_n(class.rare(at), variants[at].len())).collect();
    own.sort_unstable();
    let cut = reads.iter().filter(|read| read.is_cut).count();
    let mut notes = Vec::new();
    if cut > 0 {
        notes.push(format!("only the first {MOST_TOKENS} tokens of {} were compared", plural(cut, "submission")));
    }
    OfExercise {
        exercise: exercise.to_owned(),
        submissions: texts.len(),
        variants: variants.len(),
        typical: own.get(own.len() / 2).copied().unwrap_or_default(),
        least: LEAST,
        common_above: class.common_above,
        groups,
        pairs,
        left_out,
        notes,
    }
}

/// What was handed in. What several students handed in as one, a team's, is one text.
fn texts(submissions: &[&Submission]) -> Vec<Text> {
    let mut by_origin: BTreeMap<_, Vec<&Submission>> = BTreeMap::new();
    for submission in submissions {
        by_origin.entry((&submission.origin, &submission.files)).or_default().push(submission);
    }
    let texts = by_origin.into_iter().map(|((_, files), of)| Text {
        students: of.iter().map(|submission| submission.student.clone()).collect(),
        digest: files
            .iter()
            .flat_map(|(path, bytes)| [path.as_bytes(), b"\0", exercise::digest(bytes).as_bytes()].concat())
            .collect(),
        files: files.iter().map(|(path, bytes)| (path.clone(), String::from_utf8_lossy(bytes).into_owned())).collect(),
    });
    let mut texts: Vec<Text> = texts.collect();
    texts.sort_by(|a, b| a.students.cmp(&b.students));
    texts
}

fn groups(texts: &[Text], reads: &[Read], given: &[Read], variants: &[Vec<usize>], class: &Class) -> Vec<Group> {
    let mut remarks_in: HashMap<&str, usize> = HashMap::new();
    for word in reads.iter().flat_map(|read| &read.remarks) {
        *remarks_in.entry(word).or_default() += 1;
    }
    let given: BTreeSet<&String> = given.iter().flat_map(|read| &read.remarks).collect();
    let students =
        |members: &[usize]| -> Vec<String> { members.iter().flat_map(|&at| &texts[at].students).cloned().collect() };
    // What more than half of a class has is the obvious answer, and what more than a tenth has may well be.
    let says_little = |own: usize, size: usize| {
        let is_frequent = size > class.common_above;
        own < if is_frequent { FREQUENT * LEAST } else { LEAST } || size * 2 > class.submissions && is_frequent
    };
    let mut groups = Vec::new();
    for (at, members) in variants.iter().enumerate() {
        if members.len() < 2 {
            continue;
        }
        let own = class.own(at);
        let mut by_digest: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for &member in members {
            by_digest.entry(&texts[member].digest).or_default().push(member);
        }
        for equal in by_digest.values().filter(|equal| equal.len() > 1) {
            // The words of comments that only these have: they aren't compared, but equal ones aren't a coincidence.
            let rare =
                |word: &&String| !given.contains(word) && remarks_in[word.as_str()] - equal.len() < class.common_above;
            let own = own + reads[equal[0]].remarks.iter().filter(rare).count();
            groups.push(Group {
                students: students(equal),
                to_the_byte: true,
                own,
                says_little: says_little(own, equal.len()),
            });
        }
        if by_digest.len() > 1 {
            groups.push(Group {
                students: students(members),
                to_the_byte: false,
                own,
                says_little: says_little(own, members.len()),
            });
        }
    }
    groups.sort_by(|a, b| {
        let key = |group: &Group| (group.says_little, std::cmp::Reverse(group.own), group.students.len());
        key(a).cmp(&key(b)).then_with(|| a.students.cmp(&b.students))
    });
    groups
}

fn side(texts: &[Text], members: &[usize], class: &Class, at: usize) -> Side {
    let sequence = &class.sequences()[at];
    let common = class.common(at);
    let text = &texts[members[0]];
    let files = text.files.iter().enumerate().map(|(number, (path, text))| {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        let mut goes_on = false;
        for (place, token) in sequence.tokens.iter().enumerate().filter(|(place, _)| sequence.files[*place] == number) {
            match (common[place], goes_on, ranges.last_mut()) {
                (true, true, Some(last)) => last.1 = token.end,
                (true, ..) => ranges.push((token.start, token.end)),
                _ => {}
            }
            goes_on = common[place];
        }
        let mut of_file = common.iter().zip(&sequence.files).filter(|(_, file)| **file == number);
        let is_common = of_file.all(|(common, _)| *common);
        File { path: path.clone(), text: text.clone(), common: ranges, is_common }
    });
    Side {
        students: members.iter().flat_map(|&at| &texts[at].students).cloned().collect(),
        share: 0,
        files: files.collect(),
    }
}

fn place(sequence: &Sequence, first: usize, length: usize) -> Place {
    Place {
        file: sequence.files[first],
        start: sequence.tokens[first].start,
        end: sequence.tokens[first + length - 1].end,
    }
}

/// Codes for everyone in the class, as its reports have them.
fn names(options: &Options, class: &class::Class) -> Result<Names> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for seen in &class.run.students {
        let person = known.entry(seen.student.clone()).or_default();
        person.others.insert(seen.handle.entry.clone());
        person.others.extend(seen.handle.ids.iter().chain(&seen.handle.name).cloned());
    }
    if let Some(file) = &options.roster {
        let ids: Vec<&str> = class.run.exercises.iter().map(String::as_str).collect();
        for row in roster::read(file, &ids)?.rows {
            let person = known.entry(row.student.clone()).or_default();
            (person.first_name, person.last_name, person.email) = (row.first_name, row.last_name, row.email);
        }
    }
    for submission in &class.submissions {
        known.entry(submission.student.clone()).or_default();
    }
    Names::new(&options.out, known)
}

fn hide(all: &mut Report, names: &Names) {
    let code = |students: &mut Vec<String>| {
        students.iter_mut().for_each(|student| *student = names.code(student));
        students.sort();
    };
    for of in &mut all.exercises {
        of.groups.iter_mut().for_each(|group| code(&mut group.students));
        // The order of groups and which side comes first may not follow the ids.
        of.groups.sort_by(|a, b| (b.own, &a.students).cmp(&(a.own, &b.students)));
        for pair in &mut of.pairs {
            code(&mut pair.a.students);
            code(&mut pair.b.students);
            if pair.b.students < pair.a.students {
                std::mem::swap(&mut pair.a, &mut pair.b);
                pair.passages.iter_mut().for_each(|passage| std::mem::swap(&mut passage.a, &mut passage.b));
                pair.passages.sort_by_key(|passage| (passage.a.file, passage.a.start));
            }
        }
    }
}

fn write(folder: &Path, all: &Report, names: Option<&Names>) -> Result<()> {
    let scrub = |text: &str| names.map_or_else(|| text.to_owned(), |names| names.scrub(text));
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for of in &all.exercises {
        for pair in &of.pairs {
            pages.insert(pair.page.clone(), html::similar::pair(all, of, pair, &scrub));
        }
    }
    remove_pages(folder, &BTreeSet::new())?;
    remove_lists(folder)?;
    let write = |name: &str, text: &str| files::write_derived(&folder.join(name), text.as_bytes());
    let json = report::json(all).context("can't write the similar submissions as JSON")?;
    for (name, text) in LISTS.into_iter().zip([report::csv(all)?, json]) {
        write(name, &text)?;
    }
    pages.iter().try_for_each(|(name, text)| write(name, text))?;
    // Written last: it determines for the others whether they have names.
    write("index.html", &html::similar::index(all))
}

/// Removes the lists for programs that are next to the pages. Returns how many there were.
pub(crate) fn remove_lists(folder: &Path) -> Result<usize> {
    let mut removed = 0;
    for path in LISTS.map(|name| folder.join(name)) {
        if fs::symlink_metadata(&path).is_ok() {
            fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
