//! Bars that are made of parts, with a legend below each: what a file consists of.

use super::{BAR, Column, DARK, LETTER, LIGHT, PANEL_GAP, Theme, WIDTH, frame, part, tenths};
use base::numbers::thousands;

/// One bar.
pub struct Bar<'a> {
    /// What the whole bar is.
    pub label: &'a str,
    /// Its parts from left to right: what each is, and its bytes.
    pub parts: Vec<(&'a str, u64)>,
}

const HEADER: u64 = 34;
const LEGEND_LINE: u64 = 27;
const SWATCH: u64 = 15;

// Neighbors differ in lightness, and each has a contrast of 3 or more to the page (WCAG 2, 1.4.11). The legend names the
// parts in the order of the bar, so the colors aren't needed.
const LIGHT_PARTS: [&str; 6] = ["#b7410e", "#1f6f8b", "#8a6d00", "#6e4a9e", "#4d7a2a", "#6e7781"];
const DARK_PARTS: [&str; 6] = ["#f0793f", "#5fb3cf", "#d9b93b", "#b894ea", "#8cc265", "#8b949e"];

/// Draws the bars below one another on one scale, which starts at 0 bytes and ends at the largest bar.
///
/// `title`: shown above and used for `<title>`; `description`: the text alternative (`<desc>`).
pub fn draw(title: &str, description: &str, bars: &[Bar<'_>], theme: Theme) -> String {
    let (name, ink, colors) =
        if theme == Theme::Light { ("light", LIGHT, LIGHT_PARTS) } else { ("dark", DARK, DARK_PARTS) };
    // A thing has the same color in all bars.
    let mut labels: Vec<&str> = Vec::new();
    for (label, _) in bars.iter().flat_map(|bar| &bar.parts) {
        if !labels.contains(label) {
            labels.push(label);
        }
    }
    let color = |label: &str| {
        let index = labels.iter().position(|known| *known == label).unwrap_or_default();
        colors[index % colors.len()]
    };
    let whole = |bar: &Bar<'_>| bar.parts.iter().map(|(_, bytes)| bytes).sum::<u64>();
    let largest = bars.iter().map(whole).max().unwrap_or_default();
    let rows: u64 = bars.iter().map(|bar| PANEL_GAP + HEADER + BAR + 10 + LEGEND_LINE * bar.parts.len() as u64).sum();
    let (mut svg, mut top) = frame(&format!("parts-{name}"), title, description, rows, &ink);
    let at_end = |x, width| Column { x, width, at_end: true };
    for bar in bars {
        top += PANEL_GAP;
        let total = whole(bar);
        svg.text(Column { x: 0, width: 500, at_end: false }, top + 24, r#" font-weight="600""#, bar.label, LETTER);
        svg.text(at_end(WIDTH, 240), top + 24, "", &format!("{} bytes", thousands(total)), LETTER);
        top += HEADER;
        let mut before = 0;
        for (label, bytes) in bar.parts.iter().filter(|(_, bytes)| *bytes > 0) {
            let (from, to) = (part(before, largest, WIDTH * 10), part(before + bytes, largest, WIDTH * 10));
            before += bytes;
            // A gap of two pixels tells parts of similar color apart; a part may be too small for it.
            let width = tenths((to - from).saturating_sub(20).max(10));
            let (x, fill) = (tenths(from), color(label));
            svg.line(format_args!(r#"<rect x="{x}" y="{top}" width="{width}" height="{BAR}" rx="2" fill="{fill}"/>"#));
        }
        top += BAR + 10;
        for (label, bytes) in &bar.parts {
            let (y, fill) = (top + 5, color(label));
            svg.line(format_args!(r#"<rect x="0" y="{y}" width="{SWATCH}" height="{SWATCH}" rx="2" fill="{fill}"/>"#));
            let baseline = top + 20;
            svg.text(Column { x: SWATCH + 10, width: 460, at_end: false }, baseline, "", label, LETTER);
            svg.text(at_end(WIDTH - 100, 150), baseline, "", &thousands(*bytes), LETTER);
            let share = format!("{} %", (200 * bytes + total) / (2 * total).max(1));
            svg.text(at_end(WIDTH, 90), baseline, &format!(r#" fill="{}""#, ink.muted), &share, LETTER);
            top += LEGEND_LINE;
        }
    }
    svg.0 + "</g>\n</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_side_by_side_and_end_where_the_bar_ends() {
        let bars = [
            Bar { label: "release", parts: vec![("code", 600), ("names", 400)] },
            Bar { label: "dist <z>", parts: vec![("code", 500)] },
        ];
        let svg = draw("Sections", "d", &bars, Theme::Light);
        let drawn: Vec<&str> = svg.lines().filter(|line| line.contains(r#"height="20""#)).collect();
        assert_eq!(drawn.len(), 3, "{svg}");
        assert!(drawn[0].contains(r#"x="0.0""#) && drawn[0].contains(r#"width="454.0""#), "{}", drawn[0]);
        assert!(drawn[1].contains(r#"x="456.0""#) && drawn[1].contains(r#"width="302.0""#), "{}", drawn[1]);
        assert!(drawn[2].contains(r#"width="378.0""#), "one scale for all bars: {}", drawn[2]);
        assert!(svg.contains(">60 %</text>") && svg.contains("dist &lt;z&gt;") && svg.contains(">1,000 bytes</text>"));
    }

    #[test]
    fn one_thing_has_one_color_in_all_bars() {
        let bars = [
            Bar { label: "a", parts: vec![("code", 6), ("names", 4)] },
            Bar { label: "b", parts: vec![("names", 0), ("rest", 2), ("code", 5)] },
        ];
        let svg = draw("t", "d", &bars, Theme::Light);
        let fills: Vec<&str> = svg
            .lines()
            .filter(|line| line.contains(r#"height="20""#))
            .filter_map(|line| line.split("fill=").nth(1))
            .collect();
        let [code, names, rest, same] = fills[..] else { panic!("what has no bytes is not drawn: {svg}") };
        assert!(code == same && code != names && rest != names && rest != code, "{fills:?}");
    }

    #[test]
    fn extremes_are_drawn() {
        assert!(draw("", "", &[], Theme::Dark).ends_with("</svg>\n"));
        let svg = draw("t", "d", &[Bar { label: "a", parts: vec![("none", 0), ("all", 1 << 50)] }], Theme::Dark);
        assert!(svg.contains(">0 %</text>") && svg.contains(">100 %</text>"), "{svg}");
    }
}
