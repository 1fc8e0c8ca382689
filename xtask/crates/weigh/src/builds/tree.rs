//! A copy of a workspace in which one dependency's default features are off, all or one of them, in our own folder. Only manifests and the lock file
//! are copied; everything else is a link to the original, so that nothing of the crate is written and every path in its sources
//! leads to the same files.

use crate::cargo::Cargo;
use anyhow::{Context as _, Result};
use base::files;
use base::store;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use toml::{Table, Value};

/// The dependency whose default features are taken out, and the workspace that it is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The folder of the workspace's root manifest.
    pub root: PathBuf,
    /// The manifests of all its packages.
    pub manifests: Vec<PathBuf>,
    /// The manifest that names the dependency.
    pub manifest: PathBuf,
    /// The package of that manifest.
    pub package: String,
    /// The dependency as the manifest calls it.
    pub dependency: String,
    /// Those of its default features that stay.
    pub kept: Vec<String>,
}

/// A copied workspace.
#[derive(Debug)]
pub(super) struct Tree {
    /// The manifest in place of the original.
    pub manifest: PathBuf,
    /// The ID of its package.
    pub package: String,
}

/// Copies the workspace below a folder, and takes the default features out.
///
/// # Errors
/// When a manifest can't be read, the folder can't be written, or links can't be made there.
pub(super) fn make(cargo: &Cargo, edit: &Edit, folder: &Path) -> Result<Tree> {
    let kept = edit.kept.join(",");
    let parts = [&edit.dependency, &edit.package, &kept].map(String::as_bytes);
    let copy = folder.join(&store::digest(&parts)[..12]);
    let texts = edit.texts()?;
    let mut folders = BTreeSet::from([PathBuf::new()]);
    for manifest in texts.keys() {
        folders.extend(manifest.ancestors().skip(1).map(Path::to_owned));
    }
    for below in &folders {
        mirror(&edit.root, &copy, below, &folders)?;
    }
    for (below, text) in &texts {
        files::write_derived(&copy.join(below), text.as_bytes())?;
    }
    // What only the default features need is no longer in the lock file: Cargo takes it out, and changes nothing else.
    let lock = fs::read(edit.root.join("Cargo.lock")).context("the workspace has no Cargo.lock")?;
    files::write_derived(&copy.join("Cargo.lock"), &lock)?;
    let root = copy.join("Cargo.toml");
    cargo.update_lockfile(&root, true)?;
    let manifest = copy.join(edit.manifest.strip_prefix(&edit.root).context("the manifest is in the workspace")?);
    let metadata = cargo.metadata(Some(&manifest))?;
    let package = metadata.packages.into_iter().find(|package| package.manifest_path == manifest);
    Ok(Tree { package: package.context("the copy has no such package")?.id, manifest })
}

impl Edit {
    /// Each manifest of the workspace by its path below the root, as the copy has it.
    fn texts(&self) -> Result<BTreeMap<PathBuf, String>> {
        let root = self.root.join("Cargo.toml");
        let mut tables: BTreeMap<PathBuf, Table> = BTreeMap::new();
        for manifest in self.manifests.iter().chain([&root]) {
            // A member elsewhere is found by its own path.
            let Ok(below) = manifest.strip_prefix(&self.root) else { continue };
            let text = fs::read_to_string(manifest).with_context(|| format!("can't read {}", manifest.display()))?;
            let mut table: Table =
                toml::from_str(&text).with_context(|| format!("can't understand {}", manifest.display()))?;
            anchor(&mut table, manifest.parent().unwrap_or(&self.root), &self.root);
            tables.insert(below.to_owned(), table);
        }
        let own = self.manifest.strip_prefix(&self.root).context("the package is outside of its workspace's folder")?;
        let table = tables.get_mut(own).context("the manifest isn't one of the workspace")?;
        let mut found = false;
        let mut is_inherited = false;
        for dependencies in dependency_tables(table) {
            if let Some(dependency) = dependencies.get_mut(&self.dependency) {
                found = true;
                is_inherited |= turn_off(dependency, &self.kept) == Whose::Workspace;
            }
        }
        if is_inherited {
            let root = tables.get_mut(Path::new("Cargo.toml")).context("the workspace has a root manifest")?;
            let dependencies = root.get_mut("workspace").and_then(|workspace| workspace.get_mut("dependencies"));
            let dependency = dependencies.and_then(|dependencies| dependencies.get_mut(&self.dependency));
            turn_off(dependency.context("the root manifest doesn't name it in [workspace.dependencies]")?, &self.kept);
        }
        anyhow::ensure!(found, "{} doesn't name `{}`", self.manifest.display(), self.dependency);
        Ok(tables.into_iter().map(|(below, table)| (below, table.to_string())).collect())
    }
}

/// Whose line says whether default features are on.
#[derive(PartialEq)]
enum Whose {
    Package,
    Workspace,
}

/// Takes the default features out of a dependency but for some of them, where its line decides about them.
fn turn_off(dependency: &mut Value, kept: &[String]) -> Whose {
    if let Value::String(version) = dependency {
        *dependency = Table::from_iter([("version".to_owned(), Value::from(version.as_str()))]).into();
    }
    let Value::Table(table) = dependency else { return Whose::Package };
    if table.get("workspace").and_then(Value::as_bool) == Some(true) {
        // Here Cargo only lets a package switch them on.
        table.remove("default-features");
        table.remove("default_features");
        return Whose::Workspace;
    }
    table.remove("default_features");
    table.insert("default-features".to_owned(), false.into());
    if !kept.is_empty() {
        let features = table.entry("features").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(features) = features {
            features.extend(kept.iter().map(|feature| Value::from(feature.as_str())));
        }
    }
    Whose::Package
}

/// The tables of a manifest that name what is linked into its programs.
fn dependency_tables(manifest: &mut Table) -> Vec<&mut Table> {
    let mut found = Vec::new();
    for (key, value) in manifest.iter_mut() {
        match (key.as_str(), value) {
            ("dependencies", Value::Table(table)) => found.push(table),
            ("target", Value::Table(targets)) => {
                let tables = targets.iter_mut().filter_map(|(_, target)| target.get_mut("dependencies"));
                found.extend(tables.filter_map(Value::as_table_mut));
            }
            _ => {}
        }
    }
    found
}

/// Makes the relative paths of a manifest absolute that lead out of the workspace: from the copy they would lead elsewhere.
fn anchor(table: &mut Table, folder: &Path, root: &Path) {
    for (key, value) in table.iter_mut() {
        match value {
            Value::String(path) if key == "path" => anchor_path(path, folder, root),
            Value::Table(inner) => anchor(inner, folder, root),
            Value::Array(values) if key == "members" => {
                for value in values {
                    if let Value::String(path) = value {
                        anchor_path(path, folder, root);
                    }
                }
            }
            Value::Array(values) => {
                values.iter_mut().filter_map(Value::as_table_mut).for_each(|inner| anchor(inner, folder, root));
            }
            _ => {}
        }
    }
}

fn anchor_path(path: &mut String, folder: &Path, root: &Path) {
    let whole = plain(&folder.join(&*path));
    if Path::new(path.as_str()).is_relative() && !whole.starts_with(root) {
        *path = whole.to_string_lossy().into_owned();
    }
}

/// A path without `..`, by its words alone, as Cargo takes it.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
        plain
    })
}

/// Makes one folder of the copy: links to everything that is in the original, except for the folders and files that the copy has
/// itself.
fn mirror(root: &Path, copy: &Path, below: &Path, folders: &BTreeSet<PathBuf>) -> Result<()> {
    let (original, place) = (root.join(below), copy.join(below));
    fs::create_dir_all(&place).with_context(|| format!("can't create the folder {}", place.display()))?;
    let entries = |folder: &Path| -> io::Result<BTreeSet<OsString>> {
        folder.read_dir()?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    };
    let read = |folder: &Path| entries(folder).with_context(|| format!("can't read {}", folder.display()));
    // The folder that the copy is in would be a way in a circle, and Git would take the copy for the repository itself.
    let is_linked = |name: &OsString| {
        let path = original.join(name);
        !folders.contains(&below.join(name))
            && !["Cargo.toml", "Cargo.lock", ".git"].iter().any(|own| name == own)
            && !copy.starts_with(&path)
    };
    let wanted: BTreeSet<OsString> = read(&original)?.into_iter().filter(is_linked).collect();
    let found = read(&place)?;
    for name in found.difference(&wanted) {
        let path = place.join(name);
        if path.is_symlink() {
            fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))?;
        }
    }
    for name in wanted.difference(&found) {
        link(&original.join(name), &place.join(name))
            .with_context(|| format!("can't link to {}", original.join(name).display()))?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(original: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, place)
}

#[cfg(windows)]
fn link(original: &Path, place: &Path) -> io::Result<()> {
    use std::os::windows::fs::{symlink_dir, symlink_file};
    if original.is_dir() { symlink_dir(original, place) } else { symlink_file(original, place) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(files: &[(&str, &str)], manifest: &str, dependency: &str) -> (tempfile::TempDir, Edit) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("w");
        for (path, text) in files {
            files::write_atomic(&root.join(path), text.as_bytes()).unwrap();
        }
        let manifests = files.iter().filter(|(path, _)| path.ends_with("Cargo.toml"));
        let manifests = manifests.map(|(path, _)| root.join(path)).collect();
        let (package, dependency) = ("p".to_owned(), dependency.to_owned());
        (folder, Edit { manifest: root.join(manifest), root, manifests, package, dependency, kept: Vec::new() })
    }

    #[test]
    fn default_features_are_off_however_a_dependency_is_written() {
        for written in [
            "[dependencies]\nd = \"1\"\n",
            "[dependencies]\nd = { version = \"1\", default-features = true }\n",
            "[dependencies.d]\nversion = \"1\"\ndefault_features = true\n",
        ] {
            let (_folder, edit) = edit(&[("Cargo.toml", written)], "Cargo.toml", "d");
            let text = edit.texts().unwrap().remove(Path::new("Cargo.toml")).unwrap();
            let table: Table = toml::from_str(&text).unwrap();
            let d = &table["dependencies"]["d"];
            assert_eq!((d["version"].as_str(), d["default-features"].as_bool()), (Some("1"), Some(false)), "{text}");
            assert!(d.get("default_features").is_none(), "{text}");
        }
        let (_folder, edit) =
            edit(&[("Cargo.toml", "[target.'cfg(unix)'.dependencies]\nd = \"1\"\n")], "Cargo.toml", "d");
        assert!(edit.texts().unwrap()[Path::new("Cargo.toml")].contains("default-features = false"));
        let (_folder, edit) = self::edit(&[("Cargo.toml", "[dependencies]\n")], "Cargo.toml", "d");
        assert!(edit.texts().unwrap_err().to_string().contains("doesn't name `d`"));
    }

    #[test]
    fn one_default_feature_is_off_where_the_others_are_named() {
        for written in ["d = \"1\"", "d = { version = \"1\", features = [\"x\"] }"] {
            let text = format!("[dependencies]\n{written}\n");
            let (_folder, mut edit) = edit(&[("Cargo.toml", &text)], "Cargo.toml", "d");
            edit.kept = vec!["a".to_owned(), "b".to_owned()];
            let text = edit.texts().unwrap().remove(Path::new("Cargo.toml")).unwrap();
            let d = &toml::from_str::<Table>(&text).unwrap()["dependencies"]["d"];
            let features: Vec<&str> = d["features"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(features.ends_with(&["a", "b"]) && (features.len() == 3) == written.contains('x'), "{text}");
            assert_eq!(d["default-features"].as_bool(), Some(false), "{text}");
        }
    }

    #[test]
    fn an_inherited_dependency_is_changed_where_it_is_defined() {
        let files = [
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nd = \"1\"\n"),
            ("a/Cargo.toml", "[dependencies]\nd = { workspace = true, default-features = true }\n"),
        ];
        let (_folder, edit) = edit(&files, "a/Cargo.toml", "d");
        let texts = edit.texts().unwrap();
        assert!(texts[Path::new("Cargo.toml")].contains("default-features = false"), "{texts:?}");
        assert!(!texts[Path::new("a/Cargo.toml")].contains("default-features"), "{texts:?}");
    }

    #[test]
    fn paths_out_of_the_workspace_stay_the_same_places() {
        let text = "[lib]\npath = \"src/a.rs\"\n[dependencies]\nd = \"1\"\nx = { path = \"../x\" }\ny = { path = \"y\" }\n[workspace]\nmembers = [\"../z\", \"a\"]\n";
        let (folder, edit) = edit(&[("Cargo.toml", text)], "Cargo.toml", "d");
        let text = edit.texts().unwrap().remove(Path::new("Cargo.toml")).unwrap();
        let table: Table = toml::from_str(&text).unwrap();
        let outside = |name: &str| Some(folder.path().join(name).to_str().unwrap().to_owned());
        let path = |value: &Value| value.as_str().map(str::to_owned);
        assert_eq!(path(&table["dependencies"]["x"]["path"]), outside("x"));
        assert_eq!(path(&table["dependencies"]["y"]["path"]).as_deref(), Some("y"));
        assert_eq!(path(&table["lib"]["path"]).as_deref(), Some("src/a.rs"));
        assert_eq!(path(&table["workspace"]["members"][0]), outside("z"));
    }

    #[cfg(unix)]
    #[test]
    fn a_copy_links_to_everything_but_manifests_and_itself() {
        let files =
            [("Cargo.toml", ""), ("Cargo.lock", ""), ("a/Cargo.toml", ""), ("a/src/main.rs", "1"), ("notes", "2")];
        let (_folder, edit) = edit(&files, "a/Cargo.toml", "d");
        let copy = edit.root.join("target/copy");
        let folders = BTreeSet::from([PathBuf::new(), PathBuf::from("a")]);
        for below in &folders {
            mirror(&edit.root, &copy, below, &folders).unwrap();
        }
        assert_eq!(fs::read_to_string(copy.join("a/src/main.rs")).unwrap(), "1");
        assert!(
            !copy.join("target").exists() && !copy.join("a/Cargo.toml").exists() && !copy.join("Cargo.lock").exists()
        );
        // What has gone from the original goes from the copy.
        fs::remove_file(edit.root.join("notes")).unwrap();
        mirror(&edit.root, &copy, Path::new(""), &folders).unwrap();
        assert!(!copy.join("notes").is_symlink() && edit.root.join("a/src/main.rs").is_file());
    }
}
