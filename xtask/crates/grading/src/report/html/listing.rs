//! A table of thousands of rows with filters above it. The rows are in the page, so without a script there is a plain
//! table; html/listing.js sorts, filters and searches it.

use super::markup::{Html, el, text, void};
use super::{Column, cells, section, table_of};

/// A way to choose rows: a select whose options are values that rows have.
pub(super) struct Filter {
    /// What rows call the value, in `data-KEY`.
    pub key: &'static str,
    /// Its label.
    pub label: &'static str,
    /// The values, each with its label, in groups whose heading may be empty.
    pub groups: Vec<(String, Vec<(String, String)>)>,
}

/// A row: its cells, each with an optional sort key, and the values that filters look for.
pub(super) struct Row {
    /// The cells, in the order of the columns.
    pub cells: Vec<(Html, Option<String>)>,
    /// This row's values for each filter.
    pub values: Vec<(&'static str, Vec<String>)>,
}

/// A section with its filters and its table. `what` is the plural name of the rows.
pub(super) fn listing(
    id: &str,
    heading: &str,
    caption: &str,
    what: &str,
    columns: &[Column],
    filters: &[Filter],
    rows: impl IntoIterator<Item = Row>,
) -> Html {
    let rows = rows.into_iter().map(|row| {
        // A value is any text; the script splits it at this character.
        let values = row.values.iter().filter(|(_, values)| !values.is_empty()).map(|(key, values)| {
            let values: Vec<String> = values.iter().map(|value| value.replace('|', "/")).collect();
            (*key, values.join("|"))
        });
        let values: Vec<(&'static str, String)> = values.collect();
        let attributes: Vec<(&'static str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        el("tr", &attributes, cells(columns, row.cells))
    });
    let table = table_of(&format!("{id}-table"), caption, columns, rows);
    let more = el("p", &[], [el("button", &[("type", "button"), ("data-more", ""), ("hidden", "")], [])]);
    section(id, heading, [controls(id, what, filters), table, more])
}

fn controls(id: &str, what: &str, filters: &[Filter]) -> Html {
    let field = |key: &str, label: &str, control: &dyn Fn(&str) -> Html| {
        let name = format!("{id}-{key}");
        el("p", &[("class", "field")], [el("label", &[("for", &name)], [text(label)]), control(&name)])
    };
    let search = field("q", "Search", &|name| {
        void(
            "input",
            &[("type", "search"), ("id", name), ("name", "q"), ("autocomplete", "off"), ("spellcheck", "false")],
        )
    });
    let selects = filters.iter().filter(|filter| filter.groups.iter().any(|(_, all)| !all.is_empty())).map(|filter| {
        let option = |value: &str, words: &str| el("option", &[("value", value)], [text(words)]);
        let groups = filter.groups.iter().map(|(heading, all)| {
            let options = Html::all(all.iter().map(|(value, words)| option(&value.replace('|', "/"), words)));
            if heading.is_empty() { options } else { el("optgroup", &[("label", heading)], [options]) }
        });
        let options = Html::all([option("", "any")].into_iter().chain(groups));
        let key = filter.key.trim_start_matches("data-");
        field(key, filter.label, &|name| el("select", &[("id", name), ("name", key)], [options.clone()]))
    });
    let fields = Html::all([search].into_iter().chain(selects));
    let reset = el("button", &[("type", "button"), ("data-reset", "")], [text("Clear filters")]);
    let foot = el("div", &[("class", "foot")], [el("p", &[("role", "status")], []), reset]);
    let label = format!("Filter the {what}");
    let attributes = [
        ("class", "controls"),
        ("role", "search"),
        ("aria-label", &*label),
        ("data-listing", ""),
        ("data-what", what),
        ("hidden", ""),
    ];
    el("div", &attributes, [el("div", &[("class", "fields")], [fields]), foot])
}
