//! Size tables as pictures: a README cannot hold a chart, but it can show an SVG file. The pictures are committed next
//! to the numbers they show, so the same sizes must give the same bytes on every platform: all coordinates are
//! integers, or tenths made of integers, and nothing here calculates with floating point.

pub mod scatter;
pub mod stack;
pub mod steps;

use base::numbers::{self, thousands};
use std::fmt;

/// Light or dark: a picture for each, chosen by the reader's browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// For a page about as white as GitHub's `#ffffff`.
    Light,
    /// For a page about as dark as GitHub's `#0d1117`.
    Dark,
}

/// One bar: a way to build the program, and the size that came of it.
pub struct Bar<'a> {
    /// What the bar stands for, such as `+ lto = true`.
    pub label: &'a str,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// The bars of one program, first = what the others are compared with.
pub struct Panel<'a> {
    /// Name of the program, the heading of the panel.
    pub program: &'a str,
    /// The bars from top to bottom; the first is drawn neutral, the last one stands out.
    pub bars: &'a [Bar<'a>],
}

// All lengths are in units of the viewBox, which are CSS pixels until a page scales the picture down. The letters are
// larger than a README's, because on a phone the picture is drawn at less than half its width.
const WIDTH: u64 = 760;
const TITLE_LINE: u64 = 32;
const PANEL_GAP: u64 = 20;
const PANEL_HEADER: u64 = 40;
const ROW: u64 = 34;
const BAR: u64 = 20;
const BAR_TOP: u64 = (ROW - BAR) / 2;
const GAP: u64 = 16;

// The room for one character: an SVG cannot ask the font, and the font is the reader's. DejaVu Sans, about the widest
// that a system may put in, stays below these on average.
const LETTER: u64 = 12;
const TITLE_LETTER: u64 = 15;

// No web font: an image must not load anything. The names after the first are for browsers without `system-ui`.
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

struct Ink {
    text: &'static str,
    muted: &'static str,
    first: &'static str,
    between: &'static str,
    last: &'static str,
}

// WCAG 2 level AA: `text`, `muted` and `last`, which is also a text, have a contrast of 4.5 or more to the page, and
// the bars have 3 or more. `last` is rust-colored.
const LIGHT: Ink = Ink { text: "#1f2328", muted: "#59636e", first: "#6e7781", between: "#bf8466", last: "#b7410e" };
const DARK: Ink = Ink { text: "#f0f6fc", muted: "#9198a1", first: "#8b949e", between: "#99614a", last: "#f0793f" };

/// Draws the panels below one another as horizontal bars on one scale, which starts at 0 bytes and ends at the largest
/// bar of all panels. Right of each bar are its size in bytes and the change against the first bar of its panel.
///
/// `title`: shown above and used for `<title>`; `description`: the text alternative (`<desc>`).
pub fn bars(title: &str, description: &str, panels: &[Panel<'_>], theme: Theme) -> String {
    // The ids carry the theme's name, so that a page that holds both pictures inline has each id once.
    let (name, ink) = if theme == Theme::Light { ("light", LIGHT) } else { ("dark", DARK) };
    let (mut largest, mut labels, mut sizes, mut changes) = (0, 0, 0, 0);
    for panel in panels {
        for bar in panel.bars {
            largest = largest.max(bar.bytes);
            labels = labels.max(room(bar.label));
            sizes = sizes.max(room(&thousands(bar.bytes)));
            changes = changes.max(room(&change(panel.bars[0].bytes, bar.bytes)));
        }
    }
    // A column is as wide as what it holds, within limits that leave room for the bars; `text` squeezes the rest.
    let label_column = Column { x: 0, width: labels.min(270), at_end: false };
    let change_column = Column { x: WIDTH, width: changes.clamp(88, 130), at_end: true };
    let size_column = Column { x: WIDTH - change_column.width - GAP, width: sizes.clamp(80, 170), at_end: true };
    let left = label_column.width + GAP;
    let full = size_column.x - size_column.width - GAP - left;
    let scaled = |bytes| part(bytes, largest, full * 10);

    let rows: u64 = panels.iter().map(|panel| PANEL_GAP + PANEL_HEADER + ROW * panel.bars.len() as u64).sum();
    let (mut svg, mut top) = frame(&format!("sizes-{name}"), title, description, rows, &ink);
    for panel in panels {
        top += PANEL_GAP;
        let column = Column { x: 0, width: left + full, at_end: false };
        svg.text(column, top + 27, r#" font-weight="600""#, panel.program, LETTER);
        let header = format!(r#" font-size="17" fill="{}""#, ink.muted);
        svg.text(size_column, top + 27, &header, "bytes", LETTER);
        svg.text(change_column, top + 27, &header, "change", LETTER);
        top += PANEL_HEADER;

        let (first, rows) = (panel.bars.first().map_or(0, |bar| bar.bytes), panel.bars.len() as u64);
        if rows > 1 {
            // A line down from the end of the first bar: without it, the eye misses a change of a few percent.
            let (x, from, to) = (tenths(left * 10 + scaled(first)), top + ROW - BAR_TOP, top + ROW * rows - BAR_TOP);
            let stroke = format!(r#"stroke="{}" stroke-width="1.5" stroke-dasharray="2 4""#, ink.muted);
            svg.line(format_args!(r#"<path d="M{x} {from}V{to}" {stroke}/>"#));
        }
        for (row, bar) in (1..).zip(panel.bars) {
            let (fill, style) = match row {
                1 => (ink.first, String::new()),
                _ if row == rows => (ink.last, format!(r#" font-weight="600" fill="{}""#, ink.last)),
                _ => (ink.between, String::new()),
            };
            let (y, width) = (top + BAR_TOP, tenths(scaled(bar.bytes)));
            svg.text(label_column, top + 24, "", bar.label, LETTER);
            svg.line(format_args!(r#"<rect x="{left}" y="{y}" width="{width}" height="{BAR}" rx="2" fill="{fill}"/>"#));
            svg.text(size_column, top + 24, "", &thousands(bar.bytes), LETTER);
            if row > 1 {
                svg.text(change_column, top + 24, &style, &change(first, bar.bytes), LETTER);
            }
            top += ROW;
        }
    }
    svg.0 + "</g>\n</svg>\n"
}

/// The beginning of a picture, to its title, and the height that this takes. `rows`: the height of what comes below it.
fn frame(id: &str, title: &str, description: &str, rows: u64, ink: &Ink) -> (Lines, u64) {
    let title_lines = wrap(title, (WIDTH / TITLE_LETTER) as usize);
    let height = TITLE_LINE * title_lines.len() as u64 + rows + 4;
    let mut svg = Lines(String::new());
    svg.line(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{id}-title {id}-desc">"#
    ));
    svg.line(format_args!(r#"<title id="{id}-title">{}</title>"#, escape(title)));
    svg.line(format_args!(r#"<desc id="{id}-desc">{}</desc>"#, escape(description)));
    // Figures of one width put the digits of a column below one another. There is no background: the page has one.
    svg.line(format_args!(
        r#"<g font-family="{FONTS}" font-size="20" fill="{}" style="font-variant-numeric: tabular-nums">"#,
        ink.text
    ));
    let mut top = 0;
    for line in &title_lines {
        let column = Column { x: 0, width: WIDTH, at_end: false };
        svg.text(column, top + 25, r#" font-size="24" font-weight="600""#, line, TITLE_LETTER);
        top += TITLE_LINE;
    }
    (svg, top)
}

/// Where text goes: `x` is its start, or its end where `at_end` says so.
#[derive(Clone, Copy)]
struct Column {
    x: u64,
    width: u64,
    at_end: bool,
}

/// The picture so far: one element per line, so that a diff of two pictures shows which sizes changed.
struct Lines(String);

impl Lines {
    fn line(&mut self, element: fmt::Arguments<'_>) {
        self.0.push_str(&element.to_string());
        self.0.push('\n');
    }

    fn text(&mut self, column: Column, baseline: u64, attributes: &str, text: &str, letter: u64) {
        let Column { x, width, at_end } = column;
        let anchor = if at_end { r#" text-anchor="end""# } else { "" };
        // Text that may be too long is squeezed into its column: better narrow letters than text over a bar.
        let fits = text.chars().count() as u64 * letter <= width;
        let squeeze = format!(r#" textLength="{width}" lengthAdjust="spacingAndGlyphs""#);
        let (text, squeeze) = (escape(text), if fits { "" } else { &squeeze });
        self.line(format_args!(r#"<text x="{x}" y="{baseline}"{anchor}{attributes}{squeeze}>{text}</text>"#));
    }
}

fn room(text: &str) -> u64 {
    text.chars().count() as u64 * LETTER
}

/// The part of `full` that `bytes` are of `largest`, rounded.
fn part(bytes: u64, largest: u64, full: u64) -> u64 {
    let (bytes, largest, full) = (u128::from(bytes), u128::from(largest.max(1)), u128::from(full));
    ((2 * bytes * full + largest) / (2 * largest)) as u64 // at most `full`, as `bytes` are at most `largest`
}

fn tenths(length: u64) -> String {
    format!("{}.{}", length / 10, length % 10)
}

/// The change from `first` to `bytes`, with the sign that a printed page would have.
fn change(first: u64, bytes: u64) -> String {
    numbers::change(bytes, first).replacen('-', "\u{2212}", 1)
}

/// Breaks `text` between words into lines of at most `length` characters; a longer word has a line of its own.
fn wrap(text: &str, length: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < length => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Text escaped for XML or HTML, on one line.
pub fn escape(text: &str) -> String {
    let (mut escaped, mut buffer) = (String::new(), [0; 4]);
    for c in text.chars() {
        escaped.push_str(match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            '\t' | '\n' | '\r' => " ",                         // one element, one line
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}", // XML 1.0 cannot hold these, not even as a reference
            c => c.encode_utf8(&mut buffer),
        });
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u64]) -> String {
        let list: Vec<_> = bytes.iter().map(|&bytes| Bar { label: "a", bytes }).collect();
        bars("Sizes", "d", &[Panel { program: "p", bars: &list }], Theme::Light)
    }

    fn widths(svg: &str) -> Vec<f64> {
        let rects = svg.lines().filter(|line| line.starts_with("<rect"));
        rects.map(|line| line.split(" width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn text_is_escaped_and_stays_on_its_line() {
        let hostile = "<b> & \"q\" 'a'\n\u{1b}\u{ffff}";
        let panels = [Panel { program: hostile, bars: &[Bar { label: hostile, bytes: 1 }] }];
        let svg = bars(hostile, hostile, &panels, Theme::Dark);
        let text = "&lt;b&gt; &amp; &quot;q&quot; &#39;a&#39; \u{fffd}\u{fffd}";
        assert_eq!(svg.matches(text).count(), 5, "title, desc, heading, program and label\n{svg}");
        assert!(svg.lines().all(|line| line.starts_with('<') && line.ends_with('>')), "{svg}");
    }

    #[test]
    fn the_same_sizes_give_the_same_picture_in_each_theme() {
        assert_eq!(one(&[3, 2, 1]), one(&[3, 2, 1]));
        let [light, dark] = [Theme::Light, Theme::Dark].map(|theme| bars("t", "d", &[], theme));
        assert!(light != dark && light.ends_with("</svg>\n"), "{light}");
    }

    #[test]
    fn widths_are_proportional_to_the_bytes_on_one_scale() {
        let (large, small) = ([Bar { label: "a", bytes: 400_000 }], [Bar { label: "a", bytes: 100_000 }]);
        let panels = [Panel { program: "p", bars: &large }, Panel { program: "q", bars: &small }];
        let [large, small] = widths(&bars("t", "d", &panels, Theme::Light))[..] else { panic!("two bars") };
        assert!(large > 300.0 && (large - 4.0 * small).abs() < 0.4, "{large} {small}");
    }

    #[test]
    fn a_growing_bar_sets_the_scale() {
        let svg = one(&[1000, 2000]);
        assert!(svg.contains(">+100.0 %</text>"), "{svg}");
        assert!((widths(&svg)[1] - 2.0 * widths(&svg)[0]).abs() < 0.2, "{svg}");
    }

    #[test]
    fn a_change_too_small_for_a_percentage_is_said_in_bytes() {
        let said = [(503_272, 328_024), (503_272, 503_960), (503_272, 503_248), (2000, 1999), (2001, 2000), (7, 0)]
            .map(|(first, bytes)| change(first, bytes));
        assert_eq!(said, ["−34.8 %", "+0.1 %", "−24 B", "−0.1 %", "−1 B", "−100.0 %"]);
        assert_eq!([change(7, 7), change(0, 0), change(0, 1500)], ["same", "same", "+1,500 B"]);
    }

    #[test]
    fn extremes_are_drawn() {
        assert_eq!(widths(&one(&[0, 0])), [0.0, 0.0]);
        assert!(one(&[1, u64::MAX]).contains(">18,446,744,073,709,551,615</text>"));
        assert!(bars("", "", &[Panel { program: "", bars: &[] }], Theme::Light).ends_with("</svg>\n"));
    }
}
