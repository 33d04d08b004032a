use http::{HeaderMap, HeaderValue};
use tidegate_contract::{HeaderEdit, Reply};

use super::{headers, reply};

#[test]
fn edits_are_made_in_order() {
    let mut map = HeaderMap::new();
    map.append("x-a", HeaderValue::from_static("1"));
    map.append("x-a", HeaderValue::from_static("2"));
    let edits = [
        HeaderEdit::Set("x-a".into(), b"3".to_vec()),
        HeaderEdit::Add("X-A".into(), b"4".to_vec()),
        HeaderEdit::Remove("x-b".into()),
    ];
    headers(&edits, &mut map).unwrap();
    assert_eq!(map.get_all("x-a").iter().collect::<Vec<_>>(), ["3", "4"]);
}

#[test]
fn t_hdr_1_no_plugin_splits_a_header() {
    for (name, value) in [
        ("x-a", &b"1\r\nx-evil: 1"[..]),
        ("x-a", b"\0"),
        ("x a", b"1"),
        ("x\r\n", b"1"),
        ("", b"1"),
        ("content-length", b"5"),
        ("Transfer-Encoding", b"chunked"),
        ("host", b"evil"),
        ("x-tidegate-route", b"spoofed"),
    ] {
        let mut map = HeaderMap::new();
        let good = HeaderEdit::Set("x-good".into(), b"1".to_vec());
        let bad = HeaderEdit::Set(name.into(), value.to_vec());
        assert!(headers(&[good, bad], &mut map).is_err(), "{name:?}");
        assert!(map.is_empty(), "all or nothing");
    }
}

#[test]
fn a_reply_has_a_status_of_an_answer() {
    let of = |status| reply(&Reply { status, ..Reply::default() });
    assert!(of(200).is_ok() && of(599).is_ok());
    assert!(of(99).is_err() && of(101).is_err() && of(1000).is_err());
}
