//! Names as LMSs write them, and names that only look so.

use super::*;

fn name(text: &str) -> Name {
    let ending = ending(text).map_or(0, |(ending, _)| ending.len());
    Name {
        text: text.trim_end_matches('/').to_owned(),
        is_folder: text.ends_with('/'),
        is_checkout: false,
        stem: text[..text.len() - ending].trim_end_matches('/').to_owned(),
    }
}

fn all(texts: &[&str]) -> Vec<Meaning> {
    let names: Vec<Name> = texts.iter().map(|text| name(text)).collect();
    read(&names, None, None)
}

/// The LMS, the ids, the name, the order, the file.
type Told<'a> = (Option<Lms>, Vec<&'a str>, Option<&'a str>, &'a str, Option<&'a str>);

fn told(meaning: &Meaning) -> Told<'_> {
    let handle = &meaning.handles[0];
    let ids = handle.ids.iter().map(String::as_str).collect();
    (meaning.lms, ids, handle.name.as_deref(), handle.attempt.as_str(), meaning.file.as_deref())
}

#[test]
fn every_pattern_is_an_expression() {
    assert_eq!(COMPILED.len(), PATTERNS.len());
}

#[test]
fn canvas_tells_the_user_the_order_and_the_file() {
    let names = [
        "doejane_LATE_10001_900001_ex1.zip",
        "linmei_10003_900003_Cargo.toml",
        "müllerjörg_10004_900004_ex1-2.zip",
        "anon_aB3x9_900005_ex1.zip",
        "LATE_anon_aB3x8_900006_ex1.zip",
        "roepat_10005_text.html",
        "doe-jim_10006_900007_my_file_1_2.zip",
    ];
    let meanings = all(&names);
    let canvas = Some(Lms::Canvas);
    let expected = [
        (canvas, vec!["10001", "doejane"], Some("doejane"), "900001", Some("ex1.zip")),
        (canvas, vec!["10003", "linmei"], Some("linmei"), "900003", Some("Cargo.toml")),
        (canvas, vec!["10004", "müllerjörg"], Some("müllerjörg"), "900004", Some("ex1-2.zip")),
        (canvas, vec!["aB3x9"], None, "900005", Some("ex1.zip")),
        (canvas, vec!["aB3x8"], None, "900006", Some("ex1.zip")),
        (canvas, vec!["10005", "roepat"], Some("roepat"), "", None),
        (canvas, vec!["10006", "doe-jim"], Some("doe-jim"), "900007", Some("my_file_1_2.zip")),
    ];
    assert_eq!(meanings.iter().map(told).collect::<Vec<_>>(), expected);
    let late: Vec<bool> = meanings.iter().map(|meaning| meaning.handles[0].late).collect();
    assert_eq!(late, [true, false, false, false, true, false, false]);
    assert!(meanings[5].is_page && !meanings[4].is_page);
    // Later uploads sort behind earlier ones, also where a number gets a digit more.
    let order = all(&["a_1_999_x.zip", "a_1_1000_x.zip"]);
    assert!(super::order(&order[0].handles[0].attempt) < super::order(&order[1].handles[0].attempt));
}

#[test]
fn a_name_that_may_be_an_ordinary_one_stays_the_students() {
    for names in [
        &["s_001_x.zip", "s_002_x.zip"][..],
        // Numbers of Canvas have no zeros in front.
        &["s_001_002_x.zip"],
        // One among many that are none.
        &["s_12_34_x.zip", "s002.zip", "s003.zip"],
        &["s_12_34_x/", "submission/", "attempt_1/", "123-456 - Jane/"],
        &["jane_assignsubmission/", "a_attempt_2026-05-30_x.zip"],
        &["anna-s001/"],
    ] {
        for (meaning, text) in all(names).iter().zip(names) {
            assert_eq!((meaning.lms, told(meaning).1[0]), (None, name(text).stem.as_str()), "{text}");
        }
    }
}

#[test]
fn a_roster_may_still_know_who_a_doubtful_name_is_of() {
    let meanings = all(&["doejane_10001_900001_ex1.zip", "s002.zip", "s003.zip"]);
    assert_eq!(told(&meanings[0]).1, ["doejane_10001_900001_ex1", "10001", "doejane"]);
    assert_eq!(told(&meanings[1]).1, ["s002"]);
}

#[test]
fn moodle_tells_the_participant_with_and_without_folders() {
    let meanings = all(&[
        "Jane van Doe_12345_assignsubmission_file_/",
        "Jane van Doe_12346_assignsubmission_file/",
        "s001_12347_assignsubmission_file_ex1.zip",
        "Participant_12348_assignsubmission_file_Cargo.toml",
        "Jane van Doe_12345_assignsubmission_onlinetext_/",
        "Jane van Doe_12345_assignsubmission_onlinetext_onlinetext.html",
        "Team A_77_assignsubmission_file_/",
        "Default group_assignsubmission_file_/",
    ]);
    let moodle = Some(Lms::Moodle);
    let expected = [
        (moodle, vec!["12345", "Participant 12345"], Some("Jane van Doe"), "", None),
        (moodle, vec!["12346", "Participant 12346"], Some("Jane van Doe"), "", None),
        (moodle, vec!["12347", "Participant 12347", "s001"], Some("s001"), "", Some("ex1.zip")),
        (moodle, vec!["12348", "Participant 12348"], None, "", Some("Cargo.toml")),
        (moodle, vec!["12345", "Participant 12345"], Some("Jane van Doe"), "", None),
        (moodle, vec!["12345", "Participant 12345"], Some("Jane van Doe"), "", None),
        (moodle, vec!["77", "Participant 77"], Some("Team A"), "", None),
        (moodle, vec!["Default group"], Some("Default group"), "", None),
    ];
    assert_eq!(meanings.iter().map(told).collect::<Vec<_>>(), expected);
    let pages: Vec<bool> = meanings.iter().map(|meaning| meaning.is_page).collect();
    assert_eq!(pages, [false, false, false, false, true, true, false, false]);
}

#[test]
fn blackboard_tells_the_login_the_time_and_the_assignment() {
    let meanings = all(&[
        "Exercise 1_s301_attempt_2026-05-30-11-59-12_ex1.zip",
        "Exercise 1_s301_attempt_2026-05-30-11-59-12.txt",
        "CS_101 Exercise 1_s302_attempt_2026-05-29-11-59-12_Cargo.toml",
    ]);
    let blackboard = Some(Lms::Blackboard);
    let expected = [
        (blackboard, vec!["s301"], None, "2026-05-30-11-59-12", Some("ex1.zip")),
        (blackboard, vec!["s301"], None, "2026-05-30-11-59-12", None),
        (blackboard, vec!["s302"], None, "2026-05-29-11-59-12", Some("Cargo.toml")),
    ];
    assert_eq!(meanings.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(meanings[1].is_page && !meanings[0].is_page);
    assert_eq!(meanings[2].title.as_deref(), Some("CS_101 Exercise 1"));
}

#[test]
fn blackboard_leaves_open_where_a_login_with_an_underscore_begins() {
    let file = |head: &str| format!("{head}_attempt_2026-05-30-11-59-12_ex1.zip");
    let told = |heads: &[&str]| -> Vec<(String, Vec<String>)> {
        let files: Vec<String> = heads.iter().map(|head| file(head)).collect();
        let meanings = all(&files.iter().map(String::as_str).collect::<Vec<_>>());
        meanings.into_iter().map(|meaning| (meaning.title.unwrap(), meaning.handles[0].ids.clone())).collect()
    };
    let expected = |title: &str, ids: &[&str]| (title.to_owned(), ids.iter().map(|id| (*id).to_owned()).collect());
    // What all have in common is the title.
    assert_eq!(
        told(&["Exercise 1_s_303", "Exercise 1_s301", "Exercise 1_jane_van_doe"]),
        [
            expected("Exercise 1", &["s_303", "303"]),
            expected("Exercise 1", &["s301"]),
            expected("Exercise 1", &["jane_van_doe", "doe", "van_doe"]),
        ]
    );
    // All logins may begin alike, and a title may have a `_` as well.
    assert_eq!(told(&["CS_1_s_301", "CS_1_s_302"])[1], expected("CS_1_s", &["302", "s_302", "1_s_302"]));
    // A single student leaves it open, however many files there are.
    assert_eq!(told(&["Exercise 1_s_303", "Exercise 1_s_303"])[0], expected("Exercise 1_s", &["303", "s_303"]));
}

#[test]
fn brightspace_tells_the_name_and_the_time_and_namesakes_apart() {
    let meanings = all(&[
        "123-456 - s001 - Nov 3, 2026 1159 PM/",
        "124-456 - Jane Doe - Nov 3, 2026 1201 AM/",
        "125-456 - A00123 - Max Roe - Dec 13, 2026 905 AM/",
        "126-456 - Ann Lee - Jan 1, 2027 1230 PM - ex1.zip",
        "127-456 - Same Name - Nov 3, 2026 1201 AM/",
        "128-456 - Same Name - Nov 4, 2026 1201 AM/",
    ]);
    let brightspace = Some(Lms::Brightspace);
    let expected = [
        (brightspace, vec!["s001"], Some("s001"), "2026-11-03T23:59", None),
        (brightspace, vec!["Jane Doe"], Some("Jane Doe"), "2026-11-03T00:01", None),
        (brightspace, vec!["A00123", "Max Roe"], Some("Max Roe"), "2026-12-13T09:05", None),
        (brightspace, vec!["Ann Lee"], Some("Ann Lee"), "2027-01-01T12:30", Some("ex1.zip")),
        (brightspace, vec!["Same Name (127)"], Some("Same Name"), "2026-11-03T00:01", None),
        (brightspace, vec!["Same Name (128)"], Some("Same Name"), "2026-11-04T00:01", None),
    ];
    assert_eq!(meanings.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn gradescope_tells_the_members_of_each_folder() {
    let text = "---\n\
                submission_123:\n\
                \x20 :submitters:\n\
                \x20 - :name: Jane O'Doe\n\
                \x20   :sid: 's001'\n\
                \x20   :email: s001@example.org\n\
                \x20 :created_at: 2026-05-30 11:59:12.000000000 Z\n\
                \x20 :score: 0.0\n\
                \x20 :history:\n\
                \x20 - :id: 7\n\
                \x20   :submitters:\n\
                \x20   - :name: Somebody Earlier\n\
                submission_124:\n\
                \x20 :submitters:\n\
                \x20   - :name: \"J\\u00f6rg \\\"J\\\"\"\n\
                \x20     :sid:\n\
                \x20     :email: j@example.org\n\
                \x20   - :email: 'it''s@example.org'\n\
                \x20     :name: Max\n\
                submission_125:\n\
                \x20 :submitters: []\n";
    let all = gradescope::parse(text);
    let ids =
        |folder: &str| -> Vec<Vec<String>> { all[folder].iter().map(|member| member.handle(folder).ids).collect() };
    assert_eq!(ids("submission_123")[0], ["s001", "s001@example.org"]);
    assert_eq!(ids("submission_124"), [["j@example.org"], ["it's@example.org"]]);
    assert_eq!(all["submission_124"][0].name, "Jörg \"J\"");
    assert!(all["submission_125"].is_empty());

    let names = [name("submission_123/"), name("submission_124/"), name("submission_125/"), name("submission_9/")];
    let meanings = read(&names, Some(&all), None);
    assert!(meanings.iter().all(|meaning| meaning.lms == Some(Lms::Gradescope)));
    assert_eq!(meanings[0].handles[0].name.as_deref(), Some("Jane O'Doe"));
    let counts: Vec<usize> = meanings.iter().map(|meaning| meaning.handles.len()).collect();
    assert_eq!(counts, [1, 2, 1, 1], "a submission without submitters is named by its folder");
    assert_eq!(meanings[3].handles[0].ids, ["submission_9"]);
}

#[test]
fn metadata_of_any_kind_ends_in_a_list() {
    for text in [
        "",
        ":",
        "a",
        "a:\n",
        "- :submitters:",
        "a:\n :submitters:\n  :name: x",
        "\u{0}\n\t- :\n a: \"\\",
        "a:\n  :submitters:\n  -\n",
    ] {
        gradescope::parse(text);
    }
}

#[test]
fn checkouts_of_an_assignment_are_called_by_their_logins() {
    let names = |is_checkout| -> Vec<Name> {
        let texts = ["size-lab-octo-cat/", "size-lab-octo-dog/", "size-lab-hubot/"];
        texts.iter().map(|text| Name { is_checkout, ..name(text) }).collect()
    };
    let ids = |names: &[Name]| -> Vec<Vec<String>> {
        read(names, None, None).into_iter().map(|meaning| meaning.handles[0].ids.clone()).collect()
    };
    assert_eq!(ids(&names(true))[0], ["octo-cat", "size-lab-octo-cat", "lab-octo-cat"]);
    assert_eq!(ids(&names(true))[2], ["hubot", "size-lab-hubot", "lab-hubot"]);
    // Without a repository in them they may be anything: the whole name comes first.
    assert_eq!(ids(&names(false))[0], ["size-lab-octo-cat", "lab-octo-cat", "octo-cat"]);
    // Of a single one only a roster can tell.
    assert_eq!(ids(&names(true)[..1])[0], ["size-lab-octo-cat", "lab-octo-cat", "octo-cat", "cat"]);
    // What is not handed in that way is not cut at its hyphens.
    assert_eq!(ids(&[name("mary-ann/"), name("s001/")])[0], ["mary-ann"]);
    assert_eq!(ids(&[name("mary-ann.zip")])[0], ["mary-ann"]);
    assert_eq!(ids(&[name("lab--/"), name("lab--b/")])[0], ["lab--"]);
}

#[test]
fn the_roster_decides_where_a_login_begins() {
    use crate::{identity, roster, sheet::Sheet};
    let found = |folders: &[&str], users: &[&str], is_checkout: bool| -> Vec<Vec<String>> {
        let rows: String = (1..).zip(users).map(|(at, user)| format!("s{at},{user},{at}00,\n")).collect();
        let text = format!("identifier,github_username,github_id,name\n{rows}");
        let sheet = Sheet::parse(std::path::Path::new("classroom_roster.csv"), text.into_bytes()).unwrap();
        let roster = roster::of_sheet(&sheet, &[]).unwrap();
        let names: Vec<Name> = folders.iter().map(|text| Name { is_checkout, ..name(text) }).collect();
        let handles: Vec<Handle> = read(&names, None, None).into_iter().flat_map(|meaning| meaning.handles).collect();
        identity::resolve(&handles, Some(&roster)).map(|resolved| resolved.students).unwrap_or_default()
    };
    for is_checkout in [true, false] {
        assert_eq!(found(&["lab-one-anna/"], &["anna"], is_checkout), [["s1"]]);
        assert_eq!(found(&["lab-uni-anna/", "lab-uni-bob/"], &["uni-anna", "uni-bob"], is_checkout), [["s1"], ["s2"]]);
        assert_eq!(found(&["lab-anna/", "lab-bob/"], &["anna", "bob"], is_checkout), [["s1"], ["s2"]]);
        // The longest that the roster has.
        assert_eq!(found(&["lab-one-mary-ann/"], &["ann", "mary-ann"], is_checkout), [["s2"]]);
        let folders = ["lab-uni-anna/", "lab-uni-bob/"];
        assert_eq!(found(&folders, &["anna", "uni-anna", "uni-bob"], is_checkout), [["s2"], ["s3"]]);
        // A login isn't cut where others show where it begins: `mary-ann` is not `ann`.
        let folders = ["lab-bob/", "lab-mary-ann/"];
        assert_eq!(found(&folders, &["bob", "ann"], is_checkout)[0], ["s1"]);
        assert!(!found(&folders, &["bob", "ann"], is_checkout)[1].contains(&"s2".to_owned()));
        // One that fits two matches neither.
        assert!(found(&["lab-one-anna/"], &["anna", "anna"], is_checkout).is_empty());
    }
}

#[test]
fn an_expression_of_the_instructor_wins_and_what_it_does_not_match_is_told() {
    let names = [name("doejane_10001_900001_ex1.zip"), name("x-s007-final.zip"), name("other/")];
    let ids = |expression: &str| -> Vec<(String, bool)> {
        let meanings = read(&names, None, Some(&Regex::new(expression).unwrap()));
        meanings.into_iter().map(|meaning| (meaning.handles[0].ids[0].clone(), meaning.is_unmatched)).collect()
    };
    assert_eq!(ids("(s[0-9]+)")[1], ("s007".to_owned(), false));
    assert_eq!(ids("(s[0-9]+)")[2], ("other".to_owned(), true));
    assert_eq!(ids("^(x-)?(?P<id>[a-z0-9]+)")[..2], [("doejane".to_owned(), false), ("s007".to_owned(), false)]);
}

#[test]
fn what_cannot_be_seen_is_written_out() {
    assert_eq!(visible("s\u{200b}001\u{a0}\u{202e}"), "s<U+200B>001<U+00A0><U+202E>");
    assert_eq!(visible("über 😀"), "über 😀");
    assert_ne!(all(&["s\u{200b}001/"])[0].handles[0].ids, all(&["s001/"])[0].handles[0].ids);
}

#[test]
fn ten_thousand_names_are_read_in_no_time() {
    let texts: Vec<String> =
        (0..10_000).map(|at| format!("Student{at} Of a Long Name_{at}_assignsubmission_file_/")).collect();
    let names: Vec<Name> = texts.iter().map(|text| name(text)).collect();
    let began = std::time::Instant::now();
    assert!(read(&names, None, None).iter().all(|meaning| meaning.lms == Some(Lms::Moodle)));
    // Nothing is compared with all others; a debug build on a busy machine has room.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
