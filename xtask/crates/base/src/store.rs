//! Facts that were found before, kept under a digest of everything they depend on. A fact with a different digest is
//! found again; a damaged file counts as missing.

use crate::files;
use crate::numbers::hex;
use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::env;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    key: String,
    fact: T,
}

/// The digest of what a fact depends on, and of the code that finds it: another version may find something else. Programs that
/// are made of the same code share what they keep.
pub fn key_by(code: &str, parts: &[&[u8]]) -> String {
    digest(&parts.iter().copied().chain([code.as_bytes()]).collect::<Vec<_>>())
}

/// The digest of what a fact depends on, and of this very program: for facts that no other program looks for.
pub fn key(parts: &[&[u8]]) -> String {
    let own = env::current_exe().and_then(|path| path.metadata()).ok().map(|metadata| {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        format!("{} {:?}", metadata.len(), modified)
    });
    key_by(&own.unwrap_or_default(), parts)
}

/// The digest of some things: the same on every machine, and for every build of this program.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = hmac_sha256::Hash::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Everything in a folder, as one text, wherever the folder is.
///
/// # Errors
/// When it cannot be read.
pub fn everything_in(folder: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for file in files::files(folder)? {
        let path = folder.join(&file);
        let content = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
        all.extend(format!("{} {}\n", file.display(), content.len()).into_bytes());
        all.extend(content);
    }
    Ok(all)
}

/// A fact that was kept under this digest.
pub fn load<T: DeserializeOwned>(file: &Path, key: &str) -> Option<T> {
    let kept: Kept<T> = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (kept.key == key).then_some(kept.fact)
}

/// Keeps a fact.
///
/// # Errors
/// When the file cannot be written.
pub fn save<T: Serialize>(file: &Path, key: &str, fact: &T) -> Result<()> {
    files::write_atomic(file, &serde_json::to_vec(&Kept { key: key.to_owned(), fact })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_found_again_under_its_digest_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fact.json");
        let one = key(&[b"a", b"b"]);
        assert_ne!(one, key(&[b"ab", b""]), "parts do not run into each other");
        assert_eq!(key_by("1", &[b"a"]), key_by("1", &[b"a"]));
        assert_ne!(key_by("1", &[b"a"]), key_by("2", &[b"a"]), "other code may find something else");
        save(&file, &one, &7).unwrap();
        assert_eq!(load(&file, &one), Some(7));
        assert_eq!(load::<i32>(&file, "another"), None);
        files::write_atomic(&file, b"{").unwrap();
        assert_eq!(load::<i32>(&file, &one), None);
    }
}
