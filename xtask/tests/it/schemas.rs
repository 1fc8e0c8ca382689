//! The published schemas of our JSON documents, docs/schemas: each accepts what it must, rejects what it should, and
//! means the same to Python's reference validator and to ours. Tests that read a document check it against its schema.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use testbed::browser::left_out;
use testbed::project::{call, repository, stdout};
use testbed::schema::{self, problems, problems_by, published};

/// A value that fits a schema and has every key, so that each of them can be broken.
fn example(root: &Value, schema: &Value) -> Value {
    if let Some(path) = schema["$ref"].as_str() {
        return example(root, root.pointer(path.trim_start_matches('#')).unwrap());
    }
    if let Some(value) = schema.get("const").or_else(|| schema["enum"].get(0)) {
        return value.clone();
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return example(root, choices.iter().find(|choice| choice["type"] != "null").unwrap());
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str().unwrap(),
        kind => kind.as_str().unwrap_or("null"),
    };
    match kind {
        "object" => {
            let own = schema["properties"].as_object().into_iter().flatten();
            let mut object: serde_json::Map<String, Value> =
                own.map(|(key, schema)| (key.clone(), example(root, schema))).collect();
            if schema["additionalProperties"].is_object() {
                object.insert("any key".to_owned(), example(root, &schema["additionalProperties"]));
            }
            object.into()
        }
        "array" => match schema["prefixItems"].as_array() {
            Some(items) => items.iter().map(|schema| example(root, schema)).collect(),
            None => json!([example(root, &schema["items"])]),
        },
        "string" => fitting(schema["pattern"].as_str()).into(),
        "boolean" => true.into(),
        "integer" | "number" => 1.into(),
        _ => Value::Null,
    }
}

/// Text for each pattern of the schemas.
fn fitting(pattern: Option<&str>) -> String {
    let texts = ["text", "a/b", "2026-01-31", "2026-01-31T12:00:00Z", "a.html"].map(str::to_owned);
    let digest = "0".repeat(64);
    let mut texts = texts.into_iter().chain([digest.clone(), format!("sha256:{digest}"), "0".repeat(40)]);
    let Some(pattern) = pattern else { return texts.next().unwrap() };
    let regex = regex_lite::Regex::new(pattern).unwrap();
    texts.find(|text| regex.is_match(text)).unwrap_or_else(|| panic!("add a text for {pattern}"))
}

/// Every way to remove a required key, and to insert a value of a wrong type, with what was done.
fn broken(root: &Value, schema: &Value, value: &Value, found: &mut Vec<(String, Value)>, at: &str) {
    if let Some(path) = schema["$ref"].as_str() {
        return broken(root, root.pointer(path.trim_start_matches('#')).unwrap(), value, found, at);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let choice = choices.iter().find(|choice| choice["type"] != "null").unwrap();
        return broken(root, choice, value, found, at);
    }
    if schema.get("type").is_some() || schema.get("const").is_some() || schema.get("enum").is_some() {
        // No schema of ours lets both of these through.
        let wrong = if value.is_array() { json!("no list") } else { json!([["no value"]]) };
        found.push((format!("{at}: another type"), wrong));
    }
    for name in schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()) {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(name);
        found.push((format!("{at}: without {name}"), without));
    }
    let mut parts: Vec<(String, &Value)> = Vec::new();
    match value {
        Value::Object(object) => {
            for key in object.keys() {
                parts.push((key.clone(), schema["properties"].get(key).unwrap_or(&schema["additionalProperties"])));
            }
        }
        Value::Array(items) => {
            for index in 0..items.len() {
                parts.push((index.to_string(), schema["prefixItems"].get(index).unwrap_or(&schema["items"])));
            }
        }
        _ => {}
    }
    for (key, schema) in parts {
        let pointer = format!("/{key}");
        let mut inside = Vec::new();
        broken(root, schema, value.pointer(&pointer).unwrap(), &mut inside, &format!("{at}{pointer}"));
        found.extend(inside.into_iter().map(|(what, part)| {
            let mut whole = value.clone();
            *whole.pointer_mut(&pointer).unwrap() = part;
            (what, whole)
        }));
    }
}

/// Documents of each schema, with whether they are right.
fn documents() -> Vec<(String, String, Value, bool)> {
    let mut all = Vec::new();
    for (name, schema) in published() {
        let right = example(schema, schema);
        let mut wrong = Vec::new();
        broken(schema, schema, &right, &mut wrong, "");
        assert!(wrong.len() > 5, "{name}: {}", wrong.len());
        // A reader must accept what a later release adds.
        let mut later = right.clone();
        later["added_later"] = json!({ "anything": [1] });
        all.extend(wrong.into_iter().map(|(what, value)| (name.clone(), what, value, false)));
        all.push((name.clone(), "whole".to_owned(), right, true));
        all.push((name.clone(), "with a key of a later release".to_owned(), later, true));
    }
    all
}

#[test]
fn a_missing_key_and_a_wrong_type_are_refused_at_every_place() {
    let all = documents();
    assert!(all.len() > 500, "{}", all.len());
    for (name, what, value, is_right) in &all {
        let found = problems_by(&published()[name], value);
        assert_eq!(found.is_empty(), *is_right, "{name}, {what}: {found:?}\n{value:#}");
    }
    // The tests themselves are stricter: a key that was added has to be published.
    let (.., later, _) = all.iter().find(|(.., value, _)| value.get("added_later").is_some()).unwrap();
    let found = problems(later).join("\n");
    assert!(found.contains("doesn't describe `/added_later`: add it there"), "{found}");
    assert!(problems(&json!({ "schema": "size-workshop/none/1" }))[0].contains("is not published in docs/schemas"));
    assert!(problems(&json!({}))[0].contains("no `schema`"));
}

#[test]
#[ignore = "needs the jsonschema of Python: .ci/run runs it"]
fn the_reference_validator_says_the_same() {
    let consumers = repository().join("target/consumers");
    if !consumers.join("jsonschema").is_dir() {
        return left_out("the schemas are not read by Python's jsonschema: .ci/run install-consumers");
    }
    const SCRIPT: &str = "import json, sys, jsonschema
schemas, documents = json.load(sys.stdin)
readers = {}
for name, schema in schemas.items():
    jsonschema.Draft202012Validator.check_schema(schema)
    readers[name] = jsonschema.Draft202012Validator(schema)
print(json.dumps([readers[name].is_valid(value) for name, _, value, _ in documents]))";
    let documents = documents();
    let input = json!([published(), documents]).to_string();
    let mut python = call("python3");
    python.args(["-c", SCRIPT]).env("PYTHONPATH", consumers).write_stdin(input);
    let verdicts: Vec<bool> = serde_json::from_str(&stdout(&python.assert().success())).unwrap();
    assert_eq!(verdicts.len(), documents.len());
    for ((name, what, _, is_right), verdict) in documents.iter().zip(verdicts) {
        assert_eq!(verdict, *is_right, "{name}, {what}");
    }
}

/// Each schema of an object or a value inside of a schema, with its place.
fn parts<'a>(schema: &'a Value, at: &str, found: &mut Vec<(String, &'a Value)>) {
    for (key, part) in schema.as_object().into_iter().flatten() {
        let at = format!("{at}/{key}");
        match key.as_str() {
            "properties" | "$defs" => {
                for (name, part) in part.as_object().unwrap() {
                    found.push((format!("{at}/{name}"), part));
                    parts(part, &format!("{at}/{name}"), found);
                }
            }
            "items" | "additionalProperties" => parts(part, &at, found),
            _ => {}
        }
    }
}

#[test]
fn every_schema_says_what_it_is_about() {
    for (name, schema) in published() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(schema["$id"], format!("urn:size-workshop:{name}:1"));
        assert_eq!(schema["properties"]["schema"]["const"], format!("size-workshop/{name}/1"));
        assert!(schema["title"].is_string(), "{name} has no title");
        let about = schema["description"].as_str().unwrap();
        assert!(about.contains("ignore any key you don't know"), "{name}: {about}");
        let mut all = Vec::new();
        parts(schema, "", &mut all);
        for (at, part) in all.iter().chain([&(String::new(), schema)]) {
            // Additions are always allowed: no key ends a list of them.
            assert_ne!(part["additionalProperties"], json!(false), "{name}{at}");
            if part["type"] == "object" && part.get("properties").is_some() {
                assert!(part["required"].is_array(), "{name}{at} requires nothing");
            }
            // The unit is in the name, or in the words beside it.
            if at.contains("/properties/") && at.ends_with("bytes") && part.get("$ref").is_none() {
                let words = part["description"].as_str().unwrap_or(about);
                assert!(words.to_lowercase().contains("bytes"), "{name}{at}: {words}");
            }
        }
    }
}

#[test]
fn every_document_has_a_schema_and_every_schema_a_document() {
    let mut printed = BTreeSet::new();
    let mut folders = vec![repository().join("xtask")];
    let named = regex_lite::Regex::new("\"size-workshop/([a-z-]+)/1\"").unwrap();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                printed.extend(named.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    let published: BTreeSet<String> = published().keys().cloned().collect();
    assert_eq!(printed, published, "the documents that are printed, and the schemas in docs/schemas");
}

#[test]
fn the_page_of_the_schemas_lists_them_all() {
    let page = fs::read_to_string(schema::folder().join("README.md")).unwrap();
    let rows: BTreeMap<&str, &str> =
        page.lines().filter_map(|line| line.strip_prefix("| [`size-workshop/")?.split_once("/1`](")).collect();
    let names: Vec<&str> = published().keys().map(String::as_str).collect();
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), names);
    for (name, rest) in rows {
        let title = published()[name]["title"].as_str().unwrap();
        assert!(rest.starts_with(&format!("{name}-1.json) | {title} | ")), "{name}: {rest}");
    }
}

#[test]
fn the_committed_measurements_are_as_their_schemas_say() {
    let mut seen = 0;
    for folder in fs::read_dir(repository().join("docs/measurements")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            schema::document(&fs::read_to_string(file.unwrap().path()).unwrap());
            seen += 1;
        }
    }
    assert!(seen >= 2);
}
