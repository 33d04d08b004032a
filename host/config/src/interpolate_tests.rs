use super::{Interpolation, is_reference};
use crate::yaml::parse;

fn env(name: &str) -> Option<String> {
    match name {
        "NAME" => Some("value".to_owned()),
        "EMPTY" => Some(String::new()),
        "NESTED" => Some("${NAME}".to_owned()),
        _ => None,
    }
}

fn text(text: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "from file\n\n").unwrap();
    std::fs::write(folder.path().join("windows"), "line\r\n").unwrap();
    std::fs::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
    std::fs::write(folder.path().join("large"), vec![b'a'; 2 << 20]).unwrap();
    Interpolation::new(&env, folder.path()).text(text)
}

#[test]
fn references_are_replaced_wherever_they_stand() {
    for (written, wanted) in [
        ("${NAME}", "value"),
        ("a ${NAME}-${NAME} b", "a value-value b"),
        ("${UNSET:-default}", "default"),
        ("${UNSET:-a:-b}", "a:-b"),
        ("${UNSET:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-default}", "default"),
        ("${NAME:-default}", "value"),
        ("${NESTED}", "${NAME}"),
        ("$${NAME}", "${NAME}"),
        ("$NAME $ {}", "$NAME $ {}"),
        ("${file:secret}", "from file\n"),
        ("${file:windows}", "line"),
    ] {
        assert_eq!(text(written).as_deref(), Ok(wanted), "{written}");
    }
}

#[test]
fn what_cannot_be_replaced_says_why() {
    for (written, cause) in [
        ("${UNSET}", "\"UNSET\" is not set"),
        ("${NAME", "never closed"),
        ("${}", "is none of"),
        ("${1A}", "is none of"),
        ("${A-b}", "is none of"),
        ("${file:missing}", "cannot read \"missing\": there is no such file"),
        ("${file:.}", "it is a folder"),
        ("${file:binary}", "it is not UTF-8"),
        ("${file:large}", "larger than 1 MiB"),
        ("${file:/dev/zero}", "not a regular file"),
    ] {
        let message = text(written).unwrap_err();
        assert!(message.contains(cause), "{written}: {message}");
    }
}

#[test]
fn values_are_replaced_and_keys_are_not() {
    let mut tree = parse("{'${NAME}': ['${NAME}', 1]}").unwrap();
    let mut interpolation = Interpolation::new(&env, std::path::Path::new("."));
    interpolation.tree(&mut tree);
    assert_eq!(tree.to_json(), serde_json::json!({"${NAME}": ["value", 1]}));
    assert!(interpolation.finish().1.is_empty());
}

#[test]
fn only_a_bare_reference_is_safe_to_show() {
    assert!(is_reference("${NAME}") && is_reference("${file:secret}"));
    for text in ["${NAME:-secret}", "a${NAME}", "${NAME}${NAME}", "$${NAME}", "secret", "${"] {
        assert!(!is_reference(text), "{text}");
    }
}
