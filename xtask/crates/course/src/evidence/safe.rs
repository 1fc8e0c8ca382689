//! The part of a submitted manifest that is built: its profiles, and whatever Cargo doesn't know. Everything that could make
//! Cargo run or read something else (dependencies, build scripts, patches, targets, the workspace) is the course's. Where an
//! exercise lets learners choose crates, `[dependencies]` is used if everything in it is allowed.

use crate::exercise::Exercise;
use crate::exercise::kinds::Check;
use crate::learner_manifest::{allowed, known};
use toml::{Table, Value};

/// The tables and keys of a manifest that are the course's.
const OURS: [&str; 18] = [
    "package",
    "project",
    "cargo-features",
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
    "target",
    "patch",
    "replace",
    "workspace",
    "features",
    "lib",
    "bin",
    "example",
    "test",
    "bench",
];

/// What a learner may set in the course's tables: data that Cargo never reads, where an exercise requires it.
const THEIRS: [&str; 3] = ["package", "metadata", weigh::budget::TABLE];

/// The part of the course's tables that an exercise lets a learner decide.
#[derive(Clone, Copy)]
pub struct May<'a> {
    /// The crates that may be depended on.
    pub(crate) crates: &'a allowed::List,
    /// Whether the size budget of the package is the learner's.
    pub(crate) budget: bool,
}

impl<'a> May<'a> {
    /// What this exercise lets a learner decide.
    pub fn of(exercise: &'a Exercise) -> Self {
        let budget = exercise.data.goal.iter().any(|goal| matches!(goal.check, Check::Budget(_)));
        Self { crates: &exercise.data.dependency, budget }
    }
}

/// The file as it is built, and the tables that weren't used. Only a manifest is changed; a manifest that isn't TOML is never
/// built.
pub fn of(path: &str, text: &[u8], starter: &[(String, Vec<u8>)], may: May<'_>) -> (Vec<u8>, Vec<String>) {
    let May { crates: allowed, budget } = may;
    let same = || (text.to_vec(), Vec::new());
    if !path.ends_with("Cargo.toml") {
        return same();
    }
    let parse = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<Table>().ok();
    let own = starter.iter().find(|(own, _)| own == path).and_then(|(_, own)| parse(own));
    let (Some(mut theirs), Some(mut own)) = (parse(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)), own) else {
        return same();
    };
    if budget {
        take_budget(&theirs, &mut own);
    }
    let (mut replaced, mut is_same) = (Vec::new(), true);
    // Judged as it is written out here: the same text that Cargo reads in the end.
    let chosen = !allowed.is_empty() && allowed::permits(&theirs.to_string(), allowed);
    for key in OURS.iter().copied().filter(|key| !(chosen && *key == "dependencies")) {
        if theirs.get(key) != own.get(key) {
            is_same = false;
            // Profile settings that are there by mistake are reported by name and line, as what they are.
            if !differ_by_settings(key, theirs.get(key), own.get(key)) {
                replaced.push(format!("`{key}`"));
            }
        }
        match own.get(key) {
            Some(value) => drop(theirs.insert(key.to_owned(), value.clone())),
            None => drop(theirs.remove(key)),
        }
    }
    // An exercise without a problem is built as it was handed in, so that Cargo's messages name the lines that its author sees.
    if is_same { same() } else { (theirs.to_string().into_bytes(), replaced) }
}

/// Whether a table would be the course's without what belongs in a profile: keys that Cargo doesn't know there and ignores, or
/// refuses.
fn differ_by_settings(name: &str, theirs: Option<&Value>, own: Option<&Value>) -> bool {
    let Some(Value::Table(theirs)) = theirs else { return false };
    let is_setting = |key: &str, value: &Value| match name {
        "package" | "workspace" => key == "profile" || known::KEYS.contains(&key),
        // A crate may have a setting's name, and its version may be any text.
        "dependencies" | "dev-dependencies" | "build-dependencies" | "features" => {
            known::KEYS.contains(&key)
                && !matches!(key, "inherits" | "split-debuginfo")
                && known::fault(key, value).is_none()
        }
        _ => false,
    };
    let kept: Table = theirs
        .iter()
        .filter(|(key, value)| !is_setting(key, value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    match own {
        Some(own) => *own == Value::Table(kept),
        None => kept.is_empty() && !theirs.is_empty(),
    }
}

/// Puts the size budget of a submission into the course's manifest, and no other metadata.
fn take_budget(theirs: &Table, own: &mut Table) {
    let [package, metadata, table] = THEIRS;
    let find = |root: &Table| root.get(package)?.as_table()?.get(metadata)?.as_table()?.get(table).cloned();
    let found = find(theirs);
    let Some(own) = own.get_mut(package).and_then(Value::as_table_mut) else { return };
    // A submission without the table stays without it, whatever the starter has.
    let mut data = own.get(metadata).and_then(|data| data.as_table().cloned()).unwrap_or_default();
    match found {
        Some(budget) => drop(data.insert(table.to_owned(), budget)),
        None => drop(data.remove(table)),
    }
    let has_metadata = theirs.get(package).and_then(|package| package.as_table()?.get(metadata)).is_some();
    if data.is_empty() && !has_metadata {
        own.remove(metadata);
    } else {
        own.insert(metadata.to_owned(), data.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTER: &str = "[package]\nname = \"p\"\nversion = \"0.1.0\"\n\n[workspace]\n";

    fn built(text: &str) -> (String, Vec<String>) {
        built_with(text, &allowed::List::new())
    }

    fn built_with(text: &str, allowed: &allowed::List) -> (String, Vec<String>) {
        let starter = [("Cargo.toml".to_owned(), STARTER.as_bytes().to_vec())];
        let (bytes, replaced) = of("Cargo.toml", text.as_bytes(), &starter, May { crates: allowed, budget: false });
        (String::from_utf8(bytes).unwrap(), replaced)
    }

    #[test]
    fn profiles_and_misspelled_tables_are_taken_as_they_are() {
        let text = format!("{STARTER}\n[profile.release]\nlto = true # yes\n\n[profiles.release]\nstrip = true\n");
        assert_eq!(built(&text), (text.clone(), Vec::new()));
    }

    #[test]
    fn what_could_run_or_read_something_else_is_the_courses() {
        for (extra, what) in [
            ("[dependencies]\nevil = { path = \"/\" }\n", "`dependencies`"),
            ("[build-dependencies]\ncc = \"1\"\n", "`build-dependencies`"),
            ("[patch.crates-io]\nserde = { path = \"/\" }\n", "`patch`"),
            ("[[bin]]\nname = \"p\"\npath = \"/etc/x.rs\"\n", "`bin`"),
            ("[target.x86_64-unknown-linux-gnu.dependencies]\na = \"1\"\n", "`target`"),
            ("[features]\ndefault = []\n", "`features`"),
        ] {
            let (text, replaced) = built(&format!("{STARTER}\n{extra}\n[profile.release]\nlto = true\n"));
            assert_eq!(replaced, [what]);
            assert!(text.contains("lto = true") && !text.contains("evil") && !text.contains("path"), "{text}");
        }
        let (text, replaced) = built(&STARTER.replace("\n\n[workspace]", "\nbuild = \"b.rs\"\n\n[workspace]"));
        assert_eq!(replaced, ["`package`"]);
        assert!(!text.contains("b.rs"), "{text}");
    }

    #[test]
    fn settings_in_a_wrong_table_are_not_built_and_not_named_here() {
        for (extra, names) in [
            ("lto = true\nstrip = \"symbols\"\n", &[][..]),
            ("profile.release = { lto = true }\n", &[]),
            ("[dependencies]\nlto = true\n", &[]),
            ("lto = true\nmembers = [\"x\"]\n", &["`workspace`"]),
            ("[dependencies]\nlto = \"1.0\"\n", &["`dependencies`"]),
            ("[dependencies]\ninherits = \"1\"\n", &["`dependencies`"]),
            ("[dependencies]\n", &["`dependencies`"]),
        ] {
            let (text, replaced) = built(&format!("{STARTER}{extra}"));
            assert_eq!(replaced, names, "{extra}");
            assert!(!text.contains("lto") && !text.contains("inherits"), "{text}");
        }
        assert_eq!(built(&STARTER.replace("[workspace]\n", "")).1, ["`workspace`"]);
    }

    #[test]
    fn a_budget_is_taken_as_data_where_the_exercise_asks_for_it() {
        let starter = format!("{STARTER}\n[package.metadata.size-budget]\nmax = \"2 MiB\"\n");
        let built = |text: &str, budget| {
            let may = May { crates: &allowed::List::new(), budget };
            let files = [("Cargo.toml".to_owned(), starter.as_bytes().to_vec())];
            let (bytes, replaced) = of("Cargo.toml", text.as_bytes(), &files, may);
            (String::from_utf8(bytes).unwrap(), replaced)
        };
        let tight = starter.replace("2 MiB", "300 KiB");
        assert_eq!(built(&tight, true), (tight.clone(), Vec::new()));
        assert_eq!(built(STARTER, true), (STARTER.to_owned(), Vec::new()), "a budget that was taken out stays out");
        // Elsewhere the package is the course's.
        let (text, replaced) = built(&tight, false);
        assert!(text.contains("2 MiB") && replaced == ["`package`"], "{text}");
        // Nothing else of the package comes along.
        let smuggled =
            tight.replace("\n\n[workspace]", "\nbuild = \"b.rs\"\n\n[workspace]") + "[package.metadata.other]\nx = 1\n";
        let (text, replaced) = built(&smuggled, true);
        assert!(replaced == ["`package`"] && text.contains("300 KiB"), "{text}");
        assert!(!text.contains("b.rs") && !text.contains("other"), "{text}");
        // A value of any kind is data, and the check says what is wrong with it.
        let (text, replaced) =
            built(&format!("{STARTER}\n[package.metadata]\nsize-budget = [1, {{ max = 2 }}]\n"), true);
        assert!(replaced.is_empty() && text.contains("[1, {"), "{text}");
    }

    #[test]
    fn depth_is_no_matter_on_the_stack_of_a_thread() {
        let deep = |before: &str, part: &str, after: &str| format!("{before}{}{after}", part.repeat(100_000));
        let texts = [
            deep("a = ", "[", ""),
            deep("", "[", ""),
            deep("a = ", "{a=", ""),
            deep("", "a.", "a = 1"),
            deep("[", "a.", "a]"),
            deep("x = { ", "a.", "a = 1 }"),
            // As deep as is taken.
            format!("{STARTER}[dependencies]\na = {}{}\n", "[".repeat(70), "]".repeat(70)),
        ];
        let work = move || {
            for text in texts {
                let manifest = crate::learner_manifest::Manifest::of("Cargo.toml".as_ref(), text.as_bytes());
                let (built, replaced) = built(&text);
                assert!(manifest.is_refused() && built == text || replaced == ["`dependencies`"], "{text:.80}");
            }
        };
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn dependencies_are_taken_where_all_of_them_are_allowed() {
        let regex = allowed::Allowed { version: "1.13.1".to_owned(), features: vec!["std".to_owned()] };
        let list = allowed::List::from([("regex".to_owned(), regex)]);
        let good = "regex = { version = \"1\", default-features = false, features = [\"std\"] }\n";
        let text = format!("{STARTER}\n[dependencies]\n{good}");
        assert_eq!(built_with(&text, &list), (text.clone(), Vec::new()));
        assert_eq!(built(&text).1, ["`dependencies`"]);
        for bad in
            ["evil = \"1\"\n", "evil = { path = \"/\" }\n", "[dependencies.evil]\ngit = \"https://example.org\"\n"]
        {
            let (text, replaced) = built_with(&format!("{text}{bad}"), &list);
            assert_eq!(replaced, ["`dependencies`"]);
            assert!(!text.contains("regex") && !text.contains("evil"), "{text}");
        }
        // Other tables are the course's also then.
        let (text, replaced) = built_with(&format!("{text}[patch.crates-io]\nregex = {{ path = \"/\" }}\n"), &list);
        assert_eq!(replaced, ["`patch`"]);
        assert!(text.contains("regex") && !text.contains("path"), "{text}");
    }

    #[test]
    fn what_is_no_manifest_stays_as_it_is() {
        assert_eq!(built("no toml at all ["), ("no toml at all [".to_owned(), Vec::new()));
        let may = May { crates: &allowed::List::new(), budget: true };
        assert_eq!(of("src/main.rs", b"\xff", &[], may), (vec![0xff], Vec::new()));
    }
}
