//! What is said of files that cannot be read, and kinds of processors.

use super::*;

#[test]
fn what_cannot_be_read_is_said_in_words_with_what_to_do() {
    for (kind, what) in [
        (ErrorKind::NotFound, "there is no file p"),
        (ErrorKind::NotADirectory, "there is no file p"),
        (ErrorKind::PermissionDenied, "p can't be read: permission denied"),
        (ErrorKind::InvalidData, "p can't be read: invalid data"),
    ] {
        let failure = unreadable(Path::new("p"), &kind.into());
        assert_eq!((failure.exit, failure.message.as_str()), (Exit::Usage, what));
        assert!(failure.help.is_some(), "{kind}");
    }
}

#[test]
fn processors_have_the_names_of_apples_tools() {
    for (kind, variant, name) in [
        (0x0100_000c, 0, "arm64"),
        (0x0100_000c, 0x8000_0002, "arm64e"),
        (0x0100_0007, 3, "x86_64"),
        (0x0100_0007, 8, "x86_64h"),
        (7, 3, "i386"),
        (12, 9, "armv7"),
        (99, 1, "cpu-99-1"),
    ] {
        assert_eq!(kind::processor(kind, variant), name);
    }
    assert_eq!((canonical("aarch64"), canonical("amd64"), canonical("arm64e")), ("arm64", "x86_64", "arm64e"));
}

/// What two bytes say of objects for Windows is also found at the beginning of other files.
#[test]
fn an_object_for_windows_is_known_by_its_whole_header() {
    let mut object = [0; 60];
    object[..4].copy_from_slice(&[0x64, 0x86, 1, 0]);
    assert_eq!(kind::of(&object), Ok(Kind::Coff));
    object[2] = 0;
    assert!(kind::of(&object).is_err(), "without sections");
    assert!(kind::of(b"d\x86").is_err());
    assert!(kind::of(b"L\x01 is a text as well, and not a short one at all, with many words").is_err());
    assert_eq!(kind::of(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]), Ok(Kind::Universal));
    assert!(kind::of(&[0xca, 0xfe, 0xba, 0xbe, 0, 3, 0, 45]).is_err(), "Java 1.1");
}
