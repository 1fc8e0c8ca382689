//! The GitHub Action, .github/actions/size: its script as a runner calls it, in a real repository, with a small server in place
//! of GitHub's own.

#![cfg(unix)]

use crate::calls::plain;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use testbed::project::{Project, call, repository, run_step, stdout};

/// What was asked of the server.
#[derive(Clone, Debug)]
struct Request {
    line: String,
    authorization: String,
    body: Value,
}

/// A small GitHub: it keeps the comments of one pull request.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    comments: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    /// One in which these comments are there already. With a status it answers nothing else.
    fn start(comments: Vec<Value>, status: Option<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let comments = Arc::new(Mutex::new(comments));
        let (asked, kept) = (Arc::clone(&requests), Arc::clone(&comments));
        // It ends with the test.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&mut stream);
                asked.lock().unwrap().push(request.clone());
                let (status, answer) = match status {
                    Some(status) => (status, json!({ "message": "no" })),
                    None => answer(&request, &mut kept.lock().unwrap()),
                };
                let text = answer.to_string();
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                    text.len()
                )
                .unwrap();
            }
        });
        Self { url, requests, comments }
    }

    /// What was asked since the last look, as `METHOD path`.
    fn lines(&self) -> Vec<String> {
        self.requests.lock().unwrap().drain(..).map(|request| request.line).collect()
    }
}

fn read(stream: &mut TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let line = next().trim_end_matches(" HTTP/1.1").to_owned();
    let heads: Vec<String> = std::iter::from_fn(|| Some(next()).filter(|line| !line.is_empty())).collect();
    let head = |name: &str| {
        let named = |line: &&String| line.to_lowercase().starts_with(name);
        heads.iter().find(named).map(|line| line[name.len()..].trim().to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; head("content-length:").parse().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    Request { line, authorization: head("authorization:"), body: serde_json::from_slice(&body).unwrap_or_default() }
}

fn answer(request: &Request, comments: &mut Vec<Value>) -> (u16, Value) {
    let (method, path) = request.line.split_once(' ').unwrap();
    match method {
        "GET" => {
            let page: usize = path.rsplit_once("&page=").unwrap().1.parse().unwrap();
            let page = comments.iter().skip((page - 1) * 100).take(100).cloned();
            (200, page.collect())
        }
        "POST" => {
            let comment = json!({ "id": 7000, "user": { "type": "Bot" }, "body": request.body["body"] });
            comments.push(comment.clone());
            (201, comment)
        }
        "PATCH" => {
            let id: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
            let comment = comments.iter_mut().find(|comment| comment["id"] == id).unwrap();
            comment["body"] = request.body["body"].clone();
            (200, comment.clone())
        }
        _ => (405, Value::Null),
    }
}

/// A repository with a crate and one commit, and folders for what a runner has beside it.
fn repository_of_a_crate() -> Project {
    let project = plain();
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs", ".gitignore"] {
        project.write(&format!("repository/{file}"), &project.read(file));
        std::fs::remove_file(project.path(file)).unwrap();
    }
    project.write("temp/note.txt", "");
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project);
    project
}

fn git(project: &Project, words: &[&str]) -> String {
    let mut git = call("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]).args(words);
    stdout(&git.current_dir(project.path("repository")).assert().success())
}

fn commit(project: &Project) -> String {
    git(project, &["add", "."]);
    git(project, &["commit", "-qm", "one"]);
    git(project, &["rev-parse", "HEAD"]).trim().to_owned()
}

/// The event of a pull request; `from` is the repository that it comes from.
fn event(project: &Project, base: &str, from: &str) {
    let event = json!({
        "pull_request": { "number": 5, "title": "$(touch pwned)", "base": { "sha": base },
            "head": { "ref": "`touch pwned`", "repo": { "full_name": from } } },
        "repository": { "full_name": "owner/plain" },
    });
    project.write("temp/event.json", &event.to_string());
}

/// A step of the action, as a runner calls it: exit code, and what it printed.
fn step(project: &Project, server: &str, name: &str, inputs: &[(&str, &str)]) -> (Option<i32>, String) {
    let action = repository().join(".github/actions/size");
    let path = |name: &str| project.path(name).into_os_string();
    let (temp, workspace, event) = (path("temp"), path("repository"), path("temp/event.json"));
    let (outputs, summary) = (path("temp/output.txt"), path("temp/summary.md"));
    let mut env: Vec<(&str, &OsStr)> = vec![
        ("GITHUB_ACTION_PATH", action.as_os_str()),
        ("GITHUB_API_URL", server.as_ref()),
        ("GITHUB_EVENT_PATH", &event),
        ("GITHUB_OUTPUT", &outputs),
        ("GITHUB_REPOSITORY", "owner/plain".as_ref()),
        ("GITHUB_STEP_SUMMARY", &summary),
        ("GITHUB_WORKSPACE", &workspace),
        ("RUNNER_OS", "Linux".as_ref()),
        ("RUNNER_ARCH", "X64".as_ref()),
        ("RUNNER_TEMP", &temp),
        ("CARGO_WEIGH", env!("CARGO_BIN_EXE_cargo-weigh").as_ref()),
    ];
    env.extend(inputs.iter().map(|(name, value)| (*name, value.as_ref())));
    run_step(&project.path("repository"), &format!("\"$GITHUB_ACTION_PATH/size.sh\" {name}"), &env)
}

/// The last value of an output.
fn output(project: &Project, name: &str) -> String {
    let text = project.read("temp/output.txt");
    let value = text.lines().rev().find_map(|line| line.strip_prefix(&format!("{name}=")));
    value.unwrap_or_else(|| panic!("no output {name}: {text}")).to_owned()
}

/// A step that comments, with what `measure` has put out.
fn comment(project: &Project, server: &str) -> (Option<i32>, String) {
    let (file, marker) = (output(project, "comment"), output(project, "marker"));
    let inputs = [("COMMENT", file.as_str()), ("MARKER", marker.as_str()), ("GITHUB_TOKEN", "secret-token")];
    step(project, server, "comment", &inputs)
}

/// A comment that is ready, as if it had been measured.
fn ready(project: &Project) {
    event(project, "0000", "owner/plain");
    let file = project.path("temp/comment.md");
    project.write("temp/comment.md", "<!-- cargo-weigh 12 -->\n### \"Binary\" size\n");
    project.write("temp/output.txt", &format!("comment={}\nmarker=<!-- cargo-weigh 12 -->\n", file.display()));
}

#[test]
fn the_first_run_comments_and_the_next_one_updates_that_comment() {
    let project = repository_of_a_crate();
    ready(&project);
    // A stranger's comment with the same marker isn't taken, however early it is; ours is on the second page.
    let mut there: Vec<Value> =
        (1..=100).map(|id| json!({ "id": id, "user": { "type": "User" }, "body": "+1" })).collect();
    there[3]["body"] = "<!-- cargo-weigh 12 --> mine".into();
    let server = Server::start(there, None);
    let (code, log) = comment(&project, &server.url);
    assert!(code == Some(0) && log.contains("Commented in pull request 5."), "{log}");
    assert!(server.requests.lock().unwrap().iter().all(|request| request.authorization == "Bearer secret-token"));
    let list = "GET /repos/owner/plain/issues/5/comments?per_page=100&page=";
    assert_eq!(server.lines(), [&format!("{list}1"), &format!("{list}2"), "POST /repos/owner/plain/issues/5/comments"]);
    assert_eq!(server.comments.lock().unwrap()[100]["body"], project.read("temp/comment.md"));
    // The next push.
    project.write("temp/comment.md", "<!-- cargo-weigh 12 -->\n### Another size\n");
    let (code, log) = comment(&project, &server.url);
    assert!(code == Some(0) && log.contains("Updated the comment in pull request 5."), "{log}");
    assert_eq!(server.lines().last().unwrap(), "PATCH /repos/owner/plain/issues/comments/7000");
    assert_eq!(server.comments.lock().unwrap()[100]["body"], project.read("temp/comment.md"));
    assert_eq!(server.comments.lock().unwrap()[3]["body"], "<!-- cargo-weigh 12 --> mine");
    assert!(!log.contains("secret-token"), "{log}");
}

#[test]
fn where_it_may_not_comment_it_says_why_and_the_job_goes_on() {
    let project = repository_of_a_crate();
    ready(&project);
    // No permission.
    let server = Server::start(Vec::new(), Some(403));
    let (code, log) = comment(&project, &server.url);
    assert!(code == Some(0) && log.contains("::warning title=Binary size::GitHub doesn't let this job comment (403)"));
    assert!(log.contains("permissions: pull-requests: write"), "{log}");
    // From a fork, and not a pull request at all: nothing is asked.
    let server = Server::start(Vec::new(), None);
    event(&project, "0000", "stranger/plain");
    let (code, log) = comment(&project, &server.url);
    assert!(code == Some(0) && log.contains("a pull request from a fork gets no token"), "{log}");
    project.write("temp/event.json", "{\"ref\": \"refs/heads/main\"}");
    let (code, log) = comment(&project, &server.url);
    assert!(code == Some(0) && log.contains("This is no pull request"), "{log}");
    assert_eq!(server.lines(), [] as [&str; 0]);
    // No server at all.
    event(&project, "0000", "owner/plain");
    let (code, log) = comment(&project, "http://127.0.0.1:1");
    assert!(code == Some(0) && log.contains("the comment could not be written (000)"), "{log}");
}

#[test]
fn a_wrong_input_is_named_before_anything_is_built() {
    let project = repository_of_a_crate();
    event(&project, "", "owner/plain");
    let wrong = |inputs: &[(&str, &str)]| {
        let (code, log) = step(&project, "", "measure", inputs);
        assert_eq!(code, Some(2), "{inputs:?}: {log}");
        log
    };
    assert!(wrong(&[("INPUT_MANIFEST_PATH", "none/Cargo.toml")]).contains("there is no file none/Cargo.toml"));
    assert!(wrong(&[("INPUT_PROFILE", "release; touch pwned")]).contains("no profile is called release; touch pwned"));
    assert!(wrong(&[("INPUT_BASE", "--upload-pack=touch pwned")]).contains("no branch, tag, or commit is called"));
    assert!(wrong(&[("INPUT_BASE", "nowhere")]).contains("nowhere is not in this checkout and can't be fetched"));
    assert!(wrong(&[("INPUT_PACKAGE", "other")]).contains("Cargo.toml has no package other"));
    assert!(
        wrong(&[("GITHUB_EVENT_NAME", "pull_request_target")])
            .contains("which `on: pull_request_target` must never do")
    );
    // A line break begins no command of its own.
    let log = wrong(&[("INPUT_BASE", "-x\n::set-output name=a::b")]);
    assert!(log.contains("-x%0A::set-output") && !log.contains("\n::set-output"), "{log}");
    let (code, log) = step(&project, "", "key", &[("INPUT_VERSION", "0.1.0; rm -r /")]);
    assert!(code == Some(2) && log.contains("is not a version"), "{log}");
    assert!(!project.path("repository/pwned").exists() && !project.path("repository/target").exists());
}

#[test]
fn the_program_is_cached_by_what_it_is_made_of() {
    let project = repository_of_a_crate();
    let key = |version: &str| {
        let (code, log) = step(&project, "", "key", &[("INPUT_VERSION", version)]);
        assert_eq!(code, Some(0), "{log}");
        output(&project, "key")
    };
    assert_eq!(key("0.1.0"), "version-0.1.0");
    let digest = key("");
    assert!(digest.len() == 40 && digest == key(""), "{digest}");
    // What is cached isn't built again.
    project.write("temp/cargo-weigh/bin/cargo-weigh", "#!/bin/sh\n");
    call("chmod").args(["+x"]).arg(project.path("temp/cargo-weigh/bin/cargo-weigh")).assert().success();
    let (code, log) = step(&project, "", "install", &[]);
    assert!(code == Some(0) && log.contains("cargo-weigh is cached"), "{log}");
    for (met, code) in [("true", 0), ("false", 1), ("", 1)] {
        assert_eq!(step(&project, "", "verdict", &[("MET", met)]).0, Some(code));
    }
}

#[test]
#[ignore = "builds three revisions of a crate: .ci/run runs it"]
fn a_pull_request_is_compared_with_its_base_and_judged() {
    let project = repository_of_a_crate();
    let budget = "[package.metadata.size-budget]\nmax = \"9 MB\"\n";
    let manifest = project.read("repository/Cargo.toml");
    project.write("repository/Cargo.toml", &(manifest.clone() + budget));
    let base = commit(&project);
    event(&project, &base, "owner/plain");
    // The same size.
    project.write("repository/README.md", "# plain\n");
    commit(&project);
    let server = Server::start(Vec::new(), None);
    let (code, log) = step(&project, &server.url, "measure", &[("INPUT_FAIL_IF_GROWS", "1%")]);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(
        (output(&project, "met"), output(&project, "bytes")),
        ("true".to_owned(), output(&project, "base-bytes"))
    );
    assert!(log.contains("::notice file=Cargo.toml,line=6,"), "the budget's line: {log}");
    assert_eq!(comment(&project, &server.url).0, Some(0));
    let text = project.read("temp/summary.md");
    assert!(text.starts_with("\n### Binary size: `Cargo.toml`, `release`, Linux X64\n"), "{text}");
    assert!(text.contains("### Size budget: within") && text.contains("`gzip -9`"), "{text}");
    // It grows by a table of 256 KiB, and over its budget.
    let bytes: u64 = output(&project, "bytes").parse().unwrap();
    project.write("repository/Cargo.toml", &(manifest + &budget.replace("\"9 MB\"", &(bytes + 1).to_string())));
    project.write(
        "repository/src/main.rs",
        "static TABLE: [u64; 32768] = [7; 32768];\nfn main() { println!(\"{}\", TABLE[std::env::args().count()]); }\n",
    );
    commit(&project);
    let (code, log) = step(&project, &server.url, "measure", &[("INPUT_FAIL_IF_GROWS", "1%")]);
    assert_eq!(code, Some(0), "what isn't met is said in the comment first: {log}");
    assert_eq!(output(&project, "met"), "false");
    assert!(output(&project, "bytes").parse::<u64>().unwrap() >= bytes + 262_000, "{log}");
    assert!(log.contains("::error file=Cargo.toml,line=6,"), "{log}");
    assert_eq!(comment(&project, &server.url).0, Some(0));
    let kept = server.comments.lock().unwrap().clone();
    let body = kept[0]["body"].as_str().unwrap();
    assert!(kept.len() == 1 && body.starts_with("<!-- cargo-weigh ") && body.contains("`.rodata`"), "{body}");
    assert!(body.contains("**exceeded**"), "{body}");
    // Two summaries of one job are below each other.
    assert_eq!(project.read("temp/summary.md").matches("### Binary size: ").count(), 2);
    assert!(!project.path("repository/pwned").exists());
    // A push has nothing to compare with, and is still measured and judged.
    project.write("temp/event.json", "{\"ref\": \"refs/heads/main\"}");
    let (code, log) = step(&project, &server.url, "measure", &[]);
    assert!(code == Some(0) && log.contains("compared with nothing"), "{log}");
    assert_eq!((output(&project, "met"), output(&project, "base-bytes")), ("false".to_owned(), String::new()));
    assert!(project.read("temp/summary.md").contains("**`plain`**, `release`: "), "{log}");
}

#[test]
fn nothing_of_an_event_is_a_part_of_a_command() {
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).unwrap();
    let action = read(".github/actions/size/action.yml");
    let runs: Vec<&str> = action.lines().filter_map(|line| line.trim().strip_prefix("run: ")).collect();
    assert_eq!(runs.len(), 5, "{runs:?}");
    for run in runs {
        let step = run.strip_prefix("'\"$GITHUB_ACTION_PATH/size.sh\" ").unwrap_or_else(|| panic!("{run}"));
        assert!(step.trim_end_matches('\'').chars().all(|c| c.is_ascii_lowercase()), "{run}");
    }
    // The token is in the environment of one step, which builds nothing.
    assert_eq!(action.matches("github.token").count(), 1);
    let with_token = action.split("- shell: bash\n").find(|step| step.contains("github.token")).unwrap();
    assert!(with_token.contains("size.sh\" comment'"), "{with_token}");
    // Every input reaches the script, and the example sets only inputs that there are.
    let inputs = action.split("\ninputs:\n").nth(1).unwrap().split("\noutputs:\n").next().unwrap();
    let names: Vec<&str> = inputs.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':')).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.starts_with(' ')).collect();
    assert_eq!(names, ["manifest-path", "package", "bin", "profile", "base", "fail-if-grows", "version"]);
    for name in &names {
        let variable = format!("INPUT_{}", name.to_uppercase().replace('-', "_"));
        assert!(action.contains(&format!("{variable}: ${{{{ inputs.{name} }}}}")), "{name}");
        assert!(read(".github/actions/size/size.sh").contains(&variable), "{name}");
    }
    let example = read("docs/budget/size-action.yml");
    let set = example.split("/.github/actions/size@main\n        with:\n").nth(1).unwrap();
    for line in set.lines() {
        let (name, _) = line.trim().split_once(':').unwrap();
        assert!(names.contains(&name), "{name}");
    }
}
