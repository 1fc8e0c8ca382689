//! Finds which of thousands of token sequences have passages in common. As MOSS does it, sequences meet only in an index of
//! fingerprints that winnowing has chosen; as `JPlag` does it, a pair that has met is then covered with the longest equal runs.
//!
//! What counts is what two have and very few others: a run of tokens that is in the starter or in the solution counts
//! for nothing, and so does a longer run that many have. A rare run counts more than one that some have. Programs are
//! made of phrases that everyone uses. So for a class a run is three times as long as for what was given: the order of
//! phrases is one's own.

use course::tokens::Token;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A sequence to compare.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// Its tokens, file by file.
    pub tokens: Vec<Token>,
    /// Which file each token is in.
    pub files: Vec<usize>,
    /// How many submissions have this sequence.
    pub copies: usize,
}

/// A run of tokens that two sequences have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tile {
    /// How many tokens. The first field, because the longest comes first.
    pub length: usize,
    /// The first token in one.
    pub a: usize,
    /// The first token in the other.
    pub b: usize,
}

/// Two sequences that are alike.
#[derive(Debug)]
pub(super) struct Alike {
    /// One of them.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// Units in common that count.
    pub matched: usize,
    /// The share of its own content that each has in common, from 0 to 1.
    pub shares: [f64; 2],
    /// What they have in common, in the order of the first; each with the number of submissions that have its rarest part.
    pub tiles: Vec<(Tile, usize)>,
}

/// What is known about a class.
#[derive(Debug)]
pub(super) struct Class {
    sequences: Vec<Sequence>,
    /// For each sequence the hash of the gram that begins at each token; none where a file ends before.
    grams: Vec<Vec<Option<u64>>>,
    /// The same for grams that are three times as long, except settings, which have no order.
    long: Vec<Vec<Option<u64>>>,
    /// How many submissions have a gram, a short or a long one.
    submissions_with: HashMap<u64, usize>,
    /// Grams of the starter and of the solution.
    given: HashSet<u64>,
    /// How many submissions there are.
    pub submissions: usize,
    /// Anything that more submissions than this have is common.
    pub common_above: usize,
}

/// Units that two must share, at least: seven lines of Rust, two sentences, six settings.
pub(super) const LEAST: usize = 60;
/// The minimum share of its own content that one of the two must have in common.
const LEAST_SHARE: f64 = 0.5;
/// The number of neighboring grams from which one is chosen.
const WINDOW: usize = 4;
/// Pairs that meet in the index, at most; then the rarest fingerprints have had their turn.
const MOST_MEETINGS: usize = 20_000_000;
/// Pairs that are compared token by token, at most: those that meet most often.
const MOST_COMPARED: usize = 4_000;
/// Places of one gram in a sequence that are tried: a file of one token a thousand times would take all day.
const MOST_PLACES: usize = 16;
/// Runs of a pair that are looked at, and the tokens in them: files made to be slow to compare are compared less closely.
const MOST_RUNS: usize = 50_000;
const MOST_STEPS: usize = 300_000;

/// How long a gram is that begins with a token.
fn short(token: Token) -> usize {
    usize::from(token.gram)
}

/// How long it is where it is compared with a whole class.
fn long(token: Token) -> usize {
    if token.gram == 1 { 1 } else { 3 * usize::from(token.gram) }
}

/// The hash of the gram that begins at each token.
fn grams(sequence: &Sequence, length: fn(Token) -> usize) -> Vec<Option<u64>> {
    let Sequence { tokens, files, .. } = sequence;
    let mut end = tokens.len();
    let mut all = vec![None; tokens.len()];
    for at in (0..tokens.len()).rev() {
        let is_last = at + 1 == tokens.len() || files[at + 1] != files[at] || tokens[at + 1].gram != tokens[at].gram;
        if is_last {
            end = at + 1;
        }
        let length = length(tokens[at]);
        if at + length <= end {
            let mut hasher = DefaultHasher::new();
            length.hash(&mut hasher);
            for token in &tokens[at..at + length] {
                token.kind.hash(&mut hasher);
            }
            all[at] = Some(hasher.finish());
        }
    }
    all
}

impl Class {
    /// Learns what is common. `given` is what everyone has been given.
    pub(super) fn new(sequences: Vec<Sequence>, given: &[Sequence]) -> Self {
        let [all, longer]: [Vec<Vec<Option<u64>>>; 2] =
            [short, long].map(|length| sequences.iter().map(|sequence| grams(sequence, length)).collect());
        let mut submissions_with: HashMap<u64, usize> = HashMap::new();
        for ((sequence, grams), longer) in sequences.iter().zip(&all).zip(&longer) {
            for gram in grams.iter().chain(longer).flatten().collect::<HashSet<_>>() {
                *submissions_with.entry(*gram).or_default() += sequence.copies;
            }
        }
        let submissions: usize = sequences.iter().map(|sequence| sequence.copies).sum();
        let given = given.iter().flat_map(|sequence| grams(sequence, short)).flatten().collect();
        // A tenth of a class, but three friends are never "many", and more than half always is.
        let common_above = (submissions / 10).max(3);
        Self { sequences, grams: all, long: longer, submissions_with, given, submissions, common_above }
    }

    /// The sequences.
    pub(super) fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// How many submissions have a gram, counting those with exactly these two sequences once.
    fn count(&self, gram: u64, copies: usize) -> usize {
        self.submissions_with.get(&gram).copied().unwrap_or_default().saturating_sub(copies)
    }

    fn is_common(&self, gram: u64, copies: usize) -> bool {
        let count = self.count(gram, copies);
        count > self.common_above || self.submissions > copies + 3 && count * 2 > self.submissions - copies
    }

    /// For each token of a sequence whether it is common: part of a gram that was given or that many others have.
    pub(super) fn common(&self, at: usize) -> Vec<bool> {
        self.common_without(at, self.sequences[at].copies - 1)
    }

    /// The same, where this many submissions don't count.
    fn common_without(&self, at: usize, copies: usize) -> Vec<bool> {
        let sequence = &self.sequences[at];
        let mut common = vec![false; sequence.tokens.len()];
        let mut until = 0;
        for (place, token) in sequence.tokens.iter().enumerate() {
            if self.grams[at][place].is_some_and(|gram| self.given.contains(&gram)) {
                until = until.max(place + short(*token));
            }
            if self.long[at][place].is_some_and(|gram| self.is_common(gram, copies)) {
                until = until.max(place + long(*token));
            }
            common[place] = place < until;
        }
        common
    }

    fn units(&self, at: usize, common: &[bool]) -> usize {
        let tokens = self.sequences[at].tokens.iter().zip(common);
        tokens.filter(|(_, common)| !**common).map(|(token, _)| usize::from(token.units)).sum()
    }

    /// Units that are a sequence's own: not given, and not common to many others.
    pub(super) fn own(&self, at: usize) -> usize {
        self.units(at, &self.common(at))
    }

    /// Units that are not common in the whole class: an answer that many give has none.
    pub(super) fn rare(&self, at: usize) -> usize {
        self.units(at, &self.common_without(at, 0))
    }

    /// The pairs that are alike, the strongest first.
    pub(super) fn pairs(&self) -> Vec<Alike> {
        let common: Vec<Vec<bool>> = (0..self.sequences.len()).map(|at| self.common(at)).collect();
        let own: Vec<usize> = common.iter().enumerate().map(|(at, common)| self.units(at, common)).collect();
        let mut met: Vec<((u32, u32), u32)> = self.meetings(&own).into_iter().collect();
        met.sort_unstable_by_key(|&(pair, count)| (std::cmp::Reverse(count), pair));
        met.truncate(MOST_COMPARED);
        let compared = met.into_iter().filter_map(|((a, b), _)| self.pair(a as usize, b as usize, &common, &own));
        let mut alike: Vec<Alike> = compared.collect();
        let strength = |pair: &Alike| pair.matched as f64 * pair.shares[0].max(pair.shares[1]);
        alike.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then((a.a, a.b).cmp(&(b.a, b.b))));
        alike
    }

    /// How many rare fingerprints two sequences have in common.
    fn meetings(&self, own: &[usize]) -> HashMap<(u32, u32), u32> {
        let mut index: HashMap<u64, Vec<u32>> = HashMap::new();
        for (at, sequence) in self.sequences.iter().enumerate().filter(|(at, _)| own[*at] >= LEAST) {
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            let mut chosen = winnowed(sequence, &self.grams[at]);
            chosen.extend(winnowed(sequence, &self.long[at]));
            for gram in chosen {
                if !self.given.contains(&gram) && !self.is_common(gram, sequence.copies - 1) {
                    index.entry(gram).or_default().push(number);
                }
            }
        }
        let mut lists: Vec<Vec<u32>> = index.into_values().filter(|list| list.len() > 1).collect();
        lists.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        let mut met: HashMap<(u32, u32), u32> = HashMap::new();
        let mut meetings = 0;
        for list in lists {
            meetings += list.len() * list.len() / 2;
            if meetings > MOST_MEETINGS {
                break;
            }
            for (place, &a) in list.iter().enumerate() {
                for &b in &list[place + 1..] {
                    *met.entry((a.min(b), a.max(b))).or_default() += 1;
                }
            }
        }
        met
    }

    fn pair(&self, a: usize, b: usize, common: &[Vec<bool>], own: &[usize]) -> Option<Alike> {
        let [one, other] = [&self.sequences[a], &self.sequences[b]];
        let copies = one.copies + other.copies - 2;
        let mut tiles = Vec::new();
        let (mut weighted, mut matched) = (0.0, [0, 0]);
        for tile in self.tiles(a, b) {
            let within = |grams: &[Option<u64>], length: fn(Token) -> usize| {
                let end = tile.a + tile.length;
                let inside = (tile.a..end).filter(|&at| at + length(one.tokens[at]) <= end);
                inside.filter_map(|at| grams[at]).map(|gram| self.count(gram, 0)).min()
            };
            // How many have all of it isn't known; it is at most this.
            let rarest = within(&self.long[a], long).or_else(|| within(&self.grams[a], short));
            let rarest = rarest.unwrap_or(self.submissions);
            if rarest - copies.min(rarest) > self.common_above {
                continue;
            }
            let units = |at: usize, tokens: &[Token], common: &[bool], first: usize| {
                let place = first + at;
                if common[place] { 0 } else { usize::from(tokens[place].units) }
            };
            let of_a: usize = (0..tile.length).map(|at| units(at, &one.tokens, &common[a], tile.a)).sum();
            let of_b: usize = (0..tile.length).map(|at| units(at, &other.tokens, &common[b], tile.b)).sum();
            // That a run begins is chance; that it continues isn't. A setting isn't a run.
            let chance = Some(short(one.tokens[tile.a])).filter(|&gram| gram > 1).unwrap_or_default();
            let [of_a, of_b] = [of_a, of_b].map(|units| units.saturating_sub(chance));
            if of_a.min(of_b) == 0 {
                continue;
            }
            weighted += of_a.min(of_b) as f64 * rarity(rarest.saturating_sub(copies), self.submissions - copies);
            matched = [matched[0] + of_a, matched[1] + of_b];
            tiles.push((tile, rarest));
        }
        let shares = [matched[0] as f64 / own[a].max(1) as f64, matched[1] as f64 / own[b].max(1) as f64];
        if (weighted as usize) < LEAST || shares[0].max(shares[1]) < LEAST_SHARE {
            return None;
        }
        tiles.sort_by_key(|(tile, _)| tile.a);
        Some(Alike { a, b, matched: weighted as usize, shares, tiles })
    }

    /// Covers two sequences with the longest equal runs, each token in one run at most.
    fn tiles(&self, a: usize, b: usize) -> Vec<Tile> {
        let [one, other] = [&self.sequences[a], &self.sequences[b]];
        let (mut runs, mut steps) = self.equal_runs(a, b);
        let (mut taken_a, mut taken_b) = (vec![false; one.tokens.len()], vec![false; other.tokens.len()]);
        let mut tiles = Vec::new();
        while let Some(run) = runs.pop() {
            steps += run.length;
            if steps > 2 * MOST_STEPS {
                break;
            }
            for part in run.without(&taken_a, &taken_b) {
                if part.length < usize::from(one.tokens[part.a].gram) {
                    continue;
                }
                if part.length < run.length {
                    runs.push(part);
                    continue;
                }
                taken_a[part.a..part.a + part.length].fill(true);
                taken_b[part.b..part.b + part.length].fill(true);
                tiles.push(part);
            }
        }
        tiles
    }

    /// The equal runs of two sequences, the longest on top, and how many steps it took to find them.
    fn equal_runs(&self, a: usize, b: usize) -> (BinaryHeap<Tile>, usize) {
        let [one, other] = [&self.sequences[a], &self.sequences[b]];
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, gram) in self.grams[b].iter().enumerate() {
            let of_gram = gram.map(|gram| places.entry(gram).or_default());
            of_gram.filter(|of_gram| of_gram.len() < MOST_PLACES).into_iter().for_each(|of_gram| of_gram.push(place));
        }
        let fits = |i: usize, j: usize| {
            one.tokens[i].kind == other.tokens[j].kind && one.tokens[i].gram == other.tokens[j].gram
        };
        let mut runs: BinaryHeap<Tile> = BinaryHeap::new();
        let mut steps = 0;
        for (i, gram) in self.grams[a].iter().enumerate() {
            for &j in gram.and_then(|gram| places.get(&gram)).into_iter().flatten() {
                // A run that begins earlier holds this one.
                let is_inside = i > 0
                    && j > 0
                    && one.files[i - 1] == one.files[i]
                    && other.files[j - 1] == other.files[j]
                    && fits(i - 1, j - 1);
                if is_inside && self.grams[a][i - 1].is_some() && self.grams[a][i - 1] == self.grams[b][j - 1] {
                    continue;
                }
                let mut length = 0;
                while i + length < one.tokens.len()
                    && j + length < other.tokens.len()
                    && one.files[i + length] == one.files[i]
                    && other.files[j + length] == other.files[j]
                    && fits(i + length, j + length)
                {
                    length += 1;
                }
                steps += length;
                if runs.len() < MOST_RUNS && steps < MOST_STEPS {
                    runs.push(Tile { length, a: i, b: j });
                }
            }
        }
        (runs, steps)
    }
}

impl Tile {
    /// What is left of it between tokens that are taken.
    fn without(self, taken_a: &[bool], taken_b: &[bool]) -> Vec<Self> {
        let is_free = |at: usize| !taken_a[self.a + at] && !taken_b[self.b + at];
        let mut parts = Vec::new();
        let mut start = None;
        for at in 0..=self.length {
            let free = at < self.length && is_free(at);
            match (start, free) {
                (None, true) => start = Some(at),
                (Some(from), false) => {
                    parts.push(Self { length: at - from, a: self.a + from, b: self.b + from });
                    start = None;
                }
                _ => {}
            }
        }
        parts
    }
}

/// How significant it is that two have what `count` of all have: 1 for those two alone, 0 for everyone.
fn rarity(count: usize, all: usize) -> f64 {
    if count <= 2 {
        return 1.0;
    }
    ((all as f64 / count as f64).ln() / (all as f64 / 2.0).ln()).clamp(0.0, 1.0)
}

/// Of each few neighboring grams the one with the smallest hash: so two sequences with a long run in common choose the same.
fn winnowed(sequence: &Sequence, grams: &[Option<u64>]) -> HashSet<u64> {
    let mut chosen = HashSet::new();
    let mut start = 0;
    while start < grams.len() {
        if grams[start].is_none() {
            start += 1;
            continue;
        }
        let run = grams[start..].iter().take_while(|gram| gram.is_some()).count();
        let run_of: Vec<u64> = grams[start..start + run].iter().flatten().copied().collect();
        // A setting is a fingerprint by itself.
        let window = if sequence.tokens[start].gram == 1 { 1 } else { WINDOW.min(run) };
        chosen.extend(run_of.windows(window).filter_map(|window| window.iter().min().copied()));
        start += run;
    }
    chosen
}

/// Equal sequences, by what they are.
pub(super) fn by_sequence(sequences: &[(Vec<Token>, Vec<usize>)]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Vec<(u64, usize)>, Vec<usize>> = BTreeMap::new();
    for (at, (tokens, files)) in sequences.iter().enumerate() {
        let key = tokens.iter().map(|token| token.kind).zip(files.iter().copied()).collect();
        groups.entry(key).or_default().push(at);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.sort();
    groups
}
