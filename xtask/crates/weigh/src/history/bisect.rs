//! Finds the revision by which a program has grown, with few builds: half of what is left is ruled out by each.

use anyhow::Result;
use base::failure::{Exit, Failure};
use base::numbers;

/// How much larger than at the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Growth {
    /// In percent.
    Percent(f64),
    /// In bytes.
    Bytes(u64),
}

impl Growth {
    /// Reads `5%` or `20 kB`.
    ///
    /// # Errors
    /// When it is neither, or nothing.
    pub(super) fn parse(text: &str) -> Result<Self> {
        const HELP: &str = "write how much larger it became, such as `5%` or `20 kB`";
        if text.trim().parse::<f64>().is_ok_and(|number| number > 0.0) {
            let message = format!("--bisect: `{text}` could mean bytes or percent");
            return Err(Failure::new(Exit::Usage, message).help(format!("write `{text}%` or `{text} B`")).into());
        }
        let parsed = match text.trim().ends_with('%') {
            true => numbers::parse_percent(text).map(Self::Percent),
            false => numbers::parse_bytes(text).map(Self::Bytes),
        };
        let growth = parsed.map_err(|what| Failure::new(Exit::Usage, format!("--bisect: {what}")).help(HELP))?;
        match growth {
            Self::Percent(percent) if percent > 0.0 => Ok(growth),
            Self::Bytes(bytes) if bytes > 0 => Ok(growth),
            _ => Err(Failure::new(Exit::Usage, format!("--bisect: `{text}` isn't an amount of growth"))
                .help(HELP)
                .into()),
        }
    }

    /// The fewest bytes of a program that has grown so much.
    fn limit(self, bytes: u64) -> u64 {
        match self {
            Self::Percent(percent) => (bytes as f64 * (1.0 + percent / 100.0)).ceil() as u64,
            Self::Bytes(more) => bytes.saturating_add(more),
        }
    }
}

/// What a search has found. Revisions are counted from the oldest one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// The fewest bytes of a program that has grown so much; 0 where no revision can be built.
    pub(crate) limit: u64,
    /// The last revision that is smaller, and the first one that isn't.
    pub(crate) found: Option<(usize, usize)>,
    /// Revisions between these two, which can't be built.
    pub(crate) between: usize,
    /// How many builds it took.
    pub(crate) builds: usize,
    /// Among how many revisions.
    pub(crate) among: usize,
}

impl Search {
    /// The same with other numbers for the revisions.
    pub(super) fn renumbered(self, number: impl Fn(usize) -> usize) -> Self {
        Self { found: self.found.map(|(before, at)| (number(before), number(at))), ..self }
    }
}

/// Builds of a search in which every revision can be built: both ends, and one for each halving.
pub(super) fn most_builds(count: usize) -> usize {
    match count {
        0..=2 => count,
        _ => 2 + (count - 2).ilog2() as usize + 1,
    }
}

/// Searches the first revision that has grown so much since the first one that can be built. `size` builds one.
///
/// It is assumed that the program crosses the limit once. Where it does so several times, one of these is found.
///
/// # Errors
/// When `size` fails. That a revision can't be built isn't an error.
pub(super) fn first(
    count: usize,
    growth: Growth,
    size: &mut impl FnMut(usize) -> Result<Option<u64>>,
) -> Result<Search> {
    let mut search = Search { limit: 0, found: None, between: 0, builds: 0, among: count };
    let Some((mut low, bytes)) = nearest(0..count, size)? else { return Ok(search) };
    search.limit = growth.limit(bytes);
    let Some((mut high, bytes)) = nearest((low + 1..count).rev(), size)? else { return Ok(search) };
    if bytes < search.limit {
        return Ok(search);
    }
    while let Some((middle, bytes)) = nearest(from_the_middle(low + 1, high), size)? {
        if bytes < search.limit { low = middle } else { high = middle }
    }
    search.found = Some((low, high));
    search.between = high - low - 1;
    Ok(search)
}

/// The first of these that can be built, and its bytes.
fn nearest(
    candidates: impl Iterator<Item = usize>,
    size: &mut impl FnMut(usize) -> Result<Option<u64>>,
) -> Result<Option<(usize, u64)>> {
    for index in candidates {
        if let Some(bytes) = size(index)? {
            return Ok(Some((index, bytes)));
        }
    }
    Ok(None)
}

/// Every number from `start` to before `end`, the one in the middle first.
fn from_the_middle(start: usize, end: usize) -> impl Iterator<Item = usize> {
    let mut all: Vec<usize> = (start..end).collect();
    let middle = start.midpoint(end.saturating_sub(1).max(start));
    all.sort_by_key(|index| index.abs_diff(middle));
    all.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches in sizes, of which 0 is a revision that can't be built; also says how many were looked at.
    fn search(sizes: &[u64], growth: Growth) -> (Search, usize) {
        let mut seen = vec![false; sizes.len()];
        let found = first(sizes.len(), growth, &mut |index| {
            seen[index] = true;
            Ok(Some(sizes[index]).filter(|bytes| *bytes > 0))
        });
        (found.unwrap(), seen.into_iter().filter(|seen| *seen).count())
    }

    #[test]
    fn the_revision_is_found_wherever_it_is_with_few_builds() {
        for count in 2..=130 {
            for at in 1..count {
                let sizes: Vec<u64> = (0..count).map(|index| if index < at { 1000 } else { 1050 }).collect();
                let (found, builds) = search(&sizes, Growth::Percent(5.0));
                assert_eq!((found.found, found.between), (Some((at - 1, at)), 0));
                assert!(builds <= most_builds(count), "{builds} of {count}, at {at}");
            }
        }
        assert_eq!([2, 3, 4, 10, 100].map(most_builds), [2, 3, 4, 6, 9]);
    }

    #[test]
    fn what_has_not_grown_so_much_is_not_found() {
        let (found, builds) = search(&[1000, 1010, 1020, 1049], Growth::Percent(5.0));
        assert_eq!((found.limit, found.found, builds), (1050, None, 2));
        assert_eq!(search(&[1000, 990], Growth::Bytes(1)).0.found, None);
        assert_eq!(search(&[1000], Growth::Bytes(1)).0.found, None);
        assert_eq!(search(&[], Growth::Bytes(1)).0.found, None);
    }

    #[test]
    fn revisions_that_cannot_be_built_are_passed_over() {
        assert_eq!(search(&[0, 1000, 0, 0, 2000, 0], Growth::Bytes(500)).0.found, Some((1, 4)));
        assert_eq!(search(&[0, 1000, 0, 0, 2000, 0], Growth::Bytes(500)).0.between, 2);
        assert_eq!(search(&[1000, 0, 1000, 0, 2000, 2000], Growth::Bytes(500)).0.found, Some((2, 4)));
        assert_eq!(search(&[0, 0], Growth::Bytes(500)).0.found, None);
    }

    #[test]
    fn one_of_several_growths_is_found() {
        let sizes = [1000, 2000, 1000, 1000, 2000];
        let (before, at) = search(&sizes, Growth::Bytes(500)).0.found.unwrap();
        assert!(sizes[before] < 1500 && sizes[at] >= 1500);
    }

    #[test]
    fn a_growth_is_in_percent_or_bytes() {
        assert_eq!(Growth::parse("5%").unwrap(), Growth::Percent(5.0));
        assert_eq!(Growth::parse("0.5 %").unwrap(), Growth::Percent(0.5));
        assert_eq!(Growth::parse("20 kB").unwrap(), Growth::Bytes(20_000));
        for wrong in ["0", "0%", "-5%", "5", "0.5", "x", ""] {
            assert!(Growth::parse(wrong).unwrap_err().to_string().starts_with("--bisect: "), "{wrong}");
        }
        assert_eq!(Growth::Percent(5.0).limit(999), 1049);
    }
}
