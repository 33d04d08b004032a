use super::check;

/// This test is a position-independent program, which is a shared library to the loader.
fn own() -> Vec<u8> {
    std::fs::read("/proc/self/exe").unwrap()
}

#[test]
fn a_whole_library_is_taken() {
    check(&own()).unwrap();
}

#[test]
fn what_follows_its_end_is_nobodys_business() {
    let mut bytes = own();
    bytes.extend_from_slice(b"a signature");
    check(&bytes).unwrap();
}

#[test]
fn one_that_is_cut_off_is_refused_wherever_that_is() {
    let bytes = own();
    for part in [1, 2, 3, 5, 9, 97, 4096] {
        let text = check(&bytes[..bytes.len() / 100 * 99 / part]).unwrap_err();
        assert!(text.contains("it is cut off after") || text.contains("no shared library"), "{text}");
    }
    assert!(check(&bytes[..bytes.len() - 1]).unwrap_err().contains("it is cut off after"));
}

#[test]
fn what_is_made_for_another_machine_is_refused_by_its_name() {
    let mut bytes = own();
    bytes[18..20].copy_from_slice(&183_u16.to_le_bytes());
    assert!(check(&bytes).unwrap_err().starts_with("it is made for aarch64, and this machine is x86_64"));
    bytes[18..20].copy_from_slice(&4711_u16.to_le_bytes());
    assert!(check(&bytes).unwrap_err().contains("machine 4711"));
}

#[test]
fn what_is_no_library_is_refused() {
    for bytes in [b"".as_slice(), b"\x7fELF", b"no code", &[0; 64]] {
        assert!(check(bytes).unwrap_err().contains("no shared library"));
    }
}
