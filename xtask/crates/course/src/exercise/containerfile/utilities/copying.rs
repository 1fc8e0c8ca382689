//! Files that go to another place within a stage: `cp`, `mv`, `install`, `ln`, `strip -o`.

use super::super::files::{File, Found, Node, What, above, join};
use super::super::recipe::Trouble;
use super::super::shell::{Followed, Shell};
use super::{changed_mode, has, make_folder, missing, paths};

/// How `cp` and `mv` treat what they find.
struct How {
    moves: bool,
    is_recursive: bool,
    /// Files keep their time and permissions.
    keeps: bool,
    /// A link becomes a link, and not what it points to.
    keeps_links: bool,
}

impl How {
    fn read(arguments: &[String], moves: bool) -> Self {
        let keeps = moves || has(arguments, 'p', "--preserve") || has(arguments, 'a', "--archive");
        let is_recursive = moves
            || has(arguments, 'r', "--recursive")
            || has(arguments, 'R', "-R")
            || has(arguments, 'a', "--archive");
        // `cp -r` keeps links as well.
        let follows = has(arguments, 'L', "--dereference") || has(arguments, 'H', "-H");
        let keeps_links =
            !follows && (is_recursive || has(arguments, 'P', "--no-dereference") || has(arguments, 'd', "-d"));
        Self { moves, is_recursive, keeps, keeps_links }
    }
}

/// `cp` and `mv`.
pub(super) fn copy(shell: &mut Shell<'_>, arguments: &[String], moves: bool) -> Followed {
    let mut arguments = arguments.to_vec();
    let mut folder = None;
    if let Some(at) = arguments.iter().position(|word| word == "-t") {
        folder = arguments.get(at + 1).cloned();
        arguments.drain(at..(at + 2).min(arguments.len()));
    }
    let how = How::read(&arguments, moves);
    let mut all = paths(&arguments);
    let to = match folder.as_deref().or_else(|| if all.len() > 1 { all.pop() } else { None }) {
        Some(to) => to.to_owned(),
        None => return no_place(shell, "copy"),
    };
    if all.len() > 1 && !matches!(shell.made.files.at(&join(&shell.folder, &to)), Found::Folder | Found::Unknown) {
        return shell.fails(
            format!("{to} isn't a folder, so it can't hold several files"),
            "not a folder",
            "make it first: `mkdir -p`",
        );
    }
    for from in all {
        if !copy_one(shell, from, &to, &how)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn no_place(shell: &mut Shell<'_>, verb: &str) -> Followed {
    shell.fails(
        format!("this names no destination to {verb} to"),
        "two paths are needed",
        "write a source and a destination",
    )
}

/// Copies or moves one file or folder.
fn copy_one(shell: &mut Shell<'_>, from: &str, to: &str, how: &How) -> Followed {
    let path = join(&shell.folder, from);
    let is_kept = how.keeps_links && shell.made.files.is_link(&path);
    let path = if is_kept { path } else { shell.made.files.resolve(&path) };
    let target = shell.made.files.destination(&shell.folder, from, to);
    // `cp -r src/. to`: what is in it.
    let target = if from.ends_with("/.") || from == "." { join(&shell.folder, to) } else { target };
    match shell.made.files.at(&path) {
        _ if is_kept => {}
        Found::Nothing => return missing(shell, &path),
        Found::Folder if !how.is_recursive => {
            return shell.fails(
                format!("{path} is a folder, and `cp` copies files"),
                "a folder",
                "write `cp -r`, or name the file",
            );
        }
        Found::Unknown => {
            let time = shell.made.tick();
            shell.make(&target, File::new(What::Unknown, time))?;
            return Ok(true);
        }
        _ => {}
    }
    if let Some(parent) = above(&target)
        && matches!(shell.made.files.at(parent), Found::Nothing | Found::File(_))
    {
        return shell.fails(
            format!("there is no folder {parent}"),
            "no such folder",
            format!("make it first: `mkdir -p {parent}`"),
        );
    }
    if target.starts_with(&format!("{}/", path.trim_end_matches('/'))) {
        return shell.fails(
            format!("{path} can't be copied or moved into itself"),
            "into itself",
            "copy its contents to a different folder",
        );
    }
    shell.has_room(shell.made.files.below(&path).len(), &target)?;
    put_below(shell, &path, &target, how)
}

/// Puts a file, or a folder with all that is in it, at another path.
fn put_below(shell: &mut Shell<'_>, path: &str, target: &str, how: &How) -> Followed {
    let nodes = if how.moves { shell.made.files.take(path) } else { shell.made.files.below(path) };
    let time = shell.made.tick();
    for (own, node) in nodes {
        let place = join(target, own.strip_prefix(path).unwrap_or_default().trim_start_matches('/'));
        match node {
            Node::File(mut file) => {
                file.time = if how.keeps { file.time } else { time };
                let is_new = how.keeps || matches!(file.what, What::Link(_));
                if !(if is_new { shell.put(&place, file)? } else { shell.make(&place, file)? }) {
                    return Ok(false);
                }
            }
            folder @ Node::Folder(_) => shell.made.files.put_all([(place, folder)]),
        }
    }
    Ok(true)
}

pub(super) fn install(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let (mode, rest) = install_mode(shell, arguments)?;
    if has(&rest, 'd', "--directory") {
        let folders: Vec<String> =
            std::iter::once("-p".to_owned()).chain(paths(&rest).into_iter().map(str::to_owned)).collect();
        return make_folder(shell, &folders);
    }
    let makes_folders = has(&rest, 'D', "-D");
    let to = match rest.iter().position(|word| word == "-t") {
        Some(at) => rest.get(at + 1).cloned(),
        None => paths(&rest).last().map(|to| (*to).to_owned()),
    };
    let Some(to) = to else { return no_place(shell, "install") };
    if makes_folders {
        let path = join(&shell.folder, &to);
        let is_folder = rest.iter().any(|word| word == "-t");
        let folder = if is_folder { path.as_str() } else { above(&path).unwrap_or("/") };
        shell.made.files.make_folder(folder);
    }
    let froms: Vec<String> = paths(&rest).into_iter().filter(|path| **path != to).map(str::to_owned).collect();
    let options: Vec<String> = rest.iter().filter(|word| *word != "-D").cloned().collect();
    if !copy(shell, &options, false)? {
        return Ok(false);
    }
    for from in froms {
        let path = shell.made.files.destination(&shell.folder, &from, &to);
        if let Some(file) = shell.made.files.file_mut(&path) {
            file.mode = mode;
        }
        // `to` was a name of its own before, and is a file now.
        if let Some(file) = shell.made.files.file_mut(&join(&shell.folder, &to)) {
            file.mode = mode;
        }
    }
    Ok(true)
}

/// The permissions that `install` gives, and its words without those about permissions and owners.
fn install_mode(shell: &Shell<'_>, arguments: &[String]) -> Result<(u32, Vec<String>), Box<Trouble>> {
    let mut mode = 0o755;
    let mut rest: Vec<String> = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = match word.as_str() {
            "-m" | "--mode" => words.next().cloned(),
            "-o" | "-g" => {
                words.next();
                continue;
            }
            other => other.strip_prefix("--mode=").or_else(|| other.strip_prefix("-m")).map(str::to_owned),
        };
        // `-Dm755` is two options in one.
        let value = value.or_else(|| word.strip_prefix("-Dm").map(str::to_owned));
        if word.starts_with("-Dm") {
            rest.push("-D".to_owned());
            if value.as_deref() == Some("") {
                mode = changed_mode(mode, words.next().map_or("", String::as_str)).unwrap_or(mode);
                continue;
            }
        }
        match value {
            Some(value) => match changed_mode(0, &value) {
                Some(changed) => mode = changed,
                None => return shell.not_followed(format!("the mode `{value}`"), "write it as a number, such as 0755"),
            },
            None => rest.push(word.clone()),
        }
    }
    Ok((mode, rest))
}

/// `ln` and `ln -s`. A COPY that names a symbolic link takes what it points to, and one of its folder takes the link.
pub(super) fn link(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let is_symbolic = has(arguments, 's', "--symbolic");
    let all = paths(arguments);
    let [from, to] = all.as_slice() else {
        return shell.not_followed("this `ln`", "write `ln -s FILE NAME`, or copy the file with `cp`");
    };
    let target = shell.made.files.destination(&shell.folder, from, to);
    let seen_from = if is_symbolic { above(&target).unwrap_or("/").to_owned() } else { shell.folder.clone() };
    let is_there = matches!(shell.made.files.at(&target), Found::File(_)) || shell.made.files.is_link(&target);
    if is_there && !has(arguments, 'f', "--force") {
        return shell.fails(format!("{target} already exists"), "it exists", "write `ln -sf`, or use a different name");
    }
    if arguments.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('r')) {
        return shell.not_followed("`ln -r`", "write `ln -s` with the whole path, or copy the file with `cp`");
    }
    let file = match shell.made.files.at(&join(&seen_from, from)) {
        Found::Folder => {
            return shell.not_followed("a link to a folder", "name the folder itself, or copy the file with `cp`");
        }
        _ if is_symbolic => {
            let time = shell.made.tick();
            File { mode: 0o777, ..File::new(What::Link((*from).to_owned()), time) }
        }
        Found::File(file) => file.clone(),
        Found::Nothing => return missing(shell, &join(&seen_from, from)),
        Found::Unknown => File::new(What::Unknown, 0),
    };
    shell.put(&target, file)
}

pub(super) fn strip(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let mut all = paths(arguments);
    if let Some(at) = arguments.iter().position(|word| word == "-o") {
        let to = arguments.get(at + 1).cloned().unwrap_or_default();
        let from: Vec<String> = all.iter().filter(|path| **path != to).map(|path| (*path).to_owned()).collect();
        let words: Vec<String> = from.into_iter().chain([to]).collect();
        return copy(shell, &words, false);
    }
    // The program does what it did; the check measures what Cargo makes of the profile.
    all.retain(|path| !path.is_empty());
    for path in all {
        let path = join(&shell.folder, path);
        if matches!(shell.made.files.at(&path), Found::Nothing) {
            return missing(shell, &path);
        }
    }
    Ok(true)
}
