//! Whose the C code of a program is. A `-sys` crate compiles C into a static library, and the linker takes functions from it, whose
//! names belong to no Rust crate. The static libraries of a build are still where its build scripts have left them, so a function is
//! given to the package whose library has one of the same name and the same size.
//!
//! The linker's own map would tell the same, but each linker writes its own, and none at all for what was linked before. Nothing is
//! guessed: a function that two packages have alike stays [`OTHER`](super::OTHER).

use crate::cargo::Script;
use crate::measure::binary::{self, archive};
use crate::measure::file::kind::{self, Kind};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// How deep the folder of a build script is looked through: build systems install into `out/build/lib` and the like.
const DEPTH: usize = 6;

/// The functions in the static libraries of a build.
#[derive(Clone, Debug, Default)]
pub struct Natives {
    /// By symbol: the size and the crate of each one that there is.
    functions: HashMap<String, Vec<(u64, String)>>,
}

impl Natives {
    /// Reads the static libraries that build scripts have made or named. One that can't be read tells nothing.
    pub fn of(scripts: &[Script]) -> Self {
        let mut natives = Self::default();
        for script in scripts {
            for library in libraries(script) {
                if let Ok(data) = binary::content(&library) {
                    natives.add(&script.krate, &data);
                }
            }
        }
        natives
    }

    /// The crate that a function of the program comes from.
    pub(in crate::measure) fn owner(&self, symbol: &str, bytes: u64) -> Option<&str> {
        // Formats without sizes in their symbols have 0 here.
        let alike = |found: &&(u64, String)| found.0 == bytes || found.0 == 0;
        let mut found = self.functions.get(symbol)?.iter().filter(alike).map(|(_, krate)| krate.as_str());
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// Adds the functions of a static library.
    fn add(&mut self, krate: &str, library: &[u8]) {
        if kind::of(library) != Ok(Kind::Archive) {
            return;
        }
        let Ok(members) = archive::objects(library) else { return };
        for member in members {
            let Ok(file) = object::File::parse(member.data) else { continue };
            let is_code = |index| file.section_by_index(index).is_ok_and(|section| section.kind() == SectionKind::Text);
            for symbol in file.symbols() {
                let is_name = !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File | SymbolKind::Label);
                let has_size = symbol.size() > 0;
                let (Some(index), Ok(name)) = (symbol.section_index(), symbol.name()) else { continue };
                // Without a size only a name that is the library's alone tells anything.
                if name.is_empty() || !is_name || !(has_size || symbol.is_global()) || !is_code(index) {
                    continue;
                }
                let functions = self.functions.entry(name.to_owned()).or_default();
                let function = (symbol.size(), krate.to_owned());
                if !functions.contains(&function) {
                    functions.push(function);
                }
            }
        }
    }
}

/// The static libraries of a build script: those that it names, and those in its own folder.
fn libraries(script: &Script) -> BTreeSet<PathBuf> {
    let Script { krate: _, out_dir, linked, paths } = script;
    let mut found = BTreeSet::new();
    for path in paths.iter().map(|path| path.split_once('=').map_or(path.as_str(), |(_, path)| path)) {
        // With a kind and modifiers in front, such as `static:+whole-archive=z`; a new name may follow.
        for name in linked.iter().map(|name| name.split_once('=').map_or(name.as_str(), |(_, name)| name)) {
            let name = name.split(':').next().unwrap_or(name);
            let files = [format!("lib{name}.a"), format!("{name}.lib")].map(|file| Path::new(path).join(file));
            found.extend(files.into_iter().filter(|file| file.is_file()).filter_map(|file| file.canonicalize().ok()));
        }
    }
    look_through(out_dir, DEPTH, &mut found);
    found
}

fn look_through(folder: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        let is_library = path.extension().is_some_and(|extension| extension == "a" || extension == "lib");
        if kind.is_dir() && depth > 0 {
            look_through(&path, depth - 1, found);
        } else if kind.is_file() && is_library {
            found.extend(path.canonicalize().ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn natives(functions: &[(&str, u64, &str)]) -> Natives {
        let mut natives = Natives::default();
        for &(name, bytes, krate) in functions {
            natives.functions.entry(name.to_owned()).or_default().push((bytes, krate.to_owned()));
        }
        natives
    }

    #[test]
    fn a_function_is_its_package_s_only_where_name_and_size_leave_no_choice() {
        let natives = natives(&[
            ("deflate", 100, "libz_sys"),
            ("init", 20, "libz_sys"),
            ("init", 30, "lz4_sys"),
            ("fill", 8, "libz_sys"),
            ("fill", 8, "lz4_sys"),
            ("_adler32", 0, "libz_sys"),
        ]);
        assert_eq!(natives.owner("deflate", 100), Some("libz_sys"));
        assert_eq!(natives.owner("deflate", 101), None, "another function of that name");
        assert_eq!((natives.owner("init", 20), natives.owner("init", 30)), (Some("libz_sys"), Some("lz4_sys")));
        assert_eq!(natives.owner("fill", 8), None, "both have it alike");
        assert_eq!(natives.owner("_adler32", 77), Some("libz_sys"), "the format has no sizes");
        assert_eq!(natives.owner("main", 8), None);
    }

    #[test]
    fn libraries_are_found_by_the_names_that_a_build_script_gives() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, out) = (folder.path().join("elsewhere"), folder.path().join("out"));
        for file in [elsewhere.join("libz.a"), elsewhere.join("libother.a"), out.join("build/lib/libmade.a")] {
            base::files::write_atomic(&file, b"!<arch>\n").unwrap();
        }
        let script = Script {
            krate: "z".to_owned(),
            out_dir: out,
            linked: vec!["static:+whole-archive=z".to_owned(), "m".to_owned()],
            paths: vec![format!("native={}", elsewhere.display())],
        };
        let found = libraries(&script);
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["libz.a", "libmade.a"]);
    }
}
