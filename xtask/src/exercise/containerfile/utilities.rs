//! What the small programs of a system do with files, as far as Containerfiles use them: `cp`, `mkdir`, `chmod`, …

use super::bases::{self, Base};
use super::files::{File, Found, Node, What, above, join, name};
use super::recipe::Tools;
use super::shell::{Command, Followed, Shell};
use super::words::UNKNOWN;

/// Commands that change nothing an image for a program is judged by. They succeed.
const HARMLESS: [&str; 47] = [
    "addgroup", "adduser", "apt-cache", "apt-key", "apt-mark", "arch", "awk", "cat", "chgrp", "chown", "clear", "cut", "date", "df", "dpkg",
    "du", "echo", "egrep", "env", "find-debuginfo", "getconf", "grep", "groupadd", "head", "hostname", "id", "ldconfig", "nproc",
    "printenv", "printf", "ps", "pwd", "sha256sum", "shopt", "sleep", "sort", "sync", "tail", "tr", "trap", "ulimit", "umask", "uname",
    "update-ca-certificates", "useradd", "wc", "which",
];

/// Commands that read the files which they are given, and fail without them.
const READERS: [&str; 9] = ["file", "ldd", "ls", "md5sum", "nm", "objdump", "readelf", "size", "stat"];

/// Runs one of them.
pub fn run(shell: &mut Shell<'_>, command: &Command<'_>) -> Followed {
    let whole = command.words[0].as_str();
    let short = name(whole);
    let arguments = command.arguments();
    let changes_files =
        ["cp", "mv", "install", "mkdir", "rm", "rmdir", "touch", "chmod", "ln", "strip", "tee", "sed", "truncate", "dd"].contains(&short);
    if changes_files && arguments.iter().any(|word| word.contains(UNKNOWN)) {
        let what = format!("`{short}` with a word that another command prints");
        return shell.not_followed(what, "write the path as it is, or put `$(rustc --print host-tuple)` there");
    }
    match short {
        "mkdir" => make_folder(shell, arguments),
        "cp" => copy(shell, arguments, false),
        "mv" => copy(shell, arguments, true),
        "install" => install(shell, arguments),
        "ln" => link(shell, arguments),
        "rm" | "rmdir" => remove(shell, arguments),
        "touch" => touch(shell, arguments),
        "chmod" => change_mode(shell, arguments),
        "strip" => strip(shell, arguments),
        "echo" | "printf" | "cat" if command.output.is_some() => write(shell, command),
        "tee" => {
            for path in arguments.iter().filter(|word| !word.starts_with('-')) {
                let path = join(&shell.folder, path);
                shell.write(&path, command.input.unwrap_or_default())?;
            }
            Ok(true)
        }
        "test" | "[" => test(shell, arguments),
        "apt-get" | "apt" | "apk" => packages(shell, short, arguments),
        _ if READERS.contains(&short) => read(shell, short, arguments),
        _ if HARMLESS.contains(&short) => match command.output {
            // What it writes isn't known, but that is.
            Some(path) => {
                let time = shell.made.tick();
                shell.put(path, File::new(What::Unknown, time))
            }
            None => Ok(true),
        },
        _ if whole.contains('/') => program(shell, whole),
        _ => shell.not_followed(
            format!("what `{short}` does"),
            "leave it out, or keep to Cargo, rustup, and the usual commands for files",
        ),
    }
}

/// The words that are no options. A `--` ends the options.
fn paths(arguments: &[String]) -> Vec<&str> {
    let mut options = true;
    let mut found = Vec::new();
    for word in arguments {
        match word.as_str() {
            "--" if options => options = false,
            word if options && word.starts_with('-') && word.len() > 1 => {}
            word => found.push(word),
        }
    }
    found
}

fn has(arguments: &[String], short: char, long: &str) -> bool {
    let is_short = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.contains(short);
    arguments.iter().any(|word| is_short(word) || word == long)
}

fn missing(shell: &mut Shell<'_>, path: &str) -> Followed {
    // A command above that failed, and was not noticed, is why.
    let help = match shell.made.found_program() {
        Some(found) if name(&found) == name(path) => format!("Cargo puts the program at {found}"),
        _ => "make or copy it above this line, or correct the path".to_owned(),
    };
    shell.fails(format!("there is no {path} in this stage"), "no such file", help)
}

fn make_folder(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let with_parents = has(arguments, 'p', "--parents");
    for path in paths(arguments) {
        let path = join(&shell.folder, path);
        let is_there = matches!(shell.made.files.at(&path), Found::Folder | Found::File(_));
        if is_there && !with_parents {
            return shell.fails(format!("{path} is there already"), "it exists", "write `mkdir -p`");
        }
        let parent = above(&path).unwrap_or("/").to_owned();
        if !with_parents && matches!(shell.made.files.at(&parent), Found::Nothing | Found::File(_)) {
            return shell.fails(format!("there is no folder {parent}"), "no such folder", "write `mkdir -p`");
        }
        if !shell.can_write(&path) {
            return shell.fails(format!("{path} can't be made: the folder is mounted read-only"), "read-only", "use another folder");
        }
        shell.has_room(1, &path)?;
        shell.made.files.make_folder(&path);
    }
    Ok(true)
}

/// `cp` and `mv`.
fn copy(shell: &mut Shell<'_>, arguments: &[String], moves: bool) -> Followed {
    let mut arguments = arguments.to_vec();
    let mut folder = None;
    if let Some(at) = arguments.iter().position(|word| word == "-t") {
        folder = arguments.get(at + 1).cloned();
        arguments.drain(at..(at + 2).min(arguments.len()));
    }
    let keeps = moves || has(&arguments, 'p', "--preserve") || has(&arguments, 'a', "--archive");
    let is_recursive = moves || has(&arguments, 'r', "--recursive") || has(&arguments, 'R', "-R") || has(&arguments, 'a', "--archive");
    let mut all = paths(&arguments);
    let to = match folder.as_deref().or_else(|| if all.len() > 1 { all.pop() } else { None }) {
        Some(to) => to.to_owned(),
        None => return shell.fails("this names no place to copy to", "two paths are needed", "write from where, and to where"),
    };
    if all.len() > 1 && !matches!(shell.made.files.at(&join(&shell.folder, &to)), Found::Folder | Found::Unknown) {
        return shell.fails(format!("{to} is not a folder, and several files can't go to one name"), "not a folder", "make it first: `mkdir -p`");
    }
    for from in all {
        let path = join(&shell.folder, from);
        let target = shell.made.files.destination(&shell.folder, from, &to);
        // `cp -r src/. to`: what is in it.
        let target = if from.ends_with("/.") || from == "." { join(&shell.folder, &to) } else { target };
        match shell.made.files.at(&path) {
            Found::Nothing => return missing(shell, &path),
            Found::Folder if !is_recursive => {
                return shell.fails(format!("{path} is a folder, and `cp` copies files"), "a folder", "write `cp -r`, or name the file");
            }
            Found::Unknown => {
                let time = shell.made.tick();
                shell.put(&target, File::new(What::Unknown, time))?;
                continue;
            }
            _ => {}
        }
        if let Some(parent) = above(&target)
            && matches!(shell.made.files.at(parent), Found::Nothing | Found::File(_))
        {
            return shell.fails(format!("there is no folder {parent}"), "no such folder", format!("make it first: `mkdir -p {parent}`"));
        }
        if target.starts_with(&format!("{}/", path.trim_end_matches('/'))) {
            return shell.fails(format!("{path} can't go into itself"), "into itself", "copy what is in it to another folder");
        }
        shell.has_room(shell.made.files.below(&path).len(), &target)?;
        let nodes = if moves { shell.made.files.take(&path) } else { shell.made.files.below(&path) };
        let time = shell.made.tick();
        for (own, node) in nodes {
            let place = join(&target, own.strip_prefix(&path).unwrap_or_default().trim_start_matches('/'));
            match node {
                Node::File(mut file) => {
                    file.time = if keeps { file.time } else { time };
                    if !shell.put(&place, file)? {
                        return Ok(false);
                    }
                }
                folder => shell.made.files.put_all([(place, folder)]),
            }
        }
    }
    Ok(true)
}

fn install(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
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
    if has(&rest, 'd', "--directory") {
        let folders: Vec<String> = std::iter::once("-p".to_owned()).chain(paths(&rest).into_iter().map(str::to_owned)).collect();
        return make_folder(shell, &folders);
    }
    let makes_folders = has(&rest, 'D', "-D");
    let to = match rest.iter().position(|word| word == "-t") {
        Some(at) => rest.get(at + 1).cloned(),
        None => paths(&rest).last().map(|to| (*to).to_owned()),
    };
    let Some(to) = to else { return shell.fails("this names no place to install to", "two paths are needed", "write from where, and to where") };
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

/// A link to a file holds what that file holds: that is what COPY takes.
fn link(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let is_symbolic = has(arguments, 's', "--symbolic");
    let all = paths(arguments);
    let [from, to] = all.as_slice() else { return shell.not_followed("this `ln`", "write `ln -s FILE NAME`, or copy the file with `cp`") };
    let target = shell.made.files.destination(&shell.folder, from, to);
    let seen_from = if is_symbolic { above(&target).unwrap_or("/").to_owned() } else { shell.folder.clone() };
    let file = match shell.made.files.at(&join(&seen_from, from)) {
        Found::File(file) => file.clone(),
        Found::Folder => return shell.not_followed("a link to a folder", "name the folder itself, or copy the file with `cp`"),
        Found::Nothing if !is_symbolic => return missing(shell, &join(&seen_from, from)),
        Found::Nothing | Found::Unknown => File::new(What::Unknown, 0),
    };
    shell.put(&target, file)
}

fn remove(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let forced = has(arguments, 'f', "--force");
    for path in paths(arguments) {
        let path = join(&shell.folder, path);
        match shell.made.files.at(&path) {
            Found::Nothing if !forced => return missing(shell, &path),
            Found::Folder if !has(arguments, 'r', "--recursive") && !has(arguments, 'R', "-R") => {
                return shell.fails(format!("{path} is a folder, and `rm` removes files"), "a folder", "write `rm -r`");
            }
            _ => drop(shell.made.files.take(&path)),
        }
    }
    Ok(true)
}

fn touch(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    if has(arguments, 'd', "--date") || has(arguments, 't', "--time") || has(arguments, 'r', "--reference") {
        return shell.not_followed("`touch` with a time", "leave the time out: it is then now");
    }
    for path in paths(arguments) {
        let path = join(&shell.folder, path);
        let time = shell.made.tick();
        if let Some(file) = shell.made.files.file_mut(&path) {
            file.time = time;
        } else if !matches!(shell.made.files.at(&path), Found::Folder) && !shell.write(&path, "")? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn change_mode(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    // `chmod -x FILE`: a mode that looks like an option.
    let is_option = |word: &String| ["-R", "-f", "-v", "-c", "-Rf", "-fR", "--recursive"].contains(&word.as_str());
    let rest: Vec<&String> = arguments.iter().filter(|word| !is_option(word)).collect();
    let Some((mode, files)) = rest.split_first() else { return Ok(true) };
    for path in files {
        let path = join(&shell.folder, path);
        match shell.made.files.at(&path) {
            Found::Nothing => return missing(shell, &path),
            Found::Unknown => continue,
            _ => {}
        }
        for (own, file) in shell.made.files.files_below(&path) {
            let Some(changed) = changed_mode(file.mode, mode) else {
                return shell.not_followed(format!("the mode `{mode}`"), "write it as a number, such as 0755");
            };
            shell.made.files.file_mut(&own).into_iter().for_each(|file| file.mode = changed);
        }
    }
    Ok(true)
}

/// `0755`, `u+x`, `a=rx,u+w`.
pub fn changed_mode(before: u32, mode: &str) -> Option<u32> {
    if !mode.is_empty() && mode.bytes().all(|byte| byte.is_ascii_digit()) {
        return u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o7777);
    }
    let mut result = before;
    for clause in mode.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(at);
        let (operator, letters) = rest.split_at(1);
        let all = who.is_empty() || who.contains('a');
        let (mut mask, mut bits) = (0, 0);
        for (letter, shift) in [('u', 6), ('g', 3), ('o', 0)] {
            if all || who.contains(letter) {
                mask |= 0o7 << shift;
                for (permission, bit) in [('r', 4), ('w', 2), ('x', 1)] {
                    bits |= if letters.contains(permission) { bit << shift } else { 0 };
                }
                let has_any = result & 0o111 != 0;
                bits |= if letters.contains('X') && has_any { 1 << shift } else { 0 };
            }
        }
        if !who.chars().all(|c| "ugoa".contains(c)) || !letters.chars().all(|c| "rwxXst".contains(c)) {
            return None;
        }
        result = match operator {
            "+" => result | bits,
            "-" => result & !bits,
            _ => (result & !mask) | bits,
        };
    }
    Some(result)
}

fn strip(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
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

/// `echo … > FILE`, `cat <<EOF > FILE`.
fn write(shell: &mut Shell<'_>, command: &Command<'_>) -> Followed {
    let (Some(path), short) = (command.output, name(&command.words[0])) else { return Ok(true) };
    let words = command.arguments();
    let named = paths(words);
    let time = shell.made.tick();
    let what = match (short, named.as_slice(), command.input) {
        ("cat", [], Some(input)) => What::Written(input.to_owned()),
        // A copy.
        ("cat", [from], _) => match shell.made.files.at(&join(&shell.folder, from)) {
            Found::File(file) => file.what.clone(),
            Found::Nothing => return missing(shell, &join(&shell.folder, from)),
            _ => What::Unknown,
        },
        ("echo" | "printf", ..) => What::Written(words.join(" ")),
        _ => What::Unknown,
    };
    shell.put(path, File::new(what, time))
}

fn read(shell: &mut Shell<'_>, short: &str, arguments: &[String]) -> Followed {
    for path in paths(arguments) {
        let path = join(&shell.folder, path);
        if matches!(shell.made.files.at(&path), Found::Nothing) && !path.contains(UNKNOWN) {
            return missing(shell, &path);
        }
    }
    // `ldd` calls a static program a failure, and says so in words that differ between systems.
    if short == "ldd" {
        return shell.not_followed("whether `ldd` fails", "look at the program outside of the Containerfile");
    }
    Ok(true)
}

fn test(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "]").collect();
    let unknown = words.iter().any(|word| word.contains(UNKNOWN));
    let result = match words.as_slice() {
        _ if unknown => None,
        ["-e" | "-f" | "-x" | "-s" | "-r", path] => match shell.made.files.at(&join(&shell.folder, path)) {
            Found::File(_) => Some(true),
            Found::Nothing => Some(false),
            Found::Folder => Some(words[0] != "-f"),
            Found::Unknown => None,
        },
        ["-d", path] => match shell.made.files.at(&join(&shell.folder, path)) {
            Found::Folder => Some(true),
            Found::File(_) | Found::Nothing => Some(false),
            Found::Unknown => None,
        },
        ["-n", text] => Some(!text.is_empty()),
        ["-z", text] => Some(text.is_empty()),
        [one, "=" | "==", other] => Some(one == other),
        [one, "!=", other] => Some(one != other),
        _ => None,
    };
    match result {
        Some(true) => Ok(true),
        Some(false) => shell.fails(format!("`test {}` is not true", words.join(" ")), "not true", "remove it, or make it true"),
        None => shell.not_followed("this test", "leave it out"),
    }
}

/// A package manager. It can bring a Cargo; everything else makes no difference here.
fn packages(shell: &mut Shell<'_>, manager: &str, arguments: &[String]) -> Followed {
    let base = bases::find(&shell.made.root);
    let own = match &base {
        Base::Cargo(toolchain) => Some(if toolchain.is_musl { "apk" } else { "apt-get" }),
        Base::System { manager, .. } => *manager,
        Base::Empty => None,
        Base::Unknown => Some(manager),
    };
    if own != Some(if manager == "apt" { "apt-get" } else { manager }) {
        let help = match own {
            Some(own) => format!("its package manager is `{own}`"),
            None => "begin with an image that has what you need".to_owned(),
        };
        return shell.fails(format!("there is no `{manager}` in {}", shell.made.base), "not found", help);
    }
    if shell.is_offline {
        return shell.fails("this RUN has no network", "needs the network", "take `--network=none` out");
    }
    let names = paths(arguments);
    let installs = names.first().is_some_and(|verb| matches!(*verb, "install" | "add"));
    let brings = ["cargo", "rust", "rustc", "rust-all", "rustup"];
    let asked = names.iter().find(|name| brings.contains(name) || name.starts_with("cargo-") || name.starts_with("cargo="));
    if let Some(asked) = asked.filter(|_| installs)
        && matches!(shell.made.tools, Tools::None | Tools::Unknown(_))
    {
        let packaged = match base {
            Base::System { packaged: Some(toolchain), .. } if *asked == "cargo" => Some(toolchain),
            _ => None,
        };
        shell.made.tools = match packaged {
            Some(toolchain) => Tools::Some(toolchain),
            None if matches!(shell.made.tools, Tools::Unknown(_)) => return Ok(true),
            None => Tools::Unknown(Some(format!("`{manager}` has installed {asked} in {}", shell.made.base))),
        };
    }
    Ok(true)
}

/// A program that is called by its path.
fn program(shell: &mut Shell<'_>, path: &str) -> Followed {
    let path = join(&shell.folder, path);
    match shell.made.files.at(&path) {
        Found::File(File { what: What::Program(_), mode, .. }) if mode & 0o111 != 0 => Ok(true),
        Found::Nothing => missing(shell, &path),
        _ => shell.not_followed(format!("what `{path}` does"), "leave it out"),
    }
}

#[cfg(test)]
mod tests {
    use super::changed_mode;

    #[test]
    fn modes_are_numbers_or_clauses() {
        for (before, mode, expected) in [
            (0o644, "755", Some(0o755)),
            (0o644, "0755", Some(0o755)),
            (0o644, "+x", Some(0o755)),
            (0o755, "-x", Some(0o644)),
            (0o644, "u+x", Some(0o744)),
            (0o755, "a-x,u+x", Some(0o744)),
            (0o644, "u=rwx,go=rx", Some(0o755)),
            (0o644, "a+rX", Some(0o644)),
            (0o644, "rwx", None),
            (0o644, "", None),
            (0o644, "79", None),
            (0o644, "77777", None),
        ] {
            assert_eq!(changed_mode(before, mode), expected, "{mode}");
        }
    }
}
