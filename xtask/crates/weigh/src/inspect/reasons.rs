//! What is asked of a program's reasons: what keeps something (`--why`), and what would be left without some crates (`--without`).

use super::tally::Asked;
use crate::anatomy::Anatomy;
use crate::measure::binary::Section;
use crate::measure::reasons::{Reasons, Without};
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::thousands;

/// The answers to what is asked for.
pub(super) fn ask(
    anatomy: &Anatomy,
    why: Option<&str>,
    without: &[String],
    count: usize,
) -> Result<(Option<Asked>, Option<Without>)> {
    if why.is_none() && without.is_empty() {
        return Ok((None, None));
    }
    let Some(reasons) = &anatomy.reasons else {
        let option = if why.is_some() { "--why" } else { "--without" };
        let cause =
            anatomy.unexplained.as_deref().or(anatomy.unknown.as_deref()).unwrap_or("the file has no relocations");
        bail!(
            Failure::new(Exit::Environment, format!("{option} can't be answered: {cause}"))
                .help("without this option, `bloat` shows what is known about such a file")
        );
    };
    let asked = why.map(|name| keeps(reasons, name, count)).transpose()?;
    let without = if without.is_empty() { None } else { Some(left(reasons, without)?) };
    Ok((asked, without))
}

/// More padding than the page sizes of x86-64 explain, in bytes: AArch64 aligns segments to 64 KiB.
const MUCH_PADDING: u64 = 16 * 1024;

/// What isn't predicted of a file without some crates, where that is much.
pub(super) fn not_predicted(sections: &[Section]) -> Option<String> {
    let padding: u64 = sections.iter().filter(|section| section.name == "[padding]").map(|section| section.bytes).sum();
    (padding >= MUCH_PADDING).then(|| {
        format!(
            "{} bytes of the file are padding between its segments; the prediction can't tell how much of that would remain",
            thousands(padding)
        )
    })
}

fn keeps(reasons: &Reasons, name: &str, count: usize) -> Result<Asked> {
    let parts = reasons.find(name);
    if parts.is_empty() && reasons.is_table(name) {
        bail!(
            Failure::new(
                Exit::Usage,
                format!("`{name}` is a table, and nothing in the program uses a table as a whole")
            )
            .help("its entries count toward the functions and constants they belong to: name one of those")
        );
    }
    if parts.is_empty() && reasons.is_compiled(name) {
        bail!(Failure::new(Exit::Usage, format!("`{name}` was compiled, but none of it is in the program")).help(
            "a macro runs while the program is compiled, and code that is copied into its callers counts toward them"
        ));
    }
    if parts.is_empty() {
        bail!(Failure::new(Exit::Usage, format!("nothing in the program is called `{name}`")).help(near(
            reasons,
            name,
            "name a crate, a module, a function, or a section with parts (`.rodata`); a function that was inlined into all its callers is gone"
        )));
    }
    Ok(Asked { name: name.to_owned(), why: reasons.why(name, &parts, count) })
}

fn left(reasons: &Reasons, names: &[String]) -> Result<Without> {
    reasons.without(names).map_err(|name| {
        let help = near(reasons, &name, "only crates that are in the program can be left out");
        Failure::new(Exit::Usage, format!("there is no crate `{name}` in the program")).help(help).into()
    })
}

/// A help that names the crate whose name is nearest.
fn near(reasons: &Reasons, name: &str, otherwise: &str) -> String {
    match crate::workshop::nearest(name, reasons.crates()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{otherwise}; `bloat --crates -n 0` lists the crates, `bloat --functions -n 0` the functions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_padding_is_told() {
        let of = |bytes| {
            let section = |name: &str, bytes| Section { name: name.to_owned(), bytes };
            not_predicted(&[section(".text", 300_000), section("[padding]", bytes)])
        };
        assert_eq!(of(4_095), None);
        insta::assert_snapshot!(of(61_440).unwrap(), @"61,440 bytes of the file are padding between its segments; the prediction can't tell how much of that would remain");
    }
}
