//! A Containerfile (Dockerfile) as instructions with their places. Nothing in it ever runs: `containerfile/recipe` follows what its
//! commands would do, in a model of the files that each stage holds.

pub mod bases;
mod cargo;
pub mod context;
mod copy;
mod files;
mod parts;
pub mod recipe;
mod shell;
mod syntax;
mod utilities;
mod words;

use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::names::brings_back;
use base::diagnostic::Source;
use bases::Said;
use context::Context;
use parts::{Part, parts};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use weigh::workshop::nearest;

/// Bytes that the file may have. A hostile one costs a grader no more than milliseconds.
const LARGEST: u64 = 1 << 14;

/// Stages that it may have.
const MOST_STAGES: usize = 32;

/// How many problems are reported.
const MOST_PROBLEMS: usize = 8;

/// Every instruction that exists.
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
    /// Every ARG above the first FROM.
    pub arguments: Vec<Instruction>,
    /// Its stages, each beginning with FROM.
    pub stages: Vec<Stage>,
    /// The files that COPY can take, and what is built from them.
    pub context: Arc<Context>,
}

/// A stage: what one FROM begins.
#[derive(Debug)]
pub struct Stage {
    /// The image that it starts from, or the name of a stage above, with its variables not yet filled in.
    pub base: String,
    /// Its own name, in lower case.
    pub name: Option<String>,
    /// The platform that it is for.
    pub platform: Option<String>,
    /// What a comment above it says about an image that the course doesn't know.
    pub said: Option<Said>,
    /// Every instruction but FROM.
    pub instructions: Vec<Instruction>,
    /// The line with FROM.
    pub span: Range<usize>,
}

/// An instruction.
#[derive(Clone, Debug, Default)]
pub struct Instruction {
    /// Its word, in upper case.
    pub word: String,
    /// The rest, with continued lines joined.
    pub rest: String,
    /// The same, with the here-documents after it.
    pub whole: String,
    /// The bodies of these.
    pub documents: Vec<Document>,
    /// Its first line.
    pub span: Range<usize>,
    /// Where each of its lines begins in `whole`, and where that line is in the file.
    lines: Vec<(usize, Range<usize>)>,
}

/// A here-document.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The word that ends it.
    pub name: String,
    /// Where its text begins and ends in `whole`.
    pub body: Range<usize>,
}

impl Instruction {
    /// The line of the file that a place in `whole` is on.
    pub fn line_at(&self, place: usize) -> Range<usize> {
        let line = self.lines.iter().rfind(|(from, _)| *from <= place);
        line.map_or_else(|| self.span.clone(), |(_, span)| span.clone())
    }
}

impl Containerfile {
    /// Reads the file. Whatever is wrong with it is among its problems.
    pub fn read(path: &Path, context: Arc<Context>) -> Self {
        match base::files::read_text(path, LARGEST) {
            Ok(text) => Self::parse(Source { file: path.to_owned(), text: text.into() }, context),
            Err(base::files::Unreadable { message, line, help }) => {
                let help = help.unwrap_or_else(|| brings_back(path));
                let mut problem = Diagnostic::new(Code::ImageSyntax, message).in_file(path).help(help);
                problem.place.iter_mut().for_each(|place| place.line = line);
                Self {
                    problems: vec![problem],
                    ..Self::empty(Source { file: path.to_owned(), text: "".into() }, context)
                }
            }
        }
    }

    /// A Containerfile that isn't on the disk; `path` is its name.
    pub fn of(path: &Path, content: &[u8], context: Arc<Context>) -> Self {
        if content.len() as u64 > LARGEST {
            let message = format!("the file is {} bytes, more than the check reads ({LARGEST})", content.len());
            let problem =
                Diagnostic::new(Code::ImageSyntax, message).in_file(path).help("a dozen lines are enough here");
            let source = Source { file: path.to_owned(), text: "".into() };
            return Self { problems: vec![problem], ..Self::empty(source, context) };
        }
        Self::parse(Source { file: path.to_owned(), text: String::from_utf8_lossy(content).into() }, context)
    }

    fn empty(source: Source, context: Arc<Context>) -> Self {
        Self { source, problems: Vec::new(), arguments: Vec::new(), stages: Vec::new(), context }
    }

    /// Finds the instructions in a text.
    pub fn parse(mut source: Source, context: Arc<Context>) -> Self {
        // The byte order mark that some editors put at the start of a text, which engines ignore.
        if let Some(text) = source.text.strip_prefix('\u{feff}') {
            source.text = text.into();
        }
        let mut file = Self::empty(source, context);
        let text = Arc::clone(&file.source.text);
        let mut said = None;
        for part in parts(&text) {
            match part {
                Part::Instruction(instruction) => file.add(instruction, &mut said),
                Part::Said(comment, span) => match Said::parse(comment) {
                    Ok(found) => said = Some(found),
                    Err(help) => {
                        let problem = Diagnostic::new(Code::ImageSyntax, "this `# check:` line can't be read");
                        file.problems.push(problem.at(&file.source, span, "").help(help));
                    }
                },
                Part::Open(name, span) => {
                    let problem = Diagnostic::new(
                        Code::ImageSyntax,
                        format!("this here-document has no end: no line is `{name}`"),
                    );
                    let help = format!("write `{name}` on its own line below the last line of its text");
                    file.problems.push(problem.at(&file.source, span, "").help(help));
                }
            }
            if file.problems.len() == MOST_PROBLEMS {
                break;
            }
        }
        if file.stages.is_empty() && file.problems.is_empty() {
            let problem = Diagnostic::new(Code::ImageSyntax, "the file has no FROM, so it defines no image");
            let file_name = file.source.file.clone();
            file.problems.push(problem.in_file(file_name).help("a stage begins with `FROM IMAGE`"));
        }
        file
    }

    fn add(&mut self, instruction: Instruction, said: &mut Option<Said>) {
        let Instruction { word, rest, span, .. } = &instruction;
        let problem = |message: String, help: &str| {
            Diagnostic::new(Code::ImageSyntax, message).at(&self.source, span.clone(), "").help(help)
        };
        if !INSTRUCTIONS.contains(&word.as_str()) {
            let help = match nearest(word, INSTRUCTIONS.into_iter()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("a line begins with one of {}", INSTRUCTIONS.join(", ")),
            };
            let problem = problem(format!("unknown instruction: {word}"), &help);
            return self.problems.push(problem);
        }
        if rest.is_empty() {
            let problem = problem(format!("{word} has no arguments"), "add its arguments, or remove the line");
            return self.problems.push(problem);
        }
        if let Some((message, help)) = syntax::refused(word, rest) {
            let problem = problem(message, help);
            return self.problems.push(problem);
        }
        if word == "FROM" {
            let (flags, words): (Vec<&str>, Vec<&str>) =
                rest.split_whitespace().partition(|word| word.starts_with("--"));
            let (base, name) = match words.as_slice() {
                [base] => (base, None),
                [base, keyword, name] if keyword.eq_ignore_ascii_case("as") => (base, Some(name.to_lowercase())),
                _ => {
                    let problem =
                        problem("this FROM can't be read".to_owned(), "write `FROM IMAGE`, or `FROM IMAGE AS NAME`");
                    return self.problems.push(problem);
                }
            };
            if self.stages.len() == MOST_STAGES {
                let problem = problem(format!("there are more than {MOST_STAGES} stages"), "two are enough here");
                return self.problems.push(problem);
            }
            let platform = flags.iter().find_map(|flag| flag.strip_prefix("--platform=")).map(str::to_owned);
            let (base, span) = ((*base).to_owned(), span.clone());
            let stage = Stage { base, name, platform, said: said.take(), instructions: Vec::new(), span };
            return self.stages.push(stage);
        }
        match self.stages.last_mut() {
            Some(stage) => stage.instructions.push(instruction),
            None if word == "ARG" => self.arguments.push(instruction),
            None if self.problems.is_empty() => {
                let problem = problem(format!("{word} comes before any FROM"), "a stage begins with `FROM IMAGE`");
                self.problems.push(problem);
            }
            None => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file from its text, for a package with a lock file, edition 2024, and a program called `tool`.
    pub(crate) fn literal(text: &str) -> Containerfile {
        let files = ["Cargo.toml", "Cargo.lock", "src/main.rs", "src/more.rs"];
        let context = Context::literal("tool", &files, 2024);
        Containerfile::parse(Source { file: "Containerfile".into(), text: text.into() }, Arc::new(context))
    }

    fn problem(text: &str) -> String {
        literal(text).problems[0].render(false, None)
    }

    fn told(text: &str) -> Vec<String> {
        let file = literal(text);
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        let instructions = file.stages[0].instructions.iter();
        instructions.map(|one| format!("{} {}", one.word, one.rest)).collect()
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
        assert_eq!(told, ["RUN a   && b", "WORKDIR /w"]);
        let run = &build.instructions[0];
        assert_eq!(&file.source.text[run.span.clone()], "RUN a \\");
        assert_eq!(&file.source.text[run.line_at(run.rest.find('b').unwrap())], "&& b");
        assert_eq!((last.base.as_str(), &last.name, last.platform.as_deref()), ("scratch", &None, Some("x")));
        assert_eq!(file.arguments.len(), 1);
    }

    #[test]
    fn lines_are_joined_with_nothing_between_them() {
        assert_eq!(told("FROM a\nRUN car\\\ngo build\n"), ["RUN cargo build"]);
        assert_eq!(told("# escape=`\nFROM a\nRUN car`\ngo \\n\n"), ["RUN cargo \\n"]);
        assert_eq!(told("#Syntax=x\n#ESCAPE = `\nFROM a\nRUN car`\ngo\n"), ["RUN cargo"]);
        assert_eq!(told("\u{feff}# escape=`\nFROM a\nRUN car`\ngo\n"), ["RUN cargo"]);
        // Below another comment or an empty line, it is a comment itself.
        for above in ["# a comment\n", "\n", "# other=1\n", "ARG A\n"] {
            assert_eq!(told(&format!("{above}# escape=`\nFROM a\nRUN car\\\ngo\n")), ["RUN cargo"], "{above}");
        }
    }

    #[test]
    fn here_documents_are_read_to_their_end() {
        let file = literal("FROM a\nRUN <<-'EOF' cat <<B\n\t# kept\n\tx\n\tEOF\nb\nB\nUSER 1\n");
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        let [run, user] = file.stages[0].instructions.as_slice() else { panic!("{file:?}") };
        let bodies: Vec<_> = run.documents.iter().map(|document| &run.whole[document.body.clone()]).collect();
        assert_eq!(bodies, ["# kept\nx\n", "b\n"]);
        assert_eq!(user.word, "USER");
        assert_eq!(&file.source.text[run.line_at(run.documents[0].body.start + 8)], "\tx");
        assert!(problem("FROM a\nRUN <<EOF\ncargo build\n").contains("no line is `EOF`"));
    }

    #[test]
    fn an_image_can_be_described_above_its_from() {
        let file = literal("# check: cargo 1.97 musl\nFROM a\nFROM b\n");
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        assert!(file.stages[0].said.is_some() && file.stages[1].said.is_none());
        assert!(problem("# check: rust\nFROM a\n").contains("this `# check:` line can't be read"));
    }

    #[test]
    fn what_is_no_containerfile_is_shown_with_its_line() {
        insta::assert_snapshot!(problem("FROM scratch\nENTRIPOINT [\"/a\"]\n"), @r#"
        error[image/syntax]: unknown instruction: ENTRIPOINT
         --> Containerfile:2:1
          |
        2 | ENTRIPOINT ["/a"]
          | ^^^^^^^^^^^^^^^^^
          |
          = help: did you mean ENTRYPOINT?
        "#);
        assert!(problem("").contains("the file has no FROM"));
        assert!(problem("RUN a\nFROM scratch\n").contains("RUN comes before any FROM"));
        assert!(problem("FROM a b\n").contains("this FROM can't be read"));
        assert!(problem("FROM a\nUSER\n").contains("USER has no arguments"));
        assert!(problem("FROM a\nENV FOO\n").contains("ENV gives FOO no value"));
    }

    #[test]
    fn a_missing_file_is_a_problem_with_a_way_out() {
        let context = Arc::new(Context::literal("tool", &[], 2024));
        let file = Containerfile::read(Path::new("no/such/Containerfile"), context);
        assert_eq!(file.problems[0].message, "there is no Containerfile");
    }

    #[test]
    fn the_worst_that_fits_is_read_in_a_moment() {
        let most = LARGEST as usize;
        for line in [
            "ENV a=$a$a$a\n",
            "RUN export a=$a$a;export b=$b\n",
            "FROM a AS a\n",
            "COPY --from=a a b\n",
            "COPY . .\n",
            "RUN cp -r /w /w/a\n",
            "RUN cp -r /w/a /w/b; cp -r /w /a; cp -r /a /w/c\n",
            "RUN a=\"$(echo $a)$(echo $a)\"\n",
            "RUN ls *?*?*?*?*?*?*?*?*?*?*a\n",
            "RUN sh -c \"sh -c '((((((((((a))))))))))'\"\n",
            "RUN <<A\nA\n",
        ] {
            let began = std::time::Instant::now();
            let head = "FROM rust AS a\nWORKDIR /w\nCOPY . .\n";
            let _ = recipe::Recipe::of(&literal(&format!("{head}{}", line.repeat(most / line.len()))));
            assert!(began.elapsed().as_secs() < 5, "{line}");
        }
        let deep = format!("FROM rust AS a\nRUN {}\nFROM a\n", "$(".repeat(8000));
        let _ = recipe::Recipe::of(&literal(&deep));
        let deep = format!("FROM rust AS a\nRUN {}\nFROM a\n", "( ".repeat(8000));
        let _ = recipe::Recipe::of(&literal(&deep));
    }

    #[test]
    fn no_text_is_too_strange_to_be_read() {
        for text in [
            "\\",
            "FROM \\\n\\\n\\",
            "é\\\n",
            "FROM a AS \u{0}\nRUN \"",
            "FROM a\nCOPY --from=",
            "\u{feff}FROM a",
            "FROM rust\nRUN <<\nRUN <<-\nCOPY <<a\n",
            "FROM rust\nRUN >\nRUN cp\nRUN cargo\nRUN 2>&\nRUN )\nRUN &&\nRUN ${\nRUN `\nFROM scratch\n",
        ] {
            let _ = recipe::Recipe::of(&literal(text));
        }
        let context = Arc::new(Context::literal("tool", &[], 2024));
        let large = Containerfile::of(Path::new("c"), &vec![b'a'; 1 << 20], context);
        assert!(large.problems[0].message.contains("1048576 bytes") && large.problems.len() == 1);
    }
}
