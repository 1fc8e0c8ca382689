//! What an engine gets besides the Containerfile: the folder of the exercise, as far as the course knows it. A learner's
//! other files aren't part of it, because they aren't handed in, and a verdict is the same in `check` and in `grade`.

use crate::exercise::Exercise;
use base::files;
use std::collections::BTreeSet;

/// The files that COPY can take, and what the package needs from Cargo.
#[derive(Debug)]
pub struct Context {
    /// The program.
    pub program: String,
    /// Files by their paths, without those that .dockerignore leaves out.
    pub files: BTreeSet<String>,
    /// What .dockerignore leaves out.
    pub ignored: BTreeSet<String>,
    /// The edition of the package.
    pub edition: u32,
    /// The profiles that Cargo.toml defines, besides Cargo's own.
    pub profiles: Vec<String>,
}

impl Context {
    /// The context of an exercise.
    pub fn of(exercise: &Exercise) -> Self {
        let data = &exercise.data;
        let also = ["README.md", "exercise.toml", ".cargo/config.toml", ".dockerignore"];
        let also = also.into_iter().filter(|name| exercise.folder.join(name).is_file()).map(str::to_owned);
        let edits: Vec<String> = exercise.edits().map(str::to_owned).collect();
        let starter = edits.iter().map(|name| format!("starter/{name}"));
        let all: BTreeSet<String> =
            data.pristine.keys().cloned().chain(starter).chain(edits.iter().cloned()).chain(also).collect();
        let text = |name: &str| {
            let content = files::content(&exercise.folder.join(name)).unwrap_or_default();
            String::from_utf8_lossy(&content).into_owned()
        };
        // Engines first look for the one next to the file that they read.
        let rules = Rules::parse(&text(".dockerignore"));
        let (ignored, files) = all.into_iter().partition(|path| rules.leave_out(path));
        let manifest: toml::Table = text("Cargo.toml").parse().unwrap_or_default();
        let edition = manifest.get("package").and_then(|package| package.get("edition")?.as_str()?.parse().ok());
        let profiles = manifest.get("profile").and_then(toml::Value::as_table);
        let profiles = profiles.map(|table| table.keys().cloned().collect()).unwrap_or_default();
        Self { program: data.package.clone(), files, ignored, edition: edition.unwrap_or(2015), profiles }
    }

    /// One that isn't a folder.
    #[cfg(test)]
    pub fn literal(program: &str, files: &[&str], edition: u32) -> Self {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        let profiles = vec!["dist".to_owned()];
        Self { program: program.to_owned(), files, ignored: ["README.md".to_owned()].into(), edition, profiles }
    }

    /// The first release of Rust, after the `1.`, whose Cargo knows the edition.
    pub fn oldest_cargo(&self) -> u32 {
        match self.edition {
            2024.. => 85,
            2021.. => 56,
            2018.. => 31,
            _ => 0,
        }
    }

    /// What Cargo compiles.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let is_source = |path: &&String| path.starts_with("src/") || path.as_str() == "build.rs";
        // The root of the program first: without it, Cargo doesn't begin.
        let is_root = |path: &&str| *path == "src/main.rs";
        let all = || self.files.union(&self.ignored).filter(is_source).map(String::as_str);
        all().filter(is_root).chain(all().filter(move |path| !is_root(path)))
    }
}

/// The lines of a .dockerignore.
struct Rules(Vec<(bool, String)>);

impl Rules {
    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rule = |line: &str| {
            let (keeps, pattern) = line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern));
            (keeps, pattern.trim().trim_matches('/').to_owned())
        };
        Self(lines.map(rule).collect())
    }

    /// The last line that matches the path, or a folder above it, decides.
    fn leave_out(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]);
        let above: Vec<&str> = ends.collect();
        let last = self.0.iter().rfind(|(_, pattern)| above.iter().any(|path| matches(pattern, path)));
        last.is_some_and(|(keeps, _)| !keeps)
    }
}

/// Whether a pattern of .dockerignore or COPY matches a whole path: `*` and `?` stay within a name, `**` doesn't.
pub fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    match_parts(&pattern, &path)
}

fn match_parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skipped| match_parts(rest, &path[skipped..])),
        (Some((own, rest)), Some((name, more))) => {
            let (own, name): (Vec<char>, Vec<char>) = (own.chars().collect(), name.chars().collect());
            match_name(&own, &name) && match_parts(rest, more)
        }
        _ => false,
    }
}

/// One name, without backtracking into more than the last `*`.
fn match_name(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star = None;
    while at < name.len() {
        let step = match pattern.get(from) {
            Some('*') => {
                star = Some((from, at));
                from += 1;
                continue;
            }
            Some('[') => set(&pattern[from..], name[at]).map(|length| from + length),
            Some('\\') => (pattern.get(from + 1) == Some(&name[at])).then_some(from + 2),
            Some('?') => Some(from + 1),
            Some(own) => (*own == name[at]).then_some(from + 1),
            None => None,
        };
        match (step, star) {
            (Some(next), _) => (from, at) = (next, at + 1),
            (None, Some((back, begun))) => {
                star = Some((back, begun + 1));
                (from, at) = (back + 1, begun + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[from..].iter().all(|rest| *rest == '*')
}

/// `[a-z]` or `[^a]`: how long it is, if it matches.
fn set(pattern: &[char], character: char) -> Option<usize> {
    let end = pattern.iter().position(|own| *own == ']')?;
    let (negated, mut inner) = match pattern.get(1) {
        Some('^' | '!') => (true, pattern.get(2..end)?),
        _ => (false, pattern.get(1..end)?),
    };
    let mut found = false;
    while let Some((first, rest)) = inner.split_first() {
        match rest {
            ['-', last, more @ ..] => {
                found |= (*first..=*last).contains(&character);
                inner = more;
            }
            _ => {
                found |= *first == character;
                inner = rest;
            }
        }
    }
    (found != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_decides() {
        let rules = Rules::parse("# only what Cargo reads\n*\n!Cargo.toml\n!src\n/src/secret\n**/*.bak\n");
        for (path, left_out) in [
            ("Cargo.toml", false),
            ("Cargo.lock", true),
            ("src/main.rs", false),
            ("src/secret/a.rs", true),
            ("src/old.bak", true),
            ("target/x", true),
        ] {
            assert_eq!(rules.leave_out(path), left_out, "{path}");
        }
        assert!(!Rules::parse("").leave_out("a"));
    }

    #[test]
    fn patterns_stay_within_a_name() {
        for (pattern, path, expected) in [
            ("Cargo.*", "Cargo.toml", true),
            ("*", "src/main.rs", false),
            ("s?c/*.rs", "src/main.rs", true),
            ("[a-c]x[^0]", "bx1", true),
            ("[a-c]x[^0]", "bx0", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            (r"a\*", "a*", true),
            ("**/x", "a/b/x", true),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
