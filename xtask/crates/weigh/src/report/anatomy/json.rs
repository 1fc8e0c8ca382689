//! The JSON documents `bloat/1` and `diff/1`: keys are added, never changed. All sizes in bytes.

use crate::anatomy::delta::{Change, Diff, Side};
use crate::anatomy::whole::WholeChange;
use crate::compressed::Compressed;
use crate::inspect::tally::{Asked, Bloat, CrateRow, FunctionRow, Weight};
use crate::measure::reasons::{Step, Why, Without};
use serde_json::{Value, json};

/// What a program is made of, whole.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn bloat(bloat: &Bloat) -> serde_json::Result<String> {
    let Bloat {
        program,
        profile,
        file,
        file_bytes,
        text_bytes,
        sections,
        crates,
        functions,
        filter,
        known,
        unknown,
        text_name,
        format,
        members,
        floor,
        explained,
        unexplained,
        why,
        without,
    } = bloat;
    let crates: Vec<Value> = crates.iter().map(krate).collect();
    let functions: Vec<Value> = functions.iter().map(function).collect();
    let floor: Vec<Value> = floor
        .iter()
        .map(|part| json!({ "name": part.name, "bytes": part.bytes, "inside": part.inside, "what": part.what }))
        .collect();
    let mut document = json!({
        "schema": "size-workshop/bloat/1", "program": program, "profile": profile, "file": file, "file_bytes": file_bytes,
        "text_bytes": text_bytes, "known": known, "filter": filter, "crates": crates, "functions": functions,
        "sections": sections, "floor": floor, "unknown": unknown, "text_name": text_name, "format": format,
        "members": members, "explained": explained, "unexplained": unexplained,
    });
    if let Some(Asked { name, why }) = why {
        add_why(&mut document, name, why);
    }
    if let Some(Without { crates, absent, file_bytes, sections }) = without {
        document["without"] =
            json!({ "crates": crates, "absent": absent, "file_bytes": file_bytes, "sections": sections });
    }
    crate::report::json::document(&document)
}

fn krate(row: &CrateRow) -> Value {
    let CrateRow { name, bytes, guessed_bytes, standard, weight } = row;
    let value = json!({ "name": name, "bytes": bytes, "guessed": *guessed_bytes > 0, "guessed_bytes": guessed_bytes,
        "standard": standard });
    weighed(value, *weight)
}

fn function(row: &FunctionRow) -> Value {
    let FunctionRow { name, krate, bytes, copies, guessed, weight, repeated } = row;
    let mut value = json!({ "name": name, "crate": krate, "bytes": bytes, "copies": copies, "guessed": guessed });
    if let Some(repeated) = repeated {
        value["repeated_bytes"] = json!(repeated);
    }
    weighed(value, *weight)
}

/// A row with what it has in the whole file, where that is known.
fn weighed(mut row: Value, weight: Option<Weight>) -> Value {
    if let Some(Weight { own_bytes, retained_bytes }) = weight {
        (row["own_bytes"], row["retained_bytes"]) = (json!(own_bytes), json!(retained_bytes));
    }
    row
}

/// The ways to what was asked for, by name; and what else is known of it.
fn add_why(document: &mut Value, name: &str, why: &Why) {
    let Why { own_bytes, retained_bytes, chains, users, keepers, is_section: _ } = why;
    let step = |step: &Step| json!({ "name": step.name, "crate": step.krate, "retained_bytes": step.retained_bytes });
    let names = |chain: &Vec<Step>| chain.iter().map(|step| step.name.clone()).collect::<Vec<_>>();
    document["why"] = chains.iter().map(names).collect();
    document["asked"] = json!({
        "name": name, "own_bytes": own_bytes, "retained_bytes": retained_bytes, "users": users,
        "steps": chains.iter().map(|chain| chain.iter().map(step).collect::<Vec<_>>()).collect::<Vec<_>>(),
        "keepers": keepers.iter().map(step).collect::<Vec<_>>(),
    });
}

/// The changes from one program to another, whole.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn diff(diff: &Diff) -> serde_json::Result<String> {
    let mut document = changes(diff);
    document["schema"] = "size-workshop/diff/1".into();
    document["whole"] = diff.whole.iter().map(whole_change).collect();
    crate::report::json::document(&document)
}

/// The changes from one program to another, as a part of a document.
pub(crate) fn changes(diff: &Diff) -> Value {
    let Diff { a, b, sections, crates, functions, known, whole: _ } = diff;
    let side = |side: &Side| {
        let Side { name, bytes, text_bytes, compressed } = side;
        let mut value = json!({ "name": name, "bytes": bytes, "text_bytes": text_bytes });
        if let Some(Compressed { gzip, zstd }) = compressed {
            (value["gzip_bytes"], value["zstd_bytes"]) = (json!(gzip), json!(zstd));
        }
        value
    };
    let changes = |changes: &[Change]| -> Vec<Value> {
        changes.iter().map(|change| json!({ "name": change.name, "a": change.a, "b": change.b })).collect()
    };
    json!({
        "a": side(a), "b": side(b), "known": known, "sections": changes(sections), "crates": changes(crates),
        "functions": changes(functions),
    })
}

fn whole_change(change: &WholeChange) -> Value {
    let WholeChange { name, own_a, own_b, retained_a, retained_b, through } = change;
    json!({
        "name": name, "own_a": own_a, "own_b": own_b, "retained_a": retained_a, "retained_b": retained_b, "through": through,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests;

    #[test]
    fn anatomy_as_json() {
        let [bloat, archive] = [tests::bloat(), tests::archive()].map(|bloat| super::bloat(&bloat).unwrap());
        let explained = super::bloat(&tests::explained()).unwrap();
        let [diff, compressed] = [tests::diff(), tests::compressed_diff()].map(|diff| super::diff(&diff).unwrap());
        for text in [&bloat, &archive, &explained, &diff, &compressed] {
            testbed::schema::document(text);
        }
        insta::assert_snapshot!(bloat + &diff);
        insta::assert_snapshot!("diff-compressed-json", compressed);
        insta::assert_snapshot!("explained-json", explained);
    }
}
