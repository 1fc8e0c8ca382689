//! Which student an entry belongs to, on literal rosters.

use super::*;
use crate::roster;
use crate::sheet::Sheet;
use base::failure::failure_of;
use std::path::Path;

fn class(text: &str) -> Roster {
    roster::of_sheet(&Sheet::parse(Path::new("roster.csv"), text.as_bytes().to_vec()).unwrap(), &["ex1"]).unwrap()
}

fn handle(entry: &str, ids: &[&str], name: &str) -> Handle {
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    Handle { entry: entry.to_owned(), ids: ids.iter().map(|&id| id.to_owned()).collect(), name, ..Handle::default() }
}

/// What the entry matches, joined with `+`; `?` and the entry's own id if it matches no student.
fn found(roster: &Roster, handle: &Handle) -> String {
    let found = Matcher::new(roster).find(handle).students;
    if found.is_empty() { format!("?{}", own_id(handle)) } else { found.join("+") }
}

const CLASS: &str = "student_id,first_name,last_name,email,login,lms_id\n\
                     s001,Jane,Doe,jane@example.org,jdoe,10001\n\
                     s002,Zoë,de la Cruz,zoe@example.org,zcruz,10002\n\
                     s003,Mei,Lin,mei@example.org,mlin,10003\n\
                     s004,Lin,Mei,lin@example.org,lmei,10004\n\
                     S077,José,Núñez,j.nunez@example.org,jnunez,10077\n";

#[test]
fn ids_logins_addresses_and_numbers_match_whatever_their_case_space_and_unicode_form() {
    let roster = class(CLASS);
    for (id, expected) in [
        ("s001", "s001"),
        (" S001 ", "s001"),
        ("s077", "S077"),
        ("JDOE", "s001"),
        ("Jane@Example.org", "s001"),
        ("10003", "s003"),
        ("s001\u{a0}", "s001"),
        ("\u{3000}s001\u{202f}\u{2007}", "s001"),
        ("s001<U+00A0>", "s001"),
        ("<U+3000>s001<U+202F><U+2007>", "s001"),
        ("s001<U+200B>", "?s001<U+200B>"),
        ("s001<U+", "?s001<U+"),
        ("ｓ００１", "s001"),
        ("\u{ff33}００１", "s001"),
        ("\u{455}001", "?\u{455}001"),
        ("s\u{200b}001", "?s\u{200b}001"),
        ("s01", "?s01"),
        ("s0011", "?s0011"),
    ] {
        assert_eq!(found(&roster, &handle("x", &[id], "")), expected, "{id:?}");
    }
    let composed = class("student_id\nzo\u{eb}\n한글\n");
    assert_eq!(found(&composed, &handle("x", &["ZOE\u{308}"], "")), "zo\u{eb}");
    assert_eq!(found(&composed, &handle("x", &["\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"], "")), "한글");
}

#[test]
fn names_match_as_each_lms_writes_them_unless_they_fit_two() {
    let roster = class(CLASS);
    for (entry, name, expected) in [
        ("doejane_10009_900001_ex1.zip", "doejane", "s001"),
        ("Jane Doe_12345_assignsubmission_file_", "Jane Doe", "s001"),
        ("123-456 - Jane Doe - Nov 3, 2026 1159 PM", "Jane Doe", "s001"),
        ("x", "Doe, Jane", "s001"),
        ("x", "delacruzzoë", "s002"),
        ("x", "Zoe\u{308} de la Cruz", "s002"),
        ("x", "JOSE\u{301} NU\u{301}N\u{303}EZ", "S077"),
        ("x", "Mei Lin", "?x"),
        ("x", "linmei", "?x"),
        ("x", "Jane", "?x"),
        ("jane.doe", "", "s001"),
        ("x", "Jose Nunez", "S077"),
        ("nunez_jose", "", "S077"),
        ("x", "Zoe de la Cruz", "s002"),
        ("x", "", "?x"),
    ] {
        assert_eq!(found(&roster, &handle(entry, &[], name)).replace(entry, "x"), expected, "{entry} {name}");
    }
    let note = Matcher::new(&roster).find(&handle("x", &[], "linmei")).note;
    assert_eq!(note.unwrap(), "the name matches s003 and s004, so it isn't assigned to any of them");
    // A whole name in one column.
    let roster = class("Full Name,Email\nMaría José García,m@example.org\n");
    assert_eq!(found(&roster, &handle("x", &[], "Mari\u{301}a Jose\u{301} Garci\u{301}a")), "m@example.org");
}

#[test]
fn an_id_wins_over_a_name_and_the_surest_id_over_others() {
    let roster = class(CLASS);
    assert_eq!(found(&roster, &handle("x", &["nothing", "10002", "s001"], "Jane Doe")), "s002");
    let note = Matcher::new(&roster).find(&handle("x", &["10002"], "Jane Doe")).note.unwrap();
    assert_eq!(note, "the id is s002's, but the name is s001's; the id counts");
    // The id of one student is the login of another.
    let roster = class("student_id,login\n10001,a\nb,10001\n");
    assert_eq!(found(&roster, &handle("x", &["10001"], "")), "10001");
    // Two students with one address.
    let roster = class("student_id,email\ns1,team@example.org\ns2,team@example.org\n");
    assert_eq!(found(&roster, &handle("x", &["team@example.org"], "")), "?team@example.org");
    assert_eq!(found(&roster, &handle("x", &["s2"], "")), "s2");
}

#[test]
fn a_name_does_not_count_where_another_entry_has_the_id_of_the_student() {
    let roster = class(CLASS);
    let handles =
        [handle("jdoe", &["jdoe"], ""), handle("Jane Doe", &[], ""), handle("Lin Mei", &[], "de la Cruz, Zoë")];
    let resolved = resolve(&handles, Some(&roster)).unwrap();
    assert_eq!(resolved.students, [["s001"], ["Jane Doe"], ["s002"]]);
    assert_eq!(resolved.unknown.len(), 1);
    assert!(resolved.notes.contains(&"Jane Doe: the name is s001's, but a different entry has that id".to_owned()));
}

#[test]
fn a_column_of_the_roster_names_the_entry_or_a_part_of_it() {
    let roster = class(
        "student_id,submission,team\ns1,doejane_10001,\ns2,group 7,\ns3,group 7,\ns10,Alpha_Team.zip,\ns4,,red\ns5,,Red\n",
    );
    for (entry, ids, expected) in [
        ("DoeJane_10001_900001_ex1.zip", &["900001"][..], "s1"),
        ("doejane_100012_9_ex1.zip", &[], "?doejane_100012_9_ex1.zip"),
        ("Group 7", &["Group 7"], "s2+s3"),
        ("alpha_team.ZIP", &["alpha_team"], "s10"),
        ("RED", &["RED"], "s4+s5"),
        ("my group 7 of 9", &[], "?my group 7 of 9"),
    ] {
        assert_eq!(found(&roster, &handle(entry, ids, "")), expected, "{entry}");
    }
    // `s1` is a part of neither `s10` nor `as1`.
    assert!(is_part("s1", "x_s1.zip") && is_part("s1", "s1") && !is_part("s1", "s10") && !is_part("s1", "as1 s1b"));
}

#[test]
fn what_matches_no_student_is_kept_with_the_nearest_id_and_who_is_missing_is_named() {
    let roster = class(CLASS);
    let handles = [
        handle("s001", &["s001"], ""),
        handle("s078", &["s078"], ""),
        handle("Jan Doe_7_assignsubmission_file_", &["7"], "Jan Doe"),
        handle("quite different", &["quite different"], ""),
    ];
    let resolved = resolve(&handles, Some(&roster)).unwrap();
    assert_eq!(resolved.students, [vec!["s001"], vec!["s078"], vec!["7"], vec!["quite different"]]);
    let nearest: Vec<_> = resolved.unknown.iter().map(|unknown| unknown.nearest.as_deref()).collect();
    assert_eq!(nearest, [Some("S077"), Some("s001"), None]);
    assert_eq!(resolved.missing, ["s002", "s003", "s004", "S077"]);
    assert_eq!(review(&resolved.unknown[0], &roster), "not in the roster; the nearest is S077");
    let found = ["s001", "s078"];
    let (unknown, missing) = compare(found, &roster);
    let notes = summary(&unknown, &missing, found.len(), &roster);
    assert_eq!(
        notes,
        [
            "not in roster.csv: 1 of 2 students found: s078 (near S077). Flagged for review",
            "4 of 5 students in roster.csv handed in nothing: s002, s003, s004, S077"
        ]
    );
}

#[test]
fn if_nothing_matches_the_run_ends_before_anything_is_built() {
    let roster = class(CLASS);
    let handles = ["a", "b", "c", "d"].map(|id| handle(id, &[id], ""));
    let failure = failure_of(&resolve(&handles, Some(&roster)).unwrap_err());
    assert_eq!(failure.exit, Exit::Usage);
    assert_eq!(
        failure.message,
        "no entry matches a student in roster.csv (4 tried). There are a, b, c; the roster has s001, s002, s003"
    );
    assert!(failure.help.unwrap().contains("--student-from"));
    assert_eq!(resolve(&[], Some(&roster)).unwrap().missing.len(), 5);
}

#[test]
fn without_a_roster_each_entry_is_its_own_student_and_lookalikes_are_noted() {
    let handles = [handle("S077.zip", &["S077"], ""), handle("s077", &["s077 "], ""), handle("x", &[], "")];
    let resolved = resolve(&handles, None).unwrap();
    assert_eq!(resolved.students, [["S077"], ["s077 "], ["x"]]);
    assert_eq!(resolved.notes.len(), 1);
    assert!(resolved.notes[0].starts_with("`S077` and `s077\u{2423}` differ only in case"), "{}", resolved.notes[0]);
}

#[test]
fn odd_names_are_shown_with_what_is_odd_in_them() {
    assert_eq!(shown("s001"), "s001");
    assert_eq!(shown("s\u{200b}001"), "s\\u{200b}001");
    assert_eq!(shown("s001 "), "s001\u{2423}");
    assert_eq!(invisible("Zoë 한글"), None);
    assert_eq!(invisible("a\u{202e}b").as_deref(), Some("U+202E"));
}

#[test]
fn another_class_of_thousands_is_compared_in_a_moment() {
    let rows: String = (0..5000).map(|n| format!("s{n:05},First{n},Last{n}\n")).collect();
    let roster = class(&format!("student_id,first_name,last_name\n{rows}"));
    let mut handles: Vec<Handle> = (0..5000).map(|n| handle(&format!("t{n:05}"), &[], "")).collect();
    handles.push(handle("s00000", &[], ""));
    handles.push(handle("s00000", &["s00000"], ""));
    let start = std::time::Instant::now();
    let resolved = resolve(&handles, Some(&roster)).unwrap();
    assert_eq!((resolved.unknown.len(), resolved.missing.len()), (5001, 4999));
    // Twenty times what it takes here; a comparison of all pairs takes minutes.
    assert!(start.elapsed().as_secs() < 40, "{:?}", start.elapsed());
}

#[test]
fn a_name_matches_without_its_accents_unless_it_may_be_another() {
    let roster = class(
        "student_id,first_name,last_name\ns1,Straße,Groß\ns2,Eva,Müller\ns3,Jan,Müller\ns4,Jan,Muller\ns5,Øystein,Łuk\ns6,Пётр,Й\n",
    );
    for (name, expected) in [
        ("strasse gross", "s1"),
        ("Gross, Strasse", "s1"),
        ("Eva Muller", "s2"),
        ("eva mueller", "s2"),
        ("Jan Müller", "s3"),
        ("Jan Mueller", "s3"),
        ("Jan Muller", "?x"),
        ("oystein luk", "s5"),
        ("OEYSTEIN LUK", "s5"),
        ("Петр Й", "s6"),
        ("Eva", "?x"),
    ] {
        assert_eq!(found(&roster, &handle("x", &[], name)), expected, "{name}");
    }
    let note = Matcher::new(&roster).find(&handle("x", &[], "jan muller")).note;
    assert_eq!(note.unwrap(), "the name matches s3 and s4, so it isn't assigned to any of them");
    // An id is never matched so.
    assert_eq!(found(&class("student_id\nmüller\n"), &handle("muller", &["muller"], "")), "?muller");
    let notes = resolve(&[handle("x", &[], "Eva Muller")], Some(&roster)).unwrap().notes;
    assert_eq!(notes, ["1 of 1 entries match a student in roster.csv by name alone"]);
}

#[test]
fn numbers_whose_leading_zeros_a_spreadsheet_has_dropped_are_named_and_not_matched() {
    let roster = class("student_id,lms_id\n0077,\n88,\ns1,000123\n05,\n005,\n");
    let handles = ["77", "00088", "123", "5"].map(|id| handle(id, &[id], ""));
    let known = handle("s1", &["s1"], "");
    let resolved = resolve(&[&handles[..], &[known]].concat(), Some(&roster)).unwrap();
    let reviews: Vec<String> = resolved.unknown.iter().map(|unknown| review(unknown, &roster)).collect();
    let missing = "leading zeros are missing: spreadsheets drop them";
    assert_eq!(
        reviews[..3],
        [
            format!("not in the roster; the nearest is 0077 ({missing})"),
            "not in the roster; the nearest is 88 (leading zeros are missing in the roster: spreadsheets drop them)"
                .to_owned(),
            format!("not in the roster; the nearest is s1 ({missing})"),
        ]
    );
    assert!(reviews[3].starts_with("not in the roster"), "two are as near: {}", reviews[3]);
    let (unknown, missing_ids) = compare(["77", "s1"], &roster);
    let notes = summary(&unknown, &missing_ids, 2, &roster);
    assert_eq!(
        notes[0],
        format!("not in roster.csv: 1 of 2 students found: 77 (near 0077; {missing}). Flagged for review")
    );
    // If it is the whole class, the run ends with the reason.
    let failure = failure_of(&resolve(&handles[..1], Some(&roster)).unwrap_err());
    assert!(failure.help.unwrap().starts_with(missing));
}

#[test]
fn an_id_with_letters_of_another_script_is_told_from_the_one_that_looks_the_same() {
    let (cyrillic, own) = ("\u{455}001", handle("s001", &["s001"], ""));
    let handles = [own, handle(cyrillic, &[cyrillic], "")];
    let why = "the id looks like s001, but has letters from a different script";
    for roster in [None, Some(class(CLASS))] {
        let resolved = resolve(&handles, roster.as_ref()).unwrap();
        assert_eq!(resolved.students, [["s001"], [cyrillic]]);
        assert!(resolved.notes.contains(&format!("`{cyrillic}`: {why}")), "{:?}", resolved.notes);
    }
    let looks = Looks::of(["s001", cyrillic, "АВС", "Группа A", "Ωmega1", "сара", "zoë"]);
    let review = |id| looks.review(id);
    assert_eq!(review(cyrillic).as_deref(), Some(why));
    assert_eq!(review("Ωmega1").as_deref(), Some("the id mixes letters from different scripts"));
    for plain in ["s001", "Группа A", "сара", "АВС", "zoë", "한글1a"] {
        assert_eq!(review(plain), None, "{plain}");
    }
    // Of the roster's own ids none is looked at.
    let roster = class(&format!("student_id\n{cyrillic}\ns001\n"));
    assert!(resolve(&handles, Some(&roster)).unwrap().notes.is_empty());
}
