//! What on this machine would change a size without anybody noticing: variables of the environment and Cargo's
//! configuration files. For the workshop's own programs it is undone, and said; what cannot be undone ends the call.

mod learner;

pub use learner::{fingerprint, of_learner, overrides};

use crate::diagnostic;
use crate::exit::{Exit, Failure};
use crate::manifest::Profiles;
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// How to call Cargo so that the surroundings change nothing, and what the user should know about them.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Changes to the environment of every child.
    pub env: BTreeMap<OsString, Option<OsString>>,
    /// Further arguments for `cargo build`.
    pub args: Vec<OsString>,
    /// One sentence each.
    pub notes: Vec<String>,
}

/// Cargo's messages are read by this program: without colours, and whole.
const PLAIN_WORDS: [(&str, &str); 4] = [
    ("CARGO_TERM_COLOR", "never"),
    ("CARGO_TERM_QUIET", "false"),
    ("CARGO_TERM_VERBOSE", "false"),
    ("CARGO_TERM_PROGRESS_WHEN", "never"),
];

/// A setting in one of Cargo's configuration files.
#[derive(Debug, PartialEq)]
struct Setting {
    /// The dotted key, such as `profile.release.lto`.
    key: String,
    /// `FILE:LINE`.
    place: String,
    value: String,
    is_table: bool,
}

/// The surroundings of the workshop's own programs: nothing may change their sizes.
///
/// # Errors
/// When something that changes sizes cannot be undone from outside.
pub fn of_workshop(root: &Path, profiles: &Profiles, host: &str) -> Result<Surroundings> {
    let mut surroundings = Surroundings::default();
    ignore_environment(env::vars_os(), &mut surroundings);
    // An empty list of flags wins over the flags of every configuration file; an empty RUSTFLAGS would, too, but a
    // user who looks at the environment is less likely to take this one for their own.
    surroundings.env.insert("CARGO_ENCODED_RUSTFLAGS".into(), Some(OsString::new()));
    undo_configuration(&configuration(root), profiles, host, &mut surroundings)?;
    Ok(surroundings)
}

/// The surroundings of somebody else's crate: its own configuration belongs to it, the caller's environment does not.
pub fn of_foreign(folder: &Path) -> Surroundings {
    let mut surroundings = Surroundings::default();
    ignore_environment(env::vars_os(), &mut surroundings);
    for Setting { key, place, value, .. } in configuration(folder) {
        if key.ends_with("rustflags") {
            surroundings.notes.push(format!("{place} sets {key} = {value}: it is part of every row"));
        } else if key.starts_with("profile.") {
            let note = format!("{place} sets {key}: kept, but where the row says otherwise");
            surroundings.notes.push(note);
        }
    }
    surroundings
}

fn ignore_environment(variables: impl Iterator<Item = (OsString, OsString)>, surroundings: &mut Surroundings) {
    for (name, value) in variables {
        let Some(text) = name.to_str() else { continue };
        if changes_sizes(text) {
            if !value.is_empty() {
                let value = value.display();
                let note =
                    format!("{text} is set in your environment (`{value}`): ignored here, it would change sizes");
                surroundings.notes.push(note);
            }
            surroundings.env.insert(name, None);
        } else if set_by_cargo_run(text) {
            surroundings.env.insert(name, None);
        }
    }
    surroundings.env.extend(PLAIN_WORDS.map(|(name, value)| (name.into(), Some(value.into()))));
}

/// Variables that change what Cargo or rustc make of the same sources.
fn changes_sizes(name: &str) -> bool {
    let target_flags = name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS");
    target_flags
        || name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_UNSTABLE_")
        || matches!(
            name,
            "RUSTFLAGS"
                | "CARGO_ENCODED_RUSTFLAGS"
                | "CARGO_INCREMENTAL"
                | "RUSTC"
                | "RUSTC_BOOTSTRAP"
                | "RUSTC_WRAPPER"
                | "RUSTC_WORKSPACE_WRAPPER"
                | "CARGO_BUILD_RUSTFLAGS"
                | "CARGO_BUILD_INCREMENTAL"
                | "CARGO_BUILD_RUSTC"
                | "CARGO_BUILD_RUSTC_WRAPPER"
                | "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"
                | "CARGO_BUILD_TARGET"
        )
}

/// Variables that `cargo run` sets for xtask, and which are wrong for any other package.
fn set_by_cargo_run(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(
            name,
            "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_PRIMARY_PACKAGE"
                | "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "OUT_DIR"
        )
}

fn undo_configuration(
    settings: &[Setting],
    profiles: &Profiles,
    host: &str,
    surroundings: &mut Surroundings,
) -> Result<()> {
    for Setting { key, place, value, is_table } in settings {
        let parts: Vec<&str> = key.split('.').collect();
        let mut set = |name: &str, value: &str| surroundings.env.insert(name.into(), Some(value.into()));
        let mut kept = None;
        match parts.as_slice() {
            // Undone for every build by CARGO_ENCODED_RUSTFLAGS.
            [.., "rustflags"] => {}
            ["build", "rustc"] => {
                set("RUSTC", "rustc");
            }
            ["build", "rustc-wrapper"] => {
                set("RUSTC_WRAPPER", "");
            }
            ["build", "rustc-workspace-wrapper"] => {
                set("RUSTC_WORKSPACE_WRAPPER", "");
            }
            ["build", "incremental"] => surroundings.args.extend(["--config".into(), "build.incremental=false".into()]),
            ["build", "target"] if value.trim_matches('"') == host => continue,
            ["build", "target"] => surroundings.args.extend(["--target".into(), host.into()]),
            ["target", _, "linker"] => kept = Some("kept; it may change sizes"),
            ["profile", profile, setting, ..] if profiles.knows(profile) => match profiles.value(profile, setting) {
                Some(value) if !is_table => {
                    surroundings
                        .args
                        .extend(["--config".into(), format!("profile.{profile}.{setting}={value}").into()]);
                }
                None if !is_table => kept = Some("kept; it may change sizes"),
                _ => bail!(
                    Failure::new(
                        Exit::Environment,
                        format!("{place} sets [{key}], which changes sizes and cannot be undone from here")
                    )
                    .help("take it out while you measure, or run with another CARGO_HOME")
                ),
            },
            _ => continue,
        }
        let what = kept.unwrap_or("ignored here, it would change sizes");
        surroundings.notes.push(format!("{place} sets {key} = {value}: {what}"));
    }
    Ok(())
}

/// Every setting of Cargo's configuration as seen from a folder, nearest file first.
fn configuration(folder: &Path) -> Vec<Setting> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let mut folders: Vec<PathBuf> = folder.ancestors().map(|ancestor| ancestor.join(".cargo")).collect();
    if let Some(home) = home
        && !folders.contains(&home)
    {
        folders.push(home);
    }
    let mut settings = Vec::new();
    for folder in folders {
        // `config` without an ending is the old name; where both exist, Cargo reads the old one.
        let file = ["config", "config.toml"].iter().map(|name| folder.join(name)).find(|file| file.is_file());
        if let Some(file) = file {
            read_configuration(&file, &mut settings, 0);
        }
    }
    settings
}

/// Reads a file and those that it includes. One that cannot be read is left to Cargo, which will say so.
fn read_configuration(file: &Path, settings: &mut Vec<Setting>, depth: usize) {
    let Ok(text) = fs::read_to_string(file) else { return };
    let Ok(table) = DeTable::parse(&text) else { return };
    let shown = diagnostic::shown(file);
    let before = settings.len();
    flatten(table.get_ref(), "", &mut |key, value, range: Range<usize>| {
        let place = format!("{}:{}", shown.display(), diagnostic::line_and_column(&text, range.start).0);
        let value_text = text.get(range).unwrap_or_default().to_owned();
        settings.push(Setting { key, place, value: value_text, is_table: matches!(value, DeValue::Table(_)) });
    });
    let included: Vec<PathBuf> = settings[before..]
        .iter()
        .filter(|setting| setting.key == "include")
        .flat_map(|setting| setting.value.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .map(|path| file.parent().unwrap_or(Path::new("")).join(path))
        .collect();
    // Cargo refuses includes in a circle; five levels are more than anybody writes.
    if depth < 5 {
        included.iter().for_each(|file| read_configuration(file, settings, depth + 1));
    }
}

/// Calls `found` for every value that is no table, and for the tables `package` and `build-override` of a profile.
fn flatten(table: &DeTable<'_>, prefix: &str, found: &mut impl FnMut(String, &DeValue<'_>, Range<usize>)) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        let overrides = prefix.starts_with("profile.") && matches!(name.as_ref(), "package" | "build-override");
        match value.get_ref() {
            DeValue::Table(inner) if !overrides => flatten(inner, &path, found),
            // The key's place, not the value's: a table's value may begin lines later.
            other @ DeValue::Table(_) => found(path, other, key.span()),
            other => found(path, other, value.span()),
        }
    }
}

/// A variable that chooses the toolchain was set by rustup for the workshop's own pin, not by the user.
pub fn toolchain_is_our_pin(pinned: Option<&OsStr>, toolchain_file: &str) -> bool {
    let channel = toolchain_file
        .lines()
        .find_map(|line| line.strip_prefix("channel = "))
        .map(|value| value.trim().trim_matches('"'));
    match (pinned.and_then(OsStr::to_str), channel) {
        (Some(pinned), Some(channel)) => pinned == channel || pinned.starts_with(&format!("{channel}-")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Vec<Setting> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::io::Write::write_all(&mut fs::File::create(&file).unwrap(), text.as_bytes()).unwrap();
        let mut settings = Vec::new();
        read_configuration(&file, &mut settings, 0);
        settings
    }

    fn undo(text: &str) -> Result<Surroundings> {
        let mut surroundings = Surroundings::default();
        let profiles: Profiles = toml::from_str("[dist]\ninherits = \"release\"\nlto = true").unwrap();
        undo_configuration(&settings(text), &profiles, "x86_64-unknown-linux-gnu", &mut surroundings)?;
        Ok(surroundings)
    }

    #[test]
    fn a_profile_of_a_configuration_file_is_set_back_to_what_the_manifest_says() {
        let surroundings =
            undo("[profile.release]\nlto = \"thin\"\nstrip = true\n[profile.dist]\nlto = false").unwrap();
        let args: Vec<_> =
            surroundings.args.iter().filter_map(|arg| arg.to_str()).filter(|arg| *arg != "--config").collect();
        assert_eq!(args, ["profile.dist.lto=true", "profile.release.lto=false", "profile.release.strip=\"debuginfo\""]);
        assert!(
            surroundings.notes[0].contains("config.toml:5 sets profile.dist.lto = false: ignored"),
            "{:?}",
            surroundings.notes
        );
    }

    #[test]
    fn an_override_for_packages_ends_the_call_and_names_the_line() {
        let error = undo("[profile.release]\n[profile.release.package.serde]\nopt-level = 3").unwrap_err();
        assert!(error.to_string().contains("config.toml:2 sets [profile.release.package]"), "{error}");
    }

    #[test]
    fn another_target_is_set_back_to_this_machines() {
        assert_eq!(
            undo("[build]\ntarget = \"wasm32-unknown-unknown\"").unwrap().args,
            ["--target", "x86_64-unknown-linux-gnu"]
        );
        assert!(undo("[build]\ntarget = \"x86_64-unknown-linux-gnu\"").unwrap().args.is_empty());
    }

    #[test]
    fn a_linker_is_kept_and_named() {
        let notes = undo("[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"").unwrap().notes;
        assert!(notes[0].contains("linker = \"clang\": kept"), "{notes:?}");
    }

    #[test]
    fn variables_that_change_sizes_are_taken_out_and_named() {
        let variables = [
            ("RUSTFLAGS", "-C opt-level=0"),
            ("CARGO_PROFILE_RELEASE_LTO", "true"),
            ("RUSTC_WRAPPER", ""),
            ("HOME", "/h"),
            ("CARGO_TARGET_DIR", "/t"),
            ("CARGO_PKG_NAME", "xtask"),
        ];
        let mut surroundings = Surroundings::default();
        ignore_environment(variables.map(|(name, value)| (name.into(), value.into())).into_iter(), &mut surroundings);
        let removed: Vec<_> = surroundings
            .env
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(removed, ["CARGO_PKG_NAME", "CARGO_PROFILE_RELEASE_LTO", "RUSTC_WRAPPER", "RUSTFLAGS"]);
        assert_eq!(surroundings.notes.len(), 2, "an empty value changes nothing: {:?}", surroundings.notes);
    }

    #[test]
    fn the_pinned_toolchain_is_told_from_a_chosen_one() {
        let file = "[toolchain]\nchannel = \"1.95.0\"\n";
        assert!(toolchain_is_our_pin(Some(OsStr::new("1.95.0-x86_64-unknown-linux-gnu")), file));
        assert!(!toolchain_is_our_pin(Some(OsStr::new("nightly")), file));
        assert!(!toolchain_is_our_pin(None, file));
    }
}
