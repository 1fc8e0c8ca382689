//! A problem that was found: its code, its place, what to do next, and how it is shown.

mod code;

pub use code::Code;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use base::diagnostic::{Source, line_and_column, shown};
use base::failure::Place;
use base::numbers::wrap;
use base::proc::Status;
use serde::Serialize;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A goal isn't met, or Cargo would refuse the file.
    Error,
    /// Nothing fails because of it, but the user should know.
    Warning,
}

impl Severity {
    /// The word that people see.
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A problem. It is data, never an error of this program.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of problem it is.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in one sentence without a final full stop. More lines may follow.
    pub message: String,
    /// The file, and the line and column where they are known.
    pub place: Option<Place>,
    /// What to do next.
    pub help: Option<String>,
    /// Cargo or rustc would refuse to build this: nothing is built.
    pub refused: bool,
    /// Nothing is wrong here yet: a place that a user fills in is still empty.
    pub empty: bool,
    /// The limit that ended the build that it is about, if one did.
    pub ended: Option<Status>,
    /// The settings of a profile that it explains; `None` for a problem that may explain any.
    pub settings: Vec<String>,
    /// The lines to show.
    picture: Option<Picture>,
}

/// Lines of a file with a part underlined.
#[derive(Clone, Debug)]
struct Picture {
    source: Source,
    /// Bytes of the text, and the label next to them.
    primary: (Range<usize>, String),
    secondary: Vec<(Range<usize>, String)>,
}

impl Diagnostic {
    /// An error with no place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            help: None,
            refused: false,
            empty: false,
            ended: None,
            settings: Vec::new(),
            picture: None,
        }
    }

    /// Sets how much it matters.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Underlines a part of a file; `range` is in bytes.
    #[must_use]
    pub fn at(mut self, source: &Source, range: Range<usize>, label: impl Into<String>) -> Self {
        let range = within(&source.text, range);
        let (line, column) = line_and_column(&source.text, range.start);
        self.place = Some(Place { file: source.file.clone(), line: Some(line), column: Some(column) });
        self.picture = Some(Picture { source: source.clone(), primary: (range, label.into()), secondary: Vec::new() });
        self
    }

    /// Underlines one more part of the same file.
    #[must_use]
    pub fn and_at(mut self, range: Range<usize>, label: impl Into<String>) -> Self {
        if let Some(picture) = &mut self.picture {
            picture.secondary.push((within(&picture.source.text, range), label.into()));
        }
        self
    }

    /// Names a file as a whole.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.place = Some(Place { file: file.into(), line: None, column: None });
        self
    }

    /// Names a line of a file without showing it.
    #[must_use]
    pub fn in_line(mut self, file: impl Into<PathBuf>, line: usize, column: usize) -> Self {
        self.place = Some(Place { file: file.into(), line: Some(line), column: Some(column) });
        self
    }

    /// Sets what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says that Cargo or rustc would refuse to build this.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    /// Says that a place which a user fills in is still empty.
    #[must_use]
    pub fn empty(mut self) -> Self {
        self.empty = true;
        self
    }

    /// Says which settings of a profile have no effect because of this.
    #[must_use]
    pub fn explains(mut self, settings: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.extend(settings.into_iter().map(Into::into));
        self
    }

    /// It is about something around the files that a check sets aside.
    pub fn is_aside(&self) -> bool {
        let is_outside = matches!(self.code, Code::OverriddenByEnv | Code::OverriddenByConfig | Code::OtherToolchain);
        self.severity == Severity::Warning && is_outside
    }

    /// This problem and others of its kind in the same file, as one: its own words and help, and the lines of all.
    #[must_use]
    pub fn with_lines_of(mut self, others: &[&Self], message: String) -> Self {
        self.message = message;
        if let Some(picture) = &mut self.picture {
            let lines = others.iter().filter_map(|other| other.picture.as_ref()).map(|other| other.primary.clone());
            picture.secondary.extend(lines);
        }
        self
    }

    /// The problem as people read it, in rustc's style. Its words fit a terminal of this many columns; lines of a file are cut.
    pub fn render(&self, color: bool, width: Option<usize>) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = width.map_or(renderer.clone(), |width| renderer.term_width(width));
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let (title, rest) = self.message.split_once('\n').unwrap_or((&self.message, ""));
        let path = self.place.as_ref().map(|place| shown(&place.file).display().to_string());
        let mut group = Group::with_title(level.primary_title(TITLE).id(self.code.name()));
        let mut aside = Vec::new();
        match (&self.picture, &path) {
            (Some(Picture { source, primary, secondary }), Some(path)) => {
                let mut label = |range: &Range<usize>, words: &'_ str| {
                    let fits = width.is_none_or(|width| end_of_label(&source.text, range, words) <= width);
                    if !fits {
                        aside.push(wrap(words, width.map(|width| width.saturating_sub(7)), 0));
                    }
                    fits
                };
                let mut mark = AnnotationKind::Primary.span(primary.0.clone());
                if label(&primary.0, &primary.1) {
                    mark = mark.label(&primary.1);
                }
                let mut snippet = Snippet::source(&*source.text).path(path).annotation(mark);
                for (range, words) in secondary {
                    let mut mark = AnnotationKind::Context.span(range.clone());
                    if label(range, words) {
                        mark = mark.label(words);
                    }
                    snippet = snippet.annotation(mark);
                }
                group = group.element(snippet);
            }
            (_, Some(path)) => {
                let mut origin = Origin::path(path);
                if let Some(Place { line: Some(line), column: Some(column), .. }) = &self.place {
                    origin = origin.line(*line).char_column(*column);
                }
                group = group.element(origin);
            }
            _ => {}
        }
        for words in &aside {
            group = group.element(Level::NOTE.no_name().message(words));
        }
        let rest = prose_wrapped(rest, width.map(|width| width.saturating_sub(3)));
        if !rest.is_empty() {
            group = group.element(Level::NOTE.no_name().message(&rest));
        }
        // "    = help: " comes before it.
        let help = self.help.as_ref().map(|help| wrap(help, width.map(|width| width.saturating_sub(12)), 0));
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help));
        }
        // "error[the/code]: " comes before it, and may fill the first line: lines are broken here, not by the renderer.
        let label = format!("{}[{}]:", self.severity.name(), self.code.name());
        let title = wrap(&format!("{label} {title}"), width, 2);
        let text = renderer.render(&[group]);
        let text = if path.is_some() { text } else { without_frame(&text) };
        text.replacen(TITLE, title[label.len()..].trim_start_matches(' '), 1)
    }
}

/// Lines with prose wrapped. Lines of a program or a diff start with something other than a letter, and stay whole.
fn prose_wrapped(lines: &str, width: Option<usize>) -> String {
    let wrapped = lines.lines().map(|line| wrap(line, width.filter(|_| line.starts_with(char::is_alphabetic)), 2));
    wrapped.collect::<Vec<_>>().join("\n")
}

/// Removes the lines of the frame, which is empty where no file is shown.
fn without_frame(text: &str) -> String {
    let is_frame = |line: &str| console::strip_ansi_codes(line).trim() == "|";
    text.lines().filter(|line| !is_frame(line)).collect::<Vec<_>>().join("\n")
}

/// Holds the place of a problem's message.
const TITLE: &str = "[the message]";

/// The column in which the label of an underlined part of the text ends.
fn end_of_label(text: &str, range: &Range<usize>, words: &str) -> usize {
    let (line, column) = line_and_column(text, range.start);
    let underlined = text[range.clone()].lines().next().unwrap_or_default().chars().count().max(1);
    // The number of the line, and " | ".
    line.to_string().len() + 3 + (column - 1) + underlined + 1 + words.chars().count()
}

/// The file of a problem as it is named in an exercise: relative to the exercise's folder, if it is below.
pub fn file_in(folder: &Path, place: &Place) -> String {
    let file = place.file.strip_prefix(folder).unwrap_or(&place.file);
    file.to_string_lossy().replace('\\', "/")
}

/// A range that is within the text and doesn't cut a character.
fn within(text: &str, range: Range<usize>) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(range.start);
    start..floor(range.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { file: "Cargo.toml".into(), text: text.into() }
    }

    #[test]
    fn a_problem_reads_like_one_of_rustc() {
        let source = source("[profile.release]\nopt-levl = \"z\"\n");
        let problem = Diagnostic::new(Code::MisspelledKey, "Cargo doesn't know the key `opt-levl`")
            .at(&source, 18..26, "did you mean `opt-level`?")
            .and_at(1..16, "in this table")
            .help("write `opt-level = \"z\"`");
        insta::assert_snapshot!(problem.render(false, None), @r#"
        error[profile/misspelled-key]: Cargo doesn't know the key `opt-levl`
         --> Cargo.toml:2:1
          |
        1 | [profile.release]
          |  --------------- in this table
        2 | opt-levl = "z"
          | ^^^^^^^^ did you mean `opt-level`?
          |
          = help: write `opt-level = "z"`
        "#);
        assert!(problem.render(true, None).contains("\u{1b}["));
        assert!(!problem.render(false, None).contains('\u{1b}'));
    }

    #[test]
    fn a_problem_may_have_no_line_or_many_words() {
        let problem = Diagnostic::new(Code::BuildWarning, "Cargo warned\nfirst\nsecond").in_file("Cargo.toml");
        let problem = problem.severity(Severity::Warning);
        insta::assert_snapshot!(problem.render(false, None), @r"
        warning[build/warning]: Cargo warned
        --> Cargo.toml
         = first
           second
        ");
    }

    #[test]
    fn a_problem_without_a_place_has_no_frame() {
        let problem = Diagnostic::new(Code::BuildWarning, "`RUSTC` is set in your environment").help("unset it");
        insta::assert_snapshot!(problem.render(false, None), @r"
        error[build/warning]: `RUSTC` is set in your environment
         = help: unset it
        ");
        assert_eq!(console::strip_ansi_codes(&problem.render(true, None)), problem.render(false, None));
        let bare = Diagnostic::new(Code::BuildWarning, "it is so");
        assert_eq!(bare.render(false, None), "error[build/warning]: it is so");
    }

    #[test]
    fn words_fit_the_terminal_and_a_label_without_room_follows_the_lines() {
        let source = source("[profile.release]\nopt-levl = \"z\"\n");
        let problem =
            Diagnostic::new(Code::MisspelledKey, "Cargo doesn't know the key `opt-levl`\nand only warns about it")
                .at(&source, 18..26, "did you mean `opt-level`?")
                .and_at(1..16, "in this table")
                .help("write `opt-level = \"z\"` in its place, and build again");
        insta::assert_snapshot!("narrow-36", problem.render(false, Some(36)));
        insta::assert_snapshot!("narrow-60", problem.render(false, Some(60)));
        assert_eq!(problem.render(false, Some(200)), problem.render(false, None));
        for width in [36, 40, 60, 80] {
            let text = problem.render(false, Some(width));
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert_eq!(console::strip_ansi_codes(&problem.render(true, Some(width))), text);
        }
    }

    #[test]
    fn a_line_may_be_named_and_not_shown() {
        let problem = Diagnostic::new(Code::BuildFailed, "it failed").in_line("src/main.rs", 3, 24);
        insta::assert_snapshot!(problem.render(false, None), @r"
        error[build/failed]: it failed
        --> src/main.rs:3:24
        ");
    }

    #[test]
    fn a_range_never_cuts_a_character_and_never_leaves_the_text() {
        assert_eq!(within("é", 1..9), 0..2);
        assert_eq!(within("", 5..9), 0..0);
        assert_eq!(Diagnostic::new(Code::ManifestSyntax, "m").at(&source(""), 4..5, "").place.unwrap().line, Some(1));
    }
}
