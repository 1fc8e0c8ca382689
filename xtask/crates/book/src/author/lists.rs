//! The lists of all exercises that a new one must be added to. A list that doesn't look as expected is left unchanged.

use super::skeleton;
use base::diagnostic::line_and_column;

/// The result of adding an exercise to a list.
#[derive(Debug, PartialEq)]
pub(super) enum Added {
    /// The whole text with it, and the line it is on now.
    To(String, usize),
    /// It was already there, on this line.
    Already(usize),
    /// The list isn't understood from this line on.
    NotTo(usize),
}

/// A file with a list of all exercises.
pub(super) struct List {
    /// Where it is, from the root of the course.
    pub file: &'static str,
    /// Adds the exercise of this name to a text.
    pub add: fn(&str, &str) -> Added,
    /// What to add by hand if that fails.
    pub by_hand: fn(&str) -> String,
}

/// All the lists. A course doesn't need to have them.
pub(super) const ALL: [List; 3] = [
    List { file: "exercises/README.md", add: row, by_hand: |id| format!("`{}`", skeleton::row(id).trim_end()) },
    List { file: ".vscode/settings.json", add: linked_project, by_hand: |id| format!("`\"{}\"`", manifest(id)) },
    List {
        file: "docs/grading/classroom/classroom.yml",
        add: step,
        by_hand: |id| format!("a step with `id: {id}`, the line `{}`, and `{id}` in `runners`", results(id)),
    },
];

/// The number of an exercise: 14 for `ex14`; none for any other name.
pub(super) fn number(id: &str) -> Option<u32> {
    let number: u32 = id.strip_prefix("ex")?.parse().ok()?;
    (number > 0 && format!("ex{number}") == id).then_some(number)
}

/// The exercise after which a new one belongs: the last one with a smaller number, else the last of all.
fn behind<T>(known: impl Iterator<Item = (T, Option<u32>)>, id: &str) -> Option<T> {
    let (mut smaller, mut last) = (None, None);
    for (one, its_number) in known {
        let place = if its_number.is_none() || its_number < number(id) { &mut smaller } else { &mut last };
        *place = Some(one);
    }
    smaller.or(last)
}

/// exercises/README.md: a row of the table.
fn row(text: &str, id: &str) -> Added {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let head = lines.windows(2).position(|two| two[0].starts_with("| exercise |") && two[1].starts_with("|---|"));
    let Some(head) = head else { return Added::NotTo(1) };
    let mut known = vec![(head + 1, None)];
    for (index, line) in lines.iter().enumerate().skip(head + 2).take_while(|(_, line)| line.starts_with('|')) {
        let other = line.strip_prefix("| [").and_then(|rest| rest.split(':').next()).unwrap_or_default();
        if other == id {
            return Added::Already(index + 1);
        }
        if number(other).is_none() || !line.contains(&format!("]({other}/README.md) |")) || !line.ends_with("|\n") {
            return Added::NotTo(index + 1);
        }
        known.push((index, number(other)));
    }
    let Some(index) = behind(known.into_iter(), id) else { return Added::NotTo(head + 1) };
    Added::To(format!("{}{}{}", lines[..=index].concat(), skeleton::row(id), lines[index + 1..].concat()), index + 2)
}

/// .vscode/settings.json: the manifest among those that rust-analyzer reads. The file has comments, so it isn't JSON,
/// but the list is.
fn linked_project(text: &str, id: &str) -> Added {
    const KEY: &str = "\"rust-analyzer.linkedProjects\": [";
    let line = |at: usize| line_and_column(text, at).0;
    let keys: Vec<usize> = text.match_indices(KEY).map(|(at, _)| at).collect();
    let [key] = keys[..] else { return Added::NotTo(keys.first().map_or(1, |&at| line(at))) };
    let open = key + KEY.len();
    let list = text[open..].split(']').next().unwrap_or_default();
    let is_commented_out = text[..key].rsplit('\n').next().is_some_and(|before| !before.trim().is_empty());
    let projects: Vec<String> = match serde_json::from_str(&format!("[{list}]")) {
        Ok(projects) if !is_commented_out => projects,
        _ => return Added::NotTo(line(key)),
    };
    let place = |project: &str| Some(open + list.find(&format!("\"{project}\""))?);
    if let Some(at) = place(&manifest(id)) {
        return Added::Already(line(at));
    }
    let known = projects.iter().map(|project| {
        (project, project.strip_prefix("exercises/").and_then(|rest| number(rest.strip_suffix("/Cargo.toml")?)))
    });
    let Some((at, project)) = behind(known, id).and_then(|project| Some((place(project)?, project))) else {
        return Added::NotTo(line(key));
    };
    // One line for all, or a line for each: as it is for the one before.
    let gap = &text[text[..at].trim_end().len()..at];
    let end = at + project.len() + 2;
    let added = format!(",{}\"{}\"", if gap.is_empty() { " " } else { gap }, manifest(id));
    Added::To(format!("{}{added}{}", &text[..end], &text[end..]), line(end) + gap.matches('\n').count())
}

fn manifest(id: &str) -> String {
    format!("exercises/{id}/Cargo.toml")
}

/// docs/grading/classroom/classroom.yml: a step like the one of the exercise before, its result, and its name among the runners.
fn step(text: &str, id: &str) -> Added {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let steps =
        lines.iter().enumerate().map(|(index, line)| (index, line.trim().strip_prefix("id: ").and_then(number)));
    let steps: Vec<(usize, Option<u32>)> = steps.filter(|(_, number)| number.is_some()).collect();
    if let Some((index, _)) = steps.iter().find(|(_, other)| *other == number(id)) {
        return Added::Already(index + 1);
    }
    let Some(at) = behind(steps.into_iter(), id) else { return Added::NotTo(1) };
    match step_like(&lines, at, id) {
        Some((text, line)) => Added::To(text, line),
        None => Added::NotTo(at + 1),
    }
}

/// The text with a step that is like the one whose name is in this line, and the line of the new one.
fn step_like(lines: &[&str], at: usize, id: &str) -> Option<(String, usize)> {
    let model = lines[at].trim().strip_prefix("id: ")?;
    let end = at + lines[at..].iter().position(|line| line.trim().is_empty())?;
    let block = &lines[at.checked_sub(1)?..end];
    let called = |id: &str| number(id).map(|number| format!("Exercise {number}"));
    let (old, new) = (called(model)?, called(id)?);
    if !block[0].trim_end().ends_with(&format!("- name: {old}")) {
        return None;
    }
    let only = |is_it: &dyn Fn(&str) -> bool, lines: &[&str]| {
        let found: Vec<usize> = (0..lines.len()).filter(|&index| is_it(lines[index].trim())).collect();
        if let [index] = found[..] { Some(index) } else { None }
    };
    only(&|line| line == format!("command: cargo xtask check {model}"), block)?;
    let score = only(&|line| line.starts_with("max-score: "), block)?;
    let result = only(&|line| line == results(model), lines)?;
    let runners = only(&|line| line.starts_with("runners: "), lines)?;
    let (key, names) = lines[runners].trim_end().split_once(": ")?;
    let names: Vec<String> = names
        .split(',')
        .map(|name| if name.trim() == model { format!("{name},{id}") } else { name.to_owned() })
        .collect();
    let names = names.join(",");
    if !names.split(',').any(|name| name == id) {
        return None;
    }

    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        if index == end {
            text.push('\n');
            for (index, line) in block.iter().enumerate() {
                if index == score {
                    text += &format!("{}max-score: {}\n", indent(line), skeleton::points());
                } else {
                    text += &line.replace(&old, &new).replace(model, id);
                }
            }
        }
        if index == runners {
            text += &format!("{key}: {names}\n");
        } else {
            text += line;
        }
        if index == result {
            text += &format!("{}{}\n", indent(line), results(id));
        }
    }
    Some((text, end + 2))
}

fn results(id: &str) -> String {
    format!("{}_RESULTS: ${{{{ steps.{id}.outputs.result }}}}", id.to_uppercase())
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was added, and the line.
    fn added(add: fn(&str, &str) -> Added, text: &str, id: &str) -> (Vec<String>, usize) {
        let Added::To(new, line) = add(text, id) else { panic!("{:?}", add(text, id)) };
        let changes = similar::TextDiff::from_lines(text, &new);
        let inserted = |change: &similar::Change<&str>| change.tag() == similar::ChangeTag::Insert;
        (changes.iter_all_changes().filter(inserted).map(|change| change.value().to_owned()).collect(), line)
    }

    const ROWS: &str = "# Exercises\n\n| exercise | level |\n|---|---|\n| [ex1: One](ex1/README.md) | a |\n| [ex3: Three](ex3/README.md) | c |\n\nEach | is a folder.\n";

    #[test]
    fn a_row_stands_in_the_order_of_the_numbers() {
        assert_eq!(added(row, ROWS, "ex4"), (vec![skeleton::row("ex4")], 7));
        assert_eq!(added(row, ROWS, "ex2"), (vec![skeleton::row("ex2")], 6));
        assert_eq!(row(ROWS, "ex3"), Added::Already(6));
        let empty = ROWS.replace("| [ex1: One](ex1/README.md) | a |\n| [ex3: Three](ex3/README.md) | c |\n", "");
        assert_eq!(added(row, &empty, "ex1").1, 5);
    }

    #[test]
    fn a_table_that_is_not_understood_is_named_by_its_line() {
        assert_eq!(row("# Exercises\n\nNone.\n", "ex4"), Added::NotTo(1));
        assert_eq!(row(&ROWS.replace("](ex1/", "](ex2/"), "ex4"), Added::NotTo(5));
        assert_eq!(row(&ROWS.replace("| [ex3:", "| [extra:"), "ex4"), Added::NotTo(6));
    }

    const PROJECTS: &str = "{\n  // All.\n  \"rust-analyzer.linkedProjects\": [\"Cargo.toml\", \"exercises/ex1/Cargo.toml\", \"exercises/ex3/Cargo.toml\"],\n  \"a\": []\n}\n";

    #[test]
    fn a_manifest_is_added_in_the_form_that_the_list_has() {
        let Added::To(text, 3) = linked_project(PROJECTS, "ex2") else { panic!() };
        let three = "\"exercises/ex1/Cargo.toml\", \"exercises/ex2/Cargo.toml\", \"exercises/ex3/Cargo.toml\"]";
        assert_eq!(text, PROJECTS.replace("\"exercises/ex1/Cargo.toml\", \"exercises/ex3/Cargo.toml\"]", three));
        let long = PROJECTS.replace(", ", ",\n    ");
        assert_eq!(added(linked_project, &long, "ex2"), (vec!["    \"exercises/ex2/Cargo.toml\",\n".to_owned()], 5));
        assert_eq!(linked_project(&long, "ex3"), Added::Already(5));
    }

    #[test]
    fn a_list_of_manifests_that_is_not_understood_is_named_by_its_line() {
        assert_eq!(linked_project("{}\n", "ex4"), Added::NotTo(1));
        for (from, to) in
            [(", \"exercises/ex3", ", // and\n \"exercises/ex3"), ("  \"rust", "  // \"rust"), ("],\n", ",\n")]
        {
            assert_eq!(linked_project(&PROJECTS.replace(from, to), "ex4"), Added::NotTo(3), "{to}");
        }
    }

    const STEPS: &str = "steps:\n  - name: Exercise 1\n    id: ex1\n    with:\n      command: cargo xtask check ex1\n      timeout: 10\n      max-score: 30\n\n  - name: Report\n    env:\n      EX1_RESULTS: ${{ steps.ex1.outputs.result }}\n    with:\n      runners: ex1\n";

    #[test]
    fn a_step_is_like_the_one_before_with_points_of_its_own() {
        let (lines, line) = added(step, STEPS, "ex15");
        insta::assert_snapshot!(lines.concat(), @r"
          - name: Exercise 15
            id: ex15
            with:
              command: cargo xtask check ex15
              timeout: 10
              max-score: 10

              EX15_RESULTS: ${{ steps.ex15.outputs.result }}
              runners: ex1,ex15
        ");
        assert_eq!(line, 9);
        assert_eq!(step(STEPS, "ex1"), Added::Already(3));
    }

    #[test]
    fn steps_that_are_not_understood_are_named_by_their_line() {
        assert_eq!(step("steps:\n", "ex15"), Added::NotTo(1));
        for (from, to) in [
            ("max-score: 30", "points: 30"),
            ("check ex1\n", "check --all\n"),
            ("runners: ex1", "runners: all"),
            ("name: Exercise 1\n", "name: The first one\n"),
            ("EX1_RESULTS", "RESULTS"),
        ] {
            assert_eq!(step(&STEPS.replace(from, to), "ex15"), Added::NotTo(3), "{to}");
        }
    }
}
