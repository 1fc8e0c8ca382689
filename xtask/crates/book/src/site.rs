//! The book as a site: mdBook builds it, and asks this program about every chapter first.
//!
//! On GitHub a chapter may link to any file of the repository; a site holds only its chapters. So the exercises become
//! pages of the site, and every other file that is linked is put next to them as text. No link is lost on the way.

use crate::markers::{self, Part};
use crate::prose;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::output;
use base::proc::{self, Call, Status};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Builds the site, and opens it if requested.
///
/// # Errors
/// When mdBook is missing or cannot build it.
pub(crate) fn build(root: &Path, open: bool) -> Result<Exit> {
    let folder = root.join("target/book/site");
    let call = Call::new("mdbook", root).args(["build", "docs", "--dest-dir"]).arg(&folder);
    let finished = proc::run(&call).map_err(|error| {
        Failure::new(Exit::Environment, format!("mdBook can't be run: {error:#}")).help(
            "install it with `cargo install mdbook --version 0.5.4 --locked`, or read docs/src/README.md as it is",
        )
    })?;
    let said = String::from_utf8_lossy(&finished.stderr);
    // mdBook only logs what it can't find.
    let is_wrong = said.lines().any(|line| line.contains("ERROR"));
    if finished.status != Status::Exited(0) || is_wrong {
        bail!(Failure::new(Exit::NotMet, format!("mdBook couldn't build the book:\n{}", said.trim())));
    }
    for file in linked_files(root)? {
        let to = folder.join(as_text(&file));
        fs::create_dir_all(to.parent().unwrap_or(&folder)).context("can't create the folder of linked files")?;
        files::write_atomic(&to, contents(root, &file)?.as_bytes())?;
    }
    let page = folder.join("index.html");
    output::note(&format!("built {}", base::diagnostic::shown(&page).display()));
    if open {
        output::show(&page)?;
    }
    Ok(Exit::Met)
}

/// Serves mdBook as a preprocessor: its book on standard input, ours on standard output.
///
/// # Errors
/// When the input is not what mdBook sends.
pub(crate) fn preprocess(root: &Path, words: &[String]) -> Result<Exit> {
    if words.first().is_some_and(|word| word == "supports") {
        return Ok(Exit::Met);
    }
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).context("can't read standard input")?;
    let sent: Value = serde_json::from_str(&input).map_err(|error| {
        Failure::new(Exit::Usage, format!("this isn't what mdBook sends: {error}"))
            .help("mdBook calls this itself; to build the book, run `cargo xtask docs --open`")
    })?;
    let Some(book) = sent.as_array().and_then(|parts| parts.get(1)).cloned() else {
        bail!(Failure::new(Exit::Usage, "this isn't what mdBook sends: there is no book in it"));
    };
    output::data(&serde_json::to_string(&chapters(root, book)?).context("can't write the book as JSON")?)?;
    Ok(Exit::Met)
}

fn chapters(root: &Path, mut book: Value) -> Result<Value> {
    let exercises = exercises(root)?;
    each_chapter(&mut book, &mut |chapter| {
        if let Some(text) = chapter.get("content").and_then(Value::as_str) {
            let text = for_the_site(text, Path::new(CHAPTERS)).0;
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
            "content": for_the_site(text, &Path::new("exercises").join(id)).0,
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
    for entry in fs::read_dir(root.join("exercises")).context("can't read exercises/")? {
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

/// Where chapters are in the repository.
const CHAPTERS: &str = "docs/src";

/// Where a file of the repository is in the site: as text, so that a browser shows it.
fn as_text(file: &Path) -> PathBuf {
    let file = Path::new("files").join(file);
    // mdBook treats every link with `.md` in it as a link to a chapter.
    if file.extension().is_some_and(|extension| extension == "md") {
        return file.with_extension("txt");
    }
    let mut name = file.into_os_string();
    name.push(".txt");
    name.into()
}

/// What a browser shows for a file, or for a folder: its files.
fn contents(root: &Path, file: &Path) -> Result<String> {
    let path = root.join(file);
    if !path.is_dir() {
        return fs::read_to_string(&path)
            .with_context(|| format!("can't read {}, to which a page links", file.display()));
    }
    let mut files: Vec<String> =
        files::files(&path)?.iter().map(|inside| file.join(inside).display().to_string()).collect();
    files.retain(|file| !file.contains("/target/"));
    Ok(files.join("\n") + "\n")
}

/// The files of the repository that pages of the site link to.
fn linked_files(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(root.join(CHAPTERS)).context("can't read docs/src")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
            files.extend(for_the_site(&text, Path::new(CHAPTERS)).1);
        }
    }
    for (id, text) in exercises(root)? {
        files.extend(for_the_site(&text, &Path::new("exercises").join(id)).1);
    }
    Ok(files)
}

/// A path of the repository: `to`, as a page in the folder `from` names it.
fn resolved(from: &Path, to: &str) -> PathBuf {
    let mut path = from.to_owned();
    for component in Path::new(to).components() {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

/// A page in a folder of the repository with every link changed to one that works in the site, without the generator's
/// comments, and the files that it links to.
fn for_the_site(text: &str, folder: &Path) -> (String, Vec<PathBuf>) {
    let mut text = text.to_owned();
    let mut files = Vec::new();
    let links = prose::read(&text).links;
    for link in links.iter().rev() {
        let whole = text[link.place.clone()].to_owned();
        // HTML has only links to pictures, which are in the site.
        let Some((words, _)) = whole.strip_prefix('[').and_then(|rest| rest.rsplit_once("](")) else { continue };
        let is_address = link.target.contains("://") || link.target.starts_with("mailto:");
        if is_address || link.target.starts_with('#') {
            continue;
        }
        let (path, anchor) = link
            .target
            .split_once('#')
            .map_or((link.target.as_str(), String::new()), |(path, anchor)| (path, format!("#{anchor}")));
        let path = resolved(folder, path);
        let chapter = path.strip_prefix(CHAPTERS).ok().filter(|rest| rest.extension().is_some_and(|end| end == "md"));
        let exercise = path.strip_prefix("exercises").ok().and_then(|rest| {
            let id = rest.iter().next()?.to_str()?;
            (rest.iter().count() == 1 && !id.contains('.') || rest.ends_with("README.md") && rest.iter().count() == 2)
                .then_some(id)
        });
        let target = match (chapter, exercise) {
            (Some(chapter), _) => chapter.display().to_string(),
            (_, Some(id)) => format!("{id}.md"),
            _ => {
                let target = as_text(&path).display().to_string().replace('\\', "/");
                files.push(path);
                target
            }
        };
        text.replace_range(link.place.clone(), &format!("[{words}]({target}{anchor})"));
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
    (text, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_book_become_pages_or_files() {
        let text = "See [ex1](../../exercises/ex1/README.md#a), [`Cargo.toml`](../../Cargo.toml), [programs](../programs), [below](#below), [lto](lto.md#a), [web](https://example.org).\n\n<img src=\"img/a.svg\">\n\nIt has <!--= bytes a/b -->12<!--/--> bytes.\n";
        let expected = "See [ex1](ex1.md#a), [`Cargo.toml`](files/Cargo.toml.txt), [programs](files/docs/programs.txt), [below](#below), [lto](lto.md#a), [web](https://example.org).\n\n<img src=\"img/a.svg\">\n\nIt has 12 bytes.\n";
        let (text, mut files) = for_the_site(text, Path::new("docs/src"));
        files.sort();
        assert_eq!((text.as_str(), files), (expected, vec!["Cargo.toml".into(), "docs/programs".into()]));
    }

    #[test]
    fn links_of_an_exercise_lead_into_the_site() {
        let text = "[one](../ex1/README.md) [two](../ex2) [a chapter](../../docs/src/lto.md#values) [source](src/main.rs) [all](../README.md)\n";
        let expected = "[one](ex1.md) [two](ex2.md) [a chapter](lto.md#values) [source](files/exercises/ex3/src/main.rs.txt) [all](files/exercises/README.txt)\n";
        assert_eq!(for_the_site(text, Path::new("exercises/ex3")).0, expected);
    }

    #[test]
    fn chapters_are_found_at_any_depth() {
        let mut book = json!({ "items": [{ "Chapter": { "content": "a", "sub_items": [{ "Chapter": { "content": "b" } }] } }, "Separator"] });
        let mut seen = Vec::new();
        each_chapter(&mut book, &mut |chapter| seen.push(chapter["content"].clone()));
        assert_eq!(seen, ["a", "b"]);
    }
}
