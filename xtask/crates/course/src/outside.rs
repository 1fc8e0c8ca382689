//! What outside an exercise's files would change what a check builds. A verdict is about the files, so a check sets it aside,
//! as grading does, and reports that. Cargo looks for configuration files from the folder that it is called in and in its home.
//! So it is called from a folder that has none, with a home that has everything from the real one but that file, and gets what
//! a machine needs (network, registries, a linker) in a file of ours. So a key that isn't known here can't get through.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::learner_manifest::effective::Origin;
use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::hex;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use weigh::cargo::Cargo;
use weigh::cargo::configuration::{self, Setting};
use weigh::surroundings::{Power, is_read, power};

/// What was found outside.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Where each comes from, and the warning about it.
    pub(crate) found: Vec<(Origin, Diagnostic)>,
    /// Something would change the learner's own build, so a check builds elsewhere.
    pub(crate) is_apart: bool,
    /// All settings, if one in a configuration file is to be set aside, or is kept for the learner's folder alone.
    settings: Vec<Setting>,
}

/// What to make of a setting in a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It changes nothing in what is built.
    Inert,
    /// It changes nothing in what is built, and the machine may need it.
    Kept,
    /// The machine may need it, and it may change a size.
    Linker,
    /// It is set aside.
    Aside,
}

fn fate(setting: &Setting) -> Fate {
    let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["http" | "net" | "source" | "registry" | "registries" | "credential-alias", ..] | ["build", "jobs"] => {
            Fate::Kept
        }
        ["target", _, "linker"] => Fate::Linker,
        ["alias" | "term" | "cargo-new" | "doc" | "install" | "cache" | "future-incompat-report" | "include", ..] => {
            Fate::Inert
        }
        ["build", "target-dir" | "build-dir" | "dep-info-basedir" | "rustdoc" | "rustdocflags"] => Fate::Inert,
        ["target", _, "runner" | "rustdocflags"] => Fate::Inert,
        _ => Fate::Aside,
    }
}

/// What this process's environment and the configuration files that Cargo finds from these folders would change.
pub(crate) fn outside(folders: &[&Path]) -> Outside {
    let mut settings: Vec<Setting> = Vec::new();
    for setting in folders.iter().flat_map(|folder| configuration::settings(folder)) {
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    // The nearest file comes first, and its settings in the order of its lines.
    let mut files: Vec<PathBuf> = settings.iter().map(|setting| setting.file.clone()).collect();
    files.dedup();
    settings.sort_by_key(|setting| (files.iter().position(|file| *file == setting.file), setting.line));
    let variables = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    of(variables, settings)
}

fn of(variables: impl Iterator<Item = (String, OsString)>, settings: Vec<Setting>) -> Outside {
    let mut outside = Outside::default();
    for (name, value) in variables {
        let is_set = !value.is_empty();
        match power(&name).filter(|_| is_read(&name)) {
            Some(Power::Builds) => {}
            Some(Power::BuildsUnlessEmpty) if is_set => {}
            Some(Power::Links) if is_set => {
                outside.found.push((Origin::Variable(name.clone()), linker(&format!("`{name}`"), &value.display())));
                continue;
            }
            _ => continue,
        }
        let what = if is_set { format!("`{}`", short(&value.display().to_string())) } else { "empty".to_owned() };
        let problem = warning(
            Code::OverriddenByEnv,
            format!("`{name}` is set in your environment ({what}): this check ignores it, as grading does"),
        );
        let problem = problem.help(format!(
            "your own `cargo build` still uses the variable, so its file can differ from the one judged here; to build the same file, run `unset {name}` (PowerShell: `Remove-Item Env:{name}`)"
        ));
        outside.found.push((Origin::Variable(name), problem));
        outside.is_apart = true;
    }
    let mut has_own = false;
    for setting in &settings {
        let (place, key, value) = (setting.place(), &setting.key, setting.short_value());
        let problem = match fate(setting) {
            Fate::Inert | Fate::Kept => continue,
            Fate::Linker => {
                // What is only in the learner's folder would affect their build, but not the course's.
                has_own |= !setting.is_home;
                linker(&format!("{place}: `{key}`"), &value.trim_matches('"'))
            }
            Fate::Aside if key.is_empty() => {
                has_own = true;
                warning(
                    Code::OverriddenByConfig,
                    format!("{place}: Cargo can't read this configuration file ({value}); this check ignores it"),
                )
                .help("your own `cargo build` stops there until the file is corrected")
            }
            Fate::Aside => {
                has_own = true;
                let what = if setting.is_table { format!("[{key}]") } else { format!("`{key} = {value}`") };
                let message = format!("{place} sets {what}: this check ignores it, as grading does");
                warning(Code::OverriddenByConfig, message).help(
                    "your own `cargo build` still uses the setting, so its file can differ from the one judged here; to build the same file, remove the setting, or put a # before it",
                )
            }
        };
        let problem = problem.in_line(&setting.file, setting.line, 1);
        outside.found.push((Origin::Configuration(place), problem));
    }
    if has_own {
        outside.is_apart = true;
        outside.settings = settings;
    }
    outside
}

fn warning(code: Code, message: String) -> Diagnostic {
    Diagnostic::new(code, message).severity(Severity::Warning)
}

fn linker(origin: &str, value: &dyn std::fmt::Display) -> Diagnostic {
    let code = if origin.contains(": ") { Code::OverriddenByConfig } else { Code::OverriddenByEnv };
    let message = format!(
        "{origin} sets the linker to `{value}`, which can change sizes; this check uses it anyway, because this machine may need it"
    );
    warning(code, message).help(
        "all builds of this check are linked with it, and grading uses the linker of its own machine; if a size is close to \
         the goal, check once without this setting",
    )
}

fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = text.replace('\x1f', " ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Outside {
    /// Keeps Cargo away from the configuration files, if there is a reason to. `folder` is for what that needs.
    ///
    /// # Errors
    /// When a file is found from everywhere on this machine, or no other home can be created.
    pub(crate) fn set_aside(&self, cargo: &mut Cargo, folder: &Path) -> Result<()> {
        let Self { settings, .. } = self;
        if settings.is_empty() {
            return Ok(());
        }
        let top = configuration::top(folder);
        let from_everywhere = |setting: &&Setting| {
            fate(setting) == Fate::Aside && setting.file.parent().and_then(Path::parent) == Some(top)
        };
        if let Some(setting) = settings.iter().find(from_everywhere) {
            bail!(cannot(setting, "Cargo reads this file no matter which folder it runs in"));
        }
        top.clone_into(&mut cargo.cwd);
        let of_home = settings.iter().find(|setting| setting.is_home && fate(setting) == Fate::Aside);
        if let Some(setting) = of_home {
            let home = configuration::home().context("Cargo has a home")?;
            let apart = folder.join("cargo-home");
            if let Err(error) = make_home(&home, &apart) {
                bail!(cannot(setting, &format!("{error:#}")));
            }
            cargo.env.insert("CARGO_HOME".into(), Some(apart.into()));
        }
        let kept = kept(settings, of_home.is_some()).to_string();
        if !kept.is_empty() {
            // Builds of different settings never take each other's results for their own: the name is part of their key.
            let digest = hex(&hmac_sha256::Hash::hash(kept.as_bytes())[..6]);
            let file = folder.join(format!("kept-{digest}.toml"));
            files::write_atomic(&file, kept.as_bytes())?;
            cargo.args.extend(["--config".into(), file.into()]);
        }
        Ok(())
    }
}

fn cannot(setting: &Setting, why: &str) -> Failure {
    let Setting { key, file, line, .. } = setting;
    Failure {
        place: Some(base::failure::Place { file: shown(file), line: Some(*line), column: None }),
        ..Failure::new(
            Exit::Environment,
            format!("{} sets `{key}`, which can change what is built and can't be ignored: {why}", setting.place()),
        )
    }
    .help("remove the setting, or put a # before it, while you check, or check with a different CARGO_HOME")
}

/// The settings that a machine may need, nearest first, with paths that are valid from everywhere. A variable's value wins.
fn kept(settings: &[Setting], with_home: bool) -> Table {
    let mut all = Table::new();
    for setting in settings.iter().filter(|setting| with_home || !setting.is_home) {
        if !matches!(fate(setting), Fate::Kept | Fate::Linker) {
            continue;
        }
        let variable = format!("CARGO_{}", setting.path.join("_")).to_uppercase().replace('-', "_");
        let parsed = format!("value = {}", setting.value).parse::<Table>();
        let (Ok(mut parsed), None) = (parsed, env::var_os(variable)) else { continue };
        let Some(mut value) = parsed.remove("value") else { continue };
        if let Value::String(text) = &value
            && is_path(&setting.path, text)
        {
            value = Value::String(setting.base().join(text).to_string_lossy().into_owned());
        }
        insert(&mut all, &setting.path, value);
    }
    all
}

/// Whether Cargo takes a value for a path that is relative to the file's folder.
fn is_path(path: &[String], text: &str) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["source", _, "directory" | "local-registry"] | ["http", "cainfo"] => true,
        // A bare name is looked up in PATH.
        ["target", _, "linker"] => text.contains(['/', '\\']),
        _ => false,
    }
}

fn insert(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => drop(table.entry(last).or_insert(value)),
        [first, rest @ ..] => {
            if let Value::Table(inner) = table.entry(first).or_insert_with(|| Value::Table(Table::new())) {
                insert(inner, rest, value);
            }
        }
    }
}

/// A home for Cargo that shares everything with the real one except the configuration file.
fn make_home(home: &Path, apart: &Path) -> Result<()> {
    let failed = |path: &Path| format!("can't create {}", path.display());
    fs::create_dir_all(apart).with_context(|| failed(apart))?;
    // What Cargo would make here, and would then not find in the real one.
    for name in ["registry", "git"] {
        let _ = fs::create_dir_all(home.join(name));
    }
    let is_ours = |name: &OsString| name != "config" && name != "config.toml";
    let mut names: Vec<OsString> = fs::read_dir(home)
        .with_context(|| format!("can't read {}", home.display()))?
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    names.retain(is_ours);
    for name in names {
        let (target, link) = (home.join(&name), apart.join(&name));
        if fs::read_link(&link).is_ok_and(|there| there == target) {
            continue;
        }
        match fs::symlink_metadata(&link) {
            Ok(there) if there.is_dir() => fs::remove_dir_all(&link).with_context(|| failed(&link))?,
            Ok(_) => fs::remove_file(&link).with_context(|| failed(&link))?,
            Err(_) => {}
        }
        link_to(&target, &link).with_context(|| failed(&link))?;
    }
    Ok(())
}

#[cfg(unix)]
fn link_to(target: &Path, link: &PathBuf) -> std::io::Result<()> {
    match std::os::unix::fs::symlink(target, link) {
        // A check running at the same time was quicker.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(windows)]
fn link_to(target: &Path, link: &PathBuf) -> std::io::Result<()> {
    if target.is_dir() {
        std::os::windows::fs::symlink_dir(target, link)
    } else {
        std::os::windows::fs::symlink_file(target, link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of a file with this text.
    fn configured(text: &str) -> Vec<Setting> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        files::write_atomic(&file, text.as_bytes()).unwrap();
        configuration::of_file(&file)
    }

    fn variables(given: &[(&str, &str)]) -> Outside {
        of(given.iter().map(|&(name, value)| (name.to_owned(), value.into())), Vec::new())
    }

    fn origins(outside: &Outside) -> Vec<String> {
        let named = |origin: &Origin| match origin {
            Origin::Variable(name) => name.clone(),
            Origin::Configuration(place) => place.rsplit(['/', '\\']).next().unwrap_or_default().to_owned(),
            other => format!("{other:?}"),
        };
        outside.found.iter().map(|(origin, _)| named(origin)).collect()
    }

    #[test]
    fn what_changes_nothing_is_not_named_and_moves_nothing() {
        let outside = variables(&[
            ("RUSTFLAGS", ""),
            ("RUSTC_WRAPPER", ""),
            ("CARGO_TARGET_DIR", "/t"),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", "qemu"),
            ("CARGO_BUILD_JOBS", "1"),
            ("CARGO_NET_OFFLINE", "true"),
            ("CARGO_HTTP_PROXY", "p"),
            ("HTTPS_PROXY", "p"),
            ("CC", "clang"),
            ("RUST_BACKTRACE", "1"),
            ("CARGO_TERM_COLOR", "always"),
        ]);
        assert!(outside.found.is_empty() && !outside.is_apart, "{outside:?}");
        let text = "alias.build = \"check\"\nnet.offline = true\nhttp.proxy = \"p\"\nterm.quiet = true\n\
            build.jobs = 1\nbuild.target-dir = \"t\"\nsource.crates-io.replace-with = \"v\"\n\
            registries.own.index = \"sparse+https://example.org/\"\ntarget.x.runner = \"qemu\"\n";
        let outside = of(std::iter::empty(), configured(text));
        assert!(outside.found.is_empty() && !outside.is_apart && outside.settings.is_empty(), "{outside:?}");
    }

    #[test]
    fn a_variable_is_named_once_with_its_value() {
        let given = [
            ("CARGO_PROFILE_DIST_STRIP", "false"),
            ("CARGO_BUILD_TARGET", ""),
            ("CARGO_ENCODED_RUSTFLAGS", "-C\u{1f}lto"),
        ];
        let outside = variables(&given);
        assert_eq!(origins(&outside), ["CARGO_PROFILE_DIST_STRIP", "CARGO_BUILD_TARGET", "CARGO_ENCODED_RUSTFLAGS"]);
        let message = |index: usize| outside.found[index].1.message.as_str();
        assert!(message(0).starts_with("`CARGO_PROFILE_DIST_STRIP` is set in your environment (`false`): this check"));
        assert!(message(1).contains("(empty)") && message(2).contains("(`-C lto`)"));
        let is_other_spelling_read = cfg!(windows);
        assert_eq!(variables(&[("cargo_profile_dist_strip", "false")]).is_apart, is_other_spelling_read);
    }

    #[test]
    fn a_key_that_is_not_known_is_set_aside_with_its_line() {
        let outside = of(std::iter::empty(), configured("[net]\noffline = true\n[no-such]\nkey = 1\n[paths]\n"));
        assert_eq!(origins(&outside), ["config.toml:4"]);
        assert!(outside.is_apart && outside.found[0].1.is_aside());
    }

    #[test]
    fn a_linker_is_kept_and_named_and_both_sides_get_it() {
        let outside = variables(&[("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "clang")]);
        assert!(!outside.is_apart && outside.found[0].1.message.contains("this check uses it anyway"), "{outside:?}");
        let outside = of(std::iter::empty(), configured("target.x.linker = \"clang\"\n"));
        assert!(outside.is_apart, "the course's own files are not below the learner's folder: {outside:?}");
        assert_eq!(kept(&outside.settings, false).to_string(), "[target.x]\nlinker = \"clang\"\n");
    }

    #[test]
    fn what_is_kept_has_paths_that_hold_from_everywhere_and_the_nearest_wins() {
        let mut settings = configured(
            "net.offline = true\nsource.v.directory = \"vendor\"\ntarget.'cfg(unix)'.linker = \"./ld\"\nprofile.dev.lto = true\n",
        );
        settings.extend(configured("net = { offline = false, retry = 3 }\n"));
        let base = settings[1].base().join("vendor");
        let kept = kept(&settings, false);
        assert_eq!((kept["net"]["offline"].as_bool(), kept["net"]["retry"].as_integer()), (Some(true), Some(3)));
        assert_eq!(kept["source"]["v"]["directory"].as_str(), base.to_str());
        assert!(Path::new(kept["target"]["cfg(unix)"]["linker"].as_str().unwrap()).is_absolute());
        assert!(!kept.contains_key("profile"), "{kept}");
    }

    #[test]
    fn a_file_that_is_found_from_everywhere_ends_the_check_and_is_named() {
        let mut settings = configured("profile.dev.lto = true\n");
        let folder = tempfile::tempdir().unwrap();
        settings[0].file = configuration::top(folder.path()).join(".cargo/config.toml");
        let mut cargo = Cargo {
            program: "cargo".into(),
            cwd: folder.path().into(),
            env: std::collections::BTreeMap::new(),
            args: Vec::new(),
            sandbox: None,
        };
        let error = of(std::iter::empty(), settings).set_aside(&mut cargo, folder.path()).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.exit, Exit::Environment);
        assert!(failure.message.contains("config.toml:1 sets `profile.dev.lto`"), "{}", failure.message);
    }

    #[cfg(unix)]
    #[test]
    fn another_home_shares_everything_but_the_configuration() {
        let (home, apart) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["config.toml", "credentials.toml"] {
            files::write_atomic(&home.path().join(name), name.as_bytes()).unwrap();
        }
        for _ in 0..2 {
            make_home(home.path(), apart.path()).unwrap();
            let mut names: Vec<_> =
                fs::read_dir(apart.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["credentials.toml", "git", "registry"]);
        }
        // What Cargo had made itself, before there was one in the real home.
        fs::remove_file(apart.path().join("git")).unwrap();
        fs::create_dir(apart.path().join("git")).unwrap();
        make_home(home.path(), apart.path()).unwrap();
        assert_eq!(fs::read_link(apart.path().join("git")).unwrap(), home.path().join("git"));
    }
}
