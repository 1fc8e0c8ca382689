//! What starts a program that was built for a different machine: the runner that Cargo's own settings name for a target, else the
//! one of the workshop's platforms.

use crate::cargo::configuration::{self, Setting};
use crate::cargo::flags::variable;
use crate::measure::{self, Limits, Run};
use crate::workshop::Platform;
use anyhow::Result;
use base::failure::{Exit, Failure};
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// How the programs of a target are started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Runner {
    /// By themselves, as this machine's own.
    #[default]
    Itself,
    /// By a program, which takes these arguments, the file's path, and the file's own arguments.
    Program {
        /// The program.
        program: OsString,
        /// What comes before the path.
        args: Vec<OsString>,
        /// The setting that names it.
        place: String,
    },
    /// Nothing on this machine starts them.
    Nothing,
}

impl Runner {
    /// The runner of a target: from the environment, Cargo's configuration as seen from a folder, or the workshop's
    /// platforms.
    pub(super) fn of(target: &str, host: &str, folder: &Path, platform: Option<&Platform>) -> Self {
        let variable = variable(target, "RUNNER");
        if let Some(line) = env::var(&variable).ok().filter(|line| !line.trim().is_empty()) {
            let here = env::current_dir().unwrap_or_default();
            return Self::from_words(line.split_whitespace().map(str::to_owned).collect(), &here, variable);
        }
        let settings = configuration::settings(folder);
        let of_target = |setting: &&Setting| setting.path == ["target", target, "runner"];
        if let Some(setting) = settings.iter().find(of_target) {
            return Self::from_words(words(setting), setting.base(), setting.place());
        }
        match platform {
            _ if runs_here(target, host) => Self::Itself,
            Some(platform) if platform.runner.is_empty() => Self::Nothing,
            Some(Platform { runner, .. }) => Self::from_words(
                runner.clone(),
                folder,
                "Cargo.toml, [[workspace.metadata.sizes.platforms]]".to_owned(),
            ),
            // The system may have been told what starts such files.
            None => Self::Itself,
        }
    }

    /// The runner of someone's crate for a target, if one is chosen; and a note, where a program is to be run.
    pub(super) fn of_crate(target: Option<&str>, host: &str, folder: &Path, is_run: bool) -> (Self, Option<String>) {
        let Some(target) = target else { return (Self::Itself, None) };
        let runner = Self::of(target, host, folder, None);
        let note = runner.note(target).filter(|_| is_run);
        (runner, note)
    }

    /// A relative path, which has a slash, begins where the setting is.
    fn from_words(words: Vec<String>, base: &Path, place: String) -> Self {
        let mut words = words.into_iter().map(OsString::from);
        match words.next() {
            None => Self::Itself,
            Some(program) => Self::Program { program: located(&program, base), args: words.collect(), place },
        }
    }

    /// What a user should know about it.
    pub(super) fn note(&self, target: &str) -> Option<String> {
        match self {
            Self::Itself => None,
            Self::Program { program, args, .. } => {
                let words = std::iter::once(program).chain(args).map(|word| word.to_string_lossy().into_owned());
                Some(format!("the programs for {target} are run by `{}`", words.collect::<Vec<_>>().join(" ")))
            }
            Self::Nothing => Some(format!(
                "nothing on this machine runs programs for {target}: they are built and measured, and what they print is NOT checked"
            )),
        }
    }

    /// Runs a program once. What it is called depends on nothing but its name.
    ///
    /// # Errors
    /// When it can't be started.
    pub(crate) fn run(
        &self,
        executable: &Path,
        args: &[String],
        cwd: &Path,
        env: &BTreeMap<OsString, Option<OsString>>,
        limits: Limits,
    ) -> Result<Run> {
        let Self::Program { program, args: before, place } = self else {
            return measure::run(executable, args, "", cwd, env, limits);
        };
        let mut all = before.clone();
        all.push(executable.into());
        all.extend(args.iter().map(OsString::from));
        let start = measure::Start { args: &all, ..measure::Start::default() };
        let ran = measure::run_in(None, &start, Path::new(program), cwd, env, limits);
        ran.map(|(run, _)| run).map_err(|error| {
            Failure::new(Exit::Environment, format!("{error:#}"))
                .help(format!(
                    "{place} sets it as the runner for this target's programs: install it, or correct the setting"
                ))
                .into()
        })
    }
}

/// Whether a machine runs the programs of a target by itself: the processor and the system are the same.
pub(crate) fn runs_here(target: &str, host: &str) -> bool {
    let machine = |triple: &str| {
        let mut parts = triple.split('-').map(str::to_owned);
        (parts.next(), parts.nth(1))
    };
    machine(target) == machine(host)
}

/// A program by its path where it has one; else it is looked for as any command is.
pub(super) fn located(program: &OsStr, base: &Path) -> OsString {
    let has_slash = program.to_string_lossy().contains(['/', std::path::MAIN_SEPARATOR]);
    if has_slash { base.join(program).into() } else { program.to_owned() }
}

/// The words of a runner in a configuration file: a string that is split at spaces, or a list.
fn words(setting: &Setting) -> Vec<String> {
    let Ok(table) = format!("runner = {}", setting.value).parse::<toml::Table>() else { return Vec::new() };
    match table.get("runner") {
        Some(toml::Value::String(line)) => line.split_whitespace().map(str::to_owned).collect(),
        Some(toml::Value::Array(list)) => list.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_runs_what_its_processor_and_its_system_understand() {
        let host = "x86_64-unknown-linux-gnu";
        assert!(runs_here(host, host) && runs_here("x86_64-unknown-linux-musl", host));
        for other in ["aarch64-unknown-linux-gnu", "x86_64-pc-windows-gnu", "wasm32-wasip1", "x86_64-apple-darwin"] {
            assert!(!runs_here(other, host), "{other}");
        }
        assert_eq!(variable("thumbv8m.main-none-eabi", "RUNNER"), "CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_RUNNER");
    }

    #[test]
    fn a_program_with_a_slash_is_where_its_setting_says_and_another_on_the_path() {
        let named = |words: &[&str]| {
            Runner::from_words(words.iter().map(|&word| word.to_owned()).collect(), Path::new("/w"), "x".to_owned())
        };
        let Runner::Program { program, args, .. } = named(&["docs/run.sh", "-L", "a/b"]) else { panic!("no program") };
        assert_eq!((program, args), (Path::new("/w").join("docs/run.sh").into(), vec!["-L".into(), "a/b".into()]));
        let Runner::Program { program, .. } = named(&["wine"]) else { panic!("no program") };
        assert_eq!(program, "wine");
        assert_eq!(named(&[]), Runner::Itself);
    }
}
