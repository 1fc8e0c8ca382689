//! The JSON of what was found for a goal, as `check --format json` publishes it. Version 1: keys are added, never changed.

use super::{
    Answer, Budget, Crate, Data, Held, Image, ImageBuild, Linking, Method, Profile, Saved, Setting, Size, Speed,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json(self).serialize(serializer)
    }
}

fn json(data: &Data) -> Value {
    match data {
        Data::NotJudged => json!({}),
        Data::Nothing => Value::Null,
        Data::Profile(Profile { name, settings, crates }) => {
            let settings: Vec<Value> = settings.iter().map(setting).collect();
            let crates: Vec<Value> = crates.iter().map(krate).collect();
            json!({ "profile": name, "settings": settings, "crates": crates })
        }
        Data::Answer(Answer { key, given, for_instructor }) => {
            json!({ "key": key, "answer": given, "for_instructor": for_instructor })
        }
        Data::Output { cases, different } => json!({ "cases": cases, "different": different }),
        Data::Size(Size { build, against, part, bytes, against_bytes, shrink }) => json!({
            "build": build, "against": against.join(" + "), "part": part.name(), "bytes": bytes,
            "against_bytes": against_bytes, "shrink_percent": shrink
        }),
        Data::Speed(found) => speed(found),
        Data::Warnings(warnings) => json!({ "warnings": warnings }),
        Data::Binary { build, linking: Linking { symbols, interpreter, libraries } } => {
            json!({ "build": build, "symbols": symbols, "interpreter": interpreter, "libraries": libraries })
        }
        Data::SameCode { build, same_as, sha256 } => {
            json!({ "build": build, "same_as": same_as, "sha256": sha256 })
        }
        Data::Panic { build, ended } => json!({ "build": build, "ended": ended }),
        Data::Dependencies { build, packages: None } => json!({ "build": build }),
        Data::Dependencies { build, packages } => json!({ "build": build, "packages": packages }),
        Data::Image(Image { base, program, build }) => {
            let build = build.as_ref().map(|ImageBuild { profile, target, is_static }| {
                json!({ "profile": profile, "target": target, "static": is_static })
            });
            json!({ "base": base, "program": program, "build": build })
        }
        Data::Budget(found) => budget(found),
    }
}

fn setting(Setting { key, asked, effective, from, line, rustc }: &Setting) -> Value {
    let text = |value: &Option<toml::Value>| value.as_ref().map(ToString::to_string);
    json!({
        "key": key, "asked": text(asked), "effective": text(effective), "from": from, "line": line, "rustc": rustc
    })
}

fn krate(Crate { name, version, key, rustc, program, from }: &Crate) -> Value {
    let (from, line) = from.as_ref().map(|(table, line)| (table, line)).unzip();
    json!({
        "crate": name, "version": version, "key": key, "rustc": rustc, "program": program, "from": from, "line": line
    })
}

fn speed(speed: &Speed) -> Value {
    let Speed { build, against, measured } = speed;
    let Some(measured) = measured else { return json!({ "build": build, "against": against }) };
    let tenths = (measured.percent() * 10.0).round() / 10.0;
    let mut all = json!({
        "build": build, "against": against, "says": speed.says(), "percent": tenths, "at_most_percent": measured.at_most
    });
    let found = match &measured.method {
        Method::Instructions { own, against, counter } => json!({
            "method": "instructions", "instructions": own, "against_instructions": against, "counter": counter
        }),
        // Which time was measured is part of what it says.
        Method::Time { rounds, .. } => json!({ "method": "time", "rounds": rounds }),
    };
    extend(&mut all, found);
    all
}

fn budget(budget: &Budget) -> Value {
    let Budget { build, held } = budget;
    let mut all = json!({ "build": build });
    let Some(Held { bytes, allowed, slack, baseline }) = held else { return all };
    extend(&mut all, json!({ "bytes": bytes, "allowed_bytes": allowed, "slack_percent": slack }));
    let compared = match baseline {
        None => Value::Null,
        Some(Saved::Here { bytes, grown }) => json!({ "baseline_bytes": bytes, "grown_bytes": grown }),
        Some(Saved::Elsewhere { .. }) => json!({ "says": budget.says(), "review": budget.review() }),
    };
    extend(&mut all, compared);
    all
}

/// Adds one object's keys to another's.
fn extend(all: &mut Value, more: Value) {
    if let (Value::Object(all), Value::Object(more)) = (all, more) {
        all.extend::<Map<String, Value>>(more);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Measured, Part};
    use super::*;
    use base::numbers::{Bytes, Percent};
    use weigh::cargo::Compiled;

    #[expect(clippy::needless_pass_by_value, reason = "most callers make it for this call")]
    fn json(data: Data) -> String {
        serde_json::to_string(&data).unwrap()
    }

    fn held(baseline: Option<Saved>) -> Data {
        let held = Held { bytes: Bytes(1400), allowed: Bytes(1450), slack: Percent::whole(10), baseline };
        Data::Budget(Budget { build: "after".to_owned(), held: Some(held) })
    }

    fn speed(method: Method) -> Data {
        let measured = Some(Measured { method, at_most: Percent::whole(150) });
        Data::Speed(Speed { build: "after".to_owned(), against: "before".to_owned(), measured })
    }

    /// These texts are published. A key may be added; none is changed or left out.
    #[test]
    fn the_json_of_each_kind_of_goal_is_what_it_always_was() {
        let [after, before] = ["after", "before"].map(str::to_owned);
        assert_eq!(json(Data::NotJudged), "{}");
        assert_eq!(json(Data::Nothing), "null");
        assert_eq!(json(Data::Output { cases: 9, different: 1 }), r#"{"cases":9,"different":1}"#);
        assert_eq!(json(Data::Warnings(vec!["w".to_owned()])), r#"{"warnings":["w"]}"#);
        assert_eq!(
            json(Data::Panic { build: after.clone(), ended: "exit code 101".to_owned() }),
            r#"{"build":"after","ended":"exit code 101"}"#
        );
        assert_eq!(
            json(Data::SameCode { build: after.clone(), same_as: before.clone(), sha256: "0".to_owned() }),
            r#"{"build":"after","same_as":"before","sha256":"0"}"#
        );
        let linking = Linking { symbols: 7, interpreter: None, libraries: vec!["libc.so.6".to_owned()] };
        assert_eq!(
            json(Data::Binary { build: after.clone(), linking }),
            r#"{"build":"after","interpreter":null,"libraries":["libc.so.6"],"symbols":7}"#
        );
        assert_eq!(json(Data::Dependencies { build: after.clone(), packages: None }), r#"{"build":"after"}"#);
        let package = Compiled { name: "a".to_owned(), version: "1.0.0".to_owned(), features: vec!["std".to_owned()] };
        assert_eq!(
            json(Data::Dependencies { build: after.clone(), packages: Some(vec![package]) }),
            r#"{"build":"after","packages":[{"features":["std"],"name":"a","version":"1.0.0"}]}"#
        );
        let (key, given) = ("why".to_owned(), "LTO".to_owned());
        assert_eq!(
            json(Data::Answer(Answer { key, given, for_instructor: true })),
            r#"{"answer":"LTO","for_instructor":true,"key":"why"}"#
        );
        let size = Size {
            build: after,
            against: vec![before, "lto".to_owned()],
            part: Part::Code,
            bytes: Bytes(1400),
            against_bytes: Bytes(2000),
            shrink: Percent::of_number(28.5),
        };
        assert_eq!(
            json(Data::Size(size)),
            r#"{"against":"before + lto","against_bytes":2000,"build":"after","bytes":1400,"part":"the machine code","shrink_percent":28.5}"#
        );
    }

    #[test]
    fn the_json_of_profiles_and_images_is_what_it_always_was() {
        let setting = Setting {
            key: "lto".to_owned(),
            asked: Some("fat".into()),
            effective: Some(true.into()),
            from: "CARGO_PROFILE_RELEASE_LTO".to_owned(),
            line: None,
            rustc: Some("fat".to_owned()),
        };
        let krate = |from| Crate {
            name: "b".to_owned(),
            version: "1.0.2".to_owned(),
            key: "opt-level",
            rustc: "z".to_owned(),
            program: "3".to_owned(),
            from,
        };
        let crates = vec![krate(None), krate(Some(("[profile.release.package.b]".to_owned(), 8)))];
        assert_eq!(
            json(Data::Profile(Profile { name: "release".to_owned(), settings: vec![setting], crates })),
            r#"{"crates":[{"crate":"b","from":null,"key":"opt-level","line":null,"program":"3","rustc":"z","version":"1.0.2"},{"crate":"b","from":"[profile.release.package.b]","key":"opt-level","line":8,"program":"3","rustc":"z","version":"1.0.2"}],"profile":"release","settings":[{"asked":"\"fat\"","effective":"true","from":"CARGO_PROFILE_RELEASE_LTO","key":"lto","line":null,"rustc":"fat"}]}"#
        );
        let image = |build| Data::Image(Image { base: "scratch".to_owned(), program: Some("/p".to_owned()), build });
        assert_eq!(json(image(None)), r#"{"base":"scratch","build":null,"program":"/p"}"#);
        let build = ImageBuild { profile: "release".to_owned(), target: None, is_static: true };
        assert_eq!(
            json(image(Some(build))),
            r#"{"base":"scratch","build":{"profile":"release","static":true,"target":null},"program":"/p"}"#
        );
    }

    #[test]
    fn the_json_of_speeds_and_budgets_is_what_it_always_was() {
        let (own, against, counter) = (3_000_000, 2_500_000, "valgrind-3".to_owned());
        assert_eq!(
            json(speed(Method::Instructions { own, against, counter })),
            r#"{"against":"before","against_instructions":2500000,"at_most_percent":150.0,"build":"after","counter":"valgrind-3","instructions":3000000,"method":"instructions","percent":120.0,"says":"120 % of the instructions of `before` (the limit is 150 %); 3.0 million instructions, compared with 2.5 million (valgrind-3)"}"#
        );
        assert_eq!(
            json(speed(Method::Time { percent: 99.64, rounds: 9, what: "time".to_owned() })),
            r#"{"against":"before","at_most_percent":150.0,"build":"after","method":"time","percent":99.6,"rounds":9,"says":"100 % of the time of `before` (the limit is 150 %); measured by time, the shortest of 9 alternating runs of each, because nothing on this machine counts instructions (on Linux, valgrind does)"}"#
        );
        let none = Speed { build: "after".to_owned(), against: "before".to_owned(), measured: None };
        assert_eq!(json(Data::Speed(none)), r#"{"against":"before","build":"after"}"#);

        let unheld = Budget { build: "after".to_owned(), held: None };
        assert_eq!(json(Data::Budget(unheld)), r#"{"build":"after"}"#);
        assert_eq!(json(held(None)), r#"{"allowed_bytes":1450,"build":"after","bytes":1400,"slack_percent":10.0}"#);
        assert_eq!(
            json(held(Some(Saved::Here { bytes: Bytes(1390), grown: None }))),
            r#"{"allowed_bytes":1450,"baseline_bytes":1390,"build":"after","bytes":1400,"grown_bytes":null,"slack_percent":10.0}"#
        );
        let [target, here] = ["there", "here"].map(str::to_owned);
        assert_eq!(
            json(held(Some(Saved::Elsewhere { target, bytes: Bytes(1390), here }))),
            r#"{"allowed_bytes":1450,"build":"after","bytes":1400,"review":"the baseline was saved on there (1,390 bytes), so it can't be compared closely with this build for here: check whether they work on such a machine","says":"the baseline was saved on there (1,390 bytes), so it can't be compared closely with this build for here","slack_percent":10.0}"#
        );
    }
}
