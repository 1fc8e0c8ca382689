//! The profiles of the size tables for a user's crate: they reach it through a configuration file, under names that none of
//! its own has, and inherit nothing that can be set back.

use super::own::{KEYS, Own};
use crate::cargo::Package;
use crate::profiles::{default, is_built_in};
use crate::workshop::Workshop;
use base::caller;
use std::fs;
use std::path::Path;

/// The built-in profile that the tables' default row inherits from. Everything but codegen units and overrides can be set back
/// to what Cargo does without any profile, so where `release` has these, `dev` is the better one: as long as it has none, and no
/// build script of the workspace asks which of the two it is called for.
pub(super) fn base_of_default(own: &Own, packages: &[Package]) -> &'static str {
    let cannot_be_set_back = |profile: &'static str| {
        own.line(profile, "codegen-units").is_some() || own.overrides_of(profile).next().is_some()
    };
    let asks = |script: &Path| fs::read_to_string(script).is_ok_and(|text| text.contains("\"PROFILE\""));
    if cannot_be_set_back("release")
        && !cannot_be_set_back("dev")
        && !packages.iter().flat_map(Package::build_scripts).any(asks)
    {
        return "dev";
    }
    "release"
}

/// The profiles of the size tables for a crate that knows nothing of them, as a configuration file. The first one sets everything that the crate's own
/// `[profile.release]` may have changed back to Cargo's defaults. Where it sets no codegen units, nothing has to be set back.
pub(super) fn as_configuration(workshop: &Workshop, own: &Own, base: &str) -> String {
    let (profiles, prefix) = (&workshop.profiles, own.unused_prefix());
    let sets_units = own.line(base, "codegen-units").is_some();
    let renamed = |name: &str| format!("{prefix}{name}");
    let mut tables = toml::Table::new();
    let mut release = toml::Table::new();
    release.insert("inherits".into(), base.into());
    for key in KEYS {
        // rustc takes a number as it is, and merges small units only where none is set, as in the crate's own build.
        if key == "codegen-units" && !sets_units {
            continue;
        }
        release.extend(
            profiles.value("release", key).or_else(|| default("release", key)).map(|value| (key.to_owned(), value)),
        );
    }
    tables.insert(renamed("release"), release.into());
    let rows = workshop.sizes.tables.iter().flat_map(|table| &table.rows);
    for profile in rows.flat_map(|row| profiles.chain(row.profile.as_ref())) {
        if let Some(table) = profiles.table(profile).filter(|_| !is_built_in(profile)) {
            let mut table = table.clone();
            if let Some(parent) = table.get("inherits").and_then(|parent| parent.as_str()).map(renamed) {
                table.insert("inherits".into(), parent.into());
            }
            tables.insert(renamed(profile), table.into());
        }
    }
    let file = toml::Table::from_iter([("profile".to_owned(), toml::Value::Table(tables))]);
    format!("# Written by `{}` for measuring this crate.\n{file}", caller::name())
}
