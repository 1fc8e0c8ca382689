//! The commands that a shell runs itself, and which part of the model runs all others.

use super::super::bases::{self, Toolchain};
use super::super::files::{Found, join};
use super::super::recipe::{Kind, Tools, Trouble};
use super::super::words::{self, UNKNOWN, Variables};
use super::super::{cargo, utilities};
use super::{Command, Followed, Shell};

/// Commands that only shells know.
const BUILTINS: [&str; 14] =
    [":", ".", "cd", "command", "eval", "exec", "exit", "export", "set", "source", "trap", "ulimit", "umask", "unset"];

impl Shell<'_> {
    /// Runs a command by its name.
    pub(super) fn named(
        &mut self,
        fields: &[String],
        mut environment: Variables,
        input: Option<&str>,
        output: Option<&str>,
        depth: usize,
    ) -> Followed {
        if !self.is_command(&fields[0])? {
            return Ok(false);
        }
        if let ["command", "-v" | "-V", names @ ..] | ["which", names @ ..] =
            fields.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
        {
            let found = names.iter().all(|name| self.is_surely_there(name));
            self.doubt = (!found).then(|| fields.join(" "));
            return Ok(true);
        }
        let words = started(fields, &mut environment);
        let Some(name) = words.first() else { return Ok(true) };
        // A shell that another program replaces runs nothing behind it.
        if fields[0] == "exec" && fields.len() > 1 {
            let status = self.named(words, environment, input, output, depth)?;
            self.has_ended = true;
            return Ok(status);
        }
        if name.contains(UNKNOWN) {
            return self
                .not_followed("a command whose name comes from a variable or another command", "write its name");
        }
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let short = name.rsplit('/').next().unwrap_or(name);
        if let Some(status) = self.builtin(short, &arguments, fields) {
            return status;
        }
        let command = Command { words, environment: &environment, input, output };
        match short {
            "bash" if !self.made.has_bash() => self.fails(
                format!("there is no bash in {}", self.made.base),
                "not found",
                "install it above this line (`apk add --no-cache bash`), or use sh",
            ),
            "sh" | "bash" | "ash" | "dash" => self.shell(&arguments, environment, input, depth),
            "cargo" => cargo::run(self, &command),
            "rustup" => cargo::rustup(self, &command),
            "rustc" => self.compiler(&arguments),
            _ => utilities::run(self, &command),
        }
    }

    /// Whether a word can be the name of a command here.
    fn is_command(&mut self, name: &str) -> Followed {
        if name.split_once('=').is_some_and(|(name, _)| words::is_name(name)) {
            let help = "set it with ENV above this line, or remove the quotes: in an assignment, nothing before the `=` can be quoted";
            return self.fails(format!("there is no command `{name}`"), "not an assignment here", help);
        }
        if self.is_exec && BUILTINS.contains(&name) {
            let help = "remove the brackets, so that a shell runs this line";
            return self.fails(format!("`{name}` is built into shells, and isn't a program"), "no shell here", help);
        }
        Ok(true)
    }

    /// What a shell does itself; none for a program. `whole`: the command with all that is in front of its name.
    fn builtin(&mut self, name: &str, arguments: &[&str], whole: &[String]) -> Option<Followed> {
        match (name, arguments) {
            ("cd" | "umask", []) | ("true" | ":", _) => {}
            ("cd" | "pushd", [folder]) => return Some(self.change_folder(folder)),
            ("export", assignments) => self.export(assignments),
            ("unset", names) => names.iter().for_each(|name| drop(self.variables.remove(*name))),
            ("set", options) => self.options(options),
            ("umask", [mask]) if mask.len() <= 4 && u32::from_str_radix(mask, 8).is_ok() => {
                self.umask = u32::from_str_radix(mask, 8).unwrap_or(0o022) & 0o777;
            }
            ("umask", _) => {
                return Some(self.not_followed("this umask", "remove it, or write it as a number, such as 022"));
            }
            ("exit", arguments) if arguments.first().is_none_or(|code| *code == "0") => self.has_ended = true,
            ("false" | "exit", _) => {
                self.has_ended |= name == "exit";
                let message = format!("`{}` makes the command fail", whole.join(" "));
                return Some(self.fails(message, "ends here", "remove it"));
            }
            _ => return None,
        }
        Some(Ok(true))
    }

    fn change_folder(&mut self, folder: &str) -> Followed {
        let path = join(&self.folder, folder);
        match self.made.files.at(&path) {
            _ if folder.contains(UNKNOWN) => self.not_followed("which folder this goes to", "write the folder's name"),
            Found::File(_) | Found::Nothing => self.fails(
                format!("there is no folder {path}"),
                "no such folder",
                "make it first (`mkdir -p`), or correct the path",
            ),
            _ => {
                self.folder = path;
                Ok(true)
            }
        }
    }

    fn export(&mut self, assignments: &[&str]) {
        for word in assignments {
            let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
            if words::is_name(name) {
                self.exported.insert(name.to_owned());
                self.variables.extend(value.map(|value| (name.to_owned(), value.to_owned())));
            }
        }
    }

    /// A call of rustc, which may only print something.
    fn compiler(&mut self, arguments: &[&str]) -> Followed {
        if self.toolchain()?.is_none() {
            return Ok(false);
        }
        let prints =
            |word: &&str| word.starts_with('-') || word.chars().all(char::is_alphabetic) || *word == "host-tuple";
        match arguments.iter().all(prints) {
            true => Ok(true),
            false => self.not_followed("what this rustc command produces", "build with Cargo"),
        }
    }

    /// Whether a program is there that every system has, or the toolchain.
    fn is_surely_there(&self, name: &str) -> bool {
        let has_cargo = matches!(self.made.tools, Tools::Some(_));
        match name {
            "cargo" | "rustc" => has_cargo,
            "rustup" => matches!(&self.made.tools, Tools::Some(toolchain) if !toolchain.is_packaged),
            "bash" => self.made.has_bash() && !matches!(bases::find(&self.made.root), bases::Base::Unknown),
            _ => {
                ["sh", "cp", "mv", "ls", "cat", "mkdir", "rm", "chmod", "ln", "grep", "sed", "install"].contains(&name)
            }
        }
    }

    /// `set -e` and its relatives.
    fn options(&mut self, options: &[&str]) {
        for option in options {
            let Some(letters) = option.strip_prefix('-') else { continue };
            self.stops_at_failure |= letters.contains('e') && !letters.starts_with('-');
        }
        self.stops_at_failure |= options.contains(&"errexit");
    }

    /// `sh -c '…'`, or a shell that reads a here-document.
    fn shell(&mut self, options: &[&str], environment: Variables, input: Option<&str>, depth: usize) -> Followed {
        let mut rest = options;
        let mut script = None;
        let stops = self.stops_at_failure;
        self.stops_at_failure = false;
        while let Some((option, more)) = rest.split_first().filter(|(option, _)| option.starts_with('-')) {
            self.options(&[option]);
            rest = more;
            if option.contains('c') && !option.starts_with("--") {
                script = rest.first().copied();
                break;
            }
            if option.ends_with('o') {
                self.options(rest.get(..1).unwrap_or_default());
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        let Some(script) = script.or(input.filter(|_| rest.is_empty())) else {
            return self
                .not_followed("a script in a file, or one that is downloaded", "write its commands into the RUN");
        };
        let before = (self.folder.clone(), self.variables.clone(), self.exported.clone());
        let (umask, is_exec) = (self.umask, std::mem::take(&mut self.is_exec));
        self.exported.extend(environment.keys().cloned());
        self.variables = environment;
        let status = self.run(script, None, depth + 1)?;
        (self.folder, self.variables, self.exported) = before;
        (self.stops_at_failure, self.has_ended) = (stops, false);
        (self.umask, self.is_exec) = (umask, is_exec);
        Ok(status)
    }

    /// The toolchain of the stage; none if it has none, which is noted.
    pub(crate) fn toolchain(&mut self) -> Result<Option<Toolchain>, Box<Trouble>> {
        let base = self.made.base.clone();
        match &self.made.tools {
            Tools::Some(toolchain) => {
                let path = self.variables.get("PATH").cloned().unwrap_or_default();
                let is_found = toolchain.is_packaged || path.split(':').any(|folder| folder == "/usr/local/cargo/bin");
                if is_found {
                    return Ok(Some(toolchain.clone()));
                }
                let help = "add to PATH instead of replacing it: `ENV PATH=/more/bin:$PATH`";
                self.fails(
                    format!("PATH is set to {path}, which doesn't include Cargo's folder, /usr/local/cargo/bin"),
                    "not found in PATH",
                    help,
                )?;
                Ok(None)
            }
            Tools::None => {
                let help =
                    format!("start the stage from an image that includes Cargo, such as `FROM {}`", bases::example());
                self.fails(format!("there is no Cargo in {base}"), "not found", help)?;
                Ok(None)
            }
            Tools::Unknown(why) => {
                let message = match why {
                    None => format!(
                        "the check doesn't recognize the image {base}, so it can't tell which version of Cargo is in it"
                    ),
                    Some(why) => format!("the check can't tell which version of Cargo {base} has after {why}"),
                };
                let help = format!(
                    "start from an image that the course knows, such as `FROM {}`; or, {}",
                    bases::example(),
                    bases::HOW_TO_SAY
                );
                Err(Box::new(Trouble::new(Kind::NotFollowed, self.span(), message, "which Cargo?", help)))
            }
        }
    }
}

/// The command that others start in front of it, such as `env`, and the variables that these set for it.
fn started<'f>(fields: &'f [String], environment: &mut Variables) -> &'f [String] {
    let mut words = fields;
    loop {
        match words.first().map(String::as_str) {
            Some("env") => {
                words = &words[1..];
                while let Some((name, value)) = words.first().and_then(|word| word.split_once('=')) {
                    environment.insert(name.to_owned(), value.to_owned());
                    words = &words[1..];
                }
            }
            Some("exec" | "command" | "nice" | "time") if words.len() > 1 => words = &words[1..],
            _ => return words,
        }
    }
}
