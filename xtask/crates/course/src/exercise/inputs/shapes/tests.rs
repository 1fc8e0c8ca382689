//! What is made from a description of an interface.

use super::super::{Called, Stdin};
use super::*;
use base::proc::Out;
use std::collections::BTreeSet;

const COUNT: &str = r#"
switches = [["-i", "--ignore-case"], ["-l"], ["-w"]]
options = [{ names = ["-n", "--top"], values = ["{small}"], wrong = ["-5", "many"] }]
combined = true
end = true
words = ["{word}"]
wrong = ["-x"]
stdin = ["{words}\n"]
text = true
odd-bytes = true
odd-arguments = true
unreadable = true
full = true
closed = true
called = ["other", "other/count"]
"#;

fn interface(text: &str) -> Interface {
    toml::from_str(text).unwrap()
}

fn arguments(inputs: &[Input]) -> Vec<String> {
    let join = |input: &Input| {
        input.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect::<Vec<_>>().join(" ")
    };
    inputs.iter().map(join).collect()
}

#[test]
fn the_same_seed_makes_the_same_inputs_and_another_one_others() {
    let interface = interface(COUNT);
    assert_eq!(interface.make(None, 7), interface.make(None, 7));
    assert_ne!(interface.make(None, 7), interface.make(None, 8));
    // Other systems have fewer shapes.
    if cfg!(target_os = "linux") {
        assert_eq!(arguments(&interface.make(None, 7))[..2], ["-l -w", "-w -l -i"], "fixed for all time");
    }
}

#[test]
fn every_shape_is_there_whatever_the_seed() {
    let interface = interface(COUNT);
    for seed in 0..50 {
        let inputs = interface.make(None, seed);
        let args = arguments(&inputs);
        let any = |is: &dyn Fn(&String) -> bool| args.iter().any(is);
        assert!(inputs.len() >= 20, "{}", inputs.len());
        assert!(any(&|args| args.is_empty()) && any(&|args| args.contains("-x")), "{args:?}");
        assert!(any(&|args| args.ends_with("-n") || args.ends_with("--top")), "a missing value: {args:?}");
        assert!(any(&|args| args.contains(" -5") || args.contains("many")), "a wrong value: {args:?}");
        assert!(any(&|args| args.contains("-- -i")), "what looks like an option: {args:?}");
        assert!(any(&|args| args.split(' ').any(|word| word.len() > 1000)), "a long one: {args:?}");
        let stdins: Vec<Vec<u8>> = inputs.iter().map(|input| input.stdin.bytes()).collect();
        assert!(stdins.iter().any(|bytes| bytes.len() == 1) && stdins.iter().any(Vec::is_empty));
        for buffer in BUFFERS {
            assert!(stdins.iter().any(|bytes| bytes.len().abs_diff(buffer) <= 1), "{buffer}");
        }
        assert!(stdins.iter().any(|bytes| bytes.len() >= LARGE));
        assert!(inputs.iter().any(|input| input.called.as_ref().is_some_and(|called| called.name == "other")));
        let any_text = |is: &dyn Fn(&[u8]) -> bool| stdins.iter().any(|bytes| is(bytes));
        assert!(any_text(&|bytes| bytes.contains(&0)) && any_text(&|bytes| bytes.ends_with(b"\r\n")));
        assert!(any_text(&|bytes| bytes.split(u8::is_ascii_whitespace).any(|word| word.len() > 65_536)), "a long line");
        assert!(inputs.iter().any(|input| matches!(&input.stdin, Stdin::Pieces(bytes) if bytes.len() > 10)));
        assert!(any(&|args| args.split(' ').count() >= 100), "many switches");
        if cfg!(target_os = "linux") {
            assert!(inputs.iter().any(|input| input.stdout == Out::Full));
            assert!(inputs.iter().any(|input| input.stdout == Out::Closed));
            assert!(inputs.iter().any(|input| input.no_variables));
            let called: Vec<&Called> = inputs.iter().filter_map(|input| input.called.as_ref()).collect();
            assert!(called.iter().any(|called| called.name == "other/count"));
            let is_option = |arg: &[u8]| arg == b"-n" || arg == b"--top";
            let is_odd = |input: &Input| {
                input.args.windows(2).any(|pair| is_option(&pair[0]) && std::str::from_utf8(&pair[1]).is_err())
            };
            assert!(inputs.iter().any(is_odd), "a value that isn't text");
            assert!(inputs.iter().any(|input| input.stdin == Stdin::Unreadable));
            assert!(inputs.iter().any(|input| input.args.iter().any(|arg| std::str::from_utf8(arg).is_err())));
        }
    }
}

#[test]
fn a_program_that_reads_nothing_gets_nothing_to_read() {
    let words = interface("words = [\"{number}\"]\nwrong = [\"soon\"]\nmany-words = 0");
    for input in words.make(None, 3) {
        assert_eq!((input.stdin, input.stdout), (Stdin::default(), Out::Collected));
        assert!(input.args.len() <= 4);
    }
}

#[test]
fn where_not_all_shapes_are_needed_there_is_one_of_each_kind() {
    let all = interface(COUNT).shapes();
    let kinds = |shapes: &[Shape]| {
        let mut kinds: Vec<_> = Vec::new();
        for kind in shapes.iter().map(|shape| shape.kind()) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds.len()
    };
    let few = Interface { cases: Some(1), ..interface(COUNT) };
    assert!(kinds(&all) < all.len() && few.make(None, 1).len() == kinds(&all));
    for seed in 0..100 {
        let inputs = few.make(None, seed);
        let args = arguments(&inputs);
        assert!(inputs.iter().any(|input| input.stdin.bytes().len() >= LARGE), "{seed}");
        assert!(args.iter().any(|args| args.ends_with("-5") || args.ends_with("many")), "{seed}: {args:?}");
        assert!(
            args.iter().any(|args| args == "-x")
                && args.iter().any(|args| args.contains("-x ") || args.ends_with(" -x")),
            "{seed}: {args:?}"
        );
    }
    let more = Interface { cases: Some(500), ..interface(COUNT) };
    assert_eq!(more.make(None, 1).len(), 500);
}

#[test]
fn every_value_every_word_and_every_form_is_tried_whatever_the_seed() {
    let text =
        COUNT.replace("[\"{small}\"]", "[\"3\", \"007\", \"+3\"]").replace("[\"{word}\"]", "[\"one\", \"two\", \"-\"]");
    let of = interface(&text.replace("end = true", "end = true\nequals = true"));
    for seed in 0..50 {
        let args: Vec<String> = arguments(&of.make(None, seed)).iter().map(|args| format!(" {args} ")).collect();
        let any = |of: &[&str]| args.iter().any(|args| of.iter().any(|word| args.contains(word)));
        for value in ["3", "007", "+3"] {
            assert!(
                any(&[
                    &format!("-n {value} "),
                    &format!("-n{value} "),
                    &format!("--top {value} "),
                    &format!("--top={value} ")
                ]),
                "{value}: {args:?}"
            );
        }
        for form in [" -n ", " -n=", " --top ", " --top="] {
            assert!(any(&[form]), "{form}: {args:?}");
        }
        assert!(any(&[" -n-5 ", " --top=-5 "]) && any(&[" -n -5 ", " --top -5 "]), "{args:?}");
        for word in [" one ", " two ", " - "] {
            assert!(any(&[word]), "{word}: {args:?}");
        }
        assert!(args.iter().any(|args| args.ends_with(" -n ")) && args.iter().any(|args| args.ends_with(" --top ")));
        let is_missing =
            |args: &String| args.trim().starts_with('-') && args.trim().ends_with('n') && args.trim().len() > 2;
        assert!(args.iter().any(is_missing), "{args:?}");
    }
}

#[test]
fn what_would_print_too_much_is_left_out() {
    let small = interface("stdin = [\"{words}\"]\ntext = true\nmost-input = 9000");
    for seed in 0..20 {
        assert!(small.make(None, seed).iter().all(|input| input.stdin.bytes().len() <= 9000));
    }
}

#[test]
fn a_program_is_started_by_its_path_and_by_its_name() {
    let words = interface("stdin = [\"{words}\"]\ntext = true");
    let inputs: Vec<Input> = (0..5).flat_map(|seed| words.make(Some("hex"), seed)).collect();
    let names: BTreeSet<_> = inputs.iter().map(|input| input.called.clone().map(|called| called.argv0)).collect();
    let bare = Some(Some("hex".to_owned()));
    assert!(names.contains(&Some(None)) && (cfg!(windows) || names.contains(&bare)), "{names:?}");
}

/// The interface of a goal in an exercise of the course.
fn of_the_course(exercise: &str, goal: &str) -> (Interface, toml::Table) {
    let file = format!("{}/../../../exercises/{exercise}/exercise.toml", env!("CARGO_MANIFEST_DIR"));
    let data: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let goals = data["goal"].as_array().unwrap();
    let output = goals.iter().find(|other| other["id"].as_str() == Some(goal)).unwrap()["check"]["output"].clone();
    // What has its place in a file is read from text.
    let interface = toml::from_str(&toml::to_string(&output["interface"]).unwrap()).unwrap();
    (interface, output.as_table().unwrap().clone())
}

#[test]
fn an_answer_by_heart_to_an_odd_input_is_wrong_for_some_options() {
    let (interface, _) = of_the_course("ex11", "output");
    // What `count` prints: as many columns as letters, all three if there is none; `None` for a wrong command line.
    let columns = |args: &[Vec<u8>]| {
        let mut letters = BTreeSet::new();
        for arg in args {
            let (b'-', more) = arg.split_first()? else { return None };
            letters.extend(more.iter().copied());
            if more.is_empty() || !more.iter().all(|letter| b"lwc".contains(letter)) {
                return None;
            }
        }
        Some(if letters.is_empty() { 3 } else { letters.len() })
    };
    for seed in 0..100 {
        let inputs = interface.make(None, seed);
        let read: Vec<_> = inputs
            .iter()
            .filter(|input| matches!(input.stdin, Stdin::Bytes(_)))
            .map(|input| (input.stdin.bytes(), (columns(&input.args), input.args.len())))
            .collect();
        let of = |is: &dyn Fn(&[u8]) -> bool| {
            read.iter().filter(|(bytes, _)| is(bytes)).map(|(_, shape)| *shape).collect::<BTreeSet<_>>()
        };
        let has = |found: &BTreeSet<(Option<usize>, usize)>| {
            (1..=3).all(|columns| found.contains(&(Some(columns), columns))) && found.contains(&(Some(3), 0))
        };
        let empty = of(&|bytes| bytes.is_empty());
        assert!(has(&empty) && empty.iter().any(|(columns, _)| columns.is_none()), "{seed}: {empty:?}");
        assert!(has(&of(&|bytes| bytes.len() == 1)), "{seed}: one byte");
        for byte in [0x80, 0xc0, 0xfe, 0xff] {
            assert!(has(&of(&|bytes| bytes.contains(&byte))), "{seed}: {byte:#x}");
        }
        if cfg!(unix) {
            let is_bare = |input: &Input| {
                let argv0 = input.called.as_ref().and_then(|called| called.argv0.as_ref());
                argv0.is_some_and(|name| !name.contains('/')) && columns(&input.args).is_some()
            };
            assert!(inputs.iter().any(is_bare), "{seed}: a name without a folder");
        }
        assert!(inputs.len() <= 110, "{}", inputs.len());
    }
}

#[test]
fn nothing_to_read_excuses_no_command_line() {
    let (interface, _) = of_the_course("ex9", "output");
    for seed in 0..100 {
        let inputs = interface.make(None, seed);
        let empty = |input: &&Input| input.stdin == Stdin::default();
        let args = arguments(&inputs.iter().filter(empty).cloned().collect::<Vec<_>>());
        let is_wrong = |args: &&String| interface.wrong.iter().any(|wrong| args.contains(wrong.get_ref().as_str()));
        assert!(args.iter().any(|args| is_wrong(&args)), "{seed}: {args:?}");
        assert!(args.iter().filter(|args| !args.is_empty()).count() >= 3, "{seed}: {args:?}");
    }
    // Here only some of the shapes are used, so the fixed inputs have it.
    for goal in ["hex", "hex-by-name", "rank", "rank-by-name", "wrap", "wrap-by-name"] {
        let (interface, output) = of_the_course("ex13", goal);
        let fixed: Vec<Vec<String>> = output["fixed"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|fixed| fixed.get("stdin").is_none())
            .map(|fixed| fixed["args"].clone().try_into().unwrap())
            .collect();
        let is_wrong = |args: &Vec<String>| {
            args.len() > 1 || interface.wrong.iter().any(|wrong| args == &[wrong.get_ref().clone()])
        };
        assert!(fixed.iter().any(is_wrong), "{goal}: {fixed:?}");
    }
}
