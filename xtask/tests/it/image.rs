//! `cargo xtask image`: what is packed, what is rejected, and what third-party programs make of the result.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::path::Path;
use testbed::browser::left_out;
use testbed::project::{Project, call, json, repository, stderr, stdout};

/// Images hold programs for Linux, and only there can they be linked without further tools.
fn has_linux() -> bool {
    if !cfg!(target_os = "linux") {
        left_out("an image holds a program for Linux, and this is another system");
    }
    cfg!(target_os = "linux")
}

#[test]
#[ignore = "builds config_tool twice, linked statically: .ci/run runs it"]
fn a_program_is_packed_the_same_way_each_time() {
    if !has_linux() {
        return;
    }
    let project = Project::plain_workshop();
    let pack = |out: &str| project.run(&["image", "--profile", "stripped", "--out", out, "--format", "json"]).success();
    let document = json(&pack("one.tar"));
    fs::remove_dir_all(project.path("target")).unwrap();
    assert_eq!(json(&pack("two.tar"))["digest"], document["digest"]);
    assert_eq!(fs::read(project.path("one.tar")).unwrap(), fs::read(project.path("two.tar")).unwrap());

    assert_eq!(document["schema"], "size-workshop/image/1");
    let number = |key: &str| document[key].as_u64().unwrap_or_else(|| panic!("{key}: {document:#}"));
    assert!(number("dynamic_bytes") < number("file_bytes") && number("file_bytes") < number("image_bytes"));
    assert!(number("file_gzip_bytes") < number("file_bytes"));
    assert!((1..4096).contains(&(number("image_gzip_bytes") - number("layer_gzip_bytes"))));
    assert_eq!(number("archive_bytes"), fs::metadata(project.path("one.tar")).unwrap().len());

    let text = stdout(&project.run(&["image", "--profile", "stripped"]).success());
    assert!(text.contains("the program, linked dynamically") && text.contains("and the download "), "{text}");
    assert!(text.contains(document["digest"].as_str().unwrap()) && text.contains("podman run --rm"), "{text}");
    assert!(project.path("target/size-workshop/image/stripped/tiny.tar").is_file());

    // A file that is there: the static one, and the dynamic one, which could not start.
    let target = document["target"].as_str().unwrap();
    let file = format!("target/{target}/stripped/tiny");
    let again = json(&project.run(&["image", "--file", &file, "--out", "three.tar", "--format", "json"]).success());
    assert_eq!((&again["digest"], again["profile"].is_null()), (&document["digest"], true));
    let refused = project.run(&["image", "--file", "target/stripped/tiny"]).code(2);
    let text = stderr(&refused);
    for part in [
        "is linked dynamically",
        "the loader /lib",
        "libc.so.6",
        "No such file or directory",
        "+crt-static",
        "--target",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(stdout(&refused).is_empty());
    let document = json(&project.run(&["image", "--file", "target/stripped/tiny", "--format", "json"]).code(2));
    assert_eq!((&document["schema"], document["exit"].as_u64()), (&"size-workshop/error/1".into(), Some(2)));
    assert!(!project.path("target/stripped/tiny.tar").exists(), "what is refused leaves no file");
}

#[test]
#[ignore = "builds small programs linked statically: .ci/run runs it"]
fn the_program_to_compare_with_is_dynamic_whatever_is_configured() {
    if !has_linux() {
        return;
    }
    let host = stdout(&{
        let mut rustc = call("rustc");
        rustc.args(["--print", "host-tuple"]).assert().success()
    });
    let project = Project::empty();
    for (folder, configuration) in [
        ("plain", String::new()),
        (
            "static",
            format!(
                "[build]\ntarget = \"{0}\"\n[target.{0}]\nrustflags = [\"-C\", \"target-feature=+crt-static\"]\n",
                host.trim()
            ),
        ),
    ] {
        project
            .write(&format!("{folder}/Cargo.toml"), "[package]\nname = \"small\"\nedition = \"2024\"\n[workspace]\n");
        project.write(
            &format!("{folder}/Cargo.lock"),
            "version = 4\n\n[[package]]\nname = \"small\"\nversion = \"0.0.0\"\n",
        );
        project.write(&format!("{folder}/src/main.rs"), "fn main() { println!(\"hi\"); }");
        if !configuration.is_empty() {
            project.write(&format!("{folder}/.cargo/config.toml"), &configuration);
        }
    }
    let workshop = Project::plain_workshop();
    let sizes = |folder: &str| {
        let manifest = project.path(&format!("{folder}/Cargo.toml")).display().to_string();
        let out = project.path(&format!("{folder}.tar")).display().to_string();
        let words =
            ["image", "--manifest-path", &manifest, "--profile", "release", "--target", host.trim(), "--out", &out];
        let document = json(&workshop.run(&[&words[..], &["--format", "json"]].concat()).success());
        let number = |key: &str| document[key].as_u64().unwrap_or_else(|| panic!("{key}: {document:#}"));
        (number("file_bytes"), number("dynamic_bytes"))
    };
    for folder in ["plain", "static"] {
        let (own, dynamic) = sizes(folder);
        assert!(own > dynamic, "{folder}: {own} {dynamic}");
    }
}

#[test]
fn what_is_no_program_for_an_image_is_refused_before_anything_is_built() {
    let project = Project::plain_workshop();
    project.run(&["image", "--file", "Cargo.toml"]).code(2).stderr(contains("Cargo.toml"));
    project.run(&["image", "--file", "no/such/file"]).failure().stderr(contains("no/such/file"));
    let text = stderr(&project.run(&["image", "--profile", "striped"]).code(2));
    assert!(text.contains("there is no profile `striped`") && text.contains("did you mean `stripped`?"), "{text}");
    project.run(&["image", "--file", "x", "--profile", "stripped"]).code(2).stderr(contains("cannot be used with"));
    if cfg!(target_os = "linux") {
        let text = stderr(&project.run(&["image", "--profile", "stripped", "--target", "nowhere"]).code(2));
        assert!(text.contains("rustc doesn't know the target nowhere"), "{text}");
        let misspelled = project.run(&["image", "--profile", "stripped", "--target", "x86_64-unknown-linux-mulsl"]);
        misspelled.code(2).stderr(contains("did you mean x86_64-unknown-linux-musl?"));
        // A target that rustc knows, and that almost no machine has.
        let missing = project.run(&["image", "--profile", "stripped", "--target", "s390x-unknown-linux-musl"]);
        missing.code(3).stderr(contains("rustup target add s390x-unknown-linux-musl"));
    }
    let root = Project::copy_of_the_repository();
    root.run(&["image"]).code(2).stderr(contains("holds one program").and(contains("--program config_tool")));
}

/// A third-party tool, if it is installed.
fn tool(name: &str) -> Option<Command> {
    let found = Command::new(name).arg("--version").ok().is_ok();
    if !found {
        left_out(&format!("there is no {name} (Debian, Ubuntu: apt install skopeo umoci podman runc)"));
        return None;
    }
    Some(call(name))
}

#[test]
#[ignore = "lets skopeo, umoci and podman take the image: .ci/run runs it"]
fn programs_that_others_wrote_read_and_run_the_image() {
    if !has_linux() {
        return;
    }
    let project = Project::plain_workshop();
    let packed =
        json(&project.run(&["image", "--profile", "stripped", "--out", "tiny.tar", "--format", "json"]).success());
    let archive = project.path("tiny.tar");
    if let Some(mut skopeo) = tool("skopeo") {
        let read = skopeo.arg("inspect").arg(format!("oci-archive:{}", archive.display())).assert().success();
        let document: serde_json::Value = serde_json::from_str(&stdout(&read)).unwrap();
        assert_eq!(document["Digest"], packed["digest"]);
        assert_eq!(document["Layers"].as_array().unwrap().len(), 1);
        assert_eq!((&document["Architecture"], &document["Os"]), (&packed["architecture"], &"linux".into()));
        // The list for `docker load`, and every digest: what is copied is compared with its name.
        let from = format!("docker-archive:{}", archive.display());
        let to = format!("dir:{}", project.path("copied").display());
        tool("skopeo").unwrap().args(["--insecure-policy", "copy", &from, &to]).assert().success();
        let layers = fs::read_dir(project.path("copied")).unwrap().count();
        assert!(layers >= 4, "a manifest, a version, a configuration and a layer");
        let from = format!("oci-archive:{}", archive.display());
        let to = format!("dir:{}", project.path("copied-oci").display());
        tool("skopeo").unwrap().args(["--insecure-policy", "copy", &from, &to]).assert().success();
    }
    if let Some(mut umoci) = tool("umoci") {
        let layout = project.path("layout");
        fs::create_dir(&layout).unwrap();
        let mut tar = Command::new("tar");
        tar.arg("-xf").arg(&archive).arg("-C").arg(&layout).assert().success();
        let image = format!("{}:latest", layout.display());
        umoci.args(["unpack", "--rootless", "--image", &image]).arg(project.path("bundle")).assert().success();
        let files = files(&project.path("bundle/rootfs"));
        assert_eq!(files, ["tiny 755"], "one file and nothing else");
        let unpacked = fs::read(project.path("bundle/rootfs/tiny")).unwrap();
        assert_eq!(unpacked.len() as u64, packed["file_bytes"].as_u64().unwrap());
    }
    if tool("podman").is_some() && tool("runc").is_some() {
        let image = format!("oci-archive:{}", archive.display());
        let run = podman(&project, &image);
        run.success().stdout("hi\n");

        // Why a dynamically linked one is rejected: packed by another tool, it doesn't start.
        let dynamic = project.path("layout-dynamic");
        fs::create_dir(&dynamic).unwrap();
        fs::copy(project.path("target/stripped/tiny"), dynamic.join("tiny")).unwrap();
        let mut pack = Command::new("tar");
        pack.arg("-cf").arg(project.path("rootfs.tar")).arg("-C").arg(&dynamic).arg("tiny").assert().success();
        let mut import = tool("podman").unwrap();
        import.args(["import", "--change", "ENTRYPOINT [\"/tiny\"]"]).arg(project.path("rootfs.tar"));
        let id = stdout(&import.arg("workshop-dynamic").assert().success()).trim().to_owned();
        let run = podman(&project, &id);
        run.failure().stderr(contains("no such file or directory"));
        tool("podman").unwrap().args(["rmi", "--force", &id]).assert().success();
    }
}

fn podman(project: &Project, image: &str) -> assert_cmd::assert::Assert {
    let mut podman = tool("podman").unwrap();
    // Machines without systemd, and those that are containers themselves, need all of these.
    podman.args(["--runtime", "runc", "run", "--rm", "--network", "none"]);
    podman.args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", image]);
    podman.current_dir(project.path("")).timeout(std::time::Duration::from_mins(1)).assert()
}

/// The files of a folder with their modes.
fn files(folder: &Path) -> Vec<String> {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        #[cfg(unix)]
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions()) & 0o777;
        #[cfg(not(unix))]
        let mode = 0;
        format!("{} {mode:o}", entry.file_name().to_string_lossy())
    };
    fs::read_dir(folder).unwrap().map(entry).collect()
}

#[test]
#[ignore = "asks npm for a linter: .ci/run runs it"]
fn the_containerfiles_are_clean() {
    let root = repository();
    let linter = root.join("target/dockerfilelint/node_modules/.bin/dockerfilelint");
    if !linter.is_file() {
        return left_out(
            "the Dockerfiles are not linted: npm install --prefix target/dockerfilelint dockerfilelint@1.8.0",
        );
    }
    let issues = |file: &Path| {
        let mut lint = call(&linter);
        let text = stdout(&lint.args(["--output", "json"]).arg(file).assert());
        let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        (document["totalIssues"].as_u64().unwrap(), document)
    };
    for file in ["config_tool/Dockerfile", "solutions/ex12/Containerfile", "exercises/ex12/Containerfile"] {
        let (found, document) = issues(&root.join(file));
        assert_eq!(found, 0, "{document:#}");
    }
    // The linter does find something if there is something.
    let project = Project::empty();
    project.write("Dockerfile", "FROM debian\nRUN sudo apt-get install gcc\nEXPOSE 99999\n");
    assert!(issues(&project.path("Dockerfile")).0 > 0);
}
