//! The alias that makes `cargo xtask` work in the folders of exercises and solutions. These are packages of different
//! workspaces from the runner's, and Cargo resolves a path in an alias from the current folder, so each folder has its own
//! alias.

use super::Exercise;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file with the alias in a folder.
pub const FILE: &str = ".cargo/config.toml";

/// A folder in the workshop's `.cargo`, through which the path leads. Cargo shows the path where it doesn't fit.
const SIGN: &str = "cargo-xtask-works-in-the-exercise-folder-and-in-the-main-folder";

/// The file's text for a folder that many levels below the workshop's.
pub fn text(depth: usize) -> String {
    let up = "../".repeat(depth);
    format!(
        "# Makes `cargo xtask` work in this folder. Cargo resolves the path below relative to the current folder. In any other folder,\n\
         # Cargo's error shows the path, and the name in it tells you where `cargo xtask` works.\n\
         [alias]\nxtask = \"run --manifest-path {up}.cargo/{SIGN}/../../xtask/Cargo.toml --package xtask --\"\n"
    )
}

/// Whether the workshop has such aliases. A course in another folder need not have them.
pub fn are_used(root: &Path) -> bool {
    root.join(".cargo").join(SIGN).is_dir()
}

/// The file of each folder of an exercise and its solution, and the text that it must have. What is built (`target`) has none,
/// and neither has `starter`: copies of it must not have another folder's alias.
pub fn wanted(root: &Path, exercise: &Exercise) -> BTreeMap<PathBuf, String> {
    let mut wanted = BTreeMap::new();
    let mut add = |kind: &str, paths: &mut dyn Iterator<Item = &str>| {
        let folder = Path::new(kind).join(&exercise.id);
        for path in paths {
            for folder in folder.join(path).ancestors().skip(1).take_while(|folder| folder.iter().count() >= 2) {
                wanted.insert(root.join(folder).join(FILE), text(folder.iter().count()));
            }
        }
    };
    add("exercises", &mut exercise.edits().chain(exercise.data.pristine.keys().map(String::as_str)));
    add("solutions", &mut exercise.edits());
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::tests::literal;

    #[test]
    fn every_folder_gets_the_alias_of_its_depth() {
        let exercise = literal(
            "title = \"t\"\nlevel = \"beginner\"\nminutes = 1\nteaches = []\npackage = \"p\"\nedits = [\"src/main.rs\"]\n\
             starter-fails-with = []\nhints = []\npristine = { \"Cargo.toml\" = \"\", \"kernel/src/lib.rs\" = \"\" }\n\
             build.a.profile = \"release\"\n[[goal]]\nid = \"g\"\npoints = 10\ntext = \"t\"\n\
             [goal.check.warnings]\nbuild = \"a\"\n",
        );
        let wanted = wanted(Path::new("/w"), &exercise);
        let folders = [
            "exercises/ex1",
            "exercises/ex1/kernel",
            "exercises/ex1/kernel/src",
            "exercises/ex1/src",
            "solutions/ex1",
            "solutions/ex1/src",
        ];
        assert_eq!(
            wanted.keys().cloned().collect::<Vec<_>>(),
            folders.map(|folder| Path::new("/w").join(folder).join(FILE))
        );
        for (file, text) in &wanted {
            let depth = file.strip_prefix("/w").unwrap().iter().count() - 2;
            assert_eq!(text.matches("../").count(), depth + 2, "{}: {text}", file.display());
        }
        assert!(!are_used(Path::new("/w")));
    }
}
