//! Builds as dots: how large each one is, and how many instructions its run takes. A line joins those that no other one beats.

use super::{Column, DARK, LETTER, LIGHT, Lines, Theme, WIDTH, frame, part, tenths};
use base::numbers::thousands;

/// One build.
#[derive(Clone, Debug)]
pub struct Dot {
    /// What it is called, if that is shown.
    pub label: Option<String>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Instructions of its run.
    pub instructions: u64,
    /// No other one is as small and as fast.
    pub front: bool,
    /// It was chosen.
    pub chosen: bool,
}

const PLOT: u64 = 360;
const LEFT: u64 = 20;
const AXIS: u64 = 60;
const LEGEND_LINE: u64 = 27;

/// The part of a length, in tenths, at which a value is. The values fill the length but for a margin, because all of them are far
/// from zero.
struct Scale {
    low: u64,
    span: u64,
    length: u64,
}

impl Scale {
    fn of(values: impl Iterator<Item = u64> + Clone, length: u64) -> Self {
        let (low, high) = (values.clone().min().unwrap_or_default(), values.max().unwrap_or_default());
        Self { low, span: (high - low).max(1), length: length * 10 }
    }

    fn at(&self, value: u64) -> u64 {
        let margin = self.length / 20;
        margin + part(value.saturating_sub(self.low), self.span, self.length - 2 * margin)
    }
}

/// Draws the dots: to the right is larger, up is more instructions. The named ones have a number, which the legend below explains.
///
/// `title`: shown above and used for `<title>`; `description`: the text alternative (`<desc>`).
pub fn draw(title: &str, description: &str, dots: &[Dot], theme: Theme) -> String {
    let (name, ink) = if theme == Theme::Light { ("light", LIGHT) } else { ("dark", DARK) };
    let mut named: Vec<&Dot> = dots.iter().filter(|dot| dot.label.is_some()).collect();
    named.sort_by_key(|dot| (dot.bytes, dot.instructions));
    let rows = PLOT + AXIS + LEGEND_LINE * (named.len() as u64 + 1);
    let (mut svg, top) = frame(&format!("scatter-{name}"), title, description, rows, &ink);
    let across = Scale::of(dots.iter().map(|dot| dot.bytes), WIDTH - LEFT);
    let up = Scale::of(dots.iter().map(|dot| dot.instructions), PLOT);
    let x = |dot: &Dot| LEFT * 10 + across.at(dot.bytes);
    let y = |dot: &Dot| (top + PLOT) * 10 - up.at(dot.instructions);
    let bottom = top + PLOT;
    let stroke = format!(r#"stroke="{}" stroke-width="1.5" fill="none""#, ink.muted);
    svg.line(format_args!(r#"<path d="M{LEFT} {top}V{bottom}H{WIDTH}" {stroke}/>"#));
    let mut front: Vec<&Dot> = dots.iter().filter(|dot| dot.front).collect();
    front.sort_by_key(|dot| (dot.bytes, dot.instructions));
    if front.len() > 1 {
        let points: Vec<String> = front.iter().map(|dot| format!("{},{}", tenths(x(dot)), tenths(y(dot)))).collect();
        svg.line(format_args!(
            r#"<polyline points="{}" stroke="{}" stroke-width="2" fill="none"/>"#,
            points.join(" "),
            ink.between
        ));
    }
    for dot in dots {
        let (radius, fill) = match dot {
            Dot { chosen: true, .. } => (9, ink.last),
            Dot { front: true, .. } => (7, ink.between),
            _ => (5, ink.first),
        };
        let (x, y) = (tenths(x(dot)), tenths(y(dot)));
        svg.line(format_args!(r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>"#));
    }
    let mut taken: Vec<(u64, u64)> = Vec::new();
    for (number, dot) in (1..).zip(&named) {
        let (across, mut down) = (x(dot) / 10 + 11, y(dot) / 10);
        // A number beside one that is close goes below it.
        while taken.iter().any(|(x, y)| x.abs_diff(across) < 24 && y.abs_diff(down) < 17) {
            down += 17;
        }
        taken.push((across, down));
        let at_end = across + 30 > WIDTH;
        let column = Column { x: if at_end { across - 22 } else { across }, width: 40, at_end };
        svg.text(column, down + 5, r#" font-size="17""#, &format!("{number}"), LETTER);
    }
    axes(&mut svg, bottom, dots, ink.muted);
    legend(&mut svg, bottom + AXIS, &named, &ink);
    svg.0 + "</g>\n</svg>\n"
}

/// What the axes show, and their ends.
fn axes(svg: &mut Lines, bottom: u64, dots: &[Dot], muted: &str) {
    let small = format!(r#" font-size="17" fill="{muted}""#);
    let ends = |values: &mut dyn Iterator<Item = u64>| {
        let (low, high) = values.fold((u64::MAX, 0), |(low, high), value| (low.min(value), high.max(value)));
        (thousands(low.min(high)), thousands(high))
    };
    let (low, high) = ends(&mut dots.iter().map(|dot| dot.bytes));
    let line = Column { x: LEFT, width: WIDTH - LEFT, at_end: false };
    svg.text(line, bottom + 24, &small, &format!("horizontal axis: bytes, {low} to {high}"), LETTER);
    let (low, high) = ends(&mut dots.iter().map(|dot| dot.instructions));
    svg.text(line, bottom + 46, &small, &format!("vertical axis: instructions in the run, {low} to {high}"), LETTER);
}

/// The named builds, with their numbers.
fn legend(svg: &mut Lines, top: u64, named: &[&Dot], ink: &super::Ink) {
    let columns = [
        Column { x: 0, width: 28, at_end: false },
        Column { x: 34, width: 430, at_end: false },
        Column { x: 590, width: 120, at_end: true },
        Column { x: WIDTH, width: 160, at_end: true },
    ];
    let header = format!(r#" font-size="17" fill="{}""#, ink.muted);
    svg.text(columns[2], top + 20, &header, "bytes", LETTER);
    svg.text(columns[3], top + 20, &header, "instructions", LETTER);
    let mut baseline = top + 20;
    for (number, dot) in (1..).zip(named) {
        baseline += LEGEND_LINE;
        let style = if dot.chosen { format!(r#" font-weight="600" fill="{}""#, ink.last) } else { String::new() };
        let label = dot.label.as_deref().unwrap_or_default();
        let label = if dot.chosen { format!("{label} (chosen)") } else { label.to_owned() };
        svg.text(columns[0], baseline, &style, &format!("{number}"), LETTER);
        svg.text(columns[1], baseline, &style, &label, LETTER);
        svg.text(columns[2], baseline, &style, &thousands(dot.bytes), LETTER);
        svg.text(columns[3], baseline, &style, &thousands(dot.instructions), LETTER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(bytes: u64, instructions: u64, front: bool) -> Dot {
        Dot { label: front.then(|| format!("{bytes}")), bytes, instructions, front, chosen: false }
    }

    fn circles(svg: &str) -> Vec<(f64, f64)> {
        let value = |line: &str, name: &str| -> f64 {
            line.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        let circles = svg.lines().filter(|line| line.starts_with("<circle"));
        circles.map(|line| (value(line, "cx"), value(line, "cy"))).collect()
    }

    #[test]
    fn larger_is_to_the_right_and_slower_is_up() {
        let svg = draw("t", "d", &[dot(100, 10, true), dot(200, 5, true), dot(150, 20, false)], Theme::Light);
        let [a, b, c] = circles(&svg)[..] else { panic!("{svg}") };
        assert!(a.0 < c.0 && c.0 < b.0, "{svg}");
        assert!(c.1 < a.1 && a.1 < b.1, "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 1);
    }

    #[test]
    fn every_dot_is_in_the_picture() {
        for dots in [vec![dot(0, 0, true)], vec![dot(u64::MAX, u64::MAX, true), dot(0, 0, true)], Vec::new()] {
            let svg = draw("t", "d", &dots, Theme::Dark);
            let inside =
                |(x, y): &(f64, f64)| (0.0..=WIDTH as f64).contains(x) && (0.0..=(PLOT + 60) as f64).contains(y);
            assert!(circles(&svg).iter().all(inside), "{svg}");
            assert!(svg.lines().all(|line| line.starts_with('<') && line.ends_with('>')), "{svg}");
        }
    }

    #[test]
    fn numbers_of_dots_that_are_close_dont_lie_on_each_other() {
        let svg = draw("t", "d", &[dot(100, 10, true), dot(100, 10, true), dot(900, 90, true)], Theme::Light);
        let places: Vec<&str> = svg.lines().filter(|line| line.contains(r#" font-size="17">"#)).collect();
        assert_eq!(places.len(), 3);
        assert_ne!(places[0].split('>').next(), places[1].split('>').next());
    }
}
