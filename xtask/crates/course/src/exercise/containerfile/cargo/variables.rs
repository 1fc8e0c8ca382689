//! The variables that Cargo, rustup and rustc read. Those that change a build in a way that isn't known here end the attempt.

use super::super::bases::{self, Toolchain};
use super::super::shell::{Followed, Shell};
use super::super::words::Variables;

/// Variables that change nothing the image is judged by, or that are read elsewhere in the model.
const KNOWN: [&str; 27] = [
    "CARGO_BUILD_DEP_INFO_BASEDIR",
    "CARGO_BUILD_JOBS",
    "CARGO_BUILD_RUSTDOC",
    "CARGO_BUILD_RUSTDOCFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_WARNINGS",
    "CARGO_ENCODED_RUSTDOCFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_HOME",
    "CARGO_INSTALL_ROOT",
    "CARGO_LOG",
    "CARGO_TARGET_DIR",
    "RUSTC_LOG",
    "RUSTUP_DIST_SERVER",
    "RUSTUP_HOME",
    "RUSTUP_INIT_SKIP_PATH_CHECK",
    "RUSTUP_IO_THREADS",
    "RUSTUP_LOG",
    "RUSTUP_MAX_RETRIES",
    "RUSTUP_NO_BACKTRACE",
    "RUSTUP_PERMIT_COPY_RENAME",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_UNPACK_RAM",
    "RUSTUP_UPDATE_ROOT",
    "RUSTUP_VERSION",
];

/// The same, for every name that begins so.
const KNOWN_PREFIXES: [&str; 9] = [
    "CARGO_ALIAS_",
    "CARGO_CACHE_",
    "CARGO_CHEF_",
    "CARGO_FUTURE_INCOMPAT_REPORT_",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_TERM_",
];

/// The flags that rustc gets, by Cargo's order of precedence. A variable that is empty is set all the same.
pub(super) fn flags(environment: &Variables, target: &str, configured: &[String]) -> Vec<String> {
    let split = |flags: &String| flags.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let for_target = format!("CARGO_TARGET_{}_RUSTFLAGS", target.to_uppercase().replace(['-', '.'], "_"));
    if let Some(encoded) = environment.get("CARGO_ENCODED_RUSTFLAGS") {
        return encoded.split('\u{1f}').filter(|flag| !flag.is_empty()).map(str::to_owned).collect();
    }
    if let Some(flags) = environment.get("RUSTFLAGS") {
        return split(flags);
    }
    // Of settings, one without a flag is none.
    if let Some(flags) = environment.get(&for_target).map(split).filter(|flags| !flags.is_empty()) {
        return flags;
    }
    let mut flags = environment.get("CARGO_BUILD_RUSTFLAGS").map(split).unwrap_or_default();
    flags.extend(configured.iter().cloned());
    flags
}

/// The flags in a value of `--config`, if it sets `build.rustflags` and nothing else.
pub(super) fn configured(setting: &str) -> Option<Vec<String>> {
    let table: toml::Table = setting.parse().ok()?;
    let build = table.get("build").filter(|_| table.len() == 1)?.as_table().filter(|build| build.len() == 1)?;
    match build.get("rustflags")? {
        toml::Value::String(flags) => Some(flags.split_whitespace().map(str::to_owned).collect()),
        toml::Value::Array(flags) => flags.iter().map(|flag| flag.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Variables that change what is built, and that the check doesn't set.
pub(super) fn settings(environment: &Variables) -> impl Iterator<Item = String> {
    environment.keys().filter(|name| is_setting(name)).cloned()
}

fn is_setting(name: &str) -> bool {
    name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_UNSTABLE_")
        || (name.starts_with("CARGO_TARGET_") && (name.ends_with("_LINKER") || name.ends_with("_RUNNER")))
        || [
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_BOOTSTRAP",
            "CARGO_BUILD_RUSTC",
            "CARGO_BUILD_RUSTC_WRAPPER",
            "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
        ]
        .contains(&name)
}

/// Whether every variable that Cargo or rustup could read is known, and leaves a toolchain to run.
pub(super) fn are_known(shell: &mut Shell<'_>, environment: &Variables, toolchain: &Toolchain) -> Followed {
    for (name, value) in environment {
        let is_theirs = ["CARGO_", "RUSTC_", "RUSTUP_"].iter().any(|prefix| name.starts_with(prefix));
        // Not incremental is what a release is anyway.
        let is_off = matches!(name.as_str(), "CARGO_INCREMENTAL" | "CARGO_BUILD_INCREMENTAL")
            && matches!(value.as_str(), "0" | "false");
        let is_known = is_off
            || is_setting(name)
            || KNOWN.contains(&name.as_str())
            || KNOWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS"));
        if is_theirs && !is_known {
            let help = "remove it; if it's a variable of your own, rename it so that it doesn't start like one of Cargo's or rustup's";
            return shell.not_followed(format!("what the variable {name} changes"), help);
        }
    }
    if toolchain.is_packaged {
        return Ok(true);
    }
    let usual = "/usr/local/rustup";
    if let Some(home) = environment.get("RUSTUP_HOME").filter(|home| home.trim_end_matches('/') != usual)
        && bases::find(&shell.made.root) != bases::Base::Unknown
        && shell.made.said.is_none()
    {
        let message = format!("RUSTUP_HOME is set to {home}, but the toolchain is in {usual}");
        return shell.fails(message, "no toolchain there", "leave RUSTUP_HOME as the image sets it");
    }
    let chosen = environment.get("RUSTUP_TOOLCHAIN").filter(|chosen| !chosen.is_empty());
    if let Some(chosen) = chosen.filter(|chosen| !is_own(chosen, toolchain)) {
        return shell.not_followed(
            format!("RUSTUP_TOOLCHAIN={chosen}"),
            format!("start from an image with that version, such as `FROM {}`", bases::example()),
        );
    }
    Ok(true)
}

/// Whether a name is the installed toolchain's.
pub(super) fn is_own(chosen: &str, toolchain: &Toolchain) -> bool {
    let version = chosen.split('-').next().unwrap_or(chosen);
    let minor = version.strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse().ok());
    chosen == "stable" || minor == Some(toolchain.minor)
}
