//! What every page of ours must fulfill in a real browser. Each check says in words what is wrong.

use crate::project::repository;
use crate::webdriver::Browser;
use std::fs;

/// What a page must be; what is wrong with it, in words.
pub type Check = fn(&Browser) -> Result<(), String>;

/// A check that holds, or the words for it.
pub fn ensure(right: bool, words: impl Into<String>) -> Result<(), String> {
    if right { Ok(()) } else { Err(words.into()) }
}

/// The number that a script gives; 0 if it gives none.
pub fn number(browser: &Browser, script: &str) -> f64 {
    browser.run(script).as_f64().unwrap_or_default()
}

/// The text that a script gives; none if it gives none.
pub fn text(browser: &Browser, script: &str) -> String {
    browser.run(script).as_str().unwrap_or_default().to_owned()
}

/// No script failed, and nothing was blocked.
pub fn nothing_is_wrong_in_the_console(browser: &Browser) -> Result<(), String> {
    let wrong: Vec<_> = browser.console().into_iter().filter(|entry| entry["level"] == "SEVERE").collect();
    ensure(wrong.is_empty(), format!("{wrong:?}"))
}

/// The page follows the system, dark or light.
pub fn there_are_two_themes(browser: &Browser) -> Result<(), String> {
    const COLOR: &str = "return getComputedStyle(document.body).backgroundColor";
    browser.theme("light");
    let light = text(browser, COLOR);
    browser.theme("dark");
    let dark = text(browser, COLOR);
    browser.theme("light");
    ensure(light != dark, format!("{light} in both"))
}

/// 400 pixels are enough.
pub fn a_narrow_window_needs_no_sideways_scrolling(browser: &Browser) -> Result<(), String> {
    browser.resize(400, 800);
    let wide = number(browser, "return document.documentElement.scrollWidth");
    browser.resize(1200, 900);
    ensure(wide <= 400.0, format!("{wide} px wide"))
}

/// Where `.ci/run` puts axe-core.
pub fn axe() -> Option<String> {
    fs::read_to_string(repository().join("target/axe/node_modules/axe-core/axe.min.js")).ok()
}

/// The whole page is accessible as far as axe-core can tell.
pub fn axe_finds_nothing(browser: &Browser) -> Result<(), String> {
    axe_finds_nothing_in(browser, "html", "{}")
}

/// Lets axe-core look at the part of a page that a selector names, in both themes, with options of `axe.run`.
pub fn axe_finds_nothing_in(browser: &Browser, part: &str, options: &str) -> Result<(), String> {
    let Some(axe) = axe() else { return Ok(()) };
    for theme in ["light", "dark"] {
        browser.theme(theme);
        // A page is told before its next frame, and mdBook then changes its style sheets.
        browser.run_async(
            "const done = arguments[arguments.length - 1]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20)))",
        );
        let run = format!(
            "const done = arguments[arguments.length - 1]; axe.run('{part}', {options}).then(r => done(r.violations.map(v => v.id + ': ' + v.nodes[0].html)), e => done(['' + e]))"
        );
        let found = browser.run_async(&format!("{axe}\n;{run}"));
        ensure(found.as_array().is_some_and(Vec::is_empty), format!("{theme}: {found:#}"))?;
    }
    Ok(())
}

/// Says that something wasn't tried, and why.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub fn left_out(words: &str) {
    eprintln!("LEFT OUT: {words}");
}
