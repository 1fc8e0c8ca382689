//! `json_serde` with tinyjson, which has no macros: a document becomes a tree of values, and back.

use std::collections::HashMap;
use std::error::Error;
use std::io;

use tinyjson::JsonValue;

#[derive(Debug)]
struct Config {
    name: String,
    retries: u32,
    verbose: bool,
}

impl Config {
    fn from_json(value: &JsonValue) -> Option<Self> {
        let object: &HashMap<String, JsonValue> = value.get()?;
        Some(Self {
            name: object.get("name")?.get::<String>()?.clone(),
            retries: *object.get("retries")?.get::<f64>()? as u32,
            verbose: *object.get("verbose")?.get()?,
        })
    }

    fn to_json(&self) -> JsonValue {
        let fields = [
            ("name".to_owned(), JsonValue::from(self.name.clone())),
            ("retries".to_owned(), JsonValue::from(f64::from(self.retries))),
            ("verbose".to_owned(), JsonValue::from(self.verbose)),
        ];
        JsonValue::from(HashMap::from(fields))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let json = io::read_to_string(io::stdin())?;
    let config = Config::from_json(&json.parse()?).ok_or("this is no configuration")?;
    println!("{config:?}");
    println!("{}", config.to_json().stringify()?);
    Ok(())
}
