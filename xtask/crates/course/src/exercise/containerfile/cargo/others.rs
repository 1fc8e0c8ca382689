//! What Cargo and rustup do besides building: a new package, a clean target folder, Cargo's own tools, a recipe of
//! dependencies, further targets.

use super::super::bases;
use super::super::files::{Found, join};
use super::super::recipe::Tools;
use super::super::shell::{Command, Followed, Shell};
use super::super::words::{UNKNOWN, Variables};
use super::needs::{self, GENERATED};
use super::{Options, target_dir};

/// `cargo new` and `cargo init`: a package with a program that says hello.
pub(super) fn new(shell: &mut Shell<'_>, verb: &str, arguments: &[String]) -> Followed {
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
    let is_there = matches!(shell.made.files.at(&manifest), Found::File(_))
        || (verb == "new" && matches!(shell.made.files.at(&folder), Found::Folder));
    if is_there {
        return shell.fails(format!("{folder} already exists"), "it exists", "copy the package, and remove this line");
    }
    shell.write(&manifest, "[package]")?;
    shell.write(&join(&folder, "src/main.rs"), "fn main() {}")
}

pub(super) fn clean(shell: &mut Shell<'_>, options: &Options, environment: &Variables) -> Followed {
    let root = shell.folder.clone();
    let folder = target_dir(shell, options, environment, &root);
    if options.packages.is_empty() {
        shell.made.files.take(&folder);
        return Ok(true);
    }
    let program = shell.context.program.clone();
    if options.packages.contains(&program) {
        for (path, _) in shell.made.files.files_below(&folder) {
            let is_own = path
                .rsplit('/')
                .take(2)
                .any(|name| name.starts_with(&program) || name.starts_with(&program.replace('-', "_")));
            if is_own {
                shell.made.files.take(&path);
            }
        }
    }
    Ok(true)
}

/// `cargo install NAME`. A tool of Cargo, such as cargo-chef, isn't a program of this package.
pub(super) fn install(shell: &mut Shell<'_>, names: &[String]) -> Followed {
    shell.made.installed.extend(names.iter().cloned());
    if names.iter().all(|name| name.starts_with("cargo-")) {
        return Ok(true);
    }
    let what = format!("`cargo install {}`", names.join(" "));
    shell.not_followed(what, "install this package: `cargo install --path .`")
}

/// cargo-chef: dependencies first, by a recipe that is made of the manifest.
pub(super) fn chef(shell: &mut Shell<'_>, options: &Options) -> Followed {
    if !shell.made.installed.iter().any(|tool| tool == "cargo-chef" || tool.starts_with("cargo-chef@"))
        && !shell.made.base.contains("cargo-chef")
    {
        return shell.fails(
            "there is no `cargo chef` in this stage",
            "not found",
            "install it above: `RUN cargo install cargo-chef --locked`",
        );
    }
    let recipe = join(&shell.folder, "recipe.json");
    match options.words.first().map(String::as_str) {
        Some("prepare") => {
            let Some(root) = needs::manifest(shell, &Options::default())? else { return Ok(false) };
            if needs::sources(shell, &root, "build")?.is_none() {
                return Ok(false);
            }
            shell.write(&recipe, "recipe")
        }
        Some("cook") => {
            if matches!(shell.made.files.at(&recipe), Found::Nothing) {
                return shell.fails(
                    format!("there is no {recipe}"),
                    "no recipe",
                    "copy it from the stage that creates it: `COPY --from=planner …/recipe.json .`",
                );
            }
            shell.made.has_crates = true;
            // It leaves the skeleton of the package.
            for (name, text) in
                [("Cargo.toml", "[package]"), ("Cargo.lock", GENERATED), ("src/main.rs", "fn main() {}")]
            {
                let path = join(&shell.folder, name);
                shell.write(&path, text)?;
            }
            Ok(true)
        }
        _ => shell.not_followed("this call of `cargo chef`", "write `cargo chef prepare`, or `cargo chef cook`"),
    }
}

/// A call of rustup.
pub(crate) fn rustup(shell: &mut Shell<'_>, command: &Command<'_>) -> Followed {
    let Some(toolchain) = shell.toolchain()? else { return Ok(false) };
    if toolchain.is_packaged {
        let help = format!("start from a Rust image, such as `FROM {}`", bases::example());
        return shell.fails(format!("there is no rustup in {}", shell.made.base), "not found", help);
    }
    if command.words.iter().any(|word| word.contains(UNKNOWN)) {
        return shell.not_followed(
            "`rustup` with a word that another command prints",
            "name the target, or use `$(rustc --print host-tuple)`",
        );
    }
    let words: Vec<&str> =
        command.arguments().iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    match words.as_slice() {
        ["target", "add" | "install", targets @ ..] => {
            if shell.is_offline {
                return shell.fails(
                    "rustup needs the network, and this RUN has none",
                    "offline",
                    "remove `--network=none`",
                );
            }
            for target in targets {
                if !bases::is_target(target) {
                    return needs::unknown_target(shell, target);
                }
                if let Tools::Some(toolchain) = &mut shell.made.tools {
                    toolchain.targets.insert((*target).to_owned());
                }
            }
            Ok(true)
        }
        ["target" | "component", "list", ..] | ["show" | "which" | "set", ..] | ["component", "add", ..] | [] => {
            Ok(true)
        }
        _ => shell.not_followed(
            format!("`rustup {}`", words.join(" ")),
            format!("start from an image with the version that you want, such as `FROM {}`", bases::example()),
        ),
    }
}
