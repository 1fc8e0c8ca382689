//! Takes lines through one step, and keeps the books. This is the file that you change.

/// What happened in all steps of a run.
#[derive(Default)]
pub struct Report {
    /// One line for each step.
    pub steps: Vec<String>,
    /// One line for each line of text that a step refused.
    pub refused: Vec<String>,
}

/// Gives every line to `step`. What it refuses is reported; what it empties is left out.
pub fn apply<F>(name: &str, lines: Vec<String>, report: &mut Report, mut step: F) -> Vec<String>
where
    F: FnMut(&str) -> Result<String, String>,
{
    let before: usize = lines.iter().map(|line| line.chars().count()).sum();
    let (mut kept, mut changed, mut refused) = (Vec::with_capacity(lines.len()), 0, 0);
    for (index, line) in lines.iter().enumerate() {
        match step(line) {
            Ok(new) if new.is_empty() && !line.is_empty() => changed += 1,
            Ok(new) => {
                changed += usize::from(new != *line);
                kept.push(new);
            }
            Err(why) => {
                refused += 1;
                report.refused.push(format!("{name}: line {}: {why}: {line:?}", index + 1));
            }
        }
    }
    let after: usize = kept.iter().map(|line| line.chars().count()).sum();
    let dropped = lines.len() - kept.len() - refused;
    report.steps.push(format!(
        "{name}: {} lines, {changed} changed, {dropped} dropped, {refused} refused, {before} to {after} characters",
        lines.len()
    ));
    kept
}
