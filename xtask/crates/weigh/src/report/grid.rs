//! A table for a terminal that breaks no word: cells go over several lines between words, and where even that is too wide each row
//! becomes a few lines of its own.

use base::numbers::wrap;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use console::measure_text_width;
use std::fmt;

/// A table.
pub struct Grid {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Columns of numbers.
    right: Vec<usize>,
    width: Option<usize>,
}

/// Spaces around the cells of a row, for each column.
const AROUND: usize = 2;

impl Grid {
    /// A table that is at most so wide, if it can be.
    pub fn new(titles: &[&str], width: Option<usize>) -> Self {
        let titles = titles.iter().map(|title| (*title).to_owned()).collect();
        Self { titles, rows: Vec::new(), right: Vec::new(), width }
    }

    /// Lets the numbers of a column end below each other.
    pub fn right(&mut self, column: usize) {
        self.right.push(column);
    }

    /// Adds a row: a cell for each title.
    pub fn add_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// The width of each column in which no word is broken; none if there is no room for that.
    fn columns(&self, width: usize) -> Option<Vec<usize>> {
        let widest = |column: usize, measure: &dyn Fn(&str) -> usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).chain([&self.titles[column]]);
            cells.map(|cell| measure(cell)).max().unwrap_or_default()
        };
        let word = |cell: &str| cell.split(' ').map(measure_text_width).max().unwrap_or_default();
        let whole: Vec<usize> = (0..self.titles.len()).map(|column| widest(column, &measure_text_width)).collect();
        let mut columns: Vec<usize> = (0..self.titles.len()).map(|column| widest(column, &word)).collect();
        // The space at the end of a line is not drawn.
        let mut left = (width + 1).checked_sub(columns.iter().map(|column| column + AROUND).sum())?;
        // The column that wants most gets the next one.
        while left > 0 {
            let wants = |column: &usize| whole[*column].saturating_sub(columns[*column]);
            let Some(most) = (0..columns.len()).max_by_key(wants).filter(|column| wants(column) > 0) else { break };
            columns[most] += 1;
            left -= 1;
        }
        Some(columns)
    }

    fn draw(&self, columns: Option<&[usize]>) -> String {
        let fit = |cells: &[String]| -> Vec<String> {
            let fit = |(column, cell): (usize, &String)| wrap(cell, columns.map(|columns| columns[column]), 0);
            cells.iter().enumerate().map(fit).collect()
        };
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(fit(&self.titles));
        for row in &self.rows {
            table.add_row(fit(row));
        }
        for column in &self.right {
            if let Some(column) = table.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }

    /// A row after the other, each cell behind its title.
    fn records(&self, width: usize) -> String {
        let mut lines: Vec<String> =
            self.titles.first().filter(|title| !title.is_empty()).iter().map(|title| format!(" {title}")).collect();
        for row in &self.rows {
            let mut cells = self.titles.iter().zip(row);
            lines.extend(cells.next().map(|(_, first)| wrap(&format!("   {first}"), Some(width), 3)));
            for (title, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
                lines.push(wrap(&format!("     {title}: {cell}"), Some(width), 7));
            }
        }
        lines.join("\n")
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drawn = match self.width.map(|width| (width, self.columns(width))) {
            None => self.draw(None),
            Some((_, Some(columns))) => self.draw(Some(&columns)),
            Some((width, None)) => self.records(width),
        };
        f.write_str(&drawn.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(width: Option<usize>) -> String {
        let mut grid = Grid::new(&["[profile.release]", "value", "from", "rustc gets"], width);
        for row in [
            ["opt-level", "\"z\"", "Cargo.toml:14 [profile.release]", "z"],
            ["lto", "false", "Cargo's default", "thin-local"],
            ["strip", "\"debuginfo\"", "CARGO_PROFILE_RELEASE_STRIP in your environment", "debuginfo"],
        ] {
            grid.add_row(row.map(str::to_owned));
        }
        grid.right(1);
        grid.to_string()
    }

    #[test]
    fn no_word_is_broken_at_any_width() {
        insta::assert_snapshot!("grid-100", settings(Some(100)));
        insta::assert_snapshot!("grid-90", settings(Some(90)));
        insta::assert_snapshot!("grid-60", settings(Some(60)));
        insta::assert_snapshot!("grid-40", settings(Some(40)));
        let whole = settings(None);
        for width in 20..130 {
            let text = settings(Some(width));
            for word in whole.split_whitespace() {
                // A title may have a colon behind it.
                assert!(
                    text.split_whitespace().any(|other| other.trim_end_matches(':') == word),
                    "{width}: {word}\n{text}"
                );
            }
            if width >= 35 {
                assert!(text.lines().all(|line| measure_text_width(line) <= width), "{width}:\n{text}");
            }
        }
        assert_eq!(settings(Some(200)), whole);
        assert!(whole.lines().all(|line| line == line.trim_end()), "{whole}");
    }
}
