//! Finds which student in the roster an entry belongs to. Only what a person would call the same is the same: an id
//! counts more than a name, a name that fits two students fits neither, and what matches no student is kept, counted
//! and named.

mod look;

use super::model::{Handle, Unknown};
use super::roster::Roster;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::plural;
pub(crate) use look::Looks;
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization as _;

/// How many entries and ids a message shows.
const SHOWN: usize = 3;
/// How many pairs of ids are compared for the nearest one: a second of work, not a minute, where a class has another's roster.
const COMPARED: usize = 200_000;

/// The students that entries belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resolved {
    /// For each handle the ids of the roster that it belongs to: several for a team. Its own surest id where there is no
    /// roster, or it matches no student.
    pub students: Vec<Vec<String>>,
    /// Entries that match no student of the roster.
    pub unknown: Vec<Unknown>,
    /// Ids in the roster without an entry.
    pub missing: Vec<String>,
    /// What the instructor should know.
    pub notes: Vec<String>,
}

/// Finds the students that entries belong to. The ids of one handle are names of the same student.
///
/// # Errors
/// When there is a roster and not a single entry matches it: it is the wrong file, or the names are wrong.
pub(crate) fn resolve(handles: &[Handle], roster: Option<&Roster>) -> Result<Resolved> {
    let mut resolved = Resolved::default();
    let Some(roster) = roster else {
        resolved.students = handles.iter().map(|handle| vec![own_id(handle)]).collect();
        resolved.notes = lookalikes(resolved.students.iter().flatten());
        let looks = Looks::of(resolved.students.iter().flatten().map(String::as_str));
        resolved.notes.extend(scripts(&looks, resolved.students.iter().flatten()));
        return Ok(resolved);
    };
    let matcher = Matcher::new(roster);
    let mut unknown = Vec::new();
    let mut by_name = 0;
    for (handle, found) in handles.iter().zip(matcher.find_all(handles)) {
        by_name += usize::from(found.is_by_name);
        resolved.notes.extend(found.note.map(|note| format!("{}: {note}", shown(&handle.entry))));
        if found.students.is_empty() {
            let own = own_id(handle);
            unknown.push((own.clone(), handle));
            resolved.students.push(vec![own]);
        } else {
            resolved.students.push(found.students.into_iter().map(str::to_owned).collect());
        }
    }
    if !handles.is_empty() && unknown.len() == handles.len() {
        bail!(no_match(handles.iter(), roster));
    }
    if by_name > 0 {
        let (all, file) = (handles.len(), roster.name());
        resolved.notes.push(format!("{by_name} of {all} entries match a student in {file} by name alone"));
    }
    let found: BTreeSet<&str> = resolved.students.iter().flatten().map(String::as_str).collect();
    resolved.missing = roster.students().filter(|student| !found.contains(student)).map(str::to_owned).collect();
    let mut nearest = Nearest::new(roster, &resolved.missing);
    resolved.unknown = unknown
        .iter()
        .map(|(student, handle)| Unknown {
            student: student.clone(),
            entry: handle.entry.clone(),
            nearest: handle.ids.iter().chain(&handle.name).chain([&handle.entry]).find_map(|text| nearest.to(text)),
        })
        .collect();
    resolved.notes.extend(lookalikes(unknown.iter().map(|(student, _)| student)));
    let looks = Looks::of(roster.students().chain(resolved.students.iter().flatten().map(String::as_str)));
    resolved.notes.extend(scripts(&looks, unknown.iter().map(|(student, _)| student)));
    Ok(resolved)
}

/// The students of a class who aren't in the roster, and students in the roster who aren't in the class.
pub(crate) fn compare<'a>(students: impl IntoIterator<Item = &'a str>, roster: &Roster) -> (Vec<Unknown>, Vec<String>) {
    let mut found = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for student in students {
        // Another spelling of an id is there only if someone else has the id already.
        match roster.canonical(student) {
            Some(id) if id == student => found.insert(id),
            _ => unknown.insert(student),
        };
    }
    let missing: Vec<String> = roster.students().filter(|id| !found.contains(id)).map(str::to_owned).collect();
    let mut nearest = Nearest::new(roster, &missing);
    let unknown = unknown.into_iter().map(|student| Unknown {
        student: student.to_owned(),
        entry: student.to_owned(),
        nearest: nearest.to(student),
    });
    (unknown.collect(), missing)
}

/// What happened to an id's leading zeros, if it otherwise equals the nearest student's id.
fn zeros(unknown: &Unknown, roster: &Roster) -> Option<&'static str> {
    let rows = roster.rows.iter().filter(|row| Some(&row.student) == unknown.nearest.as_ref());
    look::zeros(&unknown.student, rows.flat_map(|row| row.also.iter().chain([&row.student])).map(String::as_str))
}

/// Why a person should look at a row whose student the roster doesn't have.
pub(crate) fn review(unknown: &Unknown, roster: &Roster) -> String {
    match &unknown.nearest {
        Some(nearest) => {
            let why = zeros(unknown, roster).map_or_else(String::new, |why| format!(" ({why})"));
            format!("not in the roster; the nearest is {}{why}", shown(nearest))
        }
        None => "not in the roster".to_owned(),
    }
}

/// Notes at the end of a run about entries that match no student and students without an entry; nothing if all is well.
pub(crate) fn summary(unknown: &[Unknown], missing: &[String], found: usize, roster: &Roster) -> Vec<String> {
    let mut notes = Vec::new();
    if !unknown.is_empty() {
        let names = unknown.iter().map(|unknown| {
            let why = zeros(unknown, roster).map_or_else(String::new, |why| format!("; {why}"));
            let nearest = unknown.nearest.as_deref().map(|near| format!(" (near {}{why})", shown(near)));
            format!("{}{}", shown(&unknown.student), nearest.unwrap_or_default())
        });
        let (all, names) = (plural(found, "student"), some(&names.collect::<Vec<_>>()));
        let (file, many) = (roster.name(), unknown.len());
        notes.push(format!("not in {file}: {many} of {all} found: {names}. Flagged for review"));
    }
    if !missing.is_empty() {
        let all = plural(roster.students().count(), "student");
        let names = some(&missing.iter().map(|id| shown(id)).collect::<Vec<_>>());
        notes.push(format!("{} of {all} in {} handed in nothing: {names}", missing.len(), roster.name()));
    }
    notes
}

/// The first ten of some names, and how many more there are.
pub(crate) fn some(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(10));
    let rest = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
    format!("{}{rest}", first.join(", "))
}

/// What a handle matches.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found<'a> {
    /// Ids of the roster; several for a team, none if it matches no student.
    pub students: Vec<&'a str>,
    /// Whether only a name speaks for it.
    pub is_by_name: bool,
    /// What speaks against the match, or why there is none.
    pub note: Option<String>,
}

impl<'a> Found<'a> {
    fn of(students: impl IntoIterator<Item = &'a str>) -> Self {
        Self { students: students.into_iter().collect(), ..Self::default() }
    }

    fn none(note: Option<String>) -> Self {
        Self { note, ..Self::default() }
    }
}

/// A roster prepared for many lookups.
pub(crate) struct Matcher<'a> {
    /// Folded ids of the roster.
    ids: BTreeMap<String, &'a str>,
    /// What else identifies a student: logins, numbers, addresses.
    also: BTreeMap<String, BTreeSet<&'a str>>,
    /// Folded parts of the names of entries, by their first word: thousands of entries are compared with thousands of parts.
    parts: BTreeMap<String, Vec<(String, &'a str)>>,
    teams: BTreeMap<String, BTreeSet<&'a str>>,
    /// By letters alone, in both orders of the names.
    names: BTreeMap<String, BTreeSet<&'a str>>,
    /// The same without accents.
    plain_names: BTreeMap<String, BTreeSet<&'a str>>,
}

impl<'a> Matcher<'a> {
    /// Prepares a roster.
    pub(crate) fn new(roster: &'a Roster) -> Self {
        let mut matcher = Self {
            ids: BTreeMap::new(),
            also: BTreeMap::new(),
            parts: BTreeMap::new(),
            teams: BTreeMap::new(),
            names: BTreeMap::new(),
            plain_names: BTreeMap::new(),
        };
        for row in &roster.rows {
            let student = row.student.as_str();
            let add = |map: &mut BTreeMap<String, BTreeSet<&'a str>>, key: String| {
                if !key.is_empty() {
                    map.entry(key).or_default().insert(student);
                }
            };
            matcher.ids.insert(fold(student), student);
            for id in row.also.iter().chain([&row.email]) {
                add(&mut matcher.also, fold(id));
            }
            add(&mut matcher.teams, fold(&row.team));
            let part = fold(&row.submission);
            let parts = matcher.parts.entry(words(&part).next().unwrap_or_default().to_owned()).or_default();
            if !part.is_empty() && !parts.contains(&(part.clone(), student)) {
                parts.push((part, student));
            }
            let (first, last) = (letters(&row.first_name), letters(&row.last_name));
            add(&mut matcher.names, format!("{first}{last}"));
            add(&mut matcher.names, format!("{last}{first}"));
            for name in [format!("{first}{last}"), format!("{last}{first}")] {
                look::plain(&name).into_iter().for_each(|name| add(&mut matcher.plain_names, name));
            }
        }
        matcher
    }

    /// The students whose entry this is. The roster's own words about entries come first, then ids in their order, then teams,
    /// then parts of the entry's name, then names.
    pub(crate) fn find(&self, handle: &Handle) -> Found<'a> {
        let entry = fold(&handle.entry);
        let first_words: BTreeSet<&str> = words(&entry).chain([""]).collect();
        let parts: Vec<&(String, &str)> =
            first_words.into_iter().filter_map(|word| self.parts.get(word)).flatten().collect();
        let exact: BTreeSet<&str> =
            parts.iter().filter(|(part, _)| *part == entry).map(|(_, student)| *student).collect();
        let by_name = self.by_name(handle);
        let sure = |student: &'a str| {
            let note = match &by_name {
                Some(named) if named.len() == 1 && !named.contains(student) => {
                    let named = named.first().copied().unwrap_or_default();
                    Some(format!("the id is {}'s, but the name is {}'s; the id counts", shown(student), shown(named)))
                }
                _ => None,
            };
            Found { note, ..Found::of([student]) }
        };
        let several = |students: &BTreeSet<&'a str>, what: &str| {
            let all: Vec<String> = students.iter().take(SHOWN).map(|id| shown(id)).collect();
            Found::none(Some(format!("{what} matches {}, so it isn't assigned to any of them", all.join(" and "))))
        };
        if !exact.is_empty() {
            // Several rows with the same entry are a team.
            return Found::of(exact);
        }
        let ids = || super::lms::surest_first(handle).into_iter().map(fold).filter(|id| !id.is_empty());
        for id in ids() {
            if let Some(student) = self.ids.get(&id) {
                return sure(student);
            }
            match self.also.get(&id) {
                Some(students) if students.len() == 1 => return sure(students.first().copied().unwrap_or_default()),
                Some(students) => return several(students, "its id"),
                None => {}
            }
        }
        if let Some(team) = ids().chain([entry.clone()]).find_map(|id| self.teams.get(&id)) {
            return Found::of(team.iter().copied());
        }
        let fitting = || parts.iter().filter(|(part, _)| is_part(part, &entry));
        if let Some(longest) = fitting().map(|(part, _)| part.len()).max() {
            let students: BTreeSet<&str> =
                fitting().filter(|(part, _)| part.len() == longest).map(|(_, student)| *student).collect();
            return match students.first() {
                Some(student) if students.len() == 1 => Found::of([*student]),
                _ => several(&students, "a part of its name"),
            };
        }
        match by_name {
            Some(students) if students.len() == 1 => Found { is_by_name: true, ..Found::of(students) },
            Some(students) => several(&students, "the name"),
            None => {
                let code = invisible(&handle.entry);
                Found::none(code.map(|code| format!("the name contains an invisible character ({code})")))
            }
        }
    }

    /// The same for a whole class. A student found by an id isn't also found by a name: that entry may be someone
    /// else's.
    pub(crate) fn find_all<'h>(&self, handles: impl IntoIterator<Item = &'h Handle>) -> Vec<Found<'a>> {
        let mut all: Vec<Found<'a>> = handles.into_iter().map(|handle| self.find(handle)).collect();
        let sure: BTreeSet<&str> =
            all.iter().filter(|found| !found.is_by_name).flat_map(|found| found.students.iter().copied()).collect();
        for found in all.iter_mut().filter(|found| found.is_by_name) {
            if let Some(student) = found.students.iter().find(|student| sure.contains(*student)) {
                let student = shown(student);
                *found = Found::none(Some(format!("the name is {student}'s, but a different entry has that id")));
            }
        }
        all
    }

    /// The students with the name the LMS gives, or the entry's if it gives none. A name without accents may belong to
    /// anyone with that name, with or without accents.
    fn by_name(&self, handle: &Handle) -> Option<BTreeSet<&'a str>> {
        let said = handle.name.iter().map(String::as_str);
        let entry = [handle.entry.as_str()].into_iter().filter(|_| handle.name.is_none());
        let ids = handle.ids.iter().map(String::as_str).filter(|_| handle.name.is_none());
        said.chain(entry).chain(ids).map(letters).filter(|name| !name.is_empty()).find_map(|name| {
            let exact = self.names.get(&name).filter(|_| !name.is_ascii());
            exact.cloned().or_else(|| {
                let plain = look::plain(&name);
                let all: BTreeSet<&str> =
                    plain.iter().filter_map(|name| self.plain_names.get(name)).flatten().copied().collect();
                Some(all).filter(|all| !all.is_empty())
            })
        })
    }
}

/// A text as it is compared: composed, without regard to width and other forms of a character (`ｓ００１`), in lower case, with one
/// space where there is some, of whatever kind. Nothing else is ignored, so an invisible character makes a different
/// text.
pub(crate) fn fold(text: &str) -> String {
    let spaced = look::spaced(text);
    let text = &*spaced;
    // Ids are nearly always plain.
    if text.is_ascii() {
        let words = text.split_ascii_whitespace();
        return words.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    }
    // Lower case can bring decomposed letters back (İ), and composing can bring upper case (Å for the ångström sign).
    let lower = text.nfkc().collect::<String>().to_lowercase().nfkc().collect::<String>();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Only a name's letters and digits, as Canvas writes it in file names.
fn letters(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The code of the first character that can't be seen, such as `U+200B`.
pub(crate) fn invisible(text: &str) -> Option<String> {
    let hidden = |c: &char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().find(hidden).map(|c| format!("U+{:04X}", u32::from(c)))
}

/// A name in a message: as it is, or quoted with its odd characters escaped.
pub(crate) fn shown(name: &str) -> String {
    let is_odd = name.is_empty() || name.trim() != name || invisible(name).is_some();
    if is_odd { name.escape_debug().collect::<String>().replace(' ', "\u{2423}") } else { name.to_owned() }
}

fn own_id(handle: &Handle) -> String {
    handle.ids.iter().find(|id| !id.trim().is_empty()).unwrap_or(&handle.entry).clone()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether one text contains another, with no letter or digit next to it: `s1` isn't in `s10`.
fn is_part(part: &str, whole: &str) -> bool {
    whole.match_indices(part).any(|(at, _)| {
        let before = whole[..at].chars().next_back();
        let behind = whole[at + part.len()..].chars().next();
        [before, behind].into_iter().flatten().all(|c| !c.is_alphanumeric())
    })
}

/// Notes about different ids that a person would take for the same.
fn lookalikes<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut same: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for id in ids {
        same.entry(fold(id)).or_default().insert(id);
    }
    let several = same.values().filter(|ids| ids.len() > 1);
    several
        .map(|ids| {
            let all: Vec<String> = ids.iter().map(|id| format!("`{}`", shown(id))).collect();
            let all = all.join(" and ");
            format!("{all} differ only in case, spaces or Unicode form; they are graded as different students")
        })
        .collect()
}

/// Notes about ids that a person would misread.
fn scripts<'a>(looks: &Looks<'_>, ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    let ids: BTreeSet<&String> = ids.collect();
    ids.into_iter().filter_map(|id| Some(format!("`{}`: {}", shown(id), looks.review(id)?))).collect()
}

/// Why nothing is graded or reported when nothing matches the roster.
pub(crate) fn no_match<'a>(handles: impl ExactSizeIterator<Item = &'a Handle>, roster: &Roster) -> Failure {
    let many = handles.len();
    let handles: Vec<&Handle> = handles.collect();
    let all_ids = || roster.rows.iter().flat_map(|row| row.also.iter().chain([&row.student]));
    let numbers: BTreeSet<String> = all_ids().filter_map(|id| look::number(id)).collect();
    let has_number = |id: &String| look::number(id).is_some_and(|number| numbers.contains(&number));
    let are_zeros_missing = handles.iter().any(|handle| handle.ids.iter().any(has_number));
    let entries: Vec<String> = handles.iter().take(SHOWN).map(|handle| shown(&handle.entry)).collect();
    let ids: Vec<String> = roster.students().take(SHOWN).map(shown).collect();
    let message = format!(
        "no entry matches a student in {} ({} tried). There are {}; the roster has {}",
        roster.name(),
        many,
        entries.join(", "),
        ids.join(", ")
    );
    if are_zeros_missing {
        let help =
            "leading zeros are missing: spreadsheets drop them. Export the roster again, or format its ids as text";
        return Failure::new(Exit::Usage, message).help(help);
    }
    let help = "check that the roster is for this class. If the id is part of each name, show where: \
                --student-from '_([0-9]+)_'. Or add a column `submission` to the roster with the name of each entry";
    Failure::new(Exit::Usage, message).help(help)
}

/// The nearest ids of a roster, as long as comparing is cheap.
struct Nearest<'a> {
    /// Folded, with the student, and whether nothing of that student was found: an entry that matches no student is
    /// most likely theirs.
    keys: Vec<(String, &'a str, bool)>,
    /// By the id as a number without leading zeros.
    numbers: BTreeMap<String, BTreeSet<&'a str>>,
    left: usize,
}

impl<'a> Nearest<'a> {
    fn new(roster: &'a Roster, missing: &[String]) -> Self {
        let missing: BTreeSet<&str> = missing.iter().map(String::as_str).collect();
        let mut keys = Vec::new();
        let mut numbers: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for row in &roster.rows {
            let is_missing = missing.contains(row.student.as_str());
            for number in row.also.iter().chain([&row.student]).filter_map(|id| look::number(id)) {
                numbers.entry(number).or_default().insert(&row.student);
            }
            let texts = row.also.iter().chain([&row.student, &row.email]).map(|text| fold(text));
            let (first, last) = (letters(&row.first_name), letters(&row.last_name));
            let all = texts.chain([format!("{first}{last}"), format!("{last}{first}")]);
            keys.extend(all.filter(|key| key.len() > 1).map(|key| (key, row.student.as_str(), is_missing)));
        }
        Self { keys, numbers, left: COMPARED }
    }

    /// The one student whose id, address or name differs least from a text, and in no more than a third of its characters.
    /// If two are equally near, the one without an entry.
    fn to(&mut self, text: &str) -> Option<String> {
        // However many zeros are missing.
        if let Some(students) = look::number(text).and_then(|number| self.numbers.get(&number))
            && let (Some(student), 1) = (students.first(), students.len())
        {
            return Some((*student).to_owned());
        }
        let mut best: Option<((usize, bool), &str)> = None;
        let mut is_tie = false;
        for wanted in [fold(text), letters(text)].iter().filter(|wanted| !wanted.is_empty()) {
            let most = (wanted.chars().count() / 3).clamp(1, 3);
            for (key, student, is_missing) in &self.keys {
                if key.len().abs_diff(wanted.len()) > 4 * most {
                    continue;
                }
                if self.left == 0 {
                    return None;
                }
                self.left -= 1;
                let distance = strsim::osa_distance(key, wanted);
                let rank = (distance, !is_missing);
                match best {
                    _ if distance > most => {}
                    Some((least, found)) if rank == least => is_tie |= found != *student,
                    Some((least, _)) if rank > least => {}
                    _ => (best, is_tie) = (Some((rank, *student)), false),
                }
            }
        }
        best.filter(|_| !is_tie).map(|(_, student)| student.to_owned())
    }
}

#[cfg(test)]
mod tests;
