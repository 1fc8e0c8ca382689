//! What a call of rustc reads and writes: the list that it leaves for Cargo, and its artifacts.

use std::io;
use std::path::{Path, PathBuf};

/// What rustc has read, by the list that it writes for Cargo (`NAME-HASH.d`).
#[derive(Debug, PartialEq)]
pub struct DepInfo {
    /// The source files, as rustc was told of them: relative to its folder, or absolute.
    pub files: Vec<String>,
    /// Name and value of each variable that the sources ask for; no value where it was not set.
    pub variables: Vec<(String, Option<String>)>,
}

impl DepInfo {
    /// Reads the list: Makefile rules, with `# env-dep:NAME=VALUE` below.
    pub fn parse(list: &str) -> Self {
        let mut files = Vec::new();
        let mut variables = Vec::new();
        for line in list.lines() {
            if let Some(variable) = line.strip_prefix("# env-dep:") {
                let (name, value) =
                    variable.split_once('=').map_or((variable, None), |(name, value)| (name, Some(value)));
                variables.push((name.to_owned(), value.map(|value| value.replace("\\n", "\n").replace("\\\\", "\\"))));
            } else if let Some(file) = line.strip_suffix(':') {
                // Each file that was read is also the target of a rule with nothing behind it.
                files.push(file.replace("\\ ", " "));
            }
        }
        Self { files, variables }
    }
}

/// The source files of a program, from the list that Cargo leaves beside it (`NAME.d`): one rule of a Makefile for each artifact.
pub fn sources(listed: &str) -> Vec<PathBuf> {
    let lines = listed.lines().filter_map(|line| Some(line.split_once(": ")?.1));
    let names = lines.flat_map(|line| {
        // A blank in a name has a backslash before it.
        let line = line.replace("\\ ", "\0");
        line.split(' ').map(|name| PathBuf::from(name.replace('\0', " "))).collect::<Vec<_>>()
    });
    names.filter(|name| !name.as_os_str().is_empty()).collect()
}

/// The names of a unit's artifacts in its folder, in order: `NAME-HASH`, `libNAME-HASH`, and these with an ending.
///
/// # Errors
/// When the folder cannot be read.
pub fn artifacts(folder: &Path, stem: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in folder.read_dir()? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        // The stem itself may begin with `lib`, as libc's does.
        let is_of = |name: &str| name.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if is_of(&name) || name.strip_prefix("lib").is_some_and(is_of) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustc_has_read_is_known_by_file_and_variable() {
        let list = "/t/deps/a-0a1b.d: src/main.rs src/a\\ b.rs\n\n/t/deps/a-0a1b: src/main.rs src/a\\ b.rs\n\nsrc/main.rs:\nsrc/a\\ b.rs:\n\n# env-dep:CARGO_PKG_NAME=a\n# env-dep:NOT_SET\n";
        let read = DepInfo::parse(list);
        assert_eq!(read.files, ["src/main.rs", "src/a b.rs"]);
        assert_eq!(read.variables, [("CARGO_PKG_NAME".to_owned(), Some("a".to_owned())), ("NOT_SET".to_owned(), None)]);
    }

    #[test]
    fn sources_are_listed_as_for_make() {
        let listed = "/t/release/a: /a/src/main.rs /a/with\\ blank/b.rs\n\n/a/src/main.rs:\n";
        assert_eq!(sources(listed), ["/a/src/main.rs", "/a/with blank/b.rs"].map(PathBuf::from));
        assert_eq!(sources(""), [] as [PathBuf; 0]);
    }

    #[test]
    fn artifacts_are_those_of_the_unit_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["liba-1.rlib", "liba-1.rmeta", "a-1", "a-1.d", "a-12.d", "libab-1.rlib"] {
            std::fs::File::create(folder.path().join(name)).unwrap();
        }
        assert_eq!(artifacts(folder.path(), "a-1").unwrap(), ["a-1", "a-1.d", "liba-1.rlib", "liba-1.rmeta"]);
    }

    #[test]
    fn a_crate_may_be_named_as_files_of_libraries_are() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["libc-1", "libc-1.d", "liblibc-1.rlib", "c-1.d", "libc-12.d"] {
            std::fs::File::create(folder.path().join(name)).unwrap();
        }
        assert_eq!(artifacts(folder.path(), "libc-1").unwrap(), ["libc-1", "libc-1.d", "liblibc-1.rlib"]);
    }
}
