//! Gradescope's `submission_metadata.yml`: who handed in which folder. Only the few lines that say so are read, because
//! a YAML library would cost every learner more than this code does.

use crate::model::Handle;
use std::collections::BTreeMap;

/// The file's name.
pub(crate) const FILE: &str = "submission_metadata.yml";

/// The students who handed in one submission together.
pub(crate) type Members = Vec<Member>;

/// A student, as Gradescope knows them. Unknown values are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Member {
    /// The name.
    pub name: String,
    /// The student id.
    pub sid: String,
    /// The address.
    pub email: String,
}

impl Member {
    /// What may be this student's id in a roster, with the folder that the work is in.
    pub(crate) fn handle(&self, entry: &str) -> Handle {
        let known = [&self.sid, &self.email].into_iter().filter(|text| !text.is_empty()).cloned();
        let mut ids: Vec<String> = known.collect();
        if ids.is_empty() {
            ids.push(if self.name.is_empty() { entry.to_owned() } else { self.name.clone() });
        }
        let name = Some(self.name.clone()).filter(|name| !name.is_empty());
        Handle { entry: entry.to_owned(), ids, name, ..Handle::default() }
    }
}

/// The students who handed in each folder.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Members> {
    let mut all: BTreeMap<String, Members> = BTreeMap::new();
    // The folder, its keys' indentation, and the list of its submitters. Deeper lists belong to earlier submissions.
    let (mut folder, mut keys, mut list) = (None, None, None);
    for line in text.lines() {
        let bare = line.trim_start();
        let depth = line.len() - bare.len();
        if bare.is_empty() || bare.starts_with(['#', '%']) || bare.starts_with("---") {
            continue;
        }
        let Some((key, value)) = bare.split_once(':').map(|_| pair(bare.trim_start_matches("- "))) else { continue };
        if depth == 0 && !bare.starts_with("- ") {
            folder = Some(scalar(bare.trim_end().trim_end_matches(':')));
            (keys, list) = (None, None);
            continue;
        }
        let Some(folder) = &folder else { continue };
        let keys = *keys.get_or_insert(depth);
        if key == "submitters" && depth == keys {
            list = Some(depth);
            all.entry(folder.clone()).or_default();
            continue;
        }
        let Some(at) = list else { continue };
        let is_item = bare.starts_with("- ");
        if depth < at || depth == at && !is_item {
            list = None;
            continue;
        }
        let members = all.entry(folder.clone()).or_default();
        if is_item {
            members.push(Member::default());
        }
        let Some(member) = members.last_mut() else { continue };
        match key {
            "name" => member.name = scalar(value),
            "sid" => member.sid = scalar(value),
            "email" => member.email = scalar(value),
            _ => {}
        }
    }
    all
}

/// `:name: Jane` as a key without its colons, and a value.
fn pair(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(':');
    text.split_once(':').map_or((text, ""), |(key, value)| (key.trim_matches('"'), value))
}

/// A value without its quotes. `~`, `null` and `''` are nothing.
fn scalar(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return inner.replace("''", "'");
    }
    if let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return unescaped(inner);
    }
    if matches!(text, "~" | "null") { String::new() } else { text.to_owned() }
}

/// A text in double quotes, where characters may be written as their numbers.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let digits = match (c, c == '\\') {
            (c, false) => {
                out.push(c);
                continue;
            }
            _ => match rest.next() {
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                Some('n' | 't' | 'r') => {
                    out.push(' ');
                    continue;
                }
                other => {
                    out.extend(other);
                    continue;
                }
            },
        };
        let hex: String = rest.by_ref().take(digits).collect();
        out.push(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
    }
    out
}
