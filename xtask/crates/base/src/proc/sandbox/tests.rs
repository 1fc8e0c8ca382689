//! What a box is made of, as words for bubblewrap.

use super::*;
use std::time::Duration;

fn sandbox(kind: Kind, user: Option<u32>) -> Sandbox {
    let limits = Limits {
        cpu_seconds: 5,
        idle_seconds: 9,
        memory: 1 << 31,
        processes: 64,
        file: 1 << 20,
        open_files: 64,
        total: 1 << 30,
        disk: 1 << 30,
        output: 1 << 20,
    };
    let libraries = ["/usr/lib/x/libc.so.6", "/usr/lib64/ld-x.so.2"].map(PathBuf::from).to_vec();
    let filter: Option<Arc<[u8]>> = Some(b"filter".as_slice().into());
    let system = Arc::new(System { libraries, disables_namespaces: true, filter });
    Sandbox { kind, shared: "/srv/w1".into(), user, limits, build_seconds: None, system }
}

fn words(call: &Call) -> String {
    call.args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_build_box_sees_its_folder_at_a_fixed_path() {
    let kind = Kind::Build {
        toolchain: "/r/1.95".into(),
        cargo_home: "/h/.cargo".into(),
        own: "/x/xtask".into(),
        copy: "/y/xtask".into(),
    };
    let mut call = Call::new("cargo", "/srv/w1/ex1/own").args(["build", "--target-dir", "/srv/w1/ex1/target"]);
    call.writes = Some("/srv/w1/ex1/target".into());
    call.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some("/srv/w1/ex1/target".into()));
    call.env.insert("SECRET".into(), None);
    let wrapped = sandbox(kind, Some(65001)).wrap(&call);
    let words = words(&wrapped);
    assert!(wrapped.only_env && wrapped.env.is_empty());
    assert!(words.ends_with("-- cargo build --target-dir /grade/ex1/target"), "{words}");
    let folders = "--perms 0755 --dir /grade --perms 0755 --dir /grade/ex1 ";
    let binds = "--ro-bind /srv/w1/ex1/own /grade/ex1/own --bind /srv/w1/ex1/target /grade/ex1/target ";
    assert!(words.contains(&format!("{folders}{binds}")) && words.contains("--chdir /grade/ex1/own"), "{words}");
    assert!(words.contains("--setenv CARGO_BUILD_BUILD_DIR /grade/ex1/target") && !words.contains("SECRET"));
    assert!(words.contains("--reuid=65001") && !words.contains("--unshare-user"), "{words}");
    assert_eq!(words.matches("/srv/w1").count(), 2, "no other path of the grader is seen: {words}");
    assert_eq!(wrapped.watch.unwrap().folder, Some(("/srv/w1/ex1/target".into(), 1 << 30)));
    assert_eq!(wrapped.given.unwrap().option, "--seccomp");
}

#[test]
fn what_is_not_trusted_gets_less_time_than_a_box_has() {
    let sandbox = sandbox(Kind::Run, None);
    let call = |cpu| Call { cpu, ..Call::new("/srv/w1/p", "/srv/w1") };
    let seconds = |sandbox: &Sandbox, cpu| sandbox.wrap(&call(cpu)).cpu.unwrap().as_secs();
    assert_eq!(seconds(&sandbox, None), 5);
    assert_eq!(seconds(&sandbox, Some(Duration::from_secs(2))), 2);
    let strict = sandbox.with_build_seconds(Some(3));
    assert_eq!(seconds(&strict, None), 3);
    assert!(words(&strict.wrap(&call(None))).contains("--cpu=3:5 "));
    assert_eq!(seconds(&strict.of_the_course(), None), 5);
    assert_eq!(sandbox.wrap(&call(None)).timeout, Some(Duration::from_secs(9)));
}

#[test]
fn a_run_box_holds_the_program_and_its_libraries() {
    let call = Call::new("/srv/w1/target/release/p", "/srv/w1").args(["a", "-b"]);
    let words = words(&sandbox(Kind::Run, None).wrap(&call));
    assert!(words.contains("--ro-bind /srv/w1/target/release/p /program"), "{words}");
    assert!(words.ends_with("/box/setpriv --inh-caps=-all --no-new-privs -- /program a -b"), "{words}");
    assert!(!words.contains(" /usr/bin /") && !words.contains("--bind "), "{words}");
    assert!(words.contains("--unshare-user --disable-userns") && words.contains("--unshare-net"), "{words}");
    let libraries = "--perms 0755 --dir /usr/lib --perms 0755 --dir /usr/lib/x --perms 0755 --dir /usr/lib64 \
         --ro-bind /usr/lib/x/libc.so.6 /usr/lib/x/libc.so.6 --ro-bind /usr/lib64/ld-x.so.2 /usr/lib64/ld-x.so.2 ";
    assert!(words.contains(libraries) && !words.contains("--ro-bind /usr/lib /usr/lib"), "{words}");
}

#[test]
fn a_program_may_have_another_name_in_its_box() {
    let mut call = Call::new("/srv/w1/target/release/p", "/srv/w1").arg("a");
    call.called = Some("q".to_owned());
    let words = words(&sandbox(Kind::Run, None).wrap(&call));
    assert!(
        words.contains(
            "--perms 0755 --dir /called --ro-bind /srv/w1/target/release/p /program --symlink /program /called/q"
        ),
        "{words}"
    );
    assert!(words.ends_with("-- /called/q a"), "{words}");
}

// A path in a box is written with the separator of the system that has boxes.
#[test]
#[cfg(unix)]
fn a_program_is_found_by_its_bare_name_and_gets_no_folder_of_ours() {
    use crate::proc::Out;
    let mut call = Call::new("/srv/w1/target/release/p", "/srv/w1").arg("a");
    (call.called, call.argv0) = (Some("q".to_owned()), Some("q".to_owned()));
    (call.input, call.output) = (In::Folder, Out::Full);
    let wrapped = sandbox(Kind::Run, None).wrap(&call);
    assert_eq!((wrapped.input, wrapped.output, wrapped.argv0.as_ref()), (In::Unreadable, Out::Full, None));
    let words = words(&wrapped);
    assert!(words.contains("--setenv PATH /called") && words.ends_with("-- q a"), "{words}");
    // A folder by another name, no variables, and no name at all, which no box can tell a program.
    let mut call = Call::new("/srv/w1/target/release/p", "/srv/w1");
    (call.called, call.argv0, call.no_variables) = (Some("hex/q".to_owned()), Some(String::new()), true);
    let words = self::words(&sandbox(Kind::Run, None).wrap(&call));
    let folders = "--perms 0755 --dir /called --perms 0755 --dir /called/hex --ro-bind /srv/w1/target/release/p /program --symlink /program /called/hex/q";
    assert!(words.contains(folders) && !words.contains("--setenv") && words.ends_with("-- /called/hex/q"), "{words}");
}

#[test]
fn a_box_with_a_counter_holds_nothing_else_either() {
    let call = Call::new("/srv/w1/target/release/p", "/srv/w1").args(["a"]);
    let run = sandbox(Kind::Run, None);
    let Some(counting) = run.counting() else { return };
    assert_eq!(counting.limits.cpu_seconds, 12 * run.limits.cpu_seconds);
    let words = words(&counting.wrap(&call));
    assert!(
        words.contains("/box/setpriv --inh-caps=-all --no-new-privs -- /box/valgrind --command-line-only=yes --tool="),
        "{words}"
    );
    assert!(words.ends_with("--vgdb=no -- /program a"), "{words}");
    assert!(!words.contains(" /usr/bin /") && !words.contains("--bind "), "{words}");
}

#[test]
fn a_box_that_was_not_made_is_no_result_of_a_program() {
    let sandbox = sandbox(Kind::Run, None);
    let may_be = |code, stdout: &str, stderr: &str| {
        let status = Status::Exited(code);
        sandbox
            .is_missing(&Finished { status, stdout: stdout.into(), stderr: stderr.into(), ..Finished::empty() })
            .is_some()
    };
    assert!(may_be(126, "", "setpriv: failed to execute /program: Resource temporarily unavailable\n"));
    assert!(may_be(1, "", "bwrap: Creating new namespace failed: Resource temporarily unavailable\n"));
    assert!(!may_be(0, "", "bwrap: all is well\n") && !may_be(1, "out", "bwrap: "));
    assert!(!may_be(1, "", "thread 'main' panicked\nbwrap: "));
}

#[test]
fn an_empty_box_is_the_same_without_the_program() {
    let call = Call::new("/srv/w1/target/release/p", "/srv/w1");
    let nothing = words(&sandbox(Kind::Run, None).wrap_nothing(&call));
    assert!(nothing.ends_with("-- /box/prlimit --version"), "{nothing}");
    assert!(nothing.contains("--ro-bind /srv/w1/target/release/p /program"), "{nothing}");
}

#[test]
fn a_path_of_the_box_is_found_outside() {
    let sandbox = sandbox(Kind::Run, None);
    assert_eq!(sandbox.outside(Path::new("/grade/t/p")), Path::new("/srv/w1/t/p"));
    assert_eq!(sandbox.outside(Path::new("/usr/bin/p")), Path::new("/usr/bin/p"));
}
