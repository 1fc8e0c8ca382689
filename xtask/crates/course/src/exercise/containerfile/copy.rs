//! COPY and ADD: which files they take from where, and where these go.

use super::bases::{self, Base};
use super::context::{self, Context};
use super::files::{Contents, File, Files, Found, Node, What, join, name};
use super::recipe::{Build, Kind, Made, Trouble};
use super::utilities::changed_mode;
use super::words;
use super::{Instruction, words::Variables};
use std::ops::Range;

/// Files that an instruction brings into a stage.
#[derive(Debug, PartialEq, Eq)]
pub struct Copied {
    /// The files as they are named there.
    pub from: Vec<String>,
    /// How it was built, if it is the program, as a stage above has built it, and nothing else.
    pub program: Option<Build>,
    /// Where that program goes, or else what is named as the destination.
    pub to: String,
    /// The line.
    pub span: Range<usize>,
    /// Why an engine would not do it.
    pub trouble: Option<Trouble>,
}

/// What COPY can take from.
pub(super) enum Other<'a> {
    /// A stage above.
    Stage(&'a Made),
    /// A stage that failed, or wasn't followed. Its content isn't known.
    Broken,
    /// A different image.
    Image,
}

/// The flags before the words.
#[derive(Default)]
struct Flags {
    from: Option<String>,
    mode: Option<String>,
    owner: Option<String>,
    keeps_parents: bool,
    wrong: Option<String>,
}

/// Brings files into a stage.
pub(super) fn copy<'a>(
    instruction: &Instruction,
    made: &mut Made,
    context: &Context,
    other: impl Fn(&str) -> Other<'a>,
) -> Copied {
    let variables = made.all_variables();
    let (flags, rest) = flags(instruction, &variables);
    let (documents, mut words) = split(instruction, rest, &variables);
    let to = words.pop().unwrap_or_default();
    let mut copied = Copied { from: words.clone(), program: None, to, span: instruction.span.clone(), trouble: None };
    copied.from.extend(documents.iter().map(|(name, _)| format!("<<{name}")));
    copied.trouble = refused(instruction, flags.wrong.as_deref(), &words, &copied);
    if copied.trouble.is_some() {
        return copied;
    }
    match sources(instruction, &words, context, flags.from.as_deref().map(other).as_ref()) {
        Ok(mut all) => {
            for (name, text) in documents {
                let time = made.tick();
                all.push((name, vec![(String::new(), Node::File(File::new(What::Written(text), time)))]));
            }
            copied.trouble = place(made, &flags, &all, &mut copied, instruction);
        }
        Err(trouble) => copied.trouble = Some(*trouble),
    }
    copied
}

/// Why the words of an instruction copy nothing: a wrong flag, a word that only a shell could fill in, or too few words.
fn refused(instruction: &Instruction, wrong_flag: Option<&str>, words: &[String], copied: &Copied) -> Option<Trouble> {
    let word = &instruction.word;
    let trouble = |kind, message: String, label: &str, help: &str| {
        Some(Trouble::new(kind, instruction.span.clone(), message, label, help))
    };
    match wrong_flag {
        None => {}
        Some("--from") if word == "ADD" => {
            return trouble(Kind::Fails, "ADD has no `--from`".to_owned(), "not an option of ADD", "write COPY");
        }
        Some(known @ ("--exclude" | "--checksum" | "--keep-git-dir" | "--unpack")) => {
            let message = format!("the check can't follow `{known}`");
            return trouble(Kind::NotFollowed, message, "not followed here", "remove it");
        }
        Some(wrong) => {
            let help = "the options are --from=STAGE, --chmod=MODE, --chown=USER:GROUP and --link";
            return trouble(Kind::Fails, format!("{word} has no option `{wrong}`"), "no such option", help);
        }
    }
    if words.iter().chain([&copied.to]).any(|word| word.contains("$(") || word.contains('`')) {
        return Some(substitution(instruction));
    }
    if copied.from.is_empty() || copied.to.is_empty() {
        let message = format!("{word} needs a file and a destination");
        return trouble(Kind::Fails, message, "two paths are needed", "write a source and a destination");
    }
    None
}

/// The files that the words name; `other`: not the files next to the Containerfile.
fn sources(
    instruction: &Instruction,
    words: &[String],
    context: &Context,
    other: Option<&Other<'_>>,
) -> Result<Taken, Box<Trouble>> {
    let mut all = Taken::new();
    for pattern in words {
        if instruction.word == "ADD" && (pattern.contains("://") || is_archive(pattern)) {
            let message = format!("the check can't follow ADD of {pattern}");
            let help = "copy the files themselves, with COPY";
            let (kind, span) = (Kind::NotFollowed, instruction.span.clone());
            return Err(Box::new(Trouble::new(kind, span, message, "not followed here", help)));
        }
        match other {
            None => all.extend(of_context(context, pattern, instruction)?),
            Some(Other::Stage(stage)) => all.extend(of_stage(&stage.files, pattern, stage, instruction)?),
            Some(Other::Image) => {
                let unknown = Node::File(File::new(What::Unknown, 0));
                all.push((name(pattern).to_owned(), vec![(String::new(), unknown)]));
            }
            Some(Other::Broken) => {}
        }
    }
    Ok(all)
}

/// A word with `$(…)` in it.
pub(super) fn substitution(instruction: &Instruction) -> Trouble {
    let command = instruction.rest.split_once("$(").map_or("…", |(_, rest)| rest.split(')').next().unwrap_or(rest));
    let message = format!("{} doesn't run `$({command})`: only a RUN has a shell", instruction.word);
    let help = "write the target's name itself, which `rustc --print host-tuple` prints; or, in the RUN that builds the file, copy it to a fixed path: `&& cp \"target/$(rustc --print host-tuple)/…\" /out`";
    Trouble::new(Kind::Fails, instruction.span.clone(), message, "taken literally", help)
}

/// The flags, and what follows them.
fn flags<'i>(instruction: &'i Instruction, variables: &Variables) -> (Flags, &'i str) {
    let mut flags = Flags::default();
    let mut rest = instruction.rest.as_str();
    while rest.starts_with("--") {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let flag = words::engine(&rest[..end], variables).concat();
        rest = rest[end..].trim_start();
        match flag.split_once('=') {
            Some(("--from", value)) if instruction.word == "COPY" => flags.from = Some(value.to_owned()),
            Some(("--chmod", value)) => flags.mode = Some(value.to_owned()),
            Some(("--chown", value)) => flags.owner = Some(value.to_owned()),
            Some(("--link", _)) => {}
            Some(("--parents", value)) => flags.keeps_parents = value == "true",
            None if flag == "--link" => {}
            None if flag == "--parents" => flags.keeps_parents = true,
            _ => flags.wrong = Some(flag.split('=').next().unwrap_or_default().to_owned()),
        }
    }
    (flags, rest)
}

/// The here-documents and the words.
fn split(instruction: &Instruction, rest: &str, variables: &Variables) -> (Vec<(String, String)>, Vec<String>) {
    if let Ok(words) = serde_json::from_str::<Vec<String>>(rest) {
        let words =
            words.iter().map(|word| words::engine(&format!("\"{}\"", word.replace('"', "\\\"")), variables).concat());
        return (Vec::new(), words.collect());
    }
    let documents = instruction.documents.iter().map(|document| {
        let text = instruction.whole.get(document.body.clone()).unwrap_or_default();
        (document.name.clone(), text.to_owned())
    });
    let words = words::engine(rest, variables).into_iter().filter(|word| !word.starts_with("<<"));
    (documents.collect(), words.collect())
}

fn is_archive(pattern: &str) -> bool {
    [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip"].iter().any(|end| pattern.ends_with(end))
}

/// For each source its name, and what is in it by relative paths. A folder's own name is empty, since its content is copied.
type Taken = Vec<(String, Vec<(String, Node)>)>;

/// Files of the context.
fn of_context(context: &Context, pattern: &str, instruction: &Instruction) -> Result<Taken, Box<Trouble>> {
    let wanted = join("/", pattern).trim_start_matches('/').to_owned();
    let file = |path: &String| Node::File(File::new(What::Context(path.clone()), 0));
    let folder = |folder: &str| {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = context.files.iter().filter_map(|path| Some((path.strip_prefix(&prefix)?.to_owned(), file(path))));
        inside.collect::<Vec<_>>()
    };
    if wanted.is_empty() {
        return Ok(vec![(String::new(), folder(""))]);
    }
    if context.files.contains(&wanted) {
        return Ok(vec![(wanted.clone(), vec![(String::new(), file(&wanted))])]);
    }
    let inside = folder(&wanted);
    if !inside.is_empty() {
        return Ok(vec![(String::new(), inside)]);
    }
    let depth = wanted.split('/').count();
    let mut found = Taken::new();
    if wanted.contains(['*', '?', '[']) {
        for path in &context.files {
            let parts: Vec<&str> = path.split('/').collect();
            let head = parts[..depth.min(parts.len())].join("/");
            if parts.len() < depth || !context::matches(&wanted, &head) {
                continue;
            }
            if parts.len() == depth {
                found.push((path.clone(), vec![(String::new(), file(path))]));
            } else {
                found.push((String::new(), vec![(parts[depth..].join("/"), file(path))]));
            }
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let is_below = |path: &&String| **path == wanted || path.starts_with(&format!("{wanted}/"));
    let (message, help) = match context.ignored.iter().find(is_below) {
        Some(_) => (
            format!(".dockerignore excludes {pattern}, so it isn't in the build context"),
            "Cargo needs Cargo.toml, Cargo.lock and src; nothing else has to be copied".to_owned(),
        ),
        None => (
            format!("{pattern} isn't one of the course's files in the exercise's folder"),
            "Cargo needs only Cargo.toml, Cargo.lock and src; any other file in your folder isn't handed in".to_owned(),
        ),
    };
    Err(Box::new(Trouble::new(Kind::Absent, instruction.span.clone(), message, "no such file", help)))
}

/// Files of a stage above.
fn of_stage(files: &Files, pattern: &str, stage: &Made, instruction: &Instruction) -> Result<Taken, Box<Trouble>> {
    let path = join("/", pattern);
    let one = |path: &str| match files.at(path) {
        Found::File(file) => Some((path.to_owned(), vec![(String::new(), Node::File(file.clone()))])),
        Found::Folder => {
            let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
            let mut inside: Vec<(String, Node)> = files
                .below(path)
                .into_iter()
                .filter_map(|(own, node)| Some((own.strip_prefix(&prefix)?.to_owned(), node)))
                .filter(|(own, _)| !own.is_empty())
                .collect();
            // Unknown files are copied along.
            if files.below(path).iter().any(|(_, node)| matches!(node, Node::Folder(Contents::Any | Contents::System)))
                || inside.is_empty() && !is_made(files, path)
            {
                inside.push((UNNAMED.to_owned(), Node::File(File::new(What::Unknown, 0))));
            }
            Some((String::new(), inside))
        }
        Found::Unknown => Some((path.to_owned(), vec![(String::new(), Node::File(File::new(What::Unknown, 0)))])),
        Found::Nothing => None,
    };
    let mut found: Taken = Vec::new();
    if path.contains(['*', '?', '[']) {
        let is_match = |own: &&(String, Node)| context::matches(&path, &own.0);
        found.extend(files.below("/").iter().filter(is_match).filter_map(|(own, _)| one(own)));
    } else {
        found.extend(one(&path));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let message = format!("there is no {path} in the stage above");
    let trouble = match (&stage.masked, stage.found_program()) {
        (Some(masked), None) => masked.clone(),
        (_, found) => {
            let help = found.map_or("check the path".to_owned(), |found| format!("Cargo puts the program at {found}"));
            Trouble::new(Kind::Absent, instruction.span.clone(), message, "no such file", help)
        }
    };
    Err(Box::new(trouble))
}

/// Where a system has files.
const UNNAMED: &str = "…";

fn is_made(files: &Files, path: &str) -> bool {
    files.below(path).iter().any(|(own, _)| own == path)
}

/// Puts them where they go.
fn place(
    made: &mut Made,
    flags: &Flags,
    all: &Taken,
    copied: &mut Copied,
    instruction: &Instruction,
) -> Option<Trouble> {
    let fails = |message: String, label: &str, help: &str| {
        Some(Trouble::new(Kind::Fails, instruction.span.clone(), message, label, help))
    };
    let to = copied.to.clone();
    let path = join(&made.folder, &to);
    let is_folder = means_folder(&to) || matches!(made.files.at(&path), Found::Folder);
    if all.len() > 1 && !is_folder {
        let message = format!("several files can't be copied to {to}, which isn't a folder");
        return fails(message, "not a folder", "end the destination with a slash");
    }
    let owner = match owner(flags.owner.as_deref(), &made.root) {
        Ok(owner) => owner,
        Err(message) => return fails(message, "not found", "give numbers: `--chown=65534:65534`"),
    };
    let mut files: Vec<(String, File)> = Vec::new();
    for (from, nodes) in all {
        for (inner, node) in nodes {
            let target = match (from.is_empty(), flags.keeps_parents) {
                (true, _) => join(&path, inner),
                (false, true) => join(&path, from),
                (false, false) if is_folder => join(&path, name(from)),
                (false, false) => path.clone(),
            };
            match node {
                Node::File(file) => {
                    let Some(file) = with_flags(file, flags, owner) else {
                        let message = format!("`--chmod={}` isn't a mode", flags.mode.as_deref().unwrap_or_default());
                        return fails(message, "not a mode", "write it as a number: `--chmod=0755`");
                    };
                    files.push((target, file));
                }
                folder @ Node::Folder(_) => made.files.put_all([(target, folder.clone())]),
            }
        }
        if from.is_empty() {
            made.files.make_folder(&path);
        }
    }
    if made.files.len() + files.len() > super::files::MOST {
        let message = "the check can't follow so many files".to_owned();
        return Some(Trouble::new(
            Kind::NotFollowed,
            instruction.span.clone(),
            message,
            "not followed here",
            "copy only what is needed",
        ));
    }
    if let [(target, File { what: What::Program(build), .. })] = files.as_slice() {
        copied.program = Some((**build).clone());
        copied.to.clone_from(target);
    }
    for (target, file) in files {
        made.files.put(&target, file);
    }
    None
}

/// Whether the way in which a destination is written makes it a folder.
fn means_folder(to: &str) -> bool {
    to.ends_with('/') || to.ends_with("/.") || matches!(to, "." | "..")
}

/// A file with the permissions and owner that the flags give it; none if these aren't valid permissions.
fn with_flags(file: &File, flags: &Flags, owner: (u32, u32)) -> Option<File> {
    let mode = match &flags.mode {
        None => file.mode,
        Some(mode) => changed_mode(file.mode, mode)?,
    };
    Some(File { mode, owner, ..file.clone() })
}

/// `--chown`. Names can only be looked up where there is a system.
fn owner(owner: Option<&str>, root: &str) -> Result<(u32, u32), String> {
    let Some(owner) = owner else { return Ok((0, 0)) };
    let mut numbers = owner.split(':').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(user)), None) => Ok((user, user)),
        (Some(Ok(user)), Some(Ok(group))) => Ok((user, group)),
        _ if bases::find(root) == Base::Empty => {
            Err(format!("`--chown={owner}` is a name, but an empty image has no /etc/passwd to look it up in"))
        }
        // Some user of the system, and not the one in question.
        _ => Ok((u32::MAX, u32::MAX)),
    }
}
