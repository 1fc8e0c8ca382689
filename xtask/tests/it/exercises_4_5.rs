//! Exercises 4 and 5 on a copy of the whole course: the wrong turns that people take, and what they are told.

use crate::course::{codes, settled, verdict};
use crate::project::{Project, json, stderr};
use predicates::str::contains;

/// What is wrong with exercise 4 when its settings are these: the codes, each once.
fn settings_of_ex4(project: &Project, settings: &str) -> Vec<String> {
    let fresh = project.read("exercises/ex4/starter/Cargo.toml");
    let head = fresh.split("[profile.release]").next().unwrap();
    project.write("exercises/ex4/Cargo.toml", &format!("{head}{settings}"));
    let document = json(&project.run(&["check", "ex4", "--format", "json"]));
    let mut codes: Vec<String> = codes(&document).into_iter().map(|(code, _)| code).collect();
    codes.dedup();
    codes
}

#[test]
#[ignore = "builds exercise 4 half a dozen times: .ci/run runs it"]
fn exercise_4_is_repaired_layer_by_layer() {
    let project = Project::copy_of_the_repository();
    let at = |settings: &str| settings_of_ex4(&project, settings);
    // The misspelled key hid a value of the wrong type: now Cargo refuses it.
    let refused = at(
        "[profile.release]\nopt-level = \"z\"\ncodegen-units = \"1\"\nlto = true\npanic = \"abort\"\nstrip = true\n",
    );
    assert_eq!(refused, ["profile/wrong-type"]);
    assert!(!project.path("exercises/ex4/target").exists(), "nothing was built");
    // One table twice.
    let twice = at("[profile.release]\nopt-level = \"z\"\n\n[profile.release]\nlto = true\n");
    assert_eq!(twice, ["profile/duplicate-key"]);
    // Cargo is silent, and two settings still do nothing.
    let silent = "[profile.release]\nopt-level = \"z\"\ncodegen-units = 1\nlto = true\n\n[profile.dev]\npanic = \"abort\"\nstrip = true\n";
    assert_eq!(at(silent), ["profile/wrong-table", "size/not-small-enough"]);
    let text = settled(&stderr(&project.run(&["check", "ex4"]).code(1)));
    let told: Vec<&str> = text.lines().take_while(|line| !line.starts_with("built")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    error[profile/wrong-table]: `panic` and `strip` stand in [profile.dev], which this build does not read
      --> exercises/ex4/Cargo.toml:16:10
       |
    16 | [profile.dev]
       |          ^^^ `cargo build` without `--release` reads this
    17 | panic = "abort"
       | ----- has no effect there
       |
       = help: `cargo build --release` reads [profile.release]: move them there
    "#);
    let document = json(&project.run(&["check", "ex4", "--format", "json"]).code(1));
    assert_eq!(verdict(&document, "silent"), "pass");
    // Taking the lines out makes Cargo silent as well.
    assert_eq!(at(""), ["profile/missing-setting", "size/not-small-enough"]);
    project.run(&["hint", "ex4"]).success().stdout(contains("they should work, not go"));
}

#[test]
fn exercise_4_names_what_its_starter_does_not_do() {
    let project = Project::copy_of_the_repository();
    let text = settled(&stderr(&project.run(&["check", "ex4"]).code(1)));
    let told: Vec<&str> = text.lines().take_while(|line| !line.starts_with("built")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    error[profile/unknown-table]: Cargo does not know the table [profiles.release]
      --> exercises/ex4/Cargo.toml:15:2
       |
    15 | [profiles.release]
       |  ^^^^^^^^ Cargo only warns, and ignores all of it
       |
       = help: did you mean [profile.release]?

    error[profile/misspelled-key]: Cargo does not know the key `opt_level`
      --> exercises/ex4/Cargo.toml:12:1
       |
    12 | opt_level = "z"
       | ^^^^^^^^^ Cargo only warns, and builds without it
       |
       = help: did you mean `opt-level = "z"`?

    error[profile/misspelled-key]: Cargo does not know the key `codegen_units`
      --> exercises/ex4/Cargo.toml:13:1
       |
    13 | codegen_units = "1"
       | ^^^^^^^^^^^^^ Cargo only warns, and builds without it
       |
       = help: did you mean `codegen-units`? Its value is wrong, too (this is a number, without quotes): write `codegen-units = 1`

    error[profile/wrong-table]: `panic` and `strip` stand in [profile.dev], which this build does not read
      --> exercises/ex4/Cargo.toml:18:10
       |
    18 | [profile.dev]
       |          ^^^ `cargo build` without `--release` reads this
    19 | panic = "abort"
       | ----- has no effect there
       |
       = help: `cargo build --release` reads [profile.release]: move them there
    "#);
    // With the settings in force, either level for size will do.
    let solution = project.read("solutions/ex4/Cargo.toml");
    project.write("exercises/ex4/Cargo.toml", &solution.replace("\"z\"", "\"s\""));
    project.run(&["check", "ex4"]).success().stdout(contains("10 of 10 points"));
}
