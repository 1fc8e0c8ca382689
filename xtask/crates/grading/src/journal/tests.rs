//! Tests of the journal, on files that were damaged on purpose.

mod notes;

use super::merge::{MergeSummary, merge};
use super::*;
use crate::model::{self, Status};
use base::files::write_atomic;
use tempfile::TempDir;

fn record(student: &str, exercise: &str, key: &str, status: Status, points: u32) -> Record {
    Record {
        size_bytes: Some(327_992),
        // A number that JSON must not round.
        seconds: 0.1 + 0.2,
        files: BTreeMap::from([("src/main.rs".to_owned(), "ab".repeat(32))]),
        ..model::tests::record(student, exercise, key, status, points)
    }
}

fn graded(student: &str, key: &str, points: u32) -> Record {
    record(student, "ex1", key, Status::Graded, points)
}

fn line(record: &Record) -> String {
    format!("{}\n", serde_json::to_string(record).unwrap())
}

fn folder_of(text: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_atomic(&folder.path().join(FILE), text.as_ref()).unwrap();
    folder
}

fn text_in(folder: &Path) -> String {
    fs::read_to_string(folder.join(FILE)).unwrap()
}

fn failure<T>(result: Result<T>) -> Failure {
    let error = result.err().expect("it must fail");
    error.downcast_ref::<Failure>().unwrap_or_else(|| panic!("no failure: {error:#}")).clone()
}

fn points(records: &[Record]) -> Vec<(&str, Status, u32)> {
    latest(records).into_values().map(|record| (record.student.as_str(), record.status, record.points)).collect()
}

#[test]
fn what_is_appended_is_read_again_and_the_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/grades");
    let mut hostile = graded("s001", "k1", 4);
    hostile.message = Some("one\ntwo\u{2028}\0\"\\ \u{1b}[31m".to_owned());
    hostile.answers.insert("why".to_owned(), "because\r\n}{".to_owned());
    let journal = Journal::open(&out).unwrap();
    assert!(journal.graded("k1").is_none());
    journal.append(&hostile).unwrap();
    journal.append(&graded("s002", "k2", 5)).unwrap();
    assert!(journal.graded("k1").is_some() && journal.graded("k2").is_some() && journal.graded("k3").is_none());
    assert_eq!(text_in(&out).lines().count(), 2);
    drop(journal);
    let journal = Journal::open(&out).unwrap();
    assert_eq!(journal.torn, 0);
    assert_eq!(*latest(&Journal::read(&out).unwrap().records)[&("s001".to_owned(), "ex1".to_owned())], hostile);
    assert_eq!(Journal::read(&out).unwrap().records, [hostile, graded("s002", "k2", 5)]);
}

#[test]
fn a_second_grader_is_kept_out_until_the_first_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::open(folder.path()).unwrap();
    let failure = failure(Journal::open(folder.path()));
    assert_eq!(failure.exit, Exit::Environment);
    assert!(failure.message.starts_with("another grader is working in "), "{}", failure.message);
    assert!(failure.help.unwrap().contains("--merge"));
    first.append(&graded("s001", "k", 1)).unwrap();
    assert_eq!(Journal::read(folder.path()).unwrap().records.len(), 1, "reports are written meanwhile");
    drop(first);
    assert!(Journal::open(folder.path()).unwrap().graded("k").is_some());
}

#[test]
fn a_line_torn_anywhere_is_cut_off_and_nothing_else() {
    let (one, two) = (line(&graded("s001", "k1", 1)), line(&graded("s002", "k2", 2)));
    for end in 1..two.len() {
        let folder = folder_of(format!("{one}{}", &two[..end]));
        assert_eq!(Journal::read(folder.path()).unwrap().records.len(), 1, "not read before it is whole");
        if end % 50 != 1 && end != two.len() - 1 {
            continue;
        }
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.torn, 1, "{end}");
        assert_eq!(text_in(folder.path()), one);
        journal.append(&graded("s002", "k2", 2)).unwrap();
        assert_eq!(text_in(folder.path()), format!("{one}{two}"));
    }
}

#[test]
fn a_last_line_that_is_not_json_is_torn_even_with_its_end() {
    let one = line(&graded("s001", "k1", 1));
    for rest in [&b"{\"schema\":\n"[..], b"\0\0\0\0\n", b"\xff\xfe\n", b"\0\0\0"] {
        let folder = folder_of([one.as_bytes(), rest].concat());
        assert_eq!(Journal::open(folder.path()).unwrap().torn, 1);
        assert_eq!(text_in(folder.path()), one);
    }
}

#[test]
fn a_damaged_line_in_the_middle_is_named_and_the_file_left_alone() {
    let (one, two) = (line(&graded("s001", "k1", 1)), line(&graded("s002", "k2", 2)));
    let middle = ["{\"schema\":\n".to_owned(), "\0\0\n".to_owned(), format!("{}{two}", &one[..40]), "{}\n".to_owned()];
    for middle in middle {
        let text = format!("{one}{middle}{two}");
        let folder = folder_of(&text);
        let failure = failure(Journal::open(folder.path()));
        assert_eq!(failure.exit, Exit::Usage);
        let place = failure.place.unwrap();
        assert_eq!((place.line, place.file), (Some(2), folder.path().join(FILE)));
        assert_eq!(text_in(folder.path()), text);
        assert!(Journal::read(folder.path()).is_err());
    }
}

#[test]
fn a_record_of_another_version_is_not_cut_off_even_as_the_last_line() {
    let newer = line(&graded("s001", "k1", 1)).replace(SCHEMA, "size-workshop/grade/2");
    let unknown_field = line(&graded("s001", "k1", 1)).replace("{\"schema\"", "{\"more\":1,\"schema\"");
    let odd = newer.replace("\"points\":1", "\"points\":\"one\"");
    for (text, words) in
        [(newer, "`size-workshop/grade/2`"), (odd, "grade/2`"), (unknown_field, "unknown field `more`")]
    {
        let folder = folder_of(&text);
        let failure = failure(Journal::open(folder.path()));
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(text_in(folder.path()), text);
    }
}

#[test]
fn empty_lines_and_line_ends_of_windows_are_no_damage() {
    let text =
        format!("\r\n{}\n \n{}", line(&graded("s001", "k1", 1)).replace('\n', "\r\n"), line(&graded("s002", "k2", 2)));
    let folder = folder_of(text);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!((journal.torn, latest(&Journal::read(folder.path()).unwrap().records).len()), (0, 2));
    assert_eq!(Journal::open(folder_of("").path()).unwrap().torn, 0);
}

#[test]
fn what_is_no_file_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    assert!(failure(Journal::read(folder.path())).message.starts_with("there is no journal.jsonl in "));
    fs::create_dir(folder.path().join(FILE)).unwrap();
    assert!(failure(Journal::open(folder.path())).message.ends_with("isn't a regular file"));
    let file = folder.path().join("file");
    write_atomic(&file, b"").unwrap();
    assert!(Journal::open(&file).is_err());
}

#[test]
fn the_last_grade_counts_and_an_error_of_ours_never_takes_its_place() {
    let infra = |student, key| record(student, "ex1", key, Status::InfraError, 0);
    let records = [
        graded("s001", "a", 1),
        infra("s001", "a"),
        infra("s002", "a"),
        graded("s002", "a", 2),
        graded("s003", "a", 3),
        graded("s003", "b", 4),
        infra("s004", "a"),
        graded("s005", "a", 5),
        infra("s005", "b"),
        graded("s006", "a", 6),
        infra("s006", "b"),
        infra("s006", "a"),
    ];
    let expected = [
        ("s001", Status::Graded, 1),
        ("s002", Status::Graded, 2),
        ("s003", Status::Graded, 4),
        ("s004", Status::InfraError, 0),
        ("s005", Status::InfraError, 0),
        ("s006", Status::Graded, 6),
    ];
    assert_eq!(points(&records), expected);
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for record in &records {
        journal.append(record).unwrap();
    }
    assert_eq!(points(&Journal::read(folder.path()).unwrap().records), expected);
    assert_eq!(journal.graded("a").unwrap().student, "s006");
    assert!(journal.is_current("s003", "ex1", "b") && !journal.is_current("s003", "ex1", "a"));
    assert!(!journal.is_current("s004", "ex1", "a") && !journal.is_current("s003", "ex2", "b"));
    assert!(journal.graded("b").is_some());
    assert!(
        Journal::open(folder_of(line(&infra("s001", "a"))).path()).unwrap().graded("a").is_none(),
        "it is tried again"
    );
}

/// Takes some bytes, then is full, as a disk may be.
struct FullDisk {
    bytes: Vec<u8>,
    room: usize,
    can_cut: bool,
}

impl Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.len().min(self.room - self.bytes.len());
        self.bytes.extend(&bytes[..some]);
        if some == 0 { Err(ErrorKind::StorageFull.into()) } else { Ok(some) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for FullDisk {
    fn go_to(&mut self, end: u64) -> io::Result<()> {
        assert_eq!(end, self.bytes.len() as u64);
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.bytes.truncate(length as usize);
        if self.can_cut { Ok(()) } else { Err(ErrorKind::Other.into()) }
    }

    fn flush_to_disk(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_gets_full_within_a_line_keeps_none_of_it() {
    for room in 4..8 {
        let mut disk = FullDisk { bytes: b"old\n".to_vec(), room, can_cut: true };
        let Err(Unwritten { error, is_taken_back }) = write_line(&mut disk, 4, b"new!\n") else { panic!("{room}") };
        assert_eq!((error.kind(), is_taken_back), (ErrorKind::StorageFull, true));
        assert_eq!(disk.bytes, b"old\n");
    }
    let mut disk = FullDisk { bytes: Vec::new(), room: 5, can_cut: false };
    assert!(write_line(&mut disk, 0, b"new!\n").is_ok());
    assert!(write_line(&mut disk, 5, b"x\n").is_err_and(|unwritten| !unwritten.is_taken_back));
}

#[test]
fn a_journal_that_could_not_take_a_line_back_takes_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.state().is_broken = true;
    let failure = failure(journal.append(&graded("s001", "k", 1)));
    assert_eq!(failure.exit, Exit::Environment);
    assert!(journal.graded("k").is_none());
}

/// Fails on a real device, so that the whole way is seen; `/dev/full` cannot be cut either.
#[cfg(target_os = "linux")]
#[test]
fn a_record_that_is_not_written_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let old = std::mem::replace(&mut journal.state().file, full);
    let error = journal.append(&graded("s001", "k", 1)).unwrap_err();
    assert!(base::failure::failure_of(&error).help.unwrap().contains("disk is full"));
    assert!(journal.graded("k").is_none() && latest(&Journal::read(folder.path()).unwrap().records).is_empty());
    journal.state().file = old;
    assert!(journal.append(&graded("s001", "k", 1)).is_err());
    drop(journal);
    Journal::open(folder.path()).unwrap().append(&graded("s001", "k", 1)).unwrap();
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for seconds in [f64::NAN, f64::INFINITY] {
        assert!(journal.append(&Record { seconds, ..graded("s001", "k", 1) }).is_err());
    }
    assert!(journal.append(&Record { schema: "size-workshop/grade/2".to_owned(), ..graded("s001", "k", 1) }).is_err());
    assert_eq!(text_in(folder.path()), "");
}

#[test]
fn several_workers_append_at_once_and_each_line_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let journal = &journal;
            scope.spawn(move || {
                for number in 0..25 {
                    let student = format!("s{worker}{number:02}");
                    journal.append(&graded(&student, &student, number)).unwrap();
                }
            });
        }
    });
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!((latest(&Journal::read(folder.path()).unwrap().records).len(), journal.torn), (100, 0));
}

#[test]
fn partitions_are_joined_in_order_and_again_without_a_change() {
    let infra = |student, key| record(student, "ex1", key, Status::InfraError, 0);
    let a = folder_of([graded("s003", "a", 3), graded("s001", "a", 1), infra("s004", "a")].map(|r| line(&r)).concat());
    let b = folder_of(format!("{}{}{{\"sch", line(&graded("s002", "a", 2)), line(&graded("s004", "a", 4))));
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("all");
    let outs = [a.path().to_owned(), b.path().to_owned()];
    let summary = merge(&outs, &into).unwrap();
    let torn = vec![b.path().to_owned()];
    assert_eq!(summary, MergeSummary { records: 4, added: 4, torn, problems: Vec::new() });
    let merged = text_in(&into);
    let expected = ["s001", "s002", "s003", "s004"].iter().zip(1..).map(|(s, p)| line(&graded(s, "a", p)));
    assert_eq!(merged, expected.collect::<String>());
    for outs in [&outs, &[outs[1].clone(), outs[0].clone()]] {
        assert_eq!(merge(outs, &into).unwrap().added, 0);
        assert_eq!(text_in(&into), merged);
    }
    assert_eq!(merge(std::slice::from_ref(&into), &into).unwrap().added, 0);
    assert_eq!(text_in(&into), merged);
}

#[test]
fn merging_adds_to_what_is_there() {
    let into = folder_of(line(&graded("s002", "a", 2)));
    let more = folder_of(line(&graded("s001", "a", 1)));
    let summary = merge(&[more.path().to_owned()], into.path()).unwrap();
    assert_eq!((summary.records, summary.added), (2, 1));
}

#[test]
fn two_results_of_the_same_files_are_both_kept_and_reported() {
    let a = folder_of(line(&graded("s001", "a", 4)));
    let b = folder_of(line(&graded("s001", "a", 6)));
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let summary = merge(&[a.path().to_owned(), b.path().to_owned()], folder.path()).unwrap();
        assert_eq!(summary.records, 2);
        let [problem] = summary.problems.as_slice() else { panic!("{:?}", summary.problems) };
        assert!(problem.contains("s001 ex1: the same files were judged differently, graded 4/10 and graded 6/10"));
    }
    assert_eq!(conflicts(&Journal::read(folder.path()).unwrap().records).len(), 1);
    // How long it took is no contradiction.
    let c = folder_of(line(&Record { seconds: 9.5, ..graded("s001", "a", 4) }));
    let folder = tempfile::tempdir().unwrap();
    let summary = merge(&[a.path().to_owned(), c.path().to_owned()], folder.path()).unwrap();
    assert_eq!((summary.records, summary.problems.len()), (1, 0));
}

#[test]
fn work_that_was_handed_in_again_counts_and_a_contradiction_between_folders_is_named() {
    let once = folder_of(line(&graded("s001", "a", 4)));
    let again = folder_of([graded("s001", "a", 4), graded("s001", "b", 7)].map(|r| line(&r)).concat());
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("known");
    let summary = merge(&[once.path().to_owned(), again.path().to_owned()], &into).unwrap();
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    assert_eq!(points(&Journal::read(&into).unwrap().records), [("s001", Status::Graded, 7)]);

    // The older folder is named last: it is taken as asked, but not in silence.
    let into = folder.path().join("reversed");
    let summary = merge(&[again.path().to_owned(), once.path().to_owned()], &into).unwrap();
    assert_eq!(summary.problems.len(), 1, "{:?}", summary.problems);
    assert_eq!(points(&Journal::read(&into).unwrap().records), [("s001", Status::Graded, 4)]);

    let other = folder_of(line(&graded("s001", "c", 2)));
    let into = folder.path().join("unknown");
    let summary = merge(&[again.path().to_owned(), other.path().to_owned()], &into).unwrap();
    let [problem] = summary.problems.as_slice() else { panic!("{:?}", summary.problems) };
    assert!(problem.contains("`graded 2/10` is used"), "{problem}");
    assert_eq!(points(&Journal::read(&into).unwrap().records), [("s001", Status::Graded, 2)]);
    // A student who goes back to what was handed in first.
    let back = ["a", "b", "a"].map(|key| line(&graded("s001", key, 4))).concat();
    let into = folder.path().join("back");
    merge(&[folder_of(back).path().to_owned()], &into).unwrap();
    let keys: Vec<_> = Journal::read(&into).unwrap().records.into_iter().map(|record| record.key).collect();
    assert_eq!(keys, ["b", "a"]);
}

#[test]
fn a_folder_without_a_journal_stops_the_merge_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("into");
    assert_eq!(failure(merge(&[], &into)).exit, Exit::Usage);
    assert_eq!(failure(merge(&[folder.path().join("typo")], &into)).exit, Exit::Usage);
    assert!(!into.exists() && !folder.path().join("typo").exists());
    let busy = Journal::open(&into).unwrap();
    let some = folder_of(line(&graded("s001", "a", 4)));
    assert_eq!(failure(merge(&[some.path().to_owned()], &into)).exit, Exit::Environment);
    drop(busy);
}

#[test]
fn ten_thousand_records_are_read_and_joined() {
    let goal = model::Goal {
        id: "profile".to_owned(),
        text: "the five settings of a small build".to_owned(),
        verdict: course::check::Verdict::Pass,
        points: 4,
        points_max: 10,
        problems: Vec::new(),
        waits_for: None,
    };
    let records: Vec<Record> = (0..10_000)
        .map(|number| {
            let key = format!("{number:064x}");
            let job = record(&format!("s{:04}", number / 2), &format!("ex{}", number % 2), &key, Status::Graded, 4);
            Record { goals: vec![goal.clone(); 4], ..job }
        })
        .collect();
    let parts: Vec<TempDir> =
        (0..4).map(|part| folder_of(records.iter().skip(part).step_by(4).map(line).collect::<String>())).collect();
    let folder = tempfile::tempdir().unwrap();
    let outs: Vec<PathBuf> = parts.iter().map(|part| part.path().to_owned()).collect();
    let summary = merge(&outs, folder.path()).unwrap();
    assert_eq!((summary.records, summary.problems.len()), (10_000, 0));
    let journal = Journal::open(folder.path()).unwrap();
    assert!(records.iter().all(|record| journal.graded(&record.key).is_some()));
    let read = Journal::read(folder.path()).unwrap().records;
    let latest = latest(&read);
    assert_eq!(latest.len(), 10_000);
    assert!(records.iter().all(|r| latest[&(r.student.clone(), r.exercise.clone())] == r));
}
