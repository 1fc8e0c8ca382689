//! HTML assembled from parts. Text becomes a part only by being cleaned and escaped, so no page can forget it.

use crate::report::{clean, clean_line};
use std::fmt;
use weigh::report::svg::escape;

/// A part of a page, well-formed.
#[derive(Clone, Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Some parts in a row.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(parts.into_iter().map(|part| part.0).collect())
    }
}

impl fmt::Display for Html {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Any text, on one line.
pub(super) fn text(text: &str) -> Html {
    Html(escape(&clean_line(text)))
}

/// Any text on one line, with text between backticks as code.
pub(super) fn marked(content: &str) -> Html {
    let parts: Vec<&str> = content.split('`').collect();
    // An unpaired one is a backtick.
    if parts.len().is_multiple_of(2) {
        return text(content);
    }
    let part = |(index, part): (usize, &&str)| if index % 2 == 1 { el("code", &[], [text(part)]) } else { text(part) };
    Html::all(parts.iter().enumerate().map(part))
}

/// Any text with its line breaks, for an element that keeps them.
pub(super) fn lines(text: &str) -> Html {
    Html(clean(text).split('\n').map(escape).collect::<Vec<_>>().join("\n"))
}

/// An element. Attribute values can be any text.
pub(super) fn el(
    name: &'static str,
    attributes: &[(&'static str, &str)],
    content: impl IntoIterator<Item = Html>,
) -> Html {
    let attributes: String =
        attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape(&clean_line(value)))).collect();
    // A new line for each line or block on the page, so that two versions of a page can be compared.
    let is_block =
        !matches!(name, "a" | "b" | "bdi" | "code" | "mark" | "rect" | "span" | "strong" | "svg" | "td" | "th");
    let end = if is_block { "\n" } else { "" };
    Html(format!("<{name}{attributes}>{}</{name}>{end}", Html::all(content)))
}

/// A void element, without content or an end tag.
pub(super) fn void(name: &'static str, attributes: &[(&'static str, &str)]) -> Html {
    let Html(open) = el(name, attributes, []);
    Html(open.split("</").next().unwrap_or_default().to_owned())
}

/// A bar of some `share` of a whole, from 0 to 1. Its number is next to it, so screen readers skip it.
pub(super) fn bar(share: f64) -> Html {
    marks(&[(0.0, share, "bar")])
}

/// Marks on a line from 0 to 1: start, width and class of each.
pub(super) fn marks(marks: &[(f64, f64, &str)]) -> Html {
    let rects = marks.iter().map(|&(start, width, class)| {
        // A small number should still be visible.
        let [start, width] = [start, width].map(|length| format!("{:.1}", length.clamp(0.0, 1.0) * 1000.0));
        let (y, height) = if class == "baseline" { ("0", "24") } else { ("4", "16") };
        el("rect", &[("class", class), ("x", &start), ("y", y), ("width", &width), ("height", height)], [])
    });
    let attributes = [("viewBox", "0 0 1000 24"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
    el("svg", &attributes, rects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_cleaned_and_escaped() {
        let hostile = "\u{1b}[31m<b>&\"'\n::error::x";
        let html = el("p", &[("class", hostile)], [text(hostile), lines(hostile)]).to_string();
        let one_line = "&lt;b&gt;&amp;&quot;&#39; : :error::x";
        let two_lines = one_line.replacen(' ', "\n", 1);
        assert_eq!(html, format!("<p class=\"{one_line}\">{one_line}{two_lines}</p>\n"));
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        assert_eq!(marked("say `a<b` and `c`").to_string(), "say <code>a&lt;b</code> and <code>c</code>");
        assert_eq!(marked("one ` alone").to_string(), "one ` alone");
    }

    #[test]
    fn a_bar_never_leaves_its_line() {
        let svg = bar(7.0).to_string() + &bar(f64::NAN).to_string() + &bar(-1.0).to_string();
        assert!(svg.contains("width=\"1000.0\"") && svg.contains("width=\"0.0\""), "{svg}");
    }
}
