//! The book as a site: mdBook builds it, and asks this program about every chapter first.
//!
//! On GitHub a chapter may link to any file of the repository; a site holds only its chapters. So the exercises become
//! pages of the site, and a link to any other file becomes the file's name.

use super::{Part, markers};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::proc::{self, Call, Status};
use crate::prose;
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// Builds the site, and opens it if that is wanted.
///
/// # Errors
/// When mdBook is missing or cannot build it.
pub fn build(root: &Path, open: bool) -> Result<Exit> {
    let folder = root.join("target/book/site");
    let call = Call::new("mdbook", root).args(["build", "docs", "--dest-dir"]).arg(&folder);
    let finished = proc::run(&call).map_err(|error| {
        Failure::new(Exit::Environment, format!("mdBook is not there: {error:#}")).help(
            "install it with `cargo install mdbook --version 0.5.4 --locked`, or read docs/src/README.md as it is",
        )
    })?;
    let said = String::from_utf8_lossy(&finished.stderr);
    // mdBook only logs what it cannot find.
    let is_wrong = said.lines().any(|line| line.contains("ERROR"));
    if finished.status != Status::Exited(0) || is_wrong {
        bail!(Failure::new(Exit::NotMet, format!("mdBook could not build the book:\n{}", said.trim())));
    }
    let page = folder.join("index.html");
    output::note(&format!("built {}", crate::diagnostic::shown(&page).display()));
    if open {
        output::show(&page)?;
    }
    Ok(Exit::Met)
}

/// Serves mdBook as a preprocessor: its book on standard input, ours on standard output.
///
/// # Errors
/// When the input is not what mdBook sends.
pub fn preprocess(root: &Path, words: &[String]) -> Result<Exit> {
    if words.first().is_some_and(|word| word == "supports") {
        return Ok(Exit::Met);
    }
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).context("cannot read standard input")?;
    let sent: Value = serde_json::from_str(&input).map_err(|error| {
        Failure::new(Exit::Usage, format!("this is not what mdBook sends: {error}"))
            .help("mdBook calls this by itself; to build the book, run `cargo xtask docs --open`")
    })?;
    let Some(book) = sent.as_array().and_then(|parts| parts.get(1)).cloned() else {
        bail!(Failure::new(Exit::Usage, "this is not what mdBook sends: there is no book in it"));
    };
    output::data(&serde_json::to_string(&chapters(root, book)?).context("cannot write the book as JSON")?)?;
    Ok(Exit::Met)
}

fn chapters(root: &Path, mut book: Value) -> Result<Value> {
    let exercises = exercises(root)?;
    let pages: Vec<&str> = exercises.iter().map(|(id, _)| id.as_str()).collect();
    each_chapter(&mut book, &mut |chapter| {
        if let Some(text) = chapter.get("content").and_then(Value::as_str) {
            let text = for_the_site(text, &pages);
            chapter["content"] = text.into();
        }
    });
    // mdBook 0.5 calls the list `items`, mdBook 0.4 `sections`.
    let name = if book.get("items").is_some() { "items" } else { "sections" };
    let items = book.get_mut(name).and_then(Value::as_array_mut).context("the book has no chapters")?;
    if !exercises.is_empty() {
        items.push(json!({ "PartTitle": "Exercises" }));
    }
    for (id, text) in &exercises {
        let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        items.push(json!({ "Chapter": {
            "name": format!("{id}: {title}"),
            "content": for_the_site(text, &pages),
            "number": null,
            "sub_items": [],
            "path": format!("{id}.md"),
            "source_path": null,
            "parent_names": [],
        }}));
    }
    Ok(book)
}

/// The text of each exercise.
fn exercises(root: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join("exercises")).context("cannot read exercises/")? {
        let entry = entry?;
        if let Ok(text) = fs::read_to_string(entry.path().join("README.md")) {
            found.push((entry.file_name().to_string_lossy().into_owned(), text));
        }
    }
    found.sort_by_key(|(id, _)| id.trim_start_matches("ex").parse::<u32>().unwrap_or(u32::MAX));
    Ok(found)
}

fn each_chapter(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(map) => {
            if let Some(chapter) = map.get_mut("Chapter") {
                change(chapter);
            }
            map.values_mut().for_each(|value| each_chapter(value, change));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| each_chapter(value, change)),
        _ => {}
    }
}

/// A page with every link made one that works in the site, and without the generator's comments.
fn for_the_site(text: &str, exercises: &[&str]) -> String {
    let mut text = text.to_owned();
    let links = prose::read(&text).links;
    for link in links.iter().rev() {
        let whole = text[link.place.clone()].to_owned();
        // HTML has only links to pictures, which are in the site.
        let Some(words) = whole.strip_prefix('[').and_then(|rest| rest.split("](").next()) else { continue };
        // Of the files beside a page only chapters are in the site: no manifests, sources or Containerfiles.
        let path = link.target.split('#').next().unwrap_or_default();
        let is_address = link.target.contains("://") || link.target.starts_with("mailto:");
        let leads_out = path.starts_with("../") || !is_address && !path.is_empty() && !path.ends_with(".md");
        let exercise = exercises.iter().find(|id| link.target.ends_with(&format!("exercises/{id}/README.md")));
        let replaced = match exercise {
            Some(id) => format!("[{words}]({id}.md)"),
            None if leads_out => words.to_owned(),
            None => continue,
        };
        text.replace_range(link.place.clone(), &replaced);
    }
    // Comments are harmless in a page, but a marker within a line of a table or a heading would be part of its anchor.
    let parts = markers::parts(Path::new(""), &text).unwrap_or_default();
    for Part { body, inline, .. } in parts.into_iter().rev().filter(|part| part.inline) {
        debug_assert!(inline);
        let open = text[..body.start].rfind("<!--").unwrap_or(body.start);
        let close = text[body.end..].find("-->").map_or(body.end, |at| body.end + at + "-->".len());
        text.replace_range(body.end..close, "");
        text.replace_range(open..body.start, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_book_become_pages_or_words() {
        let text = "See [ex1](../../exercises/ex1/README.md), [`Cargo.toml`](../../Cargo.toml), [the source](src/main.rs), [below](#below), [lto](lto.md#a), [web](https://example.org).\n\n<img src=\"img/a.svg\">\n\nIt has <!--= bytes a/b -->12<!--/--> bytes.\n";
        let expected = "See [ex1](ex1.md), `Cargo.toml`, the source, [below](#below), [lto](lto.md#a), [web](https://example.org).\n\n<img src=\"img/a.svg\">\n\nIt has 12 bytes.\n";
        assert_eq!(for_the_site(text, &["ex1"]), expected);
    }

    #[test]
    fn chapters_are_found_at_any_depth() {
        let mut book = json!({ "items": [{ "Chapter": { "content": "a", "sub_items": [{ "Chapter": { "content": "b" } }] } }, "Separator"] });
        let mut seen = Vec::new();
        each_chapter(&mut book, &mut |chapter| seen.push(chapter["content"].clone()));
        assert_eq!(seen, ["a", "b"]);
    }
}
