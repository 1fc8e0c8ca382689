//! What is made from a description of an interface.

use super::*;
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
called = ["other"]
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
        assert_eq!(arguments(&interface.make(None, 7))[..3], ["--top 3", "-i -i", ""], "fixed for all time");
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
        if cfg!(target_os = "linux") {
            assert!(inputs.iter().any(|input| input.stdout == Out::Full));
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
    let two = interface("cases = 2\nstdin = [\"{words}\"]\ntext = true");
    assert_eq!(two.make(None, 1).len(), 2);
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
