//! Packs one program into a container image, without a daemon and without a base image: an archive in the layout of the
//! Open Container Initiative (<https://github.com/opencontainers/image-spec>), with the list that `docker load` reads
//! beside it. The same program makes the same archive, byte for byte: nothing in it tells a time, a user or a folder.

use anyhow::{Context as _, Result};
use base::numbers::hex;
use flate2::{Compression, GzBuilder, write::GzEncoder};
use object::{Architecture, Endianness, Object as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;

/// The user and group that the program runs as: numbers, because an image without /etc/passwd knows no names. 65534 is
/// `nobody` almost everywhere.
pub const USER: &str = "65534:65534";

/// A time that says nothing. The specification allows none, but some readers do not.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// An image.
#[derive(Debug)]
pub struct Image {
    /// The whole archive, not compressed as such: its layer is.
    pub archive: Vec<u8>,
    /// Bytes of the layer as it is pulled: compressed.
    pub layer_bytes: u64,
    /// Bytes of the layer as it is unpacked.
    pub unpacked_bytes: u64,
    /// Bytes of everything that a pull loads: the layer, the configuration, the manifest.
    pub pulled_bytes: u64,
    /// The digest that names the image: of its manifest.
    pub digest: String,
}

/// The architecture of an executable as images name it: `amd64` for x86-64. None for what no Linux runs, or has no
/// name.
pub fn architecture(executable: &[u8]) -> Option<&'static str> {
    let file =
        object::File::parse(executable).ok().filter(|file| matches!(file.format(), object::BinaryFormat::Elf))?;
    let little = file.endianness() == Endianness::Little;
    match file.architecture() {
        Architecture::X86_64 => Some("amd64"),
        Architecture::Aarch64 => Some("arm64"),
        Architecture::I386 => Some("386"),
        Architecture::Arm => Some("arm"),
        Architecture::Riscv64 => Some("riscv64"),
        Architecture::S390x => Some("s390x"),
        Architecture::PowerPc64 => Some(if little { "ppc64le" } else { "ppc64" }),
        Architecture::LoongArch64 => Some("loong64"),
        _ => None,
    }
}

/// Packs a program, as `/NAME`, for an architecture.
///
/// # Errors
/// When the name is longer than an archive can hold (100 bytes).
pub fn pack(name: &str, executable: &[u8], architecture: &str) -> Result<Image> {
    let mut unpacked = Archive::new();
    unpacked.add(name, executable, 0o755)?;
    let unpacked = unpacked.finish()?;
    let layer = compressed(&unpacked)?;
    let config = json!({
        "architecture": architecture,
        "config": { "Entrypoint": [format!("/{name}")], "User": USER },
        "created": CREATED,
        "history": [{ "created": CREATED, "created_by": format!("{} image", base::caller::name()) }],
        "os": "linux",
        "rootfs": { "diff_ids": [digest(&unpacked)], "type": "layers" },
    });
    let config = config.to_string().into_bytes();
    let descriptor = |kind: &str, bytes: &[u8]| json!({ "digest": digest(bytes), "mediaType": format!("application/vnd.oci.image.{kind}"), "size": bytes.len() });
    let manifest = json!({
        "config": descriptor("config.v1+json", &config),
        "layers": [descriptor("layer.v1.tar+gzip", &layer)],
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "schemaVersion": 2,
    });
    let manifest = manifest.to_string().into_bytes();
    let mut entry = descriptor("manifest.v1+json", &manifest);
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "latest" });
    entry["platform"] = json!({ "architecture": architecture, "os": "linux" });
    let index = json!({
        "manifests": [entry],
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "schemaVersion": 2,
    });
    // Older readers, `docker load` among them, know this list only. Its paths are the same files'.
    let list = json!([{ "Config": blob(&config), "Layers": [blob(&layer)], "RepoTags": [format!("{name}:latest")] }]);
    let text = |value: &Value| value.to_string().into_bytes();
    let files = BTreeMap::from([
        (blob(&config), config.clone()),
        (blob(&layer), layer.clone()),
        (blob(&manifest), manifest.clone()),
        ("index.json".to_owned(), text(&index)),
        ("manifest.json".to_owned(), text(&list)),
        ("oci-layout".to_owned(), text(&json!({ "imageLayoutVersion": "1.0.0" }))),
    ]);
    let mut archive = Archive::new();
    for (path, content) in &files {
        archive.add(path, content, 0o644)?;
    }
    Ok(Image {
        archive: archive.finish()?,
        layer_bytes: layer.len() as u64,
        unpacked_bytes: unpacked.len() as u64,
        pulled_bytes: (layer.len() + config.len() + manifest.len()) as u64,
        digest: digest(&manifest),
    })
}

/// Bytes as a registry stores them: compressed by gzip, as small as it can.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    // No time, no name, and 255 for a system that is not told.
    let mut writer: GzEncoder<Vec<u8>> =
        GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&hmac_sha256::Hash::hash(bytes)))
}

/// Where a file is in the layout.
fn blob(bytes: &[u8]) -> String {
    format!("blobs/{}", digest(bytes).replace(':', "/"))
}

/// A tar archive that says nothing of who made it, when, and where.
struct Archive(tar::Builder<Vec<u8>>);

impl Archive {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn add(&mut self, path: &str, content: &[u8], mode: u32) -> Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).with_context(|| format!("can't pack {path}"))?;
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        Ok(self.0.append(&header, content)?)
    }

    fn finish(self) -> Result<Vec<u8>> {
        Ok(self.0.into_inner()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    /// The files of an archive, in its order.
    fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut archive = tar::Archive::new(archive);
        let entry = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
            let mut entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (path, content)
        };
        archive.entries().unwrap().map(entry).collect()
    }

    #[test]
    fn every_digest_names_what_it_says() {
        let image = pack("tool", b"a program", "amd64").unwrap();
        let files = entries(&image.archive);
        let paths: Vec<&String> = files.iter().map(|(path, _)| path).collect();
        assert!(paths.is_sorted() && paths.len() == 6, "{paths:?}");
        for (path, content) in files.iter().filter(|(path, _)| path.starts_with("blobs/")) {
            assert_eq!(*path, blob(content));
        }
        let get = |path: &str| files.iter().find(|(other, _)| other == path).unwrap().1.clone();
        let json = |path: &str| -> Value { serde_json::from_slice(&get(path)).unwrap() };
        let place = |digest: &Value| format!("blobs/{}", digest.as_str().unwrap().replace(':', "/"));
        let index = json("index.json");
        assert_eq!(index["manifests"][0]["digest"], image.digest.as_str());
        let manifest = json(&place(&index["manifests"][0]["digest"]));
        let config = json(&place(&manifest["config"]["digest"]));
        assert_eq!(config["config"]["Entrypoint"][0], "/tool");
        assert_eq!(config["config"]["User"], USER);
        let layer = get(&place(&manifest["layers"][0]["digest"]));
        assert_eq!(manifest["layers"][0]["size"], layer.len());
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*layer).read_to_end(&mut unpacked).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][0], digest(&unpacked).as_str());
        assert_eq!(entries(&unpacked), [("tool".to_owned(), b"a program".to_vec())]);
        assert_eq!(json("manifest.json")[0]["Layers"][0], place(&manifest["layers"][0]["digest"]).as_str());
        let sum = layer.len()
            + get(&place(&manifest["config"]["digest"])).len()
            + get(&place(&index["manifests"][0]["digest"])).len();
        assert_eq!((image.pulled_bytes, image.layer_bytes), (sum as u64, layer.len() as u64));
    }

    #[test]
    fn the_same_program_makes_the_same_archive() {
        let [one, two] = [1, 2].map(|_| pack("tool", b"a program", "amd64").unwrap());
        assert_eq!((one.archive, one.digest.clone()), (two.archive, two.digest));
        assert_ne!(one.digest, pack("tool", b"another one", "amd64").unwrap().digest);
    }

    #[test]
    fn a_name_that_no_archive_holds_is_an_error() {
        let error = pack(&"x".repeat(300), b"", "amd64").unwrap_err();
        assert!(format!("{error:#}").contains("can't pack xxx"), "{error:#}");
    }

    #[test]
    fn text_has_no_architecture() {
        assert_eq!(architecture(b"#!/bin/sh\n"), None);
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        assert_eq!(architecture(&std::fs::read(std::env::current_exe().unwrap()).unwrap()), Some("amd64"));
    }
}
