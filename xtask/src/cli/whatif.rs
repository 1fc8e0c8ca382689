//! The command line of `what-if`.

use super::{PlainFormat, Subject};
use clap::Args;

/// `cargo xtask what-if`.
#[derive(Debug, Args)]
pub struct WhatIf {
    /// The profile whose settings are weighed, against the default release profile
    #[arg(long, value_name = "PROFILE", default_value = "dist")]
    pub profile: String,
    /// Count the instructions of a run with these arguments, where valgrind is installed
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub run: Option<String>,
    /// How many builds run at once [default: by the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
    /// What is measured
    #[command(flatten)]
    pub subject: Subject,
}
