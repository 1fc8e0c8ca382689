//! Which of a package's features are on, and how each one is taken out by itself, by Cargo's rules.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

/// What stands for the features that are on when no option says otherwise.
const DEFAULT: &str = "default";

/// `[features]` of a package: what each one turns on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared<'a>(pub &'a BTreeMap<String, Vec<String>>);

/// Features that are asked for: `default`, and those that options name.
pub(super) type Chosen = BTreeSet<String>;

/// One feature put in or taken out.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    /// What is asked for then.
    pub chosen: Chosen,
    /// Which features come or go with it.
    pub also: Vec<String>,
}

impl Declared<'_> {
    /// What options ask for.
    pub(super) fn chosen(self, lists: &[String], no_default: bool, all: bool) -> Chosen {
        if all {
            return self.0.keys().cloned().collect();
        }
        let named = lists.iter().flat_map(|list| list.split([',', ' '])).filter(|name| !name.is_empty());
        let default = (!no_default && self.0.contains_key(DEFAULT)).then(|| DEFAULT.to_owned());
        named.map(str::to_owned).chain(default).collect()
    }

    /// Every feature that is on then, `default` itself left out.
    pub(super) fn on(self, chosen: &Chosen) -> BTreeSet<String> {
        let mut on = BTreeSet::new();
        let mut open: Vec<&str> = chosen.iter().map(String::as_str).collect();
        while let Some(entry) = open.pop() {
            // `dep:x` and `x?/y` turn on no feature of this package; `x/y` does if there is one for the dependency.
            let name = match entry.split_once('/') {
                Some((dependency, _)) => dependency,
                None => entry,
            };
            if let Some((name, members)) = self.0.get_key_value(name)
                && on.insert(name.clone())
            {
                open.extend(members.iter().map(String::as_str));
            }
        }
        on.remove(DEFAULT);
        on
    }

    /// Takes one feature out that is on. What turns it on goes as well, but not what else that turns on.
    pub(super) fn without(self, chosen: &Chosen, feature: &str) -> Change {
        let before = self.on(chosen);
        let turns_it_on =
            |entry: &str| entry == feature || self.on(&Chosen::from([entry.to_owned()])).contains(feature);
        let mut gone = BTreeSet::new();
        let mut chosen = chosen.clone();
        while let Some(entry) = chosen.iter().find(|entry| turns_it_on(entry)).cloned() {
            chosen.remove(&entry);
            if entry != feature && gone.insert(entry.clone()) {
                let members = self.0.get(&entry).into_iter().flatten();
                // The command line takes no dependency that isn't a feature.
                let can_be_chosen =
                    |member: &&String| !member.starts_with("dep:") && !member.contains('?') && !gone.contains(*member);
                chosen.extend(members.filter(can_be_chosen).cloned());
            }
        }
        let after = self.on(&chosen);
        let also = before.difference(&after).filter(|name| *name != feature).cloned().collect();
        Change { chosen, also }
    }

    /// Puts one feature in that is off.
    pub(super) fn with(self, chosen: &Chosen, feature: &str) -> Change {
        let before = self.on(chosen);
        let mut chosen = chosen.clone();
        chosen.insert(feature.to_owned());
        let also = self.on(&chosen).difference(&before).filter(|name| *name != feature).cloned().collect();
        Change { chosen, also }
    }
}

/// Cargo's arguments for this choice.
pub(super) fn arguments(declared: Declared<'_>, chosen: &Chosen) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    if declared.0.contains_key(DEFAULT) && !chosen.contains(DEFAULT) {
        args.push("--no-default-features".into());
    }
    let named: Vec<&str> = chosen.iter().map(String::as_str).filter(|name| *name != DEFAULT).collect();
    if !named.is_empty() {
        args.extend(["--features".into(), named.join(",").into()]);
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(text: &str) -> BTreeMap<String, Vec<String>> {
        toml::from_str(text).unwrap()
    }

    fn set(names: &[&str]) -> Chosen {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn what_is_on_follows_cargos_rules() {
        let features = declared(
            "default = [\"a\", \"dep:x\", \"y?/std\", \"z/std\"]\na = [\"b\"]\nb = [\"a\"]\nc = []\ny = [\"dep:y\"]\nz = [\"dep:z\"]\n",
        );
        let features = Declared(&features);
        assert_eq!(features.on(&features.chosen(&[], false, false)), set(&["a", "b", "z"]));
        assert_eq!(features.on(&features.chosen(&["c, y".to_owned()], true, false)), set(&["c", "y"]));
        assert_eq!(features.on(&features.chosen(&[], false, true)), set(&["a", "b", "c", "y", "z"]));
    }

    #[test]
    fn a_feature_goes_with_what_only_it_turns_on() {
        let features = declared("default = [\"a\", \"b\"]\na = [\"c\", \"d\"]\nb = [\"d\"]\nc = []\nd = []\n");
        let features = Declared(&features);
        let change = features.without(&set(&["default"]), "a");
        assert_eq!((change.chosen, change.also), (set(&["b"]), vec!["c".to_owned()]));
    }

    #[test]
    fn what_turns_a_feature_on_goes_and_leaves_the_rest_of_what_it_turns_on() {
        let features = declared("default = [\"full\"]\nfull = [\"a\", \"b\", \"dep:x\"]\na = []\nb = []\n");
        let features = Declared(&features);
        let change = features.without(&set(&["default"]), "a");
        assert_eq!((change.chosen, change.also), (set(&["b"]), vec!["full".to_owned()]));
        // Two that turn each other on go together.
        let circle = declared("a = [\"b\"]\nb = [\"a\"]\nc = []\n");
        let change = Declared(&circle).without(&set(&["a", "c"]), "b");
        assert_eq!((change.chosen, change.also), (set(&["c"]), vec!["a".to_owned()]));
    }

    #[test]
    fn the_default_features_stay_a_word_as_long_as_all_are_on() {
        let features = declared("default = [\"a\"]\na = []\nb = []\n");
        let features = Declared(&features);
        let change = features.without(&set(&["default", "b"]), "b");
        assert_eq!(arguments(features, &change.chosen), Vec::<OsString>::new());
        let change = features.without(&set(&["default", "b"]), "a");
        assert_eq!(arguments(features, &change.chosen), ["--no-default-features", "--features", "b"]);
        assert_eq!(features.with(&set(&["default"]), "b").chosen, set(&["default", "b"]));
    }
}
