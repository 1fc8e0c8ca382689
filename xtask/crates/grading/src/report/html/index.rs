//! The class page: who has what, what many got wrong, and what a person must look at.

mod answers;
mod everything;
mod guesses;

use super::markup::{Html, bar, el, marked, marks, text};
use super::tally::{clusters, hard_goals, judged, spread, tenths};
use super::{Column, LISTING, changes, frame, number, paragraph, people, picture, prose, score, section, table, words};
use crate::report::{ANSWER_WAITS, Gradebook, Row, points};
use base::numbers::{plural, thousands};
use course::diagnostic::Code;
use std::collections::{BTreeMap, BTreeSet};

/// The page for the instructor. It links to `students/<file_name(student)>.html`. `also` leads to other pages about the class.
pub(crate) fn page(book: &Gradebook, also: &[(&str, &str)]) -> String {
    let mut parts = vec![
        ("summary", "Summary", summary(book)),
        ("review", "Needs review", review(book)),
        ("people", "Missing and unknown", people::lists(book)),
    ];
    parts.extend(book.since.as_ref().map(|since| ("since", "What has changed", changes::summary(since))));
    parts.extend([
        ("answers", "Answers to read", answers::list(book)),
        ("guesses", "What the class expected", guesses::list(book)),
        ("problems", "What went wrong", problems(book)),
        ("goals", "Hardest goals", goals(book)),
        ("points", "Points", all_points(book)),
        ("sizes", "Sizes", sizes(book)),
    ]);
    let link = |href: &str, heading: &str| el("li", &[], [el("a", &[("href", href)], [text(heading)])]);
    let mut links: Vec<Html> = parts.iter().map(|(id, heading, _)| link(&format!("#{id}"), heading)).collect();
    links.push(link("#all", everything::HEADING));
    links.extend(also.iter().map(|(href, heading)| link(href, heading)));
    let mut body = vec![el("nav", &[("aria-label", "On this page")], [el("ul", &[], links)])];
    body.extend(parts.into_iter().map(|(id, heading, content)| section(id, heading, content)));
    body.push(everything::section(book));
    frame(book, &book.title, Some(&LISTING), body)
}

fn student(row: &Row) -> Html {
    people::student(&row.student)
}

fn summary(book: &Gradebook) -> Vec<Html> {
    let students: BTreeSet<&str> = book.rows.iter().map(|row| row.student.as_str()).collect();
    let full = judged(book).iter().filter(|row| row.score.is_some_and(|score| score >= row.max_score)).count();
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    for row in book.rows.iter().filter(|row| row.is_handed_in()) {
        *statuses.entry(&row.status).or_default() += 1;
    }
    let handed_in = book.rows.iter().filter(|row| row.is_handed_in()).count();
    let of_review = book.rows.iter().filter(|row| !reasons(row).is_empty()).count();
    let of_answers = book.rows.iter().filter(|row| waits_for_a_reader(row)).count();
    let count = |count: usize| thousands(count as u64);
    let mut rows = vec![
        ("students".to_owned(), count(students.len())),
        ("handed in".to_owned(), format!("{} of {}", count(handed_in), count(book.rows.len()))),
        ("with full points".to_owned(), count(full)),
        ("needing review".to_owned(), count(of_review)),
        ("with an unread answer".to_owned(), count(of_answers)),
    ];
    let mut links: Vec<Option<String>> = vec![
        None,
        None,
        Some(query(&[("flag", "full")])),
        Some(query(&[("flag", "review")])),
        Some(query(&[("flag", "answer")])),
    ];
    for (status, number) in statuses {
        rows.push((format!("status {status}"), count(number)));
        links.push(Some(query(&[("status", status)])));
    }
    for (what, number) in [
        ("students who handed in nothing", people::handed_in_nothing(book).len()),
        ("entries that aren't in the roster", book.unknown.len()),
    ] {
        rows.push((what.to_owned(), count(number)));
        links.push(None);
    }
    let rows = rows.into_iter().zip(links).map(|((what, count), show)| {
        let count = match show {
            Some(show) if count != "0" => el("span", &[("data-show", &show)], [text(&count)]),
            _ => text(&count),
        };
        vec![text(&what), count]
    });
    let mut content = failed(book);
    content.push(table(
        "counts",
        "Counts of submissions: one for each student and exercise",
        &[words("what"), number("number")],
        rows,
    ));
    content
}

/// What broke on our side: separate from everything else, because it says nothing about any student.
fn failed(book: &Gradebook) -> Vec<Html> {
    let ours: Vec<&Row> = book.sorted().into_iter().filter(|row| row.is_ours()).collect();
    if ours.is_empty() {
        return Vec::new();
    }
    let of = book.rows.iter().filter(|row| row.is_handed_in()).count();
    let note = format!(
        "Not graded yet: {} of {} submissions, because something failed on our side (infra-error). Grade again: only \
         these are retried.",
        thousands(ours.len() as u64),
        thousands(of as u64)
    );
    let count = ours.len();
    let rows = ours.into_iter().map(|row| {
        vec![student(row), text(&row.exercise), text(row.message.as_deref().unwrap_or("the reason isn't known"))]
    });
    let columns = [words("student"), words("exercise"), prose("what failed")];
    let table = table("failed", "Not graded, for reasons that aren't the students' fault", &columns, rows);
    // Most often all of them failed for the same reason.
    let fold = el("summary", &[], [text(&format!("Show the {}", plural(count, "submission")))]);
    vec![el("p", &[("class", "stamp")], [text(&note)]), el("details", &[], [fold, table])]
}

/// Why a person should look at it. Answers have their own table, and so does what failed on our side.
fn reasons(row: &Row) -> Vec<&String> {
    row.needs_review.iter().filter(|reason| *reason != ANSWER_WAITS && !row.is_ours()).collect()
}

fn waits_for_a_reader(row: &Row) -> bool {
    row.needs_review.iter().any(|reason| reason == ANSWER_WAITS)
}

fn review(book: &Gradebook) -> Vec<Html> {
    let rows: Vec<&Row> = book.sorted().into_iter().filter(|row| !reasons(row).is_empty()).collect();
    if rows.is_empty() {
        return vec![paragraph("Nothing here needs review.")];
    }
    let rows = rows.into_iter().map(|row| {
        let reasons = el("ul", &[], reasons(row).iter().map(|reason| el("li", &[], [marked(reason)])));
        vec![student(row), text(&row.exercise), text(&score(row)), reasons]
    });
    let columns = [words("student"), words("exercise"), number("points"), prose("why")];
    vec![
        paragraph("Points stay as they are until an instructor decides. Write decisions in overrides.toml."),
        table("reviews", "Submissions to review", &columns, rows),
    ]
}

fn all_points(book: &Gradebook) -> Vec<Html> {
    let (tenths, judged) = (tenths(book), judged(book));
    if judged.is_empty() {
        return vec![paragraph("Nothing is graded yet.")];
    }
    let most = tenths.iter().copied().max().unwrap_or_default().max(1);
    let shares = tenths.iter().enumerate().map(|(tenth, &count)| {
        let label = match tenth {
            10 => "full points".to_owned(),
            _ => format!("{} to {} %", tenth * 10, tenth * 10 + 9),
        };
        vec![text(&label), text(&count.to_string()), bar(count as f64 / most as f64)]
    });
    let columns = [words("share of the points"), number("submissions"), picture("in proportion")];
    let shares = table("shares", "How many submissions earned which share of the points", &columns, shares);
    let rows = judged.chunk_by(|a, b| a.exercise == b.exercise).filter_map(|rows| {
        let spread = spread(rows.iter().filter_map(|row| row.score).collect())?;
        let full = rows.iter().filter(|row| row.score.is_some_and(|score| score >= row.max_score)).count();
        let most = rows.iter().map(|row| row.max_score).max().unwrap_or_default();
        let cells = [
            rows.len().to_string(),
            full.to_string(),
            points(spread.smallest),
            points(spread.median),
            points(spread.largest),
            points(most),
        ];
        Some([text(&rows[0].exercise)].into_iter().chain(cells.iter().map(|cell| text(cell))).collect())
    });
    let columns: [Column; 7] = [
        words("exercise"),
        number("submissions"),
        number("full"),
        number("lowest"),
        number("median"),
        number("highest"),
        number("of"),
    ];
    vec![shares, table("points-by-exercise", "Points by exercise", &columns, rows)]
}

fn sizes(book: &Gradebook) -> Vec<Html> {
    let mut rows = Vec::new();
    for of_exercise in judged(book).chunk_by(|a, b| a.exercise == b.exercise) {
        let sizes: Vec<u64> = of_exercise.iter().filter_map(|row| row.size_bytes).collect();
        let Some(spread_of) = spread(sizes.clone()) else { continue };
        let baseline = spread(of_exercise.iter().filter_map(|row| row.size_baseline).collect()).map(|all| all.median);
        // The line begins at the smallest size: programs differ by less than what they have in common.
        let start = baseline.unwrap_or(u64::MAX).min(spread_of.smallest);
        let length = baseline.unwrap_or_default().max(spread_of.largest).saturating_sub(start).max(1) as f64;
        // A mark at the end must have room for its width.
        let at = |bytes: u64| bytes.saturating_sub(start) as f64 / length * 0.99;
        let mut drawn: Vec<_> = sizes.iter().map(|&size| (at(size), 0.006, "mark")).collect();
        drawn.extend(baseline.map(|baseline| (at(baseline), 0.008, "baseline")));
        let bytes = |bytes: u64| text(&thousands(bytes));
        rows.push(vec![
            text(&of_exercise[0].exercise),
            text(&sizes.len().to_string()),
            bytes(spread_of.smallest),
            bytes(spread_of.median),
            bytes(spread_of.largest),
            baseline.map(bytes).unwrap_or_default(),
            marks(&drawn),
        ]);
    }
    if rows.is_empty() {
        return vec![paragraph("No submission has a size.")];
    }
    let columns = [
        words("exercise"),
        number("submissions"),
        number("smallest"),
        number("median"),
        number("largest"),
        number("baseline"),
        picture("each size"),
    ];
    vec![
        paragraph(
            "Bytes of the executable. The baseline is what an exercise compares with. In the picture, which goes from the \
             smallest to the largest, each mark is a submission and the tall one is the baseline.",
        ),
        table("sizes-by-exercise", "Sizes by exercise, in bytes", &columns, rows),
    ]
}

fn problems(book: &Gradebook) -> Vec<Html> {
    let clusters = clusters(book);
    if clusters.is_empty() {
        return vec![paragraph("No goal failed.")];
    }
    let rows = clusters.iter().map(|cluster| {
        let count = cluster.rows.len();
        let who = cluster.rows.iter().map(|row| el("li", &[], [student(row)]));
        let fold = format!("{count} {}", if count == 1 { "student" } else { "students" });
        let who = el("details", &[], [el("summary", &[], [text(&fold)]), el("ul", &[("class", "names")], who)]);
        let meaning = marked(Code::of(cluster.code).map_or("an unlisted problem", Code::meaning));
        let show = query(&[("exercise", cluster.exercise), ("code", cluster.code)]);
        let code = el("code", &[("class", "muted whole"), ("data-show", &show)], [text(cluster.code)]);
        vec![
            Html::all([meaning, text(" "), code]),
            text(cluster.exercise),
            text(&format!("{count} of {}", cluster.of)),
            bar(count as f64 / cluster.of.max(1) as f64),
            who,
        ]
    });
    let columns = [prose("what"), words("exercise"), number("submissions"), picture("share"), words("whose")];
    vec![
        paragraph("One submission may have several of these. It counts once for each."),
        table("codes", "What went wrong, most common first", &columns, rows),
    ]
}

/// A query that selects rows in the table of all submissions, as its script reads it from the address.
fn query(values: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let sign = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(sign).collect()
    };
    values.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

fn goals(book: &Gradebook) -> Vec<Html> {
    let goals = hard_goals(book);
    if goals.is_empty() {
        return vec![paragraph("Every submission met every goal.")];
    }
    let rows = goals.iter().take(15).map(|goal| {
        let show = query(&[("goal", &format!("{}/{}", goal.exercise, goal.id))]);
        let what = [marked(goal.text), text(" ("), el("code", &[("data-show", &show)], [text(goal.id)]), text(")")];
        vec![
            text(goal.exercise),
            Html::all(what),
            text(&format!("{} of {}", goal.met, goal.of)),
            bar(goal.met as f64 / goal.of as f64),
        ]
    });
    let columns = [words("exercise"), prose("goal"), number("met by"), picture("share")];
    vec![table("hard", "The goals met by the fewest, at most 15", &columns, rows)]
}
