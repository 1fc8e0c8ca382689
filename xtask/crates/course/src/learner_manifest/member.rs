//! Whether Cargo reads a manifest's profiles at all: it does so only in a workspace's root.

use super::{Manifest, rules};
use crate::diagnostic::{Code, Diagnostic};
use base::diagnostic::shown;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

/// The problem of a manifest with profiles that is a member of a workspace.
pub(crate) fn ignored(manifest: &Manifest) -> Option<Diagnostic> {
    let (name, profile) = manifest.profiles.iter().next()?;
    let own: Table = manifest.source.text.parse().ok()?;
    let file = std::path::absolute(&manifest.source.file).ok()?;
    let root = root_of(&file, &own)?;
    let settings = manifest.profiles.values().flat_map(|profile| profile.settings.keys().cloned());
    let names: Vec<String> = manifest.profiles.keys().map(|name| format!("[profile.{name}]")).collect();
    let message = format!("Cargo ignores {} here: this package is a member of a workspace", rules::list(&names));
    let problem = Diagnostic::new(Code::IgnoredInMember, message).at(
        &manifest.source,
        profile.name.clone(),
        format!("Cargo reads `{name}` only in the workspace's root"),
    );
    let root = shown(&root);
    let help = format!(
        "the workspace's root is {}. Each exercise has to be its own workspace, so put the line `[workspace]` back into the exercise's Cargo.toml",
        root.display()
    );
    Some(problem.help(help).explains(settings))
}

/// The manifest of the workspace that a package is a member of, if it is a different manifest; by Cargo's own rules.
fn root_of(file: &Path, own: &Table) -> Option<PathBuf> {
    if own.contains_key("workspace") {
        return None;
    }
    let folder = file.parent()?;
    if let Some(root) = own.get("package").and_then(|package| package.get("workspace")?.as_str()) {
        return Some(folder.join(root).join("Cargo.toml"));
    }
    for above in folder.ancestors().skip(1) {
        let candidate = above.join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&candidate) else { continue };
        let Ok(table) = text.parse::<Table>() else { continue };
        let Some(workspace) = table.get("workspace").and_then(|workspace| workspace.as_table()) else { continue };
        let paths = |key: &str| {
            let values = workspace.get(key).and_then(|values| values.as_array()).into_iter().flatten();
            values.filter_map(|value| Some(above.join(value.as_str()?))).collect::<Vec<_>>()
        };
        let excluded = paths("exclude").iter().any(|path| folder.starts_with(path));
        // Cargo uses the same order: a member by its exact path is no longer excluded.
        return (!excluded || paths("members").iter().any(|path| path == folder)).then_some(candidate);
    }
    None
}
