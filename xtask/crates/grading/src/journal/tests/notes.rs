//! Tests of what runs note about a class, and of joining parts of it.

use super::*;

fn found(part: Option<&str>, students: &[&str]) -> Run {
    let seen = |student: &&str| model::Seen {
        student: (*student).to_owned(),
        exercises: vec!["ex1".to_owned()],
        ..model::Seen::default()
    };
    Run {
        schema: RUN_SCHEMA.to_owned(),
        part: part.map(str::to_owned),
        exercises: vec!["ex1".to_owned()],
        students: students.iter().map(seen).collect(),
        ..Run::default()
    }
}

#[test]
fn what_a_run_found_is_a_line_of_its_own_and_written_only_when_it_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let (first, second) = (found(None, &["s001", "s002"]), found(None, &["s001", "s002", "s003"]));
    journal.note(&first).unwrap();
    journal.append(&graded("s001", "k1", 4)).unwrap();
    journal.note(&first).unwrap();
    journal.note(&second).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    journal.note(&second).unwrap();
    assert_eq!(text_in(folder.path()).lines().count(), 3);
    let contents = Journal::read(folder.path()).unwrap();
    assert_eq!((contents.runs.as_slice(), contents.records.len()), ([first, second].as_slice(), 1));
    assert_eq!(contents.students(), ["s001", "s002", "s003"]);
    assert_eq!(contents.handed_in().len(), 3);
    let all = journal.into_contents();
    assert_eq!((all.runs, all.records), (contents.runs, contents.records));
}

#[test]
fn a_torn_or_a_newer_line_about_a_run_is_treated_as_one_of_a_record() {
    let text = format!("{}\n", serde_json::to_string(&found(None, &["s001"])).unwrap());
    let record = line(&graded("s001", "k1", 4));
    let folder = folder_of(format!("{record}{}", &text[..text.len() / 2]));
    assert_eq!(Journal::open(folder.path()).unwrap().torn, 1);
    assert_eq!(text_in(folder.path()), record);
    let newer = text.replace("{\"schema\"", "{\"more\":1,\"schema\"");
    let folder = folder_of(format!("{newer}{record}"));
    let failure = failure(Journal::read(folder.path()));
    assert!(failure.message.contains("unknown field `more`"), "{}", failure.message);
}

#[test]
fn merging_some_of_the_parts_names_the_others_and_all_of_them_make_a_whole() {
    let class = ["s001", "s002", "s003", "s004"];
    let part = |number: &str, students: &[&str]| {
        let run = serde_json::to_string(&found(Some(number), &class)).unwrap();
        folder_of(students.iter().fold(format!("{run}\n"), |text, student| text + &line(&graded(student, student, 5))))
    };
    let (one, two) = (part("1/2", &["s001", "s003"]), part("2/2", &["s002", "s004"]));
    let into = tempfile::tempdir().unwrap();
    let merged = |outs: &[&TempDir]| {
        let outs: Vec<PathBuf> = outs.iter().map(|out| out.path().to_owned()).collect();
        merge(&outs, into.path()).unwrap().problems
    };
    let problems = merged(&[&one]);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].starts_with("part 2/2 is missing, and with it 2 submissions"), "{problems:#?}");
    let contents = Journal::read(into.path()).unwrap();
    assert_eq!((contents.records.len(), contents.handed_in().len()), (2, 4));

    // Later, with all of them, or with only the one that was missing.
    assert_eq!(merged(&[&one, &two, &one]), Vec::<String>::new());
    let text = text_in(into.path());
    assert_eq!(text.lines().count(), 6, "{text}");
    assert_eq!(merged(&[&two]), Vec::<String>::new());
    assert_eq!(text_in(into.path()), text, "nothing has changed");

    // One that was interrupted is named with its folder.
    let half = part("2/2", &["s002"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let outs = [one.path().to_owned(), half.path().to_owned()];
    let problems = merge(&outs, elsewhere.path()).unwrap().problems;
    let folder = half.path().display();
    let words = "1 of 2 submissions of part 2/2 isn't graded yet (s004 ex1)";
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].starts_with(&format!("{folder}: {words}")), "{problems:#?}");
}
