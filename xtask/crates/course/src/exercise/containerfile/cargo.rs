//! What Cargo and rustup need when they run in a stage, and what they leave there.

mod needs;
mod others;
mod variables;

use super::bases::{self, Toolchain};
use super::files::{File, Found, What, join};
use super::recipe::{Build, Kind, Trouble};
use super::shell::{Command, Followed, Shell};
use super::words::{UNKNOWN, Variables};
use needs::Source;
pub(super) use others::rustup;
use weigh::cargo::record::profile_dir;
use weigh::workshop::nearest;

/// Options that take no value, and change nothing that the image is judged by.
const PLAIN: [&str; 16] = [
    "--all-features",
    "--no-default-features",
    "--all",
    "--bins",
    "--force",
    "--future-incompat-report",
    "--ignore-rust-version",
    "--keep-going",
    "--no-track",
    "--quiet",
    "--timings",
    "--verbose",
    "--workspace",
    "-f",
    "-q",
    "-v",
];

/// Options that take a value, and change nothing that the image is judged by.
const VALUED: [&str; 4] = ["--color", "--jobs", "--message-format", "-j"];

/// The options of a call that make a difference.
#[derive(Default)]
struct Options {
    release: bool,
    debug: bool,
    locked: bool,
    offline: bool,
    profile: Option<String>,
    target: Option<String>,
    target_dir: Option<String>,
    manifest: Option<String>,
    root: Option<String>,
    path: Option<String>,
    bins: Vec<String>,
    packages: Vec<String>,
    /// `--config build.rustflags=…`.
    flags: Vec<String>,
    /// What the check doesn't build with.
    others: Vec<String>,
    /// Words without a dash.
    words: Vec<String>,
    /// After `--`.
    rest: Vec<String>,
    unknown: Option<String>,
    /// An option whose value is missing or empty, as where a variable isn't set.
    without_value: Option<String>,
}

impl Options {
    fn read(arguments: &[String]) -> Self {
        let mut options = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) if name.starts_with('-') => (name, Some(value.to_owned())),
                _ => match word.split_at_checked(2) {
                    // `-j4`, `-ptool`.
                    Some((short @ ("-j" | "-p" | "-F"), value)) if !value.is_empty() => (short, Some(value.to_owned())),
                    _ => (word.as_str(), None),
                },
            };
            let mut without_value = false;
            let mut value = || {
                let value = attached.clone().or_else(|| words.next().cloned()).filter(|value| !value.is_empty());
                without_value |= value.is_none();
                value
            };
            match name {
                "--" => {
                    options.rest.extend(words.by_ref().cloned());
                }
                "--release" | "-r" => options.release = true,
                "--debug" => options.debug = true,
                "--locked" => options.locked = true,
                "--offline" => options.offline = true,
                "--frozen" => (options.locked, options.offline) = (true, true),
                "--profile" => options.profile = value(),
                "--target" => options.target = value(),
                "--target-dir" => options.target_dir = value(),
                "--manifest-path" => options.manifest = value(),
                "--root" => options.root = value(),
                "--path" => options.path = value(),
                "--bin" => options.bins.extend(value()),
                "--package" | "-p" => options.packages.extend(value()),
                "--config" | "-Z" | "--features" | "-F" => {
                    let value = value().unwrap_or_default();
                    if let Some(flags) = variables::configured(&value).filter(|_| name == "--config") {
                        options.flags.extend(flags);
                        continue;
                    }
                    options.others.push(format!("{name} {value}"));
                }
                name if VALUED.contains(&name) => drop(value()),
                name if PLAIN.contains(&name) || name == "-vv" => {}
                name if name.starts_with('-') => drop(options.unknown.get_or_insert_with(|| name.to_owned())),
                _ => options.words.push(word.clone()),
            }
            if without_value {
                options.without_value.get_or_insert_with(|| name.to_owned());
            }
        }
        options
    }
}

/// A call of Cargo.
pub(super) fn run(shell: &mut Shell<'_>, command: &Command<'_>) -> Followed {
    let Some(toolchain) = shell.toolchain()? else { return Ok(false) };
    if let Some(word) = command.words.iter().find(|word| word.contains(UNKNOWN)) {
        let what = format!("`cargo` with an argument that another command prints, `{}`", word.replace(UNKNOWN, "…"));
        return shell.not_followed(
            what,
            "name the target, such as x86_64-unknown-linux-musl, or use `$(rustc --print host-tuple)`",
        );
    }
    if !variables::are_known(shell, command.environment, &toolchain)? {
        return Ok(false);
    }
    let arguments = behind_toolchain(shell, command.arguments(), &toolchain)?;
    let Some((verb, arguments)) = arguments.split_first() else { return Ok(true) };
    let options = Options::read(arguments);
    match verb.as_str() {
        "--version" | "-V" | "version" | "--list" | "help" | "--help" => return Ok(true),
        "build" | "b" | "rustc" | "install" | "test" | "t" | "check" | "c" | "run" | "r" | "fetch"
        | "generate-lockfile" | "tree" | "metadata" | "update" | "bench" | "doc" => {}
        "new" | "init" => return others::new(shell, verb, arguments),
        "clean" => return others::clean(shell, &options, command.environment),
        "chef" => return others::chef(shell, &options),
        other => {
            return shell.not_followed(
                format!("`cargo {other}`"),
                "build the program with `cargo build` or `cargo install --path .`",
            );
        }
    }
    if !are_taken(shell, verb, &options)? {
        return Ok(false);
    }
    if verb == "install" {
        if options.path.is_none() && !options.words.is_empty() {
            return others::install(shell, &options.words);
        }
        if !installs_package(shell, &options)? {
            return Ok(false);
        }
    }
    package(shell, verb, &options, &toolchain, command.environment)
}

/// The words after a `+toolchain`, which may only name the installed toolchain.
fn behind_toolchain<'c>(
    shell: &Shell<'_>,
    arguments: &'c [String],
    toolchain: &Toolchain,
) -> Result<&'c [String], Box<Trouble>> {
    match arguments.first().and_then(|word| word.strip_prefix('+')) {
        None => Ok(arguments),
        Some(chosen) if variables::is_own(chosen, toolchain) => Ok(&arguments[1..]),
        Some(chosen) => shell.not_followed(
            format!("`cargo +{chosen}`"),
            format!("start from an image with that version, such as `FROM {}`", bases::example()),
        ),
    }
}

/// Whether a verb accepts the options and words that it gets.
fn are_taken(shell: &mut Shell<'_>, verb: &str, options: &Options) -> Followed {
    if let Some(option) = &options.without_value {
        let help = "write it after the option; a variable that isn't set here is empty";
        return shell.fails(format!("`{option}` has no value"), "no value", help);
    }
    if let Some(unknown) = &options.unknown {
        return shell.not_followed(format!("the option `{unknown}` of `cargo {verb}`"), "remove it");
    }
    match options.words.first() {
        Some(word) if matches!(verb, "build" | "b" | "rustc") => {
            shell.fails(format!("`cargo {verb}` has no argument `{word}`"), "not an argument", "remove the word")
        }
        _ => Ok(true),
    }
}

/// Whether a `cargo install` without a name installs the package.
fn installs_package(shell: &mut Shell<'_>, options: &Options) -> Followed {
    if options.path.is_none() {
        return shell.fails(
            "`cargo install` without a path installs nothing",
            "no --path",
            "write `cargo install --path .`",
        );
    }
    if options.release {
        return shell.fails(
            "`cargo install` has no `--release`: that's its default",
            "no such option",
            "remove `--release`",
        );
    }
    Ok(true)
}

/// A variable of a command, if it isn't empty.
fn variable(environment: &Variables, name: &str) -> Option<String> {
    environment.get(name).filter(|value| !value.is_empty()).cloned()
}

/// A verb that reads the package.
fn package(
    shell: &mut Shell<'_>,
    verb: &str,
    options: &Options,
    toolchain: &Toolchain,
    environment: &Variables,
) -> Followed {
    let Some(root) = needs::manifest(shell, options)? else { return Ok(false) };
    if !needs::edition(shell, toolchain)? {
        return Ok(false);
    }
    let Some(source) = needs::sources(shell, &root, verb)? else { return Ok(false) };
    let is_offline = options.offline || variable(environment, "CARGO_NET_OFFLINE").is_some_and(|value| value == "true");
    if !needs::lock(shell, &root, options)? || !needs::crates(shell, is_offline)? || !needs::names(shell, options)? {
        return Ok(false);
    }
    let target = options.target.clone().or_else(|| variable(environment, "CARGO_BUILD_TARGET"));
    let host = toolchain.host(shell.processor);
    if let Some(target) = &target
        && !needs::has_target(shell, toolchain, &host, target)?
    {
        return Ok(false);
    }
    shell.made.has_crates = true;
    if matches!(
        verb,
        "fetch" | "generate-lockfile" | "tree" | "metadata" | "update" | "check" | "c" | "test" | "t" | "bench" | "doc"
    ) {
        return Ok(true);
    }
    let Some(profile) = profile(shell, verb, options)? else { return Ok(false) };
    let mut build = Build {
        profile,
        flags: variables::flags(environment, target.as_deref().unwrap_or(&host), &options.flags),
        target,
        is_musl_host: toolchain.is_musl && !toolchain.is_packaged,
        only_the_last: false,
        others: variables::settings(environment).chain(options.others.iter().cloned()).collect(),
        span: shell.span(),
    };
    if verb == "rustc" && !options.rest.is_empty() {
        build.flags.extend(options.rest.iter().cloned());
        build.only_the_last = true;
    } else if let Some(extra) = options.rest.first().filter(|_| !matches!(verb, "run" | "r")) {
        return shell.fails(
            format!("`cargo {verb}` takes no arguments after `--`, such as `{extra}`"),
            "not accepted",
            "flags for rustc go in RUSTFLAGS",
        );
    }
    let what = match source {
        Source::Own => What::Program(Box::new(build.clone())),
        Source::Placeholder => What::Unknown,
    };
    leave(shell, verb, options, environment, &root, &build, what)
}

/// The profile that is built; none if Cargo refuses it.
fn profile(shell: &mut Shell<'_>, verb: &str, options: &Options) -> Result<Option<String>, Box<Trouble>> {
    if let Some(profile) = options.profile.as_deref().filter(|profile| options.release && *profile != "release") {
        let message = format!("`--release` and `--profile {profile}` can't be used together");
        shell.fails(message, "two profiles", format!("keep `--profile {profile}`"))?;
        return Ok(None);
    }
    let is_release = options.release || (verb == "install" && !options.debug);
    let profile = options.profile.clone().unwrap_or_else(|| if is_release { "release" } else { "dev" }.to_owned());
    let is_known =
        ["dev", "release", "test", "bench"].contains(&profile.as_str()) || shell.context.profiles.contains(&profile);
    let is_name =
        profile.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') && !profile.starts_with('-');
    if is_known || !is_name {
        return Ok(Some(profile));
    }
    let known = shell.context.profiles.join(", ");
    let help = match nearest(&profile, shell.context.profiles.iter().map(String::as_str).chain(["release", "dev"])) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the profiles are release, dev, {known}"),
    };
    shell.fails(format!("Cargo.toml has no profile `{profile}`"), "no such profile", help)?;
    Ok(None)
}

/// Puts what was built where Cargo puts it.
fn leave(
    shell: &mut Shell<'_>,
    verb: &str,
    options: &Options,
    environment: &Variables,
    root: &str,
    build: &Build,
    what: What,
) -> Followed {
    let program = shell.context.program.clone();
    let target_dir = target_dir(shell, options, environment, root);
    if !shell.can_write(&target_dir) {
        let help = "mount a cache there (`--mount=type=cache,target=…`), or set CARGO_TARGET_DIR to a different folder";
        return shell.fails(
            format!("Cargo can't write to {target_dir}, because the package is mounted read-only"),
            "read-only",
            help,
        );
    }
    let below = build.target.iter().map(|target| format!("{target}/")).collect::<String>();
    let folder = format!("{target_dir}/{below}{}", profile_dir(&build.profile));
    let crate_name = program.replace('-', "_");
    let unit = format!("{folder}/deps/{crate_name}-0123456789abcdef");
    let fingerprint = format!("{folder}/.fingerprint/{program}-0123456789abcdef/bin-{program}");
    // Cargo rebuilds if a source is newer than what it has built, but not if it is merely different.
    let newest = needs::newest_source(shell, root);
    let key = format!("{unit} {:?}", build.flags);
    let is_there = |shell: &Shell<'_>, path: &str| matches!(shell.made.files.at(path), Found::File(_));
    let is_fresh = shell.made.built.get(&key).is_some_and(|built| *built > newest)
        && is_there(shell, &unit)
        && is_there(shell, &fingerprint);
    let what = match shell.made.files.at(&unit) {
        Found::File(file) if is_fresh => file.what.clone(),
        _ => what,
    };
    shell.made.placeholder = placeholder(shell, &program, is_fresh, &what);
    let time = shell.made.tick();
    shell.made.built.insert(key, time);
    let mode = 0o777 & !shell.umask;
    let executable = || File { mode, ..File::new(what.clone(), time) };
    let plain = || File::new(What::Unknown, time);
    for (path, file) in [
        (format!("{folder}/{program}"), executable()),
        (format!("{folder}/{program}.d"), plain()),
        (unit.clone(), executable()),
        (format!("{unit}.d"), plain()),
        (fingerprint, plain()),
    ] {
        shell.put(&path, file)?;
    }
    for more in ["build", "examples", "incremental"] {
        shell.made.files.open(&format!("{folder}/{more}"));
    }
    if verb == "install" {
        let into = install_root(shell, options, environment);
        shell.put(&format!("{into}/bin/{program}"), executable())?;
        for list in [".crates.toml", ".crates2.json"] {
            shell.put(&format!("{into}/{list}"), plain())?;
        }
        shell.made.programs.push(format!("{into}/bin/{program}"));
    } else {
        shell.made.programs.push(format!("{folder}/{program}"));
    }
    Ok(true)
}

/// Why the program isn't the package's own: it is built from a placeholder for its sources.
fn placeholder(shell: &Shell<'_>, program: &str, is_fresh: bool, what: &What) -> Option<Trouble> {
    if *what != What::Unknown {
        return None;
    }
    let (message, label, help) = if is_fresh {
        (
            format!(
                "Cargo doesn't build `{program}` again here: it still has the program that it built from the placeholder"
            ),
            "the placeholder again",
            "COPY keeps a file's modification time, which is before that build: write `touch src/main.rs` before this `cargo`",
        )
    } else {
        (
            format!(
                "`{program}` is built from a placeholder src/main.rs here, and never rebuilt from the real sources"
            ),
            "not the program",
            "copy `src`, and build again below this line",
        )
    };
    Some(Trouble::new(Kind::Fails, shell.span(), message, label, help))
}

/// The folder that `cargo install` puts its `bin` into.
fn install_root(shell: &Shell<'_>, options: &Options, environment: &Variables) -> String {
    let named = options.root.clone().or_else(|| variable(environment, "CARGO_INSTALL_ROOT"));
    let chosen = named.or_else(|| variable(environment, "CARGO_HOME"));
    let into = chosen.unwrap_or_else(|| format!("{}/.cargo", variable(environment, "HOME").unwrap_or_default()));
    join(&shell.folder, &into)
}

fn target_dir(shell: &Shell<'_>, options: &Options, environment: &Variables, root: &str) -> String {
    let named = options
        .target_dir
        .as_ref()
        .or_else(|| environment.get("CARGO_TARGET_DIR"))
        .or_else(|| environment.get("CARGO_BUILD_TARGET_DIR"));
    match named.filter(|folder| !folder.is_empty()) {
        Some(folder) => join(&shell.folder, folder),
        None => join(root, "target"),
    }
}
