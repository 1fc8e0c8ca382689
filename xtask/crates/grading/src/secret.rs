//! The class's secret, from which hidden inputs are made together with the graded files. Everything else that a result
//! depends on is public or the student's own, so without it a student could compute the inputs beforehand.

use super::beside;
use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::numbers::hex;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

/// Its file, in the results folder or next to it.
pub(crate) const FILE: &str = "hidden-inputs.secret";

/// The fewest characters it may have: too many to try out.
const SHORTEST: usize = 32;

/// Reads a class's secret; creates one in the results folder if there is none.
///
/// # Errors
/// When there are two, it is too short, or it cannot be read or written.
pub(crate) fn of(out_dir: &Path) -> Result<String> {
    if let Some((file, text)) = beside::find(out_dir, FILE)? {
        let secret = text.trim().to_owned();
        if secret.len() < SHORTEST {
            let message = format!("{FILE} needs at least {SHORTEST} characters, but is {} long", secret.len());
            bail!(
                Failure::new(Exit::Usage, message)
                    .file(shown(&file))
                    .help("to create one, run `openssl rand -hex 32`; without the file, grading creates one")
            );
        }
        return Ok(secret);
    }
    let secret = hex(&random()?);
    let file = out_dir.join(FILE);
    write(&file, &format!("{secret}\n")).with_context(|| format!("can't write {}", file.display()))?;
    Ok(secret)
}

/// 32 bytes that can't be guessed.
fn random() -> Result<[u8; 32]> {
    let mut hash = hmac_sha256::Hash::new();
    if cfg!(unix) {
        let mut bytes = [0; 32];
        File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(&mut bytes))
            .context("can't read /dev/urandom")?;
        hash.update(bytes);
    }
    // The keys of the standard library's hash tables: 128 bits, from the operating system's own source.
    for number in 0..4_u32 {
        hash.update(RandomState::new().hash_one(number).to_le_bytes());
    }
    Ok(hash.finalize())
}

/// Writes a file that only its owner can read, whole or not at all.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Written next to it first: a partial one would be read as if it were the class's.
    let temporary = file.with_file_name(format!(".{FILE}.{}.tmp", std::process::id()));
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = options.open(&temporary).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.sync_all()
    });
    let written = written.and_then(|()| fs::rename(&temporary, file));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::files::write_atomic;

    #[test]
    fn it_is_made_once_and_read_again_and_no_two_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("class/grades");
        let secret = of(&out).unwrap();
        assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "{secret}");
        assert_eq!(of(&out).unwrap(), secret);
        assert_ne!(of(&folder.path().join("other")).unwrap(), secret);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(out.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn one_beside_the_results_is_shared_and_a_short_one_or_a_second_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let shared = "0123456789abcdef0123456789abcdef";
        write_atomic(&folder.path().join(FILE), format!("{shared}\n").as_bytes()).unwrap();
        for part in ["part-1", "part-2"] {
            assert_eq!(of(&folder.path().join(part)).unwrap(), shared);
            assert!(!folder.path().join(part).exists());
        }
        write_atomic(&folder.path().join("part-1").join(FILE), shared.as_bytes()).unwrap();
        let error = of(&folder.path().join("part-1")).unwrap_err();
        assert!(error.to_string().starts_with("there are two hidden-inputs.secret files: "), "{error}");
        write_atomic(&folder.path().join(FILE), b"1234\n").unwrap();
        let error = of(&folder.path().join("part-2")).unwrap_err();
        assert_eq!(error.to_string(), "hidden-inputs.secret needs at least 32 characters, but is 4 long");
    }
}
