//! The report in a real browser: mouse, keyboard, filter, both themes, a narrow window, accessibility. Every check is also
//! given a page that was broken on purpose, and must notice.

use serde_json::Value;
use std::collections::BTreeSet;
use testbed::browser::{
    Check, a_narrow_window_needs_no_sideways_scrolling, axe, axe_finds_nothing, ensure, left_out,
    nothing_is_wrong_in_the_console, number, text, there_are_two_themes,
};
use testbed::project::Project;
use testbed::webdriver::Browser;

const ESCAPE: &str = "\u{E00C}";
const ENTER: &str = "\u{E007}";
const RIGHT: &str = "\u{E014}";
const TAB: &str = "\u{E004}";
const DOWN: &str = "\u{E015}";

const BOXES: &str = "return document.querySelectorAll('#map .map button').length";
const DEPTH: &str = "return document.querySelectorAll('#map .crumbs li').length";
const FOCUSED: &str = "return document.activeElement.getAttribute('aria-label') || ''";

fn nothing_can_be_requested(browser: &Browser) -> Result<(), String> {
    let refused = browser.run_async(
        "const done = arguments[arguments.length - 1];
         addEventListener('securitypolicyviolation', () => done(true), { once: true });
         const image = new Image(); image.onload = image.onerror = () => setTimeout(() => done(false), 200);
         image.src = 'http://127.0.0.1:9/a.png'; document.body.append(image); image.remove();
         setTimeout(() => done(false), 5000)",
    );
    ensure(refused == true, "the page may load what it likes")
}

fn the_mouse_goes_into_a_box_and_escape_out_of_it(browser: &Browser) -> Result<(), String> {
    ensure(number(browser, BOXES) > 20.0, "no boxes")?;
    let before = number(browser, DEPTH);
    browser.click("#map .map button");
    ensure(number(browser, DEPTH) > before, "a click goes nowhere")?;
    browser.press(ESCAPE);
    ensure((number(browser, DEPTH) - before).abs() < 0.5, "Escape goes nowhere")
}

fn the_keyboard_reaches_every_box(browser: &Browser) -> Result<(), String> {
    browser.run("document.querySelector('#map .map button')?.focus()");
    let first = text(browser, FOCUSED);
    ensure(first.contains("bytes"), format!("a box says {first:?}"))?;
    browser.press(RIGHT);
    ensure(text(browser, FOCUSED) != first, "an arrow key moves nothing")?;
    let before = number(browser, DEPTH);
    browser.press(ENTER);
    let inside = number(browser, DEPTH);
    ensure(inside > before, "Enter goes nowhere")?;
    // A box in a box is two steps down.
    for step in 1..=4 {
        let now = number(browser, DEPTH);
        if (now - before).abs() < 0.5 {
            return ensure(step > 1, "Escape goes nowhere");
        }
        browser.press(ESCAPE);
        ensure(number(browser, DEPTH) < now, "Escape goes nowhere")?;
    }
    ensure(false, "Escape does not lead out")
}

const CHAIN: &str = "return [...document.querySelectorAll('#why ol li')].map(step => step.textContent).join(' > ')";
const WHY: &str = "return document.querySelector('#why')?.innerText || ''";
const IN_PANEL: &str = "return document.querySelector('#why').contains(document.activeElement) ? 1 : 0";

/// Chooses the picture by its radio button, with the mouse.
fn view(browser: &Browser, name: &str) -> Result<(), String> {
    browser.click(&format!("#view input[value={name}]"));
    let shown = text(browser, &format!("return document.querySelector('#{name}-view').hidden ? '' : 'shown'"));
    ensure(shown == "shown", format!("the picture {name} is not shown"))
}

/// A click on a box in either picture shows the path to it, and how much is its own.
fn a_click_shows_why_a_box_is_here(browser: &Browser) -> Result<(), String> {
    ensure(number(browser, BOXES) > 20.0, "no boxes")?;
    browser.click("#map .map button");
    let (of_crate, chain) = (text(browser, WHY), text(browser, CHAIN));
    browser.press(ESCAPE);
    ensure(of_crate.contains("(crate)") && of_crate.contains("wouldn't be there without it"), of_crate)?;
    ensure(!chain.is_empty(), "no way to a crate")?;
    view(browser, "kept")?;
    // Asked again for a while: a busy machine draws a picture late.
    let found = browser.run_async(
        "const done = arguments[arguments.length - 1];
         const look = left => {
             const box = [...document.querySelectorAll('#kept-map .map button')].find(box => /^main /.test(box.ariaLabel));
             if (box) box.dataset.it = 1;
             if (box || left === 0) done(Boolean(box)); else setTimeout(() => look(left - 1), 50);
         };
         look(60)",
    );
    ensure(found == true, "no box of main")?;
    browser.click("#kept-map [data-it]");
    let (kept, chain) = (text(browser, WHY), text(browser, CHAIN));
    let depth = number(browser, "return document.querySelectorAll('#kept-map .crumbs li').length");
    browser.press(ESCAPE);
    view(browser, "code")?;
    ensure(depth > 1.0, "a click goes nowhere")?;
    ensure(chain == "_start [other] > main [other]", format!("the chain of main: {chain}"))?;
    ensure(kept.contains("removes it entirely") && kept.contains("_start [other], retains"), kept)
}

/// In the picture the panel follows the focus, and its first line is a status, which a screen reader says.
fn the_panel_follows_the_keyboard(browser: &Browser) -> Result<(), String> {
    ensure(number(browser, BOXES) > 20.0, "no boxes")?;
    view(browser, "kept")?;
    browser.run("document.querySelector('#kept-map .map button').focus()");
    let first = text(browser, WHY);
    browser.press(RIGHT);
    let (focused, second) = (text(browser, FOCUSED), text(browser, WHY));
    browser.press(TAB);
    let in_panel = number(browser, IN_PANEL);
    browser.press(ESCAPE);
    let back = text(browser, FOCUSED);
    view(browser, "code")?;
    ensure(in_panel > 0.5, "the tab key does not lead to the panel")?;
    ensure(back == focused, format!("Escape goes to {back:?}, not {focused:?}"))?;
    ensure(focused.contains("of the file"), format!("a box says {focused:?}"))?;
    ensure(second.contains("are its own") && second != first, "the panel stays as it was")?;
    let status = text(browser, "return document.querySelector('#why [role=status]')?.textContent");
    ensure(status.contains("are its own"), format!("the status is {status:?}"))
}

/// The names in a table are one stop of the tab key. Enter goes to the panel, and Escape back to the name.
fn a_table_leads_to_the_panel_and_back(browser: &Browser) -> Result<(), String> {
    for table in ["crates", "functions"] {
        let stops = format!("return document.querySelectorAll('#{table} .ask[tabindex=\"0\"]').length");
        ensure((number(browser, &stops) - 1.0).abs() < 0.5, format!("{} stops", number(browser, &stops)))?;
        browser.run(&format!("document.querySelector('#{table} .ask').focus()"));
        browser.press(DOWN);
        let name = text(browser, "return document.activeElement.textContent");
        let why = text(browser, WHY);
        ensure(why.replace('\u{200b}', "").contains(&name), format!("{name}: {why}"))?;
        browser.press(ENTER);
        ensure(number(browser, IN_PANEL) > 0.5, "Enter does not go to the panel")?;
        // A step of the path is a button that leads to that part.
        browser.run("document.querySelector('#why ol .ask').focus()");
        let step = text(browser, "return document.activeElement.textContent");
        browser.press(ENTER);
        let start = text(browser, "return document.querySelector('#why .subject').textContent");
        ensure(start.starts_with(&step), format!("the step {step:?} leads to {start:?}"))?;
        ensure(number(browser, IN_PANEL) > 0.5, "a step loses the focus")?;
        browser.press(ESCAPE);
        let back = text(browser, "return document.activeElement.textContent");
        ensure(back == name, format!("Escape goes to {back:?}, not {name:?}"))?;
    }
    Ok(())
}

/// The own bytes of the table of crates and the boxes of the treemap sum to the file.
fn the_crates_sum_to_the_file(browser: &Browser) -> Result<(), String> {
    let numbers =
        "const number = cell => Number((cell?.textContent ?? '0').replace(/,/g, '').replace('\u{2212}', '-'));";
    let own = number(
        browser,
        &format!(
            "{numbers} return [...document.querySelectorAll('#crates tbody tr')].reduce((sum, row) => sum + number(row.cells[1]), 0)"
        ),
    );
    let file = number(browser, &format!("{numbers} return number(document.querySelector('#crates tfoot td'))"));
    ensure(file > 10_000.0 && (own - file).abs() < 0.5, format!("{own} of {file} bytes"))
}

fn axe_finds_nothing_in_either_picture(browser: &Browser) -> Result<(), String> {
    let found = axe_finds_nothing(browser);
    view(browser, "kept")?;
    browser.run("document.querySelector('#kept-map .map button').focus()");
    let in_other = axe_finds_nothing(browser);
    let narrow = a_narrow_window_needs_no_sideways_scrolling(browser);
    view(browser, "code")?;
    found.and(in_other).and(narrow)
}

fn the_table_is_filtered_and_sorted(browser: &Browser) -> Result<(), String> {
    const ROWS: &str = "return document.querySelectorAll('#functions tbody tr').length";
    let all = number(browser, ROWS);
    ensure(all > 100.0, "no rows")?;
    browser.run("document.querySelector('#functions input[type=search]').focus()");
    browser.press("core::fmt");
    let some = number(browser, ROWS);
    ensure(some > 0.0 && some < all, format!("{some} of {all} rows after filtering"))?;
    let fit = browser.run(
        "return [...document.querySelectorAll('#functions tbody tr')].every(row => /core[\\s\\S]*fmt/.test(row.textContent))",
    );
    ensure(fit == true, "a row does not fit the filter")?;
    browser.run("const box = document.querySelector('#functions input[type=search]'); box.value = ''; box.dispatchEvent(new Event('input', { bubbles: true }))");
    const SORTED: &str = "return [...document.querySelectorAll('#functions th')].map(head => head.getAttribute('aria-sort') || '').join()";
    let before = text(browser, SORTED);
    browser.click("#functions th button");
    ensure(text(browser, SORTED) != before, "a header sorts nothing")
}

/// What sticks to the edge of a scrolling table must not cover a row.
fn nothing_covers_a_row(browser: &Browser) -> Result<(), String> {
    let covered = browser.run(
        "const covered = [];
         for (const region of document.querySelectorAll('.scroll')) {
           region.scrollIntoView({ block: 'center' });
           region.scrollTop = 0;
           const box = region.getBoundingClientRect();
           for (const row of region.querySelectorAll('tbody tr')) {
             const place = row.getBoundingClientRect();
             const y = place.bottom - 3;
             if (place.bottom > box.bottom || y < 0 || y > innerHeight) continue;
             const seen = document.elementFromPoint(place.left + 8, y);
             if (seen && region.contains(seen) && !row.contains(seen)) covered.push(row.textContent.slice(0, 60));
           }
         }
         return covered",
    );
    ensure(covered.as_array().is_some_and(Vec::is_empty), format!("{covered}"))
}

const CHECKS: [(&str, Check); 13] = [
    ("console", nothing_is_wrong_in_the_console),
    ("requests", nothing_can_be_requested),
    ("mouse", the_mouse_goes_into_a_box_and_escape_out_of_it),
    ("keyboard", the_keyboard_reaches_every_box),
    ("table", the_table_is_filtered_and_sorted),
    ("rows", nothing_covers_a_row),
    ("themes", there_are_two_themes),
    ("narrow", a_narrow_window_needs_no_sideways_scrolling),
    ("why", a_click_shows_why_a_box_is_here),
    ("why-keyboard", the_panel_follows_the_keyboard),
    ("why-tables", a_table_leads_to_the_panel_and_back),
    ("sums", the_crates_sum_to_the_file),
    ("axe", axe_finds_nothing_in_either_picture),
];

/// The data that the page carries, and what is before and after it.
fn data(page: &str) -> (&str, Value, &str) {
    let (before, rest) = page.split_once("id=\"data\">").expect("the data");
    let (data, after) = rest.split_once("</script>").expect("its end");
    (before, serde_json::from_str(data).expect("JSON"), after)
}

/// The graph adds up to the file, and its crates match `bloat`'s.
fn the_graph_is_that_of_bloat(project: &Project, page: &str) {
    let (_, data, _) = data(page);
    for build in data["binaries"].as_array().expect("builds") {
        let profile = build["name"].as_str().expect("a name");
        let sum = |of: &Value, bytes: &dyn Fn(&Value) -> &Value| -> i64 {
            of.as_array().expect("a list").iter().map(|item| bytes(item).as_i64().expect("bytes")).sum()
        };
        let graph = &build["graph"];
        let parts = sum(&graph["nodes"], &|node| &node[2]) + sum(&graph["rest"], &|rest| &rest[1]);
        assert_eq!(parts, build["file_bytes"], "{profile}");
        let printed = project.run(&["bloat", "--profile", profile, "--format", "json"]).success();
        let bloat: Value = serde_json::from_slice(&printed.get_output().stdout).expect("JSON");
        let of_bloat = bloat["crates"].as_array().expect("crates").iter();
        let of_bloat: BTreeSet<_> = of_bloat
            .filter(|krate| krate["own_bytes"] != 0)
            .map(|krate| [&krate["own_bytes"], &krate["retained_bytes"]].map(Value::to_string))
            .collect();
        let of_page = graph["crates"].as_array().expect("crates").iter();
        let of_page: BTreeSet<_> =
            of_page.filter(|krate| krate[2][0] != 0).map(|krate| [0, 1].map(|at| krate[2][at].to_string())).collect();
        assert!(of_bloat.len() > 5);
        assert_eq!(of_page, of_bloat, "{profile}");
    }
}

/// The page of builds that could not be explained.
fn unexplained(page: &str) -> String {
    let (before, mut data, after) = data(page);
    for build in data["binaries"].as_array_mut().expect("builds") {
        build["graph"] = Value::Null;
        build["unexplained"] = "the linker has no <such> option".into();
        build["functions"].as_array_mut().expect("functions").iter_mut().for_each(|function| function[6] = Value::Null);
    }
    let data = data.to_string().replace('<', "\\u003c");
    format!("{before}id=\"data\">{data}</script>{after}")
}

/// What the page shows without reasons: the line that says why, and no panel.
fn one_line_says_why_nothing_is_known(browser: &Browser) -> Result<(), String> {
    let line = text(browser, "return document.querySelector('#build-unexplained').innerText");
    ensure(line == "Why its parts are here isn't known: the linker has no <such> option.", line)?;
    let shown = "return ['view', 'why', 'crates-part', 'kept-view'].filter(id => document.getElementById(id).checkVisibility()).join()";
    ensure(text(browser, shown).is_empty(), text(browser, shown))?;
    let heads = text(browser, "return document.querySelector('#functions thead').innerText");
    ensure(!heads.contains("Retained") && heads.contains("Bytes"), heads)
}

#[test]
#[ignore = "looks at a report in a browser: .ci/run runs it"]
fn the_report_works_in_a_browser_and_the_checks_notice_when_it_does_not() {
    let Some(browser) = Browser::start() else {
        return left_out("there is no chromedriver (Debian, Ubuntu: apt install chromium chromium-driver)");
    };
    if axe().is_none() {
        left_out("accessibility: npm install --prefix target/axe axe-core");
    }
    let project = Project::plain_workshop();
    project.run(&["report", "--profile", "stripped", "--out", "report.html"]).success();
    let page = project.read("report.html");
    the_graph_is_that_of_bloat(&project, &page);
    let open = |name: &str, page: &str| {
        project.write(name, page);
        // What an earlier page wrote isn't this one's fault.
        browser.console();
        browser.open(&format!("file://{}", project.path(name).display()));
        browser.resize(1200, 900);
    };
    open("whole.html", &page);
    for (name, check) in CHECKS {
        check(&browser).unwrap_or_else(|words| panic!("{name}: {words}"));
    }

    open("unexplained.html", &unexplained(&page));
    one_line_says_why_nothing_is_known(&browser).unwrap_or_else(|words| panic!("unexplained: {words}"));
    for name in ["console", "mouse", "keyboard", "table", "rows", "narrow"] {
        let check = CHECKS.iter().find(|(check, _)| *check == name).unwrap().1;
        check(&browser).unwrap_or_else(|words| panic!("unexplained, {name}: {words}"));
    }
    axe_finds_nothing(&browser).unwrap_or_else(|words| panic!("unexplained: {words}"));

    let policy_start = page.find("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let policy_end = policy_start + page[policy_start..].find('>').unwrap() + 1;
    let no_policy = format!("{}{}", &page[..policy_start], &page[policy_end..]);
    let controls: [(&str, String, &[&str]); 11] = [
        // The script isn't the one the policy allows.
        (
            "no-script",
            page.replace("\"use strict\";", "\"use strict\"; "),
            &["console", "mouse", "keyboard", "table", "why", "why-keyboard", "why-tables", "sums"],
        ),
        ("deaf-to-clicks", no_policy.replace("this.choose(last);", ""), &["why"]),
        ("deaf-to-the-focus", no_policy.replace("if (event.target.steps) this.choose", "this.say"), &["why-keyboard"]),
        ("no-way-back", no_policy.replace("from?.focus();", ""), &["why-tables"]),
        ("silent", no_policy.replace("{ role: \"status\" }", "{}"), &["why-keyboard"]),
        ("wrong-sum", no_policy.replace("own: file,", "own: file + 1,"), &["sums"]),
        ("no-policy", no_policy.clone(), &["requests"]),
        ("one-theme", no_policy.replace("prefers-color-scheme", "prefers-nothing"), &["themes"]),
        (
            "sticky-total",
            no_policy.replace("</style>", "tfoot th, tfoot td { position: sticky; bottom: 0; }</style>"),
            &["rows"],
        ),
        ("wide", page.replace("<main>", &format!("<main><pre>{}</pre>", "x".repeat(500))), &["narrow"]),
        ("no-language", page.replace("<html lang=\"en\">", "<html>"), if axe().is_some() { &["axe"] } else { &[] }),
    ];
    for (name, broken, expected) in controls {
        assert_ne!(broken, page, "{name} is not broken");
        for wanted in expected {
            open(&format!("{name}.html"), &broken);
            let check = CHECKS.iter().find(|(check, _)| check == wanted).unwrap().1;
            assert!(check(&browser).is_err(), "{wanted} did not notice {name}");
        }
    }
}
