//! Different ways to solve an exercise, side by side.

use crate::approaches::Measured;
use base::numbers::{change, thousands, wrap};
use std::fmt::Write as _;
use weigh::report::grid::Grid;

/// A table of what was measured, and what each way gives up. Sizes are compared with the row `against`.
pub fn text(rows: &[Measured], against: usize, width: Option<usize>) -> String {
    let has_work = rows.iter().any(|row| row.work.is_some());
    let mut titles = vec!["approach", "bytes", "change"];
    titles.extend(has_work.then_some("instructions"));
    titles.push("goals");
    let mut grid = Grid::new(&titles, width);
    (1..titles.len() - 1).for_each(|column| grid.right(column));
    let reference = rows.get(against).and_then(|row| row.bytes);
    for (index, row) in rows.iter().enumerate() {
        let bytes = row.bytes.map_or_else(|| "not built".to_owned(), thousands);
        let change = match (row.bytes, reference) {
            (Some(bytes), Some(reference)) if index != against => change(bytes, reference),
            _ => String::new(),
        };
        let mut cells = vec![row.name.clone(), bytes, change];
        cells.extend(has_work.then(|| row.work.map(|(own, other)| percent(own, other)).unwrap_or_default()));
        cells.push(match row.missed.as_slice() {
            [] => "all met".to_owned(),
            missed => format!("misses {}", missed.join(", ")),
        });
        grid.add_row(cells);
    }
    let mut text = format!("{grid}\n");
    for row in rows.iter().filter(|row| !row.what.is_empty()) {
        let _ = write!(text, "\n{}\n", wrap(&format!("{}: {}", row.name, row.what), width, 2));
    }
    text
}

/// The work of one program in percent of another's.
fn percent(own: u64, other: u64) -> String {
    format!("{:.0} %", own as f64 * 100.0 / other.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, bytes: Option<u64>, work: Option<(u64, u64)>, missed: &[&str], what: &str) -> Measured {
        let missed = missed.iter().map(|&goal| goal.to_owned()).collect();
        Measured { name: name.to_owned(), what: what.to_owned(), bytes, work, missed }
    }

    fn rows() -> [Measured; 4] {
        let what = "LTO optimizes the program once more, at its own level: no loop is vectorized there.";
        [
            row("yours", Some(363_568), Some((40_600_000, 40_500_000)), &[], ""),
            row("the course's", Some(362_376), Some((40_600_000, 40_500_000)), &[], ""),
            row("3 for kernel alone", Some(337_360), Some((158_200_000, 40_500_000)), &["speed"], what),
            row("no std", None, None, &["output", "size"], "It doesn't compile."),
        ]
    }

    #[test]
    fn ways_are_shown_side_by_side_on_wide_and_narrow_terminals() {
        insta::assert_snapshot!(text(&rows(), 1, Some(100)));
        insta::assert_snapshot!(text(&rows(), 1, Some(44)));
        let without_work = rows().map(|row| Measured { work: None, ..row });
        assert!(!text(&without_work, 1, None).contains("instructions"));
    }
}
