//! The files of a stage, as far as they are known: everything that the Containerfile itself makes, and not what else is in the image
//! that the stage starts from.

use super::context;
use super::recipe::Build;
use super::words::{ANY, ONE, SET, literal};
use std::collections::BTreeMap;

/// The most files and folders that a stage may have here. `cp -r / /a`, twenty times, would fill the memory.
pub(super) const MOST: usize = 512;

/// Bytes that a path may have.
pub(super) const LONGEST: usize = 512;

/// Links that lead to links.
const MOST_LINKS: usize = 8;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A file of the context, as it is there.
    Context(String),
    /// The program, as Cargo has built it.
    Program(Box<Build>),
    /// A text that a command has written.
    Written(String),
    /// A symbolic link to this path, seen from the folder that it is in.
    Link(String),
    /// A file of an image, or a file that a command has changed in a way that isn't followed.
    Unknown,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What it is.
    pub what: What,
    /// Its permissions.
    pub mode: u32,
    /// Its user and group.
    pub owner: (u32, u32),
    /// When it was changed last: 0 is before the build.
    pub time: u32,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub enum Node {
    /// A folder.
    Folder(Contents),
    /// A file.
    File(File),
}

/// Whether a folder may have files that aren't known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Everything in it is known.
    Known,
    /// It belongs to a system, whose usual folders are there.
    System,
    /// Anything may be in it.
    Any,
}

/// What is at a path.
#[derive(Debug)]
pub enum Found<'a> {
    /// A folder.
    Folder,
    /// A file.
    File(&'a File),
    /// Nothing.
    Nothing,
    /// That isn't known.
    Unknown,
}

/// The names in the root of a system.
const SYSTEM: [&str; 22] = [
    ".dockerenv",
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var",
];

/// Folders that exist in any system.
const FOLDERS: [&str; 19] = [
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/local",
    "/var",
];

/// The ones with more than one name in their path.
const DEEPER: [&str; 8] = [
    "/usr/lib",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/cargo",
    "/usr/local/cargo/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/src",
];

/// The files of a stage.
#[derive(Clone, Debug)]
pub struct Files {
    nodes: BTreeMap<String, Node>,
}

/// A path seen from a folder, without `.` and `..`.
pub(super) fn join(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The folder that a path is in.
pub(super) fn above(path: &str) -> Option<&str> {
    let at = path.rfind('/')?;
    match (at, path) {
        (_, "/") => None,
        (0, _) => Some("/"),
        (at, path) => Some(&path[..at]),
    }
}

/// The last name of a path.
pub(super) fn name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

impl Files {
    /// A root with nothing in it, or with a system's files.
    pub fn new(root: Contents) -> Self {
        Self { nodes: [("/".to_owned(), Node::Folder(root))].into() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Where a path leads: the path itself, or what a symbolic link there points to.
    pub fn resolve(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let Some(Node::File(File { what: What::Link(to), .. })) = self.nodes.get(&path) else { break };
            path = join(above(&path).unwrap_or("/"), to);
        }
        path
    }

    /// Whether a symbolic link is at a path.
    pub fn is_link(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(Node::File(File { what: What::Link(_), .. })))
    }

    /// What is at a path. A symbolic link is what it points to; one that points nowhere is nothing.
    pub fn at(&self, path: &str) -> Found<'_> {
        let path = &self.resolve(path);
        match self.nodes.get(path) {
            Some(Node::File(File { what: What::Link(_), .. })) => return Found::Nothing,
            Some(Node::Folder(_)) => return Found::Folder,
            Some(Node::File(file)) => return Found::File(file),
            None => {}
        }
        let mut folder = path.as_str();
        while let Some(next) = above(folder) {
            match self.nodes.get(next) {
                Some(Node::Folder(Contents::Any)) => return Found::Unknown,
                Some(Node::Folder(Contents::System)) => {
                    if FOLDERS.contains(&path.as_str()) || DEEPER.contains(&path.as_str()) {
                        return Found::Folder;
                    }
                    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
                    return if next == "/" && !SYSTEM.contains(&first) { Found::Nothing } else { Found::Unknown };
                }
                Some(_) => return Found::Nothing,
                None => folder = next,
            }
        }
        Found::Nothing
    }

    /// Makes a folder, and those above it. A new folder is empty, unless it belongs to the system.
    pub fn make_folder(&mut self, path: &str) {
        let mut paths = vec![path.to_owned()];
        while let Some(next) = above(&paths[paths.len() - 1]).map(str::to_owned) {
            paths.push(next);
        }
        let is_system = matches!(self.nodes.get("/"), Some(Node::Folder(Contents::System)));
        for path in paths.into_iter().rev() {
            let is_there = FOLDERS.contains(&path.as_str()) || DEEPER.contains(&path.as_str());
            let open = if is_system && is_there { Contents::System } else { Contents::Known };
            self.nodes.entry(path).or_insert(Node::Folder(open));
        }
    }

    /// Lets a folder have more than is known.
    pub fn open(&mut self, path: &str) {
        self.make_folder(path);
        self.nodes.insert(path.to_owned(), Node::Folder(Contents::Any));
    }

    /// Puts a file somewhere.
    pub fn put(&mut self, path: &str, file: File) {
        if let Some(folder) = above(path).filter(|folder| !self.nodes.contains_key(*folder)) {
            self.make_folder(folder);
        }
        self.nodes.insert(path.to_owned(), Node::File(file));
    }

    /// The file at a path, to be changed.
    pub fn file_mut(&mut self, path: &str) -> Option<&mut File> {
        match self.nodes.get_mut(&self.resolve(path)) {
            Some(Node::File(file)) => Some(file),
            _ => None,
        }
    }

    /// Everything at a path and below it.
    pub fn below(&self, path: &str) -> Vec<(String, Node)> {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let is_in = |own: &&String| own.as_str() == path || own.starts_with(&prefix);
        self.nodes.iter().filter(|(own, _)| is_in(own)).map(|(own, node)| (own.clone(), node.clone())).collect()
    }

    /// The files at a path and below it.
    pub fn files_below(&self, path: &str) -> Vec<(String, File)> {
        let files = self.below(path).into_iter().filter_map(|(path, node)| match node {
            Node::File(file) => Some((path, file)),
            Node::Folder(_) => None,
        });
        files.collect()
    }

    /// Removes a path and everything below it.
    pub fn take(&mut self, path: &str) -> Vec<(String, Node)> {
        let taken = self.below(path);
        for (path, _) in &taken {
            if path != "/" {
                self.nodes.remove(path);
            }
        }
        taken
    }

    /// Puts back what was removed, or adds what a different stage has.
    pub fn put_all(&mut self, nodes: impl IntoIterator<Item = (String, Node)>) {
        for (path, node) in nodes {
            match node {
                Node::File(file) => self.put(&path, file),
                Node::Folder(open) => {
                    self.make_folder(&path);
                    if let Some(Node::Folder(own)) = self.nodes.get_mut(&path)
                        && *own == Contents::Known
                    {
                        *own = open;
                    }
                }
            }
        }
    }

    /// Where a copy of `from` goes: into an existing folder, or one that ends in a slash, or to a new name.
    pub fn destination(&self, folder: &str, from: &str, to: &str) -> String {
        let path = join(folder, to);
        let is_folder = to.ends_with('/')
            || to.ends_with("/.")
            || matches!(to, "." | "..")
            || matches!(self.at(&path), Found::Folder);
        if is_folder { join(&path, name(from)) } else { path }
    }

    /// The paths that a word with wildcards matches; none if it has none, or if there is none.
    pub fn matching(&self, folder: &str, field: &str) -> Vec<String> {
        if !field.contains([ANY, ONE, SET]) {
            return Vec::new();
        }
        let is_absolute = field.starts_with('/');
        let pattern = join(folder, &literal(field));
        let hidden = name(&pattern).starts_with('.');
        let found = self.nodes.keys().filter(|path| context::matches(&pattern, path));
        let found = found.filter(|path| hidden || !name(path).starts_with('.'));
        let prefix = if folder == "/" { "/".to_owned() } else { format!("{folder}/") };
        found
            .map(|path| match path.strip_prefix(&prefix) {
                Some(rest) if !is_absolute => rest.to_owned(),
                _ => path.clone(),
            })
            .collect()
    }
}

impl File {
    /// A file of the context, or one that a command writes.
    pub fn new(what: What, time: u32) -> Self {
        Self { what, mode: 0o644, owner: (0, 0), time }
    }

    /// Whether a user may execute it.
    pub fn can_be_executed_by(&self, user: u32, group: u32) -> bool {
        let bit = match self.owner {
            _ if user == 0 => 0o111,
            (own, _) if own == user => 0o100,
            (_, own) if own == group => 0o010,
            _ => 0o001,
        };
        self.mode & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_called_missing() {
        let mut files = Files::new(Contents::System);
        files.make_folder("/src");
        files.put("/src/a", File::new(What::Written(String::new()), 1));
        files.open("/src/target");
        for (path, expected) in [
            ("/src", "Folder"),
            ("/src/a", "File"),
            ("/src/b", "Nothing"),
            ("/src/a/b", "Nothing"),
            ("/src/target/x", "Unknown"),
            ("/target/x", "Nothing"),
            ("/usr/bin/x", "Unknown"),
            ("/usr/local/bin", "Folder"),
            ("/etc", "Folder"),
        ] {
            assert!(format!("{:?}", files.at(path)).starts_with(expected), "{path}: {:?}", files.at(path));
        }
        assert!(matches!(Files::new(Contents::Known).at("/etc"), Found::Nothing));
        assert_eq!(files.destination("/src", "/x/y", "."), "/src/y");
        assert_eq!(files.destination("/src", "/x/y", "a/"), "/src/a/y");
        assert_eq!(files.destination("/src", "/x/y", "z"), "/src/z");
        assert_eq!(files.destination("/", "/x/y", "src"), "/src/y");
        assert_eq!(files.matching("/src", &format!("{ANY}")), ["a", "target"]);
        assert_eq!(files.matching("/", &format!("/src/{ONE}")), ["/src/a"]);
    }

    #[test]
    fn permission_is_that_of_the_user() {
        let file = |mode, owner| File { mode, owner, ..File::new(What::Written(String::new()), 0) };
        for (mode, owner, expected) in [
            (0o755, (0, 0), true),
            (0o644, (0, 0), false),
            (0o700, (0, 0), false),
            (0o500, (7, 0), true),
            (0o055, (7, 0), false),
            (0o010, (0, 7), true),
        ] {
            assert_eq!(file(mode, owner).can_be_executed_by(7, 7), expected, "{mode:o} {owner:?}");
        }
    }
}
