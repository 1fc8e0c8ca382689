//! Which part of a class one machine grades. Each job belongs to exactly one part, and the machines don't need to know
//! of each other.

use anyhow::Result;
use base::failure::{Exit, Failure};
use std::fmt;

/// One of several parts of the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// From 0.
    index: u64,
    total: u64,
    way: Way,
}

/// How jobs are dealt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In turns, over the sorted list, so the parts are equal. Every machine must see the same list.
    Turns,
    /// By a digest of the student and the exercise: a late submission moves no other job.
    Hash,
}

impl Partition {
    /// Reads `I/N` (in turns), `hash:I/N`, `auto` or `hash:auto`; I counts from 1. `auto` reads the environment of a
    /// Slurm array job, a GitLab `parallel` job, a Kubernetes Indexed Job, or `GRADE_PARTITION`, which is `I/N` or
    /// `hash:I/N`.
    ///
    /// # Errors
    /// A `Failure` with exit code 2 that says what is wrong and what to write.
    pub(crate) fn parse(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let (way, rest) = way(text.trim());
        let (index, total, way) = match rest {
            "auto" => of_environment(&|name| env(name).filter(|value| !value.trim().is_empty()), way)?,
            _ => {
                let (index, total) = of_text(rest, &format!("--partition {text}"))?;
                (index, total, way)
            }
        };
        Ok(Self { index, total, way })
    }

    /// How many parts the class is split into, and how; parts of one class have this in common.
    pub(crate) fn division(self) -> (bool, u64) {
        (self.way == Way::Hash, self.total)
    }

    /// All parts of the same split.
    pub(crate) fn all(self) -> impl Iterator<Item = Self> {
        (0..self.total).map(move |index| Self { index, ..self })
    }

    /// Whether a job belongs to this part. `index` is its place in the sorted list of all jobs, from 0.
    pub(crate) fn takes(&self, index: usize, student: &str, exercise: &str) -> bool {
        let number = match self.way {
            Way::Turns => index as u64,
            Way::Hash => digest(student, exercise),
        };
        number % self.total == self.index
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.way == Way::Hash { "hash:" } else { "" };
        write!(f, "{way}{}/{}", self.index + 1, self.total)
    }
}

/// The same on every machine and in every release: the first eight bytes of a SHA-256.
fn digest(student: &str, exercise: &str) -> u64 {
    let mut hash = hmac_sha256::Hash::new();
    for part in [student, exercise] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..8].iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn way(text: &str) -> (Way, &str) {
    match text.strip_prefix("hash:") {
        Some(rest) => (Way::Hash, rest),
        None => (Way::Turns, text),
    }
}

fn wrong(message: String, help: &str) -> anyhow::Error {
    Failure::new(Exit::Usage, message).help(help).into()
}

/// The part (from 0) and their number. `source` is where the text comes from.
fn of_text(text: &str, source: &str) -> Result<(u64, u64)> {
    let help = "write I/N with I from 1 to N, such as `--partition 2/5`, or `hash:2/5`, or `auto`";
    let parts = text.split_once('/').and_then(|(index, total)| Some((plain(index)?, plain(total)?)));
    match parts {
        None => Err(wrong(format!("`{source}` doesn't name a part of the work"), help)),
        Some((_, 0)) => Err(wrong(format!("`{source}` means one of 0 parts"), help)),
        Some((0, _)) => Err(wrong(format!("`{source}` means part 0, but parts are counted from 1"), help)),
        Some((index, total)) if index > total => {
            Err(wrong(format!("`{source}` means part {index} of only {total}"), help))
        }
        Some((index, total)) => Ok((index - 1, total)),
    }
}

/// Digits and nothing else.
fn plain(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

fn of_environment(env: Env, asked: Way) -> Result<(u64, u64, Way)> {
    if let Some(text) = env("GRADE_PARTITION") {
        let (way, rest) = way(text.trim());
        let (index, total) = of_text(rest, &format!("GRADE_PARTITION={text}"))?;
        return Ok((index, total, if asked == Way::Hash { asked } else { way }));
    }
    let mut found: Vec<(&str, u64, u64)> = Vec::new();
    for (engine, read) in [("Slurm", slurm as fn(Env) -> _), ("CI", ci), ("Kubernetes", kubernetes)] {
        if let Some((index, total)) = read(env)? {
            found.push((engine, index, total));
        }
    }
    let set = "set GRADE_PARTITION=I/N, such as 2/5, or write `--partition I/N`";
    match found.as_slice() {
        [] => {
            let message = "`auto` finds no environment variable that says which part this machine grades \
                           (SLURM_ARRAY_TASK_ID, CI_NODE_INDEX, JOB_COMPLETION_INDEX, GRADE_PARTITION)";
            Err(wrong(message.to_owned(), set))
        }
        [(_, index, total), others @ ..] => match others.iter().find(|other| (other.1, other.2) != (*index, *total)) {
            None => Ok((*index, *total, asked)),
            Some(other) => {
                let (first, second) = (found[0].0, other.0);
                Err(wrong(format!("`auto` finds different parts in the variables of {first} and {second}"), set))
            }
        },
    }
}

/// A variable as a number.
fn number(env: Env, name: &str) -> Result<Option<u64>> {
    let Some(text) = env(name) else { return Ok(None) };
    match plain(text.trim()) {
        Some(number) => Ok(Some(number)),
        None => Err(wrong(format!("{name} is `{text}`, which isn't a number"), "set GRADE_PARTITION=I/N, such as 2/5")),
    }
}

/// An index within its total, both already from 0.
fn within(index: u64, total: u64, words: &str) -> Result<Option<(u64, u64)>> {
    if index < total {
        return Ok(Some((index, total)));
    }
    Err(wrong(format!("{words} can't be used together"), "set GRADE_PARTITION=I/N, such as 2/5"))
}

/// The ids of an array job need not begin at 1, and may have gaps of one size: `--array=10-50:10`.
fn slurm(env: Env) -> Result<Option<(u64, u64)>> {
    let Some(id) = number(env, "SLURM_ARRAY_TASK_ID")? else { return Ok(None) };
    let step = number(env, "SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
    let (Some(min), Some(max)) = (number(env, "SLURM_ARRAY_TASK_MIN")?, number(env, "SLURM_ARRAY_TASK_MAX")?) else {
        let message = "SLURM_ARRAY_TASK_ID is set, and SLURM_ARRAY_TASK_MIN or SLURM_ARRAY_TASK_MAX isn't";
        return Err(wrong(message.to_owned(), "submit it as an array job: `sbatch --array=1-N`"));
    };
    let is_even = min <= id && id <= max && (id - min).is_multiple_of(step);
    let total = max.checked_sub(min).map(|range| range / step).and_then(|steps| steps.checked_add(1));
    let count = number(env, "SLURM_ARRAY_TASK_COUNT")?.or(total);
    match total {
        Some(total) if is_even && count == Some(total) => Ok(Some(((id - min) / step, total))),
        _ => {
            let message =
                format!("the ids of this array job have gaps: task {id} of {min} to {max} in steps of {step}");
            Err(wrong(
                message,
                "submit all parts at once, as `sbatch --array=1-N`; what is already done isn't done again",
            ))
        }
    }
}

/// GitLab counts from 1, and sets the total without an index where a job is not parallel.
fn ci(env: Env) -> Result<Option<(u64, u64)>> {
    match (number(env, "CI_NODE_INDEX")?, number(env, "CI_NODE_TOTAL")?) {
        (None, None) => Ok(None),
        (None, Some(1)) => Ok(Some((0, 1))),
        (Some(index), Some(total)) => {
            let from_zero = index.checked_sub(1).unwrap_or(total);
            within(from_zero, total, &format!("CI_NODE_INDEX={index} (counted from 1) and CI_NODE_TOTAL={total}"))
        }
        (index, _) => {
            let (there, missing) =
                if index.is_some() { ("CI_NODE_INDEX", "CI_NODE_TOTAL") } else { ("CI_NODE_TOTAL", "CI_NODE_INDEX") };
            Err(wrong(format!("{there} is set, and {missing} isn't"), "give the job `parallel: N`"))
        }
    }
}

/// An Indexed Job counts from 0, and doesn't tell its pods how many there are.
fn kubernetes(env: Env) -> Result<Option<(u64, u64)>> {
    let Some(index) = number(env, "JOB_COMPLETION_INDEX")? else { return Ok(None) };
    let Some(total) = number(env, "JOB_COMPLETIONS")? else {
        let message = "JOB_COMPLETION_INDEX is set, and JOB_COMPLETIONS isn't";
        return Err(wrong(
            message.to_owned(),
            "give the container JOB_COMPLETIONS, the number in `completions` of the Job",
        ));
    };
    within(index, total, &format!("JOB_COMPLETION_INDEX={index} (counted from 0) and JOB_COMPLETIONS={total}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Partition> {
        let env =
            |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
        Partition::parse(text, env)
    }

    fn shown(text: &str, variables: &[(&str, &str)]) -> String {
        parse(text, variables).unwrap().to_string()
    }

    fn refused(text: &str, variables: &[(&str, &str)]) -> String {
        let error = parse(text, variables).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.help.is_some());
        failure.message.clone()
    }

    fn jobs(students: std::ops::Range<usize>) -> Vec<(String, String)> {
        students.flat_map(|student| ["ex1", "ex2"].map(|ex| (format!("s{student:03}"), ex.to_owned()))).collect()
    }

    #[test]
    fn each_job_is_in_exactly_one_part() {
        let jobs = jobs(0..60);
        for total in 1..=13 {
            for way in ["", "hash:"] {
                let parts: Vec<_> = (1..=total).map(|i| parse(&format!("{way}{i}/{total}"), &[]).unwrap()).collect();
                for (at, (student, exercise)) in jobs.iter().enumerate() {
                    assert_eq!(parts.iter().filter(|part| part.takes(at, student, exercise)).count(), 1);
                }
                let sizes = parts
                    .iter()
                    .map(|part| jobs.iter().enumerate().filter(|(at, job)| part.takes(*at, &job.0, &job.1)).count());
                let (least, most) = (sizes.clone().min().unwrap(), sizes.max().unwrap());
                assert!(if way.is_empty() { most - least <= 1 } else { least > 0 }, "{way}{total}: {least} to {most}");
            }
        }
    }

    #[test]
    fn by_hash_a_job_stays_in_its_part_when_others_come() {
        let part = parse("hash:2/5", &[]).unwrap();
        let taken = |jobs: &[(String, String)]| -> Vec<(String, String)> {
            let mine = jobs.iter().enumerate().filter(|(at, (student, exercise))| part.takes(*at, student, exercise));
            mine.map(|(_, job)| job.clone()).collect()
        };
        let (all, some) = (jobs(0..100), jobs(40..70));
        let expected: Vec<_> = taken(&all).into_iter().filter(|job| some.contains(job)).collect();
        assert_eq!(taken(&some), expected);
    }

    #[test]
    fn the_digest_never_changes_and_names_do_not_run_into_each_other() {
        // Python's hashlib says so, too.
        assert_eq!(digest("s001", "ex1"), 18_055_166_490_007_552_474);
        assert_ne!(digest("s00", "1ex1"), digest("s001", "ex1"));
    }

    #[test]
    fn parts_are_counted_from_one() {
        assert!(parse("1/2", &[]).unwrap().takes(0, "s001", "ex1"));
        assert!(parse("2/2", &[]).unwrap().takes(1, "s001", "ex1"));
        assert_eq!([shown("3/3", &[]), shown(" hash:1/1 ", &[])], ["3/3", "hash:1/1"]);
    }

    #[test]
    fn a_wrong_part_says_what_is_wrong() {
        assert_eq!(refused("0/5", &[]), "`--partition 0/5` means part 0, but parts are counted from 1");
        assert_eq!(refused("6/5", &[]), "`--partition 6/5` means part 6 of only 5");
        assert_eq!(refused("1/0", &[]), "`--partition 1/0` means one of 0 parts");
        for text in [
            "",
            "/",
            "1",
            "1/",
            "/2",
            "1/2/3",
            "-1/2",
            "+1/2",
            "1.0/2",
            "a/b",
            "hash:",
            "md5:1/2",
            "1/99999999999999999999",
            "Auto",
            "1 / 2",
        ] {
            assert!(refused(text, &[]).contains("doesn't name a part of the work"), "{text}");
        }
    }

    #[test]
    fn auto_reads_a_slurm_array_wherever_its_ids_begin() {
        let slurm = |id, min, max, step, count| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_STEP", step),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ]
        };
        assert_eq!(shown("auto", &slurm("1", "1", "4", "1", "4")), "1/4");
        assert_eq!(shown("auto", &slurm("0", "0", "3", "1", "4")), "1/4");
        assert_eq!(shown("hash:auto", &slurm("50", "10", "50", "10", "5")), "hash:5/5");
        // `--array=1-10:4` is 1, 5, 9.
        assert_eq!(shown("auto", &slurm("5", "1", "9", "4", "3")), "2/3");
        assert_eq!(shown("auto", &slurm("7", "5", "8", "", "")), "3/4");
        assert_eq!(shown("auto", &slurm("3", "3", "3", "1", "1")), "1/1");
        let gaps = "the ids of this array job have gaps: task 7 of 1 to 9 in steps of 1";
        assert_eq!(refused("auto", &slurm("7", "1", "9", "1", "3")), gaps);
        assert!(refused("auto", &slurm("2", "1", "9", "4", "3")).contains("have gaps"));
        assert!(refused("auto", &slurm("9", "1", "4", "1", "4")).contains("have gaps"));
        assert!(refused("auto", &slurm("1", "4", "1", "1", "4")).contains("have gaps"));
        assert!(refused("auto", &slurm("0", "0", "18446744073709551615", "1", "")).contains("have gaps"));
        assert!(refused("auto", &[("SLURM_ARRAY_TASK_ID", "2")]).contains("SLURM_ARRAY_TASK_MAX isn't"));
        assert_eq!(
            refused("auto", &slurm("x", "1", "4", "1", "4")),
            "SLURM_ARRAY_TASK_ID is `x`, which isn't a number"
        );
    }

    #[test]
    fn auto_reads_gitlab_from_one_and_kubernetes_from_zero() {
        assert_eq!(shown("auto", &[("CI_NODE_INDEX", "5"), ("CI_NODE_TOTAL", "5")]), "5/5");
        assert_eq!(shown("auto", &[("CI_NODE_TOTAL", "1")]), "1/1");
        assert_eq!(refused("auto", &[("CI_NODE_TOTAL", "3")]), "CI_NODE_TOTAL is set, and CI_NODE_INDEX isn't");
        assert_eq!(refused("auto", &[("CI_NODE_INDEX", "3")]), "CI_NODE_INDEX is set, and CI_NODE_TOTAL isn't");
        for index in ["0", "6"] {
            let message = refused("auto", &[("CI_NODE_INDEX", index), ("CI_NODE_TOTAL", "5")]);
            assert_eq!(
                message,
                format!("CI_NODE_INDEX={index} (counted from 1) and CI_NODE_TOTAL=5 can't be used together")
            );
        }
        let pod = |index| [("JOB_COMPLETION_INDEX", index), ("JOB_COMPLETIONS", "5")];
        assert_eq!([shown("auto", &pod("0")), shown("auto", &pod("4"))], ["1/5", "5/5"]);
        assert!(refused("auto", &pod("5")).contains("counted from 0"));
        assert_eq!(
            refused("auto", &[("JOB_COMPLETION_INDEX", "0")]),
            "JOB_COMPLETION_INDEX is set, and JOB_COMPLETIONS isn't"
        );
    }

    #[test]
    fn our_own_variable_comes_first_and_engines_must_agree() {
        let ci = [("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "4")];
        let with = |more: &[(&'static str, &'static str)]| [&ci, more].concat();
        assert_eq!(shown("auto", &with(&[("GRADE_PARTITION", "3/9")])), "3/9");
        assert_eq!(shown("auto", &with(&[("GRADE_PARTITION", "hash:3/9")])), "hash:3/9");
        assert_eq!(shown("auto", &with(&[("GRADE_PARTITION", " ")])), "2/4");
        assert_eq!(
            refused("auto", &[("GRADE_PARTITION", "auto")]),
            "`GRADE_PARTITION=auto` doesn't name a part of the work"
        );
        assert_eq!(shown("auto", &with(&[("JOB_COMPLETION_INDEX", "1"), ("JOB_COMPLETIONS", "4")])), "2/4");
        let message = refused("auto", &with(&[("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "4")]));
        assert_eq!(message, "`auto` finds different parts in the variables of CI and Kubernetes");
        assert!(refused("auto", &[]).contains("finds no environment variable"));
        assert_eq!(shown("1/2", &ci), "1/2");
    }
}
