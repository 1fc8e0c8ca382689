//! A RUN: its options, the commands, and what is mounted while they run.

use super::{Stages, not_followed, start};
use crate::exercise::containerfile::Instruction;
use crate::exercise::containerfile::bases::{self, Base};
use crate::exercise::containerfile::copy;
use crate::exercise::containerfile::files::{Node, join};
use crate::exercise::containerfile::recipe::{Kind, Made, Start, Tools, Trouble};
use crate::exercise::containerfile::shell::{Followed, Shell};
use crate::exercise::containerfile::words;
use std::collections::BTreeMap;
use std::ops::Range;

impl Stages<'_> {
    /// Runs the commands of a RUN.
    pub(super) fn run(&self, index: usize, instruction: &Instruction, made: &mut Made) -> Result<(), Box<Trouble>> {
        can_run(instruction, made)?;
        // The script of rustup installs more than can be worked out.
        if instruction.whole.contains("sh.rustup.rs") {
            made.tools = match &made.said {
                Some(said) => Tools::Some(said.toolchain.clone()),
                None => Tools::Unknown(Some("the script of rustup.rs has run".to_owned())),
            };
            return Ok(());
        }
        let options = Options::read(instruction)?;
        let mounted = self.mount(index, &options.mounts, made, &instruction.span)?;
        let mut shell = Shell::new(made, &self.file.context, instruction, &self.processor);
        shell.is_offline = options.is_offline;
        shell.read_only = mounted.iter().filter(|mount| mount.is_read_only).map(|mount| mount.target.clone()).collect();
        shell.writable = mounted.iter().filter(|mount| !mount.is_read_only).map(|mount| mount.target.clone()).collect();
        let status = carry_out(&mut shell, options.commands);
        let failure = shell.failure.take();
        unmount(mounted, made);
        match (status?, failure) {
            (false, Some(failure)) => Err(Box::new(failure)),
            (false, None) => {
                let message = "the check can't follow this command";
                not_followed(instruction, message, "write it in a simpler way")
            }
            (true, failure) => {
                made.masked = failure.or_else(|| made.masked.take());
                Ok(())
            }
        }
    }

    /// Puts what is mounted in place.
    fn mount(
        &self,
        index: usize,
        mounts: &[String],
        made: &mut Made,
        span: &Range<usize>,
    ) -> Result<Vec<Mounted>, Box<Trouble>> {
        let mut mounted = Vec::new();
        for mount in mounts {
            let fields: BTreeMap<&str, &str> =
                mount.split(',').map(|field| field.split_once('=').unwrap_or((field, "true"))).collect();
            let field = |names: &[&str]| {
                names
                    .iter()
                    .find_map(|name| fields.get(name))
                    .map(|value| words::engine(value, &made.all_variables()).concat())
            };
            let kind = fields.get("type").copied().unwrap_or("bind");
            if !matches!(kind, "cache" | "tmpfs" | "bind" | "secret" | "ssh") {
                let message = format!("RUN has no mount of the type `{kind}`");
                let help = "the types are bind, cache, tmpfs, secret, and ssh";
                return Err(Box::new(Trouble::new(Kind::Fails, span.clone(), message, "no such type", help)));
            }
            let Some(target) = field(&["target", "dst", "destination"]) else { continue };
            let target = join(&made.folder, &target);
            let is_writable =
                ["rw", "readwrite"].iter().any(|name| fields.get(name).is_some_and(|value| *value != "false"));
            let id = field(&["id"]).unwrap_or_else(|| target.clone());
            let (source, from) = (field(&["source", "src"]), field(&["from"]));
            if !matches!(kind, "cache" | "tmpfs" | "bind") {
                continue;
            }
            let hidden = made.files.take(&target);
            if kind == "bind" {
                // What a mount shows is what a COPY would bring.
                let to = serde_json::to_string(&[source.unwrap_or_else(|| ".".to_owned()), target.clone()])
                    .unwrap_or_default();
                let from = from.map(|from| format!("--from={from} ")).unwrap_or_default();
                let (rest, word) = (format!("{from}{to}"), "COPY".to_owned());
                let copied =
                    Instruction { word, whole: rest.clone(), rest, span: span.clone(), ..Instruction::default() };
                let trouble = copy::copy(&copied, made, &self.file.context, |from| self.other(from, index)).trouble;
                if let Some(trouble) = trouble {
                    return Err(Box::new(trouble));
                }
            } else {
                made.files.make_folder(&target);
                made.files.put_all(made.caches.get(&id).cloned().unwrap_or_default());
            }
            mounted.push(Mounted {
                target,
                is_read_only: kind == "bind" && !is_writable,
                is_cache: kind == "cache",
                id,
                hidden,
            });
        }
        Ok(mounted)
    }
}

/// Something that is there while a RUN runs.
struct Mounted {
    target: String,
    is_read_only: bool,
    is_cache: bool,
    id: String,
    /// What was there, and can't be seen meanwhile.
    hidden: Vec<(String, Node)>,
}

/// Takes away what was mounted, and shows again what it hid. A cache keeps what is in it.
fn unmount(mounted: Vec<Mounted>, made: &mut Made) {
    for mount in mounted.into_iter().rev() {
        let taken = made.files.take(&mount.target);
        if mount.is_cache {
            made.caches.insert(mount.id, taken);
        }
        made.files.put_all(mount.hidden);
    }
}

/// Whether the stage has a shell, and a user who may write anywhere.
fn can_run(instruction: &Instruction, made: &Made) -> Result<(), Box<Trouble>> {
    if bases::find(&made.root) == Base::Empty {
        let message = "scratch is empty: there is no shell to run this, and no Cargo";
        let help = format!(
            "start this stage from an image that includes a shell and Cargo, such as `FROM {}`",
            bases::example()
        );
        let (kind, span) = (Kind::Fails, instruction.span.clone());
        return Err(Box::new(Trouble::new(kind, span, message, "nothing to run it", help)));
    }
    match &made.user {
        Some((user, _)) if !["0", "root", "0:0", "root:root"].contains(&user.as_str()) => {
            let message = format!(
                "the check can't follow commands that run as user `{user}`, because it doesn't know which folders that user can write to"
            );
            let help = "build as root: only the program leaves this stage";
            not_followed(instruction, message, help)
        }
        _ => Ok(()),
    }
}

/// The options of a RUN, and what is behind them.
#[derive(Default)]
struct Options<'i> {
    mounts: Vec<String>,
    is_offline: bool,
    commands: &'i str,
}

impl<'i> Options<'i> {
    fn read(instruction: &'i Instruction) -> Result<Self, Box<Trouble>> {
        let mut options = Self { commands: &instruction.rest, ..Self::default() };
        while let Some(option) = options.commands.strip_prefix("--") {
            let (option, after) = option.split_once(char::is_whitespace).unwrap_or((option, ""));
            match option.split_once('=') {
                Some(("mount", mount)) => options.mounts.push(mount.to_owned()),
                Some(("network", "none")) => options.is_offline = true,
                Some(("network" | "security", _)) => {}
                _ => {
                    let message = format!("RUN has no option `--{option}`");
                    let help = "the options are --mount=…, --network=… and --security=…";
                    let (kind, span) = (Kind::Fails, instruction.span.clone());
                    return Err(Box::new(Trouble::new(kind, span, message, "no such option", help)));
                }
            }
            options.commands = after.trim_start();
        }
        Ok(options)
    }
}

/// Runs commands in the form in which they are written: as a script, as the words of one program, or as lines for a shell.
fn carry_out(shell: &mut Shell<'_>, commands: &str) -> Followed {
    let instruction = shell.instruction;
    let Instruction { rest, whole, documents, .. } = instruction;
    let is_script =
        words::documents(commands).len() == 1 && commands.starts_with("<<") && !commands.contains(char::is_whitespace);
    match (start(commands), documents.first()) {
        // `RUN <<EOF`: the text is the script, and each line of it may fail but the last one.
        (_, Some(document)) if is_script => {
            let body = &whole[document.body.clone()];
            match body.strip_prefix("#!").and_then(|body| body.lines().next()) {
                Some(program) if !program.contains("sh") => {
                    let message = format!("the check can't follow a script for {program}");
                    not_followed(instruction, message, "write them as shell commands")
                }
                _ => shell.run(body, Some(document.body.start), 0),
            }
        }
        // In words, without a shell.
        (Start::Words(words), _) => {
            shell.is_exec = true;
            let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''")));
            shell.run(&quoted.collect::<Vec<_>>().join(" "), None, 0)
        }
        (Start::Line(_), _) => {
            let begin = rest.len() - commands.len();
            shell.run(&whole[begin..], Some(begin), 0)
        }
    }
}
