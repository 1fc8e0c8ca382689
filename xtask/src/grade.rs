//! The instructor's verb: submissions in, grades out. Nobody's code is trusted, nothing is lost, and every verdict is the one
//! that the learner's own `check` gives.

mod archive;
mod boxes;
mod class;
mod journal;
mod model;
mod options;
mod partition;
mod place;
mod policy;
mod publish;
mod roster;
mod run;
mod safe;
mod selftest;
mod similar;
mod submissions;
mod users;
mod worker;

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::manifest::Workshop;
use crate::output;
use crate::units::plural;
use anyhow::{Result, bail};
use journal::Journal;
use options::Options;

/// Runs `cargo xtask grade`.
///
/// # Errors
/// When the environment, the course or the folder of submissions does not allow it.
pub fn run(asked: &cli::Grade) -> Result<Exit> {
    let workshop = Workshop::find()?;
    let root = &workshop.root;
    let options = &Options::from(asked);
    if asked.self_test {
        return selftest::run(root);
    }
    if let Some(out) = &asked.report {
        publish::write(root, out, options, &Journal::read(out)?)?;
        return Ok(Exit::Met);
    }
    if !asked.merge.is_empty() {
        let merged = journal::merge::merge(&asked.merge, &options.out)?;
        for folder in &merged.torn {
            output::note(&format!(
                "{}: the last line of the journal was torn; what it held is not in the result",
                folder.display()
            ));
        }
        for problem in &merged.problems {
            output::not_met(problem);
        }
        output::note(&format!(
            "{} in {}, {} of them new",
            plural(merged.records, "record"),
            options.out.display(),
            merged.added
        ));
        publish::write(root, &options.out, options, &Journal::read(&options.out)?)?;
        return Ok(if merged.problems.is_empty() { Exit::Met } else { Exit::NotMet });
    }
    let Some(dir) = &asked.dir else {
        bail!(Failure::new(Exit::Usage, "there is nothing to grade").help("name the folder with the submissions"));
    };
    if asked.similar {
        return similar::run(root, options, dir);
    }
    let summary = run::run(root, options, dir)?;
    publish::write(root, &options.out, options, &summary.contents)?;
    output::note(&format!(
        "graded {}, {} known before; the results are in {}",
        plural(summary.graded, "submission"),
        summary.known,
        options.out.display()
    ));
    if summary.failed == 0 {
        return Ok(Exit::Met);
    }
    bail!(
        Failure::new(
            Exit::Environment,
            format!("{} could not be graded, for reasons that are not the students'", plural(summary.failed, "submission"))
        )
        .help("grades.csv names them with the status `infra-error`; repair what their message says, and run the same command again: only these are tried")
    );
}
