//! What learning management systems (LMSs) call the folders and files that they export: who handed something in, when, and
//! under which name. The patterns are data, in one table, so that a new one is one line, with its source next to it.

mod blackboard;
pub(crate) mod gradescope;

use super::archive::ending;
use super::model::Handle;
use gradescope::Members;
use regex_lite::{Captures, Regex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lms {
    /// Instructure Canvas.
    Canvas,
    /// Moodle's assignment activity.
    Moodle,
    /// Blackboard Learn.
    Blackboard,
    /// D2L Brightspace.
    Brightspace,
    /// Gradescope.
    Gradescope,
    /// A clone of a GitHub Classroom assignment.
    Classroom,
}

impl Lms {
    /// Its name, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Canvas => "Canvas",
            Self::Moodle => "Moodle",
            Self::Blackboard => "Blackboard",
            Self::Brightspace => "Brightspace",
            Self::Gradescope => "Gradescope",
            Self::Classroom => "GitHub Classroom",
        }
    }
}

/// Which entries a pattern is tried on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Files,
    Folders,
    Both,
}

/// How an LMS names an entry. Groups: `id`, `name`, `late`, `attempt`, `file` (as it was uploaded), `title` (the assignment's),
/// `month`, `day`, `year`, `time`, and `text` where it is an LMS's own page about a submission instead of a file.
struct Pattern {
    lms: Lms,
    on: On,
    /// Whether one such name is enough. If not, it counts only where most of the files have it: `s_12_34_x.zip` may be a student.
    is_unmistakable: bool,
    regex: &'static str,
}

const fn pattern(lms: Lms, on: On, is_unmistakable: bool, regex: &'static str) -> Pattern {
    Pattern { lms, on, is_unmistakable, regex }
}

/// The first that matches counts.
static PATTERNS: &[Pattern] = &[
    // Canvas, lib/content_zipper.rb (`get_filename`, `add_upload_submission`): the student's name in lower case,
    // letters only, `LATE`, the user's id; then the attachment's id and the name of the file. Each upload is a new
    // attachment, so its id tells the order. Ids are database keys: no leading zeros.
    pattern(
        Lms::Canvas,
        On::Files,
        false,
        r"^(?P<name>[^\s_.][^\s_.]*)(?P<late>_(?i:late))?_(?P<id>[1-9]\d*)_(?P<attempt>[1-9]\d*)_(?P<file>.+)$",
    ),
    // The same with anonymous grading: `anon_` and the submission's anonymous id in place of name and user.
    pattern(
        Lms::Canvas,
        On::Files,
        false,
        r"^(?P<late>LATE_)?anon_(?P<id>[A-Za-z0-9]+)_(?P<attempt>[1-9]\d*)_(?P<file>.+)$",
    ),
    // The same file, `add_text_or_url`: a text entry or a link instead of an upload.
    pattern(
        Lms::Canvas,
        On::Files,
        false,
        r"^(?P<name>[^\s_.][^\s_.]*)(?P<late>_(?i:late))?_(?P<id>[1-9]\d*)_(?P<text>(?:text|link)\.html)$",
    ),
    // Moodle, mod/assign/classes/downloader.php: full name (or "Participant", when marking is blind; or the group's name), the
    // number that the grading worksheet calls "Participant NUMBER", and the plugin. Older versions end folders with `_`, and
    // without folders the file's name follows. A group without a number is the default team.
    pattern(
        Lms::Moodle,
        On::Both,
        true,
        r"^(?P<name>[^_]+?)(?:_(?P<id>\d+))?_assignsubmission_(?P<text>onlinetext)(?:_.*)?$",
    ),
    pattern(
        Lms::Moodle,
        On::Both,
        true,
        r"^(?P<name>[^_]+?)(?:_(?P<id>\d+))?_assignsubmission_[a-z]+(?:_(?P<file>.*))?$",
    ),
    // Blackboard, "Assignment File Download": the assignment, the user name, the time of the attempt, the file. Without a file
    // it is the page about the attempt, with the student's name, the comments and the names of the files.
    pattern(
        Lms::Blackboard,
        On::Files,
        true,
        r"^(?P<title>.+)_(?P<id>[^_]+)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})(?P<text>\.txt)$",
    ),
    pattern(
        Lms::Blackboard,
        On::Both,
        true,
        r"^(?P<title>.+)_(?P<id>[^_]+)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})(?:_(?P<file>.+))?$",
    ),
    // Brightspace, Assignments > Download: two numbers (the second is the assignment's folder), at some institutions the
    // OrgDefinedId, the name, the time without a colon; a file's name where the download has no folders.
    pattern(
        Lms::Brightspace,
        On::Both,
        true,
        r"^(?P<number>\d+)-\d+ - (?:(?P<id>\S*\d\S*) - )?(?P<name>.+?) ?- (?P<month>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2}), (?P<year>\d{4}) (?P<time>\d{1,2}[:.]?\d\d ?(?i:[ap]m)?)(?: - (?P<file>.+))?$",
    ),
    // Gradescope, "Export Submissions": a folder for each submission, and submission_metadata.yml beside them.
    pattern(Lms::Gradescope, On::Folders, true, r"^submission_(?P<id>\d+)$"),
];

static COMPILED: LazyLock<Vec<(&Pattern, Regex)>> =
    LazyLock::new(|| PATTERNS.iter().filter_map(|pattern| Some((pattern, Regex::new(pattern.regex).ok()?))).collect());

/// What is skipped everywhere: operating systems leave it, and no student hands it in.
const CHAFF: [&str; 4] = [".ds_store", "__macosx", "thumbs.db", "desktop.ini"];

/// What LMSs add next to the submissions.
const ADDED: [&str; 3] = ["index.html", gradescope::FILE, "onlinetext.html"];

/// Whether an operating system left a file or folder.
pub(crate) fn is_chaff(name: &str) -> bool {
    name.starts_with("._") || CHAFF.contains(&name.to_ascii_lowercase().as_str())
}

/// Whether an LMS adds a file with this name next to submissions.
pub(crate) fn is_added(name: &str) -> bool {
    ADDED.contains(&name.to_ascii_lowercase().as_str())
}

/// An entry of the folder of submissions.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// Its name.
    pub text: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Whether it is a folder with a Git repository.
    pub is_checkout: bool,
    /// The name without an archive extension: the student, if nothing else identifies them.
    pub stem: String,
}

/// What an entry's name reveals.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Meaning {
    /// The LMS that chose the name; none if the student did.
    pub lms: Option<Lms>,
    /// Whose it is; a team has several. Never empty.
    pub handles: Vec<Handle>,
    /// The name it was uploaded under, if known.
    pub file: Option<String>,
    /// The assignment's title.
    pub title: Option<String>,
    /// Whether it is a page that the LMS wrote about a submission, rather than a submitted file.
    pub is_page: bool,
    /// Whether the name doesn't match the expression that should find the student in it.
    pub is_unmatched: bool,
}

impl Meaning {
    /// Entries with equal keys are one submission. None if each is separate.
    pub(crate) fn group(&self) -> Option<(Lms, &str, &str)> {
        let handle = self.handles.first()?;
        let id = handle.ids.first()?.as_str();
        let is_file = self.file.is_some() || self.is_page;
        match self.lms? {
            Lms::Moodle => Some((Lms::Moodle, id, "")),
            lms @ (Lms::Blackboard | Lms::Brightspace) if is_file => Some((lms, id, handle.attempt.as_str())),
            // Each upload has its own number, including uploads that were handed in together: see `submissions`.
            Lms::Canvas => Some((Lms::Canvas, id, "")),
            _ => None,
        }
    }
}

/// What the names in a whole folder reveal, in the same order.
///
/// A pattern that ordinary names may match by chance counts only where most files have it; a name that is in doubt is the
/// student's own. `student_from` wins over all patterns.
pub(crate) fn read(
    names: &[Name],
    metadata: Option<&BTreeMap<String, Members>>,
    student_from: Option<&Regex>,
) -> Vec<Meaning> {
    let matched: Vec<Option<(&Pattern, Captures<'_>)>> = names.iter().map(matching).collect();
    // A list or a note next to the submissions says nothing about them.
    let is_work = |name: &Name, is_matched: bool| !name.is_folder && (is_matched || ending(&name.text).is_some());
    let files = names.iter().zip(&matched).filter(|(name, matched)| is_work(name, matched.is_some())).count();
    let doubtful = matched.iter().flatten().filter(|(pattern, _)| !pattern.is_unmistakable).count();
    let most = 2 * doubtful > files;
    let logins = logins(names, &matched);
    let mut meanings: Vec<Meaning> = names
        .iter()
        .zip(&matched)
        .zip(logins)
        .map(|((name, matched), logins)| {
            let taken = matched.as_ref().filter(|(pattern, _)| pattern.is_unmistakable || most);
            let mut meaning = match (taken, matched) {
                (Some((pattern, captures)), _) => by_pattern(name, pattern, captures),
                (None, None) => by_name(name, logins),
                // A roster may know the student by what the pattern would tell, if not by the name as it is.
                (None, Some((pattern, captures))) => {
                    let mut meaning = by_name(name, logins);
                    let told = by_pattern(name, pattern, captures).handles;
                    meaning.handles[0].ids.extend(told.into_iter().flat_map(|handle| handle.ids));
                    meaning
                }
            };
            if let Some(members) = metadata.and_then(|metadata| metadata.get(&name.text)).filter(|all| !all.is_empty())
            {
                meaning.lms = Some(Lms::Gradescope);
                meaning.handles = members.iter().map(|member| member.handle(&name.text)).collect();
            }
            meaning
        })
        .collect();
    tell_namesakes_apart(names, &matched, &mut meanings);
    blackboard::tell_logins(names, &mut meanings);
    if let Some(regex) = student_from {
        for (name, meaning) in names.iter().zip(&mut meanings) {
            by_regex(name, regex, meaning);
        }
    }
    for handle in meanings.iter_mut().flat_map(|meaning| &mut meaning.handles) {
        for id in &mut handle.ids {
            *id = visible(id);
        }
    }
    meanings
}

fn matching(name: &Name) -> Option<(&'static Pattern, Captures<'_>)> {
    let fits = |on: On| on == On::Both || (on == On::Folders) == name.is_folder;
    let mut tried = COMPILED.iter().filter(|(pattern, _)| fits(pattern.on));
    tried.find_map(|(pattern, regex)| Some((*pattern, regex.captures(&name.text)?)))
}

fn by_name(name: &Name, logins: Logins) -> Meaning {
    let Logins { sure, possible } = logins;
    // The shorter one is put first only where the checkouts leave no doubt.
    let mut ids: Vec<String> = sure.iter().chain([&name.stem]).cloned().collect();
    ids.extend(possible.into_iter().filter(|login| sure.as_ref() != Some(login)));
    let lms = sure.map(|_| Lms::Classroom);
    let handle = Handle { entry: name.text.clone(), ids, ..Handle::default() };
    Meaning { lms, handles: vec![handle], ..Meaning::default() }
}

fn by_pattern(name: &Name, pattern: &Pattern, captures: &Captures<'_>) -> Meaning {
    let group = |group: &str| captures.name(group).map(|found| found.as_str().trim()).filter(|text| !text.is_empty());
    let mut handle = Handle {
        entry: name.text.clone(),
        ids: group("id").map(str::to_owned).into_iter().collect(),
        name: group("name").map(str::to_owned),
        late: group("late").is_some(),
        attempt: group("attempt").unwrap_or_default().to_owned(),
    };
    // What else may be an id: a name of one word. Canvas removes everything but letters from names, so there it comes
    // last.
    let word = handle.name.clone().filter(|name| !name.contains(char::is_whitespace));
    match pattern.lms {
        Lms::Canvas => {
            handle.ids.extend(word);
        }
        Lms::Moodle => {
            let participant = group("id").map(|id| format!("Participant {id}"));
            handle.ids.extend(participant);
            let is_anonymous = handle.name.as_deref() == Some("Participant");
            if is_anonymous {
                handle.name = None;
            } else if handle.ids.is_empty() {
                handle.ids.extend(handle.name.clone());
            } else {
                handle.ids.extend(word);
            }
        }
        Lms::Brightspace => {
            handle.ids.extend(handle.name.clone());
            handle.attempt = brightspace_time(&group).unwrap_or_default();
        }
        Lms::Gradescope => handle.ids = vec![name.text.clone()],
        Lms::Blackboard | Lms::Classroom => {}
    }
    let is_page = group("text").is_some();
    let file = if name.is_folder || is_page { None } else { group("file").map(str::to_owned) };
    let title = group("title").map(str::to_owned);
    Meaning { lms: Some(pattern.lms), handles: vec![handle], file, title, is_page, is_unmatched: false }
}

/// `Nov 3, 2026 1159 PM` as a text that sorts by time.
fn brightspace_time<'a>(group: &impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|month| group("month").is_some_and(|text| text.starts_with(month)))? + 1;
    let time = group("time")?.to_ascii_lowercase();
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    let (hour, minute) = digits.split_at(digits.len() - 2);
    let hour: u32 = hour.parse().ok()?;
    let hour = match (time.contains("pm"), time.contains("am")) {
        (true, _) => hour % 12 + 12,
        (_, true) => hour % 12,
        _ => hour,
    };
    Some(format!("{}-{month:02}-{:0>2}T{hour:02}:{minute}", group("year")?, group("day")?))
}

/// Two Brightspace users may have one name. The number in front is the user's, so a name with two numbers is two students.
fn tell_namesakes_apart(names: &[Name], matched: &[Option<(&Pattern, Captures<'_>)>], meanings: &mut [Meaning]) {
    let number_of = |matched: &Option<(&Pattern, Captures<'_>)>| {
        let (pattern, captures) = matched.as_ref()?;
        let is_here = pattern.lms == Lms::Brightspace;
        is_here.then(|| captures.name("number").map(|number| number.as_str().to_owned()))?
    };
    let mut numbers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (meaning, matched) in meanings.iter().zip(matched) {
        if let (Some(number), Some(id)) = (number_of(matched), meaning.handles[0].ids.first()) {
            numbers.entry(id.clone()).or_default().insert(number);
        }
    }
    for ((_, matched), meaning) in names.iter().zip(matched).zip(meanings) {
        if let Some(number) = number_of(matched)
            && let Some(id) = meaning.handles[0].ids.first_mut()
            && numbers.get(id).is_some_and(|numbers| numbers.len() > 1)
        {
            *id = format!("{id} ({number})");
            meaning.handles[0].ids.truncate(1);
        }
    }
}

/// The parts of a name that may be a GitHub login.
#[derive(Default)]
struct Logins {
    /// The part to use if no roster knows better.
    sure: Option<String>,
    /// What a roster may know, the longest first: of `uni-anna` and `anna` it is the one who has more of the name.
    possible: Vec<String>,
}

/// The parts of each name that may be a GitHub login.
///
/// `gh classroom clone student-repos` makes a folder ASSIGNMENT-LOGIN for each student. ASSIGNMENT ends at a hyphen in what all
/// of them have in common; at which one only a roster can tell, because logins may begin with the same word. Without one it is
/// the last, where they are checkouts. A single folder, and checkouts with nothing in common, leave it open where the login
/// begins: behind any hyphen.
fn logins(names: &[Name], matched: &[Option<(&Pattern, Captures<'_>)>]) -> Vec<Logins> {
    let is_plain = |(name, matched): &(&Name, &Option<(&Pattern, Captures<'_>)>)| {
        name.is_folder && matched.is_none() && !name.text.starts_with('.')
    };
    let plain: Vec<&Name> = names.iter().zip(matched).filter(is_plain).map(|(name, _)| name).collect();
    let common = match plain[..] {
        [first, ref others @ ..] if !others.is_empty() => others.iter().fold(first.text.as_str(), |common, name| {
            let same = common.char_indices().zip(name.text.chars()).find(|((_, a), b)| a != b);
            let end = same.map_or(common.len().min(name.text.len()), |((at, _), _)| at);
            common.get(..end).unwrap_or_default()
        }),
        _ => "",
    };
    let prefix = common.rfind('-').map_or("", |at| &common[..=at]);
    let all_are_checkouts = plain.iter().all(|name| name.is_checkout);
    let of = |name: &Name| {
        let sure =
            name.text.strip_prefix(prefix).filter(|rest| all_are_checkouts && !prefix.is_empty() && !rest.is_empty());
        let is_open = prefix.is_empty() && (plain.len() == 1 || name.is_checkout);
        let ends = name.text.match_indices('-').map(|(at, _)| at + 1);
        let ends = ends.filter(|&end| is_open || end <= prefix.len());
        // No login begins with a hyphen.
        let possible = ends.map(|end| &name.text[end..]).filter(|login| !login.is_empty() && !login.starts_with('-'));
        Logins { sure: sure.map(str::to_owned), possible: possible.map(str::to_owned).collect() }
    };
    let pairs = names.iter().zip(matched);
    pairs.map(|pair| if is_plain(&pair) { of(pair.0) } else { Logins::default() }).collect()
}

/// The ids of a handle in the order in which a roster is asked. Of parts of a folder's name the longest comes first, also where
/// a shorter one is taken without a roster: `lab-uni-anna` is of `uni-anna` if there is such a user, and not of `anna`.
pub(crate) fn surest_first(handle: &Handle) -> Vec<&str> {
    let mut ids: Vec<&str> = handle.ids.iter().map(String::as_str).collect();
    let is_end = |id: &&str| handle.entry.strip_suffix(*id).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
    if ids.iter().all(is_end) {
        ids.sort_by_key(|id| std::cmp::Reverse(id.len()));
    }
    ids
}

/// Finds the student as an instructor says. What the pattern of an LMS tells besides (the order, the file's name) stays.
fn by_regex(name: &Name, regex: &Regex, meaning: &mut Meaning) {
    let captures = regex.captures(&name.text);
    let found = captures.as_ref().and_then(|captures| captures.name("id").or_else(|| captures.get(1)));
    match found.map(|found| found.as_str()).filter(|id| !id.is_empty()) {
        Some(id) => {
            let first = meaning.handles.first().cloned().unwrap_or_default();
            meaning.handles = vec![Handle { entry: name.text.clone(), ids: vec![id.to_owned()], ..first }];
        }
        None => {
            meaning.is_unmatched = true;
            meaning.handles =
                vec![Handle { entry: name.text.clone(), ids: vec![name.stem.clone()], ..Handle::default() }];
        }
    }
}

/// What attempts are sorted by: numbers by their value, whatever their length, and times as texts.
pub(crate) fn order(attempt: &str) -> (usize, &str) {
    let is_number = !attempt.is_empty() && attempt.bytes().all(|byte| byte.is_ascii_digit());
    (if is_number { attempt.len() } else { 0 }, attempt)
}

/// A name in which invisible characters are written out, so that two names that look the same are the same.
pub(crate) fn visible(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if is_invisible(c) {
            text.push_str(&format!("<U+{:04X}>", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// Characters without any ink that are not the space: format characters, fillers, and spaces of other widths.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
        | '\u{2800}' | '\u{3000}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
