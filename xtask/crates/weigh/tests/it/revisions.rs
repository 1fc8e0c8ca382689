//! Git revisions: `diff git:REV` and `history`, in small repositories with real git and real Cargo.

use crate::calls::{plain, weigh};
use serde_json::Value;
use std::path::Path;
use testbed::project::{Project, call, json, stderr, stdout};

/// Git in a folder, with an identity of its own and no configuration of the person who runs this.
fn git_in(folder: &Path, words: &[&str]) -> String {
    let mut git = call("git");
    git.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let who = ["-c", "user.name=s001", "-c", "user.email=s001@example.org", "-c", "protocol.file.allow=always"];
    stdout(&git.args(who).args(words).assert().success())
}

/// A project in a repository, and the cache that its revisions are checked out in.
struct Repository {
    project: Project,
    cache: Project,
}

impl Repository {
    /// The plain crate, whose first commit prints "hi".
    fn plain() -> Self {
        let repository = Self { project: plain(), cache: Project::empty() };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("First");
        repository
    }

    fn git(&self, words: &[&str]) -> String {
        git_in(&self.project.path(""), words)
    }

    /// Commits everything, at a fixed time.
    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    /// Writes the program, and commits it.
    fn program(&self, source: &str, message: &str) {
        self.project.write("src/main.rs", source);
        self.commit(message);
    }

    fn weigh(&self, words: &[&str]) -> assert_cmd::Command {
        let mut command = weigh(&self.project);
        command.env("XDG_CACHE_HOME", self.cache.path("")).args(words);
        command
    }

    fn done(&self, words: &[&str]) -> String {
        stdout(&self.weigh(words).assert().success())
    }

    fn json(&self, words: &[&str]) -> Value {
        json(&self.weigh(words).args(["--format", "json"]).assert().success())
    }

    fn refused(&self, words: &[&str], code: i32) -> String {
        stderr(&self.weigh(words).assert().code(code)).replace(self.project.path("").to_str().unwrap(), "HERE/")
    }
}

const HI: &str = "fn main() { println!(\"hi\"); }\n";
/// Larger than `HI`.
const ARGUMENTS: &str = "fn main() { println!(\"hi {:?}\", std::env::args().collect::<Vec<_>>()); }\n";

/// Bytes of each row.
fn sizes(history: &Value) -> Vec<Option<u64>> {
    history["revisions"].as_array().unwrap().iter().map(|row| row["bytes"].as_u64()).collect()
}

#[test]
fn a_revision_of_a_crate_without_a_workspace_is_compared_and_its_repository_is_left_as_it_was() {
    let repository = Repository::plain();
    // What runs in a checkout, or changes it, if the user's configuration has its way.
    let hook = repository.project.path(".git/hooks/post-checkout");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    repository.project.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch HOOK\n");
    #[cfg(unix)]
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for setting in ["core.splitIndex", "core.sparseCheckout", "submodule.recurse"] {
        repository.git(&["config", setting, "true"]);
    }
    repository.project.write(".git/info/sparse-checkout", "/nothing\n");
    repository.project.write("src/main.rs", ARGUMENTS);
    repository.project.write("staged", "x");
    repository.git(&["-c", "core.sparseCheckout=false", "add", "staged"]);
    let target = repository.project.path("target");
    let all = || -> Vec<_> {
        let files = repository.project.everything().into_iter().filter(|(path, ..)| !path.starts_with(&target));
        // Git renews the time of a shared index whenever it reads it.
        let is_shared =
            |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sharedindex"));
        files.map(|(path, content, time)| (Some(time).filter(|_| !is_shared(&path)), path, content)).collect()
    };
    let before = all();

    let mut command = repository.weigh(&["diff", "git:HEAD", "--format", "json"]);
    // As in a hook of another repository.
    command.env("GIT_DIR", "/nowhere").env("GIT_INDEX_FILE", "/nowhere/index");
    let call = command.assert().success();
    let found = json(&call);
    assert_eq!((&found["a"]["name"], &found["b"]["name"]), (&"HEAD (release)".into(), &"release".into()));
    assert!(found["b"]["bytes"].as_u64() > found["a"]["bytes"].as_u64(), "{found}");
    assert!(stderr(&call).contains("the working tree has 2 changed files"), "{}", stderr(&call));
    assert!(all() == before, "something in the repository has changed");
    let left: Vec<_> = repository.cache.everything().into_iter().map(|(path, ..)| path).collect();
    assert!(!left.iter().any(|path| path.ends_with("main.rs") || path.ends_with("HOOK")), "{left:?}");
}

#[test]
fn the_same_sources_have_the_same_size_wherever_they_are_checked_out() {
    let repository = Repository::plain();
    // Panics name their file, `include_str!` may hold a path, and the build script asks git.
    repository.project.write("build.rs", "fn main() { let hash = std::process::Command::new(\"git\").args([\"describe\", \"--always\", \"--dirty\"]).output().unwrap().stdout; println!(\"cargo::rustc-env=HASH={}\", String::from_utf8(hash).unwrap()); }\n");
    repository.git(&["tag", "v1.0"]);
    repository.program(
        "fn main() { println!(\"{} {}\", env!(\"HASH\"), std::env::args().nth(1).unwrap().parse::<u8>().unwrap()); }\n",
        "Ask git",
    );
    let found = repository.json(&["diff", "git:HEAD"]);
    assert_eq!(found["a"]["bytes"], found["b"]["bytes"], "{found:#}");
    assert_eq!(found["sections"], Value::Array(Vec::new()), "{found:#}");
}

#[test]
fn a_program_that_holds_the_path_of_its_sources_is_told_with_the_difference() {
    let repository = Repository::plain();
    repository.program("fn main() { println!(\"{}\", env!(\"CARGO_MANIFEST_DIR\")); }\n", "Show the path");
    let call = repository.weigh(&["diff", "git:HEAD"]).assert().success();
    let said = stderr(&call);
    // The cache of this test is in a folder of the same length as the project's, and the checkout below it.
    assert!(
        said.contains("the program contains the path of its sources once") && said.contains("bytes longer"),
        "{said}"
    );
}

#[test]
fn a_path_that_is_long_enough_gets_a_counterpart_of_the_same_length() {
    let repository = Repository::plain();
    let deep = "a folder/with/a/path/that/is/longer/than/the/one/of/the/cache";
    let folder = repository.project.path(deep);
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    git_in(&repository.project.path(""), &["clone", "--quiet", ".", folder.to_str().unwrap()]);
    std::fs::remove_file(repository.project.path("Cargo.toml")).unwrap();
    let write = |name: &str, text: &str| repository.project.write(&format!("{deep}/{name}"), text);
    write("src/main.rs", "fn main() { println!(\"{}\", env!(\"CARGO_MANIFEST_DIR\")); }\n");
    git_in(&folder, &["commit", "--quiet", "--all", "-m", "Show the path"]);
    let mut command = weigh(&repository.project);
    command.current_dir(&folder).env("XDG_CACHE_HOME", repository.cache.path(""));
    let call = command.args(["diff", "git:HEAD", "--format", "json"]).assert().success();
    let found = json(&call);
    assert_eq!(found["sections"], Value::Array(Vec::new()), "{found:#}");
    assert!(!stderr(&call).contains("path of its sources"), "{}", stderr(&call));
}

#[test]
#[ignore = "builds several revisions: .ci/run runs it"]
fn a_crate_in_a_subfolder_is_found_at_each_end_of_a_range() {
    let repository = Repository { project: Project::empty(), cache: Project::empty() };
    let project = &repository.project;
    project.write("README.md", "");
    repository.git(&["init", "--quiet", "--initial-branch=main"]);
    repository.commit("Nothing yet");
    repository.git(&["tag", "v0"]);
    project.write("old/Cargo.toml", "[package]\nname = \"sub\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[[bin]]\nname = \"before\"\npath = \"src/main.rs\"\n");
    project.write("old/Cargo.lock", "version = 3\n\n[[package]]\nname = \"sub\"\nversion = \"0.1.0\"\n");
    project.write("old/src/main.rs", HI);
    repository.commit("Add it");
    repository.git(&["tag", "-a", "-m", "annotated", "v1"]);
    repository.git(&["mv", "old", "the crate"]);
    project.edit("the crate/Cargo.toml", "\"before\"", "\"sub\"");
    project.write("the crate/src/main.rs", ARGUMENTS);
    repository.commit("Move and grow it");
    let words = ["--manifest-path", "the crate/Cargo.toml", "--format", "json"];
    let call = repository.weigh(&["diff", "git:v1..HEAD"]).args(words).assert().success();
    let found = json(&call);
    assert_eq!((&found["a"]["name"], &found["b"]["name"]), (&"v1 (release)".into(), &"HEAD (release)".into()));
    assert!(found["b"]["bytes"].as_u64() > found["a"]["bytes"].as_u64(), "{found}");
    let said = stderr(&call);
    assert!(said.contains("v1: at that revision the package was in old"), "{said}");
    assert!(said.contains("v1: at that revision the binary was called `before`"), "{said}");
    let said = repository.refused(&["diff", "git:v0", "--manifest-path", "the crate"], 2);
    assert!(said.contains("v0: the crate/Cargo.toml doesn't exist at "), "{said}");
}

#[test]
fn a_revision_that_is_not_there_is_answered_with_the_nearest() {
    let repository = Repository::plain();
    repository.git(&["tag", "v1.0"]);
    let said = |words: &[&str]| repository.refused(words, 2);
    insta::assert_snapshot!(said(&["diff", "git:v1.O"]), @r"
    error: there is no git revision `v1.O`
    help: did you mean `v1.0`?
    ");
    insta::assert_snapshot!(said(&["diff", "git:HEAD~3"]), @r"
    error: there is no git revision `HEAD~3`
    help: the history is shorter than that
    ");
    insta::assert_snapshot!(said(&["history", "something-else..HEAD"]), @r"
    error: there is no git revision `something-else`
    help: a revision is a tag, a branch, a hash, or HEAD~1; the newest names are main and v1.0
    ");
    insta::assert_snapshot!(said(&["diff", "git:--help"]), @r"
    error: there is no git revision `--help`
    help: a revision is a tag, a branch, a hash, or HEAD~1; the newest names are main and v1.0
    ");
    insta::assert_snapshot!(said(&["diff", "git:HEAD:src"]), @"error: `HEAD:src` names a file or a folder in git, not a commit");
    insta::assert_snapshot!(said(&["diff", "git:v1.0..HEAD", "release"]), @r"
    error: git:A..B already names both sides of the comparison
    help: pass it alone, or pass both sides separately: git:A git:B
    ");
    insta::assert_snapshot!(said(&["diff", "release"]), @r"
    error: there is nothing to compare `release` with
    help: pass a second profile or file; a git revision alone, such as git:HEAD~1, is compared with the working tree
    ");
    insta::assert_snapshot!(said(&["history", "--bisect", "much"]), @r#"
    error: --bisect: `much` isn't a size: write bytes (327680), or a number with a unit, such as "320 KiB"
    help: write how much larger it became, such as `5%` or `20 kB`
    "#);
    insta::assert_snapshot!(said(&["history", "--bisect", "5"]), @r"
    error: --bisect: `5` could mean bytes or percent
    help: write `5%` or `5 B`
    ");
    repository.git(&["tag", "-d", "v1.0"]);
    insta::assert_snapshot!(said(&["history", "--tags"]), @r"
    error: there is no tag in the history of `HEAD`
    help: `git fetch --tags` fetches a remote's tags; without --tags each commit is a row
    ");
}

#[test]
fn a_shallow_clone_says_how_to_get_the_rest() {
    let origin = Repository::plain();
    origin.commit("Second");
    let clone = Project::empty();
    let from = format!("file://{}", origin.project.path("").display());
    git_in(&clone.path(""), &["clone", "--quiet", "--depth=1", &from, "c"]);
    let mut command = weigh(&clone);
    command.current_dir(clone.path("c")).env("XDG_CACHE_HOME", origin.cache.path(""));
    let said = stderr(&command.args(["diff", "git:HEAD~1"]).assert().code(2));
    assert!(said.contains("this clone is shallow") && said.contains("git fetch --unshallow"), "{said}");
}

#[test]
fn without_a_repository_or_without_git_it_is_said_which() {
    let project = plain();
    let said = stderr(&weigh(&project).args(["diff", "git:HEAD"]).assert().code(2));
    assert!(said.contains("isn't in a git repository"), "{said}");
    let rustc = stdout(&call("rustc").args(["--print", "sysroot"]).assert().success());
    let bin = Path::new(rustc.trim()).join("bin");
    let mut command = weigh(&project);
    command.env("PATH", &bin).args(["diff", "git:HEAD"]);
    let said = stderr(&command.assert().code(3));
    assert!(said.contains("can't start `git`") && said.contains("https://git-scm.com/downloads"), "{said}");
    let repository = Repository { project, cache: Project::empty() };
    repository.git(&["init", "--quiet"]);
    let said = repository.refused(&["history"], 2);
    assert!(said.contains("the repository has no commit yet"), "{said}");
}

#[test]
fn submodules_and_worktrees_are_checked_out_as_well() {
    let library = Repository { project: Project::empty(), cache: Project::empty() };
    library.project.write("text", "from the submodule");
    library.git(&["init", "--quiet", "--initial-branch=main"]);
    library.commit("First");
    let repository = Repository::plain();
    repository.git(&["submodule", "--quiet", "add", library.project.path("").to_str().unwrap(), "lib/text"]);
    repository.program("fn main() { println!(\"{}\", include_str!(\"../lib/text/text\")); }\n", "Use the submodule");
    let found = repository.json(&["diff", "git:HEAD"]);
    assert_eq!(found["sections"], Value::Array(Vec::new()), "{found:#}");
    // In a worktree, where the submodule isn't checked out.
    let other = repository.cache.path("worktree");
    repository.git(&["worktree", "add", "--quiet", "--detach", other.to_str().unwrap(), "HEAD~1"]);
    let mut command = weigh(&repository.project);
    command.current_dir(&other).env("XDG_CACHE_HOME", repository.cache.path("cache"));
    let found = json(&command.args(["diff", "git:main", "--format", "json"]).assert().success());
    assert!(found["a"]["bytes"].as_u64().is_some(), "{found}");
    // What isn't there is named.
    std::fs::remove_dir_all(repository.project.path("lib/text")).unwrap();
    std::fs::remove_dir_all(repository.project.path(".git/modules")).unwrap();
    let said = repository.refused(&["diff", "git:HEAD"], 1);
    assert!(said.contains("couldn't read") || said.contains("No such file"), "{said}");
}

#[test]
fn history_has_a_row_for_each_commit_and_a_second_call_builds_nothing() {
    let repository = Repository::plain();
    repository.program(ARGUMENTS, "Show the arguments");
    repository.program("fn main() { nonsense }\n", "Break it");
    // The same source as at first, and shorter than the last: an old build must not be taken for a new one.
    repository.program(HI, "Back to the start");
    repository.git(&["tag", "v1.0"]);
    repository.project.write("README.md", "Something else\n");
    repository.commit("Add a README");
    repository.done(&["history", "-n", "1"]);
    let call = repository.weigh(&["history", "--format", "json", "--svg", "picture.svg"]).assert().success();
    let found = json(&call);
    assert!(stderr(&call).contains("building 4 of 5 revisions"), "{}", stderr(&call));
    assert_eq!(found["schema"], "size-workshop/history/1");
    let bytes = sizes(&found);
    assert!(bytes[1] > bytes[0] && bytes[2].is_none(), "{found:#}");
    assert_eq!((bytes[3], bytes[4]), (bytes[0], bytes[0]), "{found:#}");
    let rows = found["revisions"].as_array().unwrap();
    assert!(rows[2]["error"].as_str().unwrap().starts_with("error[E0425]: cannot find value `nonsense`"), "{found:#}");
    assert_eq!(rows[3]["change_bytes"].as_i64().unwrap(), -rows[1]["change_bytes"].as_i64().unwrap());
    assert!(!rows[1]["movers"].as_array().unwrap().is_empty());
    assert!(repository.project.read("picture.svg").starts_with("<svg "));

    let call = repository.weigh(&["history", "--format", "json"]).assert().success();
    assert_eq!(json(&call), found, "nothing is built again, and nothing is different");
    assert!(!stderr(&call).contains("building"), "{}", stderr(&call));
    // Other settings are other results.
    let call =
        repository.weigh(&["history", "-n", "1", "--profile", "only-strip", "--format", "json"]).assert().success();
    assert!(sizes(&json(&call))[0] < bytes[4]);
    let tags = repository.json(&["history", "--tags"]);
    assert_eq!(tags["revisions"][0]["tag"], "v1.0");
    assert_eq!(sizes(&tags), [bytes[3]]);
    let every = repository.json(&["history", "--every", "3"]);
    assert_eq!(sizes(&every), [bytes[0], bytes[1], bytes[4]]);
    let all = repository.json(&["history", "-n", "0"]);
    assert_eq!(sizes(&all), bytes, "as in the other verbs, 0 is no limit");
    let text = repository.done(&["history", "HEAD~3..HEAD~1"]);
    assert!(
        text.contains("Show the arguments") && text.contains("Back to the start") && !text.contains("README"),
        "{text}"
    );
}

#[test]
fn what_is_kept_holds_only_under_the_variables_that_it_was_built_with() {
    let repository = Repository::plain();
    let build = "fn main() { println!(\"cargo::rerun-if-env-changed=FOO\"); let n = std::env::var(\"FOO\").unwrap_or(\"1\".into()); std::fs::write(std::path::Path::new(&std::env::var(\"OUT_DIR\").unwrap()).join(\"g.rs\"), format!(\"static X: [u8; {n}] = [7; {n}];\")).unwrap(); }\n";
    repository.project.write("build.rs", build);
    let main = "include!(concat!(env!(\"OUT_DIR\"), \"/g.rs\"));\nfn main() { println!(\"{}\", X[std::env::args().count() % X.len()]); }\n";
    repository.program(main, "As large as asked for");
    let size = |name: &str, value: &str| {
        let mut call = repository.weigh(&["history", "-n", "1", "--format", "json"]);
        sizes(&json(&call.env(name, value).assert().success()))[0].unwrap()
    };
    let small = size("FOO", "1000");
    assert!(size("FOO", "90000") > small + 80_000);
    assert_eq!(size("FOO", "1000"), small);
    assert!(size("CARGO_PROFILE_RELEASE_STRIP", "true") < small);
    assert!(size("CARGO_PROFILE_RELEASE_STRIP", "false") > small);
}

#[test]
fn a_search_finds_the_commit_with_few_builds() {
    let repository = Repository::plain();
    for number in 0..4 {
        repository.program(&format!("{HI}// {number}\n"), &format!("Nothing, {number}"));
    }
    repository.program(ARGUMENTS, "Grow");
    repository.program(&format!("{ARGUMENTS}// after\n"), "Nothing after");
    let words = ["history", "--bisect", "500 B"];
    let call = repository.weigh(&words).args(["--format", "json"]).assert().success();
    let found = json(&call);
    let at = repository.git(&["rev-parse", "HEAD~1"]);
    assert_eq!(found["bisect"]["commit"], at.trim());
    let builds = found["bisect"]["builds"].as_u64().unwrap();
    assert!(builds < 7, "{found:#}");
    assert_eq!(sizes(&found).len() as u64, builds, "rows that weren't needed are left out");
    let text = repository.done(&words);
    assert!(text.contains("is the first revision of") && text.contains("Grow (0 builds among 7 revisions)"), "{text}");
    let call = repository.weigh(&["history", "--bisect", "50%"]).assert().code(1);
    assert!(stdout(&call).contains("the program hasn't grown that much"), "{}", stdout(&call));
}

#[test]
fn what_a_build_script_reads_at_one_commit_is_not_left_for_the_next() {
    let repository = Repository::plain();
    repository.project.write("data/a", &"a".repeat(4000));
    repository.project.write("data/b", &"b".repeat(9000));
    // It names nothing that it depends on, and a file that goes is not newer than anything.
    repository.project.write("build.rs", "fn main() {\n    let mut names: Vec<_> = std::fs::read_dir(\"data\").unwrap().map(|e| e.unwrap().path()).collect();\n    names.sort();\n    let all: String = names.iter().map(|n| std::fs::read_to_string(n).unwrap()).collect();\n    std::fs::write(std::path::Path::new(&std::env::var(\"OUT_DIR\").unwrap()).join(\"all\"), all).unwrap();\n}\n");
    repository.program("static ALL: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/all\"));\nfn main() { println!(\"{}\", ALL[std::env::args().count()]); }\n", "Both");
    std::fs::remove_file(repository.project.path("data/b")).unwrap();
    repository.commit("Without b");
    let bytes = sizes(&repository.json(&["history", "-n", "2"]));
    let difference = bytes[0].unwrap() - bytes[1].unwrap();
    assert!((8000..14_000).contains(&difference), "{difference}");
}

#[test]
fn an_old_build_is_not_taken_for_a_new_one_where_the_clock_went_back() {
    let repository = Repository::plain();
    repository.program(ARGUMENTS, "Show the arguments");
    let first = repository.json(&["history"]);
    std::fs::remove_dir_all(repository.cache.path("cargo-weigh")).unwrap_or_default();
    // As if all of it had been built an hour from now, the larger program last.
    let later = std::time::SystemTime::now() + std::time::Duration::from_hours(1);
    let renew = |project: &Project| {
        for (path, ..) in project.everything() {
            if path.starts_with(project.path("target")) || path.ends_with("built") {
                std::fs::File::options().append(true).open(path).unwrap().set_modified(later).unwrap();
            }
        }
    };
    repository.done(&["history", "-n", "1"]);
    renew(&repository.project);
    renew(&repository.cache);
    let again = repository.json(&["history"]);
    assert_eq!(sizes(&again), sizes(&first));
    assert!(sizes(&again)[0] < sizes(&again)[1], "{again:#}");
}

#[test]
#[ignore = "builds several revisions: .ci/run runs it"]
fn a_lock_file_that_does_not_fit_is_updated_in_the_copy() {
    let repository = Repository::plain();
    repository.project.edit("Cargo.toml", "0.1.0", "0.2.0");
    repository.commit("Forget the lock file");
    let before = repository.project.read("Cargo.lock");
    let call = repository.weigh(&["history", "--format", "json"]).assert().success();
    assert!(sizes(&json(&call)).iter().all(Option::is_some), "{}", stdout(&call));
    assert!(stderr(&call).contains("its Cargo.lock was out of date"), "{}", stderr(&call));
    assert_eq!(repository.project.read("Cargo.lock"), before);
}

#[test]
#[ignore = "builds several revisions: .ci/run runs it"]
fn a_configuration_above_the_repository_holds_for_its_revisions() {
    let outer = Project::empty();
    outer.write(".cargo/config.toml", "[build]\nrustflags = [\"-Cstrip=symbols\"]\n");
    let repository = Repository::plain();
    let folder = outer.path("inner");
    git_in(&outer.path(""), &["clone", "--quiet", repository.project.path("").to_str().unwrap(), "inner"]);
    let mut command = weigh(&repository.project);
    command.current_dir(&folder).env("XDG_CACHE_HOME", repository.cache.path(""));
    let found = json(&command.args(["diff", "git:HEAD", "--format", "json"]).assert().success());
    assert_eq!(found["sections"], Value::Array(Vec::new()), "{found:#}");
    let plain = repository.json(&["diff", "git:HEAD"]);
    assert!(found["a"]["bytes"].as_u64() < plain["a"]["bytes"].as_u64(), "it was stripped: {found:#}");
}

#[test]
fn each_revision_has_the_profile_and_the_configuration_of_its_own_time() {
    let repository = Repository::plain();
    repository
        .project
        .write("Cargo.toml", &(repository.project.read("Cargo.toml") + "[profile.release]\nstrip = true\n"));
    repository.commit("Strip it");
    repository.project.edit("Cargo.toml", "strip = true", "strip = \"none\"");
    repository.commit("Don't");
    repository.project.write(".cargo/config.toml", "[profile.release]\nstrip = true\n");
    repository.commit("Strip it again");
    let bytes = sizes(&repository.json(&["history"]));
    assert!(bytes[1] < bytes[0] && bytes[0] < bytes[2], "{bytes:?}");
    assert_eq!(bytes[3], bytes[1]);
}

/// Programs in place of Cargo and rustc that do what those of rustup do: the nearest toolchain file chooses, unless a variable
/// does. `old` is here under a number of its own, `missing` is not.
#[cfg(unix)]
fn rustup(folder: &Project) {
    let sysroot = stdout(&call("rustc").args(["--print", "sysroot"]).assert().success());
    for name in ["cargo", "rustc"] {
        let script = format!(
            "#!/bin/sh\nd=$PWD\nchosen=$RUSTUP_TOOLCHAIN\n\
             while [ -z \"$chosen\" ] && [ -n \"$d\" ]; do\n\
             [ -f \"$d/rust-toolchain.toml\" ] && chosen=$(sed -n 's/channel = \"\\(.*\\)\"/\\1/p' \"$d/rust-toolchain.toml\")\n\
             d=${{d%/*}}\ndone\nexport RUSTUP_TOOLCHAIN=${{chosen:-usual}}\n\
             if [ \"$chosen\" = missing ]; then\n\
             echo \"error: toolchain 'missing-x86_64-unknown-linux-gnu' is not installed\" >&2\nexit 1\nfi\n\
             if [ \"$chosen\" = old ] && [ \"$*\" = -vV ]; then\n\
             exec {bin}/{name} -vV | sed 's/^release: .*/release: 1.60.0/'\nfi\nexec {bin}/{name} \"$@\"\n",
            bin = Path::new(sysroot.trim()).join("bin").display()
        );
        folder.write(name, &script);
        std::fs::set_permissions(folder.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn each_revision_is_built_with_the_toolchain_that_its_file_names() {
    let (repository, bin) = (Repository::plain(), Project::empty());
    rustup(&bin);
    repository.project.write("rust-toolchain.toml", "[toolchain]\nchannel = \"missing\"\n");
    repository.commit("Use one that isn't here");
    repository.project.write("rust-toolchain.toml", "[toolchain]\nchannel = \"old\"\n");
    repository.commit("Use an old one");
    std::fs::remove_file(repository.project.path("rust-toolchain.toml")).unwrap();
    repository.commit("Use the usual one");
    let path = format!("{}:{}", bin.path("").display(), std::env::var("PATH").unwrap());
    let weigh = |words: &[&str]| {
        let mut command = repository.weigh(words);
        // As `cargo weigh` is called by rustup's Cargo.
        command.env("PATH", &path).env("RUSTUP_TOOLCHAIN", "usual").env("CARGO", bin.path("cargo"));
        command
    };
    let call = weigh(&["diff", "git:HEAD~1"]).assert().success();
    assert!(
        stderr(&call).contains("HEAD~1 (release) is built with rustc 1.60.0, release with 1."),
        "{}",
        stderr(&call)
    );
    let said = stderr(&weigh(&["diff", "git:HEAD~2"]).assert().code(3));
    assert!(said.contains("`rustup toolchain install missing-x86_64-unknown-linux-gnu`"), "{said}");
    let found = json(&weigh(&["history", "--format", "json"]).assert().success());
    let rows = found["revisions"].as_array().unwrap();
    assert_eq!(rows[2]["toolchain"], "1.60.0");
    assert_ne!(rows[3]["toolchain"], "1.60.0");
    assert_eq!(rows[1]["error"], "toolchain 'missing-x86_64-unknown-linux-gnu' is not installed");
    // A toolchain that was chosen for this call is meant for both sides.
    let mut command = weigh(&["diff", "git:HEAD~1"]);
    let call = command.env("RUSTUP_TOOLCHAIN", "old").assert().success();
    assert!(!stderr(&call).contains("is built with rustc"), "{}", stderr(&call));
}

#[cfg(unix)]
#[test]
fn the_downloads_of_two_revisions_are_those_of_two_programs() {
    let repository = Repository::plain();
    repository.program(ARGUMENTS, "Show the arguments");
    let found = repository.json(&["diff", "git:HEAD~1..HEAD", "--compressed"]);
    let gzip = |side: &str| found[side]["gzip_bytes"].as_u64().unwrap();
    assert!(gzip("b") > gzip("a") + 500, "{found:#}");
}

#[cfg(unix)]
#[test]
#[ignore = "builds several revisions: .ci/run runs it"]
fn a_library_and_a_program_of_one_revision_are_two_results() {
    let repository = Repository::plain();
    let project = &repository.project;
    project.write(
        "Cargo.toml",
        &(project.read("Cargo.toml") + "[lib]\ncrate-type = [\"cdylib\"]\n[features]\nmore = []\n"),
    );
    project.write("src/lib.rs", "#[no_mangle]\npub extern \"C\" fn one() -> i32 { 1 }\n");
    repository.program(
        "fn main() { if cfg!(feature = \"more\") { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); } }\n",
        "Add a library",
    );
    let of = |words: &[&str]| sizes(&repository.json(&[&["history", "-n", "1"], words].concat()))[0].unwrap();
    let (program, library) = (of(&[]), of(&["--lib"]));
    assert_ne!(program, library);
    assert!(of(&["--features", "more"]) > program);
    let found = repository.json(&["diff", "git:HEAD", "--lib"]);
    assert_eq!((&found["a"]["bytes"], &found["b"]["bytes"]), (&library.into(), &library.into()));
}

#[test]
fn a_path_dependency_outside_of_the_repository_is_named_with_what_to_do() {
    let repository = Repository::plain();
    let outside = Project::empty();
    outside.write("Cargo.toml", "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    outside.write("src/lib.rs", "");
    let folder = outside.path("");
    let folder = folder.components().as_path();
    let path = format!("../{}", folder.file_name().unwrap().display());
    let manifest = repository.project.read("Cargo.toml");
    repository.project.write("Cargo.toml", &format!("{manifest}\n[dependencies]\nbeside = {{ path = \"{path}\" }}\n"));
    repository.commit("Depend on a neighbor");
    // What is said twice holds: it isn't kept as if the commit were at fault.
    for words in [&["diff", "git:HEAD"][..], &["history", "-n", "1"], &["history", "-n", "1"]] {
        let said = repository.refused(words, 2);
        let sentence = format!("the crate needs {}, which is outside of the repository", folder.display());
        assert!(said.contains(&sentence), "{words:?}: {said}");
        assert!(said.contains("help: a revision is built in a checkout"), "{words:?}: {said}");
        assert!(!said.contains("cargo-weigh/"), "{words:?}: {said}");
    }
}
