//! Points at a line of a TOML file, in the way that rustc points at a line of a program.

use crate::failure::{Exit, Failure, Place};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A text file that problems are found in.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path.
    pub file: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
}

/// The folder within which paths are shown by the way that leads to them, even up and down again.
static HOME: OnceLock<PathBuf> = OnceLock::new();

/// Lets `shown` lead from any folder of the workshop to any file of it.
pub fn set_home(folder: &Path) {
    let _ = HOME.set(folder.to_owned());
}

/// A path as the user would type it: relative to where they are, if it is below, or if both are in the workshop.
pub fn shown(path: &Path) -> PathBuf {
    let Ok(here) = std::env::current_dir() else { return path.to_owned() };
    shown_from(&here, path, HOME.get().map(PathBuf::as_path))
}

fn shown_from(here: &Path, path: &Path, home: Option<&Path>) -> PathBuf {
    if let Ok(below) = path.strip_prefix(here) {
        return below.to_owned();
    }
    let Some(home) = home.filter(|home| path.starts_with(home) && here.starts_with(home)) else {
        return path.to_owned();
    };
    let common = here.ancestors().find(|folder| path.starts_with(folder)).unwrap_or(home);
    let ups = here.iter().count() - common.iter().count();
    let below = path.strip_prefix(common).unwrap_or(path);
    std::iter::repeat_n(Path::new(".."), ups).collect::<PathBuf>().join(below)
}

/// The line and column (both from 1, in characters) of a byte offset.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// An error about a place in a text file: exit code 2, the line underlined.
///
/// `range` is in bytes of `text`; `label` goes next to the underlined part.
pub fn in_file(
    file: &Path,
    text: &str,
    range: Range<usize>,
    message: &str,
    label: &str,
    help: Option<&str>,
) -> Failure {
    let file = shown(file);
    let end = range.end.min(text.len());
    let range = range.start.min(end)..end;
    let (line, column) = line_and_column(text, range.start);
    let path = file.display().to_string();
    let source = Snippet::source(text).path(&path).annotation(AnnotationKind::Primary.span(range).label(label));
    let mut group = Group::with_title(Level::ERROR.primary_title(message)).element(source);
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help));
    }
    let snippet = Renderer::plain().render(&[group]);
    Failure {
        place: Some(Place { file, line: Some(line), column: Some(column) }),
        help: help.map(str::to_owned),
        snippet: Some(snippet),
        ..Failure::new(Exit::Usage, message)
    }
}

/// An error of the TOML parser, with the parser's own words.
pub fn toml_error(file: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let range = error.span().unwrap_or(0..0);
    let message = error.message().lines().next().unwrap_or("this isn't valid TOML");
    let rest = error.message().lines().skip(1).collect::<Vec<_>>().join("; ");
    in_file(file, text, range, message, &rest, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_as_one_would_type_it() {
        let shown = |here: &str, path: &str| shown_from(Path::new(here), Path::new(path), Some(Path::new("/w")));
        for (here, path, typed) in [
            ("/w", "/w/exercises/ex1/Cargo.toml", "exercises/ex1/Cargo.toml"),
            ("/w/exercises/ex1/src", "/w/exercises/ex1/Cargo.toml", "../Cargo.toml"),
            ("/w/exercises/ex1/src", "/w/.workshop/saved", "../../../.workshop/saved"),
            ("/w/exercises/ex1", "/elsewhere/Cargo.toml", "/elsewhere/Cargo.toml"),
            ("/elsewhere", "/w/Cargo.toml", "/w/Cargo.toml"),
            ("/w/exercises", "/w2/Cargo.toml", "/w2/Cargo.toml"),
        ] {
            assert_eq!(shown(here, path), Path::new(typed), "{here}");
        }
        assert_eq!(shown_from(Path::new("/w/a"), Path::new("/w/b"), None), Path::new("/w/b"));
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        assert_eq!(line_and_column("a = 1\né = 2", 6), (2, 1));
        assert_eq!(line_and_column("a = 1\né = 2", 9), (2, 3));
        assert_eq!(line_and_column("", 0), (1, 1));
        assert_eq!(line_and_column("a", 99), (1, 2));
    }

    #[test]
    fn the_line_is_named_and_underlined() {
        let failure = in_file(
            Path::new("Cargo.toml"),
            "[a]\nb = 1\n",
            4..5,
            "unknown key `b`",
            "not known here",
            Some("drop it"),
        );
        let place = failure.place.unwrap();
        assert_eq!((place.line, place.column), (Some(2), Some(1)));
        let snippet = failure.snippet.unwrap();
        assert!(snippet.contains("--> Cargo.toml:2:1"), "{snippet}");
        assert!(snippet.contains("^ not known here"), "{snippet}");
        assert!(snippet.contains("help: drop it"), "{snippet}");
    }
}
