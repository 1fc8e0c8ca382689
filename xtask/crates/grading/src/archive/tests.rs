//! Archives that a friendly student hands in, and those of an unfriendly one.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Cursor, Write as _};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What to put into an archive.
pub(crate) enum Item<'a> {
    /// A file.
    File(&'a [u8]),
    /// A symbolic link.
    Link(&'a str),
    /// A folder.
    Folder,
}

/// A zip, as the usual programs write it.
pub(crate) fn zip_of(items: &[(&str, Item<'_>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, item) in items {
        match item {
            Item::File(bytes) => {
                writer.start_file(*name, options).unwrap();
                writer.write_all(bytes).unwrap();
            }
            Item::Link(target) => writer.add_symlink(*name, *target, options).unwrap(),
            Item::Folder => writer.add_directory(*name, options).unwrap(),
        }
    }
    writer.finish().unwrap().into_inner()
}

/// A tar. Names go in as they are, whatever is wrong with them.
pub(crate) fn tar_of(items: &[(&str, Item<'_>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, item) in items {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o644);
        let (kind, bytes): (_, &[u8]) = match item {
            Item::File(bytes) => (EntryType::Regular, bytes),
            Item::Link(target) => {
                header.set_link_name_literal(target).unwrap();
                (EntryType::Symlink, &[])
            }
            Item::Folder => (EntryType::Directory, &[]),
        };
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The same, compressed.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const SMALL: Caps = Caps { archive: 1 << 20, unpacked: 256 << 10, entries: 20, file: 10_000, path: 99 };

fn listed(archive: &[u8]) -> Result<Listing, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s001.zip");
    // Not `write_atomic`, which waits for the disk: there are thousands of these.
    File::create(&path).unwrap().write_all(archive).unwrap();
    read(&path, &mut SMALL.clone(), &|path| path.ends_with("Cargo.toml"))
}

/// The same in each of the three kinds.
fn each(items: &[(&str, Item<'_>)]) -> [Result<Listing, String>; 3] {
    [listed(&zip_of(items)), listed(&tar_of(items)), listed(&gzip(&tar_of(items)))]
}

fn file(text: &str) -> Kind {
    Kind::File(text.as_bytes().to_vec())
}

#[test]
fn only_what_is_asked_for_is_read() {
    let items = [
        ("./", Item::Folder),
        ("./ex1//Cargo.toml", Item::File(b"[package]")),
        ("ex1/target/", Item::Folder),
        ("ex1/target/a", Item::File(b"binary")),
        ("ex1/answers.toml", Item::Link("/etc/passwd")),
    ];
    let expected = Listing::from([
        ("ex1/Cargo.toml".into(), file("[package]")),
        ("ex1/target".into(), Kind::Folder),
        ("ex1/target/a".into(), Kind::Unread),
        ("ex1/answers.toml".into(), Kind::Link),
    ]);
    for listing in each(&items) {
        assert_eq!(listing.unwrap(), expected);
    }
}

#[test]
fn a_path_that_leads_out_of_the_archive_refuses_all_of_it() {
    for (path, why) in [
        ("../Cargo.toml", "leads out of it"),
        ("ex1/../../Cargo.toml", "leads out of it"),
        ("ex1/..", "leads out of it"),
        ("/etc/passwd", "is absolute"),
        ("C:/Cargo.toml", "is absolute"),
        ("c:Cargo.toml", "is absolute"),
        ("ex1\\a/Cargo.toml", "has a backslash"),
        (&"x".repeat(100), "is too long"),
    ] {
        for listing in each(&[("ex1/Cargo.toml", Item::File(b"")), (path, Item::File(b"x"))]) {
            let problem = listing.unwrap_err();
            assert!(problem.contains(why), "{path}: {problem}");
        }
    }
}

#[test]
fn a_name_with_control_characters_is_text() {
    for listing in each(&[("-rf\n\u{1b}[2J<b>é", Item::File(b""))]) {
        assert_eq!(listing.unwrap().into_keys().collect::<Vec<_>>(), ["-rf\n\u{1b}[2J<b>é"]);
    }
    assert_eq!(shown("a\n\u{1b}[2J`"), "`a\\n\\u{1b}[2J``");
    assert!(shown(&"é".repeat(81)).ends_with("é…`"));
}

#[test]
fn a_file_that_is_asked_for_may_not_be_large() {
    let at_most = vec![b'x'; 10_000];
    for listing in each(&[("Cargo.toml", Item::File(&at_most))]) {
        assert_eq!(listing.unwrap()["Cargo.toml"], Kind::File(at_most.clone()));
    }
    for listing in each(&[("Cargo.toml", Item::File(&vec![0; 10_001]))]) {
        assert_eq!(listing.unwrap()["Cargo.toml"], Kind::Refused("is larger than 10000 bytes".into()));
    }
}

#[test]
fn bombs_are_stopped_while_they_are_read() {
    let zeros = vec![0; 20 << 20];
    let bomb = gzip(&tar_of(&[("ex1/target/big", Item::File(&zeros))]));
    assert!(bomb.len() < 100_000);
    assert_eq!(
        listed(&bomb).unwrap_err(),
        "the archive unpacks to more than 262144 bytes; leave the target folder out"
    );
    // Of a zip nothing is unpacked that nobody asks for, so a target folder in it does no harm.
    let bomb = zip_of(&[("ex1/target/big", Item::File(&zeros)), ("Cargo.toml", Item::File(b"x"))]);
    assert_eq!(listed(&bomb).unwrap()["Cargo.toml"], file("x"));
    let names: Vec<String> = (0..19).map(|at| format!("{at}/Cargo.toml")).collect();
    let large: Vec<_> = names.iter().map(|name| (name.as_str(), Item::File(&zeros[..20_000]))).collect();
    let mut small = Caps { unpacked: 100_000, ..SMALL };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s001.zip");
    base::files::write_atomic(&path, &zip_of(&large)).unwrap();
    assert!(read(&path, &mut small, &|_| true).unwrap_err().contains("unpacks to more than 100000 bytes"));
}

#[test]
fn there_may_not_be_too_many_entries() {
    let names: Vec<String> = (0..21).map(|at| at.to_string()).collect();
    let items: Vec<_> = names.iter().map(|name| (name.as_str(), Item::File(b""))).collect();
    for listing in each(&items) {
        assert_eq!(listing.unwrap_err(), "the archive has more than 20 files; leave the target folder out");
    }
    assert!(listed(&vec![b'x'; (1 << 20) + 1]).unwrap_err().contains("larger than 1 MiB"));
}

#[test]
fn a_zip_that_lies_about_a_size_is_not_believed() {
    let mut zip = zip_of(&[("Cargo.toml", Item::File(&vec![0; 50_000]))]);
    // The size after unpacking, in the header of the file and in the directory at the end.
    let size = 50_000_u32.to_le_bytes();
    for at in 0..zip.len() - 4 {
        if zip[at..at + 4] == size {
            zip[at..at + 4].copy_from_slice(&5_u32.to_le_bytes());
        }
    }
    match listed(&zip) {
        Ok(listing) => assert!(matches!(listing["Cargo.toml"], Kind::Refused(_)), "{listing:?}"),
        Err(problem) => assert!(problem.contains("damaged"), "{problem}"),
    }
}

#[test]
fn the_same_path_twice_is_refused_and_not_guessed() {
    let tar = tar_of(&[("Cargo.toml", Item::File(b"a")), ("./Cargo.toml", Item::File(b"b"))]);
    let twice = Kind::Refused("is in the archive more than once".into());
    assert_eq!(listed(&tar).unwrap()["Cargo.toml"], twice);
    // The zip writer refuses to do it, so the second name is changed afterwards.
    let mut zip = zip_of(&[("Cargo.toml", Item::File(b"a")), ("Cargo.tomm", Item::File(b"b"))]);
    for at in 0..zip.len() - 10 {
        if &zip[at..at + 10] == b"Cargo.tomm" {
            zip[at + 9] = b'l';
        }
    }
    assert_eq!(listed(&zip).unwrap_err(), "the archive contains two files with the same name");
}

#[test]
fn an_encrypted_zip_is_refused() {
    let mut zip = zip_of(&[("Cargo.toml", Item::File(b"x"))]);
    let at = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    zip[at + 8] |= 1;
    assert_eq!(listed(&zip).unwrap_err(), "the archive is encrypted; hand it in without a password");
}

/// The zip with a second directory end, as it is there for more than 65,534 files; it names this many.
fn zip64_of(items: &[(&str, Item<'_>)], files: u64) -> Vec<u8> {
    let mut zip = zip_of(items);
    let end = zip.split_off(zip.len() - 22);
    let number = |at: usize| u64::from(u32::from_le_bytes(end[at..at + 4].try_into().unwrap()));
    let (size, start, at) = (number(12), number(16), zip.len() as u64);
    zip.extend(b"PK\x06\x06");
    for (value, bytes) in [(44, 8), (45, 2), (45, 2), (0, 4), (0, 4), (files, 8), (files, 8), (size, 8), (start, 8)] {
        zip.extend(&u64::to_le_bytes(value)[..bytes]);
    }
    zip.extend(b"PK\x06\x07");
    for (value, bytes) in [(0, 4), (at, 8), (1, 4)] {
        zip.extend(&u64::to_le_bytes(value)[..bytes]);
    }
    zip.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    zip
}

#[test]
fn a_zip64_of_few_files_is_read_and_one_that_asks_for_room_for_a_million_gets_none() {
    let items = [("ex1/Cargo.toml", Item::File(b"x")), ("README.md", Item::File(b"y"))];
    assert_eq!(listed(&zip64_of(&items, 2)).unwrap()["ex1/Cargo.toml"], file("x"));
    for files in [21, 1_000_000, u64::MAX] {
        let problem = listed(&zip64_of(&items, files)).unwrap_err();
        assert_eq!(problem, "the archive has more than 20 files; leave the target folder out");
    }
    // A record that hides from the look at it, behind the longest comment, or in another place than usual.
    let mut moved = zip64_of(&items, 1_000_000);
    let at = moved.len() - 22 - 20;
    moved.splice(at..at, *b"hidden");
    let mut behind = zip64_of(&items, 1_000_000);
    behind.extend(vec![b'x'; 65_535]);
    for zip in [moved, behind] {
        assert!(listed(&zip).is_err());
    }
    let mut elsewhere = zip64_of(&items, 2);
    let locator = elsewhere.len() - 22 - 20;
    elsewhere[locator + 8] = 0;
    assert!(listed(&elsewhere).unwrap_err().contains("zip64 record isn't where it should be"));
}

#[test]
fn a_zip_with_backslashes_alone_is_one_from_windows_and_its_paths_get_no_further() {
    let items = [("ex1\\", Item::File(b"")), ("ex1\\src\\Cargo.toml", Item::File(b"x"))];
    let listing = listed(&zip_of(&items)).unwrap();
    assert_eq!((&listing["ex1"], &listing["ex1/src/Cargo.toml"]), (&Kind::Folder, &file("x")));
    for (path, why) in [
        ("..\\Cargo.toml", "leads out"),
        ("a\\..\\..\\b", "leads out"),
        ("\\etc\\x", "absolute"),
        ("C:\\x", "absolute"),
    ] {
        let problem = listed(&zip_of(&[(path, Item::File(b"x"))])).unwrap_err();
        assert!(problem.contains(why), "{path}: {problem}");
    }
    // A tar never comes from there.
    assert!(listed(&tar_of(&items)).unwrap_err().contains("backslash"));
}

/// The same, compressed with bzip2.
pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `tar cJf` of ex1/Cargo.toml, which holds `[package]`: GNU tar 1.34 and xz 5.4, whose dictionary is 8 MiB.
pub(crate) const XZ: &[u8] = include_bytes!("ex1.tar.xz");
/// The same, for which xz wants a dictionary of 1 GiB.
const XZ_HUGE: &[u8] = include_bytes!("huge-dictionary.tar.xz");
/// 8 MiB of zeros in a tar, in 1.4 KiB of xz.
const XZ_BOMB: &[u8] = include_bytes!("bomb.tar.xz");

#[test]
fn tars_by_xz_and_bzip2_are_read_within_the_same_limits() {
    assert_eq!(listed(XZ).unwrap()["ex1/Cargo.toml"], file("[package]"));
    let problem = listed(XZ_HUGE).unwrap_err();
    assert!(problem.contains("memory"), "{problem}");
    let small = "the archive unpacks to more than 262144 bytes; leave the target folder out";
    assert_eq!(listed(XZ_BOMB).unwrap_err(), small);
    let tar = tar_of(&[("ex1/Cargo.toml", Item::File(b"[package]"))]);
    assert_eq!(listed(&bzip2(&tar)).unwrap()["ex1/Cargo.toml"], file("[package]"));
    let zeros = tar_of(&[("x", Item::File(&vec![0; 4 << 20]))]);
    assert_eq!(listed(&bzip2(&zeros)).unwrap_err(), small);
    for whole in [XZ, &bzip2(&tar)] {
        for length in (0..whole.len()).step_by(5) {
            assert!(listed(&whole[..length]).unwrap_err().starts_with("the archive "), "{length}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0xff;
            if let Err(problem) = listed(&damaged) {
                assert!(problem.starts_with("the archive "), "{problem}");
                assert_ne!(problem, "the archive is damaged", "a library panicked at byte {at}");
            }
        }
    }
}

#[test]
fn what_is_not_read_is_called_by_its_name() {
    for (bytes, what) in
        [(&b"Rar!\x1a\x07\x01\0"[..], "RAR"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x28\xb5\x2f\xfd\0\0", "zstd")]
    {
        assert!(listed(bytes).unwrap_err().contains(what));
    }
    for (name, what) in [
        ("a.rar", "RAR"),
        ("a.7z", "7z"),
        ("a.tar.zst", "zstd"),
        ("a.tar.ZSTD", "zstd"),
        ("a.tzst", "zstd"),
        ("a.tar.lz", "lzip"),
        ("a.tar.Z", "compress"),
        ("a.gz", "a single compressed file"),
    ] {
        assert!(unread(name).contains(what), "{}", unread(name));
        assert!(unread(name).ends_with("unpack it, and put a folder or a zip in its place"));
    }
    assert_eq!(ending("s001.Tar.XZ"), Some((".Tar.XZ", true)));
    assert_eq!(ending(".zip"), None);
    assert_eq!(ending("übung.zip"), Some((".zip", true)));
    assert_eq!(ending("s001.tar.zst"), Some((".tar.zst", false)));
    assert_eq!(shown("s\u{200b}001"), "`s<U+200B>001`");
}

#[test]
fn an_unusual_compression_is_named() {
    let mut zip = zip_of(&[("Cargo.toml", Item::File(b"x"))]);
    let (local, central) = (8, zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap() + 10);
    (zip[local], zip[central]) = (14, 14);
    let problem = listed(&zip).unwrap_err();
    assert_eq!(
        problem,
        "the archive is compressed with Lzma, which isn't supported; save it as an ordinary zip (Deflate)"
    );
    (zip[local], zip[central]) = (9, 9);
    let problem = listed(&zip).unwrap_err();
    assert!(problem.contains("compressed with Deflate64"), "{problem}");
}

#[test]
fn an_archive_that_is_cut_off_anywhere_or_damaged_is_refused_and_nothing_panics() {
    let long = "x".repeat(700);
    let items = [("ex1/README.md", Item::File(long.as_bytes())), ("ex1/Cargo.toml", Item::File(b"[package]"))];
    let zip = zip_of(&items);
    let tar = tar_of(&items);
    for whole in [&zip, &tar, &gzip(&tar)] {
        for length in (0..whole.len()).step_by(7) {
            let problem = listed(&whole[..length]).expect_err(&format!("{length} of {}", whole.len()));
            assert!(problem.starts_with("the archive "), "{problem}");
        }
        assert!(listed(whole).is_ok());
        for at in (0..whole.len()).step_by(3) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            // Some bytes matter to nobody, such as a time. The others must end in a sentence.
            if let Err(problem) = listed(&damaged) {
                assert!(problem.starts_with("the archive "), "{problem}");
                assert_ne!(problem, "the archive is damaged", "a library panicked at byte {at}");
            }
        }
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    assert_eq!(listed(b"").unwrap_err(), "the archive is empty");
    for bytes in [&b"hello"[..], &[7; 2000], &[0; 600], b"PK", b"PK\x05\x06", b"\x1f\x8b", b"Rar!\x1a\x07"] {
        assert!(listed(bytes).unwrap_err().starts_with("the archive is "), "{bytes:?}");
    }
    // A zip of nothing is a zip.
    assert_eq!(listed(&zip_of(&[])).unwrap(), Listing::new());
}

// macOS makes no pipe by rustix.
#[cfg(target_os = "linux")]
#[test]
fn only_ordinary_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> std::path::PathBuf { folder.path().join(name) };
    base::files::write_atomic(&at("real.zip"), &zip_of(&[])).unwrap();
    std::os::unix::fs::symlink(at("real.zip"), at("link.zip")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe.zip"), rustix::fs::Mode::RWXU).unwrap();
    let problem = |name: &str| read(&at(name), &mut SMALL.clone(), &|_| true).unwrap_err();
    assert_eq!(problem("link.zip"), "the archive is a link, and links aren't followed");
    assert_eq!(problem("pipe.zip"), "the archive isn't a regular file");
    assert_eq!(problem(""), "the archive is a folder, not a file");
    assert!(problem("none.zip").starts_with("the archive can't be read: "));
}
