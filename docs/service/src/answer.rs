//! Answers in the format that a request asks for.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write;

/// `?format=json`, `pretty`, or `text`.
#[derive(Deserialize)]
pub struct Format {
    format: Option<String>,
}

/// A value as JSON, or as lines of text. All of it is compiled for each type.
#[cfg(not(feature = "thin"))]
pub fn answer<T: Serialize>(format: &Format, value: &T) -> Response {
    let (kind, text) = match format.format.as_deref() {
        None | Some("json") => ("application/json", serde_json::to_string(value)),
        Some("pretty") => ("application/json", serde_json::to_string_pretty(value)),
        Some("text") => ("text/plain", serde_json::to_value(value).map(|value| lines(&value))),
        Some(_) => return (StatusCode::BAD_REQUEST, "the formats are json, pretty, and text\n").into_response(),
    };
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text + "\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A value as JSON, or as lines of text. Only the first step is compiled for each type.
#[cfg(feature = "thin")]
pub fn answer<T: Serialize>(format: &Format, value: &T) -> Response {
    /// What needs no type: compiled once.
    fn of_value(format: &Format, value: Result<Value, serde_json::Error>) -> Response {
        let text = value.and_then(|value| match format.format.as_deref() {
            None | Some("json") => serde_json::to_string(&value).map(|text| Some(("application/json", text))),
            Some("pretty") => serde_json::to_string_pretty(&value).map(|text| Some(("application/json", text))),
            Some("text") => Ok(Some(("text/plain", lines(&value)))),
            Some(_) => Ok(None),
        });
        match text {
            Ok(Some((kind, text))) => ([(header::CONTENT_TYPE, kind)], text + "\n").into_response(),
            Ok(None) => (StatusCode::BAD_REQUEST, "the formats are json, pretty, and text\n").into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
    of_value(format, serde_json::to_value(value))
}

/// Each value on a line, after the path to it.
fn lines(value: &Value) -> String {
    fn add(text: &mut String, path: &str, value: &Value) {
        let below =
            |key: &dyn std::fmt::Display| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| add(text, &below(key), value)),
            Value::Array(items) => items.iter().enumerate().for_each(|(key, value)| add(text, &below(&key), value)),
            value => {
                let _ = writeln!(text, "{path}={value}");
            }
        }
    }
    let mut text = String::new();
    add(&mut text, "", value);
    text.truncate(text.trim_end().len());
    text
}
