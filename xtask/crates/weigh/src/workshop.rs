//! What the workshop's root manifest says: its profiles, and which tables `cargo xtask sizes` makes of them.

use crate::options;
use crate::profiles::Profiles;
use crate::rebuilt::Rebuilt;
use anyhow::{Context as _, Result, bail};
use base::diagnostic;
use base::failure::{Exit, Failure, Kind};
use serde::Deserialize;
use std::env;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The name of the table that takes one setting of a profile after the other, which any crate is measured with.
pub const LADDER: &str = "ladder";

/// The workshop's root manifest.
#[derive(Debug)]
pub struct Workshop {
    /// The folder that it is in.
    pub root: PathBuf,
    /// `[workspace.metadata.sizes]`.
    pub sizes: Sizes,
    /// `[profile.*]`.
    pub profiles: Profiles,
}

/// `[workspace.metadata.sizes]`: what is measured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sizes {
    /// Wall-clock seconds after which a program under test is stopped.
    pub run_seconds: u64,
    /// Bytes of output after which a program under test is ended.
    pub output_bytes: usize,
    /// The programs, and what each must print.
    pub programs: Vec<Program>,
    /// The tables, in the order in which they are shown.
    pub tables: Vec<Table>,
    /// The other targets that the programs are measured for.
    #[serde(default)]
    pub platforms: Vec<Platform>,
}

/// A target that isn't the machine's own: how its programs are linked and run where Cargo's settings don't say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Platform {
    /// The target triple.
    pub target: String,
    /// What it is called for people.
    pub name: String,
    /// The linker, if rustc's own choice is not the one.
    pub linker: Option<String>,
    /// What starts a program, with the arguments that come before its path. Nothing does if it is empty, unless this machine does.
    #[serde(default)]
    pub runner: Vec<String>,
    /// What that is called for people.
    pub runs: String,
}

/// A program of the tutorial; package and binary have the same name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Program {
    /// The name of its package and of its binary.
    pub name: Spanned<String>,
    /// Runs whose result is known.
    pub cases: Vec<Case>,
}

/// A run of a program, and what must come out of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// The arguments.
    pub args: Vec<String>,
    /// The whole standard output.
    pub stdout: String,
    /// The exit code.
    #[serde(default)]
    pub exit: i32,
}

/// A table: some profiles in an order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Table {
    /// The name, as in `--table NAME`.
    pub name: Spanned<String>,
    /// What the table shows, in a sentence without a final full stop.
    pub caption: String,
    /// Whether it is made when no table is named.
    #[serde(default)]
    pub default: bool,
    /// The programs that it is made for; all of them if empty.
    #[serde(default)]
    pub programs: Vec<Spanned<String>>,
    /// The rows; the first one is what the others are compared with.
    pub rows: Vec<Row>,
}

/// A row of a table: one executable.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Row {
    /// The profile that it is built with.
    pub profile: Spanned<String>,
    /// What the row is called for people.
    pub label: String,
    /// Whether a copy of the executable is then put through the external command `strip`.
    #[serde(default)]
    pub strip_command: bool,
    /// Whether std is compiled with the program, and how; as the toolchain brings it if nothing is said.
    pub std: Option<Rebuilt>,
}

impl Table {
    /// Whether std is rebuilt for some of its rows.
    pub fn rebuilds_std(&self) -> bool {
        self.rows.iter().any(|row| row.std.is_some())
    }

    /// Whether the table is made for this program.
    pub fn is_for(&self, program: &str) -> bool {
        self.programs.is_empty() || self.programs.iter().any(|name| name.as_ref() == program)
    }
}

/// A place in the manifest (in bytes), what is wrong there, a few words to go beside it, and what to do.
type Malformed = (Range<usize>, String, &'static str, Option<String>);

#[derive(Deserialize)]
struct RootFile {
    workspace: Option<WorkspaceTable>,
    #[serde(default)]
    profile: Profiles,
}

#[derive(Deserialize)]
struct WorkspaceTable {
    metadata: Option<MetadataTable>,
}

#[derive(Deserialize)]
struct MetadataTable {
    sizes: Option<Sizes>,
}

impl Workshop {
    /// Finds the workshop from the current folder upwards, else by the folder that Cargo says xtask is in.
    ///
    /// # Errors
    /// When there is none, or its manifest is malformed (with the line).
    pub fn find() -> Result<Self> {
        Self::find_from(None)
    }

    /// The same from another folder, if one is given: then Cargo is not asked.
    ///
    /// # Errors
    /// When there is none, or its manifest is malformed (with the line).
    pub fn find_from(folder: Option<&Path>) -> Result<Self> {
        let here = env::current_dir().context("can't find the current folder")?;
        let here = match folder {
            None => here,
            Some(folder) => {
                let there = here.join(folder);
                if !there.is_dir() {
                    let message = format!("there is no folder {}", folder.display());
                    bail!(Failure::new(Exit::Usage, message).help("--course names the workshop's folder"));
                }
                // Builds are called by its path, and a path with `..` in it is another one for Cargo.
                there.canonicalize().with_context(|| format!("can't read {}", there.display()))?
            }
        };
        let by_cargo = env::var_os("CARGO_MANIFEST_DIR").and_then(|xtask| Some(Path::new(&xtask).parent()?.to_owned()));
        let holds_tables = |folder: &&Path| {
            fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace.metadata.sizes]"))
        };
        match here.ancestors().chain(by_cargo.as_deref().filter(|_| folder.is_none())).find(holds_tables) {
            Some(root) => Self::read(root),
            None => bail!(
                Failure::new(Exit::Usage, format!("{} isn't inside the workshop", here.display()))
                    .kind(Kind::NoWorkshop)
                    .help(
                        "run `cargo xtask` from inside the workshop's folder; measure other crates with --manifest-path"
                    )
            ),
        }
    }

    /// The workshop around the current folder; for a crate by itself, the profiles and tables of this library.
    ///
    /// # Errors
    /// When there is no workshop, or its manifest is malformed.
    pub fn of(asked: &options::Subject) -> Result<Self> {
        if !asked.alone {
            return Self::find();
        }
        let manifest = match &asked.manifest_path {
            Some(manifest) => crate::subject::manifest_file(manifest)?,
            None => crate::subject::nearest_manifest()?,
        };
        let root = manifest.parent().context("a manifest is in a folder")?;
        Self::parse(root, Path::new("tables.toml"), include_str!("tables.toml"))
    }

    /// Reads the manifest of the workshop in this folder.
    ///
    /// # Errors
    /// When it is malformed (with the line).
    pub fn read(root: &Path) -> Result<Self> {
        let file = root.join("Cargo.toml");
        let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        Self::parse(root, &file, &text)
    }

    fn parse(root: &Path, file: &Path, text: &str) -> Result<Self> {
        let RootFile { workspace, profile } =
            toml::from_str(text).map_err(|error| diagnostic::toml_error(file, text, &error))?;
        let sizes = workspace.and_then(|workspace| workspace.metadata?.sizes).with_context(|| {
            Failure::new(Exit::Usage, "there is no [workspace.metadata.sizes]").file(diagnostic::shown(file))
        })?;
        let workshop = Self { root: root.to_owned(), sizes, profiles: profile };
        workshop.validate().map_err(|(range, message, label, help)| {
            diagnostic::in_file(file, text, range, &message, label, help.as_deref())
        })?;
        Ok(workshop)
    }

    /// Names that point nowhere, and names that are given twice.
    fn validate(&self) -> Result<(), Malformed> {
        let programs: Vec<&str> = self.sizes.programs.iter().map(|program| program.name.as_ref().as_str()).collect();
        let mut names = Vec::new();
        for table in &self.sizes.tables {
            let name = table.name.as_ref();
            if names.contains(&name) || name == "all" {
                let message = format!("the table name `{name}` is taken");
                return Err((table.name.span(), message, "give it a different name", None));
            }
            names.push(name);
            if table.rows.is_empty() {
                let message = format!("the table `{name}` has no rows");
                return Err((table.name.span(), message, "add a row, or drop the table", None));
            }
            if let Some(program) = table.programs.iter().find(|program| !programs.contains(&program.as_ref().as_str()))
            {
                let message = format!("there is no program `{}`", program.as_ref());
                let help = Some(format!("the programs are {}", programs.join(", ")));
                return Err((program.span(), message, "not among the programs above", help));
            }
            for row in &table.rows {
                let profile = row.profile.as_ref();
                if !self.profiles.knows(profile) {
                    let message = format!("there is no profile `{profile}`");
                    let help = nearest(profile, self.profiles.names())
                        .map_or_else(|| format!("add [profile.{profile}]"), |near| format!("did you mean `{near}`?"));
                    return Err((row.profile.span(), message, "no [profile] table has this name", Some(help)));
                }
            }
        }
        Ok(())
    }

    /// What is known of a target.
    pub fn platform(&self, target: &str) -> Option<&Platform> {
        self.sizes.platforms.iter().find(|platform| platform.target == target)
    }

    /// The program of this name.
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.sizes.programs.iter().find(|program| program.name.as_ref() == name)
    }
}

/// Refuses a profile unknown to both Cargo and these profiles: `what` is said not to be there, and `whose` stands after
/// "the profiles".
///
/// # Errors
/// When there is no such profile.
pub fn must_know(profiles: &Profiles, profile: &str, what: &str, whose: &str) -> Result<()> {
    if profiles.knows(profile) {
        return Ok(());
    }
    let mut names: Vec<&str> = profiles.names().collect();
    // A manifest may have a table for one that Cargo knows anyway.
    names.extend(["release", "dev"].into_iter().filter(|built_in| profiles.names().all(|name| name != *built_in)));
    bail!(no_profile(profile, what, &names, || format!("the profiles{whose} are {}", names.join(", "))))
}

/// There is no profile of this name: what to type in its place, or the list of those that there are.
pub fn no_profile(profile: &str, what: &str, names: &[&str], list: impl Fn() -> String) -> Failure {
    let help = match nearest(profile, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => list(),
    };
    Failure::new(Exit::Usage, format!("there is no {what} `{profile}`")).help(help)
}

/// The name that was probably meant: the nearest one, if it is near enough.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate)).min()?;
    (near.0 <= name.chars().count().div_ceil(3)).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["dist", "dist-s", "release"];
        assert_eq!(nearest("relaese", known.into_iter()), Some("release"));
        assert_eq!(nearest("quick", known.into_iter()), None);
    }

    #[test]
    fn each_profile_is_told_once() {
        let text = "[workspace.metadata.sizes]\nrun-seconds = 1\noutput-bytes = 1\nprograms = []\ntables = []\n\n[profile.dev]\nopt-level = 1\n\n[profile.dist]\ninherits = \"release\"\n";
        let workshop = Workshop::parse(Path::new("."), Path::new("Cargo.toml"), text).unwrap();
        let refused = must_know(&workshop.profiles, "quick", "profile", "").unwrap_err();
        let help = refused.downcast_ref::<Failure>().and_then(|failure| failure.help.as_deref());
        assert_eq!(help, Some("the profiles are dev, dist, release"));
    }
}
