//! A directed graph of what uses what: what is reached, the shortest ways, and dominators. A node is a number.
//!
//! One node dominates another if every way from a root to that one goes through it, so what a node dominates goes when it goes.

use std::collections::{BinaryHeap, VecDeque};

/// No node.
const NONE: u32 = u32::MAX;

/// A list of nodes for each node, all in one allocation.
#[derive(Clone, Debug, Default)]
struct Lists {
    /// Where each node's list begins in `all`, and where the last one ends.
    starts: Vec<u32>,
    all: Vec<u32>,
}

impl Lists {
    /// The second node of each pair, by the first one.
    fn new(nodes: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; nodes + 1];
        for (from, _) in pairs.clone() {
            starts[from as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut all = vec![0; starts[nodes] as usize];
        for (from, to) in pairs {
            all[next[from as usize] as usize] = to;
            next[from as usize] += 1;
        }
        Self { starts, all }
    }

    fn of(&self, node: u32) -> &[u32] {
        let at = node as usize;
        &self.all[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// Which nodes use which, and which are there by themselves.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    uses: Lists,
    users: Lists,
    roots: Vec<u32>,
    /// The nearest dominator of each node; none for a root, and for what only several ways together keep.
    dominators: Vec<u32>,
    /// The nodes that are reached, each after its nearest dominator.
    order: Vec<u32>,
    cycles: Cycles,
}

/// Nodes that all use each other, directly or through others, are one component. A component has a higher number than those that it
/// uses; a node without cycles is one by itself.
#[derive(Clone, Debug, Default)]
struct Cycles {
    /// The component of each node; none where the node isn't reached.
    of: Vec<u32>,
    /// The nodes of each component.
    members: Lists,
    /// How much keeps each component: uses from outside of it, and roots in it.
    keepers: Vec<u32>,
}

impl Graph {
    /// A graph of so many nodes. Each edge says which node uses which one. A root that nothing leads to is one all the same.
    ///
    /// # Panics
    /// When a root or an edge names a node that isn't there.
    pub(super) fn new(nodes: usize, mut edges: Vec<(u32, u32)>, mut roots: Vec<u32>) -> Self {
        edges.retain(|(from, to)| from != to);
        edges.sort_unstable();
        edges.dedup();
        roots.sort_unstable();
        roots.dedup();
        let uses = Lists::new(nodes, edges.iter().copied());
        let users = Lists::new(nodes, edges.iter().map(|&(from, to)| (to, from)));
        let mut graph =
            Self { uses, users, roots, dominators: Vec::new(), order: Vec::new(), cycles: Cycles::default() };
        let found = Dominators::of(&graph);
        (graph.dominators, graph.order) = (found.nearest, found.order);
        graph.cycles = Cycles::of(&graph);
        graph
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.dominators.len()
    }

    /// What a node uses.
    pub(super) fn uses(&self, node: u32) -> &[u32] {
        self.uses.of(node)
    }

    /// What uses a node.
    pub(super) fn users(&self, node: u32) -> &[u32] {
        self.users.of(node)
    }

    /// The nodes that are there by themselves.
    pub(super) fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// The nearest node without which this one goes, if there is one.
    pub(super) fn dominator(&self, node: u32) -> Option<u32> {
        Some(self.dominators[node as usize]).filter(|dominator| *dominator != NONE)
    }

    /// For each node the sum of its own weight and of those that it dominates.
    pub(super) fn retained(&self, weights: &[u64]) -> Vec<u64> {
        let mut sums = weights.to_vec();
        for &node in self.order.iter().rev() {
            if let Some(dominator) = self.dominator(node) {
                sums[dominator as usize] += sums[node as usize];
            }
        }
        sums
    }

    /// Which nodes aren't reached any more when some are taken out, these among them: `gone[node]` tells whether one is.
    #[cfg(test)]
    fn without(&self, gone: &[bool]) -> Vec<bool> {
        let mut left = vec![false; self.len()];
        let mut open: Vec<u32> = Vec::new();
        let visit = |node: u32, left: &mut Vec<bool>, open: &mut Vec<u32>| {
            if !gone[node as usize] && !std::mem::replace(&mut left[node as usize], true) {
                open.push(node);
            }
        };
        self.roots.iter().for_each(|&root| visit(root, &mut left, &mut open));
        while let Some(node) = open.pop() {
            self.uses(node).iter().for_each(|&used| visit(used, &mut left, &mut open));
        }
        left.iter_mut().for_each(|left| *left = !*left);
        left
    }

    /// For each node the one before it on a shortest way from a root, through no node of `closed` but at its end; `None` where
    /// there is no such way. A root is before itself.
    pub(super) fn shortest(&self, closed: impl Fn(u32) -> bool) -> Vec<Option<u32>> {
        let mut before = vec![None; self.len()];
        let mut open: VecDeque<u32> = VecDeque::new();
        for &root in &self.roots {
            before[root as usize] = Some(root);
            open.push_back(root);
        }
        while let Some(node) = open.pop_front() {
            if closed(node) {
                continue;
            }
            for &used in self.uses(node) {
                if before[used as usize].is_none() {
                    before[used as usize] = Some(node);
                    open.push_back(used);
                }
            }
        }
        before
    }

    /// The nodes each of which dominates all of these, the farthest first. A node dominates itself.
    pub(super) fn common_dominators(&self, nodes: &[u32]) -> Vec<u32> {
        let mut below = vec![0_usize; self.len()];
        nodes.iter().for_each(|&node| below[node as usize] += 1);
        for &node in self.order.iter().rev() {
            if let Some(dominator) = self.dominator(node) {
                below[dominator as usize] += below[node as usize];
            }
        }
        let Some(&first) = nodes.first() else { return Vec::new() };
        let chain = std::iter::successors(Some(first), |&node| self.dominator(node));
        let mut common: Vec<u32> = chain.filter(|&node| below[node as usize] == nodes.len()).collect();
        common.reverse();
        common
    }

    /// Asks what goes with some nodes, again and again.
    pub(super) fn removal(&self) -> Removal<'_> {
        Removal {
            graph: self,
            is_taken: vec![false; self.len()],
            is_gone: vec![false; self.len()],
            lost: vec![0; self.cycles.keepers.len()],
        }
    }
}

/// What isn't reached any more when some nodes are taken out, found from these: only what they lead to is looked at, and of that
/// only as far as that goes. `lost` counts what no longer keeps a component, so a component whose cycles are whole is decided
/// by a number; one that something is taken out of is searched.
pub(super) struct Removal<'a> {
    graph: &'a Graph,
    is_taken: Vec<bool>,
    is_gone: Vec<bool>,
    lost: Vec<u32>,
}

impl Removal<'_> {
    /// The nodes that go with these, these among them, as far as they are reached at all.
    pub(super) fn of(&mut self, nodes: &[u32]) -> Vec<u32> {
        let cycles = &self.graph.cycles;
        let component = |node: u32| Some(cycles.of[node as usize]).filter(|component| *component != NONE);
        // Users of a component have a higher number, so that is decided before.
        let mut open: BinaryHeap<(u32, bool)> = BinaryHeap::new();
        for &node in nodes {
            self.is_taken[node as usize] = true;
            open.extend(component(node).map(|component| (component, true)));
        }
        let (mut gone, mut touched) = (Vec::new(), Vec::new());
        let mut last = NONE;
        while let Some((at, is_broken)) = open.pop() {
            if std::mem::replace(&mut last, at) == at {
                continue;
            }
            let before = gone.len();
            if is_broken {
                self.search(at, &mut gone);
            } else if self.lost[at as usize] == cycles.keepers[at as usize] {
                gone.extend_from_slice(cycles.members.of(at));
            }
            for &node in &gone[before..] {
                self.is_gone[node as usize] = true;
                let outside =
                    self.graph.uses(node).iter().filter_map(|&used| component(used)).filter(|used| *used != at);
                for used in outside {
                    if self.lost[used as usize] == 0 {
                        touched.push(used);
                        open.push((used, false));
                    }
                    self.lost[used as usize] += 1;
                }
            }
        }
        nodes.iter().for_each(|&node| self.is_taken[node as usize] = false);
        gone.iter().for_each(|&node| self.is_gone[node as usize] = false);
        touched.iter().for_each(|&component| self.lost[component as usize] = 0);
        gone
    }

    /// Adds what goes of a component that something is taken out of.
    fn search(&mut self, component: u32, gone: &mut Vec<u32>) {
        let graph = self.graph;
        let members = graph.cycles.members.of(component);
        if let [one] = members {
            return gone.push(*one);
        }
        let is_inside = |node: u32| graph.cycles.of[node as usize] == component;
        let is_kept = |node: u32, is_gone: &[bool]| {
            let is_reached = |user: u32| graph.cycles.of[user as usize] != NONE;
            graph.roots.binary_search(&node).is_ok()
                || graph.users(node).iter().any(|&user| !is_inside(user) && is_reached(user) && !is_gone[user as usize])
        };
        let mut open: Vec<u32> = members
            .iter()
            .copied()
            .filter(|&node| !self.is_taken[node as usize] && is_kept(node, &self.is_gone))
            .collect();
        // What is left is marked as taken as long as the search takes.
        open.iter().for_each(|&node| self.is_taken[node as usize] = true);
        let mut left = open.clone();
        while let Some(node) = open.pop() {
            for &used in graph.uses(node).iter().filter(|used| is_inside(**used)) {
                if !std::mem::replace(&mut self.is_taken[used as usize], true) {
                    open.push(used);
                    left.push(used);
                }
            }
        }
        left.iter().for_each(|&node| self.is_gone[node as usize] = true);
        gone.extend(members.iter().filter(|node| !self.is_gone[**node as usize]));
        left.iter().for_each(|&node| {
            self.is_gone[node as usize] = false;
            self.is_taken[node as usize] = false;
        });
    }
}

impl Cycles {
    /// Tarjan's algorithm, in the numbers of a search in depth: "Depth-First Search and Linear Graph Algorithms", 1972.
    fn of(graph: &Graph) -> Self {
        let (node, number, _) = Dominators::search(graph);
        let nodes = graph.len_of_lists();
        let mut of = vec![NONE; nodes];
        let mut least: Vec<u32> = number.clone();
        let mut is_open = vec![false; nodes];
        let (mut waiting, mut count) = (Vec::new(), 0_u32);
        let mut open: Vec<(u32, usize)> = Vec::new();
        for &root in &node[1..] {
            if of[root as usize] != NONE {
                continue;
            }
            open.push((root, 0));
            while let Some((from, at)) = open.last_mut() {
                let me = *from;
                if *at == 0 && !std::mem::replace(&mut is_open[me as usize], true) {
                    waiting.push(me);
                }
                if let Some(&used) = graph.uses(me).get(*at) {
                    *at += 1;
                    if of[used as usize] == NONE && is_open[used as usize] {
                        least[me as usize] = least[me as usize].min(number[used as usize]);
                    } else if of[used as usize] == NONE {
                        open.push((used, 0));
                    }
                    continue;
                }
                open.pop();
                if let Some((above, _)) = open.last() {
                    least[*above as usize] = least[*above as usize].min(least[me as usize]);
                }
                if least[me as usize] == number[me as usize] {
                    while let Some(last) = waiting.pop() {
                        of[last as usize] = count;
                        if last == me {
                            break;
                        }
                    }
                    count += 1;
                }
            }
        }
        let reached = node[1..].iter().map(|&node| (of[node as usize], node));
        let members = Lists::new(count as usize, reached);
        let mut keepers = vec![0; count as usize];
        graph.roots.iter().for_each(|&root| keepers[of[root as usize] as usize] += 1);
        for &from in &node[1..] {
            let used = graph.uses(from).iter().map(|&used| of[used as usize]);
            used.filter(|used| *used != of[from as usize]).for_each(|used| keepers[used as usize] += 1);
        }
        Self { of, members, keepers }
    }
}

/// The nearest dominators by the algorithm of Lengauer and Tarjan with path compression, in O(m log n) whatever the graph: "A Fast
/// Algorithm for Finding Dominators in a Flowgraph", 1979. Its numbers come from a depth-first search from a node before all roots,
/// which is 0.
struct Dominators {
    nearest: Vec<u32>,
    order: Vec<u32>,
}

/// What the search in depth found, and the forest that the algorithm links.
struct Forest {
    /// By number: the parent in the search.
    parent: Vec<u32>,
    /// By number: the semidominator.
    semi: Vec<u32>,
    /// By number: the ancestor in the forest that is linked so far.
    ancestor: Vec<u32>,
    /// By number: the number of least semidominator on the way to the ancestor.
    label: Vec<u32>,
}

impl Dominators {
    fn of(graph: &Graph) -> Self {
        let (node, number, parent) = Self::search(graph);
        let count = node.len();
        let numbers = || (0..u32::try_from(count).unwrap_or(NONE)).collect::<Vec<_>>();
        let mut forest = Forest { parent, semi: numbers(), ancestor: vec![NONE; count], label: numbers() };
        // Those whose semidominator a number is: a list in two arrays.
        let (mut bucket, mut next) = (vec![NONE; count], vec![NONE; count]);
        let mut nearest = vec![0; count];
        for at in (1..count).rev() {
            let me = at as u32;
            let is_root = graph.roots.binary_search(&node[at]).is_ok();
            let users = graph.users(node[at]).iter().map(|&user| number[user as usize]).filter(|user| *user != NONE);
            for user in users.chain(is_root.then_some(0)) {
                let best = forest.best(user);
                forest.semi[at] = forest.semi[at].min(forest.semi[best as usize]);
            }
            let semi = forest.semi[at] as usize;
            (next[at], bucket[semi]) = (bucket[semi], me);
            let parent = forest.parent[at];
            forest.ancestor[at] = parent;
            let mut waiting = std::mem::replace(&mut bucket[parent as usize], NONE);
            while waiting != NONE {
                let best = forest.best(waiting);
                let is_less = forest.semi[best as usize] < forest.semi[waiting as usize];
                nearest[waiting as usize] = if is_less { best } else { parent };
                waiting = next[waiting as usize];
            }
        }
        let mut dominators = Self { nearest: vec![NONE; graph.len_of_lists()], order: node[1..].to_vec() };
        for at in 1..count {
            if nearest[at] != forest.semi[at] {
                nearest[at] = nearest[nearest[at] as usize];
            }
            if nearest[at] != 0 {
                dominators.nearest[node[at] as usize] = node[nearest[at] as usize];
            }
        }
        dominators
    }

    /// The nodes in the order of a search in depth, after a first one that stands before the roots; the number of each node; and
    /// each number's parent.
    fn search(graph: &Graph) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
        let mut number = vec![NONE; graph.len_of_lists()];
        let (mut node, mut parent) = (vec![NONE], vec![NONE]);
        // A node's number, and which of its uses comes next.
        let mut open: Vec<(u32, usize)> = vec![(0, 0)];
        while let Some((from, at)) = open.last_mut() {
            let uses = if *from == 0 { graph.roots.as_slice() } else { graph.uses(node[*from as usize]) };
            let Some(&used) = uses.get(*at) else {
                open.pop();
                continue;
            };
            *at += 1;
            if number[used as usize] == NONE {
                let me = node.len() as u32;
                number[used as usize] = me;
                node.push(used);
                parent.push(*from);
                open.push((me, 0));
            }
        }
        (node, number, parent)
    }
}

impl Forest {
    /// The number of least semidominator on the way up from this one, without the end of that way; it makes the way short.
    fn best(&mut self, number: u32) -> u32 {
        let mut way = Vec::new();
        let mut at = number;
        while self.ancestor[at as usize] != NONE && self.ancestor[self.ancestor[at as usize] as usize] != NONE {
            way.push(at);
            at = self.ancestor[at as usize];
        }
        for &below in way.iter().rev() {
            let above = self.ancestor[below as usize];
            let (mine, other) = (self.label[below as usize], self.label[above as usize]);
            if self.semi[other as usize] < self.semi[mine as usize] {
                self.label[below as usize] = other;
            }
            self.ancestor[below as usize] = self.ancestor[above as usize];
        }
        self.label[number as usize]
    }
}

impl Graph {
    /// The number of nodes while dominators aren't known yet.
    fn len_of_lists(&self) -> usize {
        self.uses.starts.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes with each node, found by taking it out.
    fn by_removal(graph: &Graph) -> Vec<Vec<bool>> {
        let nothing = graph.without(&vec![false; graph.len()]);
        let without = |node: usize| {
            let mut gone = vec![false; graph.len()];
            gone[node] = true;
            let mut gone = graph.without(&gone);
            gone.iter_mut().zip(&nothing).for_each(|(gone, before)| *gone &= !*before);
            gone
        };
        (0..graph.len()).map(without).collect()
    }

    fn dominates(graph: &Graph, node: u32, other: u32) -> bool {
        std::iter::successors(Some(other), |&at| graph.dominator(at)).any(|at| at == node)
    }

    #[test]
    fn a_diamond_is_kept_by_its_tip() {
        // 0 uses 1 and 2, which both use 3; 3 uses 4, and 5 is used by nothing.
        let graph = Graph::new(6, vec![(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (5, 4), (1, 1)], vec![0, 0]);
        assert_eq!((1..5).map(|node| graph.dominator(node)).collect::<Vec<_>>(), [Some(0), Some(0), Some(0), Some(3)]);
        assert_eq!((graph.dominator(0), graph.dominator(5)), (None, None));
        assert_eq!(graph.retained(&[1, 10, 100, 1000, 10_000, 7]), [11_111, 10, 100, 11_000, 10_000, 7]);
        assert_eq!(graph.common_dominators(&[4, 1]), [0]);
        assert_eq!(graph.common_dominators(&[4]), [0, 3, 4]);
        assert_eq!((graph.users(4), graph.uses(1), graph.order.len()), (&[3, 5][..], &[3][..], 5));
    }

    #[test]
    fn what_two_roots_keep_has_no_dominator() {
        let graph = Graph::new(3, vec![(0, 2), (1, 2)], vec![0, 1]);
        assert_eq!(graph.dominator(2), None);
        assert_eq!(graph.without(&[true, true, false]), [true, true, true]);
        assert_eq!(graph.without(&[true, false, false]), [true, false, false]);
        assert!(graph.common_dominators(&[2, 0]).is_empty());
    }

    #[test]
    fn dominators_are_what_taking_each_node_out_shows() {
        // A linear congruential generator: the same graphs each time, with cycles, several roots, and nodes out of reach.
        let mut state = 1_u64;
        let mut random = |below: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 33).unwrap() % below
        };
        for nodes in [1, 2, 5, 12, 30] {
            for _ in 0..40 {
                let edges = (0..=random(3 * nodes)).map(|_| (random(nodes), random(nodes))).collect();
                let roots = (0..=random(3)).map(|_| random(nodes)).collect();
                let graph = Graph::new(nodes as usize, edges, roots);
                let removed = by_removal(&graph);
                for (node, other) in (0..nodes).flat_map(|node| (0..nodes).map(move |other| (node, other))) {
                    let is_reached = graph.order.contains(&other);
                    let expected = removed[node as usize][other as usize];
                    assert_eq!(is_reached && dominates(&graph, node, other), expected, "{node} {other} {graph:?}");
                }
                let mut removal = graph.removal();
                for _ in 0..4 {
                    let taken: Vec<u32> = (0..=random(4)).map(|_| random(nodes)).collect();
                    let mut gone = vec![false; nodes as usize];
                    taken.iter().for_each(|node| gone[*node as usize] = true);
                    let gone = graph.without(&gone);
                    let is_gone = |node: &u32| gone[*node as usize] && graph.order.contains(node);
                    let mut found = removal.of(&taken);
                    found.sort_unstable();
                    assert_eq!(found, (0..nodes).filter(is_gone).collect::<Vec<_>>(), "{taken:?} {graph:?}");
                }
                let place = |node: u32| graph.order.iter().position(|&at| at == node).unwrap();
                assert!(graph.order.iter().all(|&node| graph.dominator(node).is_none_or(|by| place(by) < place(node))));
            }
        }
    }

    #[test]
    fn a_shortest_way_ends_at_what_is_closed() {
        let graph = Graph::new(5, vec![(0, 1), (1, 2), (2, 3), (0, 4), (4, 3)], vec![0]);
        assert_eq!(graph.shortest(|_| false), [Some(0), Some(0), Some(1), Some(4), Some(0)]);
        assert_eq!(graph.shortest(|node| node == 4)[3], Some(2), "not through 4");
        assert_eq!(graph.shortest(|node| node == 0), [Some(0), None, None, None, None]);
    }

    #[test]
    fn a_long_chain_and_a_large_cycle_take_no_stack() {
        let nodes = 200_000;
        let mut edges: Vec<(u32, u32)> = (0..nodes - 1).map(|node| (node, node + 1)).collect();
        edges.push((nodes - 1, 0));
        let graph = Graph::new(nodes as usize, edges, vec![0]);
        assert_eq!(graph.retained(&vec![1; nodes as usize])[0], u64::from(nodes));
        assert_eq!(graph.removal().of(&[nodes / 2]).len(), nodes as usize / 2);
    }
}
