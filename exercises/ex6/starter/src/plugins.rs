//! The plugins. Two of them have an error that only some lines show. You don't change this file.

/// Makes a line of a line.
pub type Plugin = fn(&str) -> String;

const ALL: [(&str, Plugin); 4] = [("capitals", capitals), ("reverse", reverse), ("shorten", shorten), ("mean", mean)];

/// The plugin of this name.
pub fn find(name: &str) -> Result<Plugin, String> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, plugin)| *plugin).ok_or_else(|| format!("there is no plugin `{name}` (plugins: {})", names()))
}

/// The names of all plugins.
pub fn names() -> String {
    ALL.map(|(name, _)| name).join(", ")
}

fn capitals(line: &str) -> String {
    line.to_uppercase()
}

fn reverse(line: &str) -> String {
    line.chars().rev().collect()
}

/// The first eight letters. The error: it counts bytes, and a letter may have several.
fn shorten(line: &str) -> String {
    line[..line.len().min(8)].to_owned()
}

/// The mean of the numbers in a line. The error: a line may have none.
fn mean(line: &str) -> String {
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    (numbers.iter().sum::<u64>() / numbers.len() as u64).to_string()
}
