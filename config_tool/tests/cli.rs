//! The tutorial quotes what this program prints and compares builds of it by size alone. That is fair only if every
//! build does the same job, so these tests pin the output of the real executable, byte for byte.

use std::fmt;

use assert_cmd::Command;
use predicates::prelude::*;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::json;

const JSON: &str = r#"{
  "name": "service",
  "retries": 3,
  "verbose": true
}"#;

const DEBUG: &str = r#"Config { name: "service", retries: 3, verbose: true }"#;

fn config_tool() -> Command {
    Command::new(env!("CARGO_BIN_EXE_config_tool"))
}

/// Runs the command, which has to succeed silently, and requires the one output that the program has.
#[track_caller]
fn assert_prints_the_configuration(command: &mut Command) {
    command
        .assert()
        .success()
        .stdout(predicate::str::diff(format!("{JSON}\n{DEBUG}\n")))
        .stderr(predicate::str::is_empty());
}

/// What the program prints, as text.
fn output() -> String {
    let assert = config_tool().assert().success().stderr(predicate::str::is_empty());
    String::from_utf8(assert.get_output().stdout.clone()).expect("the output is UTF-8")
}

/// The keys of a JSON object as they are written: in order, and each as often as it occurs. `serde_json::Value` cannot
/// tell, because its map sorts the keys and keeps each only once.
#[derive(Debug, PartialEq)]
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(KeysVisitor)
    }
}

#[test]
fn prints_the_pretty_json_and_then_the_value_read_back_from_it() {
    assert_prints_the_configuration(&mut config_tool());
}

#[test]
fn arguments_are_ignored() {
    assert_prints_the_configuration(config_tool().args(["--help", "--name", "other", "-v", "", "configuration.json"]));
}

#[test]
fn standard_input_is_ignored() {
    assert_prints_the_configuration(
        config_tool().write_stdin(r#"{ "name": "other", "retries": 99, "verbose": false }"#),
    );
}

#[test]
fn two_runs_print_the_same() {
    assert_eq!(output(), output());
}

#[test]
fn the_json_part_parses_to_the_configuration() {
    let output = output();
    let mut values = serde_json::Deserializer::from_str(&output).into_iter::<serde_json::Value>();
    let value = values.next().expect("the output begins with JSON").expect("the JSON parses");
    assert_eq!(value, json!({ "name": "service", "retries": 3, "verbose": true }));

    let (json, rest) = output.split_at(values.byte_offset());
    assert_eq!(json, JSON);
    assert_eq!(rest, format!("\n{DEBUG}\n"));
}

#[test]
fn the_json_part_has_exactly_the_three_keys_in_the_order_of_the_struct() {
    let output = output();
    let mut values = serde_json::Deserializer::from_str(&output).into_iter::<Keys>();
    let keys = values.next().expect("the output begins with JSON").expect("the JSON is an object");
    assert_eq!(keys, Keys(vec!["name".to_owned(), "retries".to_owned(), "verbose".to_owned()]));
}
