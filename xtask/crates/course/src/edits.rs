//! Files of an exercise with some changes, as data next to its solution: what `approaches.toml` and `shortcuts.toml` consist
//! of.

use serde::Deserialize;

/// Files of an exercise: a path, and what is in it.
pub type Files = Vec<(String, Vec<u8>)>;

/// What is changed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// The files as they were at the start.
    Starter,
    /// The files of the course's solution.
    #[default]
    Solution,
}

/// A replacement for some text, which must be there. Without `from`: the whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// A file that learners edit.
    pub file: String,
    /// What is replaced, everywhere in the file.
    pub from: Option<String>,
    /// What replaces it.
    pub to: String,
}

/// The files with the changes.
///
/// # Errors
/// When learners don't edit a file, or it doesn't contain what is to be replaced.
pub fn changed(before: &[(String, Vec<u8>)], edits: &[Edit]) -> Result<Files, String> {
    let mut files = before.to_vec();
    for Edit { file, from, to } in edits {
        let Some((_, content)) = files.iter_mut().find(|(path, _)| path == file) else {
            return Err(format!("{file} isn't a file that learners edit"));
        };
        let text = String::from_utf8_lossy(content);
        let new = match from {
            None => to.clone(),
            Some(from) if text.contains(from.as_str()) => text.replace(from.as_str(), to),
            Some(from) => return Err(format!("{file} doesn't contain {from:?}")),
        };
        *content = new.into_bytes();
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_must_find_what_it_replaces() {
        let before = [("a.rs".to_owned(), b"one two".to_vec())];
        let edit = |file: &str, from: Option<&str>| Edit {
            file: file.to_owned(),
            from: from.map(str::to_owned),
            to: "three".to_owned(),
        };
        assert_eq!(changed(&before, &[edit("a.rs", Some("two"))]).unwrap()[0].1, b"one three");
        assert_eq!(changed(&before, &[edit("a.rs", None)]).unwrap()[0].1, b"three");
        assert_eq!(changed(&before, &[edit("a.rs", Some("four"))]).unwrap_err(), "a.rs doesn't contain \"four\"");
        assert_eq!(changed(&before, &[edit("b.rs", None)]).unwrap_err(), "b.rs isn't a file that learners edit");
    }
}
