//! Cargo refuses a build because Cargo.lock would have to change, or a crate can't be found, and reports only that. What
//! in the manifest is the cause, and on which line, is found by comparing it with the course's.

use crate::learner_manifest::list;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// Tables of a manifest that name crates.
const TABLES: [&str; 5] = ["dependencies", "dev-dependencies", "build-dependencies", "patch", "replace"];

/// What to do, and the line of the first change; `None` where nothing was changed that Cargo.lock depends on.
pub(super) fn advice(theirs: &str, course: &str) -> Option<(Option<usize>, String)> {
    let (now, then): (Table, Table) = (theirs.parse().unwrap_or_default(), course.parse().unwrap_or_default());
    let mut steps: Vec<(usize, String)> = Vec::new();
    let empty = Table::new();
    let below = |root: &Table, path: &[&str]| {
        let found = path.iter().try_fold(root, |table, key| table.get(*key)?.as_table());
        found.unwrap_or(&empty).clone()
    };
    let targets = below(&now, &["target"]);
    let mut tables: Vec<Vec<&str>> = TABLES.iter().map(|name| vec![*name]).collect();
    tables.extend(targets.keys().map(|target| vec!["target", target.as_str(), "dependencies"]));
    let mut added = Vec::new();
    for table in &tables {
        let (now, then) = (below(&now, table), below(&then, table));
        let line = |key: &str| line_of(theirs, table, key);
        for (name, value) in &now {
            match then.get(name) {
                None => added.push((line(name), name.clone())),
                Some(before) if before != value => {
                    let step = match (requirement(before), requirement(value)) {
                        (Some(before), Some(now)) if before != now => {
                            format!("change the version of {name} from \"{now}\" back to \"{before}\"")
                        }
                        _ => format!("restore {name}'s line: `{name} = {before}`"),
                    };
                    steps.push((line(name), step));
                }
                Some(_) => {}
            }
        }
        let gone = then.iter().filter(|(name, _)| !now.contains_key(*name));
        steps.extend(gone.map(|(name, before)| (usize::MAX, format!("put `{name} = {before}` back"))));
    }
    let (package, before) = (below(&now, &["package"]), below(&then, &["package"]));
    for key in ["name", "version"] {
        if let Some(before) = before.get(key).filter(|before| package.get(key) != Some(before)) {
            let line = line_of(theirs, &["package"], key);
            steps.push((line, format!("write `{key} = {before}` below [package] again")));
        }
    }
    if let Some((line, _)) = added.iter().min() {
        let names: Vec<String> = added.iter().map(|(_, name)| name.clone()).collect();
        steps.push((*line, format!("remove {}", list(&names))));
    }
    steps.sort();
    let line = steps.first().map(|(line, _)| *line).filter(|line| *line != usize::MAX);
    let what = steps.into_iter().map(|(_, step)| step).collect::<Vec<_>>().join("; ");
    (!what.is_empty()).then(|| (line, format!("{what}: in this exercise, Cargo.lock can't change")))
}

fn requirement(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("version")?.as_str())
}

fn line_of(text: &str, table: &[&str], key: &str) -> usize {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut at = None;
    let mut now = Some(root.get_ref());
    for name in table.iter().copied().chain([key]) {
        let found = now.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name));
        at = found.map(|(key, _)| key.span().start);
        now = found.and_then(|(_, value)| match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        });
    }
    at.map_or(usize::MAX, |at| base::diagnostic::line_and_column(text, at).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str = "[package]\nname = \"soften\"\nversion = \"0.1.0\"\n\n[dependencies]\nserde_json = \"1\"\n";

    #[test]
    fn what_makes_the_lock_file_change_is_named_with_its_line() {
        let said = |from: &str, to: &str| {
            let (line, advice) = advice(&COURSE.replace(from, to), COURSE).unwrap();
            let rest = ": in this exercise, Cargo.lock can't change";
            (line, advice.strip_suffix(rest).expect(rest).to_owned())
        };
        let is = |line: Option<usize>, words: &str| (line, words.to_owned());
        let json = "serde_json = \"1\"\n";
        assert_eq!(
            said(json, "serde_json = \"2\"\n"),
            is(Some(6), "change the version of serde_json from \"2\" back to \"1\"")
        );
        assert_eq!(
            said(json, "serde_json = { version = \"1\", features = [\"preserve_order\"] }\n"),
            is(Some(6), "restore serde_json's line: `serde_json = \"1\"`")
        );
        assert_eq!(said(json, ""), is(None, "put `serde_json = \"1\"` back"));
        assert_eq!(
            said(json, "serde_json = \"1\"\nrayon = \"1\"\nlog = \"0.4\"\n"),
            is(Some(7), "remove `log` and `rayon`")
        );
        assert_eq!(
            said(json, "serde_json = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n"),
            is(Some(8), "remove `libc`")
        );
        assert_eq!(
            said("version = \"0.1.0\"", "version = \"0.2.0\""),
            is(Some(3), "write `version = \"0.1.0\"` below [package] again")
        );
        // Settings are in no lock file.
        assert_eq!(advice(&format!("{COURSE}[profile.release]\nlto = true\n"), COURSE), None);
    }
}
