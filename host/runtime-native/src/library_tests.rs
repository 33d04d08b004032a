use std::os::unix::fs::PermissionsExt as _;

use tidegate_abi::{Bytes, MAGIC, MAJOR, MINOR, Plugin, UNWINDS};
use tidegate_pipeline::Owner;

use super::{Within, check, check_writers, keep};

unsafe extern "C" fn configure(
    _: *const tidegate_abi::Host,
    _: *mut tidegate_abi::Call,
    _: Bytes,
    _: *mut tidegate_abi::Instance,
) -> i32 {
    0
}

unsafe extern "C" fn destroy(_: tidegate_abi::Instance) {}

fn table() -> Plugin {
    Plugin {
        magic: MAGIC,
        major: MAJOR,
        minor: MINOR,
        size: size_of::<Plugin>(),
        flags: UNWINDS,
        contract: Bytes::text("0.1"),
        configure,
        destroy,
        authenticate: None,
        admit: None,
        settle: None,
        transform_request: None,
        transform_upstream: None,
        transform_response: None,
        transform_event: None,
        moderate_input: None,
        moderate_output: None,
        completed: None,
    }
}

#[test]
fn a_table_of_another_kind_is_refused_by_what_is_wrong_with_it() {
    check(&table(), Within::Gateway).unwrap();
    let wrong = |table: Plugin| check(&table, Within::Gateway).unwrap_err();
    assert!(wrong(Plugin { magic: 1, ..table() }).contains("it is no plugin"));
    assert!(wrong(Plugin { major: MAJOR + 1, ..table() }).contains("this gateway reads 0.1"));
    assert!(wrong(Plugin { size: 8, ..table() }).contains("its table has 8 bytes"));
    assert!(wrong(Plugin { contract: Bytes::text("0.2"), ..table() }).contains("contract \"0.2\""));
    assert!(wrong(Plugin { flags: 0, ..table() }).contains("panic = \"unwind\""));
}

#[test]
fn a_later_table_and_one_that_may_take_its_own_process_down_are_taken() {
    check(&Plugin { minor: MINOR + 1, size: size_of::<Plugin>() + 8, ..table() }, Within::Gateway).unwrap();
    check(&Plugin { flags: 0, ..table() }, Within::Worker).unwrap();
}

#[test]
fn what_others_may_write_is_refused() {
    let owner = |uid, mode| Owner { path: "/plugins/guard.so".into(), uid, mode };
    let own = rustix::process::geteuid().as_raw();
    check_writers("guard.so", &owner(own, 0o755)).unwrap();
    check_writers("guard.so", &owner(0, 0o644)).unwrap();
    let refused = |owner| check_writers("guard.so", &owner).unwrap_err().to_string();
    assert!(refused(owner(own, 0o757)).contains("run: chmod go-w \"/plugins/guard.so\""));
    assert!(refused(owner(own, 0o775)).contains("can be written by others"));
    assert!(refused(owner(own + 4711, 0o755)).contains("run: chown"));
}

#[test]
fn a_copy_has_the_name_of_its_digest_and_is_mended_where_it_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("native");
    let kept = keep(&cache, "guard.so", b"library").unwrap();
    assert_eq!(kept.path, cache.join(format!("{}.so", kept.digest)));
    std::fs::write(&kept.path, b"something else").unwrap();
    let again = keep(&cache, "guard.so", b"library").unwrap();
    assert_eq!(std::fs::read(&again.path).unwrap(), b"library");
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(cache.clone()), mode(again.path) & 0o022), (0o700, 0));
}
