//! A size over time: a line with a step at each revision. Small steps are what matters here, so the scale need not begin at 0;
//! it names both of its ends.

use super::{Column, DARK, LETTER, LIGHT, Lines, Theme, WIDTH, change, frame, part, tenths};
use base::numbers::thousands;

/// A revision.
pub struct Point<'a> {
    /// The commit or the tag.
    pub label: &'a str,
    /// Size of the file in bytes; none where it could not be built.
    pub bytes: Option<u64>,
}

const PLOT: u64 = 300;
const TOP_GAP: u64 = 40;
const LABELS: u64 = 40;
/// A line below the labels, where a revision has no size.
const LEGEND: u64 = 30;
/// Room for the sizes at the left.
const LEFT: u64 = 150;
/// Steps that are named: the largest.
const NAMED: usize = 3;

/// Draws the sizes from left to right, the newest one last. The largest steps are named.
///
/// `title`: shown above and used for `<title>`; `description`: the text alternative (`<desc>`).
pub fn draw(title: &str, description: &str, points: &[Point<'_>], theme: Theme) -> String {
    let (name, ink) = if theme == Theme::Light { ("light", LIGHT) } else { ("dark", DARK) };
    let has_gaps = points.iter().any(|point| point.bytes.is_none());
    let rows = TOP_GAP + PLOT + LABELS + if has_gaps { LEGEND } else { 0 };
    let (mut svg, top) = frame(&format!("steps-{name}"), title, description, rows, &ink);
    let top = top + TOP_GAP;
    let known = || points.iter().filter_map(|point| point.bytes);
    let (least, most) = (known().min().unwrap_or_default(), known().max().unwrap_or_default());
    // Never so fine that a few bytes fill the picture.
    let span = (most - least).max(most / 200).max(1);
    let bottom = least.saturating_sub((span - (most - least)) / 2);
    let y = |bytes: u64| top * 10 + PLOT * 10 - part(bytes - bottom, span, PLOT * 10).min(PLOT * 10);
    let width = (WIDTH - LEFT) * 10;
    let x = |index: usize| LEFT * 10 + part(index as u64, points.len().max(1) as u64, width);
    for bytes in if most == least { vec![most] } else { vec![least, most] } {
        let line = tenths(y(bytes));
        svg.line(format_args!(
            r#"<path d="M{LEFT} {line}H{WIDTH}" stroke="{}" stroke-width="1" stroke-dasharray="2 4"/>"#,
            ink.muted
        ));
        let column = Column { x: LEFT - 10, width: LEFT - 10, at_end: true };
        svg.text(column, y(bytes) / 10 + 7, r#" font-size="17""#, &thousands(bytes), LETTER);
    }
    let mut path = String::new();
    let mut last = None;
    for (index, point) in points.iter().enumerate() {
        let (from, to) = (tenths(x(index)), tenths(x(index + 1)));
        match point.bytes {
            Some(bytes) => {
                let height = tenths(y(bytes));
                // A step is drawn upright, unless a revision without a size is between.
                let move_to = if last == Some(index) { format!("V{height}") } else { format!("M{from} {height}") };
                path += &format!("{move_to}H{to}");
                last = Some(index + 1);
            }
            None => {
                let line = tenths((top + PLOT) * 10);
                svg.line(format_args!(r#"<path d="M{from} {line}H{to}" stroke="{}" stroke-width="6"/>"#, ink.muted));
            }
        }
    }
    svg.line(format_args!(r#"<path d="{path}" fill="none" stroke="{}" stroke-width="3"/>"#, ink.last));
    let place = |index: usize| (x(index) / 10, y(points[index].bytes.unwrap_or_default()) / 10);
    add_names(&mut svg, named(points), &place, ink.last);
    add_ends(&mut svg, points, top + PLOT + 28, ink.muted);
    if has_gaps {
        add_legend(&mut svg, top + PLOT + LABELS, ink.muted);
    }
    svg.0 + "</g>\n</svg>\n"
}

/// Names the oldest and the newest revision below the plot.
fn add_ends(svg: &mut Lines, points: &[Point<'_>], line: u64, color: &str) {
    for (column, point) in [
        (Column { x: LEFT, width: (WIDTH - LEFT) / 2 - 8, at_end: false }, points.first()),
        (Column { x: WIDTH, width: (WIDTH - LEFT) / 2 - 8, at_end: true }, points.last().filter(|_| points.len() > 1)),
    ] {
        if let Some(point) = point {
            let style = format!(r#" font-size="17" fill="{color}""#);
            svg.text(column, line, &style, point.label, LETTER);
        }
    }
}

/// Says what the bars at the bottom are.
fn add_legend(svg: &mut Lines, top: u64, color: &str) {
    const BAR: u64 = 24;
    let line = top + 10;
    svg.line(format_args!(r#"<path d="M{LEFT} {line}h{BAR}" stroke="{color}" stroke-width="6"/>"#));
    let x = LEFT + BAR + 8;
    let column = Column { x, width: WIDTH - x, at_end: false };
    svg.text(column, line + 6, &format!(r#" font-size="17" fill="{color}""#), "build failed", LETTER);
}

/// Names the largest steps, each at its place.
fn add_names(svg: &mut Lines, names: Vec<(usize, String)>, place: &dyn Fn(usize) -> (u64, u64), color: &str) {
    let mut placed: Vec<Label> = Vec::new();
    for (index, words) in names {
        let (at, height) = place(index);
        let at_end = at > WIDTH / 2;
        let room = if at_end { at - 8 } else { WIDTH - at - 8 };
        let label = Label::of(at, at_end, height, &words);
        // The largest step comes first; a name that would cover a different one is left out.
        if placed.iter().any(|other| other.meets(&label)) {
            continue;
        }
        placed.push(label);
        let column = Column { x: if at_end { at - 8 } else { at + 8 }, width: room, at_end };
        let style = format!(r#" font-size="15" fill="{color}""#);
        svg.text(column, height.saturating_sub(8), &style, &words, LETTER * 3 / 4);
    }
}

/// The place of a step's name: from and to, in pixels.
struct Label {
    across: (u64, u64),
    down: (u64, u64),
}

impl Label {
    fn of(at: u64, at_end: bool, height: u64, words: &str) -> Self {
        const HIGH: u64 = 18;
        let long = words.chars().count() as u64 * LETTER * 3 / 4;
        let across = if at_end { (at.saturating_sub(8 + long), at) } else { (at, at + 8 + long) };
        Self { across, down: (height.saturating_sub(8 + HIGH), height) }
    }

    fn meets(&self, other: &Self) -> bool {
        let meet = |a: (u64, u64), b: (u64, u64)| a.0 < b.1 && b.0 < a.1;
        meet(self.across, other.across) && meet(self.down, other.down)
    }
}

/// The largest steps, with their names.
fn named(points: &[Point<'_>]) -> Vec<(usize, String)> {
    let mut before = None;
    let mut steps = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let Some(bytes) = point.bytes else { continue };
        if let Some(before) = before.filter(|before| *before != bytes) {
            steps.push((bytes.abs_diff(before), index, format!("{} {}", point.label, change(before, bytes))));
        }
        before = Some(bytes);
    }
    steps.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    steps.into_iter().take(NAMED).map(|(_, index, words)| (index, words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(sizes: &[Option<u64>]) -> String {
        let points: Vec<_> = sizes.iter().map(|&bytes| Point { label: "v<1>", bytes }).collect();
        draw("Size", "d", &points, Theme::Light)
    }

    #[test]
    fn a_step_is_upright_and_a_revision_without_a_size_is_a_gap() {
        let svg = drawn(&[Some(1000), Some(2000), None, Some(2000)]);
        let line = svg.lines().find(|line| line.contains("stroke-width=\"3\"")).unwrap();
        assert_eq!(line.split('"').nth(1).unwrap(), "M150.0 372.0H302.5V72.0H455.0M607.5 72.0H760.0");
        assert!(
            svg.contains("v&lt;1&gt; +100.0 %") && svg.contains(">1,000</text>") && svg.contains(">2,000</text>"),
            "{svg}"
        );
    }

    #[test]
    fn the_bar_of_a_revision_without_a_size_is_explained() {
        assert!(drawn(&[Some(1), None, Some(2)]).contains(">build failed</text>"));
        assert!(!drawn(&[Some(1), Some(2)]).contains("build failed"), "there is no such bar");
    }

    #[test]
    fn nothing_equal_sizes_and_extremes_are_drawn() {
        for sizes in
            [&[][..], &[None], &[Some(0)], &[Some(5), Some(5)], &[Some(0), Some(u64::MAX)], &[Some(u64::MAX), Some(1)]]
        {
            assert!(drawn(sizes).ends_with("</svg>\n"), "{sizes:?}");
        }
        assert!(!drawn(&[Some(5), Some(5)]).contains('%'), "there is no step");
    }

    #[test]
    fn a_few_bytes_do_not_fill_the_picture() {
        let svg = drawn(&[Some(1_000_000), Some(1_000_010)]);
        let line = svg.lines().find(|line| line.contains("stroke-width=\"3\"")).unwrap();
        let heights: Vec<f64> =
            line.split('"').nth(1).unwrap().split(['M', 'H', 'V', ' ']).filter_map(|n| n.parse().ok()).collect();
        assert!((heights[1] - heights[3]).abs() < 3.0, "{line}");
    }
}
