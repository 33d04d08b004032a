use serde_json::json;
use tidegate_contract::TextEdit;

use super::{TextPlace, edit, read, write};

fn at(id: u32, start: u32, end: u32, replacement: &str) -> TextEdit {
    TextEdit { id, start, end, replacement: replacement.into() }
}

fn place(pointer: &str, kind: &'static str) -> TextPlace {
    TextPlace { pointer: pointer.into(), role: "user", kind, new_turn: true, shown: None }
}

#[test]
fn edits_are_made_where_they_stand() {
    assert_eq!(edit("äbc", &[at(0, 0, 2, "x"), at(0, 3, 4, "")]).unwrap(), "xb");
    assert_eq!(edit("abc", &[at(0, 3, 3, "d")]).unwrap(), "abcd");
    assert_eq!(edit("abc", &[]).unwrap(), "abc");
}

#[test]
fn edits_beyond_their_borders_are_errors() {
    for edits in [
        vec![at(0, 1, 2, "")],
        vec![at(0, 0, 9, "")],
        vec![at(0, 3, 2, "")],
        vec![at(0, 2, 3, ""), at(0, 0, 2, "")],
        vec![at(0, 0, 3, ""), at(0, 2, 4, "")],
    ] {
        assert!(edit("äbc", &edits).is_err(), "{edits:?}");
    }
}

#[test]
fn texts_are_read_and_written_by_their_places() {
    let mut tree = json!({"messages": [{"content": "a secret"}, {"content": "b"}]});
    let places = [place("/messages/0/content", "text"), place("/messages/1/content", "text")];
    let texts = read(&tree, &places);
    assert_eq!((&*texts[0].content, &*texts[1].content), ("a secret", "b"));
    write(&mut tree, &places, &[at(0, 2, 8, "***"), at(1, 0, 0, ">")]).unwrap();
    assert_eq!(tree, json!({"messages": [{"content": "a ***"}, {"content": ">b"}]}));
    assert!(write(&mut tree, &places, &[at(7, 0, 0, "")]).is_err());
    assert!(write(&mut tree, &places, &[at(0, 0, 0, ""), at(1, 0, 0, ""), at(0, 1, 1, "")]).is_err());
}

#[test]
fn arguments_of_a_tool_stay_json() {
    let mut tree = json!({"arguments": "{\"a\":1}"});
    let places = [place("/arguments", "tool-arguments")];
    assert!(write(&mut tree, &places, &[at(0, 0, 1, "")]).is_err());
    write(&mut tree, &places, &[at(0, 5, 6, "2")]).unwrap();
    assert_eq!(tree, json!({"arguments": "{\"a\":2}"}));
}
