//! A budget beside its saved baseline: which baselines count, and which keys notice growth.

use super::kinds::with_goal;
use super::*;

/// What a goal says about a budget with a saved baseline; the program is 100,000 bytes, and 106,000 when it has grown.
fn told_of_budget(keys: &str, baseline: Option<&str>) -> String {
    told_of_a_budget(true, keys, baseline)
}

/// The same; `own`: in a learner's own check.
fn told_of_a_budget(own: bool, keys: &str, baseline: Option<&str>) -> String {
    let goal = r#"check.budget = { build = "after", slack-percent = 10, growth-percent = 2, baseline = "answers.toml", grown = "lto" }"#;
    let mut known = with_goal(goal);
    known.evidence.target = "here".to_owned();
    known.evidence.targets = ["here", "there"].map(str::to_owned).into();
    known.evidence.toolchain = "1.95.0".to_owned();
    known.evidence.pinned = Some("1.94.1".to_owned());
    known.own = own;
    known.built("after").bytes = 100_000;
    known.built("lto").bytes = 106_000;
    let text = format!("{}\n[package.metadata.size-budget]\n{keys}\n", known.manifest.source.text);
    known.manifest(&text);
    known.baseline = Some(Source { file: "answers.toml".into(), text: baseline.unwrap_or_default().into() });
    let judgement = judge(&known.case());
    let problems = judgement.outcomes[0].diagnostics.iter().map(|problem| problem.render(false, None));
    problems.collect::<Vec<_>>().join("\n\n")
}

/// A baseline with one program.
fn saved(bin: &str, profile: &str, target: &str, toolchain: &str, bytes: u64) -> String {
    format!(
        "{{\"schema\": \"size-workshop/size-baseline/1\", \"builds\": [\n{{\"bin\": \"{bin}\", \"profile\": \"{profile}\", \"target\": \"{target}\", \"toolchain\": \"{toolchain}\", \"parts\": {{\"bytes\": {bytes}, \"text_bytes\": 1, \"sections\": {{\".text\": {bytes}}}}}}}]}}"
    )
}

#[test]
fn a_budget_that_notices_growth_passes_however_it_is_written() {
    let now = saved("tiny", "release", "here", "1.95.0", 100_000);
    for keys in [
        "max = 104000\nmax-growth = \"1 %\"\nbaseline = \"answers.toml\"",
        "max = \"105 kB\"\nmax-growth = \"2 %\"\nbaseline = \"answers.toml\"",
        "max = \"104_000 B\"\nmax-growth = \"0 %\"\nmin-growth = \"1 KiB\"\nbaseline = \"answers.toml\"\nbin = \"tiny\"\nprofile = \"release\"",
        "max = \"107.4 KiB\"\nmax-growth = \"0.5 %\"\nmin-growth = 2000\nbaseline = \"answers.toml\"",
    ] {
        assert_eq!(told_of_budget(keys, Some(&now)), "", "{keys}");
    }
    let keys = "max = 104000\nmax-growth = \"1 %\"\nbaseline = \"answers.toml\"";
    // Saved where paths have other lengths; and in Windows' Notepad.
    for baseline in [saved("tiny", "release", "here", "1.95.0", 100_400), format!("\u{feff}{now}")] {
        for own in [true, false] {
            assert_eq!(told_of_a_budget(own, keys, Some(&baseline)), "", "{baseline}");
        }
    }
    // Judged on a different machine: one with another compiler than the pinned one, or of another platform.
    for baseline in [
        saved("tiny", "release", "here", "1.94.1", 93_000),
        saved("tiny", "release", "there", "1.95.0", 190_000),
        saved("tiny", "release", "there", "1.94.1", 60_000),
    ] {
        assert_eq!(told_of_a_budget(false, keys, Some(&baseline)), "", "{baseline}");
        let own = told_of_budget(keys, Some(&baseline));
        assert!(own.contains("saved with rustc") || own.contains("saved for a different machine"), "{own}");
    }
}

#[test]
fn an_invented_baseline_counts_nowhere() {
    let keys = "max = 104000\nmax-growth = \"1 %\"\nbaseline = \"answers.toml\"";
    for own in [true, false] {
        for (baseline, why) in [
            (saved("tiny", "release", "nonsense", "1.95.0", 100_000), "rustc doesn't know this target"),
            (saved("tiny", "release", "", "1.95.0", 1), "rustc doesn't know this target"),
            (saved("tiny", "release", "here", "", 93_000), "saved with rustc ``"),
            (saved("tiny", "release", "here", "1.94.0", 100_000), "saved with rustc `1.94.0`"),
            (saved("tiny", "release", "here", "1.95", 100_000), "saved with rustc `1.95`"),
            (saved("tiny", "release", "here", "1.95.0", 101_000), "the baseline is for a program of 101,000 bytes"),
        ] {
            let told = told_of_a_budget(own, keys, Some(&baseline));
            assert!(told.contains(why) && told.contains("--budget --save"), "{own} {baseline}\n{told}");
        }
        let bare = saved("tiny", "release", "here", "1.95.0", 100_000).replace(", \"text_bytes\": 1", "");
        assert!(told_of_a_budget(own, keys, Some(&bare)).contains("the baseline is damaged: missing field"));
        let hollow = saved("tiny", "release", "here", "1.95.0", 100_000).replace("\".text\": 100000", "");
        assert!(told_of_a_budget(own, keys, Some(&hollow)).contains("its sections add up to 0"));
    }
    // Of a real target, and nothing like this program; or with another compiler than any of ours.
    for (toolchain, bytes) in [("1.95.0", 1), ("1.95.0", 49_000), ("1.95.0", 210_000), ("1.94.0", 100_000)] {
        let told = told_of_a_budget(false, keys, Some(&saved("tiny", "release", "there", toolchain, bytes)));
        assert!(told.contains("budget/slack"), "{toolchain} {bytes}: {told}");
    }
}

#[test]
fn a_baseline_of_a_different_machine_is_shown_to_the_person_who_grades() {
    let goal =
        r#"check.budget = { build = "after", slack-percent = 10, growth-percent = 2, baseline = "answers.toml" }"#;
    let mut known = with_goal(goal);
    known.evidence.target = "here".to_owned();
    known.evidence.targets = ["here", "there"].map(str::to_owned).into();
    known.evidence.toolchain = "1.95.0".to_owned();
    known.own = false;
    let keys = "\n[package.metadata.size-budget]\nmax = 1450\nmax-growth = \"1 %\"\nbaseline = \"answers.toml\"\n";
    let text = format!("{}{keys}", known.manifest.source.text);
    known.manifest(&text);
    for (target, is_told) in [("here", false), ("there", true)] {
        let baseline = saved("tiny", "release", target, "1.95.0", 1400);
        known.baseline = Some(Source { file: "answers.toml".into(), text: baseline.into() });
        let judgement = judge(&known.case());
        let outcome = &judgement.outcomes[0];
        assert_eq!(outcome.verdict, Verdict::Pass, "{outcome:?}");
        let review = outcome.data.review().unwrap_or_default();
        assert_eq!(review.contains("the baseline was saved on there (1,400 bytes)"), is_told, "{review}");
    }
}

#[test]
fn noise_that_switches_growth_off_is_named_however_tight_the_rest_is() {
    let now = saved("tiny", "release", "here", "1.95.0", 100_000);
    for max in ["100000", "101000", "104000", "\"107 KiB\""] {
        for noise in ["\"1 GB\"", "\"1 MiB\"", "2002", "\"8,000,000,000 MB\""] {
            let keys = format!("max = {max}\nmax-growth = \"1 %\"\nmin-growth = {noise}\nbaseline = \"answers.toml\"");
            let told = told_of_budget(&keys, Some(&now));
            assert!(told.contains("budget/slack") && told.contains(&format!("min-growth = {noise}")), "{keys}\n{told}");
        }
    }
}

#[test]
fn a_budget_that_notices_nothing_is_named_with_the_key_that_is_to_blame() {
    let now = saved("tiny", "release", "here", "1.95.0", 100_000);
    let keys = "max = \"108 kB\"\nmax-growth = \"1 %\"\nbaseline = \"answers.toml\"";
    let old = |bytes| saved("tiny", "release", "here", "1.95.0", bytes);
    let texts = [
        told_of_budget(&format!("{keys}\nmin-growth = \"1 MiB\""), Some(&now)),
        told_of_budget(&format!("{keys}\nmin-growth = 2002"), Some(&now)),
        told_of_budget(keys, None),
        told_of_budget(keys, Some("{\"schema\": \"size-workshop/size-baseline/1\", \"builds\": []}")),
        told_of_budget(keys, Some(&saved("other", "release", "here", "1.95.0", 100_000))),
        told_of_budget(keys, Some(&saved("tiny", "dist", "here", "1.95.0", 100_000))),
        told_of_budget(keys, Some("{\n\"builds\": ]")),
        told_of_budget(keys, Some(&old(250_000))),
        told_of_budget(keys, Some(&old(90_000))),
        told_of_budget(keys, Some(&old(99_300))),
        told_of_budget(&keys.replace("answers.toml", "target/nowhere.json"), Some(&now)),
        told_of_budget(&keys.replace("answers.toml", "sizes/other.json"), Some(&now)),
        told_of_budget(&format!("{keys}\nbin = \"other\""), Some(&now)),
    ];
    assert!(texts.iter().all(|text| !text.is_empty()), "{texts:#?}");
    insta::assert_snapshot!(texts.join("\n\n"));
    // A program that is too large is told so once.
    let large = told_of_budget("max = 90000\nmax-growth = \"1 %\"\nbaseline = \"answers.toml\"", Some(&old(80_000)));
    assert_eq!(large.matches("error[").count(), 1, "{large}");
    // One byte decides: a step of 2,001 bytes is more than two percent.
    assert_eq!(told_of_budget(&format!("{keys}\nmin-growth = 2001"), Some(&now)), "");
}
