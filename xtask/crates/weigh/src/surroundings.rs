//! What on this machine would change a size unnoticed: environment variables and Cargo's configuration files. For the
//! workshop's own programs, and for what a check builds, it is set aside, and said; what cannot be set aside ends the call.
//! For a user's crate it is kept, and said: the numbers describe the build that its owner makes here.

use crate::cargo::configuration::{Setting, settings as configuration};
use crate::profiles::Profiles;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

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

/// This program reads Cargo's messages: without colors, and whole.
const PLAIN_WORDS: [(&str, &str); 4] = [
    ("CARGO_TERM_COLOR", "never"),
    ("CARGO_TERM_QUIET", "false"),
    ("CARGO_TERM_VERBOSE", "false"),
    ("CARGO_TERM_PROGRESS_WHEN", "never"),
];

/// The surroundings of the workshop's own programs: nothing may change their sizes.
///
/// # Errors
/// When something that changes sizes cannot be undone from outside.
pub fn of_workshop(root: &Path, profiles: &Profiles, host: &str) -> Result<Surroundings> {
    let mut surroundings = Surroundings::default();
    ignore_environment(env::vars_os(), &mut surroundings);
    // An empty list of flags wins over the flags of every configuration file; an empty RUSTFLAGS would as well, but a
    // user who looks at the environment is less likely to take this one for their own.
    surroundings.env.insert("CARGO_ENCODED_RUSTFLAGS".into(), Some(OsString::new()));
    undo_configuration(&configuration(root), profiles, host, &mut surroundings)?;
    Ok(surroundings)
}

/// The surroundings of a user's crate. What its own `cargo build` follows here is followed: its configuration files and the
/// caller's environment.
pub fn of_foreign(folder: &Path) -> Surroundings {
    let mut surroundings = Surroundings::default();
    keep_environment(env::vars_os(), &mut surroundings);
    let has_unstable = has_unstable_features();
    for setting in configuration(folder) {
        let (Setting { key, .. }, place) = (&setting, setting.place());
        if key.ends_with("rustflags") {
            let when = match setting.path.as_slice() {
                [target, triple, _] if target == "target" => format!("Cargo passes it in builds for {triple}"),
                _ => "Cargo passes it in every build, unless flags for the target or from the environment override it"
                    .to_owned(),
            };
            surroundings.notes.push(format!("{place} sets {key} = {}: {when}", setting.short_value()));
        } else if key == "unstable.build-std" {
            let what = match has_unstable {
                true => "std is built with the crate, in every row",
                false => {
                    "a nightly toolchain, or RUSTC_BOOTSTRAP=1 in your environment, builds std with the crate; others ignore it"
                }
            };
            surroundings.notes.push(format!("{place} sets {key} = {}: {what}", setting.short_value()));
        }
    }
    surroundings
}

/// Whether the environment makes every toolchain take what is unstable.
fn has_unstable_features() -> bool {
    env::var_os("RUSTC_BOOTSTRAP").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Keeps what `cargo build` would follow, and says so where it changes what is built.
fn keep_environment(variables: impl Iterator<Item = (OsString, OsString)>, surroundings: &mut Surroundings) {
    for (name, value) in variables {
        let Some(text) = name.to_str() else { continue };
        match power(text) {
            // What is around rustc changes nothing that it makes.
            _ if text.ends_with("_WRAPPER") => {}
            Some(Power::Builds | Power::BuildsUnlessEmpty) if !value.is_empty() && is_read(text) => {
                let what = match text.strip_prefix("CARGO_PROFILE_") {
                    Some(_) => "part of your own profile, as in your own `cargo build`",
                    None => "every build here uses it, as your own `cargo build` does",
                };
                surroundings.notes.push(format!("{text} is set in your environment (`{}`): {what}", value.display()));
            }
            Some(Power::Words) => drop(surroundings.env.insert(name, None)),
            _ if set_by_cargo_run(text) => drop(surroundings.env.insert(name, None)),
            _ => {}
        }
    }
    surroundings.env.extend(PLAIN_WORDS.map(|(name, value)| (name.into(), Some(value.into()))));
}

fn ignore_environment(variables: impl Iterator<Item = (OsString, OsString)>, surroundings: &mut Surroundings) {
    for (name, value) in variables {
        let Some(text) = name.to_str() else { continue };
        match power(text) {
            Some(Power::Builds | Power::BuildsUnlessEmpty) => {
                if !value.is_empty() && is_read(text) {
                    let value = value.display();
                    let note = format!(
                        "{text} is set in your environment (`{value}`): ignored here, because it would change sizes"
                    );
                    surroundings.notes.push(note);
                }
                surroundings.env.insert(name, None);
            }
            Some(Power::Words) => drop(surroundings.env.insert(name, None)),
            _ if set_by_cargo_run(text) => drop(surroundings.env.insert(name, None)),
            Some(Power::Links) | None => {}
        }
    }
    surroundings.env.extend(PLAIN_WORDS.map(|(name, value)| (name.into(), Some(value.into()))));
}

/// Whether Cargo reads a variable of this spelling. Except on Windows it doesn't read lowercase names, and only warns.
pub fn is_read(name: &str) -> bool {
    cfg!(windows) || name == name.to_uppercase()
}

/// What a variable may do to a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// It changes what Cargo, rustc or the linker make of the same sources, or whether they can.
    Builds,
    /// The same, unless it is empty.
    BuildsUnlessEmpty,
    /// It chooses the linker, without which some machines can't link at all.
    Links,
    /// It changes what they print.
    Words,
}

/// What a variable may do. Where systems or Cargo take several spellings for one name, or only warn about one, they count as one.
pub fn power(name: &str) -> Option<Power> {
    let name = name.to_uppercase().replace('-', "_");
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    if let Some(rest) = name.strip_prefix("CARGO_TARGET_").or_else(|| name.strip_prefix("CARGO_HOST_")) {
        return match rest {
            _ if rest.ends_with("_LINKER") || rest == "LINKER" => Some(Power::Links),
            _ if rest.ends_with("RUSTFLAGS") => Some(Power::BuildsUnlessEmpty),
            // A check names its folder itself, and runs nothing through a runner.
            "DIR" => None,
            _ if rest.ends_with("_RUNNER") || rest.ends_with("_RUSTDOCFLAGS") => None,
            _ => Some(Power::Builds),
        };
    }
    match name.as_str() {
        "RUSTFLAGS"
        | "CARGO_ENCODED_RUSTFLAGS"
        | "CARGO_BUILD_RUSTFLAGS"
        | "RUSTC_WRAPPER"
        | "RUSTC_WORKSPACE_WRAPPER"
        | "CARGO_BUILD_RUSTC_WRAPPER"
        | "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"
        | "LD_PRELOAD"
        | "LD_AUDIT"
        | "LD_RUN_PATH"
        | "DYLD_INSERT_LIBRARIES"
        | "LINK"
        | "_LINK_" => Some(Power::BuildsUnlessEmpty),
        "CARGO_BUILD_JOBS"
        | "CARGO_BUILD_TARGET_DIR"
        | "CARGO_BUILD_BUILD_DIR"
        | "CARGO_BUILD_RUSTDOC"
        | "CARGO_BUILD_RUSTDOCFLAGS" => None,
        "CARGO_INCREMENTAL" | "RUSTC" | "RUSTC_BOOTSTRAP" => Some(Power::Builds),
        "RUSTC_LOG" | "CARGO_LOG" => Some(Power::Words),
        _ if begins(&["CARGO_PROFILE_", "CARGO_UNSTABLE_", "CARGO_BUILD_", "CARGO_RESOLVER_"]) => Some(Power::Builds),
        _ if begins(&["__CARGO_", "RUSTC_FORCE_"]) => Some(Power::Builds),
        _ => None,
    }
}

/// The environment of every build of a check: this one, without what would change what is built.
pub fn of_builds() -> BTreeMap<OsString, Option<OsString>> {
    let mut surroundings = Surroundings::default();
    ignore_environment(env::vars_os(), &mut surroundings);
    surroundings.env
}

/// What of this environment reaches every build, and may be why one fails: each variable with its value.
pub fn of_failed_builds() -> Vec<String> {
    let variables = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let mut named: Vec<String> = variables
        .filter(|(name, value)| !value.is_empty() && reaches_builds(name))
        .map(|(name, value)| format!("{name} (`{}`)", value.display()))
        .collect();
    named.sort();
    named
}

/// Whether a variable isn't set aside, and changes how Cargo, rustc, a C compiler or a linker works.
fn reaches_builds(name: &str) -> bool {
    const READ: [&str; 30] = [
        "AR",
        "AS",
        "CC",
        "CFLAGS",
        "COMPILER_PATH",
        "CPATH",
        "CPP",
        "CPPFLAGS",
        "CXX",
        "CXXFLAGS",
        "C_INCLUDE_PATH",
        "COLLECT_GCC",
        "DEVELOPER_DIR",
        "GCC_EXEC_PREFIX",
        "INCLUDE",
        "LD",
        "LDFLAGS",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "LIB",
        "LIBPATH",
        "LIBRARY_PATH",
        "MACOSX_DEPLOYMENT_TARGET",
        "MAKEFLAGS",
        "RUST_MIN_STACK",
        "SDKROOT",
        "SYSROOT",
        "TARGET",
        "TMPDIR",
        "HOST_CC",
    ];
    const HARMLESS: [&str; 6] =
        ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_TERM_", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTRIES_"];
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    match power(name) {
        _ if set_by_cargo_run(name) || begins(&HARMLESS) => false,
        Some(Power::Links) => true,
        Some(_) => false,
        None => READ.contains(&name) || begins(&["CARGO_", "GCC_", "CC_", "RUSTC_"]),
    }
}

/// The environment of the programs of a check: as little as in the box of a graded run, so nothing that the loader, an
/// allocator, the standard library or a program itself could read there changes what they do.
pub fn of_runs() -> BTreeMap<OsString, Option<OsString>> {
    const KEPT: [&str; 12] = [
        "PATH",
        "HOME",
        "TMPDIR",
        "TEMP",
        "TMP",
        "USERPROFILE",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "WINDIR",
        "COMSPEC",
        "PATHEXT",
        "VALGRIND_LIB",
    ];
    let is_kept = |name: &OsString| name.to_str().is_some_and(|name| KEPT.contains(&name.to_uppercase().as_str()));
    let mut changes: BTreeMap<_, _> =
        env::vars_os().filter(|(name, _)| !is_kept(name)).map(|(name, _)| (name, None)).collect();
    changes.insert("LC_ALL".into(), Some("C.UTF-8".into()));
    changes
}

/// Variables that `cargo run` sets for xtask, and which are wrong for any other package.
pub fn set_by_cargo_run(name: &str) -> bool {
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
    for setting in settings {
        let (Setting { key, path, value, is_table, .. }, place) = (setting, setting.place());
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
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
                        format!("{place} sets [{key}], which changes sizes and can't be overridden from here")
                    )
                    .help("remove it while you measure, or run with a different CARGO_HOME")
                ),
            },
            _ => continue,
        }
        let what = kept.unwrap_or("ignored here, because it would change sizes");
        surroundings.notes.push(format!("{place} sets {key} = {value}: {what}"));
    }
    Ok(())
}

/// The release of rustc that a workshop is pinned to, if it is pinned to a release.
pub fn pin(root: &Path) -> Option<String> {
    let file = std::fs::read_to_string(root.join("rust-toolchain.toml")).ok()?;
    let channel = file.lines().find_map(|line| line.strip_prefix("channel = "))?.trim().trim_matches('"');
    channel.starts_with(|first: char| first.is_ascii_digit()).then(|| channel.to_owned())
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
    use crate::cargo::configuration::tests::of as configured;

    fn undo(text: &str) -> Result<Surroundings> {
        let mut surroundings = Surroundings::default();
        let profiles: Profiles = toml::from_str("[dist]\ninherits = \"release\"\nlto = true").unwrap();
        undo_configuration(&configured(text), &profiles, "x86_64-unknown-linux-gnu", &mut surroundings)?;
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
    fn a_foreign_crate_is_built_with_the_environment_of_its_owner() {
        let mut surroundings = Surroundings::default();
        let variables = [
            ("RUSTFLAGS", "-C target-cpu=native"),
            ("CARGO_PROFILE_RELEASE_LTO", "true"),
            ("RUSTC_BOOTSTRAP", "1"),
            ("RUSTC_WRAPPER", "sccache"),
            ("CARGO_BUILD_RUSTFLAGS", ""),
            ("RUSTC_LOG", "debug"),
            ("CARGO_PKG_NAME", "xtask"),
        ];
        keep_environment(variables.map(|(name, value)| (name.into(), value.into())).into_iter(), &mut surroundings);
        insta::assert_snapshot!(surroundings.notes.join("\n"));
        let removed: Vec<_> = surroundings
            .env
            .iter()
            .filter(|(_, value)| value.is_none())
            .filter_map(|(name, _)| name.to_str())
            .collect();
        assert_eq!(removed, ["CARGO_PKG_NAME", "RUSTC_LOG"]);
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
    fn what_may_break_a_build_is_told_from_what_cannot() {
        for name in [
            "CARGO_BUILD_JOBS",
            "RUST_MIN_STACK",
            "COMPILER_PATH",
            "GCC_EXEC_PREFIX",
            "CC",
            "LIBRARY_PATH",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
        ] {
            assert!(reaches_builds(name), "{name}");
        }
        // What is harmless, what Cargo sets itself, and what a check sets aside.
        for name in
            ["PATH", "HOME", "CARGO_HOME", "CARGO_TERM_COLOR", "CARGO_MANIFEST_DIR", "RUSTFLAGS", "RUST_BACKTRACE"]
        {
            assert!(!reaches_builds(name), "{name}");
        }
    }

    #[test]
    fn the_pinned_toolchain_is_told_from_a_chosen_one() {
        let file = "[toolchain]\nchannel = \"1.95.0\"\n";
        assert!(toolchain_is_our_pin(Some(OsStr::new("1.95.0-x86_64-unknown-linux-gnu")), file));
        assert!(!toolchain_is_our_pin(Some(OsStr::new("nightly")), file));
        assert!(!toolchain_is_our_pin(None, file));
    }
}
