//! What of a submitted manifest is built: its profiles, and whatever Cargo does not know. Everything that could make Cargo run or
//! read something else (dependencies, build scripts, patches, targets, the workspace) is the course's. Where an exercise lets
//! learners choose crates, `[dependencies]` is taken if all of it is allowed.

use crate::profile::allowed;
use toml::Table;

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

/// The file as it is built, and the tables that were not taken. Only a manifest is changed; one that is no TOML is never built.
pub fn of(path: &str, text: &[u8], starter: &[(String, Vec<u8>)], allowed: &allowed::List) -> (Vec<u8>, Vec<String>) {
    let same = || (text.to_vec(), Vec::new());
    if !path.ends_with("Cargo.toml") {
        return same();
    }
    let parse = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<Table>().ok();
    let own = starter.iter().find(|(own, _)| own == path).and_then(|(_, own)| parse(own));
    let (Some(mut theirs), Some(own)) = (parse(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)), own) else {
        return same();
    };
    let mut replaced = Vec::new();
    // Judged as it is written out here: the same text that Cargo reads in the end.
    let chosen = !allowed.is_empty() && allowed::permits(&theirs.to_string(), allowed);
    for key in OURS.iter().copied().filter(|key| !(chosen && *key == "dependencies")) {
        if theirs.get(key) != own.get(key) {
            replaced.push(format!("`{key}`"));
        }
        match own.get(key) {
            Some(value) => drop(theirs.insert(key.to_owned(), value.clone())),
            None => drop(theirs.remove(key)),
        }
    }
    // An exercise without a problem is built as it was handed in: then Cargo's messages name the lines that its author sees.
    if replaced.is_empty() { same() } else { (theirs.to_string().into_bytes(), replaced) }
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
        let (bytes, replaced) = of("Cargo.toml", text.as_bytes(), &starter, allowed);
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
                let manifest = crate::profile::Manifest::of("Cargo.toml".as_ref(), text.as_bytes());
                let (built, replaced) = built(&text);
                assert!(manifest.is_refused() && built == text || replaced == ["`dependencies`"], "{:.80}", text);
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
        assert_eq!(of("src/main.rs", b"\xff", &[], &allowed::List::new()), (vec![0xff], Vec::new()));
    }
}
