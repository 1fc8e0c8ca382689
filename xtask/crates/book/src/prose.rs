//! A Markdown page as a tree of places: headings, links and fenced blocks, each with its place in the text.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a page consists of, as far as links, anchors and listings go.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    /// The headings from top to bottom.
    pub headings: Vec<Heading>,
    /// Every link and picture, those in HTML included.
    pub links: Vec<Link>,
    /// Every block of code.
    pub fences: Vec<Fence>,
    /// Where code is within a sentence.
    pub code: Vec<Range<usize>>,
}

/// A heading.
#[derive(Debug, PartialEq)]
pub(crate) struct Heading {
    /// 1 for the title.
    pub level: usize,
    /// Its words.
    pub text: String,
    /// What a link to it ends with, after the `#`, on GitHub and in mdBook.
    pub anchor: String,
}

/// A link or a picture.
#[derive(Debug, PartialEq)]
pub(crate) struct Link {
    /// Where it leads.
    pub target: String,
    /// The whole link, in bytes of the page.
    pub place: Range<usize>,
}

/// A block of code between fences.
#[derive(Debug, PartialEq)]
pub(crate) struct Fence {
    /// What follows the opening fence, such as `toml`; `None` for a block that is only indented.
    pub language: Option<String>,
    /// The whole block with its fences, in bytes of the page.
    pub place: Range<usize>,
    /// What is between the fences.
    pub body: String,
}

/// Parses a page.
pub(crate) fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<(usize, String)> = None;
    let mut fence: Option<Fence> = None;
    let mut given: BTreeMap<String, usize> = BTreeMap::new();
    for (event, place) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((depth(level), String::new())),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, text)) = heading.take() {
                    let anchor = anchor(&text, &mut given);
                    page.headings.push(Heading { level, text, anchor });
                }
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => Some(language.to_string()),
                    CodeBlockKind::Indented => None,
                };
                fence = Some(Fence { language, place, body: String::new() });
            }
            Event::End(TagEnd::CodeBlock) => page.fences.extend(fence.take()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(Link { target: dest_url.to_string(), place });
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for name in [" href=\"", " src=\"", " srcset=\""] {
                    for rest in html.split(name).skip(1) {
                        let target = rest.split(['"', ' ']).next().unwrap_or_default().to_owned();
                        page.links.push(Link { target, place: place.clone() });
                    }
                }
            }
            Event::Text(words) => match (&mut fence, &mut heading) {
                (Some(fence), _) => fence.body.push_str(&words),
                (None, Some((_, text))) => text.push_str(&words),
                (None, None) => {}
            },
            Event::Code(words) => {
                page.code.push(place);
                if let Some((_, text)) = &mut heading {
                    text.push_str(&words);
                }
            }
            _ => {}
        }
    }
    page
}

fn depth(level: HeadingLevel) -> usize {
    level as usize
}

/// The anchor of a heading by the rule that GitHub and mdBook share: lower case, spaces as hyphens, no other
/// punctuation, and a number for a heading that was there before.
fn anchor(heading: &str, given: &mut BTreeMap<String, usize>) -> String {
    let mut anchor = String::new();
    for c in heading.trim().chars() {
        match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => anchor.extend(c.to_lowercase()),
            c if c.is_whitespace() => anchor.push('-'),
            _ => {}
        }
    }
    let before = given.entry(anchor.clone()).or_default();
    *before += 1;
    if *before > 1 { format!("{anchor}-{}", *before - 1) } else { anchor }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# `z`, or 3?\n\n## The same\n\nSee [a](b.md#c), `503 bytes` and ![p](p.svg).\n\n## The same\n\n```toml\nlto = true\n```\n\n<img src=\"i.svg\">\n";

    #[test]
    fn headings_have_the_anchors_that_pages_give_them() {
        let page = read(TEXT);
        let anchors: Vec<_> = page.headings.iter().map(|heading| (heading.level, heading.anchor.as_str())).collect();
        assert_eq!(anchors, [(1, "z-or-3"), (2, "the-same"), (2, "the-same-1")]);
        assert_eq!(page.headings[0].text, "z, or 3?");
    }

    #[test]
    fn links_are_found_in_markdown_and_in_html() {
        let page = read(TEXT);
        assert_eq!(
            page.links.iter().map(|link| link.target.as_str()).collect::<Vec<_>>(),
            ["b.md#c", "p.svg", "i.svg"]
        );
        assert_eq!(&TEXT[page.links[0].place.clone()], "[a](b.md#c)");
        assert_eq!(&TEXT[page.code[1].clone()], "`503 bytes`");
    }

    #[test]
    fn a_fence_has_its_language_and_its_text() {
        let [fence] = &read(TEXT).fences[..] else { panic!("one fence") };
        assert_eq!((fence.language.as_deref(), fence.body.as_str()), (Some("toml"), "lto = true\n"));
        assert!(TEXT[fence.place.clone()].starts_with("```toml") && TEXT[fence.place.clone()].ends_with("```"));
    }
}
