//! Why the bytes of a build are there, as the page gets it: which part keeps which, with the small ones folded so that the page stays
//! small. The bytes still sum to the file.

use crate::measure::reasons::{Node, Share};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Parts that are each drawn on their own, at most, unless a crate or the way to another part needs more.
const LIMIT: usize = 1200;
/// A part that retains fewer bytes is folded in any case.
const LEAST: u64 = 64;

/// Why the bytes of a build are there.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Its parts, by number.
    pub nodes: Vec<Node>,
    /// The bytes that no part has, by owner. With the parts' own bytes, they sum to the file.
    pub rest: Vec<(String, i64)>,
    /// What each crate has and keeps.
    pub crates: Vec<Share>,
    /// Functions with their copies, and modules.
    pub sets: Vec<Set>,
}

/// Parts that are shown as one.
#[derive(Clone, Debug)]
pub struct Set {
    /// The function's name; none for a module.
    pub name: Option<String>,
    /// The crate.
    pub krate: String,
    /// The path of the module below the crate.
    pub module: String,
    /// The numbers of its parts.
    pub parts: Vec<u32>,
    /// Bytes of the file that wouldn't be there without it, if that was found out.
    pub retained_bytes: Option<u64>,
}

/// A part of the file as the page draws it: one of the graph, or several small ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drawn<'page> {
    what: What<'page>,
    /// None if small parts of several crates are folded.
    krate: Option<&'page str>,
    own_bytes: u64,
    dominator: Option<usize>,
    before: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What<'page> {
    Named(&'page str),
    Smaller(usize),
}

/// A graph with its small parts folded.
pub(super) struct Folded<'page> {
    graph: &'page Graph,
    /// Each comes after its dominator, and after the one before it on its way.
    drawn: Vec<Drawn<'page>>,
    /// For each part of the graph where it is in `drawn`.
    places: Vec<usize>,
    /// For each part of the graph how far it is from where the program begins.
    depths: Vec<usize>,
    by_crate: BTreeMap<&'page str, Vec<u32>>,
}

/// Own and retained bytes, then the places of its nearest part and of what keeps it; -1 for none.
pub(super) type Weight = (i64, Option<i64>, i64, i64);

/// A graph in JSON; names are places in the list of strings.
#[derive(Serialize)]
pub(super) struct Data<'page> {
    /// The name (or minus the number of parts that are folded), the crate, own bytes, the nearest dominator, and the part before it on
    /// the shortest way; -1 for none.
    nodes: Vec<(i64, i64, u64, i64, i64)>,
    rest: Vec<(&'page str, i64)>,
    /// The name, bytes of code, and the weight.
    crates: Vec<(usize, u64, Weight)>,
    /// The crate, the module, and the weight.
    modules: Vec<(usize, usize, Weight)>,
}

impl<'page> Folded<'page> {
    pub(super) fn new(graph: &'page Graph) -> Self {
        Self::with(graph, LIMIT)
    }

    fn with(graph: &'page Graph, limit: usize) -> Self {
        let nodes = &graph.nodes;
        let depths = depths(nodes);
        let mut by_crate: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (number, node) in (0_u32..).zip(nodes) {
            by_crate.entry(&node.krate).or_default().push(number);
        }
        // A crate is shown by its part that is nearest to where the program begins.
        let nearest: Vec<u32> = by_crate.values().filter_map(|parts| nearest(&depths, parts)).collect();
        let mut kept = kept(nodes, &nearest, least(nodes, limit));
        keep_single(nodes, &mut kept);
        let mut folded = Self { graph, drawn: Vec::new(), places: vec![usize::MAX; nodes.len()], depths, by_crate };
        folded.draw(&kept);
        folded
    }

    fn draw(&mut self, kept: &[bool]) {
        let nodes = &self.graph.nodes;
        let mut order: Vec<u32> = (0..nodes.len() as u32).collect();
        order.sort_by_key(|number| (self.depths[*number as usize], *number));
        for &number in order.iter().filter(|number| kept[**number as usize]) {
            let Node { name, krate, own_bytes, dominator, before, .. } = &nodes[number as usize];
            let place = |number: &Option<u32>| number.map(|number| self.places[number as usize]);
            let (dominator, before) = (place(dominator), place(before));
            let what = What::Named(name);
            self.places[number as usize] = self.drawn.len();
            self.drawn.push(Drawn { what, krate: Some(krate), own_bytes: *own_bytes, dominator, before });
        }
        // By what keeps them: the folded parts of each. A part's dominator comes before it in this order.
        let mut smaller: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        for &number in order.iter().filter(|number| !kept[**number as usize]) {
            let Node { krate, own_bytes, dominator, .. } = &nodes[number as usize];
            let keeper = dominator.and_then(|dominator| {
                let place = self.places[dominator as usize];
                if kept[dominator as usize] { Some(place) } else { self.drawn[place].dominator }
            });
            let place = *smaller.entry(keeper).or_insert(self.drawn.len());
            if place == self.drawn.len() {
                let what = What::Smaller(0);
                self.drawn.push(Drawn { what, krate: Some(krate), own_bytes: 0, dominator: keeper, before: keeper });
            }
            let drawn = &mut self.drawn[place];
            if let What::Smaller(count) = &mut drawn.what {
                *count += 1;
            }
            drawn.own_bytes += own_bytes;
            drawn.krate = drawn.krate.filter(|same| same == krate);
            self.places[number as usize] = place;
        }
    }

    /// The names that its JSON needs.
    pub(super) fn strings(&self) -> impl Iterator<Item = &'page str> {
        let drawn = self.drawn.iter().flat_map(|drawn| {
            let name = match drawn.what {
                What::Named(name) => Some(name),
                What::Smaller(_) => None,
            };
            name.into_iter().chain(drawn.krate)
        });
        let crates = self.graph.crates.iter().map(|share| share.name.as_str());
        let modules = self.graph.sets.iter().filter(|set| set.name.is_none());
        drawn.chain(crates).chain(modules.flat_map(|set| [set.krate.as_str(), set.module.as_str()]))
    }

    /// The weights of the functions, by name, crate, and module.
    pub(super) fn functions(&self) -> BTreeMap<[&'page str; 3], Weight> {
        let sets = self.graph.sets.iter();
        let named = sets.filter_map(|set| Some(([set.name.as_deref()?, set.krate.as_str(), set.module.as_str()], set)));
        named.map(|(key, set)| (key, self.weight(set))).collect()
    }

    /// What the script reads, with each name as its place.
    pub(super) fn data(&self, places: &BTreeMap<&str, usize>) -> Data<'page> {
        let node = |drawn: &Drawn<'page>| {
            let what = match drawn.what {
                What::Named(name) => number(Some(places[name])),
                What::Smaller(count) => -number(Some(count)),
            };
            let krate = number(drawn.krate.map(|krate| places[krate]));
            (what, krate, drawn.own_bytes, number(drawn.dominator), number(drawn.before))
        };
        let of_crate = |share: &Share| {
            let parts = self.by_crate.get(share.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let weight = (share.own_bytes, Some(share.retained_bytes), self.nearest(parts), self.keeper(parts));
            (places[share.name.as_str()], share.code_bytes, weight)
        };
        let modules = self.graph.sets.iter().filter(|set| set.name.is_none());
        Data {
            nodes: self.drawn.iter().map(node).collect(),
            rest: self.graph.rest.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect(),
            crates: self.graph.crates.iter().map(of_crate).collect(),
            modules: modules
                .map(|set| (places[set.krate.as_str()], places[set.module.as_str()], self.weight(set)))
                .collect(),
        }
    }

    fn weight(&self, set: &Set) -> Weight {
        let Set { parts, retained_bytes, .. } = set;
        let own = parts.iter().map(|part| signed(self.graph.nodes[*part as usize].own_bytes)).sum();
        (own, retained_bytes.map(signed), self.nearest(parts), self.keeper(parts))
    }

    fn nearest(&self, parts: &[u32]) -> i64 {
        number(nearest(&self.depths, parts).map(|part| self.places[part as usize]))
    }

    /// The nearest part outside of some that by itself keeps all of them.
    fn keeper(&self, parts: &[u32]) -> i64 {
        let nodes = &self.graph.nodes;
        let above = |part: &u32| std::iter::successors(Some(*part), |part| nodes[*part as usize].dominator);
        let Some((first, others)) = parts.split_first() else { return -1 };
        let mut common: Vec<u32> = above(first).collect();
        for other in others {
            let chain: BTreeSet<u32> = above(other).collect();
            common.retain(|part| chain.contains(part));
        }
        number(common.into_iter().find(|part| !parts.contains(part)).map(|part| self.places[part as usize]))
    }
}

/// How much a part must retain so that not more than so many do.
fn least(nodes: &[Node], limit: usize) -> u64 {
    let mut retained: Vec<u64> = nodes.iter().map(|node| node.retained_bytes).collect();
    retained.sort_unstable_by_key(|bytes| std::cmp::Reverse(*bytes));
    retained.get(limit).map_or(LEAST, |bytes| LEAST.max(bytes.saturating_add(1)))
}

/// Which parts are drawn on their own: those that retain enough, those that must be, and what is on the way to them.
fn kept(nodes: &[Node], wanted: &[u32], least: u64) -> Vec<bool> {
    let large = (0_u32..).zip(nodes).filter(|(_, node)| node.retained_bytes >= least).map(|(number, _)| number);
    let mut open: Vec<u32> = large.chain(wanted.iter().copied()).collect();
    let mut kept = vec![false; nodes.len()];
    while let Some(number) = open.pop() {
        if !std::mem::replace(&mut kept[number as usize], true) {
            // Its dominators are on the way to it.
            open.extend(nodes[number as usize].before);
        }
    }
    kept
}

/// A small part that would be the only one in its fold is drawn as it is.
fn keep_single(nodes: &[Node], kept: &mut [bool]) {
    let keeper = |number: u32| {
        let above = |part: &u32| nodes[*part as usize].dominator;
        std::iter::successors(above(&number), above).find(|part| kept[*part as usize])
    };
    let mut folds: BTreeMap<Option<u32>, Vec<u32>> = BTreeMap::new();
    for number in (0..nodes.len() as u32).filter(|number| !kept[*number as usize]) {
        folds.entry(keeper(number)).or_default().push(number);
    }
    for parts in folds.into_values() {
        if let [part] = parts[..] {
            kept[part as usize] = nodes[part as usize].before.is_none_or(|before| kept[before as usize]);
        }
    }
}

fn depths(nodes: &[Node]) -> Vec<usize> {
    let mut depths = vec![usize::MAX; nodes.len()];
    for start in 0..nodes.len() as u32 {
        let unknown = |number: &u32| depths[*number as usize] == usize::MAX;
        let way: Vec<u32> =
            std::iter::successors(Some(start).filter(unknown), |at| nodes[*at as usize].before.filter(unknown))
                .collect();
        for &at in way.iter().rev() {
            depths[at as usize] = nodes[at as usize].before.map_or(0, |before| depths[before as usize] + 1);
        }
    }
    depths
}

fn nearest(depths: &[usize], parts: &[u32]) -> Option<u32> {
    parts.iter().copied().min_by_key(|part| (depths[*part as usize], *part))
}

fn number(place: Option<usize>) -> i64 {
    place.map_or(-1, |place| i64::try_from(place).unwrap_or(-1))
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, krate: &str, own: u64, retained: u64, dominator: Option<u32>, before: Option<u32>) -> Node {
        let [name, krate] = [name, krate].map(str::to_owned);
        Node { name, krate, own_bytes: own, retained_bytes: retained, dominator, before }
    }

    /// The start keeps `main`, which keeps a large constant, two small ones with another one inside, and through a small function
    /// also something large. Nothing keeps the last one by itself.
    fn graph() -> Graph {
        let nodes = vec![
            node("inner", "a", 3, 3, Some(3), Some(3)),
            node("main", "a", 100, 2151, Some(2), Some(2)),
            node("_start", "c", 40, 2191, None, None),
            node("small", "a", 5, 8, Some(1), Some(1)),
            node("tiny", "b", 20, 20, Some(1), Some(1)),
            node("large", "b", 1000, 1000, Some(1), Some(1)),
            node("way", "a", 23, 1023, Some(1), Some(1)),
            node("behind", "b", 1000, 1000, Some(6), Some(6)),
            node("lost", "c", 7, 7, None, None),
        ];
        let rest = vec![("[headers]".to_owned(), 64), ("[differs in the twin]".to_owned(), -8)];
        Graph { nodes, rest, ..Graph::default() }
    }

    fn bytes(graph: &Graph) -> u64 {
        graph.nodes.iter().map(|node| node.own_bytes).sum()
    }

    /// What the script adds up from the own bytes.
    fn retained(drawn: &[Drawn<'_>]) -> Vec<u64> {
        let mut sums: Vec<u64> = drawn.iter().map(|drawn| drawn.own_bytes).collect();
        for (place, drawn) in drawn.iter().enumerate().rev() {
            if let Some(dominator) = drawn.dominator {
                assert!(dominator < place, "{drawn:?}");
                sums[dominator] += sums[place];
            }
        }
        sums
    }

    #[test]
    fn small_parts_are_folded_into_one_of_what_keeps_them() {
        let graph = graph();
        let folded = Folded::new(&graph);
        let names: Vec<_> = folded.drawn.iter().map(|drawn| (&drawn.what, drawn.krate, drawn.own_bytes)).collect();
        let expected = [
            (&What::Named("_start"), Some("c"), 40),
            // Small, and the only one that nothing keeps.
            (&What::Named("lost"), Some("c"), 7),
            (&What::Named("main"), Some("a"), 100),
            // Of a crate whose nearest part is small.
            (&What::Named("tiny"), Some("b"), 20),
            (&What::Named("large"), Some("b"), 1000),
            (&What::Named("way"), Some("a"), 23),
            (&What::Named("behind"), Some("b"), 1000),
            (&What::Smaller(2), Some("a"), 8),
        ];
        assert_eq!(names, expected);
        assert_eq!(retained(&folded.drawn), [2191, 7, 2151, 20, 1000, 1023, 1000, 8]);
        assert_eq!(folded.places, [7, 2, 0, 7, 3, 4, 5, 6, 1], "what is inside a small part goes where that goes");
        assert_eq!((folded.drawn[7].dominator, folded.drawn[7].before), (Some(2), Some(2)));
    }

    #[test]
    fn whatever_is_folded_the_bytes_stay_to_the_last_one() {
        let graph = graph();
        let all = bytes(&graph);
        for limit in 0..10 {
            let folded = Folded::with(&graph, limit);
            assert_eq!(folded.drawn.iter().map(|drawn| drawn.own_bytes).sum::<u64>(), all, "{limit}");
            for (node, place) in graph.nodes.iter().zip(&folded.places) {
                let drawn = &folded.drawn[*place];
                if matches!(drawn.what, What::Named(_)) {
                    assert_eq!(retained(&folded.drawn)[*place], node.retained_bytes, "{limit} {node:?}");
                }
            }
        }
    }

    #[test]
    fn a_large_program_is_folded_until_it_is_small() {
        // A function with 20,000 constants of all sizes.
        let constant =
            |number: u32| node(&format!("c{number}"), "a", u64::from(number), u64::from(number), Some(0), Some(0));
        let mut nodes: Vec<Node> = (0..20_000).map(constant).collect();
        nodes[0] = node("main", "a", 0, (1..20_000).sum(), None, None);
        let graph = Graph { nodes, ..Graph::default() };
        let folded = Folded::new(&graph);
        assert_eq!(folded.drawn.len(), LIMIT + 1, "the largest, and one for all others");
        assert_eq!(folded.drawn.iter().map(|drawn| drawn.own_bytes).sum::<u64>(), bytes(&graph));
    }

    #[test]
    fn a_set_has_its_nearest_part_and_what_keeps_all_of_it() {
        let mut graph = graph();
        let set = |parts: &[u32]| Set {
            name: Some("f".to_owned()),
            krate: "b".to_owned(),
            module: String::new(),
            parts: parts.to_vec(),
            retained_bytes: Some(2000),
        };
        graph.sets = vec![set(&[7, 5])];
        let folded = Folded::new(&graph);
        assert_eq!(folded.functions()[&["f", "b", ""]], (2000, Some(2000), 4, 2), "`large`, kept by `main`");
        assert_eq!(folded.weight(&set(&[7])), (1000, Some(2000), 6, 5));
        assert_eq!(folded.weight(&set(&[2, 1])), (140, Some(2000), 0, -1), "nothing is above where the program begins");
        assert_eq!(folded.weight(&set(&[0])), (3, Some(2000), 7, 7), "kept by what is folded with it");
    }
}
