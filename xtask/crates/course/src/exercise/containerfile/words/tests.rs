//! Tests on literal data.

use super::*;

struct Known;

impl Lookup for Known {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "HOST" => Some("x86".to_owned()),
            "FLAGS" => Some("--locked  -r".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }
    fn output(&self, command: &str, _: usize) -> Option<String> {
        (command == "rustc (x)").then(|| "tuple".to_owned())
    }
}

fn told(script: &str) -> Vec<String> {
    let one = |token| match token {
        Token::Word(word, _) => format!("{:?}", expand(&word, &Known, 0)).replace("\\u{e010}", "??"),
        Token::Operator(operator, _) => operator.to_owned(),
        Token::Redirect(operator, word) => format!("{operator} {}", value(&word, &Known, 0)),
    };
    tokens(script).into_iter().map(one).collect()
}

#[test]
fn words_are_those_of_a_shell() {
    assert_eq!(
        told(r#"a "b c"'d'e\ f "" &&g;h"#),
        [r#"["a"]"#, r#"["b cde f"]"#, r#"[""]"#, "&&", r#"["g"]"#, ";", r#"["h"]"#]
    );
    assert_eq!(told("$HOST/${HOST}-${NONE}${NONE:-y}'$HOST'$"), [r#"["x86/x86-y$HOST$"]"#]);
    assert_eq!(
        told("x $FLAGS \"$FLAGS\" a$FLAGS$NONE $EMPTY"),
        [r#"["x"]"#, r#"["--locked", "-r"]"#, r#"["--locked  -r"]"#, r#"["a--locked", "-r"]"#, "[]"]
    );
    assert_eq!(told("t=\"$(rustc (x))\"/a `ls` $1"), [r#"["t=tuple/a"]"#, r#"["??"]"#, r#"["??"]"#]);
    assert_eq!(told("a # b\nc \\\n d"), [r#"["a"]"#, ";", r#"["c"]"#, r#"["d"]"#]);
    assert_eq!(told("${HOST%6}${HOST:+set}"), [r#"["??set"]"#]);
    for strange in ["'open $(", "$(", "${", "\"", "\\", "`", "<<", "<<a", ">&"] {
        let _ = told(strange);
    }
}

#[test]
fn redirections_are_no_words() {
    assert_eq!(told("a >b 2>&1 2>/dev/null <c >>d &>e"), [r#"["a"]"#, "> b", "2> /dev/null", "< c", ">> d", "> e"]);
    assert_eq!(
        told("cat <<E >f && g\nx $HOST\nE\nh"),
        [r#"["cat"]"#, "<< x $HOST\n", "> f", "&&", r#"["g"]"#, ";", r#"["h"]"#]
    );
    assert_eq!(told("(a)|b"), ["(", r#"["a"]"#, ")", "|", r#"["b"]"#]);
}

#[test]
fn an_engine_fills_in_variables_and_runs_nothing() {
    let variables = Variables::from([("A".to_owned(), "x y".to_owned())]);
    assert_eq!(
        engine("$A/b '$A' ${B:-c}${A:+d} $(rustc --print) \\$A", &variables),
        ["x y/b", "$A", "cd", "$(rustc", "--print)", "$A"]
    );
    assert_eq!(documents("<<E cat <<-'F' > x <<<no $((1<<2))").len(), 2);
}

#[test]
fn variables_do_not_grow_without_end() {
    let mut variables = Variables::new();
    for _ in 0..100 {
        let value = engine("\"${A:-aaaaaaaa}$A$A\"", &variables).concat();
        assert!(value.len() < LONGEST + 10, "{}", value.len());
        variables.insert("A".to_owned(), value);
    }
}

#[test]
fn an_assignment_has_a_name() {
    let name = |text: &str| match tokens(text).as_slice() {
        [Token::Word(word, _)] => assignment(word).map(|(name, value)| (name, plain(&value))),
        other => panic!("{other:?}"),
    };
    assert_eq!(name("A_1=b=c"), Some(("A_1".to_owned(), "b=c".to_owned())));
    for word in ["--config=a", "=a", "1=a", "a", "$A=b"] {
        assert_eq!(name(word), None, "{word}");
    }
}
