//! The command line for course authors: `author` and `docs`.

use clap::{Args, Subcommand};

/// `cargo xtask author`.
#[derive(Debug, Subcommand)]
pub enum Author {
    /// Creates a new exercise: a small one that `author verify` accepts, with text that says what to replace.
    New(New),
    /// Verifies the course: every starter fails as its exercise.toml declares, every solution passes, and every line of a solution is needed.
    Verify(Verify),
}

/// `cargo xtask author new`.
#[derive(Debug, Args)]
pub struct New {
    /// Its name: `ex` and an unused number
    #[arg(value_name = "EXERCISE")]
    pub exercise: String,
}

/// `cargo xtask author verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The exercises, by name [default: all]
    #[arg(value_name = "EXERCISE")]
    pub exercises: Vec<String>,
    /// Write the digests of the files that learners don't change to exercise.toml, their copies into starter/, and aliases
    #[arg(long)]
    pub write_digests: bool,
}

/// `cargo xtask docs`.
#[derive(Debug, Args)]
pub struct Docs {
    /// Write nothing; exit code 1 if something is stale or wrong, naming file and line
    #[arg(long, conflicts_with_all = ["run", "record", "open"])]
    pub check: bool,
    /// Run every command of the book in a copy of the workspace, and compare what it prints with the page
    #[arg(long, conflicts_with_all = ["record", "open"])]
    pub run: bool,
    /// Run every command and measure every fact again, keep the results, and rewrite the documents
    #[arg(long, conflicts_with = "open")]
    pub record: bool,
    /// With --run: also run the slow commands
    #[arg(long, requires = "run")]
    pub slow: bool,
    /// With --run: also measure every fact again, run the commands that are otherwise skipped because they build for minutes, and compare
    #[arg(long, requires = "run")]
    pub facts: bool,
    /// Build the book as a site with mdBook, in target/book/site
    #[arg(long, conflicts_with_all = ["check", "run", "record"])]
    pub site: bool,
    /// Build the site, and open it in the browser
    #[arg(long)]
    pub open: bool,
    /// How mdBook calls this program
    #[arg(long, hide = true, conflicts_with_all = ["check", "run", "record", "open"])]
    pub preprocess: bool,
    /// With --run or --record: only these chapters, such as `lto`
    #[arg(value_name = "CHAPTER")]
    pub chapters: Vec<String>,
}
