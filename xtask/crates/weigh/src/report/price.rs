//! A price list: for people, for GitHub and mdBook, for spreadsheets, and as JSON.

use super::anatomy::of_sign;
use super::grid::Grid;
use super::prose;
use crate::inspect::price::{Kind, PIECES, Price, Prices, Row};
use base::numbers::thousands;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The sections of a list, in their order: which rows, and what their numbers are.
const SECTIONS: [(Kind, &str); 3] = [
    (Kind::Line, "one of these in an empty program"),
    (Kind::Piece, "each additional one, when there are many"),
    (Kind::Together, "two of these in one program"),
];

/// The list for a terminal.
pub(crate) fn text(prices: &Prices, width: Option<usize>) -> String {
    let mut text = match head(prices) {
        Some(head) => prose(&head, width) + "\n",
        None => String::new(),
    };
    for (kind, title) in SECTIONS {
        let rows = of_kind(prices, kind);
        if rows.is_empty() {
            continue;
        }
        let titles = titles(prices, kind);
        let mut grid = Grid::new(&titles, width);
        (1..titles.len() - 1).for_each(|column| grid.right(column));
        rows.iter().for_each(|price| grid.add_row(cells(prices, price)));
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}\n{grid}", prose(title, width));
    }
    text
}

/// The list for GitHub and mdBook.
pub(crate) fn markdown(prices: &Prices) -> String {
    let mut text = head(prices).map(|head| head + "\n").unwrap_or_default();
    for (kind, _) in SECTIONS {
        let rows = of_kind(prices, kind);
        if rows.is_empty() {
            continue;
        }
        let titles = titles(prices, kind);
        if !text.is_empty() {
            text.push('\n');
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text += &line(&titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>());
        let under = (0..titles.len()).map(|column| if (1..titles.len() - 1).contains(&column) { "--:" } else { "---" });
        text += &format!("|{}|\n", under.collect::<Vec<_>>().join("|"));
        for price in rows {
            let mut cells = cells(prices, price);
            cells[0] = format!("`{}`", cells[0]);
            let what = cells.len() - 1;
            cells[what] = escaped(&cells[what]);
            text += &line(&cells);
        }
    }
    text
}

/// What would be read as a tag or a column.
fn escaped(text: &str) -> String {
    text.replace('<', "&lt;").replace('|', "\\|")
}

/// The list for spreadsheets: a cell is empty where nothing is known.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn csv(prices: &Prices) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["kind", "name", "bytes", "apart_bytes", "what"])?;
    for Price { row, bytes, apart_bytes, .. } in &prices.rows {
        let known = |bytes: &Option<i64>| bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        writer.write_record([row.kind.name(), &row.name, &known(bytes), &known(apart_bytes), &row.what])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// `size-workshop/price/1`. Sizes in bytes.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(prices: &Prices) -> serde_json::Result<String> {
    let Prices { profile, toolchain, target, empty_bytes, rows } = prices;
    let row = |price: &Price| {
        let Price { row, source, bytes, apart_bytes } = price;
        let Row { name, what, kind, prints, keeps, own, parts, .. } = row;
        json!({
            "name": name, "kind": kind.name(), "what": what, "bytes": bytes, "apart_bytes": apart_bytes, "parts": parts,
            "prints": prints, "keeps": keeps, "own": own, "source": source,
        })
    };
    super::json::document(&json!({
        "schema": "size-workshop/price/1", "toolchain": toolchain, "target": target, "profile": profile,
        "empty_bytes": empty_bytes, "pieces": PIECES, "rows": rows.iter().map(row).collect::<Vec<Value>>(),
    }))
}

/// A program of the list, under its name.
pub(crate) fn source(row: &Row, source: &str) -> String {
    format!("// {}: {}\n{source}", row.name, row.what)
}

/// What the numbers belong to; none where there are no numbers.
fn head(prices: &Prices) -> Option<String> {
    let Prices { profile, toolchain, target, empty_bytes, .. } = prices;
    let empty = thousands((*empty_bytes)?);
    let profile = profile.as_deref().unwrap_or_default();
    let with: Vec<&str> = [toolchain, target].into_iter().flatten().map(String::as_str).collect();
    Some(format!("Under `{profile}` ({}), an empty program is {empty} bytes. Bytes above that:", with.join(", ")))
}

fn of_kind(prices: &Prices, kind: Kind) -> Vec<&Price> {
    prices.rows.iter().filter(|price| price.row.kind == kind).collect()
}

fn titles(prices: &Prices, kind: Kind) -> Vec<&'static str> {
    match (prices.empty_bytes, kind) {
        (None, _) => vec!["name", "what"],
        (Some(_), Kind::Line) => vec!["name", "bytes", "what"],
        (Some(_), Kind::Piece) => vec!["name", "bytes each", "what"],
        (Some(_), Kind::Together) => vec!["name", "bytes", "apart", "shared", "what"],
    }
}

/// A cell for each title.
fn cells(prices: &Prices, price: &Price) -> Vec<String> {
    let Price { row, bytes, apart_bytes, .. } = price;
    let mut cells = vec![row.name.clone()];
    if prices.empty_bytes.is_some() {
        cells.push(bytes.map(of_sign).unwrap_or_default());
        if let (Kind::Together, Some(bytes), Some(apart)) = (row.kind, bytes, apart_bytes) {
            cells.extend([of_sign(*apart), of_sign(apart - bytes)]);
        }
    }
    cells.push(row.what.clone());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::price::sample;
    use crate::report::tests::assert_fits;

    #[test]
    fn a_price_list_in_every_format() {
        let prices = sample();
        let json = json(&prices).unwrap();
        testbed::schema::document(&json);
        insta::assert_snapshot!("price-text", text(&prices, None));
        insta::assert_snapshot!("price-text-40", text(&prices, Some(40)));
        insta::assert_snapshot!("price-markdown", markdown(&prices));
        insta::assert_snapshot!("price-csv", csv(&prices).unwrap());
        insta::assert_snapshot!("price-json", json);
        for width in [40, 60, 80, 120] {
            assert_fits(&text(&prices, Some(width)), width);
        }
    }

    #[test]
    fn a_list_without_prices_has_no_column_for_them() {
        let mut prices = sample();
        prices.empty_bytes = None;
        prices.rows.iter_mut().for_each(|price| (price.bytes, price.apart_bytes) = (None, None));
        let listed = text(&prices, None);
        assert!(!listed.contains("bytes") && listed.contains("print-text"), "{listed}");
        testbed::schema::document(&json(&prices).unwrap());
    }
}
