//! What boxes need from this machine, found out once: the libraries of a program, and what its bubblewrap can do.

use super::filter::{self, Filter};
use super::{Call, counter};
use crate::proc::{self, Status};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// What boxes are made with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// The loader and the libraries in a run box, at their own paths. Not all of `/usr/lib`: there may be shells and
    /// interpreters in it. Empty where they couldn't be found out; then it's the whole folder.
    pub libraries: Vec<PathBuf>,
    /// bubblewrap knows `--disable-userns`.
    pub disables_namespaces: bool,
    /// The system calls that a box refuses.
    pub filter: Option<Filter>,
}

/// The program that makes boxes: the system's own, whatever PATH finds. The program that was probed is also what runs.
pub const BUBBLEWRAP: &str = "/usr/bin/bwrap";

/// Libraries other than C's that a Rust program may be linked with.
const BESIDE_C: [&str; 5] = ["libgcc_s.so.1", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"];

impl System {
    /// Looks around. None if bubblewrap doesn't even print its help: what it can do isn't known then.
    pub fn find() -> Option<Self> {
        let help = Some(said(&Call::new(BUBBLEWRAP, "/").arg("--help"))).filter(|help| !help.is_empty())?;
        let filter = filter::of_this_machine().filter(|_| help.contains("--seccomp "));
        Some(Self { libraries: libraries(), disables_namespaces: help.contains("--disable-userns"), filter })
    }

    /// What a result depends on.
    pub fn describe(&self) -> String {
        let is = |is_there| if is_there { "yes" } else { "no" };
        format!("few libraries {}, filter {}", is(!self.libraries.is_empty()), is(self.filter.is_some()))
    }
}

fn said(call: &Call) -> String {
    let finished = proc::run(call).ok().filter(|finished| finished.status == Status::Exited(0));
    finished.map(|finished| String::from_utf8_lossy(&finished.stdout).into_owned()).unwrap_or_default()
}

/// The files that the loader loads for what runs in a run box.
fn libraries() -> Vec<PathBuf> {
    let programs = ["/usr/bin/prlimit", "/usr/bin/setpriv"].into_iter().chain(counter());
    // A statically linked program is an error for `ldd`, so each program is checked separately.
    let mut found: BTreeSet<PathBuf> =
        programs.flat_map(|program| named(&said(&Call::new("/usr/bin/ldd", "/").arg(program)))).collect();
    let Some(folder) = found.iter().find(|path| path.file_name() == Some(OsStr::new("libc.so.6"))) else {
        return Vec::new();
    };
    let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
    found.extend(BESIDE_C.iter().map(|name| folder.join(name)).filter(|path| path.is_file()));
    let has_loader =
        found.iter().any(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-")));
    if !has_loader {
        return Vec::new();
    }
    found.into_iter().flat_map(|path| in_a_box(&path)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The files in `ldd`'s output: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader without an arrow.
fn named(words: &str) -> Vec<PathBuf> {
    let path = |line: &str| {
        let file = line.split_once(" => ").map_or(line, |(_, file)| file).trim();
        let file = file.split_once(" (").map_or(file, |(file, _)| file);
        file.starts_with('/').then(|| PathBuf::from(file))
    };
    words.lines().filter_map(path).collect()
}

/// Where a box has a library: `/lib` and `/lib64` are links there. On some systems so is a folder below `/usr`, and the loader
/// may ask for either.
fn in_a_box(library: &Path) -> BTreeSet<PathBuf> {
    let below_usr = |path: PathBuf| match path.strip_prefix("/usr") {
        Ok(_) => path,
        Err(_) => Path::new("/usr").join(path.strip_prefix("/").unwrap_or(&path)),
    };
    let name = library.file_name().unwrap_or_default();
    let real = library.parent().and_then(|folder| fs::canonicalize(folder).ok()).map(|folder| folder.join(name));
    [Some(library.to_owned()), real].into_iter().flatten().map(below_usr).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_program_are_read_from_the_words_of_ldd() {
        let words = "\tlinux-vdso.so.1 (0x00007f4e4904e000)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f4e48e14000)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f4e49050000)\n\tlibx.so => not found\n";
        let expected = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(named(words), expected);
        assert!(named("\tstatically linked\n").is_empty());
        let inside = in_a_box(Path::new("/lib/no-such-folder/libc.so.6"));
        assert_eq!(inside, BTreeSet::from([PathBuf::from("/usr/lib/no-such-folder/libc.so.6")]));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn every_library_is_a_file_below_usr() {
        for library in libraries() {
            assert!(library.starts_with("/usr") && library.is_file(), "{}", library.display());
        }
    }
}
