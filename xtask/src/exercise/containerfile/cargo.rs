//! What Cargo and rustup need when they run in a stage, and what they leave there.

use super::bases::{self, Toolchain};
use super::files::{File, Found, What, above, join};
use super::recipe::{Build, Kind, Tools, Trouble};
use super::shell::{Command, Followed, Shell};
use super::words::{UNKNOWN, Variables};
use crate::cargo::record::profile_dir;
use crate::manifest::nearest;

/// Options that take no value, and change nothing that the image is judged by.
const PLAIN: [&str; 16] = [
    "--all-features", "--no-default-features", "--all", "--bins", "--force", "--future-incompat-report", "--ignore-rust-version",
    "--keep-going", "--no-track", "--quiet", "--timings", "--verbose", "--workspace", "-f", "-q", "-v",
];

/// Options that take a value, and change nothing that the image is judged by.
const VALUED: [&str; 4] = ["--color", "--jobs", "--message-format", "-j"];

/// The options of a call that matter.
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
    /// What the check doesn't build with.
    others: Vec<String>,
    /// Words without a dash.
    words: Vec<String>,
    /// Behind `--`.
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
pub fn run(shell: &mut Shell<'_>, command: &Command<'_>) -> Followed {
    let Some(toolchain) = shell.toolchain()? else { return Ok(false) };
    if let Some(word) = command.words.iter().find(|word| word.contains(UNKNOWN)) {
        let what = format!("`cargo` with `{}`: another command prints a part of it", word.replace(UNKNOWN, "…"));
        return shell.not_followed(what, "name the target, such as x86_64-unknown-linux-musl, or use `$(rustc --print host-tuple)`");
    }
    let mut arguments = command.arguments();
    if let Some(chosen) = arguments.first().and_then(|word| word.strip_prefix('+')) {
        let is_own = chosen == "stable" || chosen.strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse().ok()) == Some(toolchain.minor);
        if !is_own {
            return shell.not_followed(format!("`cargo +{chosen}`"), format!("begin with an image of that version, such as `FROM {}`", bases::example()));
        }
        arguments = &arguments[1..];
    }
    let Some((verb, arguments)) = arguments.split_first() else { return Ok(true) };
    let options = Options::read(arguments);
    match verb.as_str() {
        "--version" | "-V" | "version" | "--list" | "help" | "--help" => return Ok(true),
        "build" | "b" | "rustc" | "install" | "test" | "t" | "check" | "c" | "run" | "r" | "fetch" | "generate-lockfile" | "tree" | "metadata"
        | "update" | "bench" | "doc" => {}
        "new" | "init" => return new(shell, verb, arguments),
        "clean" => return clean(shell, &options, command.environment),
        "chef" => return chef(shell, &options),
        other => {
            return shell.not_followed(format!("`cargo {other}`"), "build the program with `cargo build` or `cargo install --path .`");
        }
    }
    if let Some(option) = &options.without_value {
        let help = "write it behind the option; a variable that isn't set here is empty";
        return shell.fails(format!("`{option}` has no value"), "no value", help);
    }
    if let Some(unknown) = &options.unknown {
        return shell.not_followed(format!("the option `{unknown}` of `cargo {verb}`"), "leave it out");
    }
    if verb == "install" {
        if options.path.is_none() && !options.words.is_empty() {
            // A tool of Cargo, such as cargo-chef, is no program of this package.
            let is_tool = options.words.iter().all(|name| name.starts_with("cargo-"));
            shell.made.installed.extend(options.words.iter().cloned());
            let what = format!("`cargo install {}`", options.words.join(" "));
            return if is_tool { Ok(true) } else { shell.not_followed(what, "install this package: `cargo install --path .`") };
        }
        if options.path.is_none() {
            return shell.fails("`cargo install` without a path installs nothing", "no --path", "write `cargo install --path .`");
        }
        if options.release {
            return shell.fails("`cargo install` knows no `--release`: that is its default", "no such option", "take `--release` out");
        }
    }
    package(shell, verb, &options, &toolchain, command.environment)
}

/// A verb that reads the package.
fn package(shell: &mut Shell<'_>, verb: &str, options: &Options, toolchain: &Toolchain, environment: &Variables) -> Followed {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    let Some(root) = manifest(shell, options)? else { return Ok(false) };
    let needed = shell.context.oldest_cargo();
    if toolchain.minor < needed {
        let (base, edition) = (shell.made.base.clone(), shell.context.edition);
        let message = format!("Cargo 1.{} in {base} doesn't know edition {edition}, which Cargo.toml sets", toolchain.minor);
        let help = format!("edition {edition} needs Rust 1.{needed} or later, such as `FROM {}`", bases::example());
        return shell.fails(message, "too old", help);
    }
    let source = match sources(shell, &root, verb)? {
        Some(source) => source,
        None => return Ok(false),
    };
    if !lock(shell, &root, options)? {
        return Ok(false);
    }
    let is_offline = options.offline || shell.is_offline || variable("CARGO_NET_OFFLINE").is_some_and(|value| value == "true");
    if is_offline && !shell.made.has_crates {
        let help = "download the crates in a line above (`RUN cargo fetch --locked`), or let this one have the network";
        return shell.fails("Cargo may not use the network here, and no crate has been downloaded", "offline", help);
    }
    let program = shell.context.program.clone();
    if let Some(other) = options.bins.iter().chain(&options.packages).find(|name| **name != program) {
        return shell.fails(format!("Cargo.toml has no program `{other}`"), "no such program", format!("it is called `{program}`"));
    }
    let target = options.target.clone().or_else(|| variable("CARGO_BUILD_TARGET"));
    let host = toolchain.host(shell.processor);
    if let Some(target) = &target
        && !has_target(shell, toolchain, &host, target)?
    {
        return Ok(false);
    }
    shell.made.has_crates = true;
    if matches!(verb, "fetch" | "generate-lockfile" | "tree" | "metadata" | "update" | "check" | "c" | "test" | "t" | "bench" | "doc") {
        return Ok(true);
    }
    if options.release && options.profile.as_deref().is_some_and(|profile| profile != "release") {
        let profile = options.profile.as_deref().unwrap_or_default();
        let message = format!("`--release` and `--profile {profile}` can't go together");
        return shell.fails(message, "two profiles", format!("keep `--profile {profile}`"));
    }
    let is_release = options.release || (verb == "install" && !options.debug);
    let profile = options.profile.clone().unwrap_or_else(|| if is_release { "release" } else { "dev" }.to_owned());
    let is_known = ["dev", "release", "test", "bench"].contains(&profile.as_str()) || shell.context.profiles.contains(&profile);
    let is_name = profile.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') && !profile.starts_with('-');
    if !is_known && is_name {
        let known = shell.context.profiles.join(", ");
        let help = match nearest(&profile, shell.context.profiles.iter().map(String::as_str).chain(["release", "dev"])) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the profiles are release, dev, {known}"),
        };
        return shell.fails(format!("Cargo.toml has no profile `{profile}`"), "no such profile", help);
    }
    let mut build = Build {
        profile,
        flags: flags(environment, target.as_deref().unwrap_or(&host)),
        target,
        is_musl_host: toolchain.is_musl && !toolchain.is_packaged,
        only_the_last: false,
        others: settings(environment).chain(options.others.iter().cloned()).collect(),
        span: shell.span(),
    };
    if verb == "rustc" && !options.rest.is_empty() {
        build.flags.extend(options.rest.iter().cloned());
        build.only_the_last = true;
    } else if let Some(extra) = options.rest.first().filter(|_| !matches!(verb, "run" | "r")) {
        return shell.fails(format!("`cargo {verb}` takes no arguments behind `--`, such as `{extra}`"), "not taken", "flags for rustc go into RUSTFLAGS");
    }
    let what = match source {
        Source::Own => What::Program(Box::new(build.clone())),
        Source::Placeholder => What::Unknown,
    };
    leave(shell, verb, options, environment, &root, &build, what)
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
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    let program = shell.context.program.clone();
    let target_dir = target_dir(shell, options, environment, root);
    if !shell.can_write(&target_dir) {
        let help = "mount a cache there (`--mount=type=cache,target=…`), or set CARGO_TARGET_DIR to another folder";
        return shell.fails(format!("Cargo can't write to {target_dir}: the package is mounted read-only"), "read-only", help);
    }
    let below = build.target.iter().map(|target| format!("{target}/")).collect::<String>();
    let folder = format!("{target_dir}/{below}{}", profile_dir(&build.profile));
    let crate_name = program.replace('-', "_");
    let unit = format!("{folder}/deps/{crate_name}-0123456789abcdef");
    let fingerprint = format!("{folder}/.fingerprint/{program}-0123456789abcdef/bin-{program}");
    // Cargo builds again if a source is newer than what it has built, and not if it is only another one.
    let newest = newest_source(shell, root);
    let key = format!("{unit} {:?}", build.flags);
    let is_there = |shell: &Shell<'_>, path: &str| matches!(shell.made.files.at(path), Found::File(_));
    let is_fresh = shell.made.built.get(&key).is_some_and(|built| *built > newest)
        && is_there(shell, &unit)
        && is_there(shell, &fingerprint);
    let what = match shell.made.files.at(&unit) {
        Found::File(file) if is_fresh => file.what.clone(),
        _ => what,
    };
    if is_fresh && what == What::Unknown {
        let message = format!("Cargo doesn't build `{program}` again here: it still has the program of the placeholder");
        let help = "COPY keeps the time of a file, which is before that build: write `touch src/main.rs` in front of this `cargo`";
        shell.made.placeholder = Some(Trouble::new(Kind::Fails, shell.span(), message, "the placeholder again", help));
    } else if what == What::Unknown {
        let message = format!("`{program}` is built from a placeholder for src/main.rs here, and not again from its own sources");
        let help = "copy `src`, and build again below this line";
        shell.made.placeholder = Some(Trouble::new(Kind::Fails, shell.span(), message, "not the program", help));
    } else {
        shell.made.placeholder = None;
    }
    let time = shell.made.tick();
    shell.made.built.insert(key, time);
    let executable = || File { mode: 0o755, ..File::new(what.clone(), time) };
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
        let into = options.root.clone().or_else(|| variable("CARGO_INSTALL_ROOT")).or_else(|| variable("CARGO_HOME"));
        let into = join(&shell.folder, &into.unwrap_or_else(|| "/root/.cargo".to_owned()));
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

fn target_dir(shell: &Shell<'_>, options: &Options, environment: &Variables, root: &str) -> String {
    let named = options.target_dir.as_ref().or_else(|| environment.get("CARGO_TARGET_DIR")).or_else(|| environment.get("CARGO_BUILD_TARGET_DIR"));
    match named.filter(|folder| !folder.is_empty()) {
        Some(folder) => join(&shell.folder, folder),
        None => join(root, "target"),
    }
}

/// The folder of the package; none if there isn't one.
fn manifest(shell: &mut Shell<'_>, options: &Options) -> Result<Option<String>, Box<Trouble>> {
    const HELP: &str = "copy the package above this line: `COPY . .`, or `COPY Cargo.toml Cargo.lock ./` and `COPY src src`";
    let named = match (&options.manifest, &options.path) {
        (Some(path), _) => Some(join(&shell.folder, path)),
        (None, Some(folder)) => Some(join(&join(&shell.folder, folder), "Cargo.toml")),
        (None, None) => None,
    };
    let mut folder = shell.folder.clone();
    let path = match named {
        Some(path) => path,
        None => loop {
            let path = join(&folder, "Cargo.toml");
            if matches!(shell.made.files.at(&path), Found::File(_)) {
                break path;
            }
            match above(&folder) {
                Some(next) => folder = next.to_owned(),
                None => {
                    let message = format!("Cargo finds no Cargo.toml in {}", shell.folder);
                    shell.fails(message, "nothing to build", HELP)?;
                    return Ok(None);
                }
            }
        },
    };
    let root = above(&path).unwrap_or("/").to_owned();
    match shell.made.files.at(&path) {
        Found::File(File { what: What::Context(name), .. }) if name == "Cargo.toml" => {}
        Found::File(_) => {
            return shell.not_followed(format!("what {path} says: a command has written it"), "copy Cargo.toml as it is: `COPY Cargo.toml Cargo.lock ./`");
        }
        _ => {
            shell.fails(format!("there is no {path}"), "nothing to build", HELP)?;
            return Ok(None);
        }
    }
    // These change what Cargo does, and aren't read here.
    let beside = [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];
    let other = beside.iter().map(|name| join(&root, name)).find(|path| matches!(shell.made.files.at(path), Found::File(file) if !matches!(file.what, What::Context(_))));
    match other {
        Some(path) => shell.not_followed(format!("what {path} changes"), "use options of `cargo build`, and RUSTFLAGS"),
        None => Ok(Some(root)),
    }
}

/// What the program is built from.
enum Source {
    Own,
    /// A `fn main() {}` that lets the dependencies be built first.
    Placeholder,
}

fn sources(shell: &mut Shell<'_>, root: &str, verb: &str) -> Result<Option<Source>, Box<Trouble>> {
    let names: Vec<String> = shell.context.sources().map(str::to_owned).collect();
    let reads_all = !matches!(verb, "fetch" | "generate-lockfile" | "tree" | "metadata" | "update");
    for (index, name) in names.iter().enumerate() {
        let path = join(root, name);
        match shell.made.files.at(&path) {
            Found::File(File { what: What::Context(own), .. }) if own == name => {}
            Found::File(File { what: What::Written(text), .. }) if index == 0 => {
                if reads_all && !text.contains("fn main") {
                    let help = "write a `fn main() {}` into it (`echo 'fn main() {}' > src/main.rs`), or copy the real one";
                    shell.fails(format!("{path} has no function `main`"), "nothing to build", help)?;
                    return Ok(None);
                }
                return Ok(Some(Source::Placeholder));
            }
            Found::File(_) => {
                return shell.not_followed(format!("what is in {path}"), format!("copy {name} as it is: `COPY src src`"));
            }
            Found::Unknown if index > 0 => {}
            _ if index > 0 && !reads_all => {}
            _ => {
                let message = format!("there is no {path}: Cargo has a manifest, and nothing to build");
                let moved = shell.made.files.files_below(root).into_iter().find(|(_, file)| file.what == What::Context(name.clone()));
                let help = match moved {
                    Some((place, _)) => format!("it is at {place}: COPY takes what is in a folder, and not the folder. Write `COPY src src`"),
                    None => "copy the sources above this line: `COPY src src`".to_owned(),
                };
                shell.fails(message, "nothing to build", help)?;
                return Ok(None);
            }
        }
    }
    Ok(Some(Source::Own))
}

fn newest_source(shell: &Shell<'_>, root: &str) -> u32 {
    let below = shell.made.files.files_below(&join(root, "src"));
    let build = shell.made.files.files_below(&join(root, "build.rs"));
    below.iter().chain(&build).map(|(_, file)| file.time).max().unwrap_or(0)
}

fn lock(shell: &mut Shell<'_>, root: &str, options: &Options) -> Followed {
    let path = join(root, "Cargo.lock");
    match shell.made.files.at(&path) {
        Found::File(File { what: What::Context(name), .. }) if name == "Cargo.lock" => Ok(true),
        Found::File(File { what: What::Written(text), .. }) if text == GENERATED => Ok(true),
        Found::File(_) if options.locked => shell.not_followed(format!("what is in {path}"), "copy Cargo.lock as it is"),
        Found::File(_) => Ok(true),
        _ if options.locked => {
            let message = format!("`--locked` needs a Cargo.lock, and there is none in {root}");
            shell.fails(message, "no lock file", "copy it above this line, with the manifest: `COPY Cargo.toml Cargo.lock ./`")
        }
        _ if !shell.can_write(&path) => {
            let help = "mount Cargo.lock as well, and write `--locked`";
            shell.fails(format!("Cargo can't write {path}: the package is mounted read-only"), "no lock file", help)
        }
        _ => shell.write(&path, GENERATED),
    }
}

/// In the place of a lock file that Cargo has written.
const GENERATED: &str = "# This file is automatically @generated by Cargo.";

/// Whether a program can be built for a target.
fn has_target(shell: &mut Shell<'_>, toolchain: &Toolchain, host: &str, target: &str) -> Followed {
    let is_there = target == host || toolchain.targets.contains(target);
    let base = shell.made.base.clone();
    if !is_there && toolchain.is_packaged {
        let help = format!("begin with an image of Rust, such as `FROM {}`, or build for {host}", bases::example());
        return shell.fails(format!("the standard library for {target} isn't installed in {base}"), "not installed", help);
    }
    if !is_there && !bases::is_target(target) {
        return unknown_target(shell, target);
    }
    if !is_there {
        let message = format!("the standard library for {target} isn't installed in {base}");
        let help = format!("install it above this line: `RUN rustup target add {target}`; without that, the image builds for {host}");
        return shell.fails(message, "not installed", help);
    }
    if !target.starts_with(&format!("{}-", shell.processor)) {
        let what = format!("a build for {target} on {}: it needs another linker", shell.processor);
        return shell.not_followed(what, format!("build for {host}, or for the same processor with musl"));
    }
    Ok(true)
}

fn unknown_target(shell: &mut Shell<'_>, target: &str) -> Followed {
    // The name that other compilers use.
    let with_vendor = target.replacen("-linux-", "-unknown-linux-", 1);
    let meant = bases::is_target(&with_vendor).then_some(with_vendor.as_str());
    match meant.or_else(|| nearest(target, bases::targets())) {
        Some(near) => shell.fails(format!("there is no target {target}"), "no such target", format!("did you mean {near}?")),
        None => shell.not_followed(format!("the target {target}, which the course doesn't know"), "build for a target such as x86_64-unknown-linux-musl"),
    }
}

/// The flags that rustc gets, by Cargo's order of precedence.
fn flags(environment: &Variables, target: &str) -> Vec<String> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let for_target = format!("CARGO_TARGET_{}_RUSTFLAGS", target.to_uppercase().replace(['-', '.'], "_"));
    if let Some(encoded) = variable("CARGO_ENCODED_RUSTFLAGS") {
        return encoded.split('\u{1f}').map(str::to_owned).collect();
    }
    let found = variable("RUSTFLAGS").or_else(|| variable(&for_target)).or_else(|| variable("CARGO_BUILD_RUSTFLAGS"));
    found.map(|flags| flags.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
}

/// Variables that change what is built, and that the check doesn't set.
fn settings(environment: &Variables) -> impl Iterator<Item = String> {
    let changes = |name: &&String| {
        name.starts_with("CARGO_PROFILE_")
            || name.starts_with("CARGO_UNSTABLE_")
            || (name.starts_with("CARGO_TARGET_") && (name.ends_with("_LINKER") || name.ends_with("_RUNNER")))
            || ["RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_BOOTSTRAP", "CARGO_BUILD_RUSTC", "CARGO_BUILD_RUSTC_WRAPPER"]
                .contains(&name.as_str())
    };
    environment.keys().filter(changes).cloned()
}

/// `cargo new` and `cargo init`: a package with a program that says hello.
fn new(shell: &mut Shell<'_>, verb: &str, arguments: &[String]) -> Followed {
    let takes_value = ["--name", "--vcs", "--edition", "--color"];
    let is_path = |index: &usize| {
        let before = index.checked_sub(1).map_or("", |before| arguments[before].as_str());
        !arguments[*index].starts_with('-') && !takes_value.contains(&before)
    };
    let named = (0..arguments.len()).find(is_path).map(|index| &arguments[index]);
    let folder = match named {
        Some(name) => join(&shell.folder, name),
        None => shell.folder.clone(),
    };
    let manifest = join(&folder, "Cargo.toml");
    let is_there = matches!(shell.made.files.at(&manifest), Found::File(_)) || (verb == "new" && matches!(shell.made.files.at(&folder), Found::Folder));
    if is_there {
        return shell.fails(format!("{folder} is there already"), "it exists", "copy the package, and take this line out");
    }
    shell.write(&manifest, "[package]")?;
    shell.write(&join(&folder, "src/main.rs"), "fn main() {}")
}

fn clean(shell: &mut Shell<'_>, options: &Options, environment: &Variables) -> Followed {
    let root = shell.folder.clone();
    let folder = target_dir(shell, options, environment, &root);
    if options.packages.is_empty() {
        shell.made.files.take(&folder);
        return Ok(true);
    }
    let program = shell.context.program.clone();
    if options.packages.contains(&program) {
        for (path, _) in shell.made.files.files_below(&folder) {
            let is_own = path.rsplit('/').take(2).any(|name| name.starts_with(&program) || name.starts_with(&program.replace('-', "_")));
            if is_own {
                shell.made.files.take(&path);
            }
        }
    }
    Ok(true)
}

/// cargo-chef: dependencies first, by a recipe that is made of the manifest.
fn chef(shell: &mut Shell<'_>, options: &Options) -> Followed {
    if !shell.made.installed.iter().any(|tool| tool == "cargo-chef" || tool.starts_with("cargo-chef@")) && !shell.made.base.contains("cargo-chef") {
        return shell.fails("there is no `cargo chef` in this stage", "not found", "install it above: `RUN cargo install cargo-chef --locked`");
    }
    let recipe = join(&shell.folder, "recipe.json");
    match options.words.first().map(String::as_str) {
        Some("prepare") => {
            let Some(root) = manifest(shell, &Options::default())? else { return Ok(false) };
            if sources(shell, &root, "build")?.is_none() {
                return Ok(false);
            }
            shell.write(&recipe, "recipe")
        }
        Some("cook") => {
            if matches!(shell.made.files.at(&recipe), Found::Nothing) {
                return shell.fails(format!("there is no {recipe}"), "no recipe", "copy it from the stage that has made it: `COPY --from=planner …/recipe.json .`");
            }
            shell.made.has_crates = true;
            // It leaves the skeleton of the package.
            for (name, text) in [("Cargo.toml", "[package]"), ("Cargo.lock", GENERATED), ("src/main.rs", "fn main() {}")] {
                let path = join(&shell.folder, name);
                shell.write(&path, text)?;
            }
            Ok(true)
        }
        _ => shell.not_followed("this call of `cargo chef`", "write `cargo chef prepare`, or `cargo chef cook`"),
    }
}

/// A call of rustup.
pub fn rustup(shell: &mut Shell<'_>, command: &Command<'_>) -> Followed {
    let Some(toolchain) = shell.toolchain()? else { return Ok(false) };
    if toolchain.is_packaged {
        let help = format!("begin with an image of Rust, such as `FROM {}`", bases::example());
        return shell.fails(format!("there is no rustup in {}", shell.made.base), "not found", help);
    }
    if command.words.iter().any(|word| word.contains(UNKNOWN)) {
        return shell.not_followed("`rustup` with a word that another command prints", "name the target, or use `$(rustc --print host-tuple)`");
    }
    let words: Vec<&str> = command.arguments().iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    match words.as_slice() {
        ["target", "add" | "install", targets @ ..] => {
            if shell.is_offline {
                return shell.fails("rustup needs the network, and this RUN has none", "offline", "take `--network=none` out");
            }
            for target in targets {
                if !bases::is_target(target) {
                    return unknown_target(shell, target);
                }
                if let Tools::Some(toolchain) = &mut shell.made.tools {
                    toolchain.targets.insert((*target).to_owned());
                }
            }
            Ok(true)
        }
        ["target" | "component", "list", ..] | ["show" | "which", ..] | ["component", "add", ..] | [] | ["set", ..] => Ok(true),
        _ => shell.not_followed(
            format!("`rustup {}`", words.join(" ")),
            format!("begin with an image of the version that you want, such as `FROM {}`", bases::example()),
        ),
    }
}
