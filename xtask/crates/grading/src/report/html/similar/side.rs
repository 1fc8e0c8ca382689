//! One side of a pair: its files line by line, with the passages that the other side has.

use crate::report::html::markup::{Html, el, lines, text};
use crate::report::similar::{File, Passage, Place, Side};

/// Bytes of a file that are shown. A later passage is only in the table of passages.
const LONGEST: usize = 100_000;

/// A side of the page. `own` and `other` are the letters of the sides in the page's links.
pub(super) fn html(
    own: &'static str,
    other: &'static str,
    whose: &Html,
    side: &Side,
    passages: &[Passage],
    place: &dyn Fn(&Passage) -> Place,
    scrub: &dyn Fn(&str) -> String,
) -> Html {
    let title = format!("side-{own}");
    let mut content = vec![el("h2", &[("id", &title)], [whose.clone()])];
    for (number, file) in side.files.iter().enumerate() {
        let marks: Vec<(usize, Place)> = (1..)
            .zip(passages)
            .map(|(number, passage)| (number, place(passage)))
            .filter(|(_, place)| place.file == number)
            .collect();
        content.push(el("h3", &[], [text(&scrub(&file.path))]));
        if marks.is_empty() && file.is_common {
            let words = "Nothing beyond what is in the starter, in the solution or in many submissions.";
            content.push(el("p", &[("class", "muted")], [text(words)]));
            continue;
        }
        content.push(el("div", &[("class", "code")], rows(own, other, file, marks, scrub)));
    }
    el("section", &[("class", "side"), ("aria-labelledby", &title), ("tabindex", "0"), ("data-side", own)], content)
}

/// A part of a line: its text, the passage that it is in, and whether it is common.
struct Part<'a> {
    text: &'a str,
    passage: Option<usize>,
    is_common: bool,
}

fn rows(
    own: &str,
    other: &str,
    file: &File,
    mut marks: Vec<(usize, Place)>,
    scrub: &dyn Fn(&str) -> String,
) -> Vec<Html> {
    let mut end = file.text.len().min(LONGEST);
    while !file.text.is_char_boundary(end) {
        end -= 1;
    }
    let shown = &file.text[..end];
    marks.sort_by_key(|(_, place)| place.start);
    // The places where passages or common parts begin and end.
    let mut cuts: Vec<usize> = vec![0, end];
    cuts.extend(marks.iter().flat_map(|(_, place)| [place.start, place.end]));
    cuts.extend(file.common.iter().flat_map(|&(start, end)| [start, end]));
    cuts.retain(|&cut| cut <= end && shown.is_char_boundary(cut));
    cuts.sort_unstable();
    cuts.dedup();
    let (mut mark, mut common) = (0, 0);
    let mut all: Vec<Vec<Part<'_>>> = vec![Vec::new()];
    for pair in cuts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        while marks.get(mark).is_some_and(|(_, place)| place.end <= start) {
            mark += 1;
        }
        while file.common.get(common).is_some_and(|&(_, end)| end <= start) {
            common += 1;
        }
        let passage = marks.get(mark).filter(|(_, place)| place.start <= start).map(|(number, _)| *number);
        let is_common = file.common.get(common).is_some_and(|&(from, _)| from <= start);
        for (number, text) in shown[start..end].split('\n').enumerate() {
            if number > 0 {
                all.push(Vec::new());
            }
            let line = all.last_mut().expect("there is a line");
            line.extend(Some(Part { text, passage, is_common }).filter(|part| !part.text.is_empty()));
        }
    }
    let mut begun = Vec::new();
    let mut rows: Vec<Html> = all
        .into_iter()
        .map(|parts| el("div", &[("class", "line")], parts.iter().map(|part| one(own, other, part, &mut begun, scrub))))
        .collect();
    if end < file.text.len() {
        let rest = format!("({} more bytes aren't shown)", file.text.len() - end);
        rows.push(el("p", &[("class", "muted")], [text(&rest)]));
    }
    rows
}

fn one(own: &str, other: &str, part: &Part<'_>, begun: &mut Vec<usize>, scrub: &dyn Fn(&str) -> String) -> Html {
    let words = lines(&scrub(part.text));
    let Some(passage) = part.passage else {
        return if part.is_common { el("span", &[("class", "common")], [words]) } else { words };
    };
    let mut content = Vec::new();
    if !begun.contains(&passage) {
        begun.push(passage);
        let (anchor, target, label) =
            (format!("{own}-{passage}"), format!("#{other}-{passage}"), format!("passage {passage} on the other side"));
        let attributes = [("id", &*anchor), ("href", &*target), ("class", "step"), ("aria-label", &*label)];
        content.push(el("a", &attributes, [text(&passage.to_string())]));
    }
    content.push(words);
    let class = match (part.is_common, passage % 2) {
        (true, _) => "common",
        (false, 0) => "even",
        (false, _) => "odd",
    };
    el("mark", &[("class", class), ("data-passage", &passage.to_string())], content)
}
