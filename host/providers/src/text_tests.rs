use super::*;

#[test]
fn only_a_json_string_is_a_text() {
    assert_eq!(json_text(br#""a\u0062\n""#).as_deref(), Some("ab\n"));
    assert_eq!([&b"7"[..], b"\"", b"", b"null", b"\"\xff\""].map(json_text), [const { None }; 5]);
}
