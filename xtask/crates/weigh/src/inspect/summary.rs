//! The page that GitHub shows for a job. Each call adds a section of its own, and GitHub drops the whole page of a step when it is
//! too large, so a section takes no more room than there is.

use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::output;
use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// What GitHub takes from one step.
const LARGEST: u64 = 1024 * 1024;

/// How many rows of each list are tried, one after the other, where the requested number doesn't fit.
const FEWER: [usize; 4] = [100, 15, 5, 1];

/// Adds a section to the page of this job. `text` writes its Markdown with at most so many rows in each list; 0 is all.
///
/// # Errors
/// When this isn't a GitHub Actions job, or the page can't be written.
pub(super) fn add(heading: &str, count: usize, text: impl Fn(usize) -> String) -> Result<()> {
    let Some(file) = env::var_os("GITHUB_STEP_SUMMARY") else {
        bail!(
            Failure::new(Exit::Usage, "--github-summary works only in a GitHub Actions job")
                .help("GITHUB_STEP_SUMMARY isn't set; for the same text use --format markdown")
        );
    };
    let path = Path::new(&file);
    let there = path.metadata().map_or(0, |metadata| metadata.len());
    let counts = [count].into_iter().chain(FEWER.into_iter().filter(|fewer| count == 0 || *fewer < count));
    let mut sections = counts.map(|count| (count, section(heading, there > 0, &text(count))));
    let Some((shown, section)) = sections.find(|(_, section)| there + section.len() as u64 <= LARGEST) else {
        output::note(&format!(
            "this doesn't fit in the job's summary: GitHub drops a summary of more than 1 MiB, and it already has {there} bytes"
        ));
        return Ok(());
    };
    if shown != count {
        output::note(&format!(
            "the job's summary shows only {shown} of each list, because GitHub drops a summary of more than 1 MiB"
        ));
    }
    // In one piece, at the end: another process of the job may write there as well.
    let mut file = OpenOptions::new().create(true).append(true).open(path).context("can't write the job's summary")?;
    file.write_all(section.as_bytes()).context("can't write the job's summary")
}

/// A heading and a text, apart from what is before them.
fn section(heading: &str, is_after: bool, text: &str) -> String {
    let gap = if is_after { "\n\n" } else { "" };
    format!("{gap}### {heading}\n\n{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_a_blank_line_before_it() {
        assert_eq!(section("A", false, "| a |\n"), "### A\n\n| a |\n");
        assert_eq!(section("B", true, "| b |\n\n"), "\n\n### B\n\n| b |\n");
    }
}
