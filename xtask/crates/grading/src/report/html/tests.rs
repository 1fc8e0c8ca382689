//! What a browser and a reader must be able to rely on, for both kinds of page.

use super::*;
use crate::report::file_name;
use crate::report::tests::{HOSTILE, sample};

fn pages(book: &Gradebook) -> Vec<String> {
    let students = book.rows.iter().map(|row| student(book, &row.student));
    let also = [("similar/index.html", "Similar submissions")];
    [index(book, &also)].into_iter().chain(changes(book)).chain(students).collect()
}

/// The tags of a page without their attributes.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split([' ', '>']).next().unwrap()).collect()
}

#[test]
fn hostile_text_makes_no_element_and_no_command() {
    let mut book = sample();
    book.title = HOSTILE.to_owned();
    for row in &mut book.rows {
        (row.exercise, row.message) = (HOSTILE.to_owned(), Some(HOSTILE.to_owned()));
        (row.status, row.timestamp, row.due) = (HOSTILE.to_owned(), Some(HOSTILE.to_owned()), Some(HOSTILE.to_owned()));
        row.needs_review.push(HOSTILE.to_owned());
    }
    for html in pages(&book) {
        let own = format!("<script>{}</script>", LISTING.text);
        let html = html.replacen(&own, "", 1);
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        assert!(html.chars().all(|c| c == '\n' || !c.is_control()) && !html.contains('\u{202e}'), "{html}");
        assert!(!html.contains("\n::") && !html.contains(" ::error") && !html.contains("##["), "{html}");
        for line in html.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
        }
    }
}

#[test]
fn every_element_is_closed() {
    for html in pages(&sample()) {
        let html = html.replace(LISTING.text, "");
        let mut open: Vec<&str> = Vec::new();
        for tag in tags(&html) {
            match tag.strip_prefix('/') {
                Some(tag) => assert_eq!(open.pop(), Some(tag), "{html}"),
                None if ["!doctype", "meta", "link", "input"].contains(&tag) => {}
                None => open.push(tag),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() {
    let mut scripts = 0;
    for html in pages(&sample()) {
        let within = |name: &str| {
            let after = html.split_once(&format!("<{name}>"))?.1;
            Some(after.split_once(&format!("</{name}>")).unwrap().0.to_owned())
        };
        let script = within("script");
        scripts += usize::from(script.is_some());
        let script = script.map(|script| format!(" script-src '{}';", digest(&script))).unwrap_or_default();
        let policy = format!(
            "content=\"default-src 'none'; style-src '{}';{script} base-uri 'none'; form-action 'none'; img-src data:\"",
            digest(&within("style").unwrap())
        );
        assert!(html.contains(&policy));
        assert!(is_ours(html.as_bytes()));
        for forbidden in ["http://", "https://", " style=", " onclick=", "@import", "url(", "javascript:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
    assert_eq!(scripts, 2, "the class and what has changed");
}

#[test]
fn every_place_that_is_named_is_there_once() {
    for html in pages(&sample()) {
        let html = html.replace(LISTING.text, "");
        let values = |attribute: &str| {
            let parts: Vec<String> = html
                .split(&format!(" {attribute}=\""))
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect();
            parts
        };
        let ids = values("id");
        for wanted in values("aria-labelledby").iter().chain(values("href").iter().filter(|link| link.starts_with('#')))
        {
            let wanted = wanted.trim_start_matches('#');
            assert_eq!(ids.iter().filter(|id| *id == wanted).count(), 1, "{wanted}");
        }
        assert_eq!(html.matches("<h1>").count(), 1);
        assert!(html.contains("<html lang=\"en\">"));
        assert_eq!(html.matches("<table>").count(), html.matches("<caption ").count());
    }
}

#[test]
fn the_page_of_a_student_says_nothing_about_others() {
    let mut book = sample();
    book.rows[2].needs_review = vec!["the same files as s003".to_owned()];
    let html = student(&book, "s001");
    for other in ["s002", "s003", "no space left", "students/", "index.html", "&lt;script"] {
        assert!(!html.contains(other), "{other}");
    }
    for wanted in
        ["answers.toml:3", "measure again", "327,992", "9f86d081884c7d65", "cargo xtask check", "6.75 of 20 points"]
    {
        assert!(html.contains(wanted), "{wanted}\n{html}");
    }
    assert!(html.contains("An instructor will review this submission"), "that there is a review, not why");
    // What broke on our side is in the page of the class only.
    assert!(!student(&book, "s002").contains("/dev/sda") && index(&book, &[]).contains("/dev/sda"));
}

#[test]
fn the_page_of_a_student_has_their_name_beside_the_id() {
    let mut book = sample();
    let title = "Binary size, autumn: s001, Ada Müller, &quot;Dr.&quot;";
    let html = student(&book, "s001");
    assert!(html.contains(&format!("<h1>{title}</h1>")) && html.contains(&format!("<title>{title}</title>")), "{html}");
    assert!(student(&book, "s003").contains("<h1>Binary size, autumn: s003</h1>"));
    book.is_anonymous = true;
    assert!(student(&book, "s001").contains("<h1>Binary size, autumn: s001</h1>"));
}

#[test]
fn the_attempt_that_counts_is_for_the_instructor_and_only_where_there_are_several() {
    let mut book = sample();
    book.rows[2].attempt = Some("90029".to_owned());
    assert!(!index(&book, &[]).contains("90029"));
    book.rows[2].ignored = vec!["a_1_90028_ex1.zip (handed in earlier)".to_owned()];
    assert!(index(&book, &[]).contains("attempt that counts: 90029"));
    assert!(!student(&book, &book.rows[2].student).contains("90029"));
}

#[test]
fn the_page_of_the_class_counts_and_links() {
    let html = index(&sample(), &[]);
    for wanted in [
        "6 of 6",
        "2 of 4",
        "no space left on /dev/sda",
        "ignored: ex1/.cargo/config.toml",
        "The settings are in a table where they have no effect",
        "Not graded yet: 1 of 6 submissions",
        "no grade yet",
        "href=\"students/s001.html\"",
        "503,360",
        "−34.8\u{a0}%",
    ] {
        assert!(html.contains(wanted), "{wanted}\n{html}");
    }
    assert!(html.contains(&format!("href=\"students/{}.html\"", file_name(HOSTILE))));
}

#[test]
fn a_run_without_a_sandbox_is_stamped() {
    let mut protected = sample();
    for row in &mut protected.rows {
        row.sandbox = Some("bwrap".to_owned());
    }
    let mut mixed = protected.clone();
    mixed.rows[0].sandbox = Some("none".to_owned());
    assert!(index(&mixed, &[]).contains("sandbox: none for 1 of 6 submissions, bwrap for the others"));
    for (with, without) in pages(&protected).iter().zip(pages(&sample())) {
        assert!(without.contains("class=\"stamp\">sandbox: none. ") && !with.contains("sandbox: none"));
    }
}

#[test]
fn a_class_without_submissions_has_a_page() {
    let html = index(&Gradebook { rows: Vec::new(), ..sample() }, &[]);
    assert!(html.contains("Nothing is graded yet.") && html.contains("No goal failed."), "{html}");
    assert!(student(&Gradebook { rows: Vec::new(), ..sample() }, "s001").contains("0 of 0 points"));
}

#[test]
#[ignore = "writes pages of an invented class to look at: cargo test -p xtask --bin xtask pages_to_look_at -- --ignored"]
fn pages_to_look_at() {
    let mut book = sample();
    for number in 4..60 {
        let exercise = ["ex1", "ex2", "ex10"][number % 3];
        let mut row = crate::report::tests::row(&format!("s{number:03}"), exercise);
        row.size_bytes = row.size_bytes.map(|bytes| bytes + (number as u64 * 7919) % 130_000);
        if number % 4 == 0 {
            row.goals[0].clone_from(&book.rows[3].goals[0]);
            row.score = Some(600 - (i64::from(number as u32) * 37) % 500);
        }
        book.rows.push(row);
    }
    let folder = std::env::temp_dir().join("grade-pages");
    let write = |path: String, html: String| base::files::write_atomic(&folder.join(path), html.as_bytes()).unwrap();
    write("index.html".to_owned(), index(&book, &[]));
    for row in &book.rows {
        write(format!("students/{}.html", file_name(&row.student)), student(&book, &row.student));
    }
}
