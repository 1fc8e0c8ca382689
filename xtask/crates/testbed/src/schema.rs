//! Every JSON document that a test reads is checked against its published schema, docs/schemas/NAME-1.json. A small
//! validator is enough for that: the ones on crates.io add 30 or more crates. It knows the keywords that our schemas
//! use and rejects all others, so that none is silently ignored; a test compares it with the `jsonschema` of Python.

use crate::project::repository;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The keywords that only people read.
const FOR_PEOPLE: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

/// Where the schemas are published.
pub fn folder() -> PathBuf {
    repository().join("docs/schemas")
}

/// Every published schema, by the name in its file's name.
pub fn published() -> &'static BTreeMap<String, Value> {
    static SCHEMAS: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        let schemas = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let read = |path: PathBuf| {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let name = stem.strip_suffix("-1").unwrap_or_else(|| panic!("{stem}.json is called NAME-1.json"));
            (name.to_owned(), serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())
        };
        schemas.map(read).collect()
    })
}

/// A JSON document of ours, checked against its schema.
pub fn document(text: &str) -> Value {
    let document: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    check(&document);
    document
}

/// Fails the test if a document of ours doesn't match its schema.
pub fn check(document: &Value) {
    let problems = problems(document);
    assert!(problems.is_empty(), "{}\n{document:#}", problems.join("\n"));
}

/// What is wrong with a document of ours, by its own `schema`. A key that the schema doesn't describe is wrong as well: readers
/// must accept it, and adding a key means publishing it.
pub fn problems(document: &Value) -> Vec<String> {
    let Some(named) = document["schema"].as_str() else { return vec!["it has no `schema`".to_owned()] };
    let name = named.strip_prefix("size-workshop/").and_then(|name| name.strip_suffix("/1"));
    match name.and_then(|name| Some((name, published().get(name)?))) {
        Some((name, schema)) => {
            let mut found = Vec::new();
            let validator = Validator { root: schema, file: format!("docs/schemas/{name}-1.json"), strict: true };
            validator.validate(schema, document, "", &mut found);
            found
        }
        None => vec![format!("`{named}` is not published in docs/schemas")],
    }
}

/// What is wrong with a value by a schema, as every reader sees it: a key that isn't described is right.
pub fn problems_by(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Validator { root: schema, file: "the schema".to_owned(), strict: false }.validate(schema, value, "", &mut found);
    found
}

struct Validator<'a> {
    root: &'a Value,
    file: String,
    strict: bool,
}

impl Validator<'_> {
    /// Adds what is wrong with a value. `at` is its place, such as `/tables/0/rows`.
    fn validate(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let rules = schema.as_object().unwrap_or_else(|| panic!("{}: no schema is an object: {schema}", self.file));
        for (keyword, rule) in rules {
            match keyword.as_str() {
                "$ref" => self.validate(self.definition(rule), value, at, found),
                "anyOf" => self.any_of(rule, value, at, found),
                "if" => self.condition(rules, value, at, found),
                "properties" => self.properties(rules, value, at, found),
                "required" => self.required(rule, value, at, found),
                "items" => self.items(rules, rule, value, at, found),
                "prefixItems" => self.prefix(rule, value, at, found),
                "additionalProperties" => self.additional(rules, rule, value, at, found),
                "then" | "else" => {}
                name if FOR_PEOPLE.contains(&name) => {}
                name => {
                    let holds = self.holds(name, rule, value);
                    if !holds {
                        found.push(format!("{}: `{}` is {value}, against {name}: {rule}", self.file, place(at)));
                    }
                }
            }
        }
    }

    /// The keywords about a single value. Each holds for what it isn't about.
    fn holds(&self, keyword: &str, rule: &Value, value: &Value) -> bool {
        let least = |length: Option<usize>| length.is_none_or(|length| length as u64 >= rule.as_u64().unwrap());
        let most = |length: Option<usize>| length.is_none_or(|length| length as u64 <= rule.as_u64().unwrap());
        match keyword {
            "type" => match rule {
                Value::Array(all) => all.iter().any(|one| is_of(value, one.as_str().unwrap())),
                one => is_of(value, one.as_str().unwrap()),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => least(value.as_str().map(|text| text.chars().count())),
            "minItems" => least(value.as_array().map(Vec::len)),
            "maxItems" => most(value.as_array().map(Vec::len)),
            "pattern" => {
                let pattern = regex_lite::Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            other => panic!("{} uses `{other}`, which testbed/src/schema.rs doesn't know", self.file),
        }
    }

    fn definition(&self, rule: &Value) -> &Value {
        let path = rule.as_str().unwrap().strip_prefix('#');
        let found = path.and_then(|path| self.root.pointer(path));
        found.unwrap_or_else(|| panic!("{} has no definition {rule}", self.file))
    }

    /// The reasons of the best-matching alternative, if none matches.
    fn any_of(&self, rule: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let reasons = rule.as_array().unwrap().iter().map(|schema| {
            let mut reasons = Vec::new();
            self.validate(schema, value, at, &mut reasons);
            reasons
        });
        // What isn't even of the right type says nothing.
        let about_itself = |reasons: &Vec<String>| reasons.iter().any(|reason| reason.contains("against type"));
        let all: Vec<_> = reasons.collect();
        if all.iter().any(Vec::is_empty) {
            return;
        }
        let closest = all.into_iter().min_by_key(|reasons| (about_itself(reasons), reasons.len()));
        found.extend(closest.unwrap_or_default());
    }

    fn condition(&self, rules: &Map<String, Value>, value: &Value, at: &str, found: &mut Vec<String>) {
        let mut reasons = Vec::new();
        self.validate(&rules["if"], value, at, &mut reasons);
        if let Some(schema) = rules.get(if reasons.is_empty() { "then" } else { "else" }) {
            self.validate(schema, value, at, found);
        }
    }

    fn properties(&self, rules: &Map<String, Value>, value: &Value, at: &str, found: &mut Vec<String>) {
        let (Some(known), Some(object)) = (rules["properties"].as_object(), value.as_object()) else { return };
        // An object is described where its type is; a condition names only some of its keys.
        let is_described = rules.contains_key("type") && !rules.contains_key("additionalProperties");
        for (key, value) in object {
            match known.get(key) {
                Some(schema) => self.validate(schema, value, &format!("{at}/{key}"), found),
                None if self.strict && is_described => {
                    found.push(format!("{} doesn't describe `{at}/{key}`: add it there", self.file));
                }
                None => {}
            }
        }
    }

    fn required(&self, rule: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let Some(object) = value.as_object() else { return };
        let names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let missing = names.filter(|name| !object.contains_key(*name));
        found.extend(missing.map(|name| format!("{}: `{at}/{name}` is missing", self.file)));
    }

    fn items(&self, rules: &Map<String, Value>, rule: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let before = rules.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
        for (index, item) in value.as_array().into_iter().flatten().enumerate().skip(before) {
            self.validate(rule, item, &format!("{at}/{index}"), found);
        }
    }

    fn prefix(&self, rule: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let items = value.as_array().into_iter().flatten();
        for (index, (schema, item)) in rule.as_array().unwrap().iter().zip(items).enumerate() {
            self.validate(schema, item, &format!("{at}/{index}"), found);
        }
    }

    fn additional(&self, rules: &Map<String, Value>, rule: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let known = |key: &str| rules.get("properties").is_some_and(|known| known.get(key).is_some());
        for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| !known(key)) {
            match rule {
                Value::Bool(true) => {}
                Value::Bool(false) => found.push(format!("{}: `{at}/{key}` is not allowed", self.file)),
                schema => self.validate(schema, value, &format!("{at}/{key}"), found),
            }
        }
    }
}

fn place(at: &str) -> &str {
    if at.is_empty() { "the document" } else { at }
}

/// Whether a value is of a type. `1.0` is an integer, as JSON Schema has it.
fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("there is no type `{other}`"),
    }
}
