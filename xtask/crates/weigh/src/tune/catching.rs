//! Where a crate relies on unwinding: with `panic = "abort"` it would do something else, and its tests wouldn't notice, because
//! Cargo builds tests with unwinding whatever the profile says.

use base::files;
use std::path::{Path, PathBuf};

/// Calls that need a panic to unwind.
const CALLS: [&str; 3] = ["catch_unwind", "resume_unwind", "should_panic"];

/// A file larger than this was written by a program.
const LARGEST: u64 = 4 << 20;

/// A line that relies on unwinding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as seen from the folder.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is called there.
    pub call: &'static str,
}

/// The lines of a crate's own sources that rely on unwinding.
pub fn places(folder: &Path) -> Vec<Place> {
    let mut found = Vec::new();
    for source in ["src", "tests", "examples", "benches"] {
        for file in files::files(&folder.join(source)).unwrap_or_default() {
            let path = folder.join(source).join(&file);
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let Ok(text) = files::read_text(&path, LARGEST) else { continue };
            found.extend(in_text(&text).map(|(line, call)| Place { file: Path::new(source).join(&file), line, call }));
        }
    }
    found
}

fn in_text(text: &str) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    // An import alone isn't a call.
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("use "));
    lines.filter_map(move |(index, line)| {
        let code = code(line);
        CALLS.iter().find(|call| code.contains(*call)).map(|call| (index + 1, *call))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_and_neither_imports_nor_comments() {
        let text =
            "use std::panic::catch_unwind;\n// catch_unwind\nlet a = catch_unwind(|| 1); // x\n#[should_panic]\n";
        assert_eq!(in_text(text).collect::<Vec<_>>(), [(3, "catch_unwind"), (4, "should_panic")]);
    }

    #[test]
    fn every_folder_of_sources_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| files::write_atomic(&folder.path().join(path), text.as_bytes()).unwrap();
        write("src/a/b.rs", "\nstd::panic::resume_unwind(x)\n");
        write("tests/t.rs", "#[should_panic]\n");
        write("src/note.txt", "catch_unwind\n");
        write("target/debug/x.rs", "catch_unwind\n");
        let found = places(folder.path());
        let shown: Vec<_> = found.iter().map(|place| (place.file.as_path(), place.line)).collect();
        assert_eq!(shown, [(Path::new("src/a/b.rs"), 2), (Path::new("tests/t.rs"), 1)]);
        assert!(places(&folder.path().join("nowhere")).is_empty());
    }
}
