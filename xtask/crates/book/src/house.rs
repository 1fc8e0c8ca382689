//! The picture of docs/ARCHITECTURE.md: the crates of the workshop's tools, and which of them uses which, by Cargo's own answer.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::Path;
use weigh::cargo::{Cargo, Package};
use weigh::report::svg::{Theme, escape};

// All lengths are in units of the viewBox, as in the pictures of sizes.
const WIDTH: usize = 760;
const BOX_WIDTH: usize = 212;
const LINE: usize = 21;
const GAP: usize = 62;
const HEAD: usize = 8;
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

/// A crate of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// What it is made into, such as `library base`.
    pub made: Vec<String>,
    /// The packages that it can't be compiled without; dev-dependencies don't count.
    pub uses: BTreeSet<String>,
}

/// The crates by the names of their packages.
pub(crate) type House = BTreeMap<String, Room>;

/// Asks Cargo for the crates below xtask/. Without those that only tests use.
///
/// # Errors
/// When a manifest of the workspace is malformed or missing.
pub(crate) fn ask(root: &Path) -> anyhow::Result<House> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let cargo = Cargo { program, cwd: root.to_owned(), env: BTreeMap::new(), args: Vec::new(), sandbox: None };
    let metadata = cargo.metadata(None)?;
    let top = metadata.workspace_root.join("xtask");
    let ours: Vec<&Package> =
        metadata.packages.iter().filter(|package| package.manifest_path.starts_with(&top)).collect();
    let names: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut house: House = ours.iter().map(|package| (package.name.clone(), room(package, &names))).collect();
    let used: BTreeSet<String> = house.values().flat_map(|room| room.uses.clone()).collect();
    house.retain(|name, room| !room.uses.is_empty() || used.contains(name));
    Ok(house)
}

fn room(package: &Package, ours: &BTreeSet<&str>) -> Room {
    let made = package.targets.iter().filter_map(|target| {
        let kind = match target.kind.first().map(String::as_str) {
            Some("lib") => "library",
            Some("bin") => "program",
            _ => return None,
        };
        Some(format!("{kind} {}", target.name))
    });
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
    let uses = normal.map(|dependency| dependency.name.clone()).filter(|name| ours.contains(name.as_str()));
    Room { made: made.collect(), uses: uses.collect() }
}

/// What the picture shows, for those who don't see it.
pub(crate) fn description(house: &House) -> String {
    let sentences = house.iter().rev().map(|(name, Room { uses, .. })| match uses.len() {
        0 => format!("{name} uses none of the others."),
        _ => format!("{name} uses {}.", uses.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// Draws a box for each crate, above those that it uses. An arrow that follows from others is left out.
pub(crate) fn draw(title: &str, house: &House, theme: Theme) -> String {
    let ink = match theme {
        Theme::Light => Ink { id: "light", text: "#1f2328", muted: "#59636e", program: "#b7410e" },
        Theme::Dark => Ink { id: "dark", text: "#f0f6fc", muted: "#9198a1", program: "#f0793f" },
    };
    let floors = floors(house);
    let lines = house.values().map(|room| room.made.len()).max().unwrap_or_default();
    let box_height = LINE * (lines + 1) + 16;
    let places = places(&floors, box_height);
    let height = (floors.len() * (box_height + GAP)).saturating_sub(GAP) + 4;
    let mut svg = begin(title, &description(house), height, &ink);
    for (name, Room { made, .. }) in house {
        svg += &boxed(name, made, places[name.as_str()], box_height, &ink);
    }
    svg += &arrows(house, &places, box_height, &ink);
    svg + "</g>\n</svg>\n"
}

struct Ink {
    id: &'static str,
    text: &'static str,
    muted: &'static str,
    program: &'static str,
}

/// The crates by floors, from the top to the ground; each is as low as what it uses allows.
fn floors(house: &House) -> Vec<Vec<&str>> {
    let mut height: BTreeMap<&str, usize> = BTreeMap::new();
    // Cargo allows no cycles, so each round places at least one crate.
    for _ in 0..house.len() {
        for (name, room) in house {
            let above =
                room.uses.iter().filter_map(|used| height.get(used.as_str())).max().map_or(0, |&below| below + 1);
            height.insert(name, above);
        }
    }
    let count = height.values().max().map_or(0, |&top| top + 1);
    let on = |floor| house.keys().map(String::as_str).filter(|name| height[name] == floor).collect();
    (0..count).rev().map(on).collect()
}

/// The upper left corner of each box.
fn places<'a>(floors: &[Vec<&'a str>], box_height: usize) -> BTreeMap<&'a str, (usize, usize)> {
    let mut places = BTreeMap::new();
    for (row, names) in floors.iter().enumerate() {
        let room = WIDTH / names.len().max(1);
        for (column, &name) in names.iter().enumerate() {
            let x = (room * column + room / 2).saturating_sub(BOX_WIDTH / 2);
            places.insert(name, (x, 2 + row * (box_height + GAP)));
        }
    }
    places
}

fn begin(title: &str, description: &str, height: usize, ink: &Ink) -> String {
    let (id, title, description) = (ink.id, escape(title), escape(description));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-labelledby=\"house-{id}-title house-{id}-desc\">\n\
         <title id=\"house-{id}-title\">{title}</title>\n<desc id=\"house-{id}-desc\">{description}</desc>\n\
         <g font-family=\"{FONTS}\" font-size=\"17\" fill=\"{}\">\n",
        ink.text
    )
}

fn boxed(name: &str, made: &[String], (x, y): (usize, usize), height: usize, ink: &Ink) -> String {
    let is_program = made.iter().any(|made| made.starts_with("program"));
    let stroke = if is_program { ink.program } else { ink.muted };
    let center = x + BOX_WIDTH / 2;
    let mut text = format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2\"/>\n"
    );
    // The text is in the middle of the box, however many lines it has.
    let first = y + (height - LINE * (made.len() + 1)) / 2 + 15;
    text += &format!(
        "<text x=\"{center}\" y=\"{first}\" text-anchor=\"middle\" font-size=\"20\" font-weight=\"600\">{}</text>\n",
        escape(name)
    );
    for (line, made) in (1..).zip(made) {
        text += &format!(
            "<text x=\"{center}\" y=\"{}\" text-anchor=\"middle\" fill=\"{}\">{}</text>\n",
            first + line * LINE,
            ink.muted,
            escape(made)
        );
    }
    text
}

fn arrows(house: &House, places: &BTreeMap<&str, (usize, usize)>, box_height: usize, ink: &Ink) -> String {
    let drawn: Vec<(&str, &str)> = house
        .iter()
        .flat_map(|(from, room)| room.uses.iter().map(move |to| (from.as_str(), to.as_str())))
        .filter(|(from, to)| !follows(house, from, to))
        .collect();
    let column = |name: &str| places[name].0;
    // Arrows leave and enter a box side by side, in the order of their other ends.
    let spread = |own: &str, mut others: Vec<&str>, other: &str| {
        others.sort_by_key(|name| (column(name), places[name].1));
        let at = others.iter().position(|name| *name == other).unwrap_or_default();
        column(own) + BOX_WIDTH * (at + 1) / (others.len() + 1)
    };
    let mut text = String::new();
    for &(from, to) in &drawn {
        let below = drawn.iter().filter(|(other, _)| *other == from).map(|(_, to)| *to).collect();
        let above = drawn.iter().filter(|(_, other)| *other == to).map(|(from, _)| *from).collect();
        let (x1, y1) = (spread(from, below, to), places[from].1 + box_height);
        let (x2, y2) = (spread(to, above, from), places[to].1 - 1);
        let (neck, left, right) = (y2 - HEAD, x2.saturating_sub(HEAD / 2 + 1), x2 + HEAD / 2 + 1);
        text += &format!(
            "<path d=\"M{x1} {y1}L{x2} {neck}\" stroke=\"{0}\" stroke-width=\"1.5\"/><path d=\"M{left} {neck}H{right}L{x2} {y2}Z\" fill=\"{0}\"/>\n",
            ink.muted
        );
    }
    text
}

/// Whether a crate that it uses leads there as well.
fn follows(house: &House, from: &str, to: &str) -> bool {
    let leads = |name: &String| house.get(name).is_some_and(|room| room.uses.contains(to)) || follows(house, name, to);
    house.get(from).is_some_and(|room| room.uses.iter().filter(|name| *name != to).any(leads))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(rooms: &[(&str, &[&str])]) -> House {
        let room = |uses: &[&str]| Room {
            made: vec!["library <x>".to_owned()],
            uses: uses.iter().map(|&name| name.to_owned()).collect(),
        };
        rooms.iter().map(|(name, uses)| ((*name).to_owned(), room(uses))).collect()
    }

    #[test]
    fn a_crate_is_above_all_that_it_uses() {
        let house = house(&[("ground", &[]), ("a", &["ground", "z"]), ("z", &["ground"]), ("b", &["ground"])]);
        assert_eq!(floors(&house), [vec!["a"], vec!["b", "z"], vec!["ground"]]);
    }

    #[test]
    fn another_arrow_is_another_picture_and_the_same_is_the_same() {
        let draw = |rooms: &[(&str, &[&str])]| draw("t", &house(rooms), Theme::Light);
        let arrows = |svg: &str| svg.matches("<path d=\"M").count() / 2;
        let before = draw(&[("a", &[]), ("b", &[]), ("c", &["a"])]);
        assert_eq!(before, draw(&[("c", &["a"]), ("b", &[]), ("a", &[])]));
        assert_eq!(arrows(&before), 1);
        let after = draw(&[("a", &[]), ("b", &[]), ("c", &["a", "b"])]);
        assert_eq!(arrows(&after), 2);
        // One that follows from others is only in the words.
        let long = draw(&[("a", &[]), ("b", &["a"]), ("c", &["b"])]);
        let short = draw(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])]);
        assert!(arrows(&long) == 2 && arrows(&short) == 2 && long != short, "{short}");
        assert!(short.contains("c uses a, b. b uses a. a uses none of the others."), "{short}");
    }

    #[test]
    fn text_is_escaped_and_each_theme_has_its_colors() {
        let house = house(&[("a", &[])]);
        let [light, dark] = [Theme::Light, Theme::Dark].map(|theme| draw("<t>", &house, theme));
        assert!(light.contains("library &lt;x&gt;") && light.contains("&lt;t&gt;") && light != dark);
    }
}
