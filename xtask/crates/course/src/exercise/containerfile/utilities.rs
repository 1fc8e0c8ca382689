//! What a system's small utilities do with files, as far as Containerfiles use them: `cp`, `mkdir`, `chmod`, …

mod copying;

use super::bases::{self, Base};
use super::files::{File, Found, What, above, join, name};
use super::recipe::Tools;
use super::shell::{Command, Followed, Shell};
use super::words::UNKNOWN;

/// Commands that change nothing an image for a program is judged by. They succeed.
const HARMLESS: [&str; 37] = [
    "addgroup",
    "adduser",
    "apt-cache",
    "apt-key",
    "apt-mark",
    "arch",
    "awk",
    "chgrp",
    "chown",
    "clear",
    "cut",
    "date",
    "df",
    "dpkg",
    "du",
    "echo",
    "env",
    "groupadd",
    "head",
    "hostname",
    "ldconfig",
    "nproc",
    "printf",
    "ps",
    "pwd",
    "sha256sum",
    "shopt",
    "sleep",
    "sort",
    "sync",
    "tail",
    "tr",
    "trap",
    "ulimit",
    "uname",
    "update-ca-certificates",
    "useradd",
];

/// Commands that read the files that they are given, and fail without them.
const READERS: [&str; 11] = ["cat", "file", "ldd", "ls", "md5sum", "nm", "objdump", "readelf", "size", "stat", "wc"];

/// Commands that change nothing, and whose success depends on what they find.
const SEARCHERS: [&str; 7] = ["egrep", "fgrep", "getconf", "grep", "id", "pgrep", "printenv"];

/// Runs one of them.
pub(super) fn run(shell: &mut Shell<'_>, command: &Command<'_>) -> Followed {
    let whole = command.words[0].as_str();
    let short = name(whole);
    let arguments = command.arguments();
    let changes_files = [
        "cp", "mv", "install", "mkdir", "rm", "rmdir", "touch", "chmod", "ln", "strip", "tee", "sed", "truncate", "dd",
    ]
    .contains(&short);
    if changes_files && arguments.iter().any(|word| word.contains(UNKNOWN)) {
        let what = format!("`{short}` with a word that another command prints");
        return shell.not_followed(what, "write the path as it is, or put `$(rustc --print host-tuple)` there");
    }
    match short {
        "mkdir" => make_folder(shell, arguments),
        "cp" => copying::copy(shell, arguments, false),
        "mv" => copying::copy(shell, arguments, true),
        "install" => copying::install(shell, arguments),
        "ln" => copying::link(shell, arguments),
        "rm" | "rmdir" => remove(shell, arguments),
        "touch" => touch(shell, arguments),
        "chmod" => change_mode(shell, arguments),
        "strip" => copying::strip(shell, arguments),
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
        _ if SEARCHERS.contains(&short) => {
            let is_always = short == "id" && arguments.iter().all(|word| word.starts_with('-'));
            shell.doubt = (!is_always).then(|| command.words.join(" "));
            Ok(true)
        }
        _ if READERS.contains(&short) => read(shell, short, arguments),
        // The shell has emptied the file that it writes to.
        _ if HARMLESS.contains(&short) => Ok(true),
        _ if whole.contains('/') => program(shell, whole),
        "for" | "while" | "until" | "if" | "case" | "{" | "!" | "[[" | "eval" | "function" => shell.not_followed(
            format!("`{short}`, which decides what other commands do"),
            "write only the commands that run, one after another, with && between them",
        ),
        _ => shell.not_followed(
            format!("what `{short}` does"),
            "remove it, or use only Cargo, rustup, and the usual file commands",
        ),
    }
}

/// The words that aren't options. A `--` ends the options.
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
    // A command above that failed unnoticed is the cause.
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
            return shell.fails(format!("{path} already exists"), "it exists", "write `mkdir -p`");
        }
        let parent = above(&path).unwrap_or("/").to_owned();
        if !with_parents && matches!(shell.made.files.at(&parent), Found::Nothing | Found::File(_)) {
            return shell.fails(format!("there is no folder {parent}"), "no such folder", "write `mkdir -p`");
        }
        if !shell.can_write(&path) {
            return shell.fails(
                format!("{path} can't be created: the folder is mounted read-only"),
                "read-only",
                "use a different folder",
            );
        }
        shell.has_room(1, &path)?;
        shell.made.files.make_folder(&path);
    }
    Ok(true)
}

fn remove(shell: &mut Shell<'_>, arguments: &[String]) -> Followed {
    let forced = has(arguments, 'f', "--force");
    // An image deletes these when it has installed what it needs.
    shell.made.has_lists &= !arguments.iter().any(|word| word.starts_with("/var/lib/apt"));
    for path in paths(arguments) {
        let path = join(&shell.folder, path);
        match shell.made.files.at(&path) {
            Found::Nothing if !forced && !shell.made.files.is_link(&path) => return missing(shell, &path),
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
        return shell.not_followed("`touch` with a time", "remove the time; `touch` then uses the current time");
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
pub(super) fn changed_mode(before: u32, mode: &str) -> Option<u32> {
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
    shell.make(path, File::new(what, time))
}

fn read(shell: &mut Shell<'_>, short: &str, arguments: &[String]) -> Followed {
    for path in paths(arguments).into_iter().filter(|path| *path != "-") {
        let path = join(&shell.folder, path);
        if matches!(shell.made.files.at(&path), Found::Nothing) && !path.contains(UNKNOWN) {
            return missing(shell, &path);
        }
    }
    // `ldd` fails on a static program, with a message that differs between systems.
    if short == "ldd" {
        return shell.not_followed(
            "whether `ldd` fails",
            "inspect the program outside the Containerfile, and remove this command",
        );
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
        Some(false) => {
            shell.fails(format!("`test {}` isn't true", words.join(" ")), "not true", "remove it, or make it true")
        }
        None => shell.not_followed("this test", "remove it"),
    }
}

/// A package manager. It can install Cargo; everything else makes no difference here.
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
            None => "start from an image that has what you need".to_owned(),
        };
        return shell.fails(format!("there is no `{manager}` in {}", shell.made.base), "not found", help);
    }
    if shell.is_offline {
        return shell.fails("this RUN has no network", "needs the network", "remove `--network=none`");
    }
    let names = paths(arguments);
    let installs = names.first().is_some_and(|verb| matches!(*verb, "install" | "add"));
    if manager != "apk" {
        shell.made.has_lists |= names.first() == Some(&"update");
        if installs && !shell.made.has_lists && base != Base::Unknown {
            let help = format!("write `{manager} update && {manager} install -y …`");
            let message = format!(
                "`{manager}` finds no packages in {}, because the image comes without package lists",
                shell.made.base
            );
            return shell.fails(message, "no lists", help);
        }
        let is_answered = has(arguments, 'y', "--yes")
            || arguments.iter().any(|word| matches!(word.as_str(), "--assume-yes" | "-qq" | "--download-only"));
        if installs && !is_answered {
            let what = format!(
                "`{manager} install` without `-y`: it stops to ask before it installs a package that you didn't name"
            );
            return shell.not_followed(what, "write `-y` after `install`");
        }
    }
    if installs {
        shell.made.installed.extend(names.iter().filter(|name| **name == "bash").map(|name| (*name).to_owned()));
    }
    let brings = ["cargo", "rust", "rustc", "rust-all", "rustup"];
    let asked =
        names.iter().find(|name| brings.contains(name) || name.starts_with("cargo-") || name.starts_with("cargo="));
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
            None => Tools::Unknown(Some(format!("`{manager}` has installed {asked}"))),
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
        _ => shell.not_followed(format!("what `{path}` does"), "remove it"),
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
