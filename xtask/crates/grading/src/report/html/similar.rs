//! The pages of similar submissions: the groups and pairs of a class, and each pair side by side. Their words never say that anyone
//! has copied, because equal files don't.

mod side;

use super::listing::{self, Filter, listing};
use super::markup::{Html, el, text};
use super::{Column, LISTING, Script, id_of, number, page, paragraph, prose, section, table, words};
use crate::report::similar::{Group, OfExercise, Pair, Report};
use base::numbers::plural;
use std::sync::LazyLock;
use weigh::report::html::digest;

/// For two files side by side.
static SIDES: Script =
    Script { text: include_str!("similar.js"), digest: LazyLock::new(|| digest(include_str!("similar.js"))) };

/// What the pages without names say about themselves.
const ANONYMOUS: &str = "Students have codes in place of names.";

/// Whether a page of similar submissions has codes instead of names.
pub(crate) fn is_anonymous(page: &[u8]) -> bool {
    String::from_utf8_lossy(page).contains(ANONYMOUS)
}

/// The page that leads to all others.
pub(crate) fn index(report: &Report) -> String {
    let title = format!("{}: similar submissions", report.title);
    let compared: usize = report.exercises.iter().map(|of| of.submissions).sum();
    let mut head =
        vec![el("p", &[("class", "muted")], [text(&format!("{} compared", plural(compared, "submission")))])];
    if report.is_anonymous {
        head.push(paragraph(ANONYMOUS));
    }
    let mut body = vec![section("reading", "How to read this", reading())];
    let pairs: Vec<(&OfExercise, &Pair)> =
        report.exercises.iter().flat_map(|of| of.pairs.iter().map(move |pair| (of, pair))).collect();
    body.push(section("exercises", "By exercise", [exercises(report)]));
    for of in &report.exercises {
        body.extend(of.notes.iter().map(|note| paragraph(&format!("{}: {note}.", of.exercise))));
    }
    body.push(section("equal", "Equal submissions", groups(report)));
    if pairs.is_empty() {
        body.push(section(
            "pairs",
            "Similar pairs",
            [paragraph("No two submissions have enough in common to be shown.")],
        ));
        return page(&title, head, None, body);
    }
    body.push(all_pairs(report, &pairs));
    page(&title, head, Some(&LISTING), body)
}

fn reading() -> Vec<Html> {
    [
        "Similar submissions have many innocent reasons: one right answer, the same lecture, the same example in the \
         documentation, collaboration that was allowed. Nothing here says that anyone has copied, and nothing here \
         changes points. Talk to the students before you decide anything.",
        "Only the files that learners edit are compared, without names, comments and layout. What is in the starter, in the \
         course's solution or in many submissions counts for nothing. What is left is counted in units: a token of Rust is 1, a \
         word of an answer 3, a setting in a TOML file 10.",
        "The fewer units a typical submission has of its own, the less it means when two are equal. Where an exercise has only a \
         few right answers, equality means nothing.",
    ]
    .map(paragraph)
    .into()
}

fn exercises(report: &Report) -> Html {
    let rows = report.exercises.iter().map(|of| {
        let OfExercise { exercise, submissions, variants, typical, least, pairs, left_out, .. } = of;
        let meaning = if typical < least {
            "There is little room for differences: equality means nothing by itself"
        } else {
            "There is room for differences"
        };
        let shown = if *left_out > 0 {
            format!("{} of {}", pairs.len(), pairs.len() + left_out)
        } else {
            pairs.len().to_string()
        };
        let counts = [submissions.to_string(), variants.to_string(), typical.to_string(), of.common_above.to_string()];
        let cells = counts.iter().map(|count| text(count));
        [text(exercise)].into_iter().chain(cells).chain([text(&shown), text(meaning)]).collect()
    });
    let columns = [
        words("exercise"),
        number("submissions"),
        number("different"),
        number("typical units"),
        number("common above"),
        number("pairs"),
        prose("what being equal means"),
    ];
    table("room", "How much room each exercise leaves", &columns, rows)
}

fn students(all: &[String]) -> Html {
    let shown = all.iter().take(MOST).map(|student| el("li", &[], [id_of(student)]));
    let rest = (all.len() > MOST).then(|| el("li", &[], [text(&format!("and {} more", all.len() - MOST))]));
    el("ul", &[("class", "names")], shown.chain(rest))
}

/// Names of one group in a cell; the CSV has all of them.
const MOST: usize = 40;

fn groups(report: &Report) -> Vec<Html> {
    let all = || report.exercises.iter().flat_map(|of| of.groups.iter().map(move |group| (of, group)));
    let row = |(of, group): (&OfExercise, &Group)| {
        let equal = if group.to_the_byte { "to the byte" } else { "except for names, comments and layout" };
        vec![
            text(&of.exercise),
            text(equal),
            text(&format!("{} of {}", group.students.len(), of.submissions)),
            text(&group.own.to_string()),
            students(&group.students),
        ]
    };
    let columns: fn() -> [Column; 5] =
        || [words("exercise"), words("equal"), number("submissions"), number("own units"), prose("whose")];
    let (little, much): (Vec<_>, Vec<_>) = all().partition(|(_, group)| group.says_little);
    let mut content = Vec::new();
    if much.is_empty() {
        content.push(paragraph("No group of equal submissions has enough original content to be meaningful."));
    } else {
        content.push(paragraph(
            "These submissions are equal, and have more original content than chance would explain. If much of the class has the same content, it's more likely the obvious answer.",
        ));
        content.push(table("equal-groups", "Groups of equal submissions", &columns(), much.into_iter().map(row)));
    }
    if !little.is_empty() {
        let count = plural(little.len(), "group");
        let summary = el("summary", &[], [text(&format!("{count} with too little original content to be meaningful"))]);
        let rows = table("little", "Equal, but not meaningful", &columns(), little.into_iter().map(row));
        content.push(el("details", &[], [summary, rows]));
    }
    content
}

fn all_pairs(report: &Report, pairs: &[(&OfExercise, &Pair)]) -> Html {
    let rows = pairs.iter().map(|(of, pair)| {
        let rarest = pair.passages.iter().map(|passage| passage.submissions).min().unwrap_or_default();
        let link = el("a", &[("href", &pair.page)], [text(&pair.page.replace(".html", ""))]);
        let share = |share: u32| (text(&format!("{share} %")), Some(share.to_string()));
        listing::Row {
            cells: vec![
                (link, Some(format!("{} {:06}", of.exercise, pair.matched))),
                (text(&of.exercise), None),
                (students(&pair.a.students), None),
                share(pair.a.share),
                (students(&pair.b.students), None),
                share(pair.b.share),
                (text(&pair.matched.to_string()), None),
                (text(&format!("{rarest} of {}", of.submissions)), Some(rarest.to_string())),
            ],
            values: vec![("data-exercise", vec![of.exercise.clone()])],
        }
    });
    let columns = [
        words("pair"),
        words("exercise"),
        prose("one"),
        number("of its own"),
        prose("other"),
        number("of its own"),
        number("units in common"),
        number("rarest in"),
    ];
    let all = report.exercises.iter().filter(|of| !of.pairs.is_empty());
    let options = all.map(|of| (of.exercise.clone(), format!("{} ({})", of.exercise, of.pairs.len()))).collect();
    let filters = [Filter { key: "data-exercise", label: "Exercise", groups: vec![(String::new(), options)] }];
    listing(
        "pairs",
        "Similar pairs",
        "Pairs of similar submissions, the strongest of each exercise first",
        "pairs",
        &columns,
        &filters,
        rows,
    )
}

/// The page of a pair.
pub(crate) fn pair(report: &Report, of: &OfExercise, pair: &Pair, scrub: &dyn Fn(&str) -> String) -> String {
    let name = pair.page.replace(".html", "");
    let title = format!("{}: {name}", report.title);
    let whose = |students: &[String]| match students {
        [student] => id_of(student),
        _ => Html::all([id_of(&students[0]), text(&format!(" and {} with equal files", students.len() - 1))]),
    };
    let mut body = vec![
        el("p", &[], [el("a", &[("href", "index.html")], [text("All similar submissions")])]),
        paragraph(
            "Shared passages are marked and numbered. Pale text is in the starter, in the solution or in many \
             submissions, and counts for nothing. Similar work doesn't prove anything.",
        ),
    ];
    let rows = (1..).zip(&pair.passages).map(|(number, passage)| {
        let at = |side: &crate::report::similar::Side, place| {
            let (first, last) = side.lines(place);
            let lines = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
            format!("{}, {lines}", side.files[place.file].path)
        };
        vec![
            el("a", &[("href", &format!("#a-{number}"))], [text(&number.to_string())]),
            text(&at(&pair.a, passage.a)),
            text(&at(&pair.b, passage.b)),
            text(&passage.units.to_string()),
            text(&format!("{} of {}", passage.submissions, of.submissions)),
        ]
    });
    let columns =
        [words("passage"), prose("in one"), prose("in the other"), number("units"), number("submissions that have it")];
    body.push(table("passages", "Shared passages", &columns, rows));
    let button = |way: &str, words: &str| el("button", &[("type", "button"), ("data-go", way)], [text(words)]);
    let steps = [
        button("-1", "Previous passage"),
        button("1", "Next passage"),
        el("span", &[("class", "muted")], [text("or the keys p and n in the files")]),
        el("p", &[("role", "status")], []),
    ];
    body.push(el("div", &[("class", "steps"), ("hidden", ""), ("data-steps", "")], steps));
    let place_a = |passage: &crate::report::similar::Passage| passage.a;
    let place_b = |passage: &crate::report::similar::Passage| passage.b;
    let one = side::html("a", "b", &whose(&pair.a.students), &pair.a, &pair.passages, &place_a, scrub);
    let other = side::html("b", "a", &whose(&pair.b.students), &pair.b, &pair.passages, &place_b, scrub);
    body.push(el("div", &[("class", "sides")], [one, other]));
    let about = format!(
        "{}: {} units in common; {} % of the first submission's own content, {} % of the second's",
        of.exercise, pair.matched, pair.a.share, pair.b.share
    );
    let head = vec![el("p", &[("class", "muted")], [text(&about)])];
    page(&title, head, Some(&SIDES), body)
}
