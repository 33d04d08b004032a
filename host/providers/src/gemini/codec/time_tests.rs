//! Tests of moments.

use proptest::prelude::*;

use super::{read, write};

#[test]
fn moments_are_read_and_written() {
    assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(read("2023-11-14T22:13:20.987654Z"), Some(1_700_000_000));
    assert_eq!(read("2024-02-29T23:59:59Z"), Some(1_709_251_199));
    assert_eq!(write(1_709_251_199), "2024-02-29T23:59:59Z");
}

#[test]
fn what_is_no_moment_is_none() {
    for text in [
        "",
        "Z",
        "TZ",
        "2023-11-14",
        "2023-13-14T00:00:00Z",
        "2023-11-14T00:00:00+01:00",
        "0000-01-01T00:00:00Z",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(seconds in 0_u64..250_000_000_000) {
        prop_assert_eq!(read(&write(seconds)), Some(seconds));
    }
}
