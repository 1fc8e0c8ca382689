//! What `cargo xtask image` has packed: for people, and as JSON.

use super::grid::Grid;
use crate::image::{Image, Sizes};
use base::numbers::{change, thousands, wrap};
use serde::Serialize;
use std::fmt::Write as _;

/// `size-workshop/image/1`. Sizes in bytes; what is null is not known, because a file was packed that was there.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    program: &'a str,
    profile: Option<&'a str>,
    target: Option<&'a str>,
    architecture: &'a str,
    file_bytes: u64,
    file_gzip_bytes: u64,
    dynamic_bytes: Option<u64>,
    dynamic_gzip_bytes: Option<u64>,
    image_bytes: u64,
    image_gzip_bytes: u64,
    layer_gzip_bytes: u64,
    archive_bytes: u64,
    digest: &'a str,
    out: String,
}

/// The image as one document.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(image: &Image) -> serde_json::Result<String> {
    super::json::document(&Document {
        schema: "size-workshop/image/1",
        program: &image.program,
        profile: image.profile.as_deref(),
        target: image.target.as_deref(),
        architecture: image.architecture,
        file_bytes: image.file.bytes,
        file_gzip_bytes: image.file.compressed,
        dynamic_bytes: image.dynamic.map(|dynamic| dynamic.bytes),
        dynamic_gzip_bytes: image.dynamic.map(|dynamic| dynamic.compressed),
        image_bytes: image.image.bytes,
        image_gzip_bytes: image.image.compressed,
        layer_gzip_bytes: image.layer_bytes,
        archive_bytes: image.archive_bytes,
        digest: &image.digest,
        out: image.out.display().to_string(),
    })
}

/// The image as people read it.
pub(crate) fn text(image: &Image, width: Option<usize>) -> String {
    let mut grid = Grid::new(&["", "bytes", "compressed", "needs"], width);
    grid.right(1);
    grid.right(2);
    let mut row = |what: &str, sizes: &Sizes, needs: &str| {
        grid.add_row([what.to_owned(), thousands(sizes.bytes), thousands(sizes.compressed), needs.to_owned()]);
    };
    if let Some(dynamic) = &image.dynamic {
        row("the program, linked dynamically", dynamic, "the loader and the C library in the image");
    }
    row("the program in the image", &image.file, "a kernel");
    row("the image", &image.image, "the same");
    let mut text = format!("{grid}\n");
    if let Some(dynamic) = &image.dynamic {
        let times = |own: u64, other: u64| own as f64 / other.max(1) as f64;
        let sentence = format!(
            "Static linking makes the file {:.1} times as large ({}), and the download {:.1} times as large.",
            times(image.file.bytes, dynamic.bytes),
            change(image.file.bytes, dynamic.bytes),
            times(image.file.compressed, dynamic.compressed)
        );
        let _ = writeln!(text, "\n{}", wrap(&sentence, width, 0));
    }
    let out = image.out.display();
    // What a person copies stays on one line.
    let _ = writeln!(text, "\n{out} ({} bytes)\n{}\n", thousands(image.archive_bytes), image.digest);
    let _ = writeln!(text, "run it:     podman run --rm --network none oci-archive:{out}");
    let _ = writeln!(text, "with Docker: docker load -i {out} && docker run --rm {}:latest", image.program);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::assert_fits;

    #[test]
    fn the_words_fit_every_terminal_and_what_is_copied_stays_on_one_line() {
        let of = |bytes| Sizes { bytes, compressed: bytes / 2 };
        let image = Image {
            program: "app".to_owned(),
            profile: Some("dist".to_owned()),
            target: None,
            architecture: "amd64",
            file: of(1_160_224),
            dynamic: Some(of(327_672)),
            image: of(1_162_240),
            layer_bytes: 580_000,
            archive_bytes: 590_000,
            digest: "sha256:0".to_owned(),
            out: "target/app.tar".into(),
        };
        for width in [40, 60, 80, 120] {
            let text = text(&image, Some(width));
            let (words, commands) = text.split_once("\ntarget/app.tar").unwrap();
            assert_fits(words, width);
            assert!(commands.contains("podman run --rm --network none oci-archive:target/app.tar\n"), "{text}");
        }
        assert!(text(&image, None).lines().all(|line| line == line.trim_end()), "{}", text(&image, None));
    }
}
