//! Results that were graded under a name that differs from the roster's: before there was a roster, or with an older
//! one. Otherwise a student would be in the reports twice, once with the points and once with none.

use super::identity::{self, Matcher};
use super::journal::Contents;
use super::model::{Handle, Record, Seen};
use super::roster::Roster;
use anyhow::{Result, bail};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The journal with the roster's id for each student it lists. Where two results would become one, both stay as they
/// are.
///
/// # Errors
/// When not a single student is in the roster.
pub(crate) fn adopt<'a>(contents: &'a Contents, roster: &Roster) -> Result<Cow<'a, Contents>> {
    let seen = || contents.runs.iter().flat_map(|run| &run.students);
    let mut handles: BTreeMap<&str, Handle> = BTreeMap::new();
    for record in &contents.records {
        let plain = || Handle { entry: record.student.clone(), ids: vec![record.student.clone()], ..Handle::default() };
        handles.entry(&record.student).or_insert_with(plain);
    }
    handles.extend(seen().map(|seen| (seen.student.as_str(), seen.handle.clone())));
    let matcher = Matcher::new(roster);
    let owners: BTreeMap<&str, Vec<&str>> = handles
        .keys()
        .zip(matcher.find_all(handles.values()))
        .map(|(student, found)| (*student, roster.canonical(student).map_or(found.students, |id| vec![id])))
        .collect();
    if !owners.is_empty() && owners.values().all(Vec::is_empty) {
        bail!(identity::no_match(handles.values(), roster));
    }
    let work = contents.records.iter().map(|record| (record.student.as_str(), record.exercise.as_str()));
    let handed_in =
        seen().flat_map(|seen| seen.exercises.iter().map(|exercise| (seen.student.as_str(), exercise.as_str())));
    let mut claims: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (student, exercise) in work.chain(handed_in) {
        for owner in &owners[student] {
            claims.entry((owner, exercise)).or_default().insert(student);
        }
    }
    let disputed: BTreeSet<&str> = claims.into_values().filter(|students| students.len() > 1).flatten().collect();
    // A student who already has the id keeps it.
    let renamed: BTreeMap<&str, &Vec<&str>> = owners
        .iter()
        .filter(|(student, owners)| {
            !owners.is_empty() && !disputed.contains(*student) && owners.as_slice() != [**student]
        })
        .map(|(student, owners)| (*student, owners))
        .collect();
    if renamed.is_empty() {
        return Ok(Cow::Borrowed(contents));
    }
    let ids = |student: &str| match renamed.get(student) {
        Some(owners) => owners.iter().map(|&id| id.to_owned()).collect(),
        None => vec![student.to_owned()],
    };
    let record = |record: &Record| -> Vec<Record> {
        ids(&record.student).into_iter().map(|student| Record { student, ..record.clone() }).collect()
    };
    let one = |seen: &Seen| -> Vec<Seen> {
        ids(&seen.student).into_iter().map(|student| Seen { student, ..seen.clone() }).collect()
    };
    let mut contents = contents.clone();
    contents.records = contents.records.iter().flat_map(record).collect();
    for run in &mut contents.runs {
        run.students = run.students.iter().flat_map(one).collect();
    }
    Ok(Cow::Owned(contents))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::record;
    use crate::model::{Run, Status};
    use crate::roster;
    use crate::sheet::Sheet;
    use std::path::Path;

    fn class(text: &str) -> Roster {
        roster::of_sheet(&Sheet::parse(Path::new("roster.csv"), text.as_bytes().to_vec()).unwrap(), &["ex1"]).unwrap()
    }

    /// The students of the records after a roster was found.
    fn adopted(students: &[&str], roster: &Roster) -> Vec<String> {
        let records = students.iter().map(|student| record(student, "ex1", student, Status::Graded, 5)).collect();
        let contents = Contents { records, runs: Vec::new() };
        let adopted = adopt(&contents, roster).unwrap();
        adopted.records.iter().map(|record| record.student.clone()).collect()
    }

    #[test]
    fn results_move_to_the_id_of_the_roster() {
        let roster = class("student_id,login,team\ns001,jdoe,\nS077,,\ns3,,red\ns4,,red\n");
        assert_eq!(adopted(&["jdoe", "s077", "eve", "Red"], &roster), ["s001", "S077", "eve", "s3", "s4"]);
        assert_eq!(adopted(&["s001", "S077"], &roster), ["s001", "S077"]);
    }

    #[test]
    fn two_results_never_become_one() {
        let roster = class("student_id,login,first_name,last_name\ns001,jdoe,Jane,Doe\ns002,,,\n");
        assert_eq!(adopted(&["jdoe", "jane-doe"], &roster), ["s001", "jane-doe"], "an id counts more than a name");
        assert_eq!(adopted(&["jdoe", "JDOE", "s002"], &roster), ["jdoe", "JDOE", "s002"]);
        assert_eq!(adopted(&["jdoe", "s001"], &roster), ["jdoe", "s001"]);
    }

    #[test]
    fn what_a_run_saw_of_a_student_counts() {
        let roster = class("student_id,lms_id\ns001,10001\n");
        let handle = Handle { entry: "doe_10001_9_x.zip".into(), ids: vec!["10001".into()], ..Handle::default() };
        let seen = Seen { student: "doe".into(), handle, exercises: vec!["ex1".into()] };
        let run = Run { students: vec![seen], ..Run::default() };
        let records = vec![record("doe", "ex1", "k", Status::Graded, 5)];
        let contents = Contents { records, runs: vec![run] };
        let adopted = adopt(&contents, &roster).unwrap();
        assert_eq!(adopted.records[0].student, "s001");
        assert_eq!(adopted.students(), ["s001"]);
    }

    #[test]
    fn the_roster_of_another_class_is_refused() {
        let contents = Contents { records: vec![record("eve", "ex1", "k", Status::Graded, 5)], runs: Vec::new() };
        let error = adopt(&contents, &class("student_id\ns001\n")).unwrap_err();
        assert!(error.to_string().contains("no entry matches a student in roster.csv"), "{error}");
        assert!(adopt(&Contents::default(), &class("student_id\ns001\n")).is_ok());
    }
}
