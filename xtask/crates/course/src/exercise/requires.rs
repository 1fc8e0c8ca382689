//! What an exercise needs from the machine, beyond a Rust toolchain: the key `requires` in exercise.toml. Where that is
//! missing, the exercise is optional: it is skipped with a note, and its points don't count in any sum.

use super::Data;
use anyhow::{Result, bail};
use base::diagnostic;
use std::path::Path;
use toml::Spanned;
use weigh::workshop::nearest;

/// Something that not every machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The standard library's source, in the toolchain.
    StdSource,
    /// Linux, because its programs or the tools that it uses are for Linux.
    Linux,
}

impl Requirement {
    const ALL: [Self; 2] = [Self::StdSource, Self::Linux];

    /// The name in exercise.toml.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StdSource => "std-source",
            Self::Linux => "linux",
        }
    }

    /// The requirement with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|requirement| requirement.name() == name)
    }
}

/// Checks the names in `requires`, and the builds whose std learners decide on.
pub(super) fn validate(file: &Path, text: &str, data: &Data) -> Result<()> {
    let wrong = |name: &Spanned<String>, message: String, label: &str, help: String| {
        diagnostic::in_file(file, text, name.span(), &message, label, Some(&help))
    };
    let names = Requirement::ALL.map(Requirement::name);
    for (index, name) in data.requires.iter().enumerate() {
        let written = name.get_ref();
        if Requirement::of(written).is_none() {
            let help = match nearest(written, names.into_iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("an exercise can require {}", names.join(" and ")),
            };
            bail!(wrong(name, format!("there is no requirement `{written}`"), "not known", help));
        }
        if data.requires[..index].iter().any(|other| other.get_ref() == written) {
            let help = "remove one of them".to_owned();
            bail!(wrong(name, format!("`{written}` is required twice"), "again", help));
        }
    }
    for std in data.build.values().filter_map(|build| build.std.as_ref()) {
        let path = std.get_ref();
        if !data.edits.iter().any(|edit| edit.get_ref() == path) {
            let help = "learners decide how std is compiled: name the file in `edits`".to_owned();
            bail!(wrong(std, format!("`{path}` isn't in `edits`"), "not edited by learners", help));
        }
        if !data.requires.iter().any(|name| name.get_ref() == Requirement::StdSource.name()) {
            let help = "add `requires = [\"std-source\"]`: then the exercise is skipped where the source is missing"
                .to_owned();
            bail!(wrong(std, "this build needs the source of std".to_owned(), "not every toolchain has it", help));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::exercise::parse;
    use crate::exercise::tests::GOOD;
    use base::failure::Failure;
    use std::path::Path;

    fn with(requires: &str, std: &str) -> String {
        let text = GOOD.replacen("edits = [", &format!("requires = {requires}\nedits = [\"std.toml\", "), 1);
        text.replacen("[build.after]\n", &format!("[build.after]\n{std}\n"), 1)
    }

    #[test]
    fn a_requirement_that_is_not_known_is_underlined() {
        for (requires, std, expected) in [
            ("[\"std-sorce\"]", "", "did you mean `std-source`?"),
            ("[\"valgrind\"]", "", "an exercise can require std-source and linux"),
            ("[\"linux\", \"linux\"]", "", "`linux` is required twice"),
            ("[\"std-source\"]", "std = \"sdt.toml\"", "`sdt.toml` isn't in `edits`"),
            ("[\"linux\"]", "std = \"std.toml\"", "this build needs the source of std"),
        ] {
            let error = parse(Path::new("exercise.toml"), &with(requires, std)).unwrap_err();
            let said = error.downcast_ref::<Failure>().unwrap().snippet.clone().unwrap();
            assert!(said.contains(expected) && said.contains("exercise.toml:"), "{requires} {std}: {said}");
        }
    }
}
