use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tidegate_pipeline::Digest;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::Disk;

const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

struct Bench {
    folder: tempfile::TempDir,
    engine: Engine,
    key: Digest,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, engine: Engine::default(), key: Digest::of(b"key") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a/wasm")
    }

    fn file(&self) -> PathBuf {
        self.path().join(format!("{}.cwasm", self.key))
    }

    /// A cache with a component in it.
    fn filled(&self) -> Disk {
        let disk = Disk::open(&self.path()).unwrap();
        disk.store(self.key, &Component::new(&self.engine, EMPTY).unwrap());
        disk
    }

    fn found(&self, disk: &Disk) -> bool {
        disk.load(&self.engine, self.key).is_some()
    }
}

#[test]
fn what_was_stored_is_loaded() {
    let bench = Bench::new();
    let disk = bench.filled();
    assert!(bench.found(&disk));
    assert!(disk.load(&bench.engine, Digest::of(b"another")).is_none());
    assert_eq!(std::fs::metadata(bench.path()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(bench.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_folder_that_others_may_enter_is_not_used() {
    let bench = Bench::new();
    drop(bench.filled());
    for mode in [0o777, 0o770, 0o755] {
        std::fs::set_permissions(bench.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(Disk::open(&bench.path()).is_none(), "{mode:o}");
    }
}

#[test]
fn a_link_is_no_folder_and_no_file() {
    let bench = Bench::new();
    let disk = bench.filled();
    let link = bench.folder.path().join("link");
    std::os::unix::fs::symlink(bench.path(), &link).unwrap();
    assert!(Disk::open(&link).is_none());
    let moved = bench.path().join("moved");
    std::fs::rename(bench.file(), &moved).unwrap();
    std::os::unix::fs::symlink(&moved, bench.file()).unwrap();
    assert!(!bench.found(&disk));
}

#[test]
fn a_file_that_others_may_write_or_that_is_damaged_is_not_used() {
    let bench = Bench::new();
    let disk = bench.filled();
    std::fs::set_permissions(bench.file(), std::fs::Permissions::from_mode(0o620)).unwrap();
    assert!(!bench.found(&disk));
    std::fs::set_permissions(bench.file(), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(bench.found(&disk));
    let whole = std::fs::read(bench.file()).unwrap();
    for at in [0, 10, 100, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(bench.file(), damaged).unwrap();
        assert!(!bench.found(&disk), "byte {at}");
    }
    std::fs::write(bench.file(), &whole[..50]).unwrap();
    assert!(!bench.found(&disk));
}

#[test]
fn code_for_other_settings_is_not_used() {
    let bench = Bench::new();
    let disk = bench.filled();
    let mut other = wasmtime::Config::new();
    other.epoch_interruption(true);
    assert!(disk.load(&Engine::new(&other).unwrap(), bench.key).is_none());
}
