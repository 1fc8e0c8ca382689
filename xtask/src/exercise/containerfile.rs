//! A Containerfile (Dockerfile) as instructions with their places. Nothing in it is ever run: what its commands would do is
//! worked out in `containerfile/recipe`, as far as an exercise is about it.

pub mod recipe;
mod words;

use crate::diagnostic::{Code, Diagnostic, Source};
use crate::manifest::nearest;
use crate::tree;
use std::ops::Range;
use std::path::Path;

/// Bytes that the file may have. A hostile one costs a grader no more than milliseconds.
const LARGEST: u64 = 1 << 14;

/// Stages that it may have.
const MOST_STAGES: usize = 32;

/// Problems that are told.
const MOST_PROBLEMS: usize = 8;

/// Every instruction there is.
const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A learner's Containerfile.
#[derive(Debug)]
pub struct Containerfile {
    /// The file.
    pub source: Source,
    /// What is wrong with it as a whole.
    pub problems: Vec<Diagnostic>,
    /// Its stages, each beginning with FROM.
    pub stages: Vec<Stage>,
}

/// What one FROM begins.
#[derive(Debug)]
pub struct Stage {
    /// The image that it starts from, or the name of a stage above.
    pub base: String,
    /// Its own name, in lower case.
    pub name: Option<String>,
    /// All of it but FROM.
    pub instructions: Vec<Instruction>,
    /// The line with FROM.
    pub span: Range<usize>,
}

/// An instruction.
#[derive(Debug)]
pub struct Instruction {
    /// Its word, in upper case.
    pub word: String,
    /// The rest, with continued lines joined.
    pub rest: String,
    /// Its first line.
    pub span: Range<usize>,
}

impl Containerfile {
    /// Reads the file. Whatever is wrong with it is among its problems.
    pub fn read(path: &Path) -> Self {
        match tree::read_text(path, LARGEST) {
            Ok(text) => Self::parse(Source { file: path.to_owned(), text: text.into() }),
            Err(tree::Unreadable { message, line, help }) => {
                let mut problem = Diagnostic::new(Code::ImageSyntax, message).in_file(path).help(help);
                problem.place.iter_mut().for_each(|place| place.line = line);
                let source = Source { file: path.to_owned(), text: "".into() };
                Self { source, problems: vec![problem], stages: Vec::new() }
            }
        }
    }

    /// One that is not on the disk; `path` is what it is called.
    pub fn of(path: &Path, content: &[u8]) -> Self {
        if content.len() as u64 > LARGEST {
            let message = format!("the file has {} bytes, more than it can sensibly have ({LARGEST})", content.len());
            let problem =
                Diagnostic::new(Code::ImageSyntax, message).in_file(path).help("a dozen lines are enough here");
            let source = Source { file: path.to_owned(), text: "".into() };
            return Self { source, problems: vec![problem], stages: Vec::new() };
        }
        Self::parse(Source { file: path.to_owned(), text: String::from_utf8_lossy(content).into() })
    }

    /// Finds the instructions in a text.
    pub fn parse(source: Source) -> Self {
        let mut file = Self { source, problems: Vec::new(), stages: Vec::new() };
        let text = std::sync::Arc::clone(&file.source.text);
        for instruction in instructions(&text) {
            file.add(instruction);
            // Nobody reads a thousand of them.
            if file.problems.len() == MOST_PROBLEMS {
                break;
            }
        }
        if file.stages.is_empty() && file.problems.is_empty() {
            let problem = Diagnostic::new(Code::ImageSyntax, "the file begins no image: it has no FROM");
            let file_name = file.source.file.clone();
            file.problems.push(problem.in_file(file_name).help("a stage begins with `FROM IMAGE`"));
        }
        file
    }

    fn add(&mut self, instruction: Instruction) {
        let Instruction { word, rest, span } = &instruction;
        let problem = |message: String, help: &str| {
            Diagnostic::new(Code::ImageSyntax, message).at(&self.source, span.clone(), "").help(help)
        };
        if !INSTRUCTIONS.contains(&word.as_str()) {
            let help = match nearest(word, INSTRUCTIONS.into_iter()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("a line begins with one of {}", INSTRUCTIONS.join(", ")),
            };
            let problem = problem(format!("there is no instruction {word}"), &help);
            return self.problems.push(problem);
        }
        if rest.is_empty() {
            let problem = problem(format!("{word} says nothing"), "give it its arguments, or take the line out");
            return self.problems.push(problem);
        }
        if rest.contains("<<") {
            let help = "write the commands of a RUN in one line, with && between them; a backslash at the end of a line continues it";
            let problem = problem("the check does not read here-documents".to_owned(), help);
            return self.problems.push(problem);
        }
        if word == "FROM" {
            let words: Vec<&str> = rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
            let (base, name) = match words.as_slice() {
                [base] => (base, None),
                [base, keyword, name] if keyword.eq_ignore_ascii_case("as") => (base, Some(name.to_lowercase())),
                _ => {
                    let problem =
                        problem("FROM is not understood".to_owned(), "write `FROM IMAGE`, or `FROM IMAGE AS NAME`");
                    return self.problems.push(problem);
                }
            };
            if self.stages.len() == MOST_STAGES {
                let problem = problem(format!("there are more than {MOST_STAGES} stages"), "two are enough here");
                return self.problems.push(problem);
            }
            let (base, span) = ((*base).to_owned(), span.clone());
            return self.stages.push(Stage { base, name, instructions: Vec::new(), span });
        }
        match self.stages.last_mut() {
            Some(stage) => stage.instructions.push(instruction),
            // Arguments for FROM stand before the first one.
            None if word == "ARG" => {}
            None if self.problems.is_empty() => {
                let problem = problem(format!("{word} stands before any FROM"), "a stage begins with `FROM IMAGE`");
                self.problems.push(problem);
            }
            None => {}
        }
    }
}

/// The instructions of a text: comments and empty lines left out, continued lines joined.
fn instructions(text: &str) -> Vec<Instruction> {
    let mut found: Vec<Instruction> = Vec::new();
    let mut open = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let from = start + (line.len() - line.trim_start().len());
        start += line.len();
        // Also inside an instruction that goes on: there they are left out, too.
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (part, goes_on) = match trimmed.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (trimmed, false),
        };
        match found.last_mut().filter(|_| open) {
            Some(instruction) => {
                instruction.rest.push(' ');
                instruction.rest.push_str(part);
            }
            None => {
                let (word, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
                let span = from..from + trimmed.len();
                found.push(Instruction { word: word.to_uppercase(), rest: rest.trim().to_owned(), span });
            }
        }
        open = goes_on;
    }
    for instruction in &mut found {
        instruction.rest.truncate(instruction.rest.trim_end().len());
        let lead = instruction.rest.len() - instruction.rest.trim_start().len();
        instruction.rest.drain(..lead);
    }
    found
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A file from its text.
    pub fn literal(text: &str) -> Containerfile {
        Containerfile::parse(Source { file: "Containerfile".into(), text: text.into() })
    }

    fn problem(text: &str) -> String {
        literal(text).problems[0].render(false, None)
    }

    #[test]
    fn instructions_are_joined_and_comments_left_out() {
        let file = literal(
            "# syntax=docker/dockerfile:1\nARG V=1\nfrom rust:1 AS Build\nRUN a \\\n  # why\n\n  && b\nWORKDIR /w\nFROM --platform=x scratch\n",
        );
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        let [build, last] = file.stages.as_slice() else { panic!("{file:?}") };
        assert_eq!((build.base.as_str(), build.name.as_deref()), ("rust:1", Some("build")));
        let told: Vec<_> = build.instructions.iter().map(|one| format!("{} {}", one.word, one.rest)).collect();
        assert_eq!(told, ["RUN a && b", "WORKDIR /w"]);
        assert_eq!(&file.source.text[build.instructions[0].span.clone()], "RUN a \\");
        assert_eq!((last.base.as_str(), &last.name), ("scratch", &None));
    }

    #[test]
    fn what_is_no_containerfile_is_shown_with_its_line() {
        insta::assert_snapshot!(problem("FROM scratch\nENTRIPOINT [\"/a\"]\n"), @r#"
        error[image/syntax]: there is no instruction ENTRIPOINT
         --> Containerfile:2:1
          |
        2 | ENTRIPOINT ["/a"]
          | ^^^^^^^^^^^^^^^^^
          |
          = help: did you mean ENTRYPOINT?
        "#);
        assert!(problem("").contains("it has no FROM"));
        assert!(problem("RUN a\nFROM scratch\n").contains("RUN stands before any FROM"));
        assert!(problem("FROM a b\n").contains("FROM is not understood"));
        assert!(problem("FROM a\nUSER\n").contains("USER says nothing"));
        assert!(problem("FROM a\nRUN <<EOF\ncargo build\nEOF\n").contains("here-documents"));
    }

    #[test]
    fn a_missing_file_is_a_problem_with_a_way_out() {
        let file = Containerfile::read(Path::new("no/such/Containerfile"));
        assert_eq!(file.problems[0].message, "there is no Containerfile");
    }

    #[test]
    fn the_worst_that_fits_is_read_in_a_moment() {
        let most = LARGEST as usize;
        for line in ["ENV a=$a$a$a\n", "RUN export a=$a$a;export b=$b\n", "FROM a AS a\n", "COPY --from=a a b\n"] {
            let began = std::time::Instant::now();
            let text = format!("FROM a AS a\n{}", line.repeat(most / line.len()));
            let _ = recipe::Recipe::of(&literal(&text), "tool");
            assert!(began.elapsed().as_secs() < 5, "{line}");
        }
    }

    #[test]
    fn no_text_is_too_strange_to_be_read() {
        for text in
            ["\\", "FROM \\\n\\\n\\", "é\\\n", "FROM a AS \u{0}\nRUN \"", "FROM a\nCOPY --from=", "\u{feff}FROM a"]
        {
            let file = literal(text);
            let _ = recipe::Recipe::of(&file, "tool");
        }
        let large = Containerfile::of(Path::new("c"), &vec![b'a'; 1 << 20]);
        assert!(large.problems[0].message.contains("1048576 bytes") && large.problems.len() == 1);
    }
}
