//! Makes a picture softer. It reads the picture as JSON from standard input, and says as JSON what became of it: how sharp
//! it was, how sharp it is, and how many pixels there are of each of eight shades. You don't change this file.

use kernel::Picture;
use serde_json::{Value, json};
use std::io::{self, Read as _};
use std::process::ExitCode;

/// No picture may have more pixels.
const LARGEST: usize = 4_000_000;

fn main() -> ExitCode {
    let mut text = String::new();
    if let Err(error) = io::stdin().read_to_string(&mut text) {
        eprintln!("soften: cannot read standard input: {error}");
        return ExitCode::from(1);
    }
    match run(&text) {
        Ok(result) => {
            println!("{result:#}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("soften: {message}");
            ExitCode::from(2)
        }
    }
}

/// Softens the picture that a text describes.
fn run(text: &str) -> Result<Value, String> {
    let job: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let number = |key: &str| {
        let value = job[key].as_u64().and_then(|value| usize::try_from(value).ok());
        value.filter(|&value| value <= 1000).ok_or_else(|| format!("`{key}` is no whole number up to 1000"))
    };
    let (width, height, tiles) = (number("width")?, number("height")?, number("tiles")?);
    if !(1..=LARGEST).contains(&(width * tiles * height * tiles)) {
        return Err(format!("a picture has 1 to {LARGEST} pixels"));
    }
    let pixels = job["pixels"].as_array().ok_or("`pixels` is no list")?;
    let pixels: Option<Vec<u16>> = pixels.iter().map(brightness).collect();
    let tile = Picture::new(width, height, pixels.ok_or("a pixel is no whole number")?);
    let mut picture = tile.ok_or("there are not width times height pixels, or less than 3 by 3")?.tiled(tiles);
    let before = picture.sharpness();
    for _ in 0..number("passes")? {
        picture.soften();
    }
    Ok(json!({
        "name": job["name"],
        "sharpness-before": before,
        "sharpness": picture.sharpness(),
        "shades": picture.shades(),
    }))
}

/// The brightness of a pixel: the lowest eight bits of a number.
fn brightness(pixel: &Value) -> Option<u16> {
    u16::try_from(pixel.as_u64()? % 256).ok()
}
