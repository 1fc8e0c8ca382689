//! Small classes whose members are known: who has copied, and who has not.

use super::*;

const STARTER: &str = "\
use std::env;\n\nfn main() {\n    let words: Vec<String> = env::args().skip(1).collect();\n    for word in &words {\n        \
println!(\"{word}\");\n    }\n    if words.is_empty() {\n        eprintln!(\"no words\");\n        std::process::exit(2);\n    }\n}\n";

/// Solutions that people have written each in their own way.
const OWN: [&str; 4] = [
    "use std::collections::HashMap;\nfn count(words: &[String]) -> HashMap<&str, usize> {\n    let mut counts = HashMap::new();\n    \
     for word in words { *counts.entry(word.as_str()).or_insert(0) += 1; }\n    counts\n}\nfn report(counts: HashMap<&str, usize>) {\n    \
     let mut sorted: Vec<_> = counts.into_iter().collect();\n    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));\n    \
     for (word, count) in sorted.iter().take(3) { println!(\"{word}: {count}\"); }\n}\n",
    "struct Entry { name: String, hits: u32 }\nimpl Entry {\n    fn fits(&self, other: &str) -> bool { self.name.eq_ignore_ascii_case(other) }\n}\n\
     fn tally(input: impl Iterator<Item = String>) -> Vec<Entry> {\n    let mut list: Vec<Entry> = vec![];\n    'next: for name in input {\n        \
     for entry in list.iter_mut() { if entry.fits(&name) { entry.hits += 1; continue 'next; } }\n        list.push(Entry { name, hits: 1 });\n    }\n    list\n}\n",
    "fn walk(mut rest: &str, out: &mut Vec<u8>) {\n    while let Some(at) = rest.find(' ') {\n        let (head, tail) = rest.split_at(at);\n        \
     out.extend_from_slice(head.as_bytes());\n        out.push(b'\\n');\n        rest = tail.trim_start();\n    }\n    if !rest.is_empty() { out.extend(rest.bytes()); }\n}\n\
     fn flush(out: &[u8]) -> std::io::Result<()> {\n    use std::io::Write;\n    let mut lock = std::io::stdout().lock();\n    lock.write_all(out)?;\n    lock.flush()\n}\n",
    "enum Token<'a> { Word(&'a str), Gap(usize), End }\nfn next<'a>(text: &'a str, at: &mut usize) -> Token<'a> {\n    let rest = &text[*at..];\n    \
     match rest.chars().next() {\n        None => Token::End,\n        Some(c) if c.is_whitespace() => { *at += c.len_utf8(); Token::Gap(1) }\n        \
     Some(_) => { let end = rest.find(char::is_whitespace).unwrap_or(rest.len()); *at += end; Token::Word(&rest[..end]) }\n    }\n}\n",
];

fn submission(student: &str, path: &str, text: &str) -> Submission {
    Submission {
        student: student.to_owned(),
        exercise: "ex9".to_owned(),
        files: BTreeMap::from([(path.to_owned(), text.as_bytes().to_vec())]),
        origin: student.into(),
        ..Submission::default()
    }
}

fn compared(path: &str, starter: &str, texts: &[(&str, String)]) -> OfExercise {
    let all: Vec<Submission> = texts.iter().map(|(student, text)| submission(student, path, text)).collect();
    compare(&[vec![(path.to_owned(), starter.to_owned())]], "ex9", &all.iter().collect::<Vec<_>>())
}

fn pairs(of: &OfExercise) -> Vec<String> {
    of.pairs.iter().map(|pair| format!("{} {}", pair.a.students.join("+"), pair.b.students.join("+"))).collect()
}

fn with_starter(own: &str) -> String {
    format!("{STARTER}\n{own}")
}

/// Names, strings, comments and layout changed, and the functions in another order.
fn disguised(own: &str) -> String {
    let names = [
        ("counts", "histogram"),
        ("words", "tokens"),
        ("word", "w"),
        ("sorted", "ranking"),
        ("count", "n"),
        ("report", "show"),
    ];
    let renamed = names.iter().fold(own.to_owned(), |text, (from, to)| text.replace(from, to));
    let at = renamed.rfind("\nfn ").unwrap() + 1;
    let (first, last) = renamed.split_at(at);
    format!("// my very own work\n{last}\n/* and more */\n{}{STARTER}", first.replace("    ", "\t"))
}

#[test]
fn a_copy_with_other_names_in_another_order_is_found() {
    let mut class: Vec<(&str, String)> =
        ["s001", "s002", "s003", "s004"].into_iter().zip(OWN.map(with_starter)).collect();
    class.push(("s005", disguised(OWN[0])));
    let found = compared("src/main.rs", STARTER, &class);
    assert_eq!(pairs(&found), ["s001 s005"], "{found:#?}");
    let pair = &found.pairs[0];
    assert!(pair.a.share > 80 && pair.b.share > 80, "{} {}", pair.a.share, pair.b.share);
    assert!(pair.passages.len() >= 2, "the functions are in another order");
    for passage in &pair.passages {
        assert!(passage.submissions <= 2);
        let text = &pair.a.files[passage.a.file].text;
        assert!(text.get(passage.a.start..passage.a.end).is_some());
    }
}

#[test]
fn what_people_have_written_on_their_own_is_not_similar() {
    let class: Vec<(&str, String)> = ["s001", "s002", "s003", "s004"].into_iter().zip(OWN.map(with_starter)).collect();
    for class in [&class[..], &class[..2], &class[2..]] {
        let found = compared("src/main.rs", STARTER, class);
        assert!(found.pairs.is_empty() && found.groups.is_empty(), "{found:#?}");
    }
}

#[test]
fn the_starter_alone_says_nothing() {
    let class: Vec<(&str, String)> =
        ["s001", "s002", "s003"].into_iter().map(|student| (student, STARTER.to_owned())).collect();
    let found = compared("src/main.rs", STARTER, &class);
    assert!(found.pairs.is_empty());
    assert_eq!(found.groups.len(), 1);
    assert!(found.groups[0].says_little && found.groups[0].own == 0 && found.typical == 0);
    // Nor does what is the starter with another comment.
    let class = class.into_iter().map(|(student, text)| (student, format!("// {student}\n{text}"))).collect::<Vec<_>>();
    assert!(compared("src/main.rs", STARTER, &class).groups[0].says_little);
}

#[test]
fn what_the_whole_class_has_says_nothing() {
    let numbers: Vec<String> = (0..20).map(|number| format!("s{number:03}")).collect();
    // Everyone has what the lecture showed, and a line of their own.
    let text =
        |number: usize| format!("{}{}\nconst OWN: [u8; {number}] = {};", STARTER, OWN[0], "[1] + ".repeat(number + 1));
    let class: Vec<(&str, String)> =
        numbers.iter().enumerate().map(|(number, student)| (student.as_str(), text(number))).collect();
    let found = compared("src/main.rs", STARTER, &class);
    assert!(pairs(&found).is_empty(), "{:?}", pairs(&found));
    // The same code of two in a class that does without it is another matter.
    let class: Vec<(&str, String)> = numbers
        .iter()
        .enumerate()
        .map(|(number, student)| {
            (student.as_str(), if number < 2 { text(number) } else { with_starter(OWN[1 + number % 3]) })
        })
        .collect();
    assert_eq!(pairs(&compared("src/main.rs", STARTER, &class)), ["s000 s001"]);
}

#[test]
fn a_setting_that_everyone_needs_is_no_likeness() {
    let starter = "[package]\nname = \"tiny\"\n";
    let right = "[profile.release]\nopt-level = \"z\"\nlto = true\npanic = \"abort\"\nstrip = true\n";
    let class: Vec<(&str, String)> = ["s001", "s002", "s003", "s004", "s005", "s006"]
        .into_iter()
        .map(|student| (student, format!("{starter}\n# {student}\n{right}")))
        .collect();
    let found = compared("Cargo.toml", starter, &class);
    assert!(found.pairs.is_empty(), "{found:#?}");
    assert!(found.typical < found.least, "the page says that equality means nothing");
    assert!(found.groups.iter().all(|group| group.says_little), "{found:#?}");
}

#[test]
fn equal_files_with_much_of_their_own_are_a_group() {
    let class = [
        ("s001", with_starter(OWN[0])),
        ("s002", with_starter(OWN[0])),
        ("s003", with_starter(OWN[1])),
        ("s004", with_starter(OWN[2])),
    ];
    let found = compared("src/main.rs", STARTER, &class);
    assert_eq!((found.submissions, found.variants, found.groups.len()), (4, 3, 1));
    let group = &found.groups[0];
    assert!(group.to_the_byte && !group.says_little && group.own > 100, "{group:?}");
    assert_eq!(group.students, ["s001", "s002"]);
    // Names aside is said as such.
    let mut class = class.to_vec();
    class[1].1 = class[1].1.replace("counts", "n").replace("report", "say");
    let found = compared("src/main.rs", STARTER, &class);
    assert!(!found.groups[0].to_the_byte && !found.groups[0].says_little);
}

#[test]
fn a_team_is_one_submission() {
    let text = with_starter(OWN[0]);
    let mut all = [submission("s001", "src/main.rs", &text), submission("s002", "src/main.rs", &text)];
    all[1].origin = all[0].origin.clone();
    let found = compare(&[], "ex9", &all.iter().collect::<Vec<_>>());
    assert_eq!((found.submissions, found.groups.len(), found.pairs.len()), (1, 0, 0));
}

#[test]
fn answers_are_compared_by_their_words() {
    let answer = |why: &str| format!("crate = \"serde_json\"\nbytes = 12345\nwhy = \"{why}\"\n");
    let long = "Because the printer of floating point numbers pulls in tables of powers of ten, and the parser reads them a second time from its own copy";
    let class = [
        ("s001", answer(long)),
        ("s002", answer(&long.replace("Because the", "The").replace("second", "third"))),
        (
            "s003",
            answer(
                "Generic code is copied for each type that a program uses it with, so a table of its own is kept for every one of them",
            ),
        ),
        ("s004", answer("LTO sees all crates at once")),
    ];
    let found = compared("answers.toml", "crate = \"?\"\nwhy = \"?\"\n", &class);
    assert_eq!(pairs(&found), ["s001 s002"], "{found:#?}");
}

#[test]
fn hostile_files_are_compared_in_time() {
    let before = std::time::Instant::now();
    let files = [
        "x ".repeat(400_000),
        "( ".repeat(300_000),
        "/*".repeat(500_000),
        "\"".repeat(900_001),
        "a + b * ".repeat(90_000),
    ];
    let class: Vec<(String, String)> = (0..20)
        .map(|number| {
            (format!("s{number:03}"), format!("{}\nfn f{number}() {{ {number} }}", files[number % files.len()]))
        })
        .collect();
    let class: Vec<(&str, String)> = class.iter().map(|(student, text)| (student.as_str(), text.clone())).collect();
    let found = compared("src/main.rs", STARTER, &class);
    assert_eq!(found.submissions, 20);
    assert!(found.notes[0].contains("only the first 8000 tokens"), "{:?}", found.notes);
    assert!(before.elapsed().as_secs() < 30, "{:?}", before.elapsed());
}

#[test]
fn a_renamed_copy_is_found_in_a_large_class() {
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let lines = [
        "let a = b + 1;",
        "if x > y { z(); }",
        "for i in 0..n { s += v[i]; }",
        "match k { 1 => f(), _ => g(h) }",
        "s.push(c);",
        "while let Some(p) = q.pop() { r(p); }",
    ];
    let class: Vec<(String, String)> = (0..80)
        .map(|number| {
            let body: Vec<&str> = (0..60).map(|_| lines[random(6) as usize]).collect();
            (format!("s{number:04}"), format!("{STARTER}fn own() {{\n{}\n}}\n", body.join("\n")))
        })
        .collect();
    let mut class: Vec<(&str, String)> = class.iter().map(|(student, text)| (student.as_str(), text.clone())).collect();
    class[79].1 = class[0].1.replace("own", "mine").replace("push", "add");
    let found = compared("src/main.rs", STARTER, &class);
    assert!(found.groups.iter().any(|group| group.students == ["s0000", "s0079"]));
}
