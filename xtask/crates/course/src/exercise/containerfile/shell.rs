//! Follows the commands of a RUN in the model of a stage. A command that fails, fails; what isn't understood ends the attempt
//! and is reported, because everything after it would be a guess.

mod commands;

use super::Instruction;
use super::context::Context;
use super::files::{self, File, Found, What, join};
use super::recipe::{Kind, Made, Tools, Trouble};
use super::words::{self, Lookup, Token, UNKNOWN, Variables, Word};
use std::collections::BTreeSet;
use std::ops::Range;

/// The most commands that are followed in one Containerfile.
const MOST_COMMANDS: usize = 500;

/// How deep shells may start shells.
const DEEPEST: usize = 6;

/// Whether a command succeeds; an error is one that can't be followed.
pub(super) type Followed = Result<bool, Box<Trouble>>;

/// A shell that runs the commands of one RUN.
pub(super) struct Shell<'a> {
    /// The stage.
    pub made: &'a mut Made,
    /// The files next to the Containerfile.
    pub context: &'a Context,
    /// What is run.
    pub instruction: &'a Instruction,
    /// The machine's processor, as triples name it.
    pub processor: &'a str,
    /// The folder that it is in.
    pub folder: String,
    /// Every variable, and the names of those that a child sees.
    pub variables: Variables,
    exported: BTreeSet<String>,
    /// Read-only folders, and the writable ones in them.
    pub read_only: Vec<String>,
    /// See `read_only`.
    pub writable: Vec<String>,
    /// Nothing can be downloaded.
    pub is_offline: bool,
    /// Words of an instruction, without a shell.
    pub is_exec: bool,
    /// The permissions that a new file doesn't get.
    pub umask: u32,
    /// Why it isn't known whether the last command succeeds.
    pub doubt: Option<String>,
    /// The first command that fails.
    pub failure: Option<Trouble>,
    stops_at_failure: bool,
    has_ended: bool,
    /// Where the current script begins in the instruction; none for a script inside a word.
    base: Option<usize>,
    place: usize,
}

/// A command's words and what goes with them.
pub(super) struct Command<'c> {
    /// Its words, filled in; the first one is its name.
    pub words: &'c [String],
    /// The variables that it sees.
    pub environment: &'c Variables,
    /// What it reads, if that is written here.
    pub input: Option<&'c str>,
    /// The file that it writes its output to.
    pub output: Option<&'c str>,
}

impl Command<'_> {
    /// The words after the name.
    pub(super) fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }
}

impl<'a> Shell<'a> {
    /// A shell in a stage.
    pub(super) fn new(
        made: &'a mut Made,
        context: &'a Context,
        instruction: &'a Instruction,
        processor: &'a str,
    ) -> Self {
        let mut variables = made.arguments.clone();
        variables.extend(made.environment.clone());
        let exported = variables.keys().cloned().collect();
        let folder = made.folder.clone();
        Self {
            made,
            context,
            instruction,
            processor,
            folder,
            variables,
            exported,
            read_only: Vec::new(),
            writable: Vec::new(),
            is_offline: false,
            is_exec: false,
            umask: 0o022,
            doubt: None,
            failure: None,
            stops_at_failure: false,
            has_ended: false,
            base: Some(0),
            place: 0,
        }
    }

    /// The line that the current command is on.
    pub(super) fn span(&self) -> Range<usize> {
        self.instruction.line_at(self.place)
    }

    /// Records why a command fails. Only the first failure is reported.
    pub(super) fn fails(
        &mut self,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Followed {
        let trouble = Trouble::new(Kind::Fails, self.span(), message, label, help);
        self.failure.get_or_insert(trouble);
        Ok(false)
    }

    /// What isn't followed, and what to write instead.
    pub(super) fn not_followed<T>(
        &self,
        what: impl std::fmt::Display,
        help: impl Into<String>,
    ) -> Result<T, Box<Trouble>> {
        let message = format!("the check can't follow {what}, so it can't tell what the image would contain");
        Err(Box::new(Trouble::new(Kind::NotFollowed, self.span(), message, "not followed here", help)))
    }

    /// Whether a command may write at a path.
    pub(super) fn can_write(&self, path: &str) -> bool {
        let is_in = |folders: &[String]| {
            let of = folders.iter().filter(|folder| {
                path == folder.as_str() || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
            });
            of.map(String::len).max()
        };
        is_in(&self.read_only) <= is_in(&self.writable)
    }

    /// Runs a script that begins at a place of the instruction, or is inside a word.
    pub(super) fn run(&mut self, script: &str, base: Option<usize>, depth: usize) -> Followed {
        if depth > DEEPEST {
            return self.not_followed("shells that are nested this deeply", "write the commands one after another");
        }
        let before = std::mem::replace(&mut self.base, base);
        let tokens = words::tokens(script);
        let status = self.list(&tokens, depth);
        self.base = before;
        status
    }

    /// Commands with `&&`, `||`, `;` and `|` between them.
    fn list(&mut self, tokens: &[Token], depth: usize) -> Followed {
        let parts = self.split(tokens)?;
        let mut status = true;
        // What a `&&` or `||` has skipped skips the rest of its pipeline as well.
        let mut skips = false;
        for (index, (operator, part)) in parts.iter().enumerate() {
            let next = parts.get(index + 1).map_or(";", |(operator, _)| operator);
            skips = match *operator {
                "&&" => !status,
                "||" => status,
                "|" => skips,
                _ => false,
            };
            if skips || part.is_empty() {
                continue;
            }
            let in_pipe = *operator == "|" || next == "|";
            let is_group = matches!(part.first(), Some(Token::Operator("(", _)));
            // What a subshell changes ends with it.
            let before = (in_pipe || is_group).then(|| {
                (self.folder.clone(), self.variables.clone(), self.umask, self.has_ended, self.stops_at_failure)
            });
            self.doubt = None;
            status = match part.first() {
                Some(Token::Operator("(", _)) => {
                    let inner = self.group(part)?;
                    let outputs = self.outputs(&part[inner.len() + 2..], depth)?;
                    if !self.empty(&outputs, &What::Unknown)? {
                        return Ok(false);
                    }
                    if depth >= DEEPEST {
                        return self.not_followed(
                            "groups that are nested this deeply",
                            "write the commands one after another",
                        );
                    }
                    self.list(inner, depth + 1)?
                }
                _ => self.command(part, depth)?,
            };
            if let Some(before) = before {
                (self.folder, self.variables, self.umask, self.has_ended, self.stops_at_failure) = before;
            }
            let rest = &parts[index + 1..];
            if let Some(doubt) = self.doubt.take().filter(|_| self.matters(next, rest)) {
                let help = "remove it, or write `|| true` after it if its result doesn't matter";
                return self.not_followed(format!("whether `{doubt}` succeeds"), help);
            }
            self.has_ended |= !status && self.stops_at_failure && !matches!(next, "&&" | "||" | "|");
            if self.has_ended {
                return Ok(status);
            }
        }
        Ok(status)
    }

    /// Whether something depends on the success of a command, by what follows it.
    fn matters(&self, next: &str, rest: &[(&'static str, &[Token])]) -> bool {
        let is_harmless = |part: &[Token]| match part.first() {
            Some(Token::Word(word, _)) => {
                ["true", ":", "echo"].iter().any(|name| *word == [words::Segment::Text((*name).to_owned())])
            }
            _ => false,
        };
        match next {
            "|" => false,
            "||" => !rest.first().is_some_and(|(_, part)| is_harmless(part)),
            "&&" => true,
            _ => self.stops_at_failure || rest.iter().all(|(_, part)| part.is_empty()),
        }
    }

    /// The commands with the operators before them.
    fn split<'t>(&mut self, tokens: &'t [Token]) -> Result<Vec<(&'static str, &'t [Token])>, Box<Trouble>> {
        let mut parts = Vec::new();
        let (mut from, mut depth, mut before) = (0, 0_usize, ";");
        for (index, token) in tokens.iter().enumerate() {
            let Token::Operator(operator, place) = token else { continue };
            match *operator {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                operator @ ("&&" | "||" | ";" | "|" | "|&") if depth == 0 => {
                    parts.push((before, &tokens[from..index]));
                    (from, before) = (index + 1, if operator == "|&" { "|" } else { operator });
                }
                ";" | "&&" | "||" | "|" | "|&" => {}
                other => {
                    self.at(*place);
                    return self.not_followed(
                        format!("`{other}`"),
                        "write the commands one after another, with && between them",
                    );
                }
            }
        }
        parts.push((before, &tokens[from..]));
        Ok(parts)
    }

    /// What is between the brackets.
    fn group<'t>(&mut self, part: &'t [Token]) -> Result<&'t [Token], Box<Trouble>> {
        let end = part.iter().rposition(|token| matches!(token, Token::Operator(")", _)));
        match end {
            Some(end) if part[end + 1..].iter().all(|token| matches!(token, Token::Redirect(..))) => Ok(&part[1..end]),
            _ => self.not_followed("these brackets", "write the commands one after another, with && between them"),
        }
    }

    fn at(&mut self, place: usize) {
        // A script inside a word is where that word is.
        if let Some(base) = self.base {
            self.place = base + place;
        }
    }

    fn command(&mut self, tokens: &[Token], depth: usize) -> Followed {
        self.made.commands += 1;
        if self.made.commands > MOST_COMMANDS {
            return self.not_followed("so many commands", "a dozen are enough here");
        }
        let mut own = Variables::new();
        let mut fields: Vec<String> = Vec::new();
        let mut input = None;
        for token in tokens {
            match token {
                Token::Word(word, place) => {
                    if fields.is_empty() && own.is_empty() {
                        self.at(*place);
                    }
                    match words::assignment(word).filter(|_| fields.is_empty()) {
                        Some((name, value)) => drop(own.insert(name, words::value(&value, self, depth))),
                        None => fields.extend(self.fields(word, depth)),
                    }
                }
                Token::Redirect("<<", word) => input = Some(words::value(word, self, depth)),
                Token::Redirect(..) => {}
                Token::Operator(operator, _) => {
                    return self
                        .not_followed(format!("`{operator}` in this place"), "write the commands one after another");
                }
            }
        }
        let outputs = self.outputs(tokens, depth)?;
        // The shell empties a file before it runs the command that writes there.
        let is_silent = fields.first().is_none_or(|name| matches!(name.as_str(), ":" | "true"));
        let left = if is_silent { What::Written(String::new()) } else { What::Unknown };
        if !self.empty(&outputs, &left)? {
            return Ok(false);
        }
        if fields.is_empty() {
            self.variables.extend(own);
            return Ok(true);
        }
        let output = outputs.iter().rev().find(|(operator, _)| *operator != "2>").map(|(_, path)| path.clone());
        let mut environment: Variables =
            self.exported.iter().filter_map(|name| Some((name.clone(), self.variables.get(name)?.clone()))).collect();
        environment.extend(own);
        self.named(&fields, environment, input.as_deref(), output.as_deref(), depth)
    }

    /// The files that redirections write to, and how.
    fn outputs(&mut self, tokens: &[Token], depth: usize) -> Result<Vec<(&'static str, String)>, Box<Trouble>> {
        let mut outputs = Vec::new();
        for token in tokens {
            let Token::Redirect(operator @ (">" | ">>" | "2>"), word) = token else { continue };
            let path = words::value(word, self, depth);
            if path.contains(UNKNOWN) {
                return self.not_followed("where this output goes", "write the name of the file");
            }
            if !path.starts_with("/dev/") {
                outputs.push((*operator, join(&self.folder, &path)));
            }
        }
        Ok(outputs)
    }

    /// Empties the files that a command is about to write to.
    fn empty(&mut self, outputs: &[(&'static str, String)], left: &What) -> Followed {
        for (operator, path) in outputs {
            if !self.can_write(path) {
                let message = format!("{path} can't be written: the folder is mounted read-only");
                return self.fails(message, "read-only", "write to a different folder");
            }
            let adds = *operator == ">>" && !matches!(self.made.files.at(path), Found::Nothing);
            let is_kept = adds && matches!(left, What::Written(_));
            let time = self.made.tick();
            if !is_kept && !self.make(path, File::new(left.clone(), time))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A word's fields, with wildcards replaced by the files that they match.
    fn fields(&self, word: &Word, depth: usize) -> Vec<String> {
        let mut fields = Vec::new();
        for field in words::expand(word, self, depth) {
            let found = self.made.files.matching(&self.folder, &field);
            match found.is_empty() {
                true => fields.push(words::literal(&field)),
                false => fields.extend(found),
            }
        }
        fields
    }

    /// Writes a file as a program does: one that is there keeps its permissions, and a new one gets those that `umask` leaves.
    pub(super) fn make(&mut self, path: &str, mut file: File) -> Followed {
        let path = self.made.files.resolve(path);
        file.mode = match self.made.files.at(&path) {
            Found::File(old) => old.mode,
            _ => file.mode & !self.umask,
        };
        self.put(&path, file)
    }

    /// Puts a file at a path, if there is still room.
    pub(super) fn put(&mut self, path: &str, file: File) -> Followed {
        self.has_room(1, path)?;
        if !self.can_write(path) {
            let message = format!("{path} can't be written: its folder is mounted read-only");
            return self.fails(message, "read-only", "write to a different folder");
        }
        self.made.files.put(path, file);
        Ok(true)
    }

    /// Whether as many more files can still be followed.
    pub(super) fn has_room(&self, more: usize, path: &str) -> Result<(), Box<Trouble>> {
        match self.made.files.len() + more > files::MOST || path.len() > files::LONGEST {
            true => self.not_followed("so many files", "copy only what is needed"),
            false => Ok(()),
        }
    }

    /// Writes a text.
    pub(super) fn write(&mut self, path: &str, text: &str) -> Followed {
        let time = self.made.tick();
        self.make(path, File::new(What::Written(text.to_owned()), time))
    }
}

impl Lookup for Shell<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "PWD" => Some(self.folder.clone()),
            _ => self.variables.get(name).cloned(),
        }
    }

    fn output(&self, command: &str, depth: usize) -> Option<String> {
        let mut fields = Vec::new();
        let mut is_piped = false;
        for token in words::tokens(command) {
            match token {
                Token::Word(word, _) => {
                    fields.extend(words::expand(&word, self, depth).iter().map(|word| words::literal(word)));
                }
                Token::Operator("|", _) => {
                    is_piped = true;
                    fields.push("|".to_owned());
                }
                Token::Operator(..) => return None,
                Token::Redirect(..) => {}
            }
        }
        let toolchain = match &self.made.tools {
            Tools::Some(toolchain) => Some(toolchain),
            _ => None,
        };
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        match fields.as_slice() {
            ["rustc", "--print", "host-tuple"] | ["rustc", "--print=host-tuple"] => {
                toolchain.filter(|toolchain| toolchain.minor >= 84).map(|toolchain| toolchain.host(self.processor))
            }
            // `rustc -vV | sed -n 's/host: //p'`, with grep, cut or awk.
            ["rustc", "-vV" | "-Vv", "|", ..] | ["rustc", "--version", "--verbose", "|", ..]
                if fields.iter().any(|word| word.contains("host")) =>
            {
                toolchain.map(|toolchain| toolchain.host(self.processor))
            }
            _ if is_piped => None,
            ["uname", "-m"] | ["arch"] | ["apk", "--print-arch"] => Some(self.processor.to_owned()),
            ["dpkg", "--print-architecture"] => Some(architecture(self.processor).to_owned()),
            ["pwd"] => Some(self.folder.clone()),
            ["nproc"] => Some("2".to_owned()),
            ["echo", words @ ..] => Some(words.join(" ")),
            _ => None,
        }
    }
}

/// A processor as images name it.
pub(super) fn architecture(processor: &str) -> &str {
    match processor {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
