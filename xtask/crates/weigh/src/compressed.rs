//! What a file costs to download: its size after `gzip -9` and `zstd -19`. Both are measured by the programs that people call,
//! because every other encoder gives a different number: zlib's own best is up to 0.2 % off gzip's, in both directions.

use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::output;
use base::proc::{self, Call, Status};
use base::queue::joined;
use serde::Serialize;
use std::path::Path;
use std::thread;

/// A way to compress a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// What every server, registry, and browser understands.
    Gzip,
    /// What package managers and newer servers use.
    Zstd,
}

/// Bytes of a file after each method; none where the program for it isn't installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compressed {
    /// After `gzip -9`.
    #[serde(rename = "gzip_bytes")]
    pub gzip: Option<u64>,
    /// After `zstd -19`.
    #[serde(rename = "zstd_bytes")]
    pub zstd: Option<u64>,
}

impl Method {
    /// In the order of the columns.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// The program, which is also the name of its package everywhere.
    pub fn program(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The program with its level, as a column is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gzip => "gzip -9",
            Self::Zstd => "zstd -19",
        }
    }

    /// Without the file's name, which would count, and with nothing on standard error.
    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Gzip => &["-9", "-n", "-c"],
            Self::Zstd => &["-19", "-q", "-c"],
        }
    }

    /// The program with these arguments, and without the variables that would change its level.
    fn call(self, folder: &Path) -> Call {
        let mut call = Call::new(self.program(), folder);
        for name in ["GZIP", "ZSTD_CLEVEL", "ZSTD_NBTHREADS"] {
            call.env.insert(name.into(), None);
        }
        call.output_limit = usize::MAX;
        call
    }

    fn is_installed(self) -> Result<bool> {
        Ok(proc::run_if_installed(&self.call(Path::new(".")).arg("--version"))?.is_some())
    }

    /// The bytes of a compressed file; none where the program isn't installed.
    fn bytes(self, file: &Path) -> Result<Option<u64>> {
        // A path of its own: a file called `-d` isn't an option.
        let file = std::path::absolute(file)?;
        let call = self.call(file.parent().unwrap_or(Path::new("/"))).args(self.args()).arg(&file);
        let Some(finished) = proc::run_if_installed(&call)? else { return Ok(None) };
        if finished.status != Status::Exited(0) {
            let words = String::from_utf8_lossy(&finished.stderr);
            let message = format!("`{}` can't compress {}: {}", self.title(), file.display(), words.trim());
            bail!(Failure::new(Exit::Environment, message));
        }
        Ok(Some(finished.stdout.len() as u64))
    }

    /// The bytes of a compressed file.
    ///
    /// # Errors
    /// When the program fails, or isn't installed.
    pub(crate) fn required(self, file: &Path) -> Result<u64> {
        self.bytes(file)?.with_context(|| format!("{} was there a moment ago", self.program()))
    }

    /// Ends the call where the program that a budget needs isn't installed, before anything is built.
    ///
    /// # Errors
    /// When it isn't installed.
    pub(crate) fn require(self, what_for: &str) -> Result<()> {
        if self.is_installed()? {
            return Ok(());
        }
        let message = format!("{what_for} is measured with `{}`, and {} isn't installed", self.title(), self.program());
        bail!(Failure::new(Exit::Environment, message).help(self.how_to_install()))
    }

    fn how_to_install(self) -> String {
        format!(
            "install the package {0} (Debian, Ubuntu: `apt install {0}`; macOS: `brew install {0}`)",
            self.program()
        )
    }
}

impl Compressed {
    /// Compresses a file by each method, both at once.
    ///
    /// # Errors
    /// When a program that is installed fails.
    pub fn of(file: &Path) -> Result<Self> {
        let (gzip, zstd) = thread::scope(|scope| {
            let gzip = scope.spawn(|| Method::Gzip.bytes(file));
            let zstd = Method::Zstd.bytes(file);
            (joined(gzip), zstd)
        });
        Ok(Self { gzip: gzip?, zstd: zstd? })
    }

    /// The bytes after one method.
    pub fn by(&self, method: Method) -> Option<u64> {
        match method {
            Method::Gzip => self.gzip,
            Method::Zstd => self.zstd,
        }
    }
}

/// Where downloads are wanted, looks for the programs before anything is built, and says which is missing: its column stays
/// empty.
///
/// # Errors
/// When both are missing, so that nothing could be measured.
pub(crate) fn look_for_programs(wanted: bool) -> Result<()> {
    if !wanted {
        return Ok(());
    }
    let mut missing = Vec::new();
    for method in Method::ALL {
        if !method.is_installed()? {
            missing.push(method);
        }
    }
    if missing.len() == Method::ALL.len() {
        let message = "--compressed needs gzip or zstd, and neither is installed";
        bail!(Failure::new(Exit::Environment, message).help("install the packages gzip and zstd"));
    }
    for method in missing {
        output::note(&format!("`{}` isn't measured: {}", method.title(), method.how_to_install()));
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What a shell prints, as the author of a download would measure.
    fn shell(command: &str, folder: &Path) -> u64 {
        let call = Call::new("sh", folder).args(["-c", command]);
        String::from_utf8(proc::run(&call).unwrap().stdout).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn the_bytes_are_those_of_the_programs_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        // A name that would be an option, and text of which a third can be left out.
        let text: String = (0..20_000_u32).map(|n| format!("{}\n", n.wrapping_mul(2_654_435_761) >> 12)).collect();
        let file = folder.path().join("-d");
        base::files::write_atomic(&file, text.as_bytes()).unwrap();
        let found = Compressed::of(&file).unwrap();
        if let Some(bytes) = found.gzip {
            assert_eq!(bytes, shell("gzip -9 -n -c ./-d | wc -c", folder.path()));
            assert!(bytes < text.len() as u64);
        }
        if let Some(bytes) = found.zstd {
            assert_eq!(bytes, shell("zstd -19 -q -c ./-d | wc -c", folder.path()));
        }
        assert!(found.gzip.is_some() || found.zstd.is_some(), "install gzip and zstd for this test");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_not_a_size() {
        let error = Compressed::of(Path::new("/nonexistent/file")).unwrap_err();
        assert!(format!("{error:#}").contains("/nonexistent"), "{error:#}");
    }
}
