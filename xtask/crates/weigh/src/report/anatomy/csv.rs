//! For spreadsheets: one row for each part.

use super::{Shown, downloads};
use crate::anatomy::delta::{Change, Diff};
use crate::anatomy::whole::WholeChange;
use crate::inspect::tally::{Bloat, Weight};
use crate::report::csv::harmless;
use anyhow::Result;

/// What a program is made of: kind, name, crate, copies, bytes; and in the whole file, where that is known.
///
/// # Errors
/// Never in practice: it is written to memory.
pub(crate) fn bloat(bloat: &Bloat, shown: Shown) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["kind", "name", "crate", "copies", "bytes", "own_bytes", "retained_bytes"])?;
    let cells = |weight: Option<Weight>| {
        let cell = |bytes: Option<i64>| bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        [cell(weight.map(|weight| weight.own_bytes)), cell(weight.and_then(|weight| weight.retained_bytes))]
    };
    for row in bloat.crates.iter().filter(|_| shown.crates) {
        let [own, retained] = cells(row.weight);
        let (name, bytes) = (harmless(&row.name), row.bytes.to_string());
        writer.write_record(["crate", &name, &name, "", &bytes, &own, &retained])?;
    }
    for row in bloat.functions.iter().filter(|_| shown.functions) {
        let (copies, bytes) = (row.copies.to_string(), row.bytes.to_string());
        let [own, retained] = cells(row.weight);
        writer.write_record([
            "function",
            &harmless(&row.name),
            &harmless(&row.krate),
            &copies,
            &bytes,
            &own,
            &retained,
        ])?;
    }
    for section in bloat.sections.iter().filter(|_| shown.sections) {
        writer.write_record(["section", &harmless(&section.name), "", "", &section.bytes.to_string(), "", ""])?;
    }
    for member in bloat.members.iter().filter(|_| shown.sections) {
        writer.write_record(["member", &harmless(&member.name), "", "", &member.bytes.to_string(), "", ""])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// The changes from one program to another: kind, name, bytes before and after, difference.
///
/// # Errors
/// Never in practice: it is written to memory.
pub(crate) fn diff(diff: &Diff) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["kind", "name", "before_bytes", "after_bytes", "change_bytes"])?;
    for (method, a, b) in downloads(&diff.a, &diff.b) {
        let change = (i128::from(b) - i128::from(a)).to_string();
        writer.write_record(["download", method.title(), &a.to_string(), &b.to_string(), &change])?;
    }
    for (kind, changes) in [("section", &diff.sections), ("crate", &diff.crates), ("function", &diff.functions)] {
        for Change { name, a, b } in changes {
            let difference = i128::from(*b) - i128::from(*a);
            writer.write_record([kind, &harmless(name), &a.to_string(), &b.to_string(), &difference.to_string()])?;
        }
    }
    for WholeChange { name, own_a, own_b, .. } in &diff.whole {
        let [a, b, change] = [*own_a, *own_b, own_b - own_a].map(|bytes| bytes.to_string());
        writer.write_record(["whole", &harmless(name), &a, &b, &change])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use super::super::tests;
    use super::*;

    #[test]
    fn anatomy_as_csv() {
        let all = Shown { crates: true, functions: true, sections: true };
        insta::assert_snapshot!(bloat(&tests::bloat(), all).unwrap() + &diff(&tests::diff()).unwrap());
        insta::assert_snapshot!("diff-compressed-csv", diff(&tests::compressed_diff()).unwrap());
    }
}
