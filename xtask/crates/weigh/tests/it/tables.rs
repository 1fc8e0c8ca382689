//! What the library brings along is what the workshop's own manifest has, as far as it is about any crate.

use std::fs;
use testbed::project::repository;
use toml::{Table, Value};

/// Profiles and tables of a manifest. The manifest's own programs, and what is about them, are left out.
fn measured(file: &str) -> (Table, Vec<Table>) {
    let text = fs::read_to_string(repository().join(file)).unwrap();
    let mut manifest: Table = text.parse().unwrap();
    let mut profiles = manifest["profile"].as_table().unwrap().clone();
    // How the runner itself is compiled.
    profiles.remove("dev");
    let sizes = &mut manifest["workspace"]["metadata"]["sizes"];
    let tables = sizes["tables"].as_array().unwrap().iter().map(|table| table.as_table().unwrap().clone());
    (profiles, tables.filter(|table| !table.contains_key("programs")).collect())
}

#[test]
fn the_profiles_and_tables_are_those_of_the_workshop() {
    let (own, workshop) = (measured("xtask/crates/weigh/src/tables.toml"), measured("Cargo.toml"));
    assert_eq!(own.0, workshop.0, "profiles: change both files alike");
    assert_eq!(own.1, workshop.1, "tables: change both files alike");
}

#[test]
fn no_program_comes_along() {
    let text = fs::read_to_string(repository().join("xtask/crates/weigh/src/tables.toml")).unwrap();
    let manifest: Table = text.parse().unwrap();
    assert_eq!(manifest["workspace"]["metadata"]["sizes"]["programs"], Value::Array(Vec::new()));
}
