//! A file with settings for std, as in Cargo's own configuration: whether std is compiled with the program, and how. Cargo
//! never reads it. It is read here, and only what is understood is passed on, so an untrusted file can choose
//! std's features and nothing else.

use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::names::brings_back;
use base::diagnostic::Source;
use base::files;
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use weigh::cargo::Cargo;
use weigh::workshop::nearest;

/// Bytes that the file may be.
const LARGEST: u64 = 1 << 14;

/// The settings that are read.
const KNOWN: [&str; 4] = ["unstable.build-std", "unstable.build-std-features", "build.target", "build.rustflags"];

/// The crates of std that Cargo can compile.
const CRATES: [&str; 9] =
    ["std", "core", "alloc", "panic_abort", "panic_unwind", "proc_macro", "test", "compiler_builtins", "sysroot"];

/// The flags that a panic without a message needs. No others are passed on.
const FLAGS: [&str; 2] = ["-Zunstable-options", "-Cpanic=immediate-abort"];

/// The target that is this machine, whichever it is.
const THIS_MACHINE: &str = "host-tuple";

/// A learner's file.
#[derive(Debug)]
pub(crate) struct BuildStd {
    /// The file.
    pub(crate) source: Source,
    /// What is wrong with it.
    pub(crate) problems: Vec<Diagnostic>,
    /// What it decides.
    pub(crate) settings: Settings,
    /// Where the target is named, if one is.
    target: Option<Range<usize>>,
}

/// How std is compiled with a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The crates that are compiled; none to use the precompiled std.
    pub(crate) crates: Option<Vec<String>>,
    /// Features in place of the default ones; none to keep those.
    pub(crate) features: Option<Vec<String>>,
    /// The target, if one is named.
    pub(crate) target: Option<String>,
    /// Flags for rustc.
    pub(crate) flags: Vec<String>,
}

impl Settings {
    /// Whether std is compiled with the program.
    pub(crate) fn rebuilds(&self) -> bool {
        self.crates.is_some()
    }

    /// What Cargo gets: the same keys, with the same values.
    pub(crate) fn args(&self) -> Vec<OsString> {
        let lists = [("build-std", &self.crates), ("build-std-features", &self.features)];
        let given = lists.into_iter().filter_map(|(key, list)| Some((key, list.as_ref()?)));
        given.flat_map(|(key, list)| ["--config".into(), format!("unstable.{key}={list:?}").into()]).collect()
    }

    /// Makes Cargo accept them. They are unstable, and a stable Cargo accepts unstable settings only with this variable.
    pub(crate) fn allow(&self, cargo: &mut Cargo) {
        if self.rebuilds() || !self.flags.is_empty() {
            cargo.env.insert("RUSTC_BOOTSTRAP".into(), Some("1".into()));
        }
        if !self.flags.is_empty() {
            cargo.force_flags(&self.flags.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

impl BuildStd {
    /// Reads the file. Whatever is wrong with it is among its problems.
    pub(crate) fn read(path: &Path) -> Self {
        match files::read_text(path, LARGEST) {
            Ok(text) => Self::parse(Source { file: path.to_owned(), text: text.into() }),
            Err(files::Unreadable { message, line, help }) => {
                let help = help.unwrap_or_else(|| brings_back(path));
                let mut problem = Diagnostic::new(Code::StdSettings, message).in_file(path).help(help);
                problem.place.iter_mut().for_each(|place| place.line = line);
                let source = Source { file: path.to_owned(), text: "".into() };
                Self { source, problems: vec![problem], settings: Settings::default(), target: None }
            }
        }
    }

    /// Settings that aren't on the disk; `path` is the file's name.
    pub(crate) fn of(path: &Path, content: &[u8]) -> Self {
        let is_small = u64::try_from(content.len()).is_ok_and(|bytes| bytes <= LARGEST);
        let source = Source { file: path.to_owned(), text: String::from_utf8_lossy(content).into() };
        if is_small {
            return Self::parse(source);
        }
        let message = format!("the file is larger than {LARGEST} bytes");
        let problem = Diagnostic::new(Code::StdSettings, message).in_file(path).help("a few lines are enough");
        Self { source, problems: vec![problem], settings: Settings::default(), target: None }
    }

    fn parse(source: Source) -> Self {
        let text = source.text.clone();
        let (table, errors) = DeTable::parse_recoverable(&text);
        let mut found = Self { source, problems: Vec::new(), settings: Settings::default(), target: None };
        // One slip makes several errors, in no order; the first in the file names it.
        if let Some(error) = errors.iter().min_by_key(|error| error.span().map_or(0, |span| span.start)) {
            let message = format!("Cargo can't read this file: {}", error.message().lines().next().unwrap_or_default());
            let help = "write it as Cargo's configuration: a [table], and below it `key = [\"value\"]`".to_owned();
            found.problem(error.span().unwrap_or(0..0), message, "here", help);
            return found;
        }
        for (name, value) in table.get_ref() {
            match value.get_ref() {
                DeValue::Table(settings) if matches!(name.get_ref().as_ref(), "unstable" | "build") => {
                    for (key, value) in settings {
                        found.setting(&format!("{}.{}", name.get_ref(), key.get_ref()), &key.span(), value);
                    }
                }
                _ => found.not_taken(name.get_ref(), &name.span()),
            }
        }
        found.belongs_together();
        found.problems.sort_by_key(|problem| problem.place.as_ref().and_then(|place| place.line));
        found
    }

    /// The target that the build is for, as rustc knows it.
    ///
    /// # Errors
    /// When it isn't this machine, where the program has to run.
    pub(crate) fn target(&self, host: &str) -> Result<Option<String>, Box<Diagnostic>> {
        match self.settings.target.as_deref() {
            None => Ok(None),
            Some(target) if target == THIS_MACHINE || target == host => Ok(Some(host.to_owned())),
            Some(target) => {
                let message = format!(
                    "the check runs the program on this machine ({host}), but this setting builds it for {target}"
                );
                let problem = Diagnostic::new(Code::StdSettings, message);
                let problem = problem.at(&self.source, self.target.clone().unwrap_or_default(), "a different target");
                Err(Box::new(problem.help(format!("write \"{THIS_MACHINE}\", or remove the line"))))
            }
        }
    }

    fn problem(&mut self, span: Range<usize>, message: String, label: &str, help: String) {
        let problem = Diagnostic::new(Code::StdSettings, message).at(&self.source, span, label).help(help);
        self.problems.push(problem);
    }

    fn setting(&mut self, path: &str, key: &Range<usize>, value: &Spanned<DeValue<'_>>) {
        match path {
            "unstable.build-std" => self.settings.crates = self.list(path, value, &is_crate),
            "unstable.build-std-features" => self.settings.features = self.list(path, value, &is_feature),
            "build.target" => match value.get_ref() {
                DeValue::String(target) if target.bytes().all(is_plain) && !target.is_empty() => {
                    self.settings.target = Some(target.to_string());
                    self.target = Some(value.span());
                }
                _ => {
                    let message = "`build.target` has to be the name of one target".to_owned();
                    self.problem(value.span(), message, "", format!("write \"{THIS_MACHINE}\", or remove the line"));
                }
            },
            "build.rustflags" => self.flags(value),
            _ => self.not_taken(path, key),
        }
    }

    /// A list of names. Cargo also splits each of them at commas.
    fn list(
        &mut self,
        path: &str,
        value: &Spanned<DeValue<'_>>,
        wrong: &dyn Fn(&str) -> Option<(String, String)>,
    ) -> Option<Vec<String>> {
        let DeValue::Array(values) = value.get_ref() else {
            let message = format!("`{path}` has to be a list");
            self.problem(value.span(), message, "not a list", "put names in quotes, between [ and ]".to_owned());
            return None;
        };
        let mut names = Vec::new();
        for value in values {
            let DeValue::String(text) = value.get_ref() else {
                let message = format!("`{path}` has to be a list of names in quotes");
                self.problem(value.span(), message, "not a name", "put it in quotes".to_owned());
                continue;
            };
            for name in text.split(',') {
                match wrong(name) {
                    Some((message, help)) => self.problem(value.span(), message, "not known", help),
                    None => names.push(name.to_owned()),
                }
            }
        }
        Some(names)
    }

    fn flags(&mut self, value: &Spanned<DeValue<'_>>) {
        let words: Vec<String> = match value.get_ref() {
            DeValue::String(text) => text.split_whitespace().map(str::to_owned).collect(),
            DeValue::Array(values) => {
                values.iter().map(|value| value.get_ref().as_str().unwrap_or("?").to_owned()).collect()
            }
            _ => vec!["?".to_owned()],
        };
        let mut flags: Vec<String> = Vec::new();
        let mut is_open = false;
        for word in words {
            match flags.last_mut().filter(|_| is_open) {
                Some(last) => last.push_str(&word),
                None => flags.push(word.clone()),
            }
            // The flag's value is the next word.
            is_open = !is_open && matches!(word.as_str(), "-C" | "-Z");
        }
        match flags.iter().find(|flag| !FLAGS.contains(&flag.as_str())) {
            Some(flag) => {
                let message = format!(
                    "the check doesn't accept the flag `{flag}` here: this file only configures how std is built"
                );
                let help = format!("it accepts only {}", FLAGS.map(|flag| format!("`{flag}`")).join(" and "));
                self.problem(value.span(), message, "not accepted", help);
            }
            None => self.settings.flags = flags,
        }
    }

    fn not_taken(&mut self, path: &str, key: &Range<usize>) {
        let is_profile = path == "profile";
        let message = if is_profile {
            "this exercise uses the profile in Cargo.toml, unchanged".to_owned()
        } else {
            format!("`{path}` isn't a setting that decides how std is compiled")
        };
        // Most often the key is right, and in a different table.
        let key_name = last(path).replace('_', "-");
        let key_near = nearest(&key_name, KNOWN.into_iter().map(last));
        let near = key_near.and_then(|near| KNOWN.into_iter().find(|known| last(known) == near));
        let table = nearest(path, ["unstable", "build"].into_iter());
        let help = match (table, near) {
            _ if is_profile => "remove this table: Cargo.toml already sets opt-level, lto, and the others".to_owned(),
            (Some(table), _) => format!("did you mean [{table}]?"),
            (None, Some(near)) => format!("did you mean `{}` in [{}]?", last(near), first(near)),
            (None, None) => format!("the check accepts only {}", KNOWN.map(|known| format!("`{known}`")).join(", ")),
        };
        self.problem(key.clone(), message, "not accepted", help);
    }

    /// std's features have no meaning where Cargo doesn't compile std.
    fn belongs_together(&mut self) {
        let Settings { crates, features, .. } = &self.settings;
        if crates.is_none() && features.is_some() && self.problems.is_empty() {
            let at = self.source.text.find("build-std-features").unwrap_or_default();
            let message = "std's features have no effect while Cargo uses the precompiled std".to_owned();
            let help = "add `build-std` to the same table: it lists the crates of std that Cargo compiles".to_owned();
            self.problem(at..at + "build-std-features".len(), message, "no effect", help);
        }
    }
}

fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What is wrong with the name of a crate, and what to do.
fn is_crate(name: &str) -> Option<(String, String)> {
    (!CRATES.contains(&name)).then(|| {
        let help = match nearest(name, CRATES.into_iter()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("its crates are {}", CRATES.join(", ")),
        };
        (format!("std has no crate `{name}`"), help)
    })
}

/// What is wrong with the name of a feature. Only Cargo knows which features exist.
fn is_feature(name: &str) -> Option<(String, String)> {
    let is_name = !name.is_empty() && name.bytes().all(is_plain);
    (!is_name).then(|| {
        let help = "std's own Cargo.toml, in the toolchain, lists its features".to_owned();
        (format!("`{name}` isn't the name of a feature"), help)
    })
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> BuildStd {
        BuildStd::of(Path::new("exercises/ex1/build-std.toml"), text.as_bytes())
    }

    fn told(text: &str) -> String {
        of(text).problems.iter().map(|problem| problem.render(false, None)).collect()
    }

    #[test]
    fn the_settings_reach_cargo_as_they_are_written() {
        let text = "[unstable]\nbuild-std = [\"std\", \"panic_abort\"]\nbuild-std-features = [\"optimize_for_size\"]\n";
        let shown = |text: &str| {
            let file = of(text);
            assert!(file.problems.is_empty(), "{}", told(text));
            file.settings.args().iter().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        let expected = "--config unstable.build-std=[\"std\", \"panic_abort\"] \
                        --config unstable.build-std-features=[\"optimize_for_size\"]";
        assert_eq!(shown(text), expected);
        // The other forms that Cargo understands.
        assert_eq!(
            shown("unstable.build-std = [\"std,panic_abort\"]\nunstable.build-std-features = ['optimize_for_size']"),
            expected
        );
        assert_eq!(
            shown("unstable = { build-std = [\"std\"], build-std-features = [] }\r\n"),
            "--config unstable.build-std=[\"std\"] --config unstable.build-std-features=[]"
        );
        assert_eq!(shown("# nothing yet\n[unstable]\n"), "");
        assert!(!of("").settings.rebuilds());
    }

    #[test]
    fn a_target_has_to_be_this_machine() {
        let target = |text: &str| of(text).target("x86_64-here");
        assert_eq!(target("").unwrap(), None);
        for name in ["host-tuple", "x86_64-here"] {
            assert_eq!(target(&format!("build.target = \"{name}\"")).unwrap().as_deref(), Some("x86_64-here"));
        }
        let problem = target("[build]\ntarget = \"wasm32-wasip1\"").unwrap_err().render(false, None);
        assert!(problem.contains("build-std.toml:2:10") && problem.contains("this machine (x86_64-here)"), "{problem}");
    }

    #[test]
    fn the_flags_that_silence_a_panic_are_taken_in_each_form_and_no_others() {
        for flags in [
            "[\"-Zunstable-options\", \"-Cpanic=immediate-abort\"]",
            "[\"-Z\", \"unstable-options\", \"-C\", \"panic=immediate-abort\"]",
            "\"-Z unstable-options -Cpanic=immediate-abort\"",
        ] {
            let file = of(&format!("build.rustflags = {flags}"));
            assert_eq!(file.settings.flags, FLAGS, "{flags}: {:?}", file.problems);
        }
        for flags in ["\"-Clink-arg=x\"", "[\"-C\", \"opt-level=z\"]", "[\"-C\"]", "[1]", "true", "\"--cfg x\""] {
            assert!(
                told(&format!("build.rustflags = {flags}")).contains("this file only configures how std is built"),
                "{flags}"
            );
        }
    }

    #[test]
    fn whatever_else_is_in_the_file_is_named_with_its_line() {
        for (text, expected) in [
            ("[unstable]\nbuild_std = [\"std\"]", "did you mean `build-std` in [unstable]?"),
            ("\n[unstabel]\nbuild-std = [\"std\"]", "did you mean [unstable]?"),
            ("[build]\nbuild-std = [\"std\"]", "did you mean `build-std` in [unstable]?"),
            ("\nbuild-std = [\"std\"]", "did you mean `build-std` in [unstable]?"),
            ("\n[profile.dist]\nopt-level = 0", "the profile in Cargo.toml, unchanged"),
            ("[build]\nrustc-wrapper = \"./mine\"", "`build.rustc-wrapper` isn't a setting"),
            ("\n[env]\nA = \"b\"", "`env` isn't a setting"),
            ("\n[target.x]\nlinker = \"ld\"", "`target` isn't a setting"),
            ("[unstable]\nbuild-std = true", "`unstable.build-std` has to be a list"),
            ("[unstable]\nbuild-std = [1]", "a list of names in quotes"),
            ("[unstable]\nbuild-std = [\"panic-abort\"]", "did you mean \"panic_abort\"?"),
            (
                "[unstable]\nbuild-std-features = [\"optimize_for_size\"]",
                "have no effect while Cargo uses the precompiled std",
            ),
            ("unstable.build-std = [\"std\"]\nunstable.build-std-features = [\"a b\"]", "isn't the name of a feature"),
            ("[build]\ntarget = [\"a\", \"b\"]", "the name of one target"),
            ("[unstable]\nbuild-std = [std]", "Cargo can't read this file"),
            ("[unstable]\n[unstable]", "Cargo can't read this file"),
        ] {
            let said = told(text);
            assert!(said.contains(expected) && said.contains("build-std.toml:2:"), "{text}: {said}");
        }
        assert!(told(&" ".repeat(20_000)).contains("larger than"));
    }
}
