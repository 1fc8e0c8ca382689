//! A report as one HTML file to explore: treemaps, tables, why each part is there, and the difference of two builds. It
//! holds everything it needs and can load nothing, so it works from a disk, in a mail or as an artifact of a CI run.
//!
//! The page carries its numbers as JSON, and its script draws them. Names come from symbol tables, which may hold
//! anything: the script puts them in as text, and the page's policy lets no other script or style run.

mod graph;

use super::svg::escape;
use crate::compressed::Compressed;
use crate::measure::binary::Section;
use graph::Folded;
pub use graph::{Graph, Set};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a page shows. A part without content is left out of the page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The heading, and the title of the browser's tab.
    pub title: String,
    /// The release of rustc, such as `1.95.0`.
    pub toolchain: String,
    /// The target triple.
    pub target: String,
    /// Sizes of the executables, one table for each program.
    pub tables: Vec<Ladder>,
    /// What every program holds before it does any work, in the order of the bar.
    pub floor: Vec<FloorPart>,
    /// The builds to look into. With two or more they can be compared.
    pub binaries: Vec<Binary>,
}

/// A table of executables.
#[derive(Clone, Debug, Serialize)]
pub struct Ladder {
    /// What it shows, and of which program.
    pub caption: String,
    /// The rows; the first one is what the others are compared with.
    pub rows: Vec<LadderRow>,
}

/// An executable in a table.
#[derive(Clone, Debug, Serialize)]
pub struct LadderRow {
    /// What the row is called for people.
    pub label: String,
    /// The profile.
    pub profile: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// What a download of it costs, where that was asked for.
    #[serde(flatten)]
    pub compressed: Option<Compressed>,
}

/// A part of what every program holds.
#[derive(Clone, Debug, Serialize)]
pub struct FloorPart {
    /// The part, such as `the unwinder`.
    pub name: String,
    /// Its bytes in the file.
    pub bytes: u64,
    /// What it is for, in one sentence.
    pub what: String,
    /// Whether a program can be built without it.
    pub removable: bool,
}

/// An executable to look into.
#[derive(Clone, Debug)]
pub struct Binary {
    /// What it is called, such as its profile.
    pub name: String,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the section `.text`.
    pub text_bytes: u64,
    /// The parts of the file; they sum to `file_bytes`.
    pub sections: Vec<Section>,
    /// The functions; they sum to `text_bytes` at most, and the page shows the rest as `[unattributed]`. Empty if the
    /// file has no symbols.
    pub functions: Vec<Function>,
    /// What a reader must know about this build, in one sentence.
    pub note: Option<String>,
    /// Why its bytes are there, where that is known.
    pub graph: Option<Graph>,
    /// Why it isn't known: the end of a sentence.
    pub unexplained: Option<String>,
}

/// A function of an executable.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its path in the source. Functions of the same name, crate and module are copies, and are shown as one.
    pub name: String,
    /// The crate it belongs to.
    pub krate: String,
    /// The path of its module below the crate, such as `fmt::num`; empty if it is in none.
    pub module: String,
    /// Bytes of its code.
    pub bytes: u64,
    /// Whether the name leaves the crate open.
    pub guessed: bool,
}

const TEMPLATE: &str = include_str!("html/page.html");
/// The style that all pages share.
pub const BASE_STYLE: &str = include_str!("html/base.css");
const PAGE_STYLE: &str = include_str!("html/page.css");
/// Also the notice of its licence, which every page must carry.
const LAYOUT: &str = include_str!("html/d3-hierarchy.js");
const SCRIPTS: [&str; 5] = [
    include_str!("html/dom.js"),
    include_str!("html/tables.js"),
    include_str!("html/treemap.js"),
    include_str!("html/why.js"),
    include_str!("html/page.js"),
];

/// Writes a page.
///
/// # Errors
/// When the data cannot be JSON.
pub fn page(page: &Page) -> serde_json::Result<String> {
    // In a function of their own, the scripts' names cannot meet those that a browser has.
    let style = BASE_STYLE.to_owned() + PAGE_STYLE;
    let script = format!("{LAYOUT}(() => {{\n\"use strict\";\n{}}})();\n", SCRIPTS.concat());
    let values = BTreeMap::from([
        ("title", escape(&page.title)),
        ("toolchain", escape(&page.toolchain)),
        ("target", escape(&page.target)),
        ("style", style.clone()),
        ("style hash", digest(&style)),
        // In JSON, `<` can only be within a string. There it would end the element that holds the data.
        ("data", serde_json::to_string(&Data::new(page))?.replace('<', r"\u003c")),
        ("script hash", digest(&script)),
        ("script", script),
    ]);
    // In one pass, so that nothing is looked for in what was put in.
    let mut parts = TEMPLATE.split("{{");
    let mut html = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        html.push_str(&values[name]);
        html.push_str(rest);
    }
    Ok(html)
}

/// What a policy calls a script or a style that it allows.
pub fn digest(text: &str) -> String {
    format!("sha256-{}", base64(&hmac_sha256::Hash::hash(text.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or_default()));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    text
}

/// What the script reads. Each name is there once, however many functions and builds have it.
#[derive(Serialize)]
struct Data<'page> {
    tables: &'page [Ladder],
    floor: &'page [FloorPart],
    /// The strings in order, each without what it has in common with the one before: how many units of UTF-16 that is,
    /// which is what the script counts in, and the rest.
    strings: Vec<(usize, &'page str)>,
    binaries: Vec<Build<'page>>,
}

#[derive(Serialize)]
struct Build<'page> {
    name: &'page str,
    file_bytes: u64,
    text_bytes: u64,
    sections: &'page [Section],
    note: Option<&'page str>,
    functions: Vec<FunctionData>,
    graph: Option<graph::Data<'page>>,
    unexplained: Option<&'page str>,
}

/// Name, crate and module as places in `strings`; then bytes, number of copies, 1 if the crate is a guess, and what it has in the whole
/// file where that is known.
type FunctionData = (usize, usize, usize, u64, u64, u8, Option<graph::Weight>);

impl<'page> Data<'page> {
    fn new(page: &'page Page) -> Self {
        let functions = page.binaries.iter().flat_map(|binary| &binary.functions);
        let graphs: Vec<Option<Folded<'_>>> =
            page.binaries.iter().map(|binary| binary.graph.as_ref().map(Folded::new)).collect();
        let strings: BTreeSet<&str> = functions
            .flat_map(|function| [&*function.name, &*function.krate, &*function.module])
            .chain(graphs.iter().flatten().flat_map(Folded::strings))
            .collect();
        let places = strings.iter().enumerate().map(|(place, string)| (*string, place)).collect();
        let build = |(binary, graph): (&'page Binary, &Option<Folded<'page>>)| Build {
            name: &binary.name,
            file_bytes: binary.file_bytes,
            text_bytes: binary.text_bytes,
            sections: &binary.sections,
            note: binary.note.as_deref(),
            functions: merged(&binary.functions, &places, graph.as_ref()),
            graph: graph.as_ref().map(|graph| graph.data(&places)),
            unexplained: binary.unexplained.as_deref(),
        };
        Self {
            tables: &page.tables,
            floor: &page.floor,
            binaries: page.binaries.iter().zip(&graphs).map(build).collect(),
            strings: shortened(strings),
        }
    }
}

/// The functions with their copies as one, the largest first.
fn merged(functions: &[Function], places: &BTreeMap<&str, usize>, graph: Option<&Folded<'_>>) -> Vec<FunctionData> {
    let mut merged: BTreeMap<[&str; 3], (u64, u64, u8)> = BTreeMap::new();
    for Function { name, krate, module, bytes, guessed } in functions {
        let (sum, copies, is_guess) = merged.entry([name, krate, module]).or_default();
        (*sum, *copies, *is_guess) = (*sum + bytes, *copies + 1, *is_guess | u8::from(*guessed));
    }
    let weights = graph.map(Folded::functions).unwrap_or_default();
    let mut merged: Vec<_> = merged
        .into_iter()
        .map(|(key, (bytes, copies, guessed))| {
            let [name, krate, module] = key.map(|string| places[string]);
            (name, krate, module, bytes, copies, guessed, weights.get(&key).copied())
        })
        .collect();
    merged.sort_by_key(|function| std::cmp::Reverse(function.3));
    merged
}

fn shortened(strings: BTreeSet<&str>) -> Vec<(usize, &str)> {
    let mut before = "";
    let mut shortened = Vec::new();
    for string in strings {
        let common = before.chars().zip(string.chars()).take_while(|(a, b)| a == b).map(|(character, _)| character);
        let (units, bytes) =
            common.fold((0, 0), |(units, bytes), common| (units + common.len_utf16(), bytes + common.len_utf8()));
        shortened.push((units, &string[bytes..]));
        before = string;
    }
    shortened
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::reasons::{Node, Share};

    fn empty() -> Page {
        let (title, toolchain, target) = ("Sizes".to_owned(), "1.95.0".to_owned(), "x86_64".to_owned());
        Page { title, toolchain, target, tables: Vec::new(), floor: Vec::new(), binaries: Vec::new() }
    }

    fn function(name: &str, krate: &str, module: &str, bytes: u64) -> Function {
        let [name, krate, module] = [name, krate, module].map(str::to_owned);
        Function { name, krate, module, bytes, guessed: false }
    }

    fn build(name: &str, functions: Vec<Function>) -> Binary {
        let text_bytes = functions.iter().map(|function| function.bytes).sum::<u64>() + 10;
        let sections = vec![Section { name: ".text".to_owned(), bytes: text_bytes }];
        Binary {
            name: name.to_owned(),
            file_bytes: text_bytes,
            text_bytes,
            sections,
            functions,
            note: None,
            graph: None,
            unexplained: None,
        }
    }

    /// A graph in which each function uses the next one and two small constants, with all of them in one crate's module.
    fn graph(krate: &str, functions: &[Function]) -> Graph {
        let node = |name: &str, own_bytes: u64, retained_bytes: u64, above: Option<u32>| {
            let [name, krate] = [name, krate].map(str::to_owned);
            Node { name, krate, own_bytes, retained_bytes, dominator: above, before: above }
        };
        let count = functions.len() as u32;
        let named = (0_u32..).zip(functions);
        let mut nodes: Vec<Node> = named
            .clone()
            .map(|(at, function)| node(&function.name, 100, 108 * u64::from(count - at), at.checked_sub(1)))
            .collect();
        nodes.extend((0..2 * count).map(|at| node("constant in .rodata, 4 bytes", 4, 4, Some(at / 2))));
        let set = |name: Option<&str>, module: &str, parts: Vec<u32>| Set {
            name: name.map(str::to_owned),
            krate: krate.to_owned(),
            module: module.to_owned(),
            parts,
            retained_bytes: Some(108),
        };
        let mut sets: Vec<Set> =
            named.map(|(at, function)| set(Some(&function.name), &function.module, vec![at])).collect();
        sets.push(set(None, krate, (0..count).collect()));
        let name = krate.to_owned();
        let crates = vec![Share { name, standard: false, code_bytes: 1, own_bytes: 2, retained_bytes: 3 }];
        Graph { nodes, rest: vec![(krate.to_owned(), 1)], crates, sets }
    }

    fn between<'text>(text: &'text str, open: &str, close: &str) -> &'text str {
        text.split_once(open).unwrap().1.split_once(close).unwrap().0
    }

    fn data(html: &str) -> serde_json::Value {
        serde_json::from_str(between(html, r#"id="data">"#, "</script>")).unwrap()
    }

    /// The strings as the script puts them together.
    fn strings(data: &serde_json::Value) -> Vec<String> {
        let mut last: Vec<u16> = Vec::new();
        let entries = data["strings"].as_array().unwrap().iter();
        let whole = entries.map(|entry| {
            last.truncate(entry[0].as_u64().unwrap() as usize);
            last.extend(entry[1].as_str().unwrap().encode_utf16());
            String::from_utf16(&last).unwrap()
        });
        whole.collect()
    }

    #[test]
    fn hostile_names_are_harmless_and_whole() {
        let hostile = "</script><img src=x onerror=alert(1)>{{data}}<!-- \"é𝒳\u{2028}";
        let row = LadderRow { label: hostile.to_owned(), profile: hostile.to_owned(), bytes: 1, compressed: None };
        let part = FloorPart { name: hostile.to_owned(), bytes: 1, what: hostile.to_owned(), removable: true };
        let mut build = build(hostile, vec![function(hostile, hostile, hostile, 1)]);
        build.note = Some(hostile.to_owned());
        build.unexplained = Some(hostile.to_owned());
        build.graph = Some(graph(hostile, &build.functions));
        let html = page(&Page {
            title: hostile.to_owned(),
            toolchain: hostile.to_owned(),
            target: hostile.to_owned(),
            tables: vec![Ladder { caption: hostile.to_owned(), rows: vec![row] }],
            floor: vec![part],
            binaries: vec![build],
        })
        .unwrap();
        assert_eq!(html.matches("</script>").count(), 2, "the data's and the script's");
        assert!(!html.contains("<img") && !html.contains("<!--"));
        assert_eq!(html.matches("&lt;img src=x onerror=alert(1)&gt;{{data}}&lt;!--").count(), 4, "title twice, rustc");
        let data = data(&html);
        assert_eq!(strings(&data), [hostile]);
        let build = &data["binaries"][0];
        let of_build = [&build["note"], &build["unexplained"], &build["graph"]["rest"][0][0]];
        for text in [&data["tables"][0]["caption"], &data["floor"][0]["what"]].into_iter().chain(of_build) {
            assert_eq!(text, hostile);
        }
        assert_eq!(build["graph"]["nodes"], serde_json::json!([[0, 0, 100, -1, -1], [-2, 0, 8, 0, 0]]));
    }

    #[test]
    fn the_policy_allows_what_is_in_the_page_and_nothing_else() {
        let html = page(&empty()).unwrap();
        let policy = between(&html, r#"Content-Security-Policy" content=""#, "\"");
        // With `style` and `script` again as the browser will see them.
        let [style, script] = [("<style>", "</style>"), ("<script>", "</script>")]
            .map(|(open, close)| digest(between(&html, open, close)));
        assert_eq!(policy, format!("default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:"));
        let assets = [&[TEMPLATE, BASE_STYLE, PAGE_STYLE, LAYOUT][..], &SCRIPTS].concat();
        for forbidden in ["http://", "innerHTML", " style=\"", " onclick=", "@import", "url(", "eval("] {
            assert!(assets.iter().all(|asset| !asset.contains(forbidden)), "{forbidden}");
        }
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        let known = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(known, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]); // RFC 4648, section 10
        assert_eq!(digest(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn copies_are_one_function_and_each_string_is_there_once() {
        let functions =
            vec![function("a::b::f", "a", "b", 5), function("a::b::g", "a", "b", 9), function("a::b::f", "a", "b", 7)];
        let html = page(&Page { binaries: vec![build("x", functions.clone()), build("y", functions)], ..empty() });
        let data = data(&html.unwrap());
        assert_eq!(strings(&data), ["a", "a::b::f", "a::b::g", "b"]);
        assert_eq!(data["strings"], serde_json::json!([[0, "a"], [1, "::b::f"], [6, "g"], [0, "b"]]));
        for build in data["binaries"].as_array().unwrap() {
            assert_eq!(build["functions"], serde_json::json!([[1, 0, 3, 12, 2, 0, null], [2, 0, 3, 9, 1, 0, null]]));
        }
    }

    #[test]
    fn what_a_function_keeps_is_beside_it_and_why_nothing_is_known_as_well() {
        let functions = vec![function("a::f", "a", "", 90), function("a::g", "a", "", 80)];
        let mut explained = build("x", functions.clone());
        explained.graph = Some(graph("a", &functions));
        let mut other = build("y", functions);
        other.unexplained = Some("the linker is too old".to_owned());
        let data = data(&page(&Page { binaries: vec![explained, other], ..empty() }).unwrap());
        let [explained, other] = [0, 1].map(|at| &data["binaries"][at]);
        assert_eq!(strings(&data), ["", "a", "a::f", "a::g"]);
        let functions =
            serde_json::json!([[2, 1, 0, 90, 1, 0, [100, 108, 0, -1]], [3, 1, 0, 80, 1, 0, [100, 108, 1, 0]]]);
        assert_eq!(explained["functions"], functions);
        // Own bytes and places: two functions, and under each its small constants.
        let nodes = serde_json::json!([[2, 1, 100, -1, -1], [3, 1, 100, 0, 0], [-2, 1, 8, 0, 0], [-2, 1, 8, 1, 1]]);
        assert_eq!(explained["graph"]["nodes"], nodes);
        assert_eq!(explained["graph"]["crates"], serde_json::json!([[1, 1, [2, 3, 0, -1]]]));
        assert_eq!(explained["graph"]["modules"], serde_json::json!([[1, 1, [200, 108, 0, -1]]]));
        assert_eq!((&explained["unexplained"], &other["graph"]), (&serde_json::Value::Null, &serde_json::Value::Null));
        assert_eq!(other["unexplained"], "the linker is too old");
    }

    #[test]
    fn a_program_of_1500_functions_fits_into_400_kilobytes() {
        // Names as long as generic code has them, of which two builds share two thirds.
        let functions = |first: usize| {
            let name = |number: usize| {
                let (krate, module) = (format!("crate_{}", number % 20), format!("module_{}", number % 150));
                let of = format!("alloc::collections::btree::map::BTreeMap<alloc::string::String, other::{number:x}>");
                function(&format!("<{krate}::{module}::Type as {of}>::method_{number}"), &krate, &module, 345)
            };
            (first..first + 1500).map(name).collect()
        };
        let builds = || vec![build("a", functions(0)), build("b", functions(500))];
        let size = |binaries| page(&Page { binaries, ..empty() }).unwrap().len();
        let plain = size(builds());
        let explained = size(
            builds().into_iter().map(|build| Binary { graph: Some(graph("a", &build.functions)), ..build }).collect(),
        );
        assert!(100_000 < plain && plain < explained && explained < 400_000, "{plain} {explained}");
    }
}
