//! A digest of the code that finds facts: this crate, those below it, and the versions of all dependencies (a different
//! version of the library that reads executables may read them differently). Facts are kept from run to run, and several
//! programs that are made of the same code share them; when the code changes, they are found again. A digest, rather than a
//! version number for each kind of fact, because no one has to remember to raise it.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    // DefaultHasher::new() has no random keys: the same sources give the same number each time.
    let mut hasher = DefaultHasher::new();
    for folder in ["src", "../weigh/src", "../base/src"] {
        println!("cargo::rerun-if-changed={folder}");
        for file in files(Path::new(folder))? {
            file.hash(&mut hasher);
            fs::read(&file)?.hash(&mut hasher);
        }
    }
    let lock = "../../../Cargo.lock";
    println!("cargo::rerun-if-changed={lock}");
    fs::read(lock)?.hash(&mut hasher);
    println!("cargo::rustc-env=DIGEST_OF_THE_CODE={:016x}", hasher.finish());
    Ok(())
}

/// All files below a folder, in an order that no file system decides.
fn files(folder: &Path) -> Result<BTreeSet<PathBuf>, Box<dyn Error>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    Ok(found)
}
