//! Further flags for rustc, beside those that a build has already.

use super::Cargo;
use super::configuration;
use std::env;
use std::ffi::{OsStr, OsString};

/// The variable with flags for rustc that wins over all other places.
const ENCODED: &str = "CARGO_ENCODED_RUSTFLAGS";
/// What stands between two of them.
const BETWEEN: &str = "\u{1f}";

/// Flags with others behind them, as that variable has them.
fn encoded(before: &OsStr, flags: &[&str]) -> OsString {
    let mut all = before.to_owned();
    if !all.is_empty() {
        all.push(BETWEEN);
    }
    all.push(flags.join(BETWEEN));
    all
}

/// The variable in which Cargo reads a setting of a target.
pub(crate) fn variable(triple: &str, setting: &str) -> String {
    format!("CARGO_TARGET_{}_{setting}", triple.to_uppercase().replace(['-', '.'], "_"))
}

impl Cargo {
    /// Adds flags to the environment's, in the place that wins over all others.
    pub fn force_flags(&mut self, flags: &[&str]) {
        let flags = encoded(&self.flags_of_environment().unwrap_or_default(), flags);
        self.env.insert(ENCODED.into(), Some(flags));
    }

    /// How rustc gets further flags, without hiding those that the user has in the environment or in a configuration file: as
    /// arguments of Cargo, or as a variable. Cargo joins the flags of one key, and reads one kind of key only.
    pub fn further_flags(&self, triple: &str, flags: &[&str]) -> (Vec<OsString>, Option<(OsString, OsString)>) {
        if let Some(before) = self.flags_of_environment() {
            return (Vec::new(), Some((ENCODED.into(), encoded(&before, flags))));
        }
        let settings = configuration::settings(&self.cwd);
        let flags_of = |table: &str, fits: &dyn Fn(&str) -> bool| {
            settings.iter().any(|setting| match setting.path.as_slice() {
                [first, middle @ .., last] => {
                    first == table && last == "rustflags" && middle.iter().all(|key| fits(key))
                }
                _ => false,
            })
        };
        let variable = variable(triple, "RUSTFLAGS");
        // Whether a `cfg` fits, only rustc knows.
        let of_target =
            flags_of("target", &|key| key == triple || key.starts_with("cfg(")) || self.value(&variable).is_some();
        let of_build = flags_of("build", &|_| true) || self.value("CARGO_BUILD_RUSTFLAGS").is_some();
        let key = match of_build && !of_target {
            true => "build.rustflags".to_owned(),
            false => format!("target.{triple}.rustflags"),
        };
        let list: Vec<String> = flags.iter().map(|flag| format!("{flag:?}")).collect();
        (vec!["--config".into(), format!("{key}=[{}]", list.join(", ")).into()], None)
    }

    /// The flags that the environment of a call has for rustc; none where it says nothing, and configuration files count.
    fn flags_of_environment(&self) -> Option<OsString> {
        let plain = || {
            let flags = self.value("RUSTFLAGS")?;
            Some(flags.to_string_lossy().split_whitespace().collect::<Vec<_>>().join(BETWEEN))
        };
        self.value(ENCODED).or_else(|| plain().map(OsString::from))
    }

    /// A variable as a call has it.
    fn value(&self, name: &str) -> Option<OsString> {
        match self.env.get(OsStr::new(name)) {
            Some(change) => change.clone(),
            None => env::var_os(name),
        }
    }
}
