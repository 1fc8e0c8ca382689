//! A profile written into a manifest, and nothing else of it touched.
//!
//! The text is edited where `toml` says that a key or a value is, byte by byte. toml_edit, the usual choice, turns Windows line
//! endings into Unix ones, and costs every learner 1.7 seconds of processor time for four more crates. What an edit means is
//! checked by reading the result again: the new manifest must say what the old one did, but for this profile.

use crate::profiles::{Profiles, canonical, reserved};
use base::diagnostic::line_and_column;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Value;
use toml::de::{DeTable, DeValue};

/// Why a manifest isn't edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is in the way, in one sentence without a final full stop.
    pub message: String,
    /// The line.
    pub line: Option<usize>,
    /// What to do next.
    pub help: String,
}

/// The keys in the order in which they are written.
const ORDER: [&str; 6] = ["inherits", "opt-level", "lto", "codegen-units", "panic", "strip"];

/// The manifest with a profile that is exactly what was measured. `settings` are values on top of `release`; what isn't among them
/// is as in `release`.
///
/// # Errors
/// When the profile is written in a form that can't be edited safely, or sets something that wasn't measured.
pub fn with_profile(text: &str, name: &str, settings: &BTreeMap<String, Value>) -> Result<String, Refused> {
    if matches!(name, "dev" | "test" | "bench") {
        return Err(Refused {
            message: format!("[profile.{name}] isn't a profile to ship a program with"),
            line: None,
            help: "write a different one: `--write` (means dist), `--write release`, or `--write NAME`".to_owned(),
        });
    }
    if let Some(why) = reserved(name).or_else(|| (!name.is_ascii()).then_some("use letters, digits, `_` and `-`")) {
        let message = format!("no profile can be called `{name}`");
        return Err(Refused { message, line: None, help: why.to_owned() });
    }
    let document = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| line_and_column(text, span.start).0);
        let message = format!("the manifest isn't valid TOML: {}", error.message());
        Refused { message, line, help: "correct it first".to_owned() }
    })?;
    let mut settings = settings.clone();
    if name != "release" {
        settings.insert("inherits".to_owned(), "release".into());
    }
    let edited = match find(document.get_ref(), name) {
        Some((header, table)) => Existing { text, name, header, table }.edit(&settings)?,
        None => append(text, name, &settings),
    };
    let line = document.get_ref().iter().find(|(key, _)| key.get_ref() == "profile");
    let line = line.map(|(key, _)| line_and_column(text, key.span().start).0);
    means(text, &edited, name, &settings).map_err(|refused| Refused { line, ..refused })?;
    Ok(edited)
}

/// Where a profile is, and what it holds.
fn find<'a, 'b>(document: &'a DeTable<'b>, name: &str) -> Option<(Range<usize>, &'a DeValue<'b>)> {
    let entry = |table: &'a DeTable<'b>, wanted: &str| {
        let (_, value) = table.iter().find(|(key, _)| key.get_ref() == wanted)?;
        Some((value.span(), value.get_ref()))
    };
    let DeValue::Table(profiles) = entry(document, "profile")?.1 else { return None };
    entry(profiles, name)
}

/// The line ends of a text.
fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn line(key: &str, value: &Value) -> String {
    format!("{key} = {value}")
}

/// A new table after everything else.
fn append(text: &str, name: &str, settings: &BTreeMap<String, Value>) -> String {
    let end = newline(text);
    let mut edited = text.to_owned();
    if !edited.is_empty() && !edited.ends_with('\n') {
        edited += end;
    }
    if !edited.trim().is_empty() {
        edited += end;
    }
    edited += &format!("[profile.{name}]{end}");
    for key in ORDER {
        if let Some(value) = settings.get(key) {
            edited += &(line(key, value) + end);
        }
    }
    edited
}

/// A profile that is there already.
struct Existing<'a> {
    text: &'a str,
    name: &'a str,
    /// Where the table's header is.
    header: Range<usize>,
    table: &'a DeValue<'a>,
}

impl Existing<'_> {
    fn refuse(&self, message: String, offset: usize) -> Refused {
        let line = Some(line_and_column(self.text, offset).0);
        let other = if self.name == "dist" { "small" } else { "dist" };
        Refused { message, line, help: format!("write a profile with a different name: `--write {other}`") }
    }

    /// The key-value pairs: key, where it begins, and where its value is. Only what was measured may be among them; `release` may
    /// set more, because that was part of every build.
    fn pairs(&self) -> Result<Vec<(String, usize, Range<usize>)>, Refused> {
        let name = self.name;
        let DeValue::Table(table) = self.table else {
            return Err(self.refuse(format!("`profile.{name}` isn't a table"), self.header.start));
        };
        if !self.text[self.header.clone()].starts_with('[') {
            let message = format!("[profile.{name}] has no header of its own, so it isn't edited");
            let refused = self.refuse(message, self.header.start);
            let help = format!("start it with a [profile.{name}] line, or {}", refused.help);
            return Err(Refused { help, ..refused });
        }
        let mut pairs = Vec::new();
        for (key, value) in table {
            let known = key.get_ref().as_ref();
            if name == "release" && !ORDER.contains(&known) {
                continue;
            }
            if !ORDER.contains(&known) {
                let message = format!("[profile.{name}] sets `{known}`, which none of the builds had");
                return Err(self.refuse(message, key.span().start));
            }
            if known == "inherits" && value.get_ref().as_str() != Some("release") {
                let message = format!("[profile.{name}] doesn't inherit from `release`, which the builds did");
                return Err(self.refuse(message, key.span().start));
            }
            pairs.push((known.to_owned(), key.span().start, value.span()));
        }
        Ok(pairs)
    }

    /// The offset after the line on which an offset is, and whether that line has an end.
    fn after_line(&self, offset: usize) -> (usize, bool) {
        match self.text[offset..].find('\n') {
            Some(newline) => (offset + newline + 1, true),
            None => (self.text.len(), false),
        }
    }

    fn edit(&self, settings: &BTreeMap<String, Value>) -> Result<String, Refused> {
        let pairs = self.pairs()?;
        let end = newline(self.text);
        let last = pairs.iter().map(|(_, _, value)| value.end).max().unwrap_or(self.header.end);
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for (key, start, value) in &pairs {
            let written: Value = self.text[value.clone()].trim().parse::<Value>().unwrap_or(false.into());
            match settings.get(key) {
                Some(new) if canonical(key, new) == canonical(key, &written) => {}
                Some(new) => edits.push((value.clone(), new.to_string())),
                // `release` keeps what it sets.
                None if self.name == "release" => {}
                // What isn't set is as in `release`; the line goes, with what is said on it.
                None => {
                    let begin = self.text[..*start].rfind('\n').map_or(0, |newline| newline + 1);
                    edits.push((begin..self.after_line(value.end).0, String::new()));
                }
            }
        }
        let has = |key: &str| pairs.iter().any(|(known, ..)| known == key);
        let missing = ORDER.iter().filter(|key| !has(key)).filter_map(|key| Some((*key, settings.get(*key)?)));
        let added: String = missing.map(|(key, value)| line(key, value) + end).collect();
        if !added.is_empty() {
            let (at, is_ended) = self.after_line(last);
            edits.push((at..at, if is_ended { added } else { format!("{end}{added}") }));
        }
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut edited, mut from) = (String::new(), 0);
        for (range, new) in edits {
            edited += &self.text[from..range.start];
            edited += &new;
            from = range.end;
        }
        Ok(edited + &self.text[from..])
    }
}

/// Makes sure that the edited manifest says what the old one did, but for this profile.
fn means(before: &str, after: &str, name: &str, settings: &BTreeMap<String, Value>) -> Result<(), Refused> {
    let refused = |message: String| Refused {
        message,
        line: None,
        help: format!("add [profile.{name}] by hand; `--format json` shows the settings"),
    };
    let parse = |text: &str| text.trim_start_matches('\u{feff}').parse::<toml::Table>();
    let (Ok(mut before), Ok(mut after)) = (parse(before), parse(after)) else {
        return Err(refused("a profile can't be added to this manifest in its present form".to_owned()));
    };
    let take = |manifest: &mut toml::Table| {
        let profiles = manifest.get_mut("profile").and_then(Value::as_table_mut);
        let taken = profiles.and_then(|profiles| profiles.remove(name));
        if manifest.get("profile").and_then(Value::as_table).is_some_and(toml::Table::is_empty) {
            manifest.remove("profile");
        }
        taken.and_then(|table| table.as_table().cloned()).unwrap_or_default()
    };
    let (mut expected, new) = (take(&mut before), take(&mut after));
    if name != "release" {
        expected.clear();
    }
    expected.extend(settings.clone());
    let is_same = |(key, value): (&String, &Value)| {
        expected.get(key).is_some_and(|wanted| value == wanted || canonical(key, wanted) == canonical(key, value))
    };
    let is_whole = new.len() == expected.len() && new.iter().all(is_same);
    if before == after && is_whole {
        Ok(())
    } else {
        Err(refused("the edit would have changed more than the intended settings".to_owned()))
    }
}

/// Settings as they are written, in the order in which they are.
pub fn in_order(settings: &BTreeMap<String, Value>) -> Vec<(String, String)> {
    let written = |key: &&str| Some(((*key).to_owned(), settings.get(*key)?.to_string()));
    ORDER.iter().filter_map(written).collect()
}

/// What a profile has to set on top of `release`: every setting that is different there.
pub fn on_top_of_release(release: &Profiles, settings: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let differs = |key: &str, value: &Value| {
        release.value("release", key).is_none_or(|there| canonical(key, &there) != canonical(key, value))
    };
    let differing = settings.iter().filter(|(key, value)| differs(key, value));
    differing.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> BTreeMap<String, Value> {
        let pairs: [(&str, Value); 4] = [
            ("opt-level", "z".into()),
            ("lto", "fat".into()),
            ("codegen-units", 1.into()),
            ("strip", "symbols".into()),
        ];
        pairs.map(|(key, value)| (key.to_owned(), value)).into()
    }

    fn written(text: &str) -> String {
        with_profile(text, "dist", &small()).unwrap()
    }

    fn refusal(text: &str, name: &str) -> String {
        let Refused { message, line, help } = with_profile(text, name, &small()).unwrap_err();
        format!("{}: {message}. {help}", line.map_or("-".to_owned(), |line| line.to_string()))
    }

    const NEW: &str = "[profile.dist]\ninherits = \"release\"\nopt-level = \"z\"\nlto = \"fat\"\ncodegen-units = 1\nstrip = \"symbols\"\n";

    #[test]
    fn a_new_profile_comes_after_everything_else() {
        let before = "# top\n[package]\nname = \"a\" # mine\n\n[dependencies]\nb = { version = \"1\" }\n";
        assert_eq!(written(before), format!("{before}\n{NEW}"));
        let without_end = before.trim_end();
        assert_eq!(written(without_end), format!("{before}\n{NEW}"));
        assert_eq!(written(""), NEW);
        let other = "[profile.release]\ndebug = 1\n";
        assert_eq!(written(other), format!("{other}\n{NEW}"));
        let dotted = "profile.release.lto = true\n[package]\nname = \"a\"\n";
        assert_eq!(written(dotted), format!("{dotted}\n{NEW}"));
    }

    #[test]
    fn line_ends_of_windows_and_a_mark_at_the_beginning_are_kept() {
        let before = "\u{feff}[package]\r\nname = \"a\"\r\n";
        assert_eq!(written(before), format!("{before}\r\n{}", NEW.replace('\n', "\r\n")));
        let before = "\u{feff}[profile.dist]\r\ninherits = \"release\"\r\nlto = true # all\r\n";
        let after = "\u{feff}[profile.dist]\r\ninherits = \"release\"\r\nlto = true # all\r\nopt-level = \"z\"\r\ncodegen-units = 1\r\nstrip = \"symbols\"\r\n";
        assert_eq!(written(before), after);
    }

    #[test]
    fn a_profile_that_is_there_is_changed_in_place_and_its_comments_stay() {
        let before = "[package]\nname = \"a\"\n\n# For the package managers.\n[profile.dist] # small\ninherits   = 'release'\n# Speed.\nopt-level  = 3 # was 2\nlto = true\ncodegen-units = 4   # fast\npanic = \"abort\" # gone\n\n[dependencies]\nb = \"1\"\n";
        insta::assert_snapshot!(written(before), @r#"
        [package]
        name = "a"

        # For the package managers.
        [profile.dist] # small
        inherits   = 'release'
        # Speed.
        opt-level  = "z" # was 2
        lto = true
        codegen-units = 1   # fast
        strip = "symbols"

        [dependencies]
        b = "1"
        "#);
        assert_eq!(written(&written(before)), written(before), "a second time changes nothing");
    }

    #[test]
    fn a_table_without_keys_or_a_last_line_without_an_end_is_filled() {
        assert_eq!(written("[profile.dist]"), NEW);
        assert_eq!(written("[profile.dist]\n\n[package]\nname = \"a\"\n"), format!("{NEW}\n[package]\nname = \"a\"\n"));
        let last = "[profile.dist]\ninherits = \"release\" # x";
        assert!(written(last).starts_with(&format!("{last}\nopt-level = \"z\"\n")), "{}", written(last));
    }

    #[test]
    fn release_keeps_what_else_it_sets() {
        let before =
            "[profile.release]\ndebug = 1 # lines\npanic = \"abort\"\n[profile.release.package.b]\nopt-level = 3\n";
        let mut settings = small();
        settings.insert("panic".to_owned(), "abort".into());
        insta::assert_snapshot!(with_profile(before, "release", &settings).unwrap(), @r#"
        [profile.release]
        debug = 1 # lines
        panic = "abort"
        opt-level = "z"
        lto = "fat"
        codegen-units = 1
        strip = "symbols"
        [profile.release.package.b]
        opt-level = 3
        "#);
    }

    #[test]
    fn what_cannot_be_edited_safely_is_refused_with_its_line() {
        let refusals = [
            refusal("[profile]\ndist.lto = true\n", "dist"),
            refusal("a = 1\n[profile]\ndist = { lto = true }\n", "dist"),
            refusal("profile = { release = { lto = true } }\n", "dist"),
            refusal("profile.dist.lto = true\n", "dist"),
            refusal("[profile.dist]\ninherits = \"release\"\ndebug = true\n", "dist"),
            refusal("[profile.dist]\ninherits = \"release\"\n[profile.dist.package.b]\nopt-level = 3\n", "dist"),
            refusal("[profile.small]\ninherits = \"dist\"\n", "small"),
            refusal("[package\n", "dist"),
            refusal("", "dev"),
            refusal("", "debug"),
            refusal("", "a b"),
            refusal("profile = 1\n", "dist"),
        ];
        insta::assert_snapshot!(refusals.join("\n"));
    }

    #[test]
    fn a_setting_that_release_has_already_is_not_written() {
        let release = Profiles::of("[profile.release]\nlto = true\nstrip = true\n");
        let left = on_top_of_release(&release, &small());
        assert_eq!(left.keys().map(String::as_str).collect::<Vec<_>>(), ["codegen-units", "opt-level"]);
        let panic = BTreeMap::from([("panic".to_owned(), Value::from("unwind"))]);
        assert!(on_top_of_release(&Profiles::default(), &panic).is_empty());
    }
}
