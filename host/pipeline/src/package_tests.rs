use std::fs;

use super::{Digest, Package};

const MANIFEST: &str = "[plugin]\nid = \"a\"\nversion = \"1.0.0\"\nruntime = \"lua\"\nentry = \"plugin.lua\"\ncontract = \"0.1\"\nhooks = [\"authenticate\"]\n";

#[test]
fn a_changed_file_is_another_digest() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plugin.toml"), MANIFEST).unwrap();
    fs::write(folder.path().join("plugin.lua"), "return {}").unwrap();
    let first = Package::read(folder.path()).unwrap();
    assert_eq!(Package::read(folder.path()).unwrap().digest, first.digest);
    fs::write(folder.path().join("plugin.lua"), "return {} ").unwrap();
    assert_ne!(Package::read(folder.path()).unwrap().digest, first.digest);
    assert_eq!(Package::files(folder.path()).len(), 2);
}

#[test]
fn a_missing_file_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plugin.toml"), MANIFEST).unwrap();
    let text = Package::read(folder.path()).unwrap_err().to_string();
    assert!(text.contains("plugin.lua") && text.contains("cannot be read"), "{text}");
}

#[test]
fn parts_are_told_apart() {
    assert_ne!(Digest::of_parts([&b"ab"[..], b"c"]), Digest::of_parts([&b"a"[..], b"bc"]));
}
