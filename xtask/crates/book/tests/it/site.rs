//! The book as a site: built by mdBook, every link followed, every page looked at in a browser.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use testbed::browser::{self, Check, ensure, left_out};
use testbed::project::{call, repository};
use testbed::webdriver::Browser;

/// Builds the site of the repository itself; `None` where there is no mdBook.
fn site() -> Option<PathBuf> {
    let root = repository();
    let own = root.join("target/mdbook/bin");
    let path = env::join_paths([own].into_iter().chain(env::split_paths(&env::var_os("PATH")?))).ok()?;
    if !env::split_paths(&path).any(|folder| folder.join("mdbook").is_file()) {
        return None;
    }
    let mut xtask = call(env!("CARGO_BIN_EXE_book"));
    xtask.env("PATH", path).current_dir(&root).args(["docs", "--site"]).assert().success();
    Some(root.join("target/book/site"))
}

/// The attribute's values in a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    page.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Links of a page of the site to what is not there.
fn dead_links(folder: &Path, name: &str, ids: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let page = fs::read_to_string(folder.join(name)).unwrap();
    let mut dead = Vec::new();
    let links = values(&page, "href").into_iter().chain(values(&page, "src")).chain(values(&page, "srcset"));
    for link in links.filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
        let (file, id) = link.split_once('#').map_or((link, None), |(file, id)| (file, Some(id)));
        let file = if file.is_empty() { name } else { file.split('?').next().unwrap() };
        if !folder.join(file).exists() {
            dead.push(format!("{name}: {link}"));
        } else if let Some((id, known)) = id.zip(ids.get(file))
            && !known.contains(id)
        {
            dead.push(format!("{name}: {link}, an anchor that isn't there"));
        }
    }
    dead
}

fn every_picture_is_there(browser: &Browser) -> Result<(), String> {
    let broken = browser.run(
        "return [...document.images].filter(image => !image.complete || image.naturalWidth === 0).map(image => image.src)",
    );
    ensure(broken.as_array().is_some_and(Vec::is_empty), format!("{broken}"))
}

fn the_pictures_follow_the_theme(browser: &Browser) -> Result<(), String> {
    const SHOWN: &str =
        "return [...document.images].filter(image => image.closest('picture')).map(image => image.currentSrc)";
    let pictures = |class: &str| {
        browser.run(&format!("document.documentElement.classList.remove('light', 'navy'); document.documentElement.classList.add('{class}')"));
        let settled = "const done = arguments[arguments.length - 1]; setTimeout(done, 150)";
        browser.run_async(settled);
        browser.run(SHOWN).as_array().cloned().unwrap_or_default()
    };
    let (dark, light) = (pictures("navy"), pictures("light"));
    let all = |pictures: &[serde_json::Value], word: &str| {
        pictures.iter().all(|src| src.as_str().is_some_and(|src| src.contains(word)))
    };
    ensure(all(&dark, "-dark.svg") && all(&light, "-light.svg"), format!("{dark:?} {light:?}"))
}

const CHECKS: [(&str, Check); 8] = [
    ("console", browser::nothing_is_wrong_in_the_console),
    ("pictures", every_picture_is_there),
    ("themes", the_pictures_follow_the_theme),
    ("narrow", nothing_is_cut_off_in_a_narrow_window),
    ("hint", what_is_cut_off_shows_it),
    ("chapters", the_open_chapter_can_be_read),
    ("axe", content_is_accessible),
    ("guess", a_guess_is_kept),
];

/// A table or a block of code that goes on to the right says so, on a phone, a tablet and a desk.
fn what_is_cut_off_shows_it(browser: &Browser) -> Result<(), String> {
    let mut wrong = Vec::new();
    for width in [390, 768, 1200] {
        browser.resize(width, 900);
        // Asked again for a while: a busy machine tells the page late that its window has another size.
        let silent = browser.run_async(
            "const done = arguments[arguments.length - 1];
             const silent = () => [...document.querySelectorAll('main .table-wrapper, main pre > code')]
                 .filter(box => box.scrollWidth > box.clientWidth + 4)
                 .filter(box => parseFloat(getComputedStyle(box).borderInlineEndWidth) < 2
                     || box.matches('.table-wrapper') && (!box.previousElementSibling?.matches('.goes-on-note') || box.tabIndex !== 0))
                 .map(box => box.textContent.trim().slice(0, 60));
             const look = left => {
                 const found = silent();
                 if (found.length === 0 || left === 0) done(found); else setTimeout(() => look(left - 1), 50);
             };
             requestAnimationFrame(() => requestAnimationFrame(() => look(60)))",
        );
        if silent.as_array().is_none_or(|silent| !silent.is_empty()) {
            wrong.push(format!("{width} px: {silent}"));
        }
    }
    browser.resize(1200, 900);
    ensure(wrong.is_empty(), wrong.join("; "))
}

/// The contrast of the open chapter in the list of chapters, in the themes that a reader gets by default (WCAG 2, AA).
fn the_open_chapter_can_be_read(browser: &Browser) -> Result<(), String> {
    let contrast = browser.run(
        "const luminance = color => {
             const [r, g, b] = color.match(/[0-9.]+/g).slice(0, 3).map(part => part / 255)
                 .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
             return 0.2126 * r + 0.7152 * g + 0.0722 * b;
         };
         const root = document.documentElement;
         const found = {};
         for (const theme of ['light', 'navy', 'coal']) {
             root.classList.remove('light', 'navy', 'coal');
             root.classList.add(theme);
             const link = document.querySelector('.sidebar a.active');
             if (!link) return { 'no open chapter': 0 };
             const [a, b] = [getComputedStyle(link).color, getComputedStyle(link.closest('.sidebar')).backgroundColor]
                 .map(luminance).sort((a, b) => b - a);
             found[theme] = (a + 0.05) / (b + 0.05);
         }
         root.classList.remove('coal');
         root.classList.add('light');
         return found",
    );
    let all = contrast.as_object().is_some_and(|themes| themes.values().all(|value| value.as_f64() >= Some(4.5)));
    ensure(all, format!("{contrast}"))
}

/// mdBook's frame hides what is too wide, so each element is asked where it ends. Code and tables scroll by themselves.
fn nothing_is_cut_off_in_a_narrow_window(browser: &Browser) -> Result<(), String> {
    // Opened anew, as on a phone: mdBook decides while a page loads whether its list of chapters covers it.
    browser.resize(400, 800);
    let page = browser.run("return location.href");
    browser.open(page.as_str().unwrap_or_default());
    let wide = browser.run(
        "return [...document.querySelectorAll('main *')]
             .filter(element => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('pre, .table-wrapper'))
             .map(element => element.outerHTML.slice(0, 80))",
    );
    browser.resize(1200, 900);
    ensure(wide.as_array().is_some_and(Vec::is_empty), format!("{wide}"))
}

/// A "Predict" box takes a guess, compares it with the answer, and keeps it; without a guess, it only opens.
fn a_guess_is_kept(browser: &Browser) -> Result<(), String> {
    // A box tells its page a moment later that it was opened.
    const STATE: &str = "const done = arguments[arguments.length - 1];
         const box = document.querySelector('main .predict');
         const [field, details, guessed] = ['input', 'details', '.guessed'].map(part => box.querySelector(part));
         const state = () => [field.value, field.readOnly, details.open, guessed.checkVisibility() ? guessed.textContent : ''];
         setTimeout(() => done(JSON.stringify(state())), 50)";
    let expect = |when: &str, state: &str| {
        let found = browser.run_async(STATE);
        let found = found.as_str().unwrap_or_default();
        ensure(found == state, format!("{when}: {found}"))
    };
    let page = browser::text(browser, "return location.href");
    browser.run("localStorage.clear?.()");
    browser.open(&page);
    let boxes = browser.run(
        "return [...document.querySelectorAll('main details')].filter(box => /^Predict/.test(box.querySelector('summary').textContent)).length",
    );
    ensure(boxes == 0, format!("{boxes} boxes take no guess"))?;
    if browser.run("return document.querySelector('main .predict')").is_null() {
        return Ok(());
    }
    expect("before", r#"["",false,false,""]"#)?;
    browser.click("main .predict summary");
    expect("opened without a guess", r#"["",true,true,""]"#)?;
    browser.click("main .predict summary");
    browser.click("main .predict input");
    // In mdBook, the arrow turns the page and the letter opens the search.
    browser.press("s 20 %\u{E014}");
    expect("typed", r#"["s 20 %",false,false,""]"#)?;
    browser.press("\u{E007}");
    expect("Enter", r#"["s 20 %",true,true,"You guessed: s 20 %"]"#)?;
    browser.press("9");
    expect("typed with the answer in sight", r#"["s 20 %",true,true,"You guessed: s 20 %"]"#)?;
    ensure(browser::text(browser, "return location.href") == page, "a key left the page")?;
    browser.open(&page);
    expect("opened again", r#"["s 20 %",false,false,""]"#)?;
    browser.run("localStorage.clear?.()");
    Ok(())
}

/// What the book itself writes; the frame around it is mdBook's.
fn content_is_accessible(browser: &Browser) -> Result<(), String> {
    // Without preloading: a page of the file system may not request its own style sheets.
    const OPTIONS: &str = "{ preload: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }";
    browser::axe_finds_nothing_in(browser, "main", OPTIONS)
}

#[test]
#[ignore = "needs mdBook and looks at every page; run by .ci/run"]
fn the_site_is_whole_and_works_in_a_browser() {
    let Some(folder) = site() else {
        return left_out("there is no mdbook (cargo install mdbook --version 0.5.4 --locked)");
    };
    let pages: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".html") && !["404.html", "print.html", "toc.html"].contains(&name.as_str()))
        .collect();
    assert!(pages.len() > 25, "{pages:?}");
    let ids = pages
        .iter()
        .map(|name| {
            let page = fs::read_to_string(folder.join(name)).unwrap();
            (name.clone(), values(&page, "id").into_iter().map(str::to_owned).collect())
        })
        .collect();
    let dead: Vec<String> = pages.iter().flat_map(|name| dead_links(&folder, name, &ids)).collect();
    assert_eq!(dead, [""; 0]);

    let Some(browser) = Browser::start() else {
        return left_out("there is no chromedriver (Debian, Ubuntu: apt install chromium chromium-driver)");
    };
    let mut wrong = Vec::new();
    for page in &pages {
        browser.open(&format!("file://{}", folder.join(page).display()));
        browser.resize(1200, 900);
        for (name, check) in CHECKS {
            if let Err(words) = check(&browser) {
                wrong.push(format!("{page}: {name}: {words}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A4 and Letter.
    browser.open(&format!("file://{}", folder.join("cheat-sheet.html").display()));
    assert_eq!([browser.sheets(21.0, 29.7), browser.sheets(21.59, 27.94)], [1, 1]);
    browser.open(&format!("file://{}", folder.join("glossary.html").display()));
    assert!(browser.sheets(21.0, 29.7) > 1);

    each_check_notices_a_page_that_is_broken(&browser, &folder);
}

/// The same checks, on a page that was broken on purpose for each.
fn each_check_notices_a_page_that_is_broken(browser: &Browser, folder: &Path) {
    let page = fs::read_to_string(folder.join("profile.html")).unwrap();
    let controls: [(&str, String); 6] = [
        (
            "pictures",
            page.replace("img/ladder-light.svg", "img/no-such.svg").replace("img/ladder-dark.svg", "img/no-such.svg"),
        ),
        ("themes", page.replace("ladder-dark.svg", "ladder-light.svg")),
        ("hint", page.replace("</head>", "<style>.content .goes-on { border: 0 !important }</style></head>")),
        ("chapters", page.replace("</head>", "<style>.navy { --sidebar-active: #2b79a2 !important }</style></head>")),
        (
            "guess",
            page.replace(
                "</head>",
                "<script>Object.defineProperty(window, 'localStorage', { value: {} })</script></head>",
            ),
        ),
        ("narrow", page.replace("<main>", "<main><div style='width: 900px'>wide</div>")),
    ];
    for (name, broken) in controls {
        assert_ne!(broken, page, "{name} is not broken");
        let file = folder.join("broken.html");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(&file, broken).unwrap();
        browser.open(&format!("file://{}", file.display()));
        browser.resize(1200, 900);
        let check = CHECKS.iter().find(|(check, _)| *check == name).unwrap().1;
        assert!(check(browser).is_err(), "{name} did not notice");
        fs::remove_file(&file).unwrap();
    }
}
